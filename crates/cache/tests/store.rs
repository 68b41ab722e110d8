//! The store against its promises: guarantees G1 and G2 in flight, across restarts, and with a catalogue and bodies that lie.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use cache::{Content, Entry, FillContext, Filled, Keep, Meta, SegmentStore, Settings, Store};
use plan::reason::{Miss, NotStored, Served};
use plan::{BodyId, DerivativeKey, Digest, KeySecret, Label, LogId, MasterId, Position, Selector};
use purge::{
    Catalogue, CatalogueError, Index, LogIdentity, Mode, PurgeId, Record, Role, Row, Subject, Target, Tier, Via,
};
use tokio::sync::Notify;

/// A catalogue in memory that keeps its promises, and whether it was told of a use.
#[derive(Default)]
struct MemoryCatalogue(Mutex<HashMap<DerivativeKey, Row>>, AtomicBool);

impl Catalogue for MemoryCatalogue {
    fn get(&self, _: Tier, key: &DerivativeKey) -> Result<Option<Row>, CatalogueError> {
        Ok(self.0.lock().unwrap().get(key).cloned())
    }
    fn put(&self, _: Tier, rows: &[Row]) -> Result<(), CatalogueError> {
        let mut held = self.0.lock().unwrap();
        for row in rows {
            if held.get(&row.key).is_none_or(|h| h.stamp.position <= row.stamp.position) {
                held.insert(row.key, row.clone());
            }
        }
        Ok(())
    }
    fn touch(&self, _: Tier, uses: &[(DerivativeKey, u64)]) -> Result<(), CatalogueError> {
        let mut held = self.0.lock().unwrap();
        for (key, at) in uses {
            if let Some(row) = held.get_mut(key) {
                row.last_used = row.last_used.max(*at);
            }
        }
        self.1.store(true, Ordering::SeqCst);
        Ok(())
    }
    fn remove(&self, _: Tier, key: &DerivativeKey, body: BodyId) -> Result<(), CatalogueError> {
        let mut held = self.0.lock().unwrap();
        if held.get(key).is_some_and(|row| row.body == body) {
            held.remove(key);
        }
        Ok(())
    }
    fn remove_segment(&self, _: Tier, segment: u64) -> Result<u64, CatalogueError> {
        let mut held = self.0.lock().unwrap();
        let before = held.len();
        held.retain(|_, row| row.place.segment != segment);
        Ok((before - held.len()) as u64)
    }
    fn totals(&self, _: Tier) -> Result<(u64, u64), CatalogueError> {
        let held = self.0.lock().unwrap();
        Ok((held.len() as u64, held.values().map(|r| r.place.length).sum()))
    }
    fn walk(&self, _: Tier, _: Option<DerivativeKey>, _: usize) -> Result<Vec<Row>, CatalogueError> {
        Ok(self.0.lock().unwrap().values().cloned().collect())
    }
    fn count_master(&self, _: Tier, _: &MasterId) -> Result<(u64, u64), CatalogueError> {
        Ok((0, 0))
    }
    fn count_tag(&self, _: Tier, _: &str) -> Result<(u64, u64), CatalogueError> {
        Ok((0, 0))
    }
    fn highest_stamp(&self, _: LogId) -> Result<Option<Position>, CatalogueError> {
        Ok(None)
    }
    fn clear(&self) -> Result<(), CatalogueError> {
        self.0.lock().unwrap().clear();
        Ok(())
    }
}

const KEY: DerivativeKey = DerivativeKey([5; 16]);

fn label(tag: &str) -> Label {
    Label::parse(&format!("{tag} //h/")).unwrap()
}

fn master() -> MasterId {
    MasterId::from_canonical("//h/a")
}

fn index() -> Arc<Index> {
    Arc::new(Index::new(LogIdentity { log: LogId(1), secret: KeySecret::new([2; 32]) }))
}

fn purge(index: &Index) {
    let record = Record {
        position: index.head().next(),
        id: PurgeId(0),
        mode: Mode::Hard,
        targets: vec![Target { said: String::new(), selectors: vec![Selector::Master(master())] }],
        actor: String::new(),
        via: Via::Native,
        from: String::new(),
        accepted_at: 0,
        terms: None,
    };
    index.apply([&record]);
}

fn store(index: &Arc<Index>, disk: Option<(Arc<SegmentStore>, Arc<dyn Catalogue>)>) -> Arc<Store> {
    static NEXT: AtomicUsize = AtomicUsize::new(1);
    let fresh_id = || (NEXT.fetch_add(1, Ordering::Relaxed) as u128).to_le_bytes();
    let settings = Settings {
        tier: Tier::Derivatives,
        memory_bytes: 16 << 20,
        disk,
        fresh_id,
        fills: tokio::runtime::Handle::current(),
    };
    Arc::new(Store::new(index.clone(), settings).unwrap())
}

/// A fill whose bytes say which version of the master it read, and which waits in between.
#[derive(Clone)]
struct Origin {
    index: Arc<Index>,
    version: Arc<AtomicUsize>,
    fills: Arc<AtomicUsize>,
    started: Arc<Notify>,
    hold: Option<Arc<Notify>>,
}

