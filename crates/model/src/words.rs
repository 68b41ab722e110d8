//! What an exploration found, for people.

use std::fmt::Write as _;
use std::time::Instant;

use stateright::Model as _;

use crate::config::{CONFIGS, Config, Mutant, config};
use crate::fills::Who;
use crate::model::{Found, Step, explore};
use crate::state::{At, Flight, Key, Names, Phase, State};

/// Explores everything, `each` told of every row, and answers the rows of both tables and the ways to the mistakes, in
/// Markdown.
pub fn table(each: impl Fn(&str)) -> String {
    let mut out = String::from("| exploration | what may happen | states | steps | result |\n|---|---|--:|--:|---|\n");
    for config in CONFIGS {
        let begun = Instant::now();
        let found = explore(config);
        each(&format!("{}: {} states in {:.1?}", config.name, found.states, begun.elapsed()));
        let result = if found.broken.is_empty() && found.unseen.is_empty() { "holds" } else { "**FAILS**" };
        let Found { states, depth, .. } = found;
        let _ = writeln!(out, "| `{}` | {} | {states} | {depth} | {result} |", config.name, config.about);
    }
    out.push_str("\n| mistake | rule | in | states | result |\n|---|---|---|--:|---|\n");
    let mut ways = String::new();
    for mutant in Mutant::ALL {
        let Some(config) = config(mutant.config()) else { continue };
        let config = Config { mutant: Some(*mutant), ..config };
        let found = explore(config);
        let (result, way) = match found.broken.first() {
            Some((promise, path)) => {
                let steps = in_words(&config, path.clone().into_actions());
                (format!("{} steps to break \"{promise}\"", steps.len()), steps)
            }
            None => ("breaks nothing".to_owned(), Vec::new()),
        };
        let as_expected = mutant.breaks().map(|p| p.name()) == found.broken.first().map(|(name, _)| *name)
            || mutant.breaks().is_some_and(|p| found.broken.iter().any(|(name, _)| *name == p.name()));
        let result = if as_expected { result } else { format!("**UNEXPECTED:** {result}") };
        let (name, rule, states) = (mutant.name(), mutant.rule(), found.states);
        each(&format!("{name}: {result}"));
        let _ = writeln!(out, "| `{name}` | {rule} | `{}` | {states} | {result} |", config.name);
        let _ = write!(ways, "\n**`{name}`** ({rule}). {}\n\n", mutant.about());
        for (n, step) in way.iter().enumerate() {
            let _ = writeln!(ways, "{}. {step}", n + 1);
        }
    }
    format!("{out}\n{ways}")
}

/// Steps from the beginning, in words.
pub fn in_words(config: &Config, steps: Vec<Step>) -> Vec<String> {
    let mut state = State::new(config);
    let mut words = Vec::new();
    let mut requests = 0;
    for step in steps {
        if matches!(step, Step::Request { .. }) {
            requests += 1;
        }
        words.push(say(config, &state, step, requests));
        if let Some(next) = config.next_state(&state, step) {
            let answered = state.requests.len() + usize::from(matches!(step, Step::Request { .. }))
                - next.requests.len().min(state.requests.len() + 1);
            if answered > 0
                && !matches!(step, Step::Kill { .. } | Step::PutBack)
                && let Some(last) = words.last_mut()
            {
                let wrong = next.truth.wrong.is_some();
                last.push_str(if wrong { ": **it is answered wrongly**" } else { ", and is answered" });
            }
            state = next;
        }
    }
    words
}

