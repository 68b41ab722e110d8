//! What the purge protocol asks of the stores below it. Each trait's docs are a contract that every implementation is
//! tested against. All calls block; callers on an async runtime move them to a blocking thread.

use std::collections::BTreeMap;

use plan::{BodyId, DerivativeKey, Digest, ExactName, KeySecret, Label, LogId, MasterId, Position, Selector, Stamp};

use crate::matches::Matcher;
use crate::record::{Count, Mode, Progress, PurgeId, Record, State, Via};
use crate::subject::Role;

/// A log's identity, made with it and kept beside it.
#[derive(Debug, Clone)]
pub struct LogIdentity {
    /// Which log positions count in.
    pub log: LogId,
    /// The secret under which durable names are hashed.
    pub secret: KeySecret,
}

/// The durable, ordered sequence of purges of one node.
pub trait Log: Send + Sync {
    /// Who this log is; constant while it is open.
    fn identity(&self) -> LogIdentity;

    /// The newest position; [`Position::START`] for an empty log.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn head(&self) -> Result<Position, LogError>;

    /// Appends records whose positions are consecutive and follow the head (gaps after a failed append are allowed), all
    /// or none. When it returns `Ok`, they survive loss of power.
    ///
    /// # Errors
    /// [`LogError::Full`] when there is no room, [`LogError::Store`] otherwise; then none was appended.
    fn append(&self, records: &[Record]) -> Result<(), LogError>;

    /// Calls `each` for every record after a position, in order.
    ///
    /// # Errors
    /// When the store cannot be read or a record cannot be understood.
    fn replay(&self, after: Position, each: &mut dyn FnMut(Record)) -> Result<(), LogError>;

    /// One record by its id.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn find(&self, id: PurgeId) -> Result<Option<Record>, LogError>;

    /// Up to `limit` records before a position (`None` = the newest), newest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn page(&self, before: Option<Position>, limit: usize) -> Result<Vec<Record>, LogError>;
}

/// What is kept beside the log about its records: how far each has come, and the takedowns that still refuse.
pub trait Records: Log {
    /// Notes how far purges have come, beside what is noted already ([`Progress::joined`]): several note parts of it, in any
    /// order. Answers how far each has come then; what has no record is answered as it was given. Survives a kill; may lose the
    /// last moment to loss of power, after which the sweep does its work again.
    ///
    /// # Errors
    /// When the store cannot be written; then none was noted.
    fn note(&self, progress: &[(Position, Progress)]) -> Result<Vec<Progress>, LogError>;

    /// Records that match, newest first, each with how far it has come (`None` = not noted: effective, as is every record
    /// of a log that was replayed).
    ///
    /// # Errors
    /// When the store cannot be read.
    fn list(&self, filter: &Filter) -> Result<Vec<(Record, Option<Progress>)>, LogError>;

    /// Up to `limit` records after a position whose bytes are not known to be erased, oldest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn unerased(&self, after: Position, limit: usize) -> Result<Vec<(Record, Option<Progress>)>, LogError>;

    /// Every takedown, newest first: those that were lifted only with `all`.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn takedowns(&self, all: bool) -> Result<Vec<Takedown>, LogError>;

    /// Notes durably that a takedown is lifted; answers it as it then is, or `None` if there is none of this id or it was
    /// lifted before.
    ///
    /// # Errors
    /// When the store cannot be written: then it is not lifted.
    fn lift(&self, id: PurgeId, lifted: &Lifted) -> Result<Option<Takedown>, LogError>;

    /// Makes the floor durable; it never falls.
    ///
    /// # Errors
    /// When the store cannot be written.
    fn keep_floor(&self, floor: Position) -> Result<(), LogError>;

    /// The durable floor.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn floor(&self) -> Result<Position, LogError>;
}

/// A takedown and whether it still holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Takedown {
    /// The record that it came with, terms included.
    pub record: Record,
    /// Who lifted it, if it was.
    pub lifted: Option<Lifted>,
}

/// The end of a takedown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lifted {
    /// When, in milliseconds since the Unix epoch.
    pub at: u64,
    /// Who asked: the name of the API key.
    pub actor: String,
    /// From which address; empty if unknown.
    pub from: String,
}

