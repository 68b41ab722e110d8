//! Sites: which dialect, sources and times belong to a host and a path prefix.

use std::sync::Arc;
use std::time::Duration;

use dialect::Dialect;
use origin::Source;
use plan::Tag;

/// Which of the four grammars.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum DialectKind {
    Imgix,
    Imagekit,
    Cloudimage,
    Imageboss,
}

impl DialectKind {
    /// All four.
    pub const ALL: [DialectKind; 4] =
        [DialectKind::Imgix, DialectKind::Imagekit, DialectKind::Cloudimage, DialectKind::Imageboss];

    /// Lower-case name.
    pub const fn name(self) -> &'static str {
        match self {
            DialectKind::Imgix => "imgix",
            DialectKind::Imagekit => "imagekit",
            DialectKind::Cloudimage => "cloudimage",
            DialectKind::Imageboss => "imageboss",
        }
    }

    /// The inverse of [`DialectKind::name`].
    pub fn from_name(name: &str) -> Option<DialectKind> {
        DialectKind::ALL.into_iter().find(|d| d.name() == name)
    }

    /// Reads a URL that asks for nothing but a preset of a site's settings, of a picture that need not exist.
    ///
    /// # Errors
    /// When there is no such preset, or it is not understood.
    pub fn parse_preset(
        self,
        name: &str,
        settings: &dialect::Settings,
    ) -> Result<dialect::Parsed, dialect::ParseError> {
        let source = if settings.default_source.is_empty() { "source" } else { &settings.default_source };
        let target = self.preset_target(name, source, "p.jpg", settings);
        self.grammar().parse(dialect::Target::new(&target), settings)
    }

    /// A target below its site's prefix that asks for nothing but a preset of a picture. `source` is named where the dialect
    /// names one.
    pub fn preset_target(self, name: &str, source: &str, picture: &str, settings: &dialect::Settings) -> String {
        match self {
            DialectKind::Imgix => format!("/{picture}?preset={name}"),
            DialectKind::Imagekit => format!("/{}/tr:n-{name}/{picture}", settings.endpoint).replace("//", "/"),
            DialectKind::Cloudimage => format!("/{picture}?p={name}"),
            DialectKind::Imageboss => format!("/{source}/cdn/preset:{name}/{picture}"),
        }
    }

    /// The grammar itself.
    pub fn grammar(self) -> Arc<dyn Dialect> {
        match self {
            DialectKind::Imgix => Arc::new(dialect::imgix::Imgix),
            DialectKind::Imagekit => Arc::new(dialect::imagekit::Imagekit),
            DialectKind::Cloudimage => Arc::new(dialect::cloudimage::Cloudimage),
            DialectKind::Imageboss => Arc::new(dialect::imageboss::Imageboss),
        }
    }
}

/// One binding of hosts and a path prefix to a dialect.
#[derive(Debug, Clone)]
pub struct Site {
    /// Its name.
    pub name: String,
    /// The grammar.
    pub dialect: DialectKind,
    /// Hosts that it answers to, without port, lower case; empty = any.
    pub hosts: Vec<String>,
    /// Path prefix, beginning with `/`; cut before parsing.
    pub prefix: String,
    /// Names of the sources, in the order in which they are tried.
    pub sources: Vec<String>,
    /// What the configuration adds to the grammar.
    pub grammar: dialect::Settings,
    /// How its URLs are signed.
    pub signing: dialect::Signing,
    /// Whether purges reach exactly what the vendor's would, and refuse what it refuses; else what users expect of them.
    pub vendor_purges: bool,
    /// What stands in where a master is missing.
    pub missing: Missing,
    /// How long browsers may keep an answer; zero = they ask every time.
    pub browser_time: Duration,
    /// How long a derivative lives here and in caches in front.
    pub edge_time: Duration,
    /// Whether requests whose URL has warnings are refused.
    pub strict: bool,
    /// Whether answers bear the vendor's own headers.
    pub vendor_headers: bool,
    /// Whether errors have the vendor's own statuses.
    pub vendor_errors: bool,
    /// Tags that its derivatives bear, by their master's path.
    pub tags: Vec<TagRule>,
    /// Whether answers are originals as the origin gave them, whatever they are, and the grammar is not asked.
    pub passthrough: bool,
    /// Whether a pass-through site hands unsafe methods (`POST`, `PUT` and the like) on to its first source.
    pub unsafe_methods: bool,
    /// Whether pages may have a script that tells how long its pictures took to load.
    pub beacon: bool,
}

/// What a site answers where no source has the master, unless the URL itself names something that stands in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Missing {
    /// A picture of the site's own, made as the URL asks; `None` = an error.
    pub picture: Option<plan::Asset>,
    /// With which status it is sent; the error's own, 404, where it is none.
    pub status: Option<u16>,
}

/// Tags for what is made from masters whose path matches.
#[derive(Debug, Clone)]
pub struct TagRule {
    paths: purge::Glob,
    /// The tags; never built-in ones.
    pub tags: Vec<Tag>,
}

impl TagRule {
    /// A rule for paths (below the source, without leading slash) that match a pattern as [`plan::Selector::Glob`] has it.
    ///
    /// # Errors
    /// What is wrong with the pattern.
    pub fn new(pattern: &str, tags: Vec<Tag>) -> Result<TagRule, purge::BadGlob> {
        Ok(TagRule { paths: purge::glob(pattern)?, tags })
    }

    /// Whether it is for this path.
    pub fn covers(&self, path: &str) -> bool {
        self.paths.is_match(path)
    }
}

