//! The last step: a picture becomes a file, of a quality that may have to be found first.

use codec::metadata::Blocks;
use codec::{Budget, Channels, CodecError, Decode, Encode, Foreign, Pixels};
use fast_ssim2::{PixelDescriptor, PixelSlice, Ssimulacra2Reference};
use plan::{Format, Metadata, OutputSpec, Profile, Stage};

use crate::scope::{mul255, without_alpha};
use crate::{Job, Made};

/// A file.
pub(crate) struct Written {
    pub(crate) bytes: Vec<u8>,
    pub(crate) format: Format,
}

/// Writes a picture in a format; where a fallback is named, in whichever of the two gives fewer bytes. `profile` is the
/// master's, where its values were kept.
pub(crate) fn write(
    made: &Made,
    format: Format,
    fallback: Option<Format>,
    profile: Option<Vec<u8>>,
    job: &Job<'_>,
) -> Result<Written, CodecError> {
    let blocks = blocks(profile, job);
    let file = |format| encoded(made, &Encode { blocks: blocks.clone(), ..encoding(job.spec, format) }, job);
    let first = Written { bytes: file(format)?, format };
    match fallback {
        Some(other) if other != format && may_be_smaller(made, other) => {
            let second = Written { bytes: file(other)?, format: other };
            Ok(if second.bytes.len() < first.bytes.len() { second } else { first })
        }
        _ => Ok(first),
    }
}

/// Whether it is worth the time to see how large a fallback gets. Formats without loss lose but on drawings, whose
/// neighbouring pixels are mostly equal, and animations take too long.
fn may_be_smaller(made: &Made, fallback: Format) -> bool {
    match (made, fallback) {
        (Made::Picture(picture), _) if picture.is_animated() => false,
        // What was asked for with more bits is not given with fewer.
        (Made::Wide(_), _) => false,
        (_, Format::Jpeg | Format::Webp | Format::Avif) => true,
        (Made::Planes(_), Format::Png | Format::Gif) => false,
        (Made::Picture(picture), Format::Png | Format::Gif) => is_drawing(&picture.frames[0].pixels),
    }
}

/// Whether more than half of the pixels are like the one before them.
fn is_drawing(pixels: &Pixels) -> bool {
    let count = pixels.channels.count();
    let pairs = pixels.data.chunks_exact(count).zip(pixels.data[count..].chunks_exact(count));
    let equal = pairs.filter(|(a, b)| a == b).count();
    2 * equal > pixels.data.len() / count
}

pub(crate) fn encoding(spec: &OutputSpec, format: Format) -> Encode {
    Encode {
        format,
        quality: quality(spec, format),
        lossless: spec.lossless,
        progressive: spec.progressive,
        palette: spec.palette,
        colors: spec.colors,
        subsampling: spec.subsampling,
        density: spec.density,
        ..Encode::default()
    }
}

/// One number for all formats means the look of a JPEG of that quality. Named by a URL, AVIF takes the number as it is, as
/// every encoder of it does; where it is one offer among several, it is brought to that look: at the same number it would be
/// better than anybody asked for, and larger than the JPEG.
fn quality(spec: &OutputSpec, format: Format) -> u8 {
    let q = spec.quality;
    let asked = q.of(format).clamp(1, 100);
    let one_for_all = q.avif == q.webp || q.avif == q.jpeg;
    if format == Format::Avif && spec.smallest && one_for_all { avif_like_jpeg(asked) } else { asked }
}

/// Qualities of JPEG and AVIF with equal median DSSIM, straight lines between them. 50 to 80: Ubl, AVIF and WebP image
/// quality settings, 2021; beyond them the lines go to the ends of the scale.
const LIKE_JPEG: [(u8, u8); 6] = [(1, 1), (50, 48), (60, 51), (70, 56), (80, 64), (100, 99)];

fn avif_like_jpeg(jpeg: u8) -> u8 {
    let after = LIKE_JPEG.iter().position(|(known, _)| *known >= jpeg).unwrap_or(LIKE_JPEG.len() - 1).max(1);
    let ((x0, y0), (x1, y1)) = (LIKE_JPEG[after - 1], LIKE_JPEG[after]);
    let share = f64::from(jpeg.saturating_sub(x0)) / f64::from(x1 - x0);
    (f64::from(y0) + share * (f64::from(y1) - f64::from(y0))).round() as u8
}

