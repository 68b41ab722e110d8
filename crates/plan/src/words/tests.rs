#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use super::*;
use crate::{
    Adjust, Asset, Blend, BlurFill, Comparison, Condition, Expr, Format, FormatRule, GradientShape, Length, Limits,
    Location, MasterRef, Metadata, Mix, Number, OutputRule, Overlay, Picture, Quality, Report, Shadow, Shift, Test,
    Text, Tile, Variable,
};

fn px(px: u32) -> Option<Dim> {
    Some(Dim::Px(px))
}

fn half() -> Option<Dim> {
    Some(Dim::Ratio(fixed(0.5)))
}

fn fixed(value: f64) -> Fixed {
    Fixed::new(value)
}

fn resized(change: impl FnOnce(&mut Resize)) -> Stage {
    let mut resize = Resize::new(px(300), px(200), Fit::Inside);
    change(&mut resize);
    Stage::Resize(resize)
}

fn overlaid(picture: Picture, change: impl FnOnce(&mut Overlay)) -> Stage {
    let mut overlay = Overlay::new(picture);
    change(&mut overlay);
    Stage::Overlay(Box::new(overlay))
}

fn logo() -> Picture {
    Picture::Named { source: None, asset: Asset::Path("logo.png".into()) }
}

fn kind(stage: &Stage) -> &'static str {
    match stage {
        Stage::Page(_) => "page",
        Stage::Frames(_) => "frames",
        Stage::Typeset(_) => "typeset",
        Stage::Orient(_) => "orient",
        Stage::Extract(_) => "extract",
        Stage::Trim(_) => "trim",
        Stage::Resize(_) => "resize",
        Stage::Flip { .. } => "flip",
        Stage::Rotate { .. } => "rotate",
        Stage::Straighten { .. } => "straighten",
        Stage::Pad(_) => "pad",
        Stage::Flatten(_) => "flatten",
        Stage::Adjust(_) => "adjust",
        Stage::Filter(_) => "filter",
        Stage::Mask(_) => "mask",
        Stage::Border(_) => "border",
        Stage::Gradient(_) => "gradient",
        Stage::Shadow(_) => "shadow",
        Stage::Overlay(_) => "overlay",
        Stage::Mark => "mark",
        Stage::Measured(_) => "measured",
        Stage::Choose(_) => "choose",
    }
}

const KINDS: usize = 22;

fn red() -> Color {
    Color::rgb(255, 0, 0)
}

