use std::io;
use std::path::{Path, PathBuf};

use purge::{CatalogueError, LogError};

/// The data folder or a file in it cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The operating system refused something.
    #[error("cannot use {}: {source}", path.display())]
    Io {
        /// Which file or folder.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// Another process holds the data folder.
    #[error("{} is in use by {}", path.display(), holder.map_or("another process".to_owned(), |pid| format!("process {pid}")))]
    Locked {
        /// The data folder.
        path: PathBuf,
        /// Its process id, as it wrote it; `None` if it did not.
        holder: Option<u32>,
    },
    /// SQLite cannot open or read the file.
    #[error("cannot read {}: {source}", path.display())]
    Store {
        /// Which file.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// A SQLite file, but not one of ours.
    #[error("{} was not made by Afterimage for this purpose", path.display())]
    Foreign {
        /// Which file.
        path: PathBuf,
    },
    /// A later version of Afterimage made the file.
    #[error("{} has format {found}, and this version knows up to {known}: upgrade, or restore a backup", path.display())]
    Newer {
        /// Which file.
        path: PathBuf,
        /// The file's format version.
        found: i64,
        /// The newest that is understood.
        known: i64,
    },
    /// The file lacks something that is written when it is made.
    #[error("{} is damaged: {what}", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        what: &'static str,
    },
    /// The operating system gave no random bits.
    #[error("no random bits: {0}")]
    Random(getrandom::Error),
}

impl OpenError {
    pub(crate) fn io(path: &Path, source: impl Into<io::Error>) -> Self {
        OpenError::Io { path: path.to_owned(), source: source.into() }
    }

    pub(crate) fn store(path: &Path, source: rusqlite::Error) -> Self {
        OpenError::Store { path: path.to_owned(), source }
    }
}

/// A run could not be begun or ended. Nothing may be answered from cache then.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The cache folder cannot be read or written.
    #[error("cannot use {}: {source}", path.display())]
    Io {
        /// Which file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The purge log failed.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The catalogue failed.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
}

impl RunError {
    pub(crate) fn io(path: &Path, source: impl Into<io::Error>) -> Self {
        RunError::Io { path: path.to_owned(), source: source.into() }
    }
}

/// An API key could not be stored, removed or listed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// A name or a key is empty.
    #[error("an API key and its name must not be empty")]
    Empty,
    /// Another key has this name.
    #[error("there is already an API key named {0:?}")]
    NameTaken(String),
    /// The same key is stored under another name.
    #[error("this API key is already stored under the name {0:?}")]
    KeyTaken(String),
    /// What the key may do makes no sense.
    #[error("{0}")]
    Scope(&'static str),
    /// The store failed.
    #[error("the store of API keys failed: {0}")]
    Store(String),
}

/// The outbox or the warm-ups failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the store of jobs failed: {0}")]
pub struct JobError(pub String);

impl From<Fault> for JobError {
    fn from(fault: Fault) -> Self {
        JobError(fault.to_string())
    }
}

/// What goes wrong inside a statement, before it is put in the words of the trait that was called.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    #[error("{0}")]
    Data(String),
}

impl Fault {
    pub(crate) fn data(text: impl Into<String>) -> Self {
        Fault::Data(text.into())
    }

    /// No room on the disk, or over quota.
    pub(crate) fn is_full(&self) -> bool {
        matches!(self, Fault::Sqlite(e) if e.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull))
    }

    /// An I/O error. SQLite reports some kinds of lacking room (its shared memory file, quotas) as such.
    pub(crate) fn is_io(&self) -> bool {
        matches!(self, Fault::Sqlite(e) if e.sqlite_error_code() == Some(rusqlite::ErrorCode::SystemIoFailure))
    }
}

impl From<Fault> for LogError {
    fn from(fault: Fault) -> Self {
        if fault.is_full() { LogError::Full } else { LogError::Store(fault.to_string()) }
    }
}

impl From<Fault> for CatalogueError {
    fn from(fault: Fault) -> Self {
        CatalogueError(fault.to_string())
    }
}

impl From<Fault> for KeyError {
    fn from(fault: Fault) -> Self {
        KeyError::Store(fault.to_string())
    }
}

/// For a column: SQLite's integers are signed.
pub(crate) fn to_sql(value: u64) -> Result<i64, Fault> {
    i64::try_from(value).map_err(|_| Fault::data(format!("{value} is too large to store")))
}

/// From a column.
pub(crate) fn from_sql(value: i64) -> Result<u64, Fault> {
    u64::try_from(value).map_err(|_| Fault::data(format!("{value} where no negative number belongs")))
}
