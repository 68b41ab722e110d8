//! What [`purge::Log`] and [`purge::Catalogue`] promise, as plain functions over any implementation; and makers of test
//! values.

#![allow(clippy::unwrap_used)]

use plan::{BodyId, DerivativeKey, ExactName, Label, Location, LogId, MasterId, Position, Selector, Stamp, Tag};
use proptest::prelude::*;
use purge::{Catalogue, Log, LogError, Mode, Place, PurgeId, Record, Role, Row, Target, Tier, Via};

/// A record at a position, told apart from others in every field that can differ.
pub(crate) fn record(position: u64) -> Record {
    let master = MasterId::from_canonical(&format!("file:/p/{position}.jpg"));
    Record {
        position: Position(position),
        id: PurgeId::from_random(u128::from(position) << 64 | 0xffff),
        mode: if position.is_multiple_of(2) { Mode::Soft } else { Mode::Hard },
        targets: vec![Target { said: format!("/{position}.jpg"), selectors: vec![Selector::Master(master)] }],
        actor: format!("actor {position}"),
        via: Via::ALL[position as usize % Via::ALL.len()],
        from: if position.is_multiple_of(3) { String::new() } else { "192.0.2.1".into() },
        accepted_at: 1_700_000_000_000 + position,
        terms: None,
    }
}

pub(crate) fn any_selector() -> impl Strategy<Value = Selector> {
    prop_oneof![
        any_text().prop_map(|t| Selector::Master(MasterId::from_canonical(&t))),
        any::<[u8; 16]>().prop_map(|b| Selector::Exact(ExactName(b))),
        any_text().prop_map(Selector::Prefix),
        any_text().prop_map(|t| Selector::Source(Location::new(&t))),
        Just(Selector::All),
    ]
}

pub(crate) fn any_target() -> impl Strategy<Value = Target> {
    (any_text(), prop::collection::vec(any_selector(), 0..4)).prop_map(|(said, selectors)| Target { said, selectors })
}

/// Any characters, with those that mean something to the encoding more often.
fn any_text() -> impl Strategy<Value = String> {
    let char =
        prop_oneof![3 => any::<char>(), 2 => prop::sample::select(vec!['\\', '\n', '\0', '\r', '>', '-', ':', 'n'])];
    prop::collection::vec(char, 0..12).prop_map(String::from_iter)
}

pub(crate) fn any_record() -> impl Strategy<Value = Record> {
    let targets = prop::collection::vec(any_target(), 0..5);
    (targets, any_text(), any_text(), any::<bool>(), 0..Via::ALL.len(), 0..=i64::MAX as u64).prop_map(
        |(targets, actor, from, soft, via, accepted_at)| Record {
            targets,
            actor,
            from,
            mode: if soft { Mode::Soft } else { Mode::Hard },
            via: Via::ALL[via],
            accepted_at,
            ..record(1)
        },
    )
}

