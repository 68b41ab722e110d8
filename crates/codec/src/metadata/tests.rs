#![allow(clippy::unwrap_used, clippy::expect_used)]

use plan::Format;

use super::*;
use crate::{Budget, Cancel, Channels, Decode, Encode, Picture, Pixels};

fn file(format: Format) -> Vec<u8> {
    with(format, &Blocks::default())
}

fn with(format: Format, blocks: &Blocks) -> Vec<u8> {
    let data: Vec<u8> = (0..20 * 10 * 3).map(|v| (v % 251) as u8).collect();
    let picture = Picture::still(Pixels { width: 20, height: 10, channels: Channels::Rgb, data });
    let how = Encode { format, quality: 90, lossless: true, blocks: blocks.clone(), ..Encode::default() };
    crate::encode(&picture, &how, &Cancel::never()).unwrap()
}

/// Orientation 6 and a copyright, then a second directory with a thumbnail `THUMBNAIL`.
fn exif() -> Vec<u8> {
    let mut out = b"MM\0*\0\0\0\x08\0\x02".to_vec();
    out.extend(b"\x01\x12\0\x03\0\0\0\x01\0\x06\0\0");
    out.extend(b"\x82\x98\0\x02\0\0\0\x06\0\0\0\x48");
    out.extend(40u32.to_be_bytes());
    out.resize(40, 0);
    out.extend(b"\0\x02\x02\x01\0\x04\0\0\0\x01\0\0\0\x50\x02\x02\0\x04\0\0\0\x01\0\0\0\x09\0\0\0\0");
    out.resize(0x48, 0);
    out.extend(b"Me&Co\0\0\0THUMBNAIL");
    out
}

const XMP: &str = "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>\
<rdf:Description rdf:about='' xmlns:tiff='http://ns.adobe.com/tiff/1.0/' xmlns:dc='http://purl.org/dc/elements/1.1/' \
xmlns:r='http://ns.adobe.com/xap/1.0/rights/' tiff:Orientation=\"6\" r:Marked='True'>\
<dc:creator><rdf:Seq><rdf:li>A &amp; B</rdf:li><rdf:li>C</rdf:li></rdf:Seq></dc:creator>\
<dc:subject><rdf:Bag><rdf:li>secret</rdf:li></rdf:Bag></dc:subject></rdf:Description></rdf:RDF></x:xmpmeta>";

fn blocks() -> Blocks {
    let iptc = b"\x1C\x01\x5A\0\x03\x1B%G\x1C\x02\x50\0\x02Me\x1C\x02\x19\0\x06secret\x1C\x02\x74\0\x03(c)".to_vec();
    let profile = moxcms::ColorProfile::new_display_p3().encode().unwrap();
    Blocks { exif: Some(exif()), xmp: Some(XMP.into()), iptc: Some(iptc), profile: Some(profile) }
}

const CARRYING: [Format; 4] = [Format::Jpeg, Format::Png, Format::Webp, Format::Avif];

#[test]
fn what_is_written_is_read_again_and_no_pixel_moves() {
    for format in CARRYING {
        let plain = file(format);
        assert_eq!(read(&plain), None, "{format}");
        let tagged = with(format, &blocks());
        let mut want = blocks();
        want.iptc.take_if(|_| format != Format::Jpeg);
        assert_eq!(read(&tagged), Some(want), "{format}");
        let decode = |bytes: &[u8]| {
            let ask = Decode { keep_profile: true, ..Decode::default() };
            crate::decode(bytes, &ask, &Budget::default(), &Cancel::never()).unwrap()
        };
        let (before, after) = (decode(&plain), decode(&tagged));
        assert_eq!(before.picture, after.picture, "{format}");
        assert_eq!(after.info.orientation, 6, "{format}");
        assert_eq!((before.profile, after.profile), (None, blocks().profile), "{format}");
    }
}

