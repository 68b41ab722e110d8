//! Which part of the system is explored, within which bounds, and with which mistake.

use crate::state::{Left, Names};

/// One exhaustive exploration. All of them use the same rules; they differ in what may happen, because everything at once
/// would be more states than a computer can visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Config {
    /// Its name.
    pub name: &'static str,
    /// What it is about.
    pub about: &'static str,
    /// What may be purged: names, and whether hard.
    pub targets: &'static [(Names, bool)],
    /// Purges in all.
    pub purges: usize,
    /// Requests that may be open at once.
    pub at_once: usize,
    /// How often other things may happen.
    pub bounds: Left,
    /// The derivative has an overlay, the second master.
    pub overlay: bool,
    /// The origin tags the main master.
    pub tags: bool,
    /// Masters and derivatives have a disk tier.
    pub disk: [bool; 3],
    /// A check takes three steps, and a result is judged and stored in two.
    pub fine: bool,
    /// Stale entries are served while a new one is made.
    pub stale: bool,
    /// What leaves the disk is looked at, and nothing leaves it unless somebody sees to it. The floor is not.
    pub erase: bool,
    /// The mistake in it.
    pub mutant: Option<Mutant>,
}

const NONE: Left =
    Left { requests: 3, evictions: 0, sweeps: 0, restarts: 0, snapshots: 0, backups: 0, failures: 0, hand_overs: 0 };

const BASE: Config = Config {
    name: "",
    about: "",
    targets: &[(Names::MAIN, true)],
    purges: 2,
    at_once: 2,
    bounds: NONE,
    overlay: false,
    tags: false,
    disk: [false; 3],
    fine: false,
    stale: false,
    erase: false,
    mutant: None,
};

/// Every exploration.
pub const CONFIGS: [Config; 12] = [
    Config {
        name: "two-masters",
        about: "hard purges of an overlay, and of both masters in one record",
        targets: &[(Names::OVERLAY, true), (Names::MAIN.and(Names::OVERLAY), true)],
        overlay: true,
        ..BASE
    },
    Config {
        name: "late-tags",
        about: "purges of a tag that only the origin's response tells, and of the master; many requests",
        targets: &[(Names::TAG, true), (Names::MAIN, true)],
        tags: true,
        at_once: 3,
        bounds: Left { requests: 4, ..NONE },
        ..BASE
    },
    Config {
        name: "checks-in-steps",
        about: "every check in three steps, every result judged and stored in two; another picture is purged too",
        targets: &[(Names::MAIN, true), (Names::OVERLAY, true)],
        fine: true,
        ..BASE
    },
    Config {
        name: "floor-in-steps",
        about: "the same while the floor rises and records leave memory",
        purges: 1,
        bounds: Left { sweeps: 1, ..NONE },
        fine: true,
        ..BASE
    },
    Config {
        name: "soft-and-hard",
        about: "soft and hard purges, stale answers until they lapse, revalidation with 304",
        targets: &[(Names::MAIN, true), (Names::MAIN, false)],
        stale: true,
        ..BASE
    },
    Config {
        name: "disk-and-kills",
        about: "a disk tier that gives back older bodies, kills that bring back older rows, failing appends",
        bounds: Left { evictions: 1, restarts: 1, failures: 1, ..NONE },
        disk: [false, false, true],
        ..BASE
    },
    Config {
        name: "sweep-and-floor",
        about: "the sweep re-stamps or deletes rows, the floor rises, records leave memory; another picture is purged too",
        targets: &[(Names::MAIN, true), (Names::OVERLAY, true)],
        bounds: Left { requests: 2, evictions: 1, sweeps: 2, ..NONE },
        disk: [false, false, true],
        ..BASE
    },
    Config {
        name: "sweep-of-masters",
        about: "the sweep walks stored masters, and exact purges ask when a master was fetched",
        targets: &[(Names::EXACT, true), (Names::OVERLAY, true)],
        bounds: Left { requests: 2, evictions: 1, sweeps: 1, ..NONE },
        disk: [true, false, false],
        ..BASE
    },
    Config {
        name: "ledger-put-back",
        about: "a backup of the log is put back under a cache that has seen more",
        bounds: Left { restarts: 1, backups: 1, ..NONE },
        disk: [false, false, true],
        ..BASE
    },
    Config {
        name: "saved-index",
        about: "the index is saved while purges are applied, and loaded after a kill",
        bounds: Left { requests: 2, restarts: 1, snapshots: 2, ..NONE },
        disk: [false, false, true],
        ..BASE
    },
    Config {
        name: "erased",
        about: "after a purge is reported erased no older body is on disk, whatever was being written, and after a kill",
        bounds: Left { requests: 2, evictions: 1, sweeps: 1, restarts: 1, ..NONE },
        disk: [false, false, true],
        erase: true,
        ..BASE
    },
    Config {
        name: "hand-over",
        about: "a new process takes the data folder from an old one that still answers",
        bounds: Left { hand_overs: 1, ..NONE },
        disk: [false, false, true],
        ..BASE
    },
];

