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

/// The vendor's own example for `Nmax` is among them.
#[test]
fn texts_are_overlays() {
    for (query, want) in [
        ("wat_text=Hello", "text5(Hello),size=16,000000ff,shrink,center"),
        ("wat_text=Hello+you&wat_color=f80", "text9(Hello you),size=16,ff8800ff,shrink,center"),
        ("wat_text=caf%C3%A9&wat_colour=white", "text5(café),size=16,ffffffff,shrink,center"),
        ("wat_text=a&wat_fontsize=40&dpr=2", "text1(a),size=80,000000ff,shrink,center"),
        ("wat_text=a&wat_fontsize=40&wat_scale=50", "text1(a),size=20,000000ff,shrink,center"),
        ("wat_text=a&wat_scale=35p", "text1(a),size=16,000000ff,0.35rx0.35r,shrink,center"),
        ("wat_text=a&wat_fontsize=20max", "text1(a),size=20,000000ff,1rx-,shrink,shrink,center"),
        (
            "wat_text=a&wat_fontsize=20max&wat_pad=10p&wat_gravity=west",
            "text1(a),size=20,000000ff,0.9rx-,shrink,shrink,center-left,by=0.1r,0",
        ),
        ("wat_text=a&wat_font=Comic-Sans-MS", "text1(a),size=16,000000ff,family=13(Comic Sans MS),shrink,center"),
        (
            "wat_text=a&wat_font=Courier-New-Bold-Italic",
            "text1(a),size=16,000000ff,family=11(Courier New),weight=700,italic,shrink,center",
        ),
        ("wat_text=a&wat_font=Arial-Black", "text1(a),size=16,000000ff,family=5(Arial),weight=900,shrink,center"),
        ("wat_text=a&wat_gravity=southeast&wat_pad=5", "text1(a),size=16,000000ff,shrink,bottom-right,by=5,5"),
        ("wat_text=a&wat_gravity=absolute&wat_pos=10p,25p", "text1(a),size=16,000000ff,shrink,top-left,by=0.1r,0.25r"),
        ("wat_text=a&wat_opacity=0.4", "text1(a),size=16,000000ff,shrink,center,opacity=0.4"),
    ] {
        let url = format!("/p.jpg?wat=1&{query}");
        assert_eq!(parse(&url).plan.stages_text(), format!("orient:exif|overlay:{want}"), "{query}");
        assert_eq!(warnings(&url), Vec::<String>::new(), "{query}");
    }
}

#[test]
fn watermarks_with_a_position() {
    for (query, want) in [
        ("wat_gravity=absolute&wat_pos=10,20", "top-left,by=0.1r,0.2r"),
        ("wat_gravity=absolute&wat_pos=12.5p", "top-left,by=0.125r,0.125r"),
        ("wat_gravity=absolute", "top-left"),
        ("wat_gravity=relative&wat_pos=50,100", "bottom"),
        ("wat_gravity=relative&wat_pos=0,50", "center-left"),
        ("wat_gravity=relative", "top-left"),
        ("wat_gravity=relative&wat_pos=30", "top-left,by=0.3r,0.3r"),
    ] {
        let text = parse(&format!("/p.jpg?wat=1&wat_url=/l&{query}")).plan.stages_text();
        assert_eq!(text, format!("orient:exif|overlay:path1(l),shrink,{want},[orient:exif]"), "{query}");
    }
}

/// What is said without an index holds for all; a picture or text of its own goes before.
#[test]
fn several_watermarks_are_drawn_by_index() {
    let mark = |name: &str, rest: &str| format!("overlay:path1({name}),shrink,{rest},[orient:exif]");
    let text = |rest: &str| format!("overlay:text1(t),size=16,000000ff,shrink,{rest}");
    for (query, want) in [
        ("wat_url[0]=/l", vec![mark("l", "center")]),
        ("wat_url[2]=/m&wat_url[1]=/l", vec![mark("l", "center"), mark("m", "center")]),
        ("wat_url%5B1%5D=/l&wat_gravity=north", vec![mark("l", "top")]),
        (
            "wat_url[1]=/l&wat_url[2]=/m&wat_gravity=north&wat_gravity[2]=south&wat_opacity=0.5",
            vec![mark("l", "top,opacity=0.5"), mark("m", "bottom,opacity=0.5")],
        ),
        ("wat_url=/l&wat_gravity[1]=north&wat_gravity[2]=south", vec![mark("l", "top"), mark("l", "bottom")]),
        ("wat_url=/l&wat_text[1]=t&wat_gravity[2]=south", vec![text("center"), mark("l", "bottom")]),
        ("wat_text=t&wat_url[1]=/l&wat_gravity[2]=south", vec![mark("l", "center"), text("bottom")]),
    ] {
        let url = format!("/p.jpg?wat=1&{query}");
        let stages = parse(&url).plan.stages_text();
        assert_eq!(stages, format!("orient:exif|{}", want.join("|")), "{query}");
        assert_eq!(warnings(&url), Vec::<String>::new(), "{query}");
    }
    let many: String = (0..20).map(|index| format!("&wat_url[{index}]=/l")).collect();
    let parsed = parse(&format!("/p.jpg?wat=1{many}"));
    assert_eq!((parsed.plan.overlays().len(), parsed.warnings.len()), (16, 4));
}

