use plan::{Asset, Overlay, Shift};

use super::*;

mod blends;
mod boxes;
mod texts;

const GREY: [u8; 3] = [100; 3];
const RED: [u8; 3] = [200, 0, 0];
const GREEN: [u8; 3] = [0, 200, 0];
const BLUE: [u8; 3] = [0, 0, 200];

fn rgb(w: u32, h: u32, color: impl Fn(u32, u32) -> [u8; 3]) -> Pixels {
    let data = (0..h).flat_map(|y| (0..w).map(move |x| (x, y))).flat_map(|(x, y)| color(x, y)).collect();
    Pixels { width: w, height: h, channels: Channels::Rgb, data }
}

fn rgba(w: u32, h: u32, color: impl Fn(u32, u32) -> [u8; 4]) -> Pixels {
    let data = (0..h).flat_map(|y| (0..w).map(move |x| (x, y))).flat_map(|(x, y)| color(x, y)).collect();
    Pixels { width: w, height: h, channels: Channels::Rgba, data }
}

fn flat(w: u32, h: u32, color: [u8; 3]) -> Pixels {
    rgb(w, h, |_, _| color)
}

fn file(format: Format, frames: Vec<Pixels>) -> Vec<u8> {
    let frames = frames.into_iter().map(|pixels| Frame { pixels, delay_ms: 50 }).collect();
    let how = Encode { format, quality: 95, lossless: true, progressive: false, palette: false, ..Encode::default() };
    codec::encode(&Picture { frames, loops: 0 }, &how, &Cancel::never()).unwrap()
}

fn png(pixels: Pixels) -> Vec<u8> {
    file(Format::Png, vec![pixels])
}

fn named() -> Overlay {
    Overlay::new(plan::Picture::Named { source: None, asset: Asset::Path("logo.png".into()) })
}

fn at(x: i32, y: i32) -> Overlay {
    let offset = (Shift::Px(x), Shift::Px(y));
    Overlay { anchor: (Horizontal::Left, Vertical::Top), offset, ..named() }
}

fn stage(overlay: Overlay) -> Stage {
    Stage::Overlay(Box::new(overlay))
}

fn job(
    master: &[u8],
    stages: Vec<Stage>,
    pictures: &[Option<&[u8]>],
    format: Format,
    budget: &Budget,
    cancel: &Cancel,
) -> Result<Rendered, CodecError> {
    let rule = OutputRule { format: FormatRule::Always(format), lossless: true, ..OutputRule::default() };
    let spec = rule.resolve(plan::AcceptClass::Avif);
    let plan = Plan { stages, output: rule };
    render(&Job { master, pictures, fonts: fonts(), plan: &plan, spec: &spec, budget, cancel })
}

fn failing(stages: Vec<Stage>, pictures: &[Option<&[u8]>], budget: &Budget) -> CodecError {
    let master = png(flat(40, 30, GREY));
    job(&master, stages, pictures, Format::Png, budget, &Cancel::never()).unwrap_err()
}

/// The pixels of the first frame.
fn drawn(master: &[u8], stages: Vec<Stage>, pictures: &[&[u8]]) -> Pixels {
    let pictures: Vec<_> = pictures.iter().map(|bytes| Some(*bytes)).collect();
    let out = job(master, stages, &pictures, Format::Png, &Budget::default(), &Cancel::never()).unwrap();
    assert_eq!(out.left_out, []);
    decoded(&out.bytes).frames.remove(0).pixels
}

fn decoded(bytes: &[u8]) -> Picture {
    let all = Decode { all_frames: true, ..Decode::default() };
    codec::decode(bytes, &all, &Budget::default(), &Cancel::never()).unwrap().picture
}

fn pixel(pixels: &Pixels, x: u32, y: u32) -> &[u8] {
    let count = pixels.channels.count();
    let at = (y * pixels.width + x) as usize * count;
    &pixels.data[at..at + count]
}

