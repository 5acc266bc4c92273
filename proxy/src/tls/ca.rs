//! The interception CA: read from files, or made on the first run.
//!
//! Its key stays in one file with mode 0600 and in this process. It signs leaf certificates only (path length 0).

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PublicKeyData, SerialNumber,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::{failed, unix_seconds};
use crate::Error;

/// How long a CA of our own making is valid.
const VALID_DAYS: u64 = 3_650;
/// How far its validity begins in the past, for clients whose clocks are behind.
const BACKDATED_DAYS: u64 = 2;
pub(super) const DAY_SECONDS: u64 = 86_400;

/// The interception CA with its key.
pub struct Ca {
    cert_path: PathBuf,
    /// What is sent to clients behind a leaf: nothing for a root, the whole file for an intermediate.
    pub(super) chain: Vec<CertificateDer<'static>>,
    cert: CertificateDer<'static>,
    pub(super) issuer: Issuer<'static, KeyPair>,
    /// Validity, in seconds since 1970.
    pub(super) not_before: u64,
    pub(super) not_after: u64,
}

impl std::fmt::Debug for Ca {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ca").field("cert_path", &self.cert_path).finish_non_exhaustive()
    }
}

impl Ca {
    /// Reads a CA: the first certificate of `cert` and the key of `key`, both PEM.
    ///
    /// # Errors
    /// When a file cannot be read, the certificate is not one of a CA or has ended, or the key belongs to another.
    pub fn load(cert: &Path, key: &Path) -> Result<Self, Error> {
        let wrong = |what: &str| Error::Tls { what: format!("{}: {what}", cert.display()), source: None };
        let cert_what = || format!("cannot read the CA certificate {}", cert.display());
        let all: Result<Vec<_>, _> = CertificateDer::pem_file_iter(cert).map_err(failed(cert_what()))?.collect();
        let all = all.map_err(failed(cert_what()))?;
        let der = all.first().cloned().ok_or_else(|| wrong("holds no certificate"))?;
        let key_what = || format!("cannot read the CA key {}", key.display());
        let key_pem = std::fs::read_to_string(key).map_err(failed(key_what()))?;
        let key = KeyPair::from_pem(&key_pem).map_err(failed(key_what()))?;

        let (_, parsed) = x509_parser::parse_x509_certificate(&der).map_err(|_| wrong("is not a certificate"))?;
        if !parsed.is_ca() {
            return Err(wrong("is not the certificate of a CA"));
        }
        if parsed.public_key().raw != key.subject_public_key_info() {
            return Err(wrong("the key belongs to another certificate"));
        }
        let seconds = |time: x509_parser::time::ASN1Time| u64::try_from(time.timestamp()).unwrap_or(0);
        let (not_before, not_after) = (seconds(parsed.validity().not_before), seconds(parsed.validity().not_after));
        if not_after <= unix_seconds() {
            return Err(wrong("has ended; make or install a new CA"));
        }
        let issuer = Issuer::from_ca_cert_der(&der, key).map_err(failed("cannot use the CA certificate"))?;
        let chain = if parsed.subject() == parsed.issuer() { Vec::new() } else { all };
        Ok(Self { cert_path: cert.to_owned(), chain, cert: der.clone(), issuer, not_before, not_after })
    }

    /// Reads `ca.pem` and `ca.key` in `dir`, or makes them when there is neither.
    ///
    /// # Errors
    /// As [`Self::load`], or when the files cannot be written. One file without the other is an error: making a new
    /// CA over it would cut off every client that trusts the old one.
    pub fn load_or_make(dir: &Path) -> Result<Self, Error> {
        let (cert, key) = (dir.join("ca.pem"), dir.join("ca.key"));
        if !cert.exists() && !key.exists() {
            make(&cert, &key)?;
        }
        Self::load(&cert, &key)
    }

    /// The file with the certificate, PEM: what clients have to trust.
    pub fn cert_path(&self) -> &Path {
        &self.cert_path
    }

