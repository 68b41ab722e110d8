use codec::CodecError;
use plan::Adjust;

use crate::scope::Scope;
use crate::work::Work;

/// Applies it.
pub(super) fn apply(adjust: Adjust, _work: &mut Work, _scope: &Scope<'_>) -> Result<(), CodecError> {
    Err(CodecError::Internal(format!("{adjust}: not built")))
}
