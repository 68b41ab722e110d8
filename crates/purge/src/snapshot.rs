//! A snapshot of the index, so that a start need not replay the whole log (rule L7).
//!
//! Layout, all little-endian; a slot is hard and soft (8 each):
//! - magic (8), log id (16), head (8);
//! - for each of the 64 shards: number of names (4), each as hash (8) and slot;
//! - the sketch: number of its cells (4), number of those in use (4), each as number (4) and slot;
//! - number of globs (4), each as length (4), text and slot;
//! - number of prefix lengths (4), each as length (4), newest whole and newest partial (8 each);
//! - newest of each kind of name (8 each), slot of "everything", floor (8);
//! - BLAKE3 of all before (32).
//!
//! It is written while purges come and names are forgotten. The head is read first: what is applied later may be in the
//! slots already and is replayed once more, which is harmless. And what names are forgotten for is read after the names:
//! the sketch, then the floor.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use plan::Position;

use crate::index::{Coarse, Index, KINDS, Length};
use crate::slots::{SHARDS, Slot, Slots};

const MAGIC: &[u8; 8] = b"AFTIDX03";

/// Bytes of a name in the snapshot.
const NAME: usize = 24;

/// Why a snapshot was not used; the start then replays the whole log.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// It cannot be read or written.
    #[error("snapshot of the purge index: {0}")]
    Io(#[from] std::io::Error),
    /// It is damaged, of another version or of another log.
    #[error("snapshot of the purge index: {0}")]
    Unusable(&'static str),
}

/// Writes a snapshot beside the old one and puts it in its place.
///
/// # Errors
/// When the folder cannot be written.
pub fn save(index: &Index, path: &Path) -> Result<(), SnapshotError> {
    let fresh = path.with_extension("new");
    let mut file = BufWriter::with_capacity(1 << 20, File::create(&fresh)?);
    encode(index, &mut file)?;
    file.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()?;
    std::fs::rename(&fresh, path)?;
    Ok(())
}

/// Loads a snapshot into an empty index and answers the head that it stands for.
///
/// # Errors
/// When there is none, or it cannot be trusted; the index is then unchanged.
pub fn load(index: &Index, path: &Path) -> Result<Position, SnapshotError> {
    let bytes = std::fs::read(path)?;
    Ok(restore(index, decode(index, &bytes)?))
}

fn encode(index: &Index, out: &mut dyn Write) -> std::io::Result<()> {
    let mut out = Hashing { out, hasher: blake3::Hasher::new() };
    out.bytes(MAGIC)?;
    out.bytes(&index.log().0.to_le_bytes())?;
    out.u64(index.head().0)?;
    let mut names = Vec::new();
    for shard in 0..SHARDS {
        index.slots().copy_shard(shard, &mut names);
        out.count(names.len())?;
        for (name, slot) in &names {
            out.u64(*name)?;
            out.slot(*slot)?;
        }
    }
    let cells = index.slots().copy_sketch(index.floor());
    out.count(index.slots().cells())?;
    out.count(cells.len())?;
    for (cell, slot) in cells {
        out.bytes(&cell.to_le_bytes())?;
        out.slot(slot)?;
    }
    let globs = index.globs().copy();
    out.count(globs.len())?;
    for (pattern, slot) in globs {
        out.count(pattern.len())?;
        out.bytes(pattern.as_bytes())?;
        out.slot(slot)?;
    }
    let coarse = index.coarse();
    out.count(coarse.lengths.len())?;
    for length in coarse.lengths {
        out.bytes(&length.bytes.to_le_bytes())?;
        out.slot(Slot { hard: length.whole, soft: length.partial })?;
    }
    coarse.kinds.into_iter().try_for_each(|newest| out.u64(newest.0))?;
    out.slot(coarse.everything)?;
    out.u64(coarse.floor.0)?;
    let hash = out.hasher.finalize();
    out.out.write_all(hash.as_bytes())
}

struct Hashing<'w> {
    out: &'w mut dyn Write,
    hasher: blake3::Hasher,
}

