//! The command line of the auditor.
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use auditor::audit::{self, Progress, Settings};
use auditor::origin::{Origin, Pace};
use auditor::report::{Report, grouped};
use auditor::server::{KEY, MEMORY, SOURCE, Server};
use auditor::target::{MOST_DERIVATIVES, Purging, Target, configuration};
use clap::{CommandFactory as _, Parser, ValueEnum, error::ErrorKind};

const EXAMPLES: &str = "\
Examples:
  Start a server, purge 200,000 times, say what was found:
    afterimage-auditor --binary target/release/afterimage

  Audit a server that runs already. It must fetch from the auditor's origin; the first command prints a configuration:
    afterimage-auditor --print-config --origin 127.0.0.1:9000 > audit.toml
    AFTERIMAGE_API_KEY=... afterimage serve --config audit.toml
    AFTERIMAGE_API_KEY=... afterimage-auditor --origin 127.0.0.1:9000 --delivery 127.0.0.1:8080 --control 127.0.0.1:8081

  Another cache in front of that origin, with PURGE by URL:
    afterimage-auditor --peer purge --origin 127.0.0.1:9000 --delivery 127.0.0.1:6081 --purges 5000

Exit status: 0 nothing wrong; 1 stale, faulty or missing answers, refused purges, or too little seen to tell (fewer answers
checked than purges, less than a tenth of that from the cache, fewer than a tenth of the purges with a fill in flight, masters
that could not be looked at again at the end); 2 wrong usage; 3 the server cannot be reached.";

/// Purges a running cache from outside, again and again while it fills, and counts the stale answers that follow.
#[derive(Debug, Parser)]
#[command(name = "afterimage-auditor", version, after_help = EXAMPLES)]
struct Args {
    /// Start this binary of Afterimage, on free ports, and audit it
    #[arg(long, value_name = "FILE", conflicts_with_all = ["delivery", "control", "peer"])]
    binary: Option<PathBuf>,
    /// With --binary: keep the server's data in this folder, which should be on a real disk [default: a temporary one]
    #[arg(long, value_name = "DIR", requires = "binary")]
    data: Option<PathBuf>,

    /// Where a running server is asked for pictures
    #[arg(long, value_name = "ADDRESS")]
    delivery: Option<SocketAddr>,
    /// The control plane of a running Afterimage
    #[arg(long, value_name = "ADDRESS", requires = "delivery")]
    control: Option<SocketAddr>,
    /// API key for the control plane
    #[arg(long, value_name = "KEY", env = "AFTERIMAGE_API_KEY", hide_env_values = true)]
    key: Option<String>,
    /// The running server is another cache, and is purged so
    #[arg(long, requires = "delivery", conflicts_with = "control")]
    peer: Option<Peer>,
    /// Where the auditor's origin listens, from which the audited server must fetch
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    origin: SocketAddr,
    /// Print a configuration of Afterimage for this --origin, and end
    #[arg(long)]
    print_config: bool,

    /// How many purges
    #[arg(long, value_name = "N", default_value_t = 200_000)]
    purges: u64,
    /// How many masters. With many, each rests a second or more between bursts of purges
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    masters: u64,
    /// Derivatives of each master, over all four dialects (a peer has one: the picture as it is)
    #[arg(long, value_name = "N", default_value_t = MOST_DERIVATIVES as u64, value_parser = clap::value_parser!(u64).range(1..=MOST_DERIVATIVES as u64))]
    derivatives: u64,
    /// Connections that ask for pictures
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u64).range(1..=4096))]
    connections: u64,
    /// Purgers, each with a connection of its own
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=256))]
    purgers: u64,
    /// The origin waits so long before the headers of each answer, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 3)]
    delay: u64,
    /// The origin waits so long in the middle of each body, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 0)]
    mid_body: u64,
    /// To each wait that is not 0, up to so much is added, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 4)]
    jitter: u64,
    /// Each connection rests up to so long between two requests, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 6)]
    pause: u64,
    /// Wait so long for a server that does not listen yet, in seconds
    #[arg(long, value_name = "S", default_value_t = 0)]
    wait: u64,
    /// Repeats the choices (not the timing) of an earlier run [default: by the clock; printed]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// The other way round: fail unless stale answers are found. Shows with a broken server that the auditor can see
    #[arg(long)]
    expect_violations: bool,
    /// Print the counts as JSON
    #[arg(long)]
    json: bool,
    /// No progress on standard error
    #[arg(long)]
    quiet: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Peer {
    /// PURGE of the URL
    Purge,
    /// BAN of the URL
    Ban,
    /// PURGE with the header xkey-purge
    Xkey,
}

