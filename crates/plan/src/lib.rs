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

mod adjust;
mod background;
mod blend;
mod canonical;
mod choose;
mod color;
mod expr;
mod filter;
mod format;
mod key;
mod master;
mod measured;
mod number;
mod output;
mod overlay;
mod parse;
pub mod reason;
mod selector;
mod shape;
mod stage;
mod stamp;
mod tag;
mod text;
mod words;

pub use adjust::Adjust;
pub use background::{Background, BlurFill, Gradient, GradientShape, Mix};
pub use blend::Blend;
pub use canonical::NORMALISER_VERSION;
pub use choose::{Choose, Comparison, Condition, Test};
pub use color::Color;
pub use expr::{Expr, Number, Operator, Sizes, Term, Variable};
pub use filter::{Filter, Unsharp};
pub use format::Format;
pub use key::{BodyId, DerivativeKey, Digest, ExactName, KeySecret, NameHash};
pub use master::{Asset, Location, MasterId, MasterRef};
pub use measured::{Length, Measured};
pub use number::Fixed;
pub use output::{
    AcceptClass, Depth, FormatRule, Metadata, OutputRule, OutputSpec, Profile, Quality, Report, Subsampling,
};
pub use overlay::{Overlay, Picture, Shift, Tile};
pub use parse::ParsePlanError;
pub use selector::{ParseSelectorError, Selector};
pub use shape::{Border, Mask, Radius, Shadow, Shape};
pub use stage::{
    Aspect, Dim, Enlarge, Fit, Gravity, Horizontal, Limits, Orient, Pad, Region, Resize, Stage, Trim, TrimMode,
    Vertical,
};
pub use stamp::{LogId, Position, Stamp};
pub use tag::{Label, Tag, TagKind};
pub use text::{Ligatures, Text, TextAlign, TextCut, TextFit};

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
