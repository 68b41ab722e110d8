//! Signed and sealed URLs: <https://docs.cloudimage.io/security/url-signature> and `/url-sealing`.
//!
//! A signature is `sha1(salt + URI)` of path and query, a seal `sha1(URI + ci_eqs + salt)` of the path and of parameters in
//! Base64 that nobody can change; others may be added. The vendor's documentation writes the URI without the slash at its
//! beginning, its Ruby gem signs with it, and its image editor seals the source decoded: each is tried. The bytes are
//! hashed as they were sent; a decoded query never is, for whoever knows a whole SHA-1 can compute that of a longer text, and
//! that text holds bytes which cannot stand in a URL undisguised.

use base64::Engine as _;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD, URL_SAFE_NO_PAD};
use ring::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY};

use super::{NAME, source};
use crate::error::Unwritable;
use crate::request::Target;
use crate::signing::{Secret, Signing, Unsignable, Verdict, hex, same};
use crate::text;

/// The parameter that holds a signature.
const SIGN: &str = "ci_sign";
/// The parameter that holds a seal.
const SEAL: &str = "ci_seal";
/// The parameter that holds what is sealed.
pub(super) const SEALED: &str = "ci_eqs";

/// The fewest digits that are taken where the site says nothing. The vendor's Ruby gem sends 18, its image editor 10, live
/// URLs have as few as 8.
const LEAST: usize = 8;
/// The fewest that a site can ask for, and all of them.
const DIGITS: (usize, usize) = (6, 40);

