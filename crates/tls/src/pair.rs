//! One certificate with its key, as files hold them.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use webpki::{EndEntityCert, KeyUsage};

/// Files with more bytes than this hold no certificate.
const LARGEST: u64 = 1 << 20;
/// Later than any certificate can say, in seconds since 1970: its years have four digits.
const AFTER_ALL: Duration = Duration::from_secs(1 << 40);

/// A certificate and its key, each in a PEM file (RFC 7468).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// The host names that it is for, in lower case, `*.` before a name for one label more. Empty: those that the
    /// certificate itself names.
    pub hosts: Vec<String>,
    /// The certificate, and below it those of the authorities between it and the root.
    pub cert_file: PathBuf,
    /// The private key, not encrypted: PKCS #8, PKCS #1 or SEC 1.
    pub key_file: PathBuf,
}

/// From when to when clients believe a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// When all certificates of the file are valid from.
    pub begins: SystemTime,
    /// When the first of them ends.
    pub ends: SystemTime,
}

/// Why a pair cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub struct PairError {
    /// In words, with the file's name.
    pub what: String,
    /// What to do about it; empty where there is nothing to say.
    pub hint: String,
    /// Where the fault lies.
    pub fault: Fault,
}

/// The part of a [`Pair`] that is at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// `hosts`.
    Hosts,
    /// `cert_file`.
    Certificate,
    /// `key_file`.
    Key,
}

impl PairError {
    fn new(fault: Fault, what: String, hint: impl Into<String>) -> PairError {
        PairError { what, hint: hint.into(), fault }
    }
}

impl Pair {
    /// Reads both files and says which host names the pair is for.
    ///
    /// # Errors
    /// When a file cannot be read or understood, the key is another certificate's, or the certificate is not for one of the
    /// hosts.
    pub fn check(&self) -> Result<Vec<String>, PairError> {
        self.read(&rustls::crypto::ring::default_provider()).map(|read| read.names)
    }

    /// From when to when the certificate, and those of authorities in its file, are valid. A pair that is not valid now can be
    /// used all the same: it is clients who refuse it.
    ///
    /// # Errors
    /// When the file cannot be read, or its certificates do not say.
    pub fn validity(&self) -> Result<Validity, PairError> {
        validity(&chain(&self.cert_file)?).ok_or_else(|| {
            let what =
                format!("{} holds a certificate that does not say until when it is valid", self.cert_file.display());
            PairError::new(Fault::Certificate, what, "it must be X.509, version 3")
        })
    }

    /// As [`Pair::check`], for use.
    pub(crate) fn read(&self, provider: &CryptoProvider) -> Result<ReadPair, PairError> {
        let chain = chain(&self.cert_file)?;
        let key = key(&self.key_file)?;
        let names = match chain.first().map(EndEntityCert::try_from) {
            Some(Ok(certificate)) => self.names(&certificate)?,
            Some(Err(error)) => {
                let what = format!("{} holds a certificate that cannot be read: {error}", self.cert_file.display());
                return Err(PairError::new(Fault::Certificate, what, "it must be X.509, version 3"));
            }
            None => Vec::new(),
        };
        let loaded = provider.key_provider.load_private_key(key).map_err(|error| {
            let what = format!("{} holds a key that cannot be used: {error}", self.key_file.display());
            PairError::new(
                Fault::Key,
                what,
                "RSA of 2048 bits or more, ECDSA on P-256 or P-384, and Ed25519 can be used",
            )
        })?;
        let validity = validity(&chain);
        let key = CertifiedKey::new(chain, loaded);
        match key.keys_match() {
            Ok(()) | Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::Unknown)) => {
                Ok(ReadPair { key, names, validity })
            }
            Err(_) => {
                let (key, cert) = (self.key_file.display(), self.cert_file.display());
                let what = format!("the key in {key} is not that of the first certificate in {cert}");
                let hint = "the server's own certificate stands first in its file; those of authorities follow";
                Err(PairError::new(Fault::Key, what, hint))
            }
        }
    }

    fn names(&self, certificate: &EndEntityCert<'_>) -> Result<Vec<String>, PairError> {
        let mut named: Vec<String> = certificate.valid_dns_names().map(str::to_ascii_lowercase).collect();
        if self.hosts.is_empty() {
            named.dedup();
            return Ok(named);
        }
        let covers = |host: &String| {
            named.contains(host)
                || ServerName::try_from(host.as_str())
                    .is_ok_and(|name| certificate.verify_is_valid_for_subject_name(&name).is_ok())
        };
        match self.hosts.iter().find(|host| !covers(host)) {
            None => Ok(self.hosts.clone()),
            Some(host) => {
                let what = format!("the certificate in {} is not for {host:?}", self.cert_file.display());
                let hint = match named.as_slice() {
                    [] => "it names no host at all; clients look for subjectAltName (RFC 6125)".to_owned(),
                    named => format!("it is for {}", named.join(", ")),
                };
                Err(PairError::new(Fault::Hosts, what, hint))
            }
        }
    }
}

