//! The calls into libwebp.

use std::ffi::{CStr, c_int, c_void};

use libwebp_sys as webp;

use crate::{Cancel, Channels, CodecError, Encode, Picture, Pixels};

/// Method 2 costs half the time of the library's default of 4 for 3 % more bytes; of an animation, 70 % of the time of method 3 for
/// 6 % more.
const METHOD: c_int = 2;

/// Encodes a still or an animation.
pub(crate) fn encode(picture: &Picture, how: &Encode, cancel: &Cancel) -> Result<Vec<u8>, CodecError> {
    if picture.width() > webp::WEBP_MAX_DIMENSION || picture.height() > webp::WEBP_MAX_DIMENSION {
        return Err(failed("a side of more than 16383 pixels"));
    }
    let config = config(how)?;
    if picture.is_animated() { animation(picture, &config, cancel) } else { still(picture, &config, cancel) }
}

fn failed(message: &str) -> CodecError {
    CodecError::Internal(format!("libwebp: {message}"))
}

fn config(how: &Encode) -> Result<webp::WebPConfig, CodecError> {
    let quality = f32::from(how.quality.clamp(1, 100));
    // In lossless mode, quality is effort.
    let quality = if how.lossless { 50.0 } else { quality };
    let mut config = webp::WebPConfig::new_with_preset(webp::WebPPreset::WEBP_PRESET_DEFAULT, quality)
        .map_err(|()| failed("no configuration"))?;
    config.method = METHOD;
    config.lossless = how.lossless.into();
    // Lossless means every pixel, the invisible ones too.
    config.exact = how.lossless.into();
    config.thread_level = 0;
    Ok(config)
}

/// A picture of the library, with its pixels, freed on drop.
struct Source(webp::WebPPicture);

impl Source {
    fn new(pixels: &Pixels, argb: bool, cancel: &Cancel) -> Result<Source, CodecError> {
        let mut source = Source(webp::WebPPicture::new().map_err(|()| failed("no picture"))?);
        let picture = &mut source.0;
        picture.use_argb = argb.into();
        picture.width = pixels.width as c_int;
        picture.height = pixels.height as c_int;
        picture.progress_hook = Some(go_on);
        picture.user_data = std::ptr::from_ref(cancel).cast_mut().cast();
        let stride = pixels.width as c_int * pixels.channels.count() as c_int;
        // SAFETY: the picture is initialised; the pixels are `height` rows of `stride` bytes, as checked on entry to the
        // crate's `encode`.
        let imported = unsafe {
            match pixels.channels {
                Channels::Rgb => webp::WebPPictureImportRGB(picture, pixels.data.as_ptr(), stride),
                Channels::Rgba => webp::WebPPictureImportRGBA(picture, pixels.data.as_ptr(), stride),
            }
        };
        if imported == 0 { Err(failed("no memory for a picture")) } else { Ok(source) }
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        // SAFETY: initialised in `new`, not used again.
        unsafe { webp::WebPPictureFree(&mut self.0) }
    }
}

/// Asked by the library as it goes; zero stops it.
unsafe extern "C" fn go_on(_percent: c_int, picture: *const webp::WebPPicture) -> c_int {
    // SAFETY: the library passes the picture it encodes; its user data is the `Cancel` that `Source::new` was given, which
    // outlives the call that encodes, or null in pictures the library made itself.
    let cancel = unsafe { picture.as_ref().and_then(|p| p.user_data.cast::<Cancel>().as_ref()) };
    cancel.is_none_or(|c| c.check().is_ok()).into()
}

fn still(picture: &Picture, config: &webp::WebPConfig, cancel: &Cancel) -> Result<Vec<u8>, CodecError> {
    write(Source::new(&picture.frames[0].pixels, config.lossless != 0, cancel)?, config, cancel)
}

fn write(mut source: Source, config: &webp::WebPConfig, cancel: &Cancel) -> Result<Vec<u8>, CodecError> {
    let mut out: Vec<u8> = Vec::new();
    source.0.writer = Some(append);
    source.0.custom_ptr = std::ptr::from_mut(&mut out).cast::<c_void>();
    // SAFETY: configuration and picture are initialised and live; the writer's pointer is to `out`, which outlives the call.
    let done = unsafe { webp::WebPEncode(config, &mut source.0) };
    if done == 0 {
        cancel.check()?;
        return Err(failed(&format!("{:?}", source.0.error_code)));
    }
    drop(source);
    Ok(out)
}

