//! Sizes, times and pixel counts, written with their units.

use std::time::Duration;

/// A unit and how many of the base unit it is.
type Unit = (&'static str, u128);

/// Bytes, decimal and binary. Ordered so that [`show`] finds the most readable one first.
const SIZES: [Unit; 9] = [
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1_000),
    ("B", 1),
];

/// Milliseconds.
const TIMES: [Unit; 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// Pixels. The empty unit is the pixel itself.
const PIXELS: [Unit; 2] = [("MP", 1_000_000), ("", 1)];

/// Why a quantity cannot be read, and what would be.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unreadable {
    pub what: String,
    pub hint: String,
}

/// Bytes from text such as `256MiB` or `1.5GB`.
pub(crate) fn size(text: &str) -> Result<u64, Unreadable> {
    read(text, &SIZES, "a size with a unit, such as \"256MiB\"; units: B, kB, MB, GB, TB, KiB, MiB, GiB, TiB")
}

/// A time from text such as `20s` or `365d`.
pub(crate) fn time(text: &str) -> Result<Duration, Unreadable> {
    read(text, &TIMES, "a time with a unit, such as \"20s\"; units: ms, s, m, h, d").map(Duration::from_millis)
}

/// Pixels from text such as `150MP` or `2000000`.
pub(crate) fn pixels(text: &str) -> Result<u64, Unreadable> {
    read(text, &PIXELS, "a number of pixels, such as \"150MP\" (megapixels) or \"2000000\"")
}

/// The inverse of [`size`].
pub(crate) fn show_size(bytes: u64) -> String {
    show(bytes, &SIZES, "B")
}

/// The inverse of [`time`], for whole milliseconds.
pub(crate) fn show_time(time: Duration) -> String {
    show(u64::try_from(time.as_millis()).unwrap_or(u64::MAX), &TIMES, "s")
}

/// The inverse of [`pixels`].
pub(crate) fn show_pixels(pixels: u64) -> String {
    show(pixels, &PIXELS, "")
}

fn show(value: u64, units: &[Unit], zero: &str) -> String {
    match units.iter().find(|(_, factor)| value != 0 && u128::from(value) % factor == 0) {
        Some((unit, factor)) => format!("{}{unit}", u128::from(value) / factor),
        None => format!("0{zero}"),
    }
}

fn read(text: &str, units: &[Unit], expected: &str) -> Result<u64, Unreadable> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = (&text[..digits], text[digits..].trim_start());
    let unreadable = |what: String, hint: &str| Err(Unreadable { what, hint: hint.to_owned() });
    let Some((whole, fraction)) = decimal(number) else {
        return unreadable(format!("cannot read {text:?}"), &format!("write {expected}"));
    };
    let Some((_, factor)) = units.iter().find(|(name, _)| *name == unit) else {
        if unit.is_empty() {
            return unreadable(format!("{text:?} has no unit"), &format!("write {expected}"));
        }
        let hint = match units.iter().find(|(name, _)| alike(name, unit)) {
            Some((name, _)) => format!("did you mean \"{number}{name}\"?"),
            None => format!("write {expected}"),
        };
        return unreadable(format!("unknown unit {unit:?} in {text:?}"), &hint);
    };
    let value = whole.checked_mul(*factor).map(|value| value + fraction.0 * factor / fraction.1);
    match value.and_then(|value| u64::try_from(value).ok()) {
        Some(value) => Ok(value),
        None => unreadable(format!("{text:?} is too large"), &format!("write {expected}")),
    }
}

/// Whether a unit was probably meant: `mib`, `Mi`, `M`, `sec`, `min`, `days`.
fn alike(name: &str, written: &str) -> bool {
    let (name, written) = (name.to_lowercase(), written.to_lowercase());
    let words: &[&str] = match name.as_str() {
        "s" => &["sec", "secs", "second", "seconds"],
        "m" => &["min", "mins", "minute", "minutes"],
        "h" => &["hr", "hour", "hours"],
        "d" => &["day", "days"],
        "mp" => &["m", "mpx", "megapixel", "megapixels", "mpix"],
        "b" => &["byte", "bytes"],
        _ => &[],
    };
    let short = name.strip_suffix('b').is_some_and(|short| !short.is_empty() && short == written);
    let shortest = name.strip_suffix("ib").is_some_and(|short| !short.is_empty() && short == written);
    name == written || short || shortest || words.contains(&written.as_str())
}

/// `1`, `1.5`: the whole part and the fraction as numerator and denominator.
fn decimal(number: &str) -> Option<(u128, (u128, u128))> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let fits = |digits: &str, most: usize| {
        !digits.is_empty() && digits.len() <= most && digits.bytes().all(|b| b.is_ascii_digit())
    };
    if !fits(whole, 20) || !fits(fraction, 9) {
        return None;
    }
    let denominator = 10_u128.pow(u32::try_from(fraction.len()).ok()?);
    Some((whole.parse().ok()?, (fraction.parse().ok()?, denominator)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn quantities_are_read() {
        for (text, want) in [
            ("0B", 0),
            ("256MiB", 256 << 20),
            ("10GiB", 10 << 30),
            ("500MB", 500_000_000),
            ("1.5KiB", 1536),
            (" 2 TB ", 2_000_000_000_000),
        ] {
            assert_eq!(size(text), Ok(want), "{text}");
        }
        for (text, want) in
            [("0s", 0), ("20s", 20_000), ("1.5m", 90_000), ("1h", 3_600_000), ("365d", 31_536_000_000), ("250ms", 250)]
        {
            assert_eq!(time(text), Ok(Duration::from_millis(want)), "{text}");
        }
        assert_eq!(pixels("150MP"), Ok(150_000_000));
        assert_eq!(pixels("100000000"), Ok(100_000_000));
    }

    #[test]
    fn the_hint_of_an_unreadable_quantity_helps() {
        for (text, what, hint) in [
            ("10G", "unknown unit \"G\"", "did you mean \"10GiB\"?"),
            ("10gib", "unknown unit \"gib\"", "did you mean \"10GiB\"?"),
            ("10KB", "unknown unit \"KB\"", "did you mean \"10kB\"?"),
            ("10", "\"10\" has no unit", "such as \"256MiB\""),
            ("", "cannot read \"\"", "such as \"256MiB\""),
            ("-1MB", "cannot read \"-1MB\"", "such as"),
            ("1.2.3MB", "cannot read", "such as"),
            ("10furlongs", "unknown unit \"furlongs\"", "units: B, kB"),
            ("99999999999999999999TiB", "too large", "such as"),
        ] {
            let error = size(text).unwrap_err();
            assert!(error.what.contains(what) && error.hint.contains(hint), "{text}: {error:?}");
        }
        assert_eq!(time("5min").unwrap_err().hint, "did you mean \"5m\"?");
        assert_eq!(pixels("20mpx").unwrap_err().hint, "did you mean \"20MP\"?");
    }

    proptest! {
        #[test]
        fn what_is_shown_can_be_read(value: u64) {
            prop_assert_eq!(size(&show_size(value)), Ok(value));
            prop_assert_eq!(pixels(&show_pixels(value)), Ok(value));
            let time_shown = show_time(Duration::from_millis(value));
            prop_assert_eq!(time(&time_shown), Ok(Duration::from_millis(value)));
        }

        #[test]
        fn no_text_breaks_the_reader(text in ".*") {
            let _ = (size(&text), time(&text), pixels(&text));
        }
    }
}