/// Each block alone, with alpha, which is an item of its own, and Exif that says nothing. Of such files exiftool 12.57 read the
/// Exif, the XMP, the turn and the profile, and Pillow 13.0.0 the Exif and the XMP (seen once).
#[test]
fn an_avif_carries_what_there_is() {
    let whole = blocks();
    let nothing = Blocks::default();
    for (blocks, want) in [
        (Blocks { exif: whole.exif.clone(), ..nothing.clone() }, None),
        (Blocks { xmp: whole.xmp.clone(), ..nothing.clone() }, None),
        (Blocks { profile: whole.profile.clone(), ..nothing.clone() }, None),
        (Blocks { exif: Some(b"no Exif at all".to_vec()), xmp: whole.xmp.clone(), ..nothing.clone() }, Some("xmp")),
        (Blocks { iptc: whole.iptc.clone(), ..nothing.clone() }, Some("")),
    ] {
        let data = (0..20 * 10 * 4).map(|v| (v % 241) as u8).collect();
        let picture = Picture::still(Pixels { width: 20, height: 10, channels: Channels::Rgba, data });
        let how = Encode { format: Format::Avif, blocks: blocks.clone(), ..Encode::default() };
        let file = crate::encode(&picture, &how, &Cancel::never()).unwrap();
        let want = match want {
            None => Some(blocks),
            Some("xmp") => Some(Blocks { xmp: blocks.xmp, ..Blocks::default() }),
            Some(_) => None,
        };
        assert_eq!(read(&file), want);
        let out = crate::decode(&file, &Decode::default(), &Budget::default(), &Cancel::never()).unwrap();
        assert_eq!(out.picture.channels(), Channels::Rgba);
    }
}

#[test]
fn a_profile_that_is_not_kept_is_converted() {
    let tagged = with(Format::Png, &blocks());
    let out = crate::decode(&tagged, &Decode::default(), &Budget::default(), &Cancel::never()).unwrap();
    let plain = crate::decode(&file(Format::Png), &Decode::default(), &Budget::default(), &Cancel::never()).unwrap();
    assert_eq!(out.profile, None);
    assert_ne!(out.picture, plain.picture);
}

#[test]
fn stripped_is_nothing_but_the_profile() {
    let out = blocks().under(Metadata::Strip, true);
    assert_eq!(out, Blocks { profile: blocks().profile, ..Blocks::default() });
}

#[test]
fn copyright_alone_is_kept() {
    let out = blocks().under(Metadata::Copyright, false);
    let tagged = with(Format::Jpeg, &out);
    let text = String::from_utf8_lossy(&tagged).into_owned();
    for (word, there) in [("Me&Co", true), ("secret", false), ("THUMBNAIL", false), ("A &amp; B", true), ("(c)", true)]
    {
        assert_eq!(text.contains(word), there, "{word}");
    }
    let properties = properties(out.xmp.as_deref().unwrap());
    let find = |name: &str| properties.iter().find(|(n, _)| n == name).map(|(_, texts)| texts.join("|"));
    assert_eq!(find("dc:creator").as_deref(), Some("A & B|C"));
    assert_eq!(find("xmpRights:Marked").as_deref(), Some("True"));
    assert_eq!(find("tiff:Orientation"), None);
    assert_eq!(read(&tagged).unwrap().exif, out.exif);
    let nothing = Blocks { exif: Some(crate::exif::block(6)), ..Blocks::default() }.under(Metadata::Copyright, false);
    assert!(nothing.is_empty());
}

#[test]
fn what_is_kept_is_upright_and_has_no_thumbnail() {
    for (upright, orientation) in [(false, 6), (true, 1)] {
        let out = blocks().under(Metadata::Keep, upright);
        let exif = out.exif.unwrap();
        assert_eq!(crate::exif::orientation(&exif), orientation);
        assert!(!String::from_utf8_lossy(&exif).contains("THUMBNAIL"));
        assert!(String::from_utf8_lossy(&exif).contains("Me&Co"));
        let xmp = String::from_utf8(out.xmp.unwrap()).unwrap();
        assert!(xmp.contains(&format!("tiff:Orientation=\"{orientation}\"")), "{xmp}");
        assert_eq!(out.iptc, blocks().iptc);
    }
}

#[test]
fn damaged_blocks_never_panic() {
    let whole = blocks();
    let parts = [whole.exif.clone().unwrap(), whole.xmp.clone().unwrap(), whole.iptc.clone().unwrap()];
    let files = CARRYING.map(|format| with(format, &whole));
    let mut seed = 11u64;
    let mut next = |below: usize| {
        seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (seed >> 33) as usize % below
    };
    for round in 0..2000 {
        let mut bad = parts.clone();
        for part in &mut bad {
            for _ in 0..1 + round % 4 {
                let at = next(part.len());
                part[at] = next(256) as u8;
            }
            part.truncate(part.len() - next(part.len()) / 2);
        }
        let [exif, xmp, iptc] = bad;
        let bad = Blocks { exif: Some(exif), xmp: Some(xmp), iptc: Some(iptc), profile: None };
        for policy in [Metadata::Copyright, Metadata::Keep] {
            let _ = bad.clone().under(policy, true);
        }
        let mut file = files[round % 4].clone();
        for _ in 0..4 {
            let at = next(file.len());
            file[at] = next(256) as u8;
        }
        let _ = read(&file);
    }
}
