#![allow(clippy::unwrap_used)]

use std::sync::atomic::AtomicBool;

use plan::Location;
use proptest::prelude::*;

use super::*;
use crate::generators::{Thing, index_with, label, record, records, thing};
use crate::record::Mode;
use crate::snapshot::tests::through_the_disk;

fn index() -> Index {
    index_with(Caps::default())
}

fn thing_of(stamp: u64, exact: Option<u8>, masters: &[&str]) -> Thing {
    let masters = masters.iter().map(|text| ((*text).to_owned(), Role::Main)).collect();
    Thing { stamp, exact, masters, labels: Vec::new() }
}

fn verdict(index: &Index, thing: &Thing) -> Verdict {
    index.judge(&thing.subject(index)).0
}

#[test]
fn each_selector_voids_what_it_names_and_nothing_else() {
    let master = |text: &str| Selector::Master(MasterId::from_canonical(text));
    for (selector, hit, spared) in [
        (master("file:/p/a.jpg"), vec!["file:/p/a.jpg"], vec!["file:/p/a.jpg2", "file:/p/A.jpg", "file:/p/a.jp"]),
        (Selector::Prefix("file:/p/x".into()), vec!["file:/p/x", "file:/p/x/y", "file:/p/xy"], vec!["file:/p/"]),
        (Selector::Prefix("file:/p/x/".into()), vec!["file:/p/x/", "file:/p/x/y/z"], vec!["file:/p/x", "file:/p/xy/"]),
        (Selector::Glob("file:/p/*.jpg".into()), vec!["file:/p/a.jpg"], vec!["file:/p/x/a.jpg", "file:/q/a.jpg"]),
        (Selector::Source(Location::new("//h/m")), vec!["//h/m/a", "//h/m/b/c"], vec!["//h/ma", "//h2/m/a"]),
        (Selector::All, vec!["file:/p/a.jpg", "//h/m/a"], vec![]),
    ] {
        let index = index();
        index.apply(&[record(1, Mode::Hard, vec![selector.clone()])]);
        for text in hit {
            assert_eq!(verdict(&index, &thing_of(0, None, &[text])), Verdict::Purged, "{selector} {text}");
            assert_eq!(verdict(&index, &thing_of(0, None, &["//x/y", text])), Verdict::Purged, "as dependency");
            assert_eq!(verdict(&index, &thing_of(1, None, &[text])), Verdict::Fresh, "refilled after it");
        }
        for text in spared {
            assert_eq!(verdict(&index, &thing_of(0, None, &[text])), Verdict::Fresh, "{selector} {text}");
        }
    }
}

/// Guarantee G8: what came first is decided by positions, whatever any clock said.
#[test]
fn no_clock_has_a_say() {
    let master = || vec![Selector::Master(MasterId::from_canonical("//h/a"))];
    for times in [[u64::MAX, 0], [0, u64::MAX], [7, 7]] {
        let index = index();
        for (position, accepted_at) in [2, 4].into_iter().zip(times) {
            index.apply(&[Record { accepted_at, ..record(position, Mode::Hard, master()) }]);
        }
        for (stamp, want) in [(1, Verdict::Purged), (2, Verdict::Purged), (3, Verdict::Purged), (4, Verdict::Fresh)] {
            assert_eq!(verdict(&index, &thing_of(stamp, None, &["//h/a"])), want, "{times:?} {stamp}");
        }
    }
}

#[test]
fn an_exact_purge_spares_siblings() {
    let index = index();
    index.apply(&[record(1, Mode::Hard, vec![Selector::Exact(ExactName([1; 16]))])]);
    assert_eq!(verdict(&index, &thing_of(0, Some(1), &["//h/a"])), Verdict::Purged);
    assert_eq!(verdict(&index, &thing_of(0, Some(2), &["//h/a"])), Verdict::Fresh);
    assert_eq!(verdict(&index, &thing_of(0, None, &["//h/a"])), Verdict::Fresh, "the master's own bytes stay");
}

#[test]
fn a_dependency_purge_spares_what_shows_the_master() {
    let index = index();
    index.apply(&[record(1, Mode::Hard, vec![Selector::Dependency(MasterId::from_canonical("//h/logo"))])]);
    let mut bears = thing_of(0, None, &["//h/a", "//h/logo"]);
    assert_eq!(verdict(&index, &bears), Verdict::Fresh);
    bears.masters[1].1 = Role::Part;
    assert_eq!(verdict(&index, &bears), Verdict::Purged);
}

