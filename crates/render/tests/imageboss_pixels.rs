//! What ImageBoss's URLs draw, held against plain arithmetic and the numbers that its documentation and clients name.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod urls;

use dialect::Settings;
use dialect::imageboss::Imageboss;
use plan::{AcceptClass, Format, Plan};
use testkit::pictures::{Rgb, encode_png};
use urls::{BLUE, Drawn, GREEN, GREY, MAGENTA, RED, YELLOW, draw_for, flat, halves, noise, plan_of, quarters};

/// As PNG, whose pixels are those that were made.
fn draw(path: &str, master: &[u8], marks: &[&[u8]]) -> Drawn {
    draw_for(AcceptClass::Basic, &Imageboss, &format!("/s/{path}/p.png"), master, marks)
}

#[test]
fn sizes_follow_the_documentation() {
    let master = quarters(400, 200);
    for (path, size) in [
        ("cdn", (400, 200)),
        ("width/200", (200, 100)),
        ("height/50", (100, 50)),
        ("width/800", (800, 400)),
        ("width/800/withoutEnlargement:true", (400, 200)),
        ("cover/100x100", (100, 100)),
        ("cover:contain/100x100", (100, 100)),
        ("cover:inside/100x100", (100, 50)),
        ("cover/100x100/ignoreAspectRatio:true", (100, 100)),
        // The largest of this ratio that fits.
        ("cover:center/600x600/withoutEnlargement:true", (200, 200)),
        ("width/100/dpr:2", (200, 100)),
        ("cover/50x40/dpr:1.5", (75, 60)),
        ("cdn/extract:150;50;200;100", (200, 100)),
        ("width/50/extract:150-50-200-100", (50, 25)),
        ("cdn/extract:350;150;900;900", (50, 50)),
    ] {
        assert_eq!(draw(path, &master, &[]).size(), size, "{path}");
    }
    assert_eq!(draw("width/1600/withoutEnlargement:true", &quarters(900, 600), &[]).size(), (900, 600));
    assert_eq!(draw("cover:contain/800x533/format:png", &quarters(90, 60), &[]).size(), (800, 533));
    let stretched = draw("cover/100x100/ignoreAspectRatio:true", &master, &[]);
    stretched.is(10, 10, RED);
    stretched.is(90, 90, YELLOW);
    draw("cdn/extract:150;50;200;100", &master, &[]).is(190, 90, YELLOW);
}

#[test]
fn crops_keep_the_place_that_is_named() {
    let master = quarters(400, 200);
    // Half the size is 200x100; a window of 100x100 is cut from it.
    for (path, left, right) in [
        ("cover:west/100x100", RED, RED),
        ("cover:northeast/100x100", GREEN, GREEN),
        ("cover:center/100x100", RED, GREEN),
        ("cover/100x100/fp-x:1,fp-y:0.5", GREEN, GREEN),
        ("cover/100x100/fp-x:0.5,fp-y:0.5", RED, GREEN),
        ("cover:face/100x100/fp-x:0.1", RED, RED),
        // An anchor goes before a focal point.
        ("cover:west/100x100/fp-x:1", RED, RED),
    ] {
        let cut = draw(path, &master, &[]);
        cut.is(5, 10, left);
        cut.is(95, 10, right);
    }
    for (path, color) in [
        ("cover:north/200x50", RED),
        ("cover:south/200x50", BLUE),
        ("cover/200x50/fp-y:1", BLUE),
        ("cover/200x50/fp-y:0", RED),
    ] {
        draw(path, &master, &[]).is(10, 25, color);
    }
    // The middle half of what 100x100 would show: 100 of 200 pixels, from 150 on, and 50 rows above and below the middle.
    let marked =
        encode_png(&Rgb::from_fn(
            400,
            200,
            |x, y| {
                if (160..240).contains(&x) && (60..140).contains(&y) { RED } else { BLUE }
            },
        ));
    let near = draw("cover:center/100x100/fp-z:2", &marked, &[]);
    near.is(4, 50, BLUE);
    near.is(50, 4, BLUE);
    near.is(15, 50, RED);
    near.is(85, 85, RED);
}

