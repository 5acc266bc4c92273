//! The keys with which mail of our own domains is signed again.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{Ed25519KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use chot_config::DkimKey;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;

use super::Signers;
use crate::{Error, secret};

/// A key and the name under which DNS has its public half.
pub(super) struct Key {
    /// In lower case.
    pub(super) domain: String,
    pub(super) selector: String,
    pair: Pair,
}

enum Pair {
    Rsa(Box<RsaKeyPair>),
    Ed25519(Box<Ed25519KeyPair>),
}

impl Key {
    fn load(key: &DkimKey) -> Result<Self, Error> {
        let wrong = |what: &str| Error::Secret { path: key.file.clone(), what: what.to_owned() };
        let pem = secret::read(&key.file)?;
        let der = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| wrong("holds no private key in PEM"))?;
        let pair = match &der {
            PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()).ok().map(Pair::rsa),
            PrivateKeyDer::Pkcs8(der) => {
                let der = der.secret_pkcs8_der();
                let rsa = RsaKeyPair::from_pkcs8(der).ok().map(Pair::rsa);
                rsa.or_else(|| Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).ok().map(Pair::ed25519))
            }
            _ => None,
        };
        let pair = pair.ok_or_else(|| wrong("is neither RSA with 2048 bits or more nor Ed25519"))?;
        Ok(Self { domain: key.domain.to_ascii_lowercase(), selector: key.selector.clone(), pair })
    }

    /// The name of its algorithm in a signature.
    pub(super) fn algorithm(&self) -> &'static str {
        match self.pair {
            Pair::Rsa(_) => "rsa-sha256",
            Pair::Ed25519(_) => "ed25519-sha256",
        }
    }

    /// Signs; `None` when that fails.
    pub(super) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).ok()?;
                Some(signature)
            }
            // RFC 8463 §3: the hash is what is signed.
            Pair::Ed25519(pair) => Some(pair.sign(digest(&SHA256, message).as_ref()).as_ref().to_vec()),
        }
    }
}

impl Pair {
    fn rsa(pair: RsaKeyPair) -> Self {
        Self::Rsa(Box::new(pair))
    }

    fn ed25519(pair: Ed25519KeyPair) -> Self {
        Self::Ed25519(Box::new(pair))
    }
}

/// All keys there are. Clones share them.
#[derive(Clone, Default)]
pub(in super::super) struct Keys(pub(super) Arc<Vec<Key>>);

impl Keys {
    /// Reads them.
    ///
    /// # Errors
    /// When a file cannot be read by us alone, or holds no key that is fit for it.
    pub(in super::super) fn load(keys: &[DkimKey]) -> Result<Self, Error> {
        Ok(Self(Arc::new(keys.iter().map(Key::load).collect::<Result<_, _>>()?)))
    }

    /// Whether nobody has signed but those in whose name we can.
    pub(in super::super) fn can_replace(&self, signers: &Signers) -> bool {
        signers.domains.iter().all(|domain| self.0.iter().any(|key| key.domain == *domain))
    }

    #[cfg(test)]
    pub(super) fn of_ed25519(domain: &str, selector: &str, seed: &[u8]) -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).expect("a seed");
        let key = Key { domain: domain.to_owned(), selector: selector.to_owned(), pair: Pair::ed25519(pair) };
        Self(Arc::new(vec![key]))
    }
}
