//! Sessions of browsers: a cookie in the place of a key, for the native API alone.
//!
//! Whoever shows a key gets a random id, which the browser keeps where scripts cannot read it. A session holds no key, only
//! what its key is known again by: each request asks whether that key is still good, so a session ends with its key. They
//! are kept in memory, and end with the process.
//!
//! A browser sends a cookie along with whatever a page elsewhere makes it send. So a request that changes something must
//! also bear a token that only our own pages can read, and come from one of them as far as the browser says.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use http::HeaderMap;
use http::header::{COOKIE, HOST, ORIGIN};
use plan::Digest;
use subtle::ConstantTimeEq;

use crate::clock::now_ms;
use crate::keys::{KeyInfo, Mark};
use crate::plane::Plane;
use crate::reply::Problem;
use crate::server::From;

/// The cookie's name.
pub(crate) const COOKIE_NAME: &str = "afterimage_session";
/// The field that bears the token.
pub(crate) const CSRF_FIELD: &str = "afterimage-csrf";
/// How long a session lives.
pub(crate) const LIFETIME: Duration = Duration::from_secs(12 * 3600);
/// Sessions at a time; past it, the oldest ends.
const MOST: usize = 4096;
/// Sessions of one key at a time; past it, its oldest ends.
const MOST_OF_ONE: usize = 64;
/// Cookies of our name that are looked at in one request: servers on other ports of a host share its cookies.
const MOST_COOKIES: usize = 4;

/// The sessions there are.
#[derive(Default)]
pub(crate) struct Sessions(Mutex<HashMap<Digest, Held>>);

/// A session, under the hash of its id.
#[derive(Debug, Clone, Copy)]
struct Held {
    key: Mark,
    began: Instant,
    expires_at: u64,
}

/// A session that a request bears.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub key: Mark,
    /// What a request that changes something must bear.
    pub csrf: String,
    /// When it ends, in milliseconds since the Unix epoch.
    pub expires_at: u64,
    id: Digest,
}

impl Sessions {
    /// Begins a session for a key: its id, which nothing here keeps, and what is known of it.
    ///
    /// # Errors
    /// When the system gives no random bits.
    pub fn open(&self, key: Mark) -> Result<(String, Session), getrandom::Error> {
        let mut bits = [0; 32];
        getrandom::fill(&mut bits)?;
        let id = Digest(bits).to_string();
        let (now, expires_at) = (Instant::now(), now_ms() + LIFETIME.as_millis() as u64);
        let held = Held { key, began: now, expires_at };
        let hashed = Digest::of(id.as_bytes());
        let mut sessions = self.lock();
        sessions.retain(|_, held| held.lives(now));
        if sessions.values().filter(|held| held.key == key).count() >= MOST_OF_ONE {
            drop_oldest(&mut sessions, |held| held.key == key);
        }
        if sessions.len() >= MOST {
            drop_oldest(&mut sessions, |_| true);
        }
        sessions.insert(hashed, held);
        let session = Session { key, csrf: csrf_of(&id), expires_at, id: hashed };
        Ok((id, session))
    }

    /// The session with this id.
    fn find(&self, id: &str, now: Instant) -> Option<Session> {
        let hashed = Digest::of(id.as_bytes());
        let sessions = self.lock();
        let (stored, held) = sessions.get_key_value(&hashed)?;
        // What a table is searched by is a hash already; this takes away what its search might still tell.
        let same = bool::from(stored.0.ct_eq(&hashed.0));
        let held = Some(held).filter(|held| same && held.lives(now))?;
        Some(Session { key: held.key, csrf: csrf_of(id), expires_at: held.expires_at, id: hashed })
    }

    /// Ends a session.
    pub fn close(&self, session: &Session) {
        self.lock().remove(&session.id);
    }

    /// Ends those whose key is not good any more: called when keys change, though each request asks anyway.
    pub fn keep(&self, is_good: impl Fn(&Mark) -> bool) {
        self.lock().retain(|_, held| is_good(&held.key));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Digest, Held>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn lives(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.began) < LIFETIME
    }
}

