//! Times for people, always UTC.

use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds since the Unix epoch.
pub(crate) fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis() as u64)
}

/// A time in milliseconds since the Unix epoch as RFC 3339 has it, with milliseconds: `2026-01-02T03:04:05.678Z`.
pub fn rfc3339(ms: u64) -> String {
    let (date, time) = parts(ms);
    format!("{date}T{time}.{:03}Z", ms % 1000)
}

/// A time that is so far from now (`30s`, `10m`, `1h`, `7d`) or in seconds since 1970, in the latter; `now` in the same.
///
/// # Errors
/// What is wrong with it, in words.
pub fn when(text: &str, now: u64) -> Result<u64, String> {
    let wrong = || format!("{text:?} is no time; write 30s, 10m, 1h or 7d from now, or seconds since 1970");
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let number: u64 = text[..digits].parse().map_err(|_| wrong())?;
    let unit = match &text[digits..] {
        "" => return Ok(number),
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 24 * 3600,
        _ => return Err(wrong()),
    };
    number.checked_mul(unit).and_then(|seconds| now.checked_add(seconds)).ok_or_else(wrong)
}

/// Cloudimage's form, with microseconds and no zone: `2026-01-02 03:04:05.678000`.
pub(crate) fn spaced(ms: u64) -> String {
    let (date, time) = parts(ms);
    format!("{date} {time}.{:03}000", ms % 1000)
}

/// How long the calendar month of a time is, in milliseconds.
pub(crate) fn month_ms(ms: u64) -> u64 {
    let (year, month, _) = civil(ms / 86_400_000);
    let next = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    (day_number(next.0, next.1, 1) - day_number(year, month, 1)) * 86_400_000
}

/// A day written `20200513`: its first moment, in milliseconds since the Unix epoch.
pub(crate) fn parse_day(text: &str) -> Option<u64> {
    let (year, month, day) = (text.get(0..4)?, text.get(4..6)?, text.get(6..8).filter(|_| text.len() == 8)?);
    parse_rfc3339(&format!("{year}-{month}-{day}T00:00:00Z"))
}

/// A day for people: `13 May 2020`.
pub(crate) fn day_in_words(ms: u64) -> String {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (year, month, day) = civil(ms / 86_400_000);
    let name = (month as usize).checked_sub(1).and_then(|at| MONTHS.get(at)).copied().unwrap_or_default();
    format!("{day} {name} {year}")
}

fn parts(ms: u64) -> (String, String) {
    let seconds = ms / 1000;
    let (year, month, day) = civil(seconds / 86_400);
    let time = format!("{:02}:{:02}:{:02}", seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    (format!("{year:04}-{month:02}-{day:02}"), time)
}

/// The date of a day counted from 1970-01-01 in the Gregorian calendar. Years are counted from March, so that the leap day
/// is the last of its year; 146,097 days are 400 years.
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468; // from 0000-03-01
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

/// The inverse of [`civil`].
fn day_number(year: u64, month: u64, day: u64) -> u64 {
    let (shifted_year, shifted) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, year_of_era) = (shifted_year / 400, shifted_year % 400);
    let day_of_year = (153 * shifted + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Reads RFC 3339: milliseconds since the Unix epoch. `None` for what is no time, or one before 1970.
pub(crate) fn parse_rfc3339(text: &str) -> Option<u64> {
    let digits = |range: std::ops::Range<usize>| {
        let part = text.get(range)?;
        part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse::<u64>().ok()).flatten()
    };
    let is = |at: usize, any: &[u8]| text.as_bytes().get(at).is_some_and(|byte| any.contains(byte));
    let (year, month, day) = (digits(0..4)?, digits(5..7)?, digits(8..10)?);
    let (hour, minute, second) = (digits(11..13)?, digits(14..16)?, digits(17..19)?);
    let laid_out = is(4, b"-") && is(7, b"-") && is(10, b"Tt ") && is(13, b":") && is(16, b":");
    let in_range = year >= 1970 && (1..=12).contains(&month) && day >= 1 && hour < 24 && minute < 60 && second <= 60;
    if !laid_out || !in_range || civil(day_number(year, month, day)) != (year, month, day) {
        return None;
    }
    let rest = text.get(19..)?;
    let (fraction, zone) = match rest.strip_prefix('.') {
        Some(rest) => rest.split_at(rest.find(|c: char| !c.is_ascii_digit())?),
        None => ("", rest),
    };
    if rest.starts_with('.') && fraction.is_empty() {
        return None;
    }
    let millis: u64 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
    let seconds = day_number(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
    let seconds = match zone {
        "Z" | "z" => seconds,
        _ => {
            let east = zone.strip_prefix('+');
            let (hours, minutes) = east.or(zone.strip_prefix('-'))?.split_once(':')?;
            let part = |text: &str, below: u64| {
                let plain = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
                plain.then(|| text.parse::<u64>().ok()).flatten().filter(|n| *n < below)
            };
            let offset = part(hours, 24)? * 3600 + part(minutes, 60)? * 60;
            if east.is_some() { seconds.checked_sub(offset)? } else { seconds + offset }
        }
    };
    Some(seconds * 1000 + millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_times() {
        for (ms, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_001, "2000-02-29T00:00:00.001Z"),
            (951_868_799_999, "2000-02-29T23:59:59.999Z"),
            (951_868_800_000, "2000-03-01T00:00:00.000Z"),
            (1_700_000_000_123, "2023-11-14T22:13:20.123Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        ] {
            assert_eq!(rfc3339(ms), text);
        }
        assert_eq!(spaced(1_700_000_000_123), "2023-11-14 22:13:20.123000");
    }

    #[test]
    fn days_and_months() {
        for (text, words, days) in [
            ("20200229", Some("29 Feb 2020"), 29),
            ("20200513", Some("13 May 2020"), 31),
            ("20211201", Some("1 Dec 2021"), 31),
            ("20210229", None, 0),
            ("2020-5-3", None, 0),
            ("202005131", None, 0),
            ("", None, 0),
        ] {
            let day = parse_day(text);
            assert_eq!(day.map(day_in_words).as_deref(), words, "{text}");
            assert_eq!(day.map_or(0, |day| month_ms(day + 5) / 86_400_000), days, "{text}");
        }
    }

    #[test]
    fn times_come_back() {
        for day in (0..60_000).step_by(7) {
            let ms = day * 86_400_000 + 45_296_789;
            assert_eq!(parse_rfc3339(&rfc3339(ms)), Some(ms));
        }
        for (text, ms) in [
            ("2000-02-29T00:00:00Z", Some(951_782_400_000)),
            ("2000-02-29t02:30:00.1234+02:30", Some(951_782_400_123)),
            ("2000-02-28T23:00:00-01:00", Some(951_782_400_000)),
            ("1999-02-29T00:00:00Z", None),
            ("2000-02-30T00:00:00Z", None),
            ("2000-00-01T00:00:00Z", None),
            ("2000-01-01T24:00:00Z", None),
            ("2000-01-01T00:00:00", None),
            ("2000-01-01T00:00:00.Z", None),
            ("2000-01-01T00:00:00+1:00", None),
            ("1969-12-31T23:59:59Z", None),
            ("1970-01-01T00:00:00+01:00", None),
            ("2000-01-01", None),
            ("tomorrow", None),
            ("2000-01-01T00:00:00Zé", None),
            ("", None),
        ] {
            assert_eq!(parse_rfc3339(text), ms, "{text:?}");
        }
    }
}