#[test]
fn watermarks_are_spelt() {
    for (query, want) in [
        ("wat=1&wat_text=Hi+you&wat_fontsize=20&wat_scale=50", "wat=1&wat_text=Hi%20you&wat_fontsize=10"),
        ("wat=1&wat_text=a&wat_font=DejaVu-Sans-Oblique", "wat=1&wat_text=a&wat_font=DejaVu-Sans-Italic"),
        ("wat=1&wat_text=a&wat_fontsize=20max", "wat=1&wat_text=a&wat_fontsize=20max"),
        ("wat=1&wat_url=/l&wat_gravity=absolute&wat_pos=1,2", "wat=1&wat_url=/l&wat_gravity=northwest&wat_pad=1p,2p"),
        (
            "wat=1&wat_url[5]=/l&wat_text[7]=t&wat_gravity=east",
            "wat=1&wat_url%5B1%5D=/l&wat_gravity%5B1%5D=east&wat_text%5B2%5D=t&wat_gravity%5B2%5D=east",
        ),
    ] {
        let plan = parse(&format!("/p.jpg?{query}")).plan;
        let written = Cloudimage.write("", &Asset::Path("p.jpg".into()), &plan, &Settings::default()).unwrap();
        assert_eq!(written, format!("/p.jpg?{want}"), "{query}");
    }
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
        ("wat=1&wat_url=/l&wat_gravity=absolute", vec![]),
        ("wat=1&wat_url=/l&wat_gravity=relative&wat_pos=30", vec!["unsupported:wat_gravity=relative"]),
        ("wat=1&wat_url=/l&wat_gravity=north&wat_pos=30", vec!["no-effect:wat_pos=30p"]),
        ("wat=1&wat_url=/l&wat_gravity=absolute&wat_pad=3", vec!["no-effect:wat_pad=3"]),
        ("wat=1&wat_url=/l&wat_text=hi", vec!["no-effect:wat_url=/l"]),
        ("wat=1&wat_text=", vec!["invalid:wat_text=", "unsupported:wat=1"]),
        (
            "wat=1&wat_url=/l&wat_font=Arial&wat_fontsize=9&wat_color=red",
            vec!["no-effect:wat_font=Arial", "no-effect:wat_fontsize=9", "no-effect:wat_color=ff0000"],
        ),
        ("wat=1&wat_text=a&wat_color=nocolour", vec!["invalid:wat_color=nocolour"]),
        ("wat=1&wat_text=a&wat_fontsize=big", vec!["invalid:wat_fontsize=big"]),
        ("wat=1&wat_text=a&wat_gravity=absolute&wat_pos=x", vec!["invalid:wat_pos=x"]),
        ("wat=1&wat_text=a&wat_gravity=absolute&wat_pos=300", vec!["clamped:wat_pos=300"]),
        ("wat=1&wat_text=a&wat_fontsize=0", vec!["invalid:wat_fontsize=0"]),
        ("wat=1&wat_text=a&wat_fontsize=9000", vec!["clamped:wat_fontsize=9000"]),
        ("wat=1&wat_text=a&wat_font=%3Cb%3E", vec!["invalid:wat_font=<b>"]),
        ("wat=1&wat_url=/l&wat_url%5B1%5D=/m", vec![]),
        ("wat=1&wat_opacity%5B1%5D=0.5", vec!["unsupported:wat[1]=1"]),
        ("wat=1&wat_url=/l&wat%5B1%5D=1", vec!["unsupported:wat[1]=1"]),
        ("wat=1&wat_url=/l&wat_url%5B100%5D=/m", vec!["unsupported:wat_url[100]=/m"]),
        ("wat=1&wat_url=/l&wat_url%5B1=/m", vec!["unsupported:wat_url[1=/m"]),
        ("wat=1&wat_url=/l&wat_url%5B1%5D=/m&wat_url%5B1%5D=/n", vec!["repeated:wat_url[1]=/m"]),
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
    for (plan, named) in [
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
