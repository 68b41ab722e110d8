//! The header of an entry on disk: everything that judging it needs, checksummed apart from the body.
//!
//! Layout, little-endian: magic (8), length of the header with its checksum (4), then the fields in the order of
//! [`encode`], then BLAKE3 of all before (32). Texts are a length (4) and UTF-8. The format version is part of the magic;
//! a reader takes any other for a miss, so a change of the fields is a change of the magic.

use plan::{BodyId, DerivativeKey, Digest, ExactName, Label, LogId, MasterId, NORMALISER_VERSION, Position, Stamp};
use purge::{Index, Role, Subject};

use crate::entry::Meta;

const MAGIC: &[u8; 8] = b"AFTENT05";
/// Version of the hashes that durable names are made with.
const HASH_VERSION: u16 = 1;
/// Key id of bodies that are not sealed.
const PLAIN: u32 = 0;
/// No header is longer; a length past it is damage.
const LONGEST: usize = 1 << 20;

/// What a header says.
#[derive(Debug)]
pub(crate) struct Header {
    pub key: DerivativeKey,
    pub body: BodyId,
    pub body_digest: Digest,
    pub subject: Subject,
    pub meta: Meta,
    /// Bytes of the header, after which the body begins.
    pub length: usize,
}

/// Why a header was not understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// Damaged.
    Corrupt,
    /// Written by another version.
    OtherVersion,
}

pub(crate) fn encode(key: &DerivativeKey, body: BodyId, digest: &Digest, subject: &Subject, meta: &Meta) -> Vec<u8> {
    let mut out = Writer(Vec::with_capacity(512));
    out.0.extend_from_slice(MAGIC);
    out.u32(0);
    out.u16(HASH_VERSION);
    out.u16(NORMALISER_VERSION);
    out.u32(PLAIN);
    out.u32(meta.recipe);
    out.0.extend_from_slice(&subject.stamp.log.0.to_le_bytes());
    out.u64(subject.stamp.position.0);
    out.0.extend_from_slice(&key.0);
    out.0.extend_from_slice(&body.0);
    out.0.extend_from_slice(&digest.0);
    out.option(subject.exact.map(|(name, _)| name), |out, name| out.0.extend_from_slice(&name.0));
    out.u32(subject.dependencies.len() as u32);
    for dependency in &subject.dependencies {
        out.text(dependency.master.as_str());
        out.0.push(u8::from(dependency.role == Role::Part));
        out.u64(dependency.stamp.0);
        out.option(dependency.digest, |out, digest| out.0.extend_from_slice(&digest.0));
    }
    out.text(&meta.content_type);
    out.option(meta.last_modified, Writer::u64);
    out.option(meta.origin_etag.as_deref(), Writer::text);
    out.option(meta.origin_last_modified.as_deref(), Writer::text);
    out.u64(meta.stored_at);
    out.u64(meta.lifetime.as_secs());
    out.option(meta.browser_lifetime.map(|lifetime| lifetime.as_secs()), Writer::u64);
    out.option(meta.master_bytes, Writer::u64);
    out.u32(subject.labels.len() as u32);
    for label in &subject.labels {
        out.text(&label.to_string());
    }
    out.text(&meta.url);
    out.u32(meta.described.len() as u32);
    for (name, value) in &meta.described {
        out.text(name);
        out.text(value);
    }
    let length = out.0.len() as u32 + 32;
    out.0[8..12].copy_from_slice(&length.to_le_bytes());
    let sum = Digest::of(&out.0);
    out.0.extend_from_slice(&sum.0);
    out.0
}

/// Reads a header from the front of an entry. Name hashes are made anew with the index's secret.
pub(crate) fn decode(bytes: &[u8], index: &Index) -> Result<Header, Unreadable> {
    if bytes.len() < 12 {
        return Err(Unreadable::Corrupt);
    }
    if bytes[..8] != *MAGIC {
        return Err(if bytes[..6] == MAGIC[..6] { Unreadable::OtherVersion } else { Unreadable::Corrupt });
    }
    let length = u32::from_le_bytes([bytes[8], bytes[9], bytes[10], bytes[11]]) as usize;
    if !(44..=LONGEST).contains(&length) || length > bytes.len() {
        return Err(Unreadable::Corrupt);
    }
    let (fields, sum) = bytes[..length].split_at(length - 32);
    if Digest::of(fields).0 != sum {
        return Err(Unreadable::Corrupt);
    }
    let mut reader = Reader(&fields[12..]);
    if (reader.u16(), reader.u16(), reader.u32()) != (Some(HASH_VERSION), Some(NORMALISER_VERSION), Some(PLAIN)) {
        return Err(Unreadable::OtherVersion);
    }
    fields_of(&mut reader, index, length).filter(|_| reader.0.is_empty()).ok_or(Unreadable::Corrupt)
}

