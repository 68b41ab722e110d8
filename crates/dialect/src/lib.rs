//! Four vendors' grammars of image URLs, each a table of parameters: imgix, ImageKit, Cloudimage and ImageBoss.
//!
//! A dialect turns the raw request target into a [`Parsed`] request (which master, what plan, what the response headers
//! should say) plus warnings, and back: [`Dialect::write`] spells a plan as a URL. It opens no socket and sees no pixel.
//! How strict to be about warnings is the caller's business.

mod chain;
pub mod cloudimage;
pub mod docs;
mod error;
mod hints;
pub mod imageboss;
pub mod imagekit;
pub mod imgix;
mod overlay;
mod request;
mod settings;
pub mod signing;
mod table;
pub mod text;

pub use chain::{Part, Place, Step};
pub use error::{ParseError, Unwritable};
pub use hints::{Heard, Hints, Listens};
pub use request::{Asset, Disposition, Parsed, Target, Warning, WarningKind};
pub use settings::{Alias, Preset, Rule, Settings};
pub use signing::{Policy, Secret, Signing, Unsignable, Verdict};
pub use table::{Kind, Param, ParamDoc, Served, Tier};

use plan::Plan;

/// One vendor's grammar.
pub trait Dialect: Send + Sync {
    /// Lower-case name: `imgix`, `imagekit`, `cloudimage`, `imageboss`.
    fn name(&self) -> &'static str;

    /// The parameter table, for docs, the playground and fuzz dictionaries.
    fn params(&self) -> Vec<ParamDoc>;

    /// Parses a raw, still percent-encoded target from which the site's prefix has been cut.
    ///
    /// # Errors
    /// Only where the dialect's vendor fails too: a malformed path, or (in strict dialects) a bad transformation.
    fn parse(&self, target: Target<'_>, settings: &Settings) -> Result<Parsed, ParseError>;

    /// As [`Dialect::parse`], for a client that gave hints. They say what the URL leaves to them, and change neither the
    /// asset nor what is an error.
    ///
    /// # Errors
    /// As [`Dialect::parse`].
    fn parse_for(&self, target: Target<'_>, settings: &Settings, _hints: Hints) -> Result<Parsed, ParseError> {
        self.parse(target, settings)
    }

    /// Spells a canonical plan for an asset as a target, percent-encoded and beginning with `/`; `source` is used by
    /// dialects that name it in the path. Parsing the result yields the same plan.
    ///
    /// # Errors
    /// When this dialect's URLs, as far as the table goes, cannot express the plan.
    fn write(&self, source: &str, asset: &Asset, plan: &Plan, settings: &Settings) -> Result<String, Unwritable>;

    /// Puts a target together from an asset and parameters in this vendor's own words, in their order, percent-encoded and
    /// beginning with `/`; `source` is used by dialects that name it in the path. Nothing is checked: what the parameters
    /// mean, and whether anything, [`Dialect::parse`] says.
    ///
    /// Names are those of the table. ImageKit: `:` with an empty value begins the next step, and a name that begins with `?` stands
    /// in the query as it is. ImageBoss: `operation` has what stands before the options, such as `cover:center/300x200` (or the
    /// operation is the name and its size the value); without it the operation is `cdn`.
    ///
    /// # Errors
    /// When an asset or a name has no place in this dialect's URLs.
    fn compose(
        &self,
        source: &str,
        asset: &Asset,
        parameters: &[(String, String)],
        settings: &Settings,
    ) -> Result<String, Unwritable>;

    /// The parameters that a raw target itself says, decoded, in their order, as [`Dialect::compose`] takes them; signatures left
    /// out. Defaults and presets of the site are not among them.
    ///
    /// # Errors
    /// As [`Dialect::parse`], for the form of the path.
    fn parameters(&self, target: Target<'_>, settings: &Settings) -> Result<Vec<(String, String)>, ParseError>;

    /// The parameters for [`Dialect::compose`] that a chain of steps stands for; contents of layers are encoded where they need it.
    /// Only ImageKit has several steps, layers and conditionals.
    ///
    /// # Errors
    /// Where this vendor has no such thing, or a value would run into the next parameter.
    fn flatten(&self, steps: &[Step]) -> Result<Vec<(String, String)>, ParseError> {
        chain::plain(self.name(), steps)
    }

    /// As [`Dialect::parameters`], as a chain of at least one step, such that [`Dialect::flatten`] and [`Dialect::compose`] give a
    /// target that means the same.
    ///
    /// # Errors
    /// As [`Dialect::parameters`], and for layers or conditionals that do not end.
    fn steps(&self, target: Target<'_>, settings: &Settings) -> Result<Vec<Step>, ParseError> {
        let parameters = self.parameters(target, settings)?;
        Ok(vec![parameters.into_iter().map(|(name, value)| Part::Said(name, value)).collect()])
    }

    /// Where a row of the table may stand in a chain.
    fn places(&self, _name: &str) -> Vec<Place> {
        vec![Place::Step]
    }

    /// Looks at the signature of a raw target below the site's prefix, by this vendor's algorithm and in every form in which
    /// its clients hash URLs. `prefix` is what was cut off, without a slash at its end: some clients hash it too. The policy
    /// is the caller's business.
    fn verify(&self, target: Target<'_>, prefix: &str, settings: &Settings, signing: &Signing) -> Verdict;

    /// Whether a signature that was good in this form ([`Verdict::Good`]) vouches for the query too. Where it does not, what
    /// [`Parsed::origin_query`] holds is nobody's word: it must neither reach the origin nor tell answers apart.
    fn covers_query(&self, _form: &str) -> bool {
        true
    }

    /// Signs a raw target below the site's prefix with the first secret, as the vendor's newest client would.
    ///
    /// # Errors
    /// Without a secret, or where this vendor's signatures have no end and one is asked for.
    fn sign(
        &self,
        target: &str,
        settings: &Settings,
        signing: &Signing,
        expires: Option<u64>,
    ) -> Result<String, Unsignable>;
}
