//! Figures and lines of the real binary: traffic changes what it should, restarts lose nothing, floods are bounded.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::{KEY, Server, binary, empty_folder, eventually, sample_folder};
use testkit::http::{Answer, Client};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

const PAGE: &str = "https://shop.example/list?user=7";

async fn ask_as(server: &Server, key: &str, path: &str) -> Answer {
    let bearer = format!("Bearer {key}");
    server.control_client().get_with(path, &[("authorization", &bearer)]).await.unwrap()
}

async fn ask(server: &Server, path: &str) -> Value {
    let answer = ask_as(server, KEY, path).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    serde_json::from_slice(&answer.body).unwrap()
}

async fn stats(server: &Server) -> Value {
    ask(server, "/v1/stats?from=-2h&step=hour").await
}

fn start(photos: &std::path::Path, data: &std::path::Path) -> Server {
    Server::folder(&binary(), photos, data)
}

/// A hit, misses of two formats, a 304, a HEAD, a 404, and what no site answers: so many bytes were sent.
async fn traffic(client: &mut Client) -> (u64, u64) {
    let page = ("referer", PAGE);
    let jpeg = "/imgix/cat.jpg?w=100&fm=jpg&q=70";
    let mut answers = vec![client.get_with(jpeg, &[page]).await.unwrap()];
    answers.push(client.get_with(jpeg, &[page]).await.unwrap());
    let etag = answers[0].header("etag").to_owned();
    assert_eq!(client.get_with(jpeg, &[("if-none-match", &etag)]).await.unwrap().status, 304);
    assert_eq!(client.send("HEAD", jpeg, &[], b"").await.unwrap().status, 200);
    answers.push(client.get_with("/imagekit/tr:w-90,f-webp,q-60/cat.jpg", &[page]).await.unwrap());
    let pictures: u64 = answers.iter().map(|answer| answer.body.len() as u64).sum();
    let missing = client.get_with("/imgix/gone.jpg?w=5", &[page]).await.unwrap();
    let nowhere = client.get("/nobody/has/this").await.unwrap();
    assert_eq!((missing.status, nowhere.status), (404, 404));
    (pictures, pictures + (missing.body.len() + nowhere.body.len()) as u64)
}

