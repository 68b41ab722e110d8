//! Files of every kind, made by other programs, against the pixels that other decoders read from them. What made what
//! stands in `files/PROVENANCE.md`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

mod common;

use std::path::PathBuf;

use codec::{Budget, Cancel, Channels, CodecError, Decode, Kind, Pixels, probe, probe_page, sniff};
use common::*;

fn file(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/files").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn reference(name: &str) -> Pixels {
    decode(&file(&format!("{name}.png"))).unwrap().picture.frames.remove(0).pixels
}

/// Mean and largest difference of colours, as seen on white, and of alpha.
fn differences(a: &Pixels, b: &Pixels) -> (f64, u8) {
    assert_eq!((a.width, a.height), (b.width, b.height));
    let flat = |p: &Pixels| -> Vec<u8> {
        let count = p.channels.count();
        let seen = |v: u8, alpha: u32| ((u32::from(v) * alpha + 255 * (255 - alpha) + 127) / 255) as u8;
        let pixel = |p: &[u8]| {
            let alpha = if count == 4 { p[3] } else { 255 };
            [seen(p[0], alpha.into()), seen(p[1], alpha.into()), seen(p[2], alpha.into()), alpha]
        };
        p.data.chunks_exact(count).flat_map(pixel).collect()
    };
    let (a, b) = (flat(a), flat(b));
    let most = a.iter().zip(&b).map(|(a, b)| a.abs_diff(*b)).max().unwrap_or(0);
    (distance(&a, &b), most)
}

fn check(name: &str, ask: &Decode, reference_name: &str, mean: f64, most: u8) {
    let bytes = file(name);
    let out =
        codec::decode(&bytes, ask, &Budget::default(), &Cancel::never()).unwrap_or_else(|e| panic!("{name}: {e}"));
    let first = &out.picture.frames[0].pixels;
    assert_eq!(out.info, probe_page(&bytes, ask.page, &Budget::default()).unwrap(), "{name}");
    assert_eq!(first.channels == Channels::Rgba, out.info.may_have_alpha, "{name}");
    let found = differences(first, &reference(reference_name));
    println!("{name}: mean {:.3}, most {}", found.0, found.1);
    assert!(found.0 <= mean && found.1 <= most, "{name}: mean {:.3}, most {}", found.0, found.1);
}

#[test]
fn pixels_are_those_of_other_decoders() {
    for (name, mean, most) in [
        ("rgb-lzw.tiff", 0.0, 0),
        ("rgb-deflate.tiff", 0.0, 0),
        ("rgb-packbits.tiff", 0.0, 0),
        ("rgb-jpeg.tiff", 1.5, 6),
        ("rgba.tiff", 0.0, 0),
        ("grey.tiff", 0.0, 0),
        // Pillow takes the upper byte of a palette's 16-bit colours; here they are rounded (measured: 0.356).
        ("palette.tiff", 0.4, 1),
        ("bits.tiff", 0.0, 0),
        ("cmyk.tiff", 0.5, 1),
        ("wide.tiff", 0.0, 0),
        ("wide.png", 0.0, 0),
        ("planes.tiff", 0.0, 0),
        ("tiles.tiff", 0.0, 0),
        ("rgb24.bmp", 0.0, 0),
        ("rgb32.bmp", 0.0, 0),
        ("palette8.bmp", 0.0, 0),
        ("palette4.bmp", 0.0, 0),
        ("bits1.bmp", 0.0, 0),
        ("rle8.bmp", 0.0, 0),
        ("masks16.bmp", 0.5, 1),
        ("alpha-v4.bmp", 0.0, 0),
        ("png.ico", 0.0, 0),
        ("bmp.ico", 0.0, 0),
        ("palette.ico", 0.0, 0),
        ("lossless.jxl", 0.0, 0),
        ("lossy.jxl", 0.3, 2),
        ("alpha.jxl", 0.0, 0),
        ("grey.jxl", 0.0, 0),
        ("jpeg.jxl", 0.6, 3),
    ] {
        check(name, &Decode::default(), name, mean, most);
    }
}

#[test]
fn drawings_are_those_of_other_programs() {
    // Edges are smoothed in other ways: a line of pixels differs, no area.
    let at = |w, h, page| Decode { at_least: Some((w, h)), page, ..Decode::default() };
    check("shapes.svg", &at(120, 80, 0), "shapes.svg", 1.5, 255);
    check("pages.pdf", &at(160, 128, 0), "pages.pdf.1", 1.5, 255);
    // The page is 133.33 pixels high: the last row is half a row of the page (measured: 1.643, all of it there).
    check("pages.pdf", &at(80, 134, 1), "pages.pdf.2", 1.8, 255);
}

