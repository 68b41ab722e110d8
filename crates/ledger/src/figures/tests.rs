//! The store with times of the tests' own.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::sync::Arc;

use stats::{Counted, Text};

use super::*;

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
/// Midnight.
const START: u64 = 1_699_920_000_000;

struct World {
    db: StatsDb,
    folder: Folder,
    limits: StatsLimits,
    _temp: tempfile::TempDir,
}

fn world(limits: StatsLimits) -> World {
    let temp = tempfile::tempdir().unwrap();
    let folder = Folder::open(&temp.path().join("data")).unwrap();
    World { db: StatsDb::open(&folder, limits).unwrap(), folder, limits, _temp: temp }
}

impl World {
    fn reopen(self) -> World {
        let World { db, folder, limits, _temp } = self;
        drop(db);
        World { db: StatsDb::open(&folder, limits).unwrap(), folder, limits, _temp }
    }

    fn add(&self, at: u64, site: &str, bucket: &Bucket) {
        let cell = Cell { at: Step::Minute.start(at), site: site.into() };
        self.db.add(&[(cell, bucket)], &[], at).unwrap();
    }

    /// Requests by beginning of the step.
    fn requests(&self, step: Step, from: u64, to: u64) -> BTreeMap<u64, u64> {
        let mut all = BTreeMap::new();
        for row in self.db.rows(step, from, to).unwrap() {
            *all.entry(step.start(row.at)).or_default() += row.bucket.counts.all.requests;
        }
        all
    }

    fn count(&self, step: Step) -> u64 {
        self.number(&format!("SELECT count(*) FROM figures WHERE span = {}", span(step)))
    }

    fn number(&self, sql: &str) -> u64 {
        let number = |c: &Connection| from_sql(c.query_row(sql, [], |row| row.get(0))?);
        self.db.readers.with(number).unwrap()
    }
}

fn bucket(requests: u64) -> Bucket {
    let mut bucket = Bucket::default();
    bucket.counts.all.requests = requests;
    (0..requests).for_each(|n| bucket.counts.hit.record(n));
    bucket
}

/// Through the recorder, as lists have no other maker.
fn named(names: &[(&str, u64)]) -> Bucket {
    let mut bucket = Bucket::default();
    for (name, count) in names {
        let one = Counted { name: (*name).to_owned(), count: *count, error: 0, bytes: 0 };
        bucket.tops.masters.add(&stats::Top::of(vec![one]));
    }
    bucket
}

#[test]
fn minutes_fold_into_hours_and_days_and_nothing_is_counted_twice() {
    let world = world(StatsLimits::default());
    let mut want = 0;
    // A request every five minutes for two days and a bit, and on another site every hour.
    for minute in (0..2 * 24 * 60 + 90).step_by(5) {
        let at = START + minute * MINUTE;
        world.add(at, "shop", &bucket(1));
        if minute % 60 == 0 {
            world.add(at, "blog", &bucket(2));
        }
        want += 1 + 2 * u64::from(minute % 60 == 0);
    }
    let end = START + 3 * DAY;
    for step in Step::ALL {
        let seen = world.requests(step, START, end);
        // The first 85 minutes are past their 48 hours.
        let missing = if step == Step::Minute { 17 + 2 * 2 } else { 0 };
        assert_eq!(seen.values().sum::<u64>(), want - missing, "{step:?}");
        assert!(seen.keys().all(|at| at % step.millis() == 0));
    }
    let days = world.requests(Step::Day, START, end);
    assert_eq!(days, BTreeMap::from([(START, 336), (START + DAY, 336), (START + 2 * DAY, 18 + 4)]));
    assert_eq!(world.requests(Step::Hour, START + DAY, START + DAY + HOUR), BTreeMap::from([(START + DAY, 14)]));
    assert_eq!((world.count(Step::Hour), world.count(Step::Day)), ((2 * 24 + 1) * 2, 4));
    // Times add up as well.
    let hit: u64 = world.db.rows(Step::Day, START, end).unwrap().iter().map(|row| row.bucket.counts.hit.count()).sum();
    assert_eq!(hit, want);
}

#[test]
fn an_open_minute_and_hour_go_on_after_a_restart() {
    let world = world(StatsLimits::default());
    world.add(START + 5 * MINUTE, "shop", &bucket(3));
    let world = world.reopen();
    world.add(START + 5 * MINUTE + 1, "shop", &bucket(4));
    assert_eq!(world.requests(Step::Minute, START, START + HOUR), BTreeMap::from([(START + 5 * MINUTE, 7)]));
    let world = world.reopen();
    world.add(START + 2 * HOUR, "shop", &bucket(1));
    assert_eq!(world.count(Step::Hour), 1);
    assert_eq!(world.requests(Step::Hour, START, START + DAY), BTreeMap::from([(START, 7), (START + 2 * HOUR, 1)]));
    // What comes late for an hour that is made gets into it.
    let late = Cell { at: START + 6 * MINUTE, site: "shop".into() };
    world.db.add(&[(late, &bucket(10))], &[], START + 2 * HOUR + 1).unwrap();
    assert_eq!(world.requests(Step::Hour, START, START + HOUR), BTreeMap::from([(START, 17)]));
    assert_eq!(world.requests(Step::Minute, START, START + HOUR).values().sum::<u64>(), 17);
}

