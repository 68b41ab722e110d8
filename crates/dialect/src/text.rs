//! Percent-coding and small value readers that dialects share.

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use plan::{Color, Fixed, Horizontal, Vertical};

use crate::request::WarningKind;

/// What is escaped in a path segment when a URL is written: everything but unreserved characters and `!$&'()*+,;=:@/`.
pub const PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'`')
    .add(b'{')
    .add(b'}')
    .add(b'\\')
    .add(b'^')
    .add(b'|')
    .add(b'[')
    .add(b']');

/// What is escaped in a query value when a URL is written.
pub const QUERY_VALUE: &AsciiSet = &PATH.add(b'&').add(b'+').add(b'=');

/// Percent-decodes once. `None` where the result is not UTF-8. An invalid escape stays as it is.
pub fn decode(text: &str) -> Option<String> {
    percent_decode_str(text).decode_utf8().ok().map(|t| t.into_owned())
}

/// Percent-decodes a query part once, with `+` for a space.
pub fn decode_query(text: &str) -> Option<String> {
    if text.contains('+') { decode(&text.replace('+', " ")) } else { decode(text) }
}

/// Percent-encodes with one of the sets above.
pub fn encode(text: &str, set: &'static AsciiSet) -> String {
    utf8_percent_encode(text, set).to_string()
}

/// The raw pairs of a query: split at `&`, then at the first `=`; empty pairs are skipped, nothing is decoded.
pub fn pairs(query: &str) -> impl Iterator<Item = (&str, Option<&str>)> {
    query.split('&').filter(|p| !p.is_empty()).map(|p| match p.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (p, None),
    })
}

/// A query of these pairs, encoded.
pub(crate) fn query<'p>(pairs: impl Iterator<Item = (&'p str, &'p str)>) -> String {
    let pairs: Vec<String> =
        pairs.map(|(name, value)| format!("{}={}", encode(name, QUERY_VALUE), encode(value, QUERY_VALUE))).collect();
    pairs.join("&")
}

/// The pairs of a raw query, decoded where they are UTF-8.
pub(crate) fn decoded_pairs(query: &str) -> Vec<(String, String)> {
    let decoded = |text: &str| decode_query(text).unwrap_or_else(|| text.to_owned());
    pairs(query).map(|(name, value)| (decoded(name), decoded(value.unwrap_or_default()))).collect()
}

/// A finite decimal without exponent, sign optional. `None` for anything else (`1e3`, `inf`, `0x10`).
pub fn number(text: &str) -> Option<f64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    if plain { text.parse().ok().filter(|n: &f64| n.is_finite()) } else { None }
}

/// A whole number without sign.
pub fn whole(text: &str) -> Option<u32> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) { None } else { text.parse().ok() }
}

/// Brings a number into a range: the value, and `Err` if it was outside.
pub(crate) fn bounded(value: f64, low: f64, high: f64) -> (Fixed, Result<(), WarningKind>) {
    let inside = if (low..=high).contains(&value) { Ok(()) } else { Err(WarningKind::Clamped) };
    (Fixed::new(value.clamp(low, high)), inside)
}

/// Whole pixels, at least 1; where a side is longer than `max`, both shrink by one factor. Third: whether they did.
pub(crate) fn cap(width: Option<f64>, height: Option<f64>, max: u32) -> (Option<u32>, Option<u32>, bool) {
    let max = f64::from(max.max(1));
    let longest = width.unwrap_or(0.0).max(height.unwrap_or(0.0));
    let capped = longest.round() > max;
    let factor = if capped { max / longest } else { 1.0 };
    let whole = |side: f64| (side * factor).round().clamp(1.0, max) as u32;
    (width.map(whole), height.map(whole), capped)
}

/// Six hex digits, or eight (alpha last) where it is not opaque.
pub(crate) fn spell_color(color: Color) -> String {
    let text = color.to_string();
    text.strip_suffix("ff").map(str::to_owned).unwrap_or(text)
}

const COMPASS: [(&str, Horizontal, Vertical); 10] = [
    ("center", Horizontal::Center, Vertical::Center),
    ("centre", Horizontal::Center, Vertical::Center),
    ("north", Horizontal::Center, Vertical::Top),
    ("northeast", Horizontal::Right, Vertical::Top),
    ("east", Horizontal::Right, Vertical::Center),
    ("southeast", Horizontal::Right, Vertical::Bottom),
    ("south", Horizontal::Center, Vertical::Bottom),
    ("southwest", Horizontal::Left, Vertical::Bottom),
    ("west", Horizontal::Left, Vertical::Center),
    ("northwest", Horizontal::Left, Vertical::Top),
];

/// A compass direction or `center`, in any case.
pub(crate) fn compass(word: &str) -> Option<(Horizontal, Vertical)> {
    COMPASS.iter().find(|(known, ..)| known.eq_ignore_ascii_case(word)).map(|(_, x, y)| (*x, *y))
}

/// The word for an anchor.
pub(crate) fn spell_compass(anchor: (Horizontal, Vertical)) -> &'static str {
    COMPASS.iter().find(|(_, x, y)| (*x, *y) == anchor).map_or("center", |(word, ..)| word)
}

/// Whether a decoded asset path climbs out of its root or holds what no key may hold: `..` segments, NUL, backslash.
pub fn escapes_root(path: &str) -> bool {
    path.contains(['\0', '\\']) || path.split('/').any(|segment| segment == "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_once() {
        assert_eq!(decode("a%252B%2Bb").as_deref(), Some("a%2B+b"));
        assert_eq!(decode("30%%20off").as_deref(), Some("30% off"));
        assert_eq!(decode("%ff"), None);
        assert_eq!(decode_query("a+b%2Bc").as_deref(), Some("a b+c"));
    }

    #[test]
    fn numbers_are_plain() {
        for (text, want) in [
            ("1", Some(1.0)),
            ("-0.5", Some(-0.5)),
            (".5", Some(0.5)),
            ("1e3", None),
            ("", None),
            ("inf", None),
            ("1.2.3", None),
        ] {
            assert_eq!(number(text), want, "{text}");
        }
        assert_eq!(whole("+1"), None);
        assert_eq!(whole("99999999999"), None);
    }
}
