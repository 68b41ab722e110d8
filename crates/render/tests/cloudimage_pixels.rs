//! What Cloudimage's URLs draw, held against plain arithmetic and the numbers of the vendor's documentation.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod urls;

use dialect::cloudimage::Cloudimage;
use dialect::{Dialect, Preset, Settings};
use plan::{AcceptClass, Format, Plan};
use testkit::pictures::{Rgb, encode_png};
use urls::{BLUE, Drawn, GREEN, GREY, MAGENTA, RED, YELLOW, draw_for, flat, halves, noise, plan_of, quarters};

/// As PNG, whose pixels are those that were made.
fn draw(query: &str, master: &[u8], marks: &[&[u8]]) -> Drawn {
    draw_for(AcceptClass::Basic, &Cloudimage, &format!("/p.png?{query}&force_format=png"), master, marks)
}

#[test]
fn sizes_follow_the_documentation() {
    let master = quarters(400, 200);
    for (query, size) in [
        ("w=200", (200, 100)),
        ("h=50", (100, 50)),
        // Small pictures grow, unless that is forbidden.
        ("w=800", (800, 400)),
        ("height=300", (600, 300)),
        ("w=800&org_if_sml=1", (400, 200)),
        ("w=800&org_if_sml=0", (800, 400)),
        ("w=600&h=600&org_if_sml=1", (200, 200)),
        ("w=300&h=300", (300, 300)),
        ("w=100&dpr=2", (200, 100)),
        ("w=100&h=80&dpr=1.5", (150, 120)),
        ("w=100&h=100&func=crop", (100, 100)),
        ("w=100&h=100&func=bound", (100, 50)),
        ("w=100&h=100&func=boundmin", (200, 100)),
        ("w=100&h=100&func=cover", (100, 100)),
        ("w=100&h=100&func=fit", (100, 100)),
        // 300 * 9 / 16 = 168.75
        ("w=300&aspect_ratio=16:9", (300, 169)),
        ("h=90&ar=16:9", (160, 90)),
        ("aspect_ratio=1", (200, 200)),
        ("aspect_ratio=1,1.5", (300, 200)),
        ("aspect_ratio=1.5,3", (400, 200)),
        ("w=100&h=50&aspect_ratio=1", (100, 50)),
        ("tl_px=100,50", (300, 150)),
        ("br_px=100,50", (100, 50)),
        ("tl_px=100,50&br_px=300,150", (200, 100)),
        ("tl_px=350,150&br_px=900,900", (50, 50)),
        ("tl_px=100,50&br_px=300,150&w=50", (50, 25)),
        ("r=90", (200, 400)),
        ("r=180", (400, 200)),
    ] {
        assert_eq!(draw(query, &master, &[]).size(), size, "{query}");
    }
    let cut = draw("tl_px=150,50&br_px=350,150", &master, &[]);
    cut.is(10, 10, RED);
    cut.is(90, 10, GREEN);
    cut.is(190, 90, YELLOW);
}

/// The vendor's own examples for `fit` and `cropfit`.
#[test]
fn canvases_follow_the_documentation() {
    // 400x100 on 500x200 stays as it is, in the middle.
    let fit = draw("w=500&h=200&func=fit", &quarters(400, 100), &[]);
    assert_eq!(fit.size(), (500, 200));
    fit.is_clear(45, 100);
    fit.is_clear(250, 45);
    fit.is(55, 55, RED);
    fit.is(445, 145, YELLOW);
    // Enlarged to 500x125.
    let grown = draw("w=500&h=200&func=fit&fit_enlarge=1", &quarters(400, 100), &[]);
    grown.is_clear(250, 34);
    grown.is(5, 45, RED);
    grown.is(495, 155, YELLOW);
    // 650x500 to 500x350 is cropped, 400x250 to 500x350 fitted.
    draw("w=500&h=350&func=cropfit", &quarters(650, 500), &[]).is(2, 2, RED);
    let fitted = draw("w=500&h=350&func=cropfit", &quarters(400, 250), &[]);
    fitted.is_clear(45, 175);
    fitted.is(55, 55, RED);
    // Margins above and below 10, at the sides 20: 60x80 are left, the picture is 60x30 in their middle.
    let margin = draw("w=100&h=100&func=fit&margin=10,20&bg_color=0ff", &quarters(400, 200), &[]);
    margin.is(17, 50, [0, 255, 255]);
    margin.is(50, 32, [0, 255, 255]);
    margin.is(23, 38, RED);
    margin.is(77, 62, YELLOW);
}

