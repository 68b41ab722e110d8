//! Recorder and keeper over a store in memory, with times of the tests' own.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use plan::reason::{Miss, Served};
use proptest::prelude::*;

use crate::*;

const MINUTE: u64 = 60_000;
const NOON: u64 = 1_700_000_040_000;

#[derive(Default)]
struct Memory {
    rows: Mutex<BTreeMap<Cell, Bucket>>,
    lines: Mutex<Vec<Line>>,
    broken: AtomicBool,
}

impl Store for Memory {
    fn add(&self, deltas: &[(Cell, &Bucket)], lines: &[Arc<Line>], _: u64) -> Result<(), StoreError> {
        if self.broken.load(Ordering::Relaxed) {
            return Err(StoreError("no room".into()));
        }
        let mut rows = self.rows.lock().unwrap();
        deltas.iter().for_each(|(cell, bucket)| rows.entry(cell.clone()).or_default().add(bucket));
        self.lines.lock().unwrap().extend(lines.iter().map(|line| Line::clone(line)));
        Ok(())
    }

    fn rows(&self, _: Step, from: u64, to: u64) -> Result<Vec<Row>, StoreError> {
        let rows = self.rows.lock().unwrap();
        let within = rows.iter().filter(|(cell, _)| (from..to).contains(&cell.at));
        Ok(within.map(|(c, bucket)| Row { at: c.at, site: c.site.to_string(), bucket: bucket.clone() }).collect())
    }

    fn lines(&self, before: u64, each: &mut dyn FnMut(Line) -> bool) -> Result<(), StoreError> {
        for line in self.lines.lock().unwrap().iter().rev().filter(|line| line.id < before) {
            if !each(line.clone()) {
                break;
            }
        }
        Ok(())
    }

    fn stored(&self) -> Result<Stored, StoreError> {
        let lines = self.lines.lock().unwrap();
        Ok(Stored { lines: lines.len() as u64, last_line: lines.last().map(|line| line.id), ..Stored::default() })
    }
}

fn settings() -> Settings {
    Settings { parts: 4, lines: true, hits_per_second: 5, slow: 1_000_000, addresses: Addresses::Whole }
}

fn recorder(settings: Settings) -> Arc<Recorder> {
    let site = |name: &str| SiteName { name: name.into(), dialect: "imgix" };
    Arc::new(Recorder::new(vec![site("shop"), site("blog")], settings))
}

fn keeper(lines: usize) -> (Arc<Memory>, Arc<Recorder>, Keeper) {
    let (store, recorder) = (Arc::new(Memory::default()), recorder(settings()));
    let keeper = Keeper::new(recorder.clone(), store.clone(), lines, 100).unwrap();
    (store, recorder, keeper)
}

fn request(at: u64, target: &str) -> Request<'_> {
    Request {
        at,
        site: Some(0),
        served: Some(Served::Memory),
        missed: None,
        status: 200,
        bytes: 1000,
        micros: 50,
        code: "",
        is_picture: true,
        master_bytes: Some(9000),
        master: None,
        derivative: None,
        plan: None,
        referrer: "https://shop.example/list",
        client: IpAddr::V4(Ipv4Addr::LOCALHOST),
        method: "GET",
        host: "h",
        target,
        content_type: "image/webp",
        user_agent: "test",
    }
}

fn sum(keeper: &Keeper, now: u64) -> Bucket {
    let mut sum = Bucket::default();
    keeper.rows(Step::Minute, 0, u64::MAX, now).unwrap().iter().for_each(|row| sum.add(&row.bucket));
    sum
}