fn encoded(made: &Made, how: &Encode, job: &Job<'_>) -> Result<Vec<u8>, CodecError> {
    let (spec, format) = (job.spec, how.format);
    let at = |quality: u8| encode(made, &Encode { quality, ..how.clone() }, job);
    let lossy = format.has_quality() && !(format == Format::Webp && spec.lossless);
    let mut found = match spec.likeness.filter(|_| lossy) {
        Some(points) => likely(made, how.quality, f64::from(points), job, at)?,
        None => Found { quality: how.quality, bytes: at(how.quality)? },
    };
    if let Some(most) = spec.max_bytes.filter(|_| lossy) {
        found = within(found, most as usize, at)?;
    }
    Ok(found.bytes)
}

pub(crate) fn encode(made: &Made, how: &Encode, job: &Job<'_>) -> Result<Vec<u8>, CodecError> {
    match made {
        Made::Planes(planar) => codec::encode_planar(planar, how, job.cancel),
        Made::Picture(picture) => codec::encode(picture, how, job.cancel),
        Made::Wide(wide) => codec::encode_wide(wide, how, job.cancel),
    }
}

/// What the file is to say of the master's metadata, and its colour profile.
pub(crate) fn blocks(profile: Option<Vec<u8>>, job: &Job<'_>) -> Blocks {
    let spec = job.spec;
    let upright = job.plan.stages.iter().any(|stage| matches!(stage, Stage::Orient(_)));
    let wanted = if spec.metadata == Metadata::Strip { None } else { codec::metadata::read(job.master) };
    let mut blocks = wanted.unwrap_or_default().under(spec.metadata, upright);
    blocks.profile = match spec.profile {
        Profile::Srgb => None,
        Profile::Tagged => Some(codec::srgb_profile()),
        Profile::AdobeRgb => Some(codec::adobe_rgb_profile()),
        Profile::Keep => profile,
    };
    blocks
}

struct Found {
    quality: u8,
    bytes: Vec<u8>,
}

/// The highest quality below the one found that gives at most so many bytes, by halving: sizes grow with quality. None
/// does: the lowest.
fn within(found: Found, most: usize, at: impl Fn(u8) -> Result<Vec<u8>, CodecError>) -> Result<Found, CodecError> {
    if found.bytes.len() <= most || found.quality <= 1 {
        return Ok(found);
    }
    let mut best = Found { quality: 1, bytes: at(1)? };
    let (mut low, mut high) = (1, found.quality);
    while best.bytes.len() <= most && high - low > 1 {
        let quality = low + (high - low) / 2;
        let bytes = at(quality)?;
        if bytes.len() <= most {
            low = quality;
            best = Found { quality, bytes };
        } else {
            high = quality;
        }
    }
    Ok(best)
}

/// Sides of a picture that the measure of likeness cannot see.
const LEAST_SEEN: u32 = 16;
/// Most pixels that are compared; of a larger picture, the middle.
const MOST_SEEN: u32 = 1 << 20;

/// The lowest quality whose picture is worth so many points of SSIMULACRA2 beside what was encoded, by halving; none below
/// the ceiling is: the ceiling.
fn likely(
    made: &Made,
    ceiling: u8,
    points: f64,
    job: &Job<'_>,
    at: impl Fn(u8) -> Result<Vec<u8>, CodecError>,
) -> Result<Found, CodecError> {
    let top = Found { quality: ceiling, bytes: at(ceiling)? };
    let Some(want) = reference(made, job)? else { return Ok(top) };
    let mut best = top;
    let (mut low, mut high) = (0, ceiling);
    while high - low > 1 {
        job.cancel.check()?;
        let quality = low + (high - low) / 2;
        let bytes = at(quality)?;
        if likeness(&want, &bytes, job)? >= points {
            high = quality;
            best = Found { quality, bytes };
        } else {
            low = quality;
        }
        // One step of quality more or less is not seen.
        if high - low <= 2 {
            break;
        }
    }
    Ok(best)
}