#[test]
fn a_tag_counts_everywhere_or_in_one_source() {
    let tagged = |text: &str| Thing { labels: vec![label("blue //h/"), label(text)], ..thing_of(0, None, &["//x/a"]) };
    let red = label("red //h/");
    for (source, elsewhere) in [(None, Verdict::Purged), (Some(red.source), Verdict::Fresh)] {
        let index = index();
        index.apply(&[record(1, Mode::Hard, vec![Selector::Tag(red.tag.clone(), source)])]);
        assert_eq!(verdict(&index, &tagged("red //h/")), Verdict::Purged);
        assert_eq!(verdict(&index, &tagged("red //g/")), elsewhere);
        assert_eq!(verdict(&index, &tagged("reddish //h/")), Verdict::Fresh);
    }
}

#[test]
fn soft_never_weakens_hard() {
    let a = || vec![Selector::Master(MasterId::from_canonical("//h/a"))];
    for (soft, hard) in [(Mode::Soft, Mode::Hard), (Mode::Refresh, Mode::Takedown)] {
        let index = index();
        index.apply(&[record(1, hard, a()), record(2, soft, a())]);
        assert_eq!(verdict(&index, &thing_of(0, None, &["//h/a"])), Verdict::Purged);
        assert_eq!(verdict(&index, &thing_of(1, None, &["//h/a"])), Verdict::Stale);
        assert_eq!(verdict(&index, &thing_of(2, None, &["//h/a"])), Verdict::Fresh);
    }
}

#[test]
fn another_log_is_a_miss_and_the_floor_holds() {
    let index = index();
    let mut foreign = thing_of(5, None, &["//h/a"]).subject(&index);
    foreign.stamp.log = LogId(8);
    assert_eq!(index.judge(&foreign).0, Verdict::OtherLog);
    index.apply(&[record(3, Mode::Hard, vec![Selector::Exact(ExactName([0; 16]))])]);
    index.raise_floor(Position(99));
    assert_eq!(index.floor(), Position(3), "never above the head");
    assert_eq!(verdict(&index, &thing_of(2, None, &["//h/a"])), Verdict::Purged);
    assert_eq!(verdict(&index, &thing_of(3, None, &["//h/a"])), Verdict::Fresh);
    // Those who ask before anything is made must know of it too.
    let master = MasterId::from_canonical("//h/a");
    assert_eq!(index.newest_of_master(&master, index.master_hash(&master)).hard, Position(3));
    assert_eq!(index.newest_of_exact(index.exact(ExactName([9; 16])).1).hard, Position(3));
}

#[test]
fn the_floor_makes_room() {
    let index = index();
    let master = |n: u64| Selector::Master(MasterId::from_canonical(&format!("//h/{n}")));
    let prefix = |n: u64| Selector::Prefix("x".repeat(n as usize));
    let glob = |n: u64| Selector::Glob(format!("//h/{n}*"));
    let records: Vec<Record> = (1..=100).map(|n| record(n, Mode::Soft, vec![master(n), prefix(n), glob(n)])).collect();
    index.apply(&records);
    assert_eq!((index.len(), index.live_globs(), read(&index.lengths).len()), (200, 100, 100));
    index.raise_floor(Position(90));
    assert_eq!((index.len(), index.live_globs(), read(&index.lengths).len()), (20, 10, 10));
    let again = self::index();
    again.restore_floor(Position(90));
    again.apply(&records);
    assert_eq!(
        (again.len(), again.live_globs(), again.head()),
        (20, 10, Position(100)),
        "a replay passes over the rest"
    );
}

#[test]
fn every_change_raises_the_epoch() {
    let index = index();
    let before = index.epoch();
    index.apply(&[record(1, Mode::Hard, vec![Selector::All])]);
    assert!(index.epoch() > before);
    assert_eq!(index.head(), Position(1));
    let before = index.epoch();
    index.raise_floor(Position(1));
    assert!(index.epoch() > before);
}

#[test]
fn names_past_the_cap_are_folded_and_not_forgotten() {
    let index = index_with(Caps { names: 6400, sketch: 1 << 20, globs: 1 });
    let name = |n: u64| ExactName(std::array::from_fn(|i| if i < 8 { n.to_le_bytes()[i] } else { 0 }));
    for n in 1..=20_000 {
        index.apply(&[record(n, Mode::Hard, vec![Selector::Exact(name(n))])]);
    }
    assert!(index.len() <= 6400, "{}", index.len());
    let confused = (1..=20_000).filter(|n| {
        let newest = index.newest_of_exact(index.exact(name(*n)).1);
        assert!(newest.hard.0 >= *n, "{n} was forgotten");
        newest.hard.0 > *n
    });
    assert!(confused.count() < 400, "2^20 cells tell nearly all apart");
    let strangers = (30_000..40_000).filter(|n| index.newest_of_exact(index.exact(name(*n)).1) != Slot::default());
    assert!(strangers.count() < 400);
}

