//! What figures and lines have in common when they are shown: who may see which, and names for people.

use ledger::KeyRole;
use plan::reason::{Miss, Served};

use crate::auth::Caller;
use crate::clock::now_ms;
use crate::plane::{Figures, Plane};
use crate::reply::Problem;

/// Names of sites; `None` = all of them, and what belongs to none.
pub(super) type Sites = Option<Vec<String>>;

/// The figures, where there are any.
pub(super) fn figures(plane: &Plane) -> Result<Figures, Problem> {
    let off =
        || Problem::new(404, "stats-off", "nothing is counted here: the configuration says `on = false` in [stats]");
    plane.figures.clone().ok_or_else(off)
}

/// The sites whose figures a caller may see, of those that he asks for.
pub(super) fn visible(plane: &Plane, caller: &Caller, asked: Option<&str>) -> Result<Sites, Problem> {
    let refused = |detail: &str| Problem::new(403, "not-allowed", detail);
    if !caller.roles.contains(&KeyRole::Read) && !caller.roles.contains(&KeyRole::Admin) {
        return Err(refused("this API key may not look at figures: it has neither the role read nor admin"));
    }
    if !caller.within.is_empty() {
        return Err(refused("this API key is bound to sources or folders, and figures are told apart by site alone"));
    }
    let names = || plane.engine.sites().iter().map(|site| site.name.as_str());
    if let Some(asked) = asked {
        let seen: Vec<&str> = names().filter(|name| caller.scope.holds(name)).collect();
        if !seen.contains(&asked) {
            let problem =
                Problem::new(400, "bad-parameter", format!("there is no site {asked:?} that this key may see"));
            return Err(problem.parameter("site").allowed(&seen));
        }
        return Ok(Some(vec![asked.to_owned()]));
    }
    Ok((!caller.scope.sites.is_empty()).then(|| caller.scope.sites.clone()))
}

/// The sources of which nothing but these sites is made.
pub(super) fn sources_of(plane: &Plane, sites: &[String], alone: bool) -> Vec<String> {
    let (ours, others): (Vec<_>, Vec<_>) = plane.engine.sites().iter().partition(|site| sites.contains(&site.name));
    let used_by_others = |source: &String| others.iter().any(|site| site.sources.contains(source));
    let mut sources: Vec<String> = ours.iter().flat_map(|site| site.sources.clone()).collect();
    sources.retain(|source| !alone || !used_by_others(source));
    sources.sort_unstable();
    sources.dedup();
    sources
}

/// Masters as `source/path`.
pub(super) struct Masters(Vec<(String, String)>);

impl Masters {
    pub fn of(plane: &Plane) -> Masters {
        let sites = 0..plane.engine.sites().len();
        let mut places: Vec<(String, String)> = sites
            .flat_map(|site| plane.engine.origins(site))
            .map(|origin| (origin.location.as_str().to_owned(), origin.name))
            .collect();
        // The nearest place first; of one place, the source that is named first.
        places.sort_by_key(|(location, _)| std::cmp::Reverse(location.len()));
        Masters(places)
    }

    /// The id itself where it lies in no source.
    pub fn name(&self, id: &str) -> String {
        let found =
            self.0.iter().find_map(|(location, source)| Some(format!("{source}/{}", id.strip_prefix(location)?)));
        found.unwrap_or_else(|| id.to_owned())
    }
}

/// Reads a place that answers come from.
pub(super) fn served(name: &str) -> Option<Served> {
    Served::ALL.iter().copied().find(|served| served.name() == name)
}

/// Milliseconds of microseconds.
pub(super) fn ms(micros: u64) -> f64 {
    micros as f64 / 1000.0
}

/// The names of all places that answers come from.
pub(super) const SERVED: &[&str] =
    &[Served::Memory.name(), Served::Disk.name(), Served::Fill.name(), Served::Collapsed.name(), Served::Stale.name()];

pub(super) fn missed(miss: Option<Miss>) -> Option<&'static str> {
    miss.map(Miss::name)
}

/// Runs what blocks on the store of figures.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce(u64) -> Result<T, stats::StoreError> + Send + 'static,
) -> Result<T, Problem> {
    let done = tokio::task::spawn_blocking(move || work(now_ms())).await;
    let failed = |detail: String| Problem::new(500, "store-failed", detail);
    done.map_err(|_| failed("the request was lost on the way".to_owned()))?.map_err(|error| failed(error.to_string()))
}

/// Whether an answer is to be CSV.
pub(super) fn wants_csv(read: &super::list::Reader<'_>) -> Result<bool, Problem> {
    let format =
        read.name("format", |name| ["json", "csv"].iter().position(|known| *known == name), &["json", "csv"])?;
    Ok(format == Some(1))
}

pub(super) const CSV: &str = "text/csv; charset=utf-8; header=present";

/// Comma-separated values (RFC 4180). Texts that a spreadsheet would take for a formula get an apostrophe in front.
#[derive(Default)]
pub(super) struct Csv {
    pub text: String,
    begun: bool,
}

impl Csv {
    pub fn field(&mut self, value: &str) {
        let is_number = value.parse::<f64>().is_ok();
        let formula = !is_number && value.starts_with(['=', '+', '-', '@', '\t', '\r']);
        let value = if formula { format!("'{value}") } else { value.to_owned() };
        if std::mem::replace(&mut self.begun, true) {
            self.text.push(',');
        }
        if value.contains([',', '"', '\n', '\r']) {
            self.text.push('"');
            self.text.push_str(&value.replace('"', "\"\""));
            self.text.push('"');
        } else {
            self.text.push_str(&value);
        }
    }

    pub fn end(&mut self) {
        self.text.push_str("\r\n");
        self.begun = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masters_are_called_by_the_nearest_source() {
        let place = |location: &str, source: &str| (location.to_owned(), source.to_owned());
        let masters = Masters(vec![place("//shop.example/media/", "shop"), place("//", "web")]);
        assert_eq!(masters.name("//shop.example/media/a/b.jpg"), "shop/a/b.jpg");
        assert_eq!(masters.name("//other.example/b.jpg"), "web/other.example/b.jpg");
        assert_eq!(masters.name("file:/p/b.jpg"), "file:/p/b.jpg");
    }

    #[test]
    fn fields_are_quoted_and_never_formulas() {
        let mut csv = Csv::default();
        for field in ["a", "", "x,y", "say \"x\"", "=1+1", "-5", "-x", "two\nlines"] {
            csv.field(field);
        }
        csv.end();
        assert_eq!(csv.text, "a,,\"x,y\",\"say \"\"x\"\"\",'=1+1,-5,'-x,\"two\nlines\"\r\n");
    }

    #[test]
    fn every_place_has_its_name() {
        assert_eq!(SERVED.len(), Served::ALL.len());
        assert!(Served::ALL.iter().all(|known| served(known.name()) == Some(*known)));
    }
}
