//! JPEG XL (ISO/IEC 18181), stills and animations, by the decoder of the JPEG XL project in Rust: the one that two
//! browsers ship. It takes its work in pieces, between which the clock is looked at.

use std::io;

use ::jxl::api::{
    AlphaMode, Event, JxlColorType, JxlDataFormat, JxlDecoder, JxlDecoderOptions, JxlOutputBuffer, JxlParallelRunner,
    JxlParallelRunnerFun, JxlPixelFormat, ProfileLevel,
};
use ::jxl::error::Error;

use crate::icc::{self, Samples, Settled};
use crate::limits;
use crate::{Budget, Cancel, Channels, CodecError, Decode, Decoded, Frame, Info, Kind, Picture, Pixels};

/// Bytes the decoder is taken to hold for a sample of a frame. Measured on stills of 2 megapixels: 0.7 to 2.4 of RGB, up to 3.2
/// with alpha (lossless, squeezed, progressive, noisy). The rest is for frames that a file keeps to draw later ones on, at 4
/// each, which no encoder at hand would make.
const SAMPLE_BYTES: u64 = 12;

/// Reads the header, and of an animation the headers of its frames.
pub(crate) fn probe(bytes: &[u8], budget: &Budget) -> Result<Info, CodecError> {
    Ok(Reader::open(bytes, budget, &Cancel::never(), false)?.info)
}

/// Decodes the first frame or all.
pub(crate) fn decode(bytes: &[u8], ask: &Decode, budget: &Budget, cancel: &Cancel) -> Result<Decoded, CodecError> {
    let mut reader = Reader::open(bytes, budget, cancel, false)?;
    let info = reader.info.clone();
    // Counting the frames ends early for whoever is called off.
    cancel.check()?;
    if !reader.complete {
        return Err(CodecError::Truncated("the JPEG XL ends before its last frame".into()));
    }
    let wanted = if ask.all_frames { info.frames } else { 1 };
    limits::frames(wanted.into(), budget)?;
    let area = limits::area(info.width, info.height);
    let colors = reader.colors;
    let count = colors.samples();
    let inside = area * (count.max(3) as u64 + reader.extra) * SAMPLE_BYTES;
    limits::memory(area * 4 * u64::from(wanted) + area * count as u64 + inside, budget)?;
    let stride = info.width as usize * count;
    let mut data = vec![0; stride * info.height as usize];
    let mut frames = Vec::new();
    let mut profile = None;
    let mut delay_ms = 0;
    while frames.len() < wanted as usize {
        let mut buffers = [JxlOutputBuffer::new(&mut data, info.height as usize, stride)];
        match reader.step(Some(&mut buffers))? {
            Event::FrameHeader => delay_ms = reader.delay(),
            Event::FrameComplete { .. } => {
                let raw = if frames.len() + 1 < wanted as usize { data.clone() } else { std::mem::take(&mut data) };
                let icc = reader.decoder.output_color_profile().and_then(|p| p.try_as_icc().map(|icc| icc.to_vec()));
                let (pixels, channels, kept) = colors.to_rgb(raw, icc.as_deref(), ask.keep_profile, cancel)?;
                profile = kept;
                let delay_ms = if wanted > 1 { delay_ms } else { 0 };
                let pixels = Pixels { width: info.width, height: info.height, channels, data: pixels };
                frames.push(Frame { pixels, delay_ms });
            }
            Event::Complete => return Err(CodecError::Truncated("the JPEG XL ends before its last frame".into())),
            Event::NeedMoreInput { .. } | Event::BasicInfo => {}
        }
    }
    let loops = if frames.len() > 1 { reader.loops } else { 0 };
    Ok(Decoded { picture: Picture { frames, loops }, profile, info })
}

/// What is asked of the decoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Colors {
    Gray,
    GrayAlpha,
    Rgb,
    Rgba,
    Cmyk,
}

impl Colors {
    fn samples(self) -> usize {
        match self {
            Colors::Gray => 1,
            Colors::GrayAlpha => 2,
            Colors::Rgb => 3,
            Colors::Rgba | Colors::Cmyk => 4,
        }
    }

