//! What a `[[site]]` adds to its dialect's grammar, and how its URLs are signed.

use std::collections::BTreeMap;
use std::path::Path;

use dialect::{Alias, Policy, Preset, Rule, Secret, Signing};
use engine::{DialectKind, Missing};
use plan::Asset;

use crate::keys;
use crate::provenance::Home;
use crate::section::{Section, Trouble, path, text};
use crate::tree::{Node, Table, Value};

/// The fewest characters of a secret.
const SHORTEST_SECRET: usize = 6;
/// The largest file that is read as a secret.
const LARGEST_SECRET: u64 = 4096;

/// Reads what is there into `grammar`; what its dialect has no use for is refused.
pub(crate) fn read(section: &Section<'_>, dialect: Option<DialectKind>, grammar: &mut dialect::Settings) {
    use DialectKind::{Cloudimage, Imageboss, Imagekit, Imgix};
    only(section, "lenient", dialect, &[Imagekit], "the other dialects pass over what they do not know anyway");
    only(section, "defaults", dialect, &[Imgix, Cloudimage], "only imgix and cloudimage have default parameters");
    only(section, "aliases", dialect, &[Cloudimage], "only cloudimage has aliases");
    only(section, "rules", dialect, &[Cloudimage], "only cloudimage has rules");
    only(section, "schemeless", dialect, &[Cloudimage], "only cloudimage has addresses without a scheme");
    only(
        section,
        "sourceless",
        dialect,
        &[Imageboss],
        "only imageboss has URLs that name an address instead of a source",
    );
    only(section, "implicit_auto", dialect, &[Imageboss], "`auto_format` is for the other dialects");
    grammar.schemeless = section.truth("schemeless", grammar.schemeless);
    grammar.sourceless = section.truth("sourceless", grammar.sourceless);
    grammar.implicit_auto = section.truth("implicit_auto", grammar.implicit_auto);
    grammar.lenient = section.truth("lenient", grammar.lenient);
    grammar.presets_only = section.truth("presets_only", grammar.presets_only);
    for (key, empty) in [("defaults", ""), ("presets", "{}"), ("aliases", "{}"), ("rules", "[]")] {
        section.falls_back(key, empty);
    }
    grammar.defaults =
        section.text("defaults").map(|query| query.trim_start_matches('?').to_owned()).unwrap_or_default();
    grammar.aliases = aliases(section);
    grammar.rules = rules(section);
    grammar.presets = presets(section);
    if grammar.presets_only && grammar.presets.is_empty() {
        let hint = "write presets = { thumb = \"...\" }";
        section.refuse("presets_only", "`presets_only` without `presets` leaves nothing to be asked for", hint);
    }
    if let Some(dialect) = dialect {
        try_presets(section, dialect, grammar);
    }
}

fn only(section: &Section<'_>, key: &str, dialect: Option<DialectKind>, with: &[DialectKind], why: &str) {
    if section.node(key).is_some() && dialect.is_some_and(|dialect| !with.contains(&dialect)) {
        section.refuse(key, format!("`{key}` has no meaning here: {why}"), "remove it");
    }
}

/// `presets = { thumb = "w-100", old = { text = "w-90", enabled = false } }`.
fn presets(section: &Section<'_>) -> BTreeMap<String, Preset> {
    let hint = "write presets = { thumb = \"...\" }, in the words of the site's dialect";
    let mut presets = BTreeMap::new();
    for (name, node) in entries(section, "presets", hint) {
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')) {
            section.report(
                &node.place,
                Trouble::new(format!("{name:?} is no name for a preset"), "letters, digits, _ and -"),
            );
            continue;
        }
        match &node.value {
            Value::Text(text) => drop(presets.insert(name.to_owned(), Preset { text: text.clone(), enabled: true })),
            Value::Table(table) => {
                let one = section.sibling(Home::Part, "a preset", table, &node.place, keys::PRESET);
                if one.node("text").is_none() {
                    one.missing("text", hint);
                }
                let enabled = one.truth("enabled", true);
                presets.extend(one.text("text").map(|text| (name.to_owned(), Preset { text, enabled })));
            }
            other => section.report(&node.place, Trouble::new(format!("a preset is text, not {}", other.kind()), hint)),
        }
    }
    presets
}

