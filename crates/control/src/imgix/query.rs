//! The queries of imgix's management API: pages, sparse fields, filters and orders, whose brackets arrive raw or encoded.

use dialect::text;
use serde_json::Value;

use super::document::{Problem, Resource};

/// Pairs that are read of one query.
const MOST_PAIRS: usize = 200;
/// Resources in one page: by default, and at most.
const PAGE: usize = 20;
const LARGEST_PAGE: usize = 1000;

/// A query, decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Query(Vec<(String, String)>);

/// Which part of a list is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Page {
    /// Pages of one size, numbered from 0.
    Number { number: usize, size: usize },
    /// What follows a place; `None` = the beginning.
    Cursor { cursor: Option<String>, limit: usize },
}

impl Query {
    pub fn read(raw: Option<&str>) -> Query {
        let pairs = text::pairs(raw.unwrap_or_default()).take(MOST_PAIRS);
        let decoded = pairs.filter_map(|(name, value)| {
            Some((text::decode_query(name)?, text::decode_query(value.unwrap_or_default())?))
        });
        Query(decoded.collect())
    }

    /// The last value of a name.
    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The attributes that are asked for; `None` = all.
    pub fn fields(&self, kind: &str) -> Option<impl Iterator<Item = &str>> {
        let names = self.get(&format!("fields[{kind}]"))?;
        Some(names.split(',').map(str::trim).filter(|name| !name.is_empty()))
    }

    pub fn page(&self) -> Result<Page, Problem> {
        let count = |name: &str, default: usize| match self.get(name) {
            None => Ok(default),
            Some(text) => {
                let wrong = || Problem::parameter(format!("{name}={text} must be a number from 1 to {LARGEST_PAGE}"));
                text.parse().ok().filter(|n| (1..=LARGEST_PAGE).contains(n)).ok_or_else(wrong)
            }
        };
        let cursor = self.get("page[cursor]");
        if cursor.is_some() || self.get("page[limit]").is_some() {
            let limit = count("page[limit]", PAGE)?;
            return Ok(Page::Cursor { cursor: cursor.filter(|c| !c.is_empty()).map(str::to_owned), limit });
        }
        let number = match self.get("page[number]") {
            None => 0,
            Some(text) => text
                .parse()
                .map_err(|_| Problem::parameter(format!("page[number]={text} must be a number; pages count from 0")))?,
        };
        Ok(Page::Number { number, size: count("page[size]", PAGE)? })
    }

    /// By which attribute a list is put in order, and whether the largest comes first.
    pub fn sort(&self, known: &[&str]) -> Result<Vec<(String, bool)>, Problem> {
        let keys = self.get("sort").unwrap_or_default().split(',').map(str::trim).filter(|key| !key.is_empty());
        keys.map(|key| {
            let (name, down) = key.strip_prefix('-').map_or((key, false), |name| (name, true));
            match known.contains(&name) {
                true => Ok((name.to_owned(), down)),
                false => Err(Problem::parameter(format!("cannot sort by {name:?}; there are {}", known.join(", ")))),
            }
        })
        .collect()
    }

    /// What resources must be like. Names that end in `*` stand for all that begin so.
    pub fn filters(&self, known: &[&str]) -> Result<Filters, Problem> {
        let mut filters = Filters::default();
        for (name, value) in &self.0 {
            let Some(name) = name.strip_prefix("filter[").and_then(|name| name.strip_suffix(']')) else { continue };
            let (name, any) = name.strip_prefix("or:").map_or((name, false), |name| (name, true));
            let is = |known: &&str| known.strip_suffix('*').map_or(*known == name, |begin| name.starts_with(begin));
            if !known.iter().any(is) {
                let detail = format!("cannot filter by {name:?}; there are {}", known.join(", "));
                return Err(Problem::parameter(detail));
            }
            let one = Filter { name: name.to_owned(), values: value.split(',').map(str::to_owned).collect() };
            if any { filters.any.push(one) } else { filters.all.push(one) }
        }
        Ok(filters)
    }

    /// The query with another page: names and values encoded, for a link.
    pub fn with_page(&self, page: &[(&str, String)]) -> String {
        let kept = self.0.iter().filter(|(name, _)| !name.starts_with("page["));
        let kept = kept.map(|(name, value)| (name.as_str(), value.as_str()));
        let pairs = kept.chain(page.iter().map(|(name, value)| (*name, value.as_str())));
        let encode = |text: &str| text::encode(text, text::QUERY_VALUE);
        pairs.map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect::<Vec<_>>().join("&")
    }
}

/// What is asked of an attribute: one of these values.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Filter {
    name: String,
    values: Vec<String>,
}

/// Filters that all hold, and others of which one does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Filters {
    all: Vec<Filter>,
    any: Vec<Filter>,
}

impl Filters {
    pub fn hold(&self, resource: &Resource) -> bool {
        self.all.iter().all(|filter| filter.holds(resource))
            && (self.any.is_empty() || self.any.iter().any(|filter| filter.holds(resource)))
    }
}

/// Attributes in which a part of the text is enough.
const TEXTS: [&str; 5] = ["name", "origin_path", "keyword", "keywords", "deployment.annotation"];

impl Filter {
    fn holds(&self, resource: &Resource) -> bool {
        let name = if self.name.starts_with("keyword") { "origin_path" } else { self.name.as_str() };
        let Some(attribute) = resource.attribute(name) else { return false };
        let part = TEXTS.contains(&self.name.as_str());
        self.values.iter().any(|value| matches(attribute, value.trim(), part))
    }
}

