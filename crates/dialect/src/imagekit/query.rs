//! What the query says beside the transformation (<https://imagekit.io/docs/advanced-url-parameters>).

use super::path::malformed;
use crate::error::ParseError;
use crate::request::{Disposition, Warning, WarningKind};
use crate::table::{Kind, ParamDoc, Served, Tier};
use crate::text;

/// What stands in the query, for the docs.
pub(super) const ROWS: [ParamDoc; 6] = [
    row(
        "tr",
        Tier::A,
        Kind::Syntax("steps joined by colons, each of parameters joined by commas"),
        "",
        "In the query: the transformation, as in a tr: segment of the path; both together: the path's steps come first.",
        Served::Exactly("crates/afterimage/tests/imagekit_pixels.rs::sizes_are_those_of_the_documentation"),
    ),
    row(
        "ik-s",
        Tier::A,
        Kind::Syntax("40 hex digits"),
        "",
        "In the query: the signature, HMAC-SHA1 of what follows the URL endpoint and of the time of ik-t.",
        Served::Exactly("crates/afterimage/tests/signing.rs::signed_urls_are_served_and_others_are_not"),
    ),
    row(
        "ik-t",
        Tier::A,
        Kind::Syntax("seconds since 1970"),
        "9999999999",
        "In the query: when the signature ends.",
        Served::Exactly("crates/afterimage/tests/signing.rs::a_url_ends_when_it_says_so"),
    ),
    row(
        "ik-attachment",
        Tier::B,
        Kind::Flag,
        "false",
        "In the query: browsers are told to save the picture rather than to show it.",
        Served::Exactly("crates/afterimage/tests/http.rs::downloads_are_named"),
    ),
    row(
        "ik-attachment-filename",
        Tier::C,
        Kind::Text,
        "the master's name",
        "In the query: the name under which it is saved, beside ik-attachment=true.",
        Served::Exactly("crates/afterimage/tests/http.rs::downloads_are_named"),
    ),
    row(
        "ik-sanitizeSvg",
        Tier::C,
        Kind::Flag,
        "false",
        "In the query: an SVG is to lose its scripts.",
        Served::Nearly("an SVG keeps its scripts; it is delivered with a policy under which none of them runs"),
    ),
];

const fn row(
    name: &'static str,
    tier: Tier,
    kind: Kind,
    default: &'static str,
    doc: &'static str,
    served: Served,
) -> ParamDoc {
    ParamDoc { name, aliases: &[], kind, default, doc, tier, served }
}

/// The query, sorted out. Names beginning with `ik-` are the vendor's own.
#[derive(Debug, Default)]
pub(super) struct Query {
    pub(super) steps: Option<String>,
    pub(super) origin: String,
    pub(super) disposition: Disposition,
    pub(super) warnings: Vec<Warning>,
}

impl Query {
    pub(super) fn read(raw: &str) -> Result<Query, ParseError> {
        let mut query = Query::default();
        let mut origin = Vec::new();
        let (mut attachment, mut repeated) = (false, false);
        let mut filename = None;
        for (raw_name, raw_value) in text::pairs(raw) {
            let name = text::decode_query(raw_name).unwrap_or_else(|| raw_name.to_owned());
            if name != "tr" && !name.starts_with("ik-") {
                origin.push(match raw_value {
                    Some(value) => format!("{raw_name}={value}"),
                    None => raw_name.to_owned(),
                });
                continue;
            }
            let value = text::decode_query(raw_value.unwrap_or_default())
                .ok_or_else(|| malformed("an escape in the query is not UTF-8", "percent-encoded UTF-8"))?;
            let mut warn = |kind, allowed: &str| {
                let (parameter, value) = (name.clone(), value.clone());
                query.warnings.push(Warning { kind, parameter, value, allowed: allowed.to_owned() });
            };
            match name.as_str() {
                "tr" if repeated => {}
                "tr" if query.steps.is_some() => {
                    repeated = true;
                    warn(WarningKind::Repeated, "once; the first is taken");
                }
                "tr" => query.steps = Some(value),
                "ik-attachment" if value == "true" || value == "false" => attachment = value == "true",
                "ik-attachment" => warn(WarningKind::Invalid, "true or false"),
                "ik-attachment-filename" => filename = Some(value).filter(|name| !name.is_empty()),
                "ik-sanitizeSvg" if value != "true" && value != "false" => warn(WarningKind::Invalid, "true or false"),
                _ => {}
            }
        }
        origin.sort_unstable();
        query.origin = origin.join("&");
        match (attachment, filename) {
            (true, filename) => query.disposition = Disposition::Attachment(filename),
            (false, Some(value)) => query.warnings.push(Warning {
                kind: WarningKind::NoEffect,
                parameter: "ik-attachment-filename".to_owned(),
                value,
                allowed: "only beside ik-attachment=true".to_owned(),
            }),
            (false, None) => {}
        }
        Ok(query)
    }
}
