#![allow(clippy::unwrap_used)]

use codec::Budget;
use plan::{Background, Border, Color, Fixed, Mask, Radius, Shape, Stage};

use super::super::tests::{PLAIN, Setup, at, one, rgb, rgba, run};
use super::*;

const RED: [u8; 3] = [200, 0, 0];

fn ellipse(outside: Background) -> Stage {
    Stage::Mask(Mask { shape: Shape::Ellipse, outside })
}

#[test]
fn what_lies_outside_is_what_was_asked_for() {
    let blue = Color::rgb(0, 0, 250);
    for (outside, holds_alpha, corner) in [
        (Background::Auto, true, &[0, 0, 0, 0][..]),
        (Background::Auto, false, &[255, 255, 255]),
        (Background::Color(blue), true, &[0, 0, 250]),
        (Background::Color(blue.with_alpha(99)), true, &[0, 0, 250, 99]),
        (Background::Dominant, true, &[200, 0, 0]),
        (Background::Grid { first: blue, second: Color::BLACK, size: 2 }, true, &[0, 0, 250]),
        // Edges have nothing to repeat where they are.
        (Background::Mirror, false, &[255, 255, 255]),
    ] {
        let setup = Setup { holds_alpha, ..PLAIN };
        let out = run(&setup, vec![rgb(20, 20, |_, _| RED)], &[ellipse(outside)]).unwrap().frames.remove(0).pixels;
        assert_eq!(at(&out, 0, 0), corner, "{outside:?}");
        assert_eq!(at(&out, 10, 10)[..3], RED, "{outside:?}");
    }
}

#[test]
fn what_is_transparent_within_stays_so() {
    let out = one(rgba(20, 20, |_, _| [9, 8, 7, 40]), &[ellipse(Background::Color(Color::WHITE))]);
    assert_eq!((at(&out, 10, 10), at(&out, 0, 0)), (&[9, 8, 7, 40][..], &[255; 4][..]));
}

#[test]
fn every_frame_and_once_for_all() {
    // What is dominant in the first frame is so for all, or the outside would flicker.
    let frames = vec![rgb(20, 20, |_, _| RED), rgb(20, 20, |_, _| [0, 90, 0])];
    let out = run(&PLAIN, frames, &[ellipse(Background::Dominant)]).unwrap();
    let corners: Vec<_> = out.frames.iter().map(|frame| at(&frame.pixels, 0, 0)).collect();
    assert_eq!(corners, [RED, RED]);
    assert_eq!(at(&out.frames[1].pixels, 10, 10), [0, 90, 0]);
}

#[test]
fn it_is_cut_at_the_size_of_the_moment() {
    use plan::{Dim, Fit, Resize};
    let half = Stage::Resize(Resize::new(Some(Dim::Px(20)), None, Fit::Inside));
    let corners = Stage::Mask(Mask { shape: Shape::Corners([Radius::Px(10); 4]), outside: Background::Auto });
    let out = one(rgb(40, 40, |_, _| RED), &[half, corners]);
    let area: f64 = out.data.chunks(4).map(|p| f64::from(p[3]) / 255.0).sum();
    assert!((area - std::f64::consts::PI * 100.0).abs() < 0.5, "{area}");
}

fn border(inside: bool) -> Border {
    let none = [Radius::NONE; 4];
    let color = Color::rgb(1, 2, 3);
    Border { widths: [1, 2, 3, 4], color, inside, outer: none, inner: none, outside: Background::Auto }
}

#[test]
fn frames_grow_the_canvas_or_cover_the_edge() {
    let picture = || rgb(10, 10, |_, _| RED);
    let out = one(picture(), &[Stage::Border(border(false))]);
    assert_eq!((out.width, out.height, out.channels), (16, 14, Channels::Rgb));
    let red = |p: &Pixels| p.data.chunks(p.channels.count()).filter(|p| p[..3] == RED).count();
    assert_eq!(
        (red(&out), at(&out, 3, 1), at(&out, 4, 1), at(&out, 0, 0)),
        (100, &[1, 2, 3][..], &RED[..], &[1, 2, 3][..])
    );
    let out = one(picture(), &[Stage::Border(border(true))]);
    assert_eq!((out.width, out.height, red(&out)), (10, 10, 4 * 6));
    // More than there is covers everything.
    let all = Border { widths: [50; 4], ..border(true) };
    assert_eq!(red(&one(picture(), &[Stage::Border(all)])), 0);
    // Glass over nothing is glass; over a picture it is mixed.
    let glass = Color::BLACK.with_alpha(51);
    let out = one(picture(), &[Stage::Border(Border { color: glass, ..border(false) })]);
    assert_eq!((at(&out, 0, 0), at(&out, 5, 5)), (&[0, 0, 0, 51][..], &[200, 0, 0, 255][..]));
    let out = one(picture(), &[Stage::Border(Border { color: glass, ..border(true) })]);
    assert_eq!((at(&out, 0, 0), at(&out, 5, 5)), (&[160, 0, 0][..], &RED[..]));
}

#[test]
fn rounded_frames() {
    let rounded = Border {
        widths: [10; 4],
        outer: [Radius::Share(Fixed::new(0.5)); 4],
        inner: [Radius::Px(20); 4],
        ..border(false)
    };
    let out = one(rgb(40, 40, |_, _| RED), &[Stage::Border(rounded)]);
    assert_eq!((out.width, at(&out, 0, 0)[3], at(&out, 30, 30)), (60, 0, &[200, 0, 0, 255][..]));
    // A ring between two circles: the picture's own corners lie under it.
    assert_eq!((at(&out, 11, 11), at(&out, 30, 1)), (&[1, 2, 3, 255][..], &[1, 2, 3, 255][..]));
    let area: f64 = out.data.chunks(4).map(|p| f64::from(p[3]) / 255.0).sum();
    assert!((area - std::f64::consts::PI * 900.0).abs() < 1.0, "{area}");
    // A cap that shrinks the canvas shrinks the frame, its radii too.
    let small = Setup { cap: 30, ..PLAIN };
    let out = run(&small, vec![rgb(40, 40, |_, _| RED)], &[Stage::Border(rounded)]).unwrap().frames.remove(0).pixels;
    assert_eq!((out.width, out.height, at(&out, 15, 2)[0], at(&out, 15, 6)[0]), (30, 30, 1, 200));
    assert_eq!(at(&out, 6, 6)[..3], [1, 2, 3]);
}

#[test]
fn a_mask_that_costs_too_much_is_refused() {
    let setup = Setup { budget: Budget { memory: 5000, ..PLAIN.budget }, ..PLAIN };
    let error = run(&setup, vec![rgb(40, 40, |_, _| RED)], &[ellipse(Background::Auto)]).unwrap_err();
    assert!(matches!(error, CodecError::OverBudget { what: "memory", .. }), "{error:?}");
}
