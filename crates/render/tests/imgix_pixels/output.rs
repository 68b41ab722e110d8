//! Formats, and what a file says.

use super::*;

/// Many colours, none alike.
fn ramp() -> Vec<u8> {
    png(64, 64, |x, y| [x as u8 * 4, y as u8 * 4, (x as u8 ^ y as u8) * 4, 255])
}

fn bytes(query: &str) -> Vec<u8> {
    made_of(query, &ramp(), &[]).bytes
}

/// What begins a segment of a JPEG of this marker, behind its length.
fn segment(jpeg: &[u8], marker: u8) -> Option<&[u8]> {
    let mut at = 2;
    while let [0xff, found, high, low, ..] = jpeg.get(at..)? {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        if *found == marker {
            return jpeg.get(at + 4..at + 2 + length);
        }
        at += 2 + length;
    }
    None
}

/// The first chunk of a PNG of this name.
fn chunk<'p>(png: &'p [u8], name: &[u8; 4]) -> Option<&'p [u8]> {
    let mut at = 8;
    loop {
        let length = u32::from_be_bytes(png.get(at..at + 4)?.try_into().ok()?) as usize;
        if png.get(at + 4..at + 8)? == name {
            return png.get(at + 8..at + 8 + length);
        }
        at += 12 + length;
    }
}

#[test]
fn files_are_of_the_format_that_is_said() {
    for (query, begins) in [
        ("fm=jpg", &[0xff, 0xd8, 0xff][..]),
        ("fm=pjpg", &[0xff, 0xd8, 0xff]),
        ("fm=png", b"\x89PNG"),
        ("fm=png32", b"\x89PNG"),
        ("fm=png8", b"\x89PNG"),
        ("fm=gif", b"GIF89a"),
        ("fm=webp", b"RIFF"),
        ("w=64", b"\x89PNG"),
        ("fm=json", b"{"),
    ] {
        assert!(bytes(query).starts_with(begins), "{query}");
    }
    assert_eq!(bytes("fm=avif").get(4..12), Some(&b"ftypavif"[..]));
    assert!(made_of("fm=blurhash", &ramp(), &[]).content_type.starts_with("text/plain"));
    // 4 by 3 components make 28 characters.
    assert_eq!(bytes("fm=blurhash").len(), 28);
}

#[test]
fn less_quality_is_fewer_bytes() {
    for format in ["jpg", "webp", "avif"] {
        let sizes: Vec<usize> = [20, 50, 90].iter().map(|q| bytes(&format!("fm={format}&q={q}")).len()).collect();
        assert!(sizes.is_sorted_by(|a, b| a < b), "{format}: {sizes:?}");
        assert_eq!(bytes(&format!("fm={format}")), bytes(&format!("fm={format}&q=75")), "75 unless said");
        assert_eq!(bytes(&format!("fm={format}&auto=compress")), bytes(&format!("fm={format}&q=45")));
    }
}

#[test]
fn jpegs_are_progressive_unless_said() {
    let is_progressive = |query: &str| segment(&bytes(query), 0xc2).is_some();
    for (query, progressive) in [
        ("fm=jpg", true),
        ("fm=pjpg", true),
        ("fm=jpg&jpg-progressive=false", false),
        ("fm=jpg&jpeg-progressive=0", false),
        ("fm=jpg&jpg-progressive=true", true),
    ] {
        assert_eq!(is_progressive(query), progressive, "{query}");
        assert_eq!(segment(&bytes(query), 0xc0).is_some(), !progressive, "{query}");
    }
}

/// The sampling factors of luminance: ITU-T T.81, B.2.2.
#[test]
fn jpegs_keep_as_much_colour_as_said() {
    for (query, factors) in [("q=75", 0x22), ("chromasub=420", 0x22), ("chromasub=422", 0x21), ("chromasub=444", 0x11)]
    {
        let jpeg = bytes(&format!("fm=jpg&{query}"));
        let frame = segment(&jpeg, 0xc2).unwrap();
        assert_eq!(frame[7], factors, "{query}");
    }
}

#[test]
fn lossless_is_what_it_says() {
    let wanted = read(&ramp());
    assert_eq!(read(&bytes("fm=webp&lossless=true")), wanted);
    assert_eq!(read(&bytes("fm=webp&lossless=1&q=1")), wanted);
    assert_ne!(read(&bytes("fm=webp&lossless=false")), wanted);
    assert_eq!(read(&bytes("fm=png")), wanted);
}

#[test]
fn palettes_of_files_have_no_more_colours() {
    for colors in [2, 7, 64] {
        let png = bytes(&format!("fm=png8&colorquant={colors}"));
        let entries = chunk(&png, b"PLTE").unwrap().len() / 3;
        assert!(entries <= colors && entries > colors / 2, "{colors}: {entries}");
    }
    for (query, most) in [("fm=gif&colorquant=2", 2), ("fm=gif&colorquant=16", 16), ("fm=gif", 256)] {
        let used: std::collections::BTreeSet<[u8; 4]> = read(&bytes(query)).pixels.into_iter().collect();
        assert!(used.len() <= most && used.len() > most / 2, "{query}: {}", used.len());
    }
    assert!(chunk(&bytes("fm=png8"), b"PLTE").unwrap().len() / 3 > 200);
    assert!(chunk(&bytes("fm=png"), b"PLTE").is_none());
}