/// A preset that its own dialect does not understand would fail each request that names it.
fn try_presets(section: &Section<'_>, dialect: DialectKind, grammar: &dialect::Settings) {
    for (name, preset) in grammar.presets.iter().filter(|(_, preset)| preset.enabled) {
        let wrong = match dialect.parse_preset(name, grammar) {
            Ok(parsed) => parsed.warnings.first().map(ToString::to_string),
            Err(error) => Some(error.to_string()),
        };
        if let Some(wrong) = wrong {
            let message =
                format!("the preset {name:?} ({}) is not understood by {}: {wrong}", preset.text, dialect.name());
            section.refuse("presets", message, "correct it; `afterimage url --help` shows how to try");
        }
    }
}

/// `aliases = { _shop_ = "shop.example/media" }`.
fn aliases(section: &Section<'_>) -> Vec<Alias> {
    let hint = "write aliases = { _shop_ = \"shop.example/media\" }";
    let mut aliases = Vec::new();
    for (name, node) in entries(section, "aliases", hint) {
        let underscored = name.len() > 2 && name.starts_with('_') && name.ends_with('_');
        if !underscored || name.contains('/') {
            let hint = format!("names stand between underscores, such as \"_{}_\"", name.trim_matches('_'));
            section.report(&node.place, Trouble::new(format!("{name:?} is no name for an alias"), hint));
            continue;
        }
        match text(node) {
            Ok(value) if !value.is_empty() && !value.contains(['?', '#', ' ']) => {
                aliases.push(Alias { name: name.to_owned(), stands_for: value.trim_end_matches('/').to_owned() });
            }
            Ok(value) => section.report(&node.place, Trouble::new(format!("{value:?} is no host with a path"), hint)),
            Err(trouble) => section.report(&node.place, trouble),
        }
    }
    aliases
}

/// `rules = [{ contains = "thumbs/", query = "w=100" }]`.
fn rules(section: &Section<'_>) -> Vec<Rule> {
    let hint = "write rules = [{ contains = \"thumbs/\", query = \"w=100\" }]";
    let items = match section.node("rules").map(|node| &node.value) {
        Some(Value::List(items)) => items.as_slice(),
        Some(other) => {
            section.refuse("rules", format!("`rules` is {}, not a list", other.kind()), hint);
            return Vec::new();
        }
        None => &[],
    };
    let mut rules = Vec::new();
    for item in items {
        let Value::Table(table) = &item.value else {
            section.report(&item.place, Trouble::new(format!("a rule is a table, not {}", item.value.kind()), hint));
            continue;
        };
        let rule = section.sibling(Home::Part, "a rule", table, &item.place, keys::RULE);
        for key in keys::RULE {
            if rule.node(key).is_none() {
                rule.missing(key, hint);
            }
        }
        if let (Some(contains), Some(query)) = (rule.text("contains"), rule.text("query")) {
            if contains.starts_with('/') {
                let message = "a rule is held against what stands behind the first slash: this one would never match";
                rule.refuse("contains", message, format!("write {:?}", contains.trim_start_matches('/')));
            }
            rules.push(Rule { contains, query: query.trim_start_matches('?').to_owned() });
        }
    }
    rules
}

fn entries<'t>(section: &Section<'t>, key: &str, hint: &str) -> Vec<(&'t str, &'t Node)> {
    let table: &Table = match section.node(key).map(|node| &node.value) {
        Some(Value::Table(table)) => table,
        Some(other) => {
            section.refuse(key, format!("`{key}` is {}, not a table", other.kind()), hint);
            return Vec::new();
        }
        None => return Vec::new(),
    };
    table.0.iter().map(|entry| (entry.key.as_str(), &entry.node)).collect()
}

