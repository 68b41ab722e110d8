//! The worker processes in which decoders written in C run (guarantee G11): the same bytes as without them, and what it costs
//! when one dies.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use std::path::Path;
use std::process::Command;

use codec::{Budget, Cancel, Decode, Encode};
use support::{Server, empty_folder, eventually, samples};

const DECODERS: &str = "AFTERIMAGE__RENDER__DECODERS";

/// A folder with an AVIF, a JPEG of four inks and a plain JPEG, and a place for data.
fn masters() -> (tempfile::TempDir, std::path::PathBuf, std::path::PathBuf) {
    let (all, photos, data) = empty_folder();
    for name in ["cat.jpg", "brushes-cmyk.jpg"] {
        std::fs::copy(samples().join(name), photos.join(name)).unwrap();
    }
    std::fs::write(photos.join("cat.avif"), avif()).unwrap();
    (all, photos, data)
}

fn avif() -> Vec<u8> {
    let jpeg = std::fs::read(samples().join("cat.jpg")).unwrap();
    let ask = Decode { at_least: Some((200, 100)), ..Decode::default() };
    let cat = codec::decode(&jpeg, &ask, &Budget::default(), &Cancel::never()).unwrap();
    let how = Encode { format: plan::Format::Avif, ..Encode::default() };
    codec::encode(&cat.picture, &how, &Cancel::never()).unwrap()
}

fn start(photos: &Path, data: &Path, more: &[(&str, &str)]) -> Server {
    Server::folder_with(
        &support::binary(),
        photos,
        data,
        &[&[("AFTERIMAGE__LIMITS__RENDER_THREADS", "1")], more].concat(),
    )
}

/// The workers of a server: its children, by `/proc`.
fn workers(server: &Server) -> Vec<u32> {
    let parent = server.process.pid().to_string();
    let of = |pid: u32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name, which may hold anything, stands in brackets; then come state and parent.
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
        (fields.next()? != "Z" && fields.next()? == parent).then_some(pid)
    };
    let all = std::fs::read_dir("/proc").unwrap();
    all.filter_map(|entry| of(entry.ok()?.file_name().to_str()?.parse().ok()?)).collect()
}

fn only_worker(server: &Server) -> u32 {
    let found = workers(server);
    assert_eq!(found.len(), 1, "{found:?}");
    found[0]
}

fn signal(name: &str, pid: u32) {
    assert!(Command::new("sh").args(["-c", &format!("kill -{name} {pid}")]).status().unwrap().success());
}

async fn ended(server: &Server, how: &str) -> u64 {
    server.metric(&format!("afterimage_decoder_workers_ended_total{{how=\"{how}\"}}")).await
}

async fn status(server: &Server, target: &str) -> u16 {
    server.client().get(target).await.unwrap().status
}

#[tokio::test]
async fn the_same_bytes_with_and_without() {
    let (_folder, photos, data) = masters();
    let with = start(&photos, &data, &[]);
    let without = start(&photos, &data.with_extension("off"), &[(DECODERS, "off")]);
    for target in [
        "/imgix/cat.avif?fm=png",
        "/imgix/cat.avif?w=80&fm=jpg",
        "/imgix/cat.avif?fm=json",
        "/imgix/brushes-cmyk.jpg?w=200&fm=png",
        "/imgix/brushes-cmyk.jpg?w=200&fm=webp",
        "/imgix/cat.jpg?fm=jpg&q=70",
        "/imgix/cat.jpg?rect=100,100,300,200&fm=png",
    ] {
        let (a, b) = (with.client().get(target).await.unwrap(), without.client().get(target).await.unwrap());
        assert_eq!((a.status, b.status), (200, 200), "{target}: {}", a.text());
        assert!(a.body == b.body, "{target}: {} and {} bytes", a.body.len(), b.body.len());
    }
    assert_eq!(with.metric("afterimage_decoder_workers_started_total").await, 1);
    assert_eq!((with.metric("afterimage_decoder_workers").await, workers(&with).len()), (1, 1));
    assert_eq!((without.metric("afterimage_decoder_workers_started_total").await, workers(&without).len()), (0, 0));
}