/// A pair, read.
pub(crate) struct ReadPair {
    pub key: CertifiedKey,
    pub names: Vec<String>,
    /// `None` where it cannot be told.
    pub validity: Option<Validity>,
}

/// Where all of some certificates are valid.
fn validity(chain: &[CertificateDer<'_>]) -> Option<Validity> {
    let each = chain.iter().map(validity_of).collect::<Option<Vec<Validity>>>()?;
    each.into_iter().reduce(|a, b| Validity { begins: a.begins.max(b.begins), ends: a.ends.min(b.ends) })
}

/// webpki hands out neither time, but says them when it is asked about one before or after: it looks at the time first, long
/// before it looks for an authority.
fn validity_of(certificate: &CertificateDer<'_>) -> Option<Validity> {
    let certificate = EndEntityCert::try_from(certificate).ok()?;
    let asked = |at: Duration| {
        let (at, usage) = (UnixTime::since_unix_epoch(at), KeyUsage::server_auth());
        certificate.verify_for_usage(&[], &[], &[], at, usage, None, None).err()
    };
    let begins = match asked(Duration::ZERO) {
        Some(webpki::Error::CertNotValidYet { not_before, .. }) => not_before.as_secs(),
        // Valid since before 1970.
        _ => 0,
    };
    let Some(webpki::Error::CertExpired { not_after, .. }) = asked(AFTER_ALL) else { return None };
    let at = |seconds: u64| UNIX_EPOCH.checked_add(Duration::from_secs(seconds));
    Some(Validity { begins: at(begins)?, ends: at(not_after.as_secs())? })
}

fn chain(file: &Path) -> Result<Vec<CertificateDer<'static>>, PairError> {
    let text = read(file, Fault::Certificate)?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let damaged = |error: pem::Error| {
        let what = format!("{} is no PEM file: {error}", file.display());
        PairError::new(Fault::Certificate, what, "it begins with -----BEGIN CERTIFICATE-----")
    };
    let chain = chain.map_err(damaged)?;
    if chain.is_empty() {
        let what = format!("{} holds no certificate", file.display());
        let hint = "the part that counts begins with -----BEGIN CERTIFICATE-----";
        return Err(PairError::new(Fault::Certificate, what, hint));
    }
    Ok(chain)
}

fn key(file: &Path) -> Result<PrivateKeyDer<'static>, PairError> {
    let text = read(file, Fault::Key)?;
    PrivateKeyDer::from_pem_slice(&text).map_err(|error| {
        let encrypted = String::from_utf8_lossy(&text).contains("ENCRYPTED");
        let (what, hint) = match error {
            pem::Error::NoItemsFound if encrypted => {
                ("holds an encrypted key".to_owned(), "nobody can type its password: openssl pkey -in OLD -out NEW")
            }
            pem::Error::NoItemsFound => {
                ("holds no private key".to_owned(), "the part that counts begins with -----BEGIN PRIVATE KEY-----")
            }
            other => (format!("is no PEM file: {other}"), "it begins with -----BEGIN PRIVATE KEY-----"),
        };
        PairError::new(Fault::Key, format!("{} {what}", file.display()), hint)
    })
}

fn read(file: &Path, fault: Fault) -> Result<Vec<u8>, PairError> {
    let mut bytes = Vec::new();
    let opened = File::open(file).and_then(|open| open.take(LARGEST + 1).read_to_end(&mut bytes));
    match opened {
        Ok(_) if bytes.len() as u64 > LARGEST => {
            let what = format!("{} has more than {LARGEST} bytes", file.display());
            Err(PairError::new(fault, what, "name a PEM file"))
        }
        Ok(_) => Ok(bytes),
        Err(error) => {
            let hint = match error.kind() {
                io::ErrorKind::NotFound => "a relative path starts at the folder of the configuration",
                io::ErrorKind::PermissionDenied => "the user that the server runs as must be able to read it",
                _ => "",
            };
            Err(PairError::new(fault, format!("cannot read {}: {error}", file.display()), hint))
        }
    }
}
