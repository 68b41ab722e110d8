//! From a connection to an encrypted one.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use crate::certificates::Certificates;

/// An encrypted connection.
pub type Stream = tokio_rustls::server::TlsStream<TcpStream>;

/// Longest time from the first byte to the end of a handshake.
pub const HANDSHAKE_TIME: Duration = Duration::from_secs(10);
/// How much of a request in the clear is read, and for how long, so that its sender gets to read the answer.
const PLAIN_BYTES: u64 = 64 << 10;
const PLAIN_TIME: Duration = Duration::from_secs(1);

/// Makes handshakes.
#[derive(Clone)]
pub struct Acceptor {
    inner: TlsAcceptor,
    within: Duration,
}

/// Why no encrypted connection came about.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The client took too long.
    #[error("the handshake took too long")]
    TimedOut,
    /// The client spoke HTTP in the clear, and was told.
    #[error("plain HTTP where TLS is spoken")]
    Plain,
    /// The handshake failed, or the connection broke.
    #[error(transparent)]
    Failed(#[from] io::Error),
}

impl Acceptor {
    /// For certificates and the protocols that are spoken inside, in order of preference, as ALPN (RFC 7301) names them:
    /// `h2`, `http/1.1`.
    ///
    /// # Errors
    /// When the library of ciphers lacks what TLS asks for.
    pub fn new(certificates: Arc<Certificates>, protocols: &[&str]) -> Result<Acceptor, rustls::Error> {
        let versions = [&rustls::version::TLS13, &rustls::version::TLS12];
        let mut config = ServerConfig::builder_with_provider(certificates.provider())
            .with_protocol_versions(&versions)?
            .with_no_client_auth()
            .with_cert_resolver(certificates);
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        config.ticketer = rustls::crypto::ring::Ticketer::new()?;
        Ok(Acceptor { inner: Arc::new(config).into(), within: HANDSHAKE_TIME })
    }

    /// With another time limit for handshakes.
    #[must_use]
    pub fn within(mut self, limit: Duration) -> Acceptor {
        self.within = limit;
        self
    }

    /// Makes a handshake. A client that speaks HTTP in the clear is answered 400.
    ///
    /// # Errors
    /// When none comes about within the time.
    pub async fn accept(&self, stream: TcpStream) -> Result<Stream, Refused> {
        tokio::time::timeout(self.within, self.shake_hands(stream)).await.unwrap_or(Err(Refused::TimedOut))
    }

    async fn shake_hands(&self, stream: TcpStream) -> Result<Stream, Refused> {
        let mut first = [0];
        // A record of TLS begins with its type, 22 for a handshake (RFC 8446, section 5.1); a method with a letter.
        if stream.peek(&mut first).await? == 1 && first[0].is_ascii_alphabetic() {
            answer_plain(stream).await?;
            return Err(Refused::Plain);
        }
        Ok(self.inner.accept(stream).await?)
    }
}

async fn answer_plain(mut stream: TcpStream) -> io::Result<()> {
    const TEXT: &str = "This port speaks HTTPS: ask for the same URL with https://.\n";
    let answer = format!(
        "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{TEXT}",
        TEXT.len()
    );
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await?;
    // What is left unread when a socket is closed resets the connection, and the answer may be lost with it.
    let mut unread = stream.take(PLAIN_BYTES);
    let mut nowhere = tokio::io::sink();
    let _ = tokio::time::timeout(PLAIN_TIME, tokio::io::copy(&mut unread, &mut nowhere)).await;
    Ok(())
}
