//! The binary: commands, and the wiring of a server.

mod cli;
mod purge;
mod serve;
mod url;
mod wire;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match cli::Cli::parse().command {
        cli::Command::Serve(args) => serve::run(args),
        cli::Command::Purge(args) => purge::run(args),
        cli::Command::Url(args) => url::run(&args),
        cli::Command::CheckConfig(args) => serve::check(&args),
    }
}
