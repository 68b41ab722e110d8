//! The one table of imgix parameters.
//!
//! Names, aliases, ranges and defaults follow imgix's published parameter list (`imgix-url-params` 11.36) and its
//! documentation at docs.imgix.com/apis/rendering. Where the vendor gives no formula, the row's documentation gives ours.

use std::sync::LazyLock;

use super::said::Said;
use crate::request::WarningKind;
use crate::table::{Kind, Param, Served, Tier};

type Parse = fn(&mut Said, &str) -> Result<(), WarningKind>;
type Write = fn(&Said) -> Option<String>;

/// A row; `about` is its documented default and one line of documentation.
const fn row(
    name: &'static str,
    aliases: &'static [&'static str],
    kind: Kind,
    tier: Tier,
    about: (&'static str, &'static str),
    parse: Parse,
    write: Write,
) -> Param<Said> {
    Param { name, aliases, kind, default: about.0, doc: about.1, tier, served: Served::Unsaid, parse, write }
}

/// What a test of pixels shows.
macro_rules! shown {
    ($file:literal, $test:literal) => {
        Served::Exactly(concat!("crates/render/tests/imgix_pixels/", $file, ".rs::", $test))
    };
}

/// Where the vendor says what, but not how.
const OURS: Served = Served::Nearly("by the formula that stands here, which is ours: the vendor gives none");

/// A decimal within a range, in the field that `$field` names.
macro_rules! number_row {
    ($name:literal, $aliases:expr, $($field:ident).+, $low:literal, $high:literal, $tier:ident, $about:expr) => {
        row(
            $name,
            $aliases,
            Kind::Number($low, $high),
            Tier::$tier,
            $about,
            |s, v| put(&mut s.$($field).+, fixed(v, $low, $high)),
            |s| spell_as(s.$($field).+),
        )
    };
}

/// A whole number within a range, in the field that `$field` names.
macro_rules! whole_row {
    ($name:literal, $aliases:expr, $($field:ident).+, $low:literal, $high:literal, $tier:ident, $about:expr) => {
        row(
            $name,
            $aliases,
            Kind::Int($low, $high),
            Tier::$tier,
            $about,
            |s, v| put(&mut s.$($field).+, whole(v, $low, $high)),
            |s| spell_as(s.$($field).+),
        )
    };
}

/// One of some words, all of which are built, in the field that `$field` names.
macro_rules! words_row {
    ($name:literal, $aliases:expr, $kind:expr, $($field:ident).+, $words:expr, $tier:ident, $about:expr) => {
        row(
            $name,
            $aliases,
            $kind,
            Tier::$tier,
            $about,
            |s, v| put(&mut s.$($field).+, word($words, &[], v)),
            |s| spell($words, s.$($field).+),
        )
    };
}

/// A parameter that has no effect here, and why.
macro_rules! unheard_row {
    ($name:literal, $aliases:expr, $kind:expr, ($default:literal, $doc:literal), $why:expr) => {
        row($name, $aliases, $kind, Tier::C, ($default, $doc), |_, v| unheard($kind, $default, v), |_| None)
            .served(Served::Read($why))
    };
}

mod animation;
mod effects;
mod models;
mod output;
mod overlays;
mod shape;
mod size;
mod video;

/// The parameters, in the order in which they are written.
pub(super) static TABLE: LazyLock<Vec<&'static Param<Said>>> = LazyLock::new(|| {
    let heard = [size::ROWS, shape::ROWS, effects::ROWS, overlays::ROWS, output::ROWS];
    heard.into_iter().chain([animation::ROWS, models::ROWS, video::ROWS]).flatten().collect()
});

/// The rows of what is done to pixels, in contrast to how they are written and sent.
pub(super) fn of_pixels() -> impl Iterator<Item = &'static Param<Said>> {
    [size::ROWS, shape::ROWS, effects::ROWS, overlays::ROWS, animation::ROWS].into_iter().flatten()
}