#[test]
fn grounds_are_the_colour_that_is_named() {
    let master = quarters(400, 200);
    for (query, color) in [
        ("bg_color=f80", [255, 136, 0]),
        ("bg_colour=RebeccaPurple", [102, 51, 153]),
        ("bg_color=%23123456", [0x12, 0x34, 0x56]),
    ] {
        let fit = draw(&format!("w=100&h=100&func=fit&{query}"), &master, &[]);
        fit.is(50, 5, color);
        fit.is(10, 30, RED);
        draw(&format!("r=30&{query}"), &master, &[]).is(1, 1, color);
        draw(&format!("radius=60&{query}"), &master, &[]).is(1, 1, color);
    }
    // The colour that most of the picture has.
    let mostly = encode_png(&Rgb::from_fn(400, 200, |x, _| if x < 300 { [30, 90, 160] } else { YELLOW }));
    draw("w=100&h=100&func=fit&bg_color=auto", &mostly, &[]).is(50, 5, [30, 90, 160]);
    for (query, color) in [
        ("bg_opacity=0&bg_color=0ff", [0, 255, 255]),
        ("bg_colorize=ff0000,1", [255, 0, 0]),
        // Half of the colour over half of the picture's own, which is grey all over.
        ("bg_colourise=ff0000,0.5", [178, 50, 50]),
        ("bg_opacity=0.5&bg_color=000", [50, 50, 50]),
    ] {
        let behind = draw(&format!("w=100&h=100&func=fit&bg_img_fit=1&{query}"), &flat(400, 200, GREY), &[]);
        behind.is(50, 5, color);
        behind.is(50, 50, GREY);
    }
    // The picture itself, blurred: nothing is clear, and its halves stay apart.
    let behind = draw("w=100&h=100&func=fit&bg_img_fit=1", &halves([20, 20, 20], [230, 230, 230]), &[]);
    let (left, right) = (behind.at(3, 3), behind.at(96, 3));
    assert!(left[3] == 255 && right[3] == 255 && left[0] + 60 < right[0], "{left:?} {right:?}");
}

#[test]
fn crops_keep_the_place_that_is_named() {
    let master = quarters(400, 200);
    // Half the size is 200x100; a window of 100x100 is cut from it.
    for (place, left, right) in [
        ("west", RED, RED),
        ("northwest", RED, RED),
        ("east", GREEN, GREEN),
        ("center", RED, GREEN),
        ("centre", RED, GREEN),
        ("300,100", GREEN, GREEN),
        ("75p,50p", GREEN, GREEN),
        ("0.25c,0.5c", RED, RED),
        ("75s,50s", GREEN, GREEN),
        // As near to the corner as the picture goes.
        ("0,0", RED, RED),
    ] {
        let cut = draw(&format!("w=100&h=100&gravity={place}"), &master, &[]);
        cut.is(5, 10, left);
        cut.is(95, 10, right);
    }
    for (place, top, bottom) in [("north", RED, RED), ("south", BLUE, BLUE), ("50p,100p", BLUE, BLUE)] {
        let cut = draw(&format!("w=200&h=50&gravity={place}"), &master, &[]);
        cut.is(10, 5, top);
        cut.is(10, 45, bottom);
    }
    let below = draw("w=100&h=100&func=fit&gravity=south", &master, &[]);
    below.is_clear(50, 45);
    below.is(10, 55, RED);
    draw("w=100&h=100&x=300&y=100", &master, &[]).is(5, 10, GREEN);
}

