//! What `afterimage serve` prints once it answers: addresses, and for each site a URL to click.

use std::path::Path;

use config::{Config, SourceConfig, SourceKind};
use dialect::{Policy, Target};
use engine::{DialectKind, Site};

use crate::serve::say;
use crate::wire::Server;

/// What is printed once the server answers.
pub(crate) struct Summary {
    sites: Vec<(DialectKind, String, String)>,
    data: String,
}

impl Summary {
    pub(crate) fn of(config: &Config) -> Summary {
        let sites = config.sites.iter().map(|site| {
            let host = site.hosts.first().cloned().unwrap_or_default();
            let target = target(site, &config.sources).unwrap_or_else(|| "/...".to_owned());
            (site.dialect, host, format!("{}{target}", site.prefix.trim_end_matches('/')))
        });
        Summary { sites: sites.collect(), data: config.data.display().to_string() }
    }

    pub(crate) fn print(&self, server: &Server, has_environment_key: bool) {
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

/// What to ask a site for, below its prefix: a picture of its first folder that has one, signed where that is asked for.
fn target(site: &Site, sources: &[SourceConfig]) -> Option<String> {
    let (source, picture) = site.sources.iter().find_map(|name| {
        let source = sources.iter().find(|source| source.name == *name)?;
        match &source.kind {
            SourceKind::Local(settings) => Some((name, some_picture(&settings.root)?)),
            SourceKind::Http(_) | SourceKind::Proxy(_) => None,
        }
    })?;
    if site.passthrough {
        return Some(format!("/{picture}"));
    }
    let target = example(site, source, &picture)?;
    let grammar = site.dialect.grammar();
    grammar.parse(Target::new(&target), &site.grammar).ok()?;
    match site.signing.policy {
        Policy::Required => grammar.sign(&target, &site.grammar, &site.signing, None).ok(),
        Policy::Off | Policy::Optional => Some(target),
    }
}

/// A URL in a site's dialect, below its prefix; `None` where only presets are served, and none is there.
fn example(site: &Site, source: &str, picture: &str) -> Option<String> {
    let settings = &site.grammar;
    if settings.presets_only {
        let (name, _) = settings.presets.iter().find(|(_, preset)| preset.enabled)?;
        return Some(site.dialect.preset_target(name, source, picture, settings));
    }
    Some(match site.dialect {
        DialectKind::Imgix => format!("/{picture}?w=600&h=400&fit=crop"),
        DialectKind::Imagekit => format!("/{}/tr:w-600,h-400/{picture}", settings.endpoint).replace("//", "/"),
        DialectKind::Cloudimage => format!("/{picture}?w=600&h=400"),
        DialectKind::Imageboss => format!("/{source}/cover:center/600x400/{picture}"),
    })
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
