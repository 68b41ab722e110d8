//! Files in and out: which are pictures, and writing that leaves no half file.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use codec::Budget;
use plan::Format;

/// Reads a file that is not larger than the renderer takes.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, String> {
    let named = |error: std::io::Error| format!("{}: {error}", path.display());
    let most = Budget::default().input_bytes;
    let size = std::fs::metadata(path).map_err(named)?.len();
    if size > most {
        return Err(format!("{}: {size} bytes, more than {most}", path.display()));
    }
    std::fs::read(path).map_err(named)
}

/// Writes beside the place and renames, so that what was there stays whole if this is cut short.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), String> {
    let named = |error: std::io::Error| format!("{}: {error}", path.display());
    let Some(name) = path.file_name() else { return Err(format!("{}: no file name", path.display())) };
    let mut beside = std::ffi::OsString::from(".");
    beside.push(name);
    beside.push(format!(".{}-{:?}.part", std::process::id(), std::thread::current().id()));
    let beside = path.with_file_name(beside);
    let written = std::fs::File::create(&beside).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    let renamed = written.and_then(|()| std::fs::rename(&beside, path));
    renamed.map_err(|error| {
        let _ = std::fs::remove_file(&beside);
        named(error)
    })
}

/// The format that a file's name asks for.
pub(super) fn format_of(path: &Path) -> Option<Format> {
    Format::from_name(path.extension()?.to_str()?)
}

/// The same place with the extension of another format.
pub(super) fn renamed(path: &Path, format: Format) -> PathBuf {
    if format_of(path) == Some(format) { path.to_owned() } else { path.with_extension(format.extension()) }
}

/// Every picture in a folder and below, relative to it and sorted; what lies in `output` is left out. Whether a file is a
/// picture, its first bytes say.
pub(super) fn pictures_below(folder: &Path, output: &Path) -> Result<Vec<PathBuf>, String> {
    let output = output.canonicalize().ok();
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(here) = folders.pop() {
        let named = |error: std::io::Error| format!("{}: {error}", here.display());
        for entry in std::fs::read_dir(&here).map_err(named)? {
            let entry = entry.map_err(named)?;
            let (path, kind) = (entry.path(), entry.file_type().map_err(named)?);
            let same = |path: &Path| output.is_some() && path.canonicalize().ok() == output;
            if kind.is_dir() {
                if !same(&path) {
                    folders.push(path);
                }
            } else if is_picture(&path) {
                found.extend(path.strip_prefix(folder).map(Path::to_owned));
            }
        }
    }
    found.sort();
    Ok(found)
}

fn is_picture(path: &Path) -> bool {
    use std::io::Read as _;
    let mut start = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(4096).read_to_end(&mut start));
    read.is_ok() && codec::sniff(&start).is_some()
}
