//! Masters in a folder.

mod listing;

use std::ffi::OsStr;
use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use plan::Location;
use rustix::fs::{CWD, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

use crate::{FetchError, LocalSettings, OpenError};

/// How often a file that changes under the reader is read before torn bytes are handed on as not storable.
const READS: u32 = 4;
/// How often opening is tried while the file is replaced at the same moment.
const OPENS: u32 = 32;

/// Longer than a tick of the clock that file systems take their times from (10 ms at most).
const TICK: Duration = Duration::from_millis(20);

/// An opened folder source.
pub(crate) struct Folder {
    /// Absolute, no symlinks.
    root: PathBuf,
    refused: Vec<PathBuf>,
    max_bytes: u64,
    /// Runs between reading and the second look at the file.
    #[cfg(test)]
    pub(crate) after_read: Option<Box<dyn Fn(u32) + Send + Sync>>,
    /// As on a kernel without that call.
    #[cfg(test)]
    pub(crate) no_openat2: bool,
}

/// A master as read.
#[derive(Debug)]
pub(crate) struct ReadFile {
    pub bytes: Bytes,
    pub modified: Option<SystemTime>,
    /// Whether the file was the same before and after.
    pub stable: bool,
    /// The path below the root after resolving symlinks, where it is UTF-8.
    pub real: Option<String>,
}

/// What must not change while a file is read.
#[derive(PartialEq, Eq)]
struct Identity {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

struct Opened {
    file: File,
    before: Identity,
    modified: Option<SystemTime>,
    /// Below the root.
    real: PathBuf,
}

impl Folder {
    pub(crate) fn open(settings: LocalSettings) -> Result<Self, OpenError> {
        let fail = |why: String| OpenError::Folder { path: settings.root.display().to_string(), why };
        let root = settings.root.canonicalize().map_err(|error| fail(error.to_string()))?;
        if !root.is_dir() {
            return Err(fail("not a folder".to_owned()));
        }
        let mut refused = Vec::new();
        for folder in settings.refused {
            if let Ok(resolved) = folder.canonicalize()
                && resolved != folder
            {
                refused.push(resolved);
            }
            refused.push(folder);
        }
        Ok(Folder {
            root,
            refused,
            max_bytes: settings.max_bytes,
            #[cfg(test)]
            after_read: None,
            #[cfg(test)]
            no_openat2: false,
        })
    }

    pub(crate) fn location(&self) -> Result<Location, OpenError> {
        let text = self.root.to_str().ok_or_else(|| OpenError::Folder {
            path: self.root.display().to_string(),
            why: "the path is not UTF-8".to_owned(),
        })?;
        Ok(Location::new(&format!("file:{text}")))
    }

    /// Where a path leads below the root, if it may be served and the result is UTF-8.
    pub(crate) fn resolved(&self, path: &str) -> Option<String> {
        Some(self.open_file(path).ok()?.real.to_str()?.to_owned())
    }

    /// Reads a canonical path into memory of our own: a mapping would change, or fault, under an editor.
    pub(crate) fn read(&self, path: &str) -> Result<ReadFile, FetchError> {
        let mut read = 1;
        loop {
            let opened = self.open_file(path)?;
            if opened.before.size > self.max_bytes {
                return Err(FetchError::TooLarge { limit: self.max_bytes });
            }
            let mut bytes = Vec::with_capacity(usize::try_from(opened.before.size).unwrap_or(0) + 1);
            let limit = self.max_bytes.saturating_add(1);
            (&opened.file).take(limit).read_to_end(&mut bytes).map_err(|error| FetchError::Io(error.to_string()))?;
            if bytes.len() as u64 > self.max_bytes {
                return Err(FetchError::TooLarge { limit: self.max_bytes });
            }
            #[cfg(test)]
            if let Some(hook) = &self.after_read {
                hook(read);
            }
            let after = identity(&opened.file)?;
            let mut stable = after == opened.before && bytes.len() as u64 == after.size;
            if stable && just_changed(&after) {
                stable = reads_the_same(&opened.file, &bytes);
            }
            if stable || read == READS {
                let real = opened.real.to_str().map(str::to_owned);
                return Ok(ReadFile { bytes: bytes.into(), modified: opened.modified, stable, real });
            }
            read += 1;
        }
    }

    /// Opens a regular file below the root and finds out where it really is. What is judged is the file that was opened,
    /// not a path that may lead elsewhere a moment later.
    fn open_file(&self, path: &str) -> Result<Opened, FetchError> {
        for _ in 0..OPENS {
            let file = match self.open_beneath(path) {
                Ok(file) => file,
                Err(OpenFailed::Changed) => continue,
                Err(OpenFailed::Because(error)) => return Err(error),
            };
            let metadata = file.metadata().map_err(|error| FetchError::Io(error.to_string()))?;
            let Some(real) = self.real_path(&file, &metadata, path) else { continue };
            let real = self.permitted(&real)?;
            if !metadata.is_file() {
                return Err(not_found());
            }
            return Ok(Opened { before: of(&metadata), modified: metadata.modified().ok(), file, real });
        }
        Err(FetchError::Io("the file is replaced faster than it can be opened".to_owned()))
    }

    /// Opens a path without leaving the root. Not blocking, so that a FIFO does not hold the thread.
    fn open_beneath(&self, path: &str) -> Result<File, OpenFailed> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
        let root_flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        // A missing root is our trouble (an unmounted disk), not a missing master.
        let root = rustix::fs::openat(CWD, &self.root, root_flags, Mode::empty())
            .map_err(|errno| FetchError::Io(format!("the source's folder: {errno}")))?;
        let beneath = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
        match self.openat2(root.as_fd(), Path::new(path), flags, beneath) {
            Ok(file) => Ok(file.into()),
            Err(Errno::AGAIN) => Err(OpenFailed::Changed),
            // Out of the root, or an absolute symlink, which may well point back into it. Or no openat2 here: kernels
            // before 5.6 lack it, and some containers' filters refuse it.
            Err(Errno::XDEV | Errno::NOSYS | Errno::PERM) => {
                let real = self.root.join(path).canonicalize().map_err(|error| from_io(&error))?;
                let below = self.permitted(&real)?;
                let strict = beneath | ResolveFlags::NO_SYMLINKS;
                match self.openat2(root.as_fd(), &below, flags, strict) {
                    Ok(file) => Ok(file.into()),
                    Err(Errno::AGAIN | Errno::LOOP | Errno::XDEV) => Err(OpenFailed::Changed),
                    // The caller resolves what was opened once more, so a folder swapped for a symlink here is seen.
                    Err(Errno::NOSYS | Errno::PERM) => {
                        rustix::fs::openat(CWD, &real, flags | OFlags::NOFOLLOW, Mode::empty())
                            .map(File::from)
                            .map_err(|errno| from_io(&errno.into()).into())
                    }
                    Err(errno) => Err(from_io(&errno.into()).into()),
                }
            }
            Err(errno) => Err(from_io(&errno.into()).into()),
        }
    }

    fn openat2(
        &self,
        root: BorrowedFd<'_>,
        path: &Path,
        flags: OFlags,
        resolve: ResolveFlags,
    ) -> rustix::io::Result<OwnedFd> {
        #[cfg(test)]
        if self.no_openat2 {
            return Err(Errno::NOSYS);
        }
        rustix::fs::openat2(root, path, flags, Mode::empty(), resolve)
    }

    /// The path of an open file, from the kernel where `/proc` is there. `None` when it was moved or replaced meanwhile.
    fn real_path(&self, file: &File, metadata: &std::fs::Metadata, path: &str) -> Option<PathBuf> {
        let real = std::fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd()))
            .or_else(|_| self.root.join(path).canonicalize())
            .ok()?;
        let there = std::fs::symlink_metadata(&real).ok()?;
        (there.dev() == metadata.dev() && there.ino() == metadata.ino()).then_some(real)
    }

    /// The part of a resolved path below the root, if it may be served.
    fn permitted(&self, real: &Path) -> Result<PathBuf, FetchError> {
        // Whoever asks for the picture reads this: nothing of the machine but what lies below the root is named.
        let refuse = |why| {
            let below = real.strip_prefix(&self.root).map(|below| below.display().to_string());
            FetchError::Refused { what: below.unwrap_or_else(|_| "what the path leads to".to_owned()), why }
        };
        let below = real.strip_prefix(&self.root).map_err(|_| refuse("outside the source's folder"))?;
        if self.refused.iter().any(|folder| real.starts_with(folder)) {
            return Err(refuse("in a folder that is never served"));
        }
        let hidden = |part: &OsStr| part.as_bytes().first() == Some(&b'.');
        if below.components().any(|part| !matches!(part, Component::Normal(name) if !hidden(name))) {
            return Err(refuse("a dot-file"));
        }
        Ok(below.to_owned())
    }
}

