//! Folders: what is read, and what is not.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use tempfile::TempDir;

use super::{fetch, texts};
use crate::local::Folder;
use crate::{FetchError, LocalSettings, OpenError, Source, Storable};

fn source(root: &Path) -> Source {
    Source::local("local", LocalSettings::new(root)).unwrap()
}

/// `root/` with pictures, and `secret.txt` beside it.
fn tree() -> (TempDir, std::path::PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("root");
    fs::create_dir_all(root.join("x/deep")).unwrap();
    fs::write(dir.path().join("secret.txt"), "secret").unwrap();
    fs::write(root.join("a.jpg"), "picture a").unwrap();
    fs::write(root.join("x/b c%20é.jpg"), "picture b").unwrap();
    (dir, root.canonicalize().unwrap())
}

#[tokio::test]
async fn reads_files_by_decoded_name() {
    let (_dir, root) = tree();
    let source = source(&root);
    let a = fetch(&source, "a.jpg").await.unwrap();
    assert_eq!((&a.bytes[..], a.storable), (&b"picture a"[..], Storable::Yes));
    assert_eq!(a.last_modified, fs::metadata(root.join("a.jpg")).unwrap().modified().ok());
    assert_eq!(texts(&a.names), [""; 0]);
    assert_eq!(fetch(&source, "x//b c%20é.jpg").await.unwrap().bytes, "picture b");
    for missing in ["A.jpg", "x", "x/deep", "a.jpg/b", "b%20c.jpg", &"n".repeat(300)] {
        assert_eq!(fetch(&source, missing).await.unwrap_err(), FetchError::NotFound { names: vec![] }, "{missing}");
    }
}

#[tokio::test]
async fn symlinks_may_lead_about_but_not_out() {
    let (dir, root) = tree();
    symlink("../a.jpg", root.join("x/rel.jpg")).unwrap();
    symlink(root.join("a.jpg"), root.join("x/abs.jpg")).unwrap();
    symlink("rel.jpg", root.join("x/chain.jpg")).unwrap();
    symlink("x", root.join("folder")).unwrap();
    symlink("../secret.txt", root.join("out.jpg")).unwrap();
    symlink(dir.path().join("secret.txt"), root.join("out-abs.jpg")).unwrap();
    symlink("..", root.join("up")).unwrap();
    symlink("loop", root.join("loop")).unwrap();
    symlink("gone", root.join("dangling")).unwrap();
    symlink("/proc/self/root", root.join("magic")).unwrap();
    let source = source(&root);

    let a = source.canonical("a.jpg").unwrap();
    for path in ["x/rel.jpg", "x/abs.jpg", "x/chain.jpg", "folder/rel.jpg"] {
        let body = fetch(&source, path).await.unwrap();
        assert_eq!(body.bytes, "picture a", "{path}");
        assert_eq!(texts(&body.names), [a.as_str()], "{path}");
        assert_eq!(texts(&source.aliases(&source.canonical(path).unwrap())), [a.as_str()], "{path}");
    }
    assert_eq!(source.aliases(&a), []);
    for path in ["out.jpg", "out-abs.jpg", "up/secret.txt", "up/root/../secret.txt", "magic/etc/passwd"] {
        let Ok(id) = source.canonical(path) else { continue };
        let error = fetch(&source, path).await.unwrap_err();
        assert!(matches!(error, FetchError::Refused { why: "outside the source's folder", .. }), "{path}: {error:?}");
        assert_eq!(source.aliases(&id), [], "{path}");
    }
    // Out and back in is in, with the one true name.
    assert_eq!(fetch(&source, "up/root/a.jpg").await.unwrap().names, [a]);
    for path in ["loop", "dangling"] {
        assert!(matches!(fetch(&source, path).await, Err(FetchError::NotFound { .. })), "{path}");
    }
}

