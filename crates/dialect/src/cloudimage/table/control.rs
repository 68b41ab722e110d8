//! What is said about the request and not about the picture, and what belongs to the vendor without effect here.

use crate::cloudimage::said::{Said, flag, number};
use crate::cloudimage::sign::{looks_signed, open};
use crate::request::{Disposition, WarningKind};
use crate::table::{Kind, Param, Served, Tier};

use super::{flag_row, shown, unless};

/// The longest that `ci_cache` can ask for, in seconds: a year. The vendor names no bound.
const LONGEST: u32 = 31_536_000;
/// The longest version in characters.
const LONGEST_VERSION: usize = 128;

/// A row that is read elsewhere, or only looked at.
macro_rules! looked_at {
    ($name:literal, $kind:expr, $tier:ident, $doc:literal, $good:expr) => {
        Param {
            name: $name,
            aliases: &[],
            kind: $kind,
            default: "",
            doc: $doc,
            tier: Tier::$tier,
            served: Served::Unsaid,
            parse: |_: &mut Said, value| {
                let good: fn(&str) -> bool = $good;
                if good(value) { Ok(()) } else { Err(WarningKind::Invalid) }
            },
            write: |_: &Said| None,
        }
    };
}

/// How the answer is handed over. On a site that takes presets alone, these may stand beside one.
pub(in crate::cloudimage) static CONTROL: &[Param<Said>] = &[
    looked_at!(
        "p",
        Kind::Syntax("the name of a preset"),
        A,
        "A named transformation of the site: what it says holds against the URL, which may add to it.",
        |_| true
    )
    .served(shown!("presets_and_seals_hold_against_the_url")),
    Param {
        name: "force_download",
        aliases: &[],
        kind: Kind::Syntax("0, 1 or a file name"),
        default: "0",
        doc: "Has browsers save the answer instead of showing it.",
        tier: Tier::B,
        served: Served::Exactly("crates/afterimage/tests/http.rs::downloads_are_named"),
        parse: |said, value| {
            said.download = Disposition::read(value, flag(value).ok())?;
            Ok(())
        },
        write: |said| said.download.spell("1"),
    },
    flag_row!("ci_url_encoded", &[], encoded, A, "The source in the path is percent-encoded as a whole.")
        .served(shown!("presets_and_seals_hold_against_the_url")),
    looked_at!(
        "ci_sign",
        Kind::Syntax("6 to 40 hex digits"),
        A,
        "Signature: the first digits of the SHA-1 of salt, path and query.",
        looks_signed
    )
    .served(Served::Exactly(
        "crates/dialect/src/cloudimage/tests/signatures.rs::signatures_of_the_vendors_clients_are_good",
    )),
    looked_at!(
        "ci_seal",
        Kind::Syntax("6 to 40 hex digits"),
        A,
        "Seal: the first digits of the SHA-1 of path, ci_eqs and salt.",
        looks_signed
    )
    .served(Served::Exactly(
        "crates/dialect/src/cloudimage/tests/signatures.rs::seals_of_the_vendors_clients_are_good",
    )),
    looked_at!(
        "ci_eqs",
        Kind::Syntax("a query in Base64 of either alphabet, padded or not"),
        A,
        "Parameters that nothing in the URL can override; ci_seal vouches for them.",
        |value| open(value).is_some()
    )
    .served(shown!("presets_and_seals_hold_against_the_url")),
    Param {
        name: "ci_cache",
        aliases: &[],
        kind: Kind::Int(0, LONGEST as i64),
        default: "the site's times",
        doc: "Seconds for which browsers and caches in front may keep the answer.",
        tier: Tier::B,
        served: Served::Nearly(
            "it is told to browsers and caches in front; what is kept here stays until it is purged",
        ),
        parse: |said, value| {
            let seconds = number(value)?;
            if seconds < 0.0 {
                return Err(WarningKind::Invalid);
            }
            said.keep = Some(seconds.round().min(f64::from(LONGEST)) as u32);
            unless(seconds.round() > f64::from(LONGEST))
        },
        write: |_| None,
    },
    Param {
        name: "vh",
        aliases: &[],
        kind: Kind::Text,
        default: "",
        doc: "A version: another value is another URL with the same picture. At most 128 characters.",
        tier: Tier::A,
        served: Served::Nearly("another value is another entry, made from the master as it is kept here"),
        parse: |said, value| {
            if value.chars().count() > LONGEST_VERSION {
                return Err(WarningKind::Invalid);
            }
            said.version = Some(value.to_owned()).filter(|version| !version.is_empty());
            Ok(())
        },
        write: |_| None,
    },
    looked_at!("ci_info", Kind::Flag, C, "Asks for a header that tells how the answer was made.", |value| {
        flag(value).is_ok()
    })
    .served(Served::Read("the header `Afterimage-Debug: 1` asks for the same")),
];
