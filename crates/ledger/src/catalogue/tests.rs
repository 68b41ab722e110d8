#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::contract::{self, row};
use crate::sqlite::Schema;

#[test]
fn keeps_the_contract() {
    let temp = tempfile::tempdir().unwrap();
    let folder = Folder::open(temp.path()).unwrap();
    contract::catalogue(&CatalogueDb::open(&folder).unwrap());
}

#[test]
fn rows_outlive_the_process() {
    let temp = tempfile::tempdir().unwrap();
    let rows = [row(1, 5), row(2, 5)];
    {
        let folder = Folder::open(temp.path()).unwrap();
        CatalogueDb::open(&folder).unwrap().put(Tier::Masters, &rows).unwrap();
    }
    let catalogue = CatalogueDb::open(&Folder::open(temp.path()).unwrap()).unwrap();
    assert_eq!(catalogue.walk(Tier::Masters, None, 9).unwrap(), rows);
}

#[test]
fn a_damaged_file_is_put_aside() {
    type Spoil = fn(&Path);
    let spoil: [(&str, Spoil); 4] = [
        ("no database at all", |path| fs::write(path, [b'x'; 5000]).unwrap()),
        ("a page of rubbish", |path| {
            let mut bytes = fs::read(path).unwrap();
            bytes[4096..].fill(0xa5);
            fs::write(path, bytes).unwrap();
        }),
        ("a table is missing", |path| {
            Connection::open(path).unwrap().execute_batch("DROP TABLE total").unwrap();
        }),
        ("another program's file", |path| {
            Connection::open(path).unwrap().execute_batch("PRAGMA application_id = 1").unwrap();
        }),
    ];
    for (what, spoil) in spoil {
        let temp = tempfile::tempdir().unwrap();
        let folder = Folder::open(temp.path()).unwrap();
        CatalogueDb::open(&folder).unwrap().put(Tier::Derivatives, &[row(1, 5)]).unwrap();
        spoil(&folder.catalogue_db());
        let catalogue = CatalogueDb::open(&folder).unwrap_or_else(|e| panic!("{what}: {e}"));
        assert_eq!(catalogue.totals(Tier::Derivatives).unwrap(), (0, 0), "{what}");
        catalogue.put(Tier::Derivatives, &[row(1, 5)]).unwrap();
        let aside = fs::read_dir(temp.path()).unwrap().filter(|f| is_aside(f.as_ref().unwrap())).count();
        assert_eq!(aside, 1, "{what}");
    }
}

#[test]
fn a_statement_is_planned_once() {
    let temp = tempfile::tempdir().unwrap();
    let catalogue = CatalogueDb::open(&Folder::open(temp.path()).unwrap()).unwrap();
    let again = |connection: &Connection| {
        let mut select = connection.prepare(&format!("{SELECT} {ALL} WHERE tier = ?1 AND key = ?2"))?;
        for key in 0..5_u8 {
            assert!(!select.exists(params![number(Tier::Masters), [key; 16]])?);
        }
        Ok(select.get_status(rusqlite::StatementStatus::RePrepare))
    };
    assert_eq!(catalogue.readers.with(again).unwrap(), 0);
}

