//! What a check of the purge index costs, and what its records cost in memory: prints the tables of `docs/bench.md`.
//!
//! `cargo run --release -p afterimage-purge --example lookups [records...]`
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use plan::{ExactName, KeySecret, Label, Location, LogId, MasterId, Position, Selector, Stamp, Tag};
use purge::{Index, LogIdentity, Mode, PurgeId, Record, Role, Subject, Target, Via, snapshot};

/// Subjects that take turns, so that their names are not all in the processor's caches.
const SUBJECTS: usize = 1 << 14;
const BATCH: usize = 64;

fn main() {
    let asked: Vec<u64> = std::env::args().skip(1).map(|n| n.parse().unwrap()).collect();
    let sizes = if asked.is_empty() { vec![0, 1000, 1_000_000, 10_000_000] } else { asked };
    println!(
        "| records | names held | resident MB | bytes a record | apply µs | unchanged ns | re-check ns | older than the last purge alone ns | snapshot MB | save ms | load ms |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|");
    for size in sizes {
        measure(size);
    }
    awkward();
}

fn measure(size: u64) {
    let index = index();
    let subjects = subjects(&index, Position::START);
    let before = resident();
    let start = Instant::now();
    for n in 1..=size {
        index.apply([&record(n, selector(n))]);
    }
    let apply = per(start.elapsed(), size.max(1)) / 1000.0;
    let grown = resident().saturating_sub(before);
    let unchanged = (0..100).map(|_| unchanged(&index)).collect();
    let unchanged = median(unchanged);
    let recheck = judged(&index, &subjects);
    let recent: Vec<Subject> = subjects
        .iter()
        .map(|s| Subject { stamp: Stamp { position: Position(size.saturating_sub(1)), ..s.stamp }, ..s.clone() })
        .collect();
    let recent = judged(&index, &recent);
    let path = std::env::temp_dir().join(format!("lookups-{}.snapshot", std::process::id()));
    let start = Instant::now();
    snapshot::save(&index, &path).unwrap();
    let save = start.elapsed().as_millis();
    let bytes = std::fs::metadata(&path).unwrap().len();
    let other = self::index();
    let start = Instant::now();
    assert_eq!(snapshot::load(&other, &path).unwrap(), index.head());
    let load = start.elapsed().as_millis();
    std::fs::remove_file(&path).unwrap();
    println!(
        "| {size} | {} | {} | {} | {apply:.2} | {unchanged:.2} | {recheck:.0} | {recent:.0} | {} | {save} | {load} |",
        index.len(),
        grown >> 20,
        grown / size.max(1),
        bytes >> 20,
    );
}

fn unchanged(index: &Index) -> f64 {
    const TIMES: u64 = 100_000;
    let checked = black_box(index.epoch());
    let start = Instant::now();
    let same: u64 = (0..TIMES).map(|_| u64::from(black_box(checked) == index.epoch())).sum();
    black_box(same);
    per(start.elapsed(), TIMES)
}

/// What costs most: the most globs that may live, and prefixes of many lengths.
fn awkward() {
    println!("\n| a million records and | re-check ns |\n|---|---|");
    let everything = |n: u64| Selector::Glob(format!("file:/srv/photos/**/{n}-*.png"));
    for (what, more) in [
        ("no more", vec![]),
        (
            "1000 globs in other folders",
            (0..1000).map(|n| Selector::Glob(format!("file:/srv/photos/{n}/*.jpg"))).collect(),
        ),
        ("1000 globs over everything, none matching", (0..1000).map(everything).collect()),
        (
            "string prefixes of 200 lengths",
            (1..=200).map(|n| Selector::Prefix("file:/srv/q".chars().cycle().take(n).collect())).collect(),
        ),
    ] {
        let index = index();
        let subjects = subjects(&index, Position::START);
        for n in 1..=1_000_000 {
            index.apply([&record(n, selector(n))]);
        }
        let before = resident();
        let more: Vec<Record> = more.into_iter().zip(1_000_001..).map(|(s, n)| record(n, s)).collect();
        index.apply(&more);
        println!("| {what} (+{} kB) | {:.0} |", resident().saturating_sub(before) >> 10, judged(&index, &subjects));
    }
}

fn index() -> Index {
    Index::new(LogIdentity { log: LogId(1), secret: KeySecret::new([7; 32]) })
}

/// Seven masters, one derivative, one dependency and one tag of ten; every hundredth a folder.
fn selector(n: u64) -> Selector {
    let master = || MasterId::from_canonical(&format!("file:/srv/photos/{}/{}/{n}.jpg", n % 1000, n % 31));
    match n % 10 {
        _ if n.is_multiple_of(100) => Selector::Prefix(format!("file:/srv/photos/gone-{n}/")),
        0 => Selector::Exact(ExactName(u128::from(n).to_le_bytes())),
        1 => Selector::Dependency(master()),
        2 => Selector::Tag(Tag::parse(&format!("product-{n}")).unwrap(), None),
        _ => Selector::Master(master()),
    }
}

fn record(n: u64, selector: Selector) -> Record {
    Record {
        position: Position(n),
        id: PurgeId(n.into()),
        mode: if n.is_multiple_of(5) { Mode::Soft } else { Mode::Hard },
        targets: vec![Target { said: String::new(), selectors: vec![selector] }],
        actor: String::new(),
        via: Via::Native,
        from: String::new(),
        accepted_at: 0,
        terms: None,
    }
}

/// Derivatives with one master, one overlay and three tags, of which none was purged by its own name.
fn subjects(index: &Index, position: Position) -> Vec<Subject> {
    let source = Location::new("file:/srv/photos");
    let label = |text: String| Label { tag: Tag::parse(&text).unwrap(), source: source.clone() };
    let dependency = |text: String, role| index.dependency(MasterId::from_canonical(&text), role, position, None);
    (0..SUBJECTS)
        .map(|n| Subject {
            stamp: Stamp { log: LogId(1), position },
            exact: Some(index.exact(ExactName((n as u128 | 1 << 100).to_le_bytes()))),
            dependencies: vec![
                dependency(format!("file:/srv/photos/kept/2026/spring/{n}.jpg"), Role::Main),
                dependency(format!("file:/srv/photos/marks/{}.png", n % 100), Role::Part),
            ],
            labels: vec![label(format!("album-{n}")), label("summer".into()), label("format:webp".into())].into(),
        })
        .collect()
}

/// Nanoseconds of one check: the median over batches, each so short that other processes seldom get in.
fn judged(index: &Index, subjects: &[Subject]) -> f64 {
    let batch = |batch: &[Subject]| {
        let start = Instant::now();
        for subject in batch {
            black_box(index.judge(black_box(subject)));
        }
        per(start.elapsed(), batch.len() as u64)
    };
    let round = || subjects.chunks(BATCH).map(batch).collect::<Vec<_>>();
    round();
    median(round())
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

fn per(time: Duration, times: u64) -> f64 {
    time.as_nanos() as f64 / times as f64
}

/// Memory that the process has, in bytes; Linux alone says so.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0) * 4096
}
