//! From a file, the environment and the command line to the plain settings of each room.
//!
//! [`load`] reads a file, [`zero`] does without one. Both answer either a whole configuration that was checked, or all
//! that is wrong with it at once, each with line, column and a hint. Nothing is started here, and nothing written.

mod check;
mod docs;
mod errors;
mod flags;
mod keys;
mod language;
mod listen;
mod nearest;
mod overlay;
mod provenance;
mod section;
mod sites;
mod sources;
mod top;
mod tree;
mod units;
mod zero;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use errors::Problems;
pub use errors::{Errors, Problem, Source};
pub use flags::Flags;
use provenance::Reading;
pub use provenance::{Provenance, SetBy, Setting};
use section::Section;
use tree::Table;

/// A whole configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where the planes listen.
    pub listen: Listen,
    /// What TLS listeners show to clients. Each could be read; the first is for those who ask for no name, or for one that
    /// nobody has.
    pub certificates: Vec<tls::Pair>,
    /// The data folder. It need not exist yet.
    pub data: PathBuf,
    /// Sizes of the caches.
    pub cache: Cache,
    /// How long browsers may keep an answer, for sites that do not say; zero = they ask every time.
    pub browser_time: Duration,
    /// How long a derivative lives here and in caches in front, for sites that do not say.
    pub edge_time: Duration,
    /// How long a failure is kept that may mend by itself.
    pub error_time: Duration,
    /// What work may cost.
    pub limits: Limits,
    /// How pictures are made.
    pub render: Render,
    /// What is written to the log.
    pub log: Log,
    /// How purges are taken and carried out.
    pub purge: Purging,
    /// What is counted, and how long that is kept.
    pub stats: Stats,
    /// Folders with fonts, for texts that are drawn on pictures. Each could be listed.
    pub fonts: Vec<PathBuf>,
    /// Who is told of purges.
    pub webhooks: Vec<Webhook>,
    /// Sources, in the order of the file.
    pub sources: Vec<SourceConfig>,
    /// Sites, in the order of the file. Each source that they name exists.
    pub sites: Vec<engine::Site>,
    /// Each setting with its value, and where that came from.
    pub provenance: Provenance,
}

impl Config {
    /// What the engine is set up with. Sites bear their own times.
    pub fn engine_settings(&self) -> engine::Settings {
        engine::Settings {
            budget: self.limits.budget.clone(),
            job_time: self.limits.job_time,
            error_time: self.error_time,
            origin_fetches: self.limits.origin_fetches,
            origin_queue: self.limits.origin_queue,
            warm_per_second: self.purge.warm_rate,
            ..engine::Settings::default()
        }
    }
}

/// Where the planes listen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listen {
    /// The public listener, which serves pictures.
    pub delivery: SocketAddr,
    /// The same over TLS.
    pub delivery_tls: Option<SocketAddr>,
    /// The private listener: purge APIs, metrics.
    pub control: SocketAddr,
    /// The same over TLS.
    pub control_tls: Option<SocketAddr>,
    /// Hosts, in lower case, at which the public listeners answer the vendors' APIs, for clients whose API host is fixed.
    pub api_hosts: Vec<String>,
}

impl Default for Listen {
    /// Loopback, 8080 and 8081, without TLS.
    fn default() -> Self {
        let local = |port| SocketAddr::from(([127, 0, 0, 1], port));
        Listen {
            delivery: local(8080),
            delivery_tls: None,
            control: local(8081),
            control_tls: None,
            api_hosts: Vec::new(),
        }
    }
}

/// Sizes of the caches, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cache {
    /// Derivatives in memory.
    pub memory: u64,
    /// Derivatives on disk.
    pub disk: u64,
    /// Masters in memory.
    pub masters_memory: u64,
    /// Masters on disk.
    pub masters_disk: u64,
}

impl Default for Cache {
    /// 256 MiB and 10 GiB; for masters 64 MiB and 2 GiB.
    fn default() -> Self {
        Cache { memory: 256 << 20, disk: 10 << 30, masters_memory: 64 << 20, masters_disk: 2 << 30 }
    }
}

