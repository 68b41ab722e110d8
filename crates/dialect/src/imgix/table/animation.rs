//! Rows of how an animation plays.

use super::super::said::Said;
use super::super::values::{fixed, put, spell, spell_as, whole, word};
use super::super::words;
use super::row;
use crate::table::{Kind, Param, Served, Tier};

pub(super) static ROWS: &[Param<Said>] = &[
    whole_row!(
        "loop",
        &[],
        animation.plays,
        0,
        65_535,
        B,
        ("0", "How often an animation plays; 0 is without end. Unless said, as often as the master.")
    )
    .served(shown!("animation", "animations_play_as_asked")),
    number_row!(
        "fps",
        &[],
        animation.fps,
        1.0,
        60.0,
        C,
        ("", "Frames a second, in the place of the times that the master has.")
    )
    .served(shown!("animation", "animations_play_as_asked")),
    whole_row!(
        "interval",
        &[],
        animation.interval,
        1,
        1_000_000,
        C,
        ("1", "Keeps each so-many-th frame, beginning with the first.")
    )
    .served(shown!("animation", "frames_are_chosen")),
    whole_row!(
        "skip",
        &[],
        animation.skip,
        1,
        1_000_000,
        C,
        ("", "Drops each so-many-th frame, beginning with the first, of those that interval keeps; 1 would drop all, and drops none.")
    )
    .served(shown!("animation", "frames_are_chosen")),
    row(
        "reverse",
        &[],
        Kind::Flag,
        Tier::C,
        ("false", "Turns the order of the frames round."),
        |s, v| put(&mut s.animation.reverse, word(words::FLAG, &[], v)),
        |s| spell(words::FLAG, s.animation.reverse),
    )
    .served(shown!("animation", "frames_are_chosen")),
];
