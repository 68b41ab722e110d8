//! Soft purges: what is stale is served while one fill replaces it, and no longer than it may be (rule S2).
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cache::{Content, Entry, Failure, FillContext, Filled, Keep, Reply, SegmentStore, Store};
use common::{KEY, MemoryCatalogue, Origin, ask, index, made, master, purge, purge_as, store_for, text};
use plan::reason::{Fault, Miss, Served};
use purge::{Index, Mode, Tier};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

const MINUTE: Option<Duration> = Some(Duration::from_secs(60));

async fn get(store: &Arc<Store>, origin: &Origin) -> (String, Served) {
    let (index, origin) = (origin.index.clone(), origin.clone());
    let reply = ask(store, &index, KEY, master(), move |context| origin.clone().fill(context)).await;
    (text(&reply), reply.served)
}

/// The same, from another task: it has asked once that runs.
fn later(store: &Arc<Store>, origin: &Origin) -> JoinHandle<(String, Served)> {
    let (store, origin) = (store.clone(), origin.clone());
    tokio::spawn(async move { get(&store, &origin).await })
}

/// Waits until no fill is under way.
async fn quiet(store: &Store) {
    while store.in_flight() > 0 {
        tokio::task::yield_now().await;
    }
}

async fn filled(index: &Arc<Index>, max_stale: Option<Duration>) -> (Arc<Store>, Origin) {
    let store = store_for(index, Tier::Derivatives, None, max_stale);
    let origin = Origin::new(index, true);
    origin.release();
    assert_eq!(get(&store, &origin).await, ("version 1".into(), Served::Fill));
    origin.started.notified().await;
    origin.version.store(2, Ordering::SeqCst);
    (store, origin)
}

