//! Stores in memory that keep the promises of their traits, and fills to order.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, dead_code)]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use cache::{Content, Entry, FillContext, Filled, Keep, Meta, Reply, SegmentStore, Settings, Store};
use plan::{BodyId, DerivativeKey, Digest, KeySecret, Label, LogId, MasterId, Position, Selector};
use purge::{
    Catalogue, CatalogueError, Filter, Index, Lifted, Log, LogError, LogIdentity, Mode, Place, Progress, PurgeId,
    Record, Records, Role, Row, Subject, Takedown, Target, Tier, Via,
};
use tokio::sync::Notify;

type Rows = BTreeMap<(bool, [u8; 16]), Row>;

/// Told of each row that is removed, before it is.
pub type OnRemove = Box<dyn Fn(Tier) + Send>;

/// A catalogue, whether it was told of a use, how many rows it was told to remove in each go, how many pages were walked, and
/// who is told of removals.
#[derive(Default)]
pub struct MemoryCatalogue(
    pub Mutex<Rows>,
    pub AtomicBool,
    pub Mutex<Vec<usize>>,
    pub Mutex<usize>,
    pub Mutex<Option<OnRemove>>,
);

fn at(tier: Tier, key: &DerivativeKey) -> (bool, [u8; 16]) {
    (tier == Tier::Masters, key.0)
}

impl MemoryCatalogue {
    pub fn change(&self, tier: Tier, key: &DerivativeKey, change: impl FnOnce(&mut Row)) {
        change(self.0.lock().unwrap().get_mut(&at(tier, key)).unwrap());
    }

    pub fn row(&self, tier: Tier, key: &DerivativeKey) -> Option<Row> {
        self.0.lock().unwrap().get(&at(tier, key)).cloned()
    }
}

