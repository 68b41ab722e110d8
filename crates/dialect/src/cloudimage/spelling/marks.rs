//! Overlays as watermarks.

use plan::{Dim, Fit, Fixed, Horizontal, Overlay, Picture, Resize, Shift, Stage, Text, TextFit, Vertical};

use crate::cloudimage::said::marks::{Font, FontSize, Mark, MarkAnchor, MarkScale};
use crate::overlay;

/// What is said of one watermark to mean this overlay; `Err` names what there are no words for.
pub(super) fn said(drawn: &Overlay) -> Result<Mark, String> {
    for (is, what) in [
        (!drawn.shrink, "an overlay that may be larger than the picture"),
        (drawn.optional, "an overlay that may be missing"),
    ] {
        if is {
            return Err(what.to_owned());
        }
    }
    let mut mark = Mark::default();
    let own = match &drawn.picture {
        Picture::Text(text) => {
            say_text(&mut mark, text);
            drawn.stages.as_slice()
        }
        _ => {
            let (source, asset) = overlay::named(drawn)?;
            if source.is_some() {
                return Err("an overlay from a source that it names".to_owned());
            }
            mark.asset = Some(asset.clone());
            overlay::own_stages(drawn)?
        }
    };
    mark.scale = match (own, drawn.width, drawn.height) {
        ([], None, None) => None,
        ([], Some(Dim::Ratio(x)), Some(Dim::Ratio(y))) => {
            Some(MarkScale::Picture(overlay::percent(x), overlay::percent(y)))
        }
        ([Stage::Resize(resize)], None, None) => match resize.width {
            Some(Dim::Ratio(own)) if *resize == Resize::new(resize.width, None, Fit::Inside) => {
                Some(MarkScale::Own(overlay::percent(own)))
            }
            _ => return Err("an overlay with a transformation of its own".to_owned()),
        },
        ([], ..) => return Err("an overlay of a size in pixels".to_owned()),
        _ => return Err("an overlay with a transformation of its own".to_owned()),
    };
    let centered = (Horizontal::Center, Vertical::Center);
    mark.anchor = Some(drawn.anchor).filter(|at| *at != centered).map(|(x, y)| MarkAnchor::At(x, y));
    mark.pad = Some(drawn.offset).filter(|offset| *offset != (Shift::NONE, Shift::NONE));
    mark.opacity = Some(drawn.opacity).filter(|opacity| *opacity != Fixed::ONE);
    Ok(mark)
}

/// What a text cannot say is found when the URL is read again.
fn say_text(mark: &mut Mark, text: &Text) {
    mark.text = Some(text.text.clone());
    let plain = text.families.is_empty() && text.weight == 400 && !text.italic;
    mark.font = text.families.first().filter(|_| !plain).map(|family| Font {
        family: family.clone(),
        weight: text.weight,
        italic: text.italic,
    });
    let size = FontSize { pixels: text.size, shrinks: text.fit == TextFit::Shrink };
    let default = FontSize { pixels: Fixed::new(FontSize::DEFAULT), shrinks: false };
    mark.size = Some(size).filter(|size| *size != default);
    mark.color = Some(text.color).filter(|color| *color != plan::Color::BLACK);
}
