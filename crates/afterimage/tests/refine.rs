//! AVIF that was made for a request is written again in the background, smaller, and a purge in between wins (rules F1 and
//! F7). What happens unseen is told by the metrics.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use std::path::Path;

use support::{Server, eventually, look};
use testkit::http::Answer;
use testkit::origin::{At, VersionedOrigin};

const REFINED: &str = "afterimage_avif_refined_total";
const GONE: &str = "afterimage_avif_refine_skipped_total{reason=\"gone\"}";

fn start(origin: &VersionedOrigin, data: &Path, more: &str) -> Server {
    Server::web(&support::binary(), &origin.base(), data, &format!("render = {{ avif_refine = true }}\n{more}"))
}

async fn get(server: &Server, target: &str) -> Answer {
    let answer = server.client().get(target).await.unwrap();
    assert_eq!((answer.status, answer.header("content-type")), (200, "image/avif"), "{target}: {}", answer.text());
    answer
}

fn is_hit(answer: &Answer) -> bool {
    answer.header("cache-status").contains("; hit")
}

fn photograph(name: &str) -> Vec<u8> {
    std::fs::read(support::samples().join(name)).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_avif_gets_smaller_behind_the_answer() {
    let origin = VersionedOrigin::start();
    origin.set_body("photo.jpg", "image/jpeg", photograph("dogs.jpg"));
    let data = tempfile::tempdir().unwrap();
    let data = data.path().join("data");
    let server = start(&origin, &data, "");
    let target = "/imgix/photo.jpg?w=240&fm=avif";
    let first = get(&server, target).await;
    assert!(!is_hit(&first));
    eventually("it is written again", async || server.metric(REFINED).await == 1).await;

    let second = get(&server, target).await;
    assert!(is_hit(&second), "{:?}", second.headers);
    assert!(second.body.len() * 100 <= first.body.len() * 95, "{} after {}", second.body.len(), first.body.len());
    assert_eq!(look::size(&second.body).unwrap(), look::size(&first.body).unwrap());
    assert_ne!(second.header("etag"), first.header("etag"), "other bytes, another tag");
    let saved = server.metric("afterimage_avif_refine_saved_bytes_total").await;
    assert_eq!(saved, (first.body.len() - second.body.len()) as u64);
    assert_eq!(origin.requests("photo.jpg"), 1, "the master was in the cache");
    let stale_tag = [("if-none-match", first.header("etag"))];
    let whole = server.client().get_with(target, &stale_tag).await.unwrap();
    assert_eq!((whole.status, &whole.body), (200, &second.body));

    // On disk there is the smaller one, too.
    assert!(server.stop().success());
    let server = start(&origin, &data, "");
    let third = get(&server, target).await;
    assert!(is_hit(&third) && third.body == second.body, "{:?}", third.headers);

    origin.set_body("photo.jpg", "image/jpeg", photograph("cat.jpg"));
    let purged = server.purge(&mut server.control_client(), "[{\"master\":\"shop/photo.jpg\"}]").await;
    assert_eq!(purged.status, 200, "{}", purged.text());
    let fourth = get(&server, target).await;
    assert!(!is_hit(&fourth) && fourth.body != third.body, "{:?}", fourth.headers);
}

/// A master that no tier of the cache takes, so that what is written again needs it fetched again, and can be held there. What
/// follows the end of a JPEG is not looked at.
fn large_master() -> Vec<u8> {
    let mut file = photograph("dogs.jpg");
    file.resize(5 << 20, 0);
    file
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_purge_while_it_is_written_again_wins() {
    let origin = VersionedOrigin::start();
    origin.set_body("large.jpg", "image/jpeg", large_master());
    let data = tempfile::tempdir().unwrap();
    let small = "cache = { masters_memory = \"1MiB\", masters_disk = \"16MiB\" }";
    let server = start(&origin, &data.path().join("data"), small);
    let target = "/imgix/large.jpg?w=240&fm=avif";

    let first_fetch = origin.hold("large.jpg", At::Headers);
    let waiting = {
        let mut client = server.client();
        tokio::spawn(async move { client.get(target).await })
    };
    first_fetch.arrived(1).await;
    let again = origin.hold("large.jpg", At::Headers);
    first_fetch.release();
    let first = waiting.await.unwrap().unwrap();
    assert_eq!(first.status, 200, "{}", first.text());
    // What is written again has its stamp, and waits for the master.
    again.arrived(1).await;
    assert!(is_hit(&get(&server, target).await));
    let purged = server.purge(&mut server.control_client(), "[{\"master\":\"shop/large.jpg\"}]").await;
    assert_eq!(purged.status, 200, "{}", purged.text());
    again.release();
    eventually("it is given up", async || server.metric(GONE).await == 1).await;
    assert_eq!((origin.requests("large.jpg"), server.metric(REFINED).await), (2, 0));
    let after = get(&server, target).await;
    assert!(!is_hit(&after), "{:?}", after.headers);
}

#[tokio::test]
async fn nothing_is_written_again_unless_it_is_asked_for() {
    let origin = VersionedOrigin::start();
    origin.set_body("photo.jpg", "image/jpeg", photograph("cat.jpg"));
    let data = tempfile::tempdir().unwrap();
    let server = Server::web(&support::binary(), &origin.base(), &data.path().join("data"), "");
    get(&server, "/imgix/photo.jpg?w=100&fm=avif").await;
    assert_eq!(server.metric("afterimage_avif_refine_waiting").await, 0);
    let stays = get(&server, "/imgix/photo.jpg?w=100&fm=avif").await;
    assert!(is_hit(&stays));
    assert_eq!(server.metric(REFINED).await, 0);
}