#[test]
fn lies_where_its_anchor_and_offset_say() {
    let (base, logo) = (png(flat(40, 30, GREY)), png(flat(10, 6, RED)));
    for (horizontal, x) in [(Horizontal::Left, 2), (Horizontal::Center, 17), (Horizontal::Right, 28)] {
        for (vertical, y) in [(Vertical::Top, 1), (Vertical::Center, 13), (Vertical::Bottom, 23)] {
            let offset = (Shift::Px(2), Shift::Px(1));
            let overlay = Overlay { anchor: (horizontal, vertical), offset, ..named() };
            let out = drawn(&base, vec![stage(overlay)], &[&logo]);
            let want =
                rgb(40, 30, |px, py| if (x..x + 10).contains(&px) && (y..y + 6).contains(&py) { RED } else { GREY });
            assert_eq!(out, want, "{horizontal:?} {vertical:?}");
        }
    }
}

#[test]
fn opacity_and_alpha_multiply() {
    let base = png(flat(8, 8, GREY));
    let logo = png(rgba(4, 4, |x, _| [200, 0, 0, [0, 51, 128, 255][x as usize]]));
    for (opacity, want) in [(1.0, [100, 120, 150, 200]), (0.5, [100, 110, 125, 150]), (0.1, [100, 102, 105, 110])] {
        let overlay = Overlay { opacity: Fixed::new(opacity), ..at(2, 2) };
        let out = drawn(&base, vec![stage(overlay)], &[&logo]);
        assert_eq!(out.channels, Channels::Rgb, "what lies on an opaque picture makes no transparent one");
        let reds: Vec<u8> = (2..6).map(|x| pixel(&out, x, 3)[0]).collect();
        assert!(reds.iter().zip(want).all(|(a, b): (&u8, u8)| a.abs_diff(b) <= 1), "{opacity}: {reds:?}, not {want:?}");
        assert_eq!(pixel(&out, 1, 3), GREY);
    }
}

/// Transparent pixels are black in most files: scaled without regard for it, edges would darken.
#[test]
fn soft_edges_have_no_dark_fringe() {
    let logo =
        png(rgba(16, 16, |x, y| if (4..12).contains(&x) && (4..12).contains(&y) { [255, 0, 0, 255] } else { [0; 4] }));
    for width in [7, 50] {
        let overlay = || vec![stage(Overlay { width: Some(Dim::Px(width)), ..named() })];
        let white = drawn(&png(flat(60, 60, [255; 3])), overlay(), &[&logo]);
        assert!(white.data.chunks_exact(3).all(|p| p[0] == 255 && p[1] == p[2]), "{width}");
        assert!(white.data.chunks_exact(3).any(|p| (30..220).contains(&p[1])), "{width}: the edge is soft");
        let clear = drawn(&png(rgba(60, 60, |_, _| [0, 0, 0, 0])), overlay(), &[&logo]);
        assert_eq!(clear.channels, Channels::Rgba);
        assert!(clear.data.chunks_exact(4).all(|p| p[3] < 20 || p[0] > 245 && p[1] == 0), "{width}");
        assert_eq!((pixel(&clear, 30, 30), pixel(&clear, 0, 0)[3]), (&[255, 0, 0, 255][..], 0));
    }
}

#[test]
fn what_lies_outside_is_cut_off() {
    let logo = png(rgb(24, 20, |x, y| [(x * 10) as u8, (y * 12) as u8, ((x * y) % 251) as u8]));
    let scaled = |x, y| stage(Overlay { width: Some(Dim::Px(60)), ..at(x, y) });
    let whole = drawn(&png(flat(100, 100, GREY)), vec![scaled(20, 25)], &[&logo]);
    for (x, y) in [(-31, -22), (15, 20), (-20, 0), (0, 0)] {
        let part = drawn(&png(flat(32, 28, GREY)), vec![scaled(x, y)], &[&logo]);
        for py in 0..28 {
            for px in 0..32 {
                let (wx, wy) = ((px as i32 + 20 - x) as u32, (py as i32 + 25 - y) as u32);
                let (got, want) = (pixel(&part, px, py), pixel(&whole, wx, wy));
                assert!(got.iter().zip(want).all(|(a, b)| a.abs_diff(*b) <= 1), "{x},{y}: {px},{py} {got:?} {want:?}");
            }
        }
    }
    for (x, y) in [(32, 0), (-60, 0), (0, 9999), (i32::MIN, i32::MAX)] {
        let part = drawn(&png(flat(32, 28, GREY)), vec![scaled(x, y)], &[&logo]);
        assert_eq!(part, flat(32, 28, GREY), "{x},{y}");
    }
}

