//! The disk tier: bodies in a [`BodyStore`], rows in a [`Catalogue`]. Writing is behind: a thread appends bodies and puts
//! their rows in one transaction. What it cannot keep up with is not stored, and counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use bytes::Bytes;
use plan::reason::Miss;
use plan::{BodyId, DerivativeKey, Digest};
use purge::{BodyStore, Catalogue, Index, Row, Tier};

use crate::entry::{Content, Entry, unix_seconds};
use crate::header::{self, Unreadable};
use crate::segment::SegmentStore;
use crate::uses::Uses;

/// Entries that may wait for the writer.
const QUEUE: usize = 4096;
/// Bytes that may wait for the writer.
const QUEUE_BYTES: u64 = 256 << 20;
/// Rows put in one transaction.
const BATCH: usize = 256;
/// Between two writes of last uses.
const USES_EVERY: Duration = Duration::from_secs(5);

pub(crate) struct Disk {
    tier: Tier,
    bodies: Arc<SegmentStore>,
    catalogue: Arc<dyn Catalogue>,
    index: Arc<Index>,
    queue: Option<SyncSender<Arc<Entry>>>,
    waiting_bytes: Arc<AtomicU64>,
    uses: Arc<Uses>,
    overflowed: AtomicU64,
    thread: Option<JoinHandle<()>>,
}

impl Disk {
    pub fn start(
        tier: Tier,
        bodies: Arc<SegmentStore>,
        catalogue: Arc<dyn Catalogue>,
        index: Arc<Index>,
        fresh_id: fn() -> [u8; 16],
    ) -> std::io::Result<Disk> {
        let (queue, entries) = sync_channel(QUEUE);
        let waiting_bytes = Arc::new(AtomicU64::new(0));
        let uses = Arc::new(Uses::default());
        let writer = Writer {
            tier,
            bodies: bodies.clone(),
            catalogue: catalogue.clone(),
            waiting_bytes: waiting_bytes.clone(),
            uses: uses.clone(),
            uses_every: USES_EVERY,
            fresh_id,
        };
        let thread =
            std::thread::Builder::new().name(format!("disk-{}", tier.name())).spawn(move || writer.run(&entries))?;
        Ok(Disk {
            tier,
            bodies,
            catalogue,
            index,
            queue: Some(queue),
            waiting_bytes,
            uses,
            overflowed: AtomicU64::new(0),
            thread: Some(thread),
        })
    }

