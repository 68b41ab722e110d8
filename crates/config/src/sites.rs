//! `[[site]]`.

use std::path::Path;

use engine::{DialectKind, Site, TagRule};
use plan::Tag;

use crate::language;
use crate::nearest::nearest;
use crate::provenance::Home;
use crate::section::{Section, Trouble, quoted, text};
use crate::sources::{bad_name, is_name};
use crate::top::{BROWSER_TIMES, EDGE_TIMES};
use crate::tree::{Node, Place, Table, Value};
use crate::{Config, keys};

/// The words that stand where ImageBoss's URLs name a source or what is done to a picture of it.
const IMAGEBOSS_OPERATIONS: [&str; 5] = ["cdn", "width", "height", "cover", "contain"];

/// A site with the places that checks across sites point at.
struct Placed {
    site: Site,
    /// Whether nothing is wrong with it. What a faulty site answers to is not known.
    sound: bool,
    name: Place,
    prefix: Place,
}

/// All sites, in the order of the file. What is wrong with them is reported.
pub(crate) fn read(top: &Section<'_>, base: &Path, config: &Config) -> Vec<Site> {
    let hint = "write [[site]] on a line of its own, and its settings below it";
    let items = match top.node("site").map(|node| (&node.value, node)) {
        Some((Value::List(items), _)) => items.as_slice(),
        Some((other, _)) => {
            let message = format!("`site` is {}, but there may be several: [[site]], not [site]", other.kind());
            top.refuse("site", message, hint);
            return Vec::new();
        }
        None => &[],
    };
    if items.is_empty() {
        top.refuse("site", "there is no [[site]], so nothing would be served", hint);
    }
    // A source with something wrong exists nevertheless.
    let sources: Vec<&str> = match top.node("source").map(|node| &node.value) {
        Some(Value::Table(table)) => table.0.iter().map(|entry| entry.key.as_str()).collect(),
        _ => Vec::new(),
    };
    let mut placed: Vec<Placed> = Vec::new();
    for (number, item) in items.iter().enumerate() {
        let Value::Table(table) = &item.value else {
            let message = format!("a site is a table, not {}", item.value.kind());
            top.report(&item.place, Trouble::new(message, hint));
            continue;
        };
        let site = read_site(top, (number, table, &item.place), &sources, base, config);
        compare(top, &placed, &site);
        placed.push(site);
    }
    placed.into_iter().map(|placed| placed.site).collect()
}

