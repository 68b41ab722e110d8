use codec::CodecError;
use plan::Gradient;

use crate::scope::Scope;
use crate::work::Work;

/// Applies it.
pub(super) fn apply(gradient: &Gradient, _work: &mut Work, _scope: &Scope<'_>) -> Result<(), CodecError> {
    Err(CodecError::Internal(format!("{gradient}: not built")))
}
