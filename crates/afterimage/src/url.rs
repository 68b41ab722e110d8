//! `afterimage url`: what a URL means, how the other dialects say it, and signatures.
#![allow(clippy::print_stdout)]

use std::path::Path;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use dialect::{ParamDoc, Parsed, Policy, Secret, Served, Settings, Signing, Target, Verdict};
use engine::DialectKind;
use plan::Asset;
use serde_json::{Value, json};

use crate::cli::UrlArgs;

/// Cloudimage: the fewest digits of a signature, as for a site that does not say.
const LEAST_DIGITS: u8 = 8;

/// Runs the command: 0 done, 1 not expressible, not understood or not well signed, 2 the command makes no sense.
pub fn run(args: &UrlArgs) -> ExitCode {
    if args.list {
        list(args);
        return ExitCode::SUCCESS;
    }
    let ask = match Ask::new(args) {
        Ok(ask) => ask,
        Err(message) => {
            eprintln!("afterimage: {message}");
            return ExitCode::from(2);
        }
    };
    let told = if args.sign {
        ask.sign(args.expires)
    } else if args.verify {
        ask.verify()
    } else {
        ask.describe(args.to.map(Into::into))
    };
    match (args.json, told) {
        (true, Ok(told)) => println!("{:#}", told.json),
        (false, Ok(told)) => {
            told.notes.iter().for_each(|note| eprintln!("{note}"));
            told.lines.iter().for_each(|line| println!("{line}"));
        }
        (true, Err(told)) => {
            println!("{:#}", told.json);
            return ExitCode::FAILURE;
        }
        (false, Err(told)) => {
            told.notes.iter().chain(&told.lines).for_each(|line| eprintln!("afterimage: {line}"));
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// What `--expires` says, in seconds since 1970.
pub(crate) fn when(text: &str) -> Result<u64, String> {
    control::when(text, now())
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// What is to be printed: for people, what is noted beside it, and for programs.
struct Told {
    lines: Vec<String>,
    notes: Vec<String>,
    json: Value,
}

impl Told {
    fn new(lines: Vec<String>, json: Value) -> Told {
        Told { lines, notes: Vec::new(), json }
    }

    fn error(kind: DialectKind, error: impl std::fmt::Display) -> Told {
        Told::new(vec![error.to_string()], json!({ "dialect": kind.name(), "error": error.to_string() }))
    }
}

struct Ask {
    kind: DialectKind,
    /// Scheme and host, where they are given.
    base: String,
    /// What the site cuts off, without a slash at its end.
    prefix: String,
    /// Path and query below it.
    target: String,
    source: String,
    settings: Settings,
    signing: Signing,
}

impl Ask {
    fn new(args: &UrlArgs) -> Result<Ask, String> {
        let kind = DialectKind::from(args.dialect);
        let (base, target) = split(args.target.as_deref().unwrap_or_default());
        let site = match (&args.config, &args.site) {
            (Some(file), Some(name)) => Some(site(file, name, kind)?),
            _ => None,
        };
        let (prefix, target, settings, signing) = match site {
            // Below the prefix already, or as it stands on a page.
            Some(site) => {
                let prefix = site.prefix.trim_end_matches('/').to_owned();
                let (path, query) = target.split_at(target.find('?').unwrap_or(target.len()));
                let below = site.below(path).map(|path| format!("{path}{query}"));
                let target = match below {
                    Some(below) => below,
                    None if base.is_empty() => target,
                    None => return Err(format!("{target} is not below the site's prefix {prefix:?}")),
                };
                (prefix, target, site.grammar, site.signing)
            }
            None => (String::new(), target, Settings::default(), signing(args)?),
        };
        let mut settings = settings;
        if let Some(source) = &args.source {
            settings.default_source.clone_from(source);
        } else if settings.default_source.is_empty() {
            settings.default_source = "local".to_owned();
        }
        let source = settings.default_source.clone();
        if (args.sign || args.verify) && signing.secrets.is_empty() {
            let from = if args.site.is_some() { "the site has no signing secret" } else { "--secret-file is missing" };
            return Err(format!("there is no secret: {from}"));
        }
        Ok(Ask { kind, base, prefix, target, source, settings, signing })
    }

    fn describe(&self, only: Option<DialectKind>) -> Result<Told, Told> {
        let parsed = self.parse()?;
        let source = parsed.source.as_deref().unwrap_or(&self.source);
        let spell = |to: DialectKind| to.grammar().write(source, &parsed.asset, &parsed.plan, &self.settings);
        let warnings = parsed.warnings.iter().map(|warning| format!("warning: {warning}")).collect();
        if let Some(to) = only {
            let url = spell(to).map_err(|error| Told { notes: warnings, ..Told::error(self.kind, error) })?;
            let json = json!({ "dialect": to.name(), "url": url });
            let notes = parsed.warnings.iter().map(|warning| format!("warning: {warning}")).collect();
            return Ok(Told { notes, ..Told::new(vec![url], json) });
        }
        let mut lines = vec![format!("plan        {}", parsed.plan)];
        let mut urls = serde_json::Map::new();
        for (to, url) in engine::in_each_dialect(source, &parsed.asset, &parsed.plan, &self.settings) {
            match url {
                Ok(url) => {
                    lines.push(format!("{:<11} {url}", to.name()));
                    urls.insert(to.name().to_owned(), url.into());
                }
                Err(error) => {
                    lines.push(format!("{:<11} ({error})", to.name()));
                    urls.insert(to.name().to_owned(), Value::Null);
                }
            }
        }
        if !parsed.presets.is_empty() {
            lines.push(format!("presets     {}", parsed.presets.join(", ")));
        }
        if let Some(end) = parsed.expires {
            lines.push(format!("ends        {}", date(end)));
        }
        let mut json = meaning(self.kind, &parsed);
        json["urls"] = urls.into();
        Ok(Told { notes: warnings, ..Told::new(lines, json) })
    }

    fn sign(&self, expires: Option<u64>) -> Result<Told, Told> {
        // What the server would refuse is not signed.
        let parsed = self.parse()?;
        let signed = self.kind.grammar().sign(&self.target, &self.settings, &self.signing, expires);
        let signed = signed.map_err(|error| Told::error(self.kind, error))?;
        let url = format!("{}{}{signed}", self.base, self.prefix);
        let json = json!({ "dialect": self.kind.name(), "url": url, "expires": expires.or(parsed.expires) });
        let notes = parsed.warnings.iter().map(|warning| format!("warning: {warning}")).collect();
        Ok(Told { notes, ..Told::new(vec![url], json) })
    }

    fn verify(&self) -> Result<Told, Told> {
        let name = self.kind.name();
        let grammar = self.kind.grammar();
        match grammar.verify(Target::new(&self.target), &self.prefix, &self.settings, &self.signing) {
            Verdict::Unsigned => {
                let json = json!({ "dialect": name, "signature": "missing" });
                Err(Told::new(vec!["the URL is not signed".to_owned()], json))
            }
            Verdict::Bad { hashed } => {
                let lines =
                    vec!["the signature is wrong".to_owned(), format!("what is hashed, beside the secret: {hashed}")];
                Err(Told::new(lines, json!({ "dialect": name, "signature": "wrong", "hashed": hashed })))
            }
            Verdict::Good { expires, form } => {
                let expires = expires.or_else(|| self.parse().ok()?.expires);
                let past = expires.is_some_and(|end| end <= now());
                let json = json!({
                    "dialect": name,
                    "signature": if past { "past" } else { "good" },
                    "form": form,
                    "expires": expires,
                });
                let ends = match expires {
                    Some(end) if past => format!("; it ended {}", date(end)),
                    Some(end) => format!("; it ends {}", date(end)),
                    None => String::new(),
                };
                let told = Told::new(vec![format!("the signature is good (form: {form}){ends}")], json);
                if past { Err(told) } else { Ok(told) }
            }
        }
    }

    fn parse(&self) -> Result<Parsed, Told> {
        let parsed = self.kind.grammar().parse(Target::new(&self.target), &self.settings);
        parsed.map_err(|error| Told::error(self.kind, error))
    }
}

/// Scheme and host, and the rest, beginning with a slash.
fn split(url: &str) -> (String, String) {
    let absolute = ["https://", "http://"].iter().find(|scheme| url.starts_with(**scheme));
    let (base, rest) = match absolute {
        Some(scheme) => {
            let end = url[scheme.len()..].find(['/', '?']).map_or(url.len(), |at| scheme.len() + at);
            url.split_at(end)
        }
        None => ("", url),
    };
    // A browser does not send it.
    let rest = if absolute.is_some() { rest.split('#').next().unwrap_or_default() } else { rest };
    let rest = if rest.starts_with('/') { rest.to_owned() } else { format!("/{rest}") };
    (base.to_owned(), rest)
}

fn site(file: &Path, name: &str, kind: DialectKind) -> Result<engine::Site, String> {
    let config = config::load(file, &crate::serve::environment(), &config::Flags::default());
    let config = config.map_err(|errors| errors.to_string())?;
    let names = || config.sites.iter().map(|site| site.name.as_str()).collect::<Vec<_>>().join(", ");
    let site = config.sites.iter().find(|site| site.name == name);
    let site = site.ok_or_else(|| format!("{} has no site {name:?}; there are {}", file.display(), names()))?;
    if site.dialect != kind {
        return Err(format!("site {name:?} speaks {}, not {}", site.dialect.name(), kind.name()));
    }
    Ok(site.clone())
}

/// How to sign by the files of the command line.
fn signing(args: &UrlArgs) -> Result<Signing, String> {
    let read = |file: &std::path::PathBuf| {
        let text = std::fs::read_to_string(file).map_err(|e| format!("cannot read {}: {e}", file.display()))?;
        match text.trim() {
            "" => Err(format!("{} is empty", file.display())),
            secret => Ok(Secret::new(secret)),
        }
    };
    let secrets = args.secret_file.iter().map(read).collect::<Result<Vec<_>, String>>()?;
    Ok(Signing { policy: Policy::Required, secrets, sealed: args.seal, least_digits: LEAST_DIGITS })
}

fn meaning(kind: DialectKind, parsed: &Parsed) -> Value {
    let asset = |asset: &Asset| match asset {
        Asset::Path(path) => json!({ "path": path }),
        Asset::Url(url) => json!({ "url": url }),
    };
    let warnings: Vec<Value> = parsed
        .warnings
        .iter()
        .map(|warning| {
            json!({
                "kind": warning.kind.name(),
                "parameter": warning.parameter,
                "value": warning.value,
                "allowed": warning.allowed,
            })
        })
        .collect();
    json!({
        "dialect": kind.name(),
        "source": parsed.source,
        "asset": asset(&parsed.asset),
        "plan": parsed.plan.to_string(),
        "origin_query": parsed.origin_query,
        "presets": parsed.presets,
        "expires": parsed.expires,
        "fallback": parsed.fallback.as_ref().map(asset),
        "warnings": warnings,
    })
}

/// A time in seconds since 1970, as people and as clients write it.
fn date(seconds: u64) -> String {
    let written = seconds.checked_mul(1000).map(control::rfc3339);
    written.map_or_else(|| seconds.to_string(), |text| format!("{text} ({seconds})"))
}

fn list(args: &UrlArgs) {
    let grammar = DialectKind::from(args.dialect).grammar();
    if args.json {
        println!("{:#}", dialect::docs::json(&*grammar));
    } else {
        grammar.params().iter().for_each(print_param);
    }
}

fn print_param(param: &ParamDoc) {
    let aliases = if param.aliases.is_empty() { String::new() } else { format!(" ({})", param.aliases.join(", ")) };
    println!("{}{aliases}", param.name);
    println!("    {}", param.doc);
    println!("    allowed: {}", param.kind.allowed());
    if !param.default.is_empty() {
        println!("    default: {}", param.default);
    }
    match param.served {
        Served::Exactly(_) => println!("    served: exactly"),
        Served::Nearly(how) => println!("    served: with a difference: {how}"),
        Served::Read(why) => println!("    served: no: {why}"),
        Served::Unsaid => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_split_behind_the_host() {
        for (url, base, rest) in [
            ("/a.jpg?w=1", "", "/a.jpg?w=1"),
            ("a.jpg", "", "/a.jpg"),
            ("https://x.example", "https://x.example", "/"),
            ("https://x.example?w=1", "https://x.example", "/?w=1"),
            ("http://x.example:8080/a/http://y/b.jpg?w=1#top", "http://x.example:8080", "/a/http://y/b.jpg?w=1"),
        ] {
            assert_eq!(split(url), (base.to_owned(), rest.to_owned()), "{url}");
        }
    }

    #[test]
    fn times_are_from_now_or_since_1970() {
        assert_eq!(when("1893456000"), Ok(1_893_456_000));
        let hour = when("1h").unwrap_or_default();
        assert!((now() + 3590..=now() + 3600).contains(&hour), "{hour}");
        for bad in ["", "h", "1w", "1.5h", "-3", "soon", "99999999999999999999", "18446744073709551615d"] {
            assert!(when(bad).is_err(), "{bad}");
        }
    }
}
