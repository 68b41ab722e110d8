//! Rows for the output.

use super::super::said::Said;
use super::super::values::*;
use super::super::words;
use super::row;
use crate::hints::Listens;
use crate::request::WarningKind;
use crate::table::{Kind, Param, Served, Tier};

pub(super) static ROWS: &[Param<Said>] = &[
    row(
        "fm",
        &[],
        Kind::Enum(&[
            "jpg",
            "pjpg",
            "png",
            "png8",
            "png32",
            "gif",
            "webp",
            "avif",
            "jp2",
            "jxr",
            "json",
            "blurhash",
            "mp4",
            "webm",
            "spritesheet",
            "pdf",
        ]),
        Tier::A,
        (
            "the source's",
            "Output format; under auto=format, the one for clients that take nothing better. json describes the \
             source, blurhash gives 4 by 3 components of the result, pdf is the document itself.",
        ),
        |s, v| put(&mut s.fm, word(words::FM, words::FM_LATER, v)),
        |s| spell(words::FM, s.fm),
    )
    .served(Served::Nearly("jp2, jxr, video and sprite sheets are not written")),
    row(
        "q",
        &[],
        Kind::Int(0, 100),
        Tier::A,
        ("75, under auto=compress 45", "Quality of JPEG, WebP and AVIF."),
        |s, v| put(&mut s.q, whole(v, 0, 100).map(|(q, clamped)| (q as u8, clamped))),
        |s| spell_as(s.q),
    )
    .served(Served::Nearly("a number is of our encoders: what it looks like and costs may differ")),
    row(
        "auto",
        &[],
        Kind::List(&["format", "compress", "enhance", "redeye", "true"]),
        Tier::A,
        (
            "",
            "Negotiates the format, lowers the default quality, sets levels and contrast by the histogram; repeats \
             add up.",
        ),
        read_auto,
        spell_auto,
    )
    .served(Served::Nearly("redeye takes a trained model; enhance is by measures of ours; without format, compress changes no format")),
    row(
        "lossless",
        &[],
        Kind::Flag,
        Tier::B,
        ("false", "Lossless WebP."),
        |s, v| put(&mut s.lossless, word(words::FLAG, &[], v)),
        |s| spell(words::FLAG, s.lossless),
    )
    .served(Served::Nearly("of WebP; JPEG XR is not written")),
    row(
        "jpg-progressive",
        &["jpeg-progressive"],
        Kind::Flag,
        Tier::B,
        ("true", "Progressive JPEG."),
        |s, v| put(&mut s.jpg_progressive, word(words::FLAG, &[], v)),
        |s| spell(words::FLAG, s.jpg_progressive),
    )
    .served(shown!("output", "jpegs_are_progressive_unless_said")),
    words_row!(
        "chromasub",
        &[],
        Kind::Enum(&["420", "422", "444"]),
        chromasub,
        words::CHROMA,
        B,
        ("420", "How much of its colour a JPEG keeps.")
    )
    .served(shown!("output", "jpegs_keep_as_much_colour_as_said")),
    whole_row!("colorquant", &[], colorquant, 2, 256, B, ("256", "Most colours of fm=png8 and fm=gif."))
    .served(shown!("output", "palettes_of_files_have_no_more_colours")),
    whole_row!("dpi", &[], dpi, 0, 65535, B, ("0", "Pixels per inch that the file claims; 0 says nothing."))
    .served(shown!("output", "files_claim_the_density_that_is_said")),
    row(
        "cs",
        &[],
        Kind::Enum(&["srgb", "adobergb1998", "tinysrgb", "strip", "origin"]),
        Tier::B,
        ("strip", "Colour space: sRGB with a profile that says so, without one, Adobe RGB (1998), or the source's own."),
        |s, v| put(&mut s.cs, word(words::CS, &[], v)),
        |s| spell(words::CS, s.cs),
    )
    .served(Served::Nearly("tinysrgb is srgb, whose profile is small here; a GIF carries no profile and stays sRGB")),
    words_row!(
        "iptc",
        &[],
        Kind::Enum(&["allow", "block"]),
        iptc,
        words::IPTC,
        C,
        ("block", "allow hands on who made the picture and who owns it.")
    )
    .served(Served::Nearly("allow hands on who made the picture and who owns it, nothing else")),
    row(
        "svg-sanitize",
        &[],
        Kind::Flag,
        Tier::B,
        ("true", "Whether an SVG loses its scripts; false is not obeyed."),
        |s, v| match word(words::FLAG, &[], v)? {
            (false, _) => Err(WarningKind::Unsupported),
            read => put(&mut s.svg_sanitize, Ok(read)),
        },
        |s| spell(words::FLAG, s.svg_sanitize),
    )
    .served(Served::Nearly("what is drawn of an SVG has no scripts; one that is passed through keeps them, under a policy that lets none run")),
    words_row!(
        "palette",
        &[],
        Kind::Enum(&["json", "css"]),
        palette,
        words::PALETTE,
        B,
        ("", "Answers the result's colours in place of the picture, before text, watermark, bars and border.")
    )
    .served(Served::Nearly("which colours are named vibrant or muted is by measures of ours")),
    whole_row!("colors", &[], colors, 0, 16, B, ("6", "How many colours a palette has."))
    .served(shown!("output", "colours_are_reported")),
    row(
        "prefix",
        &[],
        Kind::Syntax("up to 64 letters, digits, - and _, the first a letter or _"),
        Tier::B,
        ("image", "What the classes of palette=css begin with."),
        |s, v| put(&mut s.prefix, prefix(v)),
        |s| s.prefix.clone(),
    )
    .served(shown!("output", "colours_are_reported")),
    row(
        "dl",
        &[],
        Kind::Text,
        Tier::B,
        ("", "Download under this file name; empty for the source's own."),
        |s, v| {
            s.dl = Some(v.to_owned());
            Ok(())
        },
        |s| s.dl.clone(),
    )
    .served(Served::Exactly("crates/afterimage/tests/http.rs::downloads_are_named")),
    row(
        "ch",
        &[],
        Kind::List(&["Width", "DPR", "Save-Data"]),
        Tier::B,
        (
            "",
            "Which client hints go before w, dpr and q: Sec-CH-Width or Width, rounded up to the next 100 pixels and not \
             multiplied by dpr; Sec-CH-DPR or DPR, rounded up to the next quarter; Save-Data: on for q=45 or less.",
        ),
        read_hints,
        spell_hints,
    )
    .served(Served::Nearly("widths are rounded up to the next 100 pixels, ratios to the next quarter")),
    row(
        "rasterize-bypass",
        &[],
        Kind::Flag,
        Tier::C,
        ("false", "Serves SVG, EPS, PDF and AI as they are, whatever else is said."),
        |s, v| put(&mut s.bypass, word(words::FLAG, &[], v)),
        |s| spell(words::FLAG, s.bypass),
    )
    .served(Served::Nearly("what a file is is told by the end of its name")),
    row(
        "expires",
        &[],
        Kind::Int(0, LAST_MOMENT),
        Tier::A,
        ("", "When the URL ends, in seconds since 1970; afterwards the answer is 404."),
        |s, v| put(&mut s.expires, moment(v)),
        |s| spell_as(s.expires),
    )
    .served(Served::Exactly("crates/afterimage/tests/signing.rs::a_url_ends_when_it_says_so")),
    row(
        "preset",
        &[],
        Kind::Syntax("the name of a preset of the site"),
        Tier::C,
        ("", "A word of ours: the parameters that the site keeps under this name, below those of the URL."),
        |s, v| {
            s.preset = Some(v.to_owned());
            Ok(())
        },
        |s| s.preset.clone(),
    )
    .served(shown!("size", "a_preset_is_what_it_stands_for")),
];