#[test]
fn turns_and_mirrors() {
    let master = quarters(400, 200);
    for (query, top_left, bottom_right) in [
        ("flip=h", GREEN, BLUE),
        ("mirror=v", BLUE, GREEN),
        ("flip=xy", YELLOW, RED),
        // Counter-clockwise: what was at the right is above.
        ("r=90", GREEN, BLUE),
        ("r=-90", BLUE, GREEN),
        ("r=180", YELLOW, RED),
        ("r=90&flip=h", YELLOW, RED),
    ] {
        let turned = draw(query, &master, &[]);
        let (width, height) = turned.size();
        turned.is(10, 10, top_left);
        turned.is(width - 10, height - 10, bottom_right);
    }
    // (400 + 200) / sqrt(2) = 424.3 on both sides, and clear corners.
    let slanted = draw("r=45", &master, &[]);
    let (width, height) = slanted.size();
    assert!((423..=427).contains(&width) && (423..=427).contains(&height), "{width}x{height}");
    slanted.is_clear(2, 2);
    slanted.is_clear(width - 3, height - 3);
}

/// Top left, bottom left, bottom right, top right: not the order of CSS.
#[test]
fn corners_are_rounded_in_the_vendors_order() {
    let master = quarters(400, 200);
    let corners = [(1, 1), (1, 198), (398, 198), (398, 1)];
    for (at, (x, y)) in corners.into_iter().enumerate() {
        let mut radii = ["0"; 4];
        radii[at] = "80";
        let cut = draw(&format!("radius={}", radii.join(",")), &master, &[]);
        cut.is_clear(x, y);
        for (other, (x, y)) in corners.into_iter().enumerate().filter(|(other, _)| *other != at) {
            assert_eq!(cut.at(x, y)[3], 255, "{other} of {radii:?}");
        }
    }
    // Half the shorter side: both ends are half circles.
    let max = draw("radius=max", &master, &[]);
    corners.iter().for_each(|(x, y)| max.is_clear(*x, *y));
    max.is(102, 1, RED);
    max.is(1, 97, RED);
    max.is_clear(20, 30);
}

#[test]
fn borders_are_cut_off() {
    // A frame of 30 and 20 around 100x60.
    let framed = encode_png(&Rgb::from_fn(160, 100, |x, y| match (30..130).contains(&x) && (20..80).contains(&y) {
        true => RED,
        false => [250, 250, 250],
    }));
    assert_eq!(draw("trim=5", &framed, &[]).size(), (100, 60));
    assert_eq!(draw("trim=5&w=50", &framed, &[]).size(), (50, 30), "before it is resized");
    // Nothing but border stays.
    assert_eq!(draw("trim=5", &flat(40, 30, GREY), &[]).size(), (40, 30));
}

#[test]
fn colours_are_what_they_say() {
    let master = quarters(400, 200);
    let gray = draw("gray=1", &master, &[]);
    for (x, y) in [(10, 10), (390, 10), (10, 190), (390, 190)] {
        let [r, g, b, _] = gray.at(x, y);
        assert!(r == g && g == b, "{:?}", gray.at(x, y));
    }
    assert!(gray.at(10, 190)[0] < gray.at(10, 10)[0] && gray.at(10, 10)[0] < gray.at(390, 190)[0], "by luminance");
    let negative = draw("invert=1", &master, &[]);
    negative.is(10, 10, [55, 255, 255]);
    negative.is(390, 190, [35, 35, 255]);
    draw("colorize=ff0000,1", &master, &[]).is(390, 190, [255, 0, 0]);
    draw("colorize=ff0000,0.5", &master, &[]).is(390, 190, [238, 110, 0]);
    let extremes = halves([0, 0, 0], [255, 255, 255]);
    let two = draw("duotone=000080,ffff00", &extremes, &[]);
    two.is(10, 10, [0, 0, 128]);
    two.is(390, 10, [255, 255, 0]);
    let less = draw("duotone=000080,ffff00,0.5", &extremes, &[]);
    less.is(10, 10, [0, 0, 64]);
    less.is(390, 10, [255, 255, 128]);
}

