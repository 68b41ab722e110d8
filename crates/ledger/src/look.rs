//! A look at a data folder before anything is started in it: nothing is made there, and nothing held.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::FlockOperation;

use crate::error::OpenError;

/// Files that are counted at most.
const MOST_FILES: usize = 100_000;

/// How a data folder is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// Whether it is there. Else the rest is said of the nearest folder above it.
    pub exists: bool,
    /// Whether another process holds it.
    pub held: bool,
    /// That process, as it wrote itself down.
    pub holder: Option<u32>,
    /// Bytes that an ordinary user may still write to its file system.
    pub free: u64,
    /// Bytes of that which its cache takes already.
    pub cached: u64,
}

/// Looks at a data folder. A file of ours is written there for a moment, if nobody holds it.
///
/// # Errors
/// [`OpenError::Io`] when it could not be made, written or locked.
pub fn look(dir: &Path) -> Result<Look, OpenError> {
    let exists = dir.exists();
    let place = if exists { dir.to_owned() } else { above(dir)? };
    let lock = dir.join("lock");
    let held = match File::open(&lock) {
        Ok(file) => rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive).is_err(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        Err(error) => return Err(OpenError::io(&lock, error)),
    };
    let holder = if held { holder(&lock) } else { None };
    if !held {
        try_to_write(&place).map_err(|error| OpenError::io(&place, error))?;
    }
    let room = rustix::fs::statvfs(&place).map_err(|error| OpenError::io(&place, error))?;
    Ok(Look {
        exists,
        held,
        holder,
        free: room.f_bavail.saturating_mul(room.f_frsize),
        cached: taken(&dir.join("cache"), &mut 0),
    })
}

/// The nearest folder above that is there.
fn above(dir: &Path) -> Result<PathBuf, OpenError> {
    let absolute = std::path::absolute(dir).map_err(|error| OpenError::io(dir, error))?;
    let found = absolute.ancestors().skip(1).find(|above| above.exists());
    let folder = found.filter(|above| above.is_dir());
    folder.map(Path::to_owned).ok_or_else(|| OpenError::io(dir, io::Error::from(io::ErrorKind::NotADirectory)))
}

fn holder(lock: &Path) -> Option<u32> {
    let mut text = String::new();
    File::open(lock).ok()?.take(32).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

fn try_to_write(dir: &Path) -> io::Result<()> {
    let path = dir.join(format!(".afterimage-look-{}", std::process::id()));
    let mut file = OpenOptions::new().write(true).create_new(true).open(&path)?;
    let written = file.write_all(&[0; 4096]).and_then(|()| file.sync_all());
    std::fs::remove_file(&path)?;
    written
}

/// Bytes that a folder takes on its disk.
fn taken(dir: &Path, seen: &mut usize) -> u64 {
    let Ok(entries) = std::fs::read_dir(dir) else { return 0 };
    let mut bytes = 0;
    for entry in entries.filter_map(Result::ok) {
        *seen += 1;
        if *seen > MOST_FILES {
            break;
        }
        let Ok(metadata) = entry.metadata() else { continue };
        bytes += if metadata.is_dir() { taken(&entry.path(), seen) } else { metadata.blocks() * 512 };
    }
    bytes
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::Folder;

    #[test]
    fn a_look_leaves_nothing_behind() {
        let temp = tempfile::tempdir().unwrap();
        let dir = temp.path().join("deep/data");
        let before = look(&dir).unwrap();
        assert_eq!((before.exists, before.held, before.cached), (false, false, 0));
        assert!(before.free > 0);
        assert_eq!(std::fs::read_dir(temp.path()).unwrap().count(), 0, "nothing was made");

        let folder = Folder::open(&dir).unwrap();
        std::fs::create_dir_all(folder.cache_dir().join("derivatives")).unwrap();
        std::fs::write(folder.cache_dir().join("derivatives/0"), vec![7; 100_000]).unwrap();
        let held = look(&dir).unwrap();
        assert_eq!((held.exists, held.held, held.holder), (true, true, Some(std::process::id())));
        assert!((100_000..200_000).contains(&held.cached), "{}", held.cached);
        drop(folder);
        let names = || std::fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().file_name()).collect::<Vec<_>>();
        let there = names();
        assert!(!look(&dir).unwrap().held);
        assert_eq!(names(), there);
        Folder::open(&dir).unwrap();
    }

    #[test]
    fn a_file_in_the_way_is_an_error() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("data");
        std::fs::write(&path, "").unwrap();
        for dir in [path.clone(), path.join("deep/data")] {
            assert!(matches!(look(&dir), Err(OpenError::Io { .. })), "{}", dir.display());
        }
    }
}