unsafe extern "C" fn append(data: *const u8, length: usize, picture: *const webp::WebPPicture) -> c_int {
    if length == 0 {
        return 1;
    }
    // SAFETY: the library passes the picture it encodes, whose pointer `write` has set to a `Vec` that nobody else uses
    // meanwhile, and `length` readable bytes.
    unsafe {
        let out = &mut *(*picture).custom_ptr.cast::<Vec<u8>>();
        out.extend_from_slice(std::slice::from_raw_parts(data, length));
    }
    1
}

/// An animation encoder of the library, deleted on drop.
struct Animation(*mut webp::WebPAnimEncoder);

impl Animation {
    fn new(picture: &Picture) -> Result<Animation, CodecError> {
        let mut options = std::mem::MaybeUninit::<webp::WebPAnimEncoderOptions>::zeroed();
        // SAFETY: the library fills the options, and says whether its version is the one these declarations are of.
        let mut options = unsafe {
            if webp::WebPAnimEncoderOptionsInitInternal(options.as_mut_ptr(), webp::WEBP_MUX_ABI_VERSION as c_int) == 0
            {
                return Err(failed("no options"));
            }
            options.assume_init()
        };
        options.anim_params.loop_count = picture.loops.min(65535) as c_int;
        // SAFETY: the options are initialised and copied by the library; a null result is handled.
        let encoder = unsafe {
            webp::WebPAnimEncoderNewInternal(
                picture.width() as c_int,
                picture.height() as c_int,
                &options,
                webp::WEBP_MUX_ABI_VERSION as c_int,
            )
        };
        if encoder.is_null() { Err(failed("no animation encoder")) } else { Ok(Animation(encoder)) }
    }

    fn message(&self) -> CodecError {
        // SAFETY: the encoder is live; its message belongs to it and ends in a zero.
        failed(&unsafe { CStr::from_ptr(webp::WebPAnimEncoderGetError(self.0)) }.to_string_lossy())
    }
}

impl Drop for Animation {
    fn drop(&mut self) {
        // SAFETY: the encoder is live and not used again.
        unsafe { webp::WebPAnimEncoderDelete(self.0) }
    }
}

fn animation(picture: &Picture, config: &webp::WebPConfig, cancel: &Cancel) -> Result<Vec<u8>, CodecError> {
    let animation = Animation::new(picture)?;
    let mut at: c_int = 0;
    for frame in &picture.frames {
        cancel.check()?;
        let mut source = Source::new(&frame.pixels, true, cancel)?;
        // SAFETY: encoder, picture and configuration are live and initialised.
        if unsafe { webp::WebPAnimEncoderAdd(animation.0, &mut source.0, at, config) } == 0 {
            cancel.check()?;
            return Err(animation.message());
        }
        // Frames of no duration would be merged with the next.
        let delay = c_int::try_from(frame.delay_ms.clamp(1, 0xFF_FFFF)).unwrap_or(1);
        at = at.checked_add(delay).ok_or_else(|| failed("an animation of more than 24 days"))?;
    }
    // SAFETY: a null picture marks the end of the last frame.
    if unsafe { webp::WebPAnimEncoderAdd(animation.0, std::ptr::null_mut(), at, std::ptr::null()) } == 0 {
        return Err(animation.message());
    }
    let mut data = webp::WebPData { bytes: std::ptr::null(), size: 0 };
    // SAFETY: the encoder is live; `data` is filled with an allocation of the library.
    if unsafe { webp::WebPAnimEncoderAssemble(animation.0, &mut data) } == 0 || data.bytes.is_null() {
        return Err(animation.message());
    }
    // SAFETY: the library says how many bytes it allocated; they are copied, then freed as it asks.
    unsafe {
        let out = std::slice::from_raw_parts(data.bytes, data.size).to_vec();
        webp::WebPFree(data.bytes.cast_mut().cast());
        Ok(out)
    }
}
