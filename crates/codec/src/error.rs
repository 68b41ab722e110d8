use plan::reason::Fault;

/// Why a picture could not be decoded or encoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// Not a picture, or of a kind that is not read (415).
    #[error("not a picture of a kind that can be read: {0}")]
    Unsupported(String),
    /// The data ends too early: pixels are missing (422).
    #[error("the picture is truncated: {0}")]
    Truncated(String),
    /// The data is damaged (422).
    #[error("the picture is damaged: {0}")]
    Corrupt(String),
    /// It would cost more than the budget allows (413 for bytes, 422 for the rest).
    #[error("the picture exceeds the limit on {what}: {found}, at most {limit} allowed")]
    OverBudget {
        /// `input bytes`, `input pixels`, `frames` or `memory`; of a picture drawn on another, `overlay bytes` or
        /// `overlay pixels`.
        what: &'static str,
        /// Found.
        found: u64,
        /// Allowed.
        limit: u64,
    },
    /// Nobody waits any more.
    #[error("cancelled")]
    Cancelled,
    /// The time of the job is up.
    #[error("the job ran out of time")]
    TimedOut,
    /// An encoder or a stage failed on pixels of our own.
    #[error("internal: {0}")]
    Internal(String),
}

impl CodecError {
    /// Whose fault it is.
    pub fn fault(&self) -> Fault {
        match self {
            CodecError::Unsupported(_)
            | CodecError::Truncated(_)
            | CodecError::Corrupt(_)
            | CodecError::OverBudget { .. } => Fault::Origin,
            CodecError::Cancelled => Fault::Client,
            CodecError::TimedOut | CodecError::Internal(_) => Fault::Us,
        }
    }
}
