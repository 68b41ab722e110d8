//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use engine::DialectKind;

use crate::client::args::{AuditArgs, KeysArgs, PurgeArgs, PurgesArgs, TakedownsArgs, WarmArgs, WarmupsArgs};

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
    /// Read a URL of one dialect, and spell it in the others.
    Url(UrlArgs),
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
  afterimage url imagekit /tr:w-300,h-200/cat.jpg --to imgix
  afterimage url imgix --list
      The parameters of a dialect.")]
pub struct UrlArgs {
    /// The dialect that the URL is written in.
    #[arg(value_enum)]
    pub dialect: DialectName,
    /// The URL's path and query below the site's prefix.
    #[arg(required_unless_present = "list")]
    pub target: Option<String>,
    /// Print only the URL in this dialect.
    #[arg(long, value_enum, value_name = "DIALECT")]
    pub to: Option<DialectName>,
    /// The source to name in dialects whose URLs name it.
    #[arg(long, default_value = "local")]
    pub source: String,
    /// List the dialect's parameters instead.
    #[arg(long)]
    pub list: bool,
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
