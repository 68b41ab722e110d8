//! Draws a sheet of every way an overlay may lie on a picture: blend modes, boxes, tiles, one colour, texts. The sheet is
//! itself one plan of nested overlays.
//!
//! `overlay_sheet BASE TOP OUT.png [FONTS-FOLDER...]`; the base is a photograph, the top a picture with alpha.

#![allow(clippy::print_stdout)]

use std::error::Error;
use std::path::PathBuf;

use plan::{
    Asset, Blend, Color, Dim, Fit, Fixed, Format, FormatRule, Gravity, Horizontal, OutputRule, Overlay, Picture, Plan,
    Resize, Shift, Stage, Text, TextAlign, TextFit, Tile, Vertical,
};
use render::{Fonts, Job, render};

const CELL: (u32, u32) = (230, 190);
const PICTURE: (u32, u32) = (220, 160);
const COLUMNS: u32 = 6;
const PAPER: Color = Color::rgb(246, 246, 242);

/// A cell: what it is called, and what is drawn on its picture.
type Cell = (String, Vec<Overlay>);

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let usage = "usage: overlay_sheet BASE TOP OUT.png [FONTS-FOLDER...]";
    let base = std::fs::read(args.next().ok_or(usage)?)?;
    let top = std::fs::read(args.next().ok_or(usage)?)?;
    let out = args.next().ok_or(usage)?;
    let folders: Vec<PathBuf> = args.map(PathBuf::from).collect();
    let fonts = Fonts::new(&folders)?;

    let cells: Vec<Cell> = modes().into_iter().chain(boxes()).chain(texts()).collect();
    let rows = (cells.len() as u32).div_ceil(COLUMNS);
    let (mut stages, mut pictures) = (page(rows), Vec::new());
    for (at, (name, overlays)) in cells.into_iter().enumerate() {
        pictures.push(Some(base.as_slice()));
        pictures.extend(overlays.iter().filter(|o| o.picture.is_fetched()).map(|_| Some(top.as_slice())));
        stages.push(Stage::Overlay(Box::new(cell(at as u32, &name, overlays))));
    }
    let output = OutputRule { format: FormatRule::Always(Format::Png), ..OutputRule::default() };
    let spec = output.resolve(plan::AcceptClass::Basic);
    let plan = Plan { stages, output };
    let (budget, cancel) = (codec::Budget::default(), codec::Cancel::never());
    let made = render(&Job {
        master: &base,
        pictures: &pictures,
        fonts: &fonts,
        plan: &plan,
        spec: &spec,
        budget: &budget,
        cancel: &cancel,
    })?;
    std::fs::write(&out, &made.bytes)?;
    println!("{}x{}, {:?}; {:?}", made.width, made.height, made.timing, made.warnings);
    Ok(())
}

fn px(length: u32) -> Option<Dim> {
    Some(Dim::Px(length))
}

fn share(share: f64) -> Option<Dim> {
    Some(Dim::Ratio(Fixed::new(share)))
}

/// White paper over the base, which is only here because a plan has a master.
fn page(rows: u32) -> Vec<Stage> {
    let size = Stage::Resize(Resize::new(px(COLUMNS * CELL.0), px(rows * CELL.1), Fit::Stretch));
    vec![size, Stage::Overlay(Box::new(Overlay::new(Picture::Solid(PAPER))))]
}

fn cell(at: u32, name: &str, overlays: Vec<Overlay>) -> Overlay {
    let offset = |at: u32, side: u32| Shift::Px((at * side) as i32);
    let mut stages = vec![Stage::Resize(Resize::new(px(PICTURE.0), px(PICTURE.1), Fit::Cover))];
    stages.extend(overlays.into_iter().map(|overlay| Stage::Overlay(Box::new(overlay))));
    let place = |picture, x: i32, y: i32| Overlay {
        anchor: (Horizontal::Left, Vertical::Top),
        offset: (Shift::Px(x), Shift::Px(y)),
        ..Overlay::new(picture)
    };
    let label = Text { width: px(CELL.0 - 12), ..Text::new(name, Fixed::new(14.0)) };
    Overlay {
        width: px(CELL.0),
        height: px(CELL.1),
        offset: (offset(at % COLUMNS, CELL.0), offset(at / COLUMNS, CELL.1)),
        anchor: (Horizontal::Left, Vertical::Top),
        stages: vec![
            Stage::Overlay(Box::new(Overlay { stages, ..place(named(), 5, 24) })),
            Stage::Overlay(Box::new(place(Picture::Text(Box::new(label)), 6, 3))),
        ],
        ..Overlay::new(Picture::Solid(PAPER))
    }
}

fn named() -> Picture {
    Picture::Named { source: None, asset: Asset::Path(String::new()) }
}

