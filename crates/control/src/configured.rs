//! What was configured and where that came from, as plain data for `/v1/config`. The binary fills it in: this room reads no
//! settings.

/// Every setting, by whose it is. Secrets are not among them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Configured {
    /// The file; `None` = there is none, which is called zero configuration.
    pub file: Option<String>,
    /// Whether pictures are served over TLS too: then the addresses of sites begin with `https`.
    pub encrypted: bool,
    /// Those outside of sources and sites.
    pub settings: Vec<Setting>,
    /// Those of each source, by its name.
    pub sources: Vec<(String, Vec<Setting>)>,
    /// Those of each site, by its name.
    pub sites: Vec<(String, Vec<Setting>)>,
}

/// One setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Its name, such as `cache.memory`; within a source or site without that.
    pub key: String,
    /// Its value as text, with its unit; `None` = not set.
    pub value: Option<String>,
    /// Who said so: `default`, `file`, `environment`, `flag` or `zero-config`.
    pub from: &'static str,
    /// The place there: `line 12`, a variable, an argument.
    pub place: Option<String>,
    /// What it is for.
    pub doc: String,
}
