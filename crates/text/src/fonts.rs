//! The fonts that texts may use: the embedded family, and what lies in the folders named at start.

mod folders;
mod names;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use parley::fontique::{
    Blob, Collection, CollectionOptions, FamilyId, FontInfoOverride, QueryFamily, QueryStatus, SourceCache,
};
use parley::{FontContext, LayoutContext};
use skrifa::MetadataProvider as _;
use skrifa::raw::TableProvider as _;

pub use folders::FontsError;
pub use names::FontName;
pub(crate) use names::Han;

/// Folders in which Debian and its kin install fonts, among them `fonts-noto-cjk` and `fonts-noto-color-emoji`. They are
/// read only if the settings name them.
pub const SYSTEM_FOLDERS: [&str; 2] = ["/usr/share/fonts", "/usr/local/share/fonts"];

/// The embedded family: Latin, Greek, Cyrillic and Vietnamese in four faces, with Hebrew and Arabic in two.
pub const DEFAULT_FAMILY: &str = "Noto Sans";

/// Asked in this order where the families of a style have no glyph, before the folders' families.
const EMBEDDED: [&str; 3] = [DEFAULT_FAMILY, "Noto Sans Hebrew", "Noto Sans Arabic"];

/// Where their files come from stands in `fonts/PROVENANCE.md`.
const EMBEDDED_FILES: [&[u8]; 8] = [
    include_bytes!("../fonts/NotoSans-Regular.ttf"),
    include_bytes!("../fonts/NotoSans-Bold.ttf"),
    include_bytes!("../fonts/NotoSans-Italic.ttf"),
    include_bytes!("../fonts/NotoSans-BoldItalic.ttf"),
    include_bytes!("../fonts/NotoSansHebrew-Regular.ttf"),
    include_bytes!("../fonts/NotoSansHebrew-Bold.ttf"),
    include_bytes!("../fonts/NotoSansArabic-Regular.ttf"),
    include_bytes!("../fonts/NotoSansArabic-Bold.ttf"),
];

/// The embedded font files, for whoever draws text in another way. Their family is the first of [`EMBEDDED`].
pub const fn embedded_files() -> &'static [&'static [u8]] {
    &EMBEDDED_FILES
}

/// Answers kept about which family has which character; past it they are found anew.
const COVERAGE_KEPT: usize = 65_536;

/// Work spaces kept for the next text, about as many as a machine has render threads.
const SPARE_WORKERS: usize = 32;

/// The fonts, read once and shared by all threads. Files of folders are mapped into memory when a text first needs them,
/// so a font is to be replaced by renaming a new file over it, never by writing into it, and is noticed at the next start.
pub struct Fonts {
    /// What every worker begins as.
    first: Mutex<FontContext>,
    spare: Mutex<Vec<Worker>>,
    /// Folded name to the family's own name.
    names: HashMap<String, String>,
    /// Families of the folders without those of emoji.
    folders: Arc<[Family]>,
    /// Places in `folders`, best first for each way to write Han letters.
    fallbacks: [Vec<u16>; Han::COUNT],
    emoji: Vec<String>,
    /// Place in `fallbacks` of the first that has a character; `None` when none has.
    coverage: Mutex<HashMap<(char, Han), Option<u16>>>,
    skipped: Vec<PathBuf>,
}

/// A family of a folder.
struct Family {
    id: FamilyId,
    name: String,
    /// Which blocks of 256 characters it has anything of, read when first asked. Most families are so passed over at the cost
    /// of a bit; a text of many characters that no font has would else ask every font for every one of them.
    blocks: OnceLock<Blocks>,
}

/// A bit for each block of 256 characters.
type Blocks = Box<[u64; 68]>;

/// What laying out needs to write to, used by one text at a time.
pub(crate) struct Worker {
    pub(crate) fonts: FontContext,
    pub(crate) layouts: LayoutContext<()>,
}

impl Fonts {
    /// Only the embedded family.
    pub fn embedded() -> Fonts {
        Fonts::over(Vec::new(), Vec::new())
    }

    /// The embedded family, and every TrueType and OpenType font (`.ttf`, `.otf`, `.ttc`, `.otc`) in these folders and the
    /// folders in them. Files that are no fonts are left out and told by [`Fonts::skipped`].
    ///
    /// # Errors
    /// When a folder cannot be listed, or holds more files than anyone means to.
    pub fn new(folders: &[PathBuf]) -> Result<Fonts, FontsError> {
        let found = folders::list(folders)?;
        Ok(Fonts::over(found.fonts, found.skipped))
    }

