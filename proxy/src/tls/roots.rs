//! Whom we trust upstream: the system's store and the operator's own roots, read once.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{CipherSuite, ClientConfig, RootCertStore};

use super::failed;
use crate::Error;

/// A client configuration that verifies servers against the system's store and the PEM files `extra`.
///
/// # Errors
/// When a file of `extra` cannot be read or holds no usable certificate. A broken certificate in the system's store
/// is only left out: then its sites do not verify, and nothing passes unverified.
pub fn roots(extra: &[PathBuf]) -> Result<ClientConfig, Error> {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    for file in extra {
        let what = || format!("cannot read trusted roots from {}", file.display());
        let certs: Result<Vec<_>, _> = CertificateDer::pem_file_iter(file).map_err(failed(what()))?.collect();
        let certs = certs.map_err(failed(what()))?;
        if certs.is_empty() {
            return Err(Error::Tls { what: format!("{} holds no certificate", file.display()), source: None });
        }
        for cert in certs {
            store.add(cert).map_err(failed(what()))?;
        }
    }
    Ok(ClientConfig::builder_with_provider(Arc::new(offered()))
        .with_safe_default_protocol_versions()
        .map_err(failed("no TLS version is available"))?
        .with_root_certificates(store)
        .with_no_client_auth())
}

/// What servers are offered: first what browsers offer first. rustls would begin with AES-256, whose SHA-384 processors
/// without instructions for it compute ten times as slowly, some fifty times in a handshake. The server chooses.
fn offered() -> CryptoProvider {
    let mut provider = rustls::crypto::aws_lc_rs::default_provider();
    provider.cipher_suites.sort_by_key(|suite| suite.suite() != CipherSuite::TLS13_AES_128_GCM_SHA256);
    provider
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_offered_is_all_there_is_in_another_order() {
        let ours = offered().cipher_suites;
        let all = rustls::crypto::aws_lc_rs::default_provider().cipher_suites;
        assert_eq!(ours.first().map(|suite| suite.suite()), Some(CipherSuite::TLS13_AES_128_GCM_SHA256));
        assert!(ours.len() == all.len() && all.iter().all(|suite| ours.contains(suite)));
    }

    #[test]
    fn a_file_without_a_certificate_is_an_error() {
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("roots.pem");
        assert!(roots(std::slice::from_ref(&file)).is_err());
        std::fs::write(&file, "nothing").expect("written");
        assert!(roots(&[file]).is_err());
        assert!(roots(&[]).is_ok());
    }
}
