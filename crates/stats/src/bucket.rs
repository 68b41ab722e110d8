//! Everything that is counted in a span of time.

use crate::histogram::Histogram;
use crate::tally::{Numbers, OTHER, Tally};
use crate::top::{SlowTop, Top};

/// Requests and the bytes that were sent for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flow {
    /// Requests.
    pub requests: u64,
    /// Bytes of bodies.
    pub bytes: u64,
}

/// What pictures weigh, and what their masters would have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Saved {
    /// Bytes of whole pictures that were sent and whose master's size is known.
    pub bytes: u64,
    /// Bytes of their masters.
    pub master_bytes: u64,
}

/// Pictures that were made.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Renders {
    /// How long each took, without waiting for its turn.
    pub time: Histogram,
    /// Bytes of masters and overlays.
    pub input_bytes: u64,
    /// Bytes of results.
    pub output_bytes: u64,
}

/// Purges.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Purges {
    /// How many became effective.
    pub count: u64,
    /// The same by mode.
    pub modes: Tally<u64>,
    /// The same by the door that they came through.
    pub vias: Tally<u64>,
    /// From acceptance to effect.
    pub effective: Histogram,
    /// From acceptance to bytes gone.
    pub erased: Histogram,
}

/// What [`Counts::shared_purges`] calls all sites together.
pub(crate) const EVERY_SITE: &str = "*";

impl Purges {
    /// Adds others.
    pub fn add(&mut self, other: &Purges) {
        add_number(&mut self.count, &other.count);
        self.modes.add(&other.modes, add_number);
        self.vias.add(&other.vias, add_number);
        self.effective.add(&other.effective);
        self.erased.add(&other.erased);
    }
}

/// Fetches from one source.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SourceFigures {
    /// How many.
    pub fetches: u64,
    /// Bytes that came.
    pub bytes: u64,
    /// Those that failed. That a master is not there is no failure.
    pub errors: u64,
    /// How long each took.
    pub time: Histogram,
}

/// Everything but lists of names. Adding two gives what counting all at once would have given.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counts {
    /// All requests.
    pub all: Flow,
    /// Requests by where the answer came from ([`plan::reason::Served`]); those that asked no cache are not in here.
    pub served: Tally<u64>,
    /// Fills by why there was nothing to serve ([`plan::reason::Miss`]).
    pub missed: Tally<u64>,
    /// Answers by HTTP status.
    pub status: Numbers,
    /// Errors by their code.
    pub codes: Tally<u64>,
    /// Pictures by media type.
    pub formats: Tally<Flow>,
    /// What was saved.
    pub saved: Saved,
    /// Renders by the quality that was asked of the encoder.
    pub quality: Numbers,
    /// Time to answer from the cache.
    pub hit: Histogram,
    /// Time to answer by a fill.
    pub miss: Histogram,
    /// Time to answer without asking the cache.
    pub other: Histogram,
    /// Pictures made.
    pub renders: Renders,
    /// Purges: in the figures of no site all of them, in those of a site the ones that concern it alone.
    pub purges: Purges,
    /// Purges that concern several sites, by their names with line ends between them, or `*` for all sites. Only in the figures
    /// of no site, where they are among `purges` too. Of groups that could not be told apart it is not known whom they concern.
    pub shared_purges: Tally<Purges>,
    /// Fetches, by source.
    pub sources: Tally<SourceFigures>,
    /// Load times in browsers that told.
    pub loads: Histogram,
}

