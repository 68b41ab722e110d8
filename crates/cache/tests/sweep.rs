//! The sweep: what a purge named is in no file any more once it is reported erased, whatever happened on the way.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod common;

use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use cache::{SegmentStore, Store, Sweep, SweepParts, SweepSettings};
use common::{MemoryCatalogue, MemoryRecords, ask, files_with, index, made, store_for, text};
use plan::reason::Served;
use plan::{BodyId, DerivativeKey, MasterId, Position, Selector};
use purge::{Catalogue, Index, Mode, Place, Progress, Record, Records, Role, Row, Tier, Verdict};

const PATIENCE: Duration = Duration::from_secs(60);

/// A data folder with both tiers, their catalogue, the log and its index.
struct World {
    folder: tempfile::TempDir,
    index: Arc<Index>,
    records: Arc<MemoryRecords>,
    catalogue: Arc<MemoryCatalogue>,
    max_stale: Duration,
}

/// One run over it.
struct Run {
    derivatives: Arc<Store>,
    masters: Arc<Store>,
}

impl World {
    fn new() -> World {
        World {
            folder: tempfile::tempdir().unwrap(),
            index: index(),
            records: Arc::default(),
            catalogue: Arc::default(),
            max_stale: Duration::from_secs(60),
        }
    }

    fn run(&self) -> Run {
        let store = |tier: Tier, max_stale| {
            let bodies = Arc::new(SegmentStore::open(&self.folder.path().join(tier.name()), 64 << 20).unwrap());
            store_for(&self.index, tier, Some((bodies, self.catalogue.clone())), max_stale)
        };
        Run { derivatives: store(Tier::Derivatives, Some(self.max_stale)), masters: store(Tier::Masters, None) }
    }

    fn sweep(&self, run: &Run, settings: SweepSettings) -> (Sweep, Receiver<(Arc<Record>, Progress)>) {
        let (tell, told) = channel();
        let on_progress = move |record: &Arc<Record>, progress: &Progress| {
            let _ = tell.send((record.clone(), *progress));
        };
        let parts = SweepParts {
            records: self.records.clone(),
            catalogue: self.catalogue.clone(),
            index: self.index.clone(),
            derivatives: run.derivatives.clone(),
            masters: run.masters.clone(),
            settings,
            on_progress: Box::new(on_progress),
        };
        (Sweep::start(parts).unwrap(), told)
    }

    fn purge(&self, mode: Mode, selector: Selector) -> Position {
        self.records.purge(&self.index, mode, vec![selector])
    }

    fn found(&self, marker: &str) -> usize {
        files_with(self.folder.path(), marker)
    }
}

fn fast() -> SweepSettings {
    let (tick, gather) = (Duration::from_millis(20), Duration::ZERO);
    SweepSettings { bytes_per_second: 0, rows_per_second: 0, tick, gather, ..Default::default() }
}

fn erased(told: &Receiver<(Arc<Record>, Progress)>, position: Position) -> Progress {
    loop {
        let (record, progress) = told.recv_timeout(PATIENCE).expect("erased in time");
        if record.position == position && progress.erased_at.is_some() {
            return progress;
        }
    }
}

fn id(name: &str) -> MasterId {
    MasterId::from_canonical(&format!("//h/{name}"))
}

fn key(n: u8) -> DerivativeKey {
    DerivativeKey([n; 16])
}

async fn fill(world: &World, store: &Arc<Store>, n: u8, master: &str, marker: &str) -> (String, Served) {
    let (index, marker, id) = (world.index.clone(), marker.to_owned(), id(master));
    let name = id.clone();
    let fill = move |context| std::future::ready(made(&index, &context, key(n), name.clone(), marker.clone()));
    let reply = ask(store, &world.index, key(n), id, fill).await;
    (text(&reply), reply.served)
}