/// What files are compared with; `None` for a picture that is too small to be seen.
pub(crate) fn reference(made: &Made, job: &Job<'_>) -> Result<Option<Ssimulacra2Reference>, CodecError> {
    let whole = match made {
        Made::Planes(planar) => planar.to_rgb(job.cancel)?,
        Made::Picture(picture) => picture.frames[0].pixels.clone(),
        Made::Wide(wide) => wide.to_eight(),
    };
    if whole.width < LEAST_SEEN || whole.height < LEAST_SEEN {
        return Ok(None);
    }
    let want = seen(whole);
    Ssimulacra2Reference::new(&slice(&want)?).map(Some).map_err(unmeasured)
}

/// Points of SSIMULACRA2 that one picture is worth beside another: 100 beside itself, about 90 where hardly anybody tells
/// them apart, 70 where most do not mind, below 0 where they have little in common. Transparent pixels are put on grey; of
/// pictures of more than a million pixels, the middle is looked at. `None` for pictures of different sizes, or with a side
/// below 16 pixels.
///
/// # Errors
/// [`CodecError::Internal`] when a picture is malformed.
pub fn likeness_of(reference: Pixels, other: Pixels) -> Result<Option<f64>, CodecError> {
    let size = (reference.width, reference.height);
    if size != (other.width, other.height) || size.0.min(size.1) < LEAST_SEEN {
        return Ok(None);
    }
    let (reference, other) = (seen(reference), seen(other));
    let want = Ssimulacra2Reference::new(&slice(&reference)?).map_err(unmeasured)?;
    want.compare(&slice(&other)?).map(Some).map_err(unmeasured)
}

/// The middle of a picture, opaque.
fn seen(pixels: Pixels) -> Pixels {
    let opaque = match pixels.channels {
        Channels::Rgb => pixels,
        Channels::Rgba => on_grey(pixels),
    };
    let (w, h) = (opaque.width, opaque.height);
    if u64::from(w) * u64::from(h) <= u64::from(MOST_SEEN) {
        return opaque;
    }
    let width = w.min(1024).max((MOST_SEEN / h).min(w));
    let height = h.min(MOST_SEEN / width);
    let (x, y) = (((w - width) / 2) as usize, ((h - height) / 2) as usize);
    let stride = 3 * w as usize;
    let rows = opaque.data.chunks_exact(stride).skip(y).take(height as usize);
    let data = rows.flat_map(|row| &row[3 * x..3 * (x + width as usize)]).copied().collect();
    Pixels { width, height, channels: Channels::Rgb, data }
}

fn on_grey(mut pixels: Pixels) -> Pixels {
    for pixel in pixels.data.as_chunks_mut::<4>().0 {
        let [r, g, b, alpha] = *pixel;
        let grey = mul255(128, 255 - alpha);
        *pixel = [mul255(r, alpha) + grey, mul255(g, alpha) + grey, mul255(b, alpha) + grey, 255];
    }
    without_alpha(pixels)
}

/// Points of SSIMULACRA2 that a file of our own is worth.
pub(crate) fn likeness(want: &Ssimulacra2Reference, file: &[u8], job: &Job<'_>) -> Result<f64, CodecError> {
    // Its values are to be like those that were encoded, whatever its profile makes of them.
    let ask = Decode { keep_profile: true, ..Decode::default() };
    // No worker is needed for what our own encoder has just written.
    let budget = Budget { foreign: Foreign::HERE, ..job.budget.clone() };
    let mut decoded = codec::decode(file, &ask, &budget, job.cancel)?;
    let got = seen(decoded.picture.frames.swap_remove(0).pixels);
    want.compare(&slice(&got)?).map_err(unmeasured)
}

fn slice(pixels: &Pixels) -> Result<PixelSlice<'_>, CodecError> {
    let stride = 3 * pixels.width as usize;
    PixelSlice::new(&pixels.data, pixels.width, pixels.height, stride, PixelDescriptor::RGB8_SRGB).map_err(unmeasured)
}

fn unmeasured(error: impl std::fmt::Display) -> CodecError {
    CodecError::Internal(format!("the likeness of a result: {error}"))
}
