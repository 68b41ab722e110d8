//! Names counted as they come: the space-saving algorithm (Metwally, Agrawal, El Abbadi 2005), with the bound on what was
//! pushed out kept apart, so that sums keep it.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use crate::top::{Counted, Top};

/// Names are told apart by 64 bits of hash; those of one hash are counted under the first.
#[derive(Debug, Default)]
pub(crate) struct Sketch {
    places: HashMap<u64, u32, BuildHasherDefault<Hashed>>,
    /// Apart from the names, so that the smallest is found at once.
    counts: Vec<u64>,
    names: Vec<Named>,
    floor: u64,
}

#[derive(Debug)]
struct Named {
    hash: u64,
    name: String,
    error: u64,
    bytes: u64,
}

/// Names that are told apart at a time.
pub(crate) const ROOM: usize = 128;

impl Sketch {
    #[inline]
    pub fn count(&mut self, hash: u64, name: &str, bytes: u64) {
        match self.places.get(&hash) {
            Some(place) => {
                let place = *place as usize;
                self.counts[place] += 1;
                self.names[place].bytes += bytes;
            }
            None => self.admit(hash, name, bytes),
        }
    }

    fn admit(&mut self, hash: u64, name: &str, bytes: u64) {
        if self.counts.len() < ROOM {
            self.places.insert(hash, self.counts.len() as u32);
            self.counts.push(self.floor + 1);
            self.names.push(Named { hash, name: name.to_owned(), error: self.floor, bytes });
            return;
        }
        let (mut place, mut least) = (0, u64::MAX);
        for (at, n) in self.counts.iter().enumerate() {
            if *n < least {
                (place, least) = (at, *n);
            }
        }
        self.floor = self.floor.max(least);
        let named = &mut self.names[place];
        self.places.remove(&named.hash);
        self.places.insert(hash, place as u32);
        self.counts[place] = self.floor + 1;
        (named.hash, named.error, named.bytes) = (hash, self.floor, bytes);
        // In the room of the name that went.
        named.name.clear();
        named.name.push_str(name);
    }

    pub fn top(&self) -> Top {
        let named = self.counts.iter().zip(&self.names);
        let entries = named.map(|(count, named)| Counted {
            name: named.name.clone(),
            count: *count,
            error: named.error,
            bytes: named.bytes,
        });
        Top::new(entries.collect(), self.floor)
    }

    /// Forgets everything and keeps its room.
    pub fn clear(&mut self) {
        self.places.clear();
        self.counts.clear();
        self.names.clear();
        self.floor = 0;
    }
}

/// Takes a hash for what it is.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        // Only `u64` is ever hashed.
        bytes.iter().for_each(|byte| self.0 = self.0.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::HashMap;
    use std::hash::BuildHasher;

    use proptest::prelude::*;

    use super::*;

    fn of(names: &[u16]) -> Top {
        let hasher = foldhash::fast::FixedState::with_seed(7);
        let mut sketch = Sketch::default();
        names.iter().for_each(|n| sketch.count(hasher.hash_one(n), &n.to_string(), 10));
        sketch.top()
    }

    fn holds(top: &Top, names: &[u16]) -> Result<(), TestCaseError> {
        let mut truth: HashMap<String, u64> = HashMap::new();
        names.iter().for_each(|n| *truth.entry(n.to_string()).or_default() += 1);
        for entry in top.entries() {
            let real = truth.remove(&entry.name).unwrap_or(0);
            prop_assert!(real <= entry.count && entry.count - entry.error <= real, "{entry:?} came {real} times");
            prop_assert!(entry.bytes <= real * 10);
        }
        for (name, real) in truth {
            prop_assert!(real <= top.floor(), "{name} came {real} times and is not listed; floor {}", top.floor());
        }
        Ok(())
    }

    /// Some names often, many once.
    fn names() -> impl Strategy<Value = Vec<u16>> {
        proptest::collection::vec(prop_oneof![0..5u16, 0..60u16, 0..3000u16], 0..2500)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(testkit::cases(64)))]
        #[test]
        fn counts_are_bounded_from_both_sides(names in names(), cut in any::<prop::sample::Index>(), most in 1..200usize) {
            let whole = of(&names);
            holds(&whole, &names)?;
            // What none of the room's share of all requests has is the most that may be missed.
            prop_assert!(whole.floor() <= names.len() as u64 / ROOM as u64);
            let (one, two) = names.split_at(if names.is_empty() { 0 } else { cut.index(names.len()) });
            let mut sum = of(one);
            sum.add(&of(two));
            holds(&sum, &names)?;
            sum.keep(most);
            prop_assert!(sum.entries().len() <= most);
            holds(&sum, &names)?;
        }
    }

    #[test]
    fn few_names_are_counted_exactly() {
        let names: Vec<u16> = (0..1000).map(|n| n % 100).collect();
        let top = of(&names);
        assert!(top.entries().iter().all(|entry| (entry.count, entry.error, entry.bytes) == (10, 0, 100)));
        assert_eq!((top.entries().len(), top.floor()), (100, 0));
    }
}
