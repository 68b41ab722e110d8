//! Answers of web servers, as different browsers would get them.

use std::time::{Duration, Instant};

use reqwest::header::{ACCEPT, HeaderMap};
use reqwest::redirect::Policy;

use crate::cli::{ClientClass, CompareArgs};
use crate::client::causes;

/// Most bytes of an answer.
const LARGEST: usize = 100 << 20;
/// Redirects that are followed.
const REDIRECTS: usize = 5;
/// Both are asked by one name. Servers that look for the names of browsers find what browsers begin with.
const AGENT: &str = concat!("Mozilla/5.0 (compatible; afterimage-compare/", env!("CARGO_PKG_VERSION"), ")");

/// An answer.
pub(crate) struct Fetched {
    pub status: u16,
    /// Where it came from in the end.
    pub url: String,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
    /// From the request to the last byte.
    pub taken: Duration,
}

impl Fetched {
    /// A header as text; empty where it is absent or no text.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The media type, without parameters, in lower case.
    pub fn media_type(&self) -> String {
        self.header("content-type").split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }
}

/// Fetches by the settings of a command line.
pub(crate) struct Fetcher {
    http: reqwest::Client,
}

impl Fetcher {
    /// # Errors
    /// When the authorities to trust cannot be read, or no client can be made.
    pub fn new(args: &CompareArgs) -> Result<Fetcher, String> {
        origin::install_crypto();
        let mut builder = reqwest::Client::builder()
            .user_agent(AGENT)
            .redirect(Policy::limited(REDIRECTS))
            .referer(false)
            .timeout(Duration::from_secs(args.timeout));
        for (host, address) in &args.resolve {
            // A port that the URL names goes before one that is set here.
            builder = builder.resolve(host, *address);
        }
        if let Some(file) = &args.ca_file {
            let pem = std::fs::read(file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
            let found = reqwest::Certificate::from_pem_bundle(&pem).map_err(|error| causes(&error));
            match found {
                Ok(found) if !found.is_empty() => builder = builder.tls_certs_merge(found),
                Ok(_) => return Err(format!("{} holds no certificate", file.display())),
                Err(error) => return Err(format!("{}: {error}", file.display())),
            }
        }
        let http = builder.build().map_err(|error| causes(&error))?;
        Ok(Fetcher { http })
    }

    /// Fetches a URL whole.
    ///
    /// # Errors
    /// In words, when there is no answer, or it is too long.
    pub async fn fetch(&self, url: &str, class: ClientClass) -> Result<Fetched, String> {
        let begun = Instant::now();
        let request = self.http.get(url).header(ACCEPT, accept(class));
        let mut answer = request.send().await.map_err(|error| causes(&error))?;
        let (status, headers, url) = (answer.status().as_u16(), answer.headers().clone(), answer.url().to_string());
        let mut body = Vec::new();
        while let Some(part) = answer.chunk().await.map_err(|error| causes(&error))? {
            if body.len() + part.len() > LARGEST {
                return Err(format!("the answer has more than {LARGEST} bytes"));
            }
            body.extend_from_slice(&part);
        }
        Ok(Fetched { status, url, headers, body, taken: begun.elapsed() })
    }
}

/// What browsers send that ask for a picture: Safari before 14, Firefox before 93, Chrome.
fn accept(class: ClientClass) -> &'static str {
    match class {
        ClientClass::Basic => "image/png,image/svg+xml,image/*;q=0.8,video/*;q=0.8,*/*;q=0.5",
        ClientClass::Webp => "image/webp,*/*",
        ClientClass::Avif => "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8",
    }
}