/// Whether a text has the form of a signature or seal.
pub(super) fn looks_signed(value: &str) -> bool {
    (DIGITS.0..=DIGITS.1).contains(&value.len()) && value.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// Whether a parameter is there for the signature alone.
pub(super) fn is_signature(name: &str) -> bool {
    [SIGN, SEAL].contains(&name)
}

/// Looks at the signature, or on a site with sealed URLs at the seal.
pub(super) fn verify(target: Target<'_>, signing: &Signing) -> Verdict {
    let query = target.query.unwrap_or_default();
    let name = if signing.sealed { SEAL } else { SIGN };
    let given: Vec<&str> = values(query, name).collect();
    let forms = if signing.sealed { sealed_forms(target.path, query) } else { signed_forms(target.path, query) };
    let hashed = forms.first().map(|form| form.text.clone()).unwrap_or_default();
    let Some(first) = given.first() else {
        // What is sealed counts for more than what is not: it needs its seal even where others need none.
        let needs = signing.sealed && values(query, SEALED).next().is_some();
        return if needs { Verdict::Bad { hashed } } else { Verdict::Unsigned };
    };
    let least = match usize::from(signing.least_digits) {
        0 => LEAST,
        digits => digits.clamp(DIGITS.0, DIGITS.1),
    };
    let plain = |text: &str| text.bytes().all(|b| b.is_ascii_graphic());
    if given.len() > 1 || !looks_signed(first) || first.len() < least || !plain(target.path) || !plain(query) {
        return Verdict::Bad { hashed };
    }
    for form in &forms {
        for secret in &signing.secrets {
            if digest(&form.text, secret, signing.sealed).get(..first.len()).is_some_and(|right| same(first, right)) {
                return Verdict::Good { expires: None, form: form.name };
            }
        }
    }
    Verdict::Bad { hashed }
}

/// Signs with all 40 digits, as the documentation does; on a site with sealed URLs, what the query says is sealed, unless
/// it holds something sealed already: then the rest stays free.
pub(super) fn sign(target: &str, signing: &Signing, expires: Option<u64>) -> Result<String, Unsignable> {
    let secret = signing.secrets.first().ok_or(Unsignable::NoSecret)?;
    if expires.is_some() {
        let what = "a time at which a signed URL ends".to_owned();
        return Err(Unwritable { dialect: NAME, what }.into());
    }
    let Target { path, query } = Target::new(target);
    let uri = source::without_version(path);
    let query = query.unwrap_or_default();
    let free = without(query, if signing.sealed { SEAL } else { SIGN });
    let (query, hashed, name) = if !signing.sealed {
        let hashed = joined(uri, &free);
        (free, hashed, SIGN)
    } else if let Some(sealed) = values(&free, SEALED).last() {
        (free.clone(), format!("{uri}{sealed}"), SEAL)
    } else if free.is_empty() {
        (free, uri.to_owned(), SEAL)
    } else {
        let sealed = URL_SAFE_NO_PAD.encode(&free);
        (format!("{SEALED}={sealed}"), format!("{uri}{sealed}"), SEAL)
    };
    let mark = if query.is_empty() { "" } else { "&" };
    Ok(format!("{path}?{query}{mark}{name}={}", digest(&hashed, secret, signing.sealed)))
}

/// What the seal of a raw query holds: a query. `None` where there is none, or it is not Base64 of UTF-8.
pub(super) fn opened(query: &str) -> Option<String> {
    open(&text::decode(values(query, SEALED).last()?)?)
}

/// Base64 in either alphabet, padded or not.
pub(super) fn open(value: &str) -> Option<String> {
    const EITHER: GeneralPurpose =
        GeneralPurpose::new(&base64::alphabet::URL_SAFE, NO_PAD.with_decode_allow_trailing_bits(true));
    let value = value.trim_end_matches('=').replace('+', "-").replace('/', "_");
    String::from_utf8(EITHER.decode(value).ok()?).ok()
}

/// A text that a client may have hashed.
struct Form {
    name: &'static str,
    text: String,
}

/// The documented form stands first.
fn signed_forms(path: &str, query: &str) -> Vec<Form> {
    let (uri, query) = (source::without_version(path), without(query, SIGN));
    let mut forms = vec![
        Form { name: "path", text: joined(uri, &query) },
        Form { name: "slash-path", text: joined(&format!("/{uri}"), &query) },
    ];
    // A `?` in the decoded path would make a query of it: a URL signed with one would vouch for another without.
    if let Some(decoded) = decoded(uri).filter(|decoded| !decoded.contains('?')) {
        forms.push(Form { name: "decoded", text: joined(&decoded, &query) });
        forms.push(Form { name: "slash-decoded", text: joined(&format!("/{decoded}"), &query) });
    }
    forms
}

/// The documented form stands first.
fn sealed_forms(path: &str, query: &str) -> Vec<Form> {
    let uri = source::without_version(path);
    let sealed: Vec<&str> = values(query, SEALED).collect();
    let raw = match sealed.as_slice() {
        [] => "",
        [one] => one,
        _ => return Vec::new(),
    };
    let mut uris = vec![("path", uri.to_owned()), ("slash-path", format!("/{uri}"))];
    let encoded = source::begins_encoded(uri) || super::query::says_encoded(query);
    if let Some(decoded) = encoded.then(|| decoded(uri)).flatten() {
        uris.push(("slash-decoded", format!("/{decoded}")));
        uris.push(("decoded", decoded));
    }
    let mut forms: Vec<Form> = uris.iter().map(|(name, uri)| Form { name, text: format!("{uri}{raw}") }).collect();
    if let Some(decoded) = text::decode(raw).filter(|decoded| decoded != raw) {
        forms.extend(uris.iter().map(|(name, uri)| Form { name, text: format!("{uri}{decoded}") }));
    }
    forms
}

/// Percent-decoded once; `None` where that changes nothing, or what comes out could not have been signed.
fn decoded(uri: &str) -> Option<String> {
    text::decode(uri).filter(|decoded| decoded != uri && !decoded.chars().any(char::is_control))
}

fn joined(uri: &str, query: &str) -> String {
    if query.is_empty() { uri.to_owned() } else { format!("{uri}?{query}") }
}

/// The raw values of a name that is written plainly.
fn values<'q>(query: &'q str, name: &'static str) -> impl Iterator<Item = &'q str> {
    text::pairs(query).filter(move |(found, _)| *found == name).map(|(_, value)| value.unwrap_or_default())
}

/// A raw query without the pairs of a name, the rest as it stands.
fn without(query: &str, name: &str) -> String {
    let is = |pair: &&str| pair.split('=').next() == Some(name);
    query.split('&').filter(|pair| !is(pair)).collect::<Vec<_>>().join("&")
}

/// All 40 digits: the salt stands before what is signed, and behind what is sealed.
fn digest(text: &str, secret: &Secret, sealed: bool) -> String {
    let mut context = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
    let parts = if sealed { [text.as_bytes(), secret.bytes()] } else { [secret.bytes(), text.as_bytes()] };
    for part in parts {
        context.update(part);
    }
    hex(context.finish().as_ref())
}
