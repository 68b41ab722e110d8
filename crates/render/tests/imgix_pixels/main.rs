//! URLs of imgix, read and rendered, beside what the vendor's documentation says of each parameter: sizes and pixels worked out
//! here by simple arithmetic on simple pictures. The parameters' table links to these tests.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod animation;
mod around;
mod colors;
mod output;
mod overlays;
mod size;
mod text;

use std::sync::LazyLock;

use codec::{Budget, Cancel, Channels, Decode, Encode, Frame, Picture, Pixels};
use dialect::imgix::Imgix;
use dialect::{Dialect, Preset, Settings, Target};
use plan::{AcceptClass, Asset, Format, Picture as Overlaid};
use render::{Fonts, Job, Rendered};

const WHITE: [u8; 4] = [255; 4];
const BLACK: [u8; 4] = [0, 0, 0, 255];
const RED: [u8; 4] = [255, 0, 0, 255];
const GREEN: [u8; 4] = [0, 255, 0, 255];
const BLUE: [u8; 4] = [0, 0, 255, 255];
const GREY: [u8; 4] = [128, 128, 128, 255];
const CLEAR: [u8; 4] = [0; 4];

/// A picture as rows of RGBA.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Shown {
    width: usize,
    height: usize,
    pixels: Vec<[u8; 4]>,
}

impl Shown {
    fn at(&self, x: usize, y: usize) -> [u8; 4] {
        assert!(x < self.width && y < self.height, "{x},{y} of {}x{}", self.width, self.height);
        self.pixels[y * self.width + x]
    }

    /// Left, top, right and bottom (exclusive) of the pixels that are like this.
    fn bounds(&self, is: impl Fn([u8; 4]) -> bool) -> Option<(usize, usize, usize, usize)> {
        let mut found: Option<(usize, usize, usize, usize)> = None;
        for y in 0..self.height {
            for x in (0..self.width).filter(|x| is(self.at(*x, y))) {
                let (left, top, right, bottom) = found.unwrap_or((x, y, x + 1, y + 1));
                found = Some((left.min(x), top.min(y), right.max(x + 1), bottom.max(y + 1)));
            }
        }
        found
    }

    /// The sum of alpha, in whole pixels.
    fn coverage(&self) -> f64 {
        self.pixels.iter().map(|p| f64::from(p[3]) / 255.0).sum()
    }
}

/// A PNG of which each pixel is told.
fn png(width: u32, height: u32, color: impl Fn(u32, u32) -> [u8; 4]) -> Vec<u8> {
    file(Format::Png, &[pixels(width, height, color)])
}

fn flat(width: u32, height: u32, color: [u8; 4]) -> Vec<u8> {
    png(width, height, |_, _| color)
}

fn pixels(width: u32, height: u32, color: impl Fn(u32, u32) -> [u8; 4]) -> Pixels {
    let all = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    let data: Vec<u8> = all.flat_map(|(x, y)| color(x, y)).collect();
    Pixels { width, height, channels: Channels::Rgba, data }
}

fn file(format: Format, frames: &[Pixels]) -> Vec<u8> {
    let frames = frames.iter().map(|pixels| Frame { pixels: pixels.clone(), delay_ms: 50 }).collect();
    let how = Encode { format, lossless: true, ..Encode::default() };
    codec::encode(&Picture { frames, loops: 0 }, &how, &Cancel::never()).unwrap()
}

/// What a URL makes of a master. Its overlays are looked up by their paths.
fn made_of(query: &str, master: &[u8], named: &[(&str, &[u8])]) -> Rendered {
    made_at(&format!("/p?{query}"), master, named)
}

/// As [`made_of`], of a whole target.
fn made_at(target: &str, master: &[u8], named: &[(&str, &[u8])]) -> Rendered {
    static FONTS: LazyLock<Fonts> = LazyLock::new(Fonts::embedded);
    let thumb = Preset { text: "w=40&h=30&fit=crop&fm=png".to_owned(), enabled: true };
    let settings = Settings { presets: [("thumb".to_owned(), thumb)].into(), ..Settings::default() };
    let parsed = Imgix.parse(Target::new(target), &settings).unwrap();
    assert_eq!(parsed.warnings, [], "{target}");
    let of = |asset: &Asset| match asset {
        Asset::Path(path) => named.iter().find(|(name, _)| name == path).map(|(_, bytes)| *bytes),
        Asset::Url(url) => named.iter().find(|(name, _)| name == url).map(|(_, bytes)| *bytes),
    };
    let picture = |picture: &Overlaid| match picture {
        Overlaid::Named { asset, .. } => of(asset),
        _ => None,
    };
    let pictures: Vec<Option<&[u8]>> = parsed.plan.overlays().iter().map(|overlay| picture(&overlay.picture)).collect();
    let spec = parsed.plan.output.resolve(AcceptClass::Basic);
    let (budget, cancel) = (Budget::default(), Cancel::never());
    let job = Job {
        master,
        pictures: &pictures,
        fonts: &FONTS,
        plan: &parsed.plan,
        spec: &spec,
        budget: &budget,
        cancel: &cancel,
    };
    let made = render::render(&job).unwrap_or_else(|error| panic!("{target}: {error}"));
    assert!(made.left_out.is_empty(), "{target}");
    made
}

fn shown(query: &str, master: &[u8]) -> Shown {
    shown_with(query, master, &[])
}

fn shown_with(query: &str, master: &[u8], named: &[(&str, &[u8])]) -> Shown {
    read(&made_of(&format!("{query}&fm=png"), master, named).bytes)
}

/// The first frame of a file.
fn read(bytes: &[u8]) -> Shown {
    let decoded = codec::decode(bytes, &Decode::default(), &Budget::default(), &Cancel::never()).unwrap();
    let pixels = &decoded.picture.frames[0].pixels;
    let pixel = |p: &[u8]| [p[0], p[1], p[2], p.get(3).copied().unwrap_or(255)];
    Shown {
        width: pixels.width as usize,
        height: pixels.height as usize,
        pixels: pixels.data.chunks_exact(pixels.channels.count()).map(pixel).collect(),
    }
}

fn near(a: [u8; 4], b: [u8; 4], by: u8) -> bool {
    a.iter().zip(b).all(|(a, b)| a.abs_diff(b) <= by)
}

fn assert_near(found: [u8; 4], wanted: [u8; 4], by: u8, about: &str) {
    assert!(near(found, wanted, by), "{about}: {found:?}, not {wanted:?}");
}
