//! Brings what was appended from the write-ahead log of `purge.db` into the file, on a thread of its own: nobody who waits for a
//! purge waits for that, too.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;

use crate::error::{Fault, OpenError};
use crate::sqlite::{connect, lock};

/// How long it waits for readers when it begins the write-ahead log anew. Appends wait for it meanwhile.
const PATIENCE: Duration = Duration::from_millis(100);

/// How long the write-ahead log may become, in pages.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// After so many more, they are brought into the file, beside those who write and read.
    pub many: u64,
    /// Past it, it is begun anew, for which writers stop for a moment: under a load without a pause nobody else begins it anew.
    /// While somebody reads on and on, that fails and is tried again after `many` more.
    pub too_many: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { many: 1000, too_many: 8000 }
    }
}

/// The thread. Dropped, it ends.
pub(crate) struct Checkpointer {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl fmt::Debug for Checkpointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checkpointer").finish_non_exhaustive()
    }
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    wake: Condvar,
}

#[derive(Default)]
struct State {
    /// Pages in the write-ahead log after the last commit.
    pages: u64,
    /// Pages that were there when it was last looked at.
    seen: u64,
    /// Times that it was looked at.
    rounds: u64,
    stop: bool,
}

impl Checkpointer {
    /// Takes checkpoints from a writer, whose commits made them so far.
    pub(crate) fn start(
        path: &Path,
        writer: &Arc<Mutex<Connection>>,
        limits: Limits,
    ) -> Result<Checkpointer, OpenError> {
        let fail = |e| OpenError::store(path, e);
        let shared = Arc::new(Shared::default());
        let counts = shared.clone();
        let counted = move |_: &mut rusqlite::hooks::Wal, pages: std::ffi::c_int| {
            let mut state = lock(&counts.state);
            state.pages = u64::try_from(pages).unwrap_or(0);
            if state.pages < state.seen {
                // It was begun anew.
                state.seen = 0;
            }
            if state.pages >= state.seen + limits.many {
                counts.wake.notify_all();
            }
            Ok(())
        };
        // In the place of SQLite's own hook, which makes a checkpoint within the commit.
        lock(writer).wal_hook(Some(counted)).map_err(fail)?;
        let own = connect(path).map_err(fail)?;
        own.busy_timeout(PATIENCE).map_err(fail)?;
        let worker = Worker { shared: shared.clone(), own, writer: writer.clone(), limits };
        let thread = std::thread::Builder::new().name("purge-log".into()).spawn(move || worker.run());
        let thread = thread.map_err(|e| OpenError::io(path, e))?;
        Ok(Checkpointer { shared, thread: Some(thread) })
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        lock(&self.shared.state).stop = true;
        self.shared.wake.notify_all();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Worker {
    shared: Arc<Shared>,
    own: Connection,
    writer: Arc<Mutex<Connection>>,
    limits: Limits,
}

impl Worker {
    fn run(self) {
        while let Some(pages) = self.wait() {
            if let Err(error) = self.checkpoint(pages) {
                tracing::warn!(%error, "the purge log's write-ahead log grows on: it was not brought into the file");
            }
            lock(&self.shared.state).rounds += 1;
            self.shared.wake.notify_all();
        }
    }

    /// Waits until there is enough to do; answers how many pages there are, or `None` when it is to end.
    fn wait(&self) -> Option<u64> {
        let idle = |state: &mut State| !state.stop && state.pages < state.seen + self.limits.many;
        let waited = self.shared.wake.wait_while(lock(&self.shared.state), idle);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        state.seen = state.pages;
        (!state.stop).then_some(state.pages)
    }

    fn checkpoint(&self, pages: u64) -> Result<(), Fault> {
        self.pragma("PRAGMA wal_checkpoint(PASSIVE)")?;
        if pages >= self.limits.too_many {
            // Little is left to be copied. With the writer held, none of its commits has to ask again and again.
            let _writer = lock(&self.writer);
            self.pragma("PRAGMA wal_checkpoint(RESTART)")?;
        }
        Ok(())
    }

    /// Somebody who reads an older state is no fault: the rest is done the next time.
    fn pragma(&self, sql: &str) -> Result<(), Fault> {
        Ok(self.own.prepare_cached(sql)?.query_row([], |_| Ok(()))?)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::sqlite::{Readers, Schema, open_writer};

    const SCHEMA: Schema = Schema {
        application: 7,
        steps: &["CREATE TABLE a (x BLOB) STRICT;"],
        synchronous: "FULL",
        writer_cache: 1024,
        secure_delete: false,
    };

    struct World {
        writer: Arc<Mutex<Connection>>,
        checkpointer: Checkpointer,
        readers: Readers,
        _folder: tempfile::TempDir,
    }

    fn world(limits: Limits) -> World {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.db");
        let writer = Arc::new(Mutex::new(open_writer(&path, &SCHEMA).unwrap()));
        let checkpointer = Checkpointer::start(&path, &writer, limits).unwrap();
        World { writer, checkpointer, readers: Readers::new(&path), _folder: folder }
    }

    impl World {
        /// One commit of about a dozen pages; answers how many there are then.
        fn commit(&self) -> u64 {
            lock(&self.writer).execute("INSERT INTO a VALUES (zeroblob(40000))", []).unwrap();
            lock(&self.checkpointer.shared.state).pages
        }

        fn rounds(&self) -> u64 {
            lock(&self.checkpointer.shared.state).rounds
        }

        /// Until it was looked at so often.
        fn wait_for(&self, rounds: u64) {
            let shared = &self.checkpointer.shared;
            drop(shared.wake.wait_while(lock(&shared.state), |state| state.rounds < rounds).unwrap());
        }

        /// Pages in the write-ahead log that are not in the file yet: asked on the writer, without doing anything.
        fn left(&self) -> i64 {
            let noop = "PRAGMA wal_checkpoint(NOOP)";
            let count = |row: &rusqlite::Row<'_>| Ok(row.get::<_, i64>(1)? - row.get::<_, i64>(2)?);
            lock(&self.writer).query_row(noop, [], count).unwrap()
        }
    }

    #[test]
    fn commits_leave_checkpoints_to_the_thread() {
        let world = world(Limits { many: u64::MAX / 2, too_many: u64::MAX });
        let mut pages = 0;
        while pages < 3000 {
            pages = world.commit();
        }
        assert_eq!(world.rounds(), 0);
        assert!(world.left() >= 3000, "nothing was copied within a commit");

        let world = self::world(Limits { many: 100, too_many: u64::MAX });
        while world.commit() < 100 {}
        world.wait_for(1);
        assert_eq!(world.left(), 0, "the thread did it");
        let before = world.rounds();
        assert!(world.commit() < 100, "and the next commit began anew");
        assert_eq!(world.rounds(), before);
    }

    #[test]
    fn a_reader_that_stays_delays_but_does_not_stop_it() {
        let world = world(Limits { many: 100, too_many: 200 });
        world.commit();
        world
            .readers
            .with(|reader| {
                reader.execute_batch("BEGIN")?;
                let seen = || reader.query_row("SELECT count(*) FROM a", [], |row| row.get::<_, i64>(0));
                assert_eq!(seen()?, 1);
                while world.rounds() < 4 {
                    world.commit();
                }
                assert_eq!(seen()?, 1, "it reads what it read");
                reader.execute_batch("COMMIT")?;
                Ok(())
            })
            .unwrap();
        let (rounds, mut most) = (world.rounds(), 0);
        while world.rounds() == rounds {
            most = world.commit().max(most);
        }
        assert!(most >= 400, "it grew while there was a reader: {most}");
        assert!(world.commit() < 100, "and is begun anew once there is none");
    }
}
