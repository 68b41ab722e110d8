//! Whether a source is there at all, without a master being asked for.

use std::time::SystemTime;

use crate::{FetchError, Kind, Source};

/// Entries of a folder that are counted at most.
pub(crate) const MOST_ENTRIES: usize = 10_000;

/// A source that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reached {
    /// A folder that can be listed.
    Folder {
        /// Files and folders at its top, those left out whose name begins with a dot.
        entries: usize,
        /// Whether there are more, which were not counted.
        more: bool,
    },
    /// A web server that answers requests for the source's base, with whatever status below 500: few have a page there.
    Web {
        /// That status.
        status: u16,
        /// What time its clock showed, if it says so.
        date: Option<SystemTime>,
    },
    /// Any address on some hosts: there is none to be asked.
    Anywhere,
}

impl Source {
    /// Asks whether the source is there, by the rules under which masters are fetched. Must run on a tokio runtime with I/O and
    /// time.
    ///
    /// # Errors
    /// As [`Source::fetch`]; a status of 500 and more is one.
    pub async fn reach(&self) -> Result<Reached, FetchError> {
        match &self.inner.kind {
            Kind::Proxy(_) => Ok(Reached::Anywhere),
            Kind::Http(web) => web.reach().await,
            Kind::Local(_) => {
                let source = self.clone();
                let listed = tokio::task::spawn_blocking(move || match &source.inner.kind {
                    Kind::Local(folder) => folder.count(),
                    Kind::Http(_) | Kind::Proxy(_) => Err(FetchError::BadPath),
                });
                let (entries, more) = listed.await.map_err(|lost| FetchError::Io(lost.to_string()))??;
                Ok(Reached::Folder { entries, more })
            }
        }
    }

    /// What it is, as settings have it: `local`, `http` or `proxy`.
    pub fn kind_name(&self) -> &'static str {
        match self.inner.kind {
            Kind::Local(_) => "local",
            Kind::Http(_) => "http",
            Kind::Proxy(_) => "proxy",
        }
    }
}
