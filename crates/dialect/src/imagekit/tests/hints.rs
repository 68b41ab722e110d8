use plan::OutputRule;

use super::{Imagekit, settings};
use crate::{Dialect, Hints, Listens, Parsed, Settings, Target};

fn heard(raw: &str, settings: &Settings, hints: Hints) -> Parsed {
    Imagekit.parse_for(Target::new(raw), settings, hints).unwrap_or_else(|error| panic!("{raw}: {error}"))
}

/// Steps, width and ratio of the client, stages behind the orientation.
#[test]
fn auto_is_what_the_client_says() {
    for (steps, width, dpr, want) in [
        ("w-auto", None, None, ""),
        ("w-auto", Some(212), Some(2.0), "resize:300x-,inside"),
        ("w-auto", Some(300), None, "resize:300x-,inside"),
        ("w-auto", Some(301), None, "resize:400x-,inside"),
        ("w-auto", Some(65_535), None, "resize:8192x-,inside"),
        ("w-auto,h-200", Some(300), None, "resize:300x200,cover"),
        ("w-auto,h-200", Some(300), Some(2.0), "resize:300x200,cover"),
        ("w-auto,h-200,dpr-auto", Some(300), Some(2.0), "resize:300x400,cover"),
        ("w-auto,dpr-auto", Some(300), Some(3.0), "resize:300x-,inside"),
        ("w-auto,dpr-2", Some(300), None, "resize:300x-,inside"),
        ("w-auto,ar-3-2,dpr-auto", Some(300), Some(2.0), "resize:300x200,cover"),
        ("w-auto,h-100,dpr-2", Some(7000), None, "resize:7000x200,cover"),
        ("w-300,dpr-auto", Some(900), Some(2.0), "resize:600x-,inside"),
        ("w-300,dpr-auto", None, Some(2.625), "resize:825x-,inside"),
        ("w-300,dpr-auto", None, Some(9.0), "resize:1500x-,inside"),
        ("w-300,dpr-auto", None, None, "resize:300x-,inside"),
        ("w-300", Some(900), Some(2.0), "resize:300x-,inside"),
        ("w-auto,w-200", Some(900), None, "resize:200x-,inside"),
        ("w-200,w-auto", Some(900), None, "resize:900x-,inside"),
        ("rt-90:w-auto", Some(100), None, "rotate:90,auto|resize:100x-,inside"),
    ] {
        let parsed = heard(&format!("/tr:{steps}/a.jpg"), &settings(), Hints::new(width, dpr, true));
        let stages = parsed.plan.stages_text();
        let rest = stages.strip_prefix("orient:exif").unwrap_or(&stages);
        assert_eq!(rest.strip_prefix('|').unwrap_or(rest), want, "{steps} {width:?} {dpr:?}");
        assert_eq!(
            parsed.plan.output,
            OutputRule { format: parsed.plan.output.format.clone(), ..OutputRule::default() }
        );
    }
}

#[test]
fn what_is_left_to_the_client_is_told() {
    let of = |width, dpr, save_data| Listens { width, dpr, save_data };
    let saving = Settings { save_data: true, ..settings() };
    for (raw, settings, want) in [
        ("/a.jpg", settings(), of(false, false, false)),
        ("/tr:w-300/a.jpg", settings(), of(false, false, false)),
        ("/tr:w-300,dpr-auto/a.jpg", settings(), of(false, true, false)),
        // Content-DPR is worked out from both.
        ("/tr:w-auto/a.jpg", settings(), of(true, true, false)),
        ("/a.jpg?tr=rt-90:w-auto", settings(), of(true, true, false)),
        ("/tr:w-300,l-image,i-b.png,w-auto,dpr-auto,l-end/a.jpg", settings(), of(false, false, false)),
        ("/tr:w-auto,orig-true/a.jpg", saving.clone(), of(false, false, false)),
        ("/a.jpg", saving, of(false, false, true)),
    ] {
        for hints in [Hints::NONE, Hints::new(Some(1), Some(1.0), true)] {
            assert_eq!(heard(raw, &settings, hints).listens, want, "{raw}");
        }
    }
}

#[test]
fn saving_data_lowers_the_quality_where_the_site_says_so() {
    for (save_data, steps, want) in [(true, "w-3", 45), (true, "q-90", 45), (true, "q-30", 30), (false, "w-3", 80)] {
        let settings = Settings { save_data, ..settings() };
        let quality = heard(&format!("/tr:{steps}/a.jpg"), &settings, Hints::new(None, None, true)).plan.output.quality;
        assert_eq!([quality.jpeg, quality.webp, quality.avif], [want; 3], "{save_data} {steps}");
    }
}

#[test]
fn what_is_purged_is_the_url_without_hints() {
    let Ok(super::PurgeTarget::Exact(purged)) = super::purge_target("/tr:w-auto/a.jpg", &settings()) else {
        panic!("exact")
    };
    assert_eq!(purged.plan, heard("/tr:w-auto/a.jpg", &settings(), Hints::NONE).plan);
}