/// What work may cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// What one render may cost.
    pub budget: codec::Budget,
    /// How long one render may take.
    pub job_time: Duration,
    /// Renders that may wait; further ones are turned away.
    pub queue: usize,
    /// Threads that render.
    pub render_threads: usize,
    /// Threads that answer requests.
    pub delivery_threads: usize,
    /// Fetches from one web source at a time.
    pub origin_fetches: usize,
    /// Fetches that may wait for that; past it, the answer is 503.
    pub origin_queue: usize,
}

impl Default for Limits {
    /// 20 s, 64 waiting; a thread per core for delivery, and one fewer for renders, so that hits stay fast.
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Limits {
            budget: codec::Budget::default(),
            job_time: Duration::from_secs(20),
            queue: 64,
            render_threads: cores.saturating_sub(1).max(1),
            delivery_threads: cores,
            origin_fetches: 64,
            origin_queue: 4096,
        }
    }
}

/// How pictures are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Render {
    /// Where decoders that are written in C run.
    pub decoders: Decoders,
    /// Whether AVIF that was made for a request is written again in the background, smaller. Default: it is not.
    pub avif_refine: bool,
}

/// Where decoders that are written in C run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Decoders {
    /// In worker processes that give up what the kernel lets them; in the server, should no worker start.
    #[default]
    Auto,
    /// In worker processes that give up all rights; without them, the server does not start.
    Require,
    /// In the server.
    Off,
}

impl Decoders {
    /// Every one.
    pub const ALL: [Decoders; 3] = [Decoders::Auto, Decoders::Require, Decoders::Off];

    /// As settings have it.
    pub const fn name(self) -> &'static str {
        match self {
            Decoders::Auto => "auto",
            Decoders::Require => "require",
            Decoders::Off => "off",
        }
    }
}

/// What is written to the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// Whether each request is logged.
    pub access: bool,
    /// The least severe level that is written: `off`, `error`, `warn`, `info`, `debug` or `trace`.
    pub level: String,
    /// Whether lines are JSON.
    pub json: bool,
}

impl Default for Log {
    /// Requests and level `info`, as text.
    fn default() -> Self {
        Log { access: true, level: "info".to_owned(), json: false }
    }
}

/// How purges are taken and carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purging {
    /// Requests of one API key in a second, on average.
    pub rate: u32,
    /// Requests of one API key at once.
    pub burst: u32,
    /// Names that the purge index holds exactly; older ones are then remembered more coarsely.
    pub names: usize,
    /// How long something that a soft purge made stale may be served while it is made anew.
    pub stale_time: Duration,
    /// Bytes that the sweep erases in a second.
    pub sweep_bytes: u64,
    /// Rows that the sweep looks at in a second.
    pub sweep_entries: u32,
    /// Derivatives that a warm-up makes in a second.
    pub warm_rate: u32,
    /// Within this time a repeated imgix purge is answered 409, as the vendor does (it is carried out all the same); zero =
    /// never.
    pub imgix_window: Duration,
    /// Whether the public plane takes the `PURGE` method, with an API key.
    pub method: bool,
}

impl Default for Purging {
    fn default() -> Self {
        Purging {
            rate: 100,
            burst: 1000,
            names: 4_000_000,
            stale_time: Duration::from_secs(60),
            sweep_bytes: 200 << 20,
            sweep_entries: 20_000,
            warm_rate: 20,
            imgix_window: Duration::ZERO,
            method: false,
        }
    }
}

/// What is counted, and how long that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stats {
    /// Whether anything is.
    pub on: bool,
    /// How long figures are kept by the minute.
    pub minutes: Duration,
    /// How long figures are kept by the hour.
    pub hours: Duration,
    /// How long figures are kept by the day.
    pub days: Duration,
    /// Bytes of figures on disk; past it, the oldest go.
    pub disk: u64,
    /// Requests that are kept in memory, a line each; zero = none anywhere.
    pub lines: u32,
    /// Requests that are kept on disk.
    pub lines_on_disk: u32,
    /// Lines of fast hits without error that a thread keeps in a second.
    pub hits_per_second: u32,
    /// What takes as long is kept as a line in any case.
    pub slow: Duration,
    /// What lines have of clients' addresses.
    pub addresses: stats::Addresses,
}

