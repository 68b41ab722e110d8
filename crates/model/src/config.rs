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
    /// How bytes leave the disk, if that is looked at.
    pub erase: Option<Erase>,
    /// The mistake in it.
    pub mutant: Option<Mutant>,
}

/// How bytes of the past are kept from reaching the disk after a purge was reported erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Erase {
    /// The sweep overwrites; the writer judges each body again, and the sweep never comes between that and the writing.
    Overwrite,
    /// The sweep destroys the data keys of the purged masters; a fill has taken its keys at its start.
    Seal,
}

const NONE: Left = Left {
    requests: 3,
    evictions: 0,
    sweeps: 0,
    restarts: 0,
    snapshots: 0,
    backups: 0,
    failures: 0,
    hand_overs: 0,
};

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
    erase: None,
    mutant: None,
};

/// Every exploration.
pub const CONFIGS: [Config; 11] = [
    Config {
        name: "two-masters",
        about: "hard purges of an overlay, of both masters in one record, and of the exact derivative",
        targets: &[(Names::OVERLAY, true), (Names::MAIN.and(Names::OVERLAY), true), (Names::EXACT, true)],
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
        name: "small-steps",
        about: "every check in three steps, every result judged and stored in two, the floor raised meanwhile",
        purges: 1,
        bounds: Left { sweeps: 1, ..NONE },
        fine: true,
        ..BASE
    },
    Config {
        name: "soft-and-hard",
        about: "soft and hard purges, stale answers until they lapse, revalidation with 304",
        targets: &[(Names::MAIN, true), (Names::MAIN, false)],
        purges: 3,
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
        bounds: Left { evictions: 1, sweeps: 1, ..NONE },
        disk: [false, false, true],
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
        name: "erased-by-overwriting",
        about: "after a purge is reported erased no older body is on disk; the sweep overwrites",
        targets: &[(Names::MAIN, true), (Names::EXACT, true)],
        bounds: Left { requests: 2, sweeps: 1, ..NONE },
        disk: [true, false, true],
        erase: Some(Erase::Overwrite),
        ..BASE
    },
    Config {
        name: "erased-by-keys",
        about: "the same, and the sweep destroys keys of masters",
        bounds: Left { requests: 2, sweeps: 1, ..NONE },
        disk: [true, false, true],
        erase: Some(Erase::Seal),
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
    ($($mutant:ident, $name:literal, $config:literal, $promise:ident, $rule:literal, $about:literal;)*) => {
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

            /// The promise that it breaks.
            pub const fn breaks(self) -> Promise {
                match self { $(Mutant::$mutant => Promise::$promise),* }
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
    StampAtStore, "stamp-at-store", "two-masters", Fresh, "L2",
        "A result bears the head at the time of storing.";
    TailAsStamp, "tail-as-stamp", "two-masters", Fresh, "L2",
        "Stamps are the end of the log, not the applied head.";
    HeadBeforeSlot, "head-before-slot", "two-masters", Fresh, "L2",
        "Epoch and head are published before the slots are written.";
    EpochAfterProbe, "epoch-after-probe", "small-steps", Fresh, "L2",
        "A check probes first, and remembers an epoch that it loads afterwards.";
    OwnStampOnly, "own-stamp-only", "two-masters", Fresh, "F1",
        "A derivative bears its own start, even if a master it used is older.";
    DependencyForgotten, "dependency-forgotten", "two-masters", Fresh, "F5",
        "The overlay is not recorded as a dependency.";
    JoinOldDerivative, "join-old-derivative", "two-masters", Fresh, "F3",
        "Whoever comes joins the fill of the derivative that is under way.";
    JoinOldMaster, "join-old-master", "two-masters", Fresh, "F3",
        "A fill joins whatever fetch of its master is under way.";
    ExactTakesOldMaster, "exact-takes-old-master", "two-masters", Fresh, "F1",
        "The fill after an exact purge uses a master that was fetched before it.";
    ThirdFlight, "third-flight", "late-tags", TwoFlights, "F4",
        "Each purge allows one more fill of a key.";
    AnswerUnchecked, "answer-unchecked", "late-tags", Fresh, "F3",
        "Those who joined a flight get its outcome without a second look at the names that came with it.";
    TagsNotInherited, "tags-not-inherited", "late-tags", Fresh, "F3",
        "A derivative does not take over the tags of its master.";
    PurgeDropped, "purge-dropped", "late-tags", Fresh, "L4",
        "A purge of something that is not cached is not recorded.";
    DropAfterSweep, "drop-after-sweep", "small-steps", Fresh, "L5",
        "A record is dropped from memory after the sweep; no floor takes its place.";
    DropBeforeFloor, "drop-before-floor", "small-steps", Fresh, "L5",
        "Records are dropped first, and the floor is raised then.";
    FloorBeforeProbe, "floor-before-probe", "small-steps", Fresh, "L5",
        "A check reads the floor first and the slots then.";
    RestampLate, "restamp-late", "sweep-and-floor", Fresh, "L5",
        "The sweep re-stamps to the head at the time of writing, not to the one it read before it probed.";
    LowerStampReplaces, "lower-stamp-replaces", "two-masters", NotOlder, "F2",
        "An older result takes the place of a newer one.";
    SoftOverHard, "soft-over-hard", "soft-and-hard", Fresh, "L3",
        "A slot holds one position with its mode: the newest purge wins.";
    RestampAtArrival, "restamp-at-arrival", "soft-and-hard", Fresh, "F6",
        "A 304 lifts the stamp to the head at which it arrives.";
    ValidatorsAfterHard, "validators-after-hard", "soft-and-hard", Fresh, "F6",
        "Validators are sent after a hard purge, and a 304 saves the old bytes.";
    SoftClockRestarts, "soft-clock-restarts", "soft-and-hard", StaleInTime, "L3",
        "Only the newest soft purge of a name has a time to lapse; each further one starts it anew.";
    RowWithoutBody, "row-without-body", "disk-and-kills", Fresh, "D1",
        "A row does not say which body it means.";
    AnswerBeforeLog, "answer-before-log", "disk-and-kills", Remembered, "L8",
        "A purge is reported before it is in the log.";
    UndurableWarm, "undurable-warm", "disk-and-kills", Remembered, "L8",
        "An append failed, and the next start believes the cache.";
    RewoundSameLog, "rewound-same-log", "ledger-put-back", Remembered, "L1",
        "The log was put back to an older state and keeps its identity.";
    BackupKeepsRuns, "backup-keeps-runs", "ledger-put-back", Remembered, "L1",
        "A backup still holds the run in which it was made, so that the cache looks known.";
    SnapshotHeadLast, "snapshot-head-last", "saved-index", Remembered, "L7",
        "A snapshot copies the slots first and reads the head then.";
    WriteUnchecked, "write-unchecked", "erased-by-overwriting", Erased, "L5",
        "A body that waits for the writer is written without being judged again: behind the sweep's back.";
    CheckThenWrite, "check-then-write", "erased-by-overwriting", Erased, "L5",
        "The writer judges a body again, and the sweep may come between that and the writing.";
    KeyAtInsert, "key-at-insert", "erased-by-keys", Erased, "L5",
        "A body is sealed under the keys of the time when it is written, not of the time when its fill began.";
    ReplayBeforeLock, "replay-before-lock", "hand-over", Remembered, "P1",
        "The new process replays the log while the old one still accepts purges.";
    ServeBeside, "serve-beside", "hand-over", Fresh, "P1",
        "The new process serves and accepts purges while the old one still answers.";
}
