use std::fmt;
use std::hash::Hasher;

use siphasher::sip::SipHasher13;

use crate::{MasterRef, OutputSpec, Plan};

/// The secret under which everything durable is hashed. It is made with the purge log and kept beside it, so that nobody
/// outside can choose colliding names.
#[derive(Clone)]
pub struct KeySecret([u8; 32]);

impl KeySecret {
    /// From 32 random bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        KeySecret(bytes)
    }

    /// The bytes, to be stored.
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The name hash of `text` within a name space (such as master, prefix, tag).
    pub fn name(&self, space: u8, text: &[u8]) -> NameHash {
        let half = |i: usize| u64::from_le_bytes(std::array::from_fn(|j| self.0[i + j]));
        let mut hasher = SipHasher13::new_with_keys(half(0), half(8));
        hasher.write_u8(space);
        hasher.write(text);
        NameHash(hasher.finish())
    }

    fn keyed(&self, domain: &[u8], parts: &[&[u8]]) -> [u8; 16] {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(domain);
        for part in parts {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        let mut out = [0; 16];
        out.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
        out
    }
}

impl fmt::Debug for KeySecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeySecret(..)")
    }
}

/// A keyed 64-bit hash of a purge name. Two names that collide are purged together: too much, never too little.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NameHash(pub u64);

macro_rules! hex_id {
    ($(#[$doc:meta])* $name:ident, $len:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub [u8; $len]);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl $name {
            /// Reads lower- or upper-case hex of the exact length.
            pub fn from_hex(text: &str) -> Option<Self> {
                let text = text.as_bytes();
                if text.len() != 2 * $len {
                    return None;
                }
                let digit = |b: u8| char::from(b).to_digit(16).map(|d| d as u8);
                let mut out = [0; $len];
                for (byte, pair) in out.iter_mut().zip(text.chunks_exact(2)) {
                    *byte = digit(pair[0])? << 4 | digit(pair[1])?;
                }
                Some($name(out))
            }
        }
    };
}

hex_id!(
    /// Names a derivative in every format, quality and hint of it: the masters it may come from, and the canonical stages.
    ExactName, 16
);
hex_id!(
    /// Names one stored derivative: an exact name, resolved hints and one output.
    DerivativeKey, 16
);
hex_id!(
    /// The BLAKE3 hash of some bytes.
    Digest, 32
);
hex_id!(
    /// Random bits that tie a catalogue row to one body in the store.
    BodyId, 16
);

impl ExactName {
    /// Candidates are the masters in the order in which they would be tried.
    pub fn new(secret: &KeySecret, candidates: &[MasterRef], plan: &Plan) -> Self {
        let mut parts: Vec<String> = candidates.iter().map(|c| format!("{}?{}", c.id, c.query)).collect();
        parts.push(plan.stages_text());
        let parts: Vec<&[u8]> = parts.iter().map(|p| p.as_bytes()).collect();
        ExactName(secret.keyed(b"exact", &parts))
    }

    /// The name of what is made in the same way, but tells apart what the URL says besides masters and plan: such as how long
    /// it may be kept. Where there is nothing of that kind, it stays this name.
    pub fn with(self, secret: &KeySecret, said: &[String]) -> Self {
        if said.is_empty() {
            return self;
        }
        let parts: Vec<&[u8]> = std::iter::once(&self.0[..]).chain(said.iter().map(String::as_bytes)).collect();
        ExactName(secret.keyed(b"exact-with", &parts))
    }
}

impl DerivativeKey {
    /// The key of one output of an exact name.
    pub fn new(secret: &KeySecret, exact: &ExactName, output: &OutputSpec) -> Self {
        DerivativeKey(secret.keyed(b"derivative", &[&exact.0, output.to_string().as_bytes()]))
    }

    /// The key of one output of an exact name where hints of the client took part: the plan that the URL alone asks for
    /// gave the name, `hinted` is made. Where both have the same stages, it is the key without hints.
    pub fn hinted(secret: &KeySecret, exact: &ExactName, unhinted: &Plan, hinted: &Plan, output: &OutputSpec) -> Self {
        let stages = hinted.stages_text();
        if stages == unhinted.stages_text() {
            return DerivativeKey::new(secret, exact, output);
        }
        DerivativeKey(secret.keyed(b"hinted", &[&exact.0, stages.as_bytes(), output.to_string().as_bytes()]))
    }

