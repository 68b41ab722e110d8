//! The takedowns that hold, by whole names (rule S5): a hash that collides must not black out somebody else's picture, and
//! neither floor nor sketch touches them.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, RwLock};

use plan::{ExactName, Label, Location, MasterId, Selector, Tag};

use crate::glob::{Glob, glob};
use crate::ports::{Lifted, LogError, Records, Takedown};
use crate::record::{Mode, PurgeId, Record};
use crate::slots::{read, write};
use crate::subject::{Role, Subject};

/// What is refused. Where several takedowns name a thing, the newest that has not expired is answered.
///
/// They are added before the index is raised by the same record: a fill that starts later finds them here, and one that
/// started before has too old a stamp.
#[derive(Default)]
pub struct Takedowns {
    /// Number held. While it is 0, asking costs one load.
    count: AtomicUsize,
    held: RwLock<Held>,
}

type Found = Option<Arc<Takedown>>;
/// In which source, if not in all, and by what.
type Tagged = (Option<Location>, Arc<Takedown>);

#[derive(Default)]
struct Held {
    all: Vec<Arc<Takedown>>,
    masters: HashMap<MasterId, Vec<Arc<Takedown>>>,
    parts: HashMap<MasterId, Vec<Arc<Takedown>>>,
    exact: HashMap<ExactName, Vec<Arc<Takedown>>>,
    prefixes: HashMap<Box<str>, Vec<Arc<Takedown>>>,
    /// Lengths of the prefixes, in bytes.
    lengths: BTreeSet<usize>,
    tags: HashMap<Tag, Vec<Tagged>>,
    globs: Vec<(Glob, Arc<Takedown>)>,
    by_id: HashMap<PurgeId, Arc<Takedown>>,
}

impl Takedowns {
    /// Those that hold at the start: [`Records::takedowns`] without the lifted ones.
    pub fn new(held: Vec<Takedown>) -> Self {
        let takedowns = Takedowns::default();
        held.into_iter().filter(|takedown| takedown.lifted.is_none()).for_each(|takedown| takedowns.hold(takedown));
        takedowns
    }

    /// Number of takedowns that hold, expired ones included.
    pub fn len(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    /// Whether nothing is refused.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Refuses what a record names from now on, if it is a takedown.
    pub(crate) fn add(&self, record: &Record) {
        if record.mode == Mode::Takedown {
            self.hold(Takedown { record: record.clone(), lifted: None });
        }
    }

    fn hold(&self, takedown: Takedown) {
        let mut held = write(&self.held);
        held.add(Arc::new(takedown));
        self.count.store(held.by_id.len(), Ordering::Release);
    }

    /// Ends a takedown: durably first, then here. `None` if there is none of this id, or it was lifted before. One that
    /// never became durable is merely forgotten.
    ///
    /// # Errors
    /// When it cannot be noted; then it still refuses.
    pub fn lift(&self, records: &dyn Records, id: PurgeId, lifted: &Lifted) -> Result<Option<Takedown>, LogError> {
        let noted = records.lift(id, lifted)?;
        let mut held = write(&self.held);
        let ended = held.by_id.remove(&id);
        if let Some(takedown) = &ended {
            held.forget(takedown);
            self.count.store(held.by_id.len(), Ordering::Release);
        }
        let here = || ended.map(|takedown| Takedown { lifted: Some(lifted.clone()), ..(*takedown).clone() });
        Ok(noted.or_else(here))
    }

    /// Whether a master is refused as what a picture shows: by itself, a prefix, a pattern, its source, or everything.
    /// `now` is in milliseconds since the Unix epoch.
    pub fn refuses(&self, master: &MasterId, now: u64) -> Found {
        self.ask(now, |held, newest| held.master(master, newest))
    }

    /// Whether a master is refused as what is put on a picture.
    pub fn refuses_part(&self, master: &MasterId, now: u64) -> Found {
        self.ask(now, |held, newest| {
            held.master(master, newest);
            newest.look(held.parts.get(master));
        })
    }

    /// Whether one derivative is refused, in every format of it.
    pub fn refuses_exact(&self, name: &ExactName, now: u64) -> Found {
        self.ask(now, |held, newest| {
            newest.look(Some(&held.all));
            newest.look(held.exact.get(name));
        })
    }

    /// Whether anything that bears one of these tags is refused.
    pub fn refuses_labels(&self, labels: &[Label], now: u64) -> Found {
        self.ask(now, |held, newest| held.labels(labels, newest))
    }

    /// Whether bytes that were made before are refused, by any name that they have.
    pub fn refuses_subject(&self, subject: &Subject, now: u64) -> Found {
        self.ask(now, |held, newest| {
            newest.look(Some(&held.all));
            newest.look(subject.exact.as_ref().and_then(|(name, _)| held.exact.get(name)));
            for dependency in &subject.dependencies {
                held.master(&dependency.master, newest);
                if dependency.role == Role::Part {
                    newest.look(held.parts.get(&dependency.master));
                }
            }
            held.labels(&subject.labels, newest);
        })
    }

    fn ask(&self, now: u64, look: impl FnOnce(&Held, &mut Newest)) -> Found {
        if self.is_empty() {
            return None;
        }
        let mut newest = Newest { now, found: None };
        look(&read(&self.held), &mut newest);
        newest.found
    }
}

/// The newest takedown that was found and has not expired.
struct Newest {
    now: u64,
    found: Found,
}

impl Newest {
    fn look<'t>(&mut self, takedowns: Option<impl IntoIterator<Item = &'t Arc<Takedown>>>) {
        for takedown in takedowns.into_iter().flatten() {
            let ends = takedown.record.terms.as_ref().and_then(|terms| terms.expires_at);
            let later = self.found.as_ref().is_none_or(|found| found.record.position < takedown.record.position);
            if later && ends.is_none_or(|ends| self.now < ends) {
                self.found = Some(takedown.clone());
            }
        }
    }
}