#[test]
fn readers_and_the_writer_do_not_hinder_each_other() {
    let temp = tempfile::tempdir().unwrap();
    let catalogue = CatalogueDb::open(&Folder::open(temp.path()).unwrap()).unwrap();
    let tier = Tier::Derivatives;
    catalogue.put(tier, &[row(1, 1), row(2, 1)]).unwrap();
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..12 {
            scope.spawn(|| {
                while !done.load(std::sync::atomic::Ordering::Relaxed) {
                    // Each read sees whole transactions only.
                    let rows = catalogue.walk(tier, None, 9).unwrap();
                    assert_eq!(rows[0].stamp, rows[1].stamp);
                    assert!(catalogue.get(tier, &row(1, 0).key).unwrap().is_some());
                }
            });
        }
        for position in 2..200 {
            catalogue.put(tier, &[row(1, position), row(2, position)]).unwrap();
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    assert_eq!(catalogue.highest_stamp(contract::LOG).unwrap(), Some(Position(199)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(testkit::costly_cases(32)))]

    #[test]
    fn it_counts_like_a_map(steps in prop::collection::vec((0..5_u8, 0..30_u8, 0..6_u64, any::<bool>()), 1..80)) {
        let temp = tempfile::tempdir().unwrap();
        let catalogue = CatalogueDb::open(&Folder::open(temp.path()).unwrap()).unwrap();
        let tier = Tier::Masters;
        let mut model: BTreeMap<[u8; 16], Row> = BTreeMap::new();
        for (step, n, position, other) in steps {
            // Key and segment vary apart from each other.
            let row = Row { key: DerivativeKey([n % 8; 16]), ..row(n, position) };
            match step {
                0 | 1 => {
                    catalogue.put(tier, std::slice::from_ref(&row)).unwrap();
                    let stays = model.get(&row.key.0).is_some_and(|old| old.stamp.position > row.stamp.position);
                    if !stays {
                        model.insert(row.key.0, row);
                    }
                }
                2 => {
                    let body = model.get(&row.key.0).filter(|_| other).map_or(row.body, |found| found.body);
                    catalogue.remove(tier, &row.key, body).unwrap();
                    model.retain(|key, old| *key != row.key.0 || old.body != body);
                }
                3 => {
                    // Before and after what the row says.
                    let at = row.last_used + position - 3;
                    catalogue.touch(tier, &[(row.key, at)]).unwrap();
                    if let Some(old) = model.get_mut(&row.key.0) {
                        old.last_used = old.last_used.max(at);
                    }
                }
                _ => {
                    let before = model.len();
                    model.retain(|_, old| old.place.segment != row.place.segment);
                    let removed = catalogue.remove_segment(tier, row.place.segment).unwrap();
                    prop_assert_eq!(removed, (before - model.len()) as u64);
                }
            }
        }
        let rows: Vec<Row> = model.into_values().collect();
        prop_assert_eq!(&catalogue.walk(tier, None, 99).unwrap(), &rows);
        let sum = |rows: &mut dyn Iterator<Item = &Row>| rows.fold((0, 0), |(n, b), r| (n + 1, b + r.place.length));
        prop_assert_eq!(catalogue.totals(tier).unwrap(), sum(&mut rows.iter()));
        for n in 0..30 {
            let master = &row(n, 0).dependencies[1].0;
            let counted = catalogue.count_master(tier, master).unwrap();
            let bears = |r: &&Row| r.dependencies.iter().any(|(id, _)| id == master);
            prop_assert_eq!(counted, sum(&mut rows.iter().filter(bears)));
            let tag = format!("t{n}");
            let counted = catalogue.count_tag(tier, &tag).unwrap();
            prop_assert_eq!(counted, sum(&mut rows.iter().filter(|r| r.labels.iter().any(|l| l.tag.as_str() == tag))));
        }
        for n in 0..30 {
            // What is found by an index is what a walk finds.
            let [(main, _), (part, _)] = &row(n, 0).dependencies[..] else { panic!("two dependencies") };
            let tag = plan::Tag::parse(&format!("t{n}")).unwrap();
            let source = contract::label("t0").source;
            for selector in [
                Selector::Master(main.clone()),
                Selector::Dependency(part.clone()),
                Selector::Exact(ExactName([n; 16])),
                Selector::Tag(tag.clone(), None),
                Selector::Tag(tag, Some(source)),
            ] {
                for (after, limit) in [(None, 99), (None, 2), (Some(DerivativeKey([3; 16])), 99)] {
                    let found = catalogue.matching(tier, &selector, after, limit).unwrap();
                    prop_assert_eq!(found, matching_by_walk(&catalogue, tier, &selector, after, limit).unwrap());
                }
                let count = catalogue.count(tier, &selector).unwrap();
                prop_assert_eq!(count, count_by_pages(&catalogue, tier, &selector).unwrap());
            }
        }
        for segment in 0..3 {
            let places: Vec<Place> = rows.iter().map(|r| r.place).filter(|p| p.segment == segment).collect();
            let mut found = catalogue.places(tier, segment).unwrap();
            found.sort_by_key(|place| place.length);
            let mut wanted = places;
            wanted.sort_by_key(|place| place.length);
            prop_assert_eq!(found, wanted);
        }
        let lowest = rows.iter().map(|r| r.stamp.position).min();
        prop_assert_eq!(catalogue.lowest_stamp(contract::LOG).unwrap(), lowest);
        let highest = rows.iter().map(|r| r.stamp.position).max();
        prop_assert_eq!(catalogue.highest_stamp(contract::LOG).unwrap(), highest);
    }
}

#[test]
fn a_newer_file_is_refused() {
    let temp = tempfile::tempdir().unwrap();
    let folder = Folder::open(temp.path()).unwrap();
    drop(CatalogueDb::open(&folder).unwrap());
    Connection::open(folder.catalogue_db()).unwrap().execute_batch("PRAGMA user_version = 99").unwrap();
    assert!(matches!(CatalogueDb::open(&folder), Err(OpenError::Newer { found: 99, .. })));
}

#[test]
fn an_older_file_is_emptied() {
    // What the first format was made of, as far as it has the names that the newest one uses.
    const FIRST: &str = "
        CREATE TABLE log (number INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE) STRICT;
        CREATE TABLE entry (number INTEGER PRIMARY KEY, tier INTEGER NOT NULL, key BLOB NOT NULL, segment INTEGER NOT NULL,
            log INTEGER NOT NULL, position INTEGER NOT NULL, UNIQUE (tier, key)) STRICT;
        CREATE INDEX entry_segment ON entry (tier, segment);
        CREATE INDEX entry_stamp ON entry (log, position);
        CREATE TABLE dependency (tier INTEGER NOT NULL, master INTEGER NOT NULL, entry INTEGER NOT NULL,
            length INTEGER NOT NULL, PRIMARY KEY (tier, master, entry)) STRICT, WITHOUT ROWID;
        CREATE TABLE total (tier INTEGER PRIMARY KEY, entries INTEGER NOT NULL, bytes INTEGER NOT NULL) STRICT;
        INSERT INTO total VALUES (0, 1, 100), (1, 0, 0);
        INSERT INTO log VALUES (1, x'00000000000000000000000000000007');
        INSERT INTO entry VALUES (1, 0, x'01010101010101010101010101010101', 0, 1, 5);
        INSERT INTO dependency VALUES (0, 1, 1, 100);
    ";
    let temp = tempfile::tempdir().unwrap();
    let folder = Folder::open(temp.path()).unwrap();
    let old = Schema { steps: &[FIRST], ..SCHEMA };
    drop(crate::sqlite::open_writer(&folder.catalogue_db(), &old).unwrap());
    for (totals, position) in [((0, 0), None), ((1, 101), Some(Position(5)))] {
        // The second time it is of the newest format, and keeps what it has.
        let catalogue = CatalogueDb::open(&folder).unwrap();
        assert_eq!(catalogue.totals(Tier::Derivatives).unwrap(), totals);
        assert_eq!(catalogue.highest_stamp(contract::LOG).unwrap(), position);
        catalogue.put(Tier::Derivatives, &[row(1, 5)]).unwrap();
    }
    assert_eq!(fs::read_dir(temp.path()).unwrap().filter(|f| is_aside(f.as_ref().unwrap())).count(), 0);
}

#[test]
fn a_file_of_the_format_before_keeps_its_rows() {
    let temp = tempfile::tempdir().unwrap();
    let folder = Folder::open(temp.path()).unwrap();
    let old = Schema { steps: &SCHEMA.steps[..3], ..SCHEMA };
    let connection = crate::sqlite::open_writer(&folder.catalogue_db(), &old).unwrap();
    let row = row(1, 5);
    let (exact, tier) = (row.exact.unwrap(), Tier::Derivatives);
    connection
        .execute_batch(
            "INSERT INTO log VALUES (1, x'00000000000000000000000000000007');
             UPDATE total SET entries = 1, bytes = 101 WHERE tier = 0;",
        )
        .unwrap();
    connection
        .execute(
            "INSERT INTO entry VALUES (5, 0, ?1, ?1, 0, ?2, 101, 1, 5, ?1, 1, 1700000000, 1700000001, ?3, NULL, 'image/webp',
                ?4, ?5, ?6)",
            params![row.key.0, 1_i64 << 40, row.recipe, "mfile:/m0\\n\npfile:/m1\\n\n",
                "t0 file:/my photos\\n\nt1 file:/my photos\\n\n", row.url],
        )
        .unwrap();
    for (table, names) in
        [("dependency", [row.dependencies[0].0.as_str(), row.dependencies[1].0.as_str()]), ("tag", ["t0", "t1"])]
    {
        for name in names {
            connection.execute(&format!("INSERT INTO {table} VALUES (0, ?1, 5, 101)"), [hash(name)]).unwrap();
        }
    }
    drop(connection);
    let catalogue = CatalogueDb::open(&folder).unwrap();
    assert_eq!(catalogue.walk(tier, None, 9).unwrap(), std::slice::from_ref(&row));
    let tag = Selector::Tag(row.labels[1].tag.clone(), None);
    for selector in [Selector::Master(row.dependencies[1].0.clone()), tag, Selector::Exact(exact)] {
        assert_eq!(catalogue.matching(tier, &selector, None, 9).unwrap(), std::slice::from_ref(&row), "{selector}");
        assert_eq!(catalogue.count(tier, &selector).unwrap(), Count { entries: 1, bytes: 101 }, "{selector}");
    }
    assert_eq!(catalogue.remove_rows(tier, &[(row.key, row.body)]).unwrap(), [row.place]);
    let left: i64 = lock(&catalogue.writer)
        .query_row("SELECT (SELECT count(*) FROM dependency) + (SELECT count(*) FROM tag)", [], |r| r.get(0))
        .unwrap();
    assert_eq!(left, 0);
}

