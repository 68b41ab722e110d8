//! `[source.NAME]`.

use std::path::Path;
use std::time::Duration;

use origin::{HttpSettings, LocalSettings, ProxySettings};
use url::Url;

use crate::provenance::Home;
use crate::section::{Section, Trouble, text};
use crate::top::MASTER_SIZES;
use crate::tree::{Entry, Node, Value};
use crate::{Config, SourceConfig, SourceKind, keys};

const LONGEST_NAME: usize = 64;
/// Request headers that decide what is asked for or how the answer is framed.
const OWN_HEADERS: [&str; 8] = [
    "accept-encoding",
    "host",
    "range",
    "if-none-match",
    "if-modified-since",
    "content-length",
    "transfer-encoding",
    "connection",
];

const KINDS: &str = "there are \"local\" (a folder), \"http\" (a base) and \"proxy\" (any address on some hosts)";

/// All sources, in the order of the file. Those with something wrong are left out, and reported.
pub(crate) fn read(top: &Section<'_>, base: &Path, config: &Config) -> Vec<SourceConfig> {
    let Some(node) = top.node("source") else { return Vec::new() };
    let Value::Table(table) = &node.value else {
        let hint = "write [source.NAME] on a line of its own, and the settings below it";
        top.refuse("source", format!("`source` is {}, not a table", node.value.kind()), hint);
        return Vec::new();
    };
    table.0.iter().filter_map(|entry| source(top, entry, base, config)).collect()
}

fn source(top: &Section<'_>, entry: &Entry, base: &Path, config: &Config) -> Option<SourceConfig> {
    let title = format!("[source.{}]", entry.key);
    let Value::Table(table) = &entry.node.value else {
        let message = format!("`source.{}` is {}, not a table", entry.key, entry.node.value.kind());
        let hint = "every source has a name: write [source.NAME] on a line of its own, and the settings below it";
        top.report(&entry.key_place, Trouble::new(message, hint));
        return None;
    };
    if !is_name(&entry.key) {
        top.report(&entry.key_place, bad_name("source", &entry.key));
    }
    let section = |known| top.sibling(Home::Source(entry.key.clone()), &title, table, &entry.key_place, known);
    // Before the type is known, so is no key; a table without one is reported by its type alone.
    let kind = match table.get("type") {
        None => {
            let guess = if table.get("base").is_some() { "http" } else { "local" };
            let message = format!("{title} has no `type`");
            top.report(&entry.key_place, Trouble::new(message, format!("write type = \"{guess}\"")));
            return None;
        }
        Some(node) => kind(top, node)?,
    };
    let kind = match kind {
        "local" => SourceKind::Local(local(&section(keys::LOCAL), base, config)?),
        "proxy" => SourceKind::Proxy(proxy(&section(keys::PROXY), config)?),
        _ => SourceKind::Http(http(&section(keys::HTTP), config)?),
    };
    Some(SourceConfig { name: entry.key.clone(), kind })
}

