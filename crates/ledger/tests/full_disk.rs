//! A disk that really is full. It needs a small file system, so it runs only when asked for, as root:
//!
//! ```text
//! cargo test -p afterimage-ledger --test full_disk --no-run
//! unshare -m sh -c 'mount -t tmpfs -o size=24m none /mnt &&
//!     LEDGER_SMALL_DISK=/mnt cargo test -p afterimage-ledger --test full_disk -- --ignored'
//! ```

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::PathBuf;

use ledger::{BALLAST_BYTES, CatalogueDb, ColdReason, Folder, PurgeDb};
use plan::Position;
use purge::{Log, LogError, Mode, PurgeId, Record, Target, Via};

fn record(position: u64) -> Record {
    Record {
        position: Position(position),
        id: PurgeId::from_random(u128::from(position)),
        mode: Mode::Hard,
        targets: vec![Target { said: "x".repeat(20_000), selectors: vec![plan::Selector::All] }],
        actor: "full".into(),
        via: Via::Native,
        from: String::new(),
        accepted_at: position,
        terms: None,
    }
}

#[test]
#[ignore = "needs a small file system of its own, which make test-long mounts as root"]
fn the_ballast_lets_purges_through_and_nothing_answered_is_lost() {
    let disk = PathBuf::from(std::env::var_os("LEDGER_SMALL_DISK").expect("LEDGER_SMALL_DISK"));
    let dir = disk.join("data");
    let ballast = dir.join("ballast");
    let folder = Folder::open(&dir).unwrap();
    let log = PurgeDb::open(&folder).unwrap();
    let catalogue = CatalogueDb::open(&folder).unwrap();
    log.begin_run(&folder.cache_dir(), &catalogue).unwrap();
    let before = log.identity();

    // Somebody else fills the disk.
    let junk = disk.join("junk");
    let mut size = 64 << 20;
    let mut file = std::fs::File::create(&junk).unwrap();
    while size > 0 {
        let block = vec![b'j'; size];
        while std::io::Write::write_all(&mut file, &block).is_ok() {}
        size /= 4;
    }
    drop(file);
    assert_eq!(ballast.metadata().unwrap().len(), BALLAST_BYTES);

    let mut acked = 0;
    let mut after_ballast = 0;
    let error = loop {
        match log.append(&[record(acked + 1)]) {
            Ok(()) => acked += 1,
            Err(error) => break error,
        }
        after_ballast += u64::from(ballast.metadata().unwrap().len() == 0);
    };
    assert!(matches!(error, LogError::Full), "{error}");
    assert!(after_ballast > 50, "{after_ballast} of {acked} purges found room in the ballast");
    log.end_cache_run(&folder.cache_dir()).unwrap();

    // Room again, first in the same process, then after a restart: a cold one.
    std::fs::remove_file(&junk).unwrap();
    log.append(&[record(acked + 2)]).unwrap();
    drop((log, catalogue, folder));
    let folder = Folder::open(&dir).unwrap();
    let log = PurgeDb::open(&folder).unwrap();
    let mut seen = Vec::new();
    log.replay(Position::START, &mut |r| seen.push(r.position.0)).unwrap();
    assert_eq!(seen, (1..=acked).chain([acked + 2]).collect::<Vec<_>>());
    let start = log.begin_run(&folder.cache_dir(), &CatalogueDb::open(&folder).unwrap()).unwrap();
    assert_eq!(start.cold, Some(ColdReason::NoRun));
    assert_ne!(start.log.log, before.log);
}
