#![allow(clippy::unwrap_used, clippy::expect_used)]

use plan::{Blend, Dim, Fixed, Horizontal, Overlay, Picture, Shift, Stage, Text, Tile, Vertical};

use super::*;

/// What a layer means, in a path and in a query.
#[test]
fn layers_are_overlays() {
    let trim = "trim:corner,tolerance=10,keep=0";
    for (layer, want, own) in [
        ("i-logo.png", "path8(logo.png),center", "trim"),
        ("i-logo.png,t-true", "path8(logo.png),center", "trim"),
        ("i-logo.png,t-false", "path8(logo.png),center", ""),
        ("i-a@@b-1.png,t-false", "path9(a/b-1.png),center", ""),
        ("i-@@a@@@@b.png@@,t-false", "path7(a/b.png),center", ""),
        ("ie-bG9nby5wbmc,t-false", "path8(logo.png),center", ""),
        ("ie-bG9nby5wbmc%3D,t-false", "path8(logo.png),center", ""),
        ("ie-aHR0cHM6Ly94LmV4YW1wbGUvYSBiLnBuZw%3D%3D,t-false", "url27(https://x.example/a%20b.png),center", ""),
        ("ie-w7_Dvz8%2FPg,t-false", "path7(ÿÿ??>),center", ""),
        ("i-l,t-false,lfo-bottom_right", "path1(l),bottom-right", ""),
        ("i-l,t-false,lx-10,ly-20", "path1(l),top-left,by=10,20", ""),
        ("i-l,t-false,lx-N10,ly-20", "path1(l),top-right,by=10,20", ""),
        ("i-l,t-false,lx--10,ly-N0", "path1(l),bottom-right,by=10,0", ""),
        ("i-l,t-false,ly-N0", "path1(l),bottom-left", ""),
        ("i-l,t-false,lx-0,ly-0", "path1(l),top-left", ""),
        ("i-l,t-false,o-40", "path1(l),center,opacity=0.4", ""),
        ("i-l,t-false,w-100", "path1(l),100x-,center", ""),
        ("i-l,t-false,w-100,h-50,c-at_max_enlarge", "path1(l),100x50,center", ""),
        ("i-l,t-false,w-100,dpr-2", "path1(l),200x-,center", ""),
        ("i-l,t-false,w-0.5", "path1(l),center", "resize:0.5rx-,inside"),
        ("i-l,t-false,w-30,h-20", "path1(l),center", "resize:30x20,cover"),
        ("i-l,w-30,h-20,fo-top,rt-90", "path1(l),center", "trim|resize:30x20,cover,at=top|rotate:90,auto"),
        ("w-30:rt-90,i-l,t-5", "path1(l),center", "resize:30x-,inside|trim:corner,tolerance=5,keep=0|rotate:90,auto"),
        ("i-l,t-false,rt-90:w-30", "path1(l),30x-,center", "rotate:90,auto"),
        ("i-l,t-false,q-30,z-1", "path1(l),center", ""),
        ("i-l,t-false,r-max", "path1(l),center", "mask:ellipse,auto"),
        ("i-l,t-false,e-grayscale,bl-4", "path1(l),center", "grayscale|blur:2"),
        ("i-l,t-false,b-2_red:o-50", "path1(l),center,opacity=0.5", "border:2,2,2,2,ff0000ff"),
        // A centre, and a point of the picture below to count from.
        ("i-l,t-false,lxc-10,lyc-20", "path1(l),center,to=top-left,by=10,20", ""),
        ("i-l,t-false,lxc-N10,lyc-20", "path1(l),center,to=top-right,by=-10,20", ""),
        ("i-l,t-false,lxc-10", "path1(l),top,to=top-left,by=10,0", ""),
        ("i-l,t-false,lxc-10,ly-N5", "path1(l),bottom,to=bottom-left,by=10,-5", ""),
        ("i-l,t-false,lap-center,lx-10,ly-N20", "path1(l),top-left,to=center,by=10,-20", ""),
        ("i-l,t-false,lap-bottom_right,lxc-N10,lyc-N20", "path1(l),center,to=bottom-right,by=-10,-20", ""),
        ("i-l,t-false,lap-center,lxc-10,lyc-0", "path1(l),center,by=10,0", ""),
        ("i-l,t-false,lap-top_left,lx-10,ly-20", "path1(l),top-left,by=10,20", ""),
        ("i-l,t-false,lm-multiply", "path1(l),center,blend=multiply", ""),
        ("i-l,t-false,lm-cutter,lfo-top", "path1(l),top,blend=cutter", ""),
        ("i-l,t-false,lm-cutout", "path1(l),center,blend=cutout", ""),
        ("i-l,t-false,lm-displace,lx-10,ly-N20", "path1(l),center,blend=displace(10 -20)", ""),
        ("i-l,t-false,lm-displacement,lx-10", "path1(l),center,blend=displace(10 0)", ""),
    ] {
        let own = own.replace("trim|", &format!("{trim}|"));
        let own = if own == "trim" { trim.to_owned() } else { own };
        let own = if own.is_empty() { own } else { format!("|{own}") };
        for raw in [format!("/tr:l-image,{layer},l-end/a.jpg"), format!("/a.jpg?tr=l-image,{layer},l-end")] {
            assert_eq!(stages(&raw), format!("overlay:{want},[orient:exif{own}]"), "{raw}");
            assert_eq!(warnings(&raw), "", "{raw}");
        }
    }
    // An unescaped plus sign, and an unescaped slash, which only a query can hold.
    assert_eq!(stages("/a?tr=l-image,ie-aD4+,t-false,l-end"), "overlay:path3(h>>),center,[orient:exif]");
    assert_eq!(stages("/a?tr=l-image,i-/b/c,t-false,l-end"), "overlay:path3(b/c),center,[orient:exif]");
}