/// Blue on green on red, which is turned; then one more on the whole.
fn nest(optional: bool) -> Vec<Stage> {
    let blue = stage(Overlay { optional, ..at(0, 0) });
    let green = stage(Overlay { stages: vec![blue], optional, ..at(10, 12) });
    let turn = Stage::Rotate { degrees: Fixed::new(90.0), background: Background::Auto };
    let red = stage(Overlay { stages: vec![green, turn], optional, ..at(5, 0) });
    vec![red, stage(at(30, 2))]
}

#[test]
fn overlays_have_overlays() {
    let base = png(flat(40, 30, GREY));
    let files = [flat(20, 20, RED), flat(10, 8, GREEN), flat(4, 4, BLUE), flat(3, 3, [9; 3])].map(png);
    let all: Vec<&[u8]> = files.iter().map(Vec::as_slice).collect();
    let out = drawn(&base, nest(false), &all);
    // Clockwise: what was at the lower right of the red one is at its lower left.
    let seen = [(5, 0), (24, 0), (6, 18), (12, 19), (11, 10), (9, 10), (13, 12), (32, 4), (39, 29)];
    let want = [RED, RED, GREEN, GREEN, BLUE, BLUE, RED, [9; 3], GREY];
    assert_eq!(seen.map(|(x, y)| pixel(&out, x, y).to_vec()), want.map(|c| c.to_vec()));
}

#[test]
fn optional_ones_are_left_out_with_all_that_lies_on_them() {
    let base = png(flat(40, 30, GREY));
    let files = [flat(20, 20, RED), flat(10, 8, GREEN), flat(4, 4, BLUE), flat(3, 3, [9; 3])].map(png);
    let some = |i: usize| Some(files[i].as_slice());
    let cut = &files[1][..files[1].len() / 2];
    for (pictures, left_out, seen) in [
        ([some(0), some(1), None, some(3)], vec![2], [RED, GREEN, GREEN]),
        ([some(0), None, None, some(3)], vec![1], [RED, RED, RED]),
        ([some(0), Some(cut), some(2), some(3)], vec![1], [RED, RED, RED]),
        ([None, some(1), some(2), some(3)], vec![0], [GREY, GREY, GREY]),
        ([Some(b"<html>"), None, None, some(3)], vec![0], [GREY, GREY, GREY]),
    ] {
        let out = job(&base, nest(true), &pictures, Format::Png, &Budget::default(), &Cancel::never()).unwrap();
        assert_eq!(out.left_out, left_out);
        let out = decoded(&out.bytes).frames.remove(0).pixels;
        assert_eq!([(6, 1), (6, 18), (10, 10)].map(|(x, y)| pixel(&out, x, y).to_vec()), seen.map(|c| c.to_vec()));
        assert_eq!(pixel(&out, 32, 4), [9; 3], "the last one is found though others are not");
    }
}

