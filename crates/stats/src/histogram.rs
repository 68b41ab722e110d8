//! Times in buckets: each power of two is cut into 16 of equal width, so that a bucket's middle is no further than 1/32 from
//! anything in it. Below 16 each value has its own.

/// Pieces that a power of two is cut into, as a power of two.
const BITS: u32 = 4;
const PIECES: usize = 1 << BITS;
/// Larger values count as this: in microseconds, 71 minutes.
const LARGEST: u64 = u32::MAX as u64;
/// Buckets there are.
pub(crate) const BUCKETS: usize = PIECES * (33 - BITS as usize);

/// How often which times came, in microseconds. Adding two gives what counting all at once would have given.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Histogram {
    /// As long as its last bucket that is not empty.
    counts: Vec<u64>,
    count: u64,
    max: u64,
}

impl Histogram {
    /// Notes one.
    #[inline]
    pub fn record(&mut self, micros: u64) {
        self.record_many(micros, 1);
    }

    #[inline]
    pub(crate) fn record_many(&mut self, micros: u64, times: u64) {
        self.fill(place(micros), times);
        self.max = self.max.max(micros);
    }

    fn fill(&mut self, place: usize, times: u64) {
        if place >= self.counts.len() {
            self.counts.resize(place + 1, 0);
        }
        self.counts[place] += times;
        self.count += times;
    }

    /// Adds another.
    pub fn add(&mut self, other: &Histogram) {
        if other.counts.len() > self.counts.len() {
            self.counts.resize(other.counts.len(), 0);
        }
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            *mine = mine.saturating_add(*theirs);
        }
        self.count = self.count.saturating_add(other.count);
        self.max = self.max.max(other.max);
    }

    /// Forgets everything and keeps its room.
    pub(crate) fn clear(&mut self) {
        self.counts.clear();
        (self.count, self.max) = (0, 0);
    }

    /// How many came.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The largest, exactly; 0 where none came.
    pub fn max(&self) -> u64 {
        self.max
    }

    /// The smallest time that at least this share (0 to 1) of all did not exceed, to within 1/32; `None` where none came.
    pub fn percentile(&self, share: f64) -> Option<u64> {
        if self.count == 0 {
            return None;
        }
        let rank = ((share.clamp(0.0, 1.0) * self.count as f64).ceil() as u64).clamp(1, self.count);
        let mut seen = 0;
        for (place, n) in self.counts.iter().enumerate() {
            seen = n.saturating_add(seen);
            if seen >= rank {
                return Some(middle(place).min(self.max));
            }
        }
        Some(self.max)
    }

    /// The buckets that are not empty: place and count.
    pub(crate) fn filled(&self) -> impl Iterator<Item = (usize, u64)> + '_ {
        self.counts.iter().copied().enumerate().filter(|(_, n)| *n > 0)
    }

    /// The inverse of [`Histogram::filled`]; `None` where a place is none.
    pub(crate) fn from_filled(filled: impl Iterator<Item = (usize, u64)>, max: u64) -> Option<Histogram> {
        let mut made = Histogram { max, ..Histogram::default() };
        for (place, n) in filled {
            if place >= BUCKETS || made.count.checked_add(n).is_none() {
                return None;
            }
            made.fill(place, n);
        }
        Some(made)
    }
}

fn place(micros: u64) -> usize {
    let micros = micros.min(LARGEST);
    if micros < PIECES as u64 {
        return micros as usize;
    }
    let exponent = micros.ilog2();
    let piece = (micros >> (exponent - BITS)) as usize & (PIECES - 1);
    PIECES + (exponent - BITS) as usize * PIECES + piece
}

fn middle(place: usize) -> u64 {
    if place < PIECES {
        return place as u64;
    }
    let (exponent, piece) = ((place - PIECES) / PIECES, (place % PIECES) as u64);
    let lowest = (PIECES as u64 + piece) << exponent;
    lowest + (1 << exponent) / 2
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_value_has_a_place_near_it() {
        for micros in (0..100_000).chain((17..32).flat_map(|bit| [1 << bit, (1 << bit) - 1, (1 << bit) + 1])) {
            let micros: u64 = micros;
            let (place, middle) = (place(micros), middle(place(micros)));
            assert!(place < BUCKETS);
            assert!(middle.abs_diff(micros) * 32 <= micros, "{micros} is counted as {middle}");
        }
        assert_eq!(place(u64::MAX), BUCKETS - 1);
    }

    fn times() -> impl Strategy<Value = Vec<u64>> {
        proptest::collection::vec(prop_oneof![0..50u64, 50..5_000u64, 5_000..60_000_000u64], 1..400)
    }

    fn of(times: &[u64]) -> Histogram {
        let mut made = Histogram::default();
        times.iter().for_each(|t| made.record(*t));
        made
    }

    proptest! {
        #[test]
        fn percentiles_are_near_those_of_the_sorted_list(mut times in times(), share in 0.0..=1.0f64) {
            let made = of(&times);
            times.sort_unstable();
            let rank = ((share * times.len() as f64).ceil() as usize).clamp(1, times.len());
            let (want, got) = (times[rank - 1], made.percentile(share).unwrap());
            prop_assert!(got.abs_diff(want) as f64 <= want as f64 * 0.05, "{share}: {got} for {want}");
            prop_assert_eq!(made.max(), *times.last().unwrap());
            prop_assert_eq!(made.percentile(1.0).unwrap().max(made.max()), made.max());
        }

        #[test]
        fn parts_add_up(times in times(), cut in any::<prop::sample::Index>()) {
            let (one, two) = times.split_at(cut.index(times.len()));
            let mut sum = of(one);
            sum.add(&of(two));
            prop_assert_eq!(sum, of(&times));
        }
    }

    #[test]
    fn nothing_has_no_percentile() {
        assert_eq!((Histogram::default().percentile(0.5), Histogram::default().max()), (None, 0));
    }
}
