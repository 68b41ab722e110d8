//! URLs and what they mean, in files that people write: `corpus/README.md` says how.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use dialect::cloudimage::Cloudimage;
use dialect::imageboss::Imageboss;
use dialect::imagekit::Imagekit;
use dialect::imgix::Imgix;
use dialect::{Alias, Asset, Dialect, Disposition, ParseError, Parsed, Preset, Rule, Settings, Target};

#[test]
fn imgix() {
    check(&Imgix, include_str!("corpus/imgix.txt"), 300);
}

#[test]
fn imagekit() {
    check(&Imagekit, include_str!("corpus/imagekit.txt"), 300);
}

#[test]
fn cloudimage() {
    check(&Cloudimage, include_str!("corpus/cloudimage.txt"), 300);
}

#[test]
fn imageboss() {
    check(&Imageboss, include_str!("corpus/imageboss.txt"), 100);
}

/// A target and what is written below it.
struct Record {
    line: usize,
    section: String,
    settings: Settings,
    target: String,
    expected: Vec<String>,
}

fn check(dialect: &dyn Dialect, text: &str, least: usize) {
    let (records, only_valid) = read(text);
    let mut wrong = String::new();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut understood: BTreeSet<&str> = BTreeSet::new();
    let mut refused: BTreeSet<&str> = BTreeSet::new();
    let rows = dialect.params();
    for record in &records {
        if let Some(other) = composed_otherwise(dialect, record) {
            let _ = writeln!(wrong, "line {}: {}\n    its parameters make {other}", record.line, record.target);
        }
        let got = describe(dialect, record);
        let bare = !record.expected.iter().any(|line| line.starts_with("plan ") && line.contains(" > "));
        let got: Vec<String> = got.into_iter().map(|line| if bare { without_output(&line) } else { line }).collect();
        // As they are read.
        let got: Vec<String> = got.into_iter().map(|line| line.trim_end().to_owned()).collect();
        if got != record.expected {
            let _ = writeln!(wrong, "line {}: {}", record.line, record.target);
            let _ = writeln!(
                wrong,
                "    want: {}\n    got:  {}",
                record.expected.join("\n          "),
                got.join("\n          ")
            );
        }
        let shape = digits_to_one(&format!("{} {:?}", record.target, record.settings));
        if let Some(earlier) = seen.insert(shape, record.line) {
            let _ =
                writeln!(wrong, "line {}: {} differs only in digits from line {earlier}", record.line, record.target);
        }
        let Some(row) = rows.iter().find(|row| row.name == record.section) else { continue };
        let about = |line: &String| {
            let names = std::iter::once(&row.name).chain(row.aliases);
            let said = line.strip_prefix("warn ").or_else(|| line.strip_prefix("error "));
            said.is_some_and(|said| said == "malformed" || names.into_iter().any(|name| names_it(said, name)))
        };
        if record.expected.iter().any(about) {
            refused.insert(row.name);
        } else if !record.expected.iter().any(|line| line.starts_with("error ")) {
            understood.insert(row.name);
        }
    }
    for row in &rows {
        if !understood.contains(row.name) && !matches!(row.served, dialect::Served::Read(_)) {
            let _ = writeln!(wrong, "{}: no target in its section is understood", row.name);
        }
        if !refused.contains(row.name) && !only_valid.contains(row.name) {
            let _ = writeln!(wrong, "{}: no target in its section has a wrong value", row.name);
        }
    }
    if records.len() < least {
        let _ = writeln!(wrong, "{} targets; {least} are wanted", records.len());
    }
    assert!(wrong.is_empty(), "{}:\n{wrong}", dialect.name());
}

/// What the parameters of a target make when they are put together again, if that means something else.
fn composed_otherwise(dialect: &dyn Dialect, record: &Record) -> Option<String> {
    let settings = &record.settings;
    // Rules look into the path as it was written, in which an alias may stand for the asset.
    if !settings.rules.is_empty() && !settings.aliases.is_empty() {
        return None;
    }
    let parsed = dialect.parse(Target::new(&record.target), settings).ok()?;
    let parameters = match dialect.parameters(Target::new(&record.target), settings) {
        Ok(parameters) => parameters,
        Err(error) => return Some(format!("nothing: {error}")),
    };
    let source = parsed.source.as_deref().unwrap_or(&settings.default_source);
    let of_tree = dialect.steps(Target::new(&record.target), settings).and_then(|steps| dialect.flatten(&steps));
    let of_tree = match of_tree {
        Ok(of_tree) => of_tree,
        Err(error) => return Some(format!("no tree: {error}")),
    };
    for parameters in [parameters, of_tree] {
        let again = match dialect.compose(source, &parsed.asset, &parameters, settings) {
            Ok(again) => again,
            Err(error) => return Some(format!("nothing: {error}; {parameters:?}")),
        };
        let same = dialect.parse(Target::new(&again), settings).is_ok_and(|other| {
            (&other.asset, &other.plan, &other.presets) == (&parsed.asset, &parsed.plan, &parsed.presets)
        });
        if !same {
            return Some(format!("{again} of {parameters:?}"));
        }
    }
    None
}

/// Whether `kind name=value`, or `bad-parameter name`, is about a parameter; in ImageKit the value may hang on by a dash,
/// and a mark of Cloudimage has an index.
fn names_it(said: &str, name: &str) -> bool {
    let after = said.split_once(' ').map(|(_, rest)| rest).unwrap_or_default();
    after.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(['=', '[', '-', '6']))
}

