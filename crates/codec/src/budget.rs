use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use crate::{CodecError, Foreign};

/// What one job may cost, checked before memory is taken, not after; and where the code runs that could overstep it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Budget {
    /// Longest input, in bytes.
    pub input_bytes: u64,
    /// Most pixels of one input frame, as declared by its header.
    pub input_pixels: u64,
    /// Longest side of an output, in pixels.
    pub output_side: u32,
    /// Most frames of an animation.
    pub frames: u32,
    /// Most bytes of pixels held at once, in and out together.
    pub memory: u64,
    /// Where decoders that are written in C run.
    pub foreign: Foreign,
}

impl Default for Budget {
    /// 100 MiB, 150 megapixels, 8192, 500 frames, 1 GiB, and all in this process.
    fn default() -> Self {
        Budget {
            input_bytes: 100 << 20,
            input_pixels: 150_000_000,
            output_side: 8192,
            frames: 500,
            memory: 1 << 30,
            foreign: Foreign::HERE,
        }
    }
}

/// Tells a running job to stop: because nobody waits any more, or because its time is up. Cheap to clone and to ask.
#[derive(Debug, Clone, Default)]
pub struct Cancel {
    left: Arc<AtomicBool>,
    deadline: Option<Instant>,
    checks: Option<Arc<AtomicU64>>,
}

impl Cancel {
    /// Never stops by itself.
    pub fn never() -> Self {
        Cancel::default()
    }

    /// Stops at an instant.
    pub fn at(deadline: Instant) -> Self {
        Cancel { deadline: Some(deadline), ..Cancel::default() }
    }

    /// Lets so many checks pass and is cancelled at the next: for tests of what asks, which must not depend on time.
    pub fn after(checks: u64) -> Self {
        Cancel { checks: Some(Arc::new(AtomicU64::new(checks))), ..Cancel::default() }
    }

    /// The same token, whose time is up at an instant: for a job that waited before it began.
    #[must_use]
    pub fn until(&self, deadline: Instant) -> Self {
        Cancel { deadline: Some(deadline), ..self.clone() }
    }

    /// Stops the job at its next check.
    pub fn cancel(&self) {
        self.left.store(true, Ordering::Relaxed);
    }

    /// Asked between stages and row bands.
    ///
    /// # Errors
    /// [`CodecError::Cancelled`] or [`CodecError::TimedOut`].
    pub fn check(&self) -> Result<(), CodecError> {
        if let Some(checks) = &self.checks
            && checks.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_err()
        {
            self.cancel();
        }
        if self.left.load(Ordering::Relaxed) {
            return Err(CodecError::Cancelled);
        }
        match self.deadline {
            Some(deadline) if Instant::now() >= deadline => Err(CodecError::TimedOut),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_token_with_a_deadline_still_hears_the_first_one() {
        let now = Instant::now();
        let first = Cancel::never();
        let started = first.until(now + Duration::from_secs(3600));
        assert_eq!(started.check(), Ok(()));
        assert_eq!(first.until(now).check(), Err(CodecError::TimedOut));
        assert_eq!(first.check(), Ok(()), "the first has no deadline");
        first.cancel();
        assert_eq!(started.check(), Err(CodecError::Cancelled));
    }

    #[test]
    fn a_token_may_count_its_checks() {
        let cancel = Cancel::after(2);
        let clone = cancel.clone();
        assert_eq!((cancel.check(), clone.check()), (Ok(()), Ok(())));
        assert_eq!((cancel.check(), clone.check()), (Err(CodecError::Cancelled), Err(CodecError::Cancelled)));
    }
}