impl Catalogue for MemoryCatalogue {
    fn get(&self, tier: Tier, key: &DerivativeKey) -> Result<Option<Row>, CatalogueError> {
        Ok(self.row(tier, key))
    }
    fn put(&self, tier: Tier, rows: &[Row]) -> Result<Vec<Place>, CatalogueError> {
        let mut held = self.0.lock().unwrap();
        let mut released = Vec::new();
        for row in rows {
            let gives_way = |h: &Row| h.stamp.log == row.stamp.log && h.stamp.position > row.stamp.position;
            if !held.get(&at(tier, &row.key)).is_some_and(gives_way) {
                released.extend(held.insert(at(tier, &row.key), row.clone()).map(|replaced| replaced.place));
            } else {
                released.push(row.place);
            }
        }
        Ok(released)
    }
    fn touch(&self, tier: Tier, uses: &[(DerivativeKey, u64)]) -> Result<(), CatalogueError> {
        let mut held = self.0.lock().unwrap();
        for (key, time) in uses {
            if let Some(row) = held.get_mut(&at(tier, key)) {
                row.last_used = row.last_used.max(*time);
            }
        }
        self.1.store(true, Ordering::SeqCst);
        Ok(())
    }
    fn remove(&self, tier: Tier, key: &DerivativeKey, body: BodyId) -> Result<(), CatalogueError> {
        self.remove_rows(tier, &[(*key, body)]).map(drop)
    }
    fn remove_rows(&self, tier: Tier, rows: &[(DerivativeKey, BodyId)]) -> Result<Vec<Place>, CatalogueError> {
        self.2.lock().unwrap().push(rows.len());
        self.4.lock().unwrap().iter().for_each(|told| rows.iter().for_each(|_| told(tier)));
        let mut held = self.0.lock().unwrap();
        let mut remove = |(key, body): &(DerivativeKey, BodyId)| {
            held.get(&at(tier, key)).filter(|row| row.body == *body)?;
            held.remove(&at(tier, key)).map(|row| row.place)
        };
        Ok(rows.iter().filter_map(&mut remove).collect())
    }
    fn remove_segment(&self, tier: Tier, segment: u64) -> Result<u64, CatalogueError> {
        let mut held = self.0.lock().unwrap();
        let before = held.len();
        held.retain(|(masters, _), row| *masters != (tier == Tier::Masters) || row.place.segment != segment);
        Ok((before - held.len()) as u64)
    }
    fn totals(&self, tier: Tier) -> Result<(u64, u64), CatalogueError> {
        let rows = self.walk(tier, None, usize::MAX)?;
        Ok((rows.len() as u64, rows.iter().map(|r| r.place.length).sum()))
    }
    fn walk(&self, tier: Tier, after: Option<DerivativeKey>, limit: usize) -> Result<Vec<Row>, CatalogueError> {
        *self.3.lock().unwrap() += 1;
        let held = self.0.lock().unwrap();
        let ours = held.iter().filter(|((masters, key), _)| {
            *masters == (tier == Tier::Masters) && after.is_none_or(|after| *key > after.0)
        });
        Ok(ours.map(|(_, row)| row.clone()).take(limit).collect())
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

/// A purge log with the progress of each record, and a floor.
#[derive(Default)]
pub struct MemoryRecords {
    records: Mutex<Vec<(Record, Option<Progress>)>>,
    floor: Mutex<Position>,
    /// How many were noted in each go.
    pub notes: Mutex<Vec<usize>>,
}

impl MemoryRecords {
    /// Appends a purge and applies it, as the purger does.
    pub fn purge(&self, index: &Index, mode: Mode, selectors: Vec<Selector>) -> Position {
        let record = record(index.head().next(), mode, selectors);
        self.append(std::slice::from_ref(&record)).unwrap();
        index.apply([&record]);
        record.position
    }

    pub fn progress(&self, position: Position) -> Option<Progress> {
        self.records.lock().unwrap().iter().find(|(r, _)| r.position == position).and_then(|(_, p)| *p)
    }
}

impl Log for MemoryRecords {
    fn identity(&self) -> LogIdentity {
        identity()
    }
    fn head(&self) -> Result<Position, LogError> {
        Ok(self.records.lock().unwrap().last().map_or(Position::START, |(r, _)| r.position))
    }
    fn append(&self, records: &[Record]) -> Result<(), LogError> {
        self.records.lock().unwrap().extend(records.iter().map(|r| (r.clone(), None)));
        Ok(())
    }
    fn replay(&self, after: Position, each: &mut dyn FnMut(Record)) -> Result<(), LogError> {
        self.records.lock().unwrap().iter().filter(|(r, _)| r.position > after).for_each(|(r, _)| each(r.clone()));
        Ok(())
    }
    fn find(&self, _: PurgeId) -> Result<Option<Record>, LogError> {
        Ok(None)
    }
    fn page(&self, _: Option<Position>, _: usize) -> Result<Vec<Record>, LogError> {
        Ok(Vec::new())
    }
}

impl Records for MemoryRecords {
    fn note(&self, progress: &[(Position, Progress)]) -> Result<Vec<Progress>, LogError> {
        self.notes.lock().unwrap().push(progress.len());
        let mut records = self.records.lock().unwrap();
        let note = |(position, progress): &(Position, Progress)| {
            let noted = &mut records.iter_mut().find(|(r, _)| r.position == *position).unwrap().1;
            *noted.insert(noted.map_or(*progress, |noted| noted.joined(*progress)))
        };
        Ok(progress.iter().map(note).collect())
    }
    fn list(&self, filter: &Filter) -> Result<Vec<(Record, Option<Progress>)>, LogError> {
        let records = self.records.lock().unwrap();
        let kind = |r: &Record| {
            let mut selectors = r.targets.iter().flat_map(|t| &t.selectors);
            filter.kind.as_ref().is_none_or(|kind| selectors.any(|s| s.kind() == kind))
        };
        Ok(records.iter().rev().filter(|(r, _)| kind(r)).take(filter.limit).cloned().collect())
    }
    fn unerased(&self, after: Position, limit: usize) -> Result<Vec<(Record, Option<Progress>)>, LogError> {
        let records = self.records.lock().unwrap();
        let open = |(r, p): &&(Record, Option<Progress>)| r.position > after && p.is_none_or(|p| p.erased_at.is_none());
        Ok(records.iter().filter(open).take(limit).cloned().collect())
    }
    fn takedowns(&self, _: bool) -> Result<Vec<Takedown>, LogError> {
        Ok(Vec::new())
    }
    fn lift(&self, _: PurgeId, _: &Lifted) -> Result<Option<Takedown>, LogError> {
        Ok(None)
    }
    fn keep_floor(&self, floor: Position) -> Result<(), LogError> {
        *self.floor.lock().unwrap() = floor;
        Ok(())
    }
    fn floor(&self) -> Result<Position, LogError> {
        Ok(*self.floor.lock().unwrap())
    }
}

pub const KEY: DerivativeKey = DerivativeKey([5; 16]);

pub fn label(tag: &str) -> Label {
    Label::parse(&format!("{tag} //h/")).unwrap()
}

pub fn master() -> MasterId {
    MasterId::from_canonical("//h/a")
}

fn identity() -> LogIdentity {
    LogIdentity { log: LogId(1), secret: KeySecret::new([2; 32]) }
}

pub fn index() -> Arc<Index> {
    Arc::new(Index::new(identity()))
}

pub fn record(position: Position, mode: Mode, selectors: Vec<Selector>) -> Record {
    Record {
        position,
        id: PurgeId(position.0.into()),
        mode,
        targets: vec![Target { said: String::new(), selectors }],
        actor: String::new(),
        via: Via::Native,
        from: String::new(),
        accepted_at: 7,
        terms: None,
    }
}

pub fn purge_as(index: &Index, mode: Mode) {
    index.apply([&record(index.head().next(), mode, vec![Selector::Master(master())])]);
}

pub fn purge(index: &Index) {
    purge_as(index, Mode::Hard);
}

pub fn store_for(
    index: &Arc<Index>,
    tier: Tier,
    disk: Option<(Arc<SegmentStore>, Arc<dyn Catalogue>)>,
    max_stale: Option<Duration>,
) -> Arc<Store> {
    static NEXT: AtomicUsize = AtomicUsize::new(1);
    let fresh_id = || (NEXT.fetch_add(1, Ordering::Relaxed) as u128).to_le_bytes();
    let fills = tokio::runtime::Handle::current();
    let settings = Settings { tier, memory_bytes: 16 << 20, disk, fresh_id, fills, max_stale };
    Arc::new(Store::new(index.clone(), settings).unwrap())
}

pub fn store(index: &Arc<Index>, disk: Option<(Arc<SegmentStore>, Arc<dyn Catalogue>)>) -> Arc<Store> {
    store_for(index, Tier::Derivatives, disk, None)
}

pub fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}

/// What one fill makes.
pub fn made(index: &Index, context: &FillContext, key: DerivativeKey, master: MasterId, text: String) -> Filled {
    let bytes = Bytes::from(text);
    let digest = Digest::of(&bytes);
    let dependency = index.dependency(master, Role::Main, context.stamp.position, Some(digest));
    let subject = Subject {
        stamp: context.stamp,
        exact: None,
        dependencies: vec![dependency],
        labels: vec![label("summer")].into(),
    };
    let meta = Meta { lifetime: Duration::from_secs(3600), stored_at: now(), recipe: 3, ..Meta::default() };
    Filled { entry: Entry::new(key, subject, Content::Body { bytes, digest }, meta), keep: Keep::Everywhere }
}

/// A fill whose bytes say which version of the master it read, and which waits in between.
#[derive(Clone)]
pub struct Origin {
    pub index: Arc<Index>,
    pub version: Arc<AtomicUsize>,
    pub fills: Arc<AtomicUsize>,
    pub started: Arc<Notify>,
    pub hold: Option<Arc<Notify>>,
}

impl Origin {
    pub fn new(index: &Arc<Index>, held: bool) -> Self {
        Origin {
            index: index.clone(),
            version: Arc::new(AtomicUsize::new(1)),
            fills: Arc::default(),
            started: Arc::default(),
            hold: held.then(Arc::default),
        }
    }