/// Kernels before 5.6 and some containers' system call filters.
#[test]
fn without_openat2_the_same_rules_hold() {
    let (dir, root) = tree();
    fs::write(root.join("x/.env"), "hidden").unwrap();
    for (target, link) in [("../a.jpg", "x/rel.jpg"), (".env", "x/env.jpg"), ("../secret.txt", "out.jpg"), ("..", "up")]
    {
        symlink(target, root.join(link)).unwrap();
    }
    symlink(root.join("a.jpg"), root.join("abs.jpg")).unwrap();
    symlink(dir.path().join("secret.txt"), root.join("out-abs.jpg")).unwrap();
    let mut folder = Folder::open(LocalSettings::new(&root)).unwrap();
    for no_openat2 in [false, true] {
        folder.no_openat2 = no_openat2;
        for path in ["a.jpg", "x/rel.jpg", "abs.jpg", "up/root/a.jpg"] {
            let file = folder.read(path).unwrap();
            assert_eq!((&file.bytes[..], file.real.as_deref()), (&b"picture a"[..], Some("a.jpg")), "{path}");
        }
        for path in ["out.jpg", "out-abs.jpg", "up/secret.txt", "x/env.jpg"] {
            let error = folder.read(path).unwrap_err();
            assert!(matches!(error, FetchError::Refused { .. }), "{path} {no_openat2}: {error:?}");
        }
        for path in ["gone.jpg", "a.jpg/b", "x"] {
            assert!(matches!(folder.read(path), Err(FetchError::NotFound { .. })), "{path} {no_openat2}");
        }
    }
}

#[tokio::test]
async fn dot_files_and_refused_folders_are_shut_behind_links_too() {
    let (_dir, root) = tree();
    fs::create_dir_all(root.join(".git")).unwrap();
    fs::create_dir_all(root.join("data/cache")).unwrap();
    for file in [".env", ".git/config", "data/key.db", "data/cache/1"] {
        fs::write(root.join(file), "hidden").unwrap();
    }
    symlink(".env", root.join("env.jpg")).unwrap();
    symlink(".git", root.join("git")).unwrap();
    symlink("data", root.join("d")).unwrap();
    fs::write(root.join("database.jpg"), "fine").unwrap();
    symlink(root.join("data"), root.join("configured")).unwrap();
    let settings = LocalSettings { refused: vec![root.join("configured")], ..LocalSettings::new(&root) };
    let source = Source::local("local", settings).unwrap();
    for path in [".env", ".git/config", "x/.env"] {
        assert!(source.canonical(path).is_err(), "{path}");
    }
    for path in ["env.jpg", "git/config"] {
        let error = fetch(&source, path).await.unwrap_err();
        assert!(matches!(error, FetchError::Refused { why: "a dot-file", .. }), "{path}: {error:?}");
    }
    for path in ["data/key.db", "data/cache/1", "d/key.db", "configured/key.db"] {
        let error = fetch(&source, path).await.unwrap_err();
        assert!(
            matches!(error, FetchError::Refused { why: "in a folder that is never served", .. }),
            "{path}: {error:?}"
        );
    }
    assert_eq!(fetch(&source, "database.jpg").await.unwrap().bytes, "fine");
}

