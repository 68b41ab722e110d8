//! Whether two answers show the same.

use codec::{Budget, Cancel, Decode, Pixels};

use super::fetch::Fetched;
use super::headers::{self, Difference};

/// What came of a comparison, from good to bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outcome {
    Alike,
    Differs,
    Failed,
}

impl Outcome {
    /// As it is printed.
    pub const fn name(self) -> &'static str {
        match self {
            Outcome::Alike => "alike",
            Outcome::Differs => "differs",
            Outcome::Failed => "failed",
        }
    }
}

/// Two answers, held against each other.
pub(crate) struct Judged {
    pub vendor: Result<Seen, String>,
    pub ours: Result<Seen, String>,
    /// Points of SSIMULACRA2; `None` where there are no two pictures of one size.
    pub points: Option<f64>,
    /// In words, what differs that counts.
    pub differs: Vec<String>,
    /// In words, what could not be done.
    pub failed: Vec<String>,
    pub headers: Vec<Difference>,
}

impl Judged {
    pub fn outcome(&self) -> Outcome {
        match (self.failed.is_empty(), self.differs.is_empty()) {
            (false, _) => Outcome::Failed,
            (true, false) => Outcome::Differs,
            (true, true) => Outcome::Alike,
        }
    }
}

/// An answer, looked at.
pub(crate) struct Seen {
    pub fetched: Fetched,
    /// `None` where it is no picture.
    pub picture: Option<Picture>,
}

/// A picture, as it is shown: turned as its metadata says.
pub(crate) struct Picture {
    pub width: u32,
    pub height: u32,
    pub frames: usize,
    orientation: u8,
    first: Pixels,
}

/// Holds answers against each other.
pub(crate) struct Judge {
    /// The fewest points of SSIMULACRA2 at which pictures are alike.
    pub least_points: f64,
    /// What decoding one may cost.
    pub budget: Budget,
}

impl Judge {
    pub fn judge(&self, vendor: Result<Fetched, String>, ours: Result<Fetched, String>) -> Judged {
        let mut failed = Vec::new();
        let (vendor, ours) = (self.see(vendor, "the vendor's", &mut failed), self.see(ours, "ours", &mut failed));
        let (mut differs, mut points, mut headers) = (Vec::new(), None, Vec::new());
        if let (Ok(a), Ok(b)) = (&vendor, &ours) {
            headers = headers::differences(&a.fetched.headers, &b.fetched.headers);
            differs = answers(&a.fetched, &b.fetched);
            if let (Some(a), Some(b)) = (&a.picture, &b.picture) {
                differs.extend(shapes(a, b));
                match self.points(a, b) {
                    Ok(found) => points = found,
                    Err(error) => failed.push(error),
                }
            }
        }
        if let Some(points) = points.filter(|points| *points < self.least_points) {
            differs.push(format!("likeness: {points:.1} points, fewer than {}", self.least_points));
        }
        Judged { vendor, ours, points, differs, failed, headers }
    }

    fn see(&self, fetched: Result<Fetched, String>, whose: &str, failed: &mut Vec<String>) -> Result<Seen, String> {
        let fetched = fetched.inspect_err(|error| failed.push(format!("{whose}: {error}")))?;
        // An error that is drawn is not what was asked for.
        let is_picture = (200..300).contains(&fetched.status) && fetched.media_type().starts_with("image/");
        let picture = match is_picture.then(|| self.decode(&fetched.body)) {
            None => None,
            Some(Ok(picture)) => Some(picture),
            Some(Err(error)) => {
                failed.push(format!("{whose} cannot be decoded: {error}"));
                None
            }
        };
        Ok(Seen { fetched, picture })
    }

    fn decode(&self, bytes: &[u8]) -> Result<Picture, String> {
        let ask = Decode { all_frames: true, ..Decode::default() };
        let decoded = codec::decode(bytes, &ask, &self.budget, &Cancel::never()).map_err(|error| error.to_string())?;
        let (mut picture, orientation) = (decoded.picture, decoded.info.orientation);
        let (mut width, mut height) = (picture.width(), picture.height());
        if orientation >= 5 {
            (width, height) = (height, width);
        }
        let frames = picture.frames.len();
        Ok(Picture { width, height, frames, orientation, first: picture.frames.swap_remove(0).pixels })
    }

    fn points(&self, a: &Picture, b: &Picture) -> Result<Option<f64>, String> {
        if a.orientation != b.orientation || !near(a, b) {
            return Ok(None);
        }
        let (width, height) = (a.first.width.min(b.first.width), a.first.height.min(b.first.height));
        let (a, b) = (cut(&a.first, width, height), cut(&b.first, width, height));
        render::likeness_of(a, b).map_err(|error| error.to_string())
    }
}

fn answers(vendor: &Fetched, ours: &Fetched) -> Vec<String> {
    let mut differs = Vec::new();
    if vendor.status != ours.status {
        differs.push(format!("status: {} there, {} here", vendor.status, ours.status));
    }
    let (a, b) = (vendor.media_type(), ours.media_type());
    // Errors say what is wrong in many ways.
    if a != b && vendor.status == ours.status && vendor.status < 400 {
        let named = |name: String| if name.is_empty() { "none".to_owned() } else { name };
        differs.push(format!("media type: {} there, {} here", named(a), named(b)));
    }
    differs
}

fn shapes(vendor: &Picture, ours: &Picture) -> Vec<String> {
    let mut differs = Vec::new();
    if !near(vendor, ours) {
        let (a, b) = ((vendor.width, vendor.height), (ours.width, ours.height));
        differs.push(format!("size: {}x{} there, {}x{} here", a.0, a.1, b.0, b.1));
    }
    if (vendor.frames > 1) != (ours.frames > 1) {
        differs.push(format!("frames: {} there, {} here", vendor.frames, ours.frames));
    }
    differs
}

/// Whether sizes are equal but for a side that is rounded otherwise.
fn near(a: &Picture, b: &Picture) -> bool {
    a.width.abs_diff(b.width) <= 1 && a.height.abs_diff(b.height) <= 1
}

/// The top left part.
fn cut(pixels: &Pixels, width: u32, height: u32) -> Pixels {
    if (pixels.width, pixels.height) == (width, height) {
        return pixels.clone();
    }
    let bytes = pixels.channels.count();
    let rows = pixels.data.chunks_exact(pixels.width as usize * bytes).take(height as usize);
    let data = rows.flat_map(|row| row.iter().take(width as usize * bytes)).copied().collect();
    Pixels { width, height, channels: pixels.channels, data }
}