#[test]
fn pages_are_found_and_missed() {
    let page = |page| Decode { page, ..Decode::default() };
    check("pages.tiff", &page(1), "pages.tiff", 0.0, 0);
    assert_eq!(probe(&file("pages.tiff"), &Budget::default()).unwrap().orientation, 6);
    for name in ["pages.tiff", "pages.pdf"] {
        let out = codec::decode(&file(name), &page(2), &Budget::default(), &Cancel::never());
        assert!(matches!(out, Err(CodecError::Unsupported(_))), "{name}");
    }
    let natural = probe_page(&file("pages.pdf"), 1, &Budget::default()).unwrap();
    assert_eq!((natural.width, natural.height), (80, 134), "a page turned by its document");
}

#[test]
fn drawings_are_drawn_at_the_size_that_is_needed() {
    for (name, natural) in [("shapes.svg", (60u32, 40u32)), ("pages.pdf", (160, 128))] {
        for (at_least, want) in [
            (None, natural),
            (Some((natural.0 / 2, 1)), (natural.0 / 2, natural.1 / 2)),
            (Some((1, natural.1 * 3)), (natural.0 * 3, natural.1 * 3)),
            (Some((0, 0)), (natural.0.div_ceil(natural.1), 1)),
        ] {
            let ask = Decode { at_least, ..Decode::default() };
            let out = codec::decode(&file(name), &ask, &Budget::default(), &Cancel::never()).unwrap();
            let (width, height) = (out.picture.width(), out.picture.height());
            assert!(width.abs_diff(want.0) <= 1 && height == want.1, "{name} {at_least:?}: {width}x{height}");
            assert_eq!((out.info.width, out.info.height), natural);
        }
    }
}

#[test]
fn a_jxl_may_move() {
    let out = decode(&file("moving.jxl")).unwrap();
    assert_eq!((out.info.frames, out.picture.frames.len()), (3, 3));
    assert_eq!(out.picture.frames.iter().map(|f| f.delay_ms).collect::<Vec<_>>(), [50, 70, 90]);
    assert_ne!(out.picture.frames[0].pixels, out.picture.frames[1].pixels);
    let first = codec::decode(&file("moving.jxl"), &Decode::default(), &Budget::default(), &Cancel::never()).unwrap();
    assert_eq!(first.picture.frames.len(), 1);
    assert_eq!(first.picture.frames[0].pixels, out.picture.frames[0].pixels);
}

#[test]
fn an_svg_reaches_for_nothing_outside() {
    let svg = |inner: &str| {
        format!(
            "<svg xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink' width='8' height='8'>{inner}</svg>"
        )
    };
    let red = encode(
        &codec::Picture::still(Pixels { width: 4, height: 4, channels: Channels::Rgb, data: [255, 0, 0].repeat(16) }),
        &how(plan::Format::Png),
    );
    let name = std::env::temp_dir().join(format!("codec-outside-{}.png", std::process::id()));
    std::fs::write(&name, &red).unwrap();
    let base64 = |bytes: &[u8]| {
        const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        bytes
            .chunks(3)
            .flat_map(|c| {
                let v = c.iter().fold(0u32, |v, b| v << 8 | u32::from(*b)) << (8 * (3 - c.len()));
                (0..4).map(move |i| if i <= c.len() { DIGITS[(v >> (18 - 6 * i) & 63) as usize] as char } else { '=' })
            })
            .collect::<String>()
    };
    let image = |href: &str| svg(&format!("<image width='8' height='8' xlink:href='{href}'/>"));
    let inside = format!("data:image/png;base64,{}", base64(&red));
    let nested = format!("data:image/svg+xml;base64,{}", base64(image(&inside).as_bytes()));
    let path = name.display().to_string();
    for (drawn, text) in [
        (true, image(&inside)),
        (true, image(&nested)),
        (false, image(&path)),
        (false, image(&format!("file://{path}"))),
        (false, image(&format!("data:image/svg+xml;base64,{}", base64(image(&path).as_bytes())))),
        (false, svg("<text x='0' y='8'>M</text>")),
        (false, svg("<script>1</script>")),
    ] {
        let out = decode(text.as_bytes()).unwrap();
        let seen = out.picture.frames[0].pixels.data.chunks_exact(4).any(|p| p[3] > 0);
        assert_eq!(seen, drawn, "{text}");
    }
    std::fs::remove_file(&name).unwrap();
}

#[test]
fn every_file_is_of_the_kind_its_name_says() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/files");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let kind = match path.extension().and_then(|e| e.to_str()).unwrap() {
            "tiff" => Kind::Tiff,
            "bmp" => Kind::Bmp,
            "ico" => Kind::Ico,
            "jxl" => Kind::JpegXl,
            "svg" => Kind::Svg,
            "pdf" => Kind::Pdf,
            _ => continue,
        };
        assert_eq!(sniff(&std::fs::read(&path).unwrap()), Some(kind), "{}", path.display());
        seen += 1;
    }
    assert!(seen > 25, "{seen}");
}
