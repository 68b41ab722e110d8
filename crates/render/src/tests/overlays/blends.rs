use plan::Blend;

use super::*;

/// Side of each picture in the goldens; what they are stands in their provenance.
const SIDE: u32 = 24;
const MOST: (f64, f64) = (6.0, -3.5);

macro_rules! golden {
    ($name:literal) => {
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/goldens/blends/", $name))
    };
}

fn modes() -> impl Iterator<Item = Blend> {
    Blend::PLAIN.into_iter().chain([Blend::Displace { x: Fixed::new(MOST.0), y: Fixed::new(MOST.1) }])
}

fn straight(pixels: &Pixels, x: u32, y: u32) -> [u8; 4] {
    let p = pixel(pixels, x, y);
    [p[0], p[1], p[2], p.get(3).copied().unwrap_or(255)]
}

/// The largest difference of a channel, and of alpha; colours of what cannot be seen do not count.
fn distance(got: &Pixels, want: &Pixels, at: (u32, u32)) -> (u8, u8) {
    let mut most = (0, 0);
    for y in 0..SIDE {
        for x in 0..SIDE {
            let (a, b) = (straight(got, x, y), straight(want, at.0 + x, at.1 + y));
            most.1 = most.1.max(a[3].abs_diff(b[3]));
            if b[3] > 0 && a[3] > 0 {
                let apart = (0..3).map(|c| a[c].abs_diff(b[c])).max().unwrap();
                most.0 = most.0.max(apart);
            }
        }
    }
    most
}

/// Against the formulas in double precision, which lie within 0.004 of 255 of Skia's. Ours round once, from single
/// precision: the distances found are 0 for alpha and at most 1 for a colour.
#[test]
fn modes_are_those_of_the_formulas() {
    let (below, top) = (golden!("below.png"), golden!("top.png"));
    let expected = decoded(golden!("expected.png")).frames.remove(0).pixels;
    for (row, blend) in modes().enumerate() {
        for (column, opacity) in [1.0, 0.6].into_iter().enumerate() {
            let overlay = Overlay { blend, opacity: Fixed::new(opacity), ..at(0, 0) };
            let got = drawn(below, vec![stage(overlay)], &[top]);
            let (color, alpha) = distance(&got, &expected, (column as u32 * SIDE, row as u32 * SIDE));
            assert!(color <= 1 && alpha <= 1, "{blend} {opacity}: {color}, alpha {alpha}");
        }
    }
}

#[test]
fn a_picture_without_alpha_is_as_an_opaque_one_with_it() {
    let below = decoded(golden!("below.png")).frames.remove(0).pixels;
    let opaque = rgb(SIDE, SIDE, |x, y| straight(&below, x, y)[..3].try_into().unwrap());
    // A transparent pixel in the corner keeps the channel.
    let with_alpha = rgba(SIDE, SIDE, |x, y| {
        let [r, g, b, _] = straight(&below, x, y);
        [r, g, b, if (x, y) == (0, 0) { 0 } else { 255 }]
    });
    let corner = |mut pixels: Pixels| {
        let count = pixels.channels.count();
        pixels.data[..count].fill(0);
        pixels
    };
    for blend in modes().filter(|blend| !matches!(blend, Blend::Displace { .. })) {
        let run = |base: &Pixels| {
            let overlay = Overlay { blend, ..at(0, 0) };
            corner(drawn(&png(base.clone()), vec![stage(overlay)], &[golden!("top.png")]))
        };
        let (a, b) = (run(&opaque), run(&with_alpha));
        let (color, alpha) = distance(&a, &b, (0, 0));
        assert!(color <= 1 && (alpha == 0 || a.channels == Channels::Rgb), "{blend}: {color} {alpha}");
        assert_eq!(a.channels == Channels::Rgba, blend.clears(), "{blend}");
    }
}

#[test]
fn what_lies_outside_of_a_mask_goes() {
    let (base, white) = (png(flat(12, 10, GREY)), png(flat(4, 4, [255; 3])));
    for (blend, inside, outside) in [(Blend::Cutter, 255, 0), (Blend::Mask, 255, 0), (Blend::Cutout, 0, 255)] {
        let out = drawn(&base, vec![stage(Overlay { blend, ..at(3, 2) })], &[&white]);
        for y in 0..10 {
            for x in 0..12 {
                let within = (3..7).contains(&x) && (2..6).contains(&y);
                let want = if within { inside } else { outside };
                assert_eq!(straight(&out, x, y)[3], want, "{blend} {x},{y}");
            }
        }
        // One that lies nowhere on it takes all or nothing.
        let out = drawn(&base, vec![stage(Overlay { blend, ..at(50, 2) })], &[&white]);
        assert!((0..12).all(|x| straight(&out, x, 5)[3] == outside), "{blend}");
        // A format without alpha shows white where the picture is gone.
        let jpeg = job(
            &base,
            vec![stage(Overlay { blend, ..at(3, 2) })],
            &[Some(&white)],
            Format::Jpeg,
            &Budget::default(),
            &Cancel::never(),
        );
        let out = decoded(&jpeg.unwrap().bytes).frames.remove(0).pixels;
        let (kept, gone) = if inside == 255 { ((4, 3), (11, 9)) } else { ((11, 9), (4, 3)) };
        near(&out, kept.0, kept.1, GREY);
        near(&out, gone.0, gone.1, [255; 3]);
    }
}

#[test]
fn red_moves_to_the_right_and_green_down() {
    let spot = png(rgb(20, 20, |x, y| if (x, y) == (10, 10) { [255; 3] } else { [0; 3] }));
    let map = |r, g| png(flat(20, 20, [r, g, 9]));
    for (r, g, most, want) in [
        (255, 128, (4.0, 4.0), (14, 10)),
        (1, 128, (4.0, 4.0), (6, 10)),
        (128, 255, (4.0, 4.0), (10, 14)),
        (255, 255, (-3.0, 2.0), (7, 12)),
        (128, 128, (9.0, 9.0), (10, 10)),
    ] {
        let blend = Blend::Displace { x: Fixed::new(most.0), y: Fixed::new(most.1) };
        let out = drawn(&spot, vec![stage(Overlay { blend, ..at(0, 0) })], &[&map(r, g)]);
        let lit: Vec<(u32, u32)> =
            (0..400).map(|i| (i % 20, i / 20)).filter(|(x, y)| pixel(&out, *x, *y)[0] > 0).collect();
        assert_eq!(lit, [want], "{r} {g} {most:?}");
    }
    let far = Blend::Displace { x: Fixed::new(1e12), y: Fixed::new(-1e12) };
    let out = drawn(&spot, vec![stage(Overlay { blend: far, ..at(0, 0) })], &[&map(255, 255)]);
    assert_eq!(out, flat(20, 20, [0; 3]), "the edge goes on");
}