impl Run {
    fn flush(&self) {
        self.masters.barrier();
        self.derivatives.barrier();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_purge_names_is_in_no_file_and_the_rest_stays() {
    let world = World::new();
    let run = world.run();
    fill(&world, &run.masters, 1, "a", "master-of-a").await;
    fill(&world, &run.derivatives, 2, "a", "small-of-a").await;
    fill(&world, &run.derivatives, 3, "a", "large-of-a").await;
    fill(&world, &run.derivatives, 4, "b", "small-of-b").await;
    run.flush();
    for marker in ["master-of-a", "small-of-a", "large-of-a", "small-of-b"] {
        assert_eq!(world.found(marker), 1, "{marker}");
    }
    let (sweep, told) = world.sweep(&run, fast());
    let position = world.purge(Mode::Hard, Selector::Master(id("a")));
    sweep.kick();
    let progress = erased(&told, position);
    for (marker, files) in [("master-of-a", 0), ("small-of-a", 0), ("large-of-a", 0), ("small-of-b", 1)] {
        assert_eq!(world.found(marker), files, "{marker}");
    }
    assert_eq!((progress.derivatives.entries, progress.derivatives.bytes), (2, 20));
    assert_eq!((progress.masters.entries, progress.masters.bytes), (1, 11));
    assert_eq!((progress.memory.entries, progress.effective_at), (3, 7));
    assert_eq!(world.records.progress(position), Some(progress));
    assert_eq!(run.derivatives.memory_use().1, 1);
    assert_eq!(fill(&world, &run.derivatives, 4, "b", "x").await, ("small-of-b".into(), Served::Memory));
    assert_eq!(fill(&world, &run.derivatives, 2, "a", "again").await, ("again".into(), Served::Fill));
}

/// Guarantee G7: memory first, then masters on disk, and only then what was made of them.
#[tokio::test(flavor = "multi_thread")]
async fn what_lies_further_in_goes_first() {
    let world = World::new();
    let run = world.run();
    // The derivatives' keys are smaller: it is not the order of the keys.
    for n in [9, 8] {
        fill(&world, &run.masters, n, "a", "master-of-a").await;
        fill(&world, &run.derivatives, n - 7, "a", "small-of-a").await;
    }
    run.flush();
    assert_eq!((run.masters.memory_use().1, run.derivatives.memory_use().1), (2, 2));
    let (seen, stores) = (Arc::new(std::sync::Mutex::new(Vec::new())), [run.masters.clone(), run.derivatives.clone()]);
    let note = seen.clone();
    *world.catalogue.4.lock().unwrap() = Some(Box::new(move |tier| {
        let in_memory: usize = stores.iter().map(|store| store.memory_use().1).sum();
        note.lock().unwrap().push((tier, in_memory));
    }));
    let (sweep, told) = world.sweep(&run, fast());
    let position = world.purge(Mode::Hard, Selector::Master(id("a")));
    sweep.kick();
    erased(&told, position);
    let want = [Tier::Masters, Tier::Masters, Tier::Derivatives, Tier::Derivatives].map(|tier| (tier, 0));
    assert_eq!(*seen.lock().unwrap(), want);
    *world.catalogue.4.lock().unwrap() = None;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replaced_body_is_erased_and_its_replacement_is_not() {
    let world = World::new();
    let run = world.run();
    fill(&world, &run.derivatives, 1, "a", "the-old-bytes").await;
    run.flush();
    let position = world.purge(Mode::Hard, Selector::Master(id("a")));
    fill(&world, &run.derivatives, 1, "a", "the-new-bytes").await;
    run.flush();
    assert_eq!(world.found("the-old-bytes"), 1, "not yet");
    let (_sweep, told) = world.sweep(&run, fast());
    erased(&told, position);
    assert_eq!((world.found("the-old-bytes"), world.found("the-new-bytes")), (0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_row_accounts_for_is_erased_before_anything_is_reported() {
    let world = World::new();
    let run = world.run();
    fill(&world, &run.derivatives, 1, "a", "killed-before-its-row").await;
    fill(&world, &run.derivatives, 2, "b", "with-a-row").await;
    run.flush();
    drop(run);
    let body = world.catalogue.row(Tier::Derivatives, &key(1)).unwrap().body;
    world.catalogue.remove(Tier::Derivatives, &key(1), body).unwrap();
    let torn = std::fs::read_dir(world.folder.path().join("derivatives")).unwrap().next().unwrap().unwrap().path();
    let mut bytes = std::fs::read(&torn).unwrap();
    bytes.extend_from_slice(b"torn-at-the-end");
    std::fs::write(&torn, bytes).unwrap();
    let position = world.purge(Mode::Hard, Selector::Master(id("a")));

    let run = world.run();
    assert_eq!((world.found("killed-before-its-row"), world.found("torn-at-the-end")), (1, 1));
    let (sweep, told) = world.sweep(&run, fast());
    erased(&told, position);
    assert!(sweep.status().scrubbed && sweep.status().orphans > 0);
    let left = ["killed-before-its-row", "torn-at-the-end", "with-a-row"].map(|marker| world.found(marker));
    assert_eq!(left, [0, 0, 1]);
    assert_eq!(fill(&world, &run.derivatives, 2, "b", "x").await, ("with-a-row".into(), Served::Disk));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_that_was_stopped_goes_on_where_it_was() {
    let world = World::new();
    let run = world.run();
    for n in 0..200 {
        fill(&world, &run.derivatives, n, "a", &format!("body-{n:03}-{}", "x".repeat(2000))).await;
    }
    run.flush();
    let position = world.purge(Mode::Hard, Selector::All);
    // Stopped after the first batch, which is less than all: the rate leaves no time for a second one.
    let (sweep, told) = world.sweep(&run, SweepSettings { bytes_per_second: 10_000, ..fast() });
    while files_with(world.folder.path(), "body-000-") > 0 {
        std::thread::yield_now();
    }
    drop(sweep);
    assert!(told.try_iter().all(|(_, progress)| progress.erased_at.is_none()), "nothing is promised yet");
    let left = world.catalogue.totals(Tier::Derivatives).unwrap().0;
    assert!(left > 0 && left < 200, "{left}");
    drop(run);

    let run = world.run();
    let (_sweep, told) = world.sweep(&run, fast());
    erased(&told, position);
    assert_eq!(world.found("body-"), 0);
    assert_eq!(world.catalogue.totals(Tier::Derivatives).unwrap().0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_soft_purge_is_erased_once_all_is_replaced() {
    let world = World::new();
    let run = world.run();
    let (sweep, told) = world.sweep(&run, fast());
    fill(&world, &run.derivatives, 1, "a", "soft-old").await;
    run.flush();
    let position = world.purge(Mode::Soft, Selector::Master(id("a")));
    sweep.kick();
    assert_eq!(fill(&world, &run.derivatives, 1, "a", "soft-new").await, ("soft-old".into(), Served::Stale));
    erased(&told, position);
    assert_eq!((world.found("soft-old"), world.found("soft-new")), (0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_soft_purge_left_stale_is_erased_when_its_time_is_up() {
    let world = World { max_stale: Duration::from_millis(50), ..World::new() };
    let run = world.run();
    fill(&world, &run.derivatives, 1, "a", "never-asked-again").await;
    fill(&world, &run.derivatives, 2, "b", "of-another").await;
    run.flush();
    let position = world.purge(Mode::Soft, Selector::Master(id("a")));
    let (_sweep, told) = world.sweep(&run, fast());
    let progress = erased(&told, position);
    assert_eq!((progress.derivatives.entries, progress.memory.entries), (1, 1));
    assert_eq!((world.found("never-asked-again"), world.found("of-another")), (0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_built_in_tag_spares_masters() {
    let world = World::new();
    let run = world.run();
    fill(&world, &run.masters, 1, "a", "the-master").await;
    fill(&world, &run.derivatives, 2, "a", "the-picture").await;
    for (tier, n) in [(Tier::Masters, 1), (Tier::Derivatives, 2)] {
        run.flush();
        let built_in = vec![plan::Label::parse("format:webp //h/").unwrap()];
        world.catalogue.change(tier, &key(n), |row| row.labels = built_in);
    }
    let position = world.purge(Mode::Hard, "tag:format:webp".parse().unwrap());
    let (_sweep, told) = world.sweep(&run, fast());
    assert_eq!(erased(&told, position).masters.entries, 0);
    assert_eq!((world.found("the-master"), world.found("the-picture")), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_glob_lets_the_floor_rise_and_nothing_good_is_lost() {
    let world = World::new();
    let run = world.run();
    fill(&world, &run.derivatives, 1, "a", "purged-by-glob").await;
    fill(&world, &run.derivatives, 2, "b", "good-and-stays").await;
    run.flush();
    let position = world.purge(Mode::Hard, Selector::Glob("//h/a*".into()));
    let (_sweep, told) = world.sweep(&run, fast());
    erased(&told, position);
    while world.index.floor() < position {
        std::thread::yield_now();
    }
    assert_eq!(world.records.floor().unwrap(), position, "durable");
    assert_eq!(world.catalogue.row(Tier::Derivatives, &key(2)).unwrap().stamp.position, position);
    assert_eq!(fill(&world, &run.derivatives, 2, "b", "x").await, ("good-and-stays".into(), Served::Memory));
    drop((_sweep, run));
    let run = world.run();
    assert_eq!(fill(&world, &run.derivatives, 2, "b", "x").await, ("good-and-stays".into(), Served::Disk));
    // A late row with an old stamp is void, as rule L5 wants it.
    let entry = run.derivatives.peek(&key(2)).unwrap();
    let mut late = entry.subject.clone();
    late.stamp.position = Position::START;
    assert_eq!(world.index.judge(&late).0, Verdict::Purged);
}

/// However many pages of rows: how far it has come is noted now and then, and rows go by the batch.
#[tokio::test(flavor = "multi_thread")]
async fn many_rows_are_removed_by_the_batch_and_one_note_says_so() {
    let world = World::new();
    let run = world.run();
    for n in 0..=255 {
        fill(&world, &run.derivatives, n, ["a", "b"][usize::from(n % 2)], "x").await;
    }
    run.flush();
    let selectors = ["a", "b"].map(|name| Selector::Master(id(name))).to_vec();
    let position = world.records.purge(&world.index, Mode::Hard, selectors);
    let (_sweep, told) = world.sweep(&run, fast());
    assert_eq!(erased(&told, position).derivatives.entries, 256);
    assert_eq!(*world.catalogue.2.lock().unwrap(), [128, 128]);
    let notes = world.records.notes.lock().unwrap().len();
    assert_eq!((notes, told.try_iter().count()), (1, 0), "less than a second after it began");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_erased_together_is_noted_in_parts() {
    let world = World::new();
    let run = world.run();
    let positions: Vec<Position> = (0..200).map(|_| world.purge(Mode::Hard, Selector::Master(id("a")))).collect();
    let (_sweep, told) = world.sweep(&run, fast());
    erased(&told, positions[199]);
    assert_eq!(*world.records.notes.lock().unwrap(), [64, 64, 64, 8]);
}

/// More soft purges wait for a replacement than are worked on at a time.
#[tokio::test(flavor = "multi_thread")]
async fn soft_purges_that_wait_hold_up_no_hard_one() {
    let world = World { max_stale: Duration::from_secs(3600), ..World::new() };
    let run = world.run();
    fill(&world, &run.derivatives, 1, "a", "stale-for-long").await;
    fill(&world, &run.derivatives, 2, "b", "purged-at-once").await;
    run.flush();
    for _ in 0..1100 {
        world.purge(Mode::Soft, Selector::Master(id("a")));
    }
    let position = world.purge(Mode::Hard, Selector::Master(id("b")));
    let (_sweep, told) = world.sweep(&run, fast());
    assert_eq!(erased(&told, position).derivatives.entries, 1);
    let open = world.records.unerased(Position::START, usize::MAX).unwrap().len();
    assert_eq!((open, world.found("stale-for-long")), (1100, 1));
}

/// Rows without bodies, all of one master.
fn many_rows(world: &World, number: u16) {
    let place = Place { segment: 99, offset: 0, length: 1 };
    let row = |n: u16| {
        let mut bytes = [0; 16];
        bytes[..2].copy_from_slice(&n.to_be_bytes());
        Row {
            key: DerivativeKey(bytes),
            body: BodyId(bytes),
            place,
            stamp: world.index.now(),
            exact: None,
            dependencies: vec![(id("many"), Role::Main)],
            content_type: String::new(),
            size: 1,
            url: String::new(),
            stored_at: 0,
            last_used: 0,
            labels: vec![],
            recipe: 0,
            data_key: None,
        }
    };
    world.catalogue.put(Tier::Derivatives, &(0..number).map(row).collect::<Vec<_>>()).unwrap();
}

/// Two pages of rows a second: a walk over all of them takes long.
fn slow() -> SweepSettings {
    SweepSettings { rows_per_second: 1000, ..fast() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_walk_over_every_row_holds_up_no_purge_that_needs_none() {
    let world = World::new();
    let run = world.run();
    many_rows(&world, 2600);
    let walks: Vec<Position> =
        ["//h/none", "//h/nothing"].map(|prefix| world.purge(Mode::Hard, Selector::Prefix(prefix.into()))).to_vec();
    let position = world.purge(Mode::Hard, Selector::Master(id("other")));
    let (sweep, told) = world.sweep(&run, slow());
    assert_eq!(told.recv_timeout(PATIENCE).unwrap().0.position, position, "though it came last");
    let later = world.purge(Mode::Hard, Selector::Master(id("other")));
    sweep.kick();
    assert_eq!(told.recv_timeout(PATIENCE).unwrap().0.position, later);
    assert!(walks.iter().all(|walk| world.records.progress(*walk).is_none()), "rows are read at the rate that is set");
}

/// Every row is read once for all of them, and once more in part for who joined in the middle.
#[tokio::test(flavor = "multi_thread")]
async fn purges_that_walk_share_one_walk() {
    let world = World::new();
    let run = world.run();
    many_rows(&world, 1100);
    let some = |n: usize| Selector::Glob(format!("//h/*{n}"));
    for n in 0..50 {
        world.purge(Mode::Hard, some(n));
    }
    let last = world.purge(Mode::Hard, Selector::Glob("//h/man*".into()));
    let (_sweep, told) = world.sweep(&run, SweepSettings { most_globs: 1000, raise_every: PATIENCE, ..fast() });
    assert_eq!(erased(&told, last).derivatives.entries, 1100);
    assert_eq!(world.catalogue.totals(Tier::Derivatives).unwrap().0, 0);
    // Three pages of derivatives, one of masters; then one of each for the floor at most, and those of the totals.
    let walks = *world.catalogue.3.lock().unwrap();
    assert!(walks < 12, "{walks}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_floor_on_its_way_up_holds_up_no_purge() {
    let world = World::new();
    let run = world.run();
    many_rows(&world, 2600);
    let glob = world.purge(Mode::Hard, Selector::Glob("//h/none*".into()));
    world.records.note(&[(glob, Progress { erased_at: Some(1), ..Progress::default() })]).unwrap();
    let (sweep, told) = world.sweep(&run, slow());
    let stamp = |n: u16| {
        let mut bytes = [0; 16];
        bytes[..2].copy_from_slice(&n.to_be_bytes());
        world.catalogue.row(Tier::Derivatives, &DerivativeKey(bytes)).unwrap().stamp.position
    };
    while stamp(0) < glob {
        std::thread::yield_now();
    }
    let purge = |n: u16, name: &str| {
        let mut bytes = [0; 16];
        bytes[..2].copy_from_slice(&n.to_be_bytes());
        let dependencies = vec![(id(name), Role::Main)];
        world.catalogue.change(Tier::Derivatives, &DerivativeKey(bytes), |row| row.dependencies = dependencies);
        let position = world.purge(Mode::Hard, Selector::Master(id(name)));
        sweep.kick();
        assert_eq!(erased(&told, position).derivatives.entries, 1);
    };
    // It names a row that the walk has passed.
    purge(1, "passed");
    assert_eq!(
        (stamp(2598), world.index.floor()),
        (Position::START, Position::START),
        "long before it has come through"
    );
    // And this one a row to which it comes.
    purge(2599, "to-come");
    while world.index.floor() < glob {
        std::thread::yield_now();
    }
    assert!(stamp(2598) >= glob);
}

/// Each report of erased rows flushes and truncates the catalogue's log: no more often than the settings say, whoever asks.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_erased_is_reported_no_more_often_than_purges_are_gathered() {
    let world = World::new();
    let run = world.run();
    let gather = Duration::from_millis(20);
    let begun = Instant::now();
    let tick = Duration::from_millis(1);
    let (_sweep, told) = world.sweep(&run, SweepSettings { gather, tick, ..fast() });
    for _ in 0..20 {
        let position = world.purge(Mode::Hard, Selector::Master(id("a")));
        erased(&told, position);
    }
    let reports = world.records.notes.lock().unwrap().len() as u128;
    assert!(reports <= begun.elapsed().as_millis() / gather.as_millis() + 1, "{reports} in {:?}", begun.elapsed());
}