/// The promises of a log. `open` opens the same, at first empty, log; each is dropped before the next is opened.
pub(crate) fn log(open: &mut dyn FnMut() -> Box<dyn Log>) {
    let log = open();
    let identity = log.identity();
    assert_eq!(log.head().unwrap(), Position::START);
    assert_eq!(replay(&*log, 0), vec![]);
    assert_eq!(log.page(None, 10).unwrap(), vec![]);
    assert_eq!(log.find(record(1).id).unwrap(), None);

    let first: Vec<Record> = (1..=5).map(record).collect();
    log.append(&first[..1]).unwrap();
    log.append(&first[1..]).unwrap();
    log.append(&[]).unwrap();
    assert_eq!(log.head().unwrap(), Position(5));
    assert_eq!(replay(&*log, 0), first);

    // All or none: each of these batches has something wrong, and nothing of it stays.
    let again = Record { id: first[0].id, ..record(7) };
    for (what, bad) in [
        ("an old position", vec![record(5), record(6)]),
        ("a hole inside", vec![record(6), record(8)]),
        ("backwards", vec![record(7), record(6)]),
        ("an id twice", vec![record(6), again]),
        ("a time that cannot be stored", vec![record(6), Record { accepted_at: u64::MAX, ..record(7) }]),
    ] {
        assert!(matches!(log.append(&bad), Err(LogError::Store(_))), "{what}");
        assert_eq!(log.head().unwrap(), Position(5), "{what}");
        assert_eq!(replay(&*log, 0), first, "{what}");
    }

    // A gap after a failed append.
    let later: Vec<Record> = (9..=11).map(record).collect();
    log.append(&later).unwrap();
    let all: Vec<Record> = first.into_iter().chain(later).collect();
    drop(log);

    let log = open();
    assert_eq!(log.identity().log, identity.log);
    assert_eq!(log.identity().secret.bytes(), identity.secret.bytes());
    assert_eq!(log.head().unwrap(), Position(11));
    assert_eq!(replay(&*log, 0), all);
    assert_eq!(replay(&*log, 5), all[5..]);
    assert_eq!(replay(&*log, 7), all[5..]);
    assert_eq!(replay(&*log, 11), vec![]);
    assert_eq!(replay(&*log, u64::MAX), vec![]);
    for record in &all {
        assert_eq!(log.find(record.id).unwrap().as_ref(), Some(record));
    }
    assert_eq!(log.find(record(6).id).unwrap(), None);

    let newest_first: Vec<Record> = all.into_iter().rev().collect();
    assert_eq!(log.page(None, 3).unwrap(), newest_first[..3]);
    assert_eq!(log.page(Some(Position(9)), 2).unwrap(), newest_first[3..5]);
    assert_eq!(log.page(Some(Position(7)), usize::MAX).unwrap(), newest_first[3..]);
    assert_eq!(log.page(Some(Position(1)), 9).unwrap(), vec![]);
    assert_eq!(log.page(Some(Position(u64::MAX)), 99).unwrap(), newest_first);
    assert_eq!(log.page(None, 0).unwrap(), vec![]);
}

fn replay(log: &dyn Log, after: u64) -> Vec<Record> {
    let mut seen = Vec::new();
    log.replay(Position(after), &mut |record| seen.push(record)).unwrap();
    seen
}

/// The log that test rows bear.
pub(crate) const LOG: LogId = LogId(7);

/// A row with key and body `n`, in segment `n / 10`, that depends on `m0` and on `m<n>`. Every third has no tags, the
/// others have `t0` and `t<n>`.
pub(crate) fn row(n: u8, position: u64) -> Row {
    Row {
        key: DerivativeKey([n; 16]),
        body: BodyId([n; 16]),
        place: Place { segment: u64::from(n / 10), offset: 1 << 40, length: 100 + u64::from(n) },
        stamp: Stamp { log: LOG, position: Position(position) },
        exact: if n.is_multiple_of(2) { None } else { Some(ExactName([n; 16])) },
        dependencies: vec![(master(0), Role::Main), (master(n), Role::Part)],
        content_type: "image/webp".into(),
        size: u64::from(n),
        url: format!("/{n}.jpg?w=1\n\\"),
        stored_at: 1_700_000_000,
        last_used: 1_700_000_000 + u64::from(n),
        labels: if n.is_multiple_of(3) { vec![] } else { vec![label("t0"), label(&format!("t{n}"))] },
        recipe: u32::MAX - u32::from(n),
        data_key: (n % 4 > 1).then(|| vec![n; 32]),
    }
}

pub(crate) fn label(tag: &str) -> Label {
    Label { tag: Tag::parse(tag).unwrap(), source: Location::new("file:/my photos\n") }
}

fn master(n: u8) -> MasterId {
    MasterId::from_canonical(&format!("file:/m{n}\n"))
}