#[test]
fn what_was_removed_is_in_no_file() {
    let temp = tempfile::tempdir().unwrap();
    let folder = Folder::open(temp.path()).unwrap();
    let catalogue = CatalogueDb::open(&folder).unwrap();
    let tier = Tier::Derivatives;
    // Long enough for pages of its own, and short enough to share one.
    let secret =
        |n: u8| format!("/the-name-that-must-go-{n}/{}", "x".repeat(if n.is_multiple_of(2) { 9000 } else { 9 }));
    let rows: Vec<Row> = (0..60)
        .map(|n| Row { url: secret(n), data_key: Some(b"THE-KEY-THAT-MUST-GO".to_vec()), ..row(n, 5) })
        .collect();
    catalogue.put(tier, &rows).unwrap();
    let names: Vec<_> = rows.iter().map(|row| (row.key, row.body)).collect();
    let traces = || -> usize {
        let mut found = 0;
        for file in fs::read_dir(temp.path()).unwrap() {
            let bytes = fs::read(file.unwrap().path()).unwrap();
            for needle in [&b"the-name-that-must-go"[..], b"THE-KEY-THAT-MUST-GO"] {
                found += bytes.windows(needle.len()).filter(|window| *window == needle).count();
            }
        }
        found
    };
    assert!(traces() > 0);
    catalogue.remove_rows(tier, &names[..30]).unwrap();
    catalogue.remove(tier, &names[30].0, names[30].1).unwrap();
    let bare = Row { url: String::new(), data_key: None, ..row(31, 6) };
    catalogue.put(tier, &[bare]).unwrap();
    for segment in 3..6 {
        catalogue.remove_segment(tier, segment).unwrap();
    }
    catalogue.checkpoint().unwrap();
    assert_eq!(traces(), 0);
    assert_eq!(catalogue.totals(tier).unwrap().0, 0);
}