    fn over(files: Vec<PathBuf>, skipped: Vec<PathBuf>) -> Fonts {
        let mut collection = Collection::new(CollectionOptions { shared: false, system_fonts: false });
        collection.load_fonts_from_paths(files);
        for file in EMBEDDED_FILES {
            collection.register_fonts(Blob::new(Arc::new(file)), None);
        }
        let mut context = FontContext { collection, source_cache: SourceCache::new_shared() };

        let mut all: Vec<(FamilyId, String)> = Vec::new();
        let listed: Vec<String> = context.collection.family_names().map(str::to_owned).collect();
        let mut names = HashMap::new();
        for name in listed {
            // A family may be listed under names in several languages.
            let Some(id) = context.collection.family_id(&name) else { continue };
            let own = context.collection.family_name(id).unwrap_or(&name).to_owned();
            names.insert(names::fold(&name), own.clone());
            if !all.iter().any(|(known, _)| *known == id) {
                all.push((id, own));
            }
        }
        all.retain(|(_, name)| !EMBEDDED.contains(&name.as_str()));
        all.sort_by(|a, b| a.1.cmp(&b.1));
        let (emoji, texts): (Vec<_>, Vec<_>) = all.into_iter().partition(|(id, _)| brings_colors(&mut context, *id));
        let family = |(id, name)| Family { id, name, blocks: OnceLock::new() };
        let folders: Arc<[Family]> = texts.into_iter().take(usize::from(u16::MAX)).map(family).collect();
        let fallbacks = Han::ALL.map(|han| {
            let mut sorted: Vec<u16> = (0..folders.len() as u16).collect();
            sorted.sort_by_cached_key(|place| names::rank(&folders[usize::from(*place)].name, han));
            sorted
        });
        Fonts {
            first: Mutex::new(context),
            spare: Mutex::new(Vec::new()),
            names,
            folders,
            fallbacks,
            emoji: emoji.into_iter().map(|(_, name)| name).collect(),
            coverage: Mutex::new(HashMap::new()),
            skipped,
        }
    }

    /// These fonts and one more, under a name of its own that styles may then use; for a font that a request brings with it.
    /// Every face of a collection is taken. Compressed web fonts (WOFF) and glyphs in colour are
    /// not read.
    ///
    /// A font's tables are programs of a kind: what it may cost to shape is bounded by the shaper, to paint by
    /// [`Limits`](crate::Limits).
    ///
    /// # Errors
    /// [`FontsError::NotAFont`] when it is none, is over 32 MiB, lacks what text needs or has glyphs in colour.
    pub fn with_font(&self, name: &str, file: Arc<[u8]>) -> Result<Fonts, FontsError> {
        if file.len() > folders::REQUEST_BYTES || !folders::usable(&file) {
            return Err(FontsError::NotAFont);
        }
        // No file calls its family that, so it joins none that is there.
        let own = format!("file: {name}");
        let mut context = lock(&self.first).clone();
        let as_named = FontInfoOverride { family_name: Some(&own), ..FontInfoOverride::default() };
        if context.collection.register_fonts(Blob::new(Arc::new(file)), Some(as_named)).is_empty() {
            return Err(FontsError::NotAFont);
        }
        let mut names = self.names.clone();
        names.insert(names::fold(name), own);
        Ok(Fonts {
            first: Mutex::new(context),
            spare: Mutex::new(Vec::new()),
            names,
            folders: Arc::clone(&self.folders),
            fallbacks: self.fallbacks.clone(),
            emoji: self.emoji.clone(),
            coverage: Mutex::new(HashMap::new()),
            skipped: self.skipped.clone(),
        })
    }

    /// Names of all families, sorted.
    pub fn families(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.names.values().map(String::as_str).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The family that a name in a [`Style`](crate::Style) stands for, in any case and with spaces, hyphens, underscores or
    /// none: a family of that name, or one that takes its place (`sans-serif`, or the metrically equal one for `Arial`).
    pub fn family(&self, name: &str) -> Option<&str> {
        let folded = names::fold(name);
        let own = |name: &str| self.names.get(name).map(String::as_str);
        own(&folded).or_else(|| names::substitutes(&folded).iter().find_map(|name| own(name)))
    }

    /// Files in the folders that look like fonts by name and are none, or are larger than 256 MiB.
    pub fn skipped(&self) -> &[PathBuf] {
        &self.skipped
    }

    /// Does this with a worker of its own. One that panicked is not used again.
    pub(crate) fn with_worker<T>(&self, work: impl FnOnce(&mut Worker) -> T) -> T {
        let spare = lock(&self.spare).pop();
        let mut worker =
            spare.unwrap_or_else(|| Worker { fonts: lock(&self.first).clone(), layouts: LayoutContext::new() });
        let done = work(&mut worker);
        let mut spare = lock(&self.spare);
        if spare.len() < SPARE_WORKERS {
            spare.push(worker);
        }
        done
    }

    pub(crate) fn emoji(&self) -> impl Iterator<Item = &str> + use<'_> {
        self.emoji.iter().map(String::as_str)
    }

