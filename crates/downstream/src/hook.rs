use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use url::{Origin, Url};

/// Shortest and longest secret, in bytes: what the scheme allows.
const SHORTEST: usize = 24;
const LONGEST: usize = 64;

/// Where webhooks go, and the secret that they are signed with.
#[derive(Clone)]
pub struct Hook {
    url: Url,
    secret: Vec<u8>,
}

/// A hook of the configuration is not usable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadHook {
    /// It is no web address.
    #[error("{0:?} is no http or https URL")]
    Url(String),
    /// It bears a user or a password, which would end up in logs.
    #[error("the URL of a webhook must not hold a user or a password")]
    Credentials,
    /// The secret is too short or too long.
    #[error("the secret of a webhook has 24 to 64 bytes, not {0}")]
    Secret(usize),
    /// The secret begins like encoded ones do and is not.
    #[error("the secret begins with whsec_ and what follows is not Base64")]
    Encoding,
}

impl Hook {
    /// A hook.
    ///
    /// # Errors
    /// See [`BadHook`].
    pub fn new(url: &str, secret: Vec<u8>) -> Result<Hook, BadHook> {
        let url = web_address(url)?;
        if !(SHORTEST..=LONGEST).contains(&secret.len()) {
            return Err(BadHook::Secret(secret.len()));
        }
        Ok(Hook { url, secret })
    }

    /// The address.
    pub fn url(&self) -> &str {
        self.url.as_str()
    }

    pub(crate) fn secret(&self) -> &[u8] {
        &self.secret
    }

    pub(crate) fn origin(&self) -> Origin {
        self.url.origin()
    }
}

/// The secret stays out of logs.
impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hook({})", self.url)
    }
}

pub(crate) fn web_address(text: &str) -> Result<Url, BadHook> {
    let url = Url::parse(text.trim()).map_err(|_| BadHook::Url(text.to_owned()))?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(BadHook::Url(text.to_owned()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(BadHook::Credentials);
    }
    Ok(url)
}

/// What may be seen of an address: scheme, host and port. Path and query may be what lets somebody in.
pub fn shown_address(url: &str) -> String {
    let Ok(parsed) = Url::parse(url) else { return "an address that cannot be read".to_owned() };
    let origin = parsed.origin().ascii_serialization();
    if parsed.path() == "/" && parsed.query().is_none() { origin } else { format!("{origin}/...") }
}

/// A secret as files hold it: `whsec_` and Base64, as the scheme writes it, or the bytes themselves; space around it counts
/// for nothing.
///
/// # Errors
/// [`BadHook::Encoding`].
pub fn read_secret(text: &str) -> Result<Vec<u8>, BadHook> {
    let text = text.trim();
    match text.strip_prefix("whsec_") {
        Some(encoded) => STANDARD.decode(encoded).map_err(|_| BadHook::Encoding),
        None => Ok(text.as_bytes().to_vec()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_address_only_the_origin_is_shown() {
        for (url, shown) in [
            ("https://user:word@h.example/services/T0/token?key=1#x", "https://h.example/..."),
            ("http://127.0.0.1:9/", "http://127.0.0.1:9"),
            ("https://h.example/?key=1", "https://h.example/..."),
            ("secret", "an address that cannot be read"),
        ] {
            assert_eq!(shown_address(url), shown, "{url}");
        }
    }

    #[test]
    fn what_is_no_hook_is_refused() {
        let long_enough = || vec![b'x'; 24];
        for (url, secret, error) in [
            ("https://h.example/x", long_enough(), None),
            ("http://127.0.0.1:9/", vec![b'x'; 64], None),
            ("ftp://h.example/x", long_enough(), Some(BadHook::Url("ftp://h.example/x".into()))),
            ("/x", long_enough(), Some(BadHook::Url("/x".into()))),
            ("https://a:b@h.example/", long_enough(), Some(BadHook::Credentials)),
            ("https://h.example/", vec![b'x'; 23], Some(BadHook::Secret(23))),
            ("https://h.example/", vec![b'x'; 65], Some(BadHook::Secret(65))),
        ] {
            assert_eq!(Hook::new(url, secret).err(), error, "{url}");
        }
        assert_eq!(read_secret(" abc\n"), Ok(b"abc".to_vec()));
        assert_eq!(read_secret("whsec_YWJj"), Ok(b"abc".to_vec()));
        assert_eq!(read_secret("whsec_%"), Err(BadHook::Encoding));
        let secret = "sssssssssssssssssssssssssssss";
        let shown = Hook::new("https://h.example/", secret.into()).map(|hook| format!("{hook:?}"));
        assert!(shown.is_ok_and(|shown| !shown.contains(secret)));
    }
}
