//! The command lines of what asks a running server.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Where the server is, and who asks.
#[derive(Debug, Args)]
pub struct Connection {
    /// The control plane.
    #[arg(long, value_name = "URL", env = "AFTERIMAGE_CONTROL", default_value = "http://127.0.0.1:8081")]
    pub control: String,
    /// The API key.
    #[arg(long, value_name = "KEY", env = "AFTERIMAGE_API_KEY", hide_env_values = true)]
    pub key: String,
}

/// `afterimage purge`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  afterimage purge http://127.0.0.1:8080/imgix/cat.jpg
      The master and every derivative of it, in all dialects.
  afterimage purge --prefix local/2024/ --tag summer --dry-run
      What would go.
  afterimage purge --derivative '/imgix/cat.jpg?w=300' --glob 'local/**/*.png' --source shop
  afterimage purge --dependency local/logo.png --refresh
      Whatever bears the logo, replaced picture by picture.
  afterimage purge - < urls.txt --wait=erased --deadline 120
      One URL a line, until the bytes have left the disk.
  afterimage purge --source shop --warm 200
      Then the 200 derivatives of it that were used most recently are made anew.
  afterimage purge --takedown --status 410 --reason 'order 7' --expires 30d /imgix/cat.jpg

Exit status: 0 done, 1 refused, 2 wrong usage, 3 no server reached, 4 effective, but the deadline passed before all that
--wait asked for.")]
pub struct PurgeArgs {
    /// URLs, whole or as paths; each means its master with every derivative. `-` reads more from standard input, one a line.
    #[arg(value_name = "URL", required_unless_present_any = ["derivative", "master", "dependency", "prefix", "glob", "tag", "source", "all"])]
    pub urls: Vec<String>,
    /// One derivative, in all its formats.
    #[arg(long, value_name = "URL")]
    pub derivative: Vec<String>,
    /// A master as source/path.
    #[arg(long, value_name = "SOURCE/PATH")]
    pub master: Vec<String>,
    /// What a master was put on; its own derivatives stay.
    #[arg(long, value_name = "URL or SOURCE/PATH")]
    pub dependency: Vec<String>,
    /// Every master whose source/path begins so.
    #[arg(long, value_name = "SOURCE/PREFIX")]
    pub prefix: Vec<String>,
    /// Every master whose source/path matches: `?`, `*`, `**` and `[a-z]`.
    #[arg(long, value_name = "SOURCE/PATTERN")]
    pub glob: Vec<String>,
    /// Whatever bears a tag, given or built in (format:webp, preset:thumb, status:404, dialect:imgix, engine:1).
    #[arg(long, value_name = "TAG")]
    pub tag: Vec<String>,
    /// Take the tags in this source alone.
    #[arg(long, value_name = "SOURCE", requires = "tag")]
    pub tag_source: Option<String>,
    /// Every master of a source.
    #[arg(long, value_name = "SOURCE")]
    pub source: Vec<String>,
    /// Everything.
    #[arg(long)]
    pub all: bool,
    /// What becomes of what is named.
    #[arg(long, value_name = "MODE", value_parser = ["hard", "soft", "refresh", "takedown"])]
    pub mode: Option<String>,
    /// Serve it once more while it is made anew.
    #[arg(long, group = "how", conflicts_with = "mode")]
    pub soft: bool,
    /// Make it anew at once, and serve the old one until then.
    #[arg(long, group = "how", conflicts_with = "mode")]
    pub refresh: bool,
    /// Refuse it from now on, until the takedown is lifted.
    #[arg(long, group = "how", conflicts_with = "mode")]
    pub takedown: bool,
    /// What a takedown answers.
    #[arg(long, value_name = "STATUS", value_parser = ["451", "410"])]
    pub status: Option<String>,
    /// Why a picture is taken down; whoever asks for it reads this.
    #[arg(long)]
    pub reason: Option<String>,
    /// When a takedown ends: after 90m, 12h or 30d, or at 2030-01-31T12:00:00Z.
    #[arg(long, value_name = "TIME")]
    pub expires: Option<String>,
    /// Only say what would go.
    #[arg(long)]
    pub dry_run: bool,
    /// Wait until it has come so far.
    #[arg(long, value_name = "STATE", num_args = 0..=1, require_equals = true, default_missing_value = "erased",
          value_parser = ["effective", "erased", "refreshed"])]
    pub wait: Option<String>,
    /// For how long, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub deadline: u64,
    /// Make so many of its derivatives anew, the most recently used.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub warm: Option<u32>,
    /// A webhook that is told what becomes of it; its address must stand in the server's configuration.
    #[arg(long, value_name = "URL")]
    pub webhook: Option<String>,
    /// Asked again with the same key within a day, it is done once.
    #[arg(long, value_name = "TEXT")]
    pub idempotency_key: Option<String>,
    /// Print the server's answer.
    #[arg(long)]
    pub json: bool,
    /// The server.
    #[command(flatten)]
    pub connection: Connection,
}

