//! `GET /v1/stats`: what was counted from one time to another.

mod describe;

use std::sync::Arc;

use axum::extract::{Query, State};
use http::HeaderMap;
use serde_json::{Value, json};
use stats::{Bucket, Purges, Row, Step};

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

impl Asked {
    /// Where the span before begins, which is as long.
    fn before(&self) -> u64 {
        self.from.saturating_sub(self.to - self.from)
    }
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
    let (begin, end) = (if asked.compare { asked.before() } else { asked.from }, asked.to);
    let (rows, kept) = shown::blocking(move |now| {
        let rows = keeper.rows(step, begin, end, now)?;
        let since = keeper.kept()?.1.since;
        Ok((rows, since))
    })
    .await?;
    let sums = Sums::of(rows, &asked, &sites, sources.as_deref());
    if asked.csv {
        return Ok(Reply::of(200, CSV, describe::csv(&sums.now, sums.previous.as_ref())));
    }
    Ok(Reply::json(200, &answer(&plane, &asked, &sums, &figures, kept)))
}

fn answer(plane: &Plane, asked: &Asked, sums: &Sums, figures: &Figures, since: Option<u64>) -> Value {
    let previous = sums.previous.as_ref();
    json!({
        "from": rfc3339(asked.from),
        "to": rfc3339(asked.to),
        "step": asked.step.name(),
        "step_seconds": asked.step.millis() / 1000,
        "site": asked.site,
        "totals": describe::totals(&sums.now.total.counts),
        "previous": previous.map(|sum| describe::totals(&sum.total.counts)),
        "series": describe::series(&sums.now),
        "previous_series": previous.map(describe::series),
        "tops": describe::tops(&sums.now.total.tops, &Masters::of(plane)),
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

/// What was counted, and in as long a time before.
struct Sums {
    now: Sum,
    previous: Option<Sum>,
}

/// What was counted in a span of time: in all, and step by step.
pub(super) struct Sum {
    total: Bucket,
    /// Beginnings of steps, and what was counted in each.
    pub series: Vec<(u64, Bucket)>,
}

impl Sum {
    fn new(from: u64, to: u64, step: Step) -> Sum {
        let steps = (from..to).step_by(step.millis() as usize);
        Sum { total: Bucket::default(), series: steps.map(|at| (at, Bucket::default())).collect() }
    }

    fn add(&mut self, at: u64, bucket: &Bucket) {
        self.total.add(bucket);
        let place = self.series.partition_point(|(begin, _)| *begin <= at);
        if let Some((_, step)) = place.checked_sub(1).and_then(|place| self.series.get_mut(place)) {
            step.counts.add(&bucket.counts);
        }
    }
}

impl Sums {
    fn of(rows: Vec<Row>, asked: &Asked, sites: &Sites, sources: Option<&[String]>) -> Sums {
        let mut now = Sum::new(asked.from, asked.to, asked.step);
        let mut previous = asked.compare.then(|| Sum::new(asked.before(), asked.from, asked.step));
        for row in rows {
            let at = row.at;
            let Some(bucket) = shown_of(row, sites, sources.unwrap_or_default()) else { continue };
            match &mut previous {
                _ if at >= asked.from => now.add(at, &bucket),
                Some(previous) => previous.add(at, &bucket),
                None => {}
            }
        }
        Sums { now, previous }
    }
}

/// What of a row is shown to who sees these sites and sources.
fn shown_of(row: Row, sites: &Sites, sources: &[String]) -> Option<Bucket> {
    let mut bucket = row.bucket;
    match sites {
        None => {
            // Of purges, what belongs to no site has all.
            if !row.site.is_empty() {
                bucket.counts.purges = Purges::default();
            }
            Some(bucket)
        }
        Some(sites) if sites.contains(&row.site) => Some(bucket),
        // Of what belongs to no site, who asks for some has the figures of their sources, and the purges that concern several.
        Some(sites) if row.site.is_empty() => Some(part(&bucket, sites, sources)),
        Some(_) => None,
    }
}

fn part(bucket: &Bucket, sites: &[String], sources: &[String]) -> Bucket {
    let mut kept = Bucket::default();
    for (name, figures) in bucket.counts.sources.iter().filter(|(name, _)| sources.iter().any(|s| s == name)) {
        *kept.counts.sources.at(name) = figures.clone();
    }
    kept.counts.purges = bucket.counts.shared_purges_of(sites);
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

    #[test]
    fn the_span_before_lies_step_by_step_beside_this_one() {
        let asked =
            asked(&[("from", "2023-11-13T10:00:00Z"), ("to", "2023-11-13T10:03:00Z"), ("compare", "1")]).unwrap();
        let row = |minute: i64, requests: u64| {
            let mut bucket = Bucket::default();
            bucket.counts.all.requests = requests;
            Row { at: asked.from.wrapping_add_signed(minute * 60_000), site: "shop".to_owned(), bucket }
        };
        let rows = || vec![row(-3, 5), row(-1, 7), row(0, 1), row(2, 2), row(2, 3)];
        let sums = Sums::of(rows(), &asked, &None, None);
        let counts = |sum: &Sum| sum.series.iter().map(|(_, bucket)| bucket.counts.all.requests).collect::<Vec<_>>();
        let previous = sums.previous.as_ref().unwrap();
        assert_eq!((counts(&sums.now), counts(previous)), (vec![1, 0, 5], vec![5, 0, 7]));
        assert_eq!((sums.now.total.counts.all.requests, previous.total.counts.all.requests), (6, 12));
        let csv = describe::csv(&sums.now, Some(previous));
        let lines: Vec<Vec<&str>> = csv.lines().map(|line| line.split(',').collect()).collect();
        let columns = lines[0].len() / 2;
        assert_eq!((lines[0][1], lines[0][columns + 1]), ("requests", "previous_requests"));
        assert_eq!((lines[3][0], lines[3][1]), ("2023-11-13T10:02:00.000Z", "5"));
        assert_eq!((lines[3][columns], lines[3][columns + 1]), ("2023-11-13T09:59:00.000Z", "7"));
        assert!(lines.iter().all(|line| line.len() == 2 * columns));
        // Without it, nothing of before is in anything.
        let alone = Sums::of(rows(), &Asked { compare: false, ..asked }, &None, None);
        assert!(alone.previous.is_none() && alone.now.total.counts.all.requests == 6);
        assert_eq!(describe::csv(&alone.now, None).lines().next().unwrap().split(',').count(), columns);
    }
}
