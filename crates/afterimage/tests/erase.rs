//! Erased means gone (rule D4): before a purge its bytes are found in the data folder, read file by file as a thief would;
//! after it is reported erased they are in none of them, wherever the process was killed meanwhile.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use support::{KEY, Server, eventually};
use testkit::origin::{At, VersionedOrigin};
use testkit::pictures::{Rgb, encode_png};

/// What is recognised: so many bytes in a row.
const WINDOW: usize = 64;
/// The slowest sweep that can be configured.
const SLOW: &str = "[purge]\nsweep_bytes = \"1MiB\"\nsweep_entries = 10\n";

/// Bytes that are looked for, each body cut into windows. What comes first in it is left out: all pictures begin alike.
#[derive(Default)]
struct Sought {
    windows: HashMap<u64, Vec<(&'static str, [u8; WINDOW])>>,
    /// Which starts of windows there are, so that most places are passed over at once.
    starts: Vec<bool>,
}

impl Sought {
    fn add(&mut self, name: &'static str, body: &[u8]) {
        self.starts.resize(1 << 20, false);
        let last = body.len().saturating_sub(WINDOW);
        assert!(last > 2 * WINDOW, "{name} has only {} bytes", body.len());
        for at in (WINDOW..last).step_by(WINDOW).chain([last]) {
            let window: [u8; WINDOW] = body[at..at + WINDOW].try_into().unwrap();
            let start = u64::from_le_bytes(window[..8].try_into().unwrap());
            self.starts[bucket(start)] = true;
            self.windows.entry(start).or_default().push((name, window));
        }
    }

    /// The names of the bodies of which anything is left, each with the files where it is.
    fn found(&self, folder: &Path) -> BTreeMap<&'static str, BTreeSet<String>> {
        let mut found: BTreeMap<&'static str, BTreeSet<String>> = BTreeMap::new();
        for (file, bytes) in files(folder) {
            for at in 0..bytes.len().saturating_sub(WINDOW - 1) {
                let start = u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
                if !self.starts[bucket(start)] {
                    continue;
                }
                let here = self.windows.get(&start).into_iter().flatten();
                for (name, _) in here.filter(|(_, window)| bytes[at..at + WINDOW] == window[..]) {
                    found.entry(name).or_default().insert(file.clone());
                }
            }
        }
        found
    }

    fn names(&self, folder: &Path) -> BTreeSet<&'static str> {
        self.found(folder).into_keys().collect()
    }
}

fn bucket(start: u64) -> usize {
    (start.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 44) as usize
}

/// Every file below a folder, by its path in it. One that goes away meanwhile is left out.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let (mut all, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(next) = folders.pop() {
        for item in std::fs::read_dir(next).unwrap() {
            let path = item.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(bytes) = std::fs::read(&path) {
                all.push((path.strip_prefix(folder).unwrap().display().to_string(), bytes));
            }
        }
    }
    all
}

/// The files that hold a text, but for those that are there to tell what was asked and purged.
fn naming(folder: &Path, text: &str) -> BTreeSet<String> {
    let tells = |file: &str| file.starts_with("purge") || file == "access.log";
    let holds = |bytes: &[u8]| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    files(folder).into_iter().filter(|(file, bytes)| !tells(file) && holds(bytes)).map(|(file, _)| file).collect()
}

/// A picture that no coder makes smaller.
fn noise(seed: u64, side: usize) -> Vec<u8> {
    let mut state = seed;
    encode_png(&Rgb::from_fn(side, side, |_, _| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        [(state >> 40) as u8, (state >> 48) as u8, (state >> 56) as u8]
    }))
}

fn leaked(name: String) -> &'static str {
    Box::leak(name.into_boxed_str())
}

struct World {
    _all: tempfile::TempDir,
    data: PathBuf,
    origin: VersionedOrigin,
    server: Server,
}

impl World {
    fn start(more: &str) -> World {
        let all = tempfile::tempdir().unwrap();
        let (data, origin) = (all.path().join("data"), VersionedOrigin::start());
        let server = Server::web(&support::binary(), &origin.base(), &data, more);
        World { _all: all, data, origin, server }
    }

    /// Kills the server and starts it again.
    fn restart(&mut self, more: &str) {
        self.kill();
        self.server = Server::web(&support::binary(), &self.origin.base(), &self.data, more);
    }

    fn kill(&mut self) {
        self.server.process.kill().unwrap();
    }

    /// Puts a master of noise at the origin; its bytes are looked for under its path.
    fn put(&self, sought: &mut Sought, path: &'static str, seed: u64, side: usize) {
        let picture = noise(seed, side);
        sought.add(path, &picture);
        self.origin.set_body(path, "image/png", picture);
    }

