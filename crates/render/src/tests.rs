#![allow(clippy::unwrap_used, clippy::expect_used)]

use codec::{Encode, Frame, Kind, Pixels};
use plan::{
    Aspect, Background, Color, Dim, Enlarge, Fit, Fixed, FormatRule, Gravity, Horizontal, Limits, Orient, OutputRule,
    Pad, Region, Resize, Trim, TrimMode, Vertical,
};
use proptest::prelude::*;

use super::*;
use testkit::pictures::on_its_side;

mod again;
mod overlays;
mod planes;
mod reports;
mod shapes;
mod writing;

const CAP: u32 = 64;

/// The embedded ones, loaded once.
fn fonts() -> &'static Fonts {
    static FONTS: std::sync::OnceLock<Fonts> = std::sync::OnceLock::new();
    FONTS.get_or_init(Fonts::embedded)
}

fn dim() -> impl Strategy<Value = Option<Dim>> {
    prop_oneof![
        1 => Just(None),
        2 => (0u32..40).prop_map(|v| Some(Dim::Px(v))),
        1 => (0.0f64..3.0).prop_map(|v| Some(Dim::Ratio(Fixed::new(v)))),
        1 => any::<u32>().prop_map(|v| Some(Dim::Px(v))),
    ]
}

fn gravity() -> impl Strategy<Value = Gravity> {
    let some = || proptest::option::of(0u32..50);
    prop_oneof![
        Just(Gravity::CENTER),
        Just(Gravity::Anchor(Horizontal::Right, Vertical::Top)),
        (-0.5f64..1.5, -0.5f64..1.5).prop_map(|(x, y)| Gravity::Point(Fixed::new(x), Fixed::new(y))),
        (any::<u32>(), 0u32..30).prop_map(|(x, y)| Gravity::MasterPixel(x, y)),
        (some(), some()).prop_map(|(x, y)| Gravity::TopLeft(x, y)),
        (some(), some()).prop_map(|(x, y)| Gravity::Centered(x, y)),
        Just(Gravity::Attention),
        Just(Gravity::Entropy),
        Just(Gravity::Edges),
    ]
}

fn background() -> BoxedStrategy<Background> {
    prop_oneof![
        Just(Background::Auto),
        any::<u32>().prop_map(|v| {
            let [r, g, b, a] = v.to_be_bytes();
            Background::Color(Color { r, g, b, a })
        }),
        Just(Background::Blur(plan::BlurFill::PLAIN)),
        Just(Background::Edge),
        shapes::background(),
    ]
    .boxed()
}

fn aspect() -> impl Strategy<Value = Aspect> {
    prop_oneof![
        (0.0f64..9.0).prop_map(|v| Aspect::Exact(Fixed::new(v))),
        (0.0f64..9.0, 0.0f64..9.0).prop_map(|(a, b)| Aspect::Between(Fixed::new(a), Fixed::new(b))),
    ]
}

fn region() -> impl Strategy<Value = Region> {
    let corner = || proptest::option::of((0u32..40, 0u32..40));
    prop_oneof![
        (dim(), dim(), dim(), dim()).prop_map(|(x, y, width, height)| Region::Rect {
            x,
            y,
            width,
            height,
            align: (Horizontal::Center, Vertical::Bottom)
        }),
        (corner(), corner()).prop_map(|(top_left, bottom_right)| Region::Corners { top_left, bottom_right }),
        (dim(), dim(), gravity(), proptest::option::of(background()), any::<bool>())
            .prop_map(|(width, height, gravity, pad, cut)| Region::Window { width, height, gravity, pad, cut }),
        (aspect(), gravity()).prop_map(|(aspect, gravity)| Region::Aspect { aspect, gravity }),
    ]
}

