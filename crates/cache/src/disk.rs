//! The disk tier: bodies in a [`BodyStore`], rows in a [`Catalogue`]. Writing is behind: a thread appends bodies and puts
//! their rows in one transaction. What it cannot keep up with is not stored, and counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use bytes::Bytes;
use plan::reason::Miss;
use plan::{BodyId, DerivativeKey, Digest};
use purge::{BodyStore, Catalogue, Index, Row, Tier};

use crate::entry::{Content, Entry};
use crate::header::{self, Unreadable};
use crate::segment::SegmentStore;

/// Entries that may wait for the writer.
const QUEUE: usize = 4096;
/// Bytes that may wait for the writer.
const QUEUE_BYTES: u64 = 256 << 20;
/// Rows put in one transaction.
const BATCH: usize = 256;

pub(crate) struct Disk {
    tier: Tier,
    bodies: Arc<SegmentStore>,
    catalogue: Arc<dyn Catalogue>,
    index: Arc<Index>,
    queue: Option<SyncSender<Arc<Entry>>>,
    waiting_bytes: Arc<AtomicU64>,
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
        let writer = Writer {
            tier,
            bodies: bodies.clone(),
            catalogue: catalogue.clone(),
            waiting_bytes: waiting_bytes.clone(),
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

    /// Reads and judges an entry. Blocks. A row that turns out useless is removed.
    pub fn get(&self, key: &DerivativeKey) -> Result<Entry, Miss> {
        let row = match self.catalogue.get(self.tier, key) {
            Ok(row) => row.ok_or(Miss::Absent)?,
            Err(error) => {
                tracing::error!(%error, "reading the catalogue");
                return Err(Miss::Absent);
            }
        };
        let entry = self.read(key, &row);
        if let Err(miss) = &entry {
            self.forget(&row, *miss);
        }
        entry
    }

    fn read(&self, key: &DerivativeKey, row: &Row) -> Result<Entry, Miss> {
        if row.stamp.log != self.index.identity().log {
            return Err(Miss::OtherLog);
        }
        let bytes = self.bodies.get(&row.place).map_err(|_| Miss::Corrupt)?;
        let header = header::decode(&bytes, &self.index).map_err(|why| match why {
            Unreadable::Corrupt => Miss::Corrupt,
            Unreadable::OtherVersion => Miss::OtherVersion,
        })?;
        if header.key != *key || header.body != row.body {
            return Err(Miss::NoRow);
        }
        let mut subject = header.subject;
        // The row is the authority; re-stamping changes it alone.
        subject.stamp = row.stamp;
        let body = Bytes::from(bytes).slice(header.length..);
        let content = Content::Body { digest: header.body_digest, bytes: body.clone() };
        let entry = Entry::new(*key, subject, content, header.meta);
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
    fresh_id: fn() -> [u8; 16],
}

impl Writer {
    fn run(self, entries: &Receiver<Arc<Entry>>) {
        while let Ok(first) = entries.recv() {
            let mut rows: Vec<Row> = self.write(&first).into_iter().collect();
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
            dependencies: entry.subject.dependencies.iter().map(|d| d.master.clone()).collect(),
            content_type: entry.meta.content_type.clone(),
            size: bytes.len() as u64,
            url: entry.meta.url.clone(),
            stored_at: entry.meta.stored_at,
        })
    }
}