fn drop_oldest(sessions: &mut HashMap<Digest, Held>, among: impl Fn(&Held) -> bool) {
    let oldest = sessions.iter().filter(|(_, held)| among(held)).min_by_key(|(_, held)| held.began);
    if let Some(id) = oldest.map(|(id, _)| *id) {
        sessions.remove(&id);
    }
}

/// From the id, so that it need not be kept; the id does not follow from it.
fn csrf_of(id: &str) -> String {
    Digest::of(format!("csrf token of {id}").as_bytes()).to_string()
}

impl Session {
    /// Whether a request bears the token.
    fn is_vouched_for(&self, headers: &HeaderMap) -> bool {
        let given = headers.get(CSRF_FIELD).map_or(&[][..], |value| value.as_bytes());
        given.ct_eq(self.csrf.as_bytes()).into()
    }

    /// What a browser is told to keep.
    pub fn cookie(id: &str, encrypted: bool) -> String {
        let secure = if encrypted { "; Secure" } else { "" };
        format!("{COOKIE_NAME}={id}; HttpOnly; SameSite=Strict; Path=/; Max-Age={}{secure}", LIFETIME.as_secs())
    }

    /// What makes a browser forget it.
    pub fn no_cookie(encrypted: bool) -> String {
        let secure = if encrypted { "; Secure" } else { "" };
        format!("{COOKIE_NAME}=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0{secure}")
    }
}

impl Plane {
    /// The session that a request bears, and whose it is; `None` without a cookie of ours.
    ///
    /// # Errors
    /// 401 when the session has ended; 403 when the request would change something, and does not show that one of our own
    /// pages sent it.
    pub(crate) fn session(&self, headers: &HeaderMap, from: &From) -> Result<Option<(Session, KeyInfo)>, Problem> {
        let ids = ids(headers);
        if ids.is_empty() {
            return Ok(None);
        }
        let (session, owner) = ids.iter().find_map(|id| self.session_of(id)).ok_or_else(ended)?;
        if !from.reads {
            check_origin(headers, from)?;
            if !session.is_vouched_for(headers) {
                let detail = format!("with a session, the field {CSRF_FIELD} must bear its token");
                return Err(Problem::new(403, "csrf", detail).parameter(CSRF_FIELD));
            }
        }
        Ok(Some((session, owner)))
    }

    /// Whether a session is still good, for whoever goes on listening.
    pub(crate) fn session_owner(&self, headers: &HeaderMap) -> Option<KeyInfo> {
        ids(headers).iter().find_map(|id| self.session_of(id)).map(|(_, owner)| owner)
    }

    fn session_of(&self, id: &str) -> Option<(Session, KeyInfo)> {
        let session = self.sessions.find(id, Instant::now())?;
        match self.keys.verify_mark(&session.key) {
            Some(owner) => Some((session, owner)),
            None => {
                self.sessions.close(&session);
                None
            }
        }
    }
}

/// Refuses what a page elsewhere made a browser send. Browsers say so themselves, and no page can make them say otherwise;
/// other clients say nothing, and are nobody's deputies.
///
/// # Errors
/// 403 `cross-site`.
pub(crate) fn check_origin(headers: &HeaderMap, from: &From) -> Result<(), Problem> {
    let field = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let ours = match (field("sec-fetch-site"), field(ORIGIN.as_str())) {
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        // The scheme may differ where somebody in front of us ends the encryption.
        (None, Some(origin)) => {
            let host = field(HOST.as_str()).unwrap_or(&from.host);
            origin.split_once("://").is_some_and(|(_, origin)| origin.eq_ignore_ascii_case(host))
        }
        (None, None) => true,
    };
    if ours {
        return Ok(());
    }
    Err(Problem::new(403, "cross-site", "a page of another origin sent this request"))
}

/// What a request without a session that lives is told.
pub(crate) fn ended() -> Problem {
    Problem::new(401, "no-session", "there is no such session, or it has ended: sign in with a key at POST /v1/session")
}

fn ids(headers: &HeaderMap) -> Vec<&str> {
    let fields = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = fields.flat_map(|field| field.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(|(name, id)| *name == COOKIE_NAME && !id.is_empty()).map(|(_, id)| id).take(MOST_COOKIES).collect()
}

#[cfg(test)]
mod tests;
