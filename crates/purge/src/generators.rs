//! Records, rows and subjects for property tests.
#![allow(clippy::unwrap_used)]

use plan::{
    BodyId, DerivativeKey, ExactName, KeySecret, Label, Location, LogId, MasterId, Position, Selector, Stamp, Tag,
};
use proptest::prelude::*;

use crate::index::{Caps, Index, Verdict};
use crate::matches::Matcher;
use crate::ports::{LogIdentity, Place, Row};
use crate::record::{Mode, PurgeId, Record, Target, Via};
use crate::subject::{Role, Subject};

pub(crate) fn index_with(caps: Caps) -> Index {
    Index::with(LogIdentity { log: LogId(7), secret: KeySecret::new(std::array::from_fn(|i| i as u8)) }, caps)
}

pub(crate) fn record(position: u64, mode: Mode, selectors: Vec<Selector>) -> Record {
    Record {
        position: Position(position),
        id: PurgeId(position.into()),
        mode,
        targets: vec![Target { said: String::new(), selectors }],
        actor: String::new(),
        via: Via::Native,
        from: String::new(),
        accepted_at: 0,
        terms: None,
    }
}

pub(crate) fn label(text: &str) -> Label {
    Label::parse(text).unwrap()
}

/// What a row and a subject have in common.
#[derive(Debug, Clone)]
pub(crate) struct Thing {
    pub stamp: u64,
    pub exact: Option<u8>,
    pub masters: Vec<(String, Role)>,
    pub labels: Vec<Label>,
}

impl Thing {
    pub fn subject(&self, index: &Index) -> Subject {
        let position = Position(self.stamp);
        let master = |text: &str| MasterId::from_canonical(text);
        Subject {
            stamp: Stamp { log: LogId(7), position },
            exact: self.exact.map(|n| index.exact(ExactName([n; 16]))),
            dependencies: self
                .masters
                .iter()
                .map(|(text, role)| index.dependency(master(text), *role, position, None))
                .collect(),
            labels: self.labels.clone().into(),
        }
    }

    pub fn row(&self) -> Row {
        Row {
            key: DerivativeKey([0; 16]),
            body: BodyId([0; 16]),
            place: Place { segment: 0, offset: 0, length: 0 },
            stamp: Stamp { log: LogId(7), position: Position(self.stamp) },
            exact: self.exact.map(|n| ExactName([n; 16])),
            dependencies: self.masters.iter().map(|(text, role)| (MasterId::from_canonical(text), *role)).collect(),
            content_type: String::new(),
            size: 0,
            url: String::new(),
            stored_at: 0,
            last_used: 0,
            labels: self.labels.clone(),
            recipe: 0,
            data_key: None,
        }
    }

    /// The verdict that a walk over the whole log gives.
    pub fn naive(&self, records: &[Record], floor: u64) -> Verdict {
        let row = self.row();
        let newest = |hard: bool| {
            records
                .iter()
                .filter(|r| r.mode.is_hard() == hard && names(r, &row))
                .map(|r| r.position.0)
                .max()
                .unwrap_or_default()
        };
        if self.stamp < newest(true).max(floor) {
            Verdict::Purged
        } else if self.stamp < newest(false) {
            Verdict::Stale
        } else {
            Verdict::Fresh
        }
    }
}

pub(crate) fn names(record: &Record, row: &Row) -> bool {
    record.targets.iter().flat_map(|target| &target.selectors).any(|selector| Matcher::new(selector).names(row))
}

pub(crate) fn path() -> impl Strategy<Value = String> {
    "(//h/|//g/)[abé]{0,3}(/[ab]{0,2}){0,2}"
}

pub(crate) fn pattern() -> impl Strategy<Value = String> {
    r"(//h/|//g/|//\*/|\*\*/)[abé*?]{0,2}(\[ab\]|\\b|\*\*|/){0,2}(/[ab*]{0,2})?"
}

fn tag() -> impl Strategy<Value = Tag> {
    prop::sample::select(vec!["red", "blue", "format:webp", "status:404"]).prop_map(|text| Tag::parse(text).unwrap())
}

fn source() -> impl Strategy<Value = Location> {
    prop::sample::select(vec!["//h/", "//g/"]).prop_map(Location::new)
}

pub(crate) fn selector() -> impl Strategy<Value = Selector> {
    let master = || path().prop_map(|text| MasterId::from_canonical(&text));
    prop_oneof![
        8 => master().prop_map(Selector::Master),
        8 => master().prop_map(Selector::Dependency),
        4 => (0u8..4).prop_map(|n| Selector::Exact(ExactName([n; 16]))),
        8 => path().prop_map(Selector::Prefix),
        8 => pattern().prop_filter("a glob", |text| crate::glob(text).is_ok()).prop_map(Selector::Glob),
        8 => (tag(), prop::option::of(source())).prop_map(|(tag, source)| Selector::Tag(tag, source)),
        1 => source().prop_map(Selector::Source),
        1 => Just(Selector::All),
    ]
}

/// Records from position 1 on, of every mode.
pub(crate) fn records() -> impl Strategy<Value = Vec<Record>> {
    let one = (prop::sample::select(Mode::ALL.to_vec()), prop::collection::vec(selector(), 1..3));
    prop::collection::vec(one, 0..24)
        .prop_map(|all| all.into_iter().zip(1..).map(|((mode, selectors), at)| record(at, mode, selectors)).collect())
}

pub(crate) fn thing() -> impl Strategy<Value = Thing> {
    let role = prop::sample::select(vec![Role::Main, Role::Part]);
    let label = (tag(), source()).prop_map(|(tag, source)| Label { tag, source });
    let masters = prop::collection::vec((path(), role), 0..3);
    (0u64..25, prop::option::of(0u8..4), masters, prop::collection::vec(label, 0..3))
        .prop_map(|(stamp, exact, masters, labels)| Thing { stamp, exact, masters, labels })
}