    /// Hands an entry with a body to the writer, or lets it go.
    pub fn put(&self, entry: Arc<Entry>) {
        let weight = entry.weight();
        let fits = self.waiting_bytes.load(Ordering::Relaxed) + weight <= QUEUE_BYTES;
        let sent = fits
            && self.queue.as_ref().is_some_and(|queue| {
                self.waiting_bytes.fetch_add(weight, Ordering::Relaxed);
                let sent = queue.try_send(entry).is_ok();
                if !sent {
                    self.waiting_bytes.fetch_sub(weight, Ordering::Relaxed);
                }
                sent
            });
        if !sent {
            self.overflowed.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Reads and judges an entry, and notes that it was used. Blocks. A row that turns out useless is removed.
    pub fn get(&self, key: &DerivativeKey) -> Result<Entry, Miss> {
        let row = match self.catalogue.get(self.tier, key) {
            Ok(row) => row.ok_or(Miss::Absent)?,
            Err(error) => {
                tracing::error!(%error, "reading the catalogue");
                return Err(Miss::Absent);
            }
        };
        let entry = self.read(key, &row);
        match &entry {
            Ok(_) => self.uses.note(*key, unix_seconds()),
            Err(miss) => self.forget(&row, *miss),
        }
        entry
    }

    fn read(&self, key: &DerivativeKey, row: &Row) -> Result<Entry, Miss> {
        if row.stamp.log != self.index.identity().log {
            return Err(Miss::OtherLog);
        }
        if row.data_key.is_some() {
            // Sealed by a later version.
            return Err(Miss::OtherVersion);
        }
        let bytes = self.bodies.get(&row.place).map_err(|_| Miss::Corrupt)?;
        let header = header::decode(&bytes, &self.index).map_err(|why| match why {
            Unreadable::Corrupt => Miss::Corrupt,
            Unreadable::OtherVersion => Miss::OtherVersion,
        })?;
        if header.key != *key || header.body != row.body {
            return Err(Miss::NoRow);
        }
        let (mut subject, mut meta) = (header.subject, header.meta);
        // The row is the authority; re-stamping changes it alone.
        subject.stamp = row.stamp;
        subject.labels.clone_from(&row.labels);
        meta.recipe = row.recipe;
        let body = Bytes::from(bytes).slice(header.length..);
        let content = Content::Body { digest: header.body_digest, bytes: body.clone() };
        let entry = Entry::new(*key, subject, content, meta);
        entry.check(&self.index)?;
        if Digest::of(&body) != header.body_digest {
            return Err(Miss::Corrupt);
        }
        Ok(entry)
    }

    fn forget(&self, row: &Row, miss: Miss) {
        tracing::debug!(key = %row.key, reason = miss.name(), "a disk entry is of no use");
        self.bodies.release(&row.place);
        if let Err(error) = self.catalogue.remove(self.tier, &row.key, row.body) {
            tracing::error!(%error, "removing a row");
        }
    }

    pub fn bytes(&self) -> u64 {
        self.bodies.bytes()
    }

    pub fn overflowed(&self) -> u64 {
        self.overflowed.load(Ordering::Relaxed)
    }

    /// Waits until everything handed over is written.
    pub fn flush(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        self.flush();
    }
}

struct Writer {
    tier: Tier,
    bodies: Arc<SegmentStore>,
    catalogue: Arc<dyn Catalogue>,
    waiting_bytes: Arc<AtomicU64>,
    uses: Arc<Uses>,
    uses_every: Duration,
    fresh_id: fn() -> [u8; 16],
}

impl Writer {
    fn run(self, entries: &Receiver<Arc<Entry>>) {
        let mut uses_due = Instant::now() + self.uses_every;
        loop {
            match entries.recv_timeout(uses_due.saturating_duration_since(Instant::now())) {
                Ok(first) => self.write_batch(&first, entries),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if Instant::now() >= uses_due {
                self.uses.write(self.tier, &*self.catalogue);
                uses_due = Instant::now() + self.uses_every;
            }
        }
        self.uses.write(self.tier, &*self.catalogue);
    }

    fn write_batch(&self, first: &Entry, entries: &Receiver<Arc<Entry>>) {
        let mut rows: Vec<Row> = self.write(first).into_iter().collect();
        while rows.len() < BATCH {
            match entries.try_recv() {
                Ok(entry) => rows.extend(self.write(&entry)),
                Err(_) => break,
            }
        }
        if let Err(error) = self.catalogue.put(self.tier, &rows) {
            tracing::error!(%error, rows = rows.len(), "writing rows; these entries are lost to the disk tier");
            rows.iter().for_each(|row| self.bodies.release(&row.place));
        }
        for segment in self.bodies.evict() {
            if let Err(error) = self.catalogue.remove_segment(self.tier, segment) {
                tracing::error!(%error, segment, "removing the rows of a segment");
            }
        }
    }

    fn write(&self, entry: &Entry) -> Option<Row> {
        self.waiting_bytes.fetch_sub(entry.weight(), Ordering::Relaxed);
        let Content::Body { bytes, digest } = &entry.content else { return None };
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
            labels: entry.subject.labels.clone(),
            recipe: entry.meta.recipe,
            data_key: None,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::Mutex;
    use std::sync::mpsc::{Sender, channel};

    use plan::{LogId, MasterId, Position};
    use purge::CatalogueError;

    use super::*;

    /// A catalogue without rows that passes on what uses it is told of.
    struct Told(Mutex<Sender<Vec<(DerivativeKey, u64)>>>);

    impl Catalogue for Told {
        fn get(&self, _: Tier, _: &DerivativeKey) -> Result<Option<Row>, CatalogueError> {
            Ok(None)
        }
        fn put(&self, _: Tier, _: &[Row]) -> Result<(), CatalogueError> {
            Ok(())
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
            waiting_bytes: Arc::default(),
            uses: uses.clone(),
            uses_every,
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
}