#[test]
fn errors_say_which_overlay_it_is() {
    let logo = png(rgb(30, 30, |x, y| [x as u8 * 7, y as u8 * 5, (x * y) as u8]));
    let two = || vec![stage(at(0, 0)), stage(at(1, 1))];
    let budget = Budget::default();
    for (bytes, fault) in [(&b"<html>"[..], "no picture"), (&logo[..logo.len() / 2], "half of one")] {
        let error = failing(two(), &[Some(&logo), Some(bytes)], &budget);
        assert!(error.to_string().contains("overlay 2: "), "{fault}: {error}");
        assert_eq!(error.fault(), plan::reason::Fault::Origin, "{fault}");
        let inner = vec![stage(Overlay { stages: vec![stage(at(0, 0))], ..at(0, 0) })];
        let error = failing(inner, &[Some(&logo), Some(bytes)], &budget);
        assert!(error.to_string().contains("overlay 1: overlay 2: "), "{fault}: {error}");
    }
    let small = Budget { input_bytes: logo.len() as u64 + 1, ..budget.clone() };
    let long = [logo.clone(), vec![0; 9]].concat();
    let error = failing(vec![stage(at(0, 0))], &[Some(&long)], &small);
    assert!(matches!(error, CodecError::OverBudget { what: "overlay bytes", .. }), "{error}");
    let huge = png(flat(50, 50, RED));
    let small = Budget { input_pixels: 2000, ..budget.clone() };
    let error = failing(vec![stage(at(0, 0))], &[Some(&huge)], &small);
    assert_eq!(error, CodecError::OverBudget { what: "overlay pixels", found: 2500, limit: 2000 });
    for pictures in [&[None][..], &[][..], &[Some(&logo[..]), Some(&logo[..])][..]] {
        let error = failing(vec![stage(at(0, 0))], pictures, &budget);
        assert!(matches!(error, CodecError::Internal(_)), "{error}");
    }
    let deep = (0..40).fold(at(0, 0), |inner, _| Overlay { stages: vec![stage(inner)], ..at(0, 0) });
    let error = failing(vec![stage(deep)], &vec![Some(&logo[..]); 41], &budget);
    assert!(matches!(error, CodecError::Internal(_)), "{error}");
}

#[test]
fn memory_is_shared_with_the_picture_below() {
    let base = png(flat(1000, 1000, GREY));
    let run = |logo: &[u8], overlay: Overlay, memory: u64| {
        let budget = Budget { memory, ..Budget::default() };
        job(&base, vec![stage(overlay)], &[Some(logo)], Format::Png, &budget, &Cancel::never())
    };
    assert!(run(&png(flat(100, 100, RED)), named(), 8_000_000).is_ok());
    let error = run(&png(flat(900, 900, RED)), named(), 8_000_000).unwrap_err();
    assert!(
        matches!(error, CodecError::OverBudget { what: "memory", found: 8_000_001.., limit: 8_000_000 }),
        "{error}"
    );
    // A large JPEG for a small box is shrunk while it is read.
    let photo = file(Format::Jpeg, vec![flat(2000, 1500, RED)]);
    assert!(run(&photo, Overlay { width: Some(Dim::Px(100)), ..named() }, 8_000_000).is_ok());
    assert!(run(&photo, Overlay { shrink: true, ..named() }, 8_000_000).is_err());
}

#[test]
fn the_picture_below_is_not_copied() {
    let info = Info { kind: Kind::Png, width: 90, height: 70, orientation: 1, may_have_alpha: false, frames: 1 };
    let (budget, cancel, logo) = (Budget::default(), Cancel::never(), png(flat(10, 10, RED)));
    let pictures = [Some(&logo[..])];
    let pictures = Pictures::new(&pictures);
    let scope =
        Scope { budget: &budget, cancel: &cancel, cap: 8192, holds_alpha: false, pictures: &pictures, depth: 0 };
    let mut work = Work::new(Picture::still(flat(90, 70, GREY)), &info);
    let before = work.frames(&scope).unwrap()[0].pixels.data.as_ptr();
    stages::apply(&stage(at(1, 1)), true, &mut work, &info, &scope).unwrap();
    let after = &work.frames(&scope).unwrap()[0].pixels;
    assert_eq!((after.data.as_ptr(), pixel(after, 5, 5)), (before, &RED[..]));
}

