//! What the overlays of all dialects share: the picture that a value names, and where it lies.

use percent_encoding::{AsciiSet, CONTROLS};
use plan::{Asset, Dim, Fixed, Horizontal, Orient, Overlay, Picture, Shift, Stage, Vertical};

use crate::text;

/// What may not stand in an absolute URL, `%` aside: an escape in it belongs to its origin.
const URL: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'`').add(b'{').add(b'}').add(b'|').add(b'^');

/// An overlay in its own size, turned upright first: no vendor draws one lying on its side.
pub(crate) fn upright(source: Option<&str>, asset: &Asset) -> Overlay {
    let picture = Picture::Named { source: source.map(str::to_owned), asset: asset.clone() };
    Overlay { stages: vec![Stage::Orient(Orient::Exif)], ..Overlay::new(picture) }
}

/// The picture that a decoded value names: an absolute `http` or `https` URL, which may have lost one of its slashes, else
/// a key. `None` where it names none, or climbs out of its root.
pub(crate) fn asset(value: &str) -> Option<Asset> {
    for scheme in ["https", "http"] {
        let begins = value.get(..scheme.len()).is_some_and(|head| head.eq_ignore_ascii_case(scheme));
        if let Some(rest) = value.get(scheme.len()..).filter(|_| begins).and_then(|rest| rest.strip_prefix(":/")) {
            return address(scheme, rest.trim_start_matches('/')).map(Asset::Url);
        }
    }
    key(value).map(Asset::Path)
}

/// A key below the root; one leading slash is cut.
pub(crate) fn key(value: &str) -> Option<String> {
    let key = value.strip_prefix('/').unwrap_or(value);
    (!key.is_empty() && !text::escapes_root(key)).then(|| key.to_owned())
}

/// As it will be requested: without fragment.
fn address(scheme: &str, rest: &str) -> Option<String> {
    let rest = rest.split('#').next()?;
    let authority = rest.split(['/', '?']).next()?;
    let host = authority.rsplit('@').next()?;
    let usable = !host.is_empty() && !host.starts_with(':') && !host.contains(|c: char| c.is_whitespace());
    let path = text::decode(rest.split('?').next()?)?;
    let climbs = text::escapes_root(&path) || rest.contains(['\0', '\\']) || rest.contains("/../");
    (usable && !climbs).then(|| format!("{scheme}://{}", text::encode(rest, URL)))
}

/// The value that [`asset`] reads back. A key begins with a slash, so that none can pass for a URL.
pub(crate) fn spell(asset: &Asset) -> String {
    match asset {
        Asset::Path(key) => format!("/{key}"),
        Asset::Url(url) => url.clone(),
    }
}

/// The distances of an overlay from the edges that it is anchored to: an axis on which it is centred has none.
pub(crate) fn inset(anchor: (Horizontal, Vertical), by: (Shift, Shift)) -> (Shift, Shift) {
    (
        if anchor.0 == Horizontal::Center { Shift::NONE } else { by.0 },
        if anchor.1 == Vertical::Center { Shift::NONE } else { by.1 },
    )
}

/// The farthest that an overlay can be moved, in pixels: past the far edge of the largest picture.
pub(crate) const FARTHEST: i32 = 8192;

/// A distance at a device pixel ratio.
pub(crate) fn scaled(shift: Shift, dpr: f64) -> Shift {
    let farthest = f64::from(FARTHEST);
    match shift {
        Shift::Px(px) => Shift::Px((f64::from(px) * dpr).round().clamp(-farthest, farthest) as i32),
        Shift::Ratio(_) => shift,
    }
}

/// A box at a device pixel ratio, its pixels held within `max`. Third: whether they had to be.
pub(crate) fn sized(
    (width, height): (Option<Dim>, Option<Dim>),
    dpr: f64,
    max: u32,
) -> (Option<Dim>, Option<Dim>, bool) {
    let pixels = |side: Option<Dim>| match side {
        Some(Dim::Px(px)) => Some(f64::from(px) * dpr),
        Some(Dim::Ratio(_)) | None => None,
    };
    let (w, h, capped) = text::cap(pixels(width), pixels(height), max);
    (w.map(Dim::Px).or(width), h.map(Dim::Px).or(height), capped)
}

/// The name that an overlay of a dialect bears: its source, where it says one, and the picture there.
pub(crate) fn named(overlay: &Overlay) -> Result<(Option<&str>, &Asset), String> {
    match &overlay.picture {
        Picture::Named { source, asset } => Ok((source.as_deref(), asset)),
        Picture::Solid(_) | Picture::Text(_) => Err("an overlay that is no picture of a source".to_owned()),
        Picture::Masters(_) => Err("an overlay whose picture has no name, only masters".to_owned()),
    }
}

/// The one gap in pixels between an overlay and the edges that it is anchored to.
pub(crate) fn gap(overlay: &Overlay) -> Result<i32, String> {
    match (overlay.anchor, overlay.offset) {
        (_, (Shift::Ratio(_), _) | (_, Shift::Ratio(_))) => Err("an overlay at a distance that is a share".to_owned()),
        ((Horizontal::Center, _), (Shift::Px(0), Shift::Px(y))) => Ok(y),
        ((_, Vertical::Center), (Shift::Px(x), Shift::Px(0))) => Ok(x),
        (_, (Shift::Px(x), Shift::Px(y))) if x == y => Ok(x),
        _ => Err("an overlay at two distances".to_owned()),
    }
}

/// What is done to the picture of an overlay once it is upright.
pub(crate) fn own_stages(overlay: &Overlay) -> Result<&[Stage], String> {
    match overlay.stages.split_first() {
        Some((Stage::Orient(Orient::Exif), rest)) => Ok(rest),
        _ => Err("an overlay that is not turned upright first".to_owned()),
    }
}

/// Percent as a share.
pub(crate) fn share(percent: Fixed) -> Fixed {
    Fixed::new(percent.get() / 100.0)
}

/// A share as percent.
pub(crate) fn percent(share: Fixed) -> Fixed {
    Fixed::new(share.get() * 100.0)
}

#[cfg(test)]
mod tests;
