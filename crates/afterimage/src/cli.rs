//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use engine::DialectKind;

use crate::client::args::{
    AuditArgs, ExplainArgs, KeysArgs, PurgeArgs, PurgesArgs, TakedownsArgs, WarmArgs, WarmupsArgs,
};

/// A self-hosted image CDN that leaves no stale picture behind.
#[derive(Debug, Parser)]
#[command(name = "afterimage", version, about, max_term_width = 110)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve pictures.
    Serve(ServeArgs),
    /// Make pictures disappear from a running server.
    Purge(Box<PurgeArgs>),
    /// List the purges of a running server, or show one.
    Purges(PurgesArgs),
    /// Tell why a running server answers a URL as it does.
    Explain(ExplainArgs),
    /// Make pictures ahead, before anybody asks for them.
    Warm(Box<WarmArgs>),
    /// List warm-ups, or cancel one.
    Warmups(WarmupsArgs),
    /// List takedowns, or lift one.
    Takedowns(TakedownsArgs),
    /// Check or export the audit trail.
    Audit(AuditArgs),
    /// List, make, rotate and revoke API keys.
    Keys(KeysArgs),
    /// Transform picture files in a shell, with the renderer that the server has.
    Render(Box<RenderArgs>),
    /// Read a URL of one dialect, spell it in the others, sign it, or check its signature.
    Url(Box<UrlArgs>),
    /// Fetch a picture from a vendor and from here, and tell how they differ.
    Compare(Box<CompareArgs>),
    /// Read a configuration file and report everything that is wrong with it.
    CheckConfig(CheckArgs),
    /// Decode for the process that started this one, which holds the other end of its standard input.
    #[command(hide = true, name = "decoder-worker")]
    DecoderWorker(WorkerArgs),
}

/// `afterimage decoder-worker`.
#[derive(Debug, Args)]
pub struct WorkerArgs {
    /// Address space, in bytes.
    pub memory: u64,
}

/// `afterimage serve`.
#[derive(Debug, Args)]
#[command(override_usage = "afterimage serve <FOLDER> [OPTIONS]\n       afterimage serve --config <FILE> [OPTIONS]")]
#[command(after_help = "\
Examples:
  afterimage serve ./photos
      Serve a folder with no configuration: all four dialects, on this machine only.
  afterimage serve ./photos --listen 127.0.0.1:9080 --control 127.0.0.1:9081 --data /var/lib/afterimage
  afterimage serve --config afterimage.toml

The first API key comes from AFTERIMAGE_API_KEY, which stays valid while it is set; without it, one is made and printed
once. Settings may be overridden by variables such as AFTERIMAGE__CACHE__DISK=20GiB.")]
pub struct ServeArgs {
    /// Folder of master pictures; serves it without a configuration file.
    #[arg(required_unless_present = "config", conflicts_with = "config")]
    pub folder: Option<PathBuf>,
    /// Configuration file (TOML).
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Address of the delivery plane, which serves pictures.
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<String>,
    /// Address of the control plane: purge APIs and metrics. Keep it private.
    #[arg(long, value_name = "ADDRESS")]
    pub control: Option<String>,
    /// Data folder: purge log, keys, cached pictures.
    #[arg(long, value_name = "FOLDER")]
    pub data: Option<PathBuf>,
}

/// `afterimage check-config`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// The file.
    pub file: PathBuf,
}

/// `afterimage url`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  afterimage url imgix '/cat.jpg?w=300&h=200&fit=crop&fm=jpg'
      What it means, and how the other dialects say it.
  afterimage url imagekit /tr:w-300,h-200/cat.jpg --to imgix
  afterimage url imgix '/cat.jpg?w=300' --sign --secret-file imgix.secret
  afterimage url imagekit /tr:w-300/cat.jpg --sign --secret-file private.key --expires 1h
      Signed as the vendor's clients sign. --expires takes 30s, 10m, 1h, 7d from now, or seconds since 1970.
  afterimage url imgix 'https://img.example/cat.jpg?w=300&s=...' --verify --config afterimage.toml --site shop
      Whether a signature is right. Where it is not, the text that should have been hashed is shown; secrets never are.
  afterimage url imgix --list
      The parameters of a dialect, and how far each is served.
  afterimage url imgix --list --json

