//! The files of a folder, in pages.

use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::fs::MetadataExt as _;

use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags};

use super::Folder;
use crate::{FetchError, ListedFile, Listing};

/// Folders inside each other.
const DEEPEST: usize = 64;
/// Names that are looked at for one page.
const MOST_LOOKED_AT: usize = 100_000;

/// What is looked for.
struct Walk<'w> {
    folder: &'w Folder,
    after: &'w str,
    limit: usize,
    search: &'w str,
    looked_at: usize,
    found: Listing,
}

/// A name in a folder. Folders sort as if they ended in a slash, so that whole paths come in order.
struct Name {
    /// With a slash at its end for a folder.
    sorted: String,
    is_link: bool,
}

impl Folder {
    /// Up to `limit` files behind a path, in the order of their paths' bytes, in whose path a text stands regardless of case
    /// (empty = any). What the source would not serve is left out: dot-files, refused folders, links that lead outside. Links to
    /// files are followed, links to folders are not. Blocks.
    pub(crate) fn list(&self, after: &str, limit: usize, search: &str) -> Result<Listing, FetchError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = rustix::fs::openat(CWD, &self.root, flags, Mode::empty());
        let root = root.map_err(|errno| FetchError::Io(format!("the source's folder: {errno}")))?;
        let search = search.to_lowercase();
        let mut walk = Walk { folder: self, after, limit, search: &search, looked_at: 0, found: Listing::default() };
        walk.enter(&root, "", 0);
        Ok(walk.found)
    }
}

impl Walk<'_> {
    /// Answers whether to go on.
    fn enter(&mut self, folder: &OwnedFd, path: &str, depth: usize) -> bool {
        for name in names(folder) {
            let (whole, is_folder) = (format!("{path}{}", name.sorted), name.sorted.ends_with('/'));
            // A folder may hold what comes behind a path that lies within it.
            if whole.as_str() <= self.after && !(is_folder && self.after.starts_with(&whole)) {
                continue;
            }
            if self.looked_at >= MOST_LOOKED_AT {
                self.found.next = Some(self.found.files.last().map_or(whole.clone(), |last| last.path.clone()));
                return false;
            }
            self.looked_at += 1;
            let bare = whole.trim_end_matches('/');
            let refused = self.folder.permitted(&self.folder.root.join(bare)).is_err();
            let go_on = match is_folder {
                _ if refused => true,
                true => depth >= DEEPEST || self.go_into(folder, &name.sorted, &whole, depth),
                false => self.look_at(folder, &name, whole),
            };
            if !go_on {
                return false;
            }
        }
        true
    }

    fn go_into(&mut self, folder: &OwnedFd, name: &str, whole: &str, depth: usize) -> bool {
        // From folder to folder, never through a link: what is swapped for one meanwhile is not entered.
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        match rustix::fs::openat(folder, name.trim_end_matches('/'), flags, Mode::empty()) {
            Ok(inner) => self.enter(&inner, whole, depth + 1),
            Err(_) => true,
        }
    }

    fn look_at(&mut self, folder: &OwnedFd, name: &Name, whole: String) -> bool {
        if !whole.to_lowercase().contains(self.search) {
            return true;
        }
        let sized = if name.is_link { self.behind_link(&whole) } else { size_of(folder.as_fd(), &name.sorted) };
        let Some((bytes, modified)) = sized else { return true };
        if self.found.files.len() >= self.limit {
            self.found.next = self.found.files.last().map(|last| last.path.clone());
            return false;
        }
        self.found.files.push(ListedFile { path: whole, bytes, modified });
        true
    }

    /// As the source itself would open it.
    fn behind_link(&self, path: &str) -> Option<(u64, u64)> {
        let opened = self.folder.open_file(path).ok()?;
        let metadata = opened.file.metadata().ok()?;
        Some((metadata.size(), u64::try_from(metadata.mtime()).unwrap_or(0)))
    }
}

fn names(folder: &OwnedFd) -> Vec<Name> {
    let Ok(entries) = Dir::read_from(folder) else { return Vec::new() };
    let named = |entry: rustix::fs::DirEntry| {
        let name = entry.file_name().to_str().ok().filter(|name| !name.starts_with('.'))?;
        let kind = match entry.file_type() {
            FileType::Unknown => {
                let stat = rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
                FileType::from_raw_mode(stat.st_mode)
            }
            known => known,
        };
        let sorted = match kind {
            FileType::Directory => format!("{name}/"),
            FileType::RegularFile | FileType::Symlink => name.to_owned(),
            _ => return None,
        };
        Some(Name { sorted, is_link: kind == FileType::Symlink })
    };
    let mut names: Vec<Name> = entries.filter_map(Result::ok).filter_map(named).collect();
    names.sort_by(|a, b| a.sorted.cmp(&b.sorted));
    names
}

fn size_of(folder: BorrowedFd<'_>, name: &str) -> Option<(u64, u64)> {
    let stat = rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
    let plain = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
    plain.then(|| (u64::try_from(stat.st_size).unwrap_or(0), u64::try_from(stat.st_mtime).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::os::unix::fs::symlink;

    use super::*;
    use crate::LocalSettings;

    #[test]
    fn files_come_in_pages_in_order_and_nothing_from_outside() {
        let temp = tempfile::tempdir().unwrap();
        let root = temp.path().join("photos");
        let outside = temp.path().join("outside");
        for folder in ["a", "a/deep", "data", ".hidden"] {
            std::fs::create_dir_all(root.join(folder)).unwrap();
        }
        std::fs::create_dir_all(&outside).unwrap();
        for file in ["a.jpg", "a/1.jpg", "a/deep/Two.JPG", "a-b.jpg", "z.png", "data/secret.db", ".hidden/x", ".dot"] {
            std::fs::write(root.join(file), file).unwrap();
        }
        std::fs::write(outside.join("x.jpg"), "x").unwrap();
        symlink("a.jpg", root.join("link.jpg")).unwrap();
        symlink(outside.join("x.jpg"), root.join("out.jpg")).unwrap();
        symlink(&outside, root.join("outside")).unwrap();
        symlink("..", root.join("a/loop")).unwrap();
        symlink("nowhere", root.join("broken")).unwrap();
        let settings = LocalSettings { refused: vec![root.join("data")], ..LocalSettings::new(&root) };
        let folder = Folder::open(settings).unwrap();
        let all = ["a-b.jpg", "a.jpg", "a/1.jpg", "a/deep/Two.JPG", "link.jpg", "z.png"];
        for limit in [1, 2, 3, 6, 100] {
            let (mut seen, mut after) = (Vec::new(), String::new());
            loop {
                let page = folder.list(&after, limit, "").unwrap();
                assert!(page.files.len() <= limit);
                seen.extend(page.files.into_iter().map(|file| file.path));
                let Some(next) = page.next else { break };
                assert!(next > after, "it goes on");
                after = next;
            }
            assert_eq!(seen, all, "{limit} at a time");
        }
        let found = |after: &str, search: &str| {
            let page = folder.list(after, 100, search).unwrap();
            page.files.into_iter().map(|file| (file.path, file.bytes)).collect::<Vec<_>>()
        };
        assert_eq!(found("", "DEEP/two"), [("a/deep/Two.JPG".to_owned(), 14)]);
        assert_eq!(found("a/1.jpg", "jpg").len(), 2);
        assert_eq!(found("", "link"), [("link.jpg".to_owned(), 5)], "as long as what it leads to");
        assert_eq!(found("zz", ""), []);
    }
}
