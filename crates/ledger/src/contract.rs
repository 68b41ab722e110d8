//! What [`purge::Log`] and [`purge::Catalogue`] promise, as plain functions over any implementation; and makers of test
//! values.

#![allow(clippy::unwrap_used)]

use plan::{BodyId, DerivativeKey, ExactName, Label, Location, LogId, MasterId, Position, Selector, Stamp, Tag};
use proptest::prelude::*;
use purge::{
    Catalogue, Count, Filter, Gone, Lifted, Log, LogError, Mode, Place, Progress, PurgeId, Record, Records, Role, Row,
    State, Takedown, Target, Terms, Tier, Via,
};

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

/// A hard purge of each kind of selector but the first, and a takedown, at positions 1 to 9.
pub(crate) fn many_kinds() -> Vec<Record> {
    let id = MasterId::from_canonical("file:/P/Straße.jpg");
    let at = Location::new("file:/p\n-all:");
    let selectors = [
        Selector::Master(id.clone()),
        Selector::Dependency(id),
        Selector::Exact(ExactName([0xab; 16])),
        Selector::Prefix("file:/p/x".into()),
        Selector::Glob("file:/p/*_%.jpg".into()),
        Selector::Tag(Tag::parse("Red").unwrap(), None),
        Selector::Source(at),
        Selector::All,
    ];
    let purges = selectors.into_iter().zip(1..).map(|(selector, n)| {
        let targets = vec![Target { said: format!("Said {n}: ÄÖ"), selectors: vec![selector] }];
        Record { targets, actor: format!("actor {}", n % 2), ..record(n) }
    });
    purges.chain([takedown(9)]).collect()
}

pub(crate) fn takedown(position: u64) -> Record {
    let terms = Terms { status: Gone::Gone, reason: "a\n\nb".into(), expires_at: Some(5) };
    Record { mode: Mode::Takedown, terms: Some(terms), ..record(position) }
}

pub(crate) fn progress(n: u64) -> Progress {
    let count = |n| Count { entries: n, bytes: n * 100 };
    Progress {
        effective_at: n,
        refreshed_at: n.is_multiple_of(2).then_some(n + 1),
        erased_at: None,
        derivatives: count(n + 2),
        masters: count(n + 3),
        memory: count(n + 4),
    }
}