impl Hashing<'_> {
    fn bytes(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.hasher.update(bytes);
        self.out.write_all(bytes)
    }

    fn u64(&mut self, n: u64) -> std::io::Result<()> {
        self.bytes(&n.to_le_bytes())
    }

    fn count(&mut self, n: usize) -> std::io::Result<()> {
        self.bytes(&u32::try_from(n).unwrap_or(u32::MAX).to_le_bytes())
    }

    fn slot(&mut self, slot: Slot) -> std::io::Result<()> {
        let mut both = [0; 16];
        both[..8].copy_from_slice(&slot.hard.0.to_le_bytes());
        both[8..].copy_from_slice(&slot.soft.0.to_le_bytes());
        self.bytes(&both)
    }
}

/// A snapshot that was read through and can be trusted.
struct Parts<'a> {
    head: Position,
    /// Each a row of names of [`NAME`] bytes.
    shards: Vec<&'a [u8]>,
    cells: Vec<(u32, Slot)>,
    globs: Vec<(&'a str, Slot)>,
    coarse: Coarse,
}

fn decode<'a>(index: &Index, bytes: &'a [u8]) -> Result<Parts<'a>, SnapshotError> {
    let (body, hash) = bytes.split_last_chunk::<32>().ok_or(SnapshotError::Unusable("too short"))?;
    if blake3::hash(body) != blake3::Hash::from_bytes(*hash) {
        return Err(SnapshotError::Unusable("checksum does not match"));
    }
    let mut reader = Reader(body);
    if reader.array::<8>()? != *MAGIC {
        return Err(SnapshotError::Unusable("another version"));
    }
    if u128::from_le_bytes(reader.array()?) != index.log().0 {
        return Err(SnapshotError::Unusable("another log"));
    }
    let head = reader.position()?;
    let mut shards = Vec::with_capacity(SHARDS);
    for number in 0..SHARDS {
        let names = reader.rows(NAME)?;
        if !names.chunks_exact(NAME).all(|row| Slots::is_of_shard(name_of(row).0, number)) {
            return Err(SnapshotError::Unusable("a name in the wrong place"));
        }
        shards.push(names);
    }
    if reader.u32()? as usize != index.slots().cells() {
        return Err(SnapshotError::Unusable("a sketch of another size"));
    }
    let mut cells = Reader(reader.rows(20)?);
    let cells = cells.all(|row| Ok((row.u32()?, row.slot()?)))?;
    let globs = reader.u32()?;
    let globs = (0..globs)
        .map(|_| {
            let length = reader.u32()? as usize;
            Ok((reader.text(length)?, reader.slot()?))
        })
        .collect::<Result<Vec<_>, SnapshotError>>()?;
    let mut lengths = Reader(reader.rows(20)?);
    let lengths = lengths.all(|row| {
        let (bytes, slot) = (row.u32()?, row.slot()?);
        Ok(Length { bytes, whole: slot.hard, partial: slot.soft })
    })?;
    let mut kinds = [Position::START; KINDS];
    for newest in &mut kinds {
        *newest = reader.position()?;
    }
    let coarse = Coarse { lengths, kinds, everything: reader.slot()?, floor: reader.position()? };
    if !reader.0.is_empty() {
        return Err(SnapshotError::Unusable("bytes left over"));
    }
    Ok(Parts { head, shards, cells, globs, coarse })
}

fn restore(index: &Index, parts: Parts<'_>) -> Position {
    for (number, names) in parts.shards.into_iter().enumerate() {
        index.slots().restore_shard(number, names.chunks_exact(NAME).map(name_of));
    }
    for (cell, slot) in parts.cells {
        index.slots().restore_cell(cell, slot);
    }
    for (pattern, slot) in parts.globs {
        index.globs().raise(pattern, slot);
    }
    index.restore_coarse(parts.coarse);
    index.replayed_to(parts.head);
    parts.head
}

