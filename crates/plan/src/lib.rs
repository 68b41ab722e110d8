//! The vocabulary of Afterimage: what is asked for, under which name, and as of when.
//!
//! Everything here is plain data. The crate does no I/O and knows no vendor: dialects translate their URLs into these
//! words, the renderer obeys them, the cache and the purge index compare them.
//!
//! - [`MasterId`], [`MasterRef`]: which original picture
//! - [`Plan`]: what is done to it ([`Stage`]s, then an [`OutputRule`])
//! - [`ExactName`], [`DerivativeKey`]: the durable names of a result
//! - [`Position`], [`Stamp`], [`LogId`]: as of when
//! - [`Selector`]: what a purge names
//! - [`reason`]: why something was answered as it was, as stable strings

mod canonical;
mod color;
mod format;
mod key;
mod master;
mod number;
mod output;
mod overlay;
pub mod reason;
mod selector;
mod stage;
mod stamp;
mod tag;

pub use canonical::NORMALISER_VERSION;
pub use color::Color;
pub use format::Format;
pub use key::{BodyId, DerivativeKey, Digest, ExactName, KeySecret, NameHash};
pub use master::{Asset, Location, MasterId, MasterRef};
pub use number::Fixed;
pub use output::{AcceptClass, FormatRule, OutputRule, OutputSpec, Quality};
pub use overlay::{Overlay, Picture, Shift};
pub use selector::{ParseSelectorError, Selector};
pub use stage::{
    Aspect, Background, Dim, Enlarge, Fit, Gravity, Horizontal, Limits, Orient, Pad, Region, Resize, Stage, Trim,
    TrimMode, Vertical,
};
pub use stamp::{LogId, Position, Stamp};
pub use tag::{Label, Tag, TagKind};

/// The canonical transformation: ordered stages, then how the result is written.
///
/// Two URLs that mean the same have equal plans, whatever dialect they were written in; [`Plan::canonicalise`] sees to
/// that, and a dialect calls it last. An empty stage list with [`OutputRule::original`] set means the master's own bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Plan {
    /// Applied in order, each to the output of the one before.
    pub stages: Vec<Stage>,
    /// How the result is encoded.
    pub output: OutputRule,
}

impl Plan {
    /// The master's bytes, untouched.
    pub fn original() -> Self {
        Plan { stages: Vec::new(), output: OutputRule { original: true, ..OutputRule::default() } }
    }
}
