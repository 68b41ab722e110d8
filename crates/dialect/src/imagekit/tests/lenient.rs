//! What is refused and passed over, and what takes a model or a film.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use proptest::prelude::*;

use super::*;

fn lenient(raw: &str) -> (String, String) {
    let settings = Settings { lenient: true, ..settings() };
    let parsed = Imagekit.parse(Target::new(raw), &settings).unwrap_or_else(|error| panic!("{raw}: {error}"));
    let told: Vec<_> = parsed.warnings.iter().map(|w| format!("{}:{}", w.kind.name(), w.parameter)).collect();
    let text = parsed.plan.stages_text();
    (text.trim_start_matches("orient:exif").trim_start_matches('|').to_owned(), told.join(" "))
}

#[test]
fn a_lenient_site_passes_over_what_a_strict_one_refuses() {
    for (steps, want, told) in [
        ("foo-200,w-3", "resize:3x-,inside", "unknown:foo"),
        ("w-abc,h-2", "resize:-x2,inside", "invalid:w"),
        ("w-3,h-2,cm-pad_resize,bg-genfill-prompt-sky", "resize:3x2,contain,on=000000ff", "unsupported:bg"),
        ("e-bgremove,e-upscale,bl-2", "blur:1", "unsupported:e-bgremove unsupported:e-upscale"),
        ("f-mp4,so-3", "", "unsupported:f unsupported:so"),
        ("l-video,i-a.mp4,l-end,rt-90", "rotate:90,auto", "unsupported:l"),
        ("l-picture,i-a,l-end,rt-90", "rotate:90,auto", "unknown:l"),
        ("l-image,w-3,l-end,rt-90", "rotate:90,auto", "invalid:l"),
        ("l-image,i-l,t-false,foo-3,lx-x,l-end", "overlay:path1(l),center,[orient:exif]", "unknown:foo invalid:lx"),
        (
            "l-text,i-a,h-3,e-dropshadow,l-end",
            "overlay:text1(a),size=45,color=000000ff,align=center,snug,center",
            "invalid:h unsupported:e-dropshadow",
        ),
    ] {
        assert_eq!(lenient(&format!("/tr:{steps}/a.jpg")), (want.to_owned(), told.to_owned()), "{steps}");
        assert!(parse(&format!("/tr:{steps}/a.jpg")).is_err(), "{steps}");
    }
    // Where it ends is no question of taste.
    let settings = Settings { lenient: true, ..settings() };
    for raw in ["/tr:l-image,i-l/a.jpg", "/tr:l-end/a.jpg", "/tr:w-3/"] {
        let error = Imagekit.parse(Target::new(raw), &settings).unwrap_err();
        assert!(matches!(error, ParseError::Malformed { .. }), "{raw}: {error}");
    }
}

#[test]
fn models_and_films_are_refused_in_words_of_their_own() {
    for (steps, parameter) in [
        ("e-bgremove", "e-bgremove"),
        ("e-removedotbg", "e-removedotbg"),
        ("e-dropshadow-az-215_el-45_st-60", "e-dropshadow"),
        ("e-changebg-prompt-snow", "e-changebg"),
        ("e-edit-prompte-c25vdw%3D%3D", "e-edit"),
        ("e-distort-a-30", "e-distort"),
        ("w-3,h-2,cm-pad_resize,bg-genfill", "bg"),
        ("f-webm", "f"),
        ("f-svg", "f"),
        ("pg-name-cover", "pg"),
        ("so-5,du-10", "so"),
        ("vc-h264", "vc"),
        ("sr-240_360", "sr"),
        ("l-subtitles,i-a.srt,l-end", "l"),
        ("l-image,i-l,lso-3,l-end", "lso"),
        ("l-image,i-l,e-bgremove,l-end", "e-bgremove"),
        ("l-text,i-l,ldu-3,l-end", "ldu"),
    ] {
        match parse(&format!("/a.jpg?tr={steps}")) {
            Err(ParseError::Unsupported { parameter: found, why, .. }) => {
                assert_eq!(found, parameter, "{steps}");
                assert!(!why.is_empty(), "{steps}");
            }
            other => panic!("{steps}: {other:?}"),
        }
    }
}

#[test]
fn what_is_made_of_an_asset() {
    for (raw, suffix) in [
        ("/a/film.mp4/ik-thumbnail.jpg", "ik-thumbnail.jpg"),
        ("/tr:so-5/a/film.MOV/ik-thumbnail.jpg", "ik-thumbnail.jpg"),
        ("/film.mp4/ik-video.mp4?tr=w-400", "ik-video.mp4"),
        ("/a.gif/ik-gif-video.mp4", "ik-gif-video.mp4"),
        ("/film.mp4/ik-master.m3u8", "ik-master.m3u8"),
        ("/film.mp4/ik-master.mpd", "ik-master.mpd"),
        ("/ik-genimg-prompt-a%20cat/cat.jpg", "ik-genimg-prompt"),
        ("/tr:w-3/ik-genimg-prompt-cat/cat.jpg", "ik-genimg-prompt"),
    ] {
        match parse(raw) {
            Err(ParseError::Unsupported { parameter, .. }) => assert_eq!(parameter, suffix, "{raw}"),
            other => panic!("{raw}: {other:?}"),
        }
    }
    // The thumbnail of a document is its first page, and a name is but a name.
    for (raw, asset) in [
        ("/a/leaflet.pdf/ik-thumbnail.jpg", "a/leaflet.pdf"),
        ("/tr:w-100/a/logo.svg/ik-thumbnail.jpg", "a/logo.svg"),
        ("/ik-thumbnail.jpg", "ik-thumbnail.jpg"),
        ("/folder/ik-video.mp4", "folder/ik-video.mp4"),
        ("/a.jpg/ik-thumbnail.png", "a.jpg/ik-thumbnail.png"),
    ] {
        assert_eq!(parsed(raw).asset, path(asset), "{raw}");
    }
    for raw in ["/a/film.mp4/ik-thumbnail.jpg", "/tr:so-5/a/film.mp4/ik-thumbnail.jpg", "/a/film.mp4?tr=e-bgremove"] {
        assert_eq!(purge_target(raw, &settings()).unwrap(), PurgeTarget::Master(path("a/film.mp4")), "{raw}");
    }
}