#[test]
fn padding_has_the_colour_that_is_named() {
    let master = quarters(400, 200);
    let contain = draw("cover:contain/100x100/fill-color:f80", &master, &[]);
    contain.is(50, 5, [255, 136, 0]);
    contain.is(10, 30, RED);
    contain.is(90, 70, YELLOW);
    draw("cover:contain/100x100", &master, &[]).is_clear(50, 5);
    // Padding is added behind the blur.
    let blurred = draw("cover:contain/100x100/fill-color:f80,blur:8", &master, &[]);
    blurred.is(50, 23, [255, 136, 0]);
    let jpeg = draw_for(AcceptClass::Basic, &Imageboss, "/s/cover:contain/100x100/format:jpg/p.png", &master, &[]);
    jpeg.is(50, 5, [255, 255, 255]);
}

#[test]
fn borders_are_cut_off() {
    let framed = encode_png(&Rgb::from_fn(160, 100, |x, y| match (30..130).contains(&x) && (20..80).contains(&y) {
        true => RED,
        false => [250, 250, 250],
    }));
    assert_eq!(draw("cdn/trim:true", &framed, &[]).size(), (100, 60));
    assert_eq!(draw("width/50/trim:20", &framed, &[]).size(), (50, 30));
    assert_eq!(draw("cdn/trim:false", &framed, &[]).size(), (160, 100));
}

#[test]
fn levels_are_what_they_say() {
    let master = halves([60, 60, 60], [200, 200, 200]);
    for (path, dark, light) in [
        // factor * value + offset
        ("cdn/linear:1.2", 72, 240),
        ("cdn/linear:0.5;20", 50, 120),
        ("cdn/linear:1-30", 90, 230),
        ("cdn/linear:2", 120, 255),
        // White from this luminance on.
        ("cdn/threshold:128", 0, 255),
        ("cdn/threshold:200", 0, 255),
        ("cdn/threshold:201", 0, 0),
        ("cdn/threshold:60", 255, 255),
    ] {
        let drawn = draw(path, &master, &[]);
        drawn.is(10, 10, [dark; 3]);
        drawn.is(390, 10, [light; 3]);
    }
    let gray = draw("cdn/grayscale:true", &quarters(400, 200), &[]);
    for (x, y) in [(10, 10), (390, 10), (10, 190), (390, 190)] {
        let [r, g, b, _] = gray.at(x, y);
        assert!(r == g && g == b, "{:?}", gray.at(x, y));
    }
    assert!(gray.at(10, 190)[0] < gray.at(10, 10)[0] && gray.at(10, 10)[0] < gray.at(390, 190)[0], "by luminance");
}

/// A blurred edge is the integral of the bell curve of that standard deviation.
#[test]
fn a_blurred_edge_is_a_bell_curve() {
    let master = halves([0, 0, 0], [255, 255, 255]);
    for sigma in [2.0, 4.0, 10.0] {
        let drawn = draw(&format!("cdn/blur:{sigma}"), &master, &[]);
        for x in [190, 195, 198, 199, 200, 201, 204, 209] {
            let want = 255.0 * normal((f64::from(x) + 0.5 - 200.0) / sigma);
            let found = f64::from(drawn.at(x, 100)[0]);
            assert!((found - want).abs() < 6.0, "blur:{sigma} at {x}: {found}, not {want:.1}");
        }
    }
    let on = draw("cdn/blur:true", &master, &[]);
    assert_eq!(on.pixels.data, draw("cdn/blur:2", &master, &[]).pixels.data);
}