/// An exploration with larger bounds, for whoever has minutes.
pub fn larger(name: &str) -> Option<Config> {
    let mut config = config(name)?;
    match name {
        "two-masters" => config.targets = ALL_HARD,
        "soft-and-hard" => config.purges = 3,
        "floor-in-steps" => config.purges = 2,
        "hand-over" | "erased" | "late-tags" | "ledger-put-back" => config.bounds.requests += 1,
        "sweep-and-floor" | "sweep-of-masters" => config.bounds.requests += 1,
        _ => {}
    }
    Some(config)
}

const ALL_HARD: &[(Names, bool)] =
    &[(Names::MAIN, true), (Names::OVERLAY, true), (Names::MAIN.and(Names::OVERLAY), true), (Names::EXACT, true)];

/// An exploration by name.
pub fn config(name: &str) -> Option<Config> {
    CONFIGS.into_iter().find(|c| c.name == name)
}

/// A promise that the checker holds every state against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Promise {
    Fresh,
    Remembered,
    StaleInTime,
    NotOlder,
    Erased,
    TwoFlights,
}

impl Promise {
    /// The property's name.
    pub const fn name(self) -> &'static str {
        match self {
            Promise::Fresh => "G1, G2: nothing stale after the answer",
            Promise::Remembered => "G3: nothing is forgotten",
            Promise::StaleInTime => "stale only until the soft purge lapses",
            Promise::NotOlder => "F2: never replaced by a smaller stamp",
            Promise::Erased => "erased: no older body on disk",
            Promise::TwoFlights => "F4: at most two flights a key",
        }
    }
}

macro_rules! mutants {
    ($($mutant:ident, $name:literal, $config:literal, $promise:expr, $rule:literal, $about:literal;)*) => {
        /// A mistake that somebody could make. With each of them the checker must find a broken promise.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Mutant {
            $(#[doc = $about] $mutant,)*
        }

        impl Mutant {
            /// Every mutant.
            pub const ALL: &'static [Mutant] = &[$(Mutant::$mutant),*];

            /// Its name.
            pub const fn name(self) -> &'static str {
                match self { $(Mutant::$mutant => $name),* }
            }

            /// The exploration in which it shows.
            pub const fn config(self) -> &'static str {
                match self { $(Mutant::$mutant => $config),* }
            }

            /// The promise that it breaks; `None` where other rules keep all of them, at least in what is explored.
            pub const fn breaks(self) -> Option<Promise> {
                match self { $(Mutant::$mutant => $promise),* }
            }

            /// The rule that forbids it.
            pub const fn rule(self) -> &'static str {
                match self { $(Mutant::$mutant => $rule),* }
            }

            /// What is done wrongly.
            pub const fn about(self) -> &'static str {
                match self { $(Mutant::$mutant => $about),* }
            }
        }
    };
}

