//! Every exploration holds, and every mistake is found.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use model::config::{CONFIGS, Config, Mutant, config};
use model::explore;

/// Fewer states than this would mean that nothing much can happen.
const AT_LEAST: usize = 10_000;

fn holds(name: &str) {
    let found = explore(config(name).expect("a known exploration"));
    let broken: Vec<_> = found.broken.iter().map(|(promise, path)| (promise, path.clone().into_actions())).collect();
    assert!(broken.is_empty(), "{name}: {broken:#?}");
    assert!(found.unseen.is_empty(), "{name}: never came up: {:?}", found.unseen);
    assert!(found.states > AT_LEAST, "{name}: only {} states", found.states);
}

macro_rules! holds {
    ($($test:ident: $name:literal;)*) => {
        $(#[test] fn $test() { holds($name); })*

        #[test]
        fn every_exploration_has_a_test() {
            assert_eq!(CONFIGS.map(|c| c.name).to_vec(), [$($name),*]);
        }
    };
}

holds! {
    two_masters: "two-masters";
    late_tags: "late-tags";
    small_steps: "small-steps";
    soft_and_hard: "soft-and-hard";
    disk_and_kills: "disk-and-kills";
    sweep_and_floor: "sweep-and-floor";
    ledger_put_back: "ledger-put-back";
    saved_index: "saved-index";
    erased: "erased";
    hand_over: "hand-over";
}

/// A model that finds none of the known mistakes shows nothing.
#[test]
fn every_mutant_falls() {
    let mut standing = Vec::new();
    for mutant in Mutant::ALL {
        let config = Config { mutant: Some(*mutant), ..config(mutant.config()).expect("a known exploration") };
        let found = explore(config);
        let named: Vec<&str> = found.broken.iter().map(|(promise, _)| *promise).collect();
        let as_expected = match mutant.breaks() {
            Some(promise) => named.contains(&promise.name()),
            None => named.is_empty(),
        };
        if !as_expected {
            standing.push((mutant.name(), named));
        }
    }
    assert!(standing.is_empty(), "{standing:#?}");
}
