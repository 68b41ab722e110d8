//! Signed URLs: <https://imageboss.me/docs/security>. `bossToken` is the HMAC-SHA256 of the path, keyed with the source's
//! secret, in hex.
//!
//! Clients differ in which bytes they hash. Those that hash no query say nothing about it: see [`covers_query`].

use percent_encoding::AsciiSet;
use ring::hmac;

use super::{NAME, TOKEN};
use crate::error::Unwritable;
use crate::request::Target;
use crate::signing::{Secret, Signing, Unsignable, Verdict, hex, same};
use crate::text;

/// What browsers escape in a path (WHATWG URL, path percent-encode set), as far as a path can hold it unescaped.
const BROWSER: &AsciiSet =
    &percent_encoding::CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'`').add(b'{').add(b'}');
/// What older ones and other clients escape besides.
const CAREFUL: &AsciiSet = &BROWSER.add(b'^').add(b'|').add(b'[').add(b']').add(b'\\');

/// The digits of a signature.
const DIGITS: usize = 64;

const PATH: &str = "path";
const DECODED: &str = "decoded";
const QUERY: &str = "query";
const BARE_QUERY: &str = "query-without-equals";

/// Whether a form of signature vouches for the query, too. What it does not vouch for must not reach the origin or tell
/// answers apart.
pub(super) fn covers_query(form: &str) -> bool {
    form == QUERY || form == BARE_QUERY
}

/// Looks at the token. At most four hashes a secret.
pub(super) fn verify(target: Target<'_>, signing: &Signing) -> Verdict {
    let query = target.query.unwrap_or_default();
    let mut given = text::pairs(query).filter(|(name, _)| *name == TOKEN).map(|(_, value)| value.unwrap_or_default());
    let Some(token) = given.next() else { return Verdict::Unsigned };
    let bad = Verdict::Bad { hashed: target.path.to_owned() };
    let is_digit = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
    if given.next().is_some() || token.len() != DIGITS || !token.bytes().all(is_digit) {
        return bad;
    }
    for (form, text) in forms(target.path, &without_token(query)) {
        if signing.secrets.iter().any(|secret| same(token, &digest(&text, secret))) {
            return Verdict::Good { expires: None, form };
        }
    }
    bad
}

/// Signs the path, as the vendor's Go client does, and the query where there is one, as its Ruby gem does.
pub(super) fn sign(target: &str, signing: &Signing, expires: Option<u64>) -> Result<String, Unsignable> {
    let secret = signing.secrets.first().ok_or(Unsignable::NoSecret)?;
    if expires.is_some() {
        return Err(Unwritable { dialect: NAME, what: "a time at which a signed URL ends".to_owned() }.into());
    }
    let Target { path, query } = Target::new(target);
    let query = without_token(query.unwrap_or_default());
    let signed = joined(path, &query);
    let mark = if query.is_empty() { '?' } else { '&' };
    Ok(format!("{signed}{mark}{TOKEN}={}", digest(&signed, secret)))
}

/// The texts that clients are known to hash: the Go client the path as it is sent, plugins for Craft and Statamic before it
/// was encoded, the Ruby gem with the query, which then grows a `=` behind pairs without a value.
fn forms(path: &str, query: &str) -> Vec<(&'static str, String)> {
    let mut forms = vec![(PATH, path.to_owned())];
    // Only what has one spelling: else a doubly encoded path could pass for a signed one.
    let once = text::decode(path).filter(|decoded| decoded != path && !decoded.contains('%'));
    forms.extend(once.filter(|decoded| is_encoded_as(decoded, path)).map(|decoded| (DECODED, decoded)));
    if !query.is_empty() {
        forms.push((QUERY, joined(path, query)));
        let bare: Vec<&str> = query.split('&').map(|pair| pair.strip_suffix('=').unwrap_or(pair)).collect();
        let bare = bare.join("&");
        if bare != query {
            forms.push((BARE_QUERY, joined(path, &bare)));
        }
    }
    forms
}

/// Whether a browser makes this path of a decoded one. It leaves slashes alone, so that none can be signed as a separator
/// and sent as a part of a name.
fn is_encoded_as(decoded: &str, path: &str) -> bool {
    [BROWSER, CAREFUL].into_iter().any(|set| text::encode(decoded, set).eq_ignore_ascii_case(path))
}

/// A raw query without the token, the rest as it stands.
pub(super) fn without_token(query: &str) -> String {
    query.split('&').filter(|pair| pair.split('=').next() != Some(TOKEN)).collect::<Vec<_>>().join("&")
}

fn joined(path: &str, query: &str) -> String {
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

fn digest(text: &str, secret: &Secret) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.bytes());
    hex(hmac::sign(&key, text.as_bytes()).as_ref())
}
