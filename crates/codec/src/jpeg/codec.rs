//! The calls into libjpeg-turbo (TurboJPEG 3 API).

use std::ffi::{CStr, c_int, c_void};

use plan::Subsampling;
use turbojpeg_sys as tj;

use crate::icc::Samples;
use crate::planar::Plane;
use crate::{Budget, CodecError, Encode};

/// A TurboJPEG instance, destroyed on drop.
struct Handle(*mut c_void);

impl Handle {
    fn new(kind: tj::TJINIT) -> Result<Handle, CodecError> {
        // SAFETY: takes a plain number; a null result is handled.
        let handle = unsafe { tj::tj3Init(kind as c_int) };
        if handle.is_null() {
            Err(CodecError::Internal("libjpeg-turbo: no instance".into()))
        } else {
            Ok(Handle(handle))
        }
    }

    fn set(&self, parameter: tj::TJPARAM, value: c_int) -> Result<(), CodecError> {
        // SAFETY: the handle is live; unknown parameters are answered with -1.
        match unsafe { tj::tj3Set(self.0, parameter as c_int, value) } {
            0 => Ok(()),
            _ => Err(CodecError::Internal(format!("libjpeg-turbo: {}", self.message()))),
        }
    }

    fn message(&self) -> String {
        // SAFETY: the handle is live; the string belongs to it and ends in a zero.
        unsafe { CStr::from_ptr(tj::tj3GetErrorStr(self.0)) }.to_string_lossy().into_owned()
    }

    /// `None` after success, the message after a warning, an error after a failure.
    fn outcome(&self, code: c_int) -> Result<Option<String>, String> {
        if code == 0 {
            return Ok(None);
        }
        // SAFETY: the handle is live.
        let severity = unsafe { tj::tj3GetErrorCode(self.0) };
        if severity == tj::TJERR_TJERR_WARNING as c_int { Ok(Some(self.message())) } else { Err(self.message()) }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: the handle is live and not used again.
        unsafe { tj::tj3Destroy(self.0) }
    }
}

/// Decoded samples, and the first warning on the way.
pub(super) struct Raw {
    pub data: Vec<u8>,
    pub warning: Option<String>,
}

/// Decodes to `size`, which is the size of the file divided by `denominator` and rounded up.
pub(super) fn decode(
    bytes: &[u8],
    size: (u32, u32),
    denominator: u32,
    samples: Samples,
    budget: &Budget,
) -> Result<Raw, CodecError> {
    let (format, count) = match samples {
        Samples::Gray => (tj::TJPF_TJPF_GRAY, 1),
        Samples::Rgb | Samples::Rgba => (tj::TJPF_TJPF_RGB, 3),
        Samples::Cmyk => (tj::TJPF_TJPF_CMYK, 4),
    };
    let handle = Handle::new(tj::TJINIT_TJINIT_DECOMPRESS)?;
    let megabytes = c_int::try_from(budget.memory.div_ceil(1 << 20)).unwrap_or(c_int::MAX);
    handle.set(tj::TJPARAM_TJPARAM_MAXMEMORY, megabytes.max(1))?;
    // Metadata is read from the markers, not kept a second time.
    handle.set(tj::TJPARAM_TJPARAM_SAVEMARKERS, 0)?;
    // SAFETY: the handle is live; pointer and length are those of one slice.
    let code = unsafe { tj::tj3DecompressHeader(handle.0, bytes.as_ptr(), bytes.len() as tj::size_t) };
    handle.outcome(code).map_err(CodecError::Corrupt)?;
    let scale = tj::tjscalingfactor { num: 1, denom: denominator as c_int };
    // SAFETY: the handle is live; an unsupported scale is answered with -1.
    if unsafe { tj::tj3SetScalingFactor(handle.0, scale) } != 0 {
        return Err(CodecError::Internal(format!("libjpeg-turbo: {}", handle.message())));
    }
    // SAFETY: the handle is live.
    let declared = |parameter: tj::TJPARAM| unsafe { tj::tj3Get(handle.0, parameter as c_int) };
    let side = |length: c_int| u32::try_from(length).unwrap_or(0).div_ceil(denominator);
    let (width, height) = (declared(tj::TJPARAM_TJPARAM_JPEGWIDTH), declared(tj::TJPARAM_TJPARAM_JPEGHEIGHT));
    if (side(width), side(height)) != size || declared(tj::TJPARAM_TJPARAM_PRECISION) != 8 {
        return Err(CodecError::Corrupt("two readings of the JPEG header differ".into()));
    }
    let mut data = vec![0; size.0 as usize * size.1 as usize * count];
    // SAFETY: the handle is live and holds this file's header; the buffer has room for `size.1` rows of `size.0` pixels in
    // this format without gaps (pitch 0), which was compared with the header just above.
    let code = unsafe {
        tj::tj3Decompress8(handle.0, bytes.as_ptr(), bytes.len() as tj::size_t, data.as_mut_ptr(), 0, format as c_int)
    };
    let warning = handle.outcome(code).map_err(CodecError::Corrupt)?;
    Ok(Raw { data, warning })
}

