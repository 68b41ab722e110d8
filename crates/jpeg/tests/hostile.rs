//! Cut, damaged and made-up files: an error or a picture, never a panic, never more memory than announced.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use common::Random;
use jpeg::{Error, Jpeg, Plane, Scale};
use proptest::prelude::*;
use turbojpeg_sys as tj;

/// Counts what each thread holds.
struct Counting;

thread_local! {
    static HELD: Cell<i64> = const { Cell::new(0) };
    static MOST: Cell<i64> = const { Cell::new(0) };
}

fn count(bytes: i64) {
    let _ = HELD.try_with(|held| {
        held.set(held.get() + bytes);
        let _ = MOST.try_with(|most| most.set(most.get().max(held.get())));
    });
}

// SAFETY: hands everything on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as i64);
        // SAFETY: the caller keeps to the contract of `GlobalAlloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as i64);
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        count(-(layout.size() as i64));
        // SAFETY: as above.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// As a careful caller does: nothing is decoded that would take more than this.
const BUDGET: u64 = 32 << 20;

/// Decodes all components at `n`/8 and holds the decoder to the memory that it announced.
fn decode(file: &[u8], n: u8) -> Result<Vec<Plane>, Error> {
    let picture = Jpeg::read(file)?;
    let scales = vec![Scale::new(n).unwrap(); picture.components().len()];
    let announced = picture.decode_bytes(&scales)?;
    if announced > BUDGET {
        return Err(Error::Unsupported("over budget"));
    }
    let before = HELD.get();
    MOST.set(before);
    let result = picture.decode(&scales, &mut || false);
    let most = (MOST.get() - before) as u64;
    assert!(most <= announced, "held {most} bytes, announced {announced}");
    if let Ok(planes) = &result {
        for (plane, component) in planes.iter().zip(picture.components()) {
            assert_eq!((plane.width, plane.height), (scales[0].of(component.width), scales[0].of(component.height)));
            assert!(plane.data.len() >= plane.stride * plane.height as usize && plane.stride >= plane.width as usize);
        }
    }
    result
}

/// One small file of each sort.
fn files() -> Vec<(&'static str, Vec<u8>)> {
    let mut random = Random(3);
    let (width, height) = (43, 37);
    let samples = |channels: usize, random: &mut Random| -> Vec<u8> {
        (0..width * height * channels)
            .map(|i| ((i / channels % width * 4 + i / channels / width * 2) as u32 + random.next() % 30) as u8)
            .collect()
    };
    let mut make = |name, channels, extra: &[(tj::TJPARAM, i32)]| {
        let mut parameters =
            vec![(tj::TJPARAM_TJPARAM_QUALITY, 80), (tj::TJPARAM_TJPARAM_SUBSAMP, tj::TJSAMP_TJSAMP_420)];
        parameters.extend_from_slice(extra);
        (name, common::compress(width, height, &samples(channels, &mut random), channels, &parameters))
    };
    let gray = (tj::TJPARAM_TJPARAM_SUBSAMP, tj::TJSAMP_TJSAMP_GRAY);
    let full = (tj::TJPARAM_TJPARAM_SUBSAMP, tj::TJSAMP_TJSAMP_444);
    vec![
        make("4:2:0", 3, &[]),
        make("optimised, 4:4:4", 3, &[full, (tj::TJPARAM_TJPARAM_OPTIMIZE, 1)]),
        make("gray", 3, &[gray]),
        make("inks", 4, &[full]),
        make("restarts", 3, &[(tj::TJPARAM_TJPARAM_RESTARTBLOCKS, 2)]),
        make("progressive", 3, &[(tj::TJPARAM_TJPARAM_PROGRESSIVE, 1)]),
        make("progressive, gray", 3, &[gray, (tj::TJPARAM_TJPARAM_PROGRESSIVE, 1)]),
        make("progressive, restarts", 3, &[(tj::TJPARAM_TJPARAM_PROGRESSIVE, 1), (tj::TJPARAM_TJPARAM_RESTARTROWS, 1)]),
    ]
}

#[test]
fn a_file_cut_anywhere_is_no_picture() {
    for (name, file) in files() {
        for n in [1, 2, 3, 5, 8] {
            let whole = decode(&file, n).unwrap();
            for end in 0..file.len() {
                let result = decode(&file[..end], n);
                // Only the end marker may be missing.
                match end + 2 >= file.len() {
                    true => assert_eq!(result.as_ref(), Ok(&whole), "{name}, {n}/8, {end} of {}", file.len()),
                    false => {
                        assert!(matches!(result, Err(Error::Truncated(_))), "{name}, {n}/8, {end}: {result:?}");
                    }
                }
            }
        }
    }
}

/// With an end marker behind the cut, a progressive file at a small scale may lack only what is not read.
#[test]
fn an_end_marker_behind_a_cut_hides_nothing_that_is_needed() {
    for (name, file) in files() {
        for n in [1, 2, 8] {
            let whole = decode(&file, n).unwrap();
            for end in 2..file.len() - 2 {
                let cut = [&file[..end], &[0xFF, 0xD9]].concat();
                match decode(&cut, n) {
                    Ok(planes) => assert!(planes == whole && n < 8, "{name}, {n}/8, {end} of {}", file.len()),
                    Err(error) => assert!(matches!(error, Error::Truncated(_) | Error::Corrupt(_)), "{error}"),
                }
            }
        }
    }
}

