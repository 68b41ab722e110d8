//! The output.

use plan::{Format, FormatRule, Metadata, OutputRule, Profile, Report, Subsampling};

use super::super::meaning;
use super::super::said::{FmWord, FrameWord, PaletteWord, Said};
use crate::settings::Settings;

pub(super) fn spell(output: &OutputRule, settings: &Settings, said: &mut Said) -> Result<(), String> {
    let quality = output.quality;
    if quality.jpeg != quality.webp || quality.webp != quality.avif {
        return Err("a quality per format".to_owned());
    }
    if quality != meaning::default_quality() {
        said.q = Some(quality.jpeg);
    }
    said.frame = (!output.animation).then_some(FrameWord::One(1));
    let format = match &output.format {
        FormatRule::Source => None,
        FormatRule::Always(format) => Some(*format),
        FormatRule::Negotiate { offer, fallback } => {
            if *offer != meaning::offer(settings) {
                return Err("another choice of formats to negotiate".to_owned());
            }
            said.auto_format = true;
            *fallback
        }
    };
    said.fm = format.map(|format| match format {
        Format::Jpeg => FmWord::Jpg,
        Format::Png if output.palette => FmWord::Png8,
        Format::Png => FmWord::Png,
        Format::Gif => FmWord::Gif,
        Format::Webp => FmWord::Webp,
        Format::Avif => FmWord::Avif,
    });
    if output.palette && said.fm != Some(FmWord::Png8) {
        return Err("a palette without PNG".to_owned());
    }
    said.lossless = output.lossless.then_some(true);
    said.jpg_progressive = (!output.progressive).then_some(false);
    said.chromasub = (output.subsampling != Subsampling::S420).then_some(output.subsampling);
    said.colorquant = (output.colors != 256).then_some(output.colors.into());
    said.dpi = (output.density != 0).then_some(output.density.into());
    said.cs = (output.profile != Profile::Srgb).then_some(output.profile);
    match output.metadata {
        Metadata::Strip => {}
        Metadata::Copyright => said.iptc = Some(true),
        Metadata::Keep => return Err("keeping all metadata".to_owned()),
    }
    for (is, what) in [
        (output.max_bytes.is_some(), "a limit in bytes"),
        (output.likeness.is_some(), "a likeness"),
        (!output.smallest && output.negotiates(), "a format that is larger than the fallback"),
    ] {
        if is {
            return Err(what.to_owned());
        }
    }
    output.report.as_ref().map_or(Ok(()), |report| spell_report(report, said))
}

fn spell_report(report: &Report, said: &mut Said) -> Result<(), String> {
    let count = |colors: u8| (colors != meaning::COLORS).then_some(colors.into());
    match report {
        Report::Info => said.fm = Some(FmWord::Json),
        Report::BlurHash { across, down } if (*across, *down) == meaning::BLURHASH => said.fm = Some(FmWord::BlurHash),
        Report::BlurHash { .. } => return Err("a BlurHash of so many components".to_owned()),
        Report::PaletteJson { colors } => (said.palette, said.colors) = (Some(PaletteWord::Json), count(*colors)),
        Report::PaletteCss { colors, prefix } => {
            (said.palette, said.colors) = (Some(PaletteWord::Css), count(*colors));
            said.prefix = (prefix != meaning::PREFIX).then(|| prefix.clone());
        }
        Report::ThumbHash => return Err("a ThumbHash".to_owned()),
    }
    Ok(())
}
