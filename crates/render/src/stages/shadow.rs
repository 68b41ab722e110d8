use codec::CodecError;
use plan::Shadow;

use crate::scope::Scope;
use crate::work::Work;

/// Applies it.
pub(super) fn apply(shadow: &Shadow, _work: &mut Work, _scope: &Scope<'_>) -> Result<(), CodecError> {
    Err(CodecError::Internal(format!("{shadow}: not built")))
}
