//! What a purge check is about, and the hashes by which the index knows it.

use std::ops::Deref;
use std::sync::OnceLock;

use plan::{Digest, ExactName, Label, MasterId, NameHash, Position, Stamp};

/// A master that some bytes were made from, under the hash by which the index knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// Which master.
    pub master: MasterId,
    /// Its name hash.
    pub hash: NameHash,
    /// What part it took.
    pub role: Role,
    /// As of when its bytes (or its absence) are known good.
    pub stamp: Position,
    /// The hash of its bytes; `None` where it was looked for and was not there.
    pub digest: Option<Digest>,
}

/// What part a master took in some bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// It is what the bytes show, or was looked for in its place.
    Main,
    /// It was put on: an overlay, a mask and the like, at any depth.
    Part,
}

/// What a purge check is about: some bytes, what names them, and as of when they are good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// The head when the fill began (rule F1). Every master that it used was judged after that, in the part that it took.
    pub stamp: Stamp,
    /// The exact name of a derivative, with its hash; `None` for a master's own bytes.
    pub exact: Option<(ExactName, NameHash)>,
    /// Everything that was consulted, misses included.
    pub dependencies: Vec<Dependency>,
    /// The tags of all that, and the built-in ones.
    pub labels: Labels,
}

/// Tags that some bytes bear. Their hashes are made at the first check that needs them and kept for the next ones.
#[derive(Debug, Clone, Default)]
pub struct Labels {
    list: Vec<Label>,
    hashes: OnceLock<Box<[LabelHashes]>>,
}

/// The names of one label: its tag everywhere, and its tag in its source.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LabelHashes {
    pub everywhere: NameHash,
    pub in_source: NameHash,
}

impl Labels {
    /// The hashes, which depend on the log's secret: a subject is only ever checked against the index of its own log.
    pub(crate) fn hashes(&self, of: impl Fn(&Label) -> LabelHashes) -> &[LabelHashes] {
        self.hashes.get_or_init(|| self.list.iter().map(of).collect())
    }
}

impl Deref for Labels {
    type Target = [Label];

    fn deref(&self) -> &[Label] {
        &self.list
    }
}

impl From<Vec<Label>> for Labels {
    fn from(list: Vec<Label>) -> Self {
        Labels { list, hashes: OnceLock::new() }
    }
}

impl FromIterator<Label> for Labels {
    fn from_iter<I: IntoIterator<Item = Label>>(labels: I) -> Self {
        labels.into_iter().collect::<Vec<_>>().into()
    }
}

impl<'l> IntoIterator for &'l Labels {
    type Item = &'l Label;
    type IntoIter = std::slice::Iter<'l, Label>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.iter()
    }
}

impl PartialEq for Labels {
    fn eq(&self, other: &Self) -> bool {
        self.list == other.list
    }
}

impl Eq for Labels {}
