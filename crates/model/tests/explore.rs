//! Every exploration holds, and every mistake in it is found.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use model::config::{CONFIGS, Config, Mutant, config};
use model::{explore, in_words};

/// Fewer states than this would mean that nothing much can happen.
const AT_LEAST: usize = 40_000;

fn holds(config: Config) {
    let found = explore(config);
    let way = |path: model::Way| in_words(&config, path.into_actions()).join("\n");
    let broken: Vec<_> = found.broken.into_iter().map(|(promise, path)| format!("{promise}:\n{}", way(path))).collect();
    assert!(broken.is_empty(), "{}: {}", config.name, broken.join("\n"));
    assert!(found.unseen.is_empty(), "{}: never came up: {:?}", config.name, found.unseen);
    assert!(found.states > AT_LEAST, "{}: only {} states", config.name, found.states);
}

/// A model that does not find known mistakes shows nothing.
fn mutants_fall(config: Config) {
    for mutant in Mutant::ALL.iter().filter(|m| m.config() == config.name) {
        let found = explore(Config { mutant: Some(*mutant), ..config });
        let named: Vec<&str> = found.broken.iter().map(|(promise, _)| *promise).collect();
        match mutant.breaks() {
            Some(promise) => assert!(named.contains(&promise.name()), "{} stands: {named:?}", mutant.name()),
            None => assert!(named.is_empty(), "{} breaks {named:?}", mutant.name()),
        }
    }
}

macro_rules! explorations {
    ($($test:ident: $name:literal;)*) => {
        $(mod $test {
            use super::*;

            #[test]
            fn holds_in_every_state() {
                holds(config($name).unwrap());
            }

            #[test]
            fn every_mutant_falls() {
                mutants_fall(config($name).unwrap());
            }
        })*

        #[test]
        fn every_exploration_and_every_mutant_has_a_test() {
            assert_eq!(CONFIGS.map(|c| c.name).to_vec(), [$($name),*]);
            assert!(Mutant::ALL.len() > 30);
            for mutant in Mutant::ALL {
                assert!(config(mutant.config()).is_some(), "{}", mutant.name());
            }
        }
    };
}

explorations! {
    two_masters: "two-masters";
    late_tags: "late-tags";
    checks_in_steps: "checks-in-steps";
    floor_in_steps: "floor-in-steps";
    soft_and_hard: "soft-and-hard";
    disk_and_kills: "disk-and-kills";
    sweep_and_floor: "sweep-and-floor";
    sweep_of_masters: "sweep-of-masters";
    ledger_put_back: "ledger-put-back";
    saved_index: "saved-index";
    erased: "erased";
    hand_over: "hand-over";
}
