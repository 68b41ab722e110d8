//! How the result is written: <https://imagekit.io/docs/image-optimization>. For each the last step that says it wins.

use plan::Format;

use crate::imagekit::said::{FormatSaid, Said};
use crate::request::WarningKind;
use crate::table::{Kind, Param, Served, Tier};
use crate::text;

/// Format, quality, and what goes along.
pub(in crate::imagekit) static OUTPUT: &[Param<Said>] = &[
    Param {
        name: "f",
        aliases: &[],
        kind: Kind::Enum(&["auto", "orig", "jpg", "jpeg", "png", "webp", "avif", "gif"]),
        default: "as the site negotiates",
        doc: "Output format; the last step that names one wins.",
        tier: Tier::A,
        served: Served::Unsaid,
        parse: |said, value| format(value).map(|format| said.format = Some(format)),
        write: |said| said.format.map(|format| spell_format(format).to_owned()),
    },
    Param {
        name: "q",
        aliases: &[],
        kind: Kind::Int(1, 100),
        default: "80",
        doc: "Encoder quality; the last step that names one wins.",
        tier: Tier::A,
        served: Served::Unsaid,
        parse: |said, value| match text::whole(value).and_then(|n| u8::try_from(n).ok()) {
            Some(quality @ 1..=100) => {
                said.quality = Some(quality);
                Ok(())
            }
            _ => Err(WarningKind::Invalid),
        },
        write: |said| said.quality.map(|quality| quality.to_string()),
    },
    Param {
        name: "lo",
        aliases: &[],
        kind: Kind::Flag,
        default: "false",
        doc: "Lossless WebP.",
        tier: Tier::B,
        served: Served::Unsaid,
        parse: |said, value| flag(value).map(|on| said.lossless = Some(on)),
        write: |said| said.lossless.map(|on| on.to_string()),
    },
    Param {
        name: "pr",
        aliases: &[],
        kind: Kind::Flag,
        default: "false",
        doc: "Progressive JPEG.",
        tier: Tier::B,
        served: Served::Unsaid,
        parse: |said, value| flag(value).map(|on| said.progressive = Some(on)),
        write: |said| said.progressive.map(|on| on.to_string()),
    },
    Param {
        name: "orig",
        aliases: &[],
        kind: Kind::Flag,
        default: "false",
        doc: "The master's own bytes; every other parameter is ignored.",
        tier: Tier::A,
        served: Served::Unsaid,
        parse: |said, value| flag(value).map(|on| said.original = Some(on)),
        write: |said| said.original.map(|on| on.to_string()),
    },
    Param {
        name: "md",
        aliases: &[],
        kind: Kind::Flag,
        default: "false",
        doc: "Keeps the master's metadata, with the orientation that the result has.",
        tier: Tier::B,
        served: Served::Unsaid,
        parse: |said, value| flag(value).map(|on| said.metadata = Some(on)),
        write: |said| said.metadata.map(|on| on.to_string()),
    },
    Param {
        name: "cp",
        aliases: &[],
        kind: Kind::Flag,
        default: "false",
        doc: "Keeps the master's colour profile; AVIF is then not offered. Without it, colours become sRGB.",
        tier: Tier::B,
        served: Served::Unsaid,
        parse: |said, value| flag(value).map(|on| said.profile = Some(on)),
        write: |said| said.profile.map(|on| on.to_string()),
    },
    Param {
        name: "dn",
        aliases: &[],
        kind: Kind::Int(1, 1200),
        default: "",
        doc: "Density in dots per inch that the file claims.",
        tier: Tier::C,
        served: Served::Unsaid,
        parse: |said, value| match text::whole(value).and_then(|n| u16::try_from(n).ok()) {
            Some(density @ 1..=1200) => {
                said.density = Some(density);
                Ok(())
            }
            _ => Err(WarningKind::Invalid),
        },
        write: |said| said.density.map(|density| density.to_string()),
    },
    Param {
        name: "pg",
        aliases: &[],
        kind: Kind::Syntax("a number from 1; ranges, lists and names are not supported yet"),
        default: "1",
        doc: "Page or frame of the master, in the first step.",
        tier: Tier::C,
        served: Served::Unsaid,
        parse: |said, value| match text::whole(value) {
            Some(0) => Err(WarningKind::Invalid),
            Some(page) => {
                said.page = Some(page).filter(|page| *page > 1);
                Ok(())
            }
            None if value.is_empty() => Err(WarningKind::Invalid),
            None => Err(WarningKind::Unsupported),
        },
        write: |said| said.page.map(|page| page.to_string()),
    },
    Param {
        name: "di",
        aliases: &[],
        kind: Kind::Text,
        default: "",
        doc: "Path of the picture shown where the asset is missing, @@ for a slash. Read past for now.",
        tier: Tier::A,
        served: Served::Unsaid,
        parse: |_, value| if value.is_empty() { Ok(()) } else { Err(WarningKind::Unsupported) },
        write: |_| None,
    },
];

fn format(value: &str) -> Result<FormatSaid, WarningKind> {
    match value {
        "auto" => Ok(FormatSaid::Auto),
        "orig" => Ok(FormatSaid::Original),
        "jpg" | "jpeg" => Ok(FormatSaid::As(Format::Jpeg)),
        "png" => Ok(FormatSaid::As(Format::Png)),
        "webp" => Ok(FormatSaid::As(Format::Webp)),
        "avif" => Ok(FormatSaid::As(Format::Avif)),
        "gif" => Ok(FormatSaid::As(Format::Gif)),
        _ => Err(WarningKind::Invalid),
    }
}

fn spell_format(format: FormatSaid) -> &'static str {
    match format {
        FormatSaid::Auto => "auto",
        FormatSaid::Original => "orig",
        FormatSaid::As(format) => format.extension(),
    }
}

fn flag(value: &str) -> Result<bool, WarningKind> {
    match value {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(WarningKind::Invalid),
    }
}
