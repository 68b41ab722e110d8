//! From what a purge request names to selectors, through the same canonical names as delivery.

use dialect::{Asset, Target};
use plan::{MasterId, Selector, Tag};
use purge::Target as PurgeTarget;

use crate::Engine;
use crate::resolve::{Candidate, Meaning, Refusal};
use crate::site::DialectKind;

/// Something to be purged, as said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// The master that a URL leads to, with all its derivatives. Whole URLs of ours, paths with a site's prefix, and
    /// origin URLs under a source.
    Url(String),
    /// The one derivative that a URL names, in all its formats.
    Derivative(String),
    /// A master as `source/path`.
    Master(String),
    /// Masters whose `source/path` begins so.
    Prefix(String),
    /// Every master of a source.
    Source(String),
    /// What a master was put on: it is named by a URL or as `source/path`; its own derivatives stay.
    Dependency(Box<Wanted>),
    /// Masters as `source/pattern`, the pattern as [`Selector::Glob`] has it.
    Glob(String),
    /// Whatever bears a tag: in one source, or in all that the caller may purge.
    Tag {
        /// The tag, built in or given.
        tag: String,
        /// The source; `None` = all.
        source: Option<String>,
    },
    /// A master of a site, already parsed by its dialect.
    Asset {
        /// The site's number.
        site: usize,
        /// The source, where the URL named one.
        source: Option<String>,
        /// The master.
        asset: Asset,
        /// As the caller wrote it.
        said: String,
    },
    /// One derivative of a site, by its raw target below the site's prefix.
    Exact {
        /// The site's number.
        site: usize,
        /// The raw target.
        target: String,
        /// As the caller wrote it.
        said: String,
    },
    /// The master that a raw target below a site's prefix leads to, with all its derivatives.
    At {
        /// The site's number.
        site: usize,
        /// The raw target.
        target: String,
        /// As the caller wrote it.
        said: String,
    },
    /// Masters of a site whose path begins so, in each of its sources.
    AssetPrefix {
        /// The site's number.
        site: usize,
        /// Decoded, without leading slash.
        prefix: String,
        /// As the caller wrote it.
        said: String,
    },
    /// Every master of a site's sources.
    Site {
        /// The site's number.
        site: usize,
    },
    /// Everything.
    All,
}

/// Which sites a caller may purge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// Names of the sites; empty = all.
    pub sites: Vec<String>,
}

impl Scope {
    /// All sites.
    pub const fn everything() -> Self {
        Scope { sites: Vec::new() }
    }

    /// Whether a site is among them.
    pub fn holds(&self, site: &str) -> bool {
        self.sites.is_empty() || self.sites.iter().any(|s| s == site)
    }
}

/// Why something cannot be purged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NamingError {
    /// It cannot be read (400).
    #[error("{said:?} cannot be understood: {why}")]
    Malformed {
        /// As written.
        said: String,
        /// What is wrong and what is allowed.
        why: String,
    },
    /// It leads to no site or source of ours (400; 403 for a foreign host).
    #[error("{said:?} is not ours: {why}")]
    Foreign {
        /// As written.
        said: String,
        /// What is known instead.
        why: String,
    },
    /// The caller's key does not reach it (403).
    #[error("this key may not purge {said:?}")]
    Forbidden {
        /// As written.
        said: String,
    },
}