enum OpenFailed {
    /// Try again.
    Changed,
    Because(FetchError),
}

impl From<FetchError> for OpenFailed {
    fn from(error: FetchError) -> Self {
        OpenFailed::Because(error)
    }
}

fn identity(file: &File) -> Result<Identity, FetchError> {
    file.metadata().map(|metadata| of(&metadata)).map_err(|error| FetchError::Io(error.to_string()))
}

fn of(metadata: &std::fs::Metadata) -> Identity {
    Identity {
        device: metadata.dev(),
        inode: metadata.ino(),
        size: metadata.size(),
        modified: (metadata.mtime(), metadata.mtime_nsec()),
        changed: (metadata.ctime(), metadata.ctime_nsec()),
    }
}

/// Whether a file changed so lately that another change may bear the same time.
fn just_changed(identity: &Identity) -> bool {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let changed = i128::from(identity.changed.0) * 1_000_000_000 + i128::from(identity.changed.1);
    now.as_nanos() as i128 - changed < TICK.as_nanos() as i128
}

/// Reads an open file again and compares.
fn reads_the_same(file: &File, bytes: &[u8]) -> bool {
    let mut again = vec![0; bytes.len().clamp(1, 64 * 1024)];
    for (index, part) in bytes.chunks(again.len()).enumerate() {
        let offset = (index * again.len()) as u64;
        if file.read_exact_at(&mut again[..part.len()], offset).is_err() || again[..part.len()] != *part {
            return false;
        }
    }
    true
}