    pub(crate) fn embedded_families() -> [&'static str; 3] {
        EMBEDDED
    }

    /// The families, best first, that are needed so that each of these characters has a glyph wherever there is one.
    pub(crate) fn fallbacks(&self, worker: &mut Worker, wanted: impl Iterator<Item = char>, han: Han) -> Vec<&str> {
        let list = &self.fallbacks[han as usize];
        if list.is_empty() {
            return Vec::new();
        }
        let mut needed: Vec<u16> = Vec::new();
        for c in wanted {
            let known = lock(&self.coverage).get(&(c, han)).copied();
            let place = known.unwrap_or_else(|| {
                let found =
                    list.iter().position(|place| self.folders[usize::from(*place)].covers(&mut worker.fonts, c));
                let found = found.and_then(|place| u16::try_from(place).ok());
                let mut kept = lock(&self.coverage);
                if kept.len() >= COVERAGE_KEPT {
                    kept.clear();
                }
                kept.insert((c, han), found);
                found
            });
            if let Some(place) = place
                && !needed.contains(&place)
            {
                needed.push(place);
            }
        }
        needed.sort_unstable();
        needed.iter().map(|place| &*self.folders[usize::from(list[usize::from(*place)])].name).collect()
    }

    /// Whether one of these families has a glyph for the character.
    pub(crate) fn any_covers(worker: &mut Worker, families: &[&str], c: char) -> bool {
        families.iter().any(|name| {
            let id = worker.fonts.collection.family_id(name);
            id.is_some_and(|id| covers(&mut worker.fonts, id, c))
        })
    }
}

impl std::fmt::Debug for Fonts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fonts").field("families", &self.families()).finish_non_exhaustive()
    }
}

/// These hold caches only; what a panic left behind in one is still true.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Family {
    fn covers(&self, context: &mut FontContext, c: char) -> bool {
        let blocks = self.blocks.get_or_init(|| blocks(context, self.id));
        let block = u32::from(c) as usize >> 8;
        blocks[block / 64] & 1 << (block % 64) != 0 && covers(context, self.id, c)
    }
}

fn blocks(context: &mut FontContext, family: FamilyId) -> Blocks {
    let mut blocks = Box::new([0_u64; 68]);
    let mut query = context.collection.query(&mut context.source_cache);
    query.set_families([QueryFamily::Id(family)]);
    query.matches_with(|font| {
        if let Ok(font) = skrifa::FontRef::from_index(font.blob.as_ref(), font.index) {
            for (c, _) in font.charmap().mappings() {
                let block = c as usize >> 8;
                if let Some(bits) = blocks.get_mut(block / 64) {
                    *bits |= 1 << (block % 64);
                }
            }
        }
        QueryStatus::Continue
    });
    blocks
}

fn covers(context: &mut FontContext, family: FamilyId, c: char) -> bool {
    let mut query = context.collection.query(&mut context.source_cache);
    query.set_families([QueryFamily::Id(family)]);
    let mut found = false;
    query.matches_with(|font| {
        found |= font.charmap().and_then(|map| map.map(c)).is_some_and(|glyph| glyph != 0);
        if found { QueryStatus::Stop } else { QueryStatus::Continue }
    });
    found
}

/// Whether this is a family of emoji: glyphs in colour, and a smiling face among them.
fn brings_colors(context: &mut FontContext, family: FamilyId) -> bool {
    let mut query = context.collection.query(&mut context.source_cache);
    query.set_families([QueryFamily::Id(family)]);
    let mut colors = false;
    query.matches_with(|font| {
        colors = skrifa::FontRef::from_index(font.blob.as_ref(), font.index)
            .is_ok_and(|font| font.cbdt().is_ok() || font.colr().is_ok() || font.sbix().is_ok());
        QueryStatus::Stop
    });
    drop(query);
    colors && covers(context, family, '\u{1f600}')
}