    fn asked(self) -> JxlColorType {
        match self {
            Colors::Gray => JxlColorType::Grayscale,
            Colors::GrayAlpha => JxlColorType::GrayscaleAlpha,
            Colors::Rgb => JxlColorType::Rgb,
            Colors::Rgba => JxlColorType::Rgba,
            Colors::Cmyk => JxlColorType::Cmyk,
        }
    }

    fn to_rgb(
        self,
        mut data: Vec<u8>,
        profile: Option<&[u8]>,
        keep: bool,
        cancel: &Cancel,
    ) -> Result<Settled, CodecError> {
        match self {
            Colors::Gray => Ok((icc::to_srgb(data, Samples::Gray, profile, cancel)?, Channels::Rgb, None)),
            Colors::GrayAlpha => {
                let gray = data.chunks_exact(2).map(|p| p[0]).collect();
                let rgb = icc::to_srgb(gray, Samples::Gray, profile, cancel)?;
                let pairs = rgb.chunks_exact(3).zip(data.chunks_exact(2));
                Ok((pairs.flat_map(|(c, p)| [c[0], c[1], c[2], p[1]]).collect(), Channels::Rgba, None))
            }
            Colors::Rgb => {
                icc::settle(data, Samples::Rgb, profile, keep, cancel).map(|(data, kept)| (data, Channels::Rgb, kept))
            }
            Colors::Rgba => {
                icc::settle(data, Samples::Rgba, profile, keep, cancel).map(|(data, kept)| (data, Channels::Rgba, kept))
            }
            Colors::Cmyk => {
                // Here 0 is full ink.
                data.iter_mut().for_each(|v| *v = 255 - *v);
                Ok((icc::to_srgb(data, Samples::Cmyk, profile, cancel)?, Channels::Rgb, None))
            }
        }
    }
}

struct Reader<'a> {
    decoder: JxlDecoder,
    input: &'a [u8],
    cancel: &'a Cancel,
    info: Info,
    colors: Colors,
    /// Channels beside those of colour.
    extra: u64,
    loops: u32,
    /// The frames were counted up to one that says it is the last.
    complete: bool,
}

impl<'a> Reader<'a> {
    fn open(bytes: &'a [u8], budget: &Budget, cancel: &'a Cancel, only_frames: bool) -> Result<Reader<'a>, CodecError> {
        let mut options = JxlDecoderOptions::default();
        options.adjust_orientation = false;
        options.alpha_mode = AlphaMode::Unpremultiplied;
        options.scan_frames_only = only_frames;
        options.max_profile_level = ProfileLevel::Main10;
        // Colour, alpha and one more; a frame may be larger than the picture, but not than this.
        options.sample_limit = usize::try_from(budget.input_pixels.saturating_mul(5)).ok();
        let mut decoder = JxlDecoder::new(options);
        let mut input = bytes;
        let event = decoder.process(&mut input, None, Some(&mut Asking(cancel))).map_err(|e| refuse(&e, cancel))?;
        let truncated = || CodecError::Truncated("the JPEG XL ends before its first pixel".into());
        let (Event::BasicInfo, Some(basic)) = (event, decoder.basic_info().cloned()) else {
            return Err(truncated());
        };
        let side = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        let (width, height) = (side(basic.size.0), side(basic.size.1));
        limits::size(width, height, budget)?;
        let extra = basic.extra_channels.len();
        let kinds = || basic.extra_channels.iter().map(|channel| channel.ec_type);
        let alpha = kinds().any(|kind| kind == ::jxl::api::ExtraChannel::Alpha);
        let black = kinds().any(|kind| kind == ::jxl::api::ExtraChannel::Black);
        let gray = decoder.embedded_color_profile().is_some_and(|profile| profile.channels() == 1);
        let colors = match (gray, black, alpha) {
            (true, _, false) => Colors::Gray,
            (true, _, true) => Colors::GrayAlpha,
            (false, true, _) => Colors::Cmyk,
            (false, false, false) => Colors::Rgb,
            (false, false, true) => Colors::Rgba,
        };
        let format = JxlPixelFormat {
            color_type: colors.asked(),
            color_data_format: Some(JxlDataFormat::U8 { bit_depth: 8 }),
            extra_channel_format: vec![None; extra],
        };
        decoder.set_pixel_format(format).map_err(|e| refuse(&e, cancel))?;
        let (frames, complete) = match (&basic.animation, only_frames) {
            (Some(_), false) => count_frames(bytes, budget, cancel),
            _ => (1, true),
        };
        let may_have_alpha = matches!(colors, Colors::GrayAlpha | Colors::Rgba);
        let info =
            Info { kind: Kind::JpegXl, width, height, orientation: basic.orientation as u8, may_have_alpha, frames };
        let loops = basic.animation.map_or(0, |animation| animation.num_loops);
        Ok(Reader { decoder, input, cancel, info, colors, extra: extra as u64, loops, complete })
    }

    /// Goes on to what is next; an end of the data is an error.
    fn step(&mut self, buffers: Option<&mut [JxlOutputBuffer<'_>]>) -> Result<Event, CodecError> {
        self.cancel.check()?;
        let before = self.input.len();
        let event = self.decoder.process(&mut self.input, buffers, Some(&mut Asking(self.cancel)));
        match event.map_err(|e| refuse(&e, self.cancel))? {
            Event::NeedMoreInput { .. } if self.input.is_empty() || self.input.len() == before => {
                Err(CodecError::Truncated("the JPEG XL ends before its last pixel".into()))
            }
            event => Ok(event),
        }
    }

    /// How long the frame is shown whose header was just read.
    fn delay(&self) -> u32 {
        let duration = self.decoder.frame_header().and_then(|header| header.duration).unwrap_or(0.0);
        duration.round().clamp(0.0, 16_777_215.0) as u32
    }
}

