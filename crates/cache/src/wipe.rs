//! Making bytes of a file unreadable.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use rustix::fs::FallocateFlags;

use crate::ranges::Ranges;

/// Bytes written or read in one go.
pub(crate) const STEP: u64 = 256 << 10;

static ZEROS: [u8; STEP as usize] = [0; STEP as usize];

/// Overwrites ranges of a file with zeros and waits until the disk has them. The ranges must lie within the file.
pub(crate) fn overwrite(file: &File, ranges: &Ranges) -> io::Result<()> {
    for (from, to) in ranges.iter() {
        let mut at = from;
        while at < to {
            let step = (to - at).min(STEP);
            file.write_all_at(&ZEROS[..step as usize], at)?;
            at += step;
        }
    }
    // Zeros first: a hole alone gives the blocks back with the old bytes in them.
    file.sync_data()
}

const BLOCK: u64 = 4096;
/// A smaller hole is not worth its price: on ext4 a hole took 1.4 ms, twenty times what overwriting and flushing 8 KiB did.
const SMALLEST_HOLE: u64 = 256 << 10;

/// Gives the whole blocks of large ranges back to the file system, if it can. What is read from there is zeros, as before.
pub(crate) fn punch(file: &File, ranges: &Ranges) {
    let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
    for (from, to) in ranges.iter() {
        let (from, to) = (from.next_multiple_of(BLOCK), to / BLOCK * BLOCK);
        if from + SMALLEST_HOLE <= to && rustix::fs::fallocate(file, flags, from, to - from).is_err() {
            return;
        }
    }
}

/// The part of a range that is not zeros already, in whole steps. `pace` is told of every step that was read.
pub(crate) fn not_zero(file: &File, from: u64, to: u64, pace: &mut dyn FnMut(u64)) -> io::Result<Ranges> {
    let mut found = Ranges::default();
    let mut buffer = vec![0; STEP as usize];
    let mut at = from;
    while at < to {
        let step = (to - at).min(STEP);
        let read = &mut buffer[..step as usize];
        file.read_exact_at(read, at)?;
        if read.iter().any(|byte| *byte != 0) {
            found.insert(at, at + step);
        }
        pace(step);
        at += step;
    }
    Ok(found)
}
