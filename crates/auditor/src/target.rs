//! What is audited: where it listens, by which URLs it is asked, and how it is told to purge.

use std::io;
use std::net::SocketAddr;

use testkit::http::Client;

use crate::origin::Origin;

/// A running cache in front of an [`Origin`].
#[derive(Debug, Clone)]
pub struct Target {
    /// Where pictures are asked for.
    pub delivery: SocketAddr,
    /// For each master, the targets under which its derivatives are asked for. All masters have the same number of them.
    pub urls: Vec<Vec<String>>,
    /// How a master is purged.
    pub purging: Purging,
}

/// A way to purge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purging {
    /// Afterimage's native API, by turns with the master's name and with the URL of one of its derivatives.
    Native {
        /// The control plane.
        control: SocketAddr,
        /// An API key.
        key: String,
        /// The source's name there.
        source: String,
    },
    /// `PURGE` of each of the master's URLs, as Varnish, Squid and Traffic Server know it.
    Purge,
    /// `BAN` of each of the master's URLs; the peer's configuration makes it a ban on objects with that URL.
    Ban,
    /// `PURGE` with the master's group in a header; the peer's configuration hands it to Varnish's xkey.
    Xkey,
}

/// How the sites of Afterimage's four dialects are laid out in a configuration made for the auditor.
const DIALECTS: [&str; 4] = ["imgix", "imagekit", "cloudimage", "imageboss"];

/// Widths and formats of derivatives. Masters are 128 pixels wide.
const SHAPES: [(usize, &str); 3] = [(64, "jpg"), (96, "png"), (128, "webp")];

/// Derivatives that each master can have at most: three in each dialect.
pub const MOST_DERIVATIVES: usize = DIALECTS.len() * SHAPES.len();

/// The targets of one master's derivatives in all four dialects, the dialects taking turns.
pub fn derivatives(source: &str, path: &str, count: usize) -> Vec<String> {
    let mut all = Vec::with_capacity(MOST_DERIVATIVES);
    for (w, format) in SHAPES {
        let h = w / 2;
        all.push(format!("/imgix/{path}?w={w}&h={h}&fit=crop&fm={format}"));
        all.push(format!("/imagekit/tr:w-{w},h-{h},f-{format}/{path}"));
        all.push(format!("/cloudimage/{path}?w={w}&h={h}&force_format=_{format}"));
        all.push(format!("/imageboss/{source}/cover:center/{w}x{h}/format:{format}/{path}"));
    }
    all.truncate(count);
    all
}

/// A configuration for Afterimage with which the auditor can ask: one web source, a site for each dialect. `data` is left
/// to its default where it is `None`.
pub fn configuration(origin: SocketAddr, source: &str, listen: &str, data: Option<&str>, memory: &str) -> String {
    let mut text = format!("{listen}\n");
    if let Some(data) = data {
        text += &format!("data = {data:?}\n");
    }
    text += &format!(
        "cache = {{ memory = {memory:?} }}\nlog = {{ access = false, level = \"warn\" }}\n\n\
         [purge]\nrate = 1000000\nburst = 10000000\n\
         [source.{source}]\ntype = \"http\"\nbase = \"http://{origin}/\"\nallow_private = true\n"
    );
    for dialect in DIALECTS {
        text += &format!(
            "\n[[site]]\nname = \"{dialect}\"\ndialect = \"{dialect}\"\nprefix = \"/{dialect}\"\nsources = [{source:?}]\n"
        );
    }
    text
}

impl Target {
    /// Afterimage, configured as by [`configuration`].
    pub fn afterimage(
        origin: &Origin,
        delivery: SocketAddr,
        control: SocketAddr,
        key: &str,
        source: &str,
        count: usize,
    ) -> Target {
        let urls = (0..origin.masters()).map(|master| derivatives(source, &origin.path(master), count)).collect();
        let purging = Purging::Native { control, key: key.to_owned(), source: source.to_owned() };
        Target { delivery, urls, purging }
    }

