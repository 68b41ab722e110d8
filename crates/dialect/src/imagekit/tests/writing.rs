#![allow(clippy::unwrap_used, clippy::expect_used)]

use plan::*;
use proptest::prelude::*;

use super::*;

#[test]
fn plans_are_spelt() {
    for (raw, want) in [
        ("/a.jpg", "/a.jpg"),
        ("/a%20b%3Fc.jpg", "/a%20b%3Fc.jpg"),
        ("/tr:/tr:w-3/a.jpg", "/tr:/tr:w-3/a.jpg"),
        ("/a.jpg?tr=h-200,w-300,f-jpg,q-80,pr-true", "/tr:w-300,h-200,f-jpg,pr-true/a.jpg"),
        ("/a.jpg?tr=orig-true", "/tr:orig-true/a.jpg"),
        ("/a.jpg?tr=h-200:rt-90:w-50,f-orig", "/tr:h-200,rt-90:w-50,f-orig/a.jpg"),
        ("/a.jpg?tr=bg-red:rt-N45,bg-red,fl-h", "/tr:bg-ff0000:bg-ff0000,rt-N45,fl-h/a.jpg"),
        ("/a.jpg?tr=w-0.9999999,t-true", "/tr:w-0.99999,t-10/a.jpg"),
        ("/a.jpg?tr=w-9,h-8,cm-pad_resize,bg-FFAABB50", "/tr:w-9,h-8,cm-pad_resize,bg-ffaabb50/a.jpg"),
        ("/a.jpg?tr=w-0.5,ar-4-3", "/tr:w-0.5,ar-1.3333/a.jpg"),
        ("/https:/b.example/a%20b.jpg?tr=w-9", "/tr:w-9/https%3A%2F%2Fb.example%2Fa%2520b.jpg"),
    ] {
        let parsed = parsed(raw);
        assert_eq!(Imagekit.write("any", &parsed.asset, &parsed.plan, &settings()).unwrap(), want, "{raw}");
    }
}

#[test]
fn plans_without_words_are_refused() {
    let upright = Stage::Orient(Orient::Exif);
    let resize = |change: fn(&mut Resize)| {
        let mut resize = Resize::new(Some(Dim::Px(30)), Some(Dim::Px(20)), Fit::Cover);
        change(&mut resize);
        vec![Stage::Orient(Orient::Exif), Stage::Resize(resize)]
    };
    for stages in [
        vec![],
        vec![Stage::Orient(Orient::Fixed(6))],
        vec![upright.clone(), upright.clone()],
        vec![upright.clone(), Stage::Straighten { degrees: Fixed::ONE }],
        vec![upright.clone(), Stage::Pad(Pad { top: 1, right: 0, bottom: 0, left: 0, background: Background::Auto })],
        vec![upright.clone(), Stage::Trim(Trim { mode: TrimMode::Alpha, tolerance: Fixed::ONE, keep: 0 })],
        vec![upright.clone(), Stage::Trim(Trim { mode: TrimMode::Corner, tolerance: Fixed::new(2.5), keep: 0 })],
        vec![
            upright.clone(),
            Stage::Rotate { degrees: Fixed::ONE, background: Background::Blur(plan::BlurFill::PLAIN) },
        ],
        vec![upright.clone(), Stage::Flatten(Background::Color(Color::WHITE.with_alpha(1)))],
        resize(|r| r.zoom = Fixed::new(2.0)),
        resize(|r| r.gravity = Gravity::Entropy),
        resize(|r| r.enlarge = Enlarge::No),
        resize(|r| r.fit = Fit::CoverOrContain),
        resize(|r| r.fit = Fit::Contain),
        resize(|r| r.width = Some(Dim::Px(9000))),
        resize(|r| (r.width, r.limits.max_width) = (Some(Dim::Ratio(Fixed::new(0.5))), Some(9))),
    ] {
        let plan = Plan { stages, output: OutputRule::default() };
        let written = Imagekit.write("", &path("a.jpg"), &plan, &settings());
        assert!(written.is_err(), "{plan}: {written:?}");
    }
    let plan = parsed("/a.jpg").plan;
    for output in [
        OutputRule { animation: false, ..plan.output.clone() },
        OutputRule { palette: true, ..plan.output.clone() },
        OutputRule { quality: Quality { jpeg: 80, webp: 70, avif: 60 }, ..plan.output.clone() },
        OutputRule {
            format: FormatRule::Negotiate { offer: vec![Format::Webp], fallback: None },
            ..plan.output.clone()
        },
    ] {
        let plan = Plan { output, ..plan.clone() };
        assert!(Imagekit.write("", &path("a.jpg"), &plan, &settings()).is_err(), "{plan}");
    }
    for asset in [path(""), path("a//b"), path("/a"), path("a/../b"), path("ik-seo/a/b.jpg"), path("https:/b/a.jpg")] {
        assert!(Imagekit.write("", &asset, &plan, &settings()).is_err(), "{asset:?}");
    }
}

