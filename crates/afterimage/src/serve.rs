//! `afterimage serve` and `afterimage check-config`.
#![allow(clippy::print_stdout)]

use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;

use config::{Config, Flags, SourceKind};
use engine::DialectKind;
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::cli::{CheckArgs, ConfigurationArgs, ServeArgs};
use crate::settings;
use crate::wire::{self, Server};

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

/// What is printed once the server answers.
struct Summary {
    sites: Vec<(DialectKind, String, String)>,
    data: String,
}

impl Summary {
    fn of(config: &Config) -> Summary {
        let sites = config.sites.iter().map(|site| {
            let picture = site.sources.iter().find_map(|name| {
                let source = config.sources.iter().find(|s| s.name == *name)?;
                match &source.kind {
                    SourceKind::Local(settings) => Some((name.clone(), some_picture(&settings.root)?)),
                    SourceKind::Http(_) | SourceKind::Proxy(_) => None,
                }
            });
            let host = site.hosts.first().cloned().unwrap_or_default();
            let prefix = site.prefix.trim_end_matches('/');
            let target = match picture {
                Some((source, picture)) => format!("{prefix}{}", example(site.dialect, &source, &picture)),
                None => format!("{prefix}/..."),
            };
            (site.dialect, host, target)
        });
        Summary { sites: sites.collect(), data: config.data.display().to_string() }
    }

    fn print(&self, server: &Server, has_environment_key: bool) {
        say(&format!("Afterimage serves pictures on http://{}", server.delivery));
        for (dialect, host, target) in &self.sites {
            let base = if host.is_empty() { format!("http://{}", server.delivery) } else { format!("http://{host}") };
            say(&format!("  {:<11} {base}{target}", dialect.name()));
        }
        if let Some(address) = server.delivery_tls {
            say(&format!("  and over TLS on https://{address}"));
        }
        say(&format!("Control plane (purge APIs, /metrics, /readyz): http://{}", server.control));
        if let Some(address) = server.control_tls {
            say(&format!("  and over TLS on https://{address} (private)"));
        }
        say(&format!("Dashboard: http://{}/dashboard/", server.control));
        match &server.first_key {
            Some(key) => say(&format!("First API key, shown this once: {key}")),
            None if has_environment_key => say("API key: the one in AFTERIMAGE_API_KEY"),
            None => say(&format!("API keys: those made before, in {}", self.data)),
        }
    }
}

/// Prints a line. That nobody reads it any more is no reason to stop in disorder.
pub(crate) fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}

fn example(dialect: DialectKind, source: &str, picture: &str) -> String {
    match dialect {
        DialectKind::Imgix => format!("/{picture}?w=600&h=400&fit=crop"),
        DialectKind::Imagekit => format!("/tr:w-600,h-400/{picture}"),
        DialectKind::Cloudimage => format!("/{picture}?w=600&h=400"),
        DialectKind::Imageboss => format!("/{source}/cover:center/600x400/{picture}"),
    }
}

/// The first JPEG of a folder by name, else the first other picture.
fn some_picture(folder: &Path) -> Option<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(folder).ok()?.filter_map(|item| item.ok()?.file_name().into_string().ok()).collect();
    names.sort();
    let plain = |name: &&String| name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
    let ends = |name: &str, list: &[&str]| list.iter().any(|e| name.to_ascii_lowercase().ends_with(e));
    let jpeg = names.iter().filter(plain).find(|n| ends(n, &[".jpg", ".jpeg"]));
    jpeg.or_else(|| names.iter().filter(plain).find(|n| ends(n, &[".png", ".webp", ".gif", ".avif"]))).cloned()
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
