//! The purge index: for everything that was ever named by a purge, the newest position at which it was.
//!
//! Reading and writing keep one order (rule L2). *Apply* writes every slot, then raises the epoch, then publishes the
//! head. A *check* loads the epoch first, then probes, and remembers that epoch: whatever was applied after the load makes
//! the next check probe again. Slots only grow, so applying twice or out of order is harmless.
//!
//! What is forgotten goes into something coarser first (rule L5), and a check reads the coarser one last: a name leaves
//! the map for the sketch when there are too many, and leaves either for the floor.

use std::collections::HashSet;
use std::sync::RwLock;
use std::sync::atomic::{AtomicU64, Ordering};

use plan::{Digest, ExactName, Label, LogId, MasterId, NameHash, Position, Selector, Stamp};

use crate::globs::Globs;
use crate::names::Names;
use crate::ports::LogIdentity;
use crate::record::{Record, Target};
use crate::slots::{AtomicSlot, Slot, Slots, read, write};
use crate::subject::{Dependency, Labels, Role, Subject};

/// How much an index holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    /// Most names, each about 50 bytes. Past it the oldest are folded into a sketch in which names may be taken for each
    /// other: what is older than the purge of a stranger may be fetched again, once.
    pub names: usize,
    /// Cells of that sketch, 16 bytes each, rounded up to a power of two. No memory is taken before it is needed.
    pub sketch: usize,
    /// Most patterns that the floor has not passed (rule L6).
    pub globs: usize,
}

impl Default for Caps {
    fn default() -> Self {
        Caps { names: 4_000_000, sketch: 1 << 22, globs: 1000 }
    }
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

/// Kinds of names that are kept apart only to know when a kind was last used: a check passes over a kind of which there
/// was no purge since its stamp.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Exact,
    Master,
    Part,
    Tag,
    TagInSource,
    Prefix,
}

/// Number of [`Kind`]s.
pub(crate) const KINDS: usize = 6;

/// That prefixes of one length were purged, and until when: those of whole segments and others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Length {
    pub bytes: u32,
    /// Newest of those that end in `/`.
    pub whole: Position,
    /// Newest of the others.
    pub partial: Position,
}

/// The purge index of one node.
pub struct Index {
    identity: LogIdentity,
    caps: Caps,
    names: Names,
    head: AtomicU64,
    epoch: AtomicU64,
    floor: AtomicU64,
    everything: AtomicSlot,
    newest: [AtomicU64; KINDS],
    slots: Slots,
    /// Lengths of the prefixes that were purged, the shortest first. A check probes once for each that the name has.
    lengths: RwLock<Vec<Length>>,
    globs: Globs,
}

impl Index {
    /// An empty index for a log, with the usual caps.
    pub fn new(identity: LogIdentity) -> Self {
        Index::with(identity, Caps::default())
    }

