//! What a run has found.

use std::fmt;
use std::time::Duration;

/// Counts of one run.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// How long it took.
    pub took: Duration,
    /// Purges that were answered as done.
    pub purges: u64,
    /// Of these, how many were sent while the origin was answering a request for that master with an older version.
    pub in_flight: u64,
    /// Of these again, how many were answered before the origin was: such a fill surely ended after the purge.
    pub overtaken: u64,
    /// Purges that were answered otherwise, with one such answer.
    pub refused: u64,
    /// Requests for pictures.
    pub requests: u64,
    /// Requests that reached the origin.
    pub fetches: u64,
    /// Answers whose version was read: decoded, or validated by a 304 for an entity tag of known version.
    pub checked: u64,
    /// Of these, by 304.
    pub not_modified: u64,
    /// Of these, how many said that they came from the cache (`Cache-Status`).
    pub hits: u64,
    /// Answers 503 from a full queue.
    pub busy: u64,
    /// Requests for pictures and purges that got no answer: the connection failed, or nothing came in time.
    pub failed: u64,
    /// Answers whose version could not be read, or is one that does not exist yet, or with another status.
    pub faulty: u64,
    /// Answers that were stale: older than the newest purge that had been answered before they were asked for.
    pub violations: u64,
    /// Purges that were followed by at least one such answer.
    pub broken_purges: u64,
    /// Masters that were looked at when their last purge was a second or more ago, once for each such pause, and of which
    /// the version of every derivative was read.
    pub settled: u64,
    /// Masters that were looked at so, of which the version of some derivative could not be read.
    pub unseen: u64,
    /// Of these, how many were still stale.
    pub still_stale: u64,
    /// Time from sending a purge to its answer, sorted.
    pub purge_times: Vec<Duration>,
    /// The first violations and faults, described.
    pub examples: Vec<String>,
}

impl Report {
    /// Whether nothing was wrong at all, and enough was seen to say so.
    pub fn clean(&self) -> bool {
        self.violations == 0
            && self.faulty == 0
            && self.refused == 0
            && self.failed == 0
            && self.shortcomings().is_empty()
    }

    /// What the run has seen too little of for its silence to mean anything. A run against a server that works has several
    /// times as much of each.
    pub fn shortcomings(&self) -> Vec<String> {
        let purges = self.purges;
        let least = |what: &str, count: u64, least: u64| {
            (count < least).then(|| format!("{what}: {}, at least {} wanted", grouped(count), grouped(least)))
        };
        let all = [
            least("purges", purges, 1),
            least("answers checked", self.checked, purges),
            least("hits", self.hits, purges.div_ceil(10)),
            least("purges with a fill in flight", self.in_flight, purges.div_ceil(10)),
            least("masters looked at >= 1 s after a purge", self.settled, 1),
            (self.unseen > 0).then(|| format!("masters looked at in vain: {}", grouped(self.unseen))),
        ];
        all.into_iter().flatten().collect()
    }

    /// Stale answers for each million purges.
    pub fn violations_per_million(&self) -> f64 {
        per_million(self.violations, self.purges)
    }

    /// A percentile (0-100) of the time from sending a purge to its answer.
    pub fn purge_time(&self, percent: f64) -> Duration {
        let last = self.purge_times.len().saturating_sub(1);
        // A rank of a list in memory fits a float exactly.
        let at = (last as f64 * percent / 100.0).round() as usize;
        self.purge_times.get(at).copied().unwrap_or_default()
    }

    /// The counts as JSON; times in milliseconds.
    pub fn json(&self) -> serde_json::Value {
        serde_json::json!({
            "seconds": self.took.as_secs_f64(),
            "purges": self.purges,
            "purges_in_flight": self.in_flight,
            "purges_overtaking_a_fill": self.overtaken,
            "purges_refused": self.refused,
            "requests": self.requests,
            "origin_fetches": self.fetches,
            "answers_checked": self.checked,
            "not_modified": self.not_modified,
            "hits": self.hits,
            "busy": self.busy,
            "failed": self.failed,
            "faulty": self.faulty,
            "violations": self.violations,
            "violations_per_million_purges": self.violations_per_million(),
            "broken_purges": self.broken_purges,
            "settled": self.settled,
            "unseen": self.unseen,
            "still_stale": self.still_stale,
            "purge_ms": {
                "p50": 1e3 * self.purge_time(50.0).as_secs_f64(),
                "p99": 1e3 * self.purge_time(99.0).as_secs_f64(),
                "max": 1e3 * self.purge_time(100.0).as_secs_f64(),
            },
            "shortcomings": self.shortcomings(),
            "examples": self.examples,
        })
    }
}