/// One valid token.
fn token() -> impl Strategy<Value = String> {
    let color = prop_oneof!["[0-9a-f]{3}", "[0-9A-F]{6}", "[0-9a-f]{6}[0-9]{2}", Just("teal".to_owned())];
    prop_oneof![
        (1u32..9000).prop_map(|n| format!("w-{n}")),
        (1u32..9000).prop_map(|n| format!("h-{n}")),
        (1u32..100_000).prop_map(|n| format!("w-{:.5}", f64::from(n) / 100_000.0)),
        (1u32..30, 1u32..30).prop_map(|(w, h)| format!("ar-{w}-{h}")),
        (1u32..50).prop_map(|n| format!("dpr-{:.1}", f64::from(n) / 10.0)),
        prop::sample::select(crate::imagekit::said::Mode::ALL.to_vec()).prop_map(|(name, _)| format!("c-{name}")),
        prop::sample::select(crate::imagekit::said::Mode::ALL.to_vec()).prop_map(|(name, _)| format!("cm-{name}")),
        prop::sample::select(crate::imagekit::said::Focus::ANCHORS.to_vec())
            .prop_map(|(name, ..)| format!("fo-{name}")),
        Just("fo-auto".to_owned()),
        (0u32..500).prop_map(|n| format!("x-{n}")),
        (0u32..500).prop_map(|n| format!("y-{n}")),
        (0u32..500).prop_map(|n| format!("xc-{n}")),
        (0u32..500).prop_map(|n| format!("yc-{n}")),
        color.prop_map(|color| format!("bg-{color}")),
        prop::sample::select(vec![
            "bg-blurred",
            "bg-blurred_20_N30",
            "bg-blurred_auto_7",
            "bg-dominant",
            "bg-gradient_dominant_4",
            "r-9",
            "r-max",
            "r-1_0_3_4",
            "b-3_red",
            "b-20_FFAABB50",
            "o-40",
            "o-0",
            "bl-7",
            "e-grayscale",
            "e-contrast",
            "e-sharpen",
            "e-sharpen-7",
            "e-usm",
            "e-usm-2-0.5-1-0",
            "e-shadow",
            "e-shadow-bl-3.3_st-7_x-N50",
            "e-gradient",
            "e-gradient-ld-left_from-red_to-00FF0033_sp-0.3",
            "e-gradient-sp-77",
            "e-gradient-ld-90_sp-iw_div_3",
            "b-iw_div_40_red",
            "w-iw_div_3",
            "h-ch_mul_0.5_add_10",
            "w-ih_mod_7_add_300",
            "ar-iar_mul_2",
            "cm-extract,xc-cw_div_3",
            "e-colorize-co-teal_in-33",
            "cr-red",
            "cr-red_3_blue",
            "md-true",
            "cp-true",
            "dn-300",
        ])
        .prop_map(str::to_owned),
        (0u32..4000).prop_map(|n| format!("rt-{:.1}", f64::from(n) / 10.0)),
        (0u32..400).prop_map(|n| format!("rt-N{n}")),
        Just("rt-90".to_owned()),
        prop::sample::select(vec!["fl-h", "fl-v", "fl-h_v", "t-true", "t-7", "pr-true", "lo-true"])
            .prop_map(str::to_owned),
        prop::sample::select(vec!["f-auto", "f-orig", "f-jpg", "f-png", "f-webp", "f-avif", "f-gif"])
            .prop_map(str::to_owned),
        (1u32..=100).prop_map(|n| format!("q-{n}")),
    ]
}

