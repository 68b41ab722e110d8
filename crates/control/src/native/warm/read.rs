//! From the body of `POST /v1/warmups` to what it asks for.

use plan::AcceptClass;
use serde_json::{Map, Value};

use super::{MOST_URLS, sitemap};
use crate::reply::Problem;

const FIELDS: &[&str] = &["urls", "list", "masters", "templates", "site", "transformations", "accept", "per_second"];
const CLASSES: [(&str, AcceptClass); 3] =
    [("avif", AcceptClass::Avif), ("webp", AcceptClass::Webp), ("basic", AcceptClass::Basic)];
/// Longest template or transformation, in bytes.
const LONGEST_URL: usize = 16 << 10;
/// Fastest pace that may be asked for, in derivatives a second.
const FASTEST: u64 = 10_000;

/// A request, understood.
#[derive(Debug, Default)]
pub(super) struct Asked {
    pub urls: Vec<String>,
    /// A list's lines with their numbers, from 1.
    pub lines: Vec<(usize, String)>,
    /// What a sitemap names.
    pub sitemap: Vec<String>,
    pub masters: Vec<String>,
    pub templates: Vec<String>,
    pub site: Option<String>,
    pub transformations: Vec<String>,
    pub accept: Vec<AcceptClass>,
    pub per_second: Option<u32>,
}

impl Asked {
    pub fn read(body: &[u8]) -> Result<Asked, Problem> {
        let document: Value = serde_json::from_slice(body)
            .map_err(|e| Problem::new(400, "malformed-json", format!("the body is not JSON: {e}")))?;
        let Value::Object(mut fields) = document else {
            return Err(Problem::new(400, "malformed-json", "the body must be a JSON object"));
        };
        fields.retain(|_, value| !value.is_null());
        if let Some(other) = fields.keys().find(|name| !FIELDS.contains(&name.as_str())) {
            let problem = Problem::new(400, "unknown-field", format!("{other:?} is no field of a warm-up"));
            return Err(problem.parameter(other).allowed(FIELDS));
        }
        let (lines, sitemap) = read_list(&fields)?;
        let asked = Asked {
            urls: texts(&fields, "urls")?,
            lines,
            sitemap,
            masters: texts(&fields, "masters")?,
            templates: texts(&fields, "templates")?,
            site: text(&fields, "site")?.map(str::to_owned),
            transformations: texts(&fields, "transformations")?,
            accept: read_accept(&fields)?,
            per_second: read_pace(&fields)?,
        };
        asked.check()?;
        Ok(asked)
    }

    /// Whether the fields go together.
    fn check(&self) -> Result<(), Problem> {
        let bad = |name: &str, detail: &str| Err(Problem::new(400, "bad-warmup", detail).parameter(name));
        let sound = |template: &String| {
            let times = |placeholder: &str| template.matches(placeholder).count();
            times("{path}") == 1 && times("{source}") <= 1
        };
        if let Some(number) = self.templates.iter().position(|template| !sound(template)) {
            let name = format!("templates[{number}]");
            let detail = "a template is a path or URL with {path} in it, once, and {source} at most once";
            let problem = Problem::new(400, "bad-warmup", detail);
            return Err(problem.parameter(name).allowed(&["/imgix/{path}?w=300", "/imagekit/tr:w-300/{path}"]));
        }
        if self.site.is_some() == self.transformations.is_empty() {
            return bad("transformations", "site and transformations go together");
        }
        for (name, texts) in [("templates", &self.templates), ("transformations", &self.transformations)] {
            if let Some(number) = texts.iter().position(|text| text.len() > LONGEST_URL) {
                let name = format!("{name}[{number}]");
                return bad(&name, &format!("it is longer than {LONGEST_URL} bytes"));
            }
        }
        let ways = self.templates.len() + self.transformations.len();
        if self.masters.len().saturating_mul(ways) > MOST_URLS {
            let detail = format!("masters x (templates + transformations) is more than {MOST_URLS} URLs");
            return Err(Problem::new(400, "too-many-urls", detail).parameter("masters"));
        }
        if self.masters.is_empty() != (ways == 0) {
            return bad("masters", "masters go together with templates, or with site and transformations");
        }
        if self.urls.is_empty() && self.lines.is_empty() && self.sitemap.is_empty() && self.masters.is_empty() {
            return bad("urls", "nothing is named: give urls, a list or masters");
        }
        Ok(())
    }
}

/// Texts with the number of the line that each stands in.
type Numbered = Vec<(usize, String)>;

/// A sitemap, or one URL a line with `#` before comments.
fn read_list(fields: &Map<String, Value>) -> Result<(Numbered, Vec<String>), Problem> {
    let Some(list) = text(fields, "list")? else { return Ok((Vec::new(), Vec::new())) };
    let list = list.trim_start_matches('\u{feff}');
    if list.trim_start().starts_with('<') {
        let urls = sitemap::locations(list).map_err(|why| {
            Problem::new(400, "bad-list", format!("the sitemap cannot be read: {why}")).parameter("list")
        })?;
        return Ok((Vec::new(), urls));
    }
    let lines = list.lines().enumerate().map(|(number, line)| (number + 1, line.trim().to_owned()));
    Ok((lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')).collect(), Vec::new()))
}

fn read_accept(fields: &Map<String, Value>) -> Result<Vec<AcceptClass>, Problem> {
    let names = texts(fields, "accept")?;
    if names.is_empty() {
        return Ok(CLASSES.map(|(_, class)| class).to_vec());
    }
    let class = |(number, name): (usize, &String)| {
        let known = CLASSES.iter().find(|(known, _)| known == name).map(|(_, class)| *class);
        known.ok_or_else(|| {
            let problem = Problem::new(400, "bad-accept", format!("there is no kind of client {name:?}"));
            problem.parameter(format!("accept[{number}]")).allowed(&CLASSES.map(|(name, _)| name))
        })
    };
    names.iter().enumerate().map(class).collect()
}

fn read_pace(fields: &Map<String, Value>) -> Result<Option<u32>, Problem> {
    let Some(value) = fields.get("per_second") else { return Ok(None) };
    let pace = value.as_u64().filter(|pace| (1..=FASTEST).contains(pace)).and_then(|pace| u32::try_from(pace).ok());
    pace.map(Some).ok_or_else(|| {
        let problem = Problem::new(400, "bad-warmup", format!("{value} is no pace"));
        problem.parameter("per_second").allowed(&["1 to 10000"])
    })
}

fn text<'f>(fields: &'f Map<String, Value>, name: &str) -> Result<Option<&'f str>, Problem> {
    let wrong = || Problem::new(400, "bad-warmup", format!("{name} must be text")).parameter(name);
    fields.get(name).map(|value| value.as_str().ok_or_else(wrong)).transpose()
}

fn texts(fields: &Map<String, Value>, name: &str) -> Result<Vec<String>, Problem> {
    let wrong = || Problem::new(400, "bad-warmup", format!("{name} must be a list of texts")).parameter(name);
    match fields.get(name) {
        None => Ok(Vec::new()),
        Some(Value::Array(list)) => {
            list.iter().map(|text| text.as_str().map(str::to_owned)).collect::<Option<_>>().ok_or_else(wrong)
        }
        Some(_) => Err(wrong()),
    }
}