fn resize() -> impl Strategy<Value = Resize> {
    let fit = prop_oneof![
        Just(Fit::Inside),
        Just(Fit::Outside),
        Just(Fit::Cover),
        Just(Fit::Contain),
        Just(Fit::CoverOrContain),
        Just(Fit::Stretch)
    ];
    let enlarge = prop_oneof![Just(Enlarge::Yes), Just(Enlarge::No), Just(Enlarge::NoClamp)];
    let limit = || proptest::option::weighted(0.2, 1u32..90);
    let limits = (limit(), limit(), limit(), limit()).prop_map(|(min_width, min_height, max_width, max_height)| {
        Limits { min_width, min_height, max_width, max_height }
    });
    let sizes = (dim(), dim(), proptest::option::of(aspect()), fit);
    (sizes, enlarge, gravity(), 0.5f64..4.0, background(), limits).prop_map(
        |((width, height, aspect, fit), enlarge, gravity, zoom, background, limits)| Resize {
            width,
            height,
            aspect,
            fit,
            enlarge,
            gravity,
            zoom: Fixed::new(zoom),
            background,
            limits,
        },
    )
}

fn stage() -> impl Strategy<Value = Stage> {
    let degrees = || prop_oneof![Just(90.0), Just(180.0), Just(-90.0), 0.0f64..360.0].prop_map(Fixed::new);
    let bar = || prop_oneof![4 => 0u32..20, 1 => any::<u32>()];
    let mode = prop_oneof![Just(TrimMode::Corner), Just(TrimMode::Color(Color::WHITE)), Just(TrimMode::Alpha)];
    prop_oneof![
        1 => prop_oneof![Just(Orient::Exif), (0u8..10).prop_map(Orient::Fixed)].prop_map(Stage::Orient),
        3 => region().prop_map(Stage::Extract),
        1 => (mode, 0.0f64..120.0, -3i32..4)
            .prop_map(|(mode, t, keep)| Stage::Trim(Trim { mode, tolerance: Fixed::new(t), keep })),
        5 => resize().prop_map(Stage::Resize),
        1 => any::<(bool, bool)>().prop_map(|(horizontal, vertical)| Stage::Flip { horizontal, vertical }),
        1 => (degrees(), background()).prop_map(|(degrees, background)| Stage::Rotate { degrees, background }),
        1 => degrees().prop_map(|degrees| Stage::Straighten { degrees }),
        1 => (bar(), bar(), bar(), bar(), background())
            .prop_map(|(top, right, bottom, left, background)| Stage::Pad(Pad { top, right, bottom, left, background })),
        1 => any::<u8>().prop_map(|a| Stage::Flatten(Background::Color(Color::BLACK.with_alpha(a)))),
        3 => shapes::stage(),
    ]
}

fn picture(w: u32, h: u32, alpha: bool, seed: u32, frames: usize) -> Picture {
    let channels = if alpha { Channels::Rgba } else { Channels::Rgb };
    let count = w as usize * h as usize * channels.count();
    let noise = |i: usize| (i as u32).wrapping_mul(2_654_435_761).wrapping_add(seed).to_be_bytes()[0];
    let pixels = Pixels { width: w, height: h, channels, data: (0..count).map(noise).collect() };
    Picture { frames: vec![Frame { pixels, delay_ms: 10 }; frames], loops: 0 }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: testkit::cases(3000), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_plan_ends_within_the_cap_at_the_foreseen_size(
        stages in proptest::collection::vec(stage(), 0..5),
        (w, h) in (1u32..70, 1u32..70),
        orientation in 0u8..9,
        alpha: bool,
        seed: u32,
        jpeg: bool,
        shrink: bool,
    ) {
        let format = if jpeg { Format::Jpeg } else { Format::Webp };
        let rule = OutputRule { format: FormatRule::Always(format), ..OutputRule::default() };
        let spec = rule.resolve(plan::AcceptClass::Avif);
        let (budget, cancel) = (Budget { output_side: CAP, ..Budget::default() }, Cancel::never());
        let plan = Plan { stages, output: rule };
        let job = Job { master: &[], pictures: &[], fonts: fonts(), plan: &plan, spec: &spec, budget: &budget, cancel: &cancel };
        let info = Info { kind: Kind::Png, width: w, height: h, orientation, may_have_alpha: alpha, frames: 2 };
        let stages = with_final_cap(&plan.stages, CAP);
        let actual = match foresee::at_least(&info, &stages, CAP) {
            Some((w, h)) if shrink => (w, h),
            _ => (w, h),
        };
        prop_assert!(actual.0 <= w && actual.1 <= h);
        let picture = picture(actual.0, actual.1, alpha, seed, 2);
        let loaded = Loaded::Picture(picture);
        let (out, chosen) = transform(loaded, &info, &stages, &job, CAP, &Pictures::new(&[])).unwrap();
        let Made::Picture(out) = out else { panic!("pixels stay pixels") };
        prop_assert_eq!(chosen, format);
        prop_assert_eq!(out.frames.len(), if jpeg { 1 } else { 2 });
        for frame in &out.frames {
            let p = &frame.pixels;
            prop_assert!(p.width >= 1 && p.height >= 1 && p.width <= CAP && p.height <= CAP);
            prop_assert_eq!((p.width, p.height, p.channels), (out.width(), out.height(), out.channels()));
            prop_assert_eq!(p.data.len(), p.width as usize * p.height as usize * p.channels.count());
        }
        prop_assert!(!jpeg || out.channels() == Channels::Rgb);
        if let Some(size) = final_size(&info, &plan.stages, CAP) {
            prop_assert_eq!((out.width(), out.height()), size);
        }
    }
}

