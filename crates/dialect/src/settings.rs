//! What a site's configuration adds to a grammar.

use std::collections::BTreeMap;

/// What a site's configuration adds to a grammar. Each dialect obeys what its vendor has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Longest side of an output in pixels: larger results are scaled down proportionally.
    pub max_side: u32,
    /// Names the sites's source where the URL does not (ImageBoss names it in the path, the others do not).
    pub default_source: String,
    /// ImageKit: account id and endpoint that stand first in the path and are cut off, such as `demo` or `demo/shop`;
    /// empty for none.
    pub endpoint: String,
    /// Negotiate the format even where the URL does not ask for it (ImageKit's "best format", Cloudimage's automatic
    /// WebP).
    pub auto_format: bool,
    /// Offer AVIF when negotiating.
    pub avif: bool,
    /// ImageKit: whether clients that ask to save data get a lower quality.
    pub save_data: bool,
    /// ImageKit: whether what it does not know is passed over with a warning, as the other three do, and not refused.
    pub lenient: bool,
    /// Named transformations in the dialect's own grammar: steps of ImageKit's `n-<name>`, a query of Cloudimage's
    /// `p=<name>`. Here imgix has `preset=<name>` and ImageBoss `preset:<name>` too, a query and options: their vendors
    /// have none.
    pub presets: BTreeMap<String, Preset>,
    /// Whether a URL may say nothing but presets.
    pub presets_only: bool,
    /// Parameters that hold where the URL does not say otherwise, as a query of the dialect's grammar: imgix's default
    /// parameters, Cloudimage's settings of a token. They are not signed.
    pub defaults: String,
    /// Cloudimage: names that stand for the beginning of an address.
    pub aliases: Vec<Alias>,
    /// Cloudimage: parameters for paths with a text in them, in the order in which they are tried.
    pub rules: Vec<Rule>,
    /// Cloudimage: whether a path that begins with a host (`shop.example/a.jpg`) names that host's picture; else it is a
    /// key of the site's own source, whose folders may have dots too.
    pub schemeless: bool,
    /// Cloudimage: whether the site's URLs are sealed, so that what `ci_eqs` holds has been vouched for before it is read, and
    /// wins over all else. Where they are not, anybody can write it: it then counts as the URL's own.
    pub sealed: bool,
    /// ImageBoss: whether URLs of its first years are read, which name an absolute URL where newer ones name a source
    /// (`/width/300/https://shop.example/a.jpg`).
    pub sourceless: bool,
    /// ImageBoss: negotiate the format where the URL does not ask for one.
    pub implicit_auto: bool,
}

/// A named transformation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preset {
    /// In the dialect's grammar.
    pub text: String,
    /// Whether it may be used.
    pub enabled: bool,
}

/// A name for the beginning of an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alias {
    /// As written in URLs, underscores included: `_shop_`.
    pub name: String,
    /// Host and path, with or without scheme, without a slash at the end (`shop.example/media`); or a folder of the
    /// site's own source, beginning with a slash (`/media`).
    pub stands_for: String,
}

/// Parameters that come to URLs of some paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// What the path must hold, aliases by their names; it begins behind `/v7/`.
    pub contains: String,
    /// A query.
    pub query: String,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            max_side: 8192,
            default_source: String::new(),
            endpoint: String::new(),
            auto_format: true,
            avif: true,
            save_data: false,
            lenient: false,
            presets: BTreeMap::new(),
            presets_only: false,
            defaults: String::new(),
            aliases: Vec::new(),
            rules: Vec::new(),
            schemeless: false,
            sealed: false,
            sourceless: false,
            implicit_auto: false,
        }
    }
}
