use std::fmt;

/// A place in the purge log. The first purge has position 1; 0 is "before every purge".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Position(pub u64);

impl Position {
    /// Before every purge.
    pub const START: Position = Position(0);

    /// The position after this one.
    #[must_use]
    pub const fn next(self) -> Position {
        Position(self.0 + 1)
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Which purge log positions belong to: 128 random bits made with the log. Positions of two logs are never compared; an
/// entry that bears another log's id is a miss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LogId(pub u128);

/// 32 lower-case hex digits.
impl fmt::Display for LogId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// As of when bytes are known good: the head of the purge log that the node had *applied* when the work that made them
/// began. It travels with the bytes into every tier, and no clock takes part in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Stamp {
    /// The log that the position counts in.
    pub log: LogId,
    /// The applied head at the start.
    pub position: Position,
}
