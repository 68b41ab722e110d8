//! The output.

use plan::{Format, FormatRule, Metadata, OutputRule, Quality, Report};

use super::super::said::{FmWord, FrameWord, PaletteWord, Said};
use super::{Notes, idle};
use crate::settings::Settings;

const DEFAULT_QUALITY: u8 = 75;
const COMPRESSED_QUALITY: u8 = 45;

/// Components of a BlurHash, across and down: the vendor's are not documented.
pub(in crate::imgix) const BLURHASH: (u8, u8) = (4, 3);

/// Colours of a palette unless said.
pub(in crate::imgix) const COLORS: u8 = 6;

/// What the classes of a palette begin with unless said.
pub(in crate::imgix) const PREFIX: &str = "image";

/// Whether of an animation the first frame alone is asked for.
fn takes_first_frame(said: &Said) -> bool {
    said.frame == Some(FrameWord::One(1)) && said.page.is_none()
}

/// Whether something is said that changes the output alone.
pub(super) fn is_said(said: &Said) -> bool {
    takes_first_frame(said)
        || said.fm.is_some()
        || said.q.is_some()
        || said.auto_format
        || said.auto_compress
        || said.lossless.is_some()
        || said.jpg_progressive.is_some()
        || said.chromasub.is_some()
        || said.colorquant.is_some()
        || said.dpi.is_some()
        || said.cs.is_some()
        || said.iptc.is_some()
        || said.palette.is_some()
}

/// What is answered in place of a picture; a palette goes before what `fm` asks for.
pub(super) fn report(said: &Said) -> Option<Report> {
    let colors = said.colors.map_or(COLORS, |colors| colors.min(16) as u8);
    match (said.palette, said.fm) {
        (Some(PaletteWord::Json), _) => Some(Report::PaletteJson { colors }),
        (Some(PaletteWord::Css), _) => {
            Some(Report::PaletteCss { colors, prefix: said.prefix.clone().unwrap_or_else(|| PREFIX.to_owned()) })
        }
        (None, Some(FmWord::Json)) => Some(Report::Info),
        (None, Some(FmWord::BlurHash)) => Some(Report::BlurHash { across: BLURHASH.0, down: BLURHASH.1 }),
        (None, _) => None,
    }
}

pub(super) fn rule(said: &Said, settings: &Settings, notes: &mut Notes) -> OutputRule {
    idle(notes, "colors", said.colors.is_some() && said.palette.is_none());
    idle(notes, "prefix", said.prefix.is_some() && said.palette != Some(PaletteWord::Css));
    idle(notes, "fm", said.fm.is_some() && said.palette.is_some());
    let report = report(said);
    let quality = said.q.unwrap_or(if said.auto_compress { COMPRESSED_QUALITY } else { DEFAULT_QUALITY });
    OutputRule {
        original: false,
        // A report is of the picture itself, whatever it would be written as.
        format: if report.is_some() { FormatRule::Source } else { format(said, settings) },
        quality: Quality::all(quality),
        lossless: said.lossless.unwrap_or(false),
        progressive: said.fm == Some(FmWord::ProgressiveJpg) || said.jpg_progressive.unwrap_or(true),
        // The first frame needs no stage, but the others go.
        animation: !takes_first_frame(said),
        palette: report.is_none() && said.fm == Some(FmWord::Png8),
        colors: said.colorquant.map_or(256, |colors| colors.clamp(2, 256) as u16),
        subsampling: said.chromasub.unwrap_or_default(),
        metadata: if said.iptc == Some(true) { Metadata::Copyright } else { Metadata::Strip },
        profile: said.cs.unwrap_or_default(),
        density: said.dpi.map_or(0, |dpi| dpi.min(65_535) as u16),
        report,
        ..OutputRule::default()
    }
}

fn format(said: &Said, settings: &Settings) -> FormatRule {
    let format = said.fm.and_then(|fm| match fm {
        FmWord::Jpg | FmWord::ProgressiveJpg => Some(Format::Jpeg),
        FmWord::Png | FmWord::Png8 => Some(Format::Png),
        FmWord::Gif => Some(Format::Gif),
        FmWord::Webp => Some(Format::Webp),
        FmWord::Avif => Some(Format::Avif),
        FmWord::Json | FmWord::BlurHash | FmWord::Pdf => None,
    });
    // A mask that is compressed needs a format with alpha.
    let format = format.or((said.mask.is_some() && said.auto_compress).then_some(Format::Png));
    match format {
        _ if said.auto_format => FormatRule::Negotiate { offer: offer(settings), fallback: format },
        Some(format) => FormatRule::Always(format),
        None => FormatRule::Source,
    }
}

/// What `auto=format` offers.
pub(in crate::imgix) fn offer(settings: &Settings) -> Vec<Format> {
    if settings.avif { vec![Format::Avif, Format::Webp] } else { vec![Format::Webp] }
}

/// The quality that goes without saying.
pub(in crate::imgix) fn default_quality() -> Quality {
    Quality::all(DEFAULT_QUALITY)
}