#[tokio::test]
async fn traffic_changes_the_figures_that_it_should() {
    let (_folder, photos, data) = sample_folder();
    let server = start(&photos, &data);
    let before = stats(&server).await;
    assert_eq!((&before["totals"]["requests"], &before["totals"]["hit_ratio"]), (&json!(0), &Value::Null));
    assert_eq!(before["totals"]["latency"]["all"]["p50_ms"], Value::Null);
    assert_eq!(before["tops"]["masters"], json!([]));

    let (pictures, bytes) = traffic(&mut server.client()).await;
    let after = stats(&server).await;
    let totals = &after["totals"];
    assert_eq!((&totals["requests"], &totals["bytes"]), (&json!(7), &json!(bytes)));
    assert_eq!(totals["served"], json!({ "fill": 3, "memory": 3 }));
    assert_eq!(totals["hit_ratio"], json!(0.5));
    assert_eq!(totals["missed"], json!({ "absent": 3 }));
    assert_eq!(totals["status"], json!({ "200": 4, "304": 1, "404": 2 }));
    assert_eq!(totals["codes"], json!({ "master-not-found": 1, "no-such-site": 1 }));
    assert_eq!(totals["formats"]["image/jpeg"]["requests"], 4);
    assert_eq!(totals["formats"]["image/webp"]["requests"], 1);
    let master = std::fs::metadata(photos.join("cat.jpg")).unwrap().len();
    assert_eq!(totals["saved"], json!({ "bytes": pictures, "master_bytes": master * 3 }));
    assert_eq!(totals["quality"], json!({ "60": 1, "70": 1 }));
    for (which, count) in [("all", 7), ("hit", 3), ("miss", 3)] {
        let times = &totals["latency"][which];
        assert_eq!(times["count"], count, "{which}");
        let [p50, p95, p99, max] = ["p50_ms", "p95_ms", "p99_ms", "max_ms"].map(|name| times[name].as_f64().unwrap());
        assert!(p50 <= p95 && p95 <= p99 && p99 <= max && max > 0.0, "{times}");
    }
    assert_eq!((&totals["renders"]["count"], &totals["renders"]["input_bytes"]), (&json!(2), &json!(master * 2)));
    let fetched = &totals["sources"]["local"];
    // Once for each fill, since a folder's masters are not kept; the missing one is no error.
    assert_eq!(
        (&fetched["fetches"], &fetched["bytes"], &fetched["errors"]),
        (&json!(3), &json!(master * 2), &json!(0))
    );
    assert_eq!((&totals["purges"]["count"], &totals["loads"]["count"]), (&json!(0), &json!(0)));

    let tops = &after["tops"];
    assert_eq!(tops["masters"], json!([{ "name": "local/cat.jpg", "requests": 5, "bytes": pictures }]));
    assert_eq!(tops["derivatives"][0]["name"], "/imgix/cat.jpg?w=100&fm=jpg&q=70");
    assert_eq!((&tops["derivatives"][0]["requests"], &tops["derivatives"][1]["requests"]), (&json!(4), &json!(1)));
    let missing = tops["missing"].as_array().unwrap();
    let names: Vec<&str> = missing.iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["/nobody/has/this", "local/gone.jpg"]);
    assert_eq!(tops["referrers"][0]["name"], "https://shop.example/list");
    assert_eq!(tops["referrers"][0]["requests"], 4);
    assert_eq!(tops["slowest"].as_array().unwrap().len(), 3, "what was not in memory: {}", tops["slowest"]);
    assert_eq!(tops["transformations"][0]["requests"], 4);
    assert!(tops["transformations"][0]["name"].as_str().unwrap().contains("q"), "{}", tops["transformations"]);

    // The series adds up to the totals.
    let series = after["series"].as_array().unwrap();
    let sum: u64 = series.iter().map(|step| step["requests"].as_u64().unwrap()).sum();
    assert_eq!((sum, &after["step_seconds"]), (7, &json!(3600)));

    // Of one site, and of nothing before.
    assert_eq!(after["previous_series"], Value::Null, "not asked for");
    let imgix = ask(&server, "/v1/stats?from=-1h&site=imgix&compare=1").await;
    let steps = |series: &str| imgix[series].as_array().unwrap().len();
    assert_eq!(steps("previous_series"), steps("series"));
    assert_eq!((&imgix["totals"]["requests"], &imgix["previous"]["requests"]), (&json!(5), &json!(0)));
    assert_eq!(imgix["totals"]["formats"].as_object().unwrap().len(), 1);

    let purged = server.purge(&mut server.control_client(), "[{\"master\":\"local/cat.jpg\"}]").await;
    assert_eq!(purged.status, 200, "{}", purged.text());
    eventually("the purge is counted", async || {
        let purges = &stats(&server).await["totals"]["purges"];
        purges["erased"]["count"] == 1 && purges["effective"]["count"] == 1
    })
    .await;
    let purges = &stats(&server).await["totals"]["purges"];
    assert_eq!((&purges["by_mode"], &purges["by_via"]), (&json!({ "hard": 1 }), &json!({ "native": 1 })));
    // A fill again: the sweep took everything away.
    server.client().get("/imgix/cat.jpg?w=100&fm=jpg&q=70").await.unwrap();
    let totals = &stats(&server).await["totals"];
    assert_eq!((&totals["missed"], &totals["served"]["fill"]), (&json!({ "absent": 4 }), &json!(4)));
    // The figures for machines count the same requests.
    assert_eq!(server.metric("afterimage_delivery_body_bytes_total").await, stats(&server).await["totals"]["bytes"]);
}

#[tokio::test]
async fn a_stop_loses_nothing() {
    let (_folder, photos, data) = sample_folder();
    let server = start(&photos, &data);
    traffic(&mut server.client()).await;
    let before = stats(&server).await;
    let lines = ask(&server, "/v1/logs").await;
    assert!(server.stop().success());
    let server = start(&photos, &data);
    let after = stats(&server).await;
    assert_eq!((&after["totals"], &after["tops"]), (&before["totals"], &before["tops"]));
    assert_eq!(ask(&server, "/v1/logs").await["lines"], lines["lines"]);
    // And counting goes on, in the same minute.
    traffic(&mut server.client()).await;
    assert_eq!(stats(&server).await["totals"]["requests"], 14);
    // What is on disk knows what its master weighs.
    assert_eq!(stats(&server).await["totals"]["saved"]["master_bytes"], 6 * 42_234);
    let newest = ask(&server, "/v1/logs?limit=1000").await;
    let ids: Vec<u64> = newest["lines"].as_array().unwrap().iter().map(|line| line["id"].as_u64().unwrap()).collect();
    assert!(ids.len() == 14 && ids.is_sorted_by(|a, b| a > b), "{ids:?}");
}

