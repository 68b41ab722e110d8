#![allow(clippy::unwrap_used)]

use std::sync::Mutex;

use plan::Position;
use proptest::prelude::*;

use super::*;
use crate::generators::{Thing, index_with, label, names, record, records, thing};
use crate::index::Caps;
use crate::ports::{Filter, Log, LogIdentity};
use crate::record::{Progress, Terms};

fn takedown(position: u64, selector: Selector, expires_at: Option<u64>) -> Takedown {
    let terms = Some(Terms { expires_at, ..Terms::default() });
    Takedown { record: Record { terms, ..record(position, Mode::Takedown, vec![selector]) }, lifted: None }
}

fn master(text: &str) -> MasterId {
    MasterId::from_canonical(text)
}

#[test]
fn each_kind_of_name_refuses_what_it_names() {
    let red = label("red //h/");
    for (selector, as_main, as_part, tagged, exact) in [
        (Selector::Master(master("//h/a")), true, true, false, false),
        (Selector::Dependency(master("//h/a")), false, true, false, false),
        (Selector::Prefix("//h".into()), true, true, false, false),
        (Selector::Source(Location::new("//h")), true, true, false, false),
        (Selector::Glob("//h/?".into()), true, true, false, false),
        (Selector::Tag(red.tag.clone(), None), false, false, true, false),
        (Selector::Tag(red.tag.clone(), Some(Location::new("//g"))), false, false, false, false),
        (Selector::Exact(ExactName([1; 16])), false, false, false, true),
        (Selector::All, true, true, true, true),
    ] {
        let takedowns = Takedowns::new(vec![takedown(1, selector.clone(), None)]);
        let found = (
            takedowns.refuses(&master("//h/a"), 0).is_some(),
            takedowns.refuses_part(&master("//h/a"), 0).is_some(),
            takedowns.refuses_labels(std::slice::from_ref(&red), 0).is_some(),
            takedowns.refuses_exact(&ExactName([1; 16]), 0).is_some(),
        );
        assert_eq!(found, (as_main, as_part, tagged, exact), "{selector}");
        let all = selector == Selector::All;
        assert_eq!(takedowns.refuses_part(&master("//x/a"), 0).is_some(), all, "{selector}");
        assert_eq!(takedowns.refuses_exact(&ExactName([2; 16]), 0).is_some(), all, "{selector}");
        assert_eq!(takedowns.refuses_labels(&[label("blue //h/")], 0).is_some(), all, "{selector}");
    }
    assert!(Takedowns::default().refuses(&master("//h/a"), 0).is_none());
}

#[test]
fn what_expired_refuses_no_more_and_the_newest_is_answered() {
    let name = || Selector::Master(master("//h/a"));
    let held = vec![takedown(1, name(), None), takedown(3, name(), Some(50)), takedown(2, Selector::All, Some(70))];
    let takedowns = Takedowns::new(held);
    let answered = |now| takedowns.refuses(&master("//h/a"), now).unwrap().record.position.0;
    assert_eq!((answered(49), answered(50), answered(69), answered(70)), (3, 2, 2, 1));
    assert!(takedowns.refuses(&master("//x"), 70).is_none());
}

/// Notes what is lifted, or fails.
#[derive(Default)]
struct Table {
    held: Mutex<Vec<Takedown>>,
    broken: bool,
}

impl Log for Table {
    fn identity(&self) -> LogIdentity {
        index_with(Caps::default()).identity().clone()
    }
    fn head(&self) -> Result<Position, LogError> {
        Ok(Position::START)
    }
    fn append(&self, _: &[Record]) -> Result<(), LogError> {
        Ok(())
    }
    fn replay(&self, _: Position, _: &mut dyn FnMut(Record)) -> Result<(), LogError> {
        Ok(())
    }
    fn find(&self, _: PurgeId) -> Result<Option<Record>, LogError> {
        Ok(None)
    }
    fn page(&self, _: Option<Position>, _: usize) -> Result<Vec<Record>, LogError> {
        Ok(Vec::new())
    }
}