fn read_site(
    top: &Section<'_>,
    (number, table, place): (usize, &Table, &Place),
    known_sources: &[&str],
    base: &Path,
    config: &Config,
) -> Placed {
    let complaints = top.complaints();
    let title = match table.get("name").map(|node| &node.value) {
        Some(Value::Text(name)) => format!("[[site]] {name:?}"),
        _ => "[[site]]".to_owned(),
    };
    let section = &top.sibling(Home::Site(number), &title, table, place, keys::SITE);
    let name = name(section);
    let passthrough = section.choice("kind", &["pictures", "passthrough"], "pictures") == Some("passthrough");
    let dialect = dialect(section, passthrough);
    let unsafe_methods = section.truth("unsafe_methods", false);
    if unsafe_methods && !passthrough {
        let message = "`unsafe_methods` has a meaning in sites of kind \"passthrough\" only";
        section.refuse("unsafe_methods", message, "remove it, or write kind = \"passthrough\"");
    }
    let prefix = prefix(section).unwrap_or_else(|| "/".to_owned());
    section.comes_to("prefix", &prefix);
    let sources = sources(section, known_sources, dialect);
    let hosts = hosts(section);
    let side = config.limits.budget.output_side;
    let max_side = u32::try_from(section.integer("max_side", u64::from(side), 1..=65_535)).unwrap_or(side);
    if max_side > side {
        let message = format!("`max_side` is more than limits.output_side ({side}), beyond which nothing is made");
        section.refuse("max_side", message, "lower this, or raise output_side in [limits]");
    }
    let endpoint = endpoint(section, dialect);
    if dialect == Some(DialectKind::Imgix) && section.node("auto_format").is_some() {
        let message = "`auto_format` has no effect with imgix, whose URLs ask by auto=format";
        section.refuse("auto_format", message, "remove it");
    }
    if dialect.is_some_and(|dialect| dialect != DialectKind::Imagekit) && section.node("save_data").is_some() {
        let message = "`save_data` has an effect with imagekit only; URLs of imgix ask by ch=Save-Data";
        section.refuse("save_data", message, "remove it");
    }
    // All keys are read, and complained about, even where the site cannot come to be.
    let fresh = Site::new("", dialect.unwrap_or(DialectKind::Imgix), "/", Vec::new());
    let mut grammar = dialect::Settings {
        max_side,
        default_source: sources.first().cloned().unwrap_or_default(),
        endpoint,
        auto_format: section.truth("auto_format", fresh.grammar.auto_format),
        avif: section.truth("avif", fresh.grammar.avif),
        save_data: section.truth("save_data", fresh.grammar.save_data),
        ..fresh.grammar.clone()
    };
    language::read(section, dialect, &mut grammar);
    let site = Site {
        name: name.unwrap_or_default(),
        hosts,
        prefix,
        grammar,
        signing: language::signing(section, dialect, base),
        missing: language::missing(section),
        vendor_purges: section.truth("vendor_purges", fresh.vendor_purges),
        sources,
        browser_time: section.time("browser_time", config.browser_time, BROWSER_TIMES),
        edge_time: section.time("edge_time", config.edge_time, EDGE_TIMES),
        strict: section.truth("strict", fresh.strict),
        // What passes through is in no vendor's language.
        vendor_headers: section.truth("vendor_headers", fresh.vendor_headers) && !passthrough,
        vendor_errors: section.truth("vendor_errors", fresh.vendor_errors) && !passthrough,
        tags: tags(top, section, &title),
        passthrough,
        unsafe_methods,
        beacon: section.truth("beacon", fresh.beacon),
        ..fresh
    };
    Placed { sound: top.complaints() == complaints, site, name: section.place("name"), prefix: section.place("prefix") }
}

/// `tags = [{ paths = "summer/**", tags = ["summer"] }]`.
fn tags(top: &Section<'_>, section: &Section<'_>, title: &str) -> Vec<TagRule> {
    let hint = "write tags = [{ paths = \"summer/**\", tags = [\"summer\"] }]";
    section.falls_back("tags", "[]");
    let items = match section.node("tags").map(|node| &node.value) {
        Some(Value::List(items)) => items.as_slice(),
        Some(other) => {
            section.refuse("tags", format!("`tags` is {}, not a list of rules", other.kind()), hint);
            return Vec::new();
        }
        None => &[],
    };
    items.iter().filter_map(|item| tag_rule(top, item, title, hint)).collect()
}

fn tag_rule(top: &Section<'_>, item: &Node, title: &str, hint: &str) -> Option<TagRule> {
    let Value::Table(table) = &item.value else {
        let message = format!("a rule for tags is a table, not {}", item.value.kind());
        top.report(&item.place, Trouble::new(message, hint));
        return None;
    };
    let rule = top.sibling(Home::Part, &format!("{title} tags"), table, &item.place, keys::TAGS);
    for key in keys::TAGS {
        if rule.node(key).is_none() {
            rule.missing(key, hint);
        }
    }
    let paths = rule.text("paths");
    let mut tags = Vec::new();
    for (text, place) in rule.texts("tags").unwrap_or_default() {
        match Tag::given(text) {
            Some(tag) => tags.push(tag),
            None => {
                let message = format!("{text:?} cannot be a tag");
                let hint = "no spaces, no commas, and none of format:, preset:, status:, dialect:, engine:";
                rule.report(place, Trouble::new(message, hint));
            }
        }
    }
    match TagRule::new(&paths?, tags) {
        Ok(rule) => Some(rule),
        Err(bad) => {
            rule.refuse("paths", bad.to_string(), "? is one character, * any within a folder, ** any folders");
            None
        }
    }
}