/// The cumulative normal distribution, by summing its density.
fn normal(z: f64) -> f64 {
    let density = |z: f64| (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
    let steps = 20_000;
    let step = (z + 8.0) / f64::from(steps);
    (0..steps).map(|at| density(-8.0 + (f64::from(at) + 0.5) * step) * step).sum()
}

/// The vendor's words: 2 to 6 in real URLs. An edge grows steeper, plain areas stay.
#[test]
fn an_edge_grows_sharper() {
    let master = halves([80, 80, 80], [170, 170, 170]);
    let sharp = draw("cdn/sharpen:2", &master, &[]);
    sharp.is(50, 100, [80; 3]);
    sharp.is(350, 100, [170; 3]);
    assert!(sharp.at(199, 100)[0] < 75 && sharp.at(200, 100)[0] > 175);
    let bright = draw("cdn/gamma:2.2", &master, &[]);
    assert!(bright.at(10, 10)[0] > 100, "mid-tones are brighter");
    draw("cdn/gamma:2.2", &halves([0, 0, 0], [255, 255, 255]), &[]).is(390, 10, [255; 3]);
}

#[test]
fn watermarks_lie_where_they_are_put() {
    let (master, mark) = (flat(400, 200, GREY), flat(20, 10, MAGENTA));
    for (options, bounds) in [
        ("", (380, 190, 399, 199)),
        ("wmk-position:center", (190, 95, 209, 104)),
        ("wmk-gravity:northwest,wmk-pad:12", (12, 12, 31, 21)),
        ("wmk-position:north,wmk-pad:12", (190, 12, 209, 21)),
        ("wmk-width:40,wmk-position:northwest", (0, 0, 39, 19)),
        ("wmk-height:40,wmk-position:northwest", (0, 0, 79, 39)),
        ("wmk-width:20,wmk-pad:5,dpr:2", (350, 170, 389, 189)),
    ] {
        let drawn = draw(&format!("cdn/wmk-path:%2Fl.png,{options}"), &master, &[&mark]);
        assert_eq!(drawn.bounds_of(MAGENTA), Some(bounds), "{options}");
    }
    // At most the picture's width.
    let large = draw("cdn/wmk-path:%2Fl.png", &master, &[&flat(800, 200, MAGENTA)]);
    assert_eq!(large.bounds_of(MAGENTA), Some((0, 100, 399, 199)));
    let faint = draw("cdn/wmk-path:%2Fl.png,wmk-position:center,wmk-opacity:50", &master, &[&mark]);
    faint.is(200, 100, [178, 50, 178]);
}

#[test]
fn formats_go_to_those_who_take_them() {
    let noise = noise(200);
    for (options, accept, format) in [
        ("format:auto", AcceptClass::Avif, Format::Avif),
        ("format:auto", AcceptClass::Webp, Format::Webp),
        ("format:auto", AcceptClass::Basic, Format::Png),
        ("format:webp", AcceptClass::Basic, Format::Webp),
        ("format:jpg", AcceptClass::Avif, Format::Jpeg),
        ("quality:80", AcceptClass::Avif, Format::Png),
        ("webp:true", AcceptClass::Webp, Format::Webp),
        ("webp:true", AcceptClass::Basic, Format::Png),
    ] {
        let drawn = draw_for(accept, &Imageboss, &format!("/s/width/100/{options}/p.png"), &noise, &[]);
        assert_eq!(drawn.file.format, format, "{options} {accept:?}");
    }
    let jpeg = |options: &str| draw(&format!("width/200/format:jpg{options}"), &noise, &[]).file.bytes;
    assert!(jpeg(",quality:20").len() < jpeg("").len() && jpeg("").len() < jpeg(",compression:false").len());
    // SOF2 begins a progressive frame, SOF0 a baseline one (ITU-T T.81, table B.1).
    let has = |bytes: &[u8], marker: u8| bytes.windows(2).any(|pair| pair == [0xff, marker]);
    assert!(has(&jpeg(""), 0xc2) && !has(&jpeg(""), 0xc0));
    assert!(has(&jpeg(",progressive:false"), 0xc0) && !has(&jpeg(",progressive:false"), 0xc2));
    let bytes = plan_of(&Imageboss, "/s/cdn/compression:false/p.png", &Settings::default());
    assert_eq!(bytes, Plan::original());
}

#[test]
fn a_mask_leaves_what_is_outside_clear() {
    let master = quarters(400, 200);
    for (mask, clear) in [("circle", (95, 100)), ("ellipse", (20, 20)), ("60", (5, 5))] {
        let cut = draw(&format!("cdn/mask:{mask}"), &master, &[]);
        cut.is_clear(clear.0, clear.1);
        cut.is(190, 90, RED);
        cut.is(210, 110, YELLOW);
    }
}

/// A photo stored on its side (EXIF orientation 6), and an animation of 12 frames.
#[test]
fn a_lying_photo_is_turned_and_a_film_stands_still_unless_told() {
    let sample = |name: &str| {
        std::fs::read(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples").join(name)).unwrap()
    };
    let (photo, film) = (sample("dogs.jpg"), sample("cat.gif"));
    let upright = draw("width/257/format:png", &photo, &[]);
    let lying = draw("width/257/format:png,autorotate:false", &photo, &[]);
    assert_eq!((upright.size(), lying.size()), ((257, 386), (257, 171)));
    assert_eq!(draw("width/150", &film, &[]).file.frames, 1);
    assert_eq!(draw("width/150/animation:true", &film, &[]).file.frames, 12);
    assert_eq!(draw("width/150/animation:true,format:webp", &film, &[]).file.frames, 12);
}
