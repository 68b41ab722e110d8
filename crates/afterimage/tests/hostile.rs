//! Broken and malicious masters: truncated, with flipped bytes, and lying about their size (guarantees G10 and G11). An
//! answer is the whole picture or a clear 4xx, the process stays alive, and its memory stays bounded.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, missing_docs)]

mod support;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use support::{Server, look, sample_folder, samples};
use testkit::distance::mean_absolute;
use testkit::http::Client;
use testkit::origin::VersionedOrigin;
use testkit::pictures::decode;

const FORMATS: [&str; 3] = ["png", "webp", "jpg"];
/// Caches small enough that they explain nothing of the memory used.
const SETTINGS: &str = "cache = { memory = \"16MiB\", masters_memory = \"16MiB\", disk = \"64MiB\", masters_disk = \"64MiB\" }\n\
    limits = { job_memory = \"256MiB\", render_threads = 1 }\nlog = { access = false, level = \"warn\" }";
/// One job's memory, what its codecs take beyond it, the caches, and the process itself.
const MOST_MEMORY: u64 = 600 << 20;

struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end as u64) as usize
    }
}

/// Sample pictures by name.
fn masters() -> Vec<(String, Vec<u8>)> {
    let mut all: Vec<_> = std::fs::read_dir(samples())
        .unwrap()
        .map(|item| item.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension != "md"))
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read(&path).unwrap()))
        .collect();
    all.sort();
    assert!(all.len() >= 11, "{} samples", all.len());
    all
}

struct Bench {
    origin: VersionedOrigin,
    server: Server,
    client: Client,
    _data: tempfile::TempDir,
    /// Answers by sample, damage and status.
    counts: BTreeMap<(String, &'static str, u16), usize>,
    slowest: (Duration, String),
}

impl Bench {
    fn start() -> Bench {
        let origin = VersionedOrigin::start();
        let data = tempfile::tempdir().unwrap();
        let server = Server::web(&support::binary(), &origin.base(), &data.path().join("data"), SETTINGS);
        let client = server.client();
        Bench { origin, server, client, _data: data, counts: BTreeMap::new(), slowest: <_>::default() }
    }

    /// The answer for a master of these bytes.
    async fn answer(&mut self, path: &str, master: &[u8], format: &str) -> (u16, bytes::Bytes) {
        self.origin.set_body(path, "image/jpeg", master.to_vec());
        let begun = Instant::now();
        let target = format!("/imgix/{path}?w=160&fm={format}");
        let answer = tokio::time::timeout(Duration::from_secs(60), self.client.get(&target)).await;
        let answer = answer.unwrap_or_else(|_| panic!("{path}: no answer")).unwrap_or_else(|e| panic!("{path}: {e}"));
        self.origin.remove(path);
        if begun.elapsed() > self.slowest.0 {
            self.slowest = (begun.elapsed(), path.to_owned());
        }
        if answer.status != 200 {
            assert!((400..500).contains(&answer.status), "{path} as {format}: {} {}", answer.status, answer.text());
            assert_eq!(answer.header("content-type"), "application/problem+json", "{path}");
        }
        (answer.status, answer.body)
    }

    fn count(&mut self, name: &str, damage: &'static str, status: u16) {
        *self.counts.entry((name.to_owned(), damage, status)).or_default() += 1;
    }

    async fn damage(&mut self, name: &str, master: &[u8], lengths: usize, flips: usize) {
        let mut whole = Vec::new();
        for format in FORMATS {
            let (status, body) = self.answer(&format!("whole-{format}-{name}"), master, format).await;
            let frames = look::frames(&body).map_or(1, |frames| frames.len());
            assert_eq!(status, if name == "hostile.png" { 422 } else { 200 }, "{name} as {format}");
            whole.push((status == 200).then(|| (decode(&body).unwrap(), frames)));
        }
        let seed = name.bytes().fold(0x9e37_79b9_7f4a_7c15, |seed: u64, b| seed.wrapping_mul(31) ^ u64::from(b));
        let mut random = Random(seed);

        for number in 0..lengths {
            // Spread over the file, and the last bytes one by one.
            let length = match lengths - number {
                left @ 1..=3 => master.len() - left,
                _ => master.len() * number / lengths + random.below(master.len() / lengths),
            };
            let format = number % FORMATS.len();
            let path = format!("cut-{length}-{name}");
            let (status, body) = self.answer(&path, &master[..length], FORMATS[format]).await;
            self.count(name, "truncated", status);
            if status == 200 {
                let shown = decode(&body).unwrap_or_else(|why| panic!("{path}: {why}"));
                let (picture, frames) = whole[format].as_ref().unwrap_or_else(|| panic!("{path}: better than whole"));
                let distance = mean_absolute(&shown, picture).unwrap_or_else(|why| panic!("{path}: {why}"));
                let shown_frames = look::frames(&body).map_or(1, |frames| frames.len());
                assert!(distance < 1.0, "{path} of {}: pixels are lost, distance {distance:.2}", master.len());
                assert_eq!(shown_frames, *frames, "{path} of {}: frames are lost", master.len());
            }
        }
        for number in 0..flips {
            let mut bytes = master.to_vec();
            // Half of them where the headers are.
            let reach = if number % 2 == 0 { bytes.len() } else { bytes.len().min(1024) };
            let at = random.below(reach);
            bytes[at] ^= 1 + random.below(255) as u8;
            let path = format!("flip-{number}-{at}-{name}");
            let (status, body) = self.answer(&path, &bytes, FORMATS[number % FORMATS.len()]).await;
            self.count(name, "flipped", status);
            if status == 200 {
                decode(&body).unwrap_or_else(|why| panic!("{path}: {why}"));
            }
        }
    }

