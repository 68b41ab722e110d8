//! What a file says of itself.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::path::PathBuf;

use codec::metadata::Blocks;
use codec::{Budget, Channels, Description, Encode, describe};
use common::*;
use plan::Format;

fn of(name: &str) -> Description {
    let bytes = std::fs::read(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/files").join(name)).unwrap();
    let said = describe(&bytes, &Budget::default()).unwrap();
    assert_eq!(said.bytes, bytes.len() as u64);
    said
}

#[test]
fn samples_pages_and_models() {
    for (name, bit_depth, model, pages) in [
        ("wide.tiff", 16, "rgb", 1),
        ("wide.png", 16, "rgb", 1),
        ("cmyk.tiff", 8, "cmyk", 1),
        ("grey.tiff", 8, "gray", 1),
        ("bits.tiff", 1, "gray", 1),
        ("pages.tiff", 8, "rgb", 2),
        ("pages.pdf", 8, "rgb", 2),
        ("grey.jxl", 8, "gray", 1),
        ("lossy.jxl", 8, "rgb", 1),
        ("shapes.svg", 8, "rgb", 1),
        ("rgb24.bmp", 8, "rgb", 1),
    ] {
        let said = of(name);
        assert_eq!((said.bit_depth, said.color_model, said.pages), (bit_depth, model, pages), "{name}");
    }
}

#[test]
fn metadata_as_people_read_it() {
    let mut exif = b"MM\0*\0\0\0\x08\0\x04".to_vec();
    exif.extend(b"\x01\x0F\0\x02\0\0\0\x06\0\0\0\x3E\x01\x12\0\x03\0\0\0\x01\0\x06\0\0");
    exif.extend(b"\x01\x1A\0\x05\0\0\0\x01\0\0\0\x44\x01\x1B\0\x05\0\0\0\x01\0\0\0\x44\0\0\0\0");
    exif.extend(b"Maker\0\0\0\x01\x2C\0\0\0\x01");
    let xmp = "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>\
        <rdf:Description xmlns:dc='http://purl.org/dc/elements/1.1/'><dc:subject><rdf:Bag><rdf:li>a</rdf:li><rdf:li>b</rdf:li>\
        </rdf:Bag></dc:subject></rdf:Description></rdf:RDF></x:xmpmeta>";
    let blocks = Blocks {
        exif: Some(exif),
        xmp: Some(xmp.into()),
        iptc: Some(b"\x1C\x02\x19\0\x03one\x1C\x02\x19\0\x03two\x1C\x02\x78\0\x04caf\xE9".to_vec()),
        profile: Some(moxcms::ColorProfile::new_display_p3().encode().unwrap()),
    };
    let plain = encode(&still(30, 20, Channels::Rgb), &how(Format::Jpeg));
    let tagged = encode(&still(30, 20, Channels::Rgb), &Encode { blocks, ..how(Format::Jpeg) });
    let said = describe(&tagged, &Budget::default()).unwrap();
    let find = |group: &str, name: &str| {
        said.fields.iter().find(|field| (field.group, field.name.as_str()) == (group, name)).map(|f| f.value.as_str())
    };
    assert_eq!(find("TIFF", "Make"), Some("Maker"));
    assert_eq!(find("IPTC", "Keywords"), Some("one; two"));
    assert_eq!(find("IPTC", "CaptionAbstract"), Some("café"));
    assert_eq!(find("XMP", "dc:subject"), Some("a; b"));
    assert_eq!(said.info.orientation, 6);
    assert!(said.profile.as_deref().is_some_and(|name| name.contains("P3")), "{:?}", said.profile);
    let said = describe(&plain, &Budget::default()).unwrap();
    assert_eq!((said.fields, said.profile, said.color_model), (Vec::new(), None, "rgb"));
}

#[test]
fn density_by_the_container_or_by_exif() {
    let mut exif = b"II*\0\x08\0\0\0\x02\0".to_vec();
    exif.extend(b"\x1A\x01\x05\0\x01\0\0\0\x26\0\0\0\x1B\x01\x05\0\x01\0\0\0\x26\0\0\0\0\0\0\0");
    exif.extend(b"\x2C\x01\0\0\x01\0\0\0");
    let blocks = Blocks { exif: Some(exif), ..Blocks::default() };
    let tagged = encode(&still(30, 20, Channels::Rgb), &Encode { blocks, ..how(Format::Webp) });
    assert_eq!(describe(&tagged, &Budget::default()).unwrap().density, Some((300.0, 300.0)));
}
