//! The names of all settings.

pub(crate) const TOP: &[&str] = &[
    "listen",
    "data",
    "cache",
    "limits",
    "render",
    "log",
    "purge",
    "stats",
    "fonts",
    "webhook",
    "certificate",
    "source",
    "site",
];
/// Those of them that hold settings of their own.
pub(crate) const TABLES: &[&str] = &[
    "listen",
    "cache",
    "limits",
    "render",
    "log",
    "purge",
    "stats",
    "fonts",
    "webhook",
    "certificate",
    "source",
    "site",
];
pub(crate) const LISTEN: &[&str] = &["delivery", "delivery_tls", "control", "control_tls", "api_hosts"];
pub(crate) const CERTIFICATE: &[&str] = &["hosts", "cert_file", "key_file"];
pub(crate) const CACHE: &[&str] =
    &["memory", "disk", "masters_memory", "masters_disk", "browser_time", "edge_time", "error_time"];
pub(crate) const LIMITS: &[&str] = &[
    "input_bytes",
    "input_pixels",
    "output_side",
    "frames",
    "job_memory",
    "job_time",
    "queue",
    "render_threads",
    "delivery_threads",
    "origin_fetches",
    "origin_queue",
];
pub(crate) const RENDER: &[&str] = &["decoders", "avif_refine"];
pub(crate) const PURGE: &[&str] =
    &["rate", "burst", "names", "stale_time", "sweep_bytes", "sweep_entries", "warm_rate", "imgix_window", "method"];
pub(crate) const STATS: &[&str] =
    &["on", "minutes", "hours", "days", "disk", "lines", "lines_on_disk", "hits_per_second", "slow", "addresses"];
pub(crate) const FONTS: &[&str] = &["folders"];
pub(crate) const WEBHOOK: &[&str] = &["url", "secret_file"];
pub(crate) const TAGS: &[&str] = &["paths", "tags"];
pub(crate) const LOG: &[&str] = &["access", "level", "json"];
pub(crate) const LOCAL: &[&str] = &["type", "root", "max_bytes"];
pub(crate) const HTTP: &[&str] = &[
    "type",
    "base",
    "allow_private",
    "connect_timeout",
    "read_timeout",
    "total_timeout",
    "max_bytes",
    "max_redirects",
    "no_cache",
    "user_agent",
    "headers",
    "invalidation",
];
pub(crate) const PROXY: &[&str] = &[
    "type",
    "hosts",
    "https_only",
    "allow_private",
    "connect_timeout",
    "read_timeout",
    "total_timeout",
    "max_bytes",
    "max_redirects",
    "no_cache",
    "user_agent",
];
pub(crate) const SITE: &[&str] = &[
    "name",
    "dialect",
    "hosts",
    "prefix",
    "sources",
    "browser_time",
    "edge_time",
    "strict",
    "vendor_headers",
    "vendor_errors",
    "auto_format",
    "avif",
    "save_data",
    "endpoint",
    "max_side",
    "kind",
    "unsafe_methods",
    "tags",
    "lenient",
    "schemeless",
    "sourceless",
    "implicit_auto",
    "presets",
    "presets_only",
    "defaults",
    "aliases",
    "rules",
    "signing",
    "signing_secret_files",
    "signing_sealed",
    "signing_digits",
    "missing_picture",
    "missing_status",
    "vendor_purges",
    "beacon",
];
pub(crate) const PRESET: &[&str] = &["text", "enabled"];
pub(crate) const RULE: &[&str] = &["contains", "query"];

/// Tables at the top that hold nothing but single values.
pub(crate) const PLAIN: [(&str, &[&str]); 7] = [
    ("listen", LISTEN),
    ("cache", CACHE),
    ("limits", LIMITS),
    ("render", RENDER),
    ("log", LOG),
    ("purge", PURGE),
    ("stats", STATS),
];

/// The tables a key belongs in.
pub(crate) fn home(key: &str) -> Option<String> {
    let plain = PLAIN
        .iter()
        .chain(&[("fonts", FONTS)])
        .find(|(_, keys)| keys.contains(&key))
        .map(|(table, _)| format!("[{table}]"));
    plain.or_else(|| SITE.contains(&key).then(|| "[[site]]".to_owned())).or_else(|| {
        (LOCAL.contains(&key) || HTTP.contains(&key) || PROXY.contains(&key)).then(|| "[source.NAME]".to_owned())
    })
}
