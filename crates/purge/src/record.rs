use std::fmt;

use plan::{Position, Selector};

/// The public id of a purge request: 128 random bits as a version 4 UUID.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PurgeId(pub u128);

impl PurgeId {
    /// From random bits; the version and variant bits of RFC 9562 are set.
    pub const fn from_random(bits: u128) -> Self {
        PurgeId(bits & !(0xf << 76) & !(0x3 << 62) | (0x4 << 76) | (0x2 << 62))
    }

    /// Reads the hyphenated form, any case; also 32 bare digits, and the first 24 of them do not suffice.
    pub fn parse(text: &str) -> Option<Self> {
        let hex: String = text.chars().filter(|c| *c != '-').collect();
        let plain = hex.len() == 32 && hex.bytes().all(|b| b.is_ascii_hexdigit());
        if plain { u128::from_str_radix(&hex, 16).ok().map(PurgeId) } else { None }
    }
}

/// The hyphenated form, lower case.
impl fmt::Display for PurgeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n = self.0;
        let (a, b, c, d, e) = (n >> 96, n >> 80 & 0xffff, n >> 64 & 0xffff, n >> 48 & 0xffff, n & 0xffff_ffff_ffff);
        write!(f, "{a:08x}-{b:04x}-{c:04x}-{d:04x}-{e:012x}")
    }
}

impl fmt::Debug for PurgeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What a purge does to what it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Unusable at once.
    Hard,
    /// Stale: may be served once more while it is refreshed.
    Soft,
    /// Stale, and refreshed at once without waiting for a request: each derivative is served until its replacement is made.
    Refresh,
    /// Unusable at once, and refused until it is lifted.
    Takedown,
}

impl Mode {
    /// Every mode.
    pub const ALL: [Mode; 4] = [Mode::Hard, Mode::Soft, Mode::Refresh, Mode::Takedown];

    /// Whether what it names is unusable at once; else it is stale.
    pub const fn is_hard(self) -> bool {
        matches!(self, Mode::Hard | Mode::Takedown)
    }

    /// Stable lower-case name.
    pub const fn name(self) -> &'static str {
        match self {
            Mode::Hard => "hard",
            Mode::Soft => "soft",
            Mode::Refresh => "refresh",
            Mode::Takedown => "takedown",
        }
    }

    /// The inverse of [`Mode::name`].
    pub fn from_name(name: &str) -> Option<Mode> {
        Mode::ALL.into_iter().find(|m| m.name() == name)
    }
}

/// Which door a purge came through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Via {
    Native,
    Imgix,
    ImgixLegacy,
    Imagekit,
    Cloudimage,
    Imageboss,
    /// The `PURGE` method.
    Method,
    /// An unsafe method through a pass-through site (RFC 9111, section 4.4).
    Unsafe,
    /// `Cache-Group-Invalidation` from an origin (RFC 9875).
    Groups,
    /// The document of the invalidation draft.
    Invalidation,
}

impl Via {
    /// Every door.
    pub const ALL: [Via; 10] = [
        Via::Native,
        Via::Imgix,
        Via::ImgixLegacy,
        Via::Imagekit,
        Via::Cloudimage,
        Via::Imageboss,
        Via::Method,
        Via::Unsafe,
        Via::Groups,
        Via::Invalidation,
    ];

    /// Stable lower-case name.
    pub const fn name(self) -> &'static str {
        match self {
            Via::Native => "native",
            Via::Imgix => "imgix",
            Via::ImgixLegacy => "imgix-v2",
            Via::Imagekit => "imagekit",
            Via::Cloudimage => "cloudimage",
            Via::Imageboss => "imageboss",
            Via::Method => "purge-method",
            Via::Unsafe => "unsafe-method",
            Via::Groups => "cache-groups",
            Via::Invalidation => "invalidation",
        }
    }

    /// The inverse of [`Via::name`].
    pub fn from_name(name: &str) -> Option<Via> {
        Via::ALL.into_iter().find(|v| v.name() == name)
    }
}

/// One thing that a request named, as said and as understood. One said thing may mean several selectors (every candidate
/// of a URL, a symbolic link and what it points to).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// As the caller wrote it.
    pub said: String,
    /// What it means; never empty.
    pub selectors: Vec<Selector>,
}

