//! Overlays.

use super::{color, corner, percent, phrases, pixels, size};
use crate::{Asset, Blend, Fixed, Overlay, Picture, Shift, Text};

/// Characters of a text that are shown.
const SHOWN: usize = 60;

pub(super) fn laid_over(overlay: &Overlay) -> String {
    let mut text = match overlay.blend {
        Blend::Cutter => format!("kept only where {} is", picture(&overlay.picture)),
        Blend::Cutout => format!("cut out where {} is", picture(&overlay.picture)),
        Blend::Mask => format!("kept by the light of {}", picture(&overlay.picture)),
        Blend::Displace { .. } => format!("its pixels moved by {}", picture(&overlay.picture)),
        _ => format!("{} laid over it", picture(&overlay.picture)),
    };
    if let Some(size) = size(overlay.width, overlay.height) {
        text.push_str(&format!(", {size}"));
    }
    match overlay.tile {
        Some(_) => text.push_str(", repeated all over"),
        None => text.push_str(&format!(", at {}", corner(overlay.origin.unwrap_or(overlay.anchor)))),
    }
    if overlay.offset != (Shift::NONE, Shift::NONE) {
        text.push_str(&format!(", moved by {} and {}", shift(overlay.offset.0), shift(overlay.offset.1)));
    }
    let plain = Blend::PLAIN.contains(&overlay.blend);
    if plain && !matches!(overlay.blend, Blend::Normal | Blend::Cutter | Blend::Cutout | Blend::Mask) {
        text.push_str(&format!(", blended by {}", overlay.blend.name()));
    }
    if overlay.opacity != Fixed::ONE {
        text.push_str(&format!(", {} opaque", percent(overlay.opacity)));
    }
    if overlay.only_on != (0, 0) {
        text.push_str(&format!(", only where it has at least {} × {} pixels", overlay.only_on.0, overlay.only_on.1));
    }
    if overlay.optional {
        text.push_str(", if it can be had");
    }
    if !overlay.stages.is_empty() {
        text.push_str(&format!(" (that one was {})", phrases(&overlay.stages).join("; ")));
    }
    text
}

fn picture(picture: &Picture) -> String {
    match picture {
        Picture::Named { asset: Asset::Path(path), .. } => path.clone(),
        Picture::Named { asset: Asset::Url(url), .. } => url.clone(),
        Picture::Masters(masters) => {
            let names: Vec<String> = masters.iter().map(ToString::to_string).collect();
            names.join(" or else ")
        }
        Picture::Solid(of) => format!("a field of {}", color(*of)),
        Picture::Text(text) => said(text),
    }
}

pub(super) fn said(text: &Text) -> String {
    let shown: String = text.text.chars().take(SHOWN).map(|c| if c.is_control() { ' ' } else { c }).collect();
    let more = if text.text.chars().count() > SHOWN { "…" } else { "" };
    format!("the text “{shown}{more}” in {}, {} pixels high,", color(text.color), text.size)
}

fn shift(by: Shift) -> String {
    match by {
        Shift::Px(px) => {
            let sign = if px < 0 { "-" } else { "" };
            format!("{sign}{}", pixels(px.unsigned_abs()))
        }
        Shift::Ratio(share) => percent(share),
    }
}