fn geometry() -> Vec<(Stage, &'static str)> {
    let anchor = Gravity::Anchor;
    let align = (Horizontal::Right, Vertical::Center);
    let rect = |x, y, width, height| Stage::Extract(Region::Rect { x, y, width, height, align });
    let window = |gravity, pad, cut| Stage::Extract(Region::Window { width: px(9), height: half(), gravity, pad, cut });
    let trim = |mode, keep| Stage::Trim(Trim { mode, tolerance: fixed(7.5), keep });
    vec![
        (Stage::Page(2), "page or frame 3 taken"),
        (Stage::Orient(Orient::Exif), "turned upright as its Exif data says"),
        (Stage::Orient(Orient::Fixed(6)), "turned clockwise by 90°, whatever its Exif data says"),
        (
            rect(px(1), None, px(10), px(20)),
            "cut to a rectangle of 10 × 20 pixels, 1 pixel from the left, at the middle",
        ),
        (rect(None, None, half(), None), "cut to a rectangle of 50% of the width, at the right"),
        (
            rect(px(5), half(), None, None),
            "cut to what lies to the right and below, 5 pixels from the left and 50% from the top",
        ),
        (
            Stage::Extract(Region::Corners { top_left: Some((1, 2)), bottom_right: None }),
            "cut to what lies between (1, 2) and its bottom right corner",
        ),
        (
            window(anchor(Horizontal::Left, Vertical::Top), None, true),
            "cut to 9 pixels wide and 50% of the height without scaling, keeping the top left",
        ),
        (
            window(Gravity::CENTER, Some(Background::Edge), false),
            "brought to 9 pixels wide and 50% of the height without scaling or cutting, what is missing filled with its edge repeated",
        ),
        (
            Stage::Extract(Region::Aspect { aspect: Aspect::Exact(fixed(1.5)), gravity: Gravity::Entropy }),
            "cut to a ratio of 1.5 to 1, as large as it can be, keeping what has most detail",
        ),
        (trim(TrimMode::Corner, 0), "a border like its top left corner cut off (with a tolerance of 7.5%)"),
        (trim(TrimMode::Alpha, 3), "a transparent border cut off, but for 3 pixels"),
        (resized(|_| {}), "scaled to fit 300 × 200 pixels"),
        (resized(|r| r.enlarge = Enlarge::No), "shrunk to fit 300 × 200 pixels"),
        (resized(|r| r.height = None), "scaled to be 300 pixels wide"),
        (resized(|r| (r.width, r.height) = (None, half())), "scaled to be 50% of the height"),
        (resized(|r| (r.width, r.enlarge) = (None, Enlarge::No)), "shrunk to be at most 200 pixels high"),
        (resized(|r| r.fit = Fit::Outside), "scaled to cover 300 × 200 pixels, nothing cut"),
        (resized(|r| r.fit = Fit::Stretch), "stretched to 300 × 200 pixels"),
        (
            resized(|r| (r.fit, r.gravity, r.zoom) = (Fit::Cover, Gravity::Point(fixed(0.25), fixed(1.0)), fixed(2.0))),
            "scaled and cropped to 300 × 200 pixels, around 25% of the width and 100% of the height, zoomed 2 times",
        ),
        (
            resized(|r| (r.fit, r.enlarge) = (Fit::Cover, Enlarge::No)),
            "shrunk and cropped to 300 × 200 pixels, never enlarged",
        ),
        (
            resized(|r| (r.fit, r.background) = (Fit::Contain, Background::Color(Color::WHITE))),
            "scaled to fit 300 × 200 pixels and padded to that, on white",
        ),
        (
            resized(|r| (r.fit, r.background) = (Fit::CoverOrContain, Background::Dominant)),
            "cropped to 300 × 200 pixels, or padded to that where it is smaller, on its main colour",
        ),
        (
            resized(|r| (r.height, r.aspect, r.fit) = (None, Some(Aspect::Exact(fixed(1.0))), Fit::Cover)),
            "scaled and cropped to 300 pixels wide and a ratio of 1 to 1",
        ),
        (
            resized(|r| (r.height, r.limits) = (None, Limits { max_height: Some(90), ..Limits::default() })),
            "scaled to be 300 pixels wide, at most 90 pixels high",
        ),
        (Stage::Flip { horizontal: true, vertical: false }, "mirrored left to right"),
        (Stage::Flip { horizontal: false, vertical: true }, "mirrored top to bottom"),
        (Stage::Rotate { degrees: fixed(90.0), background: Background::Auto }, "turned clockwise by 90°"),
        (
            Stage::Rotate { degrees: fixed(12.5), background: Background::Auto },
            "turned clockwise by 12.5°, the corners filled with nothing (white where the format has no transparency)",
        ),
        (Stage::Straighten { degrees: fixed(3.0) }, "turned clockwise by 3° and zoomed so that no corner shows"),
        (
            Stage::Pad(Pad { top: 5, right: 5, bottom: 5, left: 5, background: Background::Blur(BlurFill::PLAIN) }),
            "padded by 5 pixels on every side with the picture itself, blurred",
        ),
        (
            Stage::Pad(Pad { top: 1, right: 0, bottom: 0, left: 2, background: Background::Color(red()) }),
            "padded by 1 pixel above and 2 pixels to the left with red",
        ),
    ]
}