/// Frames that are there, by their headers, and whether the last is among them or the budget is spent.
fn count_frames(bytes: &[u8], budget: &Budget, cancel: &Cancel) -> (u32, bool) {
    let Ok(mut reader) = Reader::open(bytes, budget, cancel, true) else {
        return (1, false);
    };
    while let Ok(event) = reader.step(None) {
        let frames = reader.decoder.scanned_frames().len();
        if event == Event::Complete || frames > budget.frames as usize {
            break;
        }
    }
    let frames = reader.decoder.scanned_frames();
    let complete = frames.last().is_some_and(|frame| frame.is_last) || frames.len() > budget.frames as usize;
    (u32::try_from(frames.len()).unwrap_or(u32::MAX).max(1), complete)
}

/// Runs the decoder's pieces on this thread, and none more once the job is to stop.
struct Asking<'a>(&'a Cancel);

impl JxlParallelRunner for Asking<'_> {
    fn run(&mut self, count: usize, piece: &JxlParallelRunnerFun<'_>) -> Result<(), Error> {
        for number in 0..count {
            self.0.check().map_err(|e| Error::IOError(io::Error::other(e)))?;
            piece(number)?;
        }
        Ok(())
    }

    fn num_threads(&self) -> usize {
        1
    }

    fn run_ordered(
        &mut self,
        count: usize,
        _max_threads: Option<usize>,
        piece: &JxlParallelRunnerFun<'_>,
    ) -> Result<(), Error> {
        self.run(count, piece)
    }
}

fn refuse(error: &Error, cancel: &Cancel) -> CodecError {
    if let Err(stopped) = cancel.check() {
        return stopped;
    }
    match error {
        Error::OutOfBounds(_) | Error::SectionTooShort => {
            CodecError::Truncated("the JPEG XL ends before its last pixel".into())
        }
        error => CodecError::Corrupt(format!("JPEG XL: {error}")),
    }
}

/// Bits of a sample, and the colour model.
pub(crate) fn samples(bytes: &[u8]) -> (u8, &'static str) {
    let never = Cancel::never();
    let Ok(reader) = Reader::open(bytes, &Budget::default(), &never, true) else { return (8, "rgb") };
    let bits = reader.decoder.basic_info().map_or(8, |basic| basic.bit_depth.bits_per_sample());
    let model = match reader.colors {
        Colors::Gray | Colors::GrayAlpha => "gray",
        Colors::Cmyk => "cmyk",
        Colors::Rgb | Colors::Rgba => "rgb",
    };
    (u8::try_from(bits).unwrap_or(u8::MAX), model)
}
