//! Named transformations (<https://imagekit.io/docs/named-transformations>): `n-<name>` stands for steps that the site
//! keeps, and is replaced by them where it stands.

use std::borrow::Cow;

use super::lex;
use super::path::malformed;
use crate::error::ParseError;
use crate::request::{Warning, WarningKind};
use crate::settings::Settings;
use crate::table::{Kind, ParamDoc, Served, Tier};
use crate::text;

/// The row, for the docs.
pub(super) const ROW: ParamDoc = ParamDoc {
    name: "n",
    aliases: &[],
    kind: Kind::Syntax("the name of steps that the site keeps"),
    default: "",
    doc: "A named transformation: stands for the steps that the site keeps under this name, which may hold names again.",
    tier: Tier::A,
    served: Served::Exactly("crates/afterimage/tests/signing.rs::a_preset_is_a_tag_that_a_purge_can_name"),
};

/// How deep names may stand for names.
const MAX_DEPTH: usize = 4;

/// Most names in one URL, those behind names included.
const MAX_NAMES: usize = 100;

/// Longest transformation once all names are replaced, in bytes.
const MAX_TEXT: usize = 64 * 1024;

/// Names at most, where those that there are are told.
const TOLD: usize = 20;

/// Replaces names, and remembers which took part.
pub(super) struct Named<'s> {
    settings: &'s Settings,
    /// Each once, in the order in which they were met.
    pub(super) used: Vec<String>,
    pub(super) warnings: Vec<Warning>,
    met: usize,
}

impl<'s> Named<'s> {
    pub(super) fn new(settings: &'s Settings) -> Self {
        Named { settings, used: Vec::new(), warnings: Vec::new(), met: 0 }
    }

    /// A decoded transformation string without names.
    ///
    /// # Errors
    /// For a name that there is not or that is switched off, names in a circle, and on a site that takes presets alone for
    /// everything that is no name.
    pub(super) fn expand<'t>(&mut self, text: &'t str) -> Result<Cow<'t, str>, ParseError> {
        if self.settings.presets_only
            && let Some(what) = lex::tokens(text).find(|token| !token.is_empty() && name_in(token).is_none())
        {
            return Err(ParseError::NotAPreset { what: what.to_owned(), allowed: self.allowed() });
        }
        if lex::tokens(text).all(|token| name_in(token).is_none()) {
            return Ok(Cow::Borrowed(text));
        }
        let mut whole = String::with_capacity(text.len());
        self.replace(text, 0, &mut whole)?;
        Ok(Cow::Owned(whole))
    }

    fn replace(&mut self, text: &str, depth: usize, whole: &mut String) -> Result<(), ParseError> {
        let mut rest = text;
        for token in lex::tokens(text) {
            match name_in(token) {
                Some(name) => self.stand_in(name, depth, whole)?,
                None => whole.push_str(token),
            }
            rest = rest.get(token.len()..).unwrap_or_default();
            whole.extend(rest.chars().next());
            rest = rest.get(1..).unwrap_or_default();
            if whole.len() > MAX_TEXT {
                return Err(malformed("the transformation is too long", &format!("at most {MAX_TEXT} bytes")));
            }
        }
        Ok(())
    }

    fn stand_in(&mut self, name: &str, depth: usize, whole: &mut String) -> Result<(), ParseError> {
        self.met += 1;
        if depth >= MAX_DEPTH || self.met > MAX_NAMES {
            return Err(refused(name, &format!("names {MAX_DEPTH} deep, and {MAX_NAMES} of them")));
        }
        let preset = self.settings.presets.get(name).filter(|preset| preset.enabled);
        let stored = preset.and_then(|preset| text::decode(preset.text.trim()));
        let Some(stored) = stored else {
            if !self.settings.lenient || self.settings.presets_only {
                return Err(refused(name, "a named transformation that this site has and that is switched on"));
            }
            let (parameter, value) = ("n".to_owned(), name.to_owned());
            self.warnings.push(Warning { kind: WarningKind::Unknown, parameter, value, allowed: String::new() });
            return Ok(());
        };
        if self.used.iter().all(|used| used != name) {
            self.used.push(name.to_owned());
        }
        self.replace(stored.strip_prefix("tr:").unwrap_or(&stored), depth + 1, whole)
    }

    fn allowed(&self) -> String {
        let on = self.settings.presets.iter().filter(|(_, preset)| preset.enabled);
        let names: Vec<String> = on.take(TOLD).map(|(name, _)| format!("n-{name}")).collect();
        names.join(", ")
    }
}

/// The name that a token says.
fn name_in(token: &str) -> Option<&str> {
    token.strip_prefix("n-").or_else(|| (token == "n").then_some(""))
}

fn refused(name: &str, allowed: &str) -> ParseError {
    ParseError::BadParameter { parameter: "n".to_owned(), value: name.to_owned(), allowed: allowed.to_owned() }
}
