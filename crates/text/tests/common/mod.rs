//! What the tests of this crate share.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used)]

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use text::{Fonts, Laid, Limits, Rgba, Style, draw, layout};

pub fn embedded() -> &'static Fonts {
    static FONTS: OnceLock<Fonts> = OnceLock::new();
    FONTS.get_or_init(Fonts::embedded)
}

/// With `Test Bars` and `Test Faces`, whose glyphs are plain bars.
pub fn with_bars() -> &'static Fonts {
    static FONTS: OnceLock<Fonts> = OnceLock::new();
    FONTS.get_or_init(|| Fonts::new(&[folder("tests/fonts")]).unwrap())
}

pub fn folder(below: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(below)
}

pub fn lay(text: &str, style: &Style) -> Laid {
    layout(text, style, embedded(), &Limits::default()).unwrap()
}

pub fn picture(text: &str, style: &Style) -> Rgba {
    draw(&lay(text, style)).unwrap()
}

pub fn pixel(picture: &Rgba, x: u32, y: u32) -> [u8; 4] {
    let at = (y * picture.width + x) as usize * 4;
    picture.data[at..at + 4].try_into().unwrap()
}

/// Sum of coverage, in whole pixels.
pub fn coverage(picture: &Rgba) -> f64 {
    picture.data.chunks_exact(4).map(|p| f64::from(p[3]) / 255.0).sum()
}

/// Smallest rectangle around what is at least half covered: left, top, right and bottom, the latter two beyond it.
pub fn ink(picture: &Rgba) -> Option<[u32; 4]> {
    let mut found: Option<[u32; 4]> = None;
    for (i, p) in picture.data.chunks_exact(4).enumerate() {
        if p[3] >= 128 {
            let (x, y) = (i as u32 % picture.width, i as u32 / picture.width);
            let [l, t, r, b] = found.unwrap_or([x, y, x, y]);
            found = Some([l.min(x), t.min(y), r.max(x + 1), b.max(y + 1)]);
        }
    }
    found
}
