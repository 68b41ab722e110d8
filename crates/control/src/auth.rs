//! Where a request carries its key.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use engine::Scope;
use http::HeaderMap;
use http::header::AUTHORIZATION;

use crate::plane::Plane;

/// Clients differ in whether they pad.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Somebody whose key is valid.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// The key's name.
    pub name: String,
    /// What it may purge.
    pub scope: Scope,
    /// The address it came from; empty if unknown.
    pub from: String,
}

impl Caller {
    /// Whether it may look at what another key did: only a key for every site may.
    pub fn may_see(&self, record: &purge::Record) -> bool {
        self.scope.sites.is_empty() || record.actor == self.name
    }
}

/// Why a request has no caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Denied {
    /// It bears no key.
    Missing,
    /// Its key is not valid.
    Unknown,
}

impl Plane {
    pub(crate) fn caller(&self, key: Option<&str>, from: &str) -> Result<Caller, Denied> {
        let key = key.filter(|key| !key.is_empty()).ok_or(Denied::Missing)?;
        let info = self.keys.verify(key).ok_or(Denied::Unknown)?;
        Ok(Caller { name: info.name, scope: Scope { sites: info.sites }, from: from.to_owned() })
    }
}

/// The token of `Authorization: Bearer …` (RFC 6750).
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    credentials(headers, "bearer")
}

/// The user of `Authorization: Basic …` (RFC 7617). A password may stand behind it, or not even a colon.
pub(crate) fn basic_user(headers: &HeaderMap) -> Option<String> {
    let decoded = BASE64.decode(credentials(headers, "basic")?).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    let user = text.split_once(':').map_or(text.as_str(), |(user, _)| user);
    Some(user.to_owned())
}

/// A header whose whole value is the key.
pub(crate) fn bare<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

fn credentials<'h>(headers: &'h HeaderMap, wanted: &str) -> Option<&'h str> {
    let (scheme, rest) = headers.get(AUTHORIZATION)?.to_str().ok()?.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case(wanted).then(|| rest.trim())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn keys_are_found_in_every_spelling() {
        let with = |value: &str| HeaderMap::from_iter([(AUTHORIZATION, value.parse().unwrap())]);
        for (value, token, user) in [
            ("Bearer abc", Some("abc"), None),
            ("bearer  abc ", Some("abc"), None),
            ("Basic YWs6", None, Some("ak")),                 // ak:
            ("Basic YWs6ZG9fbm90X3NldA==", None, Some("ak")), // ak:do_not_set
            ("basic YWs", None, Some("ak")),                  // ak
            ("Basic YWs=", None, Some("ak")),                 // ak
            ("Basic Og==", None, Some("")),                   // :
            ("Basic %%", None, None),
            ("Bearer", None, None),
            ("abc", None, None),
        ] {
            let headers = with(value);
            assert_eq!((bearer(&headers), basic_user(&headers).as_deref()), (token, user), "{value}");
        }
        assert_eq!((bearer(&HeaderMap::new()), basic_user(&HeaderMap::new())), (None, None));
    }
}