impl Engine {
    /// The selectors of something wanted. Blocks on file I/O for local sources (symlinks), so not for an async thread.
    ///
    /// # Errors
    /// See [`NamingError`].
    pub fn name(&self, wanted: &Wanted, scope: &Scope) -> Result<PurgeTarget, NamingError> {
        match wanted {
            Wanted::All => {
                if !scope.sites.is_empty() {
                    return Err(NamingError::Forbidden { said: "all".into() });
                }
                Ok(PurgeTarget { said: "all".into(), selectors: vec![Selector::All] })
            }
            Wanted::Url(said) => self.name_url(said, scope),
            Wanted::Derivative(said) => {
                let (site, target) = self.locate(said, scope)?;
                self.name_exact(site, &target, said)
            }
            Wanted::Master(said) => {
                let (source, path) = self.split_source(said, scope)?;
                let id = self.sources[source]
                    .canonical(path)
                    .map_err(|bad| NamingError::Malformed { said: said.clone(), why: bad.to_string() })?;
                let mut selectors = vec![Selector::Master(id.clone())];
                selectors.extend(self.sources[source].aliases(&id).into_iter().map(Selector::Master));
                Ok(PurgeTarget { said: said.clone(), selectors })
            }
            Wanted::Prefix(said) => {
                let (source, path) = self.split_source(said, scope)?;
                Ok(PurgeTarget { said: said.clone(), selectors: vec![self.prefix_of(source, path)] })
            }
            Wanted::Source(said) => {
                let source = self.source_number(said, said, scope)?;
                let selectors = vec![Selector::Source(self.sources[source].location().clone())];
                Ok(PurgeTarget { said: said.clone(), selectors })
            }
            Wanted::Dependency(wanted) => {
                let named = self.name(wanted, scope)?;
                let selectors = named.selectors.into_iter().map(|selector| match selector {
                    Selector::Master(id) => Selector::Dependency(id),
                    other => other,
                });
                Ok(PurgeTarget { said: named.said, selectors: selectors.collect() })
            }
            Wanted::Glob(said) => self.name_glob(said, scope),
            Wanted::Tag { tag, source } => self.name_tag(tag, source.as_deref(), scope),
            Wanted::Asset { site, source, asset, said } => {
                self.check_scope(*site, said, scope)?;
                self.name_asset(*site, source.as_deref(), asset, said)
            }
            Wanted::Exact { site, target, said } => {
                self.check_scope(*site, said, scope)?;
                self.name_exact(*site, target, said)
            }
            Wanted::At { site, target, said } => {
                self.check_scope(*site, said, scope)?;
                self.name_target(*site, target, said)
            }
            Wanted::AssetPrefix { site, prefix, said } => {
                self.check_scope(*site, said, scope)?;
                let sources = self.sites.sources(*site);
                let selectors = sources.iter().map(|s| self.prefix_of(*s, prefix)).collect();
                Ok(PurgeTarget { said: said.clone(), selectors })
            }
            Wanted::Site { site } => {
                let said = self.site(*site).name.clone();
                self.check_scope(*site, &said, scope)?;
                let sources = self.sites.sources(*site);
                let selectors = sources.iter().map(|s| Selector::Source(self.sources[*s].location().clone())).collect();
                Ok(PurgeTarget { said, selectors })
            }
        }
    }

    /// The masters from which the one derivative is made that something wanted names, in the order in which they are tried;
    /// empty for what names no single derivative. What is laid over it is not among them.
    ///
    /// # Errors
    /// See [`NamingError`].
    pub fn masters_behind(&self, wanted: &Wanted, scope: &Scope) -> Result<Vec<MasterId>, NamingError> {
        let (site, target, said) = match wanted {
            Wanted::Derivative(said) => {
                let (site, target) = self.locate(said, scope)?;
                (site, target, said)
            }
            Wanted::Exact { site, target, said } => (*site, target.clone(), said),
            _ => return Ok(Vec::new()),
        };
        let candidates = self.understood(site, &target, said)?.candidates;
        Ok(candidates.into_iter().map(|candidate| candidate.master.id).collect())
    }

    fn name_glob(&self, said: &str, scope: &Scope) -> Result<PurgeTarget, NamingError> {
        let (source, pattern) = self.split_source(said, scope)?;
        let location = self.sources[source].location().as_str();
        let pattern = format!("{}{}", purge::escape_glob(location), pattern.trim_start_matches('/'));
        purge::glob(&pattern).map_err(|bad| NamingError::Malformed { said: said.to_owned(), why: bad.to_string() })?;
        Ok(PurgeTarget { said: said.to_owned(), selectors: vec![Selector::Glob(pattern)] })
    }

    /// A caller who may not purge everything names the tag in each of his sources.
    fn name_tag(&self, said: &str, source: Option<&str>, scope: &Scope) -> Result<PurgeTarget, NamingError> {
        let tag = Tag::parse(said).ok_or_else(|| NamingError::Malformed {
            said: said.to_owned(),
            why: format!("a tag has 1 to {} bytes, no white space and no comma", Tag::LONGEST),
        })?;
        let within = |number: usize| Selector::Tag(tag.clone(), Some(self.sources[number].location().clone()));
        let selectors = match source {
            Some(name) => vec![within(self.source_number(name, said, scope)?)],
            None if scope.sites.is_empty() => vec![Selector::Tag(tag, None)],
            None => (0..self.sources.len()).filter(|number| self.reaches(*number, scope)).map(within).collect(),
        };
        if selectors.is_empty() {
            return Err(NamingError::Forbidden { said: said.to_owned() });
        }
        Ok(PurgeTarget { said: said.to_owned(), selectors })
    }

