//! `afterimage serve` and `afterimage check-config`.
#![allow(clippy::print_stdout)]

use std::io::{self, Write as _};
use std::process::ExitCode;

use config::{Config, Flags};
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::cli::{CheckArgs, ConfigurationArgs, ServeArgs};
use crate::greeting::Summary;
use crate::settings;
use crate::wire;

/// Runs the command until a signal ends it.
pub fn run(args: &ServeArgs) -> ExitCode {
    let config = match read(&args.configuration) {
        Ok(config) => config,
        Err(message) => {
            eprint!("{message}");
            return ExitCode::from(2);
        }
    };
    log_to_stderr(&config);
    let summary = Summary::of(&config);
    let environment_key = std::env::var("AFTERIMAGE_API_KEY").ok().filter(|key| !key.is_empty());
    let has_environment_key = environment_key.is_some();
    let signals = match Signals::listen(!config.certificates.is_empty()) {
        Ok(signals) => signals,
        Err(error) => {
            eprintln!("afterimage: cannot listen for signals: {error}");
            return ExitCode::FAILURE;
        }
    };
    let server = match wire::start(config, environment_key) {
        Ok(server) => server,
        Err(message) => {
            eprintln!("afterimage: {message}");
            return ExitCode::FAILURE;
        }
    };
    summary.print(&server, has_environment_key);
    signals.wait(|| {
        server.certificates.refresh(true);
    });
    say("afterimage: stopping; finishing what was begun");
    server.stop();
    ExitCode::SUCCESS
}

/// Checks a file: 0 without a word of complaint, else everything that is wrong with it.
pub fn check(args: &CheckArgs) -> ExitCode {
    match config::load(&args.file, &environment(), &Flags::default()) {
        Ok(config) => {
            println!(
                "{} is fine: {} sites, {} sources, data in {}",
                args.file.display(),
                config.sites.len(),
                config.sources.len(),
                config.data.display()
            );
            if args.show {
                say(&format!("\n{}", settings::shown(&config.provenance)));
            }
            ExitCode::SUCCESS
        }
        Err(errors) => {
            eprint!("{errors}");
            ExitCode::FAILURE
        }
    }
}

pub(crate) fn read(args: &ConfigurationArgs) -> Result<Config, String> {
    let flags = Flags { listen: args.listen.clone(), control: args.control.clone(), data: args.data.clone() };
    let read = match (&args.config, &args.folder) {
        (Some(file), _) => config::load(file, &environment(), &flags),
        (None, Some(folder)) => config::zero(folder, &environment(), &flags),
        (None, None) => return Err("afterimage: a folder or --config is needed\n".to_owned()),
    };
    read.map_err(|errors| errors.to_string())
}

pub(crate) fn environment() -> Vec<(String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

fn log_to_stderr(config: &Config) {
    let filter = EnvFilter::try_new(&config.log.level).unwrap_or_else(|_| EnvFilter::new("info"));
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if config.log.json {
        subscriber.json().init();
    } else {
        subscriber.with_target(false).init();
    }
}

/// Prints a line. That nobody reads it any more is no reason to stop in disorder.
pub(crate) fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}

/// The signals that end the server, and the one that has it read certificates anew. Listened to from the beginning, so that
/// one that comes during the start is not lost.
struct Signals {
    runtime: Runtime,
    interrupt: Signal,
    terminate: Signal,
    /// A server without certificates ends by it, as other programs do whose terminal is closed.
    hangup: Option<Signal>,
}

impl Signals {
    fn listen(reads_anew: bool) -> io::Result<Signals> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (interrupt, terminate, hangup) = {
            let _inside = runtime.enter();
            let hangup = if reads_anew { Some(signal(SignalKind::hangup())?) } else { None };
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?, hangup)
        };
        Ok(Signals { runtime, interrupt, terminate, hangup })
    }

    fn wait(mut self, read_anew: impl Fn()) {
        self.runtime.block_on(async {
            loop {
                let hangup = async {
                    match &mut self.hangup {
                        Some(hangup) => drop(hangup.recv().await),
                        None => std::future::pending().await,
                    }
                };
                tokio::select! {
                    _ = self.interrupt.recv() => return,
                    _ = self.terminate.recv() => return,
                    () = hangup => read_anew(),
                }
            }
        });
    }
}
