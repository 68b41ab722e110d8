//! Where requests are noted: each thread counts into a part of its own, which is taken from it now and then.

use std::hash::BuildHasher;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use foldhash::fast::RandomState;
use plan::reason::{Miss, Served};

use crate::bucket::{Bucket, EVERY_SITE, Purges};
use crate::hot::{Hot, SLOW_ROOM};
use crate::line::{Addresses, Line, cut};
use crate::tally::OTHER;

/// Longest name in lists, in bytes.
const LONGEST_NAME: usize = 200;
/// Longest name of a group of sites that is told apart, in bytes.
const LONGEST_GROUP: usize = 1000;
/// Lines that may wait in one part; further ones are left out.
const MOST_LINES: usize = 2048;

/// What is noted, and how much of it.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Parts that threads count into: one for each thread that answers requests, at least.
    pub parts: usize,
    /// Whether lines are kept at all.
    pub lines: bool,
    /// Lines of fast hits without error that each thread keeps in a second.
    pub hits_per_second: u32,
    /// What takes as long is kept as a line in any case, in microseconds.
    pub slow: u64,
    /// What is kept of clients' addresses.
    pub addresses: Addresses,
}

/// A site as lines have it.
#[derive(Debug, Clone)]
pub struct SiteName {
    /// Its name.
    pub name: Arc<str>,
    /// Its dialect; empty where it has none.
    pub dialect: &'static str,
}

/// A name with its hash ([`Recorder::hash`]), which may have been made earlier.
#[derive(Debug, Clone, Copy)]
pub struct Named<'a> {
    /// The name.
    pub name: &'a str,
    /// Its hash.
    pub hash: u64,
}

/// An answered request. What is empty or `None` is not counted.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// When it was answered, in milliseconds since the Unix epoch.
    pub at: u64,
    /// The number of its site.
    pub site: Option<usize>,
    /// Where the answer came from; `None` where the cache was not asked.
    pub served: Option<Served>,
    /// Why there was nothing to serve.
    pub missed: Option<Miss>,
    /// HTTP status.
    pub status: u16,
    /// Bytes of the body.
    pub bytes: u64,
    /// How long it took, in microseconds.
    pub micros: u64,
    /// The error's code.
    pub code: &'a str,
    /// Whether the answer is a picture, or says that one did not change.
    pub is_picture: bool,
    /// The size of its master, where a whole picture was sent.
    pub master_bytes: Option<u64>,
    /// The master.
    pub master: Option<Named<'a>>,
    /// The derivative, by a URL of it.
    pub derivative: Option<Named<'a>>,
    /// How the picture was made, as a plan.
    pub plan: Option<Named<'a>>,
    /// Origin and path of the page that it is on.
    pub referrer: &'a str,
    /// Who asked.
    pub client: IpAddr,
    /// The method.
    pub method: &'a str,
    /// The `Host` header.
    pub host: &'a str,
    /// Path and query.
    pub target: &'a str,
    /// The answer's media type.
    pub content_type: &'a str,
    /// What the client says it is.
    pub user_agent: &'a str,
}

/// A picture that was made.
#[derive(Debug, Clone, Copy)]
pub struct Rendered {
    /// The number of the site that it was made for.
    pub site: usize,
    /// How long it took, in microseconds.
    pub micros: u64,
    /// Bytes of master and overlays.
    pub input_bytes: u64,
    /// Bytes of the result.
    pub output_bytes: u64,
    /// The quality that was asked of the encoder; `None` where it has none.
    pub quality: Option<u8>,
}

/// Notes what happens.
#[derive(Debug)]
pub struct Recorder {
    sites: Vec<SiteName>,
    settings: Settings,
    hasher: RandomState,
    parts: Box<[Part]>,
}

/// On cache lines of its own, so that threads do not slow each other.
#[repr(align(128))]
#[derive(Debug, Default)]
struct Part {
    open: Mutex<Open>,
    /// What was emptied, and has room.
    spare: Mutex<Slots>,
}

/// One for what has no site, then one for each site.
type Slots = Vec<Option<Box<Hot>>>;

#[derive(Debug, Default)]
struct Open {
    minute: u64,
    slots: Slots,
    /// Minutes that are past.
    closed: Vec<(u64, Slots)>,
    lines: Vec<Line>,
    left_out: u64,
    second: u64,
    hits: u32,
}

/// What was taken out of a recorder.
pub(crate) struct Taken {
    /// Minute, slot and what was counted.
    pub buckets: Vec<(u64, usize, Bucket)>,
    pub lines: Vec<Line>,
    pub left_out: u64,
}

impl Recorder {
    /// A recorder for these sites, in the order of their numbers.
    pub fn new(sites: Vec<SiteName>, settings: Settings) -> Recorder {
        let parts = (0..settings.parts.max(1)).map(|_| Part::default()).collect();
        Recorder { sites, settings, hasher: RandomState::default(), parts }
    }

