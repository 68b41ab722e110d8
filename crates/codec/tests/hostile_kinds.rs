//! Truncated, damaged and oversized files of the kinds that are read and not written (G10, G11).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

mod common;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use codec::{Budget, Cancel, CodecError, Decode, decode as decode_with, describe, probe};
use common::*;

fn files() -> Vec<(String, Vec<u8>)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/files");
    let mut out = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if !name.ends_with(".md") && !name.ends_with(".heic") && (!name.ends_with(".png") || name == "wide.png") {
            out.push((name, std::fs::read(path).unwrap()));
        }
    }
    out.sort();
    assert!(out.len() > 25);
    out
}

fn small() -> Budget {
    Budget { input_pixels: 1_000_000, memory: 64 << 20, ..Budget::default() }
}

/// A shorter file either fails, or has every pixel of the whole one.
#[test]
fn truncations_never_lose_pixels() {
    for (name, bytes) in files() {
        let whole = decode(&bytes).unwrap_or_else(|e| panic!("{name}: {e}")).picture;
        let mut random = Random(3);
        let mut lengths: Vec<usize> = (0..30).map(|_| random.below(bytes.len())).collect();
        lengths.extend((1..=12).filter_map(|n| bytes.len().checked_sub(n)));
        for length in lengths {
            match decode(&bytes[..length]) {
                Ok(out) => assert!(out.picture == whole, "{name}: {length} of {} lost pixels", bytes.len()),
                Err(CodecError::Truncated(_) | CodecError::Corrupt(_)) => {}
                Err(CodecError::Unsupported(_)) => assert!(length < 600, "{name}: {length}"),
                Err(other) => panic!("{name}: {length}: {other}"),
            }
        }
    }
}

#[test]
fn flipped_bytes_never_panic() {
    for (name, bytes) in files() {
        let mut random = Random(4);
        for round in 0..60 {
            let mut bad = bytes.clone();
            for _ in 0..=round % 4 {
                let at = random.below(if round % 2 == 0 { bad.len() } else { bad.len().min(200) });
                bad[at] = random.next() as u8;
            }
            let ask = Decode { at_least: Some((9, 9)), all_frames: true, page: round % 2, ..Decode::default() };
            match decode_with(&bad, &ask, &small(), &Cancel::never()) {
                Ok(out) => assert!(out.picture.width() > 0, "{name}"),
                Err(CodecError::Internal(e)) => panic!("{name}: {e}"),
                Err(_) => {}
            }
            let _ = describe(&bad, &small());
        }
    }
}

#[test]
fn budgets_hold_and_jobs_can_be_called_off() {
    let what = |result: Result<codec::Decoded, CodecError>| match result {
        Err(CodecError::OverBudget { what, .. }) => what,
        Err(_) => "another error",
        Ok(_) => "nothing",
    };
    for (name, bytes) in files() {
        let info = probe(&bytes, &Budget::default()).unwrap();
        let with = |budget: &Budget| what(decode_with(&bytes, &Decode::default(), budget, &Cancel::never()));
        let area = u64::from(info.width) * u64::from(info.height);
        assert_eq!(with(&Budget { input_bytes: bytes.len() as u64 - 1, ..Budget::default() }), "input bytes", "{name}");
        let huge = Decode { at_least: Some((30_000, 30_000)), ..Decode::default() };
        if info.kind.is_vector() {
            // A drawing is made smaller to fit, unless it is asked for so large.
            assert_eq!(with(&Budget { input_pixels: area - 1, ..Budget::default() }), "nothing", "{name}");
            assert_eq!(
                what(decode_with(&bytes, &huge, &Budget::default(), &Cancel::never())),
                "input pixels",
                "{name}"
            );
        } else {
            assert_eq!(with(&Budget { input_pixels: area - 1, ..Budget::default() }), "input pixels", "{name}");
            assert_eq!(with(&Budget { memory: area * 3, ..Budget::default() }), "memory", "{name}");
        }
        let out = decode_with(&bytes, &Decode::default(), &Budget::default(), &Cancel::after(1));
        assert_eq!(out.map(|_| ()), Err(CodecError::Cancelled), "{name}");
    }
}

