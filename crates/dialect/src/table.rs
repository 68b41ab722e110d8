//! The one table per dialect. Parser, docs, playground and fuzz dictionaries are walks over it.

use crate::request::{Warning, WarningKind};

/// One parameter of a dialect. `D` is the dialect's draft: the literal parameters as said, before they mean anything.
pub struct Param<D: 'static> {
    /// Canonical name, as the vendor documents it.
    pub name: &'static str,
    /// Other spellings.
    pub aliases: &'static [&'static str],
    /// Type and range.
    pub kind: Kind,
    /// Documented default in words; empty for none.
    pub default: &'static str,
    /// One line for people.
    pub doc: &'static str,
    /// How widely it is used.
    pub tier: Tier,
    /// How far it is obeyed.
    pub served: Served,
    /// Reads a decoded value into the draft. `Err` says why it was not obeyed; the draft is then as before, save for
    /// [`WarningKind::Clamped`], after which it holds the value brought into range.
    pub parse: fn(&mut D, &str) -> Result<(), WarningKind>,
    /// Spells what the draft holds, not yet percent-encoded; `None` where it holds nothing or the default.
    pub write: fn(&D) -> Option<String>,
}

/// The type of a parameter's value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// A whole number in a range, both ends included.
    Int(i64, i64),
    /// A decimal number in a range, both ends included.
    Number(f64, f64),
    /// One of these words.
    Enum(&'static [&'static str]),
    /// A list of these words.
    List(&'static [&'static str]),
    /// On or off.
    Flag,
    /// A colour.
    Color,
    /// A grammar of its own, described here.
    Syntax(&'static str),
    /// Free text.
    Text,
}

impl Kind {
    /// The allowed values, in words.
    pub fn allowed(&self) -> String {
        match self {
            Kind::Int(low, high) => format!("a whole number from {low} to {high}"),
            Kind::Number(low, high) => format!("a number from {low} to {high}"),
            Kind::Enum(words) => words.join(", "),
            Kind::List(words) => format!("a list of {}", words.join(", ")),
            Kind::Flag => "true or false".to_owned(),
            Kind::Color => "a colour: hex digits without # or a CSS name".to_owned(),
            Kind::Syntax(text) => (*text).to_owned(),
            Kind::Text => "any text".to_owned(),
        }
    }
}

/// How widely a parameter is used, hence how hard we try.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// Most sites; exact.
    A,
    /// Common; works.
    B,
    /// Rare; never breaks the request.
    C,
}

/// A table row without its code, for docs and tools.
#[derive(Debug, Clone, PartialEq)]
pub struct ParamDoc {
    /// Canonical name.
    pub name: &'static str,
    /// Other spellings.
    pub aliases: &'static [&'static str],
    /// Type and range.
    pub kind: Kind,
    /// Default in words.
    pub default: &'static str,
    /// One line.
    pub doc: &'static str,
    /// How widely it is used.
    pub tier: Tier,
    /// How far it is obeyed.
    pub served: Served,
}

/// How far a parameter is obeyed. The table of coverage in the documentation is counted from this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Served {
    /// As the vendor documents it, which a test of pixels or headers shows: `crates/<crate>/tests/<file>.rs::<test>`. That it
    /// exists is checked.
    Exactly(&'static str),
    /// With a difference that one would have to look for, or by a formula of ours where the vendor gives none; which, in
    /// words.
    Nearly(&'static str),
    /// Read and warned of, without effect; why, in words.
    Read(&'static str),
    /// Nobody has said yet.
    Unsaid,
}

impl Served {
    /// Stable lower-case name.
    pub const fn name(self) -> &'static str {
        match self {
            Served::Exactly(_) => "exactly",
            Served::Nearly(_) => "nearly",
            Served::Read(_) => "read",
            Served::Unsaid => "unsaid",
        }
    }

    /// The test, or the words.
    pub const fn about(self) -> &'static str {
        match self {
            Served::Exactly(about) | Served::Nearly(about) | Served::Read(about) => about,
            Served::Unsaid => "",
        }
    }
}

impl<D> Param<D> {
    /// The row with how far it is obeyed.
    pub const fn served(mut self, served: Served) -> Param<D> {
        self.served = served;
        self
    }

    /// The row as documentation.
    pub fn doc(&self) -> ParamDoc {
        ParamDoc {
            name: self.name,
            aliases: self.aliases,
            kind: self.kind,
            default: self.default,
            doc: self.doc,
            tier: self.tier,
            served: self.served,
        }
    }

    /// Finds a row by name or alias.
    pub fn find<'t>(table: &'t [Param<D>], name: &str) -> Option<&'t Param<D>> {
        table.iter().find(|p| p.name == name || p.aliases.contains(&name))
    }

    /// Reads a value into the draft and reports what was not obeyed.
    pub fn read(&self, draft: &mut D, said: &str, value: &str, warnings: &mut Vec<Warning>) {
        if let Err(kind) = (self.parse)(draft, value) {
            warnings.push(Warning {
                kind,
                parameter: said.to_owned(),
                value: value.to_owned(),
                allowed: self.kind.allowed(),
            });
        }
    }
}
