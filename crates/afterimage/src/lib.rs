//! The program: commands, and the wiring of a server. A library only so that the race test's mutant can be built beside it.

mod cli;
mod client;
mod compare;
mod decoders;
mod doctor;
mod doors;
mod figures;
mod greeting;
mod jobs;
mod render;
mod serve;
mod settings;
mod url;
mod wire;

use std::process::ExitCode;

use clap::Parser;

/// Reads the command line and runs what it says.
pub fn run() -> ExitCode {
    match cli::Cli::parse().command {
        cli::Command::Serve(args) => serve::run(&args),
        cli::Command::Purge(args) => client::purge::run(&args),
        cli::Command::Purges(args) => client::purges::run(&args),
        cli::Command::Warm(args) => client::warm::run(&args),
        cli::Command::Warmups(args) => client::warm::run_list(&args),
        cli::Command::Explain(args) => client::explain::run(&args),
        cli::Command::Takedowns(args) => client::takedowns::run(&args),
        cli::Command::Audit(args) => client::audit::run(&args),
        cli::Command::Keys(args) => client::keys::run(&args),
        cli::Command::Render(args) => render::run(&args),
        cli::Command::Url(args) => url::run(&args),
        cli::Command::Compare(args) => compare::run(&args),
        cli::Command::CheckConfig(args) => serve::check(&args),
        cli::Command::Doctor(args) => doctor::run(&args),
        cli::Command::DecoderWorker(args) => decoders::work(&args),
    }
}
