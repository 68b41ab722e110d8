//! Explores the model and every mistake in it, and prints the tables of `docs/model.md`. With names of explorations as
//! arguments it explores those with larger bounds instead, which takes minutes and gigabytes.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::process::ExitCode;
use std::time::Instant;

use model::config::{CONFIGS, larger};
use model::{explore, in_words, table};

fn main() -> ExitCode {
    let names: Vec<String> = std::env::args().skip(1).collect();
    if names.is_empty() {
        let begun = Instant::now();
        let text = table(|line| eprintln!("{line}"));
        println!("{text}");
        eprintln!("{:.1?} in all", begun.elapsed());
        return if text.contains("**FAILS**") || text.contains("**UNEXPECTED") {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        };
    }
    let mut code = ExitCode::SUCCESS;
    for name in names {
        let Some(config) = larger(&name) else {
            eprintln!("no exploration is called {name}; there are {}", CONFIGS.map(|c| c.name).join(", "));
            return ExitCode::FAILURE;
        };
        let begun = Instant::now();
        let found = explore(config);
        println!("{name}: {} states, {} steps, {:.1?}", found.states, found.depth, begun.elapsed());
        for (promise, path) in found.broken {
            code = ExitCode::FAILURE;
            println!("broken: {promise}\n  {}", in_words(&config, path.into_actions()).join("\n  "));
        }
    }
    code
}
