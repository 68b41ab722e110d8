//! One plan in the words of every site that has its master.

use dialect::{Asset, Parsed, Step, Target, Unsignable, Unwritable};
use plan::{MasterRef, Plan};

use crate::resolve::{Refusal, refuse_parse};
use crate::site::DialectKind;
use crate::{Engine, Scope};

/// What one site says for a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spelling {
    /// The site's number.
    pub site: usize,
    /// The raw target below the site's prefix; or why it has none.
    pub target: Result<String, String>,
}

/// The same plan in each dialect's words, by its grammar and these settings alone.
pub fn in_each_dialect(
    source: &str,
    asset: &Asset,
    plan: &Plan,
    settings: &dialect::Settings,
) -> Vec<(DialectKind, Result<String, Unwritable>)> {
    let spell = |kind: DialectKind| (kind, kind.grammar().write(source, asset, plan, settings));
    DialectKind::ALL.into_iter().map(spell).collect()
}

impl Engine {
    /// The raw target below a site's prefix for an asset and parameters, as their vendor writes them ([`dialect::Dialect::compose`]).
    /// An asset is an absolute URL, or a path in the site's sources; `source` is for dialects that name it.
    ///
    /// # Errors
    /// When this site's URLs have no room for it.
    pub fn compose(
        &self,
        site: usize,
        source: Option<&str>,
        asset: &str,
        parameters: &[(String, String)],
    ) -> Result<String, Unwritable> {
        let settings = &self.site(site).grammar;
        let is_url = ["http://", "https://"].iter().any(|scheme| asset.starts_with(scheme));
        let asset =
            if is_url { Asset::Url(asset.to_owned()) } else { Asset::Path(asset.trim_start_matches('/').to_owned()) };
        let source = source.unwrap_or(&settings.default_source);
        self.sites.grammar(site).compose(source, &asset, parameters, settings)
    }

    /// The parameters that a raw target below a site's prefix says itself, in order.
    ///
    /// # Errors
    /// As the target would be refused for its form.
    pub fn parameters(&self, site: usize, target: &str) -> Result<Vec<(String, String)>, Refusal> {
        let settings = &self.site(site).grammar;
        self.sites.grammar(site).parameters(Target::new(target), settings).map_err(|error| refuse_parse(&error))
    }

    /// The parameters for [`Engine::compose`] that a chain of steps stands for.
    ///
    /// # Errors
    /// Where the site's dialect has no such chain, or a value would run into the next parameter.
    pub fn flatten(&self, site: usize, steps: &[Step]) -> Result<Vec<(String, String)>, Refusal> {
        self.sites.grammar(site).flatten(steps).map_err(|error| refuse_parse(&error))
    }

    /// As [`Engine::parameters`], as a chain of steps with layers and conditionals as a tree.
    ///
    /// # Errors
    /// As the target would be refused for its form.
    pub fn steps(&self, site: usize, target: &str) -> Result<Vec<Step>, Refusal> {
        let settings = &self.site(site).grammar;
        self.sites.grammar(site).steps(Target::new(target), settings).map_err(|error| refuse_parse(&error))
    }

    /// As [`Engine::compose`], for what was parsed; `None` where that has no room, or would come to another plan.
    pub fn compose_parsed(&self, site: usize, parsed: &Parsed, parameters: &[(String, String)]) -> Option<String> {
        let settings = &self.site(site).grammar;
        let source = parsed.source.as_deref().unwrap_or(&settings.default_source);
        let target = self.sites.grammar(site).compose(source, &parsed.asset, parameters, settings).ok()?;
        let again = self.parse_any(site, Target::new(&target)).ok()?;
        (again.plan == parsed.plan && again.asset == parsed.asset).then_some(target)
    }