#[tokio::test]
async fn a_shell_has_the_same_pixels() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("cat.avif"), avif()).unwrap();
    let mut command = Command::new(support::binary());
    command.current_dir(folder.path()).args(["render", "cat.avif", "cat.png", "--plan", "flip:h", "--quiet"]);
    let output = command.output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    let here = |bytes: &[u8]| {
        codec::decode(bytes, &Decode::default(), &Budget::default(), &Cancel::never()).unwrap().picture.frames.remove(0)
    };
    let (mut want, got) = (here(&avif()).pixels, here(&std::fs::read(folder.path().join("cat.png")).unwrap()).pixels);
    for row in want.data.chunks_exact_mut(3 * want.width as usize) {
        row.reverse();
        row.chunks_exact_mut(3).for_each(<[u8]>::reverse);
    }
    assert!(want == got);
}

#[tokio::test]
async fn one_that_is_killed_between_two_jobs_costs_nothing() {
    let (_folder, photos, data) = masters();
    let server = start(&photos, &data, &[]);
    assert_eq!(status(&server, "/imgix/cat.avif?w=50").await, 200);
    let first = only_worker(&server);
    // What an init system and a terminal send to every process of a service leaves it as it is.
    signal("TERM", first);
    signal("INT", first);
    assert_eq!(status(&server, "/imgix/cat.avif?w=51").await, 200);
    assert_eq!(only_worker(&server), first);

    signal("KILL", first);
    eventually("it is dead", async || workers(&server).is_empty()).await;
    assert_eq!(status(&server, "/imgix/cat.avif?w=52").await, 200);
    let second = only_worker(&server);
    assert_ne!(first, second);
    assert_eq!((ended(&server, "lost").await, ended(&server, "crashed").await), (1, 0));
}

#[tokio::test]
async fn one_that_is_killed_at_work_costs_one_request() {
    let (_folder, photos, data) = masters();
    let mut server = start(&photos, &data, &[("AFTERIMAGE__CACHE__ERROR_TIME", "0s")]);
    assert_eq!(status(&server, "/imgix/cat.avif?w=50").await, 200);
    let worker = only_worker(&server);
    // It takes its next job, and does not begin with it.
    signal("STOP", worker);
    let mut client = server.client();
    let lost = tokio::spawn(async move { client.get("/imgix/cat.avif?w=51").await.unwrap().status });
    eventually("the job is taken", async || server.metric("afterimage_render_jobs{state=\"running\"}").await == 1)
        .await;
    signal("KILL", worker);
    let lost = lost.await.unwrap();
    let (crashed, between) = (ended(&server, "crashed").await, ended(&server, "lost").await);
    assert_eq!(crashed + between, 1);
    assert_eq!(lost, if crashed == 1 { 500 } else { 200 });
    // Nobody is to blame: it is tried again.
    assert_eq!(status(&server, "/imgix/cat.avif?w=51").await, 200);
    assert_eq!(server.process.ended().unwrap(), None);
}

#[tokio::test]
async fn one_that_takes_too_long_is_killed() {
    let (_folder, photos, data) = masters();
    let server = start(&photos, &data, &[("AFTERIMAGE__LIMITS__JOB_TIME", "1s")]);
    assert_eq!(status(&server, "/imgix/brushes-cmyk.jpg?w=50").await, 200);
    let worker = only_worker(&server);
    signal("STOP", worker);
    assert_eq!(status(&server, "/imgix/brushes-cmyk.jpg?w=51").await, 422);
    assert_eq!(ended(&server, "stopped").await, 1);
    assert!(!workers(&server).contains(&worker));
    assert_eq!(status(&server, "/imgix/brushes-cmyk.jpg?w=52").await, 200);
}

#[tokio::test]
async fn none_outlives_its_server() {
    let (_folder, photos, data) = masters();
    for asked in [true, false] {
        let mut server = start(&photos, &data, &[]);
        let worker = only_worker(&server);
        if asked {
            assert!(server.stop().success());
        } else {
            server.process.kill().unwrap();
        }
        let gone =
            || std::fs::read_to_string(format!("/proc/{worker}/stat")).map_or(true, |stat| stat.contains(") Z "));
        eventually("the worker is gone", async || gone()).await;
    }
}