#[test]
fn canvases_are_one_colour() {
    for (layer, want) in [
        ("i-ik_canvas", "solid(000000ff),center"),
        ("i-ik_canvas,w-30,h-20,bg-red", "solid(ff0000ff),30x20,center"),
        ("i-ik_canvas,w-30,h-20,dpr-2,bg-red,lfo-top", "solid(ff0000ff),60x40,top"),
        ("i-ik_canvas,w-0.5,bg-FFAABB50", "solid(ffaabb80),0.5rx-,center"),
        ("i-ik_canvas,w-9,h-9,bg-FF0000,al-3", "solid(ff0000ff),9x9,center,opacity=0.3"),
        ("i-ik_canvas,w-9,h-9,bg-red,al-3", "solid(ff0000ff),9x9,center"),
        ("i-ik_canvas,w-9,h-9,bg-FFAABB50,al-3", "solid(ffaabb80),9x9,center"),
        ("i-ik_canvas,w-9,h-9,bg-red,r-4", "solid(ff0000ff),9x9,center,[mask:corners(4 4 4 4),auto]"),
        (
            "i-ik_canvas,w-9,e-gradient-from-red_to-blue:rt-90",
            "solid(000000ff),9x-,center,[gradient:linear 180 1 ff0000ff 0000ffff|rotate:90,auto]",
        ),
    ] {
        assert_eq!(stages(&format!("/tr:l-image,{layer},l-end/a.jpg")), format!("overlay:{want}"), "{layer}");
    }
}

#[test]
fn layers_have_their_place() {
    let logo = "overlay:path1(l),center,[orient:exif]";
    for (steps, want) in [
        ("l-image,i-l,t-false,l-end,w-300,rt-90", format!("resize:300x-,inside|{logo}|rotate:90,auto")),
        ("w-300:l-image,i-l,t-false,l-end:rt-90", format!("resize:300x-,inside|{logo}|rotate:90,auto")),
        ("l-image,i-l,t-false,l-end:w-300", format!("{logo}|resize:300x-,inside")),
        ("l-image,i-l,t-false,l-end,l-image,i-l,t-false,l-end", format!("{logo}|{logo}")),
        ("w-9,bg-fff,l-image,i-l,t-false,l-end", format!("resize:9x-,inside|{logo}|flatten:ffffffff")),
        (
            "l-image,i-l,t-false,ar-4:3,w-400:rt-90,l-end",
            "overlay:path1(l),center,[orient:exif|resize:400x300,cover|rotate:90,auto]".to_owned(),
        ),
    ] {
        assert_eq!(stages(&format!("/tr:{steps}/a.jpg")), want, "{steps}");
    }
}