    /// What a raw target below a site's prefix asks for, and how each site in scope that has its master says the same.
    ///
    /// # Errors
    /// As the target would be refused, signatures aside.
    pub fn spell_everywhere(
        &self,
        site: usize,
        target: &str,
        scope: &Scope,
    ) -> Result<(Parsed, Vec<MasterRef>, Vec<Spelling>), Refusal> {
        let parsed = self.parse_any(site, Target::new(target))?;
        let meaning = self.meaning_of(site, parsed.clone())?;
        let first = meaning.candidates.first().map(|candidate| &candidate.master);
        let spellings = first.map(|master| self.spellings(site, &parsed, &meaning.parsed.plan, master, scope));
        let overlays = meaning.pictures.iter().flatten();
        let masters = meaning.candidates.iter().chain(overlays).map(|candidate| candidate.master.clone()).collect();
        Ok((parsed, masters, spellings.unwrap_or_default()))
    }

    /// How each site in scope that can reach a master says what is done to it. `parsed` has its overlays by their names, `plan`
    /// is what that came to.
    pub(crate) fn spellings(
        &self,
        site: usize,
        parsed: &Parsed,
        plan: &Plan,
        master: &MasterRef,
        scope: &Scope,
    ) -> Vec<Spelling> {
        if self.site(site).passthrough {
            return Vec::new();
        }
        let numbers = (0..self.sites().len()).filter(|number| scope.holds(&self.site(*number).name));
        numbers.filter_map(|number| self.spelling(number, parsed, plan, master)).collect()
    }

    fn spelling(&self, number: usize, parsed: &Parsed, plan: &Plan, master: &MasterRef) -> Option<Spelling> {
        if self.site(number).passthrough {
            return None;
        }
        let mut first = None;
        for (source, asset) in self.ways(number, master) {
            match self.said_in(number, (source, &asset), master, parsed, plan) {
                Ok(target) => return Some(Spelling { site: number, target: Ok(target) }),
                Err(why) => first = first.or(Some(why)),
            }
        }
        first.map(|why| Spelling { site: number, target: Err(why) })
    }

    /// Under which names a site may have a master: the source's name, and the asset.
    pub(crate) fn ways<'e>(&'e self, number: usize, master: &MasterRef) -> impl Iterator<Item = (&'e str, Asset)> {
        let id = master.id.as_str().to_owned();
        self.sites.sources(number).iter().flat_map(move |source| {
            let source = &self.sources[*source];
            let path = id.strip_prefix(source.location().as_str()).filter(|path| !path.is_empty());
            let by_path = path.filter(|_| !source.is_proxy()).map(|path| Asset::Path(path.to_owned()));
            let url = id.starts_with("//").then(|| format!("https:{id}"));
            let by_url = url.filter(|url| source.split_url(url).is_some()).map(Asset::Url);
            [by_path, by_url].into_iter().flatten().map(|asset| (source.name(), asset))
        })
    }

    fn said_in(
        &self,
        number: usize,
        (source, asset): (&str, &Asset),
        master: &MasterRef,
        parsed: &Parsed,
        plan: &Plan,
    ) -> Result<String, String> {
        let site = self.site(number);
        let target = self.sites.grammar(number).write(source, asset, &parsed.plan, &site.grammar);
        let target = target.map_err(|error| error.to_string())?;
        let there = self.parse(number, Target::new(&target)).and_then(|parsed| self.meaning_of(number, parsed));
        let there = there.map_err(|refusal| refusal.detail)?;
        if !there.candidates.iter().any(|candidate| candidate.master.id == master.id) {
            return Err("this site reads another picture under that name".to_owned());
        }
        if !there.candidates.iter().any(|candidate| candidate.master == *master) {
            return Err("what the URL hands on to the origin cannot be said here".to_owned());
        }
        if there.parsed.plan != *plan {
            return Err("an overlay would be another picture here".to_owned());
        }
        Ok(target)
    }

    /// Signs a raw target below a site's prefix as its vendor does.
    ///
    /// # Errors
    /// Without a secret, or where this vendor's signatures have no end and one is asked for.
    pub fn sign(&self, site: usize, target: &str, expires: Option<u64>) -> Result<String, Unsignable> {
        let signing = &self.site(site).signing;
        self.sites.grammar(site).sign(target, &self.site(site).grammar, signing, expires)
    }
}