fn is_aside(file: &fs::DirEntry) -> bool {
    file.file_name().to_string_lossy().starts_with("catalogue.db.corrupt-")
}

/// Each master once, in pages, as the walk over every row has it.
#[test]
fn masters_are_listed_in_pages() {
    let temp = tempfile::tempdir().unwrap();
    let catalogue = CatalogueDb::open(&Folder::open(temp.path()).unwrap()).unwrap();
    assert_eq!(catalogue.masters(None, 9).unwrap(), []);
    let name = |n: u8| MasterId::from_canonical(&format!("file:/p/{n}.jpg"));
    let of = |n: u8, masters: &[(u8, Role)]| Row {
        dependencies: masters.iter().map(|(master, role)| (name(*master), *role)).collect(),
        ..row(n, 5)
    };
    // Twenty pictures in two sizes each, some with a watermark; the bytes of two of them are held.
    let derivatives: Vec<Row> =
        (0..40).map(|n| of(n, &[(n / 2, Role::Main), (100, Role::Part)][..1 + usize::from(n % 5 == 0)])).collect();
    catalogue.put(Tier::Derivatives, &derivatives).unwrap();
    catalogue.put(Tier::Masters, &[of(200, &[(3, Role::Main)]), of(201, &[(50, Role::Main)])]).unwrap();
    let all = catalogue.masters(None, 100).unwrap();
    assert_eq!(all.len(), 22, "20 pictures, the watermark, and one of which only the bytes are left");
    assert!(all.is_sorted_by(|a, b| a.place < b.place));
    let tier_of = |n: u8| all.iter().find(|known| known.id == name(n)).map(|known| known.tier);
    assert_eq!(
        [3, 50, 100, 7].map(tier_of).map(Option::unwrap).map(Tier::name),
        ["masters", "masters", "derivatives", "derivatives"]
    );
    assert!(all.iter().all(|known| known.row.dependencies.iter().any(|(id, _)| *id == known.id)));
    let (mut paged, mut after) = (Vec::new(), None);
    loop {
        let page = catalogue.masters(after, 4).unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.place);
        paged.extend(page);
    }
    assert_eq!(paged, all);
    for limit in [0, 5, 100] {
        let walked = purge::masters_by_walk(&catalogue, all.get(2).map(|known| known.place), limit).unwrap();
        let listed = catalogue.masters(all.get(2).map(|known| known.place), limit).unwrap();
        let names =
            |list: &[Known]| list.iter().map(|known| (known.place, known.id.clone(), known.tier)).collect::<Vec<_>>();
        assert_eq!(names(&walked), names(&listed), "{limit}");
    }
}