#[test]
fn a_stand_in_is_named() {
    for (raw, want) in [
        ("/a.jpg?tr=di-b.jpg", Some(path("b.jpg"))),
        ("/tr:di-@@c@@b%20b.jpg,w-3/a.jpg", Some(path("c/b b.jpg"))),
        ("/tr:di-b.jpg:w-3:di-c.jpg/a.jpg", Some(path("c.jpg"))),
        ("/tr:di-,w-3/a.jpg", None),
        ("/tr:di/a.jpg", None),
        ("/tr:di-b.jpg,orig-true/a.jpg", None),
        ("/tr:l-image,i-l,di-b.jpg,l-end/a.jpg", None),
    ] {
        assert_eq!(parsed(raw).fallback, want, "{raw}");
    }
    assert_eq!(parsed("/tr:di-b.jpg,w-3/a.jpg").plan, parsed("/tr:w-3/a.jpg").plan);
}

#[test]
fn old_overlays_are_the_layers_that_replaced_them() {
    for (old, new) in [
        ("oi-logo.png", "l-image,i-logo.png,l-end"),
        ("oi-@@a@@logo.png,ox-10,oy-N20,ow-50,oh-40", "l-image,i-@@a@@logo.png,lx-10,ly-N20,w-50,h-40,l-end"),
        ("oi-l,ofo-bottom_right,oit-false,oib-2_red,or-3", "l-image,i-l,lfo-bottom_right,t-false,b-2_red,r-3,l-end"),
        ("w-9,oi-l,rt-90", "w-9,l-image,i-l,l-end,rt-90"),
        ("ot-Sale%20now,ots-24,otc-red,otf-Lato,ott-b_i", "l-text,i-Sale%20now,fs-24,co-red,ff-Lato,tg-b_i,l-end"),
        ("ot-a,ow-200,otia-left,otp-5_6,otbg-FFF,oa-7,or-4", "l-text,i-a,w-200,ia-left,pa-5_6,bg-FFF,al-7,r-4,l-end"),
        ("obg-FF0000,ow-50,oh-40,oa-3,ox-1,oy-2", "l-image,i-ik_canvas,bg-FF0000,w-50,h-40,al-3,lx-1,ly-2,l-end"),
        ("ot-a,obg-00FF00,ow-50,oh-40", "l-image,i-ik_canvas,bg-00FF00,w-50,h-40,l-end,l-text,i-a,w-50,l-end"),
    ] {
        let (plan, told) = lenient(&format!("/tr:{old}/a.jpg"));
        assert_eq!((plan, told.as_str()), (lenient(&format!("/tr:{new}/a.jpg")).0, ""), "{old}");
        assert!(matches!(parse(&format!("/tr:{old}/a.jpg")), Err(ParseError::BadParameter { .. })), "{old}");
    }
    // A key without what it is about says nothing.
    assert_eq!(lenient("/tr:ox-10,oy-20,w-3/a.jpg"), ("resize:3x-,inside".to_owned(), String::new()));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: testkit::cases(300), failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever a parameter says, a lenient site finds a picture, and warns wherever a strict one refuses.
    #[test]
    fn no_parameter_keeps_a_lenient_site_from_an_answer(
        at in prop::collection::vec(any::<prop::sample::Index>(), 1..5),
        values in prop::collection::vec("[-N0-9._a-z]{0,7}", 5),
        layer in prop::sample::select(vec!["", "l-image,i-l,", "l-text,i-l,", "l-image,i-ik_canvas,", "l-film,"]),
    ) {
        let names: Vec<_> = Imagekit.params().into_iter().map(|row| row.name).filter(|name| !["l", "if"].contains(name)).collect();
        let tokens = at.iter().zip(&values).map(|(at, value)| format!("{}-{value}", names[at.index(names.len())]));
        let end = if layer.is_empty() { "" } else { ",l-end" };
        let raw = format!("/a.jpg?tr={layer}{}{end}", tokens.collect::<Vec<_>>().join(","));
        let settings = Settings { lenient: true, ..settings() };
        match (Imagekit.parse(Target::new(&raw), &settings), parse(&raw)) {
            (Ok(lenient), Ok(strict)) => prop_assert_eq!(lenient.plan, strict.plan, "{}", raw),
            (Ok(lenient), Err(error)) => {
                // Old overlays are read, not passed over.
                let old = layer.is_empty() && (raw.contains(",o") || raw.contains("=o"));
                prop_assert!(old || !lenient.warnings.is_empty(), "{}: {}", raw, error);
            }
            (Err(error), _) => prop_assert!(false, "{}: {}", raw, error),
        }
    }
}