/// The promises of what stands beside a log. `open` opens the same, at first empty, one; each is dropped before the next is
/// opened.
pub(crate) fn records(open: &mut dyn FnMut() -> Box<dyn Records>) {
    let log = open();
    let all = Filter { limit: 99, ..Filter::default() };
    assert_eq!((log.list(&all).unwrap(), log.unerased(Position(0), 9).unwrap()), (vec![], vec![]));
    assert_eq!((log.takedowns(true).unwrap(), log.floor().unwrap()), (vec![], Position::START));
    let made = many_kinds();
    log.append(&made[..4]).unwrap();
    log.append(&made[4..]).unwrap();

    let found = |filter: &Filter| -> Vec<u64> {
        log.list(filter).unwrap().into_iter().map(|(record, _)| record.position.0).collect()
    };
    let unerased = |after: u64, limit: usize| -> Vec<u64> {
        log.unerased(Position(after), limit).unwrap().into_iter().map(|(record, _)| record.position.0).collect()
    };
    let with = |change: &dyn Fn(&mut Filter)| {
        let mut filter = all.clone();
        change(&mut filter);
        filter
    };
    let newest_first: Vec<(Record, Option<Progress>)> = made.iter().rev().map(|r| (r.clone(), None)).collect();
    assert_eq!(log.list(&all).unwrap(), newest_first);
    assert_eq!(found(&with(&|f| f.limit = 2)), [9, 8]);
    assert_eq!(found(&with(&|f| f.limit = 0)), [] as [u64; 0]);
    assert_eq!(found(&with(&|f| (f.limit, f.before) = (3, Some(Position(5))))), [4, 3, 2]);
    assert_eq!(found(&with(&|f| f.before = Some(Position(u64::MAX)))), (1..=9).rev().collect::<Vec<_>>());
    assert_eq!(found(&with(&|f| f.mode = Some(Mode::Takedown))), [9]);
    assert_eq!(found(&with(&|f| f.mode = Some(Mode::Soft))), [8, 6, 4, 2]);
    assert_eq!(found(&with(&|f| f.via = Some(made[2].via))), [3]);
    assert_eq!(found(&with(&|f| f.actor = Some("actor 1".into()))), [7, 5, 3, 1]);
    assert_eq!(found(&with(&|f| f.since = Some(made[6].accepted_at))), [9, 8, 7]);
    assert_eq!(found(&with(&|f| f.until = Some(made[2].accepted_at))), [2, 1]);
    assert_eq!(found(&with(&|f| f.since = Some(u64::MAX))), [] as [u64; 0]);
    for (record, n) in made.iter().zip(1..=8) {
        let kind = record.targets[0].selectors[0].kind();
        let wanted = if n == 1 { vec![9, 1] } else { vec![n] };
        assert_eq!(found(&with(&|f| f.kind = Some(kind.into()))), wanted, "{kind}");
    }
    for (text, wanted) in [
        ("said 3", vec![3]),
        ("äö", (1..=8).rev().collect()),
        ("STRASSE", vec![]),
        ("/p/straße", vec![2, 1]),
        ("*_%", vec![5]),
        ("%", vec![5]),
        ("tag:red", vec![6]),
        ("ABAB", vec![3]),
        ("\n", vec![7]),
    ] {
        assert_eq!(found(&with(&|f| f.search = Some(text.into()))), wanted, "{text:?}");
    }
    let several = with(&|f| {
        (f.mode, f.actor, f.limit) = (Some(Mode::Hard), Some("actor 1".into()), 2);
        f.search = Some("SAID".into());
    });
    assert_eq!(found(&several), [7, 5], "all of them together");

    // Progress: what was noted last is told, for records alone.
    assert_eq!(unerased(0, 99), (1..=9).collect::<Vec<_>>());
    assert_eq!(unerased(3, 2), [4, 5]);
    let erased = |n| Progress { erased_at: Some(n + 50), ..progress(n) };
    let unstorable = Progress { erased_at: Some(u64::MAX), ..progress(5) };
    assert_eq!(log.note(&[]).unwrap(), []);
    log.note(&[(Position(1), progress(1)), (Position(2), progress(2)), (Position(70), progress(3))]).unwrap();
    let both = erased(4).joined(erased(5));
    let noted = log.note(&[(Position(2), erased(2)), (Position(4), erased(4)), (Position(4), erased(5))]).unwrap();
    assert_eq!(noted, [erased(2), erased(4), both]);
    assert_eq!(unerased(0, 99), [1, 3, 5, 6, 7, 8, 9]);
    assert_eq!(unerased(u64::MAX, 99), [] as [u64; 0]);
    assert_eq!(log.unerased(Position(0), 1).unwrap(), [(made[0].clone(), Some(progress(1)))]);
    assert_eq!(found(&with(&|f| f.state = Some(State::Erased))), [4, 2]);
    assert_eq!(found(&with(&|f| f.state = Some(State::Effective))), [9, 8, 7, 6, 5, 3, 1]);
    assert_eq!(found(&with(&|f| f.state = Some(State::Accepted))), [] as [u64; 0]);
    assert_eq!(found(&with(&|f| (f.state, f.before) = (Some(State::Erased), Some(Position(4))))), [2]);
    let noted = [(3, None), (2, Some(erased(2))), (1, Some(progress(1)))];
    for ((position, progress), n) in noted.into_iter().zip(0..) {
        let listed = log.list(&with(&|f| f.before = Some(Position(4)))).unwrap();
        assert_eq!((listed[n].0.position.0, listed[n].1), (position, progress));
    }
    assert!(log.note(&[(Position(3), erased(3)), (Position(5), unstorable)]).is_err());
    assert_eq!(unerased(0, 2), [1, 3], "all or none");

    // The sweep and a refresh each note their own part, in either order: nothing that is known is lost, and what was erased
    // stays so.
    let plain = Progress { effective_at: 7, ..Progress::default() };
    let by_refresh = Progress { refreshed_at: Some(70), ..plain };
    let by_sweep = Progress { erased_at: Some(80), memory: Count { entries: 3, bytes: 9 }, ..plain };
    let together = Progress { refreshed_at: Some(70), ..by_sweep };
    for (position, first, second) in [(6, by_refresh, by_sweep), (7, by_sweep, by_refresh)] {
        assert_eq!(log.note(&[(Position(position), first)]).unwrap(), [first]);
        assert_eq!(log.note(&[(Position(position), second)]).unwrap(), [together]);
        assert_eq!(log.note(&[(Position(position), plain)]).unwrap(), [together]);
        let told = log.list(&with(&|f| f.before = Some(Position(position + 1)))).unwrap();
        assert_eq!(told[0].1, Some(together));
    }
    assert_eq!(unerased(0, 99), [1, 3, 5, 8, 9]);

    // The floor never falls, and never gets ahead of the log.
    for (told, kept) in [(3, 3), (2, 3), (9, 9), (0, 9)] {
        log.keep_floor(Position(told)).unwrap();
        assert_eq!(log.floor().unwrap(), Position(kept));
    }
    assert!(log.keep_floor(Position(10)).is_err());
    assert!(log.keep_floor(Position(u64::MAX)).is_err());

    // Takedowns hold until they are lifted, once.
    log.append(&[takedown(10)]).unwrap();
    let holding = |n| Takedown { record: takedown(n), lifted: None };
    assert_eq!(log.takedowns(false).unwrap(), [holding(10), holding(9)]);
    let by = |at| Lifted { at, actor: "admin".into(), from: "192.0.2.9".into() };
    let lifted = Takedown { lifted: Some(by(7)), ..holding(9) };
    assert_eq!(log.lift(record(3).id, &by(7)).unwrap(), None, "no takedown");
    assert_eq!(log.lift(record(99).id, &by(7)).unwrap(), None, "no record");
    assert!(log.lift(record(9).id, &by(u64::MAX)).is_err());
    assert_eq!(log.lift(record(9).id, &by(7)).unwrap(), Some(lifted.clone()));
    assert_eq!(log.lift(record(9).id, &by(8)).unwrap(), None, "once");
    drop(log);

    let log = open();
    assert_eq!(log.floor().unwrap(), Position(9));
    assert_eq!(log.takedowns(false).unwrap(), [holding(10)]);
    assert_eq!(log.takedowns(true).unwrap(), [holding(10), lifted]);
    assert_eq!(log.unerased(Position(8), 9).unwrap(), [(made[8].clone(), None), (takedown(10), None)]);
    assert_eq!(
        log.list(&Filter { limit: 1, state: Some(State::Erased), ..Filter::default() }).unwrap()[0].1,
        Some(together)
    );
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
    named(catalogue, &rows);

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
    // What no row means any more is told, to be released: the replaced, and what came too late.
    let at = |offset, row: Row| Row { place: Place { offset, ..row.place }, ..row };
    let (newest, late) = (at(1, changed(row(1, 8), 92)), at(2, changed(row(1, 7), 93)));
    let released = catalogue.put(d, &[newest.clone(), late.clone()]).unwrap();
    assert_eq!(released, [rows[0].place, late.place]);
    assert_eq!(catalogue.put(d, std::slice::from_ref(&newest)).unwrap(), [], "the same place is still meant");
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

    // Several at once: answered are those that were removed.
    let other = (row(3, 0).key, row(3, 0).body);
    catalogue.put(d, &[row(3, 5), row(5, 5)]).unwrap();
    let these = [other, (row(5, 0).key, BodyId([6; 16])), other, (DerivativeKey([9; 16]), BodyId([9; 16]))];
    assert_eq!(catalogue.remove_rows(d, &these).unwrap(), [row(3, 5).place]);
    assert_eq!(catalogue.remove_rows(d, &[(row(5, 0).key, row(5, 0).body)]).unwrap(), [row(5, 5).place]);
    assert_eq!(catalogue.remove_rows(d, &[]).unwrap(), []);
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
    catalogue.checkpoint().unwrap();
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

/// What selectors name, where bodies lie, and rows moved to later positions. Leaves the rows as they were.
fn named(catalogue: &dyn Catalogue, rows: &[Row]) {
    let tier = Tier::Derivatives;
    let keys = |selector: &Selector, after: Option<u8>, limit: usize| -> Vec<u8> {
        let after = after.map(|n| DerivativeKey([n; 16]));
        catalogue.matching(tier, selector, after, limit).unwrap().iter().map(|row| row.key.0[0]).collect()
    };
    let tag = |text: &str| Tag::parse(text).unwrap();
    let here = Location::new("file:/my photos\n");
    for (selector, wanted) in [
        (Selector::Master(master(0)), vec![1, 2, 12]),
        (Selector::Master(master(12)), vec![12]),
        (Selector::Master(master(4)), vec![]),
        (Selector::Dependency(master(0)), vec![]),
        (Selector::Dependency(master(2)), vec![2]),
        (Selector::Exact(ExactName([1; 16])), vec![1]),
        (Selector::Exact(ExactName([2; 16])), vec![]),
        (Selector::Tag(tag("t0"), None), vec![1, 2]),
        (Selector::Tag(tag("t0"), Some(here.clone())), vec![1, 2]),
        (Selector::Tag(tag("t0"), Some(Location::new("file:/my"))), vec![]),
        (Selector::Tag(tag("a\\b\\é"), Some(here)), vec![4]),
        (Selector::Prefix("file:/m1".into()), vec![1, 12]),
        (Selector::Source(Location::new("file:/m2")), vec![]),
        (Selector::Glob("file:/m1?\n".into()), vec![12]),
        (Selector::All, vec![1, 2, 4, 12]),
    ] {
        assert_eq!(keys(&selector, None, 99), wanted, "{selector}");
        assert_eq!(keys(&selector, None, 1), wanted[..wanted.len().min(1)], "{selector}");
        assert_eq!(keys(&selector, None, 0), [] as [u8; 0], "{selector}");
        let later: Vec<u8> = wanted.iter().copied().filter(|n| *n > 2).collect();
        assert_eq!(keys(&selector, Some(2), 99), later, "{selector}");
        let whole = rows.iter().filter(|row| wanted.contains(&row.key.0[0]));
        let mut count = Count::default();
        whole.for_each(|row| count.add(row.place.length));
        assert_eq!(catalogue.count(tier, &selector).unwrap(), count, "{selector}");
        assert_eq!(catalogue.count(Tier::Masters, &selector).unwrap(), Count::default(), "{selector}");
    }

    let places = |tier, segment| catalogue.places(tier, segment).unwrap().len();
    assert_eq!((places(tier, 0), places(tier, 1), places(tier, 2)), (3, 1, 0));
    assert_eq!((places(Tier::Masters, 0), places(tier, u64::MAX)), (0, 0));
    assert_eq!(catalogue.places(tier, 1).unwrap(), [rows[2].place]);

    // Only rows that still mean the body move, forwards, and as one.
    assert_eq!(
        (catalogue.lowest_stamp(LOG).unwrap(), catalogue.lowest_stamp(LogId(8)).unwrap()),
        (Some(Position(3)), None)
    );
    let name = |row: &Row| (row.key, row.body);
    let moved =
        [name(&rows[0]), name(&rows[3]), (rows[1].key, BodyId([99; 16])), (DerivativeKey([9; 16]), rows[0].body)];
    catalogue.restamp(tier, &moved, Position(7)).unwrap();
    catalogue.restamp(tier, &[name(&rows[2])], Position(2)).unwrap();
    catalogue.restamp(Tier::Masters, &[name(&rows[1])], Position(9)).unwrap();
    catalogue.restamp(tier, &[], Position(9)).unwrap();
    let positions: Vec<u64> = catalogue.walk(tier, None, 9).unwrap().iter().map(|row| row.stamp.position.0).collect();
    assert_eq!(positions, [7, 5, 7, 6]);
    assert_eq!(
        (catalogue.lowest_stamp(LOG).unwrap(), catalogue.highest_stamp(LOG).unwrap()),
        (Some(Position(5)), Some(Position(7)))
    );
    let stamp = Stamp { log: LOG, position: Position(7) };
    assert_eq!(catalogue.get(tier, &rows[0].key).unwrap(), Some(Row { stamp, ..rows[0].clone() }));
    assert!(catalogue.restamp(tier, &[name(&rows[1])], Position(u64::MAX)).is_err());
    catalogue.remove_rows(tier, &[name(&rows[0]), name(&rows[3])]).unwrap();
    catalogue.put(tier, rows).unwrap();
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
