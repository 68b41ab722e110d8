use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{FallocateFlags, FlockOperation};

use crate::error::OpenError;

/// Size of the ballast: room that is kept taken, and given up so that purges can still be written on a full disk.
pub const BALLAST_BYTES: u64 = 8 << 20;

/// The data folder, held exclusively for as long as any clone of this lives.
///
/// The lock is a BSD `flock` on the file `lock`. It goes with the process, however that ends. The descriptor is closed on
/// exec; a process that is forked without exec must close it, or it holds the folder as well.
#[derive(Debug, Clone)]
pub struct Folder(Arc<Held>);

#[derive(Debug)]
struct Held {
    dir: PathBuf,
    /// Kept open for its lock.
    _lock: File,
}

impl Folder {
    /// Creates the folder where it is missing (mode 0700), locks it, and sets the ballast aside.
    ///
    /// # Errors
    /// [`OpenError::Locked`] when another process (or another `Folder` of this one) holds it; [`OpenError::Io`].
    pub fn open(dir: &Path) -> Result<Folder, OpenError> {
        make_dir(dir).map_err(|e| OpenError::io(dir, e))?;
        // Later changes of the working folder must not move the files.
        let dir = dir.canonicalize().map_err(|e| OpenError::io(dir, e))?;
        warn_if_open_to_others(&dir);
        let lock = lock(&dir)?;
        let folder = Folder(Arc::new(Held { dir, _lock: lock }));
        if let Err(e) = folder.take_ballast() {
            tracing::warn!(path = %folder.ballast().display(), "no ballast for a full disk: {e}");
        }
        Ok(folder)
    }

    /// The folder itself, absolute.
    pub fn path(&self) -> &Path {
        &self.0.dir
    }

    /// The purge log's file.
    pub fn purge_db(&self) -> PathBuf {
        self.0.dir.join("purge.db")
    }

    /// The API keys' file.
    pub fn keys_db(&self) -> PathBuf {
        self.0.dir.join("keys.db")
    }

    /// The catalogue's file.
    pub fn catalogue_db(&self) -> PathBuf {
        self.0.dir.join("catalogue.db")
    }

    /// The file of the outbox and of warm-ups.
    pub fn jobs_db(&self) -> PathBuf {
        self.0.dir.join("jobs.db")
    }

    /// The file of figures and of the last requests' lines.
    pub fn stats_db(&self) -> PathBuf {
        self.0.dir.join("stats.db")
    }

    /// The folder of cached bodies, unless it is configured to lie elsewhere. It may not exist yet.
    pub fn cache_dir(&self) -> PathBuf {
        self.0.dir.join("cache")
    }

    fn ballast(&self) -> PathBuf {
        self.0.dir.join("ballast")
    }

    /// Really allocates the ballast; a sparse file would keep nothing free.
    fn take_ballast(&self) -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(self.ballast())?;
        match rustix::fs::fallocate(&file, FallocateFlags::empty(), 0, BALLAST_BYTES) {
            Ok(()) => {}
            // Some file systems cannot allocate ahead: write it out.
            Err(rustix::io::Errno::OPNOTSUPP) => {
                let zeros = [0; 1 << 16];
                (0..BALLAST_BYTES / zeros.len() as u64).try_for_each(|_| file.write_all(&zeros))?;
            }
            Err(e) => {
                // What was got of it would only be in the way.
                let _ = file.set_len(0);
                return Err(e.into());
            }
        }
        file.sync_all()?;
        // Opening the stores takes a little room, too.
        if self.is_full() {
            file.set_len(0)?;
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }

    /// Gives the ballast up; answers whether there was any. It comes back at the next [`Folder::open`].
    pub(crate) fn drop_ballast(&self) -> bool {
        let Ok(file) = OpenOptions::new().write(true).open(self.ballast()) else { return false };
        let had = file.metadata().is_ok_and(|m| m.len() > 0);
        had && file.set_len(0).is_ok()
    }

    /// Whether the file system has next to nothing left for an ordinary user.
    pub(crate) fn is_full(&self) -> bool {
        rustix::fs::statvfs(&self.0.dir).is_ok_and(|s| s.f_bavail.saturating_mul(s.f_frsize) < 1 << 18)
    }
}

/// Makes a folder that only we may enter, and its place in its parent durable.
pub(crate) fn make_dir(dir: &Path) -> io::Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    match dir.canonicalize()?.parent() {
        Some(parent) => sync_dir(parent),
        None => Ok(()),
    }
}

/// Makes the names in a folder durable.
pub(crate) fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

fn warn_if_open_to_others(dir: &Path) {
    let open = dir.metadata().is_ok_and(|m| m.permissions().mode() & 0o077 != 0);
    if open {
        tracing::warn!(path = %dir.display(), "other users may enter the data folder; it should have mode 0700");
    }
}

fn lock(dir: &Path) -> Result<File, OpenError> {
    let path = dir.join("lock");
    let fail = |e: io::Error| OpenError::io(&path, e);
    let mut file =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path).map_err(fail)?;
    match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(rustix::io::Errno::WOULDBLOCK) => {
            let mut text = String::new();
            let _ = file.read_to_string(&mut text);
            return Err(OpenError::Locked { path: dir.to_owned(), holder: text.trim().parse().ok() });
        }
        Err(e) => return Err(fail(e.into())),
    }
    // The number is for people only, so a full disk is no reason to stop here.
    let _ = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| writeln!(file, "{}", std::process::id()));
    Ok(file)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn one_holder_at_a_time() {
        let temp = tempfile::tempdir().unwrap();
        let dir = temp.path().join("deep/data");
        let folder = Folder::open(&dir).unwrap();
        assert_eq!(dir.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        let clone = folder.clone();
        drop(folder);
        match Folder::open(&dir) {
            Err(OpenError::Locked { holder, .. }) => assert_eq!(holder, Some(std::process::id())),
            other => panic!("{other:?}"),
        }
        drop(clone);
        Folder::open(&dir).unwrap();
    }

    #[test]
    fn ballast_takes_room_until_it_is_dropped() {
        use std::os::unix::fs::MetadataExt;
        let temp = tempfile::tempdir().unwrap();
        let folder = Folder::open(temp.path()).unwrap();
        assert!(folder.ballast().metadata().unwrap().blocks() * 512 >= BALLAST_BYTES);
        assert!(folder.drop_ballast());
        assert_eq!(folder.ballast().metadata().unwrap().blocks(), 0);
        assert!(!folder.drop_ballast());
        drop(folder);
        let folder = Folder::open(temp.path()).unwrap();
        assert_eq!(folder.ballast().metadata().unwrap().len(), BALLAST_BYTES);
    }

    #[test]
    fn a_file_in_the_way_is_an_error() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("data");
        std::fs::write(&path, "").unwrap();
        assert!(matches!(Folder::open(&path), Err(OpenError::Io { .. })));
    }
}