/// One purge in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its place; given when it is appended.
    pub position: Position,
    /// Its public id.
    pub id: PurgeId,
    /// What it does.
    pub mode: Mode,
    /// What it names.
    pub targets: Vec<Target>,
    /// Who asked: the name of the API key.
    pub actor: String,
    /// Through which API.
    pub via: Via,
    /// From which address; empty if unknown.
    pub from: String,
    /// When it was accepted, in milliseconds since the Unix epoch. For people; order comes from the position.
    pub accepted_at: u64,
    /// On what terms it refuses: for a takedown, and for nothing else.
    pub terms: Option<Terms>,
}

/// On what terms a takedown refuses.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Terms {
    /// What the answer says.
    pub status: Gone,
    /// Why, for whoever asks for the picture; may be empty.
    pub reason: String,
    /// When the refusal ends, in milliseconds since the Unix epoch; `None` = when it is lifted. The purge itself never ends.
    pub expires_at: Option<u64>,
}

/// How a takedown is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Gone {
    /// 451 Unavailable For Legal Reasons (RFC 7725).
    #[default]
    LegalReasons,
    /// 410 Gone.
    Gone,
}

impl Gone {
    /// The HTTP status.
    pub const fn status(self) -> u16 {
        match self {
            Gone::LegalReasons => 451,
            Gone::Gone => 410,
        }
    }

    /// The inverse of [`Gone::status`].
    pub const fn from_status(status: u16) -> Option<Gone> {
        match status {
            451 => Some(Gone::LegalReasons),
            410 => Some(Gone::Gone),
            _ => None,
        }
    }
}

/// A number of entries and the bytes of their bodies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Count {
    /// Entries.
    pub entries: u64,
    /// Bytes.
    pub bytes: u64,
}

impl Count {
    /// One more entry.
    pub fn add(&mut self, bytes: u64) {
        self.entries += 1;
        self.bytes += bytes;
    }

    /// Both together.
    #[must_use]
    pub fn and(self, other: Count) -> Count {
        Count { entries: self.entries + other.entries, bytes: self.bytes + other.bytes }
    }
}

/// How far a purge has come. Times are in milliseconds since the Unix epoch, for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// When nothing that it names was served any more from here, or was marked stale.
    pub effective_at: u64,
    /// When every derivative that a refresh found was replaced or had failed; for a refresh alone.
    pub refreshed_at: Option<u64>,
    /// When the bytes were gone from every file here.
    pub erased_at: Option<u64>,
    /// Derivatives erased from disk so far.
    pub derivatives: Count,
    /// Masters' own bytes erased from disk so far.
    pub masters: Count,
    /// Entries dropped from memory so far.
    pub memory: Count,
}

impl Progress {
    /// What two know together: a time that the first knows stays, and of two counts the larger one holds. Whoever notes how far
    /// a purge has come knows only of its own part.
    #[must_use]
    pub fn joined(self, other: Progress) -> Progress {
        let larger = |a: Count, b: Count| Count { entries: a.entries.max(b.entries), bytes: a.bytes.max(b.bytes) };
        Progress {
            effective_at: self.effective_at,
            refreshed_at: self.refreshed_at.or(other.refreshed_at),
            erased_at: self.erased_at.or(other.erased_at),
            derivatives: larger(self.derivatives, other.derivatives),
            masters: larger(self.masters, other.masters),
            memory: larger(self.memory, other.memory),
        }
    }

    /// The state that it amounts to.
    pub fn state(&self) -> State {
        if self.erased_at.is_some() { State::Erased } else { State::Effective }
    }
}

/// Where a purge stands. Accepted and effective are two facts, though here the one follows the other before the caller
/// is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum State {
    /// In the log.
    Accepted,
    /// No longer served.
    Effective,
    /// Gone from every file.
    Erased,
}

impl State {
    /// Every state, in order.
    pub const ALL: [State; 3] = [State::Accepted, State::Effective, State::Erased];

    /// Stable lower-case name.
    pub const fn name(self) -> &'static str {
        match self {
            State::Accepted => "accepted",
            State::Effective => "effective",
            State::Erased => "erased",
        }
    }

    /// The inverse of [`State::name`].
    pub fn from_name(name: &str) -> Option<State> {
        State::ALL.into_iter().find(|s| s.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_uuids() {
        let id = PurgeId::from_random(u128::MAX);
        assert_eq!(id.to_string(), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_eq!(PurgeId::parse(&id.to_string()), Some(id));
        assert_eq!(PurgeId::parse(&id.to_string().to_uppercase().replace('-', "")), Some(id));
        assert_eq!(PurgeId::parse("ffffffff"), None);
    }
}
