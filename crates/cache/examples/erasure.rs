//! What two ways of erasing bodies cost: overwriting them in their segments, and sealing each under a key of its own that is
//! thrown away. `cargo run --release -p afterimage-cache --example erasure [folder]`; the figures of
//! `docs/adr/0004-erasure.md` come from here.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use std::hint::black_box;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use cache::SegmentStore;
use purge::{BodyStore, Place};
use ring::aead::{AES_256_GCM, Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};

const MIB: u64 = 1 << 20;

fn main() {
    let folder = std::env::args().nth(1).map_or_else(std::env::temp_dir, PathBuf::from);
    for kib in [8usize, 64, 1024] {
        let body: Vec<u8> = (0..kib << 10).map(|n| (n * 31 % 251) as u8).collect();
        seal(kib, &body);
    }
    for (kib, count) in [(8usize, 16_384u32), (64, 4096), (1024, 256)] {
        overwrite(&folder, kib, count);
    }
}

fn each(count: u32, mut work: impl FnMut()) -> Duration {
    let begun = Instant::now();
    (0..count).for_each(|_| work());
    begun.elapsed() / count
}

/// Per store: a data key is made, wrapped for one master, and the body sealed. Per hit on disk: unwrapped and opened.
fn seal(kib: usize, body: &[u8]) {
    let count = u32::try_from((256 << 10) / kib).unwrap().clamp(200, 20_000);
    for (name, algorithm) in [("AES-256-GCM", &AES_256_GCM), ("ChaCha20-Poly1305", &CHACHA20_POLY1305)] {
        let wrapping = LessSafeKey::new(UnboundKey::new(algorithm, &[7; 32]).unwrap());
        let nonce = || Nonce::assume_unique_for_key([1; 12]);
        let seal = |data: &mut Vec<u8>| {
            let mut wrapped = vec![9; 32];
            let key = LessSafeKey::new(UnboundKey::new(algorithm, &wrapped).unwrap());
            wrapping.seal_in_place_append_tag(nonce(), Aad::empty(), &mut wrapped).unwrap();
            key.seal_in_place_append_tag(nonce(), Aad::empty(), data).unwrap();
            wrapped
        };
        let mut sealed = body.to_vec();
        let wrapped = seal(&mut sealed);
        let copied = each(count, || drop(black_box(body.to_vec())));
        let stored = each(count, || {
            let mut data = body.to_vec();
            black_box(seal(&mut data));
            black_box(data);
        });
        let hit = each(count, || {
            let (mut key, mut data) = (wrapped.clone(), sealed.clone());
            let key = wrapping.open_in_place(nonce(), Aad::empty(), &mut key).unwrap();
            let key = LessSafeKey::new(UnboundKey::new(algorithm, key).unwrap());
            black_box(key.open_in_place(nonce(), Aad::empty(), &mut data).unwrap().len());
        });
        println!(
            "{name}, {kib} KiB: {:.1} us per store, {:.1} us per hit on disk (a copy alone: {:.1} us)",
            micros(stored.saturating_sub(copied)),
            micros(hit.saturating_sub(copied)),
            micros(copied)
        );
    }
}

fn overwrite(folder: &std::path::Path, kib: usize, count: u32) {
    let folder = tempfile::tempdir_in(folder).unwrap();
    let store = SegmentStore::open(folder.path(), 8 << 30).unwrap();
    let body = vec![0xa5u8; kib << 10];
    let places: Vec<Place> = (0..count).map(|_| store.put(&[&body]).unwrap()).collect();
    // As after some minutes: what is stored has reached the disk.
    rustix::fs::syncfs(std::fs::File::open(folder.path()).unwrap()).unwrap();
    let mut next = places.iter().cycle();
    let read = each(count.min(2000), || drop(black_box(next.next().map(|place| store.get(place).unwrap()))));
    // Every second one, in batches as the sweep makes them, so that no segment can simply be unlinked.
    let chosen: Vec<Place> = places.iter().step_by(2).copied().collect();
    let begun = Instant::now();
    for batch in chosen.chunks(128) {
        store.erase(batch).unwrap();
    }
    let took = begun.elapsed();
    let mib = chosen.iter().map(|place| place.length).sum::<u64>() / MIB;
    println!(
        "overwriting, {kib} KiB: {:.2} s per GiB, {:.1} us per body, {} bodies in batches of 128; a read from the page cache: {:.1} us",
        took.as_secs_f64() * 1024.0 / mib.max(1) as f64,
        micros(took) / chosen.len() as f64,
        chosen.len(),
        micros(read)
    );
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