    /// The key of the answer that a pass-through site gives under an exact name: what it may live for is the origin's word, so
    /// it is another than that of the same bytes on a site for pictures.
    pub fn passed_through(secret: &KeySecret, exact: &ExactName) -> Self {
        DerivativeKey(secret.keyed(b"passed-through", &[&exact.0]))
    }

    /// The key under which a master's own bytes are kept.
    pub fn of_master(secret: &KeySecret, master: &MasterRef) -> Self {
        DerivativeKey(secret.keyed(b"master", &[master.id.as_str().as_bytes(), master.query.as_bytes()]))
    }
}

impl Digest {
    /// Hashes bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Digest(*blake3::hash(bytes).as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AcceptClass, Depth, Dim, Fit, Format, FormatRule, Location, OutputRule, Resize, Stage};

    fn resized(width: u32) -> Plan {
        let stage = Stage::Resize(Resize::new(Some(Dim::Px(width)), None, Fit::Inside));
        Plan { stages: vec![stage], output: OutputRule::default() }
    }

    #[test]
    fn keys_depend_on_each_part_and_on_the_secret() {
        let (one, two) = (KeySecret::new([1; 32]), KeySecret::new([2; 32]));
        let at = Location::new("file:/p");
        let (a, b) = (MasterRef::plain(at.master("a.jpg")), MasterRef::plain(at.master("b.jpg")));
        let plan = Plan { stages: vec![], output: OutputRule::default() };
        let name = ExactName::new(&one, std::slice::from_ref(&a), &plan);
        assert_eq!(name, ExactName::new(&one, std::slice::from_ref(&a), &plan));
        assert_ne!(name, ExactName::new(&two, std::slice::from_ref(&a), &plan));
        assert_ne!(name, ExactName::new(&one, std::slice::from_ref(&b), &plan));
        assert_ne!(name, ExactName::new(&one, &[a.clone(), b.clone()], &plan));
        assert_ne!(name, ExactName::new(&one, std::slice::from_ref(&a), &Plan::original()));
        let spec = plan.output.resolve(AcceptClass::Basic);
        assert_ne!(DerivativeKey::new(&one, &name, &spec).0, name.0);
        let original = Plan::original().output.resolve(AcceptClass::Basic);
        assert_ne!(DerivativeKey::passed_through(&one, &name), DerivativeKey::new(&one, &name, &original));
        let narrow = resized(300);
        assert_eq!(DerivativeKey::hinted(&one, &name, &plan, &plan, &spec), DerivativeKey::new(&one, &name, &spec));
        let hinted = DerivativeKey::hinted(&one, &name, &plan, &narrow, &spec);
        assert_ne!(hinted, DerivativeKey::new(&one, &name, &spec));
        assert_ne!(hinted, DerivativeKey::hinted(&one, &name, &plan, &resized(400), &spec));
        assert_ne!(one.name(1, b"x"), one.name(2, b"x"));
        assert_ne!(one.name(1, b"x"), two.name(1, b"x"));
    }

    #[test]
    fn depth_has_a_say_where_a_format_holds_it() {
        let secret = KeySecret::new([3; 32]);
        let name = ExactName::new(&secret, &[], &Plan { stages: vec![], output: OutputRule::default() });
        for (format, says) in [(Format::Png, true), (Format::Avif, true), (Format::Jpeg, false), (Format::Webp, false)]
        {
            let of = |depth| {
                let rule = OutputRule { format: FormatRule::Always(format), depth, ..OutputRule::default() };
                DerivativeKey::new(&secret, &name, &rule.resolve(AcceptClass::Avif))
            };
            assert_eq!(of(Depth::Eight) != of(Depth::Sixteen), says, "{format}");
        }
    }

    #[test]
    fn hex_round_trips() {
        let id = DerivativeKey([0xab; 16]);
        assert_eq!(DerivativeKey::from_hex(&id.to_string()), Some(id));
        assert_eq!(DerivativeKey::from_hex("abc"), None);
        assert_eq!(DerivativeKey::from_hex(&"g".repeat(32)), None);
    }
}