    /// The hash by which names are told apart here.
    #[inline]
    pub fn hash(&self, name: &str) -> u64 {
        self.hasher.hash_one(name)
    }

    /// A name with its hash.
    pub fn named<'a>(&self, name: &'a str) -> Named<'a> {
        Named { name, hash: self.hash(name) }
    }

    /// The sites.
    pub fn sites(&self) -> &[SiteName] {
        &self.sites
    }

    /// Notes an answered request.
    pub fn record(&self, request: &Request<'_>) {
        let mut open = self.mine();
        self.count(open.slot(request.at, slot(request.site), self.sites.len()), request);
        if self.settings.lines {
            self.keep_line(&mut open, request);
        }
    }

    fn count(&self, hot: &mut Hot, request: &Request<'_>) {
        let counts = &mut hot.counts;
        counts.all.requests += 1;
        counts.all.bytes += request.bytes;
        counts.status.count(request.status);
        match request.served {
            Some(served) => {
                *counts.served.at(served.name()) += 1;
                let times = if is_hit(served) { &mut counts.hit } else { &mut counts.miss };
                times.record(request.micros);
            }
            None => counts.other.record(request.micros),
        }
        if let Some(missed) = request.missed {
            *counts.missed.at(missed.name()) += 1;
        }
        if !request.code.is_empty() {
            *counts.codes.at(cut(request.code, LONGEST_NAME)) += 1;
        }
        if request.is_picture {
            // Parameters of a media type are no format.
            let format = request.content_type.split(';').next().unwrap_or_default().trim_end();
            let flow = counts.formats.at(cut(format, LONGEST_NAME));
            flow.requests += 1;
            flow.bytes += request.bytes;
        }
        if let Some(master_bytes) = request.master_bytes {
            counts.saved.bytes += request.bytes;
            counts.saved.master_bytes += master_bytes;
        }
        let short = |name| cut(name, LONGEST_NAME);
        if request.status == 404 {
            let path = request.target.split('?').next().unwrap_or_default();
            let missing = request.master.unwrap_or_else(|| self.named(short(path)));
            hot.missing.count(missing.hash, short(missing.name), 0);
        } else if let Some(master) = request.master {
            hot.masters.count(master.hash, short(master.name), request.bytes);
        }
        if let Some(derivative) = request.derivative {
            hot.derivatives.count(derivative.hash, short(derivative.name), request.bytes);
        }
        if let Some(plan) = request.plan {
            hot.transformations.count(plan.hash, short(plan.name), request.bytes);
        }
        if !request.referrer.is_empty() {
            let name = short(request.referrer);
            hot.referrers.count(self.hash(name), name, request.bytes);
        }
        if request.served.is_some_and(|served| served != Served::Memory) {
            let name = request.derivative.map_or(request.target, |derivative| derivative.name);
            hot.slowest.note(short(name), request.micros, 1, SLOW_ROOM);
        }
    }

    /// All but fast hits without error are kept as lines; of those, so many in a second.
    fn keep_line(&self, open: &mut Open, request: &Request<'_>) {
        let ordinary =
            request.served.is_some_and(is_hit) && request.status < 400 && request.micros < self.settings.slow;
        if ordinary {
            let second = request.at / 1000;
            if open.second != second {
                (open.second, open.hits) = (second, 0);
            }
            open.hits += 1;
        }
        if open.lines.len() >= MOST_LINES || ordinary && open.hits > self.settings.hits_per_second {
            open.left_out += 1;
            return;
        }
        let site = request.site.and_then(|number| self.sites.get(number));
        let texts = [
            request.method,
            request.host,
            request.target,
            site.map_or("", |site| &*site.name),
            site.map_or("", |site| site.dialect),
            request.code,
            request.content_type,
            request.referrer,
            request.user_agent,
            request.master.map_or("", |master| master.name),
        ];
        open.lines.push(Line {
            at: request.at,
            client: self.settings.addresses.of(request.client),
            status: request.status,
            bytes: request.bytes,
            micros: request.micros,
            served: request.served,
            missed: request.missed,
            ..Line::new(texts)
        });
    }

    /// Notes a picture that was made.
    pub fn rendered(&self, at: u64, render: &Rendered) {
        let mut open = self.mine();
        let counts = &mut open.slot(at, slot(Some(render.site)), self.sites.len()).counts;
        counts.renders.time.record(render.micros);
        counts.renders.input_bytes += render.input_bytes;
        counts.renders.output_bytes += render.output_bytes;
        if let Some(quality) = render.quality {
            counts.quality.count(quality.into());
        }
    }

    /// Notes a fetch from a source: how many bytes came, how long it took, and whether it failed.
    pub fn fetched(&self, at: u64, source: &str, bytes: u64, micros: u64, failed: bool) {
        let mut open = self.mine();
        let figures = open.slot(at, slot(None), self.sites.len()).counts.sources.at(source);
        figures.fetches += 1;
        figures.bytes += bytes;
        figures.errors += u64::from(failed);
        figures.time.record(micros);
    }

    /// Notes a purge that became effective, by the names of its mode and its door, so long after it was accepted. `sites` are
    /// the numbers of those that it concerns, in ascending order.
    pub fn purged(&self, at: u64, sites: &[usize], mode: &str, via: &str, micros: u64) {
        self.of_purge(at, sites, |purges| {
            purges.count += 1;
            *purges.modes.at(mode) += 1;
            *purges.vias.at(via) += 1;
            purges.effective.record(micros);
        });
    }

    /// Notes that the bytes of a purge are gone, so long after it was accepted. `sites` are as in [`Recorder::purged`].
    pub fn erased(&self, at: u64, sites: &[usize], micros: u64) {
        self.of_purge(at, sites, |purges| purges.erased.record(micros));
    }

    /// Notes something of a purge: for all, and for the site or the group of sites that it concerns.
    fn of_purge(&self, at: u64, sites: &[usize], note: impl Fn(&mut Purges)) {
        let mut open = self.mine();
        let all = &mut open.slot(at, slot(None), self.sites.len()).counts;
        note(&mut all.purges);
        match sites {
            [] => {}
            [one] if *one >= self.sites.len() => {}
            [one] => note(&mut open.slot(at, slot(Some(*one)), self.sites.len()).counts.purges),
            several => note(all.shared_purges.at(&self.group(several))),
        }
    }

    fn group(&self, sites: &[usize]) -> String {
        if sites.len() >= self.sites.len() {
            return EVERY_SITE.to_owned();
        }
        let names = sites.iter().filter_map(|number| self.sites.get(*number));
        let group = names.map(|site| &*site.name).collect::<Vec<_>>().join("\n");
        if group.len() > LONGEST_GROUP { OTHER.to_owned() } else { group }
    }

    /// Notes how long pictures of a site took to load in a browser, in microseconds.
    pub fn loaded(&self, at: u64, site: usize, micros: &[u64]) {
        let mut open = self.mine();
        let loads = &mut open.slot(at, slot(Some(site)), self.sites.len()).counts.loads;
        micros.iter().for_each(|micros| loads.record(*micros));
    }

    /// Takes what was noted so far. A thread that notes something meanwhile waits for a few pointers to be swapped at most.
    pub(crate) fn take(&self) -> Taken {
        let mut taken = Taken { buckets: Vec::new(), lines: Vec::new(), left_out: 0 };
        for part in &self.parts {
            let mut spare = lock(&part.spare);
            let mut open = lock(&part.open);
            let minute = open.minute;
            std::mem::swap(&mut open.slots, &mut *spare);
            let closed = std::mem::take(&mut open.closed);
            let lines = std::mem::take(&mut open.lines);
            taken.left_out += std::mem::take(&mut open.left_out);
            drop(open);
            taken.lines.extend(lines);
            for (minute, mut slots) in closed {
                pour(minute, &mut slots, &mut taken.buckets);
            }
            pour(minute, &mut spare, &mut taken.buckets);
        }
        taken
    }

    fn mine(&self) -> MutexGuard<'_, Open> {
        let part = PART.with(|part| *part) % self.parts.len();
        lock(&self.parts[part].open)
    }
}