    /// Whether a source serves a site that the caller may purge.
    fn reaches(&self, source: usize, scope: &Scope) -> bool {
        (0..self.sites().len()).any(|s| scope.holds(&self.site(s).name) && self.sites.sources(s).contains(&source))
    }

    /// The site that a whole URL or a path leads to, and the raw target below its prefix.
    ///
    /// # Errors
    /// When no site in scope answers there.
    pub fn locate(&self, said: &str, scope: &Scope) -> Result<(usize, String), NamingError> {
        let said_owned = said.to_owned();
        let text = said.trim();
        let without_fragment = text.split('#').next().unwrap_or(text);
        let (host, target) = match split_absolute(without_fragment) {
            Some((host, target)) => (Some(host), target),
            None if without_fragment.starts_with('/') => (None, without_fragment),
            None => {
                let why = "expected a whole URL, or a path that begins with a site's prefix".to_owned();
                return Err(NamingError::Malformed { said: said_owned, why });
            }
        };
        let target = if target.starts_with('/') { target.to_owned() } else { format!("/{target}") };
        let path = target.split('?').next().unwrap_or(&target);
        let route = match host {
            Some(host) => self.sites.route(host, path).filter(|route| is_ours(route.site, host)),
            None => self.route_without_host(path, scope),
        };
        let Some(route) = route else {
            let sites: Vec<String> =
                self.sites().iter().map(|s| format!("{}{}", s.hosts.first().map_or("", |h| h), s.prefix)).collect();
            let why = format!("no site of ours is there; sites are at {}", sites.join(", "));
            return Err(NamingError::Foreign { said: said_owned, why });
        };
        self.check_scope(route.number, said, scope)?;
        let below = match target.split_once('?') {
            Some((_, query)) => format!("{}?{query}", route.path),
            None => route.path.to_owned(),
        };
        Ok((route.number, below))
    }

