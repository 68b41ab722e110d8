//! Load times as browsers see them: a script for pages, and what it tells. Only at sites that are set so.
//!
//! Anybody can send any numbers here. They are few, within range, so many from one address and in all in a minute, and change
//! nothing but one figure.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use http::request::Parts;
use http::{Method, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Body as _, Incoming};
use plan::reason::Fault;

use crate::figures::unix_millis;
use crate::problem::Problem;
use crate::service::{Answered, Plane};

const SCRIPT: &str = include_str!("load.js");
const SCRIPT_PATH: &str = "/_afterimage/load.js";
const LOAD_PATH: &str = "/_afterimage/load";
const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Longest body, in bytes, and how long it may take to come.
const LONGEST: usize = 4096;
const BODY_TIME: Duration = Duration::from_secs(10);
/// Most pictures of one page.
const MOST_TIMES: usize = 200;
/// Longest load time that is believed, in milliseconds.
const LONGEST_TIME: u64 = 600_000;
/// Beacons taken in a minute: from one address, and in all.
const MOST_OF_ONE: u32 = 30;
const MOST_OF_ALL: u32 = 6000;

/// What is asked for at a site with a beacon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Beacon {
    Script,
    /// For the site of this number.
    Load(usize),
}

/// Who sent how many in this minute.
#[derive(Debug, Default)]
pub(crate) struct Beacons(Mutex<Minute>);

#[derive(Debug, Default)]
struct Minute {
    number: u64,
    all: u32,
    by_address: HashMap<IpAddr, u32>,
}

impl Beacons {
    fn admit(&self, client: IpAddr, now_ms: u64) -> bool {
        let mut minute = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if minute.number != now_ms / 60_000 {
            *minute = Minute { number: now_ms / 60_000, ..Minute::default() };
        }
        if minute.all >= MOST_OF_ALL {
            return false;
        }
        let of_one = minute.by_address.entry(client).or_default();
        if *of_one >= MOST_OF_ONE {
            return false;
        }
        *of_one += 1;
        minute.all += 1;
        true
    }
}

impl Plane {
    /// Whether a target is one of ours, at a site with a beacon.
    pub(crate) fn beacon_at(&self, host: &str, target: &str) -> Option<Beacon> {
        let path = target.split('?').next().unwrap_or(target);
        if !self.has_beacons || !(path.ends_with(SCRIPT_PATH) || path.ends_with(LOAD_PATH)) {
            return None;
        }
        let route = self.engine.route(host, path).filter(|route| route.site.beacon)?;
        match route.path {
            SCRIPT_PATH => Some(Beacon::Script),
            LOAD_PATH => Some(Beacon::Load(route.number)),
            _ => None,
        }
    }

    pub(crate) async fn beacon(
        &self,
        asked: Beacon,
        request: &Parts,
        body: Incoming,
        client: IpAddr,
    ) -> Response<Full<Bytes>> {
        match (asked, &request.method) {
            (Beacon::Script, &Method::GET | &Method::HEAD) => script(),
            (Beacon::Load(site), &Method::POST) => match self.load(site, body, client).await {
                Ok(()) => empty(),
                Err(problem) => Answered::problem(&problem, None).response,
            },
            (asked, method) => {
                let allowed = if asked == Beacon::Script { "GET, HEAD" } else { "POST" };
                let detail = format!("{method} is not answered here; these are: {allowed}");
                let problem = Problem::new(405, "method-not-allowed", Fault::Client, detail);
                let mut response = Answered::problem(&problem, None).response;
                response.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
                response
            }
        }
    }

    async fn load(&self, site: usize, body: Incoming, client: IpAddr) -> Result<(), Problem> {
        let now = unix_millis();
        if !self.beacons.admit(client.to_canonical(), now) {
            let detail = "load times come too fast; they are not needed from every page";
            let problem = Problem::new(429, "too-many-requests", Fault::Client, detail);
            return Err(Problem { retry_after: Some(60), ..problem });
        }
        let too_long = || {
            let detail = format!("load times have {LONGEST} bytes at most");
            Problem::new(413, "body-too-large", Fault::Client, detail)
        };
        if body.size_hint().lower() > LONGEST as u64 {
            return Err(too_long());
        }
        let read = tokio::time::timeout(BODY_TIME, Limited::new(body, LONGEST).collect()).await;
        let late = |_| Problem::new(408, "body-timeout", Fault::Client, "the body took too long to come");
        let bytes = read.map_err(late)?.map_err(|_| too_long())?.to_bytes();
        let micros = times(&bytes).ok_or_else(|| {
            let detail =
                format!("1 to {MOST_TIMES} whole numbers of milliseconds are wanted, with commas between them");
            Problem::new(400, "bad-load-times", Fault::Client, detail)
        })?;
        if let Some(recorder) = &self.recorder {
            recorder.loaded(now, site, &micros);
        }
        Ok(())
    }
}

/// `12,345` as microseconds.
fn times(body: &[u8]) -> Option<Vec<u64>> {
    let text = std::str::from_utf8(body).ok()?;
    let one = |time: &str| {
        let plain = !time.is_empty() && time.bytes().all(|b| b.is_ascii_digit());
        plain.then(|| time.parse::<u64>().ok()).flatten().filter(|ms| *ms <= LONGEST_TIME).map(|ms| ms * 1000)
    };
    let times: Vec<u64> = text.trim().split(',').take(MOST_TIMES + 1).map(one).collect::<Option<_>>()?;
    (times.len() <= MOST_TIMES).then_some(times)
}

fn script() -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from_static(SCRIPT.as_bytes())));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/javascript; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600"));
    headers.insert(CROSS_ORIGIN_RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

fn empty() -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_few_sane_numbers_are_taken() {
        let many = vec!["7"; MOST_TIMES].join(",");
        for (body, want) in [
            ("12", Some(vec![12_000])),
            ("0,345\n", Some(vec![0, 345_000])),
            ("600000", Some(vec![600_000_000])),
            ("600001", None),
            ("", None),
            ("1,", None),
            ("-1", None),
            ("1.5", None),
            ("{\"a\":1}", None),
            ("99999999999999999999", None),
            (&many, Some(vec![7000; MOST_TIMES])),
            (&format!("{many},7"), None),
        ] {
            assert_eq!(times(body.as_bytes()), want, "{body}");
        }
        assert_eq!(times(&[0xff]), None);
    }

    #[test]
    fn so_many_a_minute_are_taken() {
        let beacons = Beacons::default();
        let client = |n: u32| IpAddr::from(n.to_be_bytes());
        for _ in 0..MOST_OF_ONE {
            assert!(beacons.admit(client(1), 0));
        }
        assert!(!beacons.admit(client(1), 59_999));
        assert!(beacons.admit(client(1), 60_000));
        for n in 1..MOST_OF_ALL {
            assert!(beacons.admit(client(n + 1), 60_000));
        }
        assert!(!beacons.admit(client(0), 60_000), "all together are too many");
    }
}
