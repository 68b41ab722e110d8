//! What a key that is bound to sources or parts of them may purge. Every selector of every API passes here.

use engine::{Engine, NamingError, Scope, Wanted};
use plan::{MasterId, Selector};

use crate::auth::Caller;

/// The folders, as canonical texts that end in a slash, in which what a caller purges must lie; none = no such bounds.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reach(Vec<String>);

impl Reach {
    /// A caller's reach.
    ///
    /// # Errors
    /// When none of the sources that it is bound to exists: then nothing is within reach.
    pub fn of(engine: &Engine, caller: &Caller) -> Result<Reach, NamingError> {
        if caller.within.is_empty() {
            return Ok(Reach::default());
        }
        // A source that was taken out of the configuration is no longer reached; the others are.
        let begins = caller.within.iter().filter_map(|part| {
            let part = format!("{}/", part.trim_end_matches('/'));
            let named = engine.name(&Wanted::Prefix(part), &Scope::everything()).ok()?;
            named.selectors.into_iter().next()
        });
        let begins: Vec<String> = begins
            .filter_map(|selector| match selector {
                Selector::Prefix(text) => Some(text),
                _ => None,
            })
            .collect();
        if begins.is_empty() {
            return Err(NamingError::Forbidden { said: caller.within.join(", ") });
        }
        Ok(Reach(begins))
    }

    /// Whether all selectors that something said means lie within.
    ///
    /// # Errors
    /// [`NamingError::Forbidden`] when one does not.
    pub fn check(
        &self,
        engine: &Engine,
        wanted: &Wanted,
        scope: &Scope,
        selectors: &[Selector],
        said: &str,
    ) -> Result<(), NamingError> {
        if self.0.is_empty() {
            return Ok(());
        }
        let mut inside = true;
        for selector in selectors {
            inside &= match selector {
                // A hash tells nothing: what it was made from is asked for.
                Selector::Exact(_) => {
                    let masters = engine.masters_behind(wanted, scope)?;
                    !masters.is_empty() && masters.iter().all(|id| self.holds_master(id.as_str()))
                }
                other => self.covers(other),
            };
        }
        if inside { Ok(()) } else { Err(NamingError::Forbidden { said: said.to_owned() }) }
    }

    /// Whether a master lies within.
    pub fn has(&self, master: &MasterId) -> bool {
        self.0.is_empty() || self.holds_master(master.as_str())
    }

    /// Whether a selector takes nothing that lies outside. An exact one cannot be told from its hash, and counts as outside.
    pub fn covers(&self, selector: &Selector) -> bool {
        self.0.is_empty()
            || match selector {
                Selector::Master(id) | Selector::Dependency(id) => self.holds_master(id.as_str()),
                Selector::Prefix(text) => self.holds(text),
                Selector::Glob(pattern) => self.holds(&purge::literal_beginning(pattern)),
                Selector::Tag(_, Some(location)) | Selector::Source(location) => self.holds(location.as_str()),
                Selector::Tag(_, None) | Selector::All | Selector::Exact(_) => false,
            }
    }

    /// Whether a master lies in one of the folders, or is what the bound names.
    fn holds_master(&self, text: &str) -> bool {
        self.holds(text) || self.0.iter().any(|begin| begin.strip_suffix('/') == Some(text))
    }

    /// Whether everything that begins so lies in one of the folders.
    fn holds(&self, text: &str) -> bool {
        self.0.iter().any(|begin| text.starts_with(begin.as_str()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use plan::{ExactName, Location, Tag};

    use super::*;

    #[test]
    fn only_what_lies_wholly_inside_is_covered() {
        let reach = Reach(vec!["file:/p/a/".into(), "//shop.example/".into()]);
        let master = |text: &str| Selector::Master(MasterId::from_canonical(text));
        let tag = Tag::parse("red").unwrap();
        for (selector, inside) in [
            (master("file:/p/a/x.jpg"), true),
            (master("file:/p/ab.jpg"), false),
            (master("file:/p/a"), true),
            (Selector::Dependency(MasterId::from_canonical("//shop.example/logo.png")), true),
            (Selector::Dependency(MasterId::from_canonical("//shop.example.org/logo.png")), false),
            (Selector::Prefix("file:/p/a/2".into()), true),
            (Selector::Prefix("file:/p/a".into()), false),
            (Selector::Prefix("file:/p/".into()), false),
            (Selector::Glob("file:/p/a/*.jpg".into()), true),
            (Selector::Glob("file:/p/[a]/*.jpg".into()), false),
            (Selector::Glob("file:/p/**".into()), false),
            (Selector::Glob("file:/p/\\a/x*".into()), true),
            (Selector::Source(Location::new("//shop.example/")), true),
            (Selector::Source(Location::new("file:/p/")), false),
            (Selector::Tag(tag.clone(), Some(Location::new("//shop.example/"))), true),
            (Selector::Tag(tag.clone(), Some(Location::new("file:/p/"))), false),
            (Selector::Tag(tag, None), false),
            (Selector::Exact(ExactName([0; 16])), false),
            (Selector::All, false),
        ] {
            assert_eq!(reach.covers(&selector), inside, "{selector}");
            assert!(Reach::default().covers(&selector));
        }
    }
}