    /// An empty index for a log.
    pub fn with(identity: LogIdentity, caps: Caps) -> Self {
        Index {
            names: Names::new(&identity.secret),
            identity,
            caps,
            head: AtomicU64::new(0),
            epoch: AtomicU64::new(1),
            floor: AtomicU64::new(0),
            everything: AtomicSlot::default(),
            newest: [const { AtomicU64::new(0) }; KINDS],
            slots: Slots::new(caps.names, caps.sketch),
            lengths: RwLock::default(),
            globs: Globs::default(),
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

    /// Number of names held; those folded into the sketch and globs do not count.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether it holds no name.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of globs that the floor has not passed.
    pub fn live_globs(&self) -> usize {
        self.globs.len()
    }

    /// A dependency on a master as of a position.
    pub fn dependency(&self, master: MasterId, role: Role, stamp: Position, digest: Option<Digest>) -> Dependency {
        Dependency { hash: self.master_hash(&master), master, role, stamp, digest }
    }

    /// The hash by which the index knows a master.
    pub fn master_hash(&self, master: &MasterId) -> NameHash {
        self.names.master(master.as_str())
    }

    /// An exact name with the hash by which the index knows it.
    pub fn exact(&self, name: ExactName) -> (ExactName, NameHash) {
        (name, self.names.exact(&name.0))
    }

    /// Says that everything up to a position is applied or irrelevant: the end of a replay.
    pub fn replayed_to(&self, position: Position) {
        self.publish(position);
    }

    /// Applies records in order and publishes the last one's position as the head.
    pub fn apply<'r>(&self, records: impl IntoIterator<Item = &'r Record>) {
        let (mut head, floor) = (Position::START, self.floor());
        for record in records {
            head = head.max(record.position);
            if record.position <= floor {
                continue;
            }
            let slot = Slot::at(record.mode, record.position);
            for selector in record.targets.iter().flat_map(|t| &t.selectors) {
                self.write(selector, slot);
            }
        }
        self.publish(head);
    }

    fn publish(&self, head: Position) {
        self.epoch.fetch_add(1, Ordering::Release);
        self.head.fetch_max(head.0, Ordering::Release);
    }

    fn write(&self, selector: &Selector, slot: Slot) {
        let names = &self.names;
        match selector {
            Selector::All => self.everything.raise(slot),
            Selector::Master(id) => self.raise(Kind::Master, names.master(id.as_str()), slot),
            Selector::Dependency(id) => self.raise(Kind::Part, names.part(names.master(id.as_str())), slot),
            Selector::Exact(name) => self.raise(Kind::Exact, names.exact(&name.0), slot),
            Selector::Prefix(text) => self.write_prefix(text, slot),
            Selector::Source(location) => self.write_prefix(location.as_str(), slot),
            Selector::Tag(tag, None) => self.raise(Kind::Tag, names.tag(tag), slot),
            Selector::Tag(tag, Some(source)) => {
                self.raise(Kind::TagInSource, names.tag_in(names.tag(tag), source), slot);
            }
            Selector::Glob(pattern) => self.globs.raise(pattern, slot),
        }
    }

    /// The kind first: whoever finds the name finds the kind.
    fn raise(&self, kind: Kind, name: NameHash, slot: Slot) {
        self.newest[kind as usize].fetch_max(slot.newest().0, Ordering::Release);
        self.slots.raise(name, slot);
    }

    fn write_prefix(&self, text: &str, slot: Slot) {
        self.raise(Kind::Prefix, self.names.prefix(text), slot);
        let bytes = u32::try_from(text.len()).unwrap_or(u32::MAX);
        let mut length = Length { bytes, whole: Position::START, partial: Position::START };
        let place = if text.ends_with('/') { &mut length.whole } else { &mut length.partial };
        *place = slot.newest();
        self.note_length(length);
    }

    fn note_length(&self, length: Length) {
        let mut lengths = write(&self.lengths);
        match lengths.binary_search_by_key(&length.bytes, |l| l.bytes) {
            Ok(at) => {
                lengths[at].whole = lengths[at].whole.max(length.whole);
                lengths[at].partial = lengths[at].partial.max(length.partial);
            }
            Err(at) => lengths.insert(at, length),
        }
    }

    /// Whether purges of these may be accepted: their patterns and those that are live stay within the cap (rule L6).
    /// `pending` holds the patterns that were accepted and not applied yet; the new ones are added.
    pub(crate) fn has_room_for(&self, targets: &[Target], pending: &mut HashSet<String>) -> bool {
        let patterns = targets.iter().flat_map(|target| &target.selectors).filter_map(|selector| match selector {
            Selector::Glob(pattern) => Some(pattern),
            _ => None,
        });
        let new: HashSet<String> =
            patterns.filter(|p| !pending.contains(*p) && !self.globs.holds(p)).cloned().collect();
        let fits = new.is_empty() || self.globs.len() + pending.len() + new.len() <= self.caps.globs;
        if fits {
            pending.extend(new);
        }
        fits
    }

    fn was_used_since(&self, kind: Kind, since: Position) -> bool {
        self.newest[kind as usize].load(Ordering::Acquire) > since.0
    }

    /// Everything, and the floor, below which a stamp is worth no more than after a hard purge of everything. Read after all
    /// else, for what the floor covers is forgotten.
    fn newest_everything(&self) -> Slot {
        let floor = Slot { hard: self.floor(), soft: Position::START };
        self.everything.get().or_later(floor)
    }

    /// The newest purge of anything that names this master: itself, a prefix of it, its source, everything; at least the
    /// floor.
    pub fn newest_of_master(&self, master: &MasterId, hash: NameHash) -> Slot {
        self.newest_of_master_since(master, hash, Position::START).or_later(self.newest_everything())
    }

    /// The newest purge of any of these tags, everywhere or in their sources.
    pub fn newest_of_labels(&self, labels: &[Label]) -> Slot {
        labels.iter().fold(Slot::default(), |newest, label| {
            let hashes = self.names.label(label);
            newest.or_later(self.slots.probe(hashes.everywhere)).or_later(self.slots.probe(hashes.in_source))
        })
    }

    /// The newest purge of one derivative in all its formats, or of everything; at least the floor.
    pub fn newest_of_exact(&self, hash: NameHash) -> Slot {
        self.slots.probe(hash).or_later(self.newest_everything())
    }

    /// The newest purge of anything that names a subject; at least the floor.
    pub fn newest_of(&self, subject: &Subject) -> Slot {
        self.newest_since(subject, Position::START)
    }

    /// The same, where nothing at or before a position matters.
    fn newest_since(&self, subject: &Subject, since: Position) -> Slot {
        let mut newest = Slot::default();
        if let Some((_, hash)) = subject.exact.filter(|_| self.was_used_since(Kind::Exact, since)) {
            newest = newest.or_later(self.slots.probe(hash));
        }
        let parts = self.was_used_since(Kind::Part, since);
        for dependency in &subject.dependencies {
            newest = newest.or_later(self.newest_of_master_since(&dependency.master, dependency.hash, since));
            if parts && dependency.role == Role::Part {
                newest = newest.or_later(self.slots.probe(self.names.part(dependency.hash)));
            }
        }
        newest.or_later(self.newest_of_labels_since(&subject.labels, since)).or_later(self.newest_everything())
    }

    fn newest_of_labels_since(&self, labels: &Labels, since: Position) -> Slot {
        let mut newest = Slot::default();
        let everywhere = self.was_used_since(Kind::Tag, since);
        let in_source = self.was_used_since(Kind::TagInSource, since);
        if labels.is_empty() || !(everywhere || in_source) {
            return newest;
        }
        for hashes in labels.hashes(|label| self.names.label(label)) {
            if everywhere {
                newest = newest.or_later(self.slots.probe(hashes.everywhere));
            }
            if in_source {
                newest = newest.or_later(self.slots.probe(hashes.in_source));
            }
        }
        newest
    }

    fn newest_of_master_since(&self, master: &MasterId, hash: NameHash, since: Position) -> Slot {
        let mut newest = Slot::default();
        if self.was_used_since(Kind::Master, since) {
            newest = newest.or_later(self.slots.probe(hash));
        }
        if self.was_used_since(Kind::Prefix, since) {
            newest = newest.or_later(self.newest_of_prefixes(master.as_str(), since));
        }
        if self.globs.len() > 0 {
            newest = newest.or_later(self.globs.newest(master.as_str(), since));
        }
        newest
    }

    fn newest_of_prefixes(&self, text: &str, since: Position) -> Slot {
        let mut newest = Slot::default();
        let mut prefixes = self.names.prefixes(text);
        for length in read(&self.lengths).iter() {
            let bytes = length.bytes as usize;
            if bytes > text.len() {
                break;
            }
            let whole = bytes > 0 && text.as_bytes()[bytes - 1] == b'/';
            if (if whole { length.whole } else { length.partial }) > since {
                newest = newest.or_later(self.slots.probe(prefixes.of_length(bytes)));
            }
        }
        newest
    }

    /// Judges a subject, and says under which epoch: while [`Index::epoch`] still answers that, so does this.
    ///
    /// With the feature `mutant-no-check` purges are left out of it, which is the mistake of a cache that forgot to look.
    pub fn judge(&self, subject: &Subject) -> (Verdict, u64) {
        let epoch = self.epoch();
        if subject.stamp.log != self.identity.log {
            return (Verdict::OtherLog, epoch);
        }
        if cfg!(feature = "mutant-no-check") {
            return (Verdict::Fresh, epoch);
        }
        let stamp = subject.stamp.position;
        let newest = self.newest_since(subject, stamp);
        let verdict = if stamp < newest.hard {
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

    /// Raises the floor, never above the head, and forgets every name and glob that it covers. It must be durable before
    /// (see [`crate::Records::keep_floor`]): a start that knew neither floor nor names would serve what was purged.
    pub fn raise_floor(&self, to: Position) {
        self.restore_floor(to.min(self.head()));
        let floor = self.floor();
        self.slots.drop_covered(floor);
        self.globs.drop_covered(floor);
        write(&self.lengths).retain(|length| length.whole.max(length.partial) > floor);
    }

    /// Puts the durable floor in force before a replay, which then passes over what it covers.
    pub fn restore_floor(&self, floor: Position) {
        self.floor.fetch_max(floor.0, Ordering::AcqRel);
        self.epoch.fetch_add(1, Ordering::Release);
    }

    pub(crate) fn log(&self) -> LogId {
        self.identity.log
    }

    pub(crate) fn slots(&self) -> &Slots {
        &self.slots
    }

    pub(crate) fn globs(&self) -> &Globs {
        &self.globs
    }

    pub(crate) fn coarse(&self) -> Coarse {
        // Lengths, kinds and "everything" before the floor, which covers what was forgotten of them.
        let lengths = read(&self.lengths).clone();
        let kinds = std::array::from_fn(|kind| Position(self.newest[kind].load(Ordering::Acquire)));
        Coarse { lengths, kinds, everything: self.everything.get(), floor: self.floor() }
    }

    pub(crate) fn restore_coarse(&self, coarse: Coarse) {
        coarse.lengths.into_iter().for_each(|length| self.note_length(length));
        for (kind, newest) in coarse.kinds.into_iter().enumerate() {
            self.newest[kind].fetch_max(newest.0, Ordering::Release);
        }
        self.everything.raise(coarse.everything);
        self.restore_floor(coarse.floor);
    }
}

/// What an index consists of beside names and globs, for its snapshot.
pub(crate) struct Coarse {
    pub lengths: Vec<Length>,
    pub kinds: [Position; KINDS],
    pub everything: Slot,
    pub floor: Position,
}

mod named;

#[cfg(test)]
mod tests;
