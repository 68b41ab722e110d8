//! The purge index: for everything that was ever named by a purge, the newest position at which it was.
//!
//! Reading and writing keep one order (rule L2). *Apply* writes every slot, then raises the epoch, then publishes the
//! head. A *check* loads the epoch first, then probes, and remembers that epoch: whatever was applied after the load makes
//! the next check probe again. Slots only grow, so applying twice or out of order is harmless.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::RwLock;
use std::sync::atomic::{AtomicU64, Ordering};

use plan::{Digest, ExactName, Label, LogId, MasterId, NameHash, Position, Selector, Stamp};

use globset::GlobMatcher;

use crate::matches;
use crate::ports::LogIdentity;
use crate::record::{Mode, Record};

const SHARDS: usize = 64;

/// Name spaces of [`plan::KeySecret::name`].
mod space {
    pub const MASTER: u8 = 1;
    pub const EXACT: u8 = 2;
    pub const PREFIX: u8 = 3;
    pub const PART: u8 = 4;
    pub const TAG: u8 = 5;
    pub const LABEL: u8 = 6;
}

/// The newest positions at which one name was purged, hard and soft apart: a soft purge never weakens a hard one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Slot {
    /// Newest hard purge; [`Position::START`] for never.
    pub hard: Position,
    /// Newest soft purge.
    pub soft: Position,
}

impl Slot {
    fn raise(&mut self, mode: Mode, position: Position) {
        let place = if mode.is_hard() { &mut self.hard } else { &mut self.soft };
        *place = (*place).max(position);
    }

    /// The later of two, hard and soft apart.
    #[must_use]
    pub fn or_later(self, other: Slot) -> Slot {
        Slot { hard: self.hard.max(other.hard), soft: self.soft.max(other.soft) }
    }
}

/// A master that some bytes were made from, under the hash by which the index knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// Which master.
    pub master: MasterId,
    /// Its name hash.
    pub hash: NameHash,
    /// What part it took.
    pub role: Role,
    /// As of when its bytes (or its absence) are known good.
    pub stamp: Position,
    /// The hash of its bytes; `None` where it was looked for and was not there.
    pub digest: Option<Digest>,
}

/// What part a master took in some bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// It is what the bytes show, or was looked for in its place.
    Main,
    /// It was put on: an overlay, a mask and the like, at any depth.
    Part,
}

/// What a purge check is about: some bytes, what names them, and as of when they are good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// The least of the fill's own start and the stamps of everything it used.
    pub stamp: Stamp,
    /// The exact name of a derivative, with its hash; `None` for a master's own bytes.
    pub exact: Option<(ExactName, NameHash)>,
    /// Everything that was consulted, misses included.
    pub dependencies: Vec<Dependency>,
    /// The tags of all that, and the built-in ones.
    pub labels: Vec<Label>,
}

/// The outcome of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// No purge names it.
    Fresh,
    /// Softly purged: stale.
    Stale,
    /// Hard purged: unusable.
    Purged,
    /// Its stamp counts in another log: unusable.
    OtherLog,
}

#[derive(Default)]
struct Identity(u64);

/// Name hashes are uniform already.
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

type Shard = RwLock<HashMap<u64, Slot, BuildHasherDefault<Identity>>>;

/// The purge index of one node.
pub struct Index {
    identity: LogIdentity,
    head: AtomicU64,
    epoch: AtomicU64,
    floor: AtomicU64,
    all_hard: AtomicU64,
    all_soft: AtomicU64,
    shards: Vec<Shard>,
    /// Lengths in bytes of the prefixes that were purged, sorted. A check probes once per length that the name has.
    prefix_lengths: RwLock<Vec<u32>>,
    /// Live globs, in the order in which they were applied.
    globs: RwLock<Vec<Glob>>,
}

/// A glob that the floor has not passed yet.
struct Glob {
    pattern: String,
    matcher: GlobMatcher,
    slot: Slot,
}

impl Index {
    /// An empty index for a log.
    pub fn new(identity: LogIdentity) -> Self {
        Index {
            identity,
            head: AtomicU64::new(0),
            epoch: AtomicU64::new(1),
            floor: AtomicU64::new(0),
            all_hard: AtomicU64::new(0),
            all_soft: AtomicU64::new(0),
            shards: (0..SHARDS).map(|_| Shard::default()).collect(),
            prefix_lengths: RwLock::default(),
            globs: RwLock::default(),
        }
    }

    /// The log and secret that it belongs to.
    pub fn identity(&self) -> &LogIdentity {
        &self.identity
    }