fn kind(top: &Section<'_>, node: &Node) -> Option<&'static str> {
    let trouble = match text(node) {
        Ok("local") => return Some("local"),
        Ok("http") => return Some("http"),
        Ok("proxy") => return Some("proxy"),
        Ok("https") => Trouble::new("unknown type \"https\"", "write type = \"http\"; the base says https"),
        Ok(later @ ("s3" | "gcs" | "azure")) => {
            Trouble::new(format!("sources of type {later:?} are not built yet"), KINDS)
        }
        Ok(other) => Trouble::new(format!("unknown type {other:?}"), KINDS),
        Err(trouble) => trouble,
    };
    top.report(&node.place, trouble);
    None
}

fn local(section: &Section<'_>, base: &Path, config: &Config) -> Option<LocalSettings> {
    let max_bytes = max_bytes(section, config);
    if section.node("root").is_none() {
        section.missing("root", "write root = \"/path/to/pictures\"");
        return None;
    }
    let root = section.path("root", base)?;
    if !root.is_dir() {
        let why = if root.exists() { "is no folder" } else { "does not exist" };
        let shown = std::path::absolute(&root).unwrap_or_else(|_| root.clone());
        let in_file = section.node("root").filter(|node| !node.is_from_outside());
        let relative = in_file.and_then(|node| text(node).ok()).is_some_and(|written| Path::new(written).is_relative());
        let hint = if relative { "a relative path starts at the folder of this file" } else { "" };
        section.refuse("root", format!("the folder {} {why}", shown.display()), hint);
        return None;
    }
    Some(LocalSettings { max_bytes, ..LocalSettings::new(root) })
}

fn http(section: &Section<'_>, config: &Config) -> Option<HttpSettings> {
    if section.node("base").is_none() {
        section.missing("base", "write base = \"https://shop.example/media/\"");
    }
    let base = section.take("base", |node| {
        let written = text(node)?;
        // It may hold a password; what is wrong with it can be said without showing it.
        if written.contains('@') {
            section.hide(&node.place);
        }
        read_base(written)
    });
    let default = HttpSettings::new(base.clone().or_else(|| Url::parse("http://invalid/").ok())?);
    let settings = HttpSettings {
        headers: headers(section),
        invalidation: section.truth("invalidation", default.invalidation),
        ..asking(section, default, config)
    };
    base.map(|_| settings)
}

/// `hosts` and how they are asked.
fn proxy(section: &Section<'_>, config: &Config) -> Option<ProxySettings> {
    let hint =
        "write hosts = [\"shop.example\"], each with all that lies below it, or hosts = [\"*\"] for the whole web";
    if section.node("hosts").is_none() {
        section.missing("hosts", hint);
        return None;
    }
    let mut hosts = Vec::new();
    for (written, place) in section.texts("hosts")? {
        let good = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
        if written == "*" || (!written.is_empty() && written.bytes().all(good) && !written.starts_with('.')) {
            hosts.push(written.to_ascii_lowercase());
        } else {
            section.report(place, Trouble::new(format!("{written:?} is no host name"), hint));
        }
    }
    if hosts.is_empty() {
        section.refuse("hosts", "`hosts` is empty, so nothing would be found", hint);
    }
    let default = ProxySettings::new(hosts)?;
    let https_only = section.truth("https_only", default.https_only);
    Some(ProxySettings { https_only, http: asking(section, default.http, config), hosts: default.hosts })
}

/// How a web server is asked.
fn asking(section: &Section<'_>, default: HttpSettings, config: &Config) -> HttpSettings {
    let timeouts = Duration::from_millis(100)..=Duration::from_secs(3600);
    HttpSettings {
        allow_private: section.truth("allow_private", default.allow_private),
        connect_timeout: section.time("connect_timeout", default.connect_timeout, timeouts.clone()),
        read_timeout: section.time("read_timeout", default.read_timeout, timeouts.clone()),
        total_timeout: section.time("total_timeout", default.total_timeout, timeouts),
        max_bytes: max_bytes(section, config),
        max_redirects: u8::try_from(section.integer("max_redirects", u64::from(default.max_redirects), 0..=20))
            .unwrap_or(default.max_redirects),
        no_cache: section.truth("no_cache", default.no_cache),
        user_agent: user_agent(section, &default.user_agent),
        ..default
    }
}

fn user_agent(section: &Section<'_>, default: &str) -> String {
    section.falls_back("user_agent", default);
    let given = section.take("user_agent", |node| header_value(text(node)?).map(str::to_owned));
    given.unwrap_or_else(|| default.to_owned())
}

fn read_base(written: &str) -> Result<Url, Trouble> {
    let example = "write an address such as \"https://shop.example/media/\"";
    let Ok(url) = Url::parse(written) else { return Err(Trouble::new("is no URL", example)) };
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Trouble::new("the base must begin with http:// or https://", example));
    }
    if !url.username().is_empty() || url.password().is_some() {
        let hint = "put them in the source's headers: headers = { Authorization = \"Basic ...\" }";
        return Err(Trouble::new("user and password do not belong in the base", hint));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(Trouble::new("the base has a query or a fragment", "end it with a path, such as /media/"));
    }
    Ok(url)
}

fn headers(section: &Section<'_>) -> Vec<(String, String)> {
    let Some(node) = section.node("headers") else { return Vec::new() };
    let Value::Table(table) = &node.value else {
        let hint = "write headers = { Authorization = \"Bearer ...\" }";
        section.refuse("headers", format!("`headers` is {}, not a table", node.value.kind()), hint);
        return Vec::new();
    };
    let mut headers: Vec<(String, String)> = Vec::new();
    for Entry { key, key_place, node } in &table.0 {
        if !is_token(key) {
            section.report(key_place, Trouble::new(format!("{key:?} is no name of a header"), ""));
        } else if OWN_HEADERS.contains(&key.to_ascii_lowercase().as_str()) {
            let message = format!("the header {key} is set by Afterimage itself");
            section.report(key_place, Trouble::new(message, "remove it"));
        } else if headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(key)) {
            section.report(key_place, Trouble::new(format!("the header {key} is set twice"), "case does not count"));
        }
        match text(node).and_then(header_value) {
            Ok(value) => headers.push((key.clone(), value.to_owned())),
            Err(trouble) => {
                let message = format!("the value of {key} {}", trouble.message);
                section.report(&node.place, Trouble { message, ..trouble });
            }
        }
    }
    headers
}

fn max_bytes(section: &Section<'_>, config: &Config) -> u64 {
    let most = config.limits.budget.input_bytes;
    let bytes = section.size("max_bytes", most, MASTER_SIZES);
    if bytes > most {
        let most = crate::units::show_size(most);
        let message = format!("`max_bytes` is more than limits.input_bytes ({most}), beyond which nothing is read");
        section.refuse("max_bytes", message, "lower this, or raise input_bytes in [limits]");
    }
    bytes
}

/// Whether a source or site may be called so: it stands in URLs and in purges.
pub(crate) fn is_name(name: &str) -> bool {
    name.len() <= LONGEST_NAME
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
        && name.as_bytes().first().is_some_and(u8::is_ascii_alphanumeric)
}

pub(crate) fn bad_name(what: &str, name: &str) -> Trouble {
    let hint = format!("letters, digits, _ and -, beginning with a letter or digit; {LONGEST_NAME} at most");
    Trouble::new(format!("{name:?} is no name for a {what}"), hint)
}

/// RFC 9110, section 5.6.2.
fn is_token(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

fn header_value(value: &str) -> Result<&str, Trouble> {
    let fits = |b: u8| b == b'\t' || (b' '..=b'~').contains(&b);
    if !value.is_empty() && value.bytes().all(fits) && value.trim() == value {
        return Ok(value);
    }
    Err(Trouble::new("is no value for a header", "printable ASCII, without spaces at its ends"))
}
