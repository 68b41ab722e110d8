#![allow(clippy::unwrap_used, clippy::expect_used)]
use codec::Budget;

use super::*;
use crate::pictures::Pictures;
use crate::stages::resample::tests::{asks, noise};

#[test]
fn a_blur_ends_within_itself_when_nobody_waits() {
    let picture = noise(400, 300, Channels::Rgb);
    let count = asks(|cancel| {
        let (budget, pictures) = (Budget::default(), Pictures::new(&[]));
        let scope = Scope { budget: &budget, cancel, cap: 8192, holds_alpha: false, pictures: &pictures, depth: 0 };
        let fill = Fill::new(Background::Blur(plan::BlurFill::PLAIN), &picture, &scope);
        frame(picture.clone(), Size::new(400, 600), (0, 150), &fill, &scope)
    });
    // One scaling down to 67x100, the blur's columns and rows, one scaling up, 600 rows pasted.
    assert_eq!(count, 1 + 2 + 2 + 1 + 10);
}
