//! Signed URLs: a site's policy, and what each vendor answers where it is not met.

use dialect::{Dialect, Policy, Target, Verdict};

use crate::resolve::Refusal;
use crate::site::{DialectKind, Site};

/// Holds a raw target below a site's prefix against the site's policy. Gives the target as far as the signature vouches for
/// it, and when that ends, if it does.
pub(crate) fn check<'t>(
    site: &Site,
    grammar: &dyn Dialect,
    below: Target<'t>,
) -> Result<(Target<'t>, Option<u64>), Refusal> {
    let policy = site.signing.policy;
    if policy == Policy::Off || site.passthrough {
        return Ok((below, None));
    }
    let prefix = site.prefix.trim_end_matches('/');
    match grammar.verify(below, prefix, &site.grammar, &site.signing) {
        // Anybody can hang on a query that the signature says nothing of: it must not reach an origin, nor make another entry.
        Verdict::Good { expires, form } if !grammar.covers_query(form) => {
            Ok((Target { query: None, ..below }, expires))
        }
        Verdict::Good { expires, .. } => Ok((below, expires)),
        Verdict::Unsigned if policy == Policy::Optional => Ok((below, None)),
        Verdict::Unsigned => {
            let how = field(site);
            let detail = format!("URLs of this site are signed, and this one has no {how}");
            Err(refusal(site.dialect, "signature-missing", detail, how))
        }
        Verdict::Bad { hashed } => {
            let how = field(site);
            let detail = format!("{how} does not fit; what is hashed with the secret is {hashed:?}");
            Err(refusal(site.dialect, "signature-wrong", detail, how))
        }
    }
}

/// What is answered when the time of a URL is up. imgix says that there is no such thing any more, ImageKit that the
/// signature does not count.
pub(crate) fn ended(dialect: DialectKind, end: u64) -> Refusal {
    let (status, parameter) = match dialect {
        DialectKind::Imgix => (404, "expires"),
        DialectKind::Imagekit => (401, "ik-t"),
        DialectKind::Cloudimage | DialectKind::Imageboss => (401, "expires"),
    };
    let detail = format!("this URL ended at {end}, in seconds since 1970");
    Refusal { parameter: Some(parameter.to_owned()), ..Refusal::new(status, "url-ended", detail) }
}

fn refusal(dialect: DialectKind, code: &'static str, detail: String, parameter: &str) -> Refusal {
    let status = if dialect == DialectKind::Imgix { 403 } else { 401 };
    Refusal { parameter: Some(parameter.to_owned()), ..Refusal::new(status, code, detail) }
}

/// Where a signature stands.
fn field(site: &Site) -> &'static str {
    match site.dialect {
        DialectKind::Imgix => "s",
        DialectKind::Imagekit => "ik-s",
        DialectKind::Cloudimage if site.signing.sealed => "ci_seal",
        DialectKind::Cloudimage => "ci_sign",
        DialectKind::Imageboss => "bossToken",
    }
}
