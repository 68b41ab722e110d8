//! Where a request carries its key, and what the key's owner may do.

use std::time::Instant;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use dialect::Secret;
use engine::{DialectKind, Scope};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};
use ledger::KeyRole;
use plan::Digest;
use subtle::ConstantTimeEq;

use crate::keys::{KeyInfo, Keys};
use crate::plane::Plane;
use crate::server::From;

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
    /// The sites that it may purge.
    pub scope: Scope,
    /// The sources, or beginnings `source/path` in them, that it may purge; empty = all.
    pub within: Vec<String>,
    pub roles: Vec<KeyRole>,
    /// The address it came from; empty if unknown.
    pub from: String,
}

impl Caller {
    /// Whether it may look at what another key did: only a key for looking, and without bounds, may.
    pub fn sees_all(&self) -> bool {
        let looks = self.roles.contains(&KeyRole::Read) || self.roles.contains(&KeyRole::Admin);
        looks && self.is_unbound()
    }

    /// Whether it may purge everywhere.
    pub fn is_unbound(&self) -> bool {
        self.scope.sites.is_empty() && self.within.is_empty()
    }

    /// Whether it may look at a purge.
    pub fn may_see(&self, record: &purge::Record) -> bool {
        self.sees_all() || record.actor == self.name
    }
}

/// What a request needs a key for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Right {
    /// Look at purges: who may only purge sees his own.
    Read,
    /// Purge, and lift takedowns.
    Purge,
    /// Make pictures ahead, and stop that.
    Warm,
    /// Look at the audit trail.
    Audit,
    /// Make and revoke keys.
    Admin,
}

impl Right {
    pub fn is_of(self, caller: &Caller) -> bool {
        match self {
            Right::Read => true,
            Right::Purge => caller.roles.contains(&KeyRole::Purge),
            Right::Warm => caller.roles.contains(&KeyRole::Purge) || caller.roles.contains(&KeyRole::Admin),
            Right::Audit => caller.sees_all(),
            Right::Admin => caller.roles.contains(&KeyRole::Admin) && caller.is_unbound(),
        }
    }
}

/// Why a request has no caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Denied {
    /// It bears no key.
    Missing,
    /// Its key is not valid.
    Unknown,
    /// Its key is valid, and not for this.
    NotAllowed,
    /// Too many requests; it may come back after so many seconds.
    TooMany(u32),
}

impl Denied {
    /// For people.
    pub fn message(self) -> &'static str {
        match self {
            Denied::Missing => "an API key is required",
            Denied::Unknown => "this API key is not valid",
            Denied::NotAllowed => "this API key may not be used for this",
            Denied::TooMany(_) => "too many requests; come back later",
        }
    }

    /// Seconds after which to come back.
    pub fn retry_after(self) -> Option<u32> {
        match self {
            Denied::TooMany(seconds) => Some(seconds),
            _ => None,
        }
    }
}

impl Plane {
    /// Who asks, if they may do what they ask for. Counts against the limits of the key, or of the address.
    pub(crate) fn caller(&self, key: Option<&str>, from: &From, right: Right) -> Result<Caller, Denied> {
        self.caller_known(key, from, right, |key| self.keys.verify(key))
    }

    /// As [`Plane::caller`], where a secret with which a site's URLs are signed counts as a key of that site too: ImageKit
    /// gives out one private key for both.
    pub(crate) fn caller_by_secret(
        &self,
        key: Option<&str>,
        from: &From,
        right: Right,
        dialect: DialectKind,
    ) -> Result<Caller, Denied> {
        self.caller_known(key, from, right, |key| self.keys.verify(key).or_else(|| self.owner_of_secret(key, dialect)))
    }