/// `afterimage warm`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  afterimage warm '/imgix/cat.jpg?w=300' '/imgix/cat.jpg?w=600' --wait
  afterimage warm - < urls.txt --rate 20
      One URL a line.
  afterimage warm --file sitemap.xml --accept avif,webp
      Every picture of ours that the sitemap names; what is not ours is passed over.
  afterimage warm --master local/cat.jpg --template '/imagekit/tr:w-300/{path}'
  afterimage warm --master local/cat.jpg --master local/dog.jpg --site imgix --transformation 'w=300&fm=webp'

Exit status: 0 begun or, with --wait, all made; 1 refused, or some could not be made; 2 wrong usage; 3 no server reached;
4 the deadline passed before the end.")]
pub struct WarmArgs {
    /// URLs, whole or as paths. `-` reads more from standard input, one a line.
    #[arg(value_name = "URL", required_unless_present_any = ["file", "master"])]
    pub urls: Vec<String>,
    /// A list, one URL a line, or a sitemap.
    #[arg(long, value_name = "FILE")]
    pub file: Vec<PathBuf>,
    /// A master as source/path or by its URL, for every template and transformation.
    #[arg(long, value_name = "SOURCE/PATH")]
    pub master: Vec<String>,
    /// A URL with {path} in it and, where it names it, {source}.
    #[arg(long, value_name = "URL", requires = "master")]
    pub template: Vec<String>,
    /// The site of the transformations.
    #[arg(long, requires_all = ["master", "transformation"])]
    pub site: Option<String>,
    /// A query, for sites whose dialect has them.
    #[arg(long, value_name = "QUERY", requires = "site")]
    pub transformation: Vec<String>,
    /// For which clients; all unless said.
    #[arg(long, value_delimiter = ',', value_parser = ["avif", "webp", "basic"])]
    pub accept: Vec<String>,
    /// Derivatives a second, at most.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub rate: Option<u32>,
    /// Wait until it has ended.
    #[arg(long)]
    pub wait: bool,
    /// For how long, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 3600)]
    pub deadline: u64,
    /// Print the server's answer.
    #[arg(long)]
    pub json: bool,
    /// The server.
    #[command(flatten)]
    pub connection: Connection,
}

/// `afterimage warmups`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  afterimage warmups
  afterimage warmups show 2b1c8a4e-6f0d-4c59-9a55-0d9b7c1f2e3a
  afterimage warmups cancel 2b1c8a4e-6f0d-4c59-9a55-0d9b7c1f2e3a")]
pub struct WarmupsArgs {
    /// What to do with them; list them unless said.
    #[command(subcommand)]
    pub command: Option<WarmupsCommand>,
    /// Print the server's answer.
    #[arg(long, global = true)]
    pub json: bool,
    /// The server.
    #[command(flatten)]
    pub connection: Connection,
}

