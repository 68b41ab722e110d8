//! A set of byte ranges, merged where they touch.

use std::collections::BTreeMap;

/// Which bytes of a file are meant: start to end, none overlapping or touching another.
#[derive(Debug, Default, Clone)]
pub(crate) struct Ranges(BTreeMap<u64, u64>);

impl Ranges {
    /// Adds a range; answers how many of its bytes were not in the set.
    pub fn insert(&mut self, from: u64, to: u64) -> u64 {
        if from >= to {
            return 0;
        }
        let (mut start, mut end) = (from, to);
        let mut known = 0;
        // From the last, so that each one that is met can be taken out.
        while let Some((&s, &e)) = self.0.range(..=end).next_back().filter(|(_, e)| **e >= start) {
            known += e.min(to).saturating_sub(s.max(from));
            self.0.remove(&s);
            start = start.min(s);
            end = end.max(e);
        }
        self.0.insert(start, end);
        to - from - known
    }

    /// Bytes in the set.
    pub fn bytes(&self) -> u64 {
        self.0.iter().map(|(from, to)| to - from).sum()
    }

    /// The ranges in order.
    pub fn iter(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.0.iter().map(|(from, to)| (*from, *to))
    }

    /// What the set leaves out of the first `length` bytes.
    pub fn gaps(&self, length: u64) -> Vec<(u64, u64)> {
        let mut gaps = Vec::new();
        let mut at = 0;
        for (from, to) in self.iter() {
            if from.min(length) > at {
                gaps.push((at, from.min(length)));
            }
            at = at.max(to);
        }
        if at < length {
            gaps.push((at, length));
        }
        gaps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_a_list_of_bytes() {
        let mut state = 1u64;
        let mut next = |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        for _ in 0..200 {
            let (mut ranges, mut plain) = (Ranges::default(), [false; 64]);
            for _ in 0..12 {
                let from = next(64);
                let to = (from + next(9)).min(64);
                let added = (from..to).filter(|n| !std::mem::replace(&mut plain[*n as usize], true)).count();
                assert_eq!(ranges.insert(from, to), added as u64);
            }
            let covered: Vec<u64> = ranges.iter().flat_map(|(from, to)| from..to).collect();
            let expected: Vec<u64> = (0..64).filter(|n| plain[*n as usize]).collect();
            assert_eq!((covered, ranges.bytes()), (expected.clone(), expected.len() as u64));
            let open: Vec<u64> = ranges.gaps(64).into_iter().flat_map(|(from, to)| from..to).collect();
            assert_eq!(open, (0..64).filter(|n| !plain[*n as usize]).collect::<Vec<u64>>());
            assert!(ranges.iter().zip(ranges.iter().skip(1)).all(|(a, b)| a.1 < b.0), "merged where they touch");
        }
    }
}