impl Held {
    fn add(&mut self, takedown: Arc<Takedown>) {
        if let Some(before) = self.by_id.insert(takedown.record.id, takedown.clone()) {
            self.forget(&before);
        }
        for selector in takedown.record.targets.iter().flat_map(|target| &target.selectors) {
            let takedown = takedown.clone();
            match selector {
                Selector::All => self.all.push(takedown),
                Selector::Master(id) => self.masters.entry(id.clone()).or_default().push(takedown),
                Selector::Dependency(id) => self.parts.entry(id.clone()).or_default().push(takedown),
                Selector::Exact(name) => self.exact.entry(*name).or_default().push(takedown),
                Selector::Prefix(text) => self.add_prefix(text, takedown),
                Selector::Source(location) => self.add_prefix(location.as_str(), takedown),
                Selector::Tag(tag, source) => {
                    self.tags.entry(tag.clone()).or_default().push((source.clone(), takedown));
                }
                Selector::Glob(pattern) => {
                    // Whoever accepts a purge has read the pattern before; one that cannot be read names nothing.
                    let Ok(glob) = glob(pattern) else { continue };
                    self.globs.push((glob, takedown));
                }
            }
        }
    }

    fn add_prefix(&mut self, text: &str, takedown: Arc<Takedown>) {
        self.prefixes.entry(text.into()).or_default().push(takedown);
        self.lengths.insert(text.len());
    }

    /// Takes out all that one takedown refuses. Rare, so it walks over everything.
    fn forget(&mut self, takedown: &Arc<Takedown>) {
        fn sift<K: Eq + Hash, V>(map: &mut HashMap<K, Vec<V>>, stays: impl Fn(&V) -> bool) {
            map.retain(|_, list| {
                list.retain(&stays);
                !list.is_empty()
            });
        }
        let other = |held: &Arc<Takedown>| !Arc::ptr_eq(held, takedown);
        self.all.retain(other);
        sift(&mut self.masters, other);
        sift(&mut self.parts, other);
        sift(&mut self.exact, other);
        sift(&mut self.prefixes, other);
        sift(&mut self.tags, |(_, held)| other(held));
        self.globs.retain(|(_, held)| other(held));
        self.lengths = self.prefixes.keys().map(|text| text.len()).collect();
    }

    fn master(&self, master: &MasterId, newest: &mut Newest) {
        let text = master.as_str();
        newest.look(Some(&self.all));
        newest.look(self.masters.get(master));
        for length in self.lengths.range(..=text.len()) {
            newest.look(text.get(..*length).and_then(|prefix| self.prefixes.get(prefix)));
        }
        newest.look(Some(self.globs.iter().filter(|(glob, _)| glob.is_match(text)).map(|(_, takedown)| takedown)));
    }

    fn labels(&self, labels: &[Label], newest: &mut Newest) {
        newest.look(Some(&self.all));
        for label in labels {
            let Some(refused) = self.tags.get(&label.tag) else { continue };
            let here = |source: &Option<Location>| source.as_ref().is_none_or(|source| *source == label.source);
            newest.look(Some(refused.iter().filter(|(source, _)| here(source)).map(|(_, takedown)| takedown)));
        }
    }
}

#[cfg(test)]
mod tests;
