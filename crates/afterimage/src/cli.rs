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
    /// Read a URL of one dialect, and spell it in the others.
    Url(UrlArgs),
    /// Read a configuration file and report everything that is wrong with it.
    CheckConfig(CheckArgs),
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
