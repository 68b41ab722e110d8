//! Which run of the node last used the cache folder, and whether what lies there may be believed.
//!
//! A cached entry is judged by comparing its stamp with the purge log. That holds only while the log knows every purge
//! which that cache has seen. A ledger restored from a backup, or one of another node, lacks some. So each start writes a
//! fresh run id to the ledger, then to the cache folder. A cache whose last run the ledger knows is not ahead of it; a
//! cache older than that is safe, because the log holds all that it missed. In every other case the log gets a new id: all
//! that bears the old one is a miss. The cache is cold then, and never stale.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use plan::Position;
use purge::{Catalogue, Log, LogError, LogIdentity, Tier};
use rusqlite::params;

use crate::audit::{AuditKind, Entry};
use crate::error::{RunError, to_sql};
use crate::folder::{make_dir, sync_dir};
use crate::log::PurgeDb;
use crate::sqlite::{now_ms, random};

/// How a run begins.
#[derive(Debug, Clone)]
pub struct Start {
    /// The log's identity from now on.
    pub log: LogIdentity,
    /// Why nothing cached before is believed; `None` if it is.
    pub cold: Option<ColdReason>,
    /// Everything that bears the log's id is at least as new as this: replay the records after it.
    pub replay_after: Position,
}

/// Why a node starts with a cold cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ColdReason {
    /// The cache folder names no run: a purge could not be written to the log, the last start did not finish, or the cache
    /// comes from elsewhere or was emptied.
    #[error("the cache folder names no run")]
    NoRun,
    /// The cache folder's run file cannot be read or understood.
    #[error("the cache folder's run file is damaged")]
    Damaged,
    /// The ledger does not know the cache folder's last run: a backup of the ledger was restored, or it is another's.
    #[error("the ledger does not know the run that last used the cache folder")]
    UnknownRun,
    /// The cache has seen purges that the log does not hold.
    #[error("the cache has seen purge {seen}, and the log ends at {head}")]
    Ahead {
        /// The newest position that the cache has seen.
        seen: Position,
        /// The log's head.
        head: Position,
    },
}

impl PurgeDb {
    /// Begins a run: decides whether what is cached may be believed, makes the log a new one and clears the catalogue if
    /// not, and marks ledger and cache folder with a fresh run id. Call it once, before anything is answered from cache
    /// and before the log is given to anybody.
    ///
    /// # Errors
    /// When ledger, catalogue or cache folder cannot be read and written; then nothing may be answered from cache.
    pub fn begin_run(&self, cache_dir: &Path, catalogue: &dyn Catalogue) -> Result<Start, RunError> {
        make_dir(cache_dir).map_err(|e| RunError::io(cache_dir, e))?;
        let head = self.head()?;
        let cold = self.judge(cache_dir, catalogue, head)?;
        if cold.is_some() {
            // A crash anywhere in between must end up here again, so the mark goes first.
            self.end_cache_run(cache_dir)?;
            catalogue.clear()?;
            self.mint_new_log()?;
        }
        let run = self.new_run(cold)?;
        write_mark(cache_dir, &Mark { run, head })?;
        Ok(Start { log: self.identity(), cold, replay_after: self.since()? })
    }