/// A layer that may hold layers.
fn layer() -> impl Strategy<Value = String> {
    token().prop_recursive(4, 16, 2, |inner| {
        let place = prop_oneof![
            Just(String::new()),
            prop::sample::select(crate::imagekit::said::Focus::ANCHORS.to_vec())
                .prop_map(|(name, ..)| format!("lfo-{name}")),
            (0u32..40, 0u32..40).prop_map(|(x, y)| format!("lx-{x},ly-N{y}")),
            (0u32..40).prop_map(|x| format!("lx-N{x}")),
            (0u32..40, 0u32..40).prop_map(|(x, y)| format!("lxc-{x},ly-N{y}")),
            (0u32..40, 0u32..40).prop_map(|(x, y)| format!("lxc-N{x},lyc-{y}")),
            (prop::sample::select(crate::imagekit::said::Focus::ANCHORS.to_vec()), 0u32..40, 0u32..40)
                .prop_map(|((name, ..), x, y)| format!("lap-{name},lx-N{x},lyc-{y}")),
            prop::sample::select(vec!["lm-multiply", "lm-cutter,lfo-top", "lm-displace,lx-3,ly-N4"])
                .prop_map(str::to_owned),
        ];
        let picture = prop::sample::select(vec![
            "l-image,i-logo.png",
            "l-image,i-@@a@@b-c.png",
            "l-image,ie-aHR0cHM6Ly94LmV4YW1wbGUvYS5wbmc",
            "l-image,i-ik_canvas,al-4",
            "l-text,i-Hello",
            "l-text,i-a b é,fs-33.3,ff-Noto_Sans,co-red,tg-b,pa-1_2_3,bg-FFAABB50,al-3",
            "l-text,ie-YQpi,w-200,lh-41,ia-left,r-4,rt-N20,fl-v",
        ]);
        let more = prop::sample::select(vec!["t-false", "o-40", "o-0", "w-30", "t-true", "fl-h"]);
        (picture, place, prop::collection::vec(inner, 0..3), more).prop_map(|(picture, place, steps, more)| {
            // What a text layer's own step may not say stands behind a colon.
            format!("{picture},{place}:{more},{},l-end", steps.join(":"))
        })
    })
}

fn chain() -> impl Strategy<Value = String> {
    let step = prop::collection::vec(token(), 0..7).prop_map(|tokens| tokens.join(","));
    (prop::collection::vec(step, 0..5), prop::option::of(layer()), token()).prop_map(|(steps, layer, last)| {
        let layer = layer.map(|layer| format!(",{layer},{last}")).unwrap_or_default();
        steps.join(":") + &layer
    })
}

proptest! {
    #[test]
    fn what_is_parsed_can_be_written(
        steps in chain(),
        name in "[a-zé '%?#&+(]{1,8}(/[a-z.:]{1,5}x){0,2}",
        auto_format: bool,
        avif: bool,
        endpoint in prop::sample::select(vec!["", "demo", "demo/shop"]),
    ) {
        let settings = Settings { auto_format, avif, endpoint: endpoint.to_owned(), ..settings() };
        let raw = format!("/{endpoint}/tr:/a/{}?tr={steps}", crate::text::encode(&name, crate::text::PATH));
        let parsed = match Imagekit.parse(Target::new(&raw), &settings) {
            // Texts and blocks have no size that arithmetic could go by.
            Err(ParseError::BadParameter { allowed, .. }) if allowed.contains("before it is drawn") => return Ok(()),
            parsed => parsed.unwrap(),
        };
        let written = Imagekit.write("", &parsed.asset, &parsed.plan, &settings).unwrap();
        let again = Imagekit.parse(Target::new(&written), &settings).unwrap();
        prop_assert_eq!(&again.plan, &parsed.plan, "{}", written);
        prop_assert_eq!(again.asset, parsed.asset);
        prop_assert!(again.warnings.is_empty(), "{} {:?}", written, again.warnings);
        let mut canonical = parsed.plan.clone();
        canonical.canonicalise();
        prop_assert_eq!(&canonical, &parsed.plan);
        let read = Plan::from_stages_text(&parsed.plan.stages_text()).unwrap();
        prop_assert_eq!(read.stages, parsed.plan.stages);
    }

    #[test]
    fn nothing_panics(path in "/?(tr:|l-image,|,l-end|i-|[-a-z0-9,:/%_.*é]|%2F|%3A|https:/|ik-seo/){0,40}", query in ".{0,30}", free in ".{0,60}") {
        for raw in [format!("{path}?{query}"), format!("/{free}"), format!("/tr:{free}/a"), format!("/a?tr={free}")] {
            let _ = parse(&raw);
            let _ = purge_target(&raw, &settings());
            let _ = purge_target(&format!("{raw}*"), &settings());
        }
    }

    #[test]
    fn any_value_is_read_or_refused(at in any::<prop::sample::Index>(), value in "[-N0-9._a-z]{0,9}") {
        let names: Vec<_> = Imagekit.params().into_iter().map(|row| row.name).collect();
        let name = names[at.index(names.len())];
        let _ = parse(&format!("/tr:{name}-{value}/a.jpg"));
        for layer in ["l-image,i-l", "l-text,i-l", "l-image,i-ik_canvas"] {
            let _ = parse(&format!("/tr:{layer},{name}-{value},l-end/a.jpg"));
        }
    }

    #[test]
    fn paths_survive(asset in "[a-zA-Zé0-9 ~%?#&+=,;:@!'()-]{1,9}(/[a-z.:]{1,4}x){0,3}") {
        let plan = parsed("/tr:w-3/a").plan;
        let asset = path(&asset);
        if let Ok(written) = Imagekit.write("", &asset, &plan, &settings()) {
            prop_assert_eq!(parsed(&written).asset, asset);
        }
    }
}