fn say(config: &Config, state: &State, step: Step, requests: usize) -> String {
    let flight = |process: u8, id: u8| {
        let found = state.processes[usize::from(process)].flights.iter().find(|f| f.id == id);
        found.map_or_else(String::new, fill)
    };
    let two = state.processes.len() > 1;
    let by = |process: u8| match (two, process) {
        (false, _) => "",
        (true, 0) => " (old process)",
        (true, _) => " (new process)",
    };
    match step {
        Step::Request { process } => format!("request {requests} for the derivative arrives{}", by(process)),
        Step::Look(who) => format!("{} looks in memory", whose(state, who)),
        Step::Probe(who) => format!("{} reads the slots of what it found", whose(state, who)),
        Step::CheckFloor(who) => format!("{} reads the floor and has a verdict", whose(state, who)),
        Step::PickUp(who) => format!("{} takes what it waited for", whose(state, who)),
        Step::ReadDisk { process, flight: id, body: None } => format!("{}: not on disk", flight(process, id)),
        Step::ReadDisk { process, flight: id, body: Some(n) } => {
            format!("{}: the disk gives body {n}", flight(process, id))
        }
        Step::ReadOrigin { process, flight: id, unchanged } => {
            let answer = if unchanged { " and says 304" } else { "" };
            format!("{}: the origin reads the picture{answer}", flight(process, id))
        }
        Step::Arrive { process, flight: id } => format!("{}: the response is complete", flight(process, id)),
        Step::Judge { process, flight: id } if config.fine => format!("{}: the result is judged", flight(process, id)),
        Step::Judge { process, flight: id } => format!("{}: judged, stored if good, handed out", flight(process, id)),
        Step::Store { process, flight: id } => format!("{}: stored if good, handed out", flight(process, id)),
        Step::Purge { process, target, fails } => {
            let (names, hard) = config.targets[usize::from(target)];
            let mode = if hard { "hard" } else { "soft" };
            let fate = if fails { "the log cannot be written" } else { "it is in the log" };
            let number = state.truth.purges.len() + 1;
            format!("{mode} purge {number} of {} is accepted{}; {fate}", named(names), by(process))
        }
        Step::WriteSlot { process } => format!("its next slot is written{}", by(process)),
        Step::Publish { process } => format!("epoch and head are published{}", by(process)),
        Step::LogLate { .. } => "it is written to the log".into(),
        Step::Lapse { purge } => format!("soft purge {} lapses", purge + 1),
        Step::Evict { process, key } => format!("{} is evicted from memory{}", called(key), by(process)),
        Step::WriteDisk { process } => {
            let next = state.processes[usize::from(process)].queue.first();
            let key = next.map_or("nothing", |(key, _)| called(*key));
            let what = if config.erase { "the body of " } else { "" };
            format!("the writer writes {what}{key}{}", by(process))
        }
        Step::PutRow { .. } => "the writer puts the row".into(),
        Step::BeginSweep { .. } => "a sweep begins".into(),
        Step::Sweep { .. } => "the sweep takes its next step".into(),
        Step::RaiseFloor { .. } => "the floor rises to where the sweep began".into(),
        Step::DropRecords { .. } => "the records up to there leave memory".into(),
        Step::Snapshot { process } => match state.processes[usize::from(process)].snapshot {
            None => "a snapshot of the index is begun: one of head and slots is read".into(),
            Some(_) => "the other is read, and the snapshot is saved".into(),
        },
        Step::BackUp => "the log is copied".into(),
        Step::PutBack => "the process ends, the copy is put back, another process starts".into(),
        Step::Kill { loses: false } => "the process is killed and started again".into(),
        Step::Kill { loses: true } => {
            "the power fails, the last change of the catalogue is lost, a process starts".into()
        }
        Step::BeginHandOver => "a new process is started beside the old one".into(),
        Step::Leave => "the old process accepts nothing any more".into(),
        Step::HandOver => "the old process ends, the new one has the lock".into(),
    }
}

fn whose(state: &State, who: Who) -> String {
    match who {
        Who::Request(n) if state.requests.len() == 1 && n == 0 => "the request".into(),
        Who::Request(n) => format!("open request {}", n + 1),
        Who::Fill(process, id) => {
            let flight = state.processes[usize::from(process)].flights.iter().find(|f| f.id == id);
            let wants = flight.map(|f| match f.phase {
                Phase::Gather { wants, getter, .. } if getter.at != At::Look => format!(" ({})", called(wants)),
                _ => String::new(),
            });
            flight.map_or_else(String::new, fill) + &wants.unwrap_or_default()
        }
    }
}

fn fill(flight: &Flight) -> String {
    format!("the fill of {} with stamp {}", called(flight.key), flight.stamp)
}

fn called(key: Key) -> &'static str {
    match key {
        Key::Main => "the main master",
        Key::Overlay => "the overlay",
        Key::Derivative => "the derivative",
    }
}

fn named(names: Names) -> String {
    let all = [
        (Names::MAIN, "the main master"),
        (Names::OVERLAY, "the overlay"),
        (Names::TAG, "the tag"),
        (Names::EXACT, "the derivative alone"),
    ];
    let said: Vec<_> = all.into_iter().filter(|(name, _)| names.meets(*name)).map(|(_, said)| said).collect();
    said.join(" and ")
}