fn looks() -> Vec<(Stage, &'static str)> {
    let adjust = Stage::Adjust;
    let filter = Stage::Filter;
    let unsharp = |amount| Unsharp { sigma: fixed(1.5), amount: fixed(amount), threshold: Fixed::ZERO };
    let ramp = Gradient {
        shape: GradientShape::Linear { degrees: Fixed::ZERO, stop: Fixed::ONE },
        from: Color::rgb(0, 0x12, 0xff),
        to: Color::TRANSPARENT,
        mix: Mix::Srgb,
    };
    let round = Radius::Px(8);
    vec![
        (Stage::Flatten(Background::Color(Color::rgb(128, 128, 128))), "laid on grey"),
        (adjust(Adjust::Brightness(fixed(-0.125))), "made darker by 12.5%"),
        (adjust(Adjust::Contrast(fixed(1.2))), "contrast multiplied by 1.2"),
        (adjust(Adjust::Exposure(fixed(1.5))), "exposed 1.5 stops longer"),
        (adjust(Adjust::Gamma(fixed(0.8))), "gamma of 0.8 applied"),
        (adjust(Adjust::Highlights(fixed(0.1))), "bright parts made brighter by 10%"),
        (adjust(Adjust::Shadows(fixed(-0.1))), "dark parts made darker by 10%"),
        (adjust(Adjust::Hue(fixed(45.0))), "hues turned by 45°"),
        (adjust(Adjust::Saturation(Fixed::ZERO)), "made grey"),
        (adjust(Adjust::Saturation(fixed(2.0))), "saturation multiplied by 2"),
        (adjust(Adjust::Vibrance(fixed(0.2))), "pale colours made stronger by 20%"),
        (adjust(Adjust::Invert), "colours inverted"),
        (adjust(Adjust::Grayscale), "made grey"),
        (adjust(Adjust::Sepia(fixed(0.6))), "toned in sepia by 60%"),
        (adjust(Adjust::Monochrome(red())), "shown in shades of red"),
        (
            adjust(Adjust::Duotone { dark: Color::BLACK, light: red(), strength: Fixed::ONE }),
            "shown in shades from black to red",
        ),
        (adjust(Adjust::Colorize(red().with_alpha(51))), "tinted with red (20% opaque)"),
        (adjust(Adjust::Linear { factor: fixed(1.1), offset: fixed(-0.05) }), "values multiplied by 1.1, minus 5%"),
        (adjust(Adjust::Threshold(128)), "made black and white, white from 128 of 255"),
        (adjust(Adjust::Opacity(fixed(0.3))), "made 30% opaque"),
        (adjust(Adjust::Stretch), "contrast stretched to the full range"),
        (adjust(Adjust::Enhance), "light and colours enhanced automatically"),
        (
            adjust(Adjust::Replace { to: red(), tolerance: fixed(10.0), from: None }),
            "its main colour replaced by red (with a tolerance of 10%)",
        ),
        (filter(Filter::Blur(fixed(2.5))), "blurred, with a sigma of 2.5 pixels"),
        (filter(Filter::Pixelate(8)), "made of squares of 8 pixels"),
        (filter(Filter::Sharpen(unsharp(0.5))), "sharpened by 50% within 1.5 pixels"),
        (filter(Filter::Unsharp(unsharp(-0.5))), "softened by 50% within 1.5 pixels"),
        (filter(Filter::Denoise { strength: fixed(0.2), sharpen: Fixed::ZERO }), "noise smoothed by 20%"),
        (filter(Filter::Halftone(6)), "printed in black dots 6 pixels apart"),
        (
            Stage::Mask(Mask { shape: Shape::Circle, outside: Background::Color(Color::WHITE) }),
            "cut to a circle, on white",
        ),
        (
            Stage::Mask(Mask { shape: Shape::Corners([round; 4]), outside: Background::Color(Color::WHITE) }),
            "corners rounded by 8 pixels, on white",
        ),
        (
            Stage::Border(Border {
                widths: [4; 4],
                color: Color::BLACK,
                inside: true,
                outer: [round, Radius::NONE, Radius::NONE, Radius::Share(fixed(0.5))],
                inner: [Radius::NONE; 4],
                outside: Background::Auto,
            }),
            "framed by 4 pixels in black over its edge, outer corners rounded by 8 pixels, 0 pixels, 0 pixels and 50% of the shorter side, clockwise from the top left",
        ),
        (Stage::Gradient(ramp), "a gradient from #0012ff to nothing laid over it"),
        (
            Stage::Shadow(Shadow { x: Fixed::ZERO, y: Fixed::ZERO, sigma: fixed(3.0), color: Color::BLACK }),
            "given a soft shadow in black",
        ),
    ]
}

