#![allow(clippy::unwrap_used)]

use purge::{Lifted, Log, Progress, Records};
use rusqlite::Connection;

use super::*;
use crate::contract::{progress, record, takedown};
use crate::sqlite::lock;
use crate::{CatalogueDb, Folder, PurgeDb};

/// A log in which something of every sort happened: 12 entries.
fn busy(folder: &Folder) -> PurgeDb {
    let log = PurgeDb::open(folder).unwrap();
    let catalogue = CatalogueDb::open(folder).unwrap();
    log.begin_run(&folder.cache_dir(), &catalogue).unwrap();
    log.append(&[record(1), record(2), record(3)]).unwrap();
    log.append(&[takedown(4)]).unwrap();
    log.audit_append(&note("a \"quoted\"\n\\key\u{1}")).unwrap();
    log.note(&[(Position(2), Progress { erased_at: Some(9), ..progress(2) })]).unwrap();
    log.lift(record(4).id, &Lifted { at: 7, actor: "admin".into(), from: "192.0.2.9".into() }).unwrap().unwrap();
    log.mint_new_log().unwrap();
    log.append(&[record(6)]).unwrap();
    log.audit_append(&note("last")).unwrap();
    log
}

fn note(what: &str) -> Entry {
    Entry {
        at: 11,
        kind: AuditKind::KeyCreated,
        actor: "admin".into(),
        via: "native".into(),
        from: "::1".into(),
        what: what.to_owned(),
    }
}

fn kinds(rows: &[AuditRow]) -> Vec<&'static str> {
    rows.iter().map(|row| row.entry.kind.name()).collect()
}

#[test]
fn what_is_done_is_noted_and_verified() {
    let temp = tempfile::tempdir().unwrap();
    let folder = Folder::open(temp.path()).unwrap();
    let log = busy(&folder);
    let rows = log.audit_page(None, 99, &AuditFilter::default()).unwrap();
    assert_eq!(
        kinds(&rows),
        [
            "key-created",
            "purge",
            "new-log",
            "takedown-lifted",
            "erased",
            "key-created",
            "purge",
            "purge",
            "purge",
            "purge",
            "run",
            "begin"
        ]
    );
    assert_eq!(rows[0].entry, note("last"));
    let purged = &rows[8].entry;
    assert_eq!((&purged.actor, purged.via.as_str(), purged.at), (&record(2).actor, "imgix-v2", record(2).accepted_at));
    assert!(purged.what.contains(&record(2).id.to_string()), "{purged:?}");
    assert_eq!((rows[8].position, rows[1].position), (Some(Position(2)), Some(Position(6))));
    assert_eq!((rows[3].entry.actor.as_str(), rows[3].entry.from.as_str()), ("admin", "192.0.2.9"));
    assert!(rows[4].entry.what.contains("4 derivatives (400 bytes)"), "{}", rows[4].entry.what);

    let head = log.audit_head().unwrap();
    assert_eq!(AuditHead::parse(&format!(" {head}\n")), Some(head));
    assert_eq!((head.seq, head.hash), (12, rows[0].hash));
    let whole = AuditVerdict::Verified { entries: 12, head };
    assert_eq!(log.audit_verify(None).unwrap(), whole);
    for row in &rows {
        assert_eq!(log.audit_verify(Some(&AuditHead { seq: row.seq, hash: row.hash })).unwrap(), whole);
    }
    // It goes on where it ended.
    drop(log);
    let log = PurgeDb::open(&folder).unwrap();
    assert_eq!(log.audit_verify(Some(&head)).unwrap(), whole);
    log.append(&[record(7)]).unwrap();
    assert!(matches!(log.audit_verify(Some(&head)).unwrap(), AuditVerdict::Verified { entries: 13, .. }));
}

#[test]
fn an_append_that_fails_leaves_no_entry() {
    let temp = tempfile::tempdir().unwrap();
    let log = busy(&Folder::open(temp.path()).unwrap());
    let head = log.audit_head().unwrap();
    assert!(log.append(&[record(8), Record { id: record(1).id, ..record(9) }]).is_err());
    assert!(log.audit_append(&Entry { at: u64::MAX, ..note("x") }).is_err());
    assert_eq!(log.audit_head().unwrap(), head);
    log.append(&[record(8)]).unwrap();
    assert!(matches!(log.audit_verify(None).unwrap(), AuditVerdict::Verified { entries: 13, .. }));
}