fn modes() -> Vec<Cell> {
    let displace = Blend::Displace { x: Fixed::new(30.0), y: Fixed::new(30.0) };
    let boxed = || Overlay { width: share(0.8), height: share(0.8), ..Overlay::new(named()) };
    Blend::PLAIN
        .into_iter()
        .chain([displace])
        .map(|blend| (blend.to_string(), vec![Overlay { blend, ..boxed() }]))
        .collect()
}

fn boxes() -> Vec<Cell> {
    let frame = || Overlay {
        width: px(120),
        height: px(120),
        opacity: Fixed::new(0.5),
        ..Overlay::new(Picture::Solid(Color::WHITE))
    };
    let right = Gravity::Anchor(Horizontal::Right, Vertical::Bottom);
    let fits = [
        ("inside", Fit::Inside, Gravity::CENTER),
        ("outside", Fit::Outside, Gravity::CENTER),
        ("cover, right bottom", Fit::Cover, right),
        ("contain, right bottom", Fit::Contain, right),
        ("stretch", Fit::Stretch, Gravity::CENTER),
    ];
    let mut cells: Vec<Cell> = fits
        .into_iter()
        .map(|(name, fit, gravity)| {
            let boxed = Overlay { width: px(120), height: px(120), fit, gravity, ..Overlay::new(named()) };
            (format!("box 120x120: {name}"), vec![frame(), boxed])
        })
        .collect();
    let tile = Some(Tile { across: 10, down: 4 });
    let small = || Overlay { width: px(40), tile, opacity: Fixed::new(0.7), ..Overlay::new(named()) };
    let turn = Stage::Rotate { degrees: Fixed::new(330.0), background: plan::Background::Auto };
    let words = Text { color: Color::WHITE.with_alpha(150), ..Text::new("© Afterimage", Fixed::new(15.0)) };
    let stamp = Overlay { tile, stages: vec![turn], ..Overlay::new(Picture::Text(Box::new(words))) };
    cells.push(("tiles".to_owned(), vec![small()]));
    cells.push(("tiles of a turned text".to_owned(), vec![stamp]));
    cells.push(("tiles, multiply".to_owned(), vec![Overlay { blend: Blend::Multiply, ..small() }]));
    cells
}

fn texts() -> Vec<Cell> {
    let white = |words: &str, size: f64| Text { color: Color::WHITE, ..Text::new(words, Fixed::new(size)) };
    let over = |text| Overlay::new(Picture::Text(Box::new(text)));
    let card = |text| Text {
        background: Some(Color::BLACK.with_alpha(150)),
        padding: [6, 10, 6, 10],
        width: share(0.7),
        ..text
    };
    let below = (Horizontal::Center, Vertical::Bottom);
    let long = "The quick brown fox jumps over the lazy dog";
    let outline = Some((Fixed::new(2.0), Color::BLACK));
    let shadow = Some((Fixed::new(3.0), Fixed::new(3.0), Fixed::new(2.0), Color::BLACK));
    vec![
        (
            "wrap, centre".into(),
            vec![over(Text { fit: TextFit::Wrap, align: TextAlign::Center, ..card(white(long, 18.0)) })],
        ),
        (
            "clip, ellipsis".into(),
            vec![over(Text {
                fit: TextFit::Clip { cut: plan::TextCut::End, ellipsis: true },
                ..card(white(long, 18.0))
            })],
        ),
        ("shrink".into(), vec![over(Text { fit: TextFit::Shrink, ..card(white(long, 40.0)) })]),
        (
            "wrap and shrink".into(),
            vec![over(Text { fit: TextFit::WrapShrink, height: share(0.4), ..card(white(long, 60.0)) })],
        ),
        ("bold, outline".into(), vec![over(Text { weight: 700, outline, ..white("Outline", 40.0) })]),
        (
            "italic, shadow".into(),
            vec![Overlay { anchor: below, ..over(Text { italic: true, shadow, ..white("Shadow", 40.0) }) }],
        ),
        (
            "right to left".into(),
            vec![over(Text {
                width: share(0.8), fit: TextFit::Wrap, ..card(white("שלום עולם, مرحبا بالعالم", 22.0))
            })],
        ),
        (
            "ink only, underline".into(),
            vec![over(Text {
                snug: true,
                underline: true,
                background: Some(Color::rgb(180, 30, 30)),
                ..white("Agj", 50.0)
            })],
        ),
        ("cutout".into(), vec![Overlay { blend: Blend::Cutout, ..over(Text { weight: 700, ..white("HOLE", 70.0) }) }]),
        ("cutter".into(), vec![Overlay { blend: Blend::Cutter, ..over(Text { weight: 700, ..white("PHOTO", 64.0) }) }]),
        (
            "overlay".into(),
            vec![Overlay { blend: Blend::Overlay, ..over(Text { weight: 700, ..white("BLEND", 64.0) }) }],
        ),
        ("CJK and emoji".into(), vec![over(card(white("日本語 한국어 🎨🦊", 24.0)))]),
    ]
}
