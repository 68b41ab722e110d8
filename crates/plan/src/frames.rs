use std::fmt;

use crate::Fixed;

/// Which frames of an animation are kept, in which order, and how they play. A still is its only frame, whichever are asked
/// for.
///
/// The fields apply in their order: first a range, then a choice from it, then the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Frames {
    /// The first one that is kept; 0 is the animation's first. An animation that is shorter is an error.
    pub first: u32,
    /// The last one that is kept, at least `first`; `None`, or past the end = the animation's last.
    pub last: Option<u32>,
    /// Of these, each so-many-th is kept, beginning with the first; at least 1.
    pub every: u32,
    /// Of what is left, each so-many-th is dropped, beginning with the first; 0 = none, 1 makes no sense and counts as 0.
    pub without: u32,
    /// Whether the last comes first.
    pub reverse: bool,
    /// Frames a second, above 0; `None` = each is shown as long as the master says.
    pub rate: Option<Fixed>,
    /// How often it plays, 0 = without end; `None` = as often as the master.
    pub plays: Option<u16>,
}

impl Frames {
    /// All of them, as they are.
    pub const ALL: Frames =
        Frames { first: 0, last: None, every: 1, without: 0, reverse: false, rate: None, plays: None };

    /// The frames that are kept of so many, in their order, as places from 0. Empty where the animation ends before `first`.
    pub fn of(&self, count: usize) -> Vec<usize> {
        let first = usize::try_from(self.first).unwrap_or(usize::MAX);
        let last = self.last.map_or(usize::MAX, |last| usize::try_from(last).unwrap_or(usize::MAX));
        let range = first..count.min(last.saturating_add(1));
        let every = usize::try_from(self.every.max(1)).unwrap_or(usize::MAX);
        let without = usize::try_from(self.without).unwrap_or(usize::MAX);
        let dropped = |place: usize| without > 1 && place.is_multiple_of(without);
        let chosen = range.step_by(every).enumerate().filter(|(place, _)| !dropped(*place)).map(|(_, frame)| frame);
        let mut kept: Vec<usize> = chosen.collect();
        if kept.is_empty() && first < count {
            // Of a single frame, dropping the first would leave no picture.
            kept.push(first);
        }
        if self.reverse {
            kept.reverse();
        }
        kept
    }

    pub(crate) fn canonical(mut self) -> Option<Frames> {
        self.every = self.every.max(1);
        self.last = self.last.map(|last| last.max(self.first));
        if self.without == 1 {
            self.without = 0;
        }
        self.rate = self.rate.filter(|rate| *rate > Fixed::ZERO);
        (self != Frames::ALL).then_some(self)
    }
}

impl fmt::Display for Frames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "frames:{}..", self.first)?;
        if let Some(last) = self.last {
            write!(f, "{last}")?;
        }
        if self.every > 1 {
            write!(f, ",every={}", self.every)?;
        }
        if self.without > 0 {
            write!(f, ",without={}", self.without)?;
        }
        if self.reverse {
            f.write_str(",reverse")?;
        }
        if let Some(rate) = self.rate {
            write!(f, ",rate={rate}")?;
        }
        if let Some(plays) = self.plays {
            write!(f, ",plays={plays}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_chosen_in_the_order_of_the_fields() {
        let all = Frames::ALL;
        for (frames, want) in [
            (all, vec![0, 1, 2, 3, 4, 5, 6]),
            (Frames { first: 2, last: Some(4), ..all }, vec![2, 3, 4]),
            (Frames { first: 5, last: Some(90), ..all }, vec![5, 6]),
            (Frames { first: 7, ..all }, vec![]),
            (Frames { every: 3, ..all }, vec![0, 3, 6]),
            (Frames { first: 1, every: 3, ..all }, vec![1, 4]),
            (Frames { without: 3, ..all }, vec![1, 2, 4, 5]),
            (Frames { without: 1, ..all }, vec![0, 1, 2, 3, 4, 5, 6]),
            (Frames { every: 2, without: 2, ..all }, vec![2, 6]),
            (Frames { first: 6, without: 2, ..all }, vec![6]),
            (Frames { last: Some(2), reverse: true, ..all }, vec![2, 1, 0]),
        ] {
            assert_eq!(frames.of(7), want, "{frames}");
        }
    }

    #[test]
    fn what_changes_nothing_goes() {
        let all = Frames::ALL;
        let odd = Frames { every: 0, without: 1, rate: Some(Fixed::ZERO), ..all };
        assert_eq!((all.canonical(), odd.canonical()), (None, None));
        let backwards = Frames { first: 5, last: Some(2), ..all };
        assert_eq!(backwards.canonical(), Some(Frames { first: 5, last: Some(5), ..all }));
    }
}
