use plan::{Overlay, Picture, Shift};

use super::*;

#[test]
fn watermarks_are_overlays() {
    for (query, want) in [
        ("wat_url=/logo.png", "path8(logo.png),shrink,center"),
        ("wat_url=logo.png", "path8(logo.png),shrink,center"),
        ("wat_url=_tme-wrk_%2Ftme_new.png", "path21(_tme-wrk_/tme_new.png),shrink,center"),
        ("wat_url=http://x.example/a+b.png", "url26(http://x.example/a%20b.png),shrink,center"),
        ("wat_url=https%3A%2F%2Fx.example%2Fl.png", "url23(https://x.example/l.png),shrink,center"),
        ("wat_url=https:/x.example/l.png", "url23(https://x.example/l.png),shrink,center"),
        ("wat_url=/l&wat_gravity=SouthEast", "path1(l),shrink,bottom-right"),
        ("wat_url=/l&wat_gravity=centre&wat_pad=5", "path1(l),shrink,center"),
        ("wat_url=/l&wat_gravity=north&wat_pad=5", "path1(l),shrink,top,by=0,5"),
        ("wat_url=/l&wat_gravity=southwest&wat_pad=5p", "path1(l),shrink,bottom-left,by=0.05r,0.05r"),
        ("wat_url=/l&wat_gravity=southwest&wat_pad=5p,7", "path1(l),shrink,bottom-left,by=0.05r,7"),
        ("wat_url=/l&wat_gravity=east&wat_pad=5&dpr=2", "path1(l),shrink,center-right,by=10,0"),
        ("wat_url=/l&wat_scale=35p", "path1(l),0.35rx0.35r,shrink,center"),
        ("wat_url=/l&wat_scale=35p,10p", "path1(l),0.35rx0.1r,shrink,center"),
        ("wat_url=/l&wat_scale=100", "path1(l),shrink,center"),
        ("wat_url=/l&wat_opacity=0.4", "path1(l),shrink,center,opacity=0.4"),
    ] {
        let text = parse(&format!("/p.jpg?wat=1&{query}")).plan.stages_text();
        assert_eq!(text, format!("orient:exif|overlay:{want},[orient:exif]"), "{query}");
        assert_eq!(warnings(&format!("/p.jpg?wat=1&{query}")), Vec::<String>::new(), "{query}");
    }
    let own = parse("/p.jpg?wat=1&wat_url=/l&wat_scale=50").plan.stages_text();
    assert_eq!(own, "orient:exif|overlay:path1(l),shrink,center,[orient:exif|resize:0.5rx-,inside]");
}

#[test]
fn watermarks_come_last() {
    let text = parse("/p.jpg?wat=1&wat_url=/l&bg_color=fff&flip=h&r=90&w=9").plan.stages_text();
    assert!(text.ends_with("flip:h|flatten:ffffffff|overlay:path1(l),shrink,center,[orient:exif]"), "{text}");
}

#[test]
fn what_is_not_drawn_is_said() {
    for (query, want) in [
        ("wat=0&wat_url=/l", vec!["no-effect:wat_url=/l"]),
        ("wat_opacity=0.5&wat_gravity=north", vec!["no-effect:wat_gravity=north", "no-effect:wat_opacity=0.5"]),
        ("wat=1", vec!["unsupported:wat=1"]),
        ("wat=1&wat_url=a/../b", vec!["invalid:wat_url=a/../b", "unsupported:wat=1"]),
        ("wat=0", vec![]),
        ("wat=1&wat_url=/l&wat_gravity=absolute", vec!["unsupported:wat_gravity=absolute"]),
        ("wat=1&wat_url=/l&wat_text=hi", vec!["unsupported:wat_text=hi"]),
        ("wat=1&wat_url=/l&wat_url%5B1%5D=/m", vec!["unsupported:wat_url[1]=/m"]),
        ("wat=1&wat_url=/l&wat_pad=5q", vec!["invalid:wat_pad=5q"]),
        ("wat=1&wat_url=/l&wat_pad=5,200p", vec!["clamped:wat_pad=5,200p"]),
        ("wat=1&wat_url=/l&wat_scale=0", vec!["invalid:wat_scale=0"]),
        ("wat=1&wat_url=/l&wat_scale=5p,5", vec!["invalid:wat_scale=5p,5"]),
        ("wat=1&wat_url=/l&wat_scale=2000", vec!["clamped:wat_scale=2000"]),
        ("wat=1&wat_url=/l&wat_opacity=7", vec!["clamped:wat_opacity=7"]),
    ] {
        assert_eq!(warnings(&format!("/p.jpg?{query}")), want, "{query}");
    }
}

#[test]
fn overlays_without_words_are_named() {
    let with = |change: fn(&mut Overlay)| {
        let mut plan = parse("/p.jpg?wat=1&wat_url=/l").plan;
        if let Some(Stage::Overlay(mark)) = plan.stages.last_mut() {
            change(mark);
        }
        plan
    };
    let mut two = with(|_| {});
    two.stages.push(with(|_| {}).stages.remove(1));
    for (plan, named) in [
        (two, "a second overlay"),
        (with(|mark| mark.picture = Picture::Masters(vec![])), "an overlay whose picture has no name, only masters"),
        (with(|mark| mark.optional = true), "an overlay that may be missing"),
        (with(|mark| mark.shrink = false), "an overlay that may be larger than the picture"),
        (with(|mark| mark.stages.clear()), "an overlay that is not turned upright first"),
        (with(|mark| mark.width = Some(Dim::Px(9))), "an overlay of a size in pixels"),
        (
            with(|mark| mark.stages.push(Stage::Flip { horizontal: true, vertical: false })),
            "an overlay with a transformation of its own",
        ),
        (
            with(|mark| {
                mark.picture = Picture::Named { source: Some("s".into()), asset: Asset::Path("l".into()) };
            }),
            "an overlay from a source that it names",
        ),
        (with(|mark| mark.offset.0 = Shift::Px(3)), "the plan"),
    ] {
        let error = Cloudimage.write("", &Asset::Path("p.jpg".into()), &plan, &Settings::default()).unwrap_err();
        assert!(error.to_string().starts_with(&format!("cloudimage cannot express {named}")), "{error}");
    }
}
