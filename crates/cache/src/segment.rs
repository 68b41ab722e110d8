//! Bodies on disk, appended to segment files and dropped a whole segment at a time.
//!
//! The store keeps no list of what it holds: the catalogue's rows say what lies where, and a row whose segment is gone is
//! removed with it. A segment number is never used twice, so an old row can never find another entry's bytes.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, IoSlice, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{SystemTime, UNIX_EPOCH};

use purge::{BodyStore, Place, StoreError};

const EXTENSION: &str = "seg";

/// Append-only segment files in one folder, bounded in bytes.
pub struct SegmentStore {
    folder: PathBuf,
    limit: u64,
    segment_bytes: u64,
    segments: RwLock<BTreeMap<u64, Arc<Segment>>>,
    active: Mutex<Option<(u64, Arc<Segment>)>>,
    next: AtomicU64,
}

struct Segment {
    file: File,
    length: AtomicU64,
    /// Bytes that were dropped since the store was opened.
    dead: AtomicU64,
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
            let file = OpenOptions::new().read(true).open(&path)?;
            let length = file.metadata()?.len();
            segments.insert(number, Arc::new(Segment { file, length: length.into(), dead: AtomicU64::new(0) }));
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
        })
    }

    /// Bytes of all segments.
    pub fn bytes(&self) -> u64 {
        self.read().values().map(|s| s.length.load(Ordering::Relaxed)).sum()
    }

    /// The largest entry that is taken, in bytes.
    pub fn largest(&self) -> u64 {
        self.limit / 4
    }

    /// Removes the oldest segments until the bound is kept; answers their numbers, whose rows must go.
    pub fn evict(&self) -> Vec<u64> {
        let mut gone = Vec::new();
        while self.bytes() > self.limit {
            let active = lock(&self.active).as_ref().map(|(number, _)| *number);
            let oldest = self.read().keys().next().copied();
            let Some(number) = oldest.filter(|n| Some(*n) != active) else { break };
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

    fn unlink(&self, number: u64) {
        self.segments.write().unwrap_or_else(PoisonError::into_inner).remove(&number);
        if let Err(error) = std::fs::remove_file(self.path(number)) {
            tracing::warn!(%error, segment = number, "cannot remove a segment");
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
        let file = OpenOptions::new().read(true).append(true).create_new(true).open(self.path(number))?;
        let segment = Arc::new(Segment { file, length: AtomicU64::new(0), dead: AtomicU64::new(0) });
        self.segments.write().unwrap_or_else(PoisonError::into_inner).insert(number, segment.clone());
        Ok((number, segment))
    }

    fn append(&self, parts: &[&[u8]], length: u64) -> io::Result<Place> {
        let mut active = lock(&self.active);
        let current = match active.take() {
            Some((number, segment)) if segment.length.load(Ordering::Relaxed) + length <= self.segment_bytes => {
                (number, segment)
            }
            _ => self.start_segment()?,
        };
        let (number, segment) = &current;
        let offset = segment.length.load(Ordering::Relaxed);
        let written = write_all(&segment.file, parts);
        if let Err(error) = written {
            // What was half written is unknown: never append to this segment again.
            let end = segment.file.metadata().map_or(offset + length, |m| m.len());
            segment.length.store(end, Ordering::Relaxed);
            return Err(error);
        }
        segment.length.store(offset + length, Ordering::Relaxed);
        let place = Place { segment: *number, offset, length };
        *active = Some(current);
        Ok(place)
    }
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
        if end.is_none_or(|end| end > segment.length.load(Ordering::Relaxed)) {
            return Err(StoreError("the place lies past the end of its segment".to_owned()));
        }
        let mut bytes = vec![0; place.length as usize];
        segment.file.read_exact_at(&mut bytes, place.offset).map_err(|e| StoreError(e.to_string()))?;
        Ok(bytes)
    }

    fn release(&self, place: &Place) {
        let Some(segment) = self.read().get(&place.segment).cloned() else { return };
        let dead = segment.dead.fetch_add(place.length, Ordering::Relaxed) + place.length;
        let active = lock(&self.active).as_ref().is_some_and(|(number, _)| *number == place.segment);
        if !active && dead >= segment.length.load(Ordering::Relaxed) {
            self.unlink(place.segment);
        }
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
        let gone = store.evict();
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
        assert_eq!(segments(folder.path()), 1);
        assert!(store.get(&a).is_err());
        assert!(store.get(&b).is_ok());
    }
}
