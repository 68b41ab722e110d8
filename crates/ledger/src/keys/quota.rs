//! How many purges each key asked for in a calendar month (UTC).

use std::collections::HashMap;

use rusqlite::{Connection, params};

use crate::error::{Fault, from_sql, to_sql};

/// A key's purges of this month are used up; it was not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this API key's {limit} purges of the month are used up")]
pub struct Exceeded {
    /// How many it may ask for in a month.
    pub limit: u64,
    /// When the next month begins, in milliseconds since the Unix epoch.
    pub resets_at: u64,
}

/// The counts of this month, in memory; written now and then.
#[derive(Debug, Default)]
pub(super) struct Counts {
    month: Month,
    used: HashMap<String, u64>,
    /// What of it is not in the file yet.
    changed: Vec<String>,
}

impl Counts {
    pub(super) fn load(connection: &Connection, now: u64) -> Result<Counts, Fault> {
        let month = Month::at(now);
        let mut select = connection.prepare("SELECT name, used FROM quota WHERE month = ?1")?;
        let mut rows = select.query([month.number()])?;
        let mut used = HashMap::new();
        while let Some(row) = rows.next()? {
            used.insert(row.get(0)?, from_sql(row.get(1)?)?);
        }
        Ok(Counts { month, used, changed: Vec::new() })
    }

    pub(super) fn take(&mut self, name: &str, n: u64, limit: Option<u64>, now: u64) -> Result<Option<u64>, Exceeded> {
        self.turn(now);
        let used = self.used.get(name).copied().unwrap_or(0);
        let after = used.saturating_add(n);
        if let Some(limit) = limit.filter(|limit| after > *limit) {
            return Err(Exceeded { limit, resets_at: self.month.next().start() });
        }
        if n > 0 {
            self.used.insert(name.to_owned(), after);
            if !self.changed.iter().any(|changed| changed == name) {
                self.changed.push(name.to_owned());
            }
        }
        Ok(limit.map(|limit| limit - after))
    }

    pub(super) fn used(&mut self, name: &str, now: u64) -> u64 {
        self.turn(now);
        self.used.get(name).copied().unwrap_or(0)
    }

    pub(super) fn forget(&mut self, name: &str) {
        self.used.remove(name);
        self.changed.retain(|changed| changed != name);
    }

    /// What is to be written, and is then taken as written.
    pub(super) fn take_changed(&mut self) -> Vec<(Month, String, u64)> {
        let changed = std::mem::take(&mut self.changed);
        changed.into_iter().filter_map(|name| Some((self.month, name.clone(), *self.used.get(&name)?))).collect()
    }

    /// After writing failed.
    pub(super) fn put_back(&mut self, unwritten: Vec<(Month, String, u64)>) {
        let names = unwritten.into_iter().filter(|(month, ..)| *month == self.month).map(|(_, name, _)| name);
        for name in names {
            if !self.changed.contains(&name) {
                self.changed.push(name);
            }
        }
    }

    /// A clock that goes back a little does not bring a past month back.
    fn turn(&mut self, now: u64) {
        let month = Month::at(now);
        if month > self.month {
            *self = Counts { month, ..Counts::default() };
        }
    }
}

pub(super) fn write(connection: &Connection, counts: &[(Month, String, u64)]) -> Result<(), Fault> {
    let mut upsert = connection.prepare_cached(
        "INSERT INTO quota (name, month, used) SELECT name, ?2, ?3 FROM key WHERE name = ?1 \
         ON CONFLICT (name, month) DO UPDATE SET used = ?3",
    )?;
    for (month, name, used) in counts {
        upsert.execute(params![name, month.number(), to_sql(*used)?])?;
    }
    Ok(())
}

/// A month of the Gregorian calendar, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Month {
    year: i64,
    /// From 1.
    month: i64,
}

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

impl Month {
    pub(super) fn at(ms: u64) -> Month {
        // Counted in years that begin with March, so that the leap day is the last one; 400 of them have 146,097 days.
        let days = (ms / DAY_MS) as i64 + 719_468;
        let (era, day) = (days / 146_097, days % 146_097);
        let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
        let of_year = day - (365 * year + year / 4 - year / 100);
        let from_march = (5 * of_year + 2) / 153;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        Month { year: era * 400 + year + i64::from(month <= 2), month }
    }

    fn next(self) -> Month {
        if self.month == 12 { Month { year: self.year + 1, month: 1 } } else { Month { month: self.month + 1, ..self } }
    }

    /// Its first moment, in milliseconds since the Unix epoch.
    fn start(self) -> u64 {
        let (year, from_march) =
            if self.month > 2 { (self.year, self.month - 3) } else { (self.year - 1, self.month + 9) };
        let (era, of_era) = (year / 400, year % 400);
        let day = 365 * of_era + of_era / 4 - of_era / 100 + (153 * from_march + 2) / 5;
        u64::try_from(era * 146_097 + day - 719_468).unwrap_or(0) * DAY_MS
    }

    /// Such as 202611.
    fn number(self) -> i64 {
        self.year * 100 + self.month
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn months_are_those_of_the_calendar() {
        for (ms, number, next) in [
            (0, 197_001, 31 * DAY_MS),
            (951_782_400_000, 200_002, 951_868_800_000),
            (951_868_800_000, 200_003, 954_547_200_000),
            (1_709_251_199_999, 202_402, 1_709_251_200_000),
            (1_767_225_599_999, 202_512, 1_767_225_600_000),
            (1_763_769_600_000, 202_511, 1_764_547_200_000),
            (4_107_542_399_999, 210_002, 4_107_542_400_000),
        ] {
            let month = Month::at(ms);
            assert_eq!((month.number(), month.next().start()), (number, next), "{ms}");
        }
        let mut month = Month::at(0);
        for _ in 0..12_000 {
            let start = month.next().start();
            assert_eq!((Month::at(start - 1), Month::at(start)), (month, month.next()));
            month = month.next();
        }
    }

    #[test]
    fn a_month_begins_at_nothing() {
        let mut counts = Counts::default();
        let (november, december) = (1_763_769_600_000, 1_764_547_200_000);
        assert_eq!(counts.take("a", 3, Some(5), november), Ok(Some(2)));
        assert_eq!(counts.take("b", 3, None, november), Ok(None));
        let exceeded = Err(Exceeded { limit: 5, resets_at: december });
        assert_eq!(counts.take("a", 3, Some(5), november), exceeded, "all or none");
        assert_eq!(counts.take("a", u64::MAX, Some(5), november), exceeded);
        assert_eq!(counts.take("a", 2, Some(5), november), Ok(Some(0)));
        assert_eq!(counts.take("a", 0, Some(5), november), Ok(Some(0)));
        assert_eq!(counts.take("a", 1, Some(5), december), Ok(Some(4)));
        assert_eq!(counts.take("a", 1, Some(5), december - 1), Ok(Some(3)), "a clock that went back");
        assert_eq!((counts.used("a", december), counts.used("b", december)), (2, 0));
        let written = counts.take_changed();
        assert_eq!(written, [(Month::at(december), "a".to_owned(), 2)]);
        assert_eq!(counts.take_changed(), []);
        counts.put_back(written.clone());
        assert_eq!(counts.take_changed(), written);
    }
}