/// `signing`, `signing_secret_files` and what belongs to them.
pub(crate) fn signing(section: &Section<'_>, dialect: Option<DialectKind>, base: &Path) -> Signing {
    let policy = match section.choice("signing", &["off", "optional", "required"], "off") {
        Some("required") => Policy::Required,
        Some("optional") => Policy::Optional,
        _ => Policy::Off,
    };
    only(section, "signing_sealed", dialect, &[DialectKind::Cloudimage], "only cloudimage seals URLs");
    only(section, "signing_digits", dialect, &[DialectKind::Cloudimage], "only cloudimage shortens signatures");
    let secrets = secrets(section, base);
    if policy != Policy::Off && section.node("signing_secret_files").is_none() {
        let hint = "write signing_secret_files = [\"signing.secret\"]; with several, any of them may have been used";
        section.refuse("signing", "`signing` without `signing_secret_files` would refuse every signed URL", hint);
    }
    if policy == Policy::Off && section.node("signing_secret_files").is_some() && section.node("signing").is_none() {
        let message = "`signing_secret_files` without `signing` leaves the site unprotected";
        section.refuse("signing_secret_files", message, "write signing = \"required\" (or \"optional\", or \"off\")");
    }
    let least = section.integer("signing_digits", 8, 6..=40);
    Signing {
        policy,
        secrets,
        sealed: section.truth("signing_sealed", false),
        least_digits: u8::try_from(least).unwrap_or(8),
    }
}

/// The secrets, each the only line of a file: neither the configuration nor a message ever shows one.
fn secrets(section: &Section<'_>, base: &Path) -> Vec<Secret> {
    let mut secrets = Vec::new();
    for (written, place) in section.texts("signing_secret_files").unwrap_or_default() {
        let file = match path(written) {
            Ok(written) => base.join(written),
            Err(trouble) => {
                section.report(place, trouble);
                continue;
            }
        };
        match secret(&file) {
            Ok(secret) => secrets.push(secret),
            Err(why) => {
                let message = format!("the secret in {} {why}", file.display());
                section.report(place, Trouble::new(message, "a file with the secret on one line"));
            }
        }
    }
    secrets
}

fn secret(file: &Path) -> Result<Secret, String> {
    let meta = std::fs::metadata(file).map_err(|error| format!("cannot be read: {error}"))?;
    if meta.len() > LARGEST_SECRET {
        return Err(format!("is no secret: the file has {} bytes", meta.len()));
    }
    let text = std::fs::read_to_string(file).map_err(|error| format!("cannot be read: {error}"))?;
    let line = text.trim_end_matches(['\r', '\n']);
    if line.contains(['\r', '\n']) || line.trim() != line {
        return Err("is more than one line, or has white space at its ends".to_owned());
    }
    if line.len() < SHORTEST_SECRET {
        return Err(format!("is shorter than {SHORTEST_SECRET} characters"));
    }
    Ok(Secret::new(line))
}

/// `missing_picture` and `missing_status`.
pub(crate) fn missing(section: &Section<'_>) -> Missing {
    let picture = section.take("missing_picture", |node| {
        let written = text(node)?;
        if written.starts_with("http://") || written.starts_with("https://") {
            return Ok(Asset::Url(written.to_owned()));
        }
        let path = written.trim_start_matches('/');
        if path.is_empty() || dialect::text::escapes_root(path) {
            return Err(Trouble::new(format!("{written:?} names no picture"), "a path below the site's sources"));
        }
        Ok(Asset::Path(path.to_owned()))
    });
    let status = section.node("missing_status").map(|_| section.integer("missing_status", 404, 200..=404));
    if let Some(status) = status {
        if !matches!(status, 200 | 404) {
            section.refuse("missing_status", format!("{status} is not a status for that"), "200 or 404");
        }
        if picture.is_none() {
            let hint = "write missing_picture = \"/missing.png\"";
            section.refuse("missing_status", "`missing_status` has a meaning beside `missing_picture` only", hint);
        }
    }
    Missing { picture, status: status.and_then(|status| u16::try_from(status).ok()) }
}
