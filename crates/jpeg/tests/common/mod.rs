//! libjpeg-turbo as oracle and as maker of files.

#![allow(dead_code, clippy::unwrap_used, clippy::expect_used)]

pub mod textbook;

use std::ffi::{CStr, c_int, c_void};
use std::ptr;

use turbojpeg_sys as tj;

struct Handle(*mut c_void);

impl Handle {
    fn new(kind: tj::TJINIT) -> Handle {
        // SAFETY: takes a plain number.
        let handle = unsafe { tj::tj3Init(kind as c_int) };
        assert!(!handle.is_null());
        Handle(handle)
    }

    fn set(&self, parameter: tj::TJPARAM, value: i32) {
        // SAFETY: the handle is live.
        assert_eq!(unsafe { tj::tj3Set(self.0, parameter as c_int, value) }, 0, "{}", self.message());
    }

    fn get(&self, parameter: tj::TJPARAM) -> i32 {
        // SAFETY: the handle is live.
        unsafe { tj::tj3Get(self.0, parameter as c_int) }
    }

    fn message(&self) -> String {
        // SAFETY: the handle is live; the string belongs to it and ends in a zero.
        unsafe { CStr::from_ptr(tj::tj3GetErrorStr(self.0)) }.to_string_lossy().into_owned()
    }

    /// Eighths; the library knows only reduced fractions.
    fn scale(&self, eighths: i32) {
        let common = 1 << eighths.trailing_zeros();
        let factor = tj::tjscalingfactor { num: eighths / common, denom: 8 / common };
        // SAFETY: the handle is live.
        assert_eq!(unsafe { tj::tj3SetScalingFactor(self.0, factor) }, 0, "{}", self.message());
    }

    fn header(&self, file: &[u8]) {
        // SAFETY: the handle is live; pointer and length are those of one slice.
        let code = unsafe { tj::tj3DecompressHeader(self.0, file.as_ptr(), file.len() as tj::size_t) };
        assert_eq!(code, 0, "{}", self.message());
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: the handle is live and not used again.
        unsafe { tj::tj3Destroy(self.0) }
    }
}

/// Takes over a buffer that libjpeg-turbo allocated.
fn taken(out: *mut u8, length: tj::size_t) -> Vec<u8> {
    assert!(!out.is_null());
    // SAFETY: after success the buffer holds `length` bytes.
    let file = unsafe { std::slice::from_raw_parts(out, length as usize) }.to_vec();
    // SAFETY: allocated by the library, and not used again.
    unsafe { tj::tj3Free(out.cast()) };
    file
}

/// A file of `channels` (1, 3 or 4) interleaved samples a pixel.
pub fn compress(
    width: usize,
    height: usize,
    data: &[u8],
    channels: usize,
    parameters: &[(tj::TJPARAM, i32)],
) -> Vec<u8> {
    assert_eq!(data.len(), width * height * channels);
    let format = match channels {
        1 => tj::TJPF_TJPF_GRAY,
        4 => tj::TJPF_TJPF_CMYK,
        _ => tj::TJPF_TJPF_RGB,
    };
    let handle = Handle::new(tj::TJINIT_TJINIT_COMPRESS);
    for (parameter, value) in parameters {
        handle.set(*parameter, *value);
    }
    let (mut out, mut length) = (ptr::null_mut(), 0);
    // SAFETY: the handle is live; `data` holds that many rows without gaps; a null output makes the library allocate.
    let code = unsafe {
        let (width, height) = (width as c_int, height as c_int);
        tj::tj3Compress8(handle.0, data.as_ptr(), width, 0, height, format as c_int, &mut out, &mut length)
    };
    assert_eq!(code, 0, "{}", handle.message());
    taken(out, length)
}

