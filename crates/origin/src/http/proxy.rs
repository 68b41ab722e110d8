//! Masters anywhere on the web, for as far as their hosts are allowed: what vendors call a web proxy.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use plan::Location;
use url::Url;

use super::Web;
use crate::gate::Gate;
use crate::{BadPath, FetchError, Fetched, HttpSettings, OpenError, Validators, path, url_id};

/// Hosts whose scheme is remembered.
const REMEMBERED: usize = 1024;

/// Any master behind HTTP on some hosts.
#[derive(Debug, Clone)]
pub struct ProxySettings {
    /// Hosts without scheme and port; each covers what lies below it (`shop.example` also `img.shop.example`). `*` covers
    /// all.
    pub hosts: Vec<String>,
    /// Whether nothing is asked for in the clear. Otherwise a host that cannot be reached by https is asked by http.
    pub https_only: bool,
    /// How to ask. The base and the headers of these do not count.
    pub http: HttpSettings,
}

impl ProxySettings {
    /// Some hosts, with the defaults of web sources.
    pub fn new(hosts: Vec<String>) -> Option<ProxySettings> {
        let http = HttpSettings::new(Url::parse("https://proxy.invalid/").ok()?);
        Some(ProxySettings { hosts, https_only: false, http })
    }
}

/// An opened proxy.
pub(crate) struct Proxy {
    web: Web,
    hosts: Hosts,
    https_only: bool,
    /// Authorities that answered by http alone, the latest last.
    plain: Mutex<VecDeque<String>>,
}

/// Which hosts are allowed.
struct Hosts(Vec<String>);

impl Hosts {
    fn allow(&self, host: &str) -> bool {
        self.0.iter().any(|name| {
            let below = || host.strip_suffix(name.as_str()).is_some_and(|rest| rest.ends_with('.'));
            name == "*" || host == name || below()
        })
    }
}

impl Proxy {
    pub(crate) fn open(settings: ProxySettings, gate: Gate) -> Result<(Self, Location), OpenError> {
        let base = Url::parse("https://proxy.invalid/").map_err(|_| OpenError::Client("no base".to_owned()))?;
        let http = HttpSettings { base, headers: Vec::new(), invalidation: false, ..settings.http };
        let (web, _) = Web::open(http, gate)?;
        let hosts = Hosts(settings.hosts.iter().map(|host| host.to_ascii_lowercase()).collect());
        let proxy = Proxy { web, hosts, https_only: settings.https_only, plain: Mutex::default() };
        // What it names is named as by sources with a base: `//host/path`.
        Ok((proxy, Location::new("//")))
    }

    /// The one spelling of `host[:port]/path`, if the host is allowed.
    pub(crate) fn canonical(&self, text: &str) -> Result<String, BadPath> {
        let (authority, rest) = text.split_once('/').ok_or(BadPath::NoHost)?;
        // A name, and not a folder that looks like one: the parser says what it would ask.
        let url = Url::parse(&format!("https://{authority}/")).map_err(|_| BadPath::NoHost)?;
        let named = url_id::authority(&url).ok_or(BadPath::NoHost)?;
        let host = url.host_str().unwrap_or_default();
        if !url.username().is_empty() || !self.hosts.allow(host.strip_suffix('.').unwrap_or(host)) {
            return Err(BadPath::NoHost);
        }
        let path = path::canonical(rest, path::Slashes::Keep)?;
        Ok(format!("{}/{path}", named.trim_start_matches('/')))
    }

    /// Fetches a canonical `host[:port]/path`.
    pub(crate) async fn fetch(
        &self,
        name: &str,
        query: &str,
        validators: Option<&Validators>,
    ) -> Result<Fetched, FetchError> {
        let (authority, path) = name.split_once('/').ok_or(FetchError::BadPath)?;
        let allowed = |url: &Url| self.hosts.allow(url.host_str().unwrap_or_default());
        let ask = async |scheme: &str| {
            let text = format!("{scheme}://{authority}/{}", url_id::encode_path(path));
            let mut url = Url::parse(&text).map_err(|_| FetchError::BadPath)?;
            if !query.is_empty() {
                url.set_query(Some(query));
            }
            self.web.fetch_url(url, validators, &allowed).await
        };
        if self.https_only {
            return ask("https").await;
        }
        let (first, second) = if self.is_plain(authority) { ("http", "https") } else { ("https", "http") };
        match ask(first).await {
            // No connection, or none that could be secured.
            Err(FetchError::NoConnection(why)) => {
                let other = ask(second).await;
                match &other {
                    Err(FetchError::NoConnection(_)) => return Err(FetchError::NoConnection(why)),
                    _ => self.note(authority, second == "http"),
                }
                other
            }
            answered => answered,
        }
    }

    fn is_plain(&self, authority: &str) -> bool {
        let plain = self.plain.lock().unwrap_or_else(PoisonError::into_inner);
        plain.iter().any(|known| known == authority)
    }

    fn note(&self, authority: &str, is_plain: bool) {
        let mut plain = self.plain.lock().unwrap_or_else(PoisonError::into_inner);
        plain.retain(|known| known != authority);
        if is_plain {
            plain.push_back(authority.to_owned());
            if plain.len() > REMEMBERED {
                plain.pop_front();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_covers_what_lies_below_it() {
        let hosts = Hosts(vec!["shop.example".to_owned(), "localhost".to_owned()]);
        for (host, allowed) in [
            ("shop.example", true),
            ("a.b.shop.example", true),
            ("ashop.example", false),
            ("shop.example.evil", false),
            ("example", false),
            ("localhost", true),
            ("", false),
        ] {
            assert_eq!(hosts.allow(host), allowed, "{host}");
        }
        assert!(Hosts(vec!["*".to_owned()]).allow("anything.example"));
        assert!(!Hosts(vec![]).allow("anything.example"));
    }
}