#[test]
fn a_request_changes_what_it_should_and_nothing_else() {
    let (_, recorder, keeper) = keeper(100);
    recorder.record(&request(NOON, "/a"));
    let master = recorder.named("//h/a.jpg");
    let plan = recorder.named("resize:1x1 > webp");
    let miss = Request {
        served: Some(Served::Fill),
        missed: Some(Miss::Absent),
        micros: 40_000,
        master: Some(master),
        derivative: Some(recorder.named("/a?w=1")),
        plan: Some(plan),
        ..request(NOON, "/a?w=1")
    };
    recorder.record(&miss);
    let missing = Request {
        status: 404,
        code: "master-not-found",
        is_picture: false,
        master_bytes: None,
        content_type: "application/problem+json",
        served: None,
        site: None,
        referrer: "",
        ..request(NOON, "/gone.jpg?w=1")
    };
    recorder.record(&missing);
    recorder.record(&Request { status: 304, bytes: 0, master_bytes: None, ..request(NOON, "/a") });

    let counted = sum(&keeper, NOON);
    let counts = &counted.counts;
    assert_eq!(counts.all, Flow { requests: 4, bytes: 3000 });
    assert_eq!(counts.hits(), (2, 3));
    assert_eq!(counts.missed.iter().collect::<Vec<_>>(), [("absent", &1)]);
    let status: BTreeMap<u16, u64> = counts.status.iter().collect();
    assert_eq!(status, BTreeMap::from([(200, 2), (304, 1), (404, 1)]));
    assert_eq!(counts.codes.iter().collect::<Vec<_>>(), [("master-not-found", &1)]);
    assert_eq!(counts.formats.iter().collect::<Vec<_>>(), [("image/webp", &Flow { requests: 3, bytes: 2000 })]);
    assert_eq!(counts.saved, Saved { bytes: 2000, master_bytes: 18_000 });
    assert_eq!((counts.hit.count(), counts.miss.count(), counts.other.count()), (2, 1, 1));
    assert_eq!(counts.latency().max(), 40_000);
    let names = |top: &Top| top.ranked().iter().map(|e| (e.name.clone(), e.count, e.bytes)).collect::<Vec<_>>();
    assert_eq!(names(&counted.tops.masters), [("//h/a.jpg".to_owned(), 1, 1000)]);
    assert_eq!(names(&counted.tops.derivatives), [("/a?w=1".to_owned(), 1, 1000)]);
    assert_eq!(names(&counted.tops.transformations), [("resize:1x1 > webp".to_owned(), 1, 1000)]);
    assert_eq!(names(&counted.tops.missing), [("/gone.jpg".to_owned(), 1, 0)]);
    assert_eq!(names(&counted.tops.referrers), [("https://shop.example/list".to_owned(), 3, 2000)]);
    assert_eq!(counted.tops.slowest.ranked()[0].name, "/a?w=1");
    let rows = keeper.rows(Step::Minute, 0, u64::MAX, NOON).unwrap();
    let of_site = |name: &str| rows.iter().filter(|row| row.site == name).count();
    assert_eq!((of_site("shop"), of_site(""), of_site("blog")), (1, 1, 0));
}

#[test]
fn what_only_the_engine_knows_is_counted() {
    let (_, recorder, keeper) = keeper(0);
    let render = Rendered { site: 1, micros: 900, input_bytes: 50, output_bytes: 5, quality: Some(75) };
    recorder.rendered(NOON, &render);
    recorder.fetched(NOON, "web", 700, 1000, false);
    recorder.fetched(NOON, "web", 0, 9000, true);
    recorder.purged(NOON, &[], "hard", "native", 800);
    recorder.erased(NOON, &[], 80_000);
    recorder.loaded(NOON, 0, &[100_000, 200_000]);
    recorder.loaded(NOON, 77, &[5]);
    let counts = sum(&keeper, NOON).counts;
    assert_eq!((counts.renders.time.count(), counts.renders.input_bytes, counts.renders.output_bytes), (1, 50, 5));
    assert_eq!(counts.quality.iter().collect::<Vec<_>>(), [(75, 1)]);
    let web = counts.sources.get("web").unwrap();
    assert_eq!((web.fetches, web.bytes, web.errors, web.time.max()), (2, 700, 1, 9000));
    assert_eq!(
        (counts.purges.count, counts.purges.modes.get("hard"), counts.purges.vias.get("native")),
        (1, Some(&1), Some(&1))
    );
    assert_eq!((counts.purges.effective.max(), counts.purges.erased.max(), counts.loads.count()), (800, 80_000, 3));
    assert_eq!(counts.all.requests, 0);
}

