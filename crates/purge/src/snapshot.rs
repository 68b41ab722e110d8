//! A snapshot of the index, so that a start need not replay the whole log (rule L7).
//!
//! Layout, all little-endian: magic, log id (16 bytes), head, floor, hard and soft of "everything" (8 each), number of
//! prefix lengths (4) and each (4), number of globs (4) and each as length (4), text, hard, soft (8 each), number of names (8) and each as hash, hard, soft (8 each), BLAKE3 of all before (32).

use std::io::Write as _;
use std::path::Path;

use plan::Position;

use crate::index::{Index, Parts, Slot};

const MAGIC: &[u8; 8] = b"AFTIDX02";

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
    let bytes = encode(index);
    let fresh = path.with_extension("new");
    let mut file = std::fs::File::create(&fresh)?;
    file.write_all(&bytes)?;
    file.sync_all()?;
    std::fs::rename(&fresh, path)?;
    Ok(())
}

/// Loads a snapshot into an empty index and answers the head that it stands for.
///
/// # Errors
/// When there is none, or it cannot be trusted; the index is then unchanged.
pub fn load(index: &Index, path: &Path) -> Result<Position, SnapshotError> {
    let bytes = std::fs::read(path)?;
    let parts = decode(index, &bytes)?;
    let head = parts.head;
    index.restore(parts);
    Ok(head)
}

fn encode(index: &Index) -> Vec<u8> {
    let parts = index.parts();
    let mut out = Vec::with_capacity(128 + parts.prefix_lengths.len() * 4 + parts.slots.len() * 24);
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&index.log().0.to_le_bytes());
    for n in [parts.head, parts.floor, parts.all.hard, parts.all.soft] {
        out.extend_from_slice(&n.0.to_le_bytes());
    }
    out.extend_from_slice(&(parts.prefix_lengths.len() as u32).to_le_bytes());
    for length in &parts.prefix_lengths {
        out.extend_from_slice(&length.to_le_bytes());
    }
    out.extend_from_slice(&(parts.globs.len() as u32).to_le_bytes());
    for (pattern, slot) in &parts.globs {
        out.extend_from_slice(&(pattern.len() as u32).to_le_bytes());
        out.extend_from_slice(pattern.as_bytes());
        out.extend_from_slice(&slot.hard.0.to_le_bytes());
        out.extend_from_slice(&slot.soft.0.to_le_bytes());
    }
    out.extend_from_slice(&(parts.slots.len() as u64).to_le_bytes());
    for (name, slot) in &parts.slots {
        for n in [*name, slot.hard.0, slot.soft.0] {
            out.extend_from_slice(&n.to_le_bytes());
        }
    }
    let sum = *blake3::hash(&out).as_bytes();
    out.extend_from_slice(&sum);
    out
}

fn decode(index: &Index, bytes: &[u8]) -> Result<Parts, SnapshotError> {
    let body_len = bytes.len().checked_sub(32).ok_or(SnapshotError::Unusable("too short"))?;
    let (body, sum) = bytes.split_at(body_len);
    if blake3::hash(body).as_bytes() != sum {
        return Err(SnapshotError::Unusable("checksum does not match"));
    }
    let mut reader = Reader(body);
    if reader.take::<8>()? != *MAGIC {
        return Err(SnapshotError::Unusable("another version"));
    }
    if u128::from_le_bytes(reader.take()?) != index.log().0 {
        return Err(SnapshotError::Unusable("another log"));
    }
    let mut position = || reader.u64().map(Position);
    let (head, floor) = (position()?, position()?);
    let all = Slot { hard: position()?, soft: position()? };
    let lengths = u32::from_le_bytes(reader.take()?);
    let prefix_lengths = (0..lengths).map(|_| reader.take().map(u32::from_le_bytes)).collect::<Result<Vec<_>, _>>()?;
    let globs = u32::from_le_bytes(reader.take()?);
    let globs = (0..globs)
        .map(|_| {
            let length = u32::from_le_bytes(reader.take()?) as usize;
            let pattern = reader.text(length)?;
            Ok((pattern, Slot { hard: Position(reader.u64()?), soft: Position(reader.u64()?) }))
        })
        .collect::<Result<Vec<_>, SnapshotError>>()?;
    let names = reader.u64()?;
    let slots = (0..names)
        .map(|_| Ok((reader.u64()?, Slot { hard: Position(reader.u64()?), soft: Position(reader.u64()?) })))
        .collect::<Result<Vec<_>, SnapshotError>>()?;
    if !reader.0.is_empty() {
        return Err(SnapshotError::Unusable("bytes left over"));
    }
    Ok(Parts { head, floor, all, prefix_lengths, globs, slots })
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], SnapshotError> {
        let (head, rest) = self.0.split_first_chunk::<N>().ok_or(SnapshotError::Unusable("too short"))?;
        self.0 = rest;
        Ok(*head)
    }

    fn text(&mut self, length: usize) -> Result<String, SnapshotError> {
        let (head, rest) = self.0.split_at_checked(length).ok_or(SnapshotError::Unusable("too short"))?;
        self.0 = rest;
        String::from_utf8(head.to_vec()).map_err(|_| SnapshotError::Unusable("a pattern is no text"))
    }

    fn u64(&mut self) -> Result<u64, SnapshotError> {
        self.take().map(u64::from_le_bytes)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use plan::{ExactName, KeySecret, LogId, Selector};

    use super::*;
    use crate::ports::LogIdentity;
    use crate::record::{Mode, PurgeId, Record, Target, Via};

    fn index(log: u128) -> Index {
        Index::new(LogIdentity { log: LogId(log), secret: KeySecret::new([3; 32]) })
    }

    #[test]
    fn survives_the_disk_and_no_damage() {
        let old = index(1);
        let record = Record {
            position: Position(5),
            id: PurgeId(0),
            mode: Mode::Hard,
            targets: vec![Target {
                said: "x".into(),
                selectors: vec![
                    Selector::Exact(ExactName([1; 16])),
                    Selector::Prefix("//h/".into()),
                    Selector::Glob("//h/*.jpg".into()),
                    Selector::All,
                ],
            }],
            actor: String::new(),
            via: Via::Native,
            from: String::new(),
            accepted_at: 0,
            terms: None,
        };
        old.apply([&record]);
        let bytes = encode(&old);
        let mut parts = decode(&index(1), &bytes).unwrap();
        let mut expected = old.parts();
        parts.slots.sort_by_key(|s| s.0);
        expected.slots.sort_by_key(|s| s.0);
        assert_eq!(parts, expected);

        assert!(decode(&index(2), &bytes).is_err(), "another log");
        for at in 0..bytes.len() {
            let mut bad = bytes.clone();
            bad[at] ^= 1;
            assert!(decode(&index(1), &bad).is_err(), "flip at {at}");
            assert!(decode(&index(1), &bytes[..at]).is_err(), "cut at {at}");
        }
    }
}