fn transformed(alpha: Option<u8>, stages: Vec<Stage>, format: FormatRule) -> (Picture, Format) {
    let rule = OutputRule { format, ..OutputRule::default() };
    let spec = rule.resolve(plan::AcceptClass::Avif);
    let (budget, cancel) = (Budget::default(), Cancel::never());
    let plan = Plan { stages, output: rule };
    let job =
        Job { master: &[], pictures: &[], fonts: fonts(), plan: &plan, spec: &spec, budget: &budget, cancel: &cancel };
    let info = Info { kind: Kind::Heic, width: 4, height: 4, orientation: 1, may_have_alpha: true, frames: 1 };
    let mut picture = picture(4, 4, true, 7, 1);
    for pixel in picture.frames[0].pixels.data.chunks_exact_mut(4) {
        pixel[3] = alpha.unwrap_or(255);
    }
    let (made, format) =
        transform(Loaded::Picture(picture), &info, &plan.stages, &job, 8192, &Pictures::new(&[])).unwrap();
    let Made::Picture(picture) = made else { panic!("pixels stay pixels") };
    (picture, format)
}

#[test]
fn the_format_follows_real_transparency() {
    let glass = Color::BLACK.with_alpha(99);
    let pad = |background| Stage::Pad(Pad { top: 1, right: 0, bottom: 0, left: 0, background });
    for (alpha, stages, want, channels) in [
        (Some(9), vec![], Format::Png, Channels::Rgba),
        (None, vec![], Format::Jpeg, Channels::Rgb),
        (Some(9), vec![Stage::Flatten(Background::Color(Color::WHITE))], Format::Jpeg, Channels::Rgb),
        (None, vec![pad(Background::Color(glass))], Format::Png, Channels::Rgba),
        (None, vec![pad(Background::Auto)], Format::Jpeg, Channels::Rgb),
        (Some(9), vec![pad(Background::Auto)], Format::Png, Channels::Rgba),
    ] {
        let (out, format) = transformed(alpha, stages.clone(), FormatRule::Source);
        assert_eq!((format, out.channels()), (want, channels), "{alpha:?} {stages:?}");
    }
    let (out, format) = transformed(Some(0), vec![], FormatRule::Always(Format::Jpeg));
    assert_eq!((format, out.channels()), (Format::Jpeg, Channels::Rgb));
    assert!(out.frames[0].pixels.data.iter().all(|v| *v == 255), "transparent becomes white");
}

