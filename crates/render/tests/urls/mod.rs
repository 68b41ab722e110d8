//! What tests of dialects share: a real URL drawn as a picture, and pictures whose pixels say where they were.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used)]

use std::sync::LazyLock;

use codec::{Budget, Cancel, Channels, Decode, Pixels};
use dialect::{Dialect, Settings, Target};
use plan::{AcceptClass, Plan};
use render::{Job, Rendered};
use testkit::pictures::{Rgb, encode_png};

pub const RED: [u8; 3] = [200, 0, 0];
pub const GREEN: [u8; 3] = [0, 160, 0];
pub const BLUE: [u8; 3] = [0, 0, 200];
pub const YELLOW: [u8; 3] = [220, 220, 0];
pub const GREY: [u8; 3] = [100, 100, 100];
pub const MAGENTA: [u8; 3] = [255, 0, 255];

/// An answer.
pub struct Drawn {
    pub file: Rendered,
    pub pixels: Pixels,
}

impl Drawn {
    pub fn size(&self) -> (u32, u32) {
        (self.pixels.width, self.pixels.height)
    }

    /// Red, green, blue and alpha.
    pub fn at(&self, x: u32, y: u32) -> [u8; 4] {
        let count = self.pixels.channels.count();
        let at = (y as usize * self.pixels.width as usize + x as usize) * count;
        let pixel = &self.pixels.data[at..at + count];
        match self.pixels.channels {
            Channels::Rgba => [pixel[0], pixel[1], pixel[2], pixel[3]],
            _ => [pixel[0], pixel[1], pixel[2], 255],
        }
    }

    /// Opaque and of this colour, give or take.
    pub fn is(&self, x: u32, y: u32, color: [u8; 3]) {
        let [r, g, b, a] = self.at(x, y);
        let far = [r, g, b].iter().zip(color).any(|(one, two)| one.abs_diff(two) > 6);
        assert!(!far && a == 255, "{x},{y} is {:?}, not {color:?}", self.at(x, y));
    }

    /// Seen through.
    pub fn is_clear(&self, x: u32, y: u32) {
        assert_eq!(self.at(x, y)[3], 0, "{x},{y} is {:?}", self.at(x, y));
    }

    /// The first and last column and row with a colour.
    pub fn bounds_of(&self, color: [u8; 3]) -> Option<(u32, u32, u32, u32)> {
        let near = |p: [u8; 4]| p.iter().zip(color).all(|(one, two)| one.abs_diff(two) <= 40);
        let all = (0..self.pixels.height).flat_map(|y| (0..self.pixels.width).map(move |x| (x, y)));
        all.filter(|(x, y)| near(self.at(*x, *y))).fold(None, |bounds, (x, y)| match bounds {
            None => Some((x, y, x, y)),
            Some((left, top, right, bottom)) => Some((left.min(x), top.min(y), right.max(x), bottom.max(y))),
        })
    }
}

pub fn plan_of(dialect: &dyn Dialect, target: &str, settings: &Settings) -> Plan {
    dialect.parse(Target::new(target), settings).unwrap_or_else(|e| panic!("{target}: {e}")).plan
}

/// Draws a URL for a client that takes what `accept` says; `marks` are the pictures of its overlays.
pub fn draw_for(accept: AcceptClass, dialect: &dyn Dialect, target: &str, master: &[u8], marks: &[&[u8]]) -> Drawn {
    static FONTS: LazyLock<render::Fonts> = LazyLock::new(render::Fonts::embedded);
    let plan = plan_of(dialect, target, &Settings::default());
    let spec = plan.output.resolve(accept);
    let (budget, cancel) = (Budget::default(), Cancel::never());
    let pictures: Vec<Option<&[u8]>> = marks.iter().map(|mark| Some(*mark)).collect();
    let (plan, spec, budget, cancel) = (&plan, &spec, &budget, &cancel);
    let job = Job { master, pictures: &pictures, fonts: &FONTS, plan, spec, budget, cancel };
    let file = render::render(&job).unwrap_or_else(|e| panic!("{target}: {e}"));
    let ask = Decode::default();
    let pixels = codec::decode(&file.bytes, &ask, budget, cancel).unwrap().picture.frames.remove(0).pixels;
    Drawn { file, pixels }
}

/// Red, green, blue and yellow quarters.
pub fn quarters(width: usize, height: usize) -> Vec<u8> {
    encode_png(&Rgb::from_fn(width, height, |x, y| match (x < width / 2, y < height / 2) {
        (true, true) => RED,
        (false, true) => GREEN,
        (true, false) => BLUE,
        (false, false) => YELLOW,
    }))
}

/// One colour.
pub fn flat(width: usize, height: usize, color: [u8; 3]) -> Vec<u8> {
    encode_png(&Rgb::from_fn(width, height, |_, _| color))
}

/// A darker and a brighter half.
pub fn halves(dark: [u8; 3], light: [u8; 3]) -> Vec<u8> {
    encode_png(&Rgb::from_fn(400, 200, |x, _| if x < 200 { dark } else { light }))
}

/// A square in which no two neighbours are alike.
pub fn noise(side: usize) -> Vec<u8> {
    encode_png(&Rgb::from_fn(side, side, |x, y| [x * 7, y * 13, x * y].map(|value| (value % 256) as u8)))
}