Exit status: 0 done; 1 not understood, not expressible, or a signature that is missing, wrong or past its end; 2 the command
could not be understood.")]
pub struct UrlArgs {
    /// The dialect that the URL is written in.
    #[arg(value_enum)]
    pub dialect: DialectName,
    /// The URL: path and query below the site's prefix, or all of it with scheme and host.
    #[arg(required_unless_present = "list")]
    pub target: Option<String>,
    /// Print only the URL in this dialect.
    #[arg(long, value_enum, value_name = "DIALECT", conflicts_with_all = ["sign", "verify"])]
    pub to: Option<DialectName>,
    /// The source to name in dialects whose URLs name it [default: the site's first, else local].
    #[arg(long)]
    pub source: Option<String>,
    /// List the dialect's parameters instead.
    #[arg(long)]
    pub list: bool,
    /// Sign the URL.
    #[arg(long, conflicts_with_all = ["list", "verify"])]
    pub sign: bool,
    /// Check the URL's signature.
    #[arg(long, conflicts_with = "list")]
    pub verify: bool,
    /// File with a signing secret; may be given again. The first signs, any verifies.
    #[arg(long, value_name = "FILE", conflicts_with = "site")]
    pub secret_file: Vec<PathBuf>,
    /// When a signed URL ends, for dialects that sign that too.
    #[arg(long, value_name = "WHEN", requires = "sign", value_parser = crate::url::when)]
    pub expires: Option<u64>,
    /// Cloudimage: seal the parameters instead of signing the URL.
    #[arg(long, conflicts_with = "site")]
    pub seal: bool,
    /// Configuration file with the site whose settings and secrets to use.
    #[arg(long, value_name = "FILE", requires = "site")]
    pub config: Option<PathBuf>,
    /// The site's name in it.
    #[arg(long, value_name = "NAME", requires = "config")]
    pub site: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// `afterimage compare`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  afterimage compare --vendor-url 'https://shop.imgix.net/cat.jpg?w=400&auto=format' \\
                     --ours 'https://img.shop.example/cat.jpg?w=400&auto=format'
  afterimage compare --pairs urls.txt --json > report.json
      Two URLs on each line, the vendor's first; lines that begin with # are passed over.
  afterimage compare --pairs urls.txt --resolve img.shop.example=203.0.113.7
      Before DNS is changed. --resolve HOST=ADDRESS:PORT for another port.

Each pair is fetched three times, as by browsers that take no modern format, WebP, and AVIF. Two answers are alike if status
and media type are equal, the sides of the pictures differ by a pixel at most, and SSIMULACRA2 gives the one beside the other
--likeness points or more: 90 is hardly told apart, 70 good, 50 fair. Two encoders at the same settings are often 60 to 80
points apart. Bytes and headers are told, and do not count.

Exit status: 0 alike, 1 something differs, 2 something could not be fetched, read or understood.")]
pub struct CompareArgs {
    /// The vendor's URL.
    #[arg(long, value_name = "URL", requires = "ours", required_unless_present = "pairs")]
    pub vendor_url: Option<String>,
    /// Ours, of the same picture.
    #[arg(long, value_name = "URL", requires = "vendor_url")]
    pub ours: Option<String>,
    /// File with two URLs on each line; - for standard input.
    #[arg(long, value_name = "FILE", conflicts_with = "vendor_url")]
    pub pairs: Option<PathBuf>,
    /// The least points of SSIMULACRA2 at which pictures are alike.
    #[arg(long, value_name = "POINTS", default_value_t = 60.0, allow_negative_numbers = true)]
    pub likeness: f64,
    /// The clients to ask as; may be given again.
    #[arg(long, value_enum, value_name = "CLASS")]
    pub accept: Vec<ClientClass>,
    /// Address that a host has for this command: HOST=ADDRESS, or HOST=ADDRESS:PORT; may be given again.
    #[arg(long, value_name = "HOST=ADDRESS", value_parser = crate::compare::resolve)]
    pub resolve: Vec<(String, std::net::SocketAddr)>,
    /// PEM file with authorities to trust beside the system's.
    #[arg(long, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
    /// Longest time for one answer, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub timeout: u64,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// What a client says that it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ClientClass {
    /// Neither WebP nor AVIF.
    Basic,
    /// WebP.
    Webp,
    /// AVIF, and WebP.
    Avif,
}

/// `afterimage render`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  afterimage render cat.jpg cat.webp --plan 'orient:exif|resize:800x600,cover,at=attention' --quality 75
  afterimage render cat.jpg small.jpg --url '/cat.jpg?w=400&h=300&fit=crop&sharp=20'
  afterimage render cat.jpg out.png --dialect imagekit --url '/tr:w-300,r-max/cat.jpg'
  afterimage render ./photos ./thumbs --plan 'orient:exif|resize:320x-' --format webp
      Every picture in a folder and below.
  curl -s https://example.com/cat.jpg | afterimage render - - --plan 'blur:8' --format avif > cat.avif

A plan is a list of stages, split by |. `afterimage url imgix '/cat.jpg?w=400&sepia=80'` prints what a URL means as a plan.
With a plan, the output's name or --format says the format; with a URL, the URL does, unless --format is given.
Exit status: 0 all done, 1 something failed, 2 the command could not be understood.")]
pub struct RenderArgs {
    /// A picture, a folder of pictures, or - for standard input.
    pub input: PathBuf,
    /// The file or folder to write, or - for standard output.
    pub output: PathBuf,
    /// What to do: stages split by |.
    #[arg(long, value_name = "STAGES", conflicts_with = "url")]
    pub plan: Option<String>,
    /// What to do: a URL's path and query, in the words of --dialect. The picture that it names is the input.
    #[arg(long, value_name = "TARGET", required_unless_present = "plan")]
    pub url: Option<String>,
    /// The dialect of --url.
    #[arg(long, value_enum, default_value = "imgix")]
    pub dialect: DialectName,
    /// The Accept header to choose a format by, where --url leaves the choice to the client.
    #[arg(long, value_name = "HEADER", default_value = "*/*")]
    pub accept: String,
    /// Format of the output: jpeg, png, webp, avif or gif.
    #[arg(long, value_parser = format_name)]
    pub format: Option<plan::Format>,
    /// Quality of JPEG, WebP and AVIF.
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=100))]
    pub quality: Option<u8>,
    /// Bits of a sample: 8, or 16 for as many as the picture has, up to 16 in PNG and 10 in AVIF.
    #[arg(long, value_name = "BITS", value_parser = depth)]
    pub depth: Option<plan::Depth>,
    /// Folder in which overlays' paths are looked up; else the input's own.
    #[arg(long, value_name = "FOLDER")]
    pub pictures: Option<PathBuf>,
    /// Folder of fonts for texts, beside the built-in ones; may be given again.
    #[arg(long, value_name = "FOLDER")]
    pub fonts: Vec<PathBuf>,
    /// Pictures rendered at once, of a folder; else as many as there are processors.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub jobs: Option<u16>,
    /// Say nothing but errors.
    #[arg(long, short)]
    pub quiet: bool,
}

fn depth(bits: &str) -> Result<plan::Depth, String> {
    match bits {
        "8" => Ok(plan::Depth::Eight),
        "16" => Ok(plan::Depth::Sixteen),
        _ => Err("samples have 8 bits or 16".to_owned()),
    }
}

fn format_name(name: &str) -> Result<plan::Format, String> {
    plan::Format::from_name(name)
        .ok_or_else(|| format!("formats are {}", plan::Format::ALL.map(plan::Format::name).join(", ")))
}

/// A dialect, as an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs)]
pub enum DialectName {
    Imgix,
    Imagekit,
    Cloudimage,
    Imageboss,
}

impl From<DialectName> for DialectKind {
    fn from(name: DialectName) -> DialectKind {
        match name {
            DialectName::Imgix => DialectKind::Imgix,
            DialectName::Imagekit => DialectKind::Imagekit,
            DialectName::Cloudimage => DialectKind::Cloudimage,
            DialectName::Imageboss => DialectKind::Imageboss,
        }
    }
}
