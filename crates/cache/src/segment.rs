//! Bodies on disk, appended to segment files and dropped a whole segment at a time.
//!
//! The store keeps no list of what it holds: the catalogue's rows say what lies where, and a row whose segment is gone is
//! removed with it. A segment number is never used twice, so an old row can never find another entry's bytes.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, IoSlice, Write};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{SystemTime, UNIX_EPOCH};

use purge::{BodyStore, Place, StoreError};

use crate::ranges::Ranges;
use crate::wipe;

const EXTENSION: &str = "seg";

/// Append-only segment files in one folder, bounded in bytes.
pub struct SegmentStore {
    folder: PathBuf,
    limit: u64,
    segment_bytes: u64,
    segments: RwLock<BTreeMap<u64, Arc<Segment>>>,
    active: Mutex<Option<(u64, Arc<Segment>)>>,
    next: AtomicU64,
    /// Segments below it are of an earlier run: nothing is added to them.
    first_own: u64,
    /// Places that nothing points to any more and that are still readable.
    released: Mutex<Vec<Place>>,
    /// Held while released places are erased, so that whoever waits for it knows that all are.
    pub(crate) erasing: Mutex<()>,
    /// Segments that were given up and could not be removed from the folder.
    stuck: Mutex<Vec<(u64, Arc<Segment>)>>,
}

struct Segment {
    file: File,
    length: AtomicU64,
    /// What is erased or was never needed, as far as is known since the store was opened.
    dead: Mutex<Ranges>,
    /// Bytes that were given back to the file system.
    freed: AtomicU64,
}

impl Segment {
    fn new(file: File, length: u64, freed: u64) -> Arc<Segment> {
        Arc::new(Segment { file, length: length.into(), dead: Mutex::default(), freed: freed.into() })
    }

    fn length(&self) -> u64 {
        self.length.load(Ordering::Acquire)
    }

    /// Makes ranges unreadable and waits until the disk has it. Answers whether nothing of the segment is left.
    fn wipe(&self, ranges: &Ranges) -> io::Result<bool> {
        wipe::overwrite(&self.file, ranges)?;
        wipe::punch(&self.file, ranges);
        let found = self.file.metadata()?;
        self.freed.store(found.len().saturating_sub(found.blocks() * 512), Ordering::Relaxed);
        Ok(self.bury(ranges))
    }

    fn bury(&self, ranges: &Ranges) -> bool {
        let mut dead = lock(&self.dead);
        for (from, to) in ranges.iter() {
            dead.insert(from, to);
        }
        dead.bytes() >= self.length()
    }

    fn is_dead(&self) -> bool {
        lock(&self.dead).bytes() >= self.length()
    }
}