/// A file of a kind, with a picture of four flat quarters: red, green above blue, white.
fn quarters(format: Format, w: u32, h: u32) -> Vec<u8> {
    let color = |x: u32, y: u32| match (x < w / 2, y < h / 2) {
        (true, true) => [255, 0, 0],
        (false, true) => [0, 255, 0],
        (true, false) => [0, 0, 255],
        (false, false) => [255, 255, 255],
    };
    let data = (0..h).flat_map(|y| (0..w).map(move |x| (x, y))).flat_map(|(x, y)| color(x, y)).collect();
    let picture = Picture::still(Pixels { width: w, height: h, channels: Channels::Rgb, data });
    let how = Encode { format, quality: 92, lossless: true, progressive: false, palette: false, ..Encode::default() };
    codec::encode(&picture, &how, &Cancel::never()).unwrap()
}

fn rendered(master: &[u8], stages: Vec<Stage>, format: FormatRule, budget: &Budget) -> Result<Rendered, CodecError> {
    let rule = OutputRule { format, ..OutputRule::default() };
    let (spec, cancel) = (rule.resolve(plan::AcceptClass::Avif), Cancel::never());
    let plan = Plan { stages, output: rule };
    render(&Job { master, pictures: &[], fonts: fonts(), plan: &plan, spec: &spec, budget, cancel: &cancel })
}

fn near(pixels: &Pixels, x: u32, y: u32, want: [u8; 3]) {
    let at = (y * pixels.width + x) as usize * pixels.channels.count();
    let got = &pixels.data[at..at + 3];
    assert!(got.iter().zip(want).all(|(a, b)| a.abs_diff(b) < 24), "{x},{y}: {got:?}, not {want:?}");
}

#[test]
fn from_file_to_file() {
    let budget = Budget::default();
    let right = Gravity::Anchor(Horizontal::Right, Vertical::Center);
    let stages = vec![
        Stage::Orient(Orient::Exif),
        Stage::Resize(Resize { gravity: right, ..Resize::new(Some(Dim::Px(40)), Some(Dim::Px(60)), Fit::Cover) }),
        Stage::Flip { horizontal: false, vertical: true },
    ];
    for source in [Format::Jpeg, Format::Png, Format::Webp] {
        let master = quarters(source, 640, 480);
        for target in [Format::Jpeg, Format::Png, Format::Webp] {
            let out = rendered(&master, stages.clone(), FormatRule::Always(target), &budget).unwrap();
            assert_eq!((out.format, out.width, out.height, out.frames), (target, 40, 60, 1));
            let back = codec::decode(&out.bytes, &Decode::default(), &budget, &Cancel::never()).unwrap();
            assert_eq!(back.info.kind.output_format(), Some(target));
            let pixels = &back.picture.frames[0].pixels;
            assert_eq!((pixels.width, pixels.height), (40, 60));
            // The middle of the picture lies at the left edge: the window is the right half.
            near(pixels, 30, 50, [0, 255, 0]);
            near(pixels, 30, 10, [255, 255, 255]);
        }
        let out = rendered(&master, vec![], FormatRule::Source, &budget).unwrap();
        assert_eq!((out.format, out.width, out.height), (source, 640, 480));
    }
}

#[test]
fn what_cannot_be_rendered() {
    let budget = Budget::default();
    assert!(matches!(rendered(b"nonsense", vec![], FormatRule::Source, &budget), Err(CodecError::Unsupported(_))));
    let (plan, cancel) = (Plan::original(), Cancel::never());
    let spec = plan.output.resolve(plan::AcceptClass::Basic);
    let job =
        Job { master: &[], pictures: &[], fonts: fonts(), plan: &plan, spec: &spec, budget: &budget, cancel: &cancel };
    assert!(matches!(render(&job), Err(CodecError::Internal(_))));
    cancel.cancel();
    let spec = OutputRule::default().resolve(plan::AcceptClass::Basic);
    assert_eq!(render(&Job { spec: &spec, ..job }), Err(CodecError::Cancelled));
}

