use codec::CodecError;

use super::background::Ground;
use super::rotate::{Beyond, turned};
use crate::geometry::{Affine, straighten_zoom};
use crate::scope::Scope;
use crate::work::Work;

/// Turns inside the frame, zoomed until no corner shows.
pub(super) fn apply(degrees: f64, work: &mut Work, scope: &Scope<'_>) -> Result<(), CodecError> {
    let size = work.size();
    let zoom = straighten_zoom(size, degrees);
    let map = Affine::rotate(degrees, zoom, size, size);
    let back = Affine::rotate(-degrees, 1.0 / zoom, size, size);
    let unseen = Ground::Flat([0; 4]);
    work.change(scope, size, map, |pixels| turned(&pixels, size, back, Beyond::Repeat, &unseen, scope))
}
