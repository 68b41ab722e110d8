//! Measures the ledger: `cargo run --release -p afterimage-ledger --example measure [FOLDER] [ROWS]`. The folder must be
//! empty or absent, and decides which disk is measured; without one, the system's folder for temporary files is used.

#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::expect_used)]

use std::path::PathBuf;
use std::time::{Duration, Instant};

use ledger::{CatalogueDb, Folder, KeysDb, PurgeDb};
use plan::{BodyId, DerivativeKey, ExactName, Label, LogId, MasterId, Position, Selector, Stamp};
use purge::{Catalogue, Log, Mode, Place, PurgeId, Record, Role, Row, Target, Tier, Via};

fn main() {
    let mut args = std::env::args().skip(1);
    let temp = tempfile::tempdir().unwrap();
    let dir = args.next().map_or(temp.path().to_owned(), PathBuf::from);
    let many: u64 = args.next().map_or(1_000_000, |n| n.parse().unwrap());
    log(&dir, many);
    catalogue(&dir, many);
    keys(&dir);
}

fn log(dir: &std::path::Path, many: u64) {
    let folder = Folder::open(dir).unwrap();
    let log = PurgeDb::open(&folder).unwrap();
    let mut head = 0;
    for batch in [1, 100] {
        let times = (0..2000 / batch.min(10))
            .map(|_| {
                let records: Vec<Record> = (head + 1..=head + batch).map(record).collect();
                head += batch;
                time(|| log.append(&records).unwrap())
            })
            .collect();
        report(&format!("append {batch} + fsync"), times);
    }
    let start = Instant::now();
    while head < many {
        let records: Vec<Record> = (head + 1..=many.min(head + 5000)).map(record).collect();
        head += records.len() as u64;
        log.append(&records).unwrap();
    }
    println!("fill up to {head} purges in batches of 5000: {:?}", start.elapsed());
    let before = random(7) % head;
    report(
        "find by id",
        (0..2000).map(|i| time(|| log.find(record(1 + random(i) % head).id).unwrap().unwrap())).collect(),
    );
    report("page of 50, anywhere", (0..2000).map(|_| time(|| log.page(Some(Position(before)), 50).unwrap())).collect());
    drop(log);
    let size = folder.purge_db().metadata().unwrap().len() >> 20;
    let start = Instant::now();
    let log = PurgeDb::open(&folder).unwrap();
    println!("open a log of {head} ({size} MiB): {:?}", start.elapsed());
    let (start, mut seen) = (Instant::now(), 0);
    log.replay(Position::START, &mut |_| seen += 1).unwrap();
    println!("replay {seen}: {:?}", start.elapsed());
}

fn catalogue(dir: &std::path::Path, many: u64) {
    let folder = Folder::open(dir).unwrap();
    let catalogue = CatalogueDb::open(&folder).unwrap();
    let tier = Tier::Derivatives;
    report("put 1 row", (0..500).map(|n| time(|| catalogue.put(tier, &[row(n)]).unwrap())).collect());
    let (mut n, start) = (500, Instant::now());
    while n < many {
        let rows: Vec<Row> = (n..many.min(n + 10_000)).map(row).collect();
        let took = time(|| catalogue.put(tier, &rows).unwrap());
        if n == 500 || n + 20_000 >= many {
            println!("put {} rows of 2 dependencies at {n}: {took:?}", rows.len());
        }
        n += rows.len() as u64;
    }
    println!("fill up to {n} rows: {:?}", start.elapsed());
    drop(catalogue);
    let size = folder.catalogue_db().metadata().unwrap().len() >> 20;
    let start = Instant::now();
    let catalogue = CatalogueDb::open(&folder).unwrap();
    println!("open a catalogue of {n} ({size} MiB): {:?}", start.elapsed());
    let key = |i| row(random(i) % many).key;
    report("get", (0..50_000).map(|i| time(|| catalogue.get(tier, &key(i)).unwrap().unwrap())).collect());
    report("get of a miss", (0..5000).map(|i| time(|| catalogue.get(Tier::Masters, &key(i)).unwrap())).collect());
    report(
        "replace 1 row",
        (0..500).map(|i| time(|| catalogue.put(tier, &[row(random(i) % many)]).unwrap())).collect(),
    );
    let uses: Vec<_> = (0..1000).map(|i| (key(i), 1_700_000_060)).collect();
    println!("touch {} rows: {:?}", uses.len(), time(|| catalogue.touch(tier, &uses).unwrap()));
    let tagged: Vec<Row> = (many..many + 10_000)
        .map(|n| Row { labels: vec![label(&format!("album-{}", n % 97)), label("summer")], ..row(n) })
        .collect();
    println!("put {} rows of 2 tags at {n}: {:?}", tagged.len(), time(|| catalogue.put(tier, &tagged).unwrap()));
    let count = catalogue.count_tag(tier, "summer").unwrap();
    println!("count a tag with {} entries: {:?}", count.0, time(|| catalogue.count_tag(tier, "summer").unwrap()));
    report("totals", (0..500).map(|_| time(|| catalogue.totals(tier).unwrap())).collect());
    let highest = time(|| catalogue.highest_stamp(LogId(1)).unwrap().unwrap());
    println!("highest stamp: {highest:?}");
    let master = MasterId::from_canonical("file:/srv/photos/watermark-3.png");
    let count = catalogue.count_master(tier, &master).unwrap();
    println!("count a master with {} entries: {:?}", count.0, time(|| catalogue.count_master(tier, &master).unwrap()));
    let mut removed = 0;
    let took = time(|| removed = catalogue.remove_segment(tier, 3).unwrap());
    println!("remove a segment of {removed} rows: {took:?}");
    let walked = time(|| {
        let mut after = None;
        while let Some(last) = catalogue.walk(tier, after, 1000).unwrap().last() {
            after = Some(last.key);
        }
    });
    println!("walk everything: {walked:?}");
    println!("clear everything: {:?}", time(|| catalogue.clear().unwrap()));
}