    fn caller_known(
        &self,
        key: Option<&str>,
        from: &From,
        right: Right,
        verify: impl FnOnce(&str) -> Option<KeyInfo>,
    ) -> Result<Caller, Denied> {
        let key = key.filter(|key| !key.is_empty()).ok_or(Denied::Missing)?;
        let info = match verify(key) {
            Some(info) => info,
            None => {
                self.limits.failed(&from.address, Instant::now()).map_err(Denied::TooMany)?;
                return Err(Denied::Unknown);
            }
        };
        self.admitted(info, from, right)
    }

    /// As [`Plane::caller`], for whoever is known already. Counts in the same way.
    pub(crate) fn admitted(&self, info: KeyInfo, from: &From, right: Right) -> Result<Caller, Denied> {
        let now = Instant::now();
        self.limits.admit(&info.name, &from.address, now).map_err(Denied::TooMany)?;
        let standing = self.limits.take(&info.name, now);
        let refused = standing.retry_after;
        from.stand(standing);
        if let Some(seconds) = refused {
            return Err(Denied::TooMany(seconds));
        }
        let caller = Caller {
            name: info.name,
            scope: Scope { sites: info.sites },
            within: info.within,
            roles: info.roles,
            from: from.address.clone(),
        };
        if right.is_of(&caller) { Ok(caller) } else { Err(Denied::NotAllowed) }
    }

    /// Every secret is compared, and by its hash: neither the time nor the length shows how close a wrong one came.
    fn owner_of_secret(&self, key: &str, dialect: DialectKind) -> Option<KeyInfo> {
        let given = Digest::of(key.as_bytes()).0;
        let mut sites = Vec::new();
        for site in self.engine.sites().iter().filter(|site| site.dialect == dialect) {
            let same = |secret: &Secret| bool::from(Digest::of(secret.bytes()).0.ct_eq(&given));
            if site.signing.secrets.iter().filter(|secret| same(secret)).count() > 0 {
                sites.push(site.name.clone());
            }
        }
        let name = format!("signing secret of {}", sites.first()?);
        Some(KeyInfo { name, roles: vec![KeyRole::Purge, KeyRole::Read], sites, within: Vec::new() })
    }
}

/// Fields whose whole value is a key: ImageBoss's, Cloudimage's, and ours for `PURGE`.
const KEY_FIELDS: [&str; 3] = ["imageboss-api-key", "x-client-key", "afterimage-key"];

/// The token of `Authorization: Bearer …` (RFC 6750).
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    credentials(headers, "bearer")
}

/// The user of `Authorization: Basic …` (RFC 7617). A password may stand behind it, or not even a colon.
pub(crate) fn basic_user(headers: &HeaderMap) -> Option<String> {
    user(credentials(headers, "basic")?)
}

/// A header whose whole value is the key.
pub(crate) fn bare<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

/// Whether a header field is a valid API key, in any way in which any of the APIs takes one. Such a field is ours: it goes to
/// no origin.
pub fn is_our_key(keys: &dyn Keys, name: &HeaderName, value: &HeaderValue) -> bool {
    let key = if *name == AUTHORIZATION {
        token(value, "bearer").map(str::to_owned).or_else(|| user(token(value, "basic")?))
    } else if KEY_FIELDS.contains(&name.as_str()) {
        value.to_str().ok().map(|value| value.trim().to_owned())
    } else {
        None
    };
    key.is_some_and(|key| !key.is_empty() && keys.verify(&key).is_some())
}

fn credentials<'h>(headers: &'h HeaderMap, wanted: &str) -> Option<&'h str> {
    token(headers.get(AUTHORIZATION)?, wanted)
}

fn token<'h>(value: &'h HeaderValue, wanted: &str) -> Option<&'h str> {
    let (scheme, rest) = value.to_str().ok()?.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case(wanted).then(|| rest.trim())
}

fn user(basic: &str) -> Option<String> {
    let text = String::from_utf8(BASE64.decode(basic).ok()?).ok()?;
    let user = text.split_once(':').map_or(text.as_str(), |(user, _)| user);
    Some(user.to_owned())
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