/// The promises of a catalogue, which is empty at first.
pub(crate) fn catalogue(catalogue: &dyn Catalogue) {
    let (d, m) = (Tier::Derivatives, Tier::Masters);
    assert_eq!(catalogue.get(d, &row(1, 0).key).unwrap(), None);
    assert_eq!(catalogue.totals(d).unwrap(), (0, 0));
    assert_eq!(catalogue.highest_stamp(LOG).unwrap(), None);
    assert_eq!(catalogue.walk(d, None, 9).unwrap(), vec![]);

    // Rows come back as they were; the tiers do not mix.
    let plain = Row {
        dependencies: vec![],
        url: String::new(),
        labels: vec![label(":"), label("a\\b\\é")],
        data_key: Some(vec![]),
        ..row(4, 3)
    };
    let rows = [row(1, 5), row(2, 5), row(12, 6), plain];
    catalogue.put(d, &rows).unwrap();
    catalogue.put(d, &[]).unwrap();
    for row in &rows {
        assert_eq!(catalogue.get(d, &row.key).unwrap().as_ref(), Some(row));
        assert_eq!(catalogue.get(m, &row.key).unwrap(), None);
    }
    assert_eq!(catalogue.totals(d).unwrap(), (4, 101 + 102 + 112 + 104));
    assert_eq!(catalogue.totals(m).unwrap(), (0, 0));
    assert_eq!(catalogue.count_master(d, &master(0)).unwrap(), (3, 101 + 102 + 112));
    assert_eq!(catalogue.count_master(d, &master(2)).unwrap(), (1, 102));
    assert_eq!(catalogue.count_master(m, &master(2)).unwrap(), (0, 0));
    for (tag, counted) in
        [("t0", (2, 101 + 102)), ("t2", (1, 102)), (":", (1, 104)), ("a\\b\\é", (1, 104)), ("T2", (0, 0))]
    {
        assert_eq!(catalogue.count_tag(d, tag).unwrap(), counted, "{tag:?}");
        assert_eq!(catalogue.count_tag(m, tag).unwrap(), (0, 0), "{tag:?}");
    }
    assert_eq!(catalogue.highest_stamp(LOG).unwrap(), Some(Position(6)));
    assert_eq!(catalogue.highest_stamp(LogId(8)).unwrap(), None);

    touches(catalogue, &rows);

    // A key has one row: the one with the later stamp, and of equal ones the last.
    let changed = |row: Row, body: u8| Row {
        body: BodyId([body; 16]),
        dependencies: vec![(master(9), Role::Main), (master(9), Role::Part)],
        labels: vec![label("t9"), label("t9")],
        ..row
    };
    catalogue.put(d, &[changed(row(1, 4), 90)]).unwrap();
    assert_eq!(catalogue.get(d, &rows[0].key).unwrap().unwrap().body, rows[0].body);
    assert_eq!(catalogue.count_master(d, &master(9)).unwrap(), (0, 0));
    catalogue.put(d, &[changed(row(1, 5), 91)]).unwrap();
    assert_eq!(catalogue.get(d, &rows[0].key).unwrap().unwrap().body, BodyId([91; 16]));
    assert_eq!(catalogue.count_master(d, &master(9)).unwrap(), (1, 101), "named twice, counted once");
    assert_eq!(catalogue.count_tag(d, "t9").unwrap(), (1, 101), "named twice, counted once");
    assert_eq!(catalogue.count_tag(d, "t1").unwrap(), (0, 0));
    assert_eq!(catalogue.count_master(d, &master(1)).unwrap(), (0, 0));
    assert_eq!(catalogue.totals(d).unwrap(), (4, 101 + 102 + 112 + 104));
    catalogue.put(d, &[changed(row(1, 8), 92), changed(row(1, 7), 93)]).unwrap();
    assert_eq!(catalogue.get(d, &rows[0].key).unwrap().unwrap().body, BodyId([92; 16]));
    // Positions of two logs are never compared.
    let foreign = Row { stamp: Stamp { log: LogId(8), position: Position(1) }, ..row(1, 0) };
    catalogue.put(d, std::slice::from_ref(&foreign)).unwrap();
    assert_eq!(catalogue.get(d, &foreign.key).unwrap(), Some(foreign));
    assert_eq!(catalogue.highest_stamp(LogId(8)).unwrap(), Some(Position(1)));
    assert_eq!(catalogue.highest_stamp(LOG).unwrap(), Some(Position(6)));
    catalogue.put(d, &rows[..1]).unwrap();

    // A walk sees all in key order, whatever the page.
    let keys = [1, 2, 4, 12].map(|n| DerivativeKey([n; 16]));
    for limit in 1..6 {
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let page = catalogue.walk(d, after, limit).unwrap();
            let Some(last) = page.last() else { break };
            assert!(page.len() <= limit);
            after = Some(last.key);
            seen.extend(page.into_iter().map(|row| row.key));
        }
        assert_eq!(seen, keys);
    }
    catalogue.put(m, &[row(0, 1), Row { key: DerivativeKey([0xff; 16]), ..row(0, 1) }]).unwrap();
    assert_eq!(catalogue.walk(m, None, 9).unwrap().len(), 2);

    // Only the body that is meant is removed.
    catalogue.remove(d, &rows[1].key, BodyId([3; 16])).unwrap();
    assert_eq!(catalogue.get(d, &rows[1].key).unwrap().as_ref(), Some(&rows[1]));
    catalogue.remove(m, &rows[1].key, rows[1].body).unwrap();
    catalogue.remove(d, &rows[1].key, rows[1].body).unwrap();
    catalogue.remove(d, &rows[1].key, rows[1].body).unwrap();
    assert_eq!(catalogue.get(d, &rows[1].key).unwrap(), None);
    assert_eq!(catalogue.count_master(d, &master(2)).unwrap(), (0, 0));
    assert_eq!(catalogue.count_tag(d, "t2").unwrap(), (0, 0));
    assert_eq!(catalogue.totals(d).unwrap(), (3, 101 + 112 + 104));

    // A segment goes as a whole, in its tier.
    assert_eq!(catalogue.remove_segment(d, 7).unwrap(), 0);
    assert_eq!(catalogue.remove_segment(d, u64::MAX).unwrap(), 0);
    assert_eq!(catalogue.count_tag(d, "t0").unwrap(), (1, 101));
    assert_eq!(catalogue.remove_segment(d, 0).unwrap(), 2);
    assert_eq!(catalogue.count_tag(d, "t0").unwrap(), (0, 0));
    assert_eq!(catalogue.walk(d, None, 9).unwrap(), [row(12, 6)]);
    assert_eq!(catalogue.totals(d).unwrap(), (1, 112));
    assert_eq!(catalogue.totals(m).unwrap(), (2, 200));
    assert_eq!(catalogue.count_master(d, &master(0)).unwrap(), (1, 112));

    // A batch is stored as a whole or not at all.
    let unstorable = Row { size: u64::MAX, ..row(30, 9) };
    assert!(catalogue.put(d, &[row(31, 9), unstorable]).is_err());
    assert_eq!(catalogue.get(d, &row(31, 9).key).unwrap(), None);
    assert_eq!(catalogue.totals(d).unwrap(), (1, 112));

    catalogue.put(d, &rows[..1]).unwrap();
    catalogue.clear().unwrap();
    for tier in [d, m] {
        assert_eq!(catalogue.totals(tier).unwrap(), (0, 0));
        assert_eq!(catalogue.walk(tier, None, 9).unwrap(), vec![]);
        assert_eq!(catalogue.count_master(tier, &master(0)).unwrap(), (0, 0));
        assert_eq!(catalogue.count_tag(tier, "t0").unwrap(), (0, 0));
    }
    assert_eq!(catalogue.highest_stamp(LOG).unwrap(), None);
    catalogue.put(d, &rows).unwrap();
    assert_eq!(catalogue.totals(d).unwrap().0, 4);
}

