//! Handshakes with real clients over real sockets, and what is said of files that are no good.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use testkit::authority::Authority;
use tls::{Acceptor, Certificates, Fault, Pair, Refreshed, Refused};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;

fn pair(authority: &Authority, folder: &Path, name: &str, hosts: &[&str]) -> Pair {
    let files = authority.write(folder, name, hosts).unwrap();
    Pair { hosts: Vec::new(), cert_file: files.cert, key_file: files.key }
}

/// Accepts connections and sends back what comes, until dropped.
async fn echo(acceptor: Acceptor) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                let (mut reader, mut writer) = tokio::io::split(stream);
                let _ = tokio::io::copy(&mut reader, &mut writer).await;
            });
        }
    });
    address
}

struct Client {
    trusted: RootCertStore,
    versions: &'static [&'static SupportedProtocolVersion],
    protocols: Vec<Vec<u8>>,
    sends_name: bool,
}

impl Client {
    fn trusting(authority: &Authority) -> Client {
        let mut trusted = RootCertStore::empty();
        trusted.add(CertificateDer::from_pem_slice(authority.pem().as_bytes()).unwrap()).unwrap();
        Client { trusted, versions: rustls::ALL_VERSIONS, protocols: Vec::new(), sends_name: true }
    }

    async fn connect(&self, to: SocketAddr, name: &str) -> std::io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(self.versions)
            .unwrap()
            .with_root_certificates(self.trusted.clone())
            .with_no_client_auth();
        config.alpn_protocols.clone_from(&self.protocols);
        config.enable_sni = self.sends_name;
        let stream = TcpStream::connect(to).await?;
        TlsConnector::from(Arc::new(config)).connect(ServerName::try_from(name.to_owned()).unwrap(), stream).await
    }

    /// The certificate that is shown to a client who asks for a name, whether it is for that or not.
    async fn shown(&self, to: SocketAddr, name: &str) -> Option<CertificateDer<'static>> {
        let stream = self.connect(to, name).await.ok()?;
        Some(stream.get_ref().1.peer_certificates().unwrap()[0].clone())
    }
}

fn certificate(pair: &Pair) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(&std::fs::read(&pair.cert_file).unwrap()).unwrap()
}

#[tokio::test]
async fn each_name_gets_its_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new().unwrap();
    let first = pair(&authority, folder.path(), "first", &["one.example", "127.0.0.1"]);
    let wide = pair(&authority, folder.path(), "wide", &["*.shop.example", "shop.example"]);
    let exact = pair(&authority, folder.path(), "exact", &["img.shop.example"]);
    // For fewer names than it could be.
    let part = Pair {
        hosts: vec!["b.part.example".to_owned()],
        ..pair(&authority, folder.path(), "part", &["a.part.example", "b.part.example"])
    };
    let pairs = [first.clone(), wide.clone(), exact.clone(), part.clone()];
    let certificates = Arc::new(Certificates::open(&pairs).unwrap());
    let names = ["one.example", "*.shop.example", "shop.example", "img.shop.example", "b.part.example"];
    assert_eq!(certificates.names(), names);
    let to = echo(Acceptor::new(certificates, &["h2", "http/1.1"]).unwrap()).await;
    let mut client = Client::trusting(&authority);
    for (name, want) in [
        ("one.example", Some(&first)),
        ("ONE.example", Some(&first)),
        ("img.shop.example", Some(&exact)),
        ("other.shop.example", Some(&wide)),
        ("shop.example", Some(&wide)),
        // The first is shown, which is not for these, and the client goes.
        ("a.b.shop.example", None),
        ("unknown.example", None),
        ("a.part.example", None),
        ("b.part.example", Some(&part)),
        // No name is sent for an address.
        ("127.0.0.1", Some(&first)),
    ] {
        assert_eq!(client.shown(to, name).await, want.map(certificate), "{name}");
    }
    client.sends_name = false;
    assert_eq!(client.shown(to, "one.example").await, Some(certificate(&first)));
}