fn name(section: &Section<'_>) -> Option<String> {
    if section.node("name").is_none() {
        section.missing("name", "write name = \"shop\"; logs and keys call the site so");
    }
    let name = section.text("name")?;
    if !is_name(&name) {
        section.report(&section.place("name"), bad_name("site", &name));
    }
    Some(name)
}

/// A pass-through site needs none.
fn dialect(section: &Section<'_>, passthrough: bool) -> Option<DialectKind> {
    let words = DialectKind::ALL.map(DialectKind::name);
    if section.node("dialect").is_none() && !passthrough {
        section.missing("dialect", &format!("allowed: {}", quoted(&words)));
    }
    section.maybe_choice("dialect", &words).and_then(DialectKind::from_name)
}

/// The prefix without a slash at its end, unless it is nothing else. It is compared with raw paths, so it must be written
/// as they are.
fn prefix(section: &Section<'_>) -> Option<String> {
    section.take("prefix", |node| {
        let written = text(node)?;
        if !written.starts_with('/') {
            let hint = format!("write \"/{written}\"");
            return Err(Trouble::new(format!("{written:?} does not begin with a slash"), hint));
        }
        if let Some(bad) = written.chars().find(|c| !c.is_ascii_graphic() || "?#\"<>\\^`{|}".contains(*c)) {
            let hint = match bad {
                '?' | '#' => "a prefix ends before the query",
                _ => "write it percent-encoded, as it stands in URLs",
            };
            return Err(Trouble::new(format!("{bad:?} cannot stand in the path of a URL"), hint));
        }
        let trimmed = written.trim_end_matches('/');
        if trimmed.split('/').skip(1).any(|segment| matches!(segment, "" | "." | "..")) {
            return Err(Trouble::new("empty segments, `.` and `..` never match", "write it without them"));
        }
        Ok(if trimmed.is_empty() { "/".to_owned() } else { trimmed.to_owned() })
    })
}

fn sources(section: &Section<'_>, known: &[&str], dialect: Option<DialectKind>) -> Vec<String> {
    let hint = match known {
        [] => "there is no [source.NAME] yet".to_owned(),
        known => format!("write sources = [{}]", quoted(&known[..1])),
    };
    if section.node("sources").is_none() {
        section.missing("sources", &hint);
        return Vec::new();
    }
    let Some(texts) = section.texts("sources") else { return Vec::new() };
    if matches!(section.node("sources").map(|node| &node.value), Some(Value::List(items)) if items.is_empty()) {
        section.refuse("sources", "`sources` is empty, so nothing would be found", hint.as_str());
    }
    let mut sources: Vec<String> = Vec::new();
    for (name, place) in texts {
        if !known.contains(&name) {
            let hint = match nearest(name, known.iter().copied()) {
                Some(near) => format!("did you mean {near:?}?"),
                None if known.is_empty() => hint.clone(),
                None => format!("there are {}", quoted(known)),
            };
            section.report(place, Trouble::new(format!("there is no source {name:?}"), hint));
        } else if sources.iter().any(|other| other == name) {
            section.report(place, Trouble::new(format!("the source {name:?} is named twice"), "remove one"));
        } else if dialect == Some(DialectKind::Imageboss) && IMAGEBOSS_OPERATIONS.contains(&name) {
            let message = format!("in an imageboss site, {name:?} is an operation and cannot be a source");
            section.report(place, Trouble::new(message, "give the source another name"));
        } else {
            sources.push(name.to_owned());
        }
    }
    sources
}