#[test]
fn purges_are_counted_for_the_sites_that_they_concern_and_once_in_all() {
    let site = |name: &str| SiteName { name: name.into(), dialect: "imgix" };
    let names: Vec<String> = (0..70).map(|n| format!("{n}-{}", "x".repeat(20))).collect();
    let recorder = Recorder::new(names.iter().map(|name| site(name)).collect(), settings());
    for sites in [&[][..], &[3], &[3, 5], &[3, 5], &(0..70).collect::<Vec<_>>()] {
        recorder.purged(NOON, sites, "hard", "native", 800);
    }
    recorder.erased(NOON, &[3, 5], 900);
    recorder.erased(NOON, &[3], 900);
    // A group whose name is longer than is kept, and a number that is no site's.
    recorder.purged(NOON, &(0..69).collect::<Vec<_>>(), "hard", "native", 800);
    recorder.purged(NOON, &[99], "hard", "native", 800);
    let buckets = recorder.take().buckets;
    let counts = |slot: usize| &buckets.iter().find(|(_, of, _)| *of == slot).unwrap().2.counts;
    assert_eq!((counts(0).purges.count, counts(0).purges.erased.count()), (7, 2));
    assert_eq!((counts(4).purges.count, counts(4).purges.erased.count()), (1, 1));
    let pair = format!("{}\n{}", names[3], names[5]);
    let shared = |name: &str| counts(0).shared_purges.get(name).map_or((0, 0), |p| (p.count, p.erased.count()));
    assert_eq!((shared(&pair), shared(bucket::EVERY_SITE)), ((2, 1), (1, 0)));
    let of = |n: usize| counts(0).shared_purges_of(&[names[n].clone()]).count;
    assert_eq!((of(3), of(5), of(6)), (3, 3, 1));
    assert_eq!(counts(0).shared_purges_of(&[names[3].clone(), names[5].clone()]).count, 3, "each once");
    assert_eq!(counts(0).shared_purges_of(&["other".to_owned()]).count, 1);
    // What could not be told apart is in no site's figures.
    assert_eq!(shared(tally::OTHER), (1, 0));
    assert_eq!(buckets.len(), 2);
}

#[test]
fn each_minute_is_counted_apart_and_a_clock_that_goes_back_counts_on() {
    let (_, recorder, keeper) = keeper(0);
    for at in [NOON, NOON + MINUTE, NOON + MINUTE - 1, NOON + 3 * MINUTE] {
        recorder.record(&request(at, "/"));
    }
    let rows = keeper.rows(Step::Minute, 0, u64::MAX, NOON).unwrap();
    let seen: BTreeMap<u64, u64> = rows.iter().map(|row| (row.at, row.bucket.counts.all.requests)).collect();
    assert_eq!(seen, BTreeMap::from([(NOON, 1), (NOON + MINUTE, 2), (NOON + 3 * MINUTE, 1)]));
    assert_eq!(keeper.rows(Step::Minute, NOON + 1, NOON + 2 * MINUTE, NOON).unwrap().len(), 1);
}

#[test]
fn many_threads_lose_nothing_while_it_is_taken() {
    let (_, recorder, keeper) = keeper(10);
    std::thread::scope(|scope| {
        for thread in 0..8u64 {
            let recorder = recorder.clone();
            scope.spawn(move || {
                for n in 0..5000 {
                    recorder.record(&request(NOON + n * 40 + thread, "/a"));
                }
            });
        }
        for _ in 0..50 {
            keeper.flush(NOON).unwrap();
        }
    });
    keeper.flush(NOON).unwrap();
    assert_eq!(sum(&keeper, NOON).counts.all.requests, 40_000);
}

