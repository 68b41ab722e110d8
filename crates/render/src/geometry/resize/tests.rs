use plan::{Aspect, Dim, Fixed, Gravity, Horizontal, Vertical};

use super::super::gravity::tests::NOWHERE;
use super::*;

const CAP: u32 = 8192;

fn px(v: u32) -> Option<Dim> {
    Some(Dim::Px(v))
}

fn boxed(w: u32, h: u32, fit: Fit, enlarge: Enlarge) -> Resize {
    Resize { enlarge, ..Resize::new(px(w), px(h), fit) }
}

fn run(r: &Resize, input: (u32, u32)) -> Placement {
    resize(r, Size::new(input.0, input.1), CAP, &NOWHERE)
}

fn canvas(r: &Resize, input: (u32, u32)) -> (u32, u32) {
    let canvas = run(r, input).canvas;
    (canvas.w, canvas.h)
}

#[test]
fn sizes_by_fit() {
    use Enlarge::{No, NoClamp, Yes};
    use Fit::*;
    for (input, target, fit, enlarge, want) in [
        // Vendors' documented check values.
        ((300, 200), (100, 100), Inside, Yes, (100, 67)),
        ((640, 865), (300, 200), Inside, No, (148, 200)),
        ((640, 865), (300, 200), Outside, Yes, (300, 405)),
        ((640, 865), (300, 200), Cover, Yes, (300, 200)),
        ((640, 865), (300, 200), Contain, Yes, (300, 200)),
        ((640, 865), (300, 200), Stretch, Yes, (300, 200)),
        ((400, 100), (500, 200), Contain, No, (500, 200)),
        ((650, 500), (500, 350), CoverOrContain, Yes, (500, 350)),
        ((400, 250), (500, 350), CoverOrContain, Yes, (500, 350)),
        // Smaller than asked.
        ((100, 50), (400, 400), Inside, Yes, (400, 200)),
        ((100, 50), (400, 400), Inside, No, (100, 50)),
        ((100, 50), (400, 400), Outside, Yes, (800, 400)),
        ((100, 50), (400, 400), Outside, No, (100, 50)),
        ((100, 50), (80, 400), Outside, No, (100, 50)),
        ((100, 50), (400, 400), Cover, No, (50, 50)),
        ((100, 50), (400, 400), Cover, NoClamp, (100, 50)),
        ((100, 50), (80, 400), Cover, No, (10, 50)),
        ((100, 50), (80, 400), Cover, NoClamp, (80, 50)),
        ((100, 50), (40, 40), Cover, No, (40, 40)),
        ((100, 50), (50, 60), Stretch, No, (100, 50)),
        ((100, 50), (50, 50), Stretch, No, (50, 50)),
        // Never less than a pixel, never more than the cap.
        ((10_000, 10), (20, 20), Inside, Yes, (20, 1)),
        ((10, 10), (20_000, 10_000), Stretch, Yes, (8192, 4096)),
        ((10, 10), (20_000, 10_000), Cover, Yes, (8192, 4096)),
        ((10, 10), (20_000, 10_000), Contain, Yes, (8192, 4096)),
        ((10, 1000), (200, 200), Outside, Yes, (82, 8192)),
    ] {
        assert_eq!(canvas(&boxed(target.0, target.1, fit, enlarge), input), want, "{input:?} {target:?} {fit:?}");
    }
}

#[test]
fn canvases() {
    let p = run(&boxed(500, 200, Fit::Contain, Enlarge::No), (400, 100));
    assert_eq!((p.scaled, p.offset), (Size::new(400, 100), (50, 50)));
    let p = run(&boxed(500, 350, Fit::CoverOrContain, Enlarge::Yes), (400, 250));
    assert_eq!((p.scaled, p.offset), (Size::new(500, 313), (0, 18)));
    let p = run(&boxed(500, 350, Fit::CoverOrContain, Enlarge::Yes), (650, 500));
    assert_eq!((p.scaled, p.window), (Size::new(500, 350), Rect { x: 0.0, y: 22.5, w: 650.0, h: 455.0 }));
    let south = Gravity::Anchor(Horizontal::Center, Vertical::Bottom);
    let p = run(&Resize { gravity: south, ..boxed(500, 200, Fit::Contain, Enlarge::No) }, (400, 100));
    assert_eq!(p.offset, (50, 100));
    let p = run(&boxed(20_000, 10_000, Fit::Contain, Enlarge::Yes), (10, 10));
    assert_eq!((p.scaled, p.offset), (Size::new(4096, 4096), (2048, 0)));
}