#[tokio::test]
async fn one_fill_replaces_what_is_served_stale_though_nobody_waits() {
    let index = index();
    let (store, origin) = filled(&index, MINUTE).await;
    purge_as(&index, Mode::Soft);
    assert_eq!(store.peek(&KEY).err(), Some(Miss::Stale));
    for _ in 0..3 {
        assert_eq!(get(&store, &origin).await, ("version 1".into(), Served::Stale));
    }
    origin.started.notified().await;
    assert_eq!((origin.fills.load(Ordering::SeqCst), store.in_flight()), (2, 1), "one refresh for three answers");
    origin.release();
    quiet(&store).await;
    assert_eq!(get(&store, &origin).await, ("version 2".into(), Served::Memory));
    assert_eq!(origin.fills.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_hard_purge_ends_it_at_once_and_nobody_joins_the_refresh() {
    let index = index();
    let (store, origin) = filled(&index, MINUTE).await;
    purge_as(&index, Mode::Refresh);
    assert_eq!(get(&store, &origin).await.1, Served::Stale);
    origin.started.notified().await;
    origin.version.store(3, Ordering::SeqCst);
    purge(&index);
    let late = later(&store, &origin);
    origin.started.notified().await;
    origin.release();
    origin.release();
    quiet(&store).await;
    origin.release();
    assert_eq!(late.await.unwrap(), ("version 3".into(), Served::Fill));
    assert_eq!(get(&store, &origin).await, ("version 3".into(), Served::Memory), "the refresh was not stored");
}

#[tokio::test]
async fn a_request_after_a_soft_purge_joins_no_older_flight() {
    let index = index();
    let store = store_for(&index, Tier::Derivatives, None, MINUTE);
    let origin = Origin::new(&index, true);
    let first = later(&store, &origin);
    origin.started.notified().await;
    origin.version.store(2, Ordering::SeqCst);
    purge_as(&index, Mode::Soft);
    let second = later(&store, &origin);
    origin.started.notified().await;
    origin.hold.as_ref().unwrap().notify_waiters();
    assert_eq!(first.await.unwrap().0, "version 1");
    assert_eq!(second.await.unwrap().0, "version 2");
}

/// Fills that give a body first, and then what is wanted.
async fn then(store: &Arc<Store>, index: &Arc<Index>, fills: &Arc<AtomicUsize>, status: Option<u16>) -> Reply {
    let (own, fills) = (index.clone(), fills.clone());
    let fill = move |context: FillContext| {
        let n = fills.fetch_add(1, Ordering::SeqCst);
        let mut filled = made(&own, &context, KEY, master(), format!("fill {n}"));
        if let Some(status) = status {
            let failure = Failure { status, code: "x", detail: String::new(), fault: Fault::Origin, retry_after: None };
            let (subject, meta) = (filled.entry.subject.clone(), filled.entry.meta.clone());
            filled = Filled { entry: Entry::new(KEY, subject, Content::Failure(failure), meta), keep: Keep::Memory };
        }
        std::future::ready(filled)
    };
    ask(store, index, KEY, master(), fill).await
}

#[tokio::test]
async fn it_is_bounded_also_while_refreshes_fail() {
    let index = index();
    let (longest, fills) = (Duration::from_millis(300), Arc::default());
    let store = store_for(&index, Tier::Derivatives, None, Some(longest));
    then(&store, &index, &fills, None).await;
    purge_as(&index, Mode::Soft);
    let begun = std::time::Instant::now();
    assert_eq!(then(&store, &index, &fills, Some(503)).await.served, Served::Stale);
    // Its time began before this and after `begun`.
    let first = std::time::Instant::now();
    quiet(&store).await;
    assert_eq!(then(&store, &index, &fills, Some(503)).await.served, Served::Stale, "a failure may mend");
    quiet(&store).await;
    assert_eq!(fills.load(Ordering::SeqCst), 2, "and is not tried again at once");
    loop {
        let asked = first.elapsed();
        let reply = then(&store, &index, &fills, Some(503)).await;
        quiet(&store).await;
        if reply.served != Served::Stale {
            assert!(begun.elapsed() >= longest);
            assert!(matches!(&reply.entry.content, Content::Failure(f) if f.status == 503));
            break;
        }
        assert!(asked < longest, "still stale after {asked:?}");
        tokio::task::yield_now().await;
    }
    assert_eq!(then(&store, &index, &fills, Some(503)).await.served, Served::Memory, "the failure is cached");
}

#[tokio::test]
async fn that_the_master_is_gone_ends_it() {
    let (index, fills) = (index(), Arc::default());
    let store = store_for(&index, Tier::Derivatives, None, MINUTE);
    then(&store, &index, &fills, None).await;
    purge_as(&index, Mode::Soft);
    assert_eq!(then(&store, &index, &fills, Some(404)).await.served, Served::Stale);
    quiet(&store).await;
    let reply = then(&store, &index, &fills, Some(404)).await;
    assert_eq!(reply.served, Served::Memory);
    assert!(reply.entry.body().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lies_on_disk_is_served_stale_too() {
    let folder = tempfile::tempdir().unwrap();
    let (index, catalogue) = (index(), Arc::new(MemoryCatalogue::default()));
    let open = || {
        let bodies = Arc::new(SegmentStore::open(folder.path(), 64 << 20).unwrap());
        store_for(&index, Tier::Derivatives, Some((bodies, catalogue.clone())), MINUTE)
    };
    let origin = Origin::new(&index, false);
    let first = open();
    get(&first, &origin).await;
    drop(first);
    purge_as(&index, Mode::Soft);
    origin.version.store(2, Ordering::SeqCst);
    let second = open();
    assert_eq!(get(&second, &origin).await, ("version 1".into(), Served::Stale));
    quiet(&second).await;
    assert_eq!(get(&second, &origin).await, ("version 2".into(), Served::Memory));
    drop(second);
    assert_eq!(get(&open(), &origin).await, ("version 2".into(), Served::Disk));
    assert_eq!(origin.fills.load(Ordering::SeqCst), 2);
}

/// What fills of the master store were offered, and a store that re-stamps what it is offered.
async fn revalidated(store: &Arc<Store>, index: &Arc<Index>, offered: &Arc<Mutex<Vec<bool>>>) -> Reply {
    let (own, offered) = (index.clone(), offered.clone());
    let fill = move |context: FillContext| {
        offered.lock().unwrap().push(context.stale.is_some());
        let filled = match &context.stale {
            Some(old) => Filled { entry: old.restamped(context.stamp, old.meta.clone()), keep: Keep::Everywhere },
            None => made(&own, &context, KEY, master(), "master".into()),
        };
        std::future::ready(filled)
    };
    ask(store, index, KEY, master(), fill).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_master_is_never_served_but_may_be_revalidated_unless_hard_purged() {
    for on_disk in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let (index, catalogue) = (index(), Arc::new(MemoryCatalogue::default()));
        let open = || {
            let bodies = Arc::new(SegmentStore::open(folder.path(), 64 << 20).unwrap());
            store_for(&index, Tier::Masters, Some((bodies, catalogue.clone())), None)
        };
        let offered = Arc::default();
        let mut store = open();
        revalidated(&store, &index, &offered).await;
        let reopen = |store: Arc<Store>| {
            if on_disk {
                drop(store);
                open()
            } else {
                store
            }
        };
        store = reopen(store);
        purge_as(&index, Mode::Soft);
        let reply = revalidated(&store, &index, &offered).await;
        assert_eq!((reply.served, reply.entry.subject.stamp), (Served::Fill, index.now()));
        assert_eq!((text(&reply), reply.not_stored), ("master".into(), None));
        store = reopen(store);
        let hit = if on_disk { Served::Disk } else { Served::Memory };
        assert_eq!(revalidated(&store, &index, &offered).await.served, hit, "good as of the revalidation");
        purge(&index);
        assert_eq!(revalidated(&store, &index, &offered).await.served, Served::Fill);
        assert_eq!(*offered.lock().unwrap(), [false, true, false], "on disk: {on_disk}");
    }
}

#[tokio::test]
async fn a_hard_purge_during_a_revalidation_voids_its_outcome() {
    let index = index();
    let store = store_for(&index, Tier::Masters, None, None);
    let offered = Arc::default();
    revalidated(&store, &index, &offered).await;
    purge_as(&index, Mode::Soft);
    let (started, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let waiting = tokio::spawn({
        let (store, index, started, go_on) = (store.clone(), index.clone(), started.clone(), go_on.clone());
        async move {
            let fill = move |context: FillContext| {
                let (started, go_on) = (started.clone(), go_on.clone());
                async move {
                    let old = context.stale.expect("offered");
                    started.notify_one();
                    go_on.notified().await;
                    Filled { entry: old.restamped(context.stamp, old.meta.clone()), keep: Keep::Everywhere }
                }
            };
            ask(&store, &index, KEY, master(), fill).await
        }
    });
    started.notified().await;
    purge(&index);
    go_on.notify_one();
    assert!(waiting.await.unwrap().not_stored.is_some());
    revalidated(&store, &index, &offered).await;
    assert_eq!(*offered.lock().unwrap(), [false, false]);
}
