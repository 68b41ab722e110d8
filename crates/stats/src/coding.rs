//! Buckets as bytes. The first byte is the version; a reader refuses any other. Numbers are LEB128, texts a length and UTF-8.

use crate::bucket::{Bucket, Counts, Flow, Purges, Renders, Saved, SourceFigures, Tops};
use crate::histogram::Histogram;
use crate::tally::{Numbers, Tally};
use crate::top::{Counted, Slow, SlowTop, Top};

const VERSION: u8 = 2;
/// Had no purges by site.
const FIRST: u8 = 1;

/// Bytes that are no bucket of this version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Damaged.
    #[error("the figures are damaged")]
    Damaged,
    /// Of another version of this program.
    #[error("the figures have format {0}, which is not known here")]
    OtherVersion(u8),
}

impl Bucket {
    /// As bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer(vec![VERSION]);
        out.counts(&self.counts);
        out.tops(&self.tops);
        out.0
    }

    /// The inverse of [`Bucket::encode`].
    ///
    /// # Errors
    /// When the bytes are of another version, or damaged.
    pub fn decode(bytes: &[u8]) -> Result<Bucket, Unreadable> {
        match bytes.split_first() {
            Some((&version @ (FIRST | VERSION), rest)) => {
                let mut reader = Reader(rest);
                let bucket = reader.bucket(version).ok_or(Unreadable::Damaged)?;
                if reader.0.is_empty() { Ok(bucket) } else { Err(Unreadable::Damaged) }
            }
            Some((other, _)) => Err(Unreadable::OtherVersion(*other)),
            None => Err(Unreadable::Damaged),
        }
    }
}

pub(crate) struct Writer(pub Vec<u8>);

impl Writer {
    pub fn number(&mut self, mut n: u64) {
        while n >= 0x80 {
            self.0.push(n as u8 | 0x80);
            n >>= 7;
        }
        self.0.push(n as u8);
    }

    pub fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.0.extend_from_slice(text.as_bytes());
    }

    fn counts(&mut self, counts: &Counts) {
        self.flow(&counts.all);
        self.tally(&counts.served, |out, n| out.number(*n));
        self.tally(&counts.missed, |out, n| out.number(*n));
        self.numbers(&counts.status);
        self.tally(&counts.codes, |out, n| out.number(*n));
        self.tally(&counts.formats, Writer::flow);
        self.number(counts.saved.bytes);
        self.number(counts.saved.master_bytes);
        self.numbers(&counts.quality);
        self.histogram(&counts.hit);
        self.histogram(&counts.miss);
        self.histogram(&counts.other);
        self.histogram(&counts.renders.time);
        self.number(counts.renders.input_bytes);
        self.number(counts.renders.output_bytes);
        self.purges(&counts.purges);
        self.tally(&counts.sources, |out, source| {
            out.number(source.fetches);
            out.number(source.bytes);
            out.number(source.errors);
            out.histogram(&source.time);
        });
        self.histogram(&counts.loads);
        self.tally(&counts.shared_purges, Writer::purges);
    }

    fn purges(&mut self, purges: &Purges) {
        self.number(purges.count);
        self.tally(&purges.modes, |out, n| out.number(*n));
        self.tally(&purges.vias, |out, n| out.number(*n));
        self.histogram(&purges.effective);
        self.histogram(&purges.erased);
    }

    fn flow(&mut self, flow: &Flow) {
        self.number(flow.requests);
        self.number(flow.bytes);
    }

    fn tally<V: Default>(&mut self, tally: &Tally<V>, write: impl Fn(&mut Writer, &V)) {
        self.number(tally.iter().len() as u64);
        for (name, value) in tally.iter() {
            self.text(name);
            write(self, value);
        }
    }

    fn numbers(&mut self, numbers: &Numbers) {
        self.number(numbers.iter().len() as u64);
        for (number, n) in numbers.iter() {
            self.number(number.into());
            self.number(n);
        }
    }

    fn histogram(&mut self, histogram: &Histogram) {
        self.number(histogram.filled().count() as u64);
        let mut last = 0;
        for (place, n) in histogram.filled() {
            self.number((place - last) as u64);
            self.number(n);
            last = place;
        }
        self.number(histogram.max());
    }

    fn tops(&mut self, tops: &Tops) {
        for top in [&tops.masters, &tops.derivatives, &tops.missing, &tops.referrers, &tops.transformations] {
            self.number(top.floor());
            self.number(top.entries().len() as u64);
            for entry in top.entries() {
                self.text(&entry.name);
                self.number(entry.count);
                self.number(entry.error);
                self.number(entry.bytes);
            }
        }
        self.number(tops.slowest.entries().len() as u64);
        for slow in tops.slowest.entries() {
            self.text(&slow.name);
            self.number(slow.max);
            self.number(slow.count);
        }
    }
}