#[test]
fn files_claim_the_density_that_is_said() {
    // JFIF: unit 1 is an inch. PNG counts in metres: 300 / 0.0254.
    let jpeg = bytes("fm=jpg&dpi=300");
    assert_eq!(segment(&jpeg, 0xe0).unwrap().get(7..12), Some(&[1, 1, 44, 1, 44][..]));
    let png = bytes("fm=png&dpi=300");
    let said = chunk(&png, b"pHYs").unwrap();
    assert_eq!((said[8], u32::from_be_bytes(said[..4].try_into().unwrap())), (1, 11_811));
    assert!(chunk(&bytes("fm=png&dpi=0"), b"pHYs").is_none());
    let made = made_of("dpi=300", &ramp(), &[]);
    assert_eq!((made.width, made.height), (64, 64));
}

#[test]
fn profiles_are_written_where_they_are_asked_for() {
    for (query, profile) in [("cs=srgb", true), ("cs=tinysrgb", true), ("cs=strip", false), ("q=75", false)] {
        assert_eq!(chunk(&bytes(&format!("fm=png&{query}")), b"iCCP").is_some(), profile, "{query}");
    }
}

/// Other values, which mean the same colours to whoever heeds the profile.
#[test]
fn adobe_rgb_is_other_values_of_the_same_colours() {
    let master = png(32, 32, |x, y| [(x * 6) as u8 + 30, (y * 6) as u8 + 40, 120, 255]);
    for format in ["png", "jpg&q=100&chromasub=444", "webp&lossless=1", "avif&q=100"] {
        let file = made_of(&format!("cs=adobergb1998&fm={format}"), &master, &[]).bytes;
        let decoded = |keep_profile: bool| {
            let decode = Decode { keep_profile, ..Decode::default() };
            codec::decode(&file, &decode, &Budget::default(), &Cancel::never()).unwrap()
        };
        let (said, seen) = (decoded(true), decoded(false));
        assert!(said.profile.is_some(), "{format}");
        let far = |picture: &Picture| {
            let pixels = &picture.frames[0].pixels;
            let count = pixels.channels.count();
            let at = |x: usize, y: usize| &pixels.data[(y * 32 + x) * count..][..3];
            let apart = |x: usize, y: usize| {
                let want = [(x * 6) as u8 + 30, (y * 6) as u8 + 40, 120];
                at(x, y).iter().zip(want).map(|(a, b)| u32::from(a.abs_diff(b))).max().unwrap()
            };
            let sum: u32 = (0..32).flat_map(|y| (0..32).map(move |x| (x, y))).map(|(x, y)| apart(x, y)).sum();
            f64::from(sum) / 1024.0
        };
        let (raw, shown) = (far(&said.picture), far(&seen.picture));
        assert!(raw > 10.0 && shown < 2.0, "{format}: {raw} apart as written, {shown} as shown");
    }
}

/// Half red, a third blue, a sixth white.
fn flag() -> Vec<u8> {
    png(60, 20, |x, _| match x {
        0..30 => RED,
        30..50 => BLUE,
        _ => WHITE,
    })
}

#[test]
fn colours_are_reported() {
    let json = String::from_utf8(made_of("palette=json&colors=3", &flag(), &[]).bytes).unwrap();
    let report: serde_json::Value = serde_json::from_str(&json).unwrap();
    let named: Vec<&str> = report["colors"].as_array().unwrap().iter().map(|c| c["hex"].as_str().unwrap()).collect();
    for wanted in ["#ff0000", "#0000ff", "#ffffff"] {
        assert!(named.contains(&wanted), "{wanted} in {json}");
    }
    assert_eq!(named.len(), 3, "{json}");
    let css = String::from_utf8(made_of("palette=css&colors=2&prefix=swatch", &flag(), &[]).bytes).unwrap();
    assert!(css.contains(".swatch-fg-1 {") && css.contains(".swatch-bg-2 {") && !css.contains("-fg-3 "), "{css}");
    let css = String::from_utf8(made_of("palette=css", &flag(), &[]).bytes).unwrap();
    assert!(css.contains(".image-fg-1 { color:#") && css.contains("!important"), "{css}");
}

/// The n-th of three frames, and a picture that no longer moves.
#[test]
fn frames_are_picked() {
    let frames = [RED, GREEN, BLUE].map(|color| pixels(16, 16, move |_, _| color));
    let moving = file(Format::Gif, &frames);
    assert_eq!(made_of("w=8", &moving, &[]).frames, 3);
    for (query, color) in [("frame=1", RED), ("frame=2", GREEN), ("frame=3", BLUE), ("page=3", BLUE)] {
        let made = made_of(query, &moving, &[]);
        assert_eq!((made.frames, made.format), (1, Format::Gif), "{query}");
        assert_near(read(&made.bytes).at(8, 8), color, 2, query);
    }
}
