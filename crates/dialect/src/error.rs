/// A URL that the dialect answers with an error, always the client's fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// The path does not follow the grammar (400).
    #[error("{problem}; expected {expected}")]
    Malformed {
        /// What is wrong.
        problem: String,
        /// The form that is expected.
        expected: String,
    },
    /// A parameter has a value that this dialect refuses (400).
    #[error("parameter {parameter}={value} is not valid; allowed: {allowed}")]
    BadParameter {
        /// As written.
        parameter: String,
        /// As written.
        value: String,
        /// In words.
        allowed: String,
    },
    /// The vendor has this, and here it is not carried out: it asks for a model or for a film (400).
    #[error("{parameter} is not supported: {why}")]
    Unsupported {
        /// As written.
        parameter: String,
        /// As written.
        value: String,
        /// In words.
        why: String,
    },
    /// The site takes presets alone, and this is something else (403).
    #[error("{what} is not a preset; this site takes presets alone: {allowed}")]
    NotAPreset {
        /// As written.
        what: String,
        /// The names that there are, in words.
        allowed: String,
    },
    /// The target is longer than the dialect takes (414).
    #[error("the URL is {length} characters long; at most {limit} are allowed")]
    TooLong {
        /// Found.
        length: usize,
        /// Allowed.
        limit: usize,
    },
}

/// A plan that a dialect has no words for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{dialect} cannot express {what}")]
pub struct Unwritable {
    /// The dialect's name.
    pub dialect: &'static str,
    /// The stage or setting.
    pub what: String,
}
