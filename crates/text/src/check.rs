//! Ranges of settings.

use crate::limits::{Limits, TextError};
use crate::style::{LineHeight, Style};

/// Refuses what is outside the ranges that [`Style`] documents.
pub(crate) fn check(style: &Style, limits: &Limits) -> Result<(), TextError> {
    let size = style.size;
    // Written so that NaN is outside.
    let inside = |name, ok: bool| if ok { Ok(()) } else { Err(TextError::Setting(name)) };
    inside("size", size > 0.0 && size.is_finite())?;
    if size > limits.size {
        return Err(TextError::OverLimit { what: "size", found: size as u64, limit: limits.size as u64 });
    }
    inside("weight", (1..=1000).contains(&style.weight))?;
    inside("families", style.families.len() <= 32 && style.families.iter().all(|name| name.len() <= 256))?;
    inside("letter spacing", (-size / 2.0..=size * 10.0).contains(&style.letter_spacing))?;
    inside(
        "line height",
        match style.line_height {
            LineHeight::Font => true,
            LineHeight::Times(times) => times > 0.0 && times <= 10.0,
            LineHeight::Pixels(pixels) => pixels > 0.0 && pixels <= size * 10.0,
        },
    )?;
    inside("width", style.max_width != Some(0))?;
    inside("height", style.max_height != Some(0))?;
    inside("lines", style.max_lines != Some(0))?;
    inside("radius", style.radius >= 0.0 && style.radius.is_finite())?;
    if let Some(outline) = style.outline {
        inside("outline", (0.0..=size).contains(&outline.width))?;
    }
    if let Some(shadow) = style.shadow {
        let reach = -1000.0..=1000.0;
        inside("shadow", reach.contains(&shadow.dx) && reach.contains(&shadow.dy))?;
        inside("shadow blur", (0.0..=200.0).contains(&shadow.blur))?;
    }
    Ok(())
}
