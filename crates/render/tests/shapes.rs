//! Shapes, frames, gradients, shadows, backgrounds and turns beside references that others drew: what they are and how far
//! off we are stands in `goldens/shapes/PROVENANCE.md`; `scripts/goldens/shapes.py` draws them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use std::fs;
use std::path::{Path, PathBuf};

use codec::{Budget, Cancel, Decode, Pixels};
use plan::{
    Background, Border, Color, Fixed, Format, FormatRule, Gradient, GradientShape, Mask, Mix, OutputRule, Pad, Plan,
    Radius, Shadow, Shape, Stage,
};
use render::{Job, render};

/// Loaded once: most of the time of a small picture otherwise.
fn fonts() -> &'static render::Fonts {
    static FONTS: std::sync::LazyLock<render::Fonts> = std::sync::LazyLock::new(render::Fonts::embedded);
    &FONTS
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/shapes")
}

fn px(values: [u32; 4]) -> [Radius; 4] {
    values.map(Radius::Px)
}

fn mask(shape: Shape, outside: Background) -> Stage {
    Stage::Mask(Mask { shape, outside })
}

fn linear(degrees: f64, stop: f64, from: Color, to: Color, mix: Mix) -> Gradient {
    let shape = GradientShape::Linear { degrees: Fixed::new(degrees), stop: Fixed::new(stop) };
    Gradient { shape, from, to, mix }
}

/// Name, input, what is done, and the bounds: mean and greatest distance.
type Case = (&'static str, &'static str, Stage, (f64, f64));

fn cases() -> Vec<Case> {
    let (cat, bowl) = ("in-cat", "in-bowl");
    let clear = Background::Auto;
    let glass = Background::Color(Color::rgb(20, 90, 200).with_alpha(128));
    let (start, end) = (Color::rgb(230, 30, 60), Color::rgb(20, 80, 220));
    let colors = |mix| Stage::Gradient(linear(37.0, 0.8, start, end, mix));
    let faint = linear(-20.0, 1.0, Color::BLACK.with_alpha(200), Color::rgb(255, 200, 0).with_alpha(30), Mix::Oklab);
    let radial = GradientShape::Radial {
        center: (Fixed::new(0.3), Fixed::new(0.6)),
        inner: Radius::Px(9),
        outer: Radius::Share(Fixed::new(0.9)),
    };
    let around = Border {
        widths: [10, 6, 3, 14],
        color: Color::rgb(180, 40, 60),
        inside: false,
        outer: px([30, 30, 0, 10]),
        inner: px([16, 16, 16, 0]),
        outside: clear,
    };
    let over = Border {
        widths: [5, 8, 9, 12],
        color: Color::rgb(0, 60, 30).with_alpha(150),
        inside: true,
        outer: [Radius::Share(Fixed::new(0.25)); 4],
        inner: px([12; 4]),
        outside: Background::Color(Color::rgb(255, 240, 200)),
    };
    let shadow = |x, y, sigma, color| {
        Stage::Shadow(Shadow { x: Fixed::new(x), y: Fixed::new(y), sigma: Fixed::new(sigma), color })
    };
    let pad = |background| Stage::Pad(Pad { top: 12, right: 20, bottom: 70, left: 110, background });
    let turn = |degrees| Stage::Rotate { degrees: Fixed::new(degrees), background: clear };
    vec![
        ("mask-ellipse", cat, mask(Shape::Ellipse, clear), (0.015, 4.5)),
        ("mask-circle", cat, mask(Shape::Circle, clear), (0.01, 3.5)),
        ("mask-corners", cat, mask(Shape::Corners(px([0, 12, 30, 16])), clear), (0.01, 3.5)),
        ("mask-corners-long", cat, mask(Shape::Corners(px([70, 50, 10, 30])), clear), (0.01, 3.5)),
        ("mask-triangle", cat, mask(Shape::Polygon(3), clear), (0.01, 1.5)),
        ("mask-seven", cat, mask(Shape::Polygon(7), clear), (0.02, 3.5)),
        ("mask-on-glass", bowl, mask(Shape::Ellipse, glass), (0.01, 2.5)),
        ("border-outside", cat, Stage::Border(around), (0.01, 1.5)),
        ("border-inside", bowl, Stage::Border(over), (0.01, 2.5)),
        ("gradient-srgb", cat, colors(Mix::Srgb), (0.01, 1.0)),
        ("gradient-linear", cat, colors(Mix::LinearLight), (0.01, 1.0)),
        ("gradient-oklab", cat, colors(Mix::Oklab), (0.01, 1.0)),
        ("gradient-hsl", cat, colors(Mix::Hsl), (0.01, 1.0)),
        ("gradient-lch", cat, colors(Mix::Lch), (0.01, 1.0)),
        ("gradient-over", cat, Stage::Gradient(faint), (0.12, 1.0)),
        (
            "gradient-radial",
            cat,
            Stage::Gradient(Gradient { shape: radial, from: start, to: end, mix: Mix::Lch }),
            (0.01, 1.0),
        ),
        ("shadow-small", bowl, shadow(0.05, 0.08, 2.5, Color::BLACK.with_alpha(200)), (0.02, 1.5)),
        ("shadow-large", bowl, shadow(-0.1, 0.1, 14.0, Color::rgb(60, 0, 90)), (0.02, 1.5)),
        ("pad-mirror", cat, pad(Background::Mirror), (0.0, 0.0)),
        ("pad-edge", bowl, pad(Background::Edge), (0.0, 0.0)),
        ("rotate-12", cat, turn(12.0), (0.01, 3.5)),
        ("rotate-45", bowl, turn(45.0), (0.01, 1.5)),
        ("rotate-250", cat, turn(250.0), (0.01, 4.5)),
        ("straighten-8", cat, Stage::Straighten { degrees: Fixed::new(8.0) }, (0.01, 1.5)),
    ]
}