fn composed() -> Vec<(Stage, &'static str)> {
    let masters = Picture::Masters(vec![MasterRef::plain(Location::new("//shop.example/").master("logo.png"))]);
    let half_width = Expr::variable(Variable::InitialWidth).then(crate::Operator::Mul, &Expr::number(0.5).unwrap());
    let wide =
        Test { variable: Variable::InitialWidth, comparison: Comparison::Greater, number: Number::new(500.0).unwrap() };
    vec![
        (
            overlaid(logo(), |o| {
                (o.width, o.anchor) = (half(), (Horizontal::Right, Vertical::Bottom));
                (o.offset, o.opacity) = ((Shift::Px(-1), Shift::Ratio(fixed(0.1))), fixed(0.5));
                (o.blend, o.optional, o.only_on) = (Blend::Multiply, true, (100, 0));
                o.stages = vec![Stage::Flip { horizontal: true, vertical: false }];
            }),
            "logo.png laid over it, 50% of the width, at the bottom right, moved by -1 pixel and 10%, blended by multiply, 50% opaque, only where it has at least 100 × 0 pixels, if it can be had (that one was mirrored left to right)",
        ),
        (
            overlaid(masters, |o| o.tile = Some(Tile { across: 0, down: 0 })),
            "//shop.example/logo.png laid over it, repeated all over",
        ),
        (
            overlaid(Picture::Text(Box::new(Text::new("Hello\nworld", fixed(24.0)))), |_| {}),
            "the text “Hello world” in black, 24 pixels high, laid over it, at the middle",
        ),
        (
            overlaid(Picture::Solid(red()), |o| o.blend = Blend::Cutout),
            "cut out where a field of red is, at the middle",
        ),
        (Stage::Frames(Frames { first: 2, reverse: true, ..Frames::ALL }), "frames from 3 on kept, the last one first"),
        (
            Stage::Frames(Frames {
                first: 1,
                last: Some(9),
                every: 2,
                without: 3,
                rate: Some(fixed(12.5)),
                plays: Some(0),
                ..Frames::ALL
            }),
            "frames 2 to 10 kept, of these one in 2, one in 3 dropped, 12.5 a second, played without end",
        ),
        (Stage::Frames(Frames { plays: Some(1), ..Frames::ALL }), "all frames kept, played once"),
        (
            Stage::Typeset(Box::new(Text::new("Sold", fixed(24.0)))),
            "the text “Sold” in black, 24 pixels high, set as a picture of its own",
        ),
        (
            Stage::Trim(Trim { mode: TrimMode::Alpha, tolerance: fixed(0.0), keep: -3 }),
            "a transparent border cut off, and 3 pixels more",
        ),
        (Stage::Mark, "its size noted for what follows"),
        (
            Stage::Measured(Measured {
                stage: Box::new(resized(|r| (r.width, r.height) = (None, None))),
                lengths: vec![(Length::Width, half_width.unwrap())],
            }),
            "scaled, with width = iw*0.5",
        ),
        (
            Stage::Choose(Box::new(Choose {
                condition: Condition::new(vec![vec![wide]]).unwrap(),
                yes: vec![resized(|r| r.height = None), Stage::Adjust(Adjust::Grayscale)],
                no: Vec::new(),
            })),
            "where iw>500: scaled to be 300 pixels wide; made grey; elsewhere: left as it is",
        ),
    ]
}

#[test]
fn each_stage_is_a_phrase() {
    let mut kinds = BTreeSet::new();
    for (stage, words) in geometry().into_iter().chain(looks()).chain(composed()) {
        kinds.insert(kind(&stage));
        assert_eq!(phrase(&stage), words);
        let plan = Plan { stages: vec![stage], output: OutputRule::default() };
        assert_eq!(plan.words(), [words]);
    }
    assert_eq!(kinds.len(), KINDS, "every kind of stage: {kinds:?}");
    assert!(Plan::original().words().is_empty());
}

#[test]
fn outputs_in_words() {
    let negotiated = FormatRule::Negotiate { offer: vec![Format::Avif, Format::Webp], fallback: Some(Format::Jpeg) };
    let rule = |change: fn(&mut OutputRule)| {
        let mut rule = OutputRule::default();
        change(&mut rule);
        Plan { stages: Vec::new(), output: rule }.output_words()
    };
    let negotiated = OutputRule { format: negotiated, quality: Quality::all(75), ..OutputRule::default() };
    assert_eq!(
        Plan { stages: Vec::new(), output: negotiated }.output_words(),
        "as AVIF or WebP where the browser takes it, else as JPEG, at quality 75"
    );
    // What is made of no original is PNG, unless something else is asked for.
    let offer = vec![Format::Avif];
    for (format, words) in [
        (FormatRule::Source, "as PNG, at quality 80"),
        (
            FormatRule::Negotiate { offer, fallback: None },
            "as AVIF where the browser takes it, else as PNG, at quality 80",
        ),
        (FormatRule::Always(Format::Jpeg), "as JPEG, at quality 80"),
    ] {
        let output = OutputRule { format, ..OutputRule::default() };
        let plan = Plan { stages: vec![Stage::Typeset(Box::new(Text::new("Sold", fixed(24.0))))], output };
        assert_eq!(plan.output_words(), words);
    }
    assert_eq!(rule(|r| r.original = true), "the original's bytes, unchanged");
    assert_eq!(rule(|_| {}), "in the original's format, at quality 80");
    assert_eq!(
        rule(|r| {
            (r.format, r.quality) = (FormatRule::Always(Format::Png), Quality { jpeg: 1, webp: 2, avif: 3 });
            (r.palette, r.colors, r.animation, r.metadata) = (true, 16, false, Metadata::Keep);
            (r.max_bytes, r.likeness, r.density) = (Some(1000), Some(70), 300);
        }),
        "as PNG, at quality 1 for JPEG, 2 for WebP and 3 for AVIF, the first frame alone, PNG with a palette, with its metadata, at most 16 colours in a palette, as small as a likeness of 70 allows, at most 1000 bytes, marked as 300 pixels per inch"
    );
    assert_eq!(rule(|r| r.report = Some(Report::ThumbHash)), "its ThumbHash, in place of a picture");
}
