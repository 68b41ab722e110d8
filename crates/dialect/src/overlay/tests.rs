#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::cloudimage::Cloudimage;
use crate::imageboss::Imageboss;
use crate::imagekit::Imagekit;
use crate::imgix::Imgix;
use crate::{Dialect, Settings, Target};

fn overlay(dialect: &dyn Dialect, url: &str) -> Overlay {
    let parsed = dialect.parse(Target::new(url), &Settings::default()).unwrap_or_else(|e| panic!("{url}: {e}"));
    assert_eq!(parsed.warnings, [], "{url}");
    let found = parsed.plan.overlays();
    assert_eq!(found.len(), 1, "{url}");
    found[0].clone()
}

/// `logo.png`, 100 pixels wide, at half opacity, 10 pixels from the bottom right corner. imgix alone goes on without a
/// watermark that cannot be had, and ImageBoss alone names the source; Cloudimage has no width in pixels.
#[test]
fn dialects_agree_on_a_watermark() {
    let kit = overlay(&Imagekit, "/tr:l-image,i-logo.png,w-100,lx-N10,ly-N10,o-50,t-false,l-end/p.jpg");
    let imgix = overlay(&Imgix, "/p.jpg?mark=/logo.png&mark-w=100&mark-pad=10&mark-alpha=50");
    let boss = overlay(&Imageboss, "/s/cdn/wmk-path:%2Flogo.png,wmk-width:100,wmk-pad:10,wmk-opacity:50/p.jpg");
    assert_eq!(kit.to_string(), "overlay:path8(logo.png),100x-,bottom-right,by=10,10,opacity=0.5,[orient:exif]");
    assert_eq!(imgix, Overlay { optional: true, ..kit.clone() });
    let Picture::Named { source: Some(source), asset } = &boss.picture else { panic!("{boss}") };
    assert_eq!(source, "s");
    assert_eq!(Overlay { picture: Picture::Named { source: None, asset: asset.clone() }, ..boss.clone() }, kit);
}

/// In a box of half the picture; Cloudimage alone shrinks what is larger than the picture, which this cannot be.
#[test]
fn dialects_agree_on_a_share() {
    let imgix = overlay(&Imgix, "/p.jpg?mark=logo.png&mark-w=0.5&mark-h=0.5&mark-pad=10&mark-alpha=50");
    let query = "wat=1&wat_url=logo.png&wat_scale=50p&wat_gravity=southeast&wat_pad=10&wat_opacity=0.5";
    let cloud = overlay(&Cloudimage, &format!("/p.jpg?{query}"));
    assert_eq!(Overlay { shrink: false, optional: true, ..cloud }, imgix);
}

/// In its own size, at most the picture's.
#[test]
fn dialects_agree_on_the_natural_size() {
    let boss = overlay(&Imageboss, "/s/cdn/wmk-path:%2Flogo.png,wmk-pad:10,wmk-opacity:50/p.jpg");
    let query = "wat=1&wat_url=logo.png&wat_gravity=southeast&wat_pad=10&wat_opacity=0.5";
    let cloud = overlay(&Cloudimage, &format!("/p.jpg?{query}"));
    assert_eq!(Overlay { picture: boss.picture.clone(), ..cloud.clone() }, boss);
    let imgix = overlay(&Imgix, "/p.jpg?mark=logo.png&mark-pad=10&mark-alpha=50");
    assert_eq!(Overlay { shrink: true, optional: false, ..imgix }, cloud);
}

#[test]
fn values_name_pictures() {
    let path = |key: &str| Some(Asset::Path(key.to_owned()));
    let url = |url: &str| Some(Asset::Url(url.to_owned()));
    for (value, want) in [
        ("logo.png", path("logo.png")),
        ("/a/logo.png", path("a/logo.png")),
        ("//a", path("/a")),
        ("a%20b?c#d", path("a%20b?c#d")),
        ("httpx/a", path("httpx/a")),
        ("https:a", path("https:a")),
        ("https://x.example/a", url("https://x.example/a")),
        ("HTTPS:/x.example/a b#c", url("https://x.example/a%20b")),
        ("http://u:p@x.example:80/?a=../b", url("http://u:p@x.example:80/?a=../b")),
        ("", None),
        ("/", None),
        ("../a", None),
        ("a\\b", None),
        ("http:/", None),
        ("http://?a", None),
        ("http://x y/a", None),
        ("http://x/%ff", None),
        ("http://x/..", None),
        ("http://x/%2e%2E/b", None),
        ("http://x\\@y/", None),
    ] {
        assert_eq!(asset(value), want, "{value}");
        if let Some(want) = want {
            assert_eq!(asset(&spell(&want)), Some(want), "{value}");
        }
    }
}
