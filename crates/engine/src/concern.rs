//! Which sites a purge concerns: those that can show what it names.

use plan::Selector;
use purge::{Record, Via};

use crate::Engine;
use crate::naming::split_absolute;
use crate::site::DialectKind;

impl Engine {
    /// The numbers of the sites that a purge concerns, in their order.
    ///
    /// A master, prefix, glob or source, and a tag in one source, concern each site one of whose sources may hold some of it:
    /// also those that the caller's key is not for. A tag everywhere, and everything, concern all sites. One derivative is a
    /// hash in the log: it concerns the site that its URL leads to as it was said, or each that a path without a host may be
    /// of; where that leads nowhere, those of the dialect whose API was used. A purge may so concern no site.
    pub fn concerned(&self, record: &Record) -> Vec<usize> {
        let mut sources = vec![false; self.sources.len()];
        let mut sites = vec![false; self.sites().len()];
        for target in &record.targets {
            for selector in &target.selectors {
                match Named::of(selector) {
                    Named::Everything => return (0..sites.len()).collect(),
                    Named::Derivative => self.mark_derivative(&target.said, record.via, &mut sites),
                    Named::One(text) => self.mark_holders(text, true, &mut sources),
                    Named::Within(text) => self.mark_holders(&text, false, &mut sources),
                }
            }
        }
        let is_concerned =
            |site: &usize| sites[*site] || self.sites.sources(*site).iter().any(|source| sources[*source]);
        (0..sites.len()).filter(is_concerned).collect()
    }

    /// Marks the sources in which a master may lie, or some of those that begin so. One for any address has what no other has.
    fn mark_holders(&self, text: &str, exactly: bool, marked: &mut [bool]) {
        let holds = |location: &str| text.starts_with(location);
        let has_owner = self.sources.iter().any(|source| !source.is_proxy() && holds(source.location().as_str()));
        for (source, mark) in self.sources.iter().zip(marked) {
            let location = source.location().as_str();
            let inside = holds(location) && !(source.is_proxy() && has_owner);
            *mark |= inside || !exactly && location.starts_with(text);
        }
    }

    fn mark_derivative(&self, said: &str, via: Via, marked: &mut [bool]) {
        let said = said.trim();
        let (host, target) = split_absolute(said).map_or((None, said), |(host, target)| (Some(host), target));
        let path = target.split(['?', '#']).next().unwrap_or(target);
        if let Some(route) = host.and_then(|host| self.route(host, path)) {
            marked[route.number] = true;
            return;
        }
        let sites = || self.sites().iter().enumerate();
        let under = || sites().filter(|(_, site)| host.is_none() && site.below(path).is_some());
        let longest = under().map(|(_, site)| site.prefix.trim_end_matches('/').len()).max();
        if let Some(longest) = longest {
            let nearest = under().filter(|(_, site)| site.prefix.trim_end_matches('/').len() == longest);
            nearest.for_each(|(number, _)| marked[number] = true);
            return;
        }
        let dialect = match via {
            Via::Imgix | Via::ImgixLegacy => DialectKind::Imgix,
            Via::Imagekit => DialectKind::Imagekit,
            Via::Cloudimage => DialectKind::Cloudimage,
            Via::Imageboss => DialectKind::Imageboss,
            Via::Native | Via::Method | Via::Unsafe | Via::Groups | Via::Invalidation => return,
        };
        let of_dialect = sites().filter(|(_, site)| site.dialect == dialect && !site.passthrough);
        of_dialect.for_each(|(number, _)| marked[number] = true);
    }
}

/// What a selector names, as far as places go.
enum Named<'s> {
    /// One master.
    One(&'s str),
    /// Masters that begin so.
    Within(String),
    /// A derivative, by its hash.
    Derivative,
    Everything,
}

impl Named<'_> {
    fn of(selector: &Selector) -> Named<'_> {
        match selector {
            Selector::Master(id) | Selector::Dependency(id) => Named::One(id.as_str()),
            Selector::Prefix(text) => Named::Within(text.clone()),
            Selector::Glob(pattern) => Named::Within(purge::literal_beginning(pattern)),
            Selector::Tag(_, Some(location)) | Selector::Source(location) => {
                Named::Within(location.as_str().to_owned())
            }
            Selector::Exact(_) => Named::Derivative,
            Selector::Tag(_, None) | Selector::All => Named::Everything,
        }
    }
}
