use plan::{Color, Dim, Fixed, Horizontal, Plan, Vertical};
use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::select;

use super::{EXAMPLES, KNOWN_LATER, TABLE, warnings};
use crate::imgix::said::{self, Rect, Said, Words};
use crate::imgix::{Imgix, query, spell_query};
use crate::{Asset, Dialect, Settings, Target};

fn some<S: Strategy>(of: S) -> impl Strategy<Value = Option<S::Value>>
where
    S::Value: Clone,
{
    weighted(0.3, of)
}

fn word<T: Copy + std::fmt::Debug + 'static>(words: Words<T>) -> impl Strategy<Value = T> {
    select(words).prop_map(|(_, value)| value)
}

fn fixed(low: f64, high: f64) -> impl Strategy<Value = Fixed> {
    (low..=high).prop_map(Fixed::new)
}

fn length() -> impl Strategy<Value = Dim> {
    prop_oneof![(1u32..40).prop_map(Dim::Px), (1u32..20_000).prop_map(Dim::Px), fixed(0.0001, 1.0).prop_map(Dim::Ratio),]
}

fn color() -> impl Strategy<Value = Color> {
    let alpha = prop_oneof![Just(255u8), Just(0), any::<u8>()];
    (any::<[u8; 3]>(), alpha).prop_map(|([r, g, b], a)| match a {
        0 => Color::TRANSPARENT,
        a => Color { r, g, b, a },
    })
}

fn rect() -> impl Strategy<Value = Rect> {
    let edge = || prop_oneof![(1u32..500).prop_map(Dim::Px), fixed(0.0001, 0.9999).prop_map(Dim::Ratio)];
    let extent = || prop_oneof![(1u32..500).prop_map(Dim::Px), fixed(0.0001, 0.9999).prop_map(Dim::Ratio)];
    let column = select(vec![Horizontal::Left, Horizontal::Center, Horizontal::Right]);
    let row = select(vec![Vertical::Top, Vertical::Center, Vertical::Bottom]);
    (some(edge()), some(edge()), some(extent()), some(extent()), column, row).prop_map(|(x, y, width, height, h, v)| {
        let align = (if x.is_some() { Horizontal::Left } else { h }, if y.is_some() { Vertical::Top } else { v });
        Rect { x, y, width, height, align }
    })
}

prop_compose! {
    fn geometry()(
        (w, h) in (weighted(0.6, length()), weighted(0.5, length())),
        fit in weighted(0.7, word(said::FIT)),
        crop in vec(word(said::CROP), 0..3),
        ar in some((fixed(0.01, 50.0), fixed(0.01, 50.0))),
        dpr in some(fixed(0.1, 5.0)),
        rect in some(rect()),
        (fp_x, fp_y, fp_z) in (some(fixed(0.0, 1.0)), some(fixed(0.0, 1.0)), some(fixed(1.0, 100.0))),
        limits in [some(1u32..9000), some(1u32..9000), some(1u32..9000), some(1u32..9000)]
            .prop_map(|l| l.map(|v| v.map(|v| v.min(8192)))),
    ) -> Said {
        let [min_w, min_h, max_w, max_h] = limits;
        Said { w, h, fit, crop, ar, dpr, rect, fp_x, fp_y, fp_z, min_w, min_h, max_w, max_h, ..Said::default() }
    }
}

/// Assets as a query can name them.
fn asset() -> impl Strategy<Value = Asset> {
    prop_oneof![
        "[a-zé %?#&+=:]{1,9}(/[a-z. ]{1,5}x){0,2}".prop_map(Asset::Path),
        "https?://[a-z]{1,5}\\.example(/[a-z]{1,4}x){1,2}(\\?w=[0-9]{1,3}&mark=%2Fb)?".prop_map(Asset::Url),
    ]
}

prop_compose! {
    fn mark()(
        mark in weighted(0.8, asset()),
        mark_align in vec(word(said::ALIGN), 0..3),
        mark_pad in some(0u32..9),
        (mark_x, mark_y) in (some(-9000i32..9000), some(-9i32..9)),
        (mark_w, mark_h) in (some(length()), some(length())),
        mark_fit in some(word(said::MARK_FIT)),
        mark_alpha in some(fixed(0.0, 100.0)),
    ) -> Said {
        let within = |at: Option<i32>| at.map(|at| at.clamp(-8192, 8192));
        let (mark_x, mark_y) = (within(mark_x), within(mark_y));
        Said {
            mark, mark_align, mark_pad, mark_x, mark_y, mark_w, mark_h, mark_fit, mark_alpha, ..Said::default()
        }
    }
}