#[test]
fn lines_are_kept_in_bounds_and_what_matters_goes_first() {
    let (store, recorder, keeper) = keeper(8);
    for n in 0..20u64 {
        recorder.record(&request(NOON + n, &format!("/hit{n}")));
    }
    recorder.record(&Request { status: 404, code: "x", ..request(NOON + 30, "/error") });
    recorder.record(&Request { micros: 2_000_000, ..request(NOON + 31, "/slow") });
    recorder.record(&Request { served: Some(Served::Fill), ..request(NOON + 32, "/miss") });
    let targets = |filter: &Filter, before, limit| -> Vec<String> {
        let lines = keeper.lines(filter, before, limit, NOON).unwrap();
        lines.iter().map(|line| line.text(Text::Target).to_owned()).collect()
    };
    let all = ["/miss", "/slow", "/error", "/hit4", "/hit3", "/hit2", "/hit1", "/hit0"];
    assert_eq!(targets(&Filter::default(), None, 100), all);
    assert_eq!(keeper.kept().unwrap().0.left_out, 15);

    // Some are in the store alone by now, and read from there.
    keeper.flush(NOON + 1000).unwrap();
    for n in 0..4u64 {
        recorder.record(&request(NOON + 2000 + n, "/later"));
    }
    assert_eq!(targets(&Filter::default(), None, 5), ["/later", "/later", "/later", "/later", "/miss"]);
    assert_eq!(
        targets(&Filter { search: Some("hit".into()), ..Filter::default() }, None, 3),
        ["/hit4", "/hit3", "/hit2"]
    );
    // Pages follow each other without a gap.
    let mut before = None;
    let mut paged = Vec::new();
    loop {
        let page = keeper.lines(&Filter::default(), before, 3, NOON).unwrap();
        let Some(last) = page.last() else { break };
        before = Some(last.id);
        paged.extend(page.iter().map(|line| line.text(Text::Target).to_owned()));
    }
    assert_eq!(paged[4..], all);
    assert_eq!(store.lines.lock().unwrap().len(), 8);

    // After a restart ids go on.
    let next = Keeper::new(recorder.clone(), store, 8, 100).unwrap();
    recorder.record(&request(NOON, "/again"));
    let lines = next.lines(&Filter::default(), None, 100, 0).unwrap();
    assert_eq!(lines[0].text(Text::Target), "/again");
    assert!(lines.windows(2).all(|two| two[0].id > two[1].id));
}

#[test]
fn who_follows_is_told_what_comes_after() {
    let (_, recorder, keeper) = keeper(8);
    recorder.record(&request(NOON, "/before"));
    let (send, told) = std::sync::mpsc::channel();
    keeper.follow(NOON, move |what| send.send(what.clone()).is_ok());
    for n in 0..6 {
        recorder.record(&request(NOON + 1000 + n, "/after"));
    }
    keeper.collect(NOON);
    let told_so_far: Vec<Told> = told.try_iter().collect();
    assert!(matches!(told_so_far[0], Told::LeftOut(1)));
    assert_eq!(told_so_far.len(), 6);
    assert!(told_so_far[1..].iter().all(|t| matches!(t, Told::Line(line) if line.text(Text::Target) == "/after")));
    drop(told);
    recorder.record(&request(NOON, "/nobody"));
    keeper.collect(NOON);
    assert!(!keeper.is_followed());
}

#[test]
fn a_store_that_fails_gets_everything_later() {
    let (store, recorder, keeper) = keeper(8);
    store.broken.store(true, Ordering::Relaxed);
    recorder.record(&request(NOON, "/one"));
    assert!(keeper.flush(NOON).is_err());
    recorder.record(&request(NOON, "/two"));
    assert_eq!(sum(&keeper, NOON).counts.all.requests, 2);
    store.broken.store(false, Ordering::Relaxed);
    keeper.flush(NOON).unwrap();
    assert_eq!(sum(&keeper, NOON).counts.all.requests, 2);
    assert_eq!((store.rows.lock().unwrap().len(), store.lines.lock().unwrap().len()), (1, 2));
}

/// Requests of all kinds, few enough names for lists to be exact.
fn requests() -> impl Strategy<Value = Vec<(u8, u8, u16, u64, u64)>> {
    proptest::collection::vec((0..3u8, 0..6u8, 0..40u16, 0..100_000u64, 0..5_000_000u64), 0..120)
}

