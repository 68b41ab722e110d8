#![allow(clippy::unwrap_used)]

use super::*;

/// A front end of three files.
fn built(name: &str) -> Option<File> {
    let bytes: &'static [u8] = match name {
        "index.html" => b"the page",
        "index.html.gz" => b"the page, smaller",
        "theme.js" => b"a script",
        "assets/index-a1b2.js" => b"the script",
        "assets/index-a1b2.js.br" => b"the script, smallest",
        "assets/index-a1b2.js.gz" => b"the script, smaller",
        _ => return None,
    };
    let mut hash = [0; 32];
    hash[..8].copy_from_slice(&(bytes.len() as u64).to_be_bytes());
    Some(File { bytes: bytes.into(), hash })
}

fn with(fields: &[(HeaderName, &str)]) -> HeaderMap {
    fields.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect()
}

async fn text(response: Response) -> String {
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn field<'r>(response: &'r Response, name: &HeaderName) -> &'r str {
    response.headers().get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
}

#[tokio::test]
async fn addresses_lead_to_files_or_to_the_page() {
    for (path, accepted, status, body, coding, lasting) in [
        ("", "", 200, "the page", "", "no-cache"),
        ("purges", "gzip, br", 200, "the page, smaller", "gzip", "no-cache"),
        ("purges/4fc96d31-9815-4021-830a-ca6d96c514a5", "", 200, "the page", "", "no-cache"),
        ("explain/a.jpg", "", 200, "the page", "", "no-cache"),
        ("theme.js", "br", 200, "a script", "", "no-cache"),
        (
            "assets/index-a1b2.js",
            "gzip;q=0.5, BR",
            200,
            "the script, smallest",
            "br",
            "public, max-age=31536000, immutable",
        ),
        (
            "assets/index-a1b2.js",
            "gzip, br;q=0",
            200,
            "the script, smaller",
            "gzip",
            "public, max-age=31536000, immutable",
        ),
        ("assets/index-a1b2.js", "identity", 200, "the script", "", "public, max-age=31536000, immutable"),
    ] {
        let response = answer(built, path, &with(&[(ACCEPT_ENCODING, accepted)]));
        assert_eq!(response.status(), status, "{path}");
        assert_eq!(
            (field(&response, &CONTENT_ENCODING), field(&response, &CACHE_CONTROL)),
            (coding, lasting),
            "{path}"
        );
        assert_eq!(field(&response, &VARY), "accept-encoding");
        let kind = if path.ends_with(".js") { "text/javascript" } else { "text/html" };
        assert!(field(&response, &CONTENT_TYPE).starts_with(kind), "{path}");
        assert_eq!(text(response).await, body, "{path}");
    }
}

#[test]
fn a_file_of_another_version_is_not_the_page() {
    for path in ["assets/index-0000.js", "assets/x", "other.css", "index.html/../Cargo.svg"] {
        let response = answer(built, path, &HeaderMap::new());
        assert_eq!(response.status(), 404, "{path}");
        assert_eq!(field(&response, &CACHE_CONTROL), "no-store", "it may come");
    }
}

#[test]
fn what_the_client_has_is_not_sent_again() {
    let first = answer(built, "", &HeaderMap::new());
    let tag = field(&first, &ETAG).to_owned();
    assert_ne!(tag, field(&answer(built, "", &with(&[(ACCEPT_ENCODING, "gzip")])), &ETAG), "other bytes, another tag");
    for (known, status) in
        [(tag.clone(), 304), (format!("\"x\", W/{tag}"), 304), ("*".to_owned(), 304), ("\"x\"".to_owned(), 200)]
    {
        let again = answer(built, "", &with(&[(IF_NONE_MATCH, &known)]));
        assert_eq!(again.status(), status, "{known}");
        assert_eq!(field(&again, &ETAG), tag);
    }
}

#[tokio::test]
async fn without_files_the_page_says_how_they_are_built() {
    for path in ["", "purges", "assets/index-a1b2.js"] {
        let response = answer(|_| None, path, &HeaderMap::new());
        assert_eq!((response.status().as_u16(), field(&response, &CACHE_CONTROL)), (503, "no-store"), "{path}");
        assert!(text(response).await.contains("make dashboard"), "{path}");
    }
}
