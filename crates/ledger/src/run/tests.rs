#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::PathBuf;

use plan::{Position, Stamp};
use purge::{Catalogue, Log, Row, Tier};
use tempfile::TempDir;

use super::*;
use crate::contract::{record, row};
use crate::{CatalogueDb, Folder};

/// A node's three things; `start` plays a restart.
struct Node {
    temp: TempDir,
}

struct Running {
    log: PurgeDb,
    catalogue: CatalogueDb,
    start: Start,
}

impl Node {
    fn new() -> Node {
        Node { temp: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.temp.path().join(name)
    }

    fn cache(&self) -> PathBuf {
        self.path("cache")
    }

    fn start(&self) -> Running {
        let folder = Folder::open(&self.path("data")).unwrap();
        let log = PurgeDb::open(&folder).unwrap();
        let catalogue = CatalogueDb::open(&folder).unwrap();
        let start = log.begin_run(&self.cache(), &catalogue).unwrap();
        Running { log, catalogue, start }
    }

    /// What happens while a node runs: a purge, and an entry made after it.
    fn work(&self, running: &Running) {
        let position = running.log.head().unwrap().next();
        running.log.append(&[record(position.0)]).unwrap();
        let stamp = Stamp { log: running.start.log.log, position };
        running.catalogue.put(Tier::Derivatives, &[Row { stamp, ..row(1, 0) }]).unwrap();
        fs::write(self.cache().join("segment"), "x").unwrap();
    }

    /// Copies the closed ledger to or from a backup.
    fn copy_log(&self, from: &str, to: &str) {
        fs::create_dir_all(self.path(to)).unwrap();
        fs::copy(self.path(from).join("purge.db"), self.path(to).join("purge.db")).unwrap();
    }
}

#[track_caller]
fn assert_cold(running: &Running, before: &LogIdentity, reason: ColdReason) {
    assert_eq!(running.start.cold, Some(reason));
    assert_ne!(running.start.log.log, before.log);
    assert_eq!(running.start.log.log, running.log.identity().log);
    assert_eq!(running.start.replay_after, running.log.head().unwrap());
    assert_eq!(running.catalogue.totals(Tier::Derivatives).unwrap(), (0, 0));
}

#[test]
fn an_ordinary_restart_is_warm() {
    let node = Node::new();
    let first = node.start();
    assert_eq!(first.start.cold, None);
    assert_eq!(first.start.replay_after, Position::START);
    node.work(&first);
    let identity = first.start.log.clone();
    drop(first);
    for _ in 0..3 {
        let next = node.start();
        assert_eq!(next.start.cold, None);
        assert_eq!(next.start.log.log, identity.log);
        assert_eq!(next.catalogue.totals(Tier::Derivatives).unwrap().0, 1);
        next.log.settle_run(&node.cache()).unwrap();
    }
}

#[test]
fn a_failed_append_makes_the_next_start_cold_and_only_that() {
    let node = Node::new();
    let running = node.start();
    node.work(&running);
    running.log.end_cache_run(&node.cache()).unwrap();
    running.log.end_cache_run(&node.cache()).unwrap();
    running.log.settle_run(&node.cache()).unwrap();
    let before = running.start.log.clone();
    drop(running);
    let running = node.start();
    assert_cold(&running, &before, ColdReason::NoRun);
    node.work(&running);
    let before = running.start.log.clone();
    drop(running);
    let running = node.start();
    assert_eq!((running.start.cold, running.start.log.log), (None, before.log));
    assert_eq!(running.start.replay_after, Position(1), "what was before the new log is not replayed");
}

#[test]
fn a_failed_append_counts_even_if_nothing_was_cached_yet() {
    let node = Node::new();
    let running = node.start();
    running.log.end_cache_run(&node.cache()).unwrap();
    let before = running.start.log.clone();
    drop(running);
    assert_cold(&node.start(), &before, ColdReason::NoRun);
}

#[test]
fn a_cache_without_a_ledger_is_not_believed() {
    let node = Node::new();
    fs::create_dir_all(node.cache()).unwrap();
    fs::write(node.cache().join("segment"), "x").unwrap();
    assert_eq!(node.start().start.cold, Some(ColdReason::NoRun));

    let node = Node::new();
    let running = node.start();
    node.work(&running);
    let before = running.start.log.clone();
    drop(running);
    fs::remove_file(node.path("data/purge.db")).unwrap();
    assert_cold(&node.start(), &before, ColdReason::UnknownRun);
}

#[test]
fn a_ledger_from_before_the_last_start_is_noticed() {
    let node = Node::new();
    drop(node.start());
    node.copy_log("data", "backup");
    let running = node.start();
    node.work(&running);
    let before = running.start.log.clone();
    drop(running);
    node.copy_log("backup", "data");
    assert_cold(&node.start(), &before, ColdReason::UnknownRun);
}

#[test]
fn a_backup_made_by_us_is_noticed_even_within_its_run() {
    let node = Node::new();
    let running = node.start();
    running.log.back_up(&node.path("copy.db")).unwrap();
    running.log.append(&[record(1)]).unwrap();
    let before = running.start.log.clone();
    drop(running);
    fs::copy(node.path("copy.db"), node.path("data/purge.db")).unwrap();
    assert_cold(&node.start(), &before, ColdReason::UnknownRun);
}

#[test]
fn a_copy_from_within_the_last_run_is_noticed() {
    // By a row that is newer than the log's head, or by the head at an orderly stop.
    for settle in [false, true] {
        let node = Node::new();
        drop(node.start());
        node.copy_log("data", "backup");
        let running = {
            let folder = Folder::open(&node.path("data")).unwrap();
            let (log, catalogue) = (PurgeDb::open(&folder).unwrap(), CatalogueDb::open(&folder).unwrap());
            Running { start: Start { log: log.identity(), cold: None, replay_after: Position(0) }, log, catalogue }
        };
        node.work(&running);
        if settle {
            running.catalogue.clear().unwrap();
            running.log.settle_run(&node.cache()).unwrap();
        }
        let before = running.start.log.clone();
        drop(running);
        node.copy_log("backup", "data");
        let reason = ColdReason::Ahead { seen: Position(1), head: Position(0) };
        assert_cold(&node.start(), &before, reason);
        assert_eq!(node.start().start.cold, None);
    }
}

#[test]
fn an_older_cache_is_safe() {
    let node = Node::new();
    let running = node.start();
    node.work(&running);
    drop(running);
    let old = fs::read(node.cache().join(MARK)).unwrap();
    drop(node.start());
    fs::write(node.cache().join(MARK), old).unwrap();
    assert_eq!(node.start().start.cold, None);
}

#[test]
fn a_damaged_mark_is_not_believed() {
    let whole = format!("{:032x} 7\n", 5);
    assert_eq!(parse_mark(&whole), Some(Mark { run: 5, head: Position(7) }));
    for bad in [
        "",
        "\n",
        "5 7\n",
        whole.trim(),
        &whole.replace(' ', ""),
        &whole.replace('7', "x"),
        &whole.replace("05 ", "+5 "),
    ] {
        assert_eq!(parse_mark(bad), None, "{bad:?}");
    }
    let node = Node::new();
    let running = node.start();
    node.work(&running);
    let before = running.start.log.clone();
    drop(running);
    fs::write(node.cache().join(MARK), b"\xff\xfe").unwrap();
    assert_cold(&node.start(), &before, ColdReason::Damaged);
}

#[test]
fn a_crash_in_the_middle_of_a_cold_start_stays_cold() {
    let node = Node::new();
    let running = node.start();
    node.work(&running);
    running.log.end_cache_run(&node.cache()).unwrap();
    // As far as a start came that died after it had cleared the catalogue.
    running.catalogue.clear().unwrap();
    let before = running.start.log.clone();
    drop(running);
    assert_cold(&node.start(), &before, ColdReason::NoRun);
}
