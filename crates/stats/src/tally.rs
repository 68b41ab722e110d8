//! Counts under few names.

/// Names that are told apart; further ones are counted together.
const MOST: usize = 64;
/// The name of those.
pub const OTHER: &str = "other";

/// Something that can be added up under names. Of more than 64 names, the later ones are added up under `other`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally<V>(Vec<(Box<str>, V)>);

impl<V> Default for Tally<V> {
    fn default() -> Self {
        Tally(Vec::new())
    }
}

impl<V: Default> Tally<V> {
    /// What is counted under a name.
    #[inline]
    pub fn at(&mut self, name: &str) -> &mut V {
        let found = self.0.iter().position(|(known, _)| &**known == name);
        let place = found.unwrap_or_else(|| self.place_for(name));
        &mut self.0[place].1
    }

    #[cold]
    fn place_for(&mut self, name: &str) -> usize {
        if self.0.len() >= MOST && name != OTHER {
            let other = self.0.iter().position(|(known, _)| &**known == OTHER);
            return other.unwrap_or_else(|| self.place_for(OTHER));
        }
        self.0.push((name.into(), V::default()));
        self.0.len() - 1
    }

    /// What is counted, in the order in which the names came.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &V)> + '_ {
        self.0.iter().map(|(name, value)| (&**name, value))
    }

    /// What is counted under a name, if anything is.
    pub fn get(&self, name: &str) -> Option<&V> {
        self.0.iter().find(|(known, _)| &**known == name).map(|(_, value)| value)
    }

    /// Whether nothing is counted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds what another has.
    pub(crate) fn add(&mut self, other: &Tally<V>, add: impl Fn(&mut V, &V)) {
        other.0.iter().for_each(|(name, value)| add(self.at(name), value));
    }

    /// Forgets everything and keeps its room.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

/// Counts of small numbers: statuses, qualities.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Numbers(Vec<(u16, u64)>);

impl Numbers {
    /// Counts one more.
    #[inline]
    pub fn count(&mut self, number: u16) {
        self.count_many(number, 1);
    }

    pub(crate) fn count_many(&mut self, number: u16, times: u64) {
        match self.0.iter_mut().find(|(known, _)| *known == number) {
            Some((_, n)) => *n = n.saturating_add(times),
            None => self.0.push((number, times)),
        }
    }

    /// Numbers and how often they came.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (u16, u64)> + '_ {
        self.0.iter().copied()
    }

    /// How often one came.
    pub fn get(&self, number: u16) -> u64 {
        self.0.iter().find(|(known, _)| *known == number).map_or(0, |(_, n)| *n)
    }

    pub(crate) fn add(&mut self, other: &Numbers) {
        other.iter().for_each(|(number, n)| self.count_many(number, n));
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_past_the_bound_are_counted_together() {
        let mut tally = Tally::<u64>::default();
        for n in 0..MOST * 3 {
            *tally.at(&n.to_string()) += 1;
            *tally.at("0") += 1;
        }
        assert_eq!(tally.iter().len(), MOST + 1);
        assert_eq!(tally.get(OTHER), Some(&(MOST as u64 * 2)));
        assert_eq!(tally.get("0"), Some(&(MOST as u64 * 3 + 1)));
    }
}
