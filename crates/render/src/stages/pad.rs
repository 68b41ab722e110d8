use codec::CodecError;
use plan::Pad;

use crate::geometry::{Placement, Size, framed};
use crate::scope::Scope;
use crate::work::Work;

/// Adds the bars.
pub(super) fn apply(pad: &Pad, work: &mut Work, scope: &Scope<'_>) -> Result<(), CodecError> {
    work.place(&placement(pad, work.size(), scope.cap), pad.background, scope)
}

/// Where the picture lies among its bars.
pub(crate) fn placement(pad: &Pad, size: Size, cap: u32) -> Placement {
    let sum = |a: u32, b: u32, c: u32| u64::from(a) + u64::from(b) + u64::from(c);
    let canvas = (sum(pad.left, size.w, pad.right), sum(pad.top, size.h, pad.bottom));
    framed(size, canvas, (pad.left.into(), pad.top.into()), cap)
}
