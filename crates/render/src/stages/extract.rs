use codec::CodecError;
use plan::Region;

use crate::geometry::{self, framed};
use crate::scope::Scope;
use crate::work::Work;

/// Notes the cut; pads where the region asks for it.
pub(super) fn apply(region: &Region, work: &mut Work, scope: &Scope<'_>) -> Result<(), CodecError> {
    let cut = work.locate(scope, |locate| geometry::extract(region, work.size(), locate));
    work.crop(cut.window, cut.size);
    let Some((canvas, offset, background)) = cut.canvas else { return Ok(()) };
    let placement = framed(cut.size, (canvas.w.into(), canvas.h.into()), (offset.0.into(), offset.1.into()), scope.cap);
    work.place(&placement, background, scope)
}
