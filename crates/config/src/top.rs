//! Everything but sources and sites.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use stats::Addresses;

use crate::keys;
use crate::listen;
use crate::provenance::{Home, Provenance};
use crate::section::{Section, Trouble, path, text};
use crate::tree::Value;
use crate::{Cache, Config, Decoders, Limits, Log, Purging, Render, Stats, Webhook};

const MIB: u64 = 1 << 20;
const PIB: u64 = 1 << 50;
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Caches smaller than this hold no picture worth the trouble.
const CACHE_SIZES: RangeInclusive<u64> = MIB..=PIB;
pub(crate) const BROWSER_TIMES: RangeInclusive<Duration> = Duration::ZERO..=DAY.saturating_mul(3650);
pub(crate) const EDGE_TIMES: RangeInclusive<Duration> = Duration::from_secs(1)..=DAY.saturating_mul(3650);
/// The least size of a master that a limit may say, and the most.
pub(crate) const MASTER_SIZES: RangeInclusive<u64> = 1024..=64 << 30;
const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
pub(crate) const YEAR: Duration = DAY.saturating_mul(365);

/// A configuration without sources and sites.
pub(crate) fn read(top: &Section<'_>, base: &Path) -> Config {
    let cache = top.child("cache", keys::CACHE);
    let listen = listen::read(&top.child("listen", keys::LISTEN));
    Config {
        certificates: listen::certificates(top, base, &listen),
        listen,
        data: data(top, base),
        browser_time: cache.time("browser_time", Duration::ZERO, BROWSER_TIMES),
        edge_time: cache.time("edge_time", YEAR, EDGE_TIMES),
        error_time: cache.time("error_time", Duration::from_secs(10), Duration::ZERO..=DAY),
        cache: sizes(&cache),
        limits: limits(&top.child("limits", keys::LIMITS)),
        render: render(&top.child("render", keys::RENDER)),
        log: log(&top.child("log", keys::LOG)),
        purge: purging(&top.child("purge", keys::PURGE)),
        stats: stats(&top.child("stats", keys::STATS)),
        fonts: fonts(&top.child("fonts", keys::FONTS), base),
        webhooks: webhooks(top, base),
        sources: Vec::new(),
        sites: Vec::new(),
        provenance: Provenance::default(),
    }
}

fn data(top: &Section<'_>, base: &Path) -> PathBuf {
    let default = base.join("./afterimage-data");
    top.falls_back("data", &default.display().to_string());
    top.path("data", base).unwrap_or(default)
}

fn sizes(section: &Section<'_>) -> Cache {
    let default = Cache::default();
    // The largest entry that a disk tier takes is a quarter of it.
    let disk = 16 * MIB..=PIB;
    Cache {
        memory: section.size("memory", default.memory, CACHE_SIZES),
        disk: section.size("disk", default.disk, disk.clone()),
        masters_memory: section.size("masters_memory", default.masters_memory, CACHE_SIZES),
        masters_disk: section.size("masters_disk", default.masters_disk, disk),
    }
}

fn limits(section: &Section<'_>) -> Limits {
    let default = Limits::default();
    let count = |key, default: usize, range: RangeInclusive<u64>| {
        usize::try_from(section.integer(key, default as u64, range)).unwrap_or(default)
    };
    let side = |key, default: u32, range: RangeInclusive<u64>| {
        u32::try_from(section.integer(key, u64::from(default), range)).unwrap_or(default)
    };
    let budget = &default.budget;
    Limits {
        budget: codec::Budget {
            input_bytes: section.size("input_bytes", budget.input_bytes, MASTER_SIZES),
            input_pixels: section.pixels("input_pixels", budget.input_pixels, 1_000..=10_000_000_000),
            // No format we write goes beyond 65,535.
            output_side: side("output_side", budget.output_side, 16..=65_535),
            frames: side("frames", budget.frames, 1..=100_000),
            memory: section.size("job_memory", budget.memory, 16 * MIB..=PIB),
            // Set by whoever starts workers.
            foreign: codec::Foreign::HERE,
        },
        job_time: section.time("job_time", default.job_time, Duration::from_millis(100)..=Duration::from_secs(3600)),
        queue: count("queue", default.queue, 1..=100_000),
        render_threads: count("render_threads", default.render_threads, 1..=1024),
        delivery_threads: count("delivery_threads", default.delivery_threads, 1..=1024),
        origin_fetches: count("origin_fetches", default.origin_fetches, 1..=100_000),
        origin_queue: count("origin_queue", default.origin_queue, 0..=1_000_000),
    }
}

fn purging(section: &Section<'_>) -> Purging {
    let default = Purging::default();
    let number = |key, default: u32, range: RangeInclusive<u64>| {
        u32::try_from(section.integer(key, u64::from(default), range)).unwrap_or(default)
    };
    let minutes = Duration::ZERO..=Duration::from_secs(3600);
    Purging {
        rate: number("rate", default.rate, 1..=1_000_000),
        burst: number("burst", default.burst, 1..=10_000_000),
        names: usize::try_from(section.integer("names", default.names as u64, 1_000..=100_000_000))
            .unwrap_or(default.names),
        stale_time: section.time("stale_time", default.stale_time, minutes.clone()),
        sweep_bytes: section.size("sweep_bytes", default.sweep_bytes, MIB..=PIB),
        sweep_entries: number("sweep_entries", default.sweep_entries, 10..=10_000_000),
        warm_rate: number("warm_rate", default.warm_rate, 1..=10_000),
        imgix_window: section.time("imgix_window", default.imgix_window, minutes),
        method: section.truth("method", default.method),
    }
}