impl SegmentStore {
    /// Opens a folder, making it if need be. `limit` bounds the sum of all segments, in bytes.
    ///
    /// # Errors
    /// When the folder cannot be read or made.
    pub fn open(folder: &Path, limit: u64) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let mut segments = BTreeMap::new();
        for item in std::fs::read_dir(folder)? {
            let path = item?.path();
            let number = path
                .file_stem()
                .filter(|_| path.extension().is_some_and(|e| e == EXTENSION))
                .and_then(|stem| u64::from_str_radix(stem.to_str()?, 16).ok());
            let Some(number) = number else { continue };
            let file = OpenOptions::new().read(true).write(true).open(&path)?;
            let found = file.metadata()?;
            let holes = found.len().saturating_sub(found.blocks() * 512);
            segments.insert(number, Segment::new(file, found.len(), holes));
        }
        // Also past anything that was here before and was removed: the clock only has to move forward between starts.
        let clock = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis() as u64);
        let next = segments.keys().next_back().map_or(0, |n| n + 1).max(clock);
        Ok(SegmentStore {
            folder: folder.to_owned(),
            limit,
            segment_bytes: (limit / 16).clamp(1 << 20, 64 << 20),
            segments: RwLock::new(segments),
            active: Mutex::new(None),
            next: next.into(),
            first_own: next,
            released: Mutex::default(),
            erasing: Mutex::default(),
            stuck: Mutex::default(),
        })
    }

    /// Bytes of all segments, without what was erased and given back to the file system.
    pub fn bytes(&self) -> u64 {
        self.read().values().map(|s| s.length().saturating_sub(s.freed.load(Ordering::Relaxed))).sum()
    }

    /// The largest entry that is taken, in bytes.
    pub fn largest(&self) -> u64 {
        self.limit / 4
    }

    /// Removes the oldest segments until the bound is kept; answers their numbers, whose rows must go. With `wipe` their
    /// bytes are made unreadable first: while there are purges whose bytes are not erased yet.
    pub fn evict(&self, wipe: bool) -> Vec<u64> {
        let mut gone = Vec::new();
        while self.bytes() > self.limit {
            let active = lock(&self.active).as_ref().map(|(number, _)| *number);
            let oldest = self.read().keys().next().copied();
            let Some(number) = oldest.filter(|n| Some(*n) != active) else { break };
            if wipe && let Err(error) = self.wipe_whole(number) {
                // It leaves the folder all the same: keeping it would serve nobody.
                tracing::warn!(%error, segment = number, "cannot overwrite a segment before it is removed");
            }
            self.unlink(number);
            gone.push(number);
        }
        gone
    }

    /// Removes every segment.
    pub fn clear(&self) {
        *lock(&self.active) = None;
        let numbers: Vec<u64> = self.read().keys().copied().collect();
        for number in numbers {
            self.unlink(number);
        }
    }

    /// Erases what was released so far, also what another thread is just erasing. When it returns `Ok`, none of it can be
    /// read from any file.
    ///
    /// # Errors
    /// When the disk refuses; what was not erased stays released.
    pub fn erase_released(&self) -> Result<(), StoreError> {
        let _turn = lock(&self.erasing);
        self.erase_stuck()?;
        let places = std::mem::take(&mut *lock(&self.released));
        self.erase(&places).inspect_err(|_| lock(&self.released).extend(&places))
    }

    /// A segment without rows that is still in the folder is overwritten. A start finds it, and removes it.
    fn erase_stuck(&self) -> Result<(), StoreError> {
        let mut stuck = lock(&self.stuck);
        while let Some((number, segment)) = stuck.last() {
            overwrite_whole(segment).map_err(|e| StoreError(format!("segment {number:016x}: {e}")))?;
            let _ = std::fs::remove_file(self.path(*number));
            stuck.pop();
        }
        Ok(())
    }

    /// Places that were released and are not erased yet.
    pub fn released(&self) -> usize {
        lock(&self.released).len()
    }

    /// The segments that an earlier run left, oldest first.
    pub(crate) fn earlier(&self) -> Vec<u64> {
        self.read().range(..self.first_own).map(|(number, _)| *number).collect()
    }

    /// Erases whatever lies in a segment of an earlier run outside the `live` places: bodies whose row was lost, and ends
    /// that were torn. `pace` is told of the bytes read and written. Answers how many bytes had to be overwritten.
    pub(crate) fn scrub(&self, number: u64, live: &[Place], pace: &mut dyn FnMut(u64)) -> io::Result<u64> {
        let Some(segment) = self.read().get(&number).cloned() else { return Ok(0) };
        let mut covered = Ranges::default();
        for place in live.iter().filter(|place| place.segment == number) {
            covered.insert(place.offset, place.offset.saturating_add(place.length));
        }
        let (mut overwritten, mut gaps) = (0, Ranges::default());
        for (from, to) in covered.gaps(segment.length()) {
            let dirty = wipe::not_zero(&segment.file, from, to, pace)?;
            if dirty.bytes() > 0 {
                segment.wipe(&dirty)?;
                pace(dirty.bytes());
            }
            overwritten += dirty.bytes();
            gaps.insert(from, to);
        }
        if segment.bury(&gaps) {
            self.unlink(number);
        }
        Ok(overwritten)
    }

    fn wipe_whole(&self, number: u64) -> io::Result<()> {
        self.read().get(&number).cloned().map_or(Ok(()), |segment| overwrite_whole(&segment))
    }

    /// Removes a segment of which nothing is left, unless more may still be added to it.
    fn unlink_dead(&self, number: u64, segment: &Segment) {
        let active = lock(&self.active).as_ref().is_some_and(|(active, _)| *active == number);
        // Asked only now: until it was full, something may have been added since its last body was erased.
        if !active && segment.is_dead() {
            self.unlink(number);
        }
    }

    fn unlink(&self, number: u64) {
        let removed = self.segments.write().unwrap_or_else(PoisonError::into_inner).remove(&number);
        match std::fs::remove_file(self.path(number)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(%error, segment = number, "cannot remove a segment");
                lock(&self.stuck).extend(removed.map(|segment| (number, segment)));
            }
            _ => {
                // A loss of power must not bring it back after something in it was reported erased.
                if let Err(error) = File::open(&self.folder).and_then(|folder| folder.sync_all()) {
                    tracing::warn!(%error, segment = number, "cannot flush the removal of a segment");
                }
            }
        }
    }

    fn path(&self, number: u64) -> PathBuf {
        self.folder.join(format!("{number:016x}.{EXTENSION}"))
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, BTreeMap<u64, Arc<Segment>>> {
        self.segments.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn start_segment(&self) -> io::Result<(u64, Arc<Segment>)> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        // Not opened for appending: Linux would then append what is meant to overwrite.
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(self.path(number))?;
        let segment = Segment::new(file, 0, 0);
        self.segments.write().unwrap_or_else(PoisonError::into_inner).insert(number, segment.clone());
        Ok((number, segment))
    }

    fn append(&self, parts: &[&[u8]], length: u64) -> io::Result<Place> {
        let mut active = lock(&self.active);
        let current = match active.take() {
            Some((number, segment)) if segment.length() + length <= self.segment_bytes => (number, segment),
            full => {
                if let Some((number, segment)) = full
                    && segment.is_dead()
                {
                    self.unlink(number);
                }
                self.start_segment()?
            }
        };
        let (number, segment) = &current;
        let offset = segment.length();
        if let Err(error) = write_all(&segment.file, parts) {
            // What was half written is unknown: never append to this segment again, and erase that part.
            let end = segment.file.metadata().map_or(offset + length, |m| m.len());
            segment.length.store(end, Ordering::Release);
            lock(&self.released).push(Place { segment: *number, offset, length: end.saturating_sub(offset) });
            return Err(error);
        }
        segment.length.store(offset + length, Ordering::Release);
        let place = Place { segment: *number, offset, length };
        *active = Some(current);
        Ok(place)
    }
}