    /// A cache that hands the origin's bytes on: one URL for each master.
    pub fn peer(origin: &Origin, delivery: SocketAddr, purging: Purging) -> Target {
        let urls = (0..origin.masters()).map(|master| vec![format!("/{}", origin.path(master))]).collect();
        Target { delivery, urls, purging }
    }

    /// How many derivatives each master has.
    pub fn derivatives(&self) -> usize {
        self.urls.first().map_or(0, Vec::len)
    }

    /// Where purges are sent.
    pub fn purge_address(&self) -> SocketAddr {
        match &self.purging {
            Purging::Native { control, .. } => *control,
            Purging::Purge | Purging::Ban | Purging::Xkey => self.delivery,
        }
    }

    /// Purges a master and answers when the cache has said that it is done. `turn` picks among equal ways.
    ///
    /// # Errors
    /// When the connection fails. The inner result is what the cache answered if it is not that it is done.
    pub async fn purge(&self, client: &mut Client, master: usize, turn: usize) -> io::Result<Result<(), String>> {
        match &self.purging {
            Purging::Native { key, source, .. } => {
                let urls = &self.urls[master];
                let url = &urls[turn % urls.len()];
                let what = if turn.is_multiple_of(2) { ("url", url.clone()) } else { ("master", name(source, url)) };
                let body = format!("{{\"targets\":[{{\"{}\":{:?}}}]}}", what.0, what.1);
                let bearer = format!("Bearer {key}");
                let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
                let answer = client.send("POST", "/v1/purges", &headers, body.as_bytes()).await?;
                let effective = || {
                    let json: serde_json::Value = serde_json::from_slice(&answer.body).ok()?;
                    (json.get("state")?.as_str()? == "effective").then_some(())
                };
                let done = answer.status == 200 && effective().is_some();
                Ok(if done { Ok(()) } else { Err(format!("{} {}", answer.status, answer.text())) })
            }
            Purging::Purge => self.by_method(client, "PURGE", master, &[]).await,
            Purging::Ban => self.by_method(client, "BAN", master, &[]).await,
            Purging::Xkey => {
                let group = format!("m{master}");
                let headers = [("xkey-purge", group.as_str())];
                let answer = client.send("PURGE", "/", &headers, b"").await?;
                Ok(if answer.status == 200 { Ok(()) } else { Err(format!("{} {}", answer.status, answer.text())) })
            }
        }
    }

    async fn by_method(
        &self,
        client: &mut Client,
        method: &str,
        master: usize,
        headers: &[(&str, &str)],
    ) -> io::Result<Result<(), String>> {
        for url in &self.urls[master] {
            let answer = client.send(method, url, headers, b"").await?;
            // 404 is how Squid and Traffic Server say that there was nothing to remove.
            if !matches!(answer.status, 200 | 404) {
                return Ok(Err(format!("{} {}", answer.status, answer.text())));
            }
        }
        Ok(Ok(()))
    }
}

/// The master's native name, from any of its URLs: all end in `run/mN.png`, before the query.
fn name(source: &str, url: &str) -> String {
    let path = url.split('?').next().unwrap_or(url);
    let mut parts = path.rsplitn(3, '/');
    let (file, run) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    format!("{source}/{run}/{file}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derivatives_differ_and_name_their_master() {
        let all = derivatives("shop", "r1/m7.png", usize::MAX);
        assert_eq!(all.len(), MOST_DERIVATIVES);
        let mut once = all.clone();
        once.sort();
        once.dedup();
        assert_eq!(once.len(), all.len());
        for url in all {
            assert_eq!(name("shop", &url), "shop/r1/m7.png", "{url}");
        }
        let first = derivatives("shop", "m", 4);
        for (url, dialect) in first.iter().zip(DIALECTS) {
            assert!(url.starts_with(&format!("/{dialect}/")), "{url}");
        }
    }
}