fn stats(section: &Section<'_>) -> Stats {
    let default = Stats::default();
    let hour = Duration::from_secs(3600);
    let addresses = section.choice("addresses", &Addresses::ALL.map(Addresses::name), default.addresses.name());
    let addresses = addresses.and_then(|name| Addresses::ALL.into_iter().find(|known| known.name() == name));
    let number = |key, default: u32, range: RangeInclusive<u64>| {
        u32::try_from(section.integer(key, u64::from(default), range)).unwrap_or(default)
    };
    Stats {
        on: section.truth("on", default.on),
        // An hour's minutes, and a day's hours, are needed until they are added up.
        minutes: section.time("minutes", default.minutes, hour * 2..=DAY * 31),
        hours: section.time("hours", default.hours, DAY * 2..=DAY * 3660),
        days: section.time("days", default.days, DAY * 2..=DAY * 36_600),
        disk: section.size("disk", default.disk, MIB..=PIB),
        lines: number("lines", default.lines, 0..=1_000_000),
        lines_on_disk: number("lines_on_disk", default.lines_on_disk, 0..=100_000_000),
        hits_per_second: number("hits_per_second", default.hits_per_second, 0..=1_000_000),
        slow: section.time("slow", default.slow, Duration::from_millis(1)..=hour),
        addresses: addresses.unwrap_or_default(),
    }
}

/// `[[webhook]]`.
fn webhooks(top: &Section<'_>, base: &Path) -> Vec<Webhook> {
    let hint = "write [[webhook]] on a line of its own, with url and secret_file below it";
    let items = match top.node("webhook").map(|node| &node.value) {
        Some(Value::List(items)) => items.as_slice(),
        Some(other) => {
            let message = format!("`webhook` is {}, but there may be several: [[webhook]]", other.kind());
            top.refuse("webhook", message, hint);
            return Vec::new();
        }
        None => &[],
    };
    let mut webhooks = Vec::new();
    for (number, item) in items.iter().enumerate() {
        let Value::Table(table) = &item.value else {
            let message = format!("a webhook is a table, not {}", item.value.kind());
            top.report(&item.place, Trouble::new(message, hint));
            continue;
        };
        let home = Home::Top(format!("webhook.{}.", number + 1));
        let section = top.sibling(home, "[[webhook]]", table, &item.place, keys::WEBHOOK);
        for key in keys::WEBHOOK {
            if section.node(key).is_none() {
                section.missing(key, hint);
            }
        }
        let url = section.take("url", |node| {
            let written = text(node)?;
            let absolute = ["http://", "https://"].iter().any(|scheme| written.starts_with(scheme));
            let wrong = || Trouble::new(format!("{written:?} is no http or https URL"), "write the whole URL");
            if absolute { Ok(written.to_owned()) } else { Err(wrong()) }
        });
        if let (Some(url), Some(secret_file)) = (url, section.path("secret_file", base)) {
            webhooks.push(Webhook { url, secret_file });
        }
    }
    webhooks
}

/// The folders of `[fonts]`, each of which can be listed.
fn fonts(section: &Section<'_>, base: &Path) -> Vec<PathBuf> {
    section.falls_back("folders", "[]");
    let mut folders = Vec::new();
    for (written, place) in section.texts("folders").unwrap_or_default() {
        let folder = match path(written) {
            Ok(written) => base.join(written),
            Err(trouble) => {
                section.report(place, Trouble { message: format!("`folders`: {}", trouble.message), ..trouble });
                continue;
            }
        };
        if let Err(error) = std::fs::read_dir(&folder) {
            let why = match error.kind() {
                std::io::ErrorKind::NotFound => "does not exist".to_owned(),
                std::io::ErrorKind::NotADirectory => "is no folder".to_owned(),
                _ => format!("cannot be listed: {error}"),
            };
            let shown = std::path::absolute(&folder).unwrap_or_else(|_| folder.clone());
            let relative = Path::new(written).is_relative();
            let hint = if relative { "a relative path starts at the folder of this file" } else { "" };
            section.report(place, Trouble::new(format!("the folder {} {why}", shown.display()), hint));
            continue;
        }
        folders.push(folder);
    }
    folders
}

fn render(section: &Section<'_>) -> Render {
    let decoders = match section.choice("decoders", &Decoders::ALL.map(Decoders::name), Decoders::default().name()) {
        Some(name) => Decoders::ALL.into_iter().find(|known| known.name() == name),
        None => None,
    };
    let avif_refine = section.truth("avif_refine", Render::default().avif_refine);
    Render { decoders: decoders.unwrap_or_default(), avif_refine }
}

fn log(section: &Section<'_>) -> Log {
    let default = Log::default();
    Log {
        access: section.truth("access", default.access),
        level: section.choice("level", &LEVELS, &default.level).map_or(default.level, str::to_owned),
        json: section.truth("json", default.json),
    }
}
