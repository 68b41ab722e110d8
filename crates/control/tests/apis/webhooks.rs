//! Webhooks, from a purge to the receiver.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::world::{BEARER, World};

const AUTH: [(&str, &str); 1] = [("authorization", BEARER)];
const SECRET: &[u8] = b"thirty-two bytes, nobody guesses";

/// The bodies that arrive at paths of one address, answered with these statuses in turn, then with 204.
async fn receiver(statuses: Vec<u16>) -> (String, mpsc::UnboundedReceiver<(String, Value)>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let (send, receive) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let mut statuses = statuses.into_iter();
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut text = String::new();
            let body = loop {
                let mut piece = [0; 4096];
                let read = stream.read(&mut piece).await.unwrap();
                text.push_str(std::str::from_utf8(&piece[..read]).unwrap());
                let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
                let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
                if body.len() >= length.parse().unwrap() {
                    break serde_json::from_str(body).unwrap();
                }
            };
            let path = text.split(' ').nth(1).unwrap().to_owned();
            let status = statuses.next().unwrap_or(204);
            let answer = format!("HTTP/1.1 {status} x\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
            stream.write_all(answer.as_bytes()).await.unwrap();
            send.send((path, body)).unwrap();
        }
    });
    (origin, receive)
}

#[tokio::test]
async fn what_becomes_of_a_purge_is_told() {
    let (origin, mut got) = receiver(Vec::new()).await;
    let mut world = World::new();
    world.hook(&format!("{origin}/all"), SECRET);
    let plane = world.plane.clone();
    let following = tokio::spawn(async move { plane.follow().await });
    tokio::task::yield_now().await;
    let purge = json!({ "targets": [{ "master": "local/cat.jpg" }], "webhook": format!("{origin}/mine") });
    let answer = world.call("POST", "/v1/purges", &AUTH, purge.to_string()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let mut next = async || tokio::time::timeout(Duration::from_secs(30), got.recv()).await.unwrap().unwrap();
    let mut paths = Vec::new();
    for _ in 0..2 {
        let (path, body) = next().await;
        assert_eq!((&body["type"], &body["data"]["id"]), (&json!("purge.effective"), &answer.json()["id"]));
        paths.push(path);
    }
    paths.sort();
    assert_eq!(paths, ["/all", "/mine"], "the site's hook, and the one that the request named");

    // An address that is not in the configuration is not called, and what asked for it is not done.
    following.abort();
    for (webhook, status) in [("http://127.0.0.1:1/x", 400), ("https://elsewhere.example/", 400)] {
        let purge = json!({ "targets": [{ "master": "local/cat.jpg" }], "webhook": webhook });
        assert_eq!(world.call("POST", "/v1/purges", &AUTH, purge.to_string()).await.status, status, "{webhook}");
    }
    assert_eq!(world.records().len(), 1, "nothing is purged where the webhook is refused");
}

#[tokio::test]
async fn how_webhooks_fare_is_in_the_record_of_their_purge() {
    let (origin, mut got) = receiver(vec![503]).await;
    let mut world = World::new();
    let none = world
        .call("POST", "/v1/purges", &AUTH, json!({ "targets": [{ "master": "local/cat.jpg" }] }).to_string())
        .await;
    let none = none.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(world.call("GET", &format!("/v1/purges/{none}"), &AUTH, "").await.json()["webhooks"], json!([]));

    // Only what the purge itself names: nobody follows it yet for the hook of the configuration.
    world.hook(&format!("{origin}/all/token"), SECRET);
    let purge =
        json!({ "targets": [{ "master": "local/cat.jpg" }], "webhook": format!("{origin}/mine/token?key=token") });
    let answer = world.call("POST", "/v1/purges", &AUTH, purge.to_string()).await;
    let path = format!("/v1/purges/{}", answer.json()["id"].as_str().unwrap());
    let shown = async |world: &World| {
        let answer = world.call("GET", &path, &AUTH, "").await;
        assert!(!answer.text.contains("token") && !answer.text.contains("nobody guesses"), "{}", answer.text);
        answer.json()["webhooks"].as_array().unwrap().clone()
    };
    let url = format!("{origin}/...");
    let waiting = shown(&world).await;
    let own = |event: &str| {
        json!({ "event": event, "url": url, "own": true, "state": "pending", "attempts": 0, "last_status": null,
        "last_error": null, "last_attempt_at": null, "next_attempt_at": null })
    };
    assert_eq!(waiting[1], own("erased"), "it waits for something to happen");
    assert_eq!((&waiting[0]["state"], waiting[0]["next_attempt_at"].is_string()), (&json!("pending"), true));

    let plane = world.plane.clone();
    let following = tokio::spawn(async move { plane.follow().await });
    // Refused once, then taken.
    tokio::time::timeout(Duration::from_secs(30), got.recv()).await.unwrap().unwrap();
    let noted = async |state: &str| loop {
        let first = shown(&world).await[0].clone();
        if first["state"] == state {
            return first;
        }
        assert!(["pending", "failed"].contains(&first["state"].as_str().unwrap()), "{first}");
        tokio::task::yield_now().await;
    };
    let taken = tokio::time::timeout(Duration::from_secs(30), noted("delivered")).await.unwrap();
    assert_eq!(
        (&taken["attempts"], &taken["last_status"], &taken["last_error"]),
        (&json!(2), &json!(204), &Value::Null)
    );
    assert!(taken["last_attempt_at"].is_string() && taken["next_attempt_at"].is_null(), "{taken}");
    following.abort();

    // A receiver that goes on refusing is told with what it says.
    let (deaf, mut refused) = receiver(vec![500; 1000]).await;
    world.hook(&format!("{deaf}/"), SECRET);
    let purge = json!({ "targets": [{ "master": "local/cat.jpg" }], "webhook": format!("{deaf}/mine") });
    let answer = world.call("POST", "/v1/purges", &AUTH, purge.to_string()).await;
    let path = format!("/v1/purges/{}", answer.json()["id"].as_str().unwrap());
    let plane = world.plane.clone();
    let following = tokio::spawn(async move { plane.follow().await });
    for _ in 0..2 {
        tokio::time::timeout(Duration::from_secs(30), refused.recv()).await.unwrap().unwrap();
    }
    let first = world.call("GET", &path, &AUTH, "").await.json()["webhooks"][0].clone();
    assert_eq!((&first["state"], &first["last_status"]), (&json!("failed"), &json!(500)), "{first}");
    assert!(first["last_error"].as_str().unwrap().contains("500") && first["next_attempt_at"].is_string(), "{first}");
    following.abort();
}
