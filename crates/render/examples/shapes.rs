//! Renders every shape, frame, gradient, shadow, background and turn of a picture, and says how long each took, decoding
//! and encoding left out: `shapes FILE FOLDER [WIDTH]`. The pictures are for looking at.

#![allow(clippy::print_stdout)]

use std::error::Error;
use std::path::Path;

use plan::{
    AcceptClass, Background, BlurFill, Border, Color, Dim, Fit, Fixed, Format, FormatRule, Gradient, GradientShape,
    Mask, Mix, Orient, OutputRule, Pad, Plan, Radius, Resize, Shadow, Shape, Stage, Trim, TrimMode,
};
use render::{Job, render};

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().collect();
    let [_, file, folder, width @ ..] = args.as_slice() else { return Err("usage: shapes FILE FOLDER [WIDTH]".into()) };
    let master = std::fs::read(file)?;
    let width = width.first().map_or(Ok(300), |width| width.parse())?;
    for (name, stage) in stages() {
        let resize = Stage::Resize(Resize::new(Some(Dim::Px(width)), None, Fit::Inside));
        let output = OutputRule { format: FormatRule::Always(Format::Png), ..OutputRule::default() };
        let spec = output.resolve(AcceptClass::Basic);
        let (budget, cancel) = (codec::Budget::default(), codec::Cancel::never());
        let took = |stages: Vec<Stage>| {
            let plan = Plan { stages, output: output.clone() };
            render(&Job { master: &master, pictures: &[], plan: &plan, spec: &spec, budget: &budget, cancel: &cancel })
        };
        let plain = took(vec![Stage::Orient(Orient::Exif), resize.clone()])?;
        let made = took(vec![Stage::Orient(Orient::Exif), resize, stage])?;
        std::fs::write(Path::new(folder).join(name).with_extension("png"), &made.bytes)?;
        let (whole, before) = (made.timing.stages.as_secs_f64(), plain.timing.stages.as_secs_f64());
        println!("{name:24} {}x{} {:8.2} ms", made.width, made.height, (whole - before) * 1000.0);
    }
    Ok(())
}

fn stages() -> Vec<(&'static str, Stage)> {
    let share = |v: f64| Radius::Share(Fixed::new(v));
    let (white, glass) = (Color::WHITE, Color::rgb(20, 30, 60).with_alpha(120));
    let mask = |shape| Stage::Mask(Mask { shape, outside: Background::Auto });
    let linear = |degrees: f64, from, to, mix| {
        let shape = GradientShape::Linear { degrees: Fixed::new(degrees), stop: Fixed::ONE };
        Gradient { shape, from, to, mix }
    };
    let pad = |background| Stage::Pad(Pad { top: 30, right: 80, bottom: 30, left: 80, background });
    let turn = |degrees, background| Stage::Rotate { degrees: Fixed::new(degrees), background };
    let border = |inside, outer, inner| {
        let color = if inside { glass } else { Color::rgb(200, 150, 40) };
        Stage::Border(Border { widths: [16; 4], color, inside, outer, inner, outside: Background::Auto })
    };
    let bright = BlurFill { brightness: Fixed::new(0.15), sigma: Some(Fixed::new(12.0)), ..BlurFill::PLAIN };
    let tinted = BlurFill { tint: Some(glass), opacity: Fixed::new(0.8), under: Some(white), ..BlurFill::PLAIN };
    let purple = linear(60.0, Color::rgb(90, 20, 160), Color::rgb(255, 200, 80), Mix::Oklab);
    let shade = linear(180.0, Color::TRANSPARENT, Color::BLACK.with_alpha(220), Mix::Srgb);
    let spot = Gradient {
        shape: GradientShape::Radial {
            center: (Fixed::new(0.5), Fixed::new(0.5)),
            inner: share(0.3),
            outer: share(0.8),
        },
        ..shade
    };
    let shadow = Shadow { x: Fixed::new(0.03), y: Fixed::new(0.05), sigma: Fixed::new(8.0), color: Color::BLACK };
    let checks = Background::Grid { first: Color::rgb(208, 215, 221), second: white, size: 8 };
    let even = TrimMode::Even { mean: 11, deviation: 10 };
    vec![
        ("mask-ellipse", mask(Shape::Ellipse)),
        ("mask-circle", mask(Shape::Circle)),
        ("mask-corners", mask(Shape::Corners([share(0.0), share(0.1), share(0.2), share(0.5)]))),
        ("mask-polygon", mask(Shape::Polygon(6))),
        ("border-outside", border(false, [share(0.1); 4], [share(0.07); 4])),
        ("border-inside", border(true, [share(0.0); 4], [share(0.2); 4])),
        ("gradient-shade", Stage::Gradient(shade)),
        ("gradient-spot", Stage::Gradient(spot)),
        ("shadow", Stage::Shadow(shadow)),
        ("pad-blur", pad(Background::Blur(BlurFill::PLAIN))),
        ("pad-blur-bright", pad(Background::Blur(bright))),
        ("pad-blur-tinted", pad(Background::Blur(tinted))),
        ("pad-edge", pad(Background::Edge)),
        ("pad-mirror", pad(Background::Mirror)),
        ("pad-dominant", pad(Background::Dominant)),
        ("pad-dominant-edge", pad(Background::DominantEdge)),
        ("pad-dominant-gradient-2", pad(Background::DominantGradient(2))),
        ("pad-dominant-gradient-4", pad(Background::DominantGradient(4))),
        ("pad-gradient", pad(Background::Gradient(purple))),
        ("pad-grid", pad(checks)),
        ("flatten-grid", Stage::Flatten(checks)),
        ("rotate", turn(20.0, Background::Auto)),
        ("rotate-mirror", turn(20.0, Background::Mirror)),
        ("rotate-blur", turn(-33.0, Background::Blur(BlurFill::PLAIN))),
        ("straighten", Stage::Straighten { degrees: Fixed::new(5.0) }),
        ("trim-even", Stage::Trim(Trim { mode: even, tolerance: Fixed::ZERO, keep: 0 })),
    ]
}