/// Uses move a row's last use forward, and nothing else of it. Leaves the rows as they were.
fn touches(catalogue: &dyn Catalogue, rows: &[Row]) {
    let tier = Tier::Derivatives;
    let [first, second, ..] = rows else { panic!("two rows are needed") };
    catalogue.touch(tier, &[]).unwrap();
    catalogue.touch(Tier::Masters, &[(first.key, first.last_used + 60)]).unwrap();
    catalogue.touch(tier, &[(first.key, first.last_used - 1), (row(99, 0).key, 1)]).unwrap();
    assert_eq!(catalogue.get(tier, &first.key).unwrap().as_ref(), Some(first), "never back, and never another tier's");
    let (late, later) = (first.last_used + 60, first.last_used + 120);
    catalogue.touch(tier, &[(first.key, later), (second.key, late), (first.key, late)]).unwrap();
    assert_eq!(catalogue.get(tier, &first.key).unwrap(), Some(Row { last_used: later, ..first.clone() }));
    assert_eq!(catalogue.get(tier, &second.key).unwrap(), Some(Row { last_used: late, ..second.clone() }));
    assert!(catalogue.touch(tier, &[(first.key, later + 60), (second.key, u64::MAX)]).is_err());
    assert_eq!(catalogue.get(tier, &first.key).unwrap().map(|row| row.last_used), Some(later), "all or none");
    assert_eq!(catalogue.walk(tier, None, 99).unwrap().len(), rows.len(), "no row for a key that had none");
    catalogue.put(tier, rows).unwrap();
}