fn per_million(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { 1e6 * part as f64 / whole as f64 }
}

/// Digits in groups of three.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.took.as_secs_f64().max(1e-9);
        let share = |part: u64, whole: u64| 100.0 * part as f64 / whole.max(1) as f64;
        let ms = |percent| 1e3 * self.purge_time(percent).as_secs_f64();
        let mut row = |name: &str, value: String| writeln!(f, "{name:<34} {value}");
        row("purges", format!("{} in {seconds:.0} s ({:.0}/s)", grouped(self.purges), self.purges as f64 / seconds))?;
        row(
            "  sent with a fill in flight",
            format!("{} ({:.0} %)", grouped(self.in_flight), share(self.in_flight, self.purges)),
        )?;
        row(
            "  answered before that fill was",
            format!("{} ({:.0} %)", grouped(self.overtaken), share(self.overtaken, self.purges)),
        )?;
        row("  refused", grouped(self.refused))?;
        row("  sent to effective, ms", format!("p50 {:.2}, p99 {:.2}, most {:.2}", ms(50.0), ms(99.0), ms(100.0)))?;
        row("requests", format!("{} ({:.0}/s)", grouped(self.requests), self.requests as f64 / seconds))?;
        row("  fetches at the origin", grouped(self.fetches))?;
        row("answers checked", grouped(self.checked))?;
        row(
            "  said to come from the cache",
            format!("{} ({:.0} %)", grouped(self.hits), share(self.hits, self.checked)),
        )?;
        row("  not modified (304)", grouped(self.not_modified))?;
        row("answers 503, queue full", grouped(self.busy))?;
        row("no answer at all", grouped(self.failed))?;
        row("unreadable or unexpected answers", grouped(self.faulty))?;
        row(
            "looked at >= 1 s after a purge",
            format!(
                "{} masters, still stale: {}, looked at in vain: {}",
                grouped(self.settled),
                grouped(self.still_stale),
                grouped(self.unseen)
            ),
        )?;
        row("purges followed by a stale answer", grouped(self.broken_purges))?;
        row("violations (stale answers)", grouped(self.violations))?;
        row("violations per million purges", format!("{:.1}", self.violations_per_million()))?;
        for shortcoming in self.shortcomings() {
            writeln!(f, "  TOO LITTLE SEEN, {shortcoming}")?;
        }
        for example in &self.examples {
            writeln!(f, "  {example}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_right_and_all_are_shown() {
        let report = Report {
            took: Duration::from_secs(10),
            purges: 2_000_000,
            violations: 3,
            purge_times: (0..=100).map(Duration::from_millis).collect(),
            examples: vec!["an example".to_owned()],
            ..Report::default()
        };
        assert!((report.violations_per_million() - 1.5).abs() < 1e-9);
        assert_eq!(report.purge_time(50.0), Duration::from_millis(50));
        assert_eq!(report.purge_time(99.0), Duration::from_millis(99));
        assert_eq!(Report::default().purge_time(99.0), Duration::ZERO);
        assert!(!report.clean());
        let text = report.to_string();
        for part in ["2,000,000 in 10 s (200000/s)", "p50 50.00, p99 99.00, most 100.00", "an example", "1.5"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert_eq!(report.json()["violations"], 3);
    }

    #[test]
    fn clean_is_who_was_seen_enough_of() {
        let seen = Report {
            purges: 100,
            in_flight: 10,
            checked: 100,
            hits: 10,
            settled: 1,
            requests: 100,
            ..Report::default()
        };
        assert!(seen.clean(), "{seen}");
        for (what, blind) in [
            ("nothing was purged", Report { purges: 0, ..seen.clone() }),
            ("no fill in flight", Report { in_flight: 9, ..seen.clone() }),
            ("hardly an answer", Report { checked: 99, ..seen.clone() }),
            ("no hits", Report { hits: 9, ..seen.clone() }),
            ("no last look", Report { settled: 0, ..seen.clone() }),
            ("a look in vain", Report { unseen: 1, ..seen.clone() }),
        ] {
            assert!(!blind.clean(), "{what}");
            assert!(blind.to_string().contains("TOO LITTLE SEEN"), "{what}: {blind}");
        }
        for wrong in [
            Report { violations: 1, ..seen.clone() },
            Report { faulty: 1, ..seen.clone() },
            Report { refused: 1, ..seen.clone() },
            Report { failed: 1, ..seen.clone() },
        ] {
            assert!(!wrong.clean() && wrong.shortcomings().is_empty(), "{wrong}");
        }
    }

    #[test]
    fn digits_are_grouped() {
        for (number, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (12_345_678, "12,345,678")] {
            assert_eq!(grouped(number), text);
        }
    }
}
