//! Certificates by an authority of the test's own.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose, date_time_ymd};

/// An authority. Clients that trust [`Authority::pem`] trust the certificates that it signs.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

/// A certificate and its key, in PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// The certificate.
    pub cert: String,
    /// Its key, PKCS #8.
    pub key: String,
}

/// The files of one certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    /// The certificate.
    pub cert: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

impl Authority {
    /// A new one.
    ///
    /// # Errors
    /// When the system gives no random bits.
    pub fn new() -> io::Result<Authority> {
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "An authority of a test");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let pem = params.self_signed(&key).map_err(io::Error::other)?.pem();
        Ok(Authority { issuer: Issuer::new(params, key), pem })
    }

    /// Its own certificate.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// Signs a certificate for host names, patterns such as `*.shop.example`, and IP addresses.
    ///
    /// # Errors
    /// When one of them is none.
    pub fn sign(&self, hosts: &[&str]) -> io::Result<Signed> {
        self.sign_until(hosts, None)
    }

    /// As [`Authority::sign`], with an end, to the second.
    ///
    /// # Errors
    /// As [`Authority::sign`].
    pub fn sign_until(&self, hosts: &[&str], ends: Option<SystemTime>) -> io::Result<Signed> {
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
        let mut params = CertificateParams::new(hosts).map_err(io::Error::other)?;
        if let Some(ends) = ends {
            params.not_after = date_time_ymd(1970, 1, 1) + ends.duration_since(UNIX_EPOCH).map_err(io::Error::other)?;
        }
        let cert = params.signed_by(&key, &self.issuer).map_err(io::Error::other)?;
        Ok(Signed { cert: cert.pem(), key: key.serialize_pem() })
    }

    /// Signs a certificate into `<name>.pem` and `<name>.key` of a folder.
    ///
    /// # Errors
    /// As [`Authority::sign`], and when the files cannot be written.
    pub fn write(&self, folder: &Path, name: &str, hosts: &[&str]) -> io::Result<Files> {
        self.write_until(folder, name, hosts, None)
    }

    /// As [`Authority::write`], with an end, to the second.
    ///
    /// # Errors
    /// As [`Authority::write`].
    pub fn write_until(
        &self,
        folder: &Path,
        name: &str,
        hosts: &[&str],
        ends: Option<SystemTime>,
    ) -> io::Result<Files> {
        let signed = self.sign_until(hosts, ends)?;
        let files = Files { cert: folder.join(format!("{name}.pem")), key: folder.join(format!("{name}.key")) };
        std::fs::write(&files.cert, signed.cert)?;
        std::fs::write(&files.key, signed.key)?;
        Ok(files)
    }
}
