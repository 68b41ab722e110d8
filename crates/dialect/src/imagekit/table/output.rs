//! How the result is written: <https://imagekit.io/docs/image-optimization>. For each the last step that says it wins.

use plan::Format;

use crate::imagekit::layer::asset;
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
        served: Served::Nearly("vector graphics and films are not written, and GIF also of what is no GIF"),
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
        served: Served::Nearly("on the scale of our encoders"),
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
        served: Served::Exactly("crates/afterimage/tests/imagekit_pixels.rs::answers_are_written_as_asked"),
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
        served: Served::Exactly("crates/afterimage/tests/imagekit_pixels.rs::answers_are_written_as_asked"),
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
        served: Served::Exactly("crates/afterimage/tests/imagekit_pixels.rs::answers_are_written_as_asked"),
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
        served: Served::Exactly("crates/afterimage/tests/imagekit_pixels.rs::answers_are_written_as_asked"),
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
        served: Served::Exactly("crates/afterimage/tests/imagekit_pixels.rs::answers_are_written_as_asked"),
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
        served: Served::Nearly("only the number in the file: vector graphics are drawn at the size that is asked for"),
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
        kind: Kind::Syntax("a number from 1; of a list (1_3_5) or a range (2-4, 4-) the first is taken; name-<layer>"),
        default: "1",
        doc: "Page or frame of the master, in the first step.",
        tier: Tier::C,
        served: Served::Nearly("of PDF, TIFF and animations; one page, the first of a list"),
        parse: |said, value| {
            let (first, inside) = page(value)?;
            said.page = Some(first).filter(|page| *page > 1);
            inside
        },
        write: |said| said.page.map(|page| page.to_string()),
    },
    Param {
        name: "di",
        aliases: &[],
        kind: Kind::Syntax("a path with @@ for a slash, or nothing"),
        default: "",
        doc: "The picture that stands in where the asset is missing, through the same steps; the last step that names one wins.",
        tier: Tier::A,
        served: Served::Exactly("crates/afterimage/tests/signing.rs::a_stand_in_is_a_dependency"),
        parse: |said, value| {
            said.fallback = match value {
                "" => None,
                path => Some(asset(&path.replace("@@", "/")).ok_or(WarningKind::Invalid)?),
            };
            Ok(())
        },
        // A plan knows of no stand-in.
        write: |_| None,
    },
    Param {
        name: "c2pa",
        aliases: &[],
        kind: Kind::Flag,
        default: "false",
        doc: "Keeps the content credentials of the master, or attaches some.",
        tier: Tier::C,
        served: Served::Read("content credentials are not read and not written"),
        parse: |_, value| if flag(value)? { Err(WarningKind::Unsupported) } else { Ok(()) },
        write: |_| None,
    },
];

/// The first page of what is said, and whether that is all.
fn page(value: &str) -> Result<(u32, Result<(), WarningKind>), WarningKind> {
    if value.strip_prefix("name-").is_some_and(|name| !name.is_empty()) {
        return Err(WarningKind::Unsupported);
    }
    let number = |said: &str| text::whole(said).filter(|page| *page > 0).ok_or(WarningKind::Invalid);
    if let Some((first, last)) = value.split_once('-') {
        let first = number(first)?;
        let one = !last.is_empty() && number(last)? == first;
        return Ok((first, if one { Ok(()) } else { Err(WarningKind::Clamped) }));
    }
    let pages = value.split('_').map(number).collect::<Result<Vec<_>, _>>()?;
    match pages.as_slice() {
        [one] => Ok((*one, Ok(()))),
        [first, ..] => Ok((*first, Err(WarningKind::Clamped))),
        [] => Err(WarningKind::Invalid),
    }
}

fn format(value: &str) -> Result<FormatSaid, WarningKind> {
    match value {
        "auto" => Ok(FormatSaid::Auto),
        "orig" => Ok(FormatSaid::Original),
        "jpg" | "jpeg" => Ok(FormatSaid::As(Format::Jpeg)),
        "png" => Ok(FormatSaid::As(Format::Png)),
        "webp" => Ok(FormatSaid::As(Format::Webp)),
        "avif" => Ok(FormatSaid::As(Format::Avif)),
        "gif" => Ok(FormatSaid::As(Format::Gif)),
        "svg" | "mp4" | "webm" => Err(WarningKind::Unsupported),
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