    /// Makes the next start cold, durably. Called when a purge could not be appended: it is in force only until we stop.
    ///
    /// # Errors
    /// When the cache folder cannot be written.
    pub fn end_cache_run(&self, cache_dir: &Path) -> Result<(), RunError> {
        let path = mark_path(cache_dir);
        match fs::remove_file(&path) {
            Ok(()) => sync_dir(cache_dir).map_err(|e| RunError::io(cache_dir, e)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(e) => Err(RunError::io(&path, e)),
        }
    }

    /// Notes in the cache folder how far the log had come; for an orderly stop, after the last append. It reveals a ledger
    /// that was put back to a copy made earlier in this same run. Does nothing if the run's mark is gone.
    ///
    /// # Errors
    /// When the cache folder cannot be read or written.
    pub fn settle_run(&self, cache_dir: &Path) -> Result<(), RunError> {
        match read_mark(cache_dir) {
            Ok(Some(mark)) => write_mark(cache_dir, &Mark { head: self.head()?, ..mark }),
            Ok(None) => Ok(()),
            Err(e) => Err(RunError::io(&mark_path(cache_dir), e)),
        }
    }

    fn judge(
        &self,
        cache_dir: &Path,
        catalogue: &dyn Catalogue,
        head: Position,
    ) -> Result<Option<ColdReason>, RunError> {
        let Ok(mark) = read_mark(cache_dir) else { return Ok(Some(ColdReason::Damaged)) };
        let Some(mark) = mark else {
            // On the very first start there is nothing to distrust.
            let first = !self.has_run()? && is_empty(cache_dir)? && is_bare(catalogue)?;
            return Ok(if first { None } else { Some(ColdReason::NoRun) });
        };
        if !self.knows_run(mark.run)? {
            return Ok(Some(ColdReason::UnknownRun));
        }
        let seen = catalogue.highest_stamp(self.identity().log)?.unwrap_or(Position::START).max(mark.head);
        Ok(if seen > head { Some(ColdReason::Ahead { seen, head }) } else { None })
    }

    fn has_run(&self) -> Result<bool, LogError> {
        Ok(self.readers.with(|c| Ok(c.query_row("SELECT EXISTS (SELECT 1 FROM run)", [], |row| row.get(0))?))?)
    }

    fn knows_run(&self, run: u128) -> Result<bool, LogError> {
        let run = run.to_be_bytes();
        Ok(self.readers.with(|connection| {
            Ok(connection.query_row("SELECT EXISTS (SELECT 1 FROM run WHERE id = ?1)", [run], |row| row.get(0))?)
        })?)
    }

    fn new_run(&self, cold: Option<ColdReason>) -> Result<u128, LogError> {
        let id: [u8; 16] = random().map_err(|e| LogError::Store(e.to_string()))?;
        let run = u128::from_be_bytes(id);
        let what = match cold {
            None => format!("run {run:032x}"),
            Some(why) => format!("run {run:032x}, begun without a cache: {why}"),
        };
        self.write_chained(|tx, chain| {
            tx.execute("INSERT INTO run (id, started_at) VALUES (?1, ?2)", params![id, to_sql(now_ms())?])?;
            chain.add(tx, &Entry::of_system(AuditKind::Run, what.clone()))
        })?;
        Ok(run)
    }
}

/// What stands in the cache folder: the run that last used it, and a position that the log had reached then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mark {
    run: u128,
    head: Position,
}

const MARK: &str = "run-id";
const MARK_NEW: &str = "run-id.new";

fn mark_path(cache_dir: &Path) -> PathBuf {
    cache_dir.join(MARK)
}

fn read_mark(cache_dir: &Path) -> io::Result<Option<Mark>> {
    let text = match fs::read_to_string(mark_path(cache_dir)) {
        Ok(text) => text,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(e),
    };
    parse_mark(&text).map(Some).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "not a run id"))
}

/// `<32 hex digits> <position>` and a line feed, exactly as [`write_mark`] writes it.
fn parse_mark(text: &str) -> Option<Mark> {
    let (run, head) = text.strip_suffix('\n')?.split_once(' ')?;
    let plain = run.len() == 32 && run.bytes().all(|b| b.is_ascii_hexdigit());
    let run = if plain { u128::from_str_radix(run, 16).ok()? } else { return None };
    Some(Mark { run, head: Position(head.parse().ok()?) })
}

/// Replaces the mark in one step, durably.
fn write_mark(cache_dir: &Path, mark: &Mark) -> Result<(), RunError> {
    let (new, path) = (cache_dir.join(MARK_NEW), mark_path(cache_dir));
    let write = || -> io::Result<()> {
        let mut file: File = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        writeln!(file, "{:032x} {}", mark.run, mark.head)?;
        file.sync_all()?;
        fs::rename(&new, &path)?;
        sync_dir(cache_dir)
    };
    write().map_err(|e| RunError::io(&path, e))
}

/// Whether the cache folder holds nothing but our own files.
fn is_empty(cache_dir: &Path) -> Result<bool, RunError> {
    let fail = |e| RunError::io(cache_dir, e);
    for entry in fs::read_dir(cache_dir).map_err(fail)? {
        let name = entry.map_err(fail)?.file_name();
        if name != MARK && name != MARK_NEW {
            return Ok(false);
        }
    }
    Ok(true)
}

fn is_bare(catalogue: &dyn Catalogue) -> Result<bool, RunError> {
    Ok(catalogue.totals(Tier::Derivatives)?.0 == 0 && catalogue.totals(Tier::Masters)?.0 == 0)
}

#[cfg(test)]
mod tests;