    /// The applied head as a stamp: what a fill that starts now takes.
    pub fn now(&self) -> Stamp {
        Stamp { log: self.identity.log, position: self.head() }
    }

    /// The applied head.
    pub fn head(&self) -> Position {
        Position(self.head.load(Ordering::Acquire))
    }

    /// A node-local number that every change of the index raises. An entry that was found fresh under it is still fresh.
    pub fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    /// Number of names held.
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| read(shard).len()).sum()
    }

    /// Whether nothing but "everything" was ever purged.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A dependency on a master as of a position.
    pub fn dependency(&self, master: MasterId, role: Role, stamp: Position, digest: Option<Digest>) -> Dependency {
        Dependency { hash: self.master_hash(&master), master, role, stamp, digest }
    }

    /// The hash by which the index knows a master.
    pub fn master_hash(&self, master: &MasterId) -> NameHash {
        self.identity.secret.name(space::MASTER, master.as_str().as_bytes())
    }

    /// An exact name with the hash by which the index knows it.
    pub fn exact(&self, name: ExactName) -> (ExactName, NameHash) {
        (name, self.identity.secret.name(space::EXACT, &name.0))
    }

    /// Says that everything up to a position is applied or irrelevant: the end of a replay.
    pub fn replayed_to(&self, position: Position) {
        self.epoch.fetch_add(1, Ordering::Release);
        self.head.fetch_max(position.0, Ordering::Release);
    }

    /// Applies records in order and publishes the last one's position as the head.
    pub fn apply<'r>(&self, records: impl IntoIterator<Item = &'r Record>) {
        let mut head = Position::START;
        for record in records {
            for selector in record.targets.iter().flat_map(|t| &t.selectors) {
                self.write(selector, record.mode, record.position);
            }
            head = head.max(record.position);
        }
        self.epoch.fetch_add(1, Ordering::Release);
        self.head.fetch_max(head.0, Ordering::Release);
    }

    fn write(&self, selector: &Selector, mode: Mode, position: Position) {
        let secret = &self.identity.secret;
        match selector {
            Selector::All => {
                let slot = if mode.is_hard() { &self.all_hard } else { &self.all_soft };
                slot.fetch_max(position.0, Ordering::Release);
            }
            Selector::Master(id) => self.raise(secret.name(space::MASTER, id.as_str().as_bytes()), mode, position),
            Selector::Exact(name) => self.raise(secret.name(space::EXACT, &name.0), mode, position),
            Selector::Prefix(text) => self.write_prefix(text, mode, position),
            Selector::Source(location) => self.write_prefix(location.as_str(), mode, position),
            Selector::Dependency(id) => self.raise(secret.name(space::PART, id.as_str().as_bytes()), mode, position),
            Selector::Tag(tag, None) => self.raise(secret.name(space::TAG, tag.as_str().as_bytes()), mode, position),
            Selector::Tag(tag, Some(source)) => {
                let label = Label { tag: tag.clone(), source: source.clone() };
                self.raise(secret.name(space::LABEL, label.to_string().as_bytes()), mode, position);
            }
            Selector::Glob(pattern) => self.write_glob(pattern, mode, position),
        }
    }

    fn write_glob(&self, pattern: &str, mode: Mode, position: Position) {
        let mut globs = write(&self.globs);
        match globs.iter_mut().find(|glob| glob.pattern == pattern) {
            Some(glob) => glob.slot.raise(mode, position),
            None => {
                // Whoever accepts a purge has read the pattern before; one that cannot be read names nothing.
                let Ok(matcher) = matches::glob(pattern) else { return };
                let mut slot = Slot::default();
                slot.raise(mode, position);
                globs.push(Glob { pattern: pattern.to_owned(), matcher, slot });
            }
        }
    }

    fn write_prefix(&self, text: &str, mode: Mode, position: Position) {
        self.raise(self.identity.secret.name(space::PREFIX, text.as_bytes()), mode, position);
        let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
        let known = read(&self.prefix_lengths).binary_search(&length).is_ok();
        if !known {
            let mut lengths = write(&self.prefix_lengths);
            if let Err(at) = lengths.binary_search(&length) {
                lengths.insert(at, length);
            }
        }
    }

    fn raise(&self, name: NameHash, mode: Mode, position: Position) {
        write(self.shard(name)).entry(name.0).or_default().raise(mode, position);
    }

    fn shard(&self, name: NameHash) -> &Shard {
        &self.shards[(name.0 >> 58) as usize]
    }

    fn probe(&self, name: NameHash) -> Slot {
        read(self.shard(name)).get(&name.0).copied().unwrap_or_default()
    }

    fn newest_everything(&self) -> Slot {
        Slot {
            hard: Position(self.all_hard.load(Ordering::Acquire)),
            soft: Position(self.all_soft.load(Ordering::Acquire)),
        }
    }

    /// The newest purge of anything that names this master: itself, a prefix of it, its source, everything.
    pub fn newest_of_master(&self, master: &MasterId, hash: NameHash) -> Slot {
        let mut newest = self.newest_everything().or_later(self.probe(hash));
        let text = master.as_str().as_bytes();
        for length in read(&self.prefix_lengths).iter() {
            let Some(prefix) = text.get(..*length as usize) else { break };
            newest = newest.or_later(self.probe(self.identity.secret.name(space::PREFIX, prefix)));
        }
        for glob in read(&self.globs).iter().filter(|glob| glob.matcher.is_match(master.as_str())) {
            newest = newest.or_later(glob.slot);
        }
        newest
    }

    /// The newest purge of any of these tags, everywhere or in their sources.
    pub fn newest_of_labels(&self, labels: &[Label]) -> Slot {
        let secret = &self.identity.secret;
        labels.iter().fold(Slot::default(), |newest, label| {
            let everywhere = self.probe(secret.name(space::TAG, label.tag.as_str().as_bytes()));
            newest.or_later(everywhere).or_later(self.probe(secret.name(space::LABEL, label.to_string().as_bytes())))
        })
    }

    /// The newest purge of one derivative in all its formats, or of everything.
    pub fn newest_of_exact(&self, hash: NameHash) -> Slot {
        self.newest_everything().or_later(self.probe(hash))
    }

    /// The newest purge of anything that names a subject.
    pub fn newest_of(&self, subject: &Subject) -> Slot {
        let mut newest = self.newest_everything();
        if let Some((_, hash)) = subject.exact {
            newest = newest.or_later(self.probe(hash));
        }
        for dependency in &subject.dependencies {
            newest = newest.or_later(self.newest_of_master(&dependency.master, dependency.hash));
            if dependency.role == Role::Part {
                let name = self.identity.secret.name(space::PART, dependency.master.as_str().as_bytes());
                newest = newest.or_later(self.probe(name));
            }
        }
        newest.or_later(self.newest_of_labels(&subject.labels))
    }

    /// Judges a subject, and says under which epoch: while [`Index::epoch`] still answers that, so does this.
    pub fn judge(&self, subject: &Subject) -> (Verdict, u64) {
        let epoch = self.epoch();
        if subject.stamp.log != self.identity.log {
            return (Verdict::OtherLog, epoch);
        }
        let newest = self.newest_of(subject);
        let stamp = subject.stamp.position;
        let verdict = if stamp < newest.hard || stamp.0 < self.floor.load(Ordering::Acquire) {
            Verdict::Purged
        } else if stamp < newest.soft {
            Verdict::Stale
        } else {
            Verdict::Fresh
        };
        (verdict, epoch)
    }

    /// The stamp that a result bears in the cache: the one its fill took at its start.
    ///
    /// With the feature `mutant-stamp-at-store` this is the head at the time of storing, which is the classic mistake.
    pub fn stamp_to_store(&self, start: Stamp) -> Stamp {
        if cfg!(feature = "mutant-stamp-at-store") { self.now() } else { start }
    }

    /// The position below which nothing is valid, whatever else is known.
    pub fn floor(&self) -> Position {
        Position(self.floor.load(Ordering::Acquire))
    }

    /// Raises the floor, never above the head. It must be durable in the ledger before.
    pub fn raise_floor(&self, to: Position) {
        let to = to.min(self.head());
        self.floor.fetch_max(to.0, Ordering::AcqRel);
        self.epoch.fetch_add(1, Ordering::Release);
    }

    pub(crate) fn log(&self) -> LogId {
        self.identity.log
    }

    /// The head is read first: what is applied meanwhile may then be in the slots and is replayed once more, which is
    /// harmless. The other way round it could be missing and never be replayed.
    pub(crate) fn parts(&self) -> Parts {
        let head = self.head();
        let mut slots = Vec::with_capacity(self.len());
        for shard in &self.shards {
            slots.extend(read(shard).iter().map(|(name, slot)| (*name, *slot)));
        }
        Parts {
            head,
            floor: self.floor(),
            all: self.newest_everything(),
            prefix_lengths: read(&self.prefix_lengths).clone(),
            globs: read(&self.globs).iter().map(|glob| (glob.pattern.clone(), glob.slot)).collect(),
            slots,
        }
    }

    pub(crate) fn restore(&self, parts: Parts) {
        for (name, slot) in parts.slots {
            let mut shard = write(self.shard(NameHash(name)));
            let held = shard.entry(name).or_default();
            *held = held.or_later(slot);
        }
        *write(&self.prefix_lengths) = parts.prefix_lengths;
        for (pattern, slot) in parts.globs {
            self.write_glob(&pattern, Mode::Hard, slot.hard);
            self.write_glob(&pattern, Mode::Soft, slot.soft);
        }
        self.all_hard.fetch_max(parts.all.hard.0, Ordering::Release);
        self.all_soft.fetch_max(parts.all.soft.0, Ordering::Release);
        self.floor.fetch_max(parts.floor.0, Ordering::Release);
        self.epoch.fetch_add(1, Ordering::Release);
        self.head.fetch_max(parts.head.0, Ordering::Release);
    }
}