/// One line for each thing that a target says, in a fixed order.
fn describe(dialect: &dyn Dialect, record: &Record) -> Vec<String> {
    let parsed = match dialect.parse(Target::new(&record.target), &record.settings) {
        Ok(parsed) => parsed,
        Err(ParseError::Malformed { .. }) => return vec!["error malformed".to_owned()],
        Err(ParseError::BadParameter { parameter, .. }) => return vec![format!("error bad-parameter {parameter}")],
        Err(ParseError::Unsupported { parameter, .. }) => return vec![format!("error unsupported {parameter}")],
        Err(ParseError::NotAPreset { .. }) => return vec!["error not-a-preset".to_owned()],
        Err(ParseError::TooLong { .. }) => return vec!["error too-long".to_owned()],
    };
    let Parsed { source, asset, plan, origin_query, disposition, presets, expires, keep, fallback, warnings, .. } =
        parsed;
    let mut lines = vec![format!("plan {plan}")];
    let name = |asset: &Asset| match asset {
        Asset::Path(path) => path.clone(),
        Asset::Url(url) => url.clone(),
    };
    lines.extend(Some(name(&asset)).filter(|name| name != "p.jpg").map(|name| format!("asset {name}")));
    lines.extend(source.map(|source| format!("source {source}")));
    lines.extend(Some(origin_query).filter(|query| !query.is_empty()).map(|query| format!("query {query}")));
    match disposition {
        Disposition::None => {}
        Disposition::Attachment(name) => lines.push(format!("download {}", name.as_deref().unwrap_or("-"))),
    }
    lines.extend(presets.iter().map(|preset| format!("preset {preset}")));
    lines.extend(expires.map(|at| format!("expires {at}")));
    lines.extend(keep.map(|time| format!("keep {}", time.as_secs())));
    lines.extend(fallback.map(|asset| format!("fallback {}", name(&asset))));
    lines.extend(warnings.iter().map(|w| format!("warn {} {}={}", w.kind.name(), w.parameter, w.value)));
    lines
}

fn without_output(line: &str) -> String {
    match line.strip_prefix("plan ").and_then(|plan| plan.split_once(" > ")) {
        Some((stages, _)) => format!("plan {stages}"),
        None => line.to_owned(),
    }
}

/// Every run of digits as one.
fn digits_to_one(text: &str) -> String {
    let mut shape = String::new();
    for c in text.chars() {
        match c {
            '0'..='9' if shape.ends_with('0') => {}
            '0'..='9' => shape.push('0'),
            c => shape.push(c),
        }
    }
    shape
}

fn read(text: &str) -> (Vec<Record>, BTreeSet<String>) {
    let mut records: Vec<Record> = Vec::new();
    let mut only_valid = BTreeSet::new();
    let (mut section, mut settings) = (String::new(), Settings::default());
    for (line, written) in text.lines().enumerate().map(|(at, line)| (at + 1, line.trim_end())) {
        if let Some(title) = written.strip_prefix("## ") {
            section = title.split(':').next().unwrap_or_default().trim().to_owned();
            if let Some(name) = section.strip_prefix("only-valid ") {
                only_valid.insert(name.to_owned());
                section = name.to_owned();
            }
        } else if written.is_empty() || written.starts_with('#') {
        } else if let Some(setting) = written.strip_prefix("@ ") {
            set(&mut settings, setting, line);
        } else if written.starts_with(' ') {
            let record = records.last_mut().unwrap_or_else(|| panic!("line {line} stands below no target"));
            record.expected.push(written.trim().to_owned());
        } else {
            let (section, settings) = (section.clone(), settings.clone());
            records.push(Record { line, section, settings, target: written.to_owned(), expected: Vec::new() });
        }
    }
    (records, only_valid)
}

fn set(settings: &mut Settings, setting: &str, line: usize) {
    let (word, rest) = setting.split_once(' ').unwrap_or((setting, ""));
    let pair = || {
        let (name, value) = rest.split_once('=').unwrap_or_else(|| panic!("line {line}: {setting} has no ="));
        (name.trim().to_owned(), value.trim().to_owned())
    };
    match word {
        "clear" => *settings = Settings::default(),
        "preset" | "off-preset" => {
            let (name, text) = pair();
            settings.presets.insert(name, Preset { text, enabled: word == "preset" });
        }
        "presets-only" => settings.presets_only = true,
        "defaults" => settings.defaults = rest.to_owned(),
        "alias" => {
            let (name, stands_for) = pair();
            settings.aliases.push(Alias { name, stands_for });
        }
        "rule" => {
            let (contains, query) = pair();
            settings.rules.push(Rule { contains, query });
        }
        "endpoint" => settings.endpoint = rest.to_owned(),
        "lenient" => settings.lenient = true,
        "sealed" => settings.sealed = true,
        "schemeless" => settings.schemeless = true,
        "sourceless" => settings.sourceless = true,
        "implicit-auto" => settings.implicit_auto = true,
        "no-auto-format" => settings.auto_format = false,
        "no-avif" => settings.avif = false,
        "save-data" => settings.save_data = true,
        _ => panic!("line {line}: there is no setting {word:?}"),
    }
}