/// Whether an attribute, or one in a list, has a value; of numbers also `low:high`.
fn matches(attribute: &Value, value: &str, part: bool) -> bool {
    match attribute {
        Value::Bool(is) => {
            value.eq_ignore_ascii_case(if *is { "true" } else { "false" }) || value == if *is { "1" } else { "0" }
        }
        Value::Number(is) => is.as_f64().is_some_and(|is| match value.split_once(':') {
            Some((low, high)) => {
                low.parse().is_ok_and(|low: f64| low <= is) && high.parse().is_ok_and(|high: f64| is <= high)
            }
            None => value.parse() == Ok(is),
        }),
        Value::String(is) if part => is.to_lowercase().contains(&value.to_lowercase()),
        Value::String(is) => is.eq_ignore_ascii_case(value),
        Value::Array(list) => list.iter().any(|one| matches(one, value, part)),
        Value::Object(_) | Value::Null => false,
    }
}

/// Puts resources in order: numbers by size, all else as text.
pub(super) fn sort(resources: &mut [Resource], by: &[(String, bool)]) {
    resources.sort_by(|a, b| {
        let compare = |(name, down): &(String, bool)| {
            let (a, b) = (a.attribute(name), b.attribute(name));
            let numbers = (a.and_then(Value::as_f64), b.and_then(Value::as_f64));
            let order = match numbers {
                (Some(a), Some(b)) => a.total_cmp(&b),
                _ => a.map(ToString::to_string).cmp(&b.map(ToString::to_string)),
            };
            if *down { order.reverse() } else { order }
        };
        by.iter().map(compare).find(|order| order.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
    });
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    fn page(raw: &str) -> Option<Page> {
        Query::read(Some(raw)).page().ok()
    }

    #[test]
    fn pages_in_both_forms() {
        let number = |number, size| Some(Page::Number { number, size });
        let cursor = |cursor: Option<&str>, limit| Some(Page::Cursor { cursor: cursor.map(str::to_owned), limit });
        for (raw, want) in [
            ("", number(0, 20)),
            ("page[number]=3&page[size]=5", number(3, 5)),
            ("page%5Bnumber%5D=3", number(3, 20)),
            ("page[cursor]=ab.9&page[limit]=2", cursor(Some("ab.9"), 2)),
            ("page[limit]=2&page[number]=7", cursor(None, 2)),
            ("page[cursor]=", cursor(None, 20)),
            ("page[size]=0", None),
            ("page[size]=1001", None),
            ("page[number]=-1", None),
            ("page[number]=x", None),
            ("page[limit]=x", None),
        ] {
            assert_eq!(page(raw), want, "{raw}");
        }
    }

    #[test]
    fn filters_hold_together_or_one_of_them() {
        let one = Resource {
            kind: "things",
            id: "1".into(),
            attributes: json!({ "name": "Shop Pictures", "enabled": true, "size": 30, "tags": ["red", "blue"],
                                "deployment": { "type": "webfolder" }, "none": null }),
        };
        let known = ["name", "enabled", "size", "tags", "none", "deployment.*", "custom:*"];
        for (raw, holds) in [
            ("", Some(true)),
            ("filter[name]=pict", Some(true)),
            ("filter%5Bname%5D=none,shop", Some(true)),
            ("filter[name]=other", Some(false)),
            ("filter[deployment.type]=WebFolder", Some(true)),
            ("filter[deployment.type]=web", Some(false)),
            ("filter[deployment.missing]=x", Some(false)),
            ("filter[enabled]=true&filter[size]=10:30", Some(true)),
            ("filter[enabled]=0", Some(false)),
            ("filter[size]=30", Some(true)),
            ("filter[size]=31:40", Some(false)),
            ("filter[size]=:40", Some(false)),
            ("filter[tags]=blue", Some(true)),
            ("filter[none]=", Some(false)),
            ("filter[custom:sku]=7", Some(false)),
            ("filter[or:name]=other&filter[or:tags]=red", Some(true)),
            ("filter[or:name]=other&filter[or:tags]=green", Some(false)),
            ("filter[or:name]=shop&filter[enabled]=false", Some(false)),
            ("filter[color]=red", None),
        ] {
            let found = Query::read(Some(raw)).filters(&known).ok().map(|filters| filters.hold(&one));
            assert_eq!(found, holds, "{raw}");
        }
    }

    #[test]
    fn orders_and_fields() {
        let of = |name: &str, size: u32| Resource {
            kind: "things",
            id: name.into(),
            attributes: json!({ "name": name, "size": size, "deep": { "a": 1, "b": 2 } }),
        };
        let mut all = vec![of("b", 10), of("a", 9), of("c", 10)];
        let ids = |all: &[Resource]| all.iter().map(|r| r.id.clone()).collect::<String>();
        for (raw, want) in
            [("sort=name", "abc"), ("sort=-name", "cba"), ("sort=-size,name", "bca"), ("sort=size", "abc")]
        {
            let by = Query::read(Some(raw)).sort(&["name", "size"]).ok().unwrap();
            sort(&mut all, &by);
            assert_eq!(ids(&all), want, "{raw}");
        }
        assert!(Query::read(Some("sort=colour")).sort(&["name"]).is_err());
        let query = Query::read(Some("fields[things]=name,deep.b,nothing&page[size]=1&x=a%26b"));
        let shown = of("a", 9).shown(&query);
        assert_eq!(shown["attributes"], json!({ "name": "a", "deep": { "b": 2 } }));
        let next = query.with_page(&[("page[number]", "1".into())]);
        assert!(next.contains("x=a%26b") && next.ends_with("page%5Bnumber%5D=1") && !next.contains("size"), "{next}");
    }
}