/// What an index consists of, for its snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Parts {
    pub head: Position,
    pub floor: Position,
    pub all: Slot,
    pub prefix_lengths: Vec<u32>,
    pub globs: Vec<(String, Slot)>,
    pub slots: Vec<(u64, Slot)>,
}

/// A poisoned lock guards plain numbers that only grow: what is there is right.
fn read<T>(lock: &RwLock<T>) -> std::sync::RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> std::sync::RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use plan::{KeySecret, Location};
    use proptest::prelude::*;

    use super::*;
    use crate::record::{PurgeId, Target, Via};

    pub(crate) fn index() -> Index {
        Index::new(LogIdentity { log: LogId(7), secret: KeySecret::new([9; 32]) })
    }

    fn record(position: u64, mode: Mode, selectors: Vec<Selector>) -> Record {
        Record {
            position: Position(position),
            id: PurgeId(position.into()),
            mode,
            targets: vec![Target { said: String::new(), selectors }],
            actor: String::new(),
            via: Via::Native,
            from: String::new(),
            accepted_at: 0,
            terms: None,
        }
    }

    fn subject(index: &Index, stamp: u64, exact: Option<u8>, masters: &[&str]) -> Subject {
        Subject {
            stamp: Stamp { log: LogId(7), position: Position(stamp) },
            exact: exact.map(|n| index.exact(ExactName([n; 16]))),
            dependencies: masters
                .iter()
                .map(|m| index.dependency(MasterId::from_canonical(m), Role::Main, Position(stamp), None))
                .collect(),
            labels: Vec::new(),
        }
    }

    #[test]
    fn each_selector_voids_what_it_names_and_nothing_else() {
        let master = |text: &str| Selector::Master(MasterId::from_canonical(text));
        for (selector, hit, spared) in [
            (master("file:/p/a.jpg"), vec!["file:/p/a.jpg"], vec!["file:/p/a.jpg2", "file:/p/A.jpg", "file:/p/a.jp"]),
            (Selector::Prefix("file:/p/x".into()), vec!["file:/p/x", "file:/p/x/y", "file:/p/xy"], vec!["file:/p/"]),
            (Selector::Source(Location::new("//h/m")), vec!["//h/m/a", "//h/m/b/c"], vec!["//h/ma", "//h2/m/a"]),
            (Selector::All, vec!["file:/p/a.jpg", "//h/m/a"], vec![]),
        ] {
            let index = index();
            index.apply(&[record(1, Mode::Hard, vec![selector.clone()])]);
            for text in hit {
                assert_eq!(index.judge(&subject(&index, 0, None, &[text])).0, Verdict::Purged, "{selector} {text}");
                assert_eq!(
                    index.judge(&subject(&index, 0, None, &["//x/y", text])).0,
                    Verdict::Purged,
                    "as dependency"
                );
                assert_eq!(index.judge(&subject(&index, 1, None, &[text])).0, Verdict::Fresh, "refilled after it");
            }
            for text in spared {
                assert_eq!(index.judge(&subject(&index, 0, None, &[text])).0, Verdict::Fresh, "{selector} {text}");
            }
        }
    }

    #[test]
    fn an_exact_purge_spares_siblings() {
        let index = index();
        index.apply(&[record(1, Mode::Hard, vec![Selector::Exact(ExactName([1; 16]))])]);
        assert_eq!(index.judge(&subject(&index, 0, Some(1), &["//h/a"])).0, Verdict::Purged);
        assert_eq!(index.judge(&subject(&index, 0, Some(2), &["//h/a"])).0, Verdict::Fresh);
        assert_eq!(index.judge(&subject(&index, 0, None, &["//h/a"])).0, Verdict::Fresh, "the master's own bytes stay");
    }

    #[test]
    fn soft_never_weakens_hard() {
        let index = index();
        let a = || vec![Selector::Master(MasterId::from_canonical("//h/a"))];
        index.apply(&[record(1, Mode::Hard, a()), record(2, Mode::Soft, a())]);
        assert_eq!(index.judge(&subject(&index, 0, None, &["//h/a"])).0, Verdict::Purged);
        assert_eq!(index.judge(&subject(&index, 1, None, &["//h/a"])).0, Verdict::Stale);
        assert_eq!(index.judge(&subject(&index, 2, None, &["//h/a"])).0, Verdict::Fresh);
    }

    #[test]
    fn another_log_is_a_miss_and_the_floor_holds() {
        let index = index();
        let mut foreign = subject(&index, 5, None, &["//h/a"]);
        foreign.stamp.log = LogId(8);
        assert_eq!(index.judge(&foreign).0, Verdict::OtherLog);
        index.apply(&[record(3, Mode::Hard, vec![Selector::Exact(ExactName([0; 16]))])]);
        index.raise_floor(Position(99));
        assert_eq!(index.floor(), Position(3), "never above the head");
        assert_eq!(index.judge(&subject(&index, 2, None, &["//h/a"])).0, Verdict::Purged);
        assert_eq!(index.judge(&subject(&index, 3, None, &["//h/a"])).0, Verdict::Fresh);
    }

    #[test]
    fn every_change_raises_the_epoch() {
        let index = index();
        let before = index.epoch();
        index.apply(&[record(1, Mode::Hard, vec![Selector::All])]);
        assert!(index.epoch() > before);
        assert_eq!(index.head(), Position(1));
    }

    /// The same question answered by looking at every record.
    fn naive(records: &[Record], subject: &Subject) -> Verdict {
        let names = |selector: &Selector| match selector {
            Selector::All => true,
            Selector::Master(id) => subject.dependencies.iter().any(|d| d.master == *id),
            Selector::Exact(name) => subject.exact.is_some_and(|(exact, _)| exact == *name),
            Selector::Prefix(text) => subject.dependencies.iter().any(|d| d.master.as_str().starts_with(text.as_str())),
            Selector::Source(at) => subject.dependencies.iter().any(|d| d.master.as_str().starts_with(at.as_str())),
            other => unreachable!("{other}"),
        };
        let newest = |mode: Mode| {
            records
                .iter()
                .filter(|r| r.mode == mode && r.targets.iter().any(|t| t.selectors.iter().any(names)))
                .map(|r| r.position)
                .max()
                .unwrap_or_default()
        };
        if subject.stamp.position < newest(Mode::Hard) {
            Verdict::Purged
        } else if subject.stamp.position < newest(Mode::Soft) {
            Verdict::Stale
        } else {
            Verdict::Fresh
        }
    }

    fn path() -> impl Strategy<Value = String> {
        "(//h/|//g/)[ab]{0,3}(/[ab]{0,2})?"
    }

    fn selector() -> impl Strategy<Value = Selector> {
        prop_oneof![
            4 => path().prop_map(|p| Selector::Master(MasterId::from_canonical(&p))),
            2 => (0u8..4).prop_map(|n| Selector::Exact(ExactName([n; 16]))),
            3 => path().prop_map(Selector::Prefix),
            1 => Just(Selector::Source(Location::new("//h"))),
            1 => Just(Selector::All),
        ]
    }

    proptest! {
        #[test]
        fn agrees_with_a_walk_over_the_log(
            selectors in prop::collection::vec((selector(), any::<bool>()), 0..24),
            stamp in 0u64..24,
            exact in prop::option::of(0u8..4),
            masters in prop::collection::vec(path(), 1..3),
            split in 0usize..24,
        ) {
            let records: Vec<Record> = selectors
                .into_iter()
                .zip(1..)
                .map(|((s, hard), at)| record(at, if hard { Mode::Hard } else { Mode::Soft }, vec![s]))
                .collect();
            let index = index();
            let masters: Vec<&str> = masters.iter().map(String::as_str).collect();
            let subject = subject(&index, stamp, exact, &masters);
            let split = split.min(records.len());
            index.apply(&records[..split]);
            // Through a snapshot and a replay that overlaps it.
            let other = self::index();
            other.restore(index.parts());
            other.apply(&records[split.saturating_sub(2)..]);
            prop_assert_eq!(other.judge(&subject).0, naive(&records, &subject));
        }
    }
}
