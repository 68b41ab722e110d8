use plan::{Overlay, Picture, Shift};

use super::*;

#[test]
fn watermarks_are_overlays() {
    for (options, want) in [
        ("wmk-path:%2Flogo.png", "path8(logo.png)@5(local),shrink,bottom-right"),
        ("wmk-path:logo.png", "path8(logo.png)@5(local),shrink,bottom-right"),
        ("WMK-PATH:%2F%2Fa%2Fcaf%C3%A9%2Cb.png", "path13(a/café,b.png)@5(local),shrink,bottom-right"),
        ("wmk-path:l,wmk-position:north", "path1(l)@5(local),shrink,top"),
        ("wmk-path:l/wmk-gravity:NorthWest", "path1(l)@5(local),shrink,top-left"),
        ("wmk-path:l,wmk-pad:10", "path1(l)@5(local),shrink,bottom-right,by=10,10"),
        ("wmk-path:l,wmk-pad:10,wmk-position:west", "path1(l)@5(local),shrink,center-left,by=10,0"),
        ("wmk-path:l,wmk-width:100", "path1(l)@5(local),100x-,bottom-right"),
        ("wmk-path:l,wmk-height:50,wmk-width:100", "path1(l)@5(local),100x50,bottom-right"),
        ("wmk-path:l,wmk-width:100,wmk-pad:3,dpr:2", "path1(l)@5(local),200x-,bottom-right,by=6,6"),
        ("wmk-path:l,wmk-opacity:40", "path1(l)@5(local),shrink,bottom-right,opacity=0.4"),
    ] {
        let url = format!("/local/cdn/{options}/p.jpg");
        let text = parse(&url).plan.stages_text();
        assert_eq!(text, format!("orient:exif|overlay:{want},[orient:exif]"), "{url}");
        assert_eq!(warnings(&url), Vec::<String>::new(), "{url}");
    }
    let last = parse("/s/cover:center/3x2/fill-color:fff,wmk-path:l/p.jpg").plan.stages_text();
    assert!(last.ends_with("|flatten:ffffffff|overlay:path1(l)@1(s),shrink,bottom-right,[orient:exif]"), "{last}");
}

#[test]
fn what_is_not_drawn_is_said() {
    for (options, want) in [
        ("wmk-pad:3,wmk-opacity:5", vec!["no-effect:wmk-pad=3", "no-effect:wmk-opacity=5"]),
        ("wmk-path:", vec!["invalid:wmk-path="]),
        ("wmk-path:l,wmk-gravity:middle", vec!["invalid:wmk-gravity=middle"]),
        ("wmk-path:l,wmk-position:north,wmk-gravity:south", vec!["repeated:wmk-position=north"]),
        ("wmk-path:l,wmk-width:0", vec!["clamped:wmk-width=0"]),
        ("wmk-path:l,wmk-width:5000,dpr:2", vec!["clamped:wmk-width=5000"]),
        ("wmk-path:l,wmk-opacity:400", vec!["clamped:wmk-opacity=400"]),
    ] {
        assert_eq!(warnings(&format!("/s/width/3/{options}/p.jpg")), want, "{options}");
    }
}

/// Whoever asks for a watermark never gets a bare picture.
#[test]
fn a_watermark_cannot_be_lost() {
    for value in ["%2F..%2Fa.png", "a%5Cb", "%2F"] {
        let url = format!("/s/width/3/wmk-path:{value}/p.jpg");
        let answer = Imageboss.parse(Target::new(&url), &Settings::default());
        assert!(matches!(answer, Err(ParseError::BadParameter { .. })), "{url}: {answer:?}");
    }
    let raw = parse("/s/cdn/compression:false,wmk-path:l/p.jpg").plan;
    assert_eq!(raw.overlays().len(), 1, "{raw}");
}

#[test]
fn overlays_without_words_are_named() {
    let with = |change: fn(&mut Overlay)| {
        let mut plan = parse("/s/cdn/wmk-path:l/p.jpg").plan;
        if let Some(Stage::Overlay(mark)) = plan.stages.last_mut() {
            change(mark);
        }
        plan
    };
    let named = |source: Option<&str>, asset| Picture::Named { source: source.map(str::to_owned), asset };
    let picture = |picture: Picture| {
        let mut plan = with(|_| {});
        if let Some(Stage::Overlay(mark)) = plan.stages.last_mut() {
            mark.picture = picture;
        }
        plan
    };
    let mut two = with(|_| {});
    two.stages.push(with(|_| {}).stages.remove(1));
    let elsewhere = "an overlay that is not from the picture's own source by name";
    for (plan, what) in [
        (two, "a second overlay"),
        (picture(Picture::Masters(vec![])), "an overlay whose picture has no name, only masters"),
        (picture(named(Some("s"), Asset::Url("https://x.example/l".into()))), "an overlay at an absolute URL"),
        (picture(named(None, Asset::Path("l".into()))), elsewhere),
        (picture(named(Some("t"), Asset::Path("l".into()))), elsewhere),
        (with(|mark| mark.optional = true), "an overlay that may be missing"),
        (with(|mark| mark.width = Some(Dim::Px(9))), "an overlay of a size that shrinks to the picture"),
        (with(|mark| mark.shrink = false), "an overlay in its own size that may be larger than the picture"),
        (with(|mark| mark.stages.clear()), "an overlay that is not turned upright first"),
        (with(|mark| mark.offset.0 = Shift::Px(3)), "an overlay at two distances"),
        (with(|mark| mark.offset.0 = Shift::Ratio(Fixed::ONE)), "an overlay at a distance that is a share"),
        (with(|mark| mark.offset = (Shift::Px(-1), Shift::Px(-1))), "an overlay that hangs over the edge"),
        (
            with(|mark| mark.stages.push(Stage::Flip { horizontal: true, vertical: false })),
            "an overlay with a transformation of its own",
        ),
    ] {
        let error = Imageboss.write("s", &Asset::Path("p.jpg".into()), &plan, &Settings::default()).unwrap_err();
        assert_eq!(error.to_string(), format!("imageboss cannot express {what}"));
    }
}
