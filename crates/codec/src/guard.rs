//! One door for every decoder: a panic in one costs the request that brought the file, and no other (G11).

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use crate::{CodecError, Kind};

/// Decoders that follow the nesting of a document need a deep stack. Only the pages touched are ever backed by memory.
const STACK: usize = 64 << 20;

/// Runs a decoder. What it throws out is an error of the file.
pub(crate) fn run<T>(kind: Kind, work: impl FnOnce() -> Result<T, CodecError>) -> Result<T, CodecError> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => result,
        // A decoder that cannot be asked to stop was stopped so, with the error to answer.
        Err(thrown) => Err(match thrown.downcast::<CodecError>() {
            Ok(error) => *error,
            Err(_) => {
                tracing::warn!(kind = kind.name(), "a decoder panicked");
                CodecError::Corrupt(format!("the decoder of {} gave up", kind.name()))
            }
        }),
    }
}

/// The same on a thread of its own with a deep stack.
pub(crate) fn run_deep<T: Send>(
    kind: Kind,
    work: impl FnOnce() -> Result<T, CodecError> + Send,
) -> Result<T, CodecError> {
    thread::scope(|scope| {
        let spawned =
            thread::Builder::new().name(kind.name().into()).stack_size(STACK).spawn_scoped(scope, || run(kind, work));
        match spawned {
            Ok(handle) => handle.join().unwrap_or_else(|_| Err(CodecError::Internal("a decoder's thread died".into()))),
            Err(error) => Err(CodecError::Internal(format!("no thread for a decoder: {error}"))),
        }
    })
}

/// Ends a decoder from inside one of its callbacks. The answer of [`run`] is this error.
pub(crate) fn stop(error: CodecError) -> ! {
    std::panic::resume_unwind(Box::new(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error_of_the_file() {
        let thrown: Result<(), _> = run(Kind::Gif, || panic!("by a test"));
        assert_eq!(thrown, Err(CodecError::Corrupt("the decoder of gif gave up".into())));
        let thrown: Result<(), _> = run_deep(Kind::Pdf, || panic!("by a test"));
        assert!(matches!(thrown, Err(CodecError::Corrupt(_))));
        let stopped: Result<(), _> = run_deep(Kind::Pdf, || stop(CodecError::TimedOut));
        assert_eq!(stopped, Err(CodecError::TimedOut));
        assert_eq!(run(Kind::Gif, || Ok(7)), Ok(7));
    }
}
