use std::fmt;
use std::time::Duration;

pub use plan::Asset;
use plan::Plan;

use crate::hints::Listens;

/// A raw request target, still percent-encoded, without the site's prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target<'a> {
    /// Begins with `/`.
    pub path: &'a str,
    /// What follows the first `?`, if there is one.
    pub query: Option<&'a str>,
}

impl<'a> Target<'a> {
    /// Splits `path?query` at the first `?`.
    pub fn new(raw: &'a str) -> Self {
        match raw.split_once('?') {
            Some((path, query)) => Target { path, query: Some(query) },
            None => Target { path: raw, query: None },
        }
    }
}

/// A URL, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed {
    /// The source that the URL names, where the dialect does so.
    pub source: Option<String>,
    /// The master.
    pub asset: Asset,
    /// The canonical plan, with the dialect's documented defaults filled in.
    pub plan: Plan,
    /// Query pairs that belong to the origin, sorted, without `?`; empty for none.
    pub origin_query: String,
    /// Which hints of a client the URL leaves something to.
    pub listens: Listens,
    /// Attachment or inline.
    pub disposition: Disposition,
    /// Other than images may be passed through untouched (with [`plan::OutputRule::original`]).
    pub any_content: bool,
    /// The named transformations that took part, each once, in the order in which they were met.
    pub presets: Vec<String>,
    /// When the URL says that it ends, in seconds since 1970; `None` = never. What a signature alone vouches for is in
    /// [`crate::Verdict`].
    pub expires: Option<u64>,
    /// How long answers may be kept, where the URL says so; of browsers as of caches in front.
    pub keep: Option<Duration>,
    /// The master that stands in where this one is missing.
    pub fallback: Option<Asset>,
    /// What the URL says only to be another one (Cloudimage's `vh`): it tells answers apart, and changes nothing in them.
    pub version: Option<String>,
    /// What was not understood or not obeyed.
    pub warnings: Vec<Warning>,
}

impl Parsed {
    /// A master and a plan, and nothing else said.
    pub fn new(asset: Asset, plan: Plan) -> Parsed {
        Parsed {
            source: None,
            asset,
            plan,
            origin_query: String::new(),
            listens: Listens::default(),
            disposition: Disposition::None,
            any_content: false,
            presets: Vec::new(),
            expires: None,
            keep: None,
            fallback: None,
            version: None,
            warnings: Vec::new(),
        }
    }
}

/// What `Content-Disposition` should say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Disposition {
    /// No header.
    #[default]
    None,
    /// `attachment`, under this name; `None` = the master's base name with the output's extension.
    Attachment(Option<String>),
}

impl Disposition {
    /// What a parameter says that holds a switch or a file name; `switch` is its value read as a switch, if it is one.
    pub(crate) fn read(value: &str, switch: Option<bool>) -> Result<Disposition, WarningKind> {
        match switch {
            Some(true) => return Ok(Disposition::Attachment(None)),
            Some(false) => return Ok(Disposition::None),
            None => {}
        }
        // Only a base name: what a browser saves must not carry folders or line breaks.
        let base = value.rsplit(['/', '\\']).next().unwrap_or_default();
        let name: String = base.chars().filter(|c| !c.is_control()).collect();
        if name.is_empty() { Err(WarningKind::Invalid) } else { Ok(Disposition::Attachment(Some(name))) }
    }

    /// The inverse, with the word that switches on.
    pub(crate) fn spell(&self, on: &str) -> Option<String> {
        match self {
            Disposition::None => None,
            Disposition::Attachment(name) => Some(name.clone().unwrap_or_else(|| on.to_owned())),
        }
    }
}

/// Something in a URL that was read past.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// What is wrong.
    pub kind: WarningKind,
    /// The parameter, as written.
    pub parameter: String,
    /// Its value, as written.
    pub value: String,
    /// What is allowed, in words; empty where there is nothing to say.
    pub allowed: String,
}

/// Why a parameter was not obeyed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WarningKind {
    /// No such parameter.
    Unknown,
    /// The value cannot be read; the parameter is ignored.
    Invalid,
    /// The value was brought into range.
    Clamped,
    /// Given more than once; one was taken.
    Repeated,
    /// Known, but not supported yet; ignored.
    Unsupported,
    /// Has no effect beside the others given.
    NoEffect,
}

impl WarningKind {
    /// Stable lower-case name.
    pub const fn name(self) -> &'static str {
        match self {
            WarningKind::Unknown => "unknown",
            WarningKind::Invalid => "invalid",
            WarningKind::Clamped => "clamped",
            WarningKind::Repeated => "repeated",
            WarningKind::Unsupported => "unsupported",
            WarningKind::NoEffect => "no-effect",
        }
    }
}

/// `invalid: w=abc (allowed: 1-8192)`.
impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind.name(), self.parameter)?;
        if !self.value.is_empty() {
            write!(f, "={}", self.value)?;
        }
        if !self.allowed.is_empty() {
            write!(f, " (allowed: {})", self.allowed)?;
        }
        Ok(())
    }
}