fn not_found() -> FetchError {
    FetchError::NotFound { names: Vec::new() }
}

fn from_io(error: &std::io::Error) -> FetchError {
    match error.kind() {
        // A file where a folder should be, a loop of symlinks, a name longer than the file system takes, a socket.
        ErrorKind::NotFound | ErrorKind::NotADirectory => not_found(),
        ErrorKind::PermissionDenied => FetchError::Forbidden,
        _ if matches!(
            Errno::from_io_error(error),
            Some(Errno::LOOP | Errno::NAMETOOLONG | Errno::NXIO | Errno::NODEV)
        ) =>
        {
            not_found()
        }
        _ => FetchError::Io(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn a_second_reading_sees_any_difference() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        let bytes = vec![7; 150_000];
        std::fs::write(&path, &bytes).unwrap();
        let file = File::open(&path).unwrap();
        assert!(just_changed(&identity(&file).unwrap()) && reads_the_same(&file, &bytes));
        for at in [0, 65_535, 65_536, 149_999] {
            let mut other = bytes.clone();
            other[at] = 8;
            assert!(!reads_the_same(&file, &other), "{at}");
        }
        assert!(!reads_the_same(&file, &[7; 150_001]));
        assert!(!just_changed(&Identity { changed: (1, 0), ..identity(&file).unwrap() }));
    }
}