mutants! {
    StampAtStore, "stamp-at-store", "two-masters", Some(Promise::Fresh), "L2",
        "A result bears the head at the time of storing.";
    TailAsStamp, "tail-as-stamp", "two-masters", Some(Promise::Fresh), "L2",
        "Stamps are the end of the log, not the applied head.";
    HeadBeforeSlot, "head-before-slot", "two-masters", Some(Promise::Fresh), "L2",
        "Epoch and head are published before the slots are written.";
    EpochAfterProbe, "epoch-after-probe", "checks-in-steps", Some(Promise::Fresh), "L2",
        "A check probes first, and remembers an epoch that it loads afterwards.";
    LeastStamp, "least-stamp", "two-masters", None, "F1",
        "A derivative bears the least stamp of all that it used.";
    DependencyForgotten, "dependency-forgotten", "two-masters", Some(Promise::Fresh), "F5",
        "The overlay is not recorded as a dependency.";
    JoinOldDerivative, "join-old-derivative", "two-masters", Some(Promise::Fresh), "F3",
        "Whoever comes joins the fill of the derivative that is under way.";
    JoinOldMaster, "join-old-master", "two-masters", Some(Promise::Fresh), "F3",
        "A fill joins whatever fetch of its master is under way.";
    ExactTakesOldMaster, "exact-takes-old-master", "sweep-of-masters", Some(Promise::Fresh), "F1",
        "The fill after an exact purge uses a master that was fetched before it.";
    ThirdFlight, "third-flight", "late-tags", Some(Promise::TwoFlights), "F4",
        "Each purge allows one more fill of a key.";
    AnswerUnchecked, "answer-unchecked", "late-tags", Some(Promise::Fresh), "F3",
        "Those who joined a flight get its outcome without a second look at the names that came with it.";
    TagsNotInherited, "tags-not-inherited", "late-tags", Some(Promise::Fresh), "F3",
        "A derivative does not take over the tags of its master.";
    PurgeDropped, "purge-dropped", "late-tags", Some(Promise::Fresh), "L4",
        "A purge of something that is not cached is not recorded.";
    DropAfterSweep, "drop-after-sweep", "floor-in-steps", Some(Promise::Fresh), "L5",
        "A record is dropped from memory after the sweep; no floor takes its place.";
    DropBeforeFloor, "drop-before-floor", "floor-in-steps", Some(Promise::Fresh), "L5",
        "Records are dropped first, and the floor is raised then.";
    FloorBeforeProbe, "floor-before-probe", "floor-in-steps", Some(Promise::Fresh), "L5",
        "A check reads the floor first and the slots then.";
    MasterRestamped, "master-restamped", "sweep-of-masters", Some(Promise::Fresh), "S1",
        "The sweep re-stamps masters too, so that one fetched before an exact purge looks as if fetched after it.";
    RestampLate, "restamp-late", "sweep-and-floor", Some(Promise::Fresh), "L5",
        "The sweep re-stamps to the head at the time of writing, not to the one it read before it probed.";
    LowerStampReplaces, "lower-stamp-replaces", "sweep-of-masters", Some(Promise::NotOlder), "F2",
        "An older result takes the place of a newer one.";
    SoftOverHard, "soft-over-hard", "soft-and-hard", Some(Promise::Fresh), "L3",
        "A slot holds one position with its mode: the newest purge wins.";
    RestampAtArrival, "restamp-at-arrival", "soft-and-hard", Some(Promise::Fresh), "F6",
        "A 304 lifts the stamp to the head at which it arrives.";
    ValidatorsAfterHard, "validators-after-hard", "soft-and-hard", Some(Promise::Fresh), "F6",
        "Validators are sent after a hard purge, and a 304 saves the old bytes.";
    SoftClockRestarts, "soft-clock-restarts", "soft-and-hard", Some(Promise::StaleInTime), "L3",
        "Only the newest soft purge of a name has a time to lapse; each further one starts it anew.";
    RowWithoutBody, "row-without-body", "disk-and-kills", Some(Promise::Fresh), "D1",
        "A row does not say which body it means.";
    AnswerBeforeLog, "answer-before-log", "disk-and-kills", Some(Promise::Remembered), "L8",
        "A purge is reported before it is in the log.";
    UndurableWarm, "undurable-warm", "disk-and-kills", Some(Promise::Remembered), "L8",
        "An append failed, and the next start believes the cache.";
    RewoundSameLog, "rewound-same-log", "ledger-put-back", Some(Promise::Remembered), "L1",
        "The log was put back to an older state and keeps its identity.";
    BackupKeepsRuns, "backup-keeps-runs", "ledger-put-back", Some(Promise::Remembered), "L1",
        "A backup still holds the run in which it was made, so that the cache looks known.";
    SnapshotHeadLast, "snapshot-head-last", "saved-index", Some(Promise::Remembered), "L7",
        "A snapshot copies the slots first and reads the head then.";
    LateWrite, "late-write", "erased", Some(Promise::Erased), "D4",
        "What waits for the writer is written without being judged again: behind the sweep's back.";
    SweepBesideWriter, "sweep-beside-writer", "erased", Some(Promise::Erased), "D4",
        "The sweep begins while the writer has judged a body and not yet put its row.";
    ReplacedBodyStays, "replaced-body-stays", "erased", Some(Promise::Erased), "D4",
        "A row that takes another's place leaves the older body on disk, where no row names it.";
    ForgottenBodyStays, "forgotten-body-stays", "erased", Some(Promise::Erased), "D4",
        "A row found useless is removed, and its body is left on disk, where no row names it.";
    OrphansStay, "orphans-stay", "erased", Some(Promise::Erased), "D4",
        "A start leaves bodies alone that no row names.";
    ReplayBeforeLock, "replay-before-lock", "hand-over", Some(Promise::Remembered), "P1",
        "The new process replays the log while the old one still accepts purges.";
    ServeBeside, "serve-beside", "hand-over", Some(Promise::Fresh), "P1",
        "The new process serves and accepts purges while the old one still answers.";
}
