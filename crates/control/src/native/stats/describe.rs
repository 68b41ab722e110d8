//! Figures as JSON and CSV.

use std::time::Duration;

use serde_json::{Map, Value, json};
use stats::{Bucket, Counts, Flow, Histogram, Tally, Top, Tops};

use super::Sum;
use crate::clock::rfc3339;
use crate::native::shown::{Csv, Masters, ms};

/// Names shown of each list.
const NAMES: usize = 50;

/// Everything but lists of names.
pub(super) fn totals(counts: &Counts) -> Value {
    let mut renders = times(&counts.renders.time);
    renders["input_bytes"] = json!(counts.renders.input_bytes);
    renders["output_bytes"] = json!(counts.renders.output_bytes);
    json!({
        "requests": counts.all.requests,
        "bytes": counts.all.bytes,
        "served": named(&counts.served, |n| json!(n)),
        "hit_ratio": hit_ratio(counts),
        "missed": named(&counts.missed, |n| json!(n)),
        "status": numbered(counts.status.iter()),
        "codes": named(&counts.codes, |n| json!(n)),
        "formats": named(&counts.formats, |flow: &Flow| json!({ "requests": flow.requests, "bytes": flow.bytes })),
        "saved": { "bytes": counts.saved.bytes, "master_bytes": counts.saved.master_bytes },
        "quality": numbered(counts.quality.iter()),
        "latency": { "all": times(&counts.latency()), "hit": times(&counts.hit), "miss": times(&counts.miss) },
        "renders": renders,
        "purges": {
            "count": counts.purges.count,
            "by_mode": named(&counts.purges.modes, |n| json!(n)),
            "by_via": named(&counts.purges.vias, |n| json!(n)),
            "effective": times(&counts.purges.effective),
            "erased": times(&counts.purges.erased),
        },
        "sources": named(&counts.sources, |source| json!({
            "fetches": source.fetches,
            "bytes": source.bytes,
            "errors": source.errors,
            "time": times(&source.time),
        })),
        "loads": times(&counts.loads),
    })
}

/// Totals of each step, with its beginning.
pub(super) fn series(sum: &Sum) -> Vec<Value> {
    let point = |(at, bucket): &(u64, Bucket)| {
        let mut point = totals(&bucket.counts);
        point["at"] = json!(rfc3339(*at));
        point
    };
    sum.series.iter().map(point).collect()
}

/// The share of answers out of the cache among those of which it was asked; `None` where it was not.
fn hit_ratio(counts: &Counts) -> Option<f64> {
    let (hits, asked) = counts.hits();
    (asked > 0).then(|| hits as f64 / asked as f64)
}

fn times(times: &Histogram) -> Value {
    let at = |share| times.percentile(share).map(ms);
    json!({
        "count": times.count(),
        "p50_ms": at(0.5),
        "p95_ms": at(0.95),
        "p99_ms": at(0.99),
        "max_ms": (times.count() > 0).then(|| ms(times.max())),
    })
}

fn named<V: Default>(tally: &Tally<V>, show: impl Fn(&V) -> Value) -> Value {
    Value::Object(tally.iter().map(|(name, value)| (name.to_owned(), show(value))).collect())
}

fn numbered(numbers: impl Iterator<Item = (u16, u64)>) -> Value {
    let mut all: Vec<(u16, u64)> = numbers.collect();
    all.sort_unstable();
    Value::Object(all.into_iter().map(|(number, n)| (number.to_string(), json!(n))).collect::<Map<_, _>>())
}

/// Lists of names, the most frequent first.
pub(super) fn tops(tops: &Tops, masters: &Masters) -> Value {
    let plain = |name: &str| name.to_owned();
    let of_master = |name: &str| masters.name(name);
    let slowest: Vec<Value> = tops
        .slowest
        .ranked()
        .into_iter()
        .take(NAMES)
        .map(|slow| json!({ "name": slow.name, "max_ms": ms(slow.max), "requests": slow.count }))
        .collect();
    let missing: Vec<Value> = tops
        .missing
        .ranked()
        .into_iter()
        .take(NAMES)
        .map(|entry| json!({ "name": masters.name(&entry.name), "requests": entry.count }))
        .collect();
    json!({
        "masters": top(&tops.masters, of_master),
        "derivatives": top(&tops.derivatives, plain),
        "missing": missing,
        "referrers": top(&tops.referrers, plain),
        "slowest": slowest,
        "transformations": top(&tops.transformations, plain),
    })
}

fn top(top: &Top, name: impl Fn(&str) -> String) -> Vec<Value> {
    let ranked = top.ranked().into_iter().take(NAMES);
    ranked.map(|entry| json!({ "name": name(&entry.name), "requests": entry.count, "bytes": entry.bytes })).collect()
}

/// As it was configured: in whole days where it is more than two, else in hours.
pub(super) fn span(time: Duration) -> String {
    let hours = time.as_secs() / 3600;
    if hours > 48 && hours.is_multiple_of(24) { format!("{}d", hours / 24) } else { format!("{hours}h") }
}

const COLUMNS: &[&str] = &[
    "at",
    "requests",
    "bytes",
    "hits",
    "misses",
    "hit_ratio",
    "status_4xx",
    "status_5xx",
    "saved_bytes",
    "master_bytes",
    "p50_ms",
    "p95_ms",
    "p99_ms",
    "max_ms",
    "renders",
    "purges",
    "fetches",
];

/// A row for each step. Where there is a span before, the step of the same place in it stands behind, its columns with `previous_`
/// in front.
pub(super) fn csv(now: &Sum, previous: Option<&Sum>) -> String {
    let mut csv = Csv::default();
    COLUMNS.iter().for_each(|column| csv.field(column));
    if previous.is_some() {
        COLUMNS.iter().for_each(|column| csv.field(&format!("previous_{column}")));
    }
    csv.end();
    for (place, (at, bucket)) in now.series.iter().enumerate() {
        fields(*at, &bucket.counts).iter().for_each(|field| csv.field(field));
        match previous.map(|previous| previous.series.get(place)) {
            Some(Some((at, bucket))) => fields(*at, &bucket.counts).iter().for_each(|field| csv.field(field)),
            Some(None) => COLUMNS.iter().for_each(|_| csv.field("")),
            None => {}
        }
        csv.end();
    }
    csv.text
}

fn fields(at: u64, counts: &Counts) -> Vec<String> {
    let (hits, asked) = counts.hits();
    let hundred = |hundred: u16| -> u64 {
        counts.status.iter().filter(|(status, _)| status / 100 == hundred).map(|(_, n)| n).sum()
    };
    let latency = counts.latency();
    let percentile = |share| latency.percentile(share).map(|micros| ms(micros).to_string()).unwrap_or_default();
    let longest = if latency.count() > 0 { ms(latency.max()).to_string() } else { String::new() };
    let fetches: u64 = counts.sources.iter().map(|(_, source)| source.fetches).sum();
    let ratio = hit_ratio(counts).map(|ratio| format!("{ratio:.4}")).unwrap_or_default();
    vec![
        rfc3339(at),
        counts.all.requests.to_string(),
        counts.all.bytes.to_string(),
        hits.to_string(),
        (asked - hits).to_string(),
        ratio,
        hundred(4).to_string(),
        hundred(5).to_string(),
        counts.saved.bytes.to_string(),
        counts.saved.master_bytes.to_string(),
        percentile(0.5),
        percentile(0.95),
        percentile(0.99),
        longest,
        counts.renders.time.count().to_string(),
        counts.purges.count.to_string(),
        fetches.to_string(),
    ]
}
