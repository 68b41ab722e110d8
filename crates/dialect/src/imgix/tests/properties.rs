use plan::{Asset, Color, Dim, Fixed, Horizontal, Plan, Radius, Shift, TextCut, Vertical};
use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::select;

use super::table::EXAMPLES;
use super::warnings;
use crate::imgix::said::{
    AnimationSaid, BlendOf, BlendSaid, BorderSaid, Effects, Font, FrameWord, GradientSaid, MarkSaid, MaskWord, Place,
    Rect, Said, TxtSaid,
};
use crate::imgix::table::TABLE;
use crate::imgix::words::{self, Words};
use crate::imgix::{Imgix, query, spell_query};
use crate::{Dialect, Settings, Target};

/// Boxed, since the value trees of so many parameters side by side are larger than a thread's stack.
fn some<S: Strategy + 'static>(of: S) -> BoxedStrategy<Option<S::Value>>
where
    S::Value: Clone,
{
    weighted(0.3, of).boxed()
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
        fit in weighted(0.7, word(words::FIT)),
        crop in vec(word(words::CROP), 0..3),
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

fn whole(high: u32) -> impl Strategy<Value = u32> {
    prop_oneof![0..=high, 0..=high.min(20)]
}

fn shift() -> impl Strategy<Value = Shift> {
    prop_oneof![
        (-9i32..9).prop_map(Shift::Px),
        (-8192i32..=8192).prop_map(Shift::Px),
        (1i32..9999, any::<bool>())
            .prop_map(|(v, minus)| { Shift::Ratio(Fixed::new(f64::from(if minus { -v } else { v }) / 10_000.0)) }),
    ]
}

fn two_colors() -> impl Strategy<Value = (Color, Color)> {
    (color(), color())
}

fn radius() -> impl Strategy<Value = Radius> {
    prop_oneof![(1u32..900).prop_map(Radius::Px), fixed(0.0, 1.0).prop_map(Radius::Share)]
}

fn radii() -> impl Strategy<Value = [u32; 4]> {
    prop_oneof![
        (0u32..50).prop_map(|all| [all; 4]),
        [0u32..9, 0u32..9, 0u32..9, 0u32..8193].prop_map(|radii| radii.map(|r| r.min(8192)))
    ]
}

/// Mostly nothing, so that other things are not always beside it.
fn seldom<S: Strategy + 'static>(of: S) -> BoxedStrategy<S::Value>
where
    S::Value: Default + Clone,
{
    weighted(0.4, of).prop_map(Option::unwrap_or_default).boxed()
}

/// Pictures, some of which are set from a text.
fn picture() -> BoxedStrategy<Asset> {
    let typeset = (some(length()), some(length()), some(fixed(0.1, 5.0)), some(color()), txt());
    let typeset = typeset.prop_map(|(w, h, dpr, bg, txt)| {
        let said = Said { w, h, dpr, bg, txt, ..Said::default() };
        Asset::Path(format!("~text?{}", spell_query(&said)))
    });
    prop_oneof![3 => asset(), 1 => typeset].boxed()
}

prop_compose! {
    fn place()(
        align in vec(word(words::ALIGN), 0..3),
        pad in some(whole(8192)),
        (x, y) in (some(shift()), some(shift())),
    ) -> Place {
        Place { align, pad, x, y }
    }
}

prop_compose! {
    fn mark()(
        of in weighted(0.8, picture()),
        base in weighted(0.1, asset()),
        place in place(),
        (w, h) in (some(length()), some(length())),
        fit in some(word(words::MARK_FIT)),
        (scale, alpha) in (some(fixed(0.0, 100.0)), some(fixed(0.0, 100.0))),
        (rot, tile) in (some(fixed(0.0, 359.9999)), some(Just(()))),
        (if_min_width, if_min_height) in (some(whole(65535)), some(whole(65535))),
    ) -> MarkSaid {
        MarkSaid { of, base, place, w, h, fit, scale, alpha, rot, tile, if_min_width, if_min_height }
    }
}

prop_compose! {
    fn blend()(
        of in weighted(0.8, prop_oneof![color().prop_map(BlendOf::Color), picture().prop_map(BlendOf::Picture)]),
        color in some(color()),
        mode in some(word(words::BLEND_MODE)),
        alpha in some(fixed(0.0, 100.0)),
        size in some(Just(())),
        (w, h) in (some(length()), some(length())),
        fit in some(word(words::BLEND_FIT)),
        crop in vec(word(words::BLEND_CROP), 0..3),
        place in place(),
    ) -> BlendSaid {
        BlendSaid { of, color, mode, alpha, size, w, h, fit, crop, place }
    }
}

prop_compose! {
    fn font()(families in vec("[A-Z][a-z]{1,5}( [a-z]{1,3})?", 0..3), (bold, italic) in any::<(bool, bool)>()) -> Font {
        Font { families, bold, italic }
    }
}

prop_compose! {
    fn txt()(
        of in weighted(0.8, "[^\\p{Cc}]{0,8}[a-zé語🙂&+=%,]"),
        (size, color) in (some(fixed(1.0, 2000.0)), some(color())),
        font in some(font()),
        place in place(),
        (width, height) in (some(length()), some(length())),
        fit in some(word(words::TXT_FIT)),
        clip in some((select(vec![TextCut::Start, TextCut::Middle, TextCut::End]), any::<bool>())),
        (line, line_color, shad) in (some(fixed(0.0, 100.0)), some(self::color()), some(fixed(0.0, 10.0))),
        ligatures in some(word(words::LIGATURES)),
        (lead, track) in (some(fixed(0.0, 2000.0)), some(fixed(-4.0, 100.0))),
    ) -> TxtSaid {
        TxtSaid { of, size, color, font, place, width, height, fit, clip, line, line_color, shad, ligatures, lead, track }
    }
}

prop_compose! {
    fn effects()(
        [bri, con, exp, gam] in [(); 4].map(|()| some(fixed(-100.0, 100.0))),
        sat in some(prop_oneof![Just(Fixed::new(-100.0)), fixed(-100.0, 100.0)]),
        (high, shad, hue, invert) in
            (some(fixed(-100.0, 0.0)), some(fixed(0.0, 100.0)), some(fixed(0.0, 360.0)), some(any::<bool>())),
        (sharp, usm, usmrad) in (some(fixed(0.0, 100.0)), some(fixed(-100.0, 100.0)), some(fixed(0.0, 250.0))),
        (vib, nr, nrs) in (some(fixed(-100.0, 100.0)), some(fixed(-100.0, 100.0)), some(fixed(-100.0, 100.0))),
        (monochrome, duotone, duotone_alpha) in (some(color()), some(two_colors()), some(fixed(0.0, 100.0))),
        (sepia, htn, blur, px) in
            (some(fixed(0.0, 100.0)), some(whole(100)), some(fixed(0.0, 2000.0)), some(whole(100))),
    ) -> Effects {
        Effects {
            bri, con, exp, gam, high, hue, invert, sat, shad, sharp, usm, usmrad, vib, nr, nrs, monochrome, duotone,
            duotone_alpha, sepia, htn, blur, px,
        }
    }
}

prop_compose! {
    fn gradient()(
        (kind, mix, direction) in (some(word(words::GRADIENT)), some(word(words::MIX)), some(word(words::DIRECTION))),
        (linear, radial) in (weighted(0.6, two_colors()), weighted(0.6, two_colors())),
        radius in some((radius(), radius())),
        (x, y) in (some(fixed(0.0, 1.0)), some(fixed(0.0, 1.0))),
    ) -> GradientSaid {
        GradientSaid { kind, mix, linear, direction, radial, radius, x, y }
    }
}

prop_compose! {
    fn border()(
        of in weighted(0.8, (whole(8192), color())),
        [top, right, bottom, left] in [some(whole(8192)), some(whole(8192)), some(whole(8192)), some(whole(8192))],
        (radius, radius_inner) in (some(radii()), some(radii())),
        (stroke_size, stroke_color) in (some(whole(8192)), some(color())),
    ) -> BorderSaid {
        BorderSaid { of, top, right, bottom, left, radius, radius_inner, stroke_size, stroke_color }
    }
}

prop_compose! {
    /// What is laid around and over the picture.
    fn around()(
        (fill, fill_color, gradient, bg) in
            (some(word(words::FILL)), some(color()), seldom(gradient()), some(color())),
        (transparency, grid_colors, grid_size) in (some(Just(())), some(two_colors()), some(1u32..=1000)),
        mask in some(prop_oneof![
            Just(MaskWord::Ellipse),
            Just(MaskWord::Corners),
            (3u8..=32).prop_map(MaskWord::Polygon),
            asset().prop_map(MaskWord::Picture)
        ]),
        corner_radius in some(radii()),
        mask_bg in some(color()),
        (border, blend, txt, mark) in (seldom(border()), seldom(blend()), seldom(txt()), seldom(mark())),
    ) -> Said {
        Said {
            fill, fill_color, gradient, bg, transparency, grid_colors, grid_size, mask, corner_radius, mask_bg, border,
            blend, txt, mark, ..Said::default()
        }
    }
}

prop_compose! {
    fn output()(
        (fm, q) in (some(word(words::FM)), some(0u8..=100)),
        (auto_format, auto_compress, auto_enhance) in any::<(bool, bool, bool)>(),
        (lossless, jpg_progressive) in (some(any::<bool>()), some(any::<bool>())),
        (chromasub, colorquant, dpi) in (some(word(words::CHROMA)), some(2u32..=256), some(whole(65535))),
        (cs, iptc, svg_sanitize) in (some(word(words::CS)), some(word(words::IPTC)), some(Just(true))),
        palette in weighted(0.1, word(words::PALETTE)),
        (colors, prefix) in (some(0u32..=16), some("[a-z_][a-z0-9-]{0,8}")),
        (dl, bypass, expires) in (some(".{0,12}"), some(any::<bool>()), some(0u64..4_000_000_000)),
    ) -> Said {
        Said {
            fm, q, auto_format, auto_compress, auto_enhance, lossless, jpg_progressive, chromasub, colorquant, dpi, cs,
            iptc, svg_sanitize, palette, colors, prefix, dl, bypass, expires, ..Said::default()
        }
    }
}

fn frames() -> impl Strategy<Value = FrameWord> {
    let range = (1u32..99, weighted(0.5, 0u32..99));
    prop_oneof![
        (1u32..99).prop_map(FrameWord::One),
        range.prop_map(|(first, more)| FrameWord::Range(first, more.map(|more| first + more))),
    ]
}

prop_compose! {
    fn animation()(
        plays in weighted(0.1, 0u32..=65_535),
        fps in weighted(0.1, fixed(1.0, 60.0)),
        interval in weighted(0.1, 1u32..9),
        skip in weighted(0.1, 1u32..9),
        reverse in weighted(0.1, any::<bool>()),
    ) -> AnimationSaid {
        AnimationSaid { plays, fps, interval, skip, reverse }
    }
}

prop_compose! {
    fn everything()(
        said in geometry().boxed(),
        around in around().boxed(),
        out in output().boxed(),
        effects in seldom(effects()),
        (page, frame, animation) in (weighted(0.1, 1u32..99), weighted(0.1, frames()), animation()),
        (trim, trim_color) in (some(word(words::TRIM)), some(any::<[u8; 3]>())),
        (trim_tol, trim_pad, trim_alpha) in (some(fixed(0.0, 255.0)), some(-200i32..=200), some(0u32..=255)),
        (trim_md, trim_sd) in (some(0u32..=255), some(0u32..=255)),
        (orient, flip) in (some(0u8..=8), some(word(words::FLIP))),
        (rot, rot_type) in (some(fixed(0.0, 359.9999)), some(word(words::ROT_TYPE))),
        pads in [some(0u32..300), some(0u32..300), some(0u32..300), some(0u32..300), some(0u32..9000)],
    ) -> Said {
        let [pad_top, pad_right, pad_bottom, pad_left, pad] = pads;
        Said {
            page, frame, animation, w: said.w, h: said.h, fit: said.fit, crop: said.crop, ar: said.ar, dpr: said.dpr,
            rect: said.rect, fp_x: said.fp_x, fp_y: said.fp_y, fp_z: said.fp_z,
            min_w: said.min_w, min_h: said.min_h, max_w: said.max_w, max_h: said.max_h,
            fill: around.fill, fill_color: around.fill_color, gradient: around.gradient, bg: around.bg,
            transparency: around.transparency, grid_colors: around.grid_colors, grid_size: around.grid_size,
            trim, trim_color: trim_color.map(|[r, g, b]| Color::rgb(r, g, b)),
            trim_tol, trim_pad, trim_alpha, trim_md, trim_sd, orient, flip, rot, rot_type,
            pad: pad.map(|p| p.min(8192)), pad_top, pad_right, pad_bottom, pad_left, effects,
            mask: around.mask, corner_radius: around.corner_radius, mask_bg: around.mask_bg, border: around.border,
            blend: around.blend, txt: around.txt, mark: around.mark,
            ..out
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
    let name = prop_oneof![2 => select(names).prop_map(str::to_owned), 1 => ".{0,4}"];
    let pair = (name, prop_oneof![Just(""), Just("64")], value).prop_map(|(n, b, v)| format!("{n}{b}={v}"));
    vec(pair, 0..12).prop_map(|pairs| pairs.join("&"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: testkit::cases(1000), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_said_survives_the_query(said in everything()) {
        let read = query::read_alone(&spell_query(&said)).unwrap();
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