#[test]
fn one_dimension_keeps_the_ratio() {
    use Fit::*;
    for fit in [Inside, Outside, Cover, Contain, CoverOrContain, Stretch] {
        assert_eq!(canvas(&Resize::new(px(100), None, fit), (300, 200)), (100, 67));
        // The rounded side must not pull the asked one along.
        assert_eq!(canvas(&Resize::new(px(100), None, fit), (300, 199)), (100, 66));
        assert_eq!(canvas(&Resize::new(None, px(100), fit), (300, 200)), (150, 100));
        let never = Resize { enlarge: Enlarge::No, ..Resize::new(px(900), None, fit) };
        assert_eq!(canvas(&never, (300, 200)), (300, 200));
    }
}

#[test]
fn shares_aspects_and_limits() {
    let share = |v| Some(Dim::Ratio(Fixed::new(v)));
    let nine = Some(Aspect::Exact(Fixed::new(9.0)));
    let two = Some(Aspect::Exact(Fixed::new(2.0)));
    let base = |w, h, fit| Resize::new(w, h, fit);
    let cases = [
        (base(share(0.5), None, Fit::Inside), (300, 201), (150, 101)),
        (base(share(0.5), share(0.25), Fit::Stretch), (300, 200), (150, 50)),
        (Resize { aspect: two, ..base(px(280), None, Fit::Cover) }, (300, 300), (280, 140)),
        (Resize { aspect: two, ..base(None, px(50), Fit::Cover) }, (300, 300), (100, 50)),
        (Resize { aspect: nine, ..base(None, None, Fit::Cover) }, (900, 270), (900, 100)),
        (Resize { aspect: nine, ..base(None, None, Fit::Contain) }, (900, 270), (2430, 270)),
        (Resize { aspect: two, ..base(px(10), px(90), Fit::Cover) }, (300, 300), (10, 90)),
        (
            Resize { limits: Limits { max_height: Some(40), ..Limits::default() }, ..base(px(100), None, Fit::Cover) },
            (300, 200),
            (100, 40),
        ),
        (
            Resize { limits: Limits { min_width: Some(400), ..Limits::default() }, ..base(None, None, Fit::Cover) },
            (300, 200),
            (400, 200),
        ),
    ];
    for (r, input, want) in cases {
        assert_eq!(canvas(&r, input), want, "{r:?}");
    }
    let r =
        Resize { aspect: Some(Aspect::Between(Fixed::new(1.0), Fixed::new(2.0))), ..base(px(100), None, Fit::Cover) };
    assert_eq!(canvas(&r, (300, 200)), (100, 67));
    assert_eq!(canvas(&r, (300, 100)), (100, 50));
}

#[test]
fn zoom_shrinks_the_window() {
    let r = Resize { zoom: Fixed::new(2.0), ..boxed(100, 100, Fit::Cover, Enlarge::Yes) };
    assert_eq!(run(&r, (400, 200)).window, Rect { x: 150.0, y: 50.0, w: 100.0, h: 100.0 });
    let corner = Resize { gravity: Gravity::Point(Fixed::ONE, Fixed::ZERO), ..r };
    assert_eq!(run(&corner, (400, 200)).window, Rect { x: 300.0, y: 0.0, w: 100.0, h: 100.0 });
}

