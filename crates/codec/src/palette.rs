//! Pictures of at most 256 colours, for PNG and GIF.

use quantizr::{Image, Options, QuantizeResult};

use crate::CodecError;

/// A picture as indices.
pub(crate) struct Indexed {
    /// Red, green, blue, alpha of each colour; at most as many as asked for.
    pub colors: Vec<[u8; 4]>,
    /// One per pixel.
    pub indices: Vec<u8>,
}

/// Reduces RGBA pixels to at most `most` colours (2 to 256), with error diffusion.
pub(crate) fn reduce(rgba: &[u8], width: u32, height: u32, most: i32) -> Result<Indexed, CodecError> {
    let failed = |e| CodecError::Internal(format!("palette: {e}"));
    let (width, height) = (width as usize, height as usize);
    let image = Image::new(rgba, width, height).map_err(failed)?;
    let mut options = Options::default();
    options.set_max_colors(most).map_err(failed)?;
    let mut result = QuantizeResult::quantize(&image, &options);
    result.set_dithering_level(0.8).map_err(failed)?;
    let mut indices = vec![0; width * height];
    result.remap_image(&image, &mut indices).map_err(failed)?;
    let palette = result.get_palette();
    let count = (palette.count as usize).clamp(1, palette.entries.len());
    let colors: Vec<[u8; 4]> = palette.entries[..count].iter().map(|c| [c.r, c.g, c.b, c.a]).collect();
    if indices.iter().any(|i| usize::from(*i) >= colors.len()) {
        return Err(CodecError::Internal("palette: an index past its end".into()));
    }
    Ok(Indexed { colors, indices })
}