impl Default for Stats {
    /// All on: 48 hours, 90 days, 2 years, 256 MiB; 20,000 lines in memory and 100,000 on disk, with whole addresses.
    fn default() -> Self {
        let day = Duration::from_secs(86_400);
        Stats {
            on: true,
            minutes: day * 2,
            hours: day * 90,
            days: day * 730,
            disk: 256 << 20,
            lines: 20_000,
            lines_on_disk: 100_000,
            hits_per_second: 50,
            slow: Duration::from_secs(1),
            addresses: stats::Addresses::Whole,
        }
    }
}

/// Where purges are reported to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// An absolute `http` or `https` URL.
    pub url: String,
    /// The file that holds the secret which reports are signed with.
    pub secret_file: PathBuf,
}

/// A source as configured.
#[derive(Debug, Clone)]
pub struct SourceConfig {
    /// Its name: letters, digits, `_` and `-`, beginning with a letter or digit.
    pub name: String,
    /// What it is.
    pub kind: SourceKind,
}

/// What a source is.
#[derive(Debug, Clone)]
pub enum SourceKind {
    /// A folder.
    Local(origin::LocalSettings),
    /// A web server.
    Http(origin::HttpSettings),
    /// Any address on some hosts.
    Proxy(origin::ProxySettings),
}

/// Reads a configuration file. What the environment and the command line say goes before what the file says; the command
/// line goes first.
///
/// `env` is the environment; variables whose name begins with `AFTERIMAGE__` are settings. Relative paths start at the
/// folder of the file if they stand in it, else at the current folder.
///
/// # Errors
/// Everything that is wrong with it.
pub fn load(path: &Path, env: &[(String, String)], flags: &Flags) -> Result<Config, Errors> {
    let mut problems = Problems::default();
    let text = tree::read_file(path, &mut problems);
    let root = Table::parse(&text, &mut problems);
    // Half a file would only raise further complaints that are not true.
    if problems.is_empty() {
        let base = path.parent().unwrap_or(Path::new(""));
        let from = Origin { base, nested_data: false, file: Some(path), text: &text };
        match build(root, &from, env, flags, problems) {
            Ok(config) => return Ok(config),
            Err(found) => problems = found,
        }
    }
    Err(problems.into_errors(path, &text))
}

/// The configuration without a file: the source `local` over a folder, and for each dialect a site named like it, at a
/// prefix named like it.
///
/// # Errors
/// Everything that is wrong with the folder, the environment or the command line.
pub fn zero(folder: &Path, env: &[(String, String)], flags: &Flags) -> Result<Config, Errors> {
    let from = Origin { base: Path::new(""), nested_data: true, file: None, text: "" };
    build(zero::table(folder), &from, env, flags, Problems::default())
        .map_err(|problems| problems.into_errors(Path::new(""), ""))
}

/// What a configuration is built upon.
struct Origin<'a> {
    /// Where relative paths start.
    base: &'a Path,
    /// Whether the data folder may lie in a source's folder. It is refused by the source either way; a file has room to
    /// say better, while the first try often is in the folder with the pictures.
    nested_data: bool,
    /// The file, and what is in it.
    file: Option<&'a Path>,
    text: &'a str,
}

fn build(
    mut root: Table,
    from: &Origin<'_>,
    env: &[(String, String)],
    flags: &Flags,
    mut problems: Problems,
) -> Result<Config, Problems> {
    overlay::apply(&mut root, env, &mut problems);
    flags.apply(&mut root, &mut problems);
    let reading = Reading { problems: problems.into(), ..Reading::default() };
    let mut config = {
        let top = Section::top(&root, &reading);
        let mut config = top::read(&top, from.base);
        config.sources = sources::read(&top, from.base, &config);
        config.sites = sites::read(&top, from.base, &config);
        listen::check_sites(&top, &config);
        check::folders(&top, &mut config, from.nested_data);
        config
    };
    let sources: Vec<String> = config.sources.iter().map(|source| source.name.clone()).collect();
    let sites: Vec<String> = config.sites.iter().map(|site| site.name.clone()).collect();
    config.provenance = reading.notes.into_inner().finish(from.file, from.text, &sources, &sites);
    let problems = reading.problems.into_inner();
    if problems.is_empty() { Ok(config) } else { Err(problems) }
}

#[cfg(test)]
mod tests;