fn counted(all: &[(u8, u8, u16, u64, u64)]) -> Bucket {
    let recorder = recorder(settings());
    for (site, served, name, bytes, micros) in all {
        let name = format!("/{name}.jpg");
        let served = Served::ALL.get(usize::from(*served)).copied();
        let master = recorder.named(&name);
        recorder.record(&Request {
            site: site.checked_sub(1).map(usize::from),
            served,
            bytes: *bytes,
            micros: *micros,
            status: 200 + u16::from(served.is_none()) * 204,
            master: Some(master),
            derivative: Some(master),
            ..request(NOON, &name)
        });
        recorder.fetched(NOON, &name, *bytes, *micros, *site == 0);
        recorder.rendered(
            NOON,
            &Rendered { site: 0, micros: *micros, input_bytes: 1, output_bytes: 2, quality: Some(*site) },
        );
    }
    let mut sum = Bucket::default();
    recorder.take().buckets.iter().for_each(|(_, _, bucket)| sum.add(bucket));
    sum
}

/// In an order that does not depend on what came first.
fn sorted(bucket: &Bucket) -> String {
    fn lines<T: std::fmt::Debug>(all: impl Iterator<Item = T>) -> String {
        let mut lines: Vec<String> = all.map(|one| format!("{one:?}")).collect();
        lines.sort();
        lines.join("\n")
    }
    let Bucket { counts, tops } = bucket;
    let of_top = |top: &Top| format!("{} {}", top.floor(), lines(top.entries().iter()));
    [
        format!("{:?} {:?} {:?} {:?}", counts.all, counts.saved, counts.renders, counts.purges),
        lines(counts.served.iter()),
        lines(counts.status.iter()),
        lines(counts.quality.iter()),
        lines(counts.formats.iter()),
        lines(counts.sources.iter()),
        format!("{:?} {:?} {:?}", counts.hit, counts.miss, counts.other),
        of_top(&tops.masters),
        of_top(&tops.missing),
        of_top(&tops.derivatives),
        of_top(&tops.referrers),
    ]
    .join("\n")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(testkit::cases(64)))]
    #[test]
    fn parts_added_are_the_whole(all in requests(), cut in any::<prop::sample::Index>()) {
        let (one, two) = all.split_at(if all.is_empty() { 0 } else { cut.index(all.len()) });
        let mut sum = counted(one);
        sum.add(&counted(two));
        prop_assert_eq!(sorted(&sum), sorted(&counted(&all)));
    }

    #[test]
    fn buckets_come_back_from_bytes(all in requests()) {
        let bucket = counted(&all);
        prop_assert_eq!(Bucket::decode(&bucket.encode()), Ok(bucket));
    }

    #[test]
    fn no_bytes_break_the_reader(mut bytes in proptest::collection::vec(any::<u8>(), 0..300), all in requests(), at in any::<prop::sample::Index>()) {
        let _ = Bucket::decode(&bytes);
        bytes.insert(0, 1);
        let _ = Bucket::decode(&bytes);
        let _ = Line::decode(1, &bytes);
        let mut whole = counted(&all[..all.len().min(10)]).encode();
        let at = at.index(whole.len());
        whole[at] ^= 0x15;
        let _ = Bucket::decode(&whole);
        whole.truncate(at);
        prop_assert!(Bucket::decode(&whole).is_err());
    }
}

#[test]
fn other_versions_are_told() {
    assert_eq!(Bucket::decode(&[9, 0]), Err(Unreadable::OtherVersion(9)));
    assert_eq!(Bucket::decode(&[]), Err(Unreadable::Damaged));
    // Of the version before, which had no purges by site: a count of none stands before the lists of names.
    let mut bucket = Bucket::default();
    bucket.counts.purges.count = 3;
    bucket.counts.loads.record(7);
    let mut first = bucket.encode();
    let lists = 5 * 2 + 1;
    assert_eq!(first.remove(first.len() - lists - 1), 0);
    first[0] = 1;
    assert_eq!(Bucket::decode(&first), Ok(bucket));
}
