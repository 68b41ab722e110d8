//! Listing the font files of folders.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use skrifa::raw::{FileRef, TableProvider as _};

/// Folders within folders that are entered.
const DEPTH: u32 = 8;
/// Entries looked at, all folders together. Debian's largest collection of fonts is a fifth of it.
const ENTRIES: usize = 50_000;
/// Larger files are skipped; the largest in use, of all Han letters in all languages, have 120 MB.
const FILE_BYTES: u64 = 256 << 20;

/// Longest font that a request may bring.
pub(super) const REQUEST_BYTES: usize = 32 << 20;

/// The fonts could not be gathered.
#[derive(Debug, thiserror::Error)]
pub enum FontsError {
    /// A folder that the settings name, or one in it, could not be listed.
    #[error("fonts folder {}: {error}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// More files and folders than a folder of fonts has.
    #[error("fonts folder {}: more than 50000 entries; is it the right one?", path.display())]
    TooMany {
        /// The folder where counting stopped.
        path: PathBuf,
    },
    /// Bytes that are no TrueType or OpenType font, or one that lacks what text needs, or that brings its own colours.
    #[error("not a font that can be used")]
    NotAFont,
}

#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) fonts: Vec<PathBuf>,
    pub(super) skipped: Vec<PathBuf>,
    entries: usize,
}

/// All font files, in the order of their paths. Links to files are followed, links to folders are not.
pub(super) fn list(folders: &[PathBuf]) -> Result<Found, FontsError> {
    let mut found = Found::default();
    for folder in folders {
        enter(folder, 0, &mut found)?;
    }
    Ok(found)
}

fn enter(folder: &Path, depth: u32, found: &mut Found) -> Result<(), FontsError> {
    let failed = |error| FontsError::Folder { path: folder.to_owned(), error };
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        entries.push(entry.map_err(failed)?);
        found.entries += 1;
        if found.entries > ENTRIES {
            return Err(FontsError::TooMany { path: folder.to_owned() });
        }
    }
    entries.sort_by_key(fs::DirEntry::path);
    for entry in entries {
        let path = entry.path();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            if depth < DEPTH {
                enter(&path, depth + 1, found)?;
            }
        } else if named_like_a_font(&path) {
            if is_font(&path).unwrap_or(false) { found.fonts.push(path) } else { found.skipped.push(path) }
        }
    }
    Ok(())
}

/// Whether every face has the tables without which nothing can be laid out, a sane em, and no glyphs in colour: those are
/// pictures and trees of paints, whose cost nothing here bounds when a stranger made them.
pub(super) fn usable(file: &[u8]) -> bool {
    let Ok(file) = FileRef::new(file) else { return false };
    let mut faces = file.fonts().peekable();
    faces.peek().is_some()
        && faces.all(|face| {
            face.is_ok_and(|face| {
                let em = face.head().map(|head| head.units_per_em()).unwrap_or_default();
                (16..=16_384).contains(&em)
                    && face.maxp().is_ok_and(|table| table.num_glyphs() > 0)
                    && face.hhea().is_ok()
                    && face.hmtx().is_ok()
                    && face.cmap().is_ok()
                    && face.name().is_ok()
                    && face.cbdt().is_err()
                    && face.sbix().is_err()
                    && face.colr().is_err()
            })
        })
}

fn named_like_a_font(path: &Path) -> bool {
    let ext = path.extension().and_then(|ext| ext.to_str()).unwrap_or_default();
    ["ttf", "otf", "ttc", "otc"].iter().any(|known| ext.eq_ignore_ascii_case(known))
}

/// By the first four bytes (OpenType 1.9, "Font file" and "TTC header").
fn is_font(path: &Path) -> io::Result<bool> {
    let mut file = File::open(path)?;
    let about = file.metadata()?;
    if !about.is_file() || about.len() > FILE_BYTES {
        return Ok(false);
    }
    let mut magic = [0; 4];
    file.read_exact(&mut magic)?;
    Ok(matches!(&magic, b"\0\x01\0\0" | b"OTTO" | b"ttcf" | b"true"))
}
