//! `GET /v1/stats`: what was counted from one time to another.

mod describe;

use std::sync::Arc;

use axum::extract::{Query, State};
use http::HeaderMap;
use serde_json::{Value, json};
use stats::{Bucket, Row, Step};

use super::list::Reader;
use super::shown::{self, CSV, Masters, Sites};
use super::{Parameters, caller};
use crate::auth::Right;
use crate::clock::{now_ms, parse_rfc3339, rfc3339};
use crate::plane::{Figures, Plane};
use crate::reply::{Problem, Reply};
use crate::server::From;

const PARAMETERS: &[&str] = &["from", "to", "site", "step", "compare", "format"];
const STEPS: &[&str] = &["auto", "minute", "hour", "day"];
const TIMES: &[&str] =
    &["an RFC 3339 time, such as 2026-01-31T12:00:00Z", "-24h, -7d, -30m (units: s, m, h, d, w)", "now"];
const DAY: u64 = 86_400_000;
/// What is shown unless the caller says otherwise, in milliseconds.
const USUAL: u64 = DAY;
/// Steps in one answer.
const MOST_STEPS: u64 = 3000;

/// What is asked for. Times are in milliseconds since the Unix epoch, and lie at ends of steps.
struct Asked {
    from: u64,
    to: u64,
    step: Step,
    compare: bool,
    csv: bool,
    site: Option<String>,
}

pub(crate) async fn show(
    State(plane): State<Arc<Plane>>,
    Query(query): Parameters,
    from: From,
    headers: HeaderMap,
) -> Result<Reply, Problem> {
    let caller = caller(&plane, &headers, &from, Right::Read)?;
    let asked = read(&Reader { query: &query }, now_ms())?;
    let sites = shown::visible(&plane, &caller, asked.site.as_deref())?;
    let figures = shown::figures(&plane)?;
    // A key that is bound to sites learns nothing of sources that others have a part in.
    let alone = !caller.scope.sites.is_empty();
    let sources = sites.as_ref().map(|sites| shown::sources_of(&plane, sites, alone));
    let (keeper, step) = (figures.keeper.clone(), asked.step);
    let begin = if asked.compare { asked.from.saturating_sub(asked.to - asked.from) } else { asked.from };
    let end = asked.to;
    let (rows, kept) = shown::blocking(move |now| {
        let rows = keeper.rows(step, begin, end, now)?;
        let since = keeper.kept()?.1.since;
        Ok((rows, since))
    })
    .await?;
    let sums = Sums::of(rows, &asked, &sites, sources.as_deref());
    if asked.csv {
        return Ok(Reply::of(200, CSV, describe::csv(&sums.series)));
    }
    Ok(Reply::json(200, &answer(&plane, &asked, &sums, &figures, kept)))
}

fn answer(plane: &Plane, asked: &Asked, sums: &Sums, figures: &Figures, since: Option<u64>) -> Value {
    let series: Vec<Value> = sums
        .series
        .iter()
        .map(|(at, bucket)| {
            let mut point = describe::totals(&bucket.counts);
            point["at"] = json!(rfc3339(*at));
            point
        })
        .collect();
    json!({
        "from": rfc3339(asked.from),
        "to": rfc3339(asked.to),
        "step": asked.step.name(),
        "step_seconds": asked.step.millis() / 1000,
        "site": asked.site,
        "totals": describe::totals(&sums.total.counts),
        "previous": sums.previous.as_ref().map(|bucket| describe::totals(&bucket.counts)),
        "series": series,
        "tops": describe::tops(&sums.total.tops, &Masters::of(plane)),
        "kept": {
            "minutes": describe::span(figures.minutes),
            "hours": describe::span(figures.hours),
            "days": describe::span(figures.days),
            "since": since.map(rfc3339),
        },
    })
}

fn read(read: &Reader<'_>, now: u64) -> Result<Asked, Problem> {
    read.only(PARAMETERS)?;
    let to = moment(read, "to", now)?.unwrap_or(now).min(now);
    let from = moment(read, "from", now)?.unwrap_or(to.saturating_sub(USUAL));
    if from >= to {
        let detail = "from lies before to, and neither in the future";
        return Err(Problem::new(400, "bad-parameter", detail).parameter("from").allowed(TIMES));
    }
    let step = match read.name("step", |name| STEPS.contains(&name).then(|| name.to_owned()), STEPS)?.as_deref() {
        Some("minute") => Step::Minute,
        Some("hour") => Step::Hour,
        Some("day") => Step::Day,
        _ => fitting(to - from),
    };
    let (from, to) = (step.start(from), step.start(to - 1) + step.millis());
    let steps = (to - from) / step.millis();
    if steps > MOST_STEPS {
        let detail = format!("these are {steps} steps; at most {MOST_STEPS} are shown at once");
        return Err(Problem::new(400, "too-many-steps", detail).parameter("step").allowed(STEPS));
    }
    let compare = read.name("compare", |text| ["0", "1"].iter().position(|known| *known == text), &["0", "1"])?;
    let csv = shown::wants_csv(read)?;
    Ok(Asked { from, to, step, compare: compare == Some(1), csv, site: read.query.get("site").cloned() })
}

/// So short that there is something to see, so long that it can be seen.
fn fitting(span: u64) -> Step {
    match span {
        0..=21_600_000 => Step::Minute,
        21_600_001..=1_209_600_000 => Step::Hour,
        _ => Step::Day,
    }
}