    /// The certificate, PEM, without its key.
    pub(crate) fn pem(&self) -> String {
        // Lines of 64 letters (RFC 7468 §2).
        let body = crate::base64::encode(&self.cert);
        let lines: Vec<_> = body.as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line).into_owned()).collect();
        format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
    }

    /// The certificate, DER.
    pub(crate) fn der(&self) -> &[u8] {
        &self.cert
    }

    /// SHA-256 of the certificate, as `AA:BB:…`.
    pub fn fingerprint(&self) -> String {
        let hex: Vec<_> = digest(&SHA256, &self.cert).as_ref().iter().map(|byte| format!("{byte:02X}")).collect();
        hex.join(":")
    }
}

fn make(cert: &Path, key: &Path) -> Result<(), Error> {
    let what = "cannot make the interception CA";
    let pair = KeyPair::generate().map_err(failed(what))?;
    let serial = random_serial()?;
    // The suffix keeps the names of two CAs apart: clients look issuers up by name.
    let suffix: String = serial.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    let mut name = DistinguishedName::new();
    name.push(DnType::OrganizationName, "chot");
    name.push(DnType::CommonName, format!("chot interception CA {suffix}"));
    let now = unix_seconds();
    let mut params = CertificateParams::default();
    params.distinguished_name = name;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    set_validity(&mut params, now - BACKDATED_DAYS * DAY_SECONDS, now + VALID_DAYS * DAY_SECONDS);
    let signed = params.self_signed(&pair).map_err(failed(what))?;
    // The key first: a certificate without its key could already have been given to clients.
    write_new(key, pair.serialize_pem().as_bytes(), 0o600)?;
    write_new(cert, signed.pem().as_bytes(), 0o644)
}

/// Writes a file whole or not at all, and never over another.
fn write_new(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Error> {
    let write = || {
        let draft = path.with_extension("new");
        let _ = std::fs::remove_file(&draft);
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(&draft)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::hard_link(&draft, path)?;
        std::fs::remove_file(&draft)
    };
    write().map_err(failed(format!("cannot write {}", path.display())))
}

/// 128 random bits as a positive number (RFC 5280 §4.1.2.2 allows up to 20 octets).
pub(super) fn random_serial() -> Result<[u8; 16], Error> {
    let mut serial = [0; 16];
    aws_lc_rs::rand::fill(&mut serial).map_err(failed("no randomness"))?;
    // A leading bit would need another octet, leading zeroes would shorten it.
    serial[0] = serial[0] & 0x7f | 0x40;
    Ok(serial)
}

/// Sets the validity, given in seconds since 1970.
pub(super) fn set_validity(params: &mut CertificateParams, from: u64, to: u64) {
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    params.not_before = epoch + Duration::from_secs(from);
    params.not_after = epoch + Duration::from_secs(to);
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn is_made_once_and_read_again() {
        let dir = tempfile::tempdir().expect("a folder");
        let made = Ca::load_or_make(dir.path()).expect("made");
        let read = Ca::load_or_make(dir.path()).expect("read");
        assert_eq!(made.fingerprint(), read.fingerprint());
        assert_eq!(made.fingerprint().len(), 32 * 3 - 1);
        let again = CertificateDer::from_pem_slice(made.pem().as_bytes()).expect("PEM");
        assert_eq!(again.as_ref(), made.der());
        let mode = std::fs::metadata(dir.path().join("ca.key")).expect("a key").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(made.not_after - unix_seconds() > 3_640 * DAY_SECONDS);
        assert_eq!(std::fs::read_dir(dir.path()).expect("listed").count(), 2);
    }

    #[test]
    fn half_a_ca_or_a_foreign_key_is_refused() {
        let (one, two) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        Ca::load_or_make(one.path()).expect("made");
        Ca::load_or_make(two.path()).expect("made");
        assert!(Ca::load(&one.path().join("ca.pem"), &two.path().join("ca.key")).is_err());
        std::fs::remove_file(one.path().join("ca.key")).expect("removed");
        assert!(Ca::load_or_make(one.path()).is_err());
    }
}