#[tokio::test]
async fn both_versions_and_protocols_are_spoken() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new().unwrap();
    let pairs = [pair(&authority, folder.path(), "a", &["a.example"])];
    let certificates = Arc::new(Certificates::open(&pairs).unwrap());
    let to = echo(Acceptor::new(certificates, &["h2", "http/1.1"]).unwrap()).await;
    static TLS12: &[&SupportedProtocolVersion] = &[&rustls::version::TLS12];
    static TLS13: &[&SupportedProtocolVersion] = &[&rustls::version::TLS13];
    for (versions, offered, want) in [
        (TLS12, &["h2", "http/1.1"][..], Some("h2")),
        (TLS13, &["http/1.1", "h2"], Some("h2")),
        (TLS13, &["http/1.1"], Some("http/1.1")),
        (TLS12, &[], None),
    ] {
        let protocols = offered.iter().map(|name| name.as_bytes().to_vec()).collect();
        let client = Client { versions, protocols, ..Client::trusting(&authority) };
        let mut stream = client.connect(to, "a.example").await.unwrap();
        let session = stream.get_ref().1;
        assert_eq!(session.protocol_version(), Some(versions[0].version));
        assert_eq!(session.alpn_protocol(), want.map(str::as_bytes), "{offered:?}");
        stream.write_all(b"hello").await.unwrap();
        let mut back = [0; 5];
        stream.read_exact(&mut back).await.unwrap();
        assert_eq!(&back, b"hello");
    }
    let client = Client { protocols: vec![b"spdy/3".to_vec()], ..Client::trusting(&authority) };
    assert!(client.connect(to, "a.example").await.is_err(), "no protocol in common");
}

#[tokio::test]
async fn new_files_are_shown_and_open_connections_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new().unwrap();
    let old = pair(&authority, folder.path(), "a", &["a.example"]);
    let other = pair(&authority, folder.path(), "b", &["b.example"]);
    let before = certificate(&old);
    let certificates = Arc::new(Certificates::open(&[old.clone(), other.clone()]).unwrap());
    let to = echo(Acceptor::new(certificates.clone(), &[]).unwrap()).await;
    let client = Client::trusting(&authority);
    let mut open = client.connect(to, "a.example").await.unwrap();
    assert_eq!(certificates.refresh(false), Refreshed::default());

    // Caught between its two files.
    let renewed = authority.sign(&["a.example", "c.example"]).unwrap();
    std::fs::write(&old.cert_file, &renewed.cert).unwrap();
    for _ in 0..2 {
        assert_eq!(certificates.refresh(false), Refreshed { renewed: 0, failed: 1 });
        assert_eq!(client.shown(to, "a.example").await, Some(before.clone()));
    }
    // As a tool does it that renames: the file is another one, even if size and time were equal.
    let aside = folder.path().join("new.key");
    std::fs::write(&aside, &renewed.key).unwrap();
    std::fs::rename(&aside, &old.key_file).unwrap();
    assert_eq!(certificates.refresh(false), Refreshed { renewed: 1, failed: 0 });
    assert_eq!(client.shown(to, "a.example").await, Some(certificate(&old)));
    assert_ne!(certificate(&old), before);
    assert_eq!(client.shown(to, "c.example").await, Some(certificate(&old)), "a new name");
    assert_eq!(client.shown(to, "b.example").await, Some(certificate(&other)), "the other one stays");

    std::fs::remove_file(&other.key_file).unwrap();
    assert_eq!(certificates.refresh(true), Refreshed { renewed: 1, failed: 1 });
    assert_eq!(client.shown(to, "b.example").await, Some(certificate(&other)), "what was read is kept");

    open.write_all(b"still").await.unwrap();
    let mut back = [0; 5];
    open.read_exact(&mut back).await.unwrap();
    assert_eq!(&back, b"still");
}

#[tokio::test]
async fn who_speaks_http_in_the_clear_is_told_and_who_is_silent_is_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new().unwrap();
    let pairs = [pair(&authority, folder.path(), "a", &["a.example"])];
    let certificates = Arc::new(Certificates::open(&pairs).unwrap());
    let acceptor = Acceptor::new(certificates, &["h2", "http/1.1"]).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let to = listener.local_addr().unwrap();

    // Longer than what a socket holds unread.
    let mut request = b"GET /cat.jpg?w=300 HTTP/1.1\r\nHost: a.example\r\nX: ".to_vec();
    request.resize(40_000, b'x');
    request.extend_from_slice(b"\r\n\r\n");
    let asking = tokio::spawn(async move {
        let mut stream = TcpStream::connect(to).await.unwrap();
        stream.write_all(&request).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    });
    let (stream, _) = listener.accept().await.unwrap();
    assert!(matches!(acceptor.accept(stream).await, Err(Refused::Plain)));
    let answer = asking.await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("https://"), "{answer}");

    // Neither a handshake nor letters.
    let mut noise = TcpStream::connect(to).await.unwrap();
    noise.write_all(&[0; 64]).await.unwrap();
    let (stream, _) = listener.accept().await.unwrap();
    assert!(matches!(acceptor.accept(stream).await, Err(Refused::Failed(_))));

    for begin in [&b""[..], &[22, 3, 1]] {
        let mut silent = TcpStream::connect(to).await.unwrap();
        silent.write_all(begin).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        let patient = acceptor.clone().within(Duration::from_millis(50));
        assert!(matches!(patient.accept(stream).await, Err(Refused::TimedOut)));
        let mut nothing = Vec::new();
        silent.read_to_end(&mut nothing).await.unwrap();
        assert!(nothing.is_empty());
    }
}

