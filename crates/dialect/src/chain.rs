//! A transformation as a chain of steps, with layers and conditionals as a tree: for forms, and for whoever does not want to
//! know how a vendor frames them.

use crate::error::ParseError;

/// One step of a chain: its parts, in order.
pub type Step = Vec<Part>;

/// A part of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// A parameter by its name in the table, and its value; empty where it has none.
    Said(String, String),
    /// What is drawn over the picture, and what is done to it before. Its content is the parameter `i` of its first step: a
    /// plain path, address or text.
    Layer {
        /// `image` or `text`.
        kind: String,
        /// At least one.
        steps: Vec<Step>,
    },
    /// Steps by the size of the picture.
    Choice {
        /// In the vendor's words.
        condition: String,
        /// Where it holds.
        yes: Vec<Step>,
        /// Where it does not.
        no: Vec<Step>,
    },
}

/// Where a parameter of the table may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In a step. Dialects without steps have one.
    Step,
    /// In the first step of a layer that is a picture.
    ImageLayer,
    /// In the first step of a layer that is a text.
    TextLayer,
    /// Once in a URL, outside of steps.
    Query,
    /// Signing sets it.
    Signature,
    /// It stands for steps, layers or conditionals, which a tree has by itself.
    Frame,
    /// The vendor has given it up.
    Old,
}

impl Place {
    /// Stable lower-case name.
    pub const fn name(self) -> &'static str {
        match self {
            Place::Step => "step",
            Place::ImageLayer => "image-layer",
            Place::TextLayer => "text-layer",
            Place::Query => "query",
            Place::Signature => "signature",
            Place::Frame => "frame",
            Place::Old => "old",
        }
    }
}

/// The parameters of a chain, for dialects that have neither several steps nor layers among them.
pub(crate) fn plain(dialect: &str, steps: &[Step]) -> Result<Vec<(String, String)>, ParseError> {
    let refused = |what: &str, allowed: &str| ParseError::Malformed {
        problem: format!("{dialect} has no {what}"),
        expected: allowed.to_owned(),
    };
    if steps.iter().filter(|step| !step.is_empty()).count() > 1 {
        return Err(refused("chained steps", "one step"));
    }
    let said = |part: &Part| match part {
        Part::Said(name, value) => Ok((name.clone(), value.clone())),
        Part::Layer { .. } => Err(refused("layers of this form", "its own parameters of overlays")),
        Part::Choice { .. } => Err(refused("conditionals", "parameters")),
    };
    steps.iter().flatten().map(said).collect()
}