/// Which records are wanted. What is `None` or empty does not matter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// Only before this position: the cursor.
    pub before: Option<Position>,
    /// At most so many.
    pub limit: usize,
    /// Only these.
    pub state: Option<State>,
    /// Only these.
    pub mode: Option<Mode>,
    /// Only these.
    pub via: Option<Via>,
    /// Only by this key.
    pub actor: Option<String>,
    /// Only with a selector of this kind ([`Selector::kind`]).
    pub kind: Option<String>,
    /// Only where this text stands in what was said or in a selector, regardless of case.
    pub search: Option<String>,
    /// Only accepted at or after this time, in milliseconds since the Unix epoch.
    pub since: Option<u64>,
    /// Only accepted before this time.
    pub until: Option<u64>,
}

/// Why the log failed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LogError {
    /// No room on the disk.
    #[error("the purge log's disk is full")]
    Full,
    /// Anything else.
    #[error("the purge log failed: {0}")]
    Store(String),
}

/// Which of the two body stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tier {
    /// Derivatives.
    Derivatives,
    /// Masters' own bytes.
    Masters,
}

impl Tier {
    /// Stable lower-case name.
    pub const fn name(self) -> &'static str {
        match self {
            Tier::Derivatives => "derivatives",
            Tier::Masters => "masters",
        }
    }
}

/// Where a body lies in a body store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Place {
    /// Segment number; never used twice.
    pub segment: u64,
    /// Offset of the entry's header in the segment, in bytes.
    pub offset: u64,
    /// Length of header and body together, in bytes.
    pub length: u64,
}

/// The durable row of one stored entry. The row is the authority: a body without a row that bears its id is a miss.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its key.
    pub key: DerivativeKey,
    /// Which body it means.
    pub body: BodyId,
    /// Where that lies.
    pub place: Place,
    /// As of when it is good.
    pub stamp: Stamp,
    /// The exact name of a derivative; `None` for a master's bytes.
    pub exact: Option<ExactName>,
    /// The masters that it was made from, the main one first, each with the part it took.
    pub dependencies: Vec<(MasterId, Role)>,
    /// Media type.
    pub content_type: String,
    /// Length of the body alone, in bytes.
    pub size: u64,
    /// A target that led here, for people.
    pub url: String,
    /// When it was stored, in seconds since the Unix epoch; for people and eviction, never for freshness.
    pub stored_at: u64,
    /// When it was last read from disk, or stored if it never was, in seconds since the Unix epoch. Hits in memory leave it
    /// alone; for people and eviction, never for freshness.
    pub last_used: u64,
    /// The tags that it bears; whoever reads the origin's answer bounds their number and length.
    pub labels: Vec<Label>,
    /// Version of decoder, stages and encoder that made it.
    pub recipe: u32,
    /// The key that the body is sealed with; none while bodies are not sealed.
    pub data_key: Option<Vec<u8>>,
}

/// A master that something stored was made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Where it stands in the order in which [`Catalogue::masters`] lists: by the hash of its name.
    pub place: u64,
    /// Its name.
    pub id: MasterId,
    /// In which tier `row` stands.
    pub tier: Tier,
    /// Its own bytes, where those are stored; else one of the derivatives in which it takes part.
    pub row: Row,
}

/// The durable table of what is stored. It never decides freshness.
pub trait Catalogue: Send + Sync {
    /// The row of a key.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn get(&self, tier: Tier, key: &DerivativeKey) -> Result<Option<Row>, CatalogueError>;

    /// Stores rows, each in the place of any row under its key, unless that has a later stamp. May lose the last second
    /// of rows in a crash: a lost row is a miss.
    ///
    /// Answers the places that no row means any more, to be released: those of rows that were replaced, and those of given
    /// rows that gave way to a later stamp.
    ///
    /// # Errors
    /// When the store cannot be written; then none was stored.
    fn put(&self, tier: Tier, rows: &[Row]) -> Result<Vec<Place>, CatalogueError>;

    /// Notes when rows were last used, in seconds since the Unix epoch. A time before the one in the row is ignored, and so
    /// is a key without a row. May be lost in a crash, like the rows of [`Catalogue::put`].
    ///
    /// # Errors
    /// When the store cannot be written; then none was noted.
    fn touch(&self, tier: Tier, uses: &[(DerivativeKey, u64)]) -> Result<(), CatalogueError>;

    /// Removes the row of a key if it still means this body.
    ///
    /// # Errors
    /// When the store cannot be written.
    fn remove(&self, tier: Tier, key: &DerivativeKey, body: BodyId) -> Result<(), CatalogueError>;

