//! Slots by name: a sharded map that never holds more than its cap, and the sketch that takes what it has to let go.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use plan::{NameHash, Position};

use crate::record::Mode;

pub(crate) const SHARDS: usize = 64;

/// The newest positions at which one name was purged, hard and soft apart: a soft purge never weakens a hard one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Slot {
    /// Newest hard purge; [`Position::START`] for never.
    pub hard: Position,
    /// Newest soft purge.
    pub soft: Position,
}

impl Slot {
    pub(crate) fn at(mode: Mode, position: Position) -> Slot {
        match mode.is_hard() {
            true => Slot { hard: position, soft: Position::START },
            false => Slot { hard: Position::START, soft: position },
        }
    }

    /// The newest of either mode.
    pub fn newest(self) -> Position {
        self.hard.max(self.soft)
    }

    /// The later of two, hard and soft apart.
    #[must_use]
    pub fn or_later(self, other: Slot) -> Slot {
        Slot { hard: self.hard.max(other.hard), soft: self.soft.max(other.soft) }
    }
}

/// A slot that many threads raise and read.
#[derive(Default)]
pub(crate) struct AtomicSlot {
    hard: AtomicU64,
    soft: AtomicU64,
}

impl AtomicSlot {
    pub fn raise(&self, slot: Slot) {
        self.hard.fetch_max(slot.hard.0, Ordering::Release);
        self.soft.fetch_max(slot.soft.0, Ordering::Release);
    }

    pub fn get(&self) -> Slot {
        let load = |half: &AtomicU64| Position(half.load(Ordering::Acquire));
        Slot { hard: load(&self.hard), soft: load(&self.soft) }
    }
}

/// Name hashes are uniform already.
#[derive(Default)]
pub(crate) struct Identity(u64);

impl Hasher for Identity {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }
    fn write_u64(&mut self, n: u64) {
        self.0 = n;
    }
}

type Shard = HashMap<u64, Slot, BuildHasherDefault<Identity>>;

pub(crate) struct Slots {
    shards: Box<[RwLock<Shard>]>,
    /// Most names of one shard.
    cap: usize,
    /// Number of cells that the sketch will have, a power of two.
    cells: usize,
    sketch: OnceLock<Box<[AtomicSlot]>>,
}

impl Slots {
    pub fn new(names: usize, cells: usize) -> Self {
        Slots {
            shards: (0..SHARDS).map(|_| RwLock::default()).collect(),
            cap: names.div_ceil(SHARDS).max(1),
            cells: cells.next_power_of_two(),
            sketch: OnceLock::new(),
        }
    }

    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| read(shard).len()).sum()
    }

    pub fn cells(&self) -> usize {
        self.cells
    }

    /// Notes that a name was purged.
    pub fn raise(&self, name: NameHash, slot: Slot) {
        let shard = self.shard(name);
        let full = {
            let mut shard = write(shard);
            let held = shard.entry(name.0).or_default();
            *held = held.or_later(slot);
            shard.len() > self.cap
        };
        if full {
            // Its memory is taken before the lock, for checks wait on that.
            self.sketch();
            self.fold(&mut write(shard));
        }
    }

    /// The newest purges of a name; of others too where the sketch confuses them: too much, never too little.
    ///
    /// What leaves the map is in the sketch before, so it is read in this order.
    pub fn probe(&self, name: NameHash) -> Slot {
        let held = read(self.shard(name)).get(&name.0).copied().unwrap_or_default();
        match self.sketch.get() {
            None => held,
            Some(cells) => held.or_later(cells[self.cell(name)].get()),
        }
    }

    /// Moves the oldest eighth of a shard into the sketch: work of about eight names for each name that comes.
    fn fold(&self, shard: &mut Shard) {
        let mut ages: Vec<Position> = shard.values().map(|slot| slot.newest()).collect();
        if ages.len() <= self.cap {
            return;
        }
        let eighth = ages.len() / 8;
        let cut = *ages.select_nth_unstable(eighth).1;
        let cells = self.sketch();
        shard.retain(|name, slot| {
            let stays = slot.newest() > cut;
            if !stays {
                cells[self.cell(NameHash(*name))].raise(*slot);
            }
            stays
        });
    }

    /// Forgets names of which the floor says as much; it must be in force already.
    pub fn drop_covered(&self, floor: Position) {
        for shard in &self.shards {
            let mut shard = write(shard);
            shard.retain(|_, slot| slot.newest() > floor);
            if shard.capacity() > 4 * shard.len() {
                shard.shrink_to_fit();
            }
        }
    }

    /// The names of one shard as they stand.
    pub fn copy_shard(&self, number: usize, into: &mut Vec<(u64, Slot)>) {
        into.clear();
        into.extend(read(&self.shards[number]).iter().map(|(name, slot)| (*name, *slot)));
    }

    /// Adds the names of one shard, as [`Slots::copy_shard`] gave them.
    pub fn restore_shard(&self, number: usize, names: impl ExactSizeIterator<Item = (u64, Slot)>) {
        {
            let mut shard = write(&self.shards[number]);
            shard.reserve(names.len());
            for (name, slot) in names {
                let held = shard.entry(name).or_default();
                *held = held.or_later(slot);
            }
        }
        // A smaller cap than the one that they were saved under.
        while read(&self.shards[number]).len() > self.cap {
            self.sketch();
            self.fold(&mut write(&self.shards[number]));
        }
    }

    /// Whether a name belongs in this shard.
    pub fn is_of_shard(name: u64, number: usize) -> bool {
        shard_of(NameHash(name)) == number
    }

    /// The cells of the sketch that say more than the floor.
    pub fn copy_sketch(&self, floor: Position) -> Vec<(u32, Slot)> {
        let cells = self.sketch.get().map_or(&[][..], |cells| cells);
        (0..).zip(cells).map(|(n, cell)| (n, cell.get())).filter(|(_, slot)| slot.newest() > floor).collect()
    }

    /// Raises a cell of the sketch; ignored past its end.
    pub fn restore_cell(&self, cell: u32, slot: Slot) {
        if let Some(cell) = self.sketch().get(cell as usize) {
            cell.raise(slot);
        }
    }

    fn sketch(&self) -> &[AtomicSlot] {
        self.sketch.get_or_init(|| (0..self.cells).map(|_| AtomicSlot::default()).collect())
    }

    fn cell(&self, name: NameHash) -> usize {
        name.0 as usize & (self.cells - 1)
    }

    fn shard(&self, name: NameHash) -> &RwLock<Shard> {
        &self.shards[shard_of(name)]
    }
}

/// Bits that the map within a shard does not use: it looks at the lowest and at the seven highest.
fn shard_of(name: NameHash) -> usize {
    (name.0 >> 48) as usize % SHARDS
}

/// A poisoned lock guards plain numbers that only grow: what is there is right.
pub(crate) fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}