#[test]
fn blocks_have_one_colour_each() {
    // Every other column is white: each block of 10 is half white.
    let lines = encode_png(&Rgb::from_fn(400, 200, |x, _| [if x % 2 == 0 { 0 } else { 255 }; 3]));
    let blocks = draw("pixelate=10", &lines, &[]);
    let first = blocks.at(0, 0);
    assert!((120..=136).contains(&first[0]), "{first:?}");
    for (x, y) in [(9, 9), (10, 10), (205, 3), (399, 199)] {
        assert_eq!(blocks.at(x, y), first, "{x},{y}");
    }
    let quarters = draw("pixellate=50", &quarters(400, 200), &[]);
    quarters.is(199, 99, RED);
    quarters.is(200, 100, YELLOW);
}

/// Filters in one parameter are the parameters of their names.
#[test]
fn packed_filters_are_drawn() {
    let master = quarters(400, 200);
    let bytes = |query: &str| draw(query, &master, &[]).file.bytes;
    assert_eq!(bytes("f=bright:10,contrast:30,grey"), bytes("bright=10&contrast=30&gray=1"));
    assert_ne!(bytes("f=bright:10,contrast:30,grey"), bytes("f=contrast:30,grey"));
    draw("f=invert", &master, &[]).is(10, 10, [55, 255, 255]);
}

#[test]
fn watermarks_lie_where_they_are_put() {
    let (master, mark) = (flat(400, 200, GREY), flat(20, 10, MAGENTA));
    // First and last column and row of the mark.
    for (query, bounds) in [
        ("", (190, 95, 209, 104)),
        ("wat_gravity=northwest", (0, 0, 19, 9)),
        ("wat_gravity=southeast&wat_pad=10,5", (370, 185, 389, 194)),
        ("wat_gravity=northwest&wat_pad=10p", (40, 20, 59, 29)),
        ("wat_gravity=east&wat_pad=10", (370, 95, 389, 104)),
        ("wat_gravity=absolute&wat_pos=25,50", (100, 100, 119, 109)),
        ("wat_gravity=relative&wat_pos=100,0", (380, 0, 399, 9)),
        ("wat_scale=200", (180, 90, 219, 109)),
        ("wat_scale=50p", (100, 50, 299, 149)),
        ("wat_gravity=southeast&wat_pad=10,5&dpr=2&w=200", (360, 180, 379, 189)),
    ] {
        let drawn = draw(&format!("wat=1&wat_url=/l.png&{query}"), &master, &[&mark]);
        assert_eq!(drawn.bounds_of(MAGENTA), Some(bounds), "{query}");
    }
    // One that is larger is shrunk to the picture.
    let large = draw("wat=1&wat_url=/l.png", &master, &[&flat(800, 800, MAGENTA)]);
    assert_eq!(large.bounds_of(MAGENTA), Some((100, 0, 299, 199)));
    // Half of 100 and 255, and of 100 and 0.
    draw("wat=1&wat_url=/l.png&wat_opacity=0.5", &master, &[&mark]).is(200, 100, [178, 50, 178]);
    draw("wat=0&wat_url=/l.png", &master, &[]).is(200, 100, GREY);
    // In the order of their numbers.
    let both = draw("wat=1&wat_url[2]=/b.png&wat_url[1]=/a.png&wat_pad[1]=0", &master, &[&mark, &flat(10, 10, GREEN)]);
    both.is(200, 100, GREEN);
    both.is(192, 100, MAGENTA);
}

#[test]
fn texts_are_drawn_in_their_colour() {
    let master = flat(400, 200, [255, 255, 255]);
    let bounds = |query: &str| {
        let drawn = draw(&format!("wat=1&{query}"), &master, &[]);
        drawn.bounds_of(MAGENTA).unwrap_or_else(|| panic!("{query}: nothing is drawn"))
    };
    let (left, top, right, bottom) = bounds("wat_text=HIHI&wat_color=f0f&wat_fontsize=40");
    assert!(left.abs_diff(400 - right) <= 8 && top.abs_diff(200 - bottom) <= 24, "in the middle");
    assert!((20..=45).contains(&(bottom - top)), "capitals of 40 pixels: {}", bottom - top);
    let (small_left, _, small_right, _) = bounds("wat_text=HIHI&wat_colour=f0f&wat_fontsize=20");
    assert!((small_right - small_left) * 2 <= right - left + 8);
    let (corner, ..) = bounds("wat_text=HIHI&wat_color=f0f&wat_gravity=southwest&wat_fontsize=40");
    assert!(corner < 10);
    let (left, _, right, _) = bounds("wat_text=HIHIHIHIHIHI&wat_color=f0f&wat_fontsize=900max");
    assert!((330..400).contains(&(right - left)), "as wide as the picture: {}", right - left);
}