/// The same coefficients, coded as baseline or progressive.
pub fn recode(file: &[u8], progressive: bool) -> Vec<u8> {
    let handle = Handle::new(tj::TJINIT_TJINIT_TRANSFORM);
    // SAFETY: all zeros is a valid value: no operation, no options, no filter.
    let mut transform: tj::tjtransform = unsafe { std::mem::zeroed() };
    if progressive {
        transform.options = tj::TJXOPT_PROGRESSIVE as c_int;
    }
    handle.set(tj::TJPARAM_TJPARAM_OPTIMIZE, 1);
    let (mut out, mut length) = (ptr::null_mut(), 0);
    // SAFETY: the handle is live; one transform, one output that the library allocates.
    let code = unsafe {
        tj::tj3Transform(handle.0, file.as_ptr(), file.len() as tj::size_t, 1, &mut out, &mut length, &transform)
    };
    assert_eq!(code, 0, "{}", handle.message());
    taken(out, length)
}

/// One component as libjpeg-turbo decodes it: samples, width, height.
pub type Reference = (Vec<u8>, usize, usize);

/// The planes at `scale` eighths. Sides may be one sample longer than the component's own.
pub fn planes(file: &[u8], scale: i32) -> Vec<Reference> {
    let handle = Handle::new(tj::TJINIT_TJINIT_DECOMPRESS);
    handle.header(file);
    handle.scale(scale);
    let side = |parameter| (handle.get(parameter) * scale + 7) / 8;
    let (width, height) = (side(tj::TJPARAM_TJPARAM_JPEGWIDTH), side(tj::TJPARAM_TJPARAM_JPEGHEIGHT));
    let sampling = handle.get(tj::TJPARAM_TJPARAM_SUBSAMP);
    let count = if sampling == tj::TJSAMP_TJSAMP_GRAY { 1 } else { 3 };
    let mut planes: Vec<Reference> = (0..count)
        .map(|i| {
            // SAFETY: plain numbers.
            let (w, h) =
                unsafe { (tj::tj3YUVPlaneWidth(i, width, sampling), tj::tj3YUVPlaneHeight(i, height, sampling)) };
            (vec![0; w as usize * h as usize], w as usize, h as usize)
        })
        .collect();
    let mut pointers: Vec<*mut u8> = planes.iter_mut().map(|p| p.0.as_mut_ptr()).collect();
    // SAFETY: the handle is live; each plane has the size that the library asked for, without gaps (null strides).
    let code = unsafe {
        let length = file.len() as tj::size_t;
        tj::tj3DecompressToYUVPlanes8(handle.0, file.as_ptr(), length, pointers.as_mut_ptr(), ptr::null_mut())
    };
    assert_eq!(code, 0, "{}", handle.message());
    planes
}

/// Interleaved samples at `scale` eighths: RGB, or as stored where there are four components.
pub fn pixels(file: &[u8], scale: i32) -> Vec<u8> {
    let handle = Handle::new(tj::TJINIT_TJINIT_DECOMPRESS);
    handle.header(file);
    handle.scale(scale);
    let side = |parameter| ((handle.get(parameter) * scale + 7) / 8) as usize;
    let (width, height) = (side(tj::TJPARAM_TJPARAM_JPEGWIDTH), side(tj::TJPARAM_TJPARAM_JPEGHEIGHT));
    let space = handle.get(tj::TJPARAM_TJPARAM_COLORSPACE) as tj::TJCS;
    let (format, channels) = match space {
        tj::TJCS_TJCS_CMYK | tj::TJCS_TJCS_YCCK => (tj::TJPF_TJPF_CMYK, 4),
        _ => (tj::TJPF_TJPF_RGB, 3),
    };
    let mut data = vec![0; width * height * channels];
    // SAFETY: the handle is live; the buffer has room for the scaled picture without gaps.
    let code = unsafe {
        let length = file.len() as tj::size_t;
        tj::tj3Decompress8(handle.0, file.as_ptr(), length, data.as_mut_ptr(), 0, format as c_int)
    };
    assert_eq!(code, 0, "{}", handle.message());
    data
}

/// Numbers without pattern, the same in each run.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as u32
    }

    pub fn below(&mut self, limit: usize) -> usize {
        self.next() as usize % limit.max(1)
    }
}