pub(crate) struct Reader<'a>(pub &'a [u8]);

impl<'a> Reader<'a> {
    pub fn number(&mut self) -> Option<u64> {
        let mut n = 0u64;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            let piece = u64::from(byte & 0x7f);
            if shift == 63 && piece > 1 {
                return None;
            }
            n |= piece << shift;
            if byte & 0x80 == 0 {
                return Some(n);
            }
        }
        None
    }

    pub fn text(&mut self) -> Option<&'a str> {
        let length = usize::try_from(self.number()?).ok()?;
        let (head, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        std::str::from_utf8(head).ok()
    }

    /// So many as a number in front says, each of which takes at least a byte.
    fn list<T>(&mut self, mut read: impl FnMut(&mut Reader<'a>) -> Option<T>) -> Option<Vec<T>> {
        let length = usize::try_from(self.number()?).ok().filter(|length| *length <= self.0.len())?;
        (0..length).map(|_| read(self)).collect()
    }

    fn bucket(&mut self, version: u8) -> Option<Bucket> {
        Some(Bucket { counts: self.counts(version)?, tops: self.tops()? })
    }

    fn counts(&mut self, version: u8) -> Option<Counts> {
        Some(Counts {
            all: self.flow()?,
            served: self.tally(Reader::number)?,
            missed: self.tally(Reader::number)?,
            status: self.numbers()?,
            codes: self.tally(Reader::number)?,
            formats: self.tally(Reader::flow)?,
            saved: Saved { bytes: self.number()?, master_bytes: self.number()? },
            quality: self.numbers()?,
            hit: self.histogram()?,
            miss: self.histogram()?,
            other: self.histogram()?,
            renders: Renders { time: self.histogram()?, input_bytes: self.number()?, output_bytes: self.number()? },
            purges: self.purges()?,
            sources: self.tally(|reader| {
                Some(SourceFigures {
                    fetches: reader.number()?,
                    bytes: reader.number()?,
                    errors: reader.number()?,
                    time: reader.histogram()?,
                })
            })?,
            loads: self.histogram()?,
            shared_purges: if version == FIRST { Tally::default() } else { self.tally(Reader::purges)? },
        })
    }

    fn purges(&mut self) -> Option<Purges> {
        Some(Purges {
            count: self.number()?,
            modes: self.tally(Reader::number)?,
            vias: self.tally(Reader::number)?,
            effective: self.histogram()?,
            erased: self.histogram()?,
        })
    }

    fn flow(&mut self) -> Option<Flow> {
        Some(Flow { requests: self.number()?, bytes: self.number()? })
    }

    fn tally<V: Default>(&mut self, read: impl Fn(&mut Reader<'a>) -> Option<V>) -> Option<Tally<V>> {
        let named = self.list(|reader| Some((reader.text()?, read(reader)?)))?;
        let mut tally = Tally::default();
        named.into_iter().for_each(|(name, value)| *tally.at(name) = value);
        Some(tally)
    }

    fn numbers(&mut self) -> Option<Numbers> {
        let listed = self.list(|reader| Some((u16::try_from(reader.number()?).ok()?, reader.number()?)))?;
        let mut numbers = Numbers::default();
        listed.into_iter().for_each(|(number, n)| numbers.count_many(number, n));
        Some(numbers)
    }

    fn histogram(&mut self) -> Option<Histogram> {
        let mut last = 0usize;
        let filled = self.list(|reader| {
            last = last.checked_add(usize::try_from(reader.number()?).ok()?)?;
            Some((last, reader.number()?))
        })?;
        Histogram::from_filled(filled.into_iter(), self.number()?)
    }

    fn tops(&mut self) -> Option<Tops> {
        Some(Tops {
            masters: self.top()?,
            derivatives: self.top()?,
            missing: self.top()?,
            referrers: self.top()?,
            transformations: self.top()?,
            slowest: self
                .list(|reader| {
                    Some(Slow { name: reader.text()?.to_owned(), max: reader.number()?, count: reader.number()? })
                })?
                .into_iter()
                .collect::<SlowTop>(),
        })
    }

    fn top(&mut self) -> Option<Top> {
        let floor = self.number()?;
        let entries = self.list(|reader| {
            Some(Counted {
                name: reader.text()?.to_owned(),
                count: reader.number()?,
                error: reader.number()?,
                bytes: reader.number()?,
            })
        })?;
        Some(Top::new(entries, floor))
    }
}
