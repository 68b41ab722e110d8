//! The disk tier: bodies in a [`BodyStore`], rows in a [`Catalogue`]. Reading happens on the caller's thread; writing is
//! behind, on a thread of its own (`writer.rs`).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

use bytes::Bytes;
use plan::reason::Miss;
use plan::{DerivativeKey, Digest, Position};
use purge::{BodyStore, Catalogue, Index, Row, Tier};

use crate::entry::{Content, Entry, unix_seconds};
use crate::header::{self, Unreadable};
use crate::memory::Memory;
use crate::segment::SegmentStore;
use crate::uses::Uses;
use crate::writer::{USES_EVERY, WALK_EVERY, Work, Writer};

/// Entries that may wait for the writer.
const QUEUE: usize = 4096;
/// Bytes that may wait for the writer.
const QUEUE_BYTES: u64 = 256 << 20;

pub(crate) struct Disk {
    tier: Tier,
    bodies: Arc<SegmentStore>,
    catalogue: Arc<dyn Catalogue>,
    index: Arc<Index>,
    queue: Option<SyncSender<Work>>,
    waiting_bytes: Arc<AtomicU64>,
    uses: Arc<Uses>,
    /// Every purge up to it is erased.
    erased: Arc<AtomicU64>,
    overflowed: AtomicU64,
    thread: Option<JoinHandle<()>>,
}

impl Disk {
    pub fn start(
        tier: Tier,
        (bodies, catalogue): (Arc<SegmentStore>, Arc<dyn Catalogue>),
        index: Arc<Index>,
        (memory, uses): (Arc<Memory>, Arc<Uses>),
        fresh_id: fn() -> [u8; 16],
    ) -> std::io::Result<Disk> {
        let (queue, work) = sync_channel(QUEUE);
        let (waiting_bytes, erased) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let writer = Writer {
            tier,
            bodies: bodies.clone(),
            catalogue: catalogue.clone(),
            index: index.clone(),
            memory,
            waiting_bytes: waiting_bytes.clone(),
            uses: uses.clone(),
            erased: erased.clone(),
            uses_every: USES_EVERY,
            walk_every: WALK_EVERY,
            fresh_id,
        };
        let thread =
            std::thread::Builder::new().name(format!("disk-{}", tier.name())).spawn(move || writer.run(&work))?;
        Ok(Disk {
            tier,
            bodies,
            catalogue,
            index,
            queue: Some(queue),
            waiting_bytes,
            uses,
            erased,
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
                let sent = queue.try_send(Work::Write(entry)).is_ok();
                if !sent {
                    self.waiting_bytes.fetch_sub(weight, Ordering::Relaxed);
                }
                sent
            });
        if !sent {
            self.overflowed.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits until everything that was handed over before is on disk with its row, or was let go. Blocks.
    pub fn barrier(&self) {
        let (reached, wait) = sync_channel(1);
        if let Some(queue) = &self.queue
            && queue.send(Work::Barrier(reached)).is_ok()
        {
            let _ = wait.recv();
        }
    }

    /// Reads and judges an entry, and notes that it was used. Blocks. One that is stale or expired is given along with the
    /// reason, unless it `is_over`; a row that is of no use for anything is removed.
    pub fn get(
        &self,
        key: &DerivativeKey,
        is_over: impl Fn(&Entry) -> bool,
    ) -> Result<Arc<Entry>, (Miss, Option<Arc<Entry>>)> {
        let row = match self.catalogue.get(self.tier, key) {
            Ok(row) => row.ok_or((Miss::Absent, None))?,
            Err(error) => {
                tracing::error!(%error, "reading the catalogue");
                return Err((Miss::Absent, None));
            }
        };
        let miss = match self.read(key, &row) {
            Ok(entry) => match entry.check(&self.index) {
                Ok(()) => {
                    self.uses.note(*key, unix_seconds());
                    return Ok(Arc::new(entry));
                }
                Err(Miss::Stale) if is_over(&entry) => Miss::Purged,
                Err(why @ (Miss::Stale | Miss::Expired)) => return Err((why, Some(Arc::new(entry)))),
                Err(why) => why,
            },
            Err(miss) => miss,
        };
        self.forget(&row, miss);
        Err((miss, None))
    }

    /// Reads an entry and its row, and changes nothing: an entry that cannot be read stays where it is, with the reason. `None`
    /// without a row. Blocks.
    pub fn inspect(&self, key: &DerivativeKey) -> Option<(Row, Result<Entry, Miss>)> {
        let row = self.row(key)?;
        let read = self.read(key, &row);
        Some((row, read))
    }

    /// The row of a key, whatever it is worth. Blocks.
    pub fn row(&self, key: &DerivativeKey) -> Option<Row> {
        self.catalogue.get(self.tier, key).unwrap_or_else(|error| {
            tracing::error!(%error, "reading the catalogue");
            None
        })
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
        subject.labels = row.labels.clone().into();
        meta.recipe = row.recipe;
        let body = Bytes::from(bytes).slice(header.length..);
        let digest = Digest::of(&body);
        let entry = Entry::new(*key, subject, Content::Body { digest: header.body_digest, bytes: body }, meta);
        if digest == header.body_digest {
            return Ok(entry);
        }
        // Erased while it was read, most likely.
        Err(entry.check(&self.index).err().filter(|why| *why == Miss::Purged).unwrap_or(Miss::Corrupt))
    }

    /// Released before the row goes: whoever finds no row any more can rely on the body being on the list.
    fn forget(&self, row: &Row, miss: Miss) {
        tracing::debug!(key = %row.key, reason = miss.name(), "a disk entry is of no use");
        self.bodies.release(&row.place);
        if let Err(error) = self.catalogue.remove(self.tier, &row.key, row.body) {
            tracing::error!(%error, "removing a row");
        }
    }

    pub fn bodies(&self) -> &SegmentStore {
        &self.bodies
    }

    /// Says that every purge up to a position is erased.
    pub fn erased_to(&self, position: Position) {
        self.erased.fetch_max(position.0, Ordering::Release);
    }

    pub fn bytes(&self) -> u64 {
        self.bodies.bytes()
    }

    /// Bytes that wait for the writer.
    pub fn waiting(&self) -> u64 {
        self.waiting_bytes.load(Ordering::Relaxed)
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