fn fields_of(reader: &mut Reader<'_>, index: &Index, length: usize) -> Option<Header> {
    let recipe = reader.u32()?;
    let log = LogId(u128::from_le_bytes(reader.take()?));
    let stamp = Stamp { log, position: Position(reader.u64()?) };
    let key = DerivativeKey(reader.take()?);
    let body = BodyId(reader.take()?);
    let body_digest = Digest(reader.take()?);
    let exact = reader.option(|r| r.take().map(ExactName))?;
    let count = reader.u32()?;
    let mut dependencies = Vec::new();
    for _ in 0..count {
        let master = MasterId::from_canonical(reader.text()?);
        let role = if reader.take::<1>()? == [1] { Role::Part } else { Role::Main };
        let stamp = Position(reader.u64()?);
        let digest = reader.option(|r| r.take().map(Digest))?;
        dependencies.push(index.dependency(master, role, stamp, digest));
    }
    let meta = Meta {
        recipe,
        content_type: reader.text()?.to_owned(),
        last_modified: reader.option(Reader::u64)?,
        origin_etag: reader.option(|r| r.text().map(str::to_owned))?,
        origin_last_modified: reader.option(|r| r.text().map(str::to_owned))?,
        stored_at: reader.u64()?,
        lifetime: std::time::Duration::from_secs(reader.u64()?),
        browser_lifetime: reader.option(Reader::u64)?.map(std::time::Duration::from_secs),
        master_bytes: reader.option(Reader::u64)?,
        ..Meta::default()
    };
    let labels = reader.u32()?;
    let labels = (0..labels).map(|_| Label::parse(reader.text()?)).collect::<Option<_>>()?;
    let url = reader.text()?.to_owned();
    let count = reader.u32()?;
    let described =
        (0..count).map(|_| Some((reader.text()?.to_owned(), reader.text()?.to_owned()))).collect::<Option<_>>()?;
    let meta = Meta { url, described, ..meta };
    let exact = exact.map(|name| index.exact(name));
    Some(Header { key, body, body_digest, subject: Subject { stamp, exact, dependencies, labels }, meta, length })
}

struct Writer(Vec<u8>);

impl Writer {
    fn u16(&mut self, n: u16) {
        self.0.extend_from_slice(&n.to_le_bytes());
    }
    fn u32(&mut self, n: u32) {
        self.0.extend_from_slice(&n.to_le_bytes());
    }
    fn u64(&mut self, n: u64) {
        self.0.extend_from_slice(&n.to_le_bytes());
    }
    fn text(&mut self, text: &str) {
        self.u32(text.len() as u32);
        self.0.extend_from_slice(text.as_bytes());
    }
    fn option<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        self.0.push(u8::from(value.is_some()));
        if let Some(value) = value {
            write(self, value);
        }
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*head)
    }
    fn u16(&mut self) -> Option<u16> {
        self.take().map(u16::from_le_bytes)
    }
    fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }
    fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }
    fn text(&mut self) -> Option<&'a str> {
        let length = self.u32()? as usize;
        let (head, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        std::str::from_utf8(head).ok()
    }
    fn option<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<Option<T>> {
        match self.take::<1>()? {
            [0] => Some(None),
            [1] => read(self).map(Some),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::time::Duration;

    use plan::KeySecret;
    use purge::LogIdentity;

    use super::*;

    #[test]
    fn survives_the_disk_and_no_damage() {
        let index = Index::new(LogIdentity { log: LogId(3), secret: KeySecret::new([1; 32]) });
        let id = |text: &str| MasterId::from_canonical(text);
        let subject = Subject {
            stamp: Stamp { log: LogId(3), position: Position(9) },
            exact: Some(index.exact(ExactName([4; 16]))),
            dependencies: vec![
                index.dependency(id("//h/a"), Role::Main, Position(9), Some(Digest([1; 32]))),
                index.dependency(id("//h/b"), Role::Part, Position(11), None),
            ],
            labels: ["a //h/", "format:webp //h/"].iter().map(|label| Label::parse(label).unwrap()).collect(),
        };
        let meta = Meta {
            content_type: "image/webp".into(),
            last_modified: Some(5),
            origin_etag: None,
            origin_last_modified: Some("Sun, 06 Nov 1994 08:49:37 GMT".into()),
            stored_at: 77,
            lifetime: Duration::from_secs(31_536_000),
            browser_lifetime: Some(Duration::from_secs(7)),
            recipe: 1,
            url: "/imgix/a?w=1".into(),
            master_bytes: Some(1 << 40),
            described: vec![("content-language".into(), "de".into())],
            stands_in: false,
        };
        let key = DerivativeKey([8; 16]);
        let bytes = encode(&key, BodyId([2; 16]), &Digest([6; 32]), &subject, &meta);
        let read = decode(&bytes, &index).unwrap();
        assert_eq!((read.key, read.body, read.body_digest), (key, BodyId([2; 16]), Digest([6; 32])));
        assert_eq!((read.subject, read.meta, read.length), (subject, meta, bytes.len()));
        for at in 0..bytes.len() {
            let mut bad = bytes.clone();
            bad[at] ^= 0x40;
            assert!(decode(&bad, &index).is_err(), "flip at {at}");
            assert!(decode(&bytes[..at], &index).is_err(), "cut at {at}");
        }
        let mut newer = bytes.clone();
        newer[7] = b'9';
        assert_eq!(decode(&newer, &index).unwrap_err(), Unreadable::OtherVersion);
    }
}
