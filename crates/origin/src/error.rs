use plan::MasterId;
use plan::reason::Fault;

/// A source could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder is missing, unreadable or no folder.
    #[error("cannot open folder {path}: {why}")]
    Folder {
        /// The folder as configured.
        path: String,
        /// The system's reason.
        why: String,
    },
    /// The base is not usable.
    #[error("bad base URL {base}: {why}")]
    Base {
        /// The base as configured, without user and password.
        base: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A configured request header is malformed, or one that the client sets itself.
    #[error("bad request header {0:?}")]
    Header(String),
    /// The HTTP client could not be made, for instance because the system has no root certificates.
    #[error("cannot make the HTTP client: {0}")]
    Client(String),
}

/// A path that names no master.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadPath {
    /// Nothing is left of it.
    #[error("the path is empty")]
    Empty,
    /// More than 4,096 bytes.
    #[error("the path is too long")]
    TooLong,
    /// It has a segment `..`.
    #[error("the path has a segment '..'")]
    Parent,
    /// A segment begins with a dot.
    #[error("the path names a dot-file")]
    DotFile,
    /// It holds NUL or a backslash.
    #[error("the path holds NUL or a backslash")]
    Character,
    /// It ends in a slash, so it names a folder.
    #[error("the path names a folder")]
    Folder,
    /// It should begin with a host, and that host is not allowed or none.
    #[error("the path begins with no host that is allowed here")]
    NoHost,
}

/// Why a master could not be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// There is no such master (404, 410, no regular file).
    #[error("no such master")]
    NotFound {
        /// Further identities learnt on the way, as in [`Body::names`](crate::Body::names).
        names: Vec<MasterId>,
    },
    /// The origin refuses us (401, 403, file permissions).
    #[error("the origin refuses access")]
    Forbidden,
    /// Larger than the source allows.
    #[error("the master is larger than {limit} bytes")]
    TooLarge {
        /// The source's limit in bytes.
        limit: u64,
    },
    /// The connection ended before the body did.
    #[error("the body ended early, after {got} bytes")]
    Truncated {
        /// The `Content-Length`, if there was one.
        expected: Option<u64>,
        /// Bytes received.
        got: u64,
    },
    /// The origin took too long.
    #[error("the origin timed out")]
    TimedOut,
    /// No connection: no name, no answer, or a TLS failure. Nothing was sent.
    #[error("no connection to the origin: {0}")]
    NoConnection(String),
    /// The connection broke, or it is not HTTP.
    #[error("the origin cannot be reached: {0}")]
    Unreachable(String),
    /// Another status than success.
    #[error("the origin answered {0}")]
    Status(u16),
    /// The body came in a content coding although none was accepted.
    #[error("the origin sent content coding {0:?}")]
    Coding(String),
    /// An address that must not be reached, or a file that must not be served.
    #[error("refused {what}: {why}")]
    Refused {
        /// The address or path.
        what: String,
        /// The rule.
        why: &'static str,
    },
    /// Too many redirects, or one that leads nowhere.
    #[error("bad redirect: {0}")]
    Redirect(String),
    /// The id is not one of this source's.
    #[error("not a master of this source")]
    BadPath,
    /// A read error on this machine.
    #[error("read error: {0}")]
    Io(String),
}

impl FetchError {
    /// Whether the request certainly did not leave this machine's side of the connection.
    pub const fn nothing_was_sent(&self) -> bool {
        matches!(self, FetchError::NoConnection(_) | FetchError::Refused { .. } | FetchError::BadPath)
    }

    /// Whose fault it is.
    pub const fn fault(&self) -> Fault {
        match self {
            FetchError::NotFound { .. } | FetchError::BadPath => Fault::Client,
            FetchError::Forbidden
            | FetchError::TooLarge { .. }
            | FetchError::Truncated { .. }
            | FetchError::TimedOut
            | FetchError::NoConnection(_)
            | FetchError::Unreachable(_)
            | FetchError::Status(_)
            | FetchError::Coding(_)
            | FetchError::Refused { .. }
            | FetchError::Redirect(_) => Fault::Origin,
            FetchError::Io(_) => Fault::Us,
        }
    }
}