prop_compose! {
    fn everything()(
        said in geometry(),
        mark in prop_oneof![Just(Said::default()), mark()],
        (fill, fill_color, bg) in (some(word(said::FILL)), some(color()), some(color())),
        (trim, trim_color) in (some(word(said::TRIM)), some(any::<[u8; 3]>())),
        (trim_tol, trim_pad, trim_alpha) in (some(fixed(0.0, 255.0)), some(0u32..=200), some(0u32..=255)),
        (orient, flip) in (some(0u8..=8), some(word(said::FLIP))),
        (rot, rot_type) in (some(fixed(0.0, 359.9999)), some(word(said::ROT_TYPE))),
        pads in [some(0u32..300), some(0u32..300), some(0u32..300), some(0u32..300), some(0u32..9000)],
        (fm, q) in (some(word(said::FM)), some(0u8..=100)),
        (auto_format, auto_compress) in any::<(bool, bool)>(),
        (lossless, jpg_progressive) in (some(any::<bool>()), some(any::<bool>())),
        dl in some(".{0,12}"),
    ) -> Said {
        let [pad_top, pad_right, pad_bottom, pad_left, pad] = pads;
        Said {
            fill, fill_color, bg, trim, trim_color: trim_color.map(|[r, g, b]| Color::rgb(r, g, b)),
            trim_tol, trim_pad, trim_alpha, orient, flip, rot, rot_type,
            pad: pad.map(|p| p.min(8192)), pad_top, pad_right, pad_bottom, pad_left,
            fm, q, auto_format, auto_compress, lossless, jpg_progressive, dl,
            mark: mark.mark, mark_align: mark.mark_align, mark_pad: mark.mark_pad, mark_x: mark.mark_x,
            mark_y: mark.mark_y, mark_w: mark.mark_w, mark_h: mark.mark_h, mark_fit: mark.mark_fit,
            mark_alpha: mark.mark_alpha, ..said
        }
    }
}

fn plan_of(target: &str, settings: &Settings) -> Plan {
    Imgix.parse(Target::new(target), settings).unwrap_or_else(|e| panic!("{target}: {e}")).plan
}

/// Text of the kind that URLs are made of, and of the kind that they are not.
fn hostile() -> impl Strategy<Value = String> {
    let names: Vec<&'static str> = TABLE.iter().flat_map(|p| p.aliases.iter().copied().chain([p.name])).collect();
    let value = prop_oneof![
        "[-+0-9.,:%a-fxX#]{0,12}",
        ".{0,8}",
        select(EXAMPLES).prop_map(|(_, example)| example.to_owned()),
        Just("99999999999999999999".to_owned()),
    ];
    let name =
        prop_oneof![select(names).prop_map(str::to_owned), select(KNOWN_LATER).prop_map(str::to_owned), ".{0,4}"];
    let pair = (name, prop_oneof![Just(""), Just("64")], value).prop_map(|(n, b, v)| format!("{n}{b}={v}"));
    vec(pair, 0..12).prop_map(|pairs| pairs.join("&"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: testkit::cases(2000), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_said_survives_the_query(said in everything()) {
        let read = query::read(&spell_query(&said)).unwrap();
        prop_assert_eq!(read.said, said);
    }

    #[test]
    fn every_meaning_can_be_written(said in everything(), max_side in select(vec![1u32, 500, 4096, 8192])) {
        let settings = Settings { max_side, ..Settings::default() };
        let url = format!("/p.jpg?{}", spell_query(&said));
        let plan = plan_of(&url, &settings);
        let written = Imgix.write("", &Asset::Path("p.jpg".to_owned()), &plan, &settings);
        let written = written.unwrap_or_else(|e| panic!("{url}: {e}"));
        prop_assert_eq!(plan_of(&written, &settings), plan.clone(), "{} was written as {}", url, written);
        let twice = Imgix.write("", &Asset::Path("p.jpg".to_owned()), &plan_of(&written, &settings), &settings);
        prop_assert_eq!(twice.as_ref(), Ok(&written));
        let mut canonical = plan.clone();
        canonical.canonicalise();
        prop_assert_eq!(canonical, plan);
    }

    #[test]
    fn the_order_of_parameters_does_not_matter(said in everything()) {
        let query = spell_query(&said);
        let backwards: Vec<&str> = query.rsplit('&').collect();
        let settings = Settings::default();
        prop_assert_eq!(
            plan_of(&format!("/p?{query}"), &settings),
            plan_of(&format!("/p?{}", backwards.join("&")), &settings)
        );
    }

    #[test]
    fn nothing_makes_it_panic(path in ".{0,40}", query in prop_oneof![hostile(), ".{0,60}"]) {
        let settings = Settings::default();
        if let Ok(parsed) = Imgix.parse(Target { path: &path, query: Some(&query) }, &settings) {
            prop_assert!(parsed.warnings.len() <= 64);
            let written = Imgix.write("", &parsed.asset, &parsed.plan, &settings);
            let written = written.unwrap_or_else(|e| panic!("{path}?{query}: {e}"));
            let again = Imgix.parse(Target::new(&written), &settings).unwrap();
            prop_assert_eq!((again.asset, again.plan), (parsed.asset, parsed.plan), "{}", written);
            prop_assert_eq!(again.warnings.iter().map(ToString::to_string).collect::<Vec<_>>(), Vec::<String>::new());
        }
    }

    #[test]
    fn paths_survive(path in "[^\u{0}\\\\]{0,60}") {
        let asset = Asset::Path(path);
        if let Ok(written) = Imgix.write("", &asset, &Plan::original(), &Settings::default()) {
            let parsed = Imgix.parse(Target::new(&written), &Settings::default()).unwrap();
            prop_assert_eq!(warnings(&parsed), "");
            prop_assert_eq!(parsed.asset, asset);
        }
    }
}
