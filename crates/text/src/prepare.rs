//! What is done to the characters before they are laid out, so that their cost has a bound and their meaning is kept.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation as _;

use crate::limits::{Limits, TextError, within};

/// Characters of one grapheme cluster that are kept. The longest emoji have 10; more than a few marks on one letter are no
/// writing but a way to make it cover its neighbours.
const CLUSTER: usize = 16;

/// The text with every line break as `\n`, tabs as four spaces, other control characters left away, and clusters cut to
/// [`CLUSTER`] characters.
pub(crate) fn prepare(text: &str, limits: &Limits) -> Result<String, TextError> {
    // Bytes first: counting characters of a text of gigabytes would be work too.
    within("characters", (text.len() / 4) as u64, limits.characters.into())?;
    within("characters", text.chars().count() as u64, limits.characters.into())?;
    let mut plain = String::with_capacity(text.len());
    let mut before = ' ';
    for c in text.chars() {
        match c {
            '\n' if before == '\r' => {}
            '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => plain.push('\n'),
            '\t' => plain.push_str("    "),
            // Controls, and codes that stand for things other than text.
            c if c.is_control() || matches!(c, '\u{fff9}'..='\u{fffc}') => {}
            c => plain.push(c),
        }
        before = c;
    }
    let mut kept = String::with_capacity(plain.len());
    for cluster in plain.graphemes(true) {
        match cluster.char_indices().nth(CLUSTER) {
            Some((end, _)) => kept.push_str(&cluster[..end]),
            None => kept.push_str(cluster),
        }
    }
    if kept.is_empty() { Err(TextError::Empty) } else { Ok(kept) }
}

/// Where each cluster begins, and the end of the text.
pub(crate) fn cluster_starts(text: &str) -> Vec<usize> {
    text.grapheme_indices(true).map(|(at, _)| at).chain([text.len()]).collect()
}

/// Ranges of clusters that are to be drawn as emoji.
pub(crate) fn emoji_ranges(text: &str) -> Vec<Range<usize>> {
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for (at, cluster) in text.grapheme_indices(true) {
        if !is_emoji(cluster) {
            continue;
        }
        let end = at + cluster.len();
        match ranges.last_mut() {
            Some(last) if last.end == at => last.end = end,
            _ => ranges.push(at..end),
        }
    }
    ranges
}

/// Whether a cluster shows as emoji (UTS 51, section 4.3): by its first character's default, unless a variation selector
/// asks otherwise.
fn is_emoji(cluster: &str) -> bool {
    let mut chars = cluster.chars();
    let Some(first) = chars.next() else { return false };
    match chars.next() {
        Some('\u{fe0e}') => false,
        Some('\u{fe0f}') => true,
        // A skin tone makes any base an emoji.
        Some('\u{1f3fb}'..='\u{1f3ff}') => true,
        _ => shows_as_emoji(first),
    }
}

/// `Emoji_Presentation` of Unicode's emoji-data.txt for the basic plane; beyond it whole blocks, the few pictures in them
/// whose default is plain included.
fn shows_as_emoji(c: char) -> bool {
    matches!(c,
        '\u{231a}'..='\u{231b}' | '\u{23e9}'..='\u{23ec}' | '\u{23f0}' | '\u{23f3}' | '\u{25fd}'..='\u{25fe}'
        | '\u{2614}'..='\u{2615}' | '\u{2648}'..='\u{2653}' | '\u{267f}' | '\u{2693}' | '\u{26a1}'
        | '\u{26aa}'..='\u{26ab}' | '\u{26bd}'..='\u{26be}' | '\u{26c4}'..='\u{26c5}' | '\u{26ce}' | '\u{26d4}'
        | '\u{26ea}' | '\u{26f2}'..='\u{26f3}' | '\u{26f5}' | '\u{26fa}' | '\u{26fd}' | '\u{2705}'
        | '\u{270a}'..='\u{270b}' | '\u{2728}' | '\u{274c}' | '\u{274e}' | '\u{2753}'..='\u{2755}' | '\u{2757}'
        | '\u{2795}'..='\u{2797}' | '\u{27b0}' | '\u{27bf}' | '\u{2b1b}'..='\u{2b1c}' | '\u{2b50}' | '\u{2b55}'
        | '\u{1f004}' | '\u{1f0cf}' | '\u{1f18e}' | '\u{1f191}'..='\u{1f19a}' | '\u{1f1e6}'..='\u{1f1ff}'
        | '\u{1f201}' | '\u{1f21a}' | '\u{1f22f}' | '\u{1f232}'..='\u{1f236}' | '\u{1f238}'..='\u{1f23a}'
        | '\u{1f250}'..='\u{1f251}' | '\u{1f300}'..='\u{1f64f}' | '\u{1f680}'..='\u{1f6ff}'
        | '\u{1f7e0}'..='\u{1f7f0}' | '\u{1f90c}'..='\u{1f9ff}' | '\u{1fa70}'..='\u{1faff}')
}

/// Whether a character has no shape of its own, so that a font without it is no lack.
pub(crate) fn is_invisible(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn breaks_and_controls_are_made_plain() {
        let limits = Limits::default();
        assert_eq!(prepare("a\r\nb\rc\u{2028}d\te\u{7}\0f", &limits).unwrap(), "a\nb\nc\nd    ef");
        assert_eq!(prepare("\u{1}\u{2}", &limits), Err(TextError::Empty));
        assert_eq!(prepare("", &limits), Err(TextError::Empty));
    }

    #[test]
    fn clusters_and_texts_have_a_longest() {
        let limits = Limits::default();
        let tower = format!("a{}b", "\u{301}".repeat(1000));
        assert_eq!(prepare(&tower, &limits).unwrap().chars().count(), 17);
        let limits = Limits { characters: 10, ..limits };
        assert!(prepare("0123456789", &limits).is_ok());
        for text in ["0123456789a".to_owned(), "x".repeat(1 << 20)] {
            let error = prepare(&text, &limits).unwrap_err();
            assert!(matches!(error, TextError::OverLimit { what: "characters", limit: 10, .. }), "{error}");
        }
    }

    #[test]
    fn emoji_are_told_from_signs() {
        for (text, want) in [
            ("a😀b", "1..5"),
            ("❤", ""),
            ("❤\u{fe0f}", "0..6"),
            ("⌚\u{fe0e}", ""),
            ("1\u{fe0f}\u{20e3}1", "0..7"),
            ("👩\u{200d}🚀👍🏽", "0..19"),
            ("🇩🇪 🇫🇷", "0..8 9..17"),
        ] {
            let got: Vec<String> = emoji_ranges(text).iter().map(|range| format!("{range:?}")).collect();
            assert_eq!(got.join(" "), want, "{text}");
        }
    }
}