#[test]
fn files_that_are_no_good_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new().unwrap();
    let good = pair(&authority, folder.path(), "good", &["a.example", "*.b.example"]);
    let other = pair(&authority, folder.path(), "other", &["a.example"]);
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let with_hosts = |hosts: &[&str]| Pair { hosts: hosts.iter().map(|h| (*h).to_owned()).collect(), ..good.clone() };
    let with_cert = |cert_file| Pair { cert_file, ..good.clone() };
    let with_key = |key_file| Pair { key_file, ..good.clone() };
    let pem = |label: &str, base64: &str| format!("-----BEGIN {label}-----\n{base64}\n-----END {label}-----\n");

    assert_eq!(good.check().unwrap(), ["a.example", "*.b.example"]);
    for hosts in [&["a.example"][..], &["x.b.example", "*.b.example"]] {
        assert_eq!(with_hosts(hosts).check().unwrap(), hosts);
    }
    let text = std::fs::read_to_string(&good.cert_file).unwrap();
    let cases = [
        (with_cert(folder.path().join("none.pem")), Fault::Certificate, "cannot read"),
        (with_cert(folder.path().to_owned()), Fault::Certificate, "cannot read"),
        (with_cert(file("empty", "")), Fault::Certificate, "holds no certificate"),
        (with_cert(good.key_file.clone()), Fault::Certificate, "holds no certificate"),
        (with_cert(file("half", &text[..text.len() / 2])), Fault::Certificate, "is no PEM file"),
        (with_cert(file("odd", &pem("CERTIFICATE", "AAAA"))), Fault::Certificate, "cannot be read"),
        (with_cert(file("large", &"x".repeat(2 << 20))), Fault::Certificate, "has more than"),
        (with_key(good.cert_file.clone()), Fault::Key, "holds no private key"),
        (with_key(file("locked", &pem("ENCRYPTED PRIVATE KEY", "AAAA"))), Fault::Key, "holds an encrypted key"),
        (with_key(file("odd.key", &pem("PRIVATE KEY", "AAAA"))), Fault::Key, "cannot be used"),
        (with_key(other.key_file.clone()), Fault::Key, "is not that of the first certificate"),
        (with_hosts(&["a.example", "c.example"]), Fault::Hosts, "is not for \"c.example\""),
        (with_hosts(&["x.y.b.example"]), Fault::Hosts, "is not for \"x.y.b.example\""),
        (with_hosts(&["*.a.example"]), Fault::Hosts, "is not for \"*.a.example\""),
    ];
    for (pair, fault, says) in cases {
        let error = pair.check().unwrap_err();
        assert_eq!(error.fault, fault, "{error}");
        assert!(error.what.contains(says), "{error}: {says}");
        assert!(Certificates::open(&[good.clone(), pair]).is_err());
    }
}

#[test]
fn it_is_told_when_certificates_end() {
    let (authority, folder) = (Authority::new().unwrap(), tempfile::tempdir().unwrap());
    let day = Duration::from_secs(86_400);
    // Certificates say whole seconds.
    let now = UNIX_EPOCH + Duration::from_secs(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs());
    let written = |name: &str, ends| {
        let files = authority.write_until(folder.path(), name, &["img.example"], ends).unwrap();
        Pair { hosts: Vec::new(), cert_file: files.cert, key_file: files.key }
    };
    let (soon, ended) = (written("soon", Some(now + 10 * day)), written("ended", Some(now - day)));
    let pairs = [written("late", None), soon.clone(), ended.clone()];
    let soon_validity = soon.validity().unwrap();
    assert_eq!(soon_validity.ends, now + 10 * day);
    assert!(soon_validity.begins < now);
    let certificates = Certificates::open(&pairs).unwrap();
    let files = |within: Duration| -> Vec<_> {
        certificates.ending(within, now).into_iter().map(|ending| (ending.file, ending.ends)).collect()
    };
    let (soon_ends, ended_ends) = ((soon.cert_file.clone(), now + 10 * day), (ended.cert_file, now - day));
    assert_eq!(files(30 * day), [soon_ends, ended_ends.clone()]);
    assert_eq!(files(9 * day), std::slice::from_ref(&ended_ends));
    // The file of an authority that ends sooner counts too.
    let authoritys = std::fs::read_to_string(&ended_ends.0).unwrap();
    let own = std::fs::read_to_string(&soon.cert_file).unwrap();
    std::fs::write(&soon.cert_file, own + &authoritys).unwrap();
    assert_eq!(soon.validity().unwrap().ends, now - day);
    // What was renewed is not complained about any more.
    authority.write(folder.path(), "ended", &["img.example"]).unwrap();
    certificates.refresh(true);
    assert_eq!(files(9 * day), [(soon.cert_file, now - day)]);
}