fn overwrite_whole(segment: &Segment) -> io::Result<()> {
    let mut all = Ranges::default();
    all.insert(0, segment.length());
    wipe::overwrite(&segment.file, &all)
}

fn write_all(mut file: &File, parts: &[&[u8]]) -> io::Result<()> {
    let mut slices: Vec<IoSlice<'_>> = parts.iter().map(|p| IoSlice::new(p)).collect();
    let mut rest = &mut slices[..];
    while !rest.is_empty() {
        match file.write_vectored(rest) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(n) => IoSlice::advance_slices(&mut rest, n),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

impl BodyStore for SegmentStore {
    fn put(&self, bytes: &[&[u8]]) -> Result<Place, StoreError> {
        let length: u64 = bytes.iter().map(|part| part.len() as u64).sum();
        if length > self.largest() {
            return Err(StoreError(format!(
                "{length} bytes are more than the {} that one entry may take",
                self.largest()
            )));
        }
        self.append(bytes, length).map_err(|e| StoreError(e.to_string()))
    }

    fn get(&self, place: &Place) -> Result<Vec<u8>, StoreError> {
        let segment =
            self.read().get(&place.segment).cloned().ok_or_else(|| StoreError("the segment is gone".to_owned()))?;
        let end = place.offset.checked_add(place.length);
        if end.is_none_or(|end| end > segment.length()) {
            return Err(StoreError("the place lies past the end of its segment".to_owned()));
        }
        let mut bytes = vec![0; place.length as usize];
        segment.file.read_exact_at(&mut bytes, place.offset).map_err(|e| StoreError(e.to_string()))?;
        Ok(bytes)
    }

    fn release(&self, place: &Place) {
        lock(&self.released).push(*place);
    }

    fn erase(&self, places: &[Place]) -> Result<(), StoreError> {
        let mut wanted: BTreeMap<u64, Ranges> = BTreeMap::new();
        for place in places {
            let end = place.offset.saturating_add(place.length);
            wanted.entry(place.segment).or_default().insert(place.offset, end);
        }
        for (number, ranges) in wanted {
            // A segment that is gone took its bytes along.
            let Some(segment) = self.read().get(&number).cloned() else { continue };
            let mut within = Ranges::default();
            for (from, to) in ranges.iter() {
                within.insert(from, to.min(segment.length()));
            }
            if segment.wipe(&within).map_err(|e| StoreError(e.to_string()))? {
                self.unlink_dead(number, &segment);
            }
        }
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn segments(folder: &Path) -> usize {
        std::fs::read_dir(folder).unwrap().count()
    }

    #[test]
    fn gives_back_what_was_put_also_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let store = SegmentStore::open(folder.path(), 64 << 20).unwrap();
        let a = store.put(&[b"head", b"er", b"body"]).unwrap();
        let b = store.put(&[b"second"]).unwrap();
        assert_eq!(store.get(&a).unwrap(), b"headerbody");
        drop(store);
        let store = SegmentStore::open(folder.path(), 64 << 20).unwrap();
        assert_eq!(store.get(&b).unwrap(), b"second");
        let c = store.put(&[b"third"]).unwrap();
        assert!(c.segment > b.segment, "a new start writes to a new segment");
        assert!(store.get(&Place { length: 100, ..b }).is_err());
        assert!(store.get(&Place { offset: u64::MAX, ..b }).is_err());
    }

    #[test]
    fn keeps_its_bound_and_drops_the_oldest_first() {
        let folder = tempfile::tempdir().unwrap();
        let store = SegmentStore::open(folder.path(), 16 << 20).unwrap();
        let body = vec![7; 300 << 10];
        let places: Vec<Place> = (0..100).map(|_| store.put(&[&body]).unwrap()).collect();
        let gone = store.evict(false);
        assert!(store.bytes() <= 16 << 20);
        assert!(!gone.is_empty());
        for place in &places {
            assert_eq!(store.get(place).is_err(), gone.contains(&place.segment));
        }
        assert!(gone.iter().max().unwrap() < &places[99].segment);
        assert!(store.put(&[&vec![0; 5 << 20]]).is_err(), "one entry may not take a third of everything");
    }

    #[test]
    fn a_segment_of_dropped_bodies_is_unlinked() {
        let folder = tempfile::tempdir().unwrap();
        let store = SegmentStore::open(folder.path(), 16 << 20).unwrap();
        let body = vec![7; 600 << 10];
        let (a, b) = (store.put(&[&body]).unwrap(), store.put(&[&body]).unwrap());
        assert_ne!(a.segment, b.segment);
        assert_eq!(segments(folder.path()), 2);
        store.release(&a);
        assert!(store.get(&a).is_ok(), "released is not erased yet");
        store.erase_released().unwrap();
        assert_eq!((segments(folder.path()), store.released()), (1, 0));
        assert!(store.get(&a).is_err());
        assert!(store.get(&b).is_ok());
    }
    #[test]
    fn a_segment_that_cannot_be_removed_is_overwritten_before_anything_is_reported() {
        let folder = tempfile::tempdir().unwrap();
        let store = SegmentStore::open(&folder.path().join("a"), 64 << 20).unwrap();
        let place = store.put(&[b"secret"]).unwrap();
        let (path, other) = (store.path(place.segment), folder.path().join("the same file"));
        std::fs::rename(&path, &other).unwrap();
        // Not removed as a file is.
        std::fs::create_dir(&path).unwrap();
        store.clear();
        assert_eq!(std::fs::read(&other).unwrap(), b"secret");
        store.erase_released().unwrap();
        assert_eq!(std::fs::read(&other).unwrap(), [0; 6]);
    }
}