#[test]
fn layers_hold_layers() {
    let nested = |inner: &str| format!("l-image,i-l,t-false,{inner}l-end");
    let two = nested("w-200:l-image,i-m,t-false,lfo-top,w-50,l-end,");
    assert_eq!(
        stages(&format!("/tr:w-300:{two}/a.jpg")),
        "resize:300x-,inside|overlay:path1(l),center,[orient:exif|resize:200x-,inside\
         |overlay:path1(m),50x-,top,[orient:exif]]"
    );
    let deep = |depth: usize| (0..depth).fold(String::new(), |inner, _| nested(&format!("{inner},")));
    assert_eq!(parsed(&format!("/tr:{}/a.jpg", deep(4))).plan.overlays().len(), 4);
    for (steps, problem) in [
        (deep(5).as_str(), "too many layers inside each other; expected at most 4"),
        ("l-image,i-l", "the layer l-image does not end; expected l-end after every layer"),
        ("l-image,i-l,l-image,i-m,l-end", "the layer l-image does not end; expected l-end after every layer"),
        ("w-3,l-end", "l-end ends no layer; expected one l-end for every layer"),
        ("l-image,i-l,l-end,l-end", "l-end ends no layer; expected one l-end for every layer"),
    ] {
        assert_eq!(parse(&format!("/tr:{steps}/a.jpg")).unwrap_err().to_string(), problem, "{steps}");
    }
}

#[test]
fn bad_layers_are_refused() {
    for (layer, parameter, allowed) in [
        ("i-", "i", "@@"),
        ("i-a@@..@@b", "i", "@@"),
        ("ie-a", "ie", "base64"),
        ("ie-_w", "ie", "base64"),
        ("i-l,lx-65536", "lx", "65535"),
        ("i-l,lx-NN3", "lx", "65535"),
        ("i-l,lx-bw_mul_", "lx", "_mul_"),
        ("i-l,lxc-70000", "lxc", "65535"),
        ("i-l:w-9,lyc-ch_div_2", "lyc", "before it is drawn"),
        ("i-l,lap-middle,lx-3", "lap", "top_left"),
        ("i-l,lm-screen", "lm", "multiply"),
        ("i-l,al-0", "al", "1 to 9"),
        ("i-l,r-x", "r", "max"),
        ("i-l,lfo-auto", "lfo", "top_left"),
        ("i-l,o-101", "o", "0 to 100"),
        ("i-l,foo-1", "foo", "no such parameter"),
        ("i-l,w-Nbw_div_2", "w", "_mul_"),
        ("i-ik_canvas,w-iw_div_2", "w", "before it is drawn"),
    ] {
        match parse(&format!("/a.jpg?tr=l-image,{layer},l-end")) {
            Err(ParseError::BadParameter { parameter: p, allowed: a, .. }) => {
                assert_eq!(p, parameter, "{layer}");
                assert!(a.contains(allowed), "{layer}: {a}");
            }
            other => panic!("{layer}: {other:?}"),
        }
    }
    for (layer, want) in [
        ("i-l,ie-bQ", "no-effect:i"),
        ("i-l,lfo-top,lx-3", "no-effect:lfo"),
        ("i-l,lfo-top,lyc-3", "no-effect:lfo"),
        ("i-l,lap-top", "no-effect:lap"),
        ("i-l,lx-3,lxc-4", "no-effect:lx"),
        ("i-l,al-3", "no-effect:al"),
        ("i-ik_canvas,al-3,o-4", "no-effect:al"),
        ("i-ik_canvas,w-9,h-9,bg-red,al-3", "no-effect:al"),
        ("i-ik_canvas,w-9,h-9,bg-FFAABB50,al-3", "no-effect:al"),
        ("i-l,di-b.jpg", "no-effect:di"),
        ("i-ik_canvas,w-3,bg-dominant", "no-effect:bg"),
        ("i-l,fs-3", "no-effect:fs"),
        ("i-l,md-true,pg-2", "no-effect:md no-effect:pg"),
        ("i-l,o-3,o-4", "repeated:o"),
        ("i-l,f-png", "no-effect:f"),
        ("i-l,w-3,h-2,ar-1", "no-effect:ar"),
    ] {
        assert_eq!(warnings(&format!("/a.jpg?tr=l-image,{layer},l-end")), want, "{layer}");
    }
    assert_eq!(warnings("/a.jpg?tr=l-image,i-l,l-end,orig-true"), "no-effect:l");
}

