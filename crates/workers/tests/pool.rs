//! Pools of real processes: what they decode, what their faults cost, and what they may not do.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::PathBuf;
use std::time::{Duration, Instant};

use codec::{Budget, Cancel, Channels, CodecError, Decode, Encode, Picture, Pixels};
use workers::{End, Enforce, Pool, Settings};

const EPERM: i32 = 1;
const SIGABRT: i32 = 6;
const SIGSYS: i32 = 31;

fn settings(args: &[&str]) -> Settings {
    let settings = Settings::new(args, 2, &Budget::default());
    Settings { program: PathBuf::from(env!("CARGO_BIN_EXE_afterimage-test-worker")), ..settings }
}

fn pool() -> (Pool, Budget) {
    with(settings(&["serve"]))
}

fn with(settings: Settings) -> (Pool, Budget) {
    let pool = Pool::new(settings);
    let budget = Budget { foreign: pool.foreign(), ..Budget::default() };
    (pool, budget)
}

fn file(format: plan::Format, width: u32, height: u32, channels: Channels) -> Vec<u8> {
    let count = width * height * channels.count() as u32;
    let data = (0..count).map(|n| (n.wrapping_mul(2_654_435_761) >> 25) as u8 + (n / 700 % 100) as u8).collect();
    let picture = Picture::still(Pixels { width, height, channels, data });
    codec::encode(&picture, &Encode { format, ..Encode::default() }, &Cancel::never()).unwrap()
}

fn avif() -> Vec<u8> {
    file(plan::Format::Avif, 97, 61, Channels::Rgba)
}

/// A picture that makes the worker do something first.
fn asking(word: &str) -> Vec<u8> {
    [avif(), format!("!{word}").into_bytes()].concat()
}

fn decode(bytes: &[u8], budget: &Budget) -> Result<codec::Decoded, CodecError> {
    codec::decode(bytes, &Decode::default(), budget, &Cancel::never())
}

/// How the worker ended that was asked to do something, in the words of its error.
fn fate(word: &str, budget: &Budget) -> String {
    let Err(CodecError::Corrupt(text)) = decode(&asking(word), budget) else { panic!("{word}: it lives") };
    text.strip_prefix("the decoder of avif crashed (").unwrap().trim_end_matches(')').to_owned()
}

#[test]
fn the_same_pixels_as_in_this_process() {
    let (pool, budget) = pool();
    let (jpeg, opaque) =
        (file(plan::Format::Jpeg, 301, 203, Channels::Rgb), file(plan::Format::Avif, 33, 44, Channels::Rgb));
    for bytes in [avif(), opaque, jpeg.clone()] {
        for ask in [
            Decode::default(),
            Decode { at_least: Some((20, 10)), ..Decode::default() },
            Decode { keep_profile: true, ..Decode::default() },
        ] {
            let here = codec::decode(&bytes, &ask, &Budget::default(), &Cancel::never()).unwrap();
            assert_eq!(codec::decode(&bytes, &ask, &budget, &Cancel::never()).unwrap(), here);
            assert_eq!(codec::probe(&bytes, &budget).unwrap(), here.info);
        }
        let described = codec::describe(&bytes, &budget).unwrap();
        assert_eq!(described, codec::describe(&bytes, &Budget::default()).unwrap());
    }
    assert_eq!((pool.counts().started(), pool.live()), (1, 1), "one at a time needs one worker");
}

#[test]
fn the_same_errors_as_in_this_process() {
    let (pool, budget) = pool();
    let (avif, jpeg) = (avif(), file(plan::Format::Jpeg, 90, 70, Channels::Rgb));
    let mut damaged = avif.clone();
    damaged[60..90].fill(0xA5);
    for bytes in [avif[..avif.len() / 2].to_vec(), avif[..40].to_vec(), damaged, jpeg[..jpeg.len() / 2].to_vec()] {
        assert_eq!(decode(&bytes, &budget), decode(&bytes, &Budget::default()));
        assert_eq!(codec::probe(&bytes, &budget), codec::probe(&bytes, &Budget::default()));
    }
    for small in [
        Budget { input_pixels: 97 * 61 - 1, ..budget.clone() },
        Budget { memory: 97 * 61 * 3, ..budget.clone() },
        Budget { input_bytes: 100, ..budget },
    ] {
        let here = Budget { foreign: codec::Foreign::HERE, ..small.clone() };
        assert!(matches!(decode(&avif, &small), Err(CodecError::OverBudget { .. })));
        assert_eq!(decode(&avif, &small), decode(&avif, &here));
    }
    assert_eq!(pool.counts().ended(End::Crashed), 0);
}

#[test]
fn a_fault_costs_one_request() {
    let (pool, budget) = pool();
    let good = decode(&avif(), &Budget::default()).unwrap();
    for (faults, (word, how)) in [
        ("abort", format!("signal {SIGABRT}")),
        ("exit", "exit 3".to_owned()),
        ("overflow", format!("signal {SIGABRT}")),
        ("memory", format!("signal {SIGABRT}")),
        ("execute", format!("signal {SIGSYS}")),
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(fate(word, &budget), how, "{word}");
        assert_eq!(pool.counts().ended(End::Crashed), faults as u64 + 1);
        assert_eq!(decode(&avif(), &budget).unwrap(), good, "after {word}");
        assert_eq!(pool.live(), 1);
    }
    assert_eq!(decode(&asking("lie"), &budget), {
        Err(CodecError::Corrupt("the decoder of avif answered what cannot be".into()))
    });
    assert_eq!((pool.counts().ended(End::Lied), pool.live()), (1, 0));
    assert_eq!(decode(&avif(), &budget).unwrap(), good);
}