impl Counts {
    /// Adds another.
    pub fn add(&mut self, other: &Counts) {
        add_flow(&mut self.all, &other.all);
        self.served.add(&other.served, add_number);
        self.missed.add(&other.missed, add_number);
        self.status.add(&other.status);
        self.codes.add(&other.codes, add_number);
        self.formats.add(&other.formats, add_flow);
        add_number(&mut self.saved.bytes, &other.saved.bytes);
        add_number(&mut self.saved.master_bytes, &other.saved.master_bytes);
        self.quality.add(&other.quality);
        self.hit.add(&other.hit);
        self.miss.add(&other.miss);
        self.other.add(&other.other);
        self.renders.time.add(&other.renders.time);
        add_number(&mut self.renders.input_bytes, &other.renders.input_bytes);
        add_number(&mut self.renders.output_bytes, &other.renders.output_bytes);
        self.purges.add(&other.purges);
        self.shared_purges.add(&other.shared_purges, Purges::add);
        self.sources.add(&other.sources, |mine, theirs| {
            add_number(&mut mine.fetches, &theirs.fetches);
            add_number(&mut mine.bytes, &theirs.bytes);
            add_number(&mut mine.errors, &theirs.errors);
            mine.time.add(&theirs.time);
        });
        self.loads.add(&other.loads);
    }

    /// Answers out of the cache, and all answers of which it was asked.
    pub fn hits(&self) -> (u64, u64) {
        let hits = ["memory", "disk", "stale"].iter().filter_map(|name| self.served.get(name)).sum();
        (hits, self.served.iter().map(|(_, n)| n).sum())
    }

    /// Time to answer, of all requests.
    pub fn latency(&self) -> Histogram {
        let mut all = self.hit.clone();
        all.add(&self.miss);
        all.add(&self.other);
        all
    }

    /// The purges that concern several sites, some of these among them; each once.
    pub fn shared_purges_of(&self, sites: &[String]) -> Purges {
        let is_one = |name: &str| sites.iter().any(|site| site == name);
        let mut sum = Purges::default();
        for (group, purges) in self.shared_purges.iter().filter(|(group, _)| *group != OTHER) {
            if group == EVERY_SITE || group.split('\n').any(is_one) {
                sum.add(purges);
            }
        }
        sum
    }

    /// Forgets everything and keeps its room.
    pub(crate) fn clear(&mut self) {
        let Counts { all, served, missed, status, codes, formats, saved, quality, hit, miss, other, .. } = self;
        (*all, *saved) = (Flow::default(), Saved::default());
        [served, missed, codes].into_iter().for_each(Tally::clear);
        formats.clear();
        [status, quality].into_iter().for_each(Numbers::clear);
        [hit, miss, other, &mut self.loads].into_iter().for_each(Histogram::clear);
        self.renders = Renders::default();
        self.purges = Purges::default();
        self.shared_purges.clear();
        self.sources.clear();
    }
}

fn add_flow(mine: &mut Flow, theirs: &Flow) {
    add_number(&mut mine.requests, &theirs.requests);
    add_number(&mut mine.bytes, &theirs.bytes);
}

fn add_number(mine: &mut u64, theirs: &u64) {
    // What a damaged file says is no reason to stop.
    *mine = mine.saturating_add(*theirs);
}

/// What came most often, and what took longest.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tops {
    /// Masters of answers.
    pub masters: Top,
    /// Derivatives, by a URL of theirs.
    pub derivatives: Top,
    /// What was answered with 404.
    pub missing: Top,
    /// Pages that pictures were on: origin and path.
    pub referrers: Top,
    /// Plans of pictures.
    pub transformations: Top,
    /// What took longest, of what was not in memory.
    pub slowest: SlowTop,
}

impl Tops {
    /// Adds another.
    pub fn add(&mut self, other: &Tops) {
        self.masters.add(&other.masters);
        self.derivatives.add(&other.derivatives);
        self.missing.add(&other.missing);
        self.referrers.add(&other.referrers);
        self.transformations.add(&other.transformations);
        self.slowest.add(&other.slowest);
    }

    /// Keeps so many names of each list.
    pub fn keep(&mut self, most: usize) {
        for top in [
            &mut self.masters,
            &mut self.derivatives,
            &mut self.missing,
            &mut self.referrers,
            &mut self.transformations,
        ] {
            top.keep(most);
        }
        self.slowest.keep(most);
    }
}

/// Everything that is counted in a span of time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bucket {
    /// Counts.
    pub counts: Counts,
    /// Lists of names.
    pub tops: Tops,
}

impl Bucket {
    /// Adds another.
    pub fn add(&mut self, other: &Bucket) {
        self.counts.add(&other.counts);
        self.tops.add(&other.tops);
    }
}