/// Hosts in lower case.
fn hosts(section: &Section<'_>) -> Vec<String> {
    let mut hosts: Vec<String> = Vec::new();
    if section.node("hosts").is_none() {
        section.falls_back("hosts", "[]");
        return hosts;
    }
    for (written, place) in section.texts("hosts").unwrap_or_default() {
        match host(written) {
            Err(trouble) => section.report(place, trouble),
            Ok(host) if hosts.contains(&host) => {
                section.report(place, Trouble::new(format!("the host {host:?} is named twice"), "remove one"));
            }
            Ok(host) => hosts.push(host),
        }
    }
    hosts
}

pub(crate) fn host(written: &str) -> Result<String, Trouble> {
    let bad = |hint: &str| Err(Trouble::new(format!("{written:?} is no host name"), hint));
    if written.contains('*') {
        return bad("name each host; a site without `hosts` answers to all");
    }
    if let Some((_, rest)) = written.split_once("://") {
        return bad(&format!("write it without scheme: {:?}", rest.trim_end_matches('/')));
    }
    if written.contains('/') {
        return bad("a path belongs in `prefix`");
    }
    let bracketed = written.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    if let Some(address) = bracketed {
        return match address.parse::<std::net::Ipv6Addr>() {
            Ok(_) => Ok(written.to_ascii_lowercase()),
            Err(_) => bad("an IPv6 address stands in brackets, such as \"[::1]\""),
        };
    }
    if let Some((name, port)) = written.rsplit_once(':') {
        if name.contains(':') && !name.ends_with(']') {
            return bad("an IPv6 address stands in brackets, such as \"[::1]\"");
        }
        return if port.bytes().all(|b| b.is_ascii_digit()) {
            bad(&format!("write it without port: {name:?}"))
        } else {
            bad("letters, digits, - and dots")
        };
    }
    if !written.is_ascii() {
        return bad("write it in its ASCII form, which begins with xn--");
    }
    let label = |label: &str| {
        (1..=63).contains(&label.len()) && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    if written.len() > 253 || !written.split('.').all(label) {
        return bad("letters, digits, - and dots, such as \"img.example\"");
    }
    Ok(written.to_ascii_lowercase())
}

/// ImageKit's account id and endpoint, without slashes at the ends.
fn endpoint(section: &Section<'_>, dialect: Option<DialectKind>) -> String {
    section.falls_back("endpoint", "");
    let Some(written) = section.text("endpoint") else { return String::new() };
    let endpoint = written.trim_matches('/');
    if !endpoint.is_empty() && dialect.is_some_and(|dialect| dialect != DialectKind::Imagekit) {
        section.refuse("endpoint", "`endpoint` has a meaning in imagekit sites only", "remove it, or use `prefix`");
    }
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.~/".contains(&b);
    if !endpoint.bytes().all(plain) || endpoint.contains("//") {
        let hint = "write what stands first in the path of your URLs, such as \"your_id\" or \"your_id/shop\"";
        section.refuse("endpoint", format!("`endpoint`: {written:?} is no path"), hint);
    }
    endpoint.to_owned()
}

/// Holds a site against those before it.
fn compare(top: &Section<'_>, others: &[Placed], new: &Placed) {
    for other in others {
        if other.site.name == new.site.name && !new.site.name.is_empty() {
            let message = format!("there is another site {:?}", new.site.name);
            top.report(&new.name, Trouble::new(message, "give each a name of its own"));
        }
        if !other.sound || !new.sound || other.site.prefix != new.site.prefix {
            continue;
        }
        let (a, b) = (&other.site.hosts, &new.site.hosts);
        let shared = match (a.is_empty(), b.is_empty()) {
            (true, true) => Some("any host".to_owned()),
            _ => b.iter().find(|host| a.contains(host)).map(|host| format!("host {host:?}")),
        };
        if let Some(shared) = shared {
            let message = format!(
                "site {:?} answers to {shared} and prefix {:?} already, so {:?} would never be asked",
                other.site.name, new.site.prefix, new.site.name
            );
            top.report(&new.prefix, Trouble::new(message, "change `hosts` or `prefix` of one of them"));
        }
    }
}
