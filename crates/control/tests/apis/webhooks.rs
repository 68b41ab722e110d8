//! Webhooks, from a purge to the receiver.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::world::{BEARER, World};

const AUTH: [(&str, &str); 1] = [("authorization", BEARER)];
const SECRET: &[u8] = b"thirty-two bytes, nobody guesses";

/// The bodies that arrive at paths of one address.
async fn receiver() -> (String, mpsc::UnboundedReceiver<(String, Value)>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let (send, receive) = mpsc::unbounded_channel();
    tokio::spawn(async move {
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
            stream.write_all(b"HTTP/1.1 204 x\r\nconnection: close\r\n\r\n").await.unwrap();
            send.send((path, body)).unwrap();
        }
    });
    (origin, receive)
}

#[tokio::test]
async fn what_becomes_of_a_purge_is_told() {
    let (origin, mut got) = receiver().await;
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
