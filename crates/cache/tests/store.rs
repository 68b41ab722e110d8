//! The store against its promises: guarantees G1 and G2 in flight, across restarts, and with a catalogue and bodies that lie.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod common;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use cache::{FillContext, SegmentStore, Store};
use common::{KEY, MemoryCatalogue, Origin, ask, index, label, master, now, purge, store, text};
use plan::reason::{Miss, NotStored, Served};
use plan::{KeySecret, LogId};
use purge::{Index, LogIdentity, Row, Tier};
use tokio::task::JoinHandle;

async fn get(store: &Arc<Store>, origin: &Origin) -> (String, Served, Option<NotStored>) {
    let (index, origin) = (origin.index.clone(), origin.clone());
    let reply = ask(store, &index, KEY, master(), move |context| origin.clone().fill(context)).await;
    (text(&reply), reply.served, reply.not_stored)
}

/// The same, from another task: it has asked once that runs.
fn later(store: &Arc<Store>, origin: &Origin) -> JoinHandle<(String, Served, Option<NotStored>)> {
    let (store, origin) = (store.clone(), origin.clone());
    tokio::spawn(async move { get(&store, &origin).await })
}

#[tokio::test]
async fn a_fill_in_flight_loses_against_a_purge() {
    let index = index();
    let store = store(&index, None);
    let origin = Origin::new(&index, true);
    let waiting = later(&store, &origin);
    origin.started.notified().await;
    origin.version.store(2, Ordering::SeqCst);
    purge(&index);
    // Arrives after the purge: must not join the flight that read version 1.
    let late = later(&store, &origin);
    origin.started.notified().await;
    origin.release();
    origin.release();
    let first = waiting.await.unwrap();
    origin.release();
    let second = late.await.unwrap();
    assert_eq!(second.0, "version 2");
    assert!(first.0 == "version 1" || first.0 == "version 2");
    assert_eq!(store.peek(&KEY).ok().and_then(|e| e.body().cloned()).as_deref(), Some(&b"version 2"[..]));
    assert_eq!(origin.fills.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn what_a_doomed_fill_made_is_not_stored() {
    let index = index();
    let store = store(&index, None);
    let origin = Origin::new(&index, true);
    let waiting = later(&store, &origin);
    origin.started.notified().await;
    purge(&index);
    origin.release();
    let answer = waiting.await.unwrap();
    assert_eq!(answer, ("version 1".into(), Served::Fill, Some(NotStored::PurgedInFlight)));
    assert_eq!(store.peek(&KEY).err(), Some(Miss::Absent));
}

/// Rule F7: a better encoding is judged like a fill, and takes the place of that very entry alone.
#[tokio::test]
async fn a_better_encoding_replaces_what_it_was_made_for_unless_a_purge_or_a_newer_entry_came() {
    let index = index();
    let store = store(&index, None);
    let origin = Origin::new(&index, false);
    let better = async || {
        let context = FillContext { stamp: index.now(), stale: None };
        origin.clone().fill(context).await
    };
    get(&store, &origin).await;
    let old = store.peek(&KEY).unwrap();
    origin.version.store(2, Ordering::SeqCst);
    assert_eq!(store.replace(&old, better().await), Ok(()));
    assert_eq!(get(&store, &origin).await, ("version 2".into(), Served::Memory, None));

    // What it was made for is not there any more.
    origin.version.store(3, Ordering::SeqCst);
    assert_eq!(store.replace(&old, better().await), Err(NotStored::Older));
    assert_eq!(get(&store, &origin).await.0, "version 2");

    // A purge came after it began.
    let held = store.peek(&KEY).unwrap();
    let late = better().await;
    purge(&index);
    assert_eq!(store.replace(&held, late), Err(NotStored::PurgedInFlight));
    assert!(matches!(store.peek(&KEY).err(), Some(Miss::Purged | Miss::Absent)));
}

#[tokio::test]
async fn many_requests_are_one_fill_and_a_purge_ends_hits() {
    let index = index();
    let store = store(&index, None);
    let origin = Origin::new(&index, false);
    let asked: Vec<_> = (0..50)
        .map(|_| {
            let (store, origin) = (store.clone(), origin.clone());
            tokio::spawn(async move { get(&store, &origin).await.0 })
        })
        .collect();
    for answer in asked {
        assert_eq!(answer.await.unwrap(), "version 1");
    }
    assert_eq!(origin.fills.load(Ordering::SeqCst), 1);
    assert_eq!(get(&store, &origin).await.1, Served::Memory);
    origin.version.store(2, Ordering::SeqCst);
    purge(&index);
    assert_eq!(store.peek(&KEY).err(), Some(Miss::Purged));
    assert_eq!(get(&store, &origin).await, ("version 2".into(), Served::Fill, None));
}

#[tokio::test]
async fn a_fill_stops_when_everybody_has_left() {
    let index = index();
    let store = store(&index, None);
    let origin = Origin::new(&index, true);
    let waiting = later(&store, &origin);
    origin.started.notified().await;
    assert_eq!(store.in_flight(), 1);
    waiting.abort();
    let _ = waiting.await;
    assert_eq!(store.in_flight(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_disk_tier_survives_a_restart_and_never_outlives_a_purge() {
    let folder = tempfile::tempdir().unwrap();
    let (index, catalogue) = (index(), Arc::new(MemoryCatalogue::default()));
    let open = || {
        let bodies = Arc::new(SegmentStore::open(folder.path(), 64 << 20).unwrap());
        store(&index, Some((bodies, catalogue.clone())))
    };
    let origin = Origin::new(&index, false);

    let first = open();
    assert_eq!(get(&first, &origin).await.1, Served::Fill);
    drop(first);
    let second = open();
    assert_eq!(get(&second, &origin).await, ("version 1".into(), Served::Disk, None));
    assert_eq!(get(&second, &origin).await.1, Served::Memory);
    drop(second);

    origin.version.store(2, Ordering::SeqCst);
    purge(&index);
    let third = open();
    assert_eq!(get(&third, &origin).await, ("version 2".into(), Served::Fill, None));
    drop(third);
    assert_eq!(get(&open(), &origin).await, ("version 2".into(), Served::Disk, None));
    assert_eq!(origin.fills.load(Ordering::SeqCst), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn flipped_bits_on_disk_are_a_miss_and_counted() {
    for damage in [0usize, 20, 60] {
        let folder = tempfile::tempdir().unwrap();
        let (index, catalogue) = (index(), Arc::new(MemoryCatalogue::default()));
        let open = || {
            let bodies = Arc::new(SegmentStore::open(folder.path(), 64 << 20).unwrap());
            store(&index, Some((bodies, catalogue.clone())))
        };
        let origin = Origin::new(&index, false);
        let first = open();
        get(&first, &origin).await;
        drop(first);
        let segment = std::fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
        let mut bytes = std::fs::read(&segment).unwrap();
        // From the end, so that body, header checksum and fields are all hit in turn.
        let at = bytes.len() - 1 - damage;
        bytes[at] ^= 1;
        std::fs::write(&segment, bytes).unwrap();

        let second = open();
        assert_eq!(get(&second, &origin).await, ("version 1".into(), Served::Fill, None), "damage {damage}");
        let corrupt = second.counters().misses().find(|(why, _)| *why == Miss::Corrupt).unwrap().1;
        assert_eq!(corrupt, 1, "damage {damage}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_log_makes_everything_cold() {
    let folder = tempfile::tempdir().unwrap();
    let catalogue = Arc::new(MemoryCatalogue::default());
    let old = index();
    let bodies = Arc::new(SegmentStore::open(folder.path(), 64 << 20).unwrap());
    let first = store(&old, Some((bodies, catalogue.clone())));
    get(&first, &Origin::new(&old, false)).await;
    drop(first);

    let new = Arc::new(Index::new(LogIdentity { log: LogId(2), secret: KeySecret::new([2; 32]) }));
    let bodies = Arc::new(SegmentStore::open(folder.path(), 64 << 20).unwrap());
    let second = store(&new, Some((bodies, catalogue)));
    assert_eq!(get(&second, &Origin::new(&new, false)).await.1, Served::Fill);
}

#[tokio::test(flavor = "multi_thread")]
async fn hits_on_disk_and_in_memory_are_noted_in_the_row() {
    let folder = tempfile::tempdir().unwrap();
    let (index, catalogue) = (index(), Arc::new(MemoryCatalogue::default()));
    let open = || {
        let bodies = Arc::new(SegmentStore::open(folder.path(), 64 << 20).unwrap());
        store(&index, Some((bodies, catalogue.clone())))
    };
    let forget_use = || catalogue.change(Tier::Derivatives, &KEY, |row| row.last_used = 1);
    let row = || catalogue.row(Tier::Derivatives, &KEY).unwrap();
    let origin = Origin::new(&index, false);
    let before = now();
    let first = open();
    assert_eq!(get(&first, &origin).await.1, Served::Fill);
    drop(first);
    assert!(!catalogue.1.load(Ordering::SeqCst), "a fill is no use");
    assert!(row().stored_at >= before && row().last_used == row().stored_at);
    assert_eq!((row().labels, row().recipe, row().data_key), (vec![label("summer")], 3, None));

    forget_use();
    let second = open();
    assert_eq!(get(&second, &origin).await.1, Served::Disk);
    drop(second);
    assert!(row().last_used >= before, "a hit on disk");

    let third = open();
    get(&third, &origin).await;
    assert_eq!(get(&third, &origin).await.1, Served::Memory);
    forget_use();
    drop(third);
    assert!(row().last_used >= before, "a hit in memory, written at the end");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_row_says_what_an_entry_on_disk_is() {
    let folder = tempfile::tempdir().unwrap();
    let (index, catalogue) = (index(), Arc::new(MemoryCatalogue::default()));
    let open = || {
        let bodies = Arc::new(SegmentStore::open(folder.path(), 64 << 20).unwrap());
        store(&index, Some((bodies, catalogue.clone())))
    };
    let change = |change: fn(&mut Row)| catalogue.change(Tier::Derivatives, &KEY, change);
    let origin = Origin::new(&index, false);
    let first = open();
    get(&first, &origin).await;
    drop(first);

    change(|row| (row.labels, row.recipe) = (vec![label("winter")], 4));
    let second = open();
    assert_eq!(get(&second, &origin).await.1, Served::Disk);
    let entry = second.peek(&KEY).unwrap();
    assert_eq!((&entry.subject.labels[..], entry.meta.recipe), (&[label("winter")][..], 4));
    drop((second, entry));

    // A sealed body cannot be read yet.
    change(|row| row.data_key = Some(vec![1; 32]));
    assert_eq!(get(&open(), &origin).await.1, Served::Fill);
}

/// What is told to people of an entry: in which tiers it is, how often it was answered out of memory and since when, and, of all
/// that memory has, what a master took part in. Looking is no hit.
#[tokio::test(flavor = "multi_thread")]
async fn a_look_tells_tiers_and_hits_and_finds_by_master() {
    let folder = tempfile::tempdir().unwrap();
    let (index, catalogue) = (index(), Arc::new(MemoryCatalogue::default()));
    let open = || {
        let bodies = Arc::new(SegmentStore::open(folder.path(), 64 << 20).unwrap());
        store(&index, Some((bodies, catalogue.clone())))
    };
    let told = |store: &Store| {
        let found = store.inspect(&KEY);
        (found.in_memory(), found.on_disk(), found.hits.map(|hits| hits.count))
    };
    let origin = Origin::new(&index, false);
    let (before, first) = (now(), open());
    assert_eq!(told(&first), (false, false, None));
    assert_eq!(get(&first, &origin).await.1, Served::Fill);
    first.barrier();
    assert_eq!(told(&first), (true, true, Some(0)), "a fill is no hit");
    assert_eq!(get(&first, &origin).await.1, Served::Memory);
    first.peek(&KEY).unwrap();
    assert_eq!(told(&first), (true, true, Some(2)));
    let found = first.inspect(&KEY);
    let since = found.hits.unwrap().since;
    assert!((before..=now()).contains(&since) && found.last_used >= Some(since), "{:?}", found.last_used);

    // Another master's is not found by this one's name; what was purged is, as long as it is held.
    let (other, key) = (plan::MasterId::from_canonical("//h/b"), plan::DerivativeKey([6; 16]));
    let (to, of) = (index.clone(), other.clone());
    let fill = move |context| {
        let made = common::made(&to, &context, key, of.clone(), "b".into());
        async { made }
    };
    ask(&first, &index, key, other.clone(), fill).await;
    let held = |store: &Store, master: &plan::MasterId| {
        store.in_memory_of(master).iter().map(|held| held.entry.key).collect::<Vec<_>>()
    };
    purge(&index);
    assert_eq!((held(&first, &master()), held(&first, &other)), (vec![KEY], vec![key]));
    assert_eq!(first.in_memory_of(&other)[0].last_hit, None);
    assert_eq!(told(&first), (true, true, Some(2)));
    origin.version.store(2, Ordering::SeqCst);
    assert_eq!(get(&first, &origin).await.1, Served::Fill);
    assert_eq!(told(&first).2, Some(0), "other bytes");
    drop(first);

    let second = open();
    assert_eq!((told(&second), held(&second, &master())), ((false, true, None), vec![]));
    assert_eq!(get(&second, &origin).await.1, Served::Disk);
    assert_eq!(told(&second), (true, true, Some(0)), "read into memory, and not answered from there yet");
}

/// The floor re-stamps what memory has; its hits go on.
#[tokio::test]
async fn hits_outlive_a_new_stamp() {
    let index = index();
    let store = store(&index, None);
    let origin = Origin::new(&index, false);
    get(&store, &origin).await;
    let old = store.peek(&KEY).unwrap();
    let renewed = old.restamped(index.now(), old.meta.clone());
    assert_eq!((old.hits().count, renewed.hits()), (1, old.hits()));
}
