//! From what a warm-up names to the derivatives that it makes, through the same names as delivery.

use std::collections::HashSet;

use dialect::Hints;
use plan::{AcceptClass, DerivativeKey, MasterId};

use crate::naming::split_absolute;
use crate::resolve::{Ask, Refusal};
use crate::{Engine, NamingError, Scope, WarmItem};

/// A master, in the parts of which URLs are put together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spelled {
    /// The source's name.
    pub source: String,
    /// The path in it, decoded, without leading slash.
    pub path: String,
    /// What it is known as.
    pub id: MasterId,
}

impl Engine {
    /// The master that is meant by `source/path`, or by a URL at an origin.
    ///
    /// # Errors
    /// See [`NamingError`].
    pub fn spell(&self, said: &str, scope: &Scope) -> Result<Spelled, NamingError> {
        let lies_in = |number: usize, id: MasterId| {
            let source = &self.sources[number];
            let path = id.as_str().strip_prefix(source.location().as_str()).unwrap_or_default().to_owned();
            Spelled { source: source.name().to_owned(), path, id }
        };
        if split_absolute(said.trim()).is_some() {
            let found = self.candidates_of_origin_url(said, scope).into_iter().next();
            let why = "no source has it; expected source/path or a URL at an origin".to_owned();
            let found = found.ok_or(NamingError::Foreign { said: said.to_owned(), why })?;
            return Ok(lies_in(found.source, found.master.id));
        }
        let (source, path) = self.split_source(said, scope)?;
        let id = self.sources[source].canonical(path);
        let id = id.map_err(|bad| NamingError::Malformed { said: said.to_owned(), why: bad.to_string() })?;
        Ok(lies_in(source, id))
    }

    /// The derivatives of a URL, or of a path with a site's prefix: one for each class of clients whose answer is not in
    /// `seen`, which learns of them. With a master, the URL must lead to that.
    ///
    /// # Errors
    /// See [`NamingError`].
    pub fn items_of(
        &self,
        said: &str,
        of: Option<&MasterId>,
        accepts: &[AcceptClass],
        scope: &Scope,
        seen: &mut HashSet<DerivativeKey>,
    ) -> Result<Vec<WarmItem>, NamingError> {
        let (site, _) = self.locate(said, scope)?;
        let text = said.trim();
        let text = text.split('#').next().unwrap_or(text);
        let (host, target) = split_absolute(text).unwrap_or(("", text));
        let own_host = self.site(site).hosts.first().map_or("", String::as_str);
        let host = if host.is_empty() { own_host } else { host };
        let malformed = |why: String| NamingError::Malformed { said: said.to_owned(), why };
        let mut items = Vec::new();
        for accept in accepts {
            let resolved = self.resolve(Ask { host, target, accept: *accept, hints: Hints::NONE, trusted: true });
            let resolved = resolved.map_err(|refusal| malformed(in_words(&refusal)))?;
            if resolved.site != site {
                return Err(NamingError::Forbidden { said: said.to_owned() });
            }
            if let Some(id) = of.filter(|id| resolved.candidates.iter().all(|c| c.master.id != **id)) {
                return Err(malformed(format!("it does not lead to {id}")));
            }
            if seen.insert(resolved.key) {
                items.push(WarmItem { url: resolved.url.clone(), accept: *accept });
            }
        }
        Ok(items)
    }
}

fn in_words(refusal: &Refusal) -> String {
    let allowed = refusal.allowed.as_ref().map(|a| format!("; expected {a}")).unwrap_or_default();
    format!("{}{allowed}", refusal.detail)
}