    /// Removes rows that still mean these bodies; answers the places of those that it removed.
    ///
    /// # Errors
    /// When the store cannot be written.
    fn remove_rows(&self, tier: Tier, rows: &[(DerivativeKey, BodyId)]) -> Result<Vec<Place>, CatalogueError> {
        let mut places = Vec::new();
        for (key, body) in rows {
            if let Some(row) = self.get(tier, key)?.filter(|row| row.body == *body) {
                self.remove(tier, key, *body)?;
                places.push(row.place);
            }
        }
        Ok(places)
    }

    /// Removes every row whose body lies in a segment; answers how many.
    ///
    /// # Errors
    /// When the store cannot be written.
    fn remove_segment(&self, tier: Tier, segment: u64) -> Result<u64, CatalogueError>;

    /// Number of rows and sum of their places' lengths.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn totals(&self, tier: Tier) -> Result<(u64, u64), CatalogueError>;

    /// Up to `limit` rows with keys after `after`, in key order: a walk over everything.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn walk(&self, tier: Tier, after: Option<DerivativeKey>, limit: usize) -> Result<Vec<Row>, CatalogueError>;

    /// Number and bytes of rows that depend on a master.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn count_master(&self, tier: Tier, master: &MasterId) -> Result<(u64, u64), CatalogueError>;

    /// Number and bytes of rows that bear a tag.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn count_tag(&self, tier: Tier, tag: &str) -> Result<(u64, u64), CatalogueError>;

    /// Up to `limit` rows that a selector names, with keys after `after`, in key order.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn matching(
        &self,
        tier: Tier,
        selector: &Selector,
        after: Option<DerivativeKey>,
        limit: usize,
    ) -> Result<Vec<Row>, CatalogueError> {
        matching_by_walk(self, tier, selector, after, limit)
    }

    /// Number of rows that a selector names, and the sum of their places' lengths. A count is for people: names that collide
    /// may be counted together.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn count(&self, tier: Tier, selector: &Selector) -> Result<Count, CatalogueError> {
        count_by_pages(self, tier, selector)
    }

    /// Up to `limit` masters that stored entries were made from, each once, behind a place in their order. A list is for
    /// people: of names whose hashes collide one is left out.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn masters(&self, after: Option<u64>, limit: usize) -> Result<Vec<Known>, CatalogueError> {
        masters_by_walk(self, after, limit)
    }

    /// Moves rows that still mean these bodies to a later position of the same log.
    ///
    /// # Errors
    /// When the store cannot be written.
    fn restamp(&self, tier: Tier, rows: &[(DerivativeKey, BodyId)], position: Position) -> Result<(), CatalogueError> {
        for (key, body) in rows {
            if let Some(row) = self.get(tier, key)?.filter(|row| row.body == *body && row.stamp.position < position) {
                let stamp = Stamp { position, ..row.stamp };
                self.put(tier, &[Row { stamp, ..row }])?;
            }
        }
        Ok(())
    }

    /// The places of every row whose body lies in a segment.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn places(&self, tier: Tier, segment: u64) -> Result<Vec<Place>, CatalogueError> {
        let (mut places, mut after) = (Vec::new(), None);
        loop {
            let page = self.walk(tier, after, PAGE)?;
            let Some(last) = page.last() else { return Ok(places) };
            after = Some(last.key);
            places.extend(page.iter().map(|row| row.place).filter(|place| place.segment == segment));
        }
    }

    /// The highest stamp position of any row that bears this log's id; `None` without rows.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn highest_stamp(&self, log: LogId) -> Result<Option<Position>, CatalogueError>;

    /// The lowest stamp position of any row that bears this log's id; `None` without rows. No stored bytes depend on an
    /// older purge.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn lowest_stamp(&self, log: LogId) -> Result<Option<Position>, CatalogueError> {
        let mut lowest: Option<Position> = None;
        for tier in [Tier::Derivatives, Tier::Masters] {
            let mut after = None;
            loop {
                let page = self.walk(tier, after, PAGE)?;
                let Some(last) = page.last() else { break };
                after = Some(last.key);
                let stamps = page.iter().map(|row| row.stamp).filter(|stamp| stamp.log == log).map(|s| s.position);
                lowest = stamps.chain(lowest).min();
            }
        }
        Ok(lowest)
    }

    /// Makes sure that nothing of rows which were removed or replaced before is left in any file of the catalogue.
    ///
    /// # Errors
    /// When that is not sure: the store cannot be written, or somebody reads all the time.
    fn checkpoint(&self) -> Result<(), CatalogueError> {
        Ok(())
    }

    /// Forgets everything.
    ///
    /// # Errors
    /// When the store cannot be written.
    fn clear(&self) -> Result<(), CatalogueError>;
}

