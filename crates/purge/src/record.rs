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
}

impl Mode {
    /// Stable lower-case name.
    pub const fn name(self) -> &'static str {
        match self {
            Mode::Hard => "hard",
            Mode::Soft => "soft",
        }
    }

    /// The inverse of [`Mode::name`].
    pub fn from_name(name: &str) -> Option<Mode> {
        [Mode::Hard, Mode::Soft].into_iter().find(|m| m.name() == name)
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
}

impl Via {
    /// Every door.
    pub const ALL: [Via; 6] =
        [Via::Native, Via::Imgix, Via::ImgixLegacy, Via::Imagekit, Via::Cloudimage, Via::Imageboss];

    /// Stable lower-case name.
    pub const fn name(self) -> &'static str {
        match self {
            Via::Native => "native",
            Via::Imgix => "imgix",
            Via::ImgixLegacy => "imgix-v2",
            Via::Imagekit => "imagekit",
            Via::Cloudimage => "cloudimage",
            Via::Imageboss => "imageboss",
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