#[test]
fn damage_does_no_harm() {
    let mut random = Random(5);
    for (_, file) in files() {
        for round in 0..700 {
            let mut bad = file.clone();
            for _ in 0..=random.below(4) {
                let at = random.below(bad.len());
                match random.below(4) {
                    0 => bad[at] ^= 1 << random.below(8),
                    1 => bad[at] = random.next() as u8,
                    2 => bad.insert(at, [0xFF, 0x00, random.next() as u8][random.below(3)]),
                    _ => drop(bad.remove(at)),
                }
            }
            let _ = decode(&bad, [1, 2, 3, 4, 8][round % 5]);
        }
    }
}

/// Damage that leaves the headers alone reaches the entropy decoder more often.
#[test]
fn damage_to_the_data_does_no_harm() {
    let mut random = Random(9);
    for (_, file) in files() {
        let data = memchr::memmem::find(&file, &[0xFF, 0xDA]).unwrap() + 10;
        for round in 0..700 {
            let mut bad = file.clone();
            for _ in 0..=random.below(3) {
                let at = data + random.below(bad.len() - data);
                bad[at] = random.next() as u8;
            }
            let _ = decode(&bad, [1, 2, 4, 7, 8][round % 5]);
        }
    }
}

#[test]
fn a_side_of_65535_with_no_data_costs_little() {
    for (name, mut file) in files() {
        let sof = (2..file.len()).find(|i| file[*i] == 0xFF && matches!(file[i + 1], 0xC0..=0xC2)).unwrap();
        file[sof + 5..sof + 9].fill(0xFF);
        let picture = Jpeg::read(&file).unwrap();
        let scales = vec![Scale::FULL; picture.components().len()];
        assert!(picture.decode_bytes(&scales).unwrap() > 4 << 30, "{name}");
        assert_eq!(decode(&file, 8), Err(Error::Unsupported("over budget")), "{name}");
    }
}

fn segment(code: u8, body: &[u8]) -> Vec<u8> {
    [&[0xFF, code], &(body.len() as u16 + 2).to_be_bytes()[..], body].concat()
}

/// A gray file of 16 x 16 from its parts.
struct Parts {
    dqt: Vec<u8>,
    sof: (u8, Vec<u8>),
    dht: Vec<Vec<u8>>,
    sos: Vec<u8>,
    data: Vec<u8>,
}

impl Parts {
    fn new() -> Parts {
        let dht = |class: u8, symbol: u8| [&[class, 1][..], &[0; 15], &[symbol]].concat();
        Parts {
            dqt: [&[0][..], &[1; 64]].concat(),
            sof: (0xC0, vec![8, 0, 16, 0, 16, 1, 1, 0x11, 0]),
            dht: vec![dht(0x00, 0), dht(0x10, 0)],
            sos: vec![1, 1, 0x00, 0, 63, 0],
            data: vec![0x00],
        }
    }

    fn file(&self) -> Vec<u8> {
        let mut file = vec![0xFF, 0xD8];
        file.extend(segment(0xDB, &self.dqt));
        file.extend(segment(self.sof.0, &self.sof.1));
        self.dht.iter().for_each(|table| file.extend(segment(0xC4, table)));
        file.extend(segment(0xDA, &self.sos));
        file.extend(&self.data);
        file.extend([0xFF, 0xD9]);
        file
    }
}

