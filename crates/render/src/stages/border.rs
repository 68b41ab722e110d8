use codec::CodecError;
use plan::Border;

use crate::scope::Scope;
use crate::work::Work;

/// Applies it.
pub(super) fn apply(border: &Border, _work: &mut Work, _scope: &Scope<'_>) -> Result<(), CodecError> {
    Err(CodecError::Internal(format!("{border}: not built")))
}