impl Site {
    /// A site of a dialect at a prefix, with every default.
    pub fn new(name: &str, dialect: DialectKind, prefix: &str, sources: Vec<String>) -> Site {
        Site {
            name: name.to_owned(),
            dialect,
            hosts: Vec::new(),
            prefix: prefix.to_owned(),
            grammar: dialect::Settings {
                default_source: sources.first().cloned().unwrap_or_default(),
                ..dialect::Settings::default()
            },
            sources,
            signing: dialect::Signing::default(),
            vendor_purges: false,
            missing: Missing::default(),
            browser_time: Duration::ZERO,
            edge_time: Duration::from_secs(365 * 24 * 3600),
            strict: false,
            vendor_headers: true,
            vendor_errors: false,
            tags: Vec::new(),
            passthrough: false,
            unsafe_methods: false,
            beacon: false,
        }
    }

    /// Whether it answers to a host (without port, lower case). A site without hosts answers to any.
    pub fn answers_to(&self, host: &str) -> bool {
        self.hosts.is_empty() || self.hosts.iter().any(|h| h == host)
    }

    /// The rest of a raw path below the prefix, beginning with `/`; `None` if it lies elsewhere.
    pub fn below<'p>(&self, path: &'p str) -> Option<&'p str> {
        let prefix = self.prefix.strip_suffix('/').unwrap_or(&self.prefix);
        let rest = path.strip_prefix(prefix)?;
        match rest.as_bytes().first() {
            Some(b'/') => Some(rest),
            None => Some("/"),
            Some(_) => None,
        }
    }
}

/// A site with what is left of the path below its prefix.
#[derive(Debug, Clone, Copy)]
pub struct Route<'s, 'p> {
    /// The site.
    pub site: &'s Site,
    /// Its number.
    pub number: usize,
    /// Raw, beginning with `/`.
    pub path: &'p str,
}

pub(crate) struct Sites {
    all: Vec<Site>,
    grammars: Vec<Arc<dyn Dialect>>,
    /// Per site, the numbers of its sources.
    sources: Vec<Vec<usize>>,
}

impl Sites {
    pub fn new(mut all: Vec<Site>, sources: &[Source]) -> Result<Sites, String> {
        for site in &mut all {
            site.grammar.sealed = site.signing.sealed && site.signing.policy != dialect::Policy::Off;
        }
        let number = |site: &Site, name: &String| {
            sources
                .iter()
                .position(|s| s.name() == name)
                .ok_or_else(|| format!("site {:?} names the source {name:?}, which does not exist", site.name))
        };
        let numbers = all
            .iter()
            .map(|site| site.sources.iter().map(|name| number(site, name)).collect())
            .collect::<Result<_, _>>()?;
        let grammars = all.iter().map(|site| site.dialect.grammar()).collect();
        Ok(Sites { all, grammars, sources: numbers })
    }

    pub fn all(&self) -> &[Site] {
        &self.all
    }

    pub fn grammar(&self, number: usize) -> &dyn Dialect {
        &*self.grammars[number]
    }

    pub fn sources(&self, number: usize) -> &[usize] {
        &self.sources[number]
    }

    /// The site of a host and a raw path: the longest prefix among those that answer to the host; one that names the host
    /// goes before one that takes any.
    pub fn route<'s, 'p>(&'s self, host: &str, path: &'p str) -> Option<Route<'s, 'p>> {
        let host = host_name(host);
        self.all
            .iter()
            .enumerate()
            .filter(|(_, site)| site.answers_to(&host))
            .filter_map(|(number, site)| Some(Route { site, number, path: site.below(path)? }))
            .max_by_key(|route| {
                (!route.site.hosts.is_empty(), route.site.prefix.len(), std::cmp::Reverse(route.number))
            })
    }
}

/// A `Host` value without port and in lower case; brackets of IPv6 addresses are kept.
pub fn host_name(host: &str) -> String {
    let name = match host.rfind(':') {
        Some(colon) if !host.ends_with(']') && host[colon + 1..].bytes().all(|b| b.is_ascii_digit()) => &host[..colon],
        _ => host,
    };
    name.to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_prefixes_choose_the_site() {
        let site = |name: &str, hosts: &[&str], prefix: &str| Site {
            hosts: hosts.iter().map(|h| (*h).to_owned()).collect(),
            ..Site::new(name, DialectKind::Imgix, prefix, vec![])
        };
        let sites =
            [site("any", &[], "/imgix"), site("shop", &["img.example"], "/"), site("deep", &["img.example"], "/x/")];
        let Ok(sites) = Sites::new(sites.to_vec(), &[]) else { panic!("sites") };
        for (host, path, want) in [
            ("localhost:8080", "/imgix/a.jpg", Some(("any", "/a.jpg"))),
            ("LOCALHOST", "/imgix", Some(("any", "/"))),
            ("[::1]:80", "/imgix/a", Some(("any", "/a"))),
            ("localhost", "/imgixx/a.jpg", None),
            ("IMG.example:443", "/imgix/a.jpg", Some(("shop", "/imgix/a.jpg"))),
            ("img.example", "/x/a.jpg", Some(("deep", "/a.jpg"))),
            ("img.example", "/xy/a.jpg", Some(("shop", "/xy/a.jpg"))),
            ("other", "/a.jpg", None),
        ] {
            let found = sites.route(host, path).map(|r| (r.site.name.as_str(), r.path));
            assert_eq!(found, want, "{host} {path}");
        }
    }
}
