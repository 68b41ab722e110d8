//! What means the same in ImageKit's words and in Cloudimage's is one plan, so that both names lead to the same entry.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use dialect::cloudimage::Cloudimage;
use dialect::imagekit::Imagekit;
use dialect::{Dialect, Settings, Target};
use plan::Plan;

fn parsed(dialect: &dyn Dialect, url: &str) -> Plan {
    let parsed = dialect.parse(Target::new(url), &Settings::default()).unwrap_or_else(|e| panic!("{url}: {e}"));
    assert_eq!(parsed.warnings, [], "{url}");
    parsed.plan
}

/// Pairs of a step and a query.
const SAME: &[(&str, &str)] = &[
    ("w-300,h-200", "w=300&h=200"),
    ("e-grayscale", "gray=1"),
    ("bl-10", "blur=10"),
    ("w-300,bl-7", "w=300&blur=7"),
    ("e-sharpen-25", "sharp=1"),
    ("o-100,bl-4", "f=blur:4"),
    ("r-20", "radius=20"),
    // Top left, top right, bottom right, bottom left; Cloudimage goes the other way round.
    ("r-1_2_3_4", "radius=1,4,3,2"),
    ("w-300,bg-red,r-20", "w=300&bg_color=red&radius=20"),
    ("t-7,e-grayscale", "trim=7&gray=1"),
    // Mirroring stands behind effects in one vendor's order, before them in the other's.
    ("fl-h:e-grayscale", "flip=h&gray=1"),
    ("w-9,h-9,cm-pad_resize_no_enlarge,bg-blurred", "w=9&h=9&func=fit&bg_img_fit=1"),
    ("w-9,h-9,cm-pad_resize_no_enlarge,bg-blurred_20", "w=9&h=9&func=fit&bg_img_fit=1&bg_blur=20"),
    ("pg-3,w-9", "doc_page=3&w=9"),
    ("l-image,i-l,t-false,lfo-top,o-40,l-end", "wat=1&wat_url=/l&wat_gravity=north&wat_opacity=0.4"),
];

#[test]
fn imagekit_and_cloudimage_agree() {
    for (steps, query) in SAME {
        let kit = parsed(&Imagekit, &format!("/tr:{steps}/p.jpg"));
        let mut cloud = parsed(&Cloudimage, &format!("/p.jpg?{query}"));
        // Cloudimage alone shrinks a mark that is larger than the picture.
        for stage in &mut cloud.stages {
            if let plan::Stage::Overlay(overlay) = stage {
                overlay.shrink = false;
            }
        }
        assert_eq!(kit.stages_text(), cloud.stages_text(), "{steps} {query}");
    }
}

/// A plan that came from one can be said by the other, where the output is the same too.
#[test]
fn each_says_the_plans_of_the_other() {
    let settings = Settings { auto_format: false, ..Settings::default() };
    let asset = dialect::Asset::Path("p.jpg".to_owned());
    for (steps, query) in SAME.iter().filter(|(steps, _)| !steps.contains("l-image")) {
        let kit = Imagekit.parse(Target::new(&format!("/tr:{steps},q-70,pr-true/p.jpg")), &settings).unwrap().plan;
        let url = format!("/p.jpg?{query}&q=70");
        let cloud = Cloudimage.parse(Target::new(&url), &settings).unwrap().plan;
        assert_eq!(kit, cloud, "{steps} {query}");
        for dialect in [&Imagekit as &dyn Dialect, &Cloudimage] {
            let written = dialect.write("", &asset, &kit, &settings).unwrap();
            assert_eq!(dialect.parse(Target::new(&written), &settings).unwrap().plan, kit, "{written}");
        }
    }
}
