//! The hashes under which the index keeps names, all keyed with the log's secret (rule I6).

use std::hash::Hasher as _;

use plan::{KeySecret, Label, Location, NameHash, Tag};
use siphasher::sip::SipHasher13;

use crate::subject::LabelHashes;

/// Name spaces of [`KeySecret::name`].
mod space {
    pub const MASTER: u8 = 1;
    pub const EXACT: u8 = 2;
    pub const TAG: u8 = 5;
    pub const LABEL: u8 = 6;
    pub const SOURCE: u8 = 7;
}

/// Makes names.
pub(crate) struct Names {
    secret: KeySecret,
    /// Before any byte of a prefix. Its key is the secret's other half, so that prefixes share nothing with other names.
    prefix: SipHasher13,
}

impl Names {
    pub fn new(secret: &KeySecret) -> Self {
        let half = |i: usize| u64::from_le_bytes(std::array::from_fn(|j| secret.bytes()[i + j]));
        Names { secret: secret.clone(), prefix: SipHasher13::new_with_keys(half(16), half(24)) }
    }

    pub fn master(&self, text: &str) -> NameHash {
        self.secret.name(space::MASTER, text.as_bytes())
    }

    pub fn exact(&self, name: &[u8; 16]) -> NameHash {
        self.secret.name(space::EXACT, name)
    }

    /// A master named as a dependency. Made from its other name, for that is known already and as good as random.
    pub fn part(&self, master: NameHash) -> NameHash {
        NameHash(master.0 ^ 0x9e37_79b9_7f4a_7c15)
    }

    pub fn tag(&self, tag: &Tag) -> NameHash {
        self.secret.name(space::TAG, tag.as_str().as_bytes())
    }

    pub fn tag_in(&self, tag: NameHash, source: &Location) -> NameHash {
        let source = self.secret.name(space::SOURCE, source.as_str().as_bytes());
        let mut both = [0; 16];
        both[..8].copy_from_slice(&tag.0.to_le_bytes());
        both[8..].copy_from_slice(&source.0.to_le_bytes());
        self.secret.name(space::LABEL, &both)
    }

    pub fn label(&self, label: &Label) -> LabelHashes {
        let everywhere = self.tag(&label.tag);
        LabelHashes { everywhere, in_source: self.tag_in(everywhere, &label.source) }
    }

    pub fn prefix(&self, text: &str) -> NameHash {
        self.prefixes(text).of_length(text.len())
    }

    /// The names of the prefixes of a text, for growing lengths: each byte is hashed once, however many are asked for.
    pub fn prefixes<'t>(&self, text: &'t str) -> Prefixes<'t> {
        Prefixes { hasher: self.prefix, text: text.as_bytes(), done: 0 }
    }
}

pub(crate) struct Prefixes<'t> {
    hasher: SipHasher13,
    text: &'t [u8],
    done: usize,
}

impl Prefixes<'_> {
    /// The name of the first `length` bytes; lengths may not fall from call to call, nor exceed the text.
    pub fn of_length(&mut self, length: usize) -> NameHash {
        self.hasher.write(&self.text[self.done..length]);
        self.done = length;
        NameHash(self.hasher.finish())
    }
}