#[test]
fn what_a_worker_may_not_do() {
    let (_pool, budget) = pool();
    let refused = format!("exit {EPERM}");
    let threads: &[&str] = if codec::STARTS_THREADS { &[] } else { &["thread"] };
    let always = ["read a file", "write a file", "list a folder", "its own memory", "spawn", "signal", "code"];
    for word in always.iter().chain(threads) {
        assert_eq!(fate(word, &budget), refused, "{word}");
    }
    for word in ["connect", "datagram", "execute", "trace"] {
        assert_eq!(fate(word, &budget), format!("signal {SIGSYS}"), "{word}");
    }
    // It knows nothing of the server's environment, may fail in Rust, and may write to where nothing is kept.
    for (word, how) in [("environment", 0), ("panic", 41), ("output", 0)] {
        assert_eq!(fate(word, &budget), format!("exit {how}"), "{word}");
    }
}

#[test]
fn what_is_enforced_is_known_at_the_start() {
    let (pool, _) = pool();
    let enforced = pool.start().unwrap();
    assert!(enforced.seccomp && enforced.limits, "{enforced}");
    assert_eq!(enforced.descriptors, 3, "it inherits nothing of the server");
    assert_eq!(pool.start().unwrap(), enforced);
    assert_eq!(pool.counts().started(), 1);

    // Where the kernel has all of it, it may be required.
    let required = Pool::new(Settings { enforce: Enforce::Require, ..settings(&["serve"]) });
    assert_eq!(required.start().is_ok(), enforced.is_full());
}

#[test]
fn without_workers_it_is_this_process_or_nothing() {
    let bytes = avif();
    for (program, args) in [(PathBuf::from("/nowhere"), vec!["serve"]), (settings(&[]).program, vec!["mute"])] {
        let broken = Settings { program, ..settings(&args) };
        let (auto, budget) = with(broken.clone());
        assert!(auto.start().is_err());
        assert_eq!(decode(&bytes, &budget), decode(&bytes, &Budget::default()));
        assert!(codec::probe(&bytes, &budget).is_ok());

        let (required, budget) = with(Settings { enforce: Enforce::Require, ..broken });
        let why = required.start().unwrap_err().to_string();
        assert_eq!(decode(&bytes, &budget), Err(CodecError::Internal(why)));
        assert_eq!((auto.live(), required.live()), (0, 0));
    }
}

#[test]
fn a_job_that_is_called_off_or_too_long_ends() {
    let (pool, budget) = pool();
    pool.start().unwrap();
    let endless = asking("hang");
    let begun = Instant::now();
    let soon = Cancel::at(begun + Duration::from_millis(200));
    let late = codec::decode(&endless, &Decode::default(), &budget, &soon);
    assert_eq!(late.map(|_| ()), Err(CodecError::TimedOut));
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    let off = codec::decode(&endless, &Decode::default(), &budget, &Cancel::after(9));
    assert_eq!(off.map(|_| ()), Err(CodecError::Cancelled));
    assert_eq!((pool.counts().ended(End::Stopped), pool.live()), (2, 0));
    assert!(decode(&avif(), &budget).is_ok());
}

#[test]
fn jobs_wait_for_a_worker_and_workers_are_replaced() {
    let (pool, budget) = with(Settings { jobs: 3, ..settings(&["serve"]) });
    let good = decode(&avif(), &Budget::default()).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..3 {
                    assert_eq!(decode(&avif(), &budget).unwrap(), good);
                    assert!(pool.live() <= 2, "no more than the settings say");
                }
            });
        }
    });
    let counts = pool.counts();
    // Twelve jobs: at most two workers are not through their three.
    assert!((2..=4).contains(&counts.ended(End::Retired)), "{}", counts.ended(End::Retired));
    assert_eq!(counts.started(), counts.ended(End::Retired) + pool.live() as u64);

    // All are busy: who waits may still leave.
    let (_pool, budget) = with(Settings { most: 1, ..settings(&["serve"]) });
    let (hang, endless) = (Cancel::never(), asking("hang"));
    std::thread::scope(|scope| {
        let busy = scope.spawn(|| codec::decode(&endless, &Decode::default(), &budget, &hang));
        // Either it waits for the worker, or it has it and the other one waits.
        let left = codec::decode(&endless, &Decode::default(), &budget, &Cancel::after(40));
        assert_eq!(left.map(|_| ()), Err(CodecError::Cancelled));
        hang.cancel();
        assert_eq!(busy.join().unwrap().map(|_| ()), Err(CodecError::Cancelled));
    });
}

#[test]
fn a_large_picture_comes_through_whole() {
    let (_pool, budget) = pool();
    let avif = file(plan::Format::Avif, 3001, 2003, Channels::Rgb);
    assert_eq!(decode(&avif, &budget).unwrap(), decode(&avif, &Budget::default()).unwrap());
}

#[test]
fn heic_where_it_is_built_in() {
    let bytes = include_bytes!("../../codec/tests/files/photo.heic");
    let here = decode(bytes, &Budget::default());
    if let Err(CodecError::Unsupported(_)) = here {
        return;
    }
    let (_pool, budget) = pool();
    assert!(here.is_ok());
    assert_eq!(decode(bytes, &budget), here);
    assert_eq!(codec::probe(bytes, &budget), codec::probe(bytes, &Budget::default()));
}
