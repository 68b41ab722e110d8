//! Warming on the real binary: what is made ahead is there, a job can be stopped and outlives a kill, and a purge of
//! everything does not let a crowd through to the origin.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use support::{KEY, Server, eventually};
use testkit::http::{Answer, Client};
use testkit::origin::VersionedOrigin;

/// An origin with so many masters, and one derivative of each.
fn origin(masters: usize) -> (VersionedOrigin, Vec<String>) {
    let origin = VersionedOrigin::start();
    let urls = (0..masters).map(|n| {
        origin.set_version(&format!("m{n}.png"), 1);
        format!("/imgix/m{n}.png?w=160&h=80&fit=crop&fm=jpg")
    });
    let urls = urls.collect();
    (origin, urls)
}

async fn call(client: &mut Client, method: &str, path: &str, body: &str) -> Answer {
    let bearer = format!("Bearer {KEY}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    client.send(method, path, &headers, body.as_bytes()).await.unwrap()
}

fn json(answer: &Answer) -> serde_json::Value {
    serde_json::from_slice(&answer.body).unwrap_or_else(|e| panic!("{e}: {}", answer.text()))
}

/// Starts a warm-up; the path at which it is followed.
async fn start(server: &Server, urls: &[String], per_second: u32) -> String {
    let body = serde_json::json!({ "urls": urls, "per_second": per_second }).to_string();
    let answer = call(&mut server.control_client(), "POST", "/v1/warmups", &body).await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    assert_eq!(json(&answer)["total"].as_u64(), Some(urls.len() as u64));
    answer.header("location").to_owned()
}

async fn until(server: &Server, path: &str, enough: impl Fn(&serde_json::Value) -> bool) -> serde_json::Value {
    let mut client = server.control_client();
    let mut last = serde_json::Value::Null;
    eventually("a warm-up comes on", async || {
        last = json(&call(&mut client, "GET", path, "").await);
        enough(&last)
    })
    .await;
    last
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_warmed_is_a_hit_before_anybody_asked() {
    let (origin, urls) = origin(12);
    let data = tempfile::tempdir().unwrap();
    let server = Server::web(&support::binary(), &origin.base(), &data.path().join("data"), "");
    let path = start(&server, &urls, 1000).await;
    let done = until(&server, &path, |warmup| warmup["state"] == "done").await;
    assert_eq!((done["made"].as_u64(), done["failed"].as_u64()), (Some(12), Some(0)), "{done}");
    let before = origin.total_requests();
    assert!(before >= 12);
    let mut client = server.client();
    for url in &urls {
        let answer = client.get(url).await.unwrap();
        assert!(answer.header("cache-status").contains("hit"), "{url}: {}", answer.header("cache-status"));
    }
    assert_eq!(origin.total_requests(), before);

    // After a purge of everything, the most recently used are made anew by themselves, of the new version.
    for n in 0..12 {
        origin.bump(&format!("m{n}.png"));
    }
    let body = r#"{"targets":[{"all":true}],"warm":12}"#;
    let purge = json(&call(&mut server.control_client(), "POST", "/v1/purges", body).await);
    let path = format!("/v1/warmups/{}", purge["warmup"].as_str().expect("a warm-up follows"));
    let done = until(&server, &path, |warmup| warmup["state"] == "done").await;
    assert_eq!((&done["purge"], done["failed"].as_u64()), (&purge["id"], Some(0)), "{done}");
    let made = done["made"].as_u64().unwrap();
    let mut hits = 0;
    for url in &urls {
        let answer = client.get(url).await.unwrap();
        assert_eq!(testkit::pictures::read_version(&answer.body), Ok(2), "{url}");
        hits += u64::from(answer.header("cache-status").contains("hit"));
    }
    assert!(made > 0 && hits >= made, "{made} were made, {hits} were hits");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_warm_up_asks_the_origin_no_more() {
    let (origin, urls) = origin(60);
    let data = tempfile::tempdir().unwrap();
    let data = data.path().join("data");
    let server = Server::web(&support::binary(), &origin.base(), &data, "");
    let path = start(&server, &urls, 20).await;
    until(&server, &path, |warmup| warmup["tried"].as_u64() >= Some(2)).await;
    let stopped = json(&call(&mut server.control_client(), "DELETE", &path, "").await);
    assert_eq!(stopped["state"], "cancelled");
    assert!(server.stop().success());
    let asked = origin.total_requests();
    assert!((2..60).contains(&asked), "{asked} requests");
    // It does not come back with the next start.
    let server = Server::web(&support::binary(), &origin.base(), &data, "");
    let shown = json(&call(&mut server.control_client(), "GET", &path, "").await);
    assert_eq!((&shown["state"], shown["total"].as_u64()), (&"cancelled".into(), Some(60)), "{shown}");
    assert_eq!(origin.total_requests(), asked);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_warm_up_goes_on_after_kill_9() {
    let (origin, urls) = origin(150);
    let data = tempfile::tempdir().unwrap();
    let data = data.path().join("data");
    let mut server = Server::web(&support::binary(), &origin.base(), &data, "");
    let path = start(&server, &urls, 40).await;
    until(&server, &path, |warmup| warmup["tried"].as_u64() >= Some(70)).await;
    server.process.kill().unwrap();
    assert!(origin.total_requests() < 150, "it was over before the kill");

    let server = Server::web(&support::binary(), &origin.base(), &data, "");
    let shown = json(&call(&mut server.control_client(), "GET", &path, "").await);
    assert!(shown["tried"].as_u64() >= Some(32), "it began anew: {shown}");
    let done = until(&server, &path, |warmup| warmup["state"] == "done").await;
    assert_eq!([&done["tried"], &done["total"], &done["failed"]], [150, 150, 0], "{done}");
    for n in 0..150 {
        assert!(origin.requests(&format!("m{n}.png")) >= 1, "m{n}.png was left out");
    }
    // What it had done before its last save was not done again.
    assert!(origin.total_requests() < 150 + 80, "{} requests", origin.total_requests());
}

/// The origin sees no more than the configured number of fetches, however many ask at once for what was just purged.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_purge_of_everything_under_load_spares_the_origin() {
    const MASTERS: usize = 64;
    const ROUNDS: u32 = 3;
    let (origin, urls) = origin(MASTERS);
    for n in 0..MASTERS {
        let (headers, body) = (std::time::Duration::from_millis(8), std::time::Duration::from_millis(2));
        origin.set_delay(&format!("m{n}.png"), headers, body);
    }
    let data = tempfile::tempdir().unwrap();
    let more = "limits = { origin_fetches = 3 }\nlog = { access = false }";
    let server = Server::web(&support::binary(), &origin.base(), &data.path().join("data"), more);
    let mut control = server.control_client();
    let mut clients: Vec<Client> = urls.iter().map(|_| server.client()).collect();
    for round in 1..=ROUNDS {
        let asking: Vec<_> = clients
            .into_iter()
            .zip(urls.clone())
            .map(|(mut client, url)| {
                tokio::spawn(async move {
                    let answer = client.get(&url).await.unwrap();
                    (client, url, answer)
                })
            })
            .collect();
        clients = Vec::new();
        for asked in asking {
            let (client, url, answer) = asked.await.unwrap();
            assert_eq!(answer.status, 200, "{url}: {}", answer.text());
            assert_eq!(testkit::pictures::read_version(&answer.body), Ok(round), "{url}");
            clients.push(client);
        }
        for n in 0..MASTERS {
            origin.bump(&format!("m{n}.png"));
        }
        let purged = server.purge(&mut control, r#"[{"all":true}]"#).await;
        assert_eq!(purged.status, 200, "{}", purged.text());
    }
    assert!(origin.total_requests() >= u64::from(ROUNDS) * MASTERS as u64);
    assert_eq!(origin.total_peak(), 3, "the origin was asked more often at one time than it may be, or never as often");
}