#[test]
fn formats_go_to_those_who_take_them() {
    let noise = noise(200);
    for (query, accept, format) in [
        ("force_format=jpg", AcceptClass::Avif, Format::Jpeg),
        ("force_format=png", AcceptClass::Avif, Format::Png),
        ("force_format=gif", AcceptClass::Avif, Format::Gif),
        ("force_format=webp", AcceptClass::Webp, Format::Webp),
        ("force_format=webp", AcceptClass::Basic, Format::Png),
        ("force_format=webp,jpg,png", AcceptClass::Webp, Format::Webp),
        ("force_format=webp,jpg,png", AcceptClass::Basic, Format::Jpeg),
        ("force_format=_webp", AcceptClass::Basic, Format::Webp),
        ("force_format=_avif", AcceptClass::Basic, Format::Avif),
        ("force_format=avif", AcceptClass::Webp, Format::Png),
        ("force_format=original", AcceptClass::Avif, Format::Png),
        ("", AcceptClass::Avif, Format::Avif),
        ("", AcceptClass::Webp, Format::Webp),
        ("", AcceptClass::Basic, Format::Png),
    ] {
        let drawn = draw_for(accept, &Cloudimage, &format!("/p.png?w=100&{query}"), &noise, &[]);
        assert_eq!(drawn.file.format, format, "{query} {accept:?}");
    }
    // The smaller one goes out, unless the format is commanded.
    for (query, format) in [("force_format=webp,jpg,png", Format::Png), ("force_format=_webp", Format::Webp)] {
        let target = format!("/p.png?w=40&{query}");
        let drawn = draw_for(AcceptClass::Basic, &Cloudimage, &target, &quarters(400, 200), &[]);
        assert_eq!(drawn.file.format, format, "{query}");
    }
    assert_eq!(plan_of(&Cloudimage, "/p.png?func=proxy&w=40", &Settings::default()), Plan::original());
    let bytes = |q: u8| {
        let target = format!("/p.png?force_format=jpg&q={q}");
        draw_for(AcceptClass::Basic, &Cloudimage, &target, &noise, &[]).file.bytes.len()
    };
    assert!(bytes(20) < bytes(60) && bytes(60) < bytes(95));
}

#[test]
fn lossless_webp_keeps_every_pixel() {
    let noise = noise(64);
    let same = |query: &str| {
        let target = format!("/p.png?force_format=_webp&{query}");
        let drawn = draw_for(AcceptClass::Webp, &Cloudimage, &target, &noise, &[]);
        let plain = draw("", &noise, &[]);
        (0..64 * 64).all(|at| drawn.at(at % 64, at / 64) == plain.at(at % 64, at / 64))
    };
    assert!(same("lossless=1"));
    assert!(!same("q=50"));
}

#[test]
fn presets_and_seals_hold_against_the_url() {
    let preset = Preset { text: "w=200&f=gray".to_owned(), enabled: true };
    let settings = Settings { presets: [("small_img".to_owned(), preset)].into(), ..Settings::default() };
    let stages = |target: &str| plan_of(&Cloudimage, target, &settings).stages_text();
    // The vendor's example.
    assert_eq!(stages("/p.png?p=small_img&w=400"), stages("/p.png?w=200&gray=1"));
    // w=40
    let sealed = draw("ci_eqs=dz00MA&w=100", &quarters(400, 200), &[]);
    assert_eq!(sealed.size(), (40, 20));
    let named = Cloudimage.parse(dialect::Target::new("/https%3A%2F%2Fx.example%2Fa.png?ci_url_encoded=1"), &settings);
    assert_eq!(named.unwrap().asset, dialect::Asset::Url("https://x.example/a.png".to_owned()));
}