/// What to do with warm-ups.
#[derive(Debug, Subcommand)]
pub enum WarmupsCommand {
    /// List them, newest first.
    List,
    /// How far one has come.
    Show {
        /// The warm-up.
        id: String,
    },
    /// Make no more of one; what was made stays.
    Cancel {
        /// The warm-up.
        id: String,
    },
}

/// `afterimage purges`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  afterimage purges --since 2026-01-31T00:00:00Z --search cat.jpg
  afterimage purges --state effective --mode takedown --json
  afterimage purges 2b1c8a4e-6f0d-4c59-9a55-0d9b7c1f2e3a")]
pub struct PurgesArgs {
    /// Show this one.
    pub id: Option<String>,
    /// Only in this state.
    #[arg(long, value_parser = ["accepted", "effective", "erased"])]
    pub state: Option<String>,
    /// Only of this mode.
    #[arg(long, value_parser = ["hard", "soft", "refresh", "takedown"])]
    pub mode: Option<String>,
    /// Only through this API.
    #[arg(long)]
    pub via: Option<String>,
    /// Only by this key.
    #[arg(long, value_name = "NAME")]
    pub actor: Option<String>,
    /// Only with such a target: master, dependency, exact, prefix, glob, tag, source, all.
    #[arg(long)]
    pub kind: Option<String>,
    /// Only where this text stands in a target.
    #[arg(long, value_name = "TEXT")]
    pub search: Option<String>,
    /// Only since this time.
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Only before this time.
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// At most so many.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub limit: u16,
    /// Only before this position: the next page.
    #[arg(long, value_name = "POSITION")]
    pub before: Option<u64>,
    /// Print the server's answer.
    #[arg(long)]
    pub json: bool,
    /// The server.
    #[command(flatten)]
    pub connection: Connection,
}

/// `afterimage takedowns`.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = false,
    after_help = "\
Examples:
  afterimage takedowns
  afterimage takedowns lift 2b1c8a4e-6f0d-4c59-9a55-0d9b7c1f2e3a"
)]
pub struct TakedownsArgs {
    /// What to do with them; list them unless said.
    #[command(subcommand)]
    pub command: Option<TakedownsCommand>,
    /// Also those that ended.
    #[arg(long)]
    pub all: bool,
    /// Print the server's answer.
    #[arg(long)]
    pub json: bool,
    /// The server.
    #[command(flatten)]
    pub connection: Connection,
}

/// `afterimage explain`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  afterimage explain 'http://127.0.0.1:8080/imgix/cat.jpg?w=300'
      What the URL means, what is cached for it, and which purges touch it.
  afterimage explain /imagekit/tr:w-300/cat.jpg --accept image/avif
      As for a browser that takes AVIF.
  afterimage explain /imagekit/tr:w-auto,dpr-auto/cat.jpg --width 640 --dpr 2
      As for a browser that sends Sec-CH-Width and Sec-CH-DPR.
  afterimage explain '/imgix/cat.jpg?w=300&ch=Save-Data' --save-data
      As for one that wants to save data.

Nothing is fetched, made or counted by it.
Exit status: 0 told (a URL that would be refused is told of too), 1 it is not ours, 2 usage, 3 no server reached.")]
pub struct ExplainArgs {
    /// A whole URL of the server's, or a path with a site's prefix.
    pub url: String,
    /// The client's `Accept`, which chooses the format.
    #[arg(long, value_name = "TYPES")]
    pub accept: Option<String>,
    /// The client's `Sec-CH-Width`: how wide the picture is shown, in physical pixels.
    #[arg(long, value_name = "PIXELS")]
    pub width: Option<String>,
    /// The client's `Sec-CH-DPR`: physical pixels for one of the layout.
    #[arg(long, value_name = "RATIO")]
    pub dpr: Option<String>,
    /// The client's `Sec-CH-Viewport-Width`, which no dialect asks for so far.
    #[arg(long, value_name = "PIXELS")]
    pub viewport_width: Option<String>,
    /// The client sends `Save-Data: on`.
    #[arg(long)]
    pub save_data: bool,
    /// How many derivatives of the same original are listed.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=1000))]
    pub limit: u64,
    /// Print the server's answer.
    #[arg(long)]
    pub json: bool,
    /// The server.
    #[command(flatten)]
    pub connection: Connection,
}