impl Records for Table {
    fn note(&self, progress: &[(Position, Progress)]) -> Result<Vec<Progress>, LogError> {
        Ok(progress.iter().map(|(_, progress)| *progress).collect())
    }
    fn list(&self, _: &Filter) -> Result<Vec<(Record, Option<Progress>)>, LogError> {
        Ok(Vec::new())
    }
    fn unerased(&self, _: Position, _: usize) -> Result<Vec<(Record, Option<Progress>)>, LogError> {
        Ok(Vec::new())
    }
    fn takedowns(&self, _: bool) -> Result<Vec<Takedown>, LogError> {
        Ok(self.held.lock().unwrap().clone())
    }
    fn lift(&self, id: PurgeId, lifted: &Lifted) -> Result<Option<Takedown>, LogError> {
        if self.broken {
            return Err(LogError::Full);
        }
        let mut held = self.held.lock().unwrap();
        Ok(held.iter_mut().find(|t| t.record.id == id && t.lifted.is_none()).map(|takedown| {
            takedown.lifted = Some(lifted.clone());
            takedown.clone()
        }))
    }
    fn keep_floor(&self, _: Position) -> Result<(), LogError> {
        Ok(())
    }
    fn floor(&self) -> Result<Position, LogError> {
        Ok(Position::START)
    }
}

#[test]
fn lifting_is_durable_first() {
    let lifted = Lifted { at: 9, actor: "key".into(), from: String::new() };
    let held = || vec![takedown(1, Selector::All, None)];
    let (id, name) = (PurgeId(1), master("//h/a"));

    let takedowns = Takedowns::new(held());
    let broken = Table { held: held().into(), broken: true };
    assert!(takedowns.lift(&broken, id, &lifted).is_err());
    assert!(takedowns.refuses(&name, 0).is_some(), "what could not be noted still refuses");

    let table = Table { held: held().into(), broken: false };
    assert_eq!(takedowns.lift(&table, id, &lifted).unwrap().unwrap().lifted, Some(lifted.clone()));
    assert!(takedowns.refuses(&name, 0).is_none() && takedowns.is_empty());
    assert!(takedowns.lift(&table, id, &lifted).unwrap().is_none(), "lifted before");
    assert!(Takedowns::new(table.takedowns(true).unwrap()).is_empty());

    let never_durable = Takedowns::new(held());
    assert!(never_durable.lift(&Table::default(), id, &lifted).unwrap().is_some());
    assert!(never_durable.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(testkit::cases(500)))]

    #[test]
    fn agree_with_a_walk(
        records in records(),
        ends in prop::collection::vec(prop::option::of(0u64..3), 24),
        lifted in prop::collection::vec(prop::bool::weighted(0.2), 24),
        thing in thing(),
        now in 0u64..3,
    ) {
        let mut records: Vec<Record> = records;
        for (record, expires_at) in records.iter_mut().zip(ends) {
            record.terms = Some(Terms { expires_at, ..Terms::default() });
        }
        let takedowns = Takedowns::default();
        records.iter().for_each(|record| takedowns.add(record));
        let end = Lifted { at: 0, actor: String::new(), from: String::new() };
        for (record, _) in records.iter().zip(&lifted).filter(|(_, lifted)| **lifted) {
            takedowns.lift(&Table::default(), record.id, &end).unwrap();
        }
        let holds = |record: &Record| {
            let ends = record.terms.as_ref().unwrap().expires_at;
            record.mode == Mode::Takedown && ends.is_none_or(|ends| now < ends)
        };
        let expected = |thing: &Thing| {
            let row = thing.row();
            let held = records.iter().zip(&lifted).filter(|(record, lifted)| holds(record) && !**lifted);
            held.filter(|(record, _)| names(record, &row)).map(|(record, _)| record.position).max()
        };
        let position = |found: Option<Arc<Takedown>>| found.map(|takedown| takedown.record.position);

        let subject = thing.subject(&index_with(Caps { sketch: 1, ..Caps::default() }));
        prop_assert_eq!(position(takedowns.refuses_subject(&subject, now)), expected(&thing));
        for (text, role) in &thing.masters {
            let alone = Thing { exact: None, masters: vec![(text.clone(), *role)], labels: Vec::new(), stamp: 0 };
            let found = match role {
                Role::Main => takedowns.refuses(&master(text), now),
                Role::Part => takedowns.refuses_part(&master(text), now),
            };
            prop_assert_eq!(position(found), expected(&alone));
        }
        let alone = Thing { exact: None, masters: Vec::new(), ..thing.clone() };
        prop_assert_eq!(position(takedowns.refuses_labels(&thing.labels, now)), expected(&alone));
        if let Some(n) = thing.exact {
            let alone = Thing { masters: Vec::new(), labels: Vec::new(), ..thing.clone() };
            prop_assert_eq!(position(takedowns.refuses_exact(&ExactName([n; 16]), now)), expected(&alone));
        }
    }
}