#[test]
fn each_broken_part_is_named() {
    #[derive(Debug, PartialEq)]
    enum Verdict {
        Fine,
        Corrupt,
        Truncated,
        Unsupported,
    }
    let verdict = |change: &dyn Fn(&mut Parts)| {
        let mut parts = Parts::new();
        change(&mut parts);
        match decode(&parts.file(), 8) {
            Ok(_) => Verdict::Fine,
            Err(Error::Corrupt(_)) => Verdict::Corrupt,
            Err(Error::Truncated(_)) => Verdict::Truncated,
            Err(Error::Unsupported(_)) => Verdict::Unsupported,
            Err(Error::Cancelled) => unreachable!("nobody calls it off"),
        }
    };
    use Verdict::*;
    type Change<'a> = &'a dyn Fn(&mut Parts);
    let cases: &[(&str, Verdict, Change<'_>)] = &[
        ("nothing", Fine, &|_| {}),
        ("extended sequential", Fine, &|p| p.sof.0 = 0xC1),
        ("lossless", Unsupported, &|p| p.sof.0 = 0xC3),
        ("hierarchical", Unsupported, &|p| p.sof.0 = 0xC5),
        ("arithmetic", Unsupported, &|p| p.sof.0 = 0xC9),
        ("12 bits", Unsupported, &|p| p.sof.1[0] = 12),
        ("no height", Unsupported, &|p| p.sof.1[2] = 0),
        ("no width", Corrupt, &|p| p.sof.1[4] = 0),
        ("five components", Unsupported, &|p| p.sof.1[5] = 5),
        ("sampling of nothing", Corrupt, &|p| p.sof.1[7] = 0x10),
        ("sampling of five", Corrupt, &|p| p.sof.1[7] = 0x51),
        ("a short frame header", Corrupt, &|p| p.sof.1.truncate(7)),
        ("no quantiser", Corrupt, &|p| p.sof.1[8] = 1),
        ("a short quantiser", Corrupt, &|p| p.dqt.truncate(40)),
        ("wide steps", Corrupt, &|p| p.dqt[0] = 0x20),
        ("no AC table", Corrupt, &|p| drop(p.dht.pop())),
        ("another AC table", Corrupt, &|p| p.sos[2] = 0x01),
        ("too many codes", Corrupt, &|p| p.dht[0][1] = 3),
        ("a DC difference of 16 bits", Corrupt, &|p| p.dht[0][17] = 16),
        ("an AC symbol of no meaning", Corrupt, &|p| p.dht[1][17] = 0x50),
        ("runs past the end of the block", Corrupt, &|p| {
            (p.dht[1][17], p.data) = (0xF0, vec![0; 40]);
            // Three runs of 16 leave 15 coefficients.
        }),
        ("a code that is not in the table", Corrupt, &|p| p.data = vec![0xFE, 0xFE]),
        ("no such component", Corrupt, &|p| p.sos[1] = 9),
        ("no component in a scan", Corrupt, &|p| p.sos[0] = 0),
        ("no data", Truncated, &|p| p.data.clear()),
        ("a progressive band of DC and AC", Corrupt, &|p| p.sof.0 = 0xC2),
        ("only DC", Truncated, &|p| (p.sof.0, p.sos[4]) = (0xC2, 0)),
        ("a second component that never comes", Truncated, &|p| {
            p.sof.1[5] = 2;
            p.sof.1.extend([2, 0x11, 0]);
        }),
    ];
    for (name, want, change) in cases {
        assert_eq!(verdict(change), *want, "{name}");
    }
}

#[test]
fn restart_markers_are_held_to_their_order() {
    let (_, file) = files().into_iter().find(|(name, _)| *name == "restarts").unwrap();
    let markers: Vec<usize> = (2..file.len() - 1).filter(|i| file[*i] == 0xFF && file[i + 1] & 0xF8 == 0xD0).collect();
    assert!(markers.len() > 3);
    for at in markers {
        let mut swapped = file.clone();
        swapped[at + 1] = 0xD0 | (swapped[at + 1] + 1) & 7;
        assert!(matches!(decode(&swapped, 1), Err(Error::Corrupt(_))));
        let missing = [&file[..at], &file[at + 2..]].concat();
        assert!(matches!(decode(&missing, 1), Err(Error::Corrupt(_) | Error::Truncated(_))));
    }
}

#[test]
fn too_many_scans_are_refused() {
    let (_, file) = files().into_iter().find(|(name, _)| *name == "progressive").unwrap();
    let scan = memchr::memmem::find(&file, &[0xFF, 0xDA]).unwrap();
    // Each coefficient of the first component in two scans of its own, all of them in order: 126 scans.
    let of = |bits: u8| (1..64).flat_map(move |k| [segment(0xDA, &[1, 1, 0, k, k, bits]), vec![0]].concat());
    let dc = segment(0xDA, &[3, 1, 0, 2, 0, 3, 0, 0, 0, 0]);
    let many = [&file[..scan], &dc, &of(0x01).chain(of(0x10)).collect::<Vec<u8>>(), &[0xFF, 0xD9]].concat();
    assert_eq!(Jpeg::read(&many).err(), Some(Error::Corrupt("too many scans")));
    let some = [&file[..scan], &dc, &of(0x00).collect::<Vec<u8>>(), &[0xFF, 0xD9]].concat();
    assert_eq!(Jpeg::read(&some).err(), Some(Error::Truncated("scans are missing")));
}

#[test]
fn decoding_stops_when_called_off() {
    for (name, file) in files() {
        let picture = Jpeg::read(&file).unwrap();
        let scales = vec![Scale::HALF; picture.components().len()];
        for after in 0..3 {
            let mut left = after;
            let mut cancel = || {
                left -= 1;
                left < 0
            };
            assert_eq!(picture.decode(&scales, &mut cancel), Err(Error::Cancelled), "{name}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Any bytes behind a start marker.
    #[test]
    fn noise_is_no_picture(bytes in prop::collection::vec(any::<u8>(), 0..400), n in 1..=8_u8) {
        let _ = decode(&[&[0xFF, 0xD8][..], &bytes].concat(), n);
    }

    /// Sound headers, any data.
    #[test]
    fn any_data_decodes_or_fails(data in prop::collection::vec(any::<u8>(), 0..300), which in 0..8_usize, n in 1..=8_u8) {
        let (_, file) = &files()[which];
        let at = memchr::memmem::find(file, &[0xFF, 0xDA]).unwrap();
        let length = usize::from(file[at + 3]);
        let _ = decode(&[&file[..at + 2 + length], &data].concat(), n);
    }
}