#[test]
fn pages_and_filters() {
    let temp = tempfile::tempdir().unwrap();
    let log = busy(&Folder::open(temp.path()).unwrap());
    let found = |before, limit, filter: AuditFilter| -> Vec<u64> {
        log.audit_page(before, limit, &filter).unwrap().iter().map(|row| row.seq).collect()
    };
    let all = AuditFilter::default;
    assert_eq!(found(None, 2, all()), [12, 11]);
    assert_eq!(found(Some(11), 2, all()), [10, 9]);
    assert_eq!(found(Some(u64::MAX), 99, all()).len(), 12);
    assert_eq!(found(None, 0, all()), [] as [u64; 0]);
    assert_eq!(found(None, 99, AuditFilter { kind: Some(AuditKind::Purge), ..all() }), [11, 6, 5, 4, 3]);
    assert_eq!(found(None, 99, AuditFilter { actor: Some("admin".into()), ..all() }), [12, 9, 7]);
    assert_eq!(found(None, 99, AuditFilter { search: Some("QUOTED".into()), ..all() }), [7]);
    let since = Some(record(2).accepted_at);
    let purges = AuditFilter { kind: Some(AuditKind::Purge), since, until: Some(record(4).accepted_at), ..all() };
    assert_eq!(found(None, 99, purges), [5, 4]);
    for kind in AuditKind::ALL {
        assert_eq!(AuditKind::from_name(kind.name()), Some(kind));
    }
}

#[test]
fn tampering_is_found() {
    // Each with the number of the first entry that does not fit.
    let tampered = [
        ("a text", "UPDATE audit SET what = 'nothing' WHERE seq = 7", 7),
        ("a time", "UPDATE audit SET at = at + 1 WHERE seq = 12", 12),
        ("an actor", "UPDATE audit SET actor = 'x' WHERE seq = 3", 3),
        ("an address", "UPDATE audit SET sender = '' WHERE seq = 9", 9),
        ("an API", "UPDATE audit SET via = '' WHERE seq = 7", 7),
        ("a kind", "UPDATE audit SET kind = 'key-revoked' WHERE seq = 7", 7),
        ("a hash", "UPDATE audit SET hash = zeroblob(32) WHERE seq = 5", 5),
        ("a link", "UPDATE audit SET prev = zeroblob(32) WHERE seq = 5", 5),
        ("text moved between fields", "UPDATE audit SET via = '', actor = actor || via WHERE seq = 7", 7),
        ("an entry taken out", "DELETE FROM audit WHERE seq = 7", 7),
        ("the first taken out", "DELETE FROM audit WHERE seq = 1", 1),
        ("everything taken out", "DELETE FROM audit", 1),
        ("the last purge and its entry's tail", "DELETE FROM audit WHERE seq > 10", 11),
        (
            "two exchanged",
            "UPDATE audit SET seq = 99 WHERE seq = 4; UPDATE audit SET seq = 4 WHERE seq = 5;
             UPDATE audit SET seq = 5 WHERE seq = 99",
            4,
        ),
        (
            "one put in",
            "UPDATE audit SET seq = seq + 100 WHERE seq > 7; UPDATE audit SET seq = seq - 99 WHERE seq > 100;
             INSERT INTO audit SELECT 8, at, kind, actor, via, sender, 'put in', position, record, hash, hash FROM audit
                WHERE seq = 7",
            8,
        ),
        (
            "one added at the end",
            "INSERT INTO audit SELECT 13, at, kind, actor, via, sender, what, position, record, hash, hash FROM audit
                WHERE seq = 12",
            13,
        ),
        ("a record's actor", "UPDATE record SET actor = 'x' WHERE position = 2", 4),
        ("a record's targets", "UPDATE record SET targets = '>x' || char(10) || '-all:' || char(10) WHERE position = 6", 11),
        ("a record's time", "UPDATE record SET accepted_at = 1 WHERE position = 1", 3),
        ("a takedown's terms", "UPDATE record SET terms = NULL WHERE position = 4", 6),
        ("a record taken out", "DELETE FROM record WHERE position = 2", 4),
        ("a record moved", "UPDATE record SET position = 5 WHERE position = 6", 11),
        (
            "a record put in",
            "INSERT INTO record SELECT 5, zeroblob(16), mode, targets, actor, via, sender, accepted_at, terms FROM record
                WHERE position = 3",
            11,
        ),
        (
            "a record added at the end",
            "INSERT INTO record SELECT 7, zeroblob(16), mode, targets, actor, via, sender, accepted_at, terms FROM record
                WHERE position = 3",
            13,
        ),
    ];
    for (what, sql, first) in tampered {
        let temp = tempfile::tempdir().unwrap();
        let folder = Folder::open(temp.path()).unwrap();
        drop(busy(&folder));
        Connection::open(folder.purge_db()).unwrap().execute_batch(sql).unwrap();
        let log = PurgeDb::open(&folder).unwrap();
        match log.audit_verify(None).unwrap() {
            AuditVerdict::Broken { seq, .. } => assert_eq!(seq, first, "{what}"),
            whole => panic!("{what}: {whole:?}"),
        }
    }
}