fn read_hints(said: &mut Said, value: &str) -> Result<(), WarningKind> {
    let words = list(&value.to_ascii_lowercase(), words::HINTS, &[])?;
    said.notes.extend(words.notes);
    let any = |of: fn(&Listens) -> bool| words.read.iter().any(of);
    said.hints = Some(Listens {
        width: any(|word| word.width),
        dpr: any(|word| word.dpr),
        save_data: any(|word| word.save_data),
    });
    Ok(())
}

fn spell_hints(said: &Said) -> Option<String> {
    let hints = said.hints?;
    let words = [(hints.width, "Width"), (hints.dpr, "DPR"), (hints.save_data, "Save-Data")];
    let words: Vec<&str> = words.into_iter().filter_map(|(on, word)| on.then_some(word)).collect();
    (!words.is_empty()).then(|| words.join(","))
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum AutoWord {
    Format,
    Compress,
    Enhance,
    Both,
}

const AUTO: words::Words<AutoWord> = &[
    ("format", AutoWord::Format),
    ("compress", AutoWord::Compress),
    ("enhance", AutoWord::Enhance),
    ("true", AutoWord::Both),
];

fn read_auto(said: &mut Said, value: &str) -> Result<(), WarningKind> {
    let words = list(value, AUTO, &["redeye"])?;
    said.notes.extend(words.notes);
    let says = |word: AutoWord| words.read.contains(&word);
    said.auto_format |= says(AutoWord::Format) || says(AutoWord::Both);
    said.auto_compress |= says(AutoWord::Compress) || says(AutoWord::Both);
    said.auto_enhance |= says(AutoWord::Enhance);
    Ok(())
}

fn spell_auto(said: &Said) -> Option<String> {
    let words: Vec<&str> =
        [(said.auto_format, "format"), (said.auto_compress, "compress"), (said.auto_enhance, "enhance")]
            .into_iter()
            .filter_map(|(on, word)| on.then_some(word))
            .collect();
    (!words.is_empty()).then(|| words.join(","))
}