fn pour(minute: u64, slots: &mut Slots, buckets: &mut Vec<(u64, usize, Bucket)>) {
    for (slot, hot) in slots.iter_mut().enumerate() {
        if let Some(hot) = hot.as_mut().filter(|hot| !hot.is_empty()) {
            let mut bucket = Bucket::default();
            hot.pour_into(&mut bucket);
            buckets.push((minute, slot, bucket));
        }
    }
}

impl Open {
    fn slot(&mut self, at: u64, slot: usize, sites: usize) -> &mut Hot {
        let minute = at / 60_000;
        // A clock that goes back counts into the minute that is open.
        if minute > self.minute {
            if self.slots.iter().flatten().any(|hot| !hot.is_empty()) {
                let past = std::mem::take(&mut self.slots);
                self.closed.push((self.minute, past));
            }
            self.minute = minute;
        }
        if self.slots.is_empty() {
            self.slots.resize_with(sites + 1, || None);
        }
        // A number that is no site's counts as none.
        let slot = if slot < self.slots.len() { slot } else { 0 };
        self.slots[slot].get_or_insert_default()
    }
}

fn slot(site: Option<usize>) -> usize {
    site.map_or(0, |number| number.saturating_add(1))
}

fn is_hit(served: Served) -> bool {
    matches!(served, Served::Memory | Served::Disk | Served::Stale)
}

thread_local! {
    /// Which part a thread counts into, before it is brought into the range of a recorder.
    static PART: usize = {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        NEXT.fetch_add(1, Ordering::Relaxed)
    };
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