/// What was once published is found at every later moment, while names move to the sketch and below the floor.
#[test]
fn nothing_is_missing_while_names_move() {
    const LAST: u64 = 30_000;
    let index = index_with(Caps { names: 640, sketch: 1 << 12, globs: 1 });
    let name = |n: u64| ExactName(std::array::from_fn(|i| if i < 8 { n.to_le_bytes()[i] } else { 0 }));
    let hashes: Vec<NameHash> = (0..=LAST).map(|n| index.exact(name(n)).1).collect();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let (index, hashes, done) = (&index, &hashes, &done);
        for start in [1, 7] {
            scope.spawn(move || {
                let mut n = start;
                while !done.load(Ordering::Relaxed) {
                    let head = index.head().0;
                    n = if n + 13 > head { start } else { n + 13 };
                    if n <= head {
                        let found = index.newest_of_exact(hashes[n as usize]).hard.0;
                        assert!(found >= n, "{n} of {head} was missed: {found}");
                    }
                }
            });
        }
        for n in 1..=LAST {
            index.apply(&[record(n, Mode::Hard, vec![Selector::Exact(name(n))])]);
            if n % 5000 == 0 {
                index.raise_floor(Position(n - 3000));
            }
        }
        done.store(true, Ordering::Relaxed);
    });
}

fn strictness(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Fresh => 0,
        Verdict::Stale => 1,
        Verdict::Purged => 2,
        Verdict::OtherLog => 3,
    }
}

/// Applies some, saves, loads, applies the rest with an overlap, and raises the floor at some time.
fn lived_through(records: &[Record], split: usize, floor: u64, floor_first: bool, caps: Caps) -> Index {
    let index = index_with(caps);
    let split = split.min(records.len());
    index.apply(&records[..split]);
    if floor_first {
        index.raise_floor(Position(floor));
    }
    let other = through_the_disk(&index, caps);
    other.apply(&records[split.saturating_sub(2)..]);
    other.raise_floor(Position(floor));
    other
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(testkit::cases(400)))]

    #[test]
    fn agrees_with_a_walk_over_the_log(
        records in records(),
        thing in thing(),
        split in 0usize..24,
        floor in prop_oneof![2 => Just(0u64), 1 => 0u64..24],
        floor_first in any::<bool>(),
    ) {
        let floor = floor.min(records.len() as u64);
        let index = lived_through(&records, split, floor, floor_first, Caps { sketch: 8, ..Caps::default() });
        let subject = thing.subject(&index);
        let naive = thing.naive(&records, floor);
        prop_assert_eq!(index.judge(&subject).0, naive);
        prop_assert_eq!(index.judge(&subject).0, naive, "and again, with the hashes that are kept now");
        let newest = index.newest_of(&subject);
        let slowly = if subject.stamp.position < newest.hard {
            Verdict::Purged
        } else if subject.stamp.position < newest.soft {
            Verdict::Stale
        } else {
            Verdict::Fresh
        };
        prop_assert_eq!(slowly, naive, "without passing over what is older than the stamp");
    }

    #[test]
    fn is_never_fresher_than_a_walk_where_names_are_folded(
        records in records(),
        thing in thing(),
        split in 0usize..24,
        floor in prop_oneof![2 => Just(0u64), 1 => 0u64..24],
        floor_first in any::<bool>(),
    ) {
        let floor = floor.min(records.len() as u64);
        let index = lived_through(&records, split, floor, floor_first, Caps { names: 1, sketch: 4, globs: 1000 });
        let (got, naive) = (verdict(&index, &thing), thing.naive(&records, floor));
        prop_assert!(strictness(got) >= strictness(naive), "{got:?} for {naive:?}");
    }

    #[test]
    fn prefixes_are_hashed_as_a_whole_or_byte_by_byte(text in "[a-zé/]{0,40}", lengths in prop::collection::vec(0usize..50, 0..6)) {
        let index = index();
        let mut lengths: Vec<usize> = lengths.into_iter().filter(|n| text.is_char_boundary(*n)).collect();
        lengths.sort_unstable();
        let mut prefixes = index.names.prefixes(&text);
        for length in lengths {
            prop_assert_eq!(prefixes.of_length(length), index.names.prefix(&text[..length]));
        }
    }
}