impl Origin {
    fn new(index: &Arc<Index>, held: bool) -> Self {
        Origin {
            index: index.clone(),
            version: Arc::new(AtomicUsize::new(1)),
            fills: Arc::default(),
            started: Arc::default(),
            hold: held.then(Arc::default),
        }
    }

    fn release(&self) {
        self.hold.as_ref().unwrap().notify_one();
    }

    async fn fill(self, context: FillContext) -> Filled {
        self.fills.fetch_add(1, Ordering::SeqCst);
        let read = self.version.load(Ordering::SeqCst);
        self.started.notify_one();
        if let Some(hold) = &self.hold {
            hold.notified().await;
        }
        let bytes = Bytes::from(format!("version {read}"));
        let digest = Digest::of(&bytes);
        let dependency = self.index.dependency(master(), Role::Main, context.stamp.position, Some(digest));
        let subject = Subject {
            stamp: context.stamp,
            exact: None,
            dependencies: vec![dependency],
            labels: vec![label("summer")],
        };
        let meta = Meta { lifetime: Duration::from_secs(3600), stored_at: now(), recipe: 3, ..Meta::default() };
        Filled { entry: Entry::new(KEY, subject, Content::Body { bytes, digest }, meta), keep: Keep::Everywhere }
    }
}

fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}

async fn get(store: &Arc<Store>, origin: &Origin) -> (String, Served, Option<NotStored>) {
    let origin = origin.clone();
    let hash = origin.index.master_hash(&master());
    let reply = store
        .get(
            KEY,
            Position::START,
            move |index| index.newest_of_master(&master(), hash),
            move |context| origin.clone().fill(context),
        )
        .await
        .expect("an answer");
    (String::from_utf8(reply.entry.body().unwrap().to_vec()).unwrap(), reply.served, reply.not_stored)
}

#[tokio::test]
async fn a_fill_in_flight_loses_against_a_purge() {
    let index = index();
    let store = store(&index, None);
    let origin = Origin::new(&index, true);
    let waiting = tokio::spawn({
        let (store, origin) = (store.clone(), origin.clone());
        async move { get(&store, &origin).await }
    });
    origin.started.notified().await;
    origin.version.store(2, Ordering::SeqCst);
    purge(&index);
    // Arrives after the purge: must not join the flight that read version 1.
    let late = tokio::spawn({
        let (store, origin) = (store.clone(), origin.clone());
        async move { get(&store, &origin).await }
    });
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
    let waiting = tokio::spawn({
        let (store, origin) = (store.clone(), origin.clone());
        async move { get(&store, &origin).await }
    });
    origin.started.notified().await;
    purge(&index);
    origin.release();
    let answer = waiting.await.unwrap();
    assert_eq!(answer, ("version 1".into(), Served::Fill, Some(NotStored::PurgedInFlight)));
    assert_eq!(store.peek(&KEY).err(), Some(Miss::Absent));
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
    let waiting = tokio::spawn({
        let (store, origin) = (store.clone(), origin.clone());
        async move { get(&store, &origin).await }
    });
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
async fn a_hit_on_disk_is_noted_in_the_row_and_one_in_memory_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let (index, catalogue) = (index(), Arc::new(MemoryCatalogue::default()));
    let open = || {
        let bodies = Arc::new(SegmentStore::open(folder.path(), 64 << 20).unwrap());
        store(&index, Some((bodies, catalogue.clone())))
    };
    let origin = Origin::new(&index, false);
    let before = now();
    let first = open();
    assert_eq!(get(&first, &origin).await.1, Served::Fill);
    assert_eq!(get(&first, &origin).await.1, Served::Memory);
    drop(first);
    assert!(!catalogue.1.load(Ordering::SeqCst), "neither a fill nor a hit in memory is a use of the disk");
    let row = catalogue.0.lock().unwrap().get(&KEY).cloned().unwrap();
    assert!(row.stored_at >= before && row.last_used == row.stored_at, "{row:?}");
    assert_eq!((row.labels, row.recipe, row.data_key), (vec![label("summer")], 3, None));

    catalogue.0.lock().unwrap().get_mut(&KEY).unwrap().last_used = 1;
    let second = open();
    assert_eq!(get(&second, &origin).await.1, Served::Disk);
    drop(second);
    assert!(catalogue.0.lock().unwrap().get(&KEY).unwrap().last_used >= before);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_row_says_what_an_entry_on_disk_is() {
    let folder = tempfile::tempdir().unwrap();
    let (index, catalogue) = (index(), Arc::new(MemoryCatalogue::default()));
    let open = || {
        let bodies = Arc::new(SegmentStore::open(folder.path(), 64 << 20).unwrap());
        store(&index, Some((bodies, catalogue.clone())))
    };
    let change = |change: fn(&mut Row)| change(catalogue.0.lock().unwrap().get_mut(&KEY).unwrap());
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
