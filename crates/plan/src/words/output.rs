//! How a result is written.

use super::list;
use crate::{Depth, Format, FormatRule, Metadata, OutputRule, Profile, Quality, Report, Subsampling};

/// `of_master`: whether there is an original whose format could be kept. What is made of none is PNG where nothing else is asked
/// for.
pub(super) fn words(rule: &OutputRule, of_master: bool) -> String {
    if rule.original {
        return "the original's bytes, unchanged".to_owned();
    }
    if let Some(report) = &rule.report {
        return told(report);
    }
    let mut text = format!("{}, {}", format(&rule.format, of_master), quality(rule));
    for (set, words) in [
        (rule.lossless, ", WebP without loss"),
        (rule.progressive, ", progressive"),
        (!rule.animation, ", the first frame alone"),
        (rule.palette, ", PNG with a palette"),
        (!rule.smallest && rule.negotiates(), ", even where that is larger"),
        (rule.subsampling == Subsampling::S422, ", half of the colour kept"),
        (rule.subsampling == Subsampling::S444, ", all of the colour kept"),
        (rule.metadata == Metadata::Copyright, ", with its copyright"),
        (rule.metadata == Metadata::Keep, ", with its metadata"),
        (rule.profile == Profile::Tagged, ", with an sRGB profile"),
        (rule.profile == Profile::AdobeRgb, ", in Adobe RGB (1998)"),
        (rule.profile == Profile::Keep, ", in its own colour profile"),
        (rule.depth == Depth::Sixteen, ", with all its bits"),
    ] {
        if set {
            text.push_str(words);
        }
    }
    if rule.colors != 256 {
        text.push_str(&format!(", at most {} colours in a palette", rule.colors));
    }
    if let Some(points) = rule.likeness {
        text.push_str(&format!(", as small as a likeness of {points} allows"));
    }
    if let Some(bytes) = rule.max_bytes {
        text.push_str(&format!(", at most {bytes} bytes"));
    }
    if rule.density > 0 {
        text.push_str(&format!(", marked as {} pixels per inch", rule.density));
    }
    text
}

fn told(report: &Report) -> String {
    match report {
        Report::Info => "what its file says, as JSON, in place of a picture".to_owned(),
        Report::PaletteJson { colors } => format!("its {colors} main colours as JSON, in place of a picture"),
        Report::PaletteCss { colors, .. } => format!("its {colors} main colours as CSS, in place of a picture"),
        Report::BlurHash { .. } => "its BlurHash, in place of a picture".to_owned(),
        Report::ThumbHash => "its ThumbHash, in place of a picture".to_owned(),
    }
}

fn format(rule: &FormatRule, of_master: bool) -> String {
    let unasked = if of_master { "in the original's format" } else { "as PNG" };
    match rule {
        FormatRule::Source => unasked.to_owned(),
        FormatRule::Always(format) => format!("as {}", name(*format)),
        FormatRule::Negotiate { offer, fallback } => {
            let offers: Vec<String> = offer.iter().map(|format| name(*format).to_owned()).collect();
            let fallback = fallback.map_or(unasked.to_owned(), |format| format!("as {}", name(format)));
            match offers.as_slice() {
                [] => fallback,
                offers => {
                    format!("as {} where the browser takes it, else {fallback}", list(offers).replace(" and ", " or "))
                }
            }
        }
    }
}

fn quality(rule: &OutputRule) -> String {
    let Quality { jpeg, webp, avif } = rule.quality;
    if jpeg == webp && webp == avif {
        return format!("at quality {jpeg}");
    }
    format!("at quality {jpeg} for JPEG, {webp} for WebP and {avif} for AVIF")
}

fn name(format: Format) -> &'static str {
    match format {
        Format::Jpeg => "JPEG",
        Format::Png => "PNG",
        Format::Webp => "WebP",
        Format::Avif => "AVIF",
        Format::Gif => "GIF",
    }
}