#[tokio::test]
async fn a_kill_loses_what_came_after_the_last_flush_alone() {
    let (_folder, photos, data) = sample_folder();
    let mut server = start(&photos, &data);
    let size = || ["stats.db", "stats.db-wal"].map(|name| std::fs::metadata(data.join(name)).map_or(0, |m| m.len()));
    traffic(&mut server.client()).await;
    let begun = (Instant::now(), size());
    eventually("a flush", async || size() != begun.1).await;
    assert!(begun.0.elapsed() < Duration::from_secs(15), "a flush comes every ten seconds");
    // The file grows as it is written; the next ask shows that the flush is through.
    assert_eq!(stats(&server).await["totals"]["requests"], 7);
    traffic(&mut server.client()).await;
    server.process.kill().unwrap();
    let server = start(&photos, &data);
    let requests = stats(&server).await["totals"]["requests"].as_u64().unwrap();
    assert!((7..=14).contains(&requests), "{requests}");
}

fn parse_csv(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut field, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => field.push(chars.next().unwrap()),
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut field)),
            '\r' if !quoted => {
                assert_eq!(chars.next(), Some('\n'));
                row.push(std::mem::take(&mut field));
                rows.push(std::mem::take(&mut row));
            }
            c => field.push(c),
        }
    }
    assert!(!quoted && field.is_empty() && row.is_empty());
    rows
}

#[tokio::test]
async fn lines_are_filtered_paged_and_exported() {
    let (_folder, photos, data) = sample_folder();
    let server = start(&photos, &data);
    traffic(&mut server.client()).await;
    let strange = "/imgix/cat.jpg?w=30&fm=png&note=%22a,b%22";
    server.client().get_with(strange, &[("user-agent", "=cmd|'x', \"y\"")]).await.unwrap();
    let count = async |query: &str| ask(&server, &format!("/v1/logs?{query}")).await["lines"].as_array().unwrap().len();
    for (query, want) in [
        ("", 8),
        ("status=404", 2),
        ("status=4xx", 2),
        ("status=5xx", 0),
        ("served=memory", 3),
        ("served=fill&status=200", 3),
        ("code=master-not-found", 1),
        ("method=head", 1),
        ("site=imagekit", 1),
        ("search=GONE", 1),
        ("search=shop.example/list", 4),
        ("search=user%3D7", 0),
        ("since=2000-01-01T00:00:00Z", 8),
        ("until=2000-01-01T00:00:00Z", 0),
        ("min_ms=0", 8),
        ("min_ms=600000", 0),
        ("limit=3", 3),
    ] {
        assert_eq!(count(query).await, want, "{query}");
    }
    let page = ask(&server, "/v1/logs?limit=5").await;
    let rest = ask(&server, &format!("/v1/logs?limit=5&before={}", page["next"])).await;
    assert_eq!((rest["lines"].as_array().unwrap().len(), &rest["next"]), (3, &Value::Null));
    assert_eq!(page["kept"]["lines"], 8);
    let line = &ask(&server, "/v1/logs?site=imagekit").await["lines"][0];
    let shown =
        ["method", "target", "status", "site", "dialect", "served", "missed", "content_type", "referrer", "master"]
            .map(|name| line[name].clone());
    let want = json!([
        "GET",
        "/imagekit/tr:w-90,f-webp,q-60/cat.jpg",
        200,
        "imagekit",
        "imagekit",
        "fill",
        "absent",
        "image/webp",
        "https://shop.example/list",
        "local/cat.jpg"
    ]);
    assert_eq!(json!(shown), want);
    assert_eq!(line["client"], "127.0.0.1");
    assert!(line["ms"].as_f64().unwrap() > 0.0 && line["bytes"].as_u64().unwrap() > 0);

    let csv = ask_as(&server, KEY, "/v1/logs?format=csv&limit=1000").await;
    assert!(csv.header("content-type").starts_with("text/csv"));
    let rows = parse_csv(&csv.text());
    assert_eq!(rows.len(), 9);
    assert!(rows.iter().all(|row| row.len() == rows[0].len()));
    let column = |name: &str| rows[0].iter().position(|known| known == name).unwrap();
    assert_eq!(rows[1][column("target")], strange);
    assert_eq!(rows[1][column("user_agent")], "'=cmd|'x', \"y\"", "no formula");
    let figures = parse_csv(&ask_as(&server, KEY, "/v1/stats?from=-1h&format=csv").await.text());
    let column = figures[0].iter().position(|known| known == "requests").unwrap();
    assert_eq!(figures[1..].iter().map(|row| row[column].parse::<u64>().unwrap()).sum::<u64>(), 8);

    for (path, code) in [
        ("/v1/logs?status=40", "bad-parameter"),
        ("/v1/logs?served=cloud", "bad-parameter"),
        ("/v1/logs?min_ms=-1", "bad-parameter"),
        ("/v1/logs?site=nobody", "bad-parameter"),
        ("/v1/logs?limt=5", "unknown-parameter"),
        ("/v1/logs/tail?limit=5", "unknown-parameter"),
        ("/v1/stats?site=nobody", "bad-parameter"),
        ("/v1/stats?form=-1h", "unknown-parameter"),
    ] {
        let answer = ask_as(&server, KEY, path).await;
        let problem: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!((answer.status, problem["code"].as_str()), (400, Some(code)), "{path}");
        assert!(!problem["allowed"].as_array().unwrap().is_empty(), "{path}");
    }
}

