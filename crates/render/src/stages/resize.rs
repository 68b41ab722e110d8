use codec::CodecError;
use plan::Resize;

use crate::geometry;
use crate::scope::Scope;
use crate::work::Work;

/// Scales, crops and pads.
pub(super) fn apply(r: &Resize, work: &mut Work, scope: &Scope<'_>) -> Result<(), CodecError> {
    let placement = work.locate(scope, |locate| geometry::resize(r, work.size(), scope.cap, locate));
    if placement.is_nothing(work.size()) {
        return Ok(());
    }
    work.place(&placement, r.background, scope)
}