    /// Masters in the formats that the samples lack, made by the server itself.
    async fn made(&mut self) -> Vec<(String, Vec<u8>)> {
        let mut made = Vec::new();
        for (name, from, query) in [
            ("lossy.webp", "cat.jpg", "w=400&fm=webp"),
            ("lossless.webp", "logo.png", "w=400&fm=webp&lossless=1"),
            ("moving.webp", "cat.gif", "w=150&fm=webp"),
            ("still.avif", "cat.jpg", "w=400&fm=avif"),
            ("clear.avif", "bowl.png", "w=300&fm=avif"),
            ("progressive.jpg", "cat.jpg", "w=400&fm=pjpg"),
            ("palette.png", "logo.png", "w=400&fm=png8"),
        ] {
            let (_, bytes) = masters().into_iter().find(|(sample, _)| sample == from).unwrap();
            self.origin.set_body(from, "image/jpeg", bytes);
            let answer = self.client.get(&format!("/imgix/{from}?{query}")).await.unwrap();
            assert_eq!(answer.status, 200, "{name}: {}", answer.text());
            assert!(name.contains(look::format(&answer.body)) || name.ends_with(".jpg"), "{name}");
            made.push((name.to_owned(), answer.body.to_vec()));
        }
        made
    }

    async fn run(mut self, lengths: usize, flips: usize) {
        let mut all = masters();
        all.extend(self.made().await);
        for (name, master) in all {
            self.damage(&name, &master, lengths, flips).await;
        }
        assert_eq!(self.server.process.ended().unwrap(), None, "alive");
        let (_, sound) = masters().swap_remove(2);
        assert_eq!(self.answer("sound.jpg", &sound, "jpg").await.0, 200);
        let peak = self.server.peak_memory();
        let mut sums = BTreeMap::<_, usize>::new();
        for ((name, damage, status), count) in &self.counts {
            println!("{name:<18} {damage:<10} {status} {count:>4}");
            *sums.entry((*damage, *status)).or_default() += count;
        }
        println!("in all: {sums:?}; peak memory {} MiB; slowest {:?}", peak >> 20, self.slowest);
        assert!(peak < MOST_MEMORY, "{} MiB", peak >> 20);
        // Both outcomes were met, or the test would show nothing.
        assert!(sums.contains_key(&("truncated", 422)) && sums.contains_key(&("flipped", 200)), "{sums:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damaged_masters_give_a_whole_picture_or_a_clear_refusal() {
    Bench::start().run(8, 20).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the test above with 15 times as many damaged masters, which takes minutes: make test-long runs it"]
async fn damaged_masters_many_more() {
    Bench::start().run(50, 200).await;
}

/// 312 bytes that claim to be 14 GB of pixels.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_decompression_bomb_is_refused_at_its_header() {
    let (_folder, photos, data) = sample_folder();
    let server = Server::folder(&support::binary(), &photos, &data);
    let mut client = server.client();
    assert_eq!(client.get("/imgix/logo.png?w=50").await.unwrap().status, 200);
    let before = server.peak_memory();
    for target in [
        "/imgix/hostile.png?w=300",
        "/imgix/hostile.png?w=300&h=200&fit=crop&fm=jpg",
        "/imagekit/tr:w-300/hostile.png",
        "/cloudimage/hostile.png?w=300",
        "/imageboss/local/width/300/hostile.png",
    ] {
        let begun = Instant::now();
        let answer = client.get(target).await.unwrap();
        assert_eq!(answer.status, 422, "{target}: {}", answer.text());
        assert!(answer.text().contains("over-budget"), "{target}: {}", answer.text());
        assert!(begun.elapsed() < Duration::from_secs(2), "{target}: {:?}", begun.elapsed());
    }
    let grown = server.peak_memory() - before;
    assert!(grown < 32 << 20, "{} MiB for nothing", grown >> 20);
}