/// Encodes RGB pixels; `data` holds `width * height * 3` bytes.
pub(super) fn encode(width: u32, height: u32, data: &[u8], how: &Encode) -> Result<Vec<u8>, CodecError> {
    let sampling = match how.subsampling {
        Subsampling::S420 => tj::TJSAMP_TJSAMP_420,
        Subsampling::S422 => tj::TJSAMP_TJSAMP_422,
        Subsampling::S444 => tj::TJSAMP_TJSAMP_444,
    };
    compress(width, height, data, tj::TJPF_TJPF_RGB, &parameters(how, sampling))
}

fn parameters(how: &Encode, sampling: c_int) -> Vec<(tj::TJPARAM, c_int)> {
    let mut all = vec![
        (tj::TJPARAM_TJPARAM_QUALITY, how.quality.clamp(1, 100).into()),
        (tj::TJPARAM_TJPARAM_SUBSAMP, sampling),
        (tj::TJPARAM_TJPARAM_OPTIMIZE, 1),
        (tj::TJPARAM_TJPARAM_PROGRESSIVE, how.progressive.into()),
    ];
    if how.density > 0 {
        // In dots per inch (JFIF 1.02).
        let density = how.density.into();
        all.extend([
            (tj::TJPARAM_TJPARAM_DENSITYUNITS, 1),
            (tj::TJPARAM_TJPARAM_XDENSITY, density),
            (tj::TJPARAM_TJPARAM_YDENSITY, density),
        ]);
    }
    all
}

/// Encodes a picture of a size: lightness alone, or lightness of that size, made even on both sides, and colour of half of it.
pub(super) fn encode_planes(
    (width, height): (u32, u32),
    planes: &[&Plane],
    how: &Encode,
) -> Result<Vec<u8>, CodecError> {
    let half = (width.div_ceil(2), height.div_ceil(2));
    let wanted = match planes {
        [_] => vec![(width, height)],
        _ => vec![(2 * half.0, 2 * half.1), half, half],
    };
    let sound = |(plane, size): (&&Plane, &(u32, u32))| plane.is_sound() && (plane.width, plane.height) == *size;
    if planes.len() != wanted.len() || !planes.iter().zip(&wanted).all(sound) {
        return Err(CodecError::Internal("planes whose size is not what the encoder reads".into()));
    }
    let handle = Handle::new(tj::TJINIT_TJINIT_COMPRESS)?;
    let sampling = if planes.len() == 1 { tj::TJSAMP_TJSAMP_GRAY } else { tj::TJSAMP_TJSAMP_420 };
    for (parameter, value) in parameters(how, sampling) {
        handle.set(parameter, value)?;
    }
    let pointers: Vec<*const u8> = planes.iter().map(|plane| plane.data.as_ptr()).collect();
    let strides: Vec<c_int> = planes.iter().map(|plane| plane.stride as c_int).collect();
    let mut out = std::ptr::null_mut();
    let mut length = 0;
    // SAFETY: the handle is live; there are as many planes and strides as the sampling has components, and each plane holds
    // what `tj3YUVPlaneWidth` and `tj3YUVPlaneHeight` say that the library reads: the size padded to whole samples of colour,
    // as compared just above. A null output makes the library allocate.
    let code = unsafe {
        tj::tj3CompressFromYUVPlanes8(
            handle.0,
            pointers.as_ptr(),
            width as c_int,
            strides.as_ptr(),
            height as c_int,
            &mut out,
            &mut length,
        )
    };
    written(&handle, code, out, length)
}

/// Encodes with any parameters: tests make files of every sort with it.
pub(super) fn compress(
    width: u32,
    height: u32,
    data: &[u8],
    format: tj::TJPF,
    parameters: &[(tj::TJPARAM, c_int)],
) -> Result<Vec<u8>, CodecError> {
    let failed = |message| CodecError::Internal(format!("libjpeg-turbo: {message}"));
    let count = match format {
        tj::TJPF_TJPF_GRAY => 1,
        tj::TJPF_TJPF_CMYK => 4,
        _ => 3,
    };
    if data.len() != width as usize * height as usize * count {
        return Err(failed("wrong length".to_string()));
    }
    let handle = Handle::new(tj::TJINIT_TJINIT_COMPRESS)?;
    for (parameter, value) in parameters {
        handle.set(*parameter, *value)?;
    }
    let mut out: *mut u8 = std::ptr::null_mut();
    let mut length = 0;
    // SAFETY: the handle is live; `data` holds that many rows without gaps; a null output makes the library allocate.
    let code = unsafe {
        tj::tj3Compress8(
            handle.0,
            data.as_ptr(),
            width as c_int,
            0,
            height as c_int,
            format as c_int,
            &mut out,
            &mut length,
        )
    };
    written(&handle, code, out, length)
}

/// Takes what the library wrote into memory of its own, and frees that.
fn written(handle: &Handle, code: c_int, out: *mut u8, length: tj::size_t) -> Result<Vec<u8>, CodecError> {
    let failed = |message| CodecError::Internal(format!("libjpeg-turbo: {message}"));
    let result = match handle.outcome(code) {
        // SAFETY: after success the buffer holds `length` bytes.
        Ok(_) if !out.is_null() => Ok(unsafe { std::slice::from_raw_parts(out, length as usize) }.to_vec()),
        Ok(_) => Err(failed("no output".to_string())),
        Err(message) => Err(failed(message)),
    };
    // SAFETY: allocated by the library, or null, which it takes.
    unsafe { tj::tj3Free(out.cast()) };
    result
}
