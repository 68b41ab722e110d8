//! The thread that writes entries behind: it appends bodies and puts their rows in one transaction. What it cannot keep up
//! with is not stored, and counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::{Duration, Instant};

use plan::BodyId;
use purge::{BodyStore, Catalogue, Index, Row, Tier};

use crate::entry::{Content, Entry};
use crate::header;
use crate::memory::Memory;
use crate::segment::SegmentStore;
use crate::uses::Uses;

/// Rows put in one transaction.
const BATCH: usize = 256;
/// Between two writes of last uses.
pub(crate) const USES_EVERY: Duration = Duration::from_secs(5);
/// Between two walks over the memory tier for the hits that it had.
pub(crate) const WALK_EVERY: Duration = Duration::from_secs(300);
/// Released bodies that are left to the sweep to erase; past it the writer does it.
const RELEASED: usize = 4096;

/// What the writer is asked to do.
pub(crate) enum Work {
    /// Store an entry that has a body.
    Write(Arc<Entry>),
    /// Answer once everything before it is done.
    Barrier(SyncSender<()>),
}

pub(crate) struct Writer {
    pub tier: Tier,
    pub bodies: Arc<SegmentStore>,
    pub catalogue: Arc<dyn Catalogue>,
    pub index: Arc<Index>,
    pub memory: Arc<Memory>,
    pub waiting_bytes: Arc<AtomicU64>,
    pub uses: Arc<Uses>,
    pub erased: Arc<AtomicU64>,
    pub uses_every: Duration,
    pub walk_every: Duration,
    pub fresh_id: fn() -> [u8; 16],
}

