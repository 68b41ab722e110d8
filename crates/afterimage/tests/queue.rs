//! More renders than there is room for: those that wait are made in the end, however long they waited, and the rest are
//! told when to come back.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, missing_docs)]

mod support;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use support::{Server, look, sample_folder};

/// Renders that may wait for the one thread.
const QUEUE: u32 = 32;
/// Renders asked for at once.
const ASKED: u32 = 96;
/// A job may take as long as so many renders: each stays far below, and the last of the queue waits far longer.
const JOB_TIME: u32 = 8;

fn target(width: u32) -> String {
    format!("/imgix/cat.jpg?w={width}&fm=webp")
}

fn server(all: &tempfile::TempDir, data: &str, limits: &[(&str, &str)]) -> Server {
    let data = all.path().join(data);
    let settings = [&[("AFTERIMAGE__LIMITS__RENDER_THREADS", "1")], limits].concat();
    Server::folder_with(&support::binary(), &all.path().join("photos"), &data, &settings)
}

/// The median of a few.
async fn time_of_a_render(all: &tempfile::TempDir) -> Duration {
    let server = server(all, "alone", &[]);
    let mut client = server.client();
    let mut times = Vec::new();
    for width in 901..906 {
        let begun = Instant::now();
        assert_eq!(client.get(&target(width)).await.unwrap().status, 200);
        times.push(begun.elapsed());
    }
    times.sort();
    times[times.len() / 2]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waited_longer_than_a_job_may_take_still_gets_the_picture() {
    let (all, ..) = sample_folder();
    let job_time = (time_of_a_render(&all).await * JOB_TIME).max(Duration::from_millis(100));
    let limits = [
        ("AFTERIMAGE__LIMITS__QUEUE", QUEUE.to_string()),
        ("AFTERIMAGE__LIMITS__JOB_TIME", format!("{}ms", job_time.as_millis())),
    ];
    let server = server(&all, "crowd", &limits.each_ref().map(|(name, value)| (*name, value.as_str())));
    // The master is in memory from here.
    assert_eq!(server.client().get(&target(40)).await.unwrap().status, 200);

    let begun = Instant::now();
    let asked: Vec<_> = (0..ASKED)
        .map(|number| {
            let mut client = server.client();
            tokio::spawn(async move { (client.get(&target(910 + number)).await.unwrap(), begun.elapsed()) })
        })
        .collect();
    let (mut counts, mut longest) = (BTreeMap::<u16, u32>::new(), Duration::ZERO);
    for request in asked {
        let (answer, took) = request.await.unwrap();
        *counts.entry(answer.status).or_default() += 1;
        match answer.status {
            200 => {
                longest = longest.max(took);
                assert_eq!(look::format(&answer.body), "webp");
            }
            503 => {
                assert!(answer.text().contains("render-queue-full"), "{}", answer.text());
                let seconds: u32 = answer.header("retry-after").parse().expect("seconds");
                assert!((1..=60).contains(&seconds), "{seconds}");
                assert_eq!(answer.header("cache-control"), "no-store", "an answer for this moment only");
            }
            other => panic!("{other} after {took:?}: {}", answer.text()),
        }
    }
    println!("queue: {counts:?}, the longest wait {longest:?} where a job may take {job_time:?}");
    assert!(counts.get(&200) > Some(&QUEUE) && counts.contains_key(&503), "{counts:?}");
    assert!(longest > job_time, "nobody waited long enough to prove anything: {longest:?}");
    // Once the crowd is gone, who was sent away is served.
    assert_eq!(server.client().get(&target(910 + ASKED)).await.unwrap().status, 200);
}
