//! Certificates made for intercepted connections: they mirror the names of the upstream certificate, so that clients
//! which reuse a connection for other names of that certificate stay right.
//!
//! All leaves of a process share one P-256 key: a certificate costs one signature. It does not say whether the
//! upstream certificate was good; the caller mints for [`Names::only`] the asked host when it was not.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose, SanType,
    SerialNumber,
};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::NoServerSessionStorage;
use rustls::sign::{CertifiedKey, SigningKey, SingleCertAndKey};

use super::ca::{Ca, DAY_SECONDS, random_serial, set_validity};
use super::{Names, failed, provider, unix_seconds};
use crate::Error;

/// Validity of a leaf. Chromium refuses more than 200 days; a leaf is used for one day at most, so a month leaves
/// room for clients with wrong clocks.
const VALID_DAYS: u64 = 28;
/// How far its validity begins in the past, for clients whose clocks are behind.
const BACKDATED_DAYS: u64 = 2;
/// Leaves kept. Each is about 2 KiB.
const CACHED_MAX: u64 = 10_000;
/// How long a leaf is used before another is made.
const CACHED_SECONDS: u64 = DAY_SECONDS;
/// Longest common name (RFC 5280 appendix A.1, ub-common-name).
const COMMON_NAME_CHARS_MAX: usize = 64;

/// What may be spoken within TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.1.
    Http1,
    /// HTTP/2.
    Http2,
}

impl Protocol {
    /// The protocol with this identifier (RFC 7301 §6), if we speak it.
    pub fn of(alpn: &[u8]) -> Option<Self> {
        [Self::Http1, Self::Http2].into_iter().find(|protocol| protocol.alpn() == alpn)
    }

    /// The identifier.
    pub const fn alpn(self) -> &'static [u8] {
        match self {
            Self::Http1 => b"http/1.1",
            Self::Http2 => b"h2",
        }
    }
}

/// A certificate for one host, ready to be served.
#[derive(Debug)]
pub struct Leaf {
    /// The names it stands for.
    names: Arc<Names>,
    http1: Arc<ServerConfig>,
    http2: Arc<ServerConfig>,
    without_alpn: Arc<ServerConfig>,
}

impl Leaf {
    /// The names it stands for: those of the upstream certificate, and the host that was asked for.
    pub fn names(&self) -> Arc<Names> {
        Arc::clone(&self.names)
    }

    /// The configuration that answers the client's protocol offer as the upstream server did.
    pub fn config(&self, agreed: Option<Protocol>) -> Arc<ServerConfig> {
        Arc::clone(match agreed {
            Some(Protocol::Http1) => &self.http1,
            Some(Protocol::Http2) => &self.http2,
            None => &self.without_alpn,
        })
    }
}

/// Digest of the upstream certificate (zero: none) and the host.
type CacheKey = ([u8; 32], Box<str>);

/// Makes and keeps leaves.
pub(super) struct Minter {
    ca: Ca,
    key: KeyPair,
    signing_key: Arc<dyn SigningKey>,
    /// Template: ticket key and limits are shared by all connections.
    base: ServerConfig,
    cache: moka::future::Cache<CacheKey, Arc<Leaf>>,
}

impl Minter {
    pub(super) fn new(ca: Ca) -> Result<Self, Error> {
        let what = "cannot make the key of the intercepting certificates";
        let key = KeyPair::generate().map_err(failed(what))?;
        let der = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let signing_key = rustls::crypto::aws_lc_rs::sign::any_supported_type(&der).map_err(failed(what))?;
        let unsigned = CertifiedKey::new(Vec::new(), Arc::clone(&signing_key));
        let mut base = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(failed("no TLS version is available"))?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(unsigned)));
        // Resumption is bound to the server name by rustls, so one ticket key for all hosts is sound. Early data
        // stays off: it could be replayed past the inspection.
        base.ticketer = rustls::crypto::aws_lc_rs::Ticketer::new().map_err(failed("no TLS ticket key"))?;
        base.session_storage = Arc::new(NoServerSessionStorage {});
        base.send_tls13_tickets = 1;
        let cache =
            moka::future::Cache::builder().max_capacity(CACHED_MAX).time_to_live(Duration::from_secs(CACHED_SECONDS));
        let minter = Self { ca, key, signing_key, base, cache: cache.build() };
        // A CA that may not sign is told at the start, not to the first client.
        minter.mint(Names::only("start.invalid"))?;
        Ok(minter)
    }

    pub(super) fn ca(&self) -> &Ca {
        &self.ca
    }

    /// The leaf for `host`, mirroring `upstream` when that was verified. Clients that ask at once share one making.
    pub(super) async fn leaf(&self, host: &str, upstream: Option<&CertificateDer<'_>>) -> Result<Arc<Leaf>, Error> {
        let mut sum = [0; 32];
        if let Some(upstream) = upstream {
            sum.copy_from_slice(digest(&SHA256, upstream).as_ref());
        }
        let make = async {
            let mut names = upstream.map(Names::of).unwrap_or_default();
            names.add(host);
            self.mint(names).map(Arc::new)
        };
        let made = self.cache.try_get_with((sum, host.into()), make).await;
        made.map_err(|error: Arc<Error>| Error::Tls { what: error.to_string(), source: None })
    }

    fn mint(&self, names: Names) -> Result<Leaf, Error> {
        let what = "cannot sign an intercepting certificate";
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        if let Some(name) = names.common_name.as_ref().filter(|name| name.chars().count() <= COMMON_NAME_CHARS_MAX) {
            params.distinguished_name.push(DnType::CommonName, name.as_str());
        }
        for name in &names.dns {
            params.subject_alt_names.push(SanType::DnsName(name.as_str().try_into().map_err(failed(what))?));
        }
        params.subject_alt_names.extend(names.addresses.iter().copied().map(SanType::IpAddress));
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        params.serial_number = Some(SerialNumber::from_slice(&random_serial()?));
        let now = unix_seconds();
        let from = (now - BACKDATED_DAYS * DAY_SECONDS).max(self.ca.not_before);
        set_validity(&mut params, from, (now + VALID_DAYS * DAY_SECONDS).min(self.ca.not_after));
        let signed = params.signed_by(&self.key, &self.ca.issuer).map_err(failed(what))?;

        let mut chain = vec![signed.der().clone()];
        chain.extend(self.ca.chain.iter().cloned());
        let certified = CertifiedKey::new(chain, Arc::clone(&self.signing_key));
        let mut without_alpn = self.base.clone();
        without_alpn.cert_resolver = Arc::new(SingleCertAndKey::from(certified));
        let with = |protocol: Protocol| {
            let mut config = without_alpn.clone();
            config.alpn_protocols = vec![protocol.alpn().to_vec()];
            Arc::new(config)
        };
        let (http1, http2) = (with(Protocol::Http1), with(Protocol::Http2));
        Ok(Leaf { names: Arc::new(names), http1, http2, without_alpn: Arc::new(without_alpn) })
    }
}