    /// Asks for a picture; the bytes of the answer are looked for under a name.
    async fn fill(&self, sought: &mut Sought, name: &'static str, target: &str) {
        let answer = self.server.client().get(target).await.unwrap();
        assert_eq!(answer.status, 200, "{target}: {}", answer.text());
        sought.add(name, &answer.body);
    }

    async fn on_disk(&self, sought: &Sought, names: &[&'static str]) {
        eventually("all are on disk", async || {
            let found = sought.names(&self.data);
            names.iter().all(|name| found.contains(name))
        })
        .await;
    }

    async fn call(&self, method: &str, path: &str, body: &str) -> Value {
        let bearer = format!("Bearer {KEY}");
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let answer = self.server.control_client().send(method, path, &headers, body.as_bytes()).await.unwrap();
        assert!(matches!(answer.status, 200 | 202), "{}", answer.text());
        serde_json::from_slice(&answer.body).unwrap()
    }

    async fn purge(&self, order: Value) -> String {
        self.call("POST", "/v1/purges", &order.to_string()).await["id"].as_str().unwrap().to_owned()
    }

    /// Purges and answers when that is erased.
    async fn erase(&self, mut order: Value) {
        order["wait"] = "erased".into();
        order["deadline"] = 60.into();
        let purge = self.call("POST", "/v1/purges", &order.to_string()).await;
        assert_eq!(purge["state"], "erased", "{order}: {purge}");
    }

    async fn look(&self, id: &str) -> Value {
        self.call("GET", &format!("/v1/purges/{id}"), "").await
    }

    async fn erased(&self, id: &str) {
        eventually("it is erased", async || self.look(id).await["state"] == "erased").await;
    }
}

#[tokio::test]
async fn what_is_erased_is_in_no_file_and_the_neighbour_stays() {
    let world = World::start("");
    let mut sought = Sought::default();
    world.put(&mut sought, "secret-name.png", 1, 160);
    world.put(&mut sought, "neighbour.png", 2, 160);
    for (name, target) in [
        ("jpeg", "/imgix/secret-name.png?w=131&h=77&fm=jpg"),
        ("webp", "/imagekit/tr:w-120,f-webp/secret-name.png"),
        ("png", "/cloudimage/secret-name.png?w=90&force_format=png"),
        ("another png", "/imageboss/shop/width/80/format:png/secret-name.png"),
        ("of the neighbour", "/imgix/neighbour.png?w=111&fm=png"),
    ] {
        world.fill(&mut sought, name, target).await;
    }
    let all = ["secret-name.png", "neighbour.png", "jpeg", "webp", "png", "another png", "of the neighbour"];
    world.on_disk(&sought, &all).await;
    for text in ["secret-name.png", "w=131&h=77"] {
        let naming = naming(&world.data, text);
        assert!(naming.iter().any(|file| file.starts_with("catalogue.db")), "{text}: {naming:?}");
    }
    world.erase(json!({"targets": [{"master": "shop/secret-name.png"}]})).await;
    let left = sought.found(&world.data);
    assert_eq!(left.keys().copied().collect::<Vec<_>>(), ["neighbour.png", "of the neighbour"], "{left:?}");
    for text in ["secret-name.png", "w=131&h=77"] {
        assert_eq!(naming(&world.data, text), BTreeSet::new(), "{text}");
    }
    assert!(!naming(&world.data, "neighbour.png").is_empty());
}

#[tokio::test]
async fn killed_in_mid_sweep_it_goes_on_and_reports_nothing_too_early() {
    const BODIES: usize = 600;
    let mut world = World::start(SLOW);
    let mut sought = Sought::default();
    world.put(&mut sought, "many.png", 3, 200);
    world.put(&mut sought, "neighbour.png", 4, 200);
    let mut names = vec!["many.png", "neighbour.png", "of the neighbour"];
    for n in 0..BODIES {
        let target = format!("/imgix/many.png?rect={},{},20,20&fm=png", n % 150, n / 4);
        names.push(leaked(target));
        world.fill(&mut sought, names[names.len() - 1], names[names.len() - 1]).await;
    }
    world.fill(&mut sought, "of the neighbour", "/imgix/neighbour.png?w=50&fm=png").await;
    world.on_disk(&sought, &names).await;
    let count = || sought.names(&world.data).len();
    assert_eq!(count(), BODIES + 3);

    let id = world.purge(json!({"targets": [{"master": "shop/many.png"}]})).await;
    // Between two batches: bodies are gone whose page of rows is not through yet.
    eventually("the sweep is under way", async || count() < BODIES - 50).await;
    world.kill();
    let left = sought.names(&world.data).len();
    assert!(left > 2, "the sweep was through before it was killed");

    world.restart(SLOW);
    eventually("it has come further", async || {
        let purge = world.look(&id).await;
        assert_ne!(purge["state"], "erased", "{left} bodies were left and it cannot be through: {purge}");
        purge["erased"]["derivatives"]["entries"].as_u64().is_some_and(|entries| entries > 0)
    })
    .await;
    world.restart("");
    world.erased(&id).await;
    let left = sought.found(&world.data);
    assert_eq!(left.keys().copied().collect::<Vec<_>>(), ["neighbour.png", "of the neighbour"], "{left:?}");
}

#[tokio::test]
async fn bodies_that_a_kill_left_without_a_row_are_erased_too() {
    let mut world = World::start("");
    let mut sought = Sought::default();
    world.put(&mut sought, "a.png", 5, 120);
    for round in 0..3 {
        // Killed while rows are behind: which bodies have one is left to chance, and in the last round none has.
        for n in 0..20 {
            let target = format!("/imgix/a.png?rect={n},{round},60,60&fm=png");
            world.fill(&mut sought, leaked(target.clone()), &target).await;
        }
        if round == 2 {
            eventually("some are on disk", async || sought.names(&world.data).len() > 10).await;
        }
        world.kill();
        if round == 2 {
            for (file, _) in files(&world.data).iter().filter(|(file, _)| file.starts_with("catalogue.db")) {
                std::fs::remove_file(world.data.join(file)).unwrap();
            }
            assert!(sought.names(&world.data).len() > 10);
        }
        world.restart("");
        world.erase(json!({"targets": [{"master": "shop/a.png"}]})).await;
        let left = sought.found(&world.data);
        assert!(left.is_empty(), "round {round}: {left:?}");
    }
}

#[tokio::test]
async fn every_mode_and_selector_erases() {
    let world = World::start("");
    let mut sought = Sought::default();
    let masters = ["taken.png", "folder/below.png", "tagged.png", "exact.png", "soft.png", "late.png", "stays.png"];
    for (seed, path) in masters.into_iter().enumerate() {
        world.put(&mut sought, path, 10 + seed as u64, 100);
    }
    world.origin.set_header("tagged.png", "surrogate-key", "spring");
    let mut names = masters.to_vec();
    for path in masters.into_iter().filter(|path| *path != "late.png") {
        let name = leaked(format!("/imgix/{path}?w=70&fm=png"));
        world.fill(&mut sought, name, name).await;
        names.push(name);
    }
    names.retain(|name| *name != "late.png");
    world.on_disk(&sought, &names).await;

    // A fill that began before the purge and ends after its bytes are gone stores nothing.
    let hold = world.origin.hold("late.png", At::MidBody);
    let mut client = world.server.client();
    let late = tokio::spawn(async move { client.get("/imgix/late.png?w=70&fm=png").await.unwrap() });
    hold.arrived(1).await;
    world.erase(json!({"targets": [{"master": "shop/late.png"}]})).await;
    hold.release();
    sought.add("of late.png", &late.await.unwrap().body);

    world.erase(json!({"targets": [{"master": "shop/taken.png"}], "mode": "takedown", "reason": "a claim"})).await;
    world.erase(json!({"targets": [{"prefix": "shop/folder/"}, {"tag": "spring"}]})).await;
    world.erase(json!({"targets": [{"derivative": "/imgix/exact.png?w=70&fm=png"}]})).await;

    // Softly purged, served on, and replaced: the replaced bytes go.
    world.put(&mut sought, "soft.png", 50, 100);
    let renewed = noise(99, 100);
    let mut newer = Sought::default();
    newer.add("renewed master", &renewed);
    world.origin.set_body("soft.png", "image/png", renewed);
    let id = world.purge(json!({"targets": [{"master": "shop/soft.png"}], "mode": "soft"})).await;
    let target = "/imgix/soft.png?w=70&fm=png";
    let old = world.server.client().get(target).await.unwrap();
    assert!(old.header("cache-status").contains("detail=stale"), "{:?}", old.headers);
    eventually("it is refreshed", async || world.server.client().get(target).await.unwrap().body != old.body).await;
    world.fill(&mut newer, "renewed", target).await;
    world.erased(&id).await;

    world.on_disk(&newer, &["renewed master", "renewed"]).await;
    let left = sought.found(&world.data);
    // An exact purge names one derivative; the master's bytes are another's as well.
    let stays = ["/imgix/stays.png?w=70&fm=png", "exact.png", "stays.png"];
    assert_eq!(left.keys().copied().collect::<Vec<_>>(), stays, "{left:?}");
}