/// What to do with takedowns.
#[derive(Debug, Subcommand)]
pub enum TakedownsCommand {
    /// The picture may be fetched again; the purge that came with the takedown stays.
    Lift {
        /// The takedown's purge.
        id: String,
    },
}

/// `afterimage audit`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  afterimage audit verify
  afterimage audit verify --head 1204:5d0c...
      Also that nothing was changed up to an end that was noted earlier and kept elsewhere.
  afterimage audit verify --data /var/lib/afterimage
      Without a server, on its data folder; the server must not run.
  afterimage audit export > audit.jsonl

Exit status: 0 the chain holds, 1 it does not or the request was refused, 3 no server reached.")]
pub struct AuditArgs {
    /// What to do with it.
    #[command(subcommand)]
    pub command: AuditCommand,
}

/// What to do with the audit trail.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Whether the chain holds.
    Verify {
        /// An end that was noted earlier: the chain must lead through it.
        #[arg(long, value_name = "NUMBER:HASH")]
        head: Option<String>,
        /// Where the trail is.
        #[command(flatten)]
        place: Place,
    },
    /// Write the whole trail, a JSON object a line.
    Export {
        /// Where the trail is.
        #[command(flatten)]
        place: Place,
    },
}

/// Where the audit trail is.
#[derive(Debug, Args)]
pub struct Place {
    /// Read this data folder, without a server.
    #[arg(long, value_name = "FOLDER")]
    pub data: Option<PathBuf>,
    /// The control plane.
    #[arg(long, value_name = "URL", env = "AFTERIMAGE_CONTROL", default_value = "http://127.0.0.1:8081")]
    pub control: String,
    /// The API key.
    #[arg(
        long,
        value_name = "KEY",
        env = "AFTERIMAGE_API_KEY",
        hide_env_values = true,
        required_unless_present = "data"
    )]
    pub key: Option<String>,
}

/// `afterimage keys`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  afterimage keys create editor --role purge --role read --site shop --within local/2026
  afterimage keys create auditor --role read --expires 90d
  afterimage keys rotate editor --grace 24h
      The old secret stays good for a day.
  afterimage keys revoke editor")]
pub struct KeysArgs {
    /// What to do with them.
    #[command(subcommand)]
    pub command: KeysCommand,
    /// Print the server's answer.
    #[arg(long, global = true)]
    pub json: bool,
    /// The server.
    #[command(flatten)]
    pub connection: Connection,
}

/// What to do with keys.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// List them.
    List,
    /// Make one, and print it this once.
    Create {
        /// Its name; it stands in the purge log.
        name: String,
        /// What it may be used for.
        #[arg(long, required = true, value_parser = ["admin", "purge", "read"])]
        role: Vec<String>,
        /// Bind it to a site.
        #[arg(long)]
        site: Vec<String>,
        /// Bind it to a source, or a folder in one.
        #[arg(long, value_name = "SOURCE[/FOLDER]")]
        within: Vec<String>,
        /// When it ends: after 12h or 30d, or at 2030-01-31T12:00:00Z.
        #[arg(long, value_name = "TIME")]
        expires: Option<String>,
        /// Purges that it may ask for in a month.
        #[arg(long, value_name = "NUMBER")]
        monthly: Option<u64>,
    },
    /// Give one a new secret, and print it this once.
    Rotate {
        /// Its name.
        name: String,
        /// For how long the old secret stays good.
        #[arg(long, value_name = "TIME", default_value = "0s")]
        grace: String,
    },
    /// Refuse one from now on.
    Revoke {
        /// Its name.
        name: String,
    },
}