/// Rows read at once by what goes over many.
const PAGE: usize = 1024;

/// [`Catalogue::matching`] for a catalogue that knows no better: holds every row against the selector.
///
/// # Errors
/// When the store cannot be read.
pub fn matching_by_walk<C: Catalogue + ?Sized>(
    catalogue: &C,
    tier: Tier,
    selector: &Selector,
    mut after: Option<DerivativeKey>,
    limit: usize,
) -> Result<Vec<Row>, CatalogueError> {
    let matcher = Matcher::new(selector);
    let mut found = Vec::new();
    loop {
        let page = catalogue.walk(tier, after, PAGE)?;
        after = page.last().map(|row| row.key);
        let last = page.len() < PAGE;
        found.extend(page.into_iter().filter(|row| matcher.names(row)));
        if last || found.len() >= limit {
            found.truncate(limit);
            return Ok(found);
        }
    }
}

/// [`Catalogue::masters`] for a catalogue that knows no better: looks at every row.
///
/// # Errors
/// When the store cannot be read.
pub fn masters_by_walk<C: Catalogue + ?Sized>(
    catalogue: &C,
    after: Option<u64>,
    limit: usize,
) -> Result<Vec<Known>, CatalogueError> {
    let mut found: BTreeMap<u64, Known> = BTreeMap::new();
    for tier in [Tier::Masters, Tier::Derivatives] {
        let mut last = None;
        loop {
            let page = catalogue.walk(tier, last, PAGE)?;
            last = page.last().map(|row| row.key);
            let ended = page.len() < PAGE;
            for row in page {
                for (id, _) in &row.dependencies {
                    let place = place_of(id);
                    if after.is_none_or(|after| place > after) {
                        let known = || Known { place, id: id.clone(), tier, row: row.clone() };
                        found.entry(place).or_insert_with(known);
                    }
                }
                while found.len() > limit {
                    found.pop_last();
                }
            }
            if ended {
                break;
            }
        }
    }
    Ok(found.into_values().collect())
}

/// Where a master stands in the order in which [`Catalogue::masters`] lists: the first 64 bits of its name's hash.
pub fn place_of(master: &MasterId) -> u64 {
    let mut first = [0; 8];
    first.copy_from_slice(&Digest::of(master.as_str().as_bytes()).0[..8]);
    // As a signed number of SQL, of which the smallest comes first.
    u64::from_le_bytes(first) ^ (1 << 63)
}

/// [`Catalogue::count`] for a catalogue that knows no better: adds up what [`Catalogue::matching`] finds.
///
/// # Errors
/// When the store cannot be read.
pub fn count_by_pages<C: Catalogue + ?Sized>(
    catalogue: &C,
    tier: Tier,
    selector: &Selector,
) -> Result<Count, CatalogueError> {
    let (mut count, mut after) = (Count::default(), None);
    loop {
        let page = catalogue.matching(tier, selector, after, PAGE)?;
        page.iter().for_each(|row| count.add(row.place.length));
        match page.last() {
            Some(last) if page.len() == PAGE => after = Some(last.key),
            _ => return Ok(count),
        }
    }
}

/// The catalogue failed.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the catalogue failed: {0}")]
pub struct CatalogueError(pub String);

/// A bag of bytes on disk. It may lose anything at any time and owes no freshness.
pub trait BodyStore: Send + Sync {
    /// Writes an entry's bytes and says where they lie. They need not be on the disk yet.
    ///
    /// # Errors
    /// When they cannot be written or are larger than the store takes.
    fn put(&self, bytes: &[&[u8]]) -> Result<Place, StoreError>;

    /// Reads the bytes at a place, exactly as many as `place.length`.
    ///
    /// # Errors
    /// When they are not there (any more).
    fn get(&self, place: &Place) -> Result<Vec<u8>, StoreError>;

    /// Says that nothing points to a place any more. Its bytes are erased some time later.
    fn release(&self, place: &Place);

    /// Makes places unreadable. When it returns `Ok`, the disk has been told and no file of the store holds their bytes.
    /// Places that are gone already are no error.
    ///
    /// # Errors
    /// When the disk refuses; then some of them may still be readable.
    fn erase(&self, places: &[Place]) -> Result<(), StoreError>;
}

/// The body store failed.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the body store failed: {0}")]
pub struct StoreError(pub String);
