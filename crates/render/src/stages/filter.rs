use codec::CodecError;
use plan::Filter;

use crate::scope::Scope;
use crate::work::Work;

/// Applies it.
pub(super) fn apply(filter: Filter, _work: &mut Work, _scope: &Scope<'_>) -> Result<(), CodecError> {
    Err(CodecError::Internal(format!("{filter}: not built")))
}