    pub fn release(&self) {
        self.hold.as_ref().unwrap().notify_one();
    }

    pub async fn fill(self, context: FillContext) -> Filled {
        self.fills.fetch_add(1, Ordering::SeqCst);
        let read = self.version.load(Ordering::SeqCst);
        self.started.notify_one();
        if let Some(hold) = &self.hold {
            hold.notified().await;
        }
        made(&self.index, &context, KEY, master(), format!("version {read}"))
    }
}

/// Asks with any fill.
pub async fn ask<F, Made>(store: &Arc<Store>, index: &Index, key: DerivativeKey, master: MasterId, fill: F) -> Reply
where
    F: Fn(FillContext) -> Made + Send + Sync + 'static,
    Made: Future<Output = Filled> + Send + 'static,
{
    let hash = index.master_hash(&master);
    store.get(key, Position::START, move |i| i.newest_of_master(&master, hash), fill).await.expect("an answer")
}

pub fn text(reply: &Reply) -> String {
    String::from_utf8(reply.entry.body().unwrap().to_vec()).unwrap()
}

/// Files below a folder that hold these bytes.
pub fn files_with(folder: &Path, marker: &str) -> usize {
    let mut found = 0;
    for item in std::fs::read_dir(folder).unwrap() {
        let path = item.unwrap().path();
        if path.is_dir() {
            found += files_with(&path, marker);
        } else {
            let bytes = std::fs::read(&path).unwrap();
            found += usize::from(bytes.windows(marker.len()).any(|window| window == marker.as_bytes()));
        }
    }
    found
}