fn keys(dir: &std::path::Path) {
    let keys = KeysDb::open(&Folder::open(dir).unwrap()).unwrap();
    let made: Vec<String> = (0..50).map(|n| keys.create(&format!("key {n}"), &[]).unwrap()).collect();
    report("verify a key", (0..5000).map(|i| time(|| keys.verify(&made[i % 50]).unwrap())).collect());
}

fn record(position: u64) -> Record {
    let said = format!("https://images.example.com/album-{}/holiday/photo-{position}.jpg", position % 97);
    let master =
        MasterId::from_canonical(&format!("file:/srv/photos/album-{}/holiday/photo-{position}.jpg", position % 97));
    Record {
        position: Position(position),
        id: PurgeId::from_random(u128::from(random(position)) << 64 | u128::from(position)),
        mode: Mode::Hard,
        targets: vec![Target { said, selectors: vec![Selector::Master(master)] }],
        actor: "deploy".into(),
        via: Via::Imgix,
        from: "192.0.2.17".into(),
        accepted_at: 1_700_000_000_000 + position,
        terms: None,
    }
}

fn row(n: u64) -> Row {
    let key = u128::from(random(n)) << 64 | u128::from(n);
    let master = |text: String| MasterId::from_canonical(&text);
    Row {
        key: DerivativeKey(key.to_be_bytes()),
        body: BodyId(key.to_le_bytes()),
        place: Place { segment: n / 1600, offset: n % 1600 * 40_000, length: 40_000 },
        stamp: Stamp { log: LogId(1), position: Position(n) },
        exact: Some(ExactName(key.to_be_bytes())),
        dependencies: vec![
            (master(format!("file:/srv/photos/album-{}/holiday/photo-{}.jpg", n % 97, n / 8)), Role::Main),
            (master(format!("file:/srv/photos/watermark-{}.png", n % 50)), Role::Part),
        ],
        content_type: "image/webp".into(),
        size: 39_800,
        url: format!("/imgix/album-{}/holiday/photo-{}.jpg?w=640&h=480&fit=crop&auto=format", n % 97, n / 8),
        stored_at: 1_700_000_000,
        last_used: 1_700_000_000,
        labels: vec![],
        recipe: 1,
        data_key: None,
    }
}

/// Well mixed bits of a number (the finaliser of SplitMix64).
fn random(n: u64) -> u64 {
    let n = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let n = (n ^ n >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ n >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ n >> 31
}

fn time<T>(work: impl FnOnce() -> T) -> Duration {
    let start = Instant::now();
    let _ = std::hint::black_box(work());
    start.elapsed()
}

fn report(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |per_mille: usize| times[times.len() * per_mille / 1000];
    println!("{what}: p50 {:?}, p90 {:?}, p99 {:?} of {}", at(500), at(900), at(990), times.len());
}

fn label(tag: &str) -> Label {
    Label::parse(&format!("{tag} file:/p/")).unwrap()
}
