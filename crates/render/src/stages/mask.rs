use codec::CodecError;
use plan::Mask;

use crate::scope::Scope;
use crate::work::Work;

/// Applies it.
pub(super) fn apply(mask: &Mask, _work: &mut Work, _scope: &Scope<'_>) -> Result<(), CodecError> {
    Err(CodecError::Internal(format!("{mask}: not built")))
}
