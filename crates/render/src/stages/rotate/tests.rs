use std::time::{Duration, Instant};

use codec::{Budget, Cancel};

use super::*;
use crate::pictures::Pictures;

#[test]
fn a_large_turn_stops_within_itself_when_its_time_is_up() {
    let side = Size::new(3000, 3000);
    let pixels = blank(side, Channels::Rgb);
    let back = Affine::rotate(-30.0, 1.0, side, side);
    let (budget, pictures) = (Budget::default(), Pictures::new(&[]));
    let run = |canvas: Size, cancel: &Cancel| {
        let scope = Scope { budget: &budget, cancel, cap: 8192, holds_alpha: true, pictures: &pictures, depth: 0 };
        turned(&pixels, canvas, back, Beyond::Nothing { degrees: 30.0 }, &Ground::Flat([0; 4]), &scope).map(|p| p.width)
    };
    let soon = Cancel::at(Instant::now() + Duration::from_millis(1));
    assert_eq!(run(side, &soon), Err(CodecError::TimedOut));
    assert_eq!(run(Size::new(10, 10), &Cancel::never()), Ok(10));
}

#[test]
fn edges_take_the_part_that_they_cover() {
    // A white square on black, turned: where its edge runs, and nowhere else, values lie in between; their sum is its area.
    let side = Size::new(40, 40);
    let white = Pixels { data: vec![255; 4800], ..blank(side, Channels::Rgb) };
    let (budget, pictures, cancel) = (Budget::default(), Pictures::new(&[]), Cancel::never());
    let scope = Scope { budget: &budget, cancel: &cancel, cap: 99, holds_alpha: false, pictures: &pictures, depth: 0 };
    for degrees in [1.0, 10.0, 30.0, 45.0, 101.0, 200.5] {
        let canvas = rotated(side, degrees);
        let back = Affine::rotate(-degrees, 1.0, canvas, side);
        let beyond = Beyond::Nothing { degrees };
        let out = turned(&white, canvas, back, beyond, &Ground::Flat([0, 0, 0, 255]), &scope);
        let Ok(out) = out else { panic!("{degrees}") };
        let area: f64 = out.data.iter().map(|v| f64::from(*v) / 255.0 / 3.0).sum();
        assert!((area - 1600.0).abs() < 1.5, "{degrees}: {area}");
        let soft = out.data.iter().filter(|v| (1..255).contains(*v)).count() / 3;
        assert!(soft < 4 * 40 * 2, "{degrees}: {soft}");
    }
}