/// Each of these would take minutes or all memory, if nobody counted first.
#[test]
fn drawings_that_ask_for_too_much_are_refused_soon() {
    let svg = |inner: &str| {
        format!(
            "<svg xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink' width='900' height='900'>{inner}</svg>"
        )
    };
    let laughs = (1..10).map(|n| format!("<g id='l{n}'>{}</g>", format!("<use xlink:href='#l{}'/>", n - 1).repeat(10)));
    let laughs = format!(
        "<defs><rect id='l0' width='900' height='900'/>{}</defs><use xlink:href='#l9'/>",
        laughs.collect::<String>()
    );
    let entities =
        (1..10).map(|n| format!("<!ENTITY e{n} '{}'>", format!("&e{};", n - 1).repeat(10))).collect::<String>();
    let text = "x".repeat(100_000);
    let table = [
        ("uses of uses", svg(&laughs)),
        ("entities of entities", format!("<!DOCTYPE svg [<!ENTITY e0 'x'>{entities}]>{}", svg("<text>&e9;</text>"))),
        (
            "a long entity, often",
            format!("<!DOCTYPE svg [<!ENTITY e '{text}'>]>{}", svg(&format!("<text>{}</text>", "&e;".repeat(10_000)))),
        ),
        (
            "a huge pattern",
            svg(
                "<pattern id='p' patternUnits='userSpaceOnUse' width='200000' height='200000'><rect width='9' height='9'/></pattern><rect width='900' height='900' fill='url(#p)'/>",
            ),
        ),
        (
            "noise, over and over",
            svg(&format!(
                "<filter id='f' width='5' height='5'>{}</filter><rect width='900' height='900' filter='url(#f)'/>",
                "<feTurbulence baseFrequency='0.1' numOctaves='9'/>".repeat(100)
            )),
        ),
        (
            "a wide brush",
            svg(
                "<filter id='f'><feMorphology operator='dilate' radius='400'/></filter><rect width='900' height='900' filter='url(#f)'/>",
            ),
        ),
        (
            "layers in layers",
            svg(&format!("{}<rect width='900' height='900'/>{}", "<g opacity='0.9'>".repeat(600), "</g>".repeat(600))),
        ),
        ("styles", svg(&format!("<style>{}</style>{}", "a b c{fill:red}".repeat(20_000), "<g/>".repeat(20_000)))),
    ];
    for (name, text) in table {
        let begun = Instant::now();
        let out = decode(text.as_bytes());
        assert!(
            matches!(out, Err(CodecError::OverBudget { .. } | CodecError::Corrupt(_))),
            "{name}: {:?}",
            out.map(|_| ())
        );
        assert!(begun.elapsed() < Duration::from_secs(20), "{name}: {:?}", begun.elapsed());
    }
    // Nesting costs no more than an error: the stack holds.
    for depth in [2_000, 200_000] {
        let deep = svg(&format!("{}{}", "<g>".repeat(depth), "</g>".repeat(depth)));
        assert!(decode(deep.as_bytes()).is_err(), "{depth}");
    }
    let deep = svg(&format!("{}<rect width='9' height='9'/>{}", "<g>".repeat(900), "</g>".repeat(900)));
    assert!(decode(deep.as_bytes()).is_ok());
}

#[test]
fn pages_that_ask_for_too_much_are_refused_soon() {
    let pdf = |content: &str, more: &str| {
        format!(
            "%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n2 0 obj\n<< /Type /Pages /Kids [3 0 R] /Count 1 >>\nendobj\n\
             3 0 obj\n<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R /Resources << /XObject << /F 5 0 R >> >> >>\nendobj\n\
             4 0 obj\n<< /Length {} >>\nstream\n{content}\nendstream\nendobj\n{more}\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n",
            content.len() + 1
        )
    };
    let many = "0 0 600 800 re f\n".repeat(20_000);
    let group = "5 0 obj\n<< /Type /XObject /Subtype /Form /BBox [0 0 600 800] /Group << /S /Transparency >> \
                 /Resources << /XObject << /F 5 0 R >> >> /Length 11 >>\nstream\n/F Do /F Do\nendstream\nendobj";
    for (name, text) in [
        ("many rectangles", pdf(&many, "")),
        ("a form in itself", pdf("/F Do", group)),
        ("brackets", pdf(&"[".repeat(200_000), "")),
        ("states", pdf(&"q ".repeat(200_000), "")),
        ("dictionaries", pdf("", &format!("9 0 obj\n{}\nendobj", "<< /A ".repeat(100_000)))),
    ] {
        let begun = Instant::now();
        let out = decode(text.as_bytes());
        println!("{name}: {:?} {:?}", out.map(|_| ()), begun.elapsed());
        assert!(begun.elapsed() < Duration::from_secs(20), "{name}: {:?}", begun.elapsed());
    }
    let out = decode(pdf(&many, "").as_bytes());
    assert!(matches!(out, Err(CodecError::OverBudget { .. })), "{:?}", out.map(|_| ()));
    assert!(decode(pdf("0 0 300 400 re f", "").as_bytes()).is_ok());
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(128))]
    /// Any bytes behind any magic: an answer, and no more memory than allowed.
    #[test]
    fn any_bytes_behind_a_magic(kind in 0usize..7, body in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
        let magics: [&[u8]; 7] = [
            b"II*\0\x08\0\0\0", b"BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0", b"\0\0\x01\0\x01\0", b"\xFF\x0A",
            b"%PDF-1.4\n1 0 obj", b"<svg xmlns='http://www.w3.org/2000/svg'>", b"\0\0\0\x0CJXL \r\n\x87\n",
        ];
        let bytes = [magics[kind], &body].concat();
        let _ = probe(&bytes, &small());
        let _ = decode_with(&bytes, &Decode { at_least: Some((5, 5)), ..Decode::default() }, &small(), &Cancel::never());
        let _ = describe(&bytes, &small());
    }
}
