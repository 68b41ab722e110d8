//! HEIC, by the libheif of the system, which is linked dynamically and only in builds with the feature `heic`: it is under
//! the LGPL. Decoding only, by whatever HEVC decoder that library has (libde265 on Debian); no encoder is ever called.
//!
//! The declarations are of the part of the C interface that has been stable since libheif 1.4, written out here so that a
//! build needs neither clang nor one version of it.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::marker::PhantomData;

use crate::icc::{self, Samples};
use crate::limits;
use crate::{Budget, Cancel, Channels, CodecError, Decode, Decoded, Info, Kind, Picture, Pixels};

const HEVC: c_int = 1;
const COLORSPACE_RGB: c_int = 1;
const CHROMA_INTERLEAVED_RGB: c_int = 10;
const CHROMA_INTERLEAVED_RGBA: c_int = 11;
const CHANNEL_INTERLEAVED: c_int = 10;

#[repr(C)]
struct HeifError {
    code: c_int,
    subcode: c_int,
    message: *const c_char,
}

#[link(name = "heif")]
unsafe extern "C" {
    fn heif_have_decoder_for_format(format: c_int) -> c_int;
    fn heif_context_alloc() -> *mut c_void;
    fn heif_context_free(context: *mut c_void);
    fn heif_context_read_from_memory_without_copy(
        context: *mut c_void,
        data: *const c_void,
        size: usize,
        options: *const c_void,
    ) -> HeifError;
    fn heif_context_get_primary_image_handle(context: *mut c_void, handle: *mut *mut c_void) -> HeifError;
    fn heif_image_handle_release(handle: *const c_void);
    fn heif_image_handle_get_width(handle: *const c_void) -> c_int;
    fn heif_image_handle_get_height(handle: *const c_void) -> c_int;
    fn heif_image_handle_has_alpha_channel(handle: *const c_void) -> c_int;
    fn heif_image_handle_get_raw_color_profile_size(handle: *const c_void) -> usize;
    fn heif_image_handle_get_raw_color_profile(handle: *const c_void, out: *mut c_void) -> HeifError;
    fn heif_decode_image(
        handle: *const c_void,
        image: *mut *mut c_void,
        colorspace: c_int,
        chroma: c_int,
        options: *const c_void,
    ) -> HeifError;
    fn heif_image_release(image: *const c_void);
    fn heif_image_get_width(image: *const c_void, channel: c_int) -> c_int;
    fn heif_image_get_height(image: *const c_void, channel: c_int) -> c_int;
    fn heif_image_get_plane_readonly(image: *const c_void, channel: c_int, stride: *mut c_int) -> *const u8;
}

/// Makes the library load its plugins.
pub(crate) fn prepare() {
    // SAFETY: a plain number.
    let _ = unsafe { heif_have_decoder_for_format(HEVC) };
}

/// Reads the boxes.
pub(crate) fn probe(bytes: &[u8], budget: &Budget) -> Result<Info, CodecError> {
    File::open(bytes)?.info(budget)
}

/// Decodes the primary picture to 8 bits. The library turns it as the file says.
pub(crate) fn decode(bytes: &[u8], ask: &Decode, budget: &Budget, cancel: &Cancel) -> Result<Decoded, CodecError> {
    let file = File::open(bytes)?;
    let info = file.info(budget)?;
    // The planes of 16 bits at worst, twice for tiles, what the library converts to, and what goes out.
    limits::memory(limits::area(info.width, info.height) * 20, budget)?;
    cancel.check()?;
    let channels = if info.may_have_alpha { Channels::Rgba } else { Channels::Rgb };
    let data = file.pixels(&info, channels)?;
    cancel.check()?;
    let samples = if channels == Channels::Rgba { Samples::Rgba } else { Samples::Rgb };
    let profile = file.profile();
    let (data, profile) = icc::settle(data, samples, profile.as_deref(), ask.keep_profile, cancel)?;
    let pixels = Pixels { width: info.width, height: info.height, channels, data };
    Ok(Decoded { picture: Picture::still(pixels), profile, info })
}

/// A file of the library with its primary picture, freed on drop.
struct File<'a> {
    context: *mut c_void,
    handle: *mut c_void,
    /// The library reads from these bytes as long as the context lives.
    bytes: PhantomData<&'a [u8]>,
}

