//! What came most often, of any number of names, in bounded room.

use std::collections::HashMap;

/// A name and how often it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// The name.
    pub name: String,
    /// How often it came, at most.
    pub count: u64,
    /// By how much that may be too many: it came at least `count - error` times.
    pub error: u64,
    /// Bytes that were sent under it, at least.
    pub bytes: u64,
}

/// The names that came most often. Each count is no smaller than the truth, and larger by its error at most; what is not listed
/// came no more than [`Top::floor`] times. That holds for sums of several too.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Top {
    entries: Vec<Counted>,
    floor: u64,
}

impl Top {
    pub(crate) fn new(entries: Vec<Counted>, floor: u64) -> Top {
        Top { entries, floor }
    }

    /// Names that were counted exactly, each listed once, and none left out.
    pub fn of(entries: Vec<Counted>) -> Top {
        Top::new(entries, 0)
    }

    /// The names, in no order.
    pub fn entries(&self) -> &[Counted] {
        &self.entries
    }

    /// How often anything that is not listed may have come.
    pub fn floor(&self) -> u64 {
        self.floor
    }

    /// The names, the most frequent first; of equals, the first by name.
    pub fn ranked(&self) -> Vec<&Counted> {
        let mut ranked: Vec<&Counted> = self.entries.iter().collect();
        ranked.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.name.cmp(&b.name)));
        ranked
    }

    /// Adds another.
    pub fn add(&mut self, other: &Top) {
        let theirs_at_most = other.floor;
        let ours_at_most = self.floor;
        let mut places: HashMap<&str, usize> = HashMap::with_capacity(self.entries.len());
        let mut seen = vec![false; self.entries.len()];
        let names: Vec<String> = self.entries.iter().map(|entry| entry.name.clone()).collect();
        places.extend(names.iter().enumerate().map(|(place, name)| (name.as_str(), place)));
        for entry in &other.entries {
            match places.get(entry.name.as_str()) {
                Some(place) => {
                    let mine = &mut self.entries[*place];
                    mine.count = mine.count.saturating_add(entry.count);
                    mine.error = mine.error.saturating_add(entry.error);
                    mine.bytes = mine.bytes.saturating_add(entry.bytes);
                    seen[*place] = true;
                }
                None => self.entries.push(Counted {
                    count: entry.count.saturating_add(ours_at_most),
                    error: entry.error.saturating_add(ours_at_most),
                    ..entry.clone()
                }),
            }
        }
        if theirs_at_most > 0 {
            for (mine, _) in self.entries.iter_mut().zip(&seen).filter(|(_, seen)| !**seen) {
                mine.count = mine.count.saturating_add(theirs_at_most);
                mine.error = mine.error.saturating_add(theirs_at_most);
            }
        }
        self.floor = ours_at_most.saturating_add(theirs_at_most);
    }

    /// Keeps the so many most frequent.
    pub fn keep(&mut self, most: usize) {
        if self.entries.len() <= most {
            return;
        }
        self.entries.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.name.cmp(&b.name)));
        let dropped = self.entries.get(most).map_or(0, |entry| entry.count);
        self.floor = self.floor.max(dropped);
        self.entries.truncate(most);
    }
}

/// A name, its longest time and how often it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slow {
    /// The name.
    pub name: String,
    /// The longest time, in microseconds.
    pub max: u64,
    /// How often it came since it is listed.
    pub count: u64,
}

/// The names that took longest.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SlowTop(Vec<Slow>);

impl SlowTop {
    /// The names, in no order.
    pub fn entries(&self) -> &[Slow] {
        &self.0
    }

    /// The names, the slowest first; of equals, the first by name.
    pub fn ranked(&self) -> Vec<&Slow> {
        let mut ranked: Vec<&Slow> = self.0.iter().collect();
        ranked.sort_by(|a, b| b.max.cmp(&a.max).then_with(|| a.name.cmp(&b.name)));
        ranked
    }

    /// Notes one. Of more than `most` names, the fastest makes room.
    pub(crate) fn note(&mut self, name: &str, micros: u64, times: u64, most: usize) {
        if let Some(known) = self.0.iter_mut().find(|slow| slow.name == name) {
            known.max = known.max.max(micros);
            known.count = known.count.saturating_add(times);
            return;
        }
        let slow = Slow { name: name.to_owned(), max: micros, count: times };
        if self.0.len() < most {
            self.0.push(slow);
        } else if let Some(fastest) = self.0.iter_mut().min_by_key(|slow| slow.max).filter(|known| known.max < micros) {
            *fastest = slow;
        }
    }

    /// Adds another.
    pub fn add(&mut self, other: &SlowTop) {
        other.0.iter().for_each(|slow| self.note(&slow.name, slow.max, slow.count, usize::MAX));
    }

    /// Keeps the so many slowest.
    pub fn keep(&mut self, most: usize) {
        if self.0.len() > most {
            self.0.sort_by(|a, b| b.max.cmp(&a.max).then_with(|| a.name.cmp(&b.name)));
            self.0.truncate(most);
        }
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

impl FromIterator<Slow> for SlowTop {
    fn from_iter<I: IntoIterator<Item = Slow>>(all: I) -> SlowTop {
        SlowTop(all.into_iter().collect())
    }
}
