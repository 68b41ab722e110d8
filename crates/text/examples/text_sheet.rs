//! Draws a sheet of samples as PNG: `cargo run -p afterimage-text --example text_sheet -- OUT.png [FONTS-FOLDER…]`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use std::path::PathBuf;

use plan::Color;
use text::{
    Align, Bounds, CutAt, Fonts, Ligatures, Limits, LineHeight, Outline, Overflow, Rgba, Shadow, Sides, Style, draw,
    layout,
};

const WIDTH: usize = 1240;
const COLUMN: usize = 620;

fn main() {
    let mut args = std::env::args().skip(1);
    let out = args.next().expect("the name of the PNG to write");
    let folders: Vec<PathBuf> = args.map(PathBuf::from).collect();
    let fonts = if folders.is_empty() { Fonts::embedded() } else { Fonts::new(&folders).expect("fonts") };

    let mut sheet = Sheet { rows: Vec::new(), at: [16, 16] };
    for (text, style) in samples() {
        let laid = layout(text, &style, &fonts, &Limits::default()).expect("a sample that can be laid out");
        if !laid.warnings.is_empty() {
            println!("{text:?}: {:?}", laid.warnings);
        }
        sheet.put(&draw(&laid).expect("a sample that can be painted"));
    }
    sheet.write(&out);
}

fn samples() -> Vec<(&'static str, Style)> {
    let base = || Style { size: 26.0, color: Color::rgb(20, 30, 60), ..Style::default() };
    let boxed =
        || Style { background: Color::rgb(222, 232, 245), max_width: Some(560), padding: Sides::all(8), ..base() };
    let pangram = "The quick brown fox jumps over the lazy dog. Voilà: Žluťoučký kůň, ĳsland, ½ €.";
    vec![
        ("Regular 26: Hamburgefonstiv AV To fi ffl", base()),
        ("Bold 26: Hamburgefonstiv AV To fi ffl", Style { weight: 700, ..base() }),
        ("Italic 26: Hamburgefonstiv AV To fi ffl", Style { italic: true, ..base() }),
        ("Bold italic 26: Hamburgefonstiv AV To", Style { weight: 700, italic: true, ..base() }),
        ("At 12 px: the quick brown fox jumps over the lazy dog 0123456789", Style { size: 12.0, ..base() }),
        ("Ελληνικά, Русский, Українська, Tiếng Việt", base()),
        ("Underlined, gjpqy", Style { underline: true, ..base() }),
        ("Struck through", Style { strikethrough: true, ..base() }),
        ("Letter spacing 4 px, ffi", Style { letter_spacing: 4.0, ..base() }),
        ("Ligatures off: ffi fl", Style { ligatures: Ligatures::Required, ..base() }),
        (pangram, boxed()),
        (pangram, Style { align: Align::Center, ..boxed() }),
        (pangram, Style { align: Align::Right, line_height: LineHeight::Times(1.8), ..boxed() }),
        (pangram, Style { align: Align::Justify, size: 20.0, max_width: Some(300), ..boxed() }),
        (pangram, Style { overflow: Overflow::Cut(CutAt::End), ellipsis: true, max_lines: Some(1), ..boxed() }),
        (pangram, Style { wrap: false, overflow: Overflow::Cut(CutAt::Middle), ellipsis: true, ..boxed() }),
        (pangram, Style { wrap: false, overflow: Overflow::Shrink, ..boxed() }),
        (pangram, Style { overflow: Overflow::Shrink, max_width: Some(200), max_height: Some(60), ..boxed() }),
        ("Hello שלום עולם (123) and مرحبا بالعالم 456!", boxed()),
        ("שלום Hello עולם 123", boxed()),
        ("مرحبا بالعالم", Style { weight: 700, size: 40.0, ..boxed() }),
        ("Missing: \u{e123} \u{13000} box", boxed()),
        (
            "Outline",
            Style {
                size: 60.0,
                weight: 700,
                color: Color::WHITE,
                outline: Some(Outline { width: 3.0, color: Color::rgb(200, 30, 30) }),
                ..boxed()
            },
        ),
        (
            "Shadow",
            Style {
                size: 60.0,
                weight: 700,
                shadow: Some(Shadow { dx: 4.0, dy: 4.0, blur: 6.0, color: Color::BLACK.with_alpha(180) }),
                ..boxed()
            },
        ),
        (
            "Round 50 %",
            Style {
                color: Color::WHITE.with_alpha(128),
                background: Color::rgb(0, 100, 60),
                radius: 20.0,
                padding: Sides { top: 10, right: 30, bottom: 10, left: 30 },
                ..base()
            },
        ),
        ("Ink box", Style { bounds: Bounds::Ink, size: 50.0, ..boxed() }),
        ("e\u{301} n\u{303} Z\u{336}a\u{337}l\u{338}g\u{316}o\u{30d}\u{30e}\u{304}\u{305}\u{33f}", boxed()),
        ("日本語の文字、漢字とかな", boxed()),
        ("骨 in zh", Style { language: Some("zh".into()), ..boxed() }),
        ("骨 in ja", Style { language: Some("ja".into()), ..boxed() }),
        ("한국어 글자", Style { weight: 700, ..boxed() }),
        ("Emoji 😀 👩‍🚀 👍🏽 🇩🇪 ❤️ 1️⃣ ☕", Style { size: 34.0, ..boxed() }),
        ("Semitransparent 😀", Style { color: Color::BLACK.with_alpha(90), ..boxed() }),
        ("สวัสดี  नमस्ते  வணக்கம்", boxed()),
    ]
}

/// Two columns, filled evenly.
struct Sheet {
    rows: Vec<u8>,
    at: [usize; 2],
}

impl Sheet {
    fn put(&mut self, picture: &Rgba) {
        let column = usize::from(self.at[1] < self.at[0]);
        let (left, top) = (16 + column * COLUMN, self.at[column]);
        let (width, height) = (picture.width as usize, picture.height as usize);
        self.at[column] += height + 12;
        let needed = (top + height + 16) * WIDTH * 3;
        if self.rows.len() < needed {
            self.rows.resize(needed, 250);
        }
        for y in 0..height {
            for x in 0..width.min(WIDTH - left) {
                let pixel = &picture.data[(y * width + x) * 4..][..4];
                let below = &mut self.rows[((top + y) * WIDTH + left + x) * 3..][..3];
                for (below, top) in below.iter_mut().zip(pixel) {
                    let alpha = u32::from(pixel[3]);
                    *below = ((u32::from(*top) * alpha + u32::from(*below) * (255 - alpha) + 127) / 255) as u8;
                }
            }
        }
    }

    fn write(&self, out: &str) {
        let file = std::fs::File::create(out).expect("a file to write to");
        let height = self.rows.len() / WIDTH / 3;
        let mut encoder = png::Encoder::new(file, WIDTH as u32, height as u32);
        encoder.set_color(png::ColorType::Rgb);
        encoder.write_header().unwrap().write_image_data(&self.rows).unwrap();
    }
}