    /// A path without a host: the longest prefix among the sites in scope.
    fn route_without_host<'p>(&self, path: &'p str, scope: &Scope) -> Option<crate::Route<'_, 'p>> {
        self.sites()
            .iter()
            .enumerate()
            .filter(|(_, site)| scope.holds(&site.name))
            .filter_map(|(number, site)| Some(crate::Route { site, number, path: site.below(path)? }))
            .max_by_key(|route| (route.site.prefix.len(), std::cmp::Reverse(route.number)))
    }

    fn name_url(&self, said: &str, scope: &Scope) -> Result<PurgeTarget, NamingError> {
        let origin = self.candidates_of_origin_url(said, scope);
        if !origin.is_empty() {
            return Ok(self.masters(&origin, said));
        }
        let (site, target) = self.locate(said, scope)?;
        self.name_target(site, &target, said)
    }

    fn name_target(&self, site: usize, target: &str, said: &str) -> Result<PurgeTarget, NamingError> {
        match self.parse_any(site, Target::new(target)) {
            // A picture of nothing has no master that it could be named by.
            Ok(parsed) if !parsed.plan.needs_master() => self.name_exact(site, target, said),
            Ok(parsed) => self.name_asset(site, parsed.source.as_deref(), &parsed.asset, said),
            Err(refusal) => {
                self.name_bare_imageboss(site, target, said).unwrap_or_else(|| Err(malformed(said, &refusal)))
            }
        }
    }

    /// `/source/path`, which ImageBoss's own `DELETE` names a master by, delivers nothing but says clearly what is meant.
    fn name_bare_imageboss(&self, site: usize, target: &str, said: &str) -> Option<Result<PurgeTarget, NamingError>> {
        if self.site(site).dialect != DialectKind::Imageboss || self.site(site).passthrough {
            return None;
        }
        let (source, assets) = dialect::imageboss::purge_paths(target).ok()?;
        let mut all = PurgeTarget { said: said.to_owned(), selectors: Vec::new() };
        for asset in assets {
            match self.name_asset(site, Some(&source), &asset, said) {
                Ok(named) => all.selectors.extend(named.selectors),
                Err(error) => return Some(Err(error)),
            }
        }
        Some(Ok(all))
    }

    /// An origin's own URL names its master, in every source that it lies under.
    pub(crate) fn candidates_of_origin_url(&self, said: &str, scope: &Scope) -> Vec<Candidate> {
        let found = self.sources.iter().enumerate().filter(|(number, _)| self.reaches(*number, scope));
        found
            .filter_map(|(number, source)| {
                let id = source.canonical_url(said.trim())?;
                let hash = self.index.master_hash(&id);
                Some(Candidate { source: number, master: plan::MasterRef::plain(id), hash })
            })
            .collect()
    }

    fn name_asset(
        &self,
        site: usize,
        source: Option<&str>,
        asset: &Asset,
        said: &str,
    ) -> Result<PurgeTarget, NamingError> {
        let candidates = self.candidates(site, source, asset, "").map_err(|refusal| match refusal.status {
            403 | 422 => NamingError::Foreign { said: said.to_owned(), why: refusal.detail },
            _ => malformed(said, &refusal),
        })?;
        Ok(self.masters(&candidates, said))
    }

    fn masters(&self, candidates: &[Candidate], said: &str) -> PurgeTarget {
        let mut selectors = Vec::new();
        for candidate in candidates {
            let id = &candidate.master.id;
            let aliases = self.sources[candidate.source].aliases(id);
            selectors.extend(std::iter::once(id.clone()).chain(aliases).map(Selector::Master));
        }
        selectors.dedup();
        PurgeTarget { said: said.to_owned(), selectors }
    }

    fn name_exact(&self, site: usize, target: &str, said: &str) -> Result<PurgeTarget, NamingError> {
        let exact = self.understood(site, target, said)?.exact;
        Ok(PurgeTarget { said: said.to_owned(), selectors: vec![Selector::Exact(exact)] })
    }

    fn understood(&self, site: usize, target: &str, said: &str) -> Result<Meaning, NamingError> {
        let parsed = self.parse_any(site, Target::new(target));
        parsed.and_then(|parsed| self.meaning_of(site, parsed)).map_err(|refusal| malformed(said, &refusal))
    }

    fn prefix_of(&self, source: usize, path: &str) -> Selector {
        let location = self.sources[source].location().as_str();
        Selector::Prefix(format!("{location}{}", path.trim_start_matches('/')))
    }

    pub(crate) fn split_source<'s>(&self, said: &'s str, scope: &Scope) -> Result<(usize, &'s str), NamingError> {
        let (source, path) = said.split_once('/').ok_or_else(|| NamingError::Malformed {
            said: said.to_owned(),
            why: "expected source/path, such as local/cat.jpg".into(),
        })?;
        Ok((self.source_number(source, said, scope)?, path))
    }

    fn source_number(&self, name: &str, said: &str, scope: &Scope) -> Result<usize, NamingError> {
        let number = self.sources.iter().position(|s| s.name() == name).ok_or_else(|| {
            let known: Vec<&str> = self.sources.iter().map(origin::Source::name).collect();
            let why = format!("no source is called {name:?}; there are {}", known.join(", "));
            NamingError::Foreign { said: said.to_owned(), why }
        })?;
        if self.reaches(number, scope) || scope.sites.is_empty() {
            Ok(number)
        } else {
            Err(NamingError::Forbidden { said: said.to_owned() })
        }
    }

    fn check_scope(&self, site: usize, said: &str, scope: &Scope) -> Result<(), NamingError> {
        if scope.holds(&self.site(site).name) { Ok(()) } else { Err(NamingError::Forbidden { said: said.to_owned() }) }
    }
}

fn malformed(said: &str, refusal: &Refusal) -> NamingError {
    let allowed = refusal.allowed.as_ref().map(|a| format!("; expected {a}")).unwrap_or_default();
    NamingError::Malformed { said: said.to_owned(), why: format!("{}{allowed}", refusal.detail) }
}

/// `http://host/rest` or `https://host/rest` into host and `/rest`.
pub(crate) fn split_absolute(text: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = text.split_once("://")?;
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return None;
    }
    Some(match rest.find(['/', '?']) {
        Some(at) => rest.split_at(at),
        None => (rest, "/"),
    })
}

/// A site without hosts answers to any, but a purge must not take a stranger's URL for ours: there only loopback names
/// count.
pub(crate) fn is_ours(site: &crate::Site, host: &str) -> bool {
    let name = crate::site::host_name(host);
    !site.hosts.is_empty() || matches!(name.as_str(), "localhost" | "127.0.0.1" | "[::1]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_whole_urls() {
        assert_eq!(split_absolute("http://h:1/a?b"), Some(("h:1", "/a?b")));
        assert_eq!(split_absolute("HTTPS://h"), Some(("h", "/")));
        assert_eq!(split_absolute("http://h?x=1"), Some(("h", "?x=1")));
        assert_eq!(split_absolute("ftp://h/a"), None);
        assert_eq!(split_absolute("/a://b"), None);
    }
}