/// A row of names, whose length is [`NAME`].
fn name_of(row: &[u8]) -> (u64, Slot) {
    let part = |at: usize| u64::from_le_bytes(std::array::from_fn(|i| row[at + i]));
    (part(0), Slot { hard: Position(part(8)), soft: Position(part(16)) })
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], SnapshotError> {
        let (head, rest) = self.0.split_at_checked(length).ok_or(SnapshotError::Unusable("too short"))?;
        self.0 = rest;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], SnapshotError> {
        let (head, rest) = self.0.split_first_chunk::<N>().ok_or(SnapshotError::Unusable("too short"))?;
        self.0 = rest;
        Ok(*head)
    }

    /// A number, and so many rows of a width.
    fn rows(&mut self, width: usize) -> Result<&'a [u8], SnapshotError> {
        let number = self.u32()? as usize;
        self.take(number.checked_mul(width).ok_or(SnapshotError::Unusable("too short"))?)
    }

    fn all<T>(&mut self, row: impl Fn(&mut Self) -> Result<T, SnapshotError>) -> Result<Vec<T>, SnapshotError> {
        let mut rows = Vec::new();
        while !self.0.is_empty() {
            rows.push(row(self)?);
        }
        Ok(rows)
    }

    fn text(&mut self, length: usize) -> Result<&'a str, SnapshotError> {
        std::str::from_utf8(self.take(length)?).map_err(|_| SnapshotError::Unusable("a pattern is no text"))
    }

    fn u32(&mut self) -> Result<u32, SnapshotError> {
        self.array().map(u32::from_le_bytes)
    }

    fn position(&mut self) -> Result<Position, SnapshotError> {
        self.array().map(u64::from_le_bytes).map(Position)
    }

    fn slot(&mut self) -> Result<Slot, SnapshotError> {
        Ok(Slot { hard: self.position()?, soft: self.position()? })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used)]

    use plan::{ExactName, KeySecret, LogId, Selector};

    use super::*;
    use crate::index::Caps;
    use crate::ports::LogIdentity;
    use crate::record::{Mode, PurgeId, Record, Target, Via};

    /// What a save and a load make of an index.
    pub(crate) fn through_the_disk(index: &Index, caps: Caps) -> Index {
        let mut bytes = Vec::new();
        encode(index, &mut bytes).unwrap();
        let other = Index::with(index.identity().clone(), caps);
        restore(&other, decode(&other, &bytes).unwrap());
        other
    }

    #[test]
    fn survives_the_disk_and_no_damage() {
        let caps = Caps { names: 64, sketch: 8, ..Caps::default() };
        let index = |log| Index::with(LogIdentity { log: LogId(log), secret: KeySecret::new([3; 32]) }, caps);
        let old = index(1);
        let exact = (0..100).map(|n| Selector::Exact(ExactName([n; 16])));
        let others = [Selector::Prefix("//h/".into()), Selector::Glob("//h/*.jpg".into()), Selector::All];
        let record = Record {
            position: Position(5),
            id: PurgeId(0),
            mode: Mode::Hard,
            targets: vec![Target { said: "x".into(), selectors: exact.chain(others).collect() }],
            actor: String::new(),
            via: Via::Native,
            from: String::new(),
            accepted_at: 0,
            terms: None,
        };
        old.apply([&record]);
        old.restore_floor(Position(2));
        let saved = |index: &Index| {
            let mut bytes = Vec::new();
            encode(index, &mut bytes).unwrap();
            bytes
        };
        let bytes = saved(&old);
        let new = through_the_disk(&old, caps);
        assert_eq!((new.len(), new.live_globs(), new.head(), new.floor()), (old.len(), 1, Position(5), Position(2)));
        assert_eq!(saved(&new).len(), bytes.len(), "nothing was lost, nothing added");
        assert!(!new.slots().copy_sketch(Position::START).is_empty(), "the sketch came along");

        assert!(decode(&index(2), &bytes).is_err(), "another log");
        for at in 0..bytes.len() {
            let mut bad = bytes.clone();
            bad[at] ^= 1;
            assert!(decode(&index(1), &bad).is_err(), "flip at {at}");
            assert!(decode(&index(1), &bytes[..at]).is_err(), "cut at {at}");
        }
        // A count far beyond the file, under a checksum that is right.
        let mut bad = bytes[..bytes.len() - 32].to_vec();
        bad[32..36].copy_from_slice(&u32::MAX.to_le_bytes());
        let hash = blake3::hash(&bad);
        bad.extend_from_slice(hash.as_bytes());
        assert!(decode(&index(1), &bad).is_err());
    }
}