fn rendered(master: &[u8], stage: Stage) -> Vec<u8> {
    let rule = OutputRule { format: FormatRule::Always(Format::Png), ..OutputRule::default() };
    let (spec, budget, cancel) = (rule.resolve(plan::AcceptClass::Basic), Budget::default(), Cancel::never());
    let plan = Plan { stages: vec![stage], output: rule };
    let job = Job { master, pictures: &[], fonts: fonts(), plan: &plan, spec: &spec, budget: &budget, cancel: &cancel };
    render(&job).unwrap().bytes
}

fn decoded(file: &[u8]) -> Pixels {
    let ask = Decode::default();
    let mut picture = codec::decode(file, &ask, &Budget::default(), &Cancel::never()).unwrap().picture;
    picture.frames.remove(0).pixels
}

/// Premultiplied: colours of what is hardly seen hardly count.
fn premultiplied(pixels: &Pixels) -> Vec<[f64; 4]> {
    let premultiply = |p: &[u8]| {
        let alpha = f64::from(p.get(3).copied().unwrap_or(255));
        [f64::from(p[0]) * alpha / 255.0, f64::from(p[1]) * alpha / 255.0, f64::from(p[2]) * alpha / 255.0, alpha]
    };
    pixels.data.chunks_exact(pixels.channels.count()).map(premultiply).collect()
}

#[test]
fn references_are_met() {
    let mut failed = Vec::new();
    for (name, input, stage, (mean_bound, most_bound)) in cases() {
        let file = |name: &str| fs::read(folder().join(name).with_extension("png")).unwrap();
        let made = rendered(&file(input), stage);
        if let Some(out) = std::env::var_os("AFTERIMAGE_GOLDENS_OUT") {
            fs::write(Path::new(&out).join(name).with_extension("png"), &made).unwrap();
        }
        let (made, want) = (decoded(&made), decoded(&file(name)));
        assert_eq!((made.width, made.height), (want.width, want.height), "{name}");
        let (mut sum, mut most) = (0.0, 0.0f64);
        for (a, b) in premultiplied(&made).iter().flatten().zip(premultiplied(&want).iter().flatten()) {
            sum += (a - b).abs();
            most = most.max((a - b).abs());
        }
        let mean = sum / f64::from(made.width * made.height * 4);
        println!("| {name} | {mean:.4} | {most:.2} |");
        if mean > mean_bound || most > most_bound {
            failed.push(format!("{name}: mean {mean:.4}, greatest {most:.2}"));
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}