/// What the chain alone cannot show, an end that was kept elsewhere does.
#[test]
fn a_kept_end_shows_what_was_cut_off_or_recomputed() {
    let temp = tempfile::tempdir().unwrap();
    let folder = Folder::open(temp.path()).unwrap();
    let log = busy(&folder);
    let kept = log.audit_head().unwrap();
    let cut = "DELETE FROM audit WHERE seq > 10; DELETE FROM record WHERE position > 4";
    lock(&log.writer).execute_batch(cut).unwrap();
    drop(log);
    let log = PurgeDb::open(&folder).unwrap();
    assert!(matches!(log.audit_verify(None).unwrap(), AuditVerdict::Verified { entries: 10, .. }));
    assert!(matches!(log.audit_verify(Some(&kept)).unwrap(), AuditVerdict::Broken { seq: 11, .. }));
    log.append(&[record(6)]).unwrap();
    log.audit_append(&note("another last")).unwrap();
    assert!(matches!(log.audit_verify(None).unwrap(), AuditVerdict::Verified { entries: 12, .. }));
    assert!(matches!(log.audit_verify(Some(&kept)).unwrap(), AuditVerdict::Broken { seq: 12, .. }));
}

#[test]
fn an_export_is_a_json_object_a_line() {
    let temp = tempfile::tempdir().unwrap();
    let log = busy(&Folder::open(temp.path()).unwrap());
    let mut out = Vec::new();
    assert_eq!(log.audit_export(&mut out).unwrap(), 12);
    let text = String::from_utf8(out).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 12);
    assert!(lines[0].starts_with("{\"seq\":1,\"at\":") && lines[0].contains("\"kind\":\"begin\",\"actor\":\"\""));
    assert!(lines[6].contains(r#""from":"::1","what":"a \"quoted\"\u000a\\key\u0001","prev":""#), "{}", lines[6]);
    assert!(lines[3].contains("\"position\":2,\"record\":\""));
    assert!(lines[11].ends_with(&format!("\"hash\":\"{}\"}}", log.audit_head().unwrap().hash)));

    struct Full;
    impl std::io::Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    assert_eq!(log.audit_export(&mut Full).unwrap_err().kind(), std::io::ErrorKind::StorageFull);
}

/// A file of the format before: its records get a chain, and are bound by it.
#[test]
fn records_of_an_older_format_are_bound() {
    use crate::schema::SCHEMA;
    use crate::sqlite::{Schema, open_writer};
    const FILL: &str = "
        INSERT INTO identity VALUES (1, zeroblob(16), zeroblob(32), 0);
        INSERT INTO record VALUES (1, x'00000000000000010000000000000001', 'hard', '>a' || char(10) || '-all:' || char(10),
            'me', 'native', '', 5, NULL);
        INSERT INTO record VALUES (3, x'00000000000000010000000000000003', 'takedown',
            '>b' || char(10) || '-all:' || char(10), 'me', 'native', '', 6, '451' || char(10) || '0' || char(10));
        INSERT INTO run VALUES (zeroblob(16), 1);
    ";
    let temp = tempfile::tempdir().unwrap();
    let folder = Folder::open(temp.path()).unwrap();
    let old = Schema { steps: &SCHEMA.steps[..2], ..SCHEMA };
    open_writer(&folder.purge_db(), &old).unwrap().execute_batch(FILL).unwrap();

    let log = PurgeDb::open(&folder).unwrap();
    let mut records = log.unerased(Position(0), 9).unwrap();
    assert_eq!(records.iter().map(|(record, _)| record.position.0).collect::<Vec<_>>(), [1, 3]);
    let last = records.pop().unwrap().0;
    assert_eq!(log.takedowns(false).unwrap(), [purge::Takedown { record: last, lifted: None }]);
    assert_eq!(log.floor().unwrap(), Position(0));
    let begun = log.audit_page(None, 9, &AuditFilter::default()).unwrap();
    assert_eq!(
        (begun.len(), begun[0].entry.what.as_str(), begun[0].position),
        (1, "2 purges from before", Some(Position(3)))
    );
    log.append(&[record(4)]).unwrap();
    assert!(matches!(log.audit_verify(None).unwrap(), AuditVerdict::Verified { entries: 2, .. }));
    drop(log);
    for sql in [
        "UPDATE record SET actor = 'you' WHERE position = 1",
        "UPDATE record SET actor = 'me' WHERE position = 1; DELETE FROM record WHERE position = 3",
    ] {
        Connection::open(folder.purge_db()).unwrap().execute_batch(sql).unwrap();
        let log = PurgeDb::open(&folder).unwrap();
        assert!(matches!(log.audit_verify(None).unwrap(), AuditVerdict::Broken { seq: 1, .. }), "{sql}");
    }
}
