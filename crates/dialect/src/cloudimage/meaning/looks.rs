//! Colours and filters. They act on the resized picture: for those that look at one pixel at a time the order makes no
//! difference to the eye, and it is much cheaper.

use plan::{Adjust, Filter, Fixed, Stage, Unsharp};

use crate::cloudimage::said::Said;

/// The stages, in the vendor's order.
pub(super) fn stages(said: &Said) -> Vec<Stage> {
    let adjusts = [
        said.bright.map(|by| Adjust::Brightness(Fixed::new(by.get() / 200.0))),
        said.contrast.map(|by| Adjust::Contrast(Fixed::new((1.0 + by.get() / 100.0).powi(2)))),
        said.saturate.map(|by| Adjust::Saturation(Fixed::new(1.0 + by.get() / 100.0))),
        said.gray.then_some(Adjust::Grayscale),
        said.sepia.map(|percent| Adjust::Sepia(Fixed::new(percent.get() / 100.0))),
        said.invert.then_some(Adjust::Invert),
        said.duotone.map(|(dark, light, strength)| Adjust::Duotone { dark, light, strength }),
        said.colorize.map(Adjust::Colorize),
    ];
    let filters = [
        said.blur.map(|blur| Filter::Blur(Fixed::new(blur.get() / 2.0))),
        said.pixelate.map(Filter::Pixelate),
        said.sharp.map(sharpened),
    ];
    let adjusts = adjusts.into_iter().flatten().map(Stage::Adjust);
    adjusts.chain(filters.into_iter().flatten().map(Stage::Filter)).collect()
}

/// The vendor gives no formula.
fn sharpened(sharp: Fixed) -> Filter {
    Filter::Sharpen(Unsharp { sigma: Fixed::ONE, amount: Fixed::new(sharp.get() / 2.0), threshold: Fixed::ZERO })
}