#[test]
fn layers_are_spelt() {
    for (raw, want) in [
        ("/a.jpg?tr=l-image,i-x@@l-1.png,l-end", "/tr:l-image,i-x@@l-1.png,t-10,l-end/a.jpg"),
        ("/a.jpg?tr=l-image,t-false,i-l,o-40,w-9,l-end", "/tr:l-image,i-l,o-40,w-9,t-false,l-end/a.jpg"),
        ("/a.jpg?tr=w-3:l-image,i-l,t-false,ly-N0,l-end", "/tr:w-3,l-image,i-l,lfo-bottom_left,t-false,l-end/a.jpg"),
        ("/a.jpg?tr=l-image,i-l,t-false,lx-N5,l-end", "/tr:l-image,i-l,lx-N5,ly-0,t-false,l-end/a.jpg"),
        ("/a.jpg?tr=l-image,i-caf%C3%A9,t-false,l-end", "/tr:l-image,ie-Y2Fmw6k,t-false,l-end/a.jpg"),
        (
            "/a.jpg?tr=l-image,ie-aHR0cDovL2EuYi9jP2Q,rt-90:w-9:rt-90,l-end",
            "/tr:l-image,ie-aHR0cDovL2EuYi9jP2Q,t-10,rt-90:w-9,rt-90,l-end/a.jpg",
        ),
        (
            "/a.jpg?tr=l-image,i-l,t-false,lap-bottom_right,lxc-N10,lyc-N20,lm-cutter,l-end",
            "/tr:l-image,i-l,lxc-N10,lyc-N20,lm-cutter,t-false,l-end/a.jpg",
        ),
        (
            "/a.jpg?tr=l-image,i-l,t-false,lap-center,lx-N10,ly-20,l-end",
            "/tr:l-image,i-l,lx-N10,ly-20,lap-center,t-false,l-end/a.jpg",
        ),
        (
            "/a.jpg?tr=l-image,i-ik_canvas,w-9,bg-FF0000,al-3,r-4,l-end",
            "/tr:l-image,i-ik_canvas,o-30,w-9,bg-ff0000:r-4,l-end/a.jpg",
        ),
        (
            "/a.jpg?tr=l-image,i-l,t-false,w-9:l-image,i-m,t-false,l-end,l-end",
            "/tr:l-image,i-l,w-9,t-false,l-image,i-m,t-false,l-end,l-end/a.jpg",
        ),
    ] {
        let parsed = parsed(raw);
        let written = Imagekit.write("any", &parsed.asset, &parsed.plan, &settings()).unwrap();
        assert_eq!(written, want, "{raw}");
    }
}

#[test]
fn overlays_without_words_are_named() {
    let with = |change: fn(&mut Overlay)| {
        let mut plan = parsed("/tr:l-image,i-l,t-false,l-end/a.jpg").plan;
        if let Some(Stage::Overlay(overlay)) = plan.stages.last_mut() {
            change(overlay);
        }
        plan
    };
    let mut deep = with(|_| {});
    for _ in 0..40 {
        let mut outer = with(|_| {});
        if let Some(Stage::Overlay(overlay)) = outer.stages.last_mut() {
            overlay.stages.extend(deep.stages.pop());
        }
        deep = outer;
    }
    for (plan, what) in [
        (deep, "more than 4 overlays inside each other"),
        (with(|o| o.picture = Picture::Masters(vec![])), "an overlay whose picture has no name, only masters"),
        (with(|o| o.optional = true), "an overlay that may be missing"),
        (with(|o| o.shrink = true), "an overlay that shrinks to the picture"),
        (with(|o| o.stages.clear()), "an overlay that is not turned upright first"),
        (
            with(|o| o.picture = Picture::Named { source: Some("s".into()), asset: Asset::Path("l".into()) }),
            "an overlay from a source that it names",
        ),
        (with(|o| o.offset.0 = Shift::Px(70_000)), "overlay"),
        (with(|o| (o.anchor.0, o.origin) = (Horizontal::Right, Some((Horizontal::Left, Vertical::Top)))), "overlay"),
        (with(|o| o.blend = Blend::Screen), "overlay"),
        (with(|o| o.tile = Some(Tile { across: 1, down: 1 })), "overlay"),
        (with(|o| o.picture = Picture::Text(Box::new(Text::new("a", Fixed::ONE)))), "overlay"),
        (with(|o| o.offset.0 = Shift::Ratio(Fixed::ONE)), "overlay"),
        (with(|o| o.opacity = Fixed::new(0.3333)), "overlay"),
    ] {
        let error = Imagekit.write("", &path("a.jpg"), &plan, &settings()).unwrap_err();
        assert!(error.to_string().starts_with(&format!("imagekit cannot express {what}")), "{error}");
    }
    // A share of the picture below is arithmetic.
    let share = with(|o| o.width = Some(Dim::Ratio(Fixed::new(0.5))));
    let written = Imagekit.write("", &path("a.jpg"), &share, &settings());
    assert_eq!(written.as_deref(), Ok("/tr:l-image,i-l,w-bw_mul_0.5,t-false,l-end/a.jpg"));
}