/// A time, or how long ago it was, in milliseconds since the Unix epoch.
fn moment(read: &Reader<'_>, name: &str, now: u64) -> Result<Option<u64>, Problem> {
    let Some(text) = read.query.get(name) else { return Ok(None) };
    if text == "now" {
        return Ok(Some(now));
    }
    let ago = || {
        let text = text.strip_prefix('-')?;
        let unit = match text.chars().last()? {
            's' => 1000,
            'm' => 60_000,
            'h' => 3_600_000,
            'd' => DAY,
            'w' => 7 * DAY,
            _ => return None,
        };
        let digits = &text[..text.len() - 1];
        let number: u64 = digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok()).flatten()?;
        Some(now.saturating_sub(number.saturating_mul(unit)))
    };
    // An unescaped `+` of a zone reads as a space.
    let time = ago().or_else(|| parse_rfc3339(text)).or_else(|| parse_rfc3339(&text.replacen(' ', "+", 1)));
    let problem = || Problem::new(400, "bad-parameter", format!("{name}={text} is no time")).parameter(name);
    time.map(Some).ok_or_else(|| problem().allowed(TIMES))
}

/// What was counted: step by step, in all, and in as long a time before.
struct Sums {
    series: Vec<(u64, Bucket)>,
    total: Bucket,
    previous: Option<Bucket>,
}

impl Sums {
    fn of(rows: Vec<Row>, asked: &Asked, sites: &Sites, sources: Option<&[String]>) -> Sums {
        let steps = (asked.from..asked.to).step_by(asked.step.millis() as usize);
        let mut sums = Sums {
            series: steps.map(|at| (at, Bucket::default())).collect(),
            total: Bucket::default(),
            previous: asked.compare.then(Bucket::default),
        };
        for row in rows {
            let bucket = match sites {
                None => row.bucket,
                Some(sites) if sites.contains(&row.site) => row.bucket,
                // Of what belongs to no site, who asks for some has the figures of their sources.
                Some(_) if row.site.is_empty() => only_sources(&row.bucket, sources.unwrap_or_default()),
                Some(_) => continue,
            };
            match row.at.checked_sub(asked.from) {
                None => {
                    if let Some(previous) = &mut sums.previous {
                        previous.add(&bucket);
                    }
                }
                Some(after) => {
                    sums.total.add(&bucket);
                    let place = usize::try_from(after / asked.step.millis()).unwrap_or(usize::MAX);
                    if let Some((_, step)) = sums.series.get_mut(place) {
                        step.counts.add(&bucket.counts);
                    }
                }
            }
        }
        sums
    }
}

fn only_sources(bucket: &Bucket, sources: &[String]) -> Bucket {
    let mut kept = Bucket::default();
    for (name, figures) in bucket.counts.sources.iter().filter(|(name, _)| sources.iter().any(|s| s == name)) {
        *kept.counts.sources.at(name) = figures.clone();
    }
    kept
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::HashMap;

    use super::*;

    /// A minute and a second past midnight.
    const NOW: u64 = 1_699_920_061_000;

    fn asked(parameters: &[(&str, &str)]) -> Result<Asked, Problem> {
        let query: HashMap<String, String> = parameters.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
        read(&Reader { query: &query }, NOW)
    }

    #[test]
    fn times_and_steps_are_read() {
        let hour = 3_600_000;
        let midnight = NOW - 61_000;
        for (parameters, step, from, to) in [
            (&[][..], Step::Hour, midnight - 24 * hour, midnight + hour),
            (&[("from", "-1h")], Step::Minute, midnight + 60_000 - hour, midnight + 120_000),
            (&[("from", "-7d"), ("to", "now")], Step::Hour, midnight - 7 * DAY, midnight + hour),
            (&[("from", "-4w")], Step::Day, midnight - 28 * DAY, midnight + DAY),
            (&[("from", "-30m"), ("step", "day")], Step::Day, midnight - DAY, midnight + DAY),
            (
                &[("from", "2023-11-13T00:00:00Z"), ("to", "2023-11-13T02:00:00+00:00")],
                Step::Minute,
                midnight - 24 * hour,
                midnight - 22 * hour,
            ),
            (
                &[("from", "-1h"), ("to", "2123-11-13T02:00:00Z")],
                Step::Minute,
                midnight + 60_000 - hour,
                midnight + 120_000,
            ),
        ] {
            let read = asked(parameters).unwrap_or_else(|problem| panic!("{parameters:?} {problem:?}"));
            assert_eq!((read.step, read.from, read.to), (step, from, to), "{parameters:?}");
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused_by_name() {
        for (parameters, code, parameter) in [
            (&[("form", "-1h")][..], "unknown-parameter", "form"),
            (&[("from", "yesterday")], "bad-parameter", "from"),
            (&[("from", "-1y")], "bad-parameter", "from"),
            (&[("from", "--1h")], "bad-parameter", "from"),
            (&[("from", "-h")], "bad-parameter", "from"),
            (&[("from", "-é")], "bad-parameter", "from"),
            (&[("to", "")], "bad-parameter", "to"),
            (&[("from", "now")], "bad-parameter", "from"),
            (&[("from", "-1h"), ("to", "-2h")], "bad-parameter", "from"),
            (&[("step", "week")], "bad-parameter", "step"),
            (&[("from", "-30d"), ("step", "minute")], "too-many-steps", "step"),
            (&[("compare", "yes")], "bad-parameter", "compare"),
            (&[("format", "xml")], "bad-parameter", "format"),
        ] {
            let Err(problem) = asked(parameters) else { panic!("{parameters:?}") };
            assert_eq!(
                (problem.status, problem.code, problem.parameter.as_deref()),
                (400, code, Some(parameter)),
                "{parameters:?}"
            );
            assert!(!problem.allowed.is_empty());
        }
    }
}
