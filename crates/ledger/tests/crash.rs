//! A process that is killed at any moment has kept every purge that it answered.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use ledger::{CatalogueDb, Folder, OpenError, PurgeDb};
use plan::{BodyId, DerivativeKey, MasterId, Position, Selector, Stamp};
use purge::{Catalogue, Log, Mode, Place, PurgeId, Record, Row, Target, Tier, Via};

/// Tells the child which folder to use; without it, the child's test does nothing.
const DIR: &str = "LEDGER_CRASH_TEST_DIR";

fn record(position: u64) -> Record {
    let selectors = vec![Selector::Master(MasterId::from_canonical(&format!("file:/p/{position}.jpg")))];
    Record {
        position: Position(position),
        id: PurgeId::from_random(u128::from(position)),
        mode: Mode::Hard,
        targets: vec![Target { said: format!("/{position}.jpg"), selectors }],
        actor: "crash".into(),
        via: Via::Native,
        from: String::new(),
        accepted_at: position,
        terms: None,
    }
}

fn row(position: u64, log: plan::LogId) -> Row {
    let mut key = [0; 16];
    key[..8].copy_from_slice(&position.to_be_bytes());
    Row {
        key: DerivativeKey(key),
        body: BodyId(key),
        place: Place { segment: position / 100, offset: 0, length: 10 },
        stamp: Stamp { log, position: Position(position) },
        exact: None,
        dependencies: vec![(MasterId::from_canonical("file:/p/a.jpg"), purge::Role::Main)],
        content_type: "image/jpeg".into(),
        size: 10,
        url: String::new(),
        stored_at: 0,
        last_used: 0,
        labels: vec![],
        recipe: 1,
        data_key: None,
    }
}

/// The child: appends batches for ever and says each position that was answered.
#[test]
fn child() {
    let Some(dir) = std::env::var_os(DIR) else { return };
    let folder = Folder::open(Path::new(&dir)).unwrap();
    let log = PurgeDb::open(&folder).unwrap();
    let catalogue = CatalogueDb::open(&folder).unwrap();
    let start = log.begin_run(&folder.cache_dir(), &catalogue).unwrap();
    let mut out = std::io::stdout();
    writeln!(out, "\nstart {} {}", start.log.log, start.cold.is_some()).unwrap();
    let mut head = log.head().unwrap().0;
    for batch in (1..=4).cycle() {
        let records: Vec<Record> = (head + 1..=head + batch).map(record).collect();
        log.append(&records).unwrap();
        head += batch;
        writeln!(out, "ack {head}").unwrap();
        out.flush().unwrap();
        catalogue.put(Tier::Derivatives, &[row(head, start.log.log)]).unwrap();
    }
}

fn spawn(dir: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["child", "--exact", "--nocapture", "--test-threads=1"])
        .env(DIR, dir)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn every_answered_purge_outlives_a_kill() {
    let temp = tempfile::tempdir().unwrap();
    let (mut seed, mut acked, mut log_id) = (0x5eed_u64, 0, None);
    for round in 0..20 {
        let mut child = spawn(temp.path());
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let until = 1 + (seed >> 33) % 120;
        let mut answers = 0;
        // Killed while it writes the next one; what it had said by then is still read below.
        for line in lines.by_ref() {
            let line = line.unwrap();
            if let Some(start) = line.strip_prefix("start ") {
                let (id, cold) = start.split_once(' ').unwrap();
                assert_eq!(cold, "false", "round {round}: a crash alone never costs the cache");
                assert_eq!(log_id.get_or_insert(id.to_owned()), id);
            }
            if let Some(position) = line.strip_prefix("ack ") {
                acked = position.parse().unwrap();
                answers += 1;
            }
            if answers == until {
                break;
            }
        }
        assert_eq!(answers, until, "round {round}: the child stopped by itself");
        assert!(
            matches!(Folder::open(temp.path()), Err(OpenError::Locked { .. })),
            "it holds the folder while it runs"
        );
        child.kill().unwrap();
        for line in lines.map_while(Result::ok) {
            // The last line may be cut off: only a whole one is an answer, and every shorter number is below it.
            if let Some(position) = line.strip_prefix("ack ").and_then(|p| p.parse::<u64>().ok()) {
                acked = acked.max(position);
            }
        }
        child.wait().unwrap();

        let folder = Folder::open(temp.path()).unwrap();
        let log = PurgeDb::open(&folder).unwrap();
        let mut next = 1;
        log.replay(Position::START, &mut |found| {
            assert_eq!(found, record(next), "round {round}");
            next += 1;
        })
        .unwrap();
        let head = log.head().unwrap().0;
        assert_eq!(head, next - 1);
        assert!(head >= acked, "round {round}: {acked} was answered, the log ends at {head}");
        assert!(head <= acked + 4, "round {round}: at most one batch was under way");
        // The catalogue may lack rows, but what it has is whole.
        let catalogue = CatalogueDb::open(&folder).unwrap();
        let rows = catalogue.walk(Tier::Derivatives, None, usize::MAX).unwrap();
        assert_eq!(catalogue.totals(Tier::Derivatives).unwrap(), (rows.len() as u64, rows.len() as u64 * 10));
        assert!(rows.iter().all(|r| *r == row(r.stamp.position.0, r.stamp.log)), "round {round}");
        acked = head;
    }
}
