use std::fmt;
use std::sync::Arc;

use usvg::fontdb;

/// Fonts for the text of an SVG. None are looked for on the machine: text without a font is left out. Cheap to clone.
#[derive(Clone, Default)]
pub struct Fonts {
    database: Option<Arc<fontdb::Database>>,
}

impl Fonts {
    /// Font files (TrueType or OpenType, collections too), and the family that stands in for one that is not among them.
    /// A file that is no font is left out.
    pub fn new(files: impl IntoIterator<Item = Arc<dyn AsRef<[u8]> + Send + Sync>>, fallback: &str) -> Fonts {
        let mut database = fontdb::Database::new();
        for file in files {
            database.load_font_source(fontdb::Source::Binary(file));
        }
        database.set_serif_family(fallback);
        database.set_sans_serif_family(fallback);
        database.set_monospace_family(fallback);
        database.set_cursive_family(fallback);
        database.set_fantasy_family(fallback);
        Fonts { database: Some(Arc::new(database)) }
    }

    /// Faces that can be used.
    pub fn len(&self) -> usize {
        self.database.as_ref().map_or(0, |database| database.len())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn database(&self) -> Arc<fontdb::Database> {
        self.database.clone().unwrap_or_default()
    }
}

impl fmt::Debug for Fonts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fonts({})", self.len())
    }
}

/// The same set: not the same files in two sets.
impl PartialEq for Fonts {
    fn eq(&self, other: &Fonts) -> bool {
        match (&self.database, &other.database) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            (None, None) => true,
            _ => false,
        }
    }
}

impl Eq for Fonts {}