#[tokio::test]
async fn a_key_sees_its_sites_alone() {
    let (_folder, photos, data) = sample_folder();
    let server = start(&photos, &data);
    traffic(&mut server.client()).await;
    let bearer = format!("Bearer {KEY}");
    let mut keys = Vec::new();
    for body in [
        json!({ "name": "kit", "roles": ["read"], "sites": ["imagekit"] }),
        json!({ "name": "purger", "roles": ["purge"] }),
        json!({ "name": "folder", "roles": ["read"], "within": ["local/x"] }),
    ] {
        let headers = [("authorization", bearer.as_str())];
        let made =
            server.control_client().send("POST", "/v1/keys", &headers, body.to_string().as_bytes()).await.unwrap();
        let made: Value = serde_json::from_slice(&made.body).unwrap();
        keys.push(made["key"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned());
    }
    let of_kit: Value = serde_json::from_slice(&ask_as(&server, &keys[0], "/v1/stats?from=-1h").await.body).unwrap();
    assert_eq!(of_kit["totals"]["requests"], 1);
    assert_eq!(of_kit["totals"]["sources"], json!({}), "others have a part in this source");
    let lines: Value = serde_json::from_slice(&ask_as(&server, &keys[0], "/v1/logs").await.body).unwrap();
    assert_eq!((lines["lines"].as_array().unwrap().len(), &lines["kept"]), (1, &Value::Null));
    for path in ["/v1/stats?site=imgix", "/v1/logs?site=imgix", "/v1/logs/tail?site=imgix"] {
        assert_eq!(ask_as(&server, &keys[0], path).await.status, 400, "{path}");
    }
    for key in &keys[1..] {
        for path in ["/v1/stats", "/v1/logs", "/v1/logs/tail"] {
            assert_eq!(ask_as(&server, key, path).await.status, 403, "{path}");
        }
    }
    assert_eq!(ask_as(&server, "wrong", "/v1/stats").await.status, 401);
}

/// Server-sent events, read as they come.
struct Events(BufReader<TcpStream>);

impl Events {
    async fn open(server: &Server, path: &str) -> Events {
        let mut stream = TcpStream::connect(server.control).await.unwrap();
        let head = format!("GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut events = Events(BufReader::new(stream));
        assert_eq!(events.line().await, "HTTP/1.1 200 OK");
        while !events.line().await.is_empty() {}
        events
    }

    async fn line(&mut self) -> String {
        let mut line = String::new();
        let read = tokio::time::timeout(Duration::from_secs(60), self.0.read_line(&mut line)).await.expect("in vain");
        assert!(read.unwrap() > 0, "the stream ended");
        line.trim_end().to_owned()
    }

    /// Name and data of the next event.
    async fn next(&mut self) -> (String, Value) {
        let mut name = String::new();
        loop {
            let line = self.line().await;
            if let Some(event) = line.strip_prefix("event: ") {
                name = event.to_owned();
            } else if let Some(data) = line.strip_prefix("data: ") {
                return (name, serde_json::from_str(data).unwrap());
            }
        }
    }
}

#[tokio::test]
async fn who_follows_sees_requests_as_they_come() {
    let (_folder, photos, data) = sample_folder();
    let server = start(&photos, &data);
    server.client().get("/imgix/gone-before.jpg").await.unwrap();
    let mut all = Events::open(&server, "/v1/logs/tail").await;
    let mut errors = Events::open(&server, "/v1/logs/tail?status=4xx&search=second").await;
    for target in ["/imgix/cat.jpg?w=10", "/imgix/gone-first.jpg", "/imgix/gone-second.jpg"] {
        server.client().get(target).await.unwrap();
        let (name, line) = all.next().await;
        assert_eq!((name.as_str(), line["target"].as_str()), ("line", Some(target)));
    }
    assert_eq!(errors.next().await.1["target"], "/imgix/gone-second.jpg");
    // The server ends though somebody listens.
    assert!(server.stop().success());
}

#[tokio::test]
async fn a_flood_of_names_is_counted_whole_and_kept_in_bounds() {
    let (_folder, photos, data) = empty_folder();
    let settings = [
        ("AFTERIMAGE__STATS__LINES", "100"),
        ("AFTERIMAGE__STATS__LINES_ON_DISK", "200"),
        ("AFTERIMAGE__LOG__ACCESS", "false"),
    ];
    let server = Server::folder_with(&binary(), &photos, &data, &settings);
    let mut client = server.client();
    let many = 3000;
    for n in 0..many {
        let page = format!("https://shop.example/{n}");
        let target = format!("/imgix/{n}-{}.jpg", "x".repeat(100));
        assert_eq!(client.get_with(&target, &[("referer", &page)]).await.unwrap().status, 404);
    }
    // The one that matters is found among them.
    for _ in 0..100 {
        client.get("/imgix/often.jpg").await.unwrap();
    }
    let seen = stats(&server).await;
    assert_eq!(seen["totals"]["requests"], many + 100);
    assert_eq!(seen["totals"]["status"]["404"], many + 100);
    for list in ["missing", "referrers", "slowest"] {
        assert!(seen["tops"][list].as_array().unwrap().len() <= 50, "{list}");
    }
    assert_eq!(seen["tops"]["missing"][0]["name"], "local/often.jpg");
    assert!(server.stop().success());
    let server = Server::folder_with(&binary(), &photos, &data, &settings);
    let logs = ask(&server, "/v1/logs?limit=1000").await;
    assert_eq!((logs["lines"].as_array().unwrap().len(), &logs["kept"]["capacity"]), (200, &json!(200)));
    assert_eq!(stats(&server).await["totals"]["requests"], many + 100);
    assert!(server.stop().success());
    let size = std::fs::metadata(data.join("stats.db")).unwrap().len();
    assert!(size < 2 << 20, "{size} bytes");
}

#[tokio::test]
async fn what_is_turned_off_is_not_counted() {
    let (_folder, photos, data) = sample_folder();
    let off = Server::folder_with(&binary(), &photos, &data, &[("AFTERIMAGE__STATS__ON", "false")]);
    off.client().get("/imgix/cat.jpg?w=10").await.unwrap();
    for path in ["/v1/stats", "/v1/logs", "/v1/logs/tail"] {
        let answer = ask_as(&off, KEY, path).await;
        let problem: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!((answer.status, problem["code"].as_str()), (404, Some("stats-off")), "{path}");
    }
    assert!(!data.join("stats.db").exists());
    assert!(off.metric("afterimage_delivery_body_bytes_total").await > 0, "what machines read goes on");
    assert!(off.stop().success());

    let settings = [("AFTERIMAGE__STATS__ADDRESSES", "cut")];
    let cut = Server::folder_with(&binary(), &photos, &data, &settings);
    cut.client().get("/imgix/cat.jpg?w=10").await.unwrap();
    let line = &ask(&cut, "/v1/logs").await["lines"][0];
    assert_eq!(line["client"], "127.0.0.0");
    // It was made before, and is a hit on disk.
    assert_eq!((&line["served"], &line["missed"]), (&json!("disk"), &Value::Null));
    assert!(cut.stop().success());

    let none = Server::folder_with(&binary(), &photos, &data, &[("AFTERIMAGE__STATS__LINES", "0")]);
    none.client().get("/imgix/cat.jpg?w=11").await.unwrap();
    let logs = ask(&none, "/v1/logs").await;
    assert_eq!(logs["lines"], json!([]), "nor those of before");
    assert_eq!(stats(&none).await["totals"]["requests"], 2);
}

#[tokio::test]
async fn pages_tell_how_long_pictures_took() {
    let (_folder, photos, data) = sample_folder();
    let config = |beacon: bool| {
        format!(
            "listen = {{ delivery = \"127.0.0.1:0\", control = \"127.0.0.1:0\" }}\ndata = {data:?}\n\
             [source.local]\ntype = \"local\"\nroot = {photos:?}\n\
             [[site]]\nname = \"shop\"\ndialect = \"imgix\"\nprefix = \"/shop\"\nsources = [\"local\"]\nbeacon = {beacon}\n\
             [[site]]\nname = \"blog\"\ndialect = \"imgix\"\nprefix = \"/blog\"\nsources = [\"local\"]\n"
        )
    };
    let server = Server::configured(&binary(), &data, &config(true));
    let mut client = server.client();
    let script = client.get("/shop/_afterimage/load.js").await.unwrap();
    assert_eq!((script.status, script.header("content-type")), (200, "text/javascript; charset=utf-8"));
    assert!(script.text().contains("sendBeacon") && script.header("cross-origin-resource-policy") == "cross-origin");
    // Without this, a page of another origin sees no times.
    for headers in [&[][..], &[("if-none-match", "*")]] {
        let picture = client.get_with("/shop/cat.jpg?w=10", headers).await.unwrap();
        assert_eq!(picture.header("timing-allow-origin"), "*", "{}", picture.status);
    }
    let plain = [("content-type", "text/plain;charset=UTF-8")];
    let mut send =
        async |path: &str, body: &str| client.send("POST", path, &plain, body.as_bytes()).await.unwrap().status;
    assert_eq!(send("/shop/_afterimage/load", "120,80,1000").await, 204);
    assert_eq!(send("/shop/_afterimage/load", "120,x").await, 400);
    assert_eq!(send("/shop/_afterimage/load", &"1,".repeat(9000)).await, 413);
    assert_eq!(send("/blog/_afterimage/load", "120").await, 405, "not asked for at this site");
    // More than two minutes' worth, should a minute end just now.
    for _ in 0..100 {
        send("/shop/_afterimage/load", "50").await;
    }
    assert_eq!(send("/shop/_afterimage/load", "50").await, 429);
    assert_eq!(client.get("/shop/_afterimage/load").await.unwrap().status, 405);
    assert_eq!(client.get("/blog/_afterimage/load.js").await.unwrap().status, 404);
    let seen = ask(&server, "/v1/stats?from=-1h&site=shop").await;
    // 30 a minute of one address, of which one told three times and two were refused for what they said.
    let count = seen["totals"]["loads"]["count"].as_u64().unwrap();
    assert!((30..=90).contains(&count), "{count}");
    assert_eq!(seen["totals"]["loads"]["max_ms"], 1000.0);
    assert_eq!(seen["totals"]["requests"], 2, "beacons are no requests for pictures");
    assert!(server.stop().success());
}

/// Sites with a source of their own, one that they share, and addresses on other hosts.
fn several_sites(photos: &std::path::Path, data: &std::path::Path) -> String {
    let folder = |name: &str| {
        let root = photos.join(name);
        std::fs::create_dir_all(&root).unwrap();
        format!("[source.{name}]\ntype = \"local\"\nroot = {root:?}\n")
    };
    let site = |name: &str, dialect: &str, sources: &str| {
        format!("[[site]]\nname = \"{name}\"\ndialect = \"{dialect}\"\nprefix = \"/{name}\"\nsources = [{sources}]\n")
    };
    [
        format!("listen = {{ delivery = \"127.0.0.1:0\", control = \"127.0.0.1:0\" }}\ndata = {data:?}\n"),
        folder("own"),
        folder("shared"),
        "[source.web]\ntype = \"http\"\nbase = \"https://a.example/media/\"\n".to_owned(),
        "[source.any]\ntype = \"proxy\"\nhosts = [\"example\"]\n".to_owned(),
        site("shop", "imgix", "\"own\", \"shared\""),
        site("blog", "imagekit", "\"shared\""),
        site("news", "imgix", "\"web\""),
        site("cloud", "cloudimage", "\"any\""),
    ]
    .concat()
}

#[tokio::test]
async fn purges_are_counted_by_the_sites_that_they_concern() {
    let (_folder, photos, data) = empty_folder();
    let server = Server::configured(&binary(), &data, &several_sites(&photos, &data));
    let mut control = server.control_client();
    let bearer = format!("Bearer {KEY}");
    let body = json!({ "name": "two", "roles": ["read"], "sites": ["shop", "blog"] }).to_string();
    let made = control.send("POST", "/v1/keys", &[("authorization", &bearer)], body.as_bytes()).await.unwrap();
    let two = serde_json::from_slice::<Value>(&made.body).unwrap()["key"].as_str().unwrap().to_owned();
    let count = async |key: &str, site: &str| {
        let site = if site.is_empty() { String::new() } else { format!("&site={site}") };
        let answer = ask_as(&server, key, &format!("/v1/stats?from=-2h&step=hour{site}")).await;
        let purges = serde_json::from_slice::<Value>(&answer.body).unwrap()["totals"]["purges"].clone();
        ["count", "erased", "effective"].map(|name| {
            let figure = &purges[name];
            figure.as_u64().unwrap_or_else(|| figure["count"].as_u64().unwrap())
        })
    };
    const SITES: [&str; 4] = ["shop", "blog", "news", "cloud"];
    let mut expected = [0; 4];
    let (mut all, mut of_two) = (0, 0);
    for (targets, concerned) in [
        (r#"[{"master":"own/cat.jpg"}]"#, &["shop"][..]),
        (r#"[{"master":"shared/cat.jpg"}]"#, &["shop", "blog"]),
        (r#"[{"dependency":"shared/mark.png"}]"#, &["shop", "blog"]),
        (r#"[{"master":"shared/a.jpg"},{"master":"shared/b.jpg"},{"master":"own/c.jpg"}]"#, &["shop", "blog"]),
        (r#"[{"prefix":"own/summer/"}]"#, &["shop"]),
        (r#"[{"glob":"shared/**/front-*.jpg"}]"#, &["shop", "blog"]),
        (r#"[{"source":"shared"}]"#, &["shop", "blog"]),
        (r#"[{"tag":"red","source":"own"}]"#, &["shop"]),
        (r#"[{"tag":"red"}]"#, &SITES),
        (r#"[{"all":true}]"#, &SITES),
        (r#"[{"derivative":"/blog/tr:w-100/cat.jpg"}]"#, &["blog"]),
        (r#"[{"derivative":"/shop/cat.jpg?w=9"},{"master":"web/x.jpg"}]"#, &["shop", "news"]),
        (r#"[{"url":"https://a.example/media/x.jpg"}]"#, &["news"]),
        (r#"[{"url":"https://b.example/y.jpg"}]"#, &["cloud"]),
        (r#"[{"source":"any"}]"#, &["news", "cloud"]),
    ] {
        let purged = server.purge(&mut control, targets).await;
        assert_eq!(purged.status, 200, "{targets}: {}", purged.text());
        all += 1;
        of_two += u64::from(concerned.iter().any(|site| ["shop", "blog"].contains(site)));
        for (site, expected) in SITES.iter().zip(&mut expected) {
            *expected += u64::from(concerned.contains(site));
        }
        eventually("it is erased", async || count(KEY, "").await == [all; 3]).await;
        for (site, expected) in SITES.iter().zip(expected) {
            assert_eq!(count(KEY, site).await, [expected; 3], "{site} after {targets}");
        }
        assert_eq!(count(&two, "").await, [of_two; 3], "a purge of several counts once: {targets}");
    }
    // Nothing of it is lost with a restart.
    drop(control);
    let kept = count(&two, "blog").await;
    assert!(server.stop().success());
    let again = Server::configured(&binary(), &data, &several_sites(&photos, &data));
    let of_blog = ask_as(&again, &two, "/v1/stats?from=-2h&step=hour&site=blog").await;
    let of_blog = serde_json::from_slice::<Value>(&of_blog.body).unwrap();
    assert_eq!(of_blog["totals"]["purges"]["count"], kept[0]);
}