#[test]
fn a_frame_may_be_taken_and_a_still_is_its_only_one() {
    let budget = Budget::default();
    let frame = |v: u8| Frame {
        pixels: Pixels { width: 40, height: 20, channels: Channels::Rgb, data: [v, v, v].repeat(800) },
        delay_ms: 100,
    };
    let moving = Picture { frames: vec![frame(0), frame(120), frame(250)], loops: 0 };
    let how = Encode { format: Format::Gif, ..Encode::default() };
    let master = codec::encode(&moving, &how, &Cancel::never()).unwrap();
    let half = || Stage::Resize(Resize::new(Some(Dim::Px(20)), None, Fit::Inside));
    let png = || FormatRule::Always(Format::Png);
    for (page, want) in [(1, 120), (2, 250)] {
        let out = rendered(&master, vec![Stage::Page(page), half()], png(), &budget).unwrap();
        let back = codec::decode(&out.bytes, &Decode::default(), &budget, &Cancel::never()).unwrap();
        near(&back.picture.frames[0].pixels, 10, 5, [want; 3]);
    }
    let error = rendered(&master, vec![Stage::Page(3), half()], png(), &budget).unwrap_err();
    assert!(error.to_string().contains("frame 4: the picture has 3"), "{error}");
    // Shrunk while it loads or not: the same.
    let still = quarters(Format::Jpeg, 64, 48);
    for stages in [vec![half()], vec![Stage::Flip { horizontal: true, vertical: false }]] {
        let plain = rendered(&still, stages.clone(), png(), &budget).unwrap();
        let paged = [vec![Stage::Page(3)], stages].concat();
        assert_eq!(rendered(&still, paged, png(), &budget).unwrap().bytes, plain.bytes);
    }
}

#[test]
fn animations_are_kept_where_the_output_holds_them() {
    let budget = Budget::default();
    let frame = |v: u8| Frame {
        pixels: Pixels { width: 40, height: 20, channels: Channels::Rgb, data: [v, v, v].repeat(800) },
        delay_ms: 100,
    };
    let moving = Picture { frames: vec![frame(0), frame(120), frame(250)], loops: 0 };
    let how = Encode {
        format: Format::Gif,
        quality: 100,
        lossless: false,
        progressive: false,
        palette: false,
        ..Encode::default()
    };
    let master = codec::encode(&moving, &how, &Cancel::never()).unwrap();
    let half = || vec![Stage::Resize(Resize::new(Some(Dim::Px(20)), None, Fit::Inside))];
    let offer = FormatRule::Negotiate { offer: vec![Format::Avif, Format::Webp], fallback: None };
    for (rule, format, frames) in [
        (FormatRule::Source, Format::Gif, 3),
        (offer, Format::Webp, 3),
        (FormatRule::Always(Format::Png), Format::Png, 1),
    ] {
        let out = rendered(&master, half(), rule, &budget).unwrap();
        assert_eq!((out.format, out.frames, out.width, out.height), (format, frames, 20, 10));
        let all = Decode { all_frames: true, ..Decode::default() };
        let back = codec::decode(&out.bytes, &all, &budget, &Cancel::never()).unwrap();
        assert_eq!(back.picture.frames.len(), frames as usize);
        for (frame, want) in back.picture.frames.iter().zip([0u8, 120, 250]) {
            near(&frame.pixels, 10, 5, [want; 3]);
        }
    }
}

#[test]
fn a_photograph_on_its_side_comes_out_upright_and_shrunk() {
    let master = on_its_side(&quarters(Format::Jpeg, 640, 480));
    let stages =
        vec![Stage::Orient(Orient::Exif), Stage::Resize(Resize::new(Some(Dim::Px(60)), Some(Dim::Px(80)), Fit::Cover))];
    let out = rendered(&master, stages, FormatRule::Always(Format::Png), &Budget::default()).unwrap();
    assert_eq!((out.width, out.height), (60, 80));
    let back = codec::decode(&out.bytes, &Decode::default(), &Budget::default(), &Cancel::never()).unwrap();
    let pixels = &back.picture.frames[0].pixels;
    near(pixels, 10, 10, [0, 0, 255]);
    near(pixels, 50, 10, [255, 0, 0]);
    near(pixels, 10, 70, [255, 255, 255]);
    near(pixels, 50, 70, [0, 255, 0]);
}
