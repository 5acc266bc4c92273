//! TLS on both legs of a mail session: certificates towards clients, verification towards the next hop.
//!
//! TLS 1.2 at least, which is the oldest rustls speaks. How a session gets there is `starttls`'s business.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chot_config::NextHopTls;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, ServerConfig, SignatureScheme};

use crate::Error;

fn error(what: String, source: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Tls { what, source: Some(Box::new(source)) }
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let read = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let list = read.map_err(|e| error(format!("cannot read certificates from {}", file.display()), e))?;
    if list.is_empty() {
        return Err(Error::Tls { what: format!("no certificate in {}", file.display()), source: None });
    }
    Ok(list)
}

/// TLS towards clients, with the certificate chain and key of these PEM files.
pub(super) fn server(cert: &Path, key: &Path) -> Result<Arc<ServerConfig>, Error> {
    let chain = certificates(cert)?;
    let secret = PrivateKeyDer::from_pem_file(key)
        .map_err(|e| error(format!("cannot read the private key from {}", key.display()), e))?;
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, secret));
    config.map(Arc::new).map_err(|e| error(format!("{} and {} do not fit", cert.display(), key.display()), e))
}

/// TLS towards the next hop; `None` when it is off.
pub(super) fn client(mode: NextHopTls, extra_roots: &[PathBuf]) -> Result<Option<Arc<ClientConfig>>, Error> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|e| error("no TLS version is available".to_owned(), e))?;
    let config = match mode {
        NextHopTls::Off => return Ok(None),
        NextHopTls::Verify => builder.with_root_certificates(roots(extra_roots)?).with_no_client_auth(),
        NextHopTls::Opportunistic | NextHopTls::Require => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(DangerAnyCertificate(provider)))
            .with_no_client_auth(),
    };
    Ok(Some(Arc::new(config)))
}

/// The system's roots and those of `extra`.
fn roots(extra: &[PathBuf]) -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    // A system certificate that cannot be read verifies nothing, which fails closed.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    for file in extra {
        for certificate in certificates(file)? {
            let added = roots.add(certificate);
            added.map_err(|e| error(format!("{} holds something that is no root", file.display()), e))?;
        }
    }
    Ok(roots)
}

/// Accepts any certificate of the next hop: opportunistic security (RFC 7435) protects against those who listen, not
/// against those who stand in between, and most relays have no certificate that would verify. The handshake's
/// signatures are verified all the same. `next_hop_tls = "verify"` does not use this.
#[derive(Debug)]
struct DangerAnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for DangerAnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