#[test]
fn every_frame_bears_it_and_an_animated_one_stands_still() {
    let frame = |v: u8| flat(40, 20, [v; 3]);
    let moving = file(Format::Gif, vec![frame(0), frame(120), frame(250)]);
    let logo = file(Format::Gif, vec![flat(10, 10, RED), flat(10, 10, BLUE)]);
    let half = Overlay { opacity: Fixed::new(0.5), ..at(0, 0) };
    let stages = vec![stage(half), stage(at(20, 5))];
    let both = [Some(&logo[..]), Some(&logo[..])];
    let out = job(&moving, stages, &both, Format::Webp, &Budget::default(), &Cancel::never()).unwrap();
    assert_eq!((out.frames, out.width, out.height), (3, 40, 20));
    for (frame, v) in decoded(&out.bytes).frames.iter().zip([0u8, 120, 250]) {
        near(&frame.pixels, 5, 5, [100 + v / 2, v / 2, v / 2]);
        near(&frame.pixels, 25, 10, RED);
        near(&frame.pixels, 35, 10, [v; 3]);
    }
}

#[test]
fn a_photograph_on_its_side_is_drawn_as_its_own_stages_say() {
    let (base, photo) = (png(flat(100, 100, GREY)), on_its_side(&quarters(Format::Jpeg, 640, 480)));
    let boxed = |stages| vec![stage(Overlay { stages, height: Some(Dim::Ratio(Fixed::new(0.8))), ..at(10, 10) })];
    let out = drawn(&base, boxed(vec![Stage::Orient(Orient::Exif)]), &[&photo]);
    for (x, y, want) in [(15, 15, [0, 0, 255]), (65, 15, [255, 0, 0]), (15, 85, [255; 3]), (65, 85, [0, 255, 0])] {
        near(&out, x, y, want);
    }
    assert_eq!((pixel(&out, 75, 50), pixel(&out, 50, 93)), (&GREY[..], &GREY[..]));
    let lying = drawn(&base, boxed(vec![]), &[&photo]);
    near(&lying, 15, 15, [255, 0, 0]);
    near(&lying, 95, 50, [255; 3]);
}

#[test]
fn inks_become_colours() {
    let samples = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples");
    let photo = std::fs::read(samples.join("brushes-cmyk.jpg")).unwrap();
    let scale = Stage::Resize(Resize::new(Some(Dim::Px(120)), None, Fit::Inside));
    let alone = drawn(&photo, vec![scale], &[]);
    let out =
        drawn(&png(flat(200, 200, GREY)), vec![stage(Overlay { width: Some(Dim::Px(120)), ..at(7, 5) })], &[&photo]);
    let mut off = 0;
    for y in 0..alone.height {
        for x in 0..alone.width {
            let (a, b) = (pixel(&alone, x, y), pixel(&out, x + 7, y + 5));
            off = off.max(a.iter().zip(b).map(|(a, b)| a.abs_diff(*b)).max().unwrap());
        }
    }
    assert!(off <= 1, "{off}");
}

#[test]
fn the_format_is_that_of_the_picture_below() {
    let (base, logo) = (file(Format::Jpeg, vec![flat(40, 30, GREY)]), png(rgba(9, 9, |_, _| [200, 0, 0, 99])));
    let plan = Plan { stages: vec![stage(at(0, 0))], output: OutputRule::default() };
    let (spec, budget) = (plan.output.resolve(plan::AcceptClass::Basic), Budget::default());
    let pictures = [Some(&logo[..])];
    let job = Job {
        master: &base,
        pictures: &pictures,
        fonts: fonts(),
        plan: &plan,
        spec: &spec,
        budget: &budget,
        cancel: &Cancel::never(),
    };
    assert_eq!(render(&job).unwrap().format, Format::Jpeg);
}

#[test]
fn drawing_ends_within_itself_when_nobody_waits() {
    let (base, logo) = (png(flat(40, 300, GREY)), png(rgb(30, 290, |x, y| [x as u8, y as u8, 0])));
    let run = |asks: u64| {
        let stages = vec![stage(Overlay { optional: true, ..at(3, 3) })];
        job(&base, stages, &[Some(&logo)], Format::Png, &Budget::default(), &Cancel::after(asks))
    };
    let all = (0..200).find(|asks| run(*asks).is_ok()).unwrap();
    // Five bands of the overlay alone; that it is optional does not mean that it is left out.
    assert!(all >= 5, "{all}");
    assert!((0..all).all(|asks| run(asks) == Err(CodecError::Cancelled)));
}