#[tokio::test]
async fn only_regular_files_within_the_limit() {
    let (_dir, root) = tree();
    rustix::fs::mknodat(rustix::fs::CWD, root.join("fifo"), rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(root.join("socket")).unwrap();
    fs::write(root.join("nine"), [0; 9]).unwrap();
    fs::write(root.join("ten"), [0; 10]).unwrap();
    fs::write(root.join("empty"), []).unwrap();
    fs::File::create(root.join("sparse")).unwrap().set_len(1 << 40).unwrap();
    let source = Source::local("local", LocalSettings { max_bytes: 9, ..LocalSettings::new(&root) }).unwrap();
    for path in ["fifo", "socket"] {
        assert!(matches!(fetch(&source, path).await, Err(FetchError::NotFound { .. })), "{path}");
    }
    assert_eq!(fetch(&source, "nine").await.unwrap().bytes.len(), 9);
    assert_eq!(fetch(&source, "empty").await.unwrap().bytes.len(), 0);
    for path in ["ten", "sparse"] {
        assert_eq!(fetch(&source, path).await.unwrap_err(), FetchError::TooLarge { limit: 9 }, "{path}");
    }
    fs::set_permissions(root.join("nine"), fs::Permissions::from_mode(0o000)).unwrap();
    if !rustix::process::geteuid().is_root() {
        assert_eq!(fetch(&source, "nine").await.unwrap_err(), FetchError::Forbidden);
    }
}

#[tokio::test]
async fn a_missing_root_is_our_fault_not_a_missing_master() {
    let (_dir, root) = tree();
    let source = source(&root);
    fs::remove_dir_all(&root).unwrap();
    assert!(matches!(fetch(&source, "a.jpg").await, Err(FetchError::Io(_))));
    assert!(matches!(Source::local("x", LocalSettings::new(&root)), Err(OpenError::Folder { .. })));
    fs::write(&root, "a file").unwrap();
    assert!(matches!(Source::local("x", LocalSettings::new(&root)), Err(OpenError::Folder { .. })));
}

/// Reads `a.jpg` while `edit(n)` runs between the n-th reading and the look that follows it.
fn read_while(root: &Path, edit: impl Fn(u32) + Send + Sync + 'static) -> (crate::local::ReadFile, u32) {
    let mut folder = Folder::open(LocalSettings::new(root)).unwrap();
    let reads = std::sync::Arc::new(AtomicU32::new(0));
    let counted = std::sync::Arc::clone(&reads);
    folder.after_read = Some(Box::new(move |read| {
        counted.store(read, Ordering::SeqCst);
        edit(read);
    }));
    (folder.read("a.jpg").unwrap(), reads.load(Ordering::SeqCst))
}

#[test]
fn a_file_that_changes_while_it_is_read_is_read_again() {
    let (_dir, root) = tree();
    let file = root.join("a.jpg");
    let (quiet, reads) = read_while(&root, |_| {});
    assert_eq!((quiet.stable, reads), (true, 1));

    // An edit in place, once.
    let path = file.clone();
    let (edited, reads) = read_while(&root, move |read| {
        if read == 1 {
            fs::write(&path, "longer than before").unwrap();
        }
    });
    assert_eq!((edited.stable, reads, &edited.bytes[..]), (true, 2, &b"longer than before"[..]));

    // Replaced by rename, as careful writers do: the old file's link count changes, so the new one is read.
    let (path, new) = (file.clone(), root.join("new"));
    let (replaced, reads) = read_while(&root, move |read| {
        if read == 1 {
            fs::write(&new, "the new file").unwrap();
            fs::rename(&new, &path).unwrap();
        }
    });
    assert_eq!((replaced.stable, reads, &replaced.bytes[..]), (true, 2, &b"the new file"[..]));

    // Same size, within one tick of the file system's clock, times put back: only the bytes tell for certain.
    let path = file.clone();
    let (sly, reads) = read_while(&root, move |read| {
        if read == 1 {
            let modified = fs::metadata(&path).unwrap().modified().unwrap();
            fs::write(&path, "THE NEW FILE").unwrap();
            fs::File::options().write(true).open(&path).unwrap().set_modified(modified).unwrap();
        }
    });
    assert_eq!((sly.stable, reads, &sly.bytes[..]), (true, 2, &b"THE NEW FILE"[..]));
}

#[tokio::test]
async fn a_file_that_never_rests_is_answered_but_not_stored() {
    let (_dir, root) = tree();
    let path = root.join("a.jpg");
    let (restless, reads) = read_while(&root, move |read| fs::write(&path, vec![b'x'; 10 + read as usize]).unwrap());
    assert!(!restless.stable);
    assert_eq!((reads, restless.bytes.len()), (4, 13));
}

/// A writer that never stops: whatever is called storable is one whole version.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn storable_bytes_are_never_torn() {
    let (_dir, root) = tree();
    let source = source(&root);
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let (path, stopped) = (root.join("a.jpg"), stop.clone());
    fs::write(&path, vec![0; 30_000]).unwrap();
    let writer = std::thread::spawn(move || {
        let mut version = 0_u8;
        while !stopped.load(Ordering::Relaxed) {
            version = version.wrapping_add(1);
            fs::write(&path, vec![version; 30_000]).unwrap();
        }
    });
    for _ in 0..300 {
        let body = fetch(&source, "a.jpg").await.unwrap();
        let whole = body.bytes.iter().all(|byte| *byte == body.bytes[0]);
        // An empty file is what the writer's truncation leaves for a moment, and a stable one at that.
        assert!(body.storable == Storable::No || whole, "torn bytes called storable");
    }
    stop.store(true, Ordering::Relaxed);
    writer.join().unwrap();
}
