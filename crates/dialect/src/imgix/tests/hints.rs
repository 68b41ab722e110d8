use plan::Plan;

use super::warnings;
use crate::imgix::Imgix;
use crate::{Dialect, Hints, Listens, Parsed, Settings, Target};

fn heard(query: &str, hints: Hints) -> Parsed {
    let url = format!("/p.jpg?{query}");
    Imgix.parse_for(Target::new(&url), &Settings::default(), hints).unwrap_or_else(|e| panic!("{url}: {e}"))
}

/// Queries, width and ratio of the client, stages behind the orientation.
#[test]
fn hints_go_before_what_the_url_says() {
    for (query, width, dpr, want) in [
        ("w=500", Some(300), Some(2.0), "resize:500x-,inside"),
        ("w=500&ch=Width", Some(300), Some(2.0), "resize:300x-,inside"),
        ("w=500&ch=width", Some(301), None, "resize:400x-,inside"),
        ("w=500&ch=Width", None, Some(2.0), "resize:500x-,inside"),
        ("ch=Width", Some(20), None, "resize:100x-,inside"),
        ("ch=Width", Some(65_535), None, "resize:8192x-,inside"),
        ("w=500&ch=DPR", Some(300), Some(2.0), "resize:1000x-,inside"),
        ("w=500&dpr=3&ch=dpr", None, Some(2.0), "resize:1000x-,inside"),
        ("w=500&dpr=3&ch=DPR", None, None, "resize:1500x-,inside"),
        ("w=500&ch=DPR", None, Some(9.0), "resize:2500x-,inside"),
        // The width that a client hints at is in physical pixels.
        ("w=500&ch=Width,DPR", Some(300), Some(2.0), "resize:300x-,inside"),
        ("w=500&h=100&dpr=2&ch=Width,DPR", Some(300), None, "resize:300x200,inside"),
        ("w=500&h=100&fit=crop&ch=Width,DPR", Some(300), Some(3.0), "resize:300x300,cover"),
        ("w=500&ar=3:2&fit=crop&ch=Width,DPR", Some(300), Some(2.0), "resize:300x200,cover"),
        ("w=0.5&ch=Width", Some(300), None, "resize:300x-,inside"),
    ] {
        let parsed = heard(query, Hints::new(width, dpr, true));
        let stages = parsed.plan.stages_text();
        assert_eq!(stages.strip_prefix("orient:exif|"), Some(want), "{query} {width:?} {dpr:?}");
        assert_eq!(warnings(&parsed), "", "{query}");
        assert_eq!(parsed.plan.output.quality.jpeg, 75, "{query}");
    }
}

#[test]
fn saving_data_lowers_the_quality() {
    for (query, saves, want) in [
        ("w=5&ch=Save-Data", true, 45),
        ("w=5&ch=Save-Data", false, 75),
        ("w=5&q=90&ch=save-data", true, 45),
        ("w=5&q=90&ch=save-data", false, 90),
        ("w=5&q=30&ch=Save-Data", true, 30),
        ("w=5&ch=Width", true, 75),
    ] {
        assert_eq!(heard(query, Hints::new(None, None, saves)).plan.output.quality.jpeg, want, "{query} {saves}");
    }
    assert_eq!(heard("ch=Save-Data", Hints::NONE).plan, Plan::original());
    assert_ne!(heard("ch=Save-Data", Hints::new(None, None, true)).plan, Plan::original());
}

#[test]
fn what_is_listened_to_and_what_is_not_understood() {
    let of = |width, dpr, save_data| Listens { width, dpr, save_data };
    for (query, want, told) in [
        ("w=5", of(false, false, false), ""),
        ("ch=Width,DPR,Save-Data", of(true, true, true), ""),
        ("ch=SAVE-DATA, dpr", of(false, true, true), ""),
        ("ch=Width,Viewport-Width", of(true, false, false), "invalid ch=viewport-width"),
        ("ch=Viewport-Width", of(false, false, false), "invalid ch=Viewport-Width"),
        ("ch=Width&ch=DPR", of(false, true, false), "repeated ch=Width"),
        ("ch64=V2lkdGg", of(false, false, false), "unknown ch64=V2lkdGg"),
    ] {
        let parsed = heard(query, Hints::NONE);
        assert_eq!((parsed.listens, warnings(&parsed).as_str()), (want, told), "{query}");
        assert_eq!(heard(query, Hints::new(Some(1), Some(1.0), true)).listens, want, "{query}");
    }
}
