//! Pictures against those of FreeType and HarfBuzz (`references/PROVENANCE.md`).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

mod common;

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use common::{folder, lay};
use plan::Color;
use text::{Align, Bounds, Fonts, Limits, Outline, SYSTEM_FOLDERS, Style, Warning, draw, layout};

/// Coverage, row by row.
fn reference(name: &str) -> (u32, u32, Vec<u8>) {
    let file = File::open(folder("tests/references").join(format!("{name}.png"))).unwrap();
    let mut reader = png::Decoder::new(BufReader::new(file)).read_info().unwrap();
    let mut data = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut data).unwrap();
    assert_eq!((info.color_type, info.bit_depth), (png::ColorType::Grayscale, png::BitDepth::Eight));
    (info.width, info.height, data)
}

#[test]
fn pictures_are_those_of_freetype_and_harfbuzz() {
    // Name, text, size, weight, italic, outline, baseline in the reference, largest mean distance of 255.
    let cases = [
        ("latin-40", "Hamburgefonstiv AVTo 019", 40.0, 400, false, 0.0, 46, 0.3),
        ("latin-13", "The quick brown fox jumps, 0123456789.", 13.0, 400, false, 0.0, 16, 0.9),
        ("bold-italic-28", "Größe, Ελλάδα, Київ: ffi", 28.0, 700, true, 0.0, 34, 0.3),
        ("arabic-32", "مرحبا بالعالم", 32.0, 400, false, 0.0, 40, 0.3),
        ("outline-60", "Outline, g & S", 60.0, 700, false, 3.0, 64, 0.3),
    ];
    for (name, text, size, weight, italic, outline, baseline, most) in cases {
        let (width, height, want) = reference(name);
        // In the letters' own colour, so that coverage is that of both.
        let outline = Some(Outline { width: outline, color: Color::BLACK });
        let laid = lay(text, &Style { size, weight, italic, outline, align: Align::Left, ..Style::default() });
        let drawn = draw(&laid).unwrap();
        // Origin of the first letter: at the left edge of the box, and at x = 10 of the reference.
        let (dx, dy) = (10 - laid.frame.x as i64, baseline - laid.baseline as i64);
        let mut sum = 0_u64;
        for y in 0..i64::from(height) {
            for x in 0..i64::from(width) {
                let (sx, sy) = (x - dx, y - dy);
                let inside = sx >= 0 && sy >= 0 && sx < drawn.width.into() && sy < drawn.height.into();
                let got = if inside { common::pixel(&drawn, sx as u32, sy as u32)[3] } else { 0 };
                sum += u64::from(got.abs_diff(want[(y * i64::from(width) + x) as usize]));
            }
        }
        let mean = sum as f64 / f64::from(width * height);
        println!("{name}: {mean:.3}");
        assert!(mean <= most, "{name}: mean distance {mean:.3}, at most {most}");
    }
}

/// Debian's `fonts-noto-cjk` and `fonts-noto-color-emoji`, where they are installed, or a folder with their files that
/// `AFTERIMAGE_TEST_FONTS` names.
#[test]
fn han_letters_and_emoji_come_from_debians_fonts() {
    let folders = match std::env::var_os("AFTERIMAGE_TEST_FONTS") {
        Some(folder) => vec![folder.into()],
        None => SYSTEM_FOLDERS.iter().map(Path::new).filter(|path| path.is_dir()).map(Path::to_owned).collect(),
    };
    let fonts = Fonts::new(&folders).unwrap();
    let style = Style { size: 48.0, bounds: Bounds::Ink, ..Style::default() };
    let lay = |text: &str, language: Option<&str>| {
        let style = Style { language: language.map(str::to_owned), ..style.clone() };
        layout(text, &style, &fonts, &Limits::default()).unwrap()
    };
    if fonts.family("Noto Sans CJK JP").is_some() {
        let laid = lay("日本語の文字 한국어 汉字", None);
        assert!(!laid.warnings.iter().any(|w| matches!(w, Warning::MissingGlyphs(_))), "{:?}", laid.warnings);
        // One letter, written in as many ways as there are countries.
        let forms = ["zh", "ja"].map(|language| draw(&lay("骨", Some(language))).unwrap());
        assert_ne!(forms[0], forms[1]);
        assert_eq!(draw(&lay("骨", None)).unwrap(), forms[0]);
    } else {
        println!("skipped: Debian's fonts-noto-cjk is not installed");
    }
    if fonts.family("Noto Color Emoji").is_some() {
        // A sequence is one picture, not two.
        let sequence = lay("👩\u{200d}🚀", None);
        assert!(sequence.warnings.is_empty() && sequence.frame.width < 70, "{sequence:?}");
        let drawn = draw(&lay("😀", None)).unwrap();
        let yellow =
            drawn.data.chunks_exact(4).filter(|p| p[3] > 200 && p[0] > 200 && p[1] > 150 && p[2] < 120).count();
        assert!(yellow > 500, "{yellow} yellow pixels");
        // A digit before an emoji stays a letter of the text's own font.
        assert!(lay("1", None).frame.width < 30);
    } else {
        println!("skipped: Debian's fonts-noto-color-emoji is not installed");
    }
}