fn main() -> ExitCode {
    let args = Args::parse();
    if args.print_config {
        if args.origin.port() == 0 {
            usage("--print-config needs --origin with a port");
        }
        print!("{}", configuration(args.origin, SOURCE, "# listen = { ... }: the default ports", None, MEMORY));
        return ExitCode::SUCCESS;
    }
    match run(&args) {
        Ok(report) => {
            if args.json {
                println!("{:#}", report.json());
            } else {
                print!("{report}");
            }
            let passed = if args.expect_violations { report.violations > 0 } else { report.clean() };
            if passed { ExitCode::SUCCESS } else { ExitCode::from(1) }
        }
        Err(error) => {
            eprintln!("afterimage-auditor: {error}");
            ExitCode::from(3)
        }
    }
}

/// Ends with what is wrong with the command line, and exit status 2.
fn usage(what: &str) -> ! {
    Args::command().error(ErrorKind::MissingRequiredArgument, what).exit()
}

fn run(args: &Args) -> Result<Report, Box<dyn Error>> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let seed = args.seed.unwrap_or(now.as_nanos() as u64);
    // Every run has paths of its own, whatever the seed: the server may have pictures of the run before.
    let name = format!("run{:x}", now.as_micros());
    let pace = Pace {
        before_headers: Duration::from_millis(args.delay),
        mid_body: Duration::from_millis(args.mid_body),
        jitter: Duration::from_millis(args.jitter),
    };
    let origin = Origin::start(args.origin, &name, args.masters as usize, pace, seed)
        .map_err(|error| format!("the origin cannot listen on {}: {error}", args.origin))?;
    let origin = Arc::new(origin);

    let scratch;
    let mut server = None;
    let target = match (&args.binary, args.delivery) {
        (Some(binary), _) => {
            let folder = match &args.data {
                Some(folder) => {
                    std::fs::create_dir_all(folder)?;
                    folder.as_path()
                }
                None => {
                    scratch = tempfile::tempdir()?;
                    scratch.path()
                }
            };
            let started = Server::start(binary, origin.address(), folder)
                .map_err(|error| format!("{}: {error}", binary.display()))?;
            let target =
                Target::afterimage(&origin, started.delivery, started.control, KEY, SOURCE, args.derivatives as usize);
            server = Some(started);
            target
        }
        (None, Some(delivery)) => match (args.peer, args.control, &args.key) {
            (Some(Peer::Purge), ..) => Target::peer(&origin, delivery, Purging::Purge),
            (Some(Peer::Ban), ..) => Target::peer(&origin, delivery, Purging::Ban),
            (Some(Peer::Xkey), ..) => Target::peer(&origin, delivery, Purging::Xkey),
            (None, Some(control), Some(key)) => {
                Target::afterimage(&origin, delivery, control, key, SOURCE, args.derivatives as usize)
            }
            (None, ..) => usage("a running server needs --control and a key, or --peer"),
        },
        (None, None) => usage("say what to audit: --binary FILE, or --delivery ADDRESS with --control or --peer"),
    };
    if !args.quiet {
        eprintln!("origin on {}, seed {seed}", origin.address());
    }
    let settings = Settings {
        purges: args.purges,
        connections: args.connections as usize,
        purgers: args.purgers as usize,
        seed,
        pause: Duration::from_millis(args.pause),
        wait: Duration::from_secs(args.wait),
        progress: Duration::from_secs(5),
        last_look: true,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let quiet = args.quiet;
    let report = runtime.block_on(audit::run(origin, target, settings, |progress| {
        if !quiet {
            tell(progress);
        }
    }));
    let report = report.map_err(|error| unreachable_server(error, server.as_mut()))?;
    Ok(report)
}

fn tell(progress: Progress) {
    let Progress { elapsed, purges, in_flight, checked, violations } = progress;
    let rate = purges as f64 / elapsed.as_secs_f64().max(1e-9);
    eprintln!(
        "[{:5.0} s] {} purges ({rate:.0}/s), {} with a fill in flight, {} answers checked, {} violations",
        elapsed.as_secs_f64(),
        grouped(purges),
        grouped(in_flight),
        grouped(checked),
        grouped(violations),
    );
}

fn unreachable_server(error: io::Error, server: Option<&mut Server>) -> String {
    let ended = server.and_then(|server| server.process.ended().ok().flatten());
    ended.map_or_else(|| error.to_string(), |status| format!("{error}; the server has ended with {status}"))
}