#[test]
fn zoomed_windows_worked_out_by_hand() {
    let point = |x, y| Gravity::Point(Fixed::new(x), Fixed::new(y));
    let anchor = Gravity::Anchor;
    use Horizontal::{Left, Right};
    for (input, target, zoom, gravity, want) in [
        // The window of a square out of 400x300 is 300x300; it is divided, then moved.
        ((400, 300), (100, 100), 1.0, point(0.25, 0.5), (0.0, 0.0, 300.0, 300.0)),
        ((400, 300), (100, 100), 2.0, point(0.25, 0.5), (25.0, 75.0, 150.0, 150.0)),
        ((400, 300), (100, 100), 2.0, point(0.9, 0.9), (250.0, 150.0, 150.0, 150.0)),
        ((400, 300), (100, 100), 4.0, point(0.5, 0.25), (162.5, 37.5, 75.0, 75.0)),
        // That of 2:1 is 400x200.
        ((400, 300), (200, 100), 2.5, point(0.5, 0.1), (120.0, 0.0, 160.0, 80.0)),
        ((400, 300), (800, 400), 2.0, point(0.3, 0.5), (20.0, 100.0, 200.0, 100.0)),
        // Anchors zoom as well, and so does what is found.
        ((400, 300), (100, 100), 3.0, anchor(Right, Vertical::Top), (300.0, 0.0, 100.0, 100.0)),
        ((400, 300), (100, 100), 2.0, anchor(Left, Vertical::Center), (0.0, 75.0, 150.0, 150.0)),
        ((400, 300), (100, 100), 2.0, Gravity::CENTER, (125.0, 75.0, 150.0, 150.0)),
        ((400, 300), (100, 100), 2.0, Gravity::Attention, (125.0, 75.0, 150.0, 150.0)),
        ((400, 300), (100, 100), 2.0, Gravity::MasterPixel(9, 299), (0.0, 150.0, 150.0, 150.0)),
        // Less than 1 is 1.
        ((400, 300), (100, 100), 0.5, point(0.0, 0.0), (0.0, 0.0, 300.0, 300.0)),
    ] {
        let r = Resize { zoom: Fixed::new(zoom), gravity, ..boxed(target.0, target.1, Fit::Cover, Enlarge::Yes) };
        let p = run(&r, input);
        let (x, y, w, h) = want;
        assert_eq!(p.window, Rect { x, y, w, h }, "{input:?} {target:?} {zoom} {gravity:?}");
        assert_eq!(p.canvas, Size::new(target.0, target.1), "zoom changes no size");
    }
}

#[test]
fn unscaled_windows_lie_on_whole_pixels() {
    let p = run(&boxed(10, 5, Fit::Cover, Enlarge::Yes), (15, 5));
    assert_eq!(p.window, Rect { x: 2.0, y: 0.0, w: 10.0, h: 5.0 });
    assert!(run(&boxed(15, 5, Fit::Cover, Enlarge::Yes), (15, 5)).is_nothing(Size::new(15, 5)));
}

#[test]
fn master_pixels_are_followed_through_a_resize() {
    let first = run(&boxed(100, 100, Fit::Cover, Enlarge::Yes), (400, 200));
    // Pixel (250, 100) of the master is a little right of the middle of the first result.
    let (x, y) = first.map().apply(250.5, 100.5);
    assert_eq!((x, y), (75.25, 50.25));
    let locate = Locate { master: first.map(), smart: NOWHERE.smart };
    let second = Resize { gravity: Gravity::MasterPixel(250, 100), ..boxed(20, 100, Fit::Cover, Enlarge::Yes) };
    let p = resize(&second, Size::new(100, 100), CAP, &locate);
    assert_eq!(p.window, Rect { x: 65.0, y: 0.0, w: 20.0, h: 100.0 });
}

#[test]
fn the_cap_alone_changes_nothing_below_it() {
    let small = Size::new(300, 8192);
    assert!(resize(&cap_only(CAP), small, CAP, &NOWHERE).is_nothing(small));
    assert_eq!(canvas(&cap_only(CAP), (16_384, 100)), (8192, 50));
}

#[test]
fn frames_shrink_with_their_picture() {
    let p = framed(Size::new(100, 50), (130, 60), (10, 4), 200);
    assert_eq!((p.scaled, p.canvas, p.offset), (Size::new(100, 50), Size::new(130, 60), (10, 4)));
    let p = framed(Size::new(100, 50), (400, 200), (300, 150), 200);
    assert_eq!((p.scaled, p.canvas, p.offset), (Size::new(50, 25), Size::new(200, 100), (150, 75)));
    let p = framed(Size::new(10, 10), (10 + 2 * u64::from(u32::MAX), 10), (u32::MAX.into(), 0), 200);
    assert_eq!((p.scaled, p.canvas), (Size::new(1, 1), Size::new(200, 1)));
}

#[test]
fn turned_canvases() {
    assert_eq!(rotated(Size::new(100, 50), 90.0), Size::new(50, 100));
    assert_eq!(rotated(Size::new(100, 100), 45.0), Size::new(142, 142));
    assert!((straighten_zoom(Size::new(100, 100), 45.0) - 2f64.sqrt()).abs() < 1e-9);
    assert!((straighten_zoom(Size::new(100, 50), 180.0) - 1.0).abs() < 1e-9);
}