impl<'a> File<'a> {
    fn open(bytes: &'a [u8]) -> Result<File<'a>, CodecError> {
        // SAFETY: a plain number.
        if unsafe { heif_have_decoder_for_format(HEVC) } == 0 {
            return Err(CodecError::Unsupported("heic: the libheif of this system has no decoder for it".into()));
        }
        // SAFETY: no arguments; a null result is handled.
        let context = unsafe { heif_context_alloc() };
        if context.is_null() {
            return Err(CodecError::Internal("libheif: no context".into()));
        }
        let mut file = File { context, handle: std::ptr::null_mut(), bytes: PhantomData };
        // SAFETY: the context is live and used by nobody else; the bytes outlive it; the handle is written by the library.
        unsafe {
            let data = bytes.as_ptr().cast();
            check(heif_context_read_from_memory_without_copy(context, data, bytes.len(), std::ptr::null()))?;
            check(heif_context_get_primary_image_handle(context, &mut file.handle))?;
        }
        if file.handle.is_null() { Err(CodecError::Corrupt("HEIC: no picture".into())) } else { Ok(file) }
    }

    fn info(&self, budget: &Budget) -> Result<Info, CodecError> {
        // SAFETY: the handle is live, and was seen not to be null in `open`.
        let (width, height, alpha) = unsafe {
            (
                heif_image_handle_get_width(self.handle),
                heif_image_handle_get_height(self.handle),
                heif_image_handle_has_alpha_channel(self.handle),
            )
        };
        let side = |length: c_int| u32::try_from(length).unwrap_or(0);
        let (width, height) = (side(width), side(height));
        limits::size(width, height, budget)?;
        Ok(Info { kind: Kind::Heic, width, height, orientation: 1, may_have_alpha: alpha != 0, frames: 1 })
    }

    fn pixels(&self, info: &Info, channels: Channels) -> Result<Vec<u8>, CodecError> {
        let chroma = match channels {
            Channels::Rgb => CHROMA_INTERLEAVED_RGB,
            Channels::Rgba => CHROMA_INTERLEAVED_RGBA,
        };
        let mut image = Image(std::ptr::null_mut());
        // SAFETY: the handle is live; the image is written by the library and freed on drop.
        check(unsafe { heif_decode_image(self.handle, &mut image.0, COLORSPACE_RGB, chroma, std::ptr::null()) })?;
        if image.0.is_null() {
            return Err(CodecError::Corrupt("HEIC: no picture".into()));
        }
        let mut stride: c_int = 0;
        // SAFETY: the image is live and interleaved, as was asked for.
        let (width, height, plane) = unsafe {
            (
                heif_image_get_width(image.0, CHANNEL_INTERLEAVED),
                heif_image_get_height(image.0, CHANNEL_INTERLEAVED),
                heif_image_get_plane_readonly(image.0, CHANNEL_INTERLEAVED, &mut stride),
            )
        };
        let (row, stride) = (info.width as usize * channels.count(), usize::try_from(stride).unwrap_or(0));
        let same = (i64::from(width), i64::from(height)) == (info.width.into(), info.height.into());
        if plane.is_null() || !same || stride < row {
            return Err(CodecError::Corrupt("HEIC: its picture is not of the size its boxes say".into()));
        }
        let mut out = Vec::with_capacity(row * info.height as usize);
        for y in 0..info.height as usize {
            // SAFETY: the library holds `height` rows of `stride` bytes, each of at least `row`, as compared just above.
            out.extend_from_slice(unsafe { std::slice::from_raw_parts(plane.add(y * stride), row) });
        }
        Ok(out)
    }

    fn profile(&self) -> Option<Vec<u8>> {
        // SAFETY: the handle is live.
        let size = unsafe { heif_image_handle_get_raw_color_profile_size(self.handle) };
        if size == 0 || size > 8 << 20 {
            return None;
        }
        let mut profile = vec![0; size];
        // SAFETY: the buffer has the size that the library has just named.
        check(unsafe { heif_image_handle_get_raw_color_profile(self.handle, profile.as_mut_ptr().cast()) }).ok()?;
        Some(profile)
    }
}

impl Drop for File<'_> {
    fn drop(&mut self) {
        // SAFETY: both are live or null, which the library takes for a handle, and not used again.
        unsafe {
            if !self.handle.is_null() {
                heif_image_handle_release(self.handle);
            }
            heif_context_free(self.context);
        }
    }
}

/// A decoded picture of the library, freed on drop.
struct Image(*mut c_void);

impl Drop for Image {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: live and not used again.
            unsafe { heif_image_release(self.0) }
        }
    }
}

fn check(error: HeifError) -> Result<(), CodecError> {
    if error.code == 0 {
        return Ok(());
    }
    let text = if error.message.is_null() {
        String::new()
    } else {
        // SAFETY: the library names a text that ends in a zero and lives on.
        unsafe { CStr::from_ptr(error.message) }.to_string_lossy().into_owned()
    };
    // 100 is the end of the data.
    match (error.code, error.subcode) {
        (_, 100) => Err(CodecError::Truncated("the HEIC ends before its last pixel".into())),
        (3 | 4, _) => Err(CodecError::Unsupported(format!("heic: {text}"))),
        (6, _) => Err(CodecError::OverBudget { what: "memory", found: 0, limit: 0 }),
        _ => Err(CodecError::Corrupt(format!("HEIC: {text}"))),
    }
}