impl Writer {
    pub fn run(self, work: &Receiver<Work>) {
        let start = Instant::now();
        let (mut uses_due, mut walk_due) = (start + self.uses_every, start + self.walk_every);
        loop {
            match work.recv_timeout(uses_due.saturating_duration_since(Instant::now())) {
                Ok(first) => self.batch(first, work),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            let now = Instant::now();
            if now >= walk_due {
                self.gather_hits();
                walk_due = now + self.walk_every;
            }
            if now >= uses_due {
                self.uses.write(self.tier, &*self.catalogue);
                uses_due = now + self.uses_every;
            }
            if self.bodies.released() >= RELEASED {
                self.erase_released();
            }
        }
        self.gather_hits();
        self.uses.write(self.tier, &*self.catalogue);
        self.erase_released();
    }

    /// Writes in between, because the list of uses is bounded.
    fn gather_hits(&self) {
        for some in self.memory.all().chunks(4096) {
            some.iter().for_each(|entry| self.uses.note_hit(entry));
            self.uses.write(self.tier, &*self.catalogue);
        }
    }

    fn erase_released(&self) {
        if let Err(error) = self.bodies.erase_released() {
            tracing::error!(%error, "erasing bodies that nothing points to");
        }
    }

    fn batch(&self, first: Work, work: &Receiver<Work>) {
        let (mut rows, mut barriers) = (Vec::new(), Vec::new());
        let mut next = Some(first);
        while let Some(item) = next.take() {
            match item {
                Work::Write(entry) => rows.extend(self.write(&entry)),
                Work::Barrier(reached) => barriers.push(reached),
            }
            if rows.len() < BATCH && barriers.is_empty() {
                next = work.try_recv().ok();
            }
        }
        self.store(&rows);
        for reached in barriers {
            let _ = reached.send(());
        }
    }

    fn store(&self, rows: &[Row]) {
        if rows.is_empty() {
            return;
        }
        match self.catalogue.put(self.tier, rows) {
            Ok(left) => left.iter().for_each(|place| self.bodies.release(place)),
            Err(error) => {
                tracing::error!(%error, rows = rows.len(), "writing rows; these entries are lost to the disk tier");
                rows.iter().for_each(|row| self.bodies.release(&row.place));
            }
        }
        let wipe = self.erased.load(Ordering::Acquire) < self.index.head().0;
        for segment in self.bodies.evict(wipe) {
            if let Err(error) = self.catalogue.remove_segment(self.tier, segment) {
                tracing::error!(%error, segment, "removing the rows of a segment");
            }
        }
    }

    /// Appends a body. What a purge overtook in the queue is not written at all: the sweep of that purge relies on it.
    fn write(&self, entry: &Entry) -> Option<Row> {
        self.waiting_bytes.fetch_sub(entry.weight(), Ordering::Relaxed);
        let Content::Body { bytes, digest } = &entry.content else { return None };
        if let Err(why) = entry.check(&self.index) {
            tracing::debug!(key = %entry.key, reason = why.name(), "not written");
            return None;
        }
        let body = BodyId((self.fresh_id)());
        let header = header::encode(&entry.key, body, digest, &entry.subject, &entry.meta);
        let place = match self.bodies.put(&[&header, bytes]) {
            Ok(place) => place,
            Err(error) => {
                tracing::warn!(%error, url = entry.meta.url, "not stored on disk");
                return None;
            }
        };
        Some(Row {
            key: entry.key,
            body,
            place,
            stamp: entry.subject.stamp,
            exact: entry.subject.exact.map(|(name, _)| name),
            dependencies: entry.subject.dependencies.iter().map(|d| (d.master.clone(), d.role)).collect(),
            content_type: entry.meta.content_type.clone(),
            size: bytes.len() as u64,
            url: entry.meta.url.clone(),
            stored_at: entry.meta.stored_at,
            last_used: entry.meta.stored_at,
            labels: entry.subject.labels.to_vec(),
            recipe: entry.meta.recipe,
            data_key: None,
        })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::Mutex;
    use std::sync::mpsc::{Sender, channel, sync_channel};

    use plan::{DerivativeKey, KeySecret, LogId, MasterId, Position, Selector};
    use purge::{CatalogueError, LogIdentity, Mode, PurgeId, Record, Subject, Target, Via};

    use super::*;
    use crate::entry::unix_seconds;

    /// A catalogue without rows that passes on what uses it is told of.
    pub(crate) struct Told(pub Mutex<Sender<Vec<(DerivativeKey, u64)>>>);

    impl Catalogue for Told {
        fn get(&self, _: Tier, _: &DerivativeKey) -> Result<Option<Row>, CatalogueError> {
            Ok(None)
        }
        fn put(&self, _: Tier, _: &[Row]) -> Result<Vec<purge::Place>, CatalogueError> {
            Ok(Vec::new())
        }
        fn touch(&self, _: Tier, uses: &[(DerivativeKey, u64)]) -> Result<(), CatalogueError> {
            self.0.lock().unwrap().send(uses.to_vec()).map_err(|e| CatalogueError(e.to_string()))
        }
        fn remove(&self, _: Tier, _: &DerivativeKey, _: BodyId) -> Result<(), CatalogueError> {
            Ok(())
        }
        fn remove_segment(&self, _: Tier, _: u64) -> Result<u64, CatalogueError> {
            Ok(0)
        }
        fn totals(&self, _: Tier) -> Result<(u64, u64), CatalogueError> {
            Ok((0, 0))
        }
        fn walk(&self, _: Tier, _: Option<DerivativeKey>, _: usize) -> Result<Vec<Row>, CatalogueError> {
            Ok(vec![])
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
            Ok(())
        }
    }

    #[test]
    fn uses_are_written_while_nothing_is_stored_and_at_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let (queue, entries) = sync_channel(1);
        let (tell, told) = channel();
        let uses = Arc::new(Uses::default());
        let start = |uses_every| Writer {
            tier: Tier::Derivatives,
            bodies: Arc::new(SegmentStore::open(folder.path(), 64 << 20).unwrap()),
            catalogue: Arc::new(Told(Mutex::new(tell.clone()))),
            index: Arc::new(Index::new(LogIdentity { log: LogId(1), secret: KeySecret::new([1; 32]) })),
            memory: Arc::new(Memory::new(1 << 20, uses.clone())),
            waiting_bytes: Arc::default(),
            uses: uses.clone(),
            erased: Arc::default(),
            uses_every,
            walk_every: Duration::from_secs(3600),
            fresh_id: || [0; 16],
        };
        let key = |n| DerivativeKey([n; 16]);
        let patience = Duration::from_secs(30);

        let writer = start(Duration::from_millis(1));
        let running = std::thread::spawn(move || writer.run(&entries));
        for n in 0..3 {
            uses.note(key(n), 7);
            assert_eq!(told.recv_timeout(patience).unwrap(), [(key(n), 7)]);
        }
        drop(queue);
        running.join().unwrap();

        let (queue, entries) = sync_channel(1);
        uses.note(key(3), 8);
        drop(queue);
        start(Duration::from_secs(3600)).run(&entries);
        assert_eq!(told.try_recv().unwrap(), [(key(3), 8)]);
        assert!(told.try_recv().is_err());
    }

    #[test]
    fn what_a_purge_overtook_in_the_queue_is_not_written() {
        let folder = tempfile::tempdir().unwrap();
        let (tell, _told) = channel();
        let index = Arc::new(Index::new(LogIdentity { log: LogId(1), secret: KeySecret::new([1; 32]) }));
        let uses = Arc::new(Uses::default());
        let writer = Writer {
            tier: Tier::Derivatives,
            bodies: Arc::new(SegmentStore::open(folder.path(), 64 << 20).unwrap()),
            catalogue: Arc::new(Told(Mutex::new(tell))),
            index: index.clone(),
            memory: Arc::new(Memory::new(1 << 20, uses.clone())),
            waiting_bytes: Arc::new(AtomicU64::new(1 << 20)),
            uses,
            erased: Arc::default(),
            uses_every: USES_EVERY,
            walk_every: WALK_EVERY,
            fresh_id: || [0; 16],
        };
        let bytes = bytes::Bytes::from_static(b"made before the purge");
        let digest = plan::Digest::of(&bytes);
        let subject = Subject { stamp: index.now(), exact: None, dependencies: Vec::new(), labels: Vec::new().into() };
        let meta = crate::entry::Meta { stored_at: unix_seconds(), lifetime: USES_EVERY, ..Default::default() };
        let entry = Entry::new(DerivativeKey([1; 16]), subject, Content::Body { bytes, digest }, meta);
        assert!(writer.write(&entry).is_some());
        let written = writer.bodies.bytes();
        index.apply([&Record {
            position: Position(1),
            id: PurgeId(1),
            mode: Mode::Hard,
            targets: vec![Target { said: String::new(), selectors: vec![Selector::All] }],
            actor: String::new(),
            via: Via::Native,
            from: String::new(),
            accepted_at: 0,
            terms: None,
        }]);
        assert!(writer.write(&entry).is_none());
        assert_eq!(writer.bodies.bytes(), written);
    }
}