#[test]
fn an_hour_that_was_never_folded_is_read_and_made_up_for() {
    let world = world(StatsLimits::default());
    // The server stops in the first hour, and comes back a day and an hour later.
    world.add(START + 59 * MINUTE, "shop", &bucket(5));
    let world = world.reopen();
    assert_eq!(world.requests(Step::Day, START, START + 2 * DAY), BTreeMap::from([(START, 5)]));
    assert_eq!((world.count(Step::Hour), world.count(Step::Day)), (0, 0));
    world.add(START + 25 * HOUR, "shop", &bucket(1));
    assert_eq!((world.count(Step::Hour), world.count(Step::Day)), (1, 1));
    assert_eq!(world.requests(Step::Day, START, START + 2 * DAY), BTreeMap::from([(START, 5), (START + DAY, 1)]));
}

#[test]
fn what_is_past_its_time_goes() {
    let limits = StatsLimits {
        minutes: Duration::from_secs(7200),
        hours: Duration::from_secs(2 * 86_400),
        days: Duration::from_secs(4 * 86_400),
        ..StatsLimits::default()
    };
    let world = world(limits);
    for hour in 0..24 * 7 {
        world.add(START + hour * HOUR, "shop", &bucket(1));
    }
    assert!((2..=3).contains(&world.count(Step::Minute)), "{}", world.count(Step::Minute));
    assert!((47..=72).contains(&world.count(Step::Hour)), "{}", world.count(Step::Hour));
    assert!((3..=5).contains(&world.count(Step::Day)), "{}", world.count(Step::Day));
}

#[test]
fn lists_of_an_hour_are_longer_than_those_of_its_minutes() {
    let world = world(StatsLimits::default());
    // In each minute, 40 names: more than a minute keeps.
    let names: Vec<String> = (0..40).map(|n| format!("/{n:02}.jpg")).collect();
    for minute in 0..60 {
        let all: Vec<(&str, u64)> = names.iter().enumerate().map(|(n, name)| (name.as_str(), n as u64 + 1)).collect();
        world.add(START + minute * MINUTE, "shop", &named(&all));
    }
    world.add(START + HOUR + 2 * MINUTE, "shop", &bucket(1));
    let minutes = world.db.rows(Step::Minute, START, START + MINUTE).unwrap();
    assert_eq!(minutes[0].bucket.tops.masters.entries().len(), NAMES[0]);
    let hours = world.db.rows(Step::Hour, START, START + HOUR).unwrap();
    let ranked = hours[0].bucket.tops.masters.ranked();
    assert_eq!(ranked.len(), 40);
    for (n, entry) in ranked.iter().rev().enumerate() {
        assert_eq!((entry.name.as_str(), entry.count, entry.error), (names[n].as_str(), 60 * (n as u64 + 1), 0));
    }
}

/// Many distinct names in every minute of many sites.
#[test]
fn a_flood_of_names_is_bounded_in_rows_and_bytes() {
    let limits = StatsLimits { bytes: 400_000, lines: 50, ..StatsLimits::default() };
    let world = world(limits);
    let mut id = 0;
    for hour in 0..60 {
        for minute in 0..2 {
            let at = START + hour * HOUR + minute * MINUTE;
            let names: Vec<String> =
                (0..300).map(|n| format!("/{hour}/{minute}/{n}/{}.jpg", "x".repeat(150))).collect();
            let all: Vec<(&str, u64)> = names.iter().map(|name| (name.as_str(), 1)).collect();
            let lines: Vec<Arc<Line>> = (0..30)
                .map(|n| {
                    id += 1;
                    let mut line = Line::new(["x"; Text::ALL.len()]);
                    (line.id, line.at) = (id, at + n);
                    Arc::new(line)
                })
                .collect();
            let cell = |site: &str| Cell { at, site: site.into() };
            let flood = named(&all);
            world.db.add(&[(cell("shop"), &flood), (cell("blog"), &flood)], &lines, at).unwrap();
        }
    }
    let bytes = world.number("SELECT sum(length(data)) FROM figures");
    // What is not folded yet may be over it.
    assert!(bytes < limits.bytes + 200_000, "{bytes}");
    assert_eq!(world.db.stored().unwrap().lines, 50);
    let mut seen = Vec::new();
    world
        .db
        .lines(u64::MAX, &mut |line| {
            seen.push(line.id);
            true
        })
        .unwrap();
    assert_eq!(seen, (id - 49..=id).rev().collect::<Vec<_>>());
    // The newest survive.
    assert!(world.db.rows(Step::Hour, START + 58 * HOUR, START + 60 * HOUR).unwrap().len() >= 2);
}

#[test]
fn rows_that_cannot_be_read_are_passed_over() {
    let world = world(StatsLimits::default());
    world.add(START, "shop", &bucket(3));
    world.add(START + MINUTE, "shop", &bucket(4));
    lock(&world.db.writer).connection.execute("UPDATE figures SET data = x'63' WHERE at = ?1", [START as i64]).unwrap();
    assert_eq!(world.requests(Step::Hour, START, START + HOUR), BTreeMap::from([(START, 4)]));
    world.add(START, "shop", &bucket(1));
    assert_eq!(world.requests(Step::Hour, START, START + HOUR), BTreeMap::from([(START, 5)]));
}
