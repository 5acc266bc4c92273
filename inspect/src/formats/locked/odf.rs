//! Members of OpenDocument files under a password (ODF 1.3 part 2, §3.4 and §4.8): AES in chains, keys by PBKDF2.
//!
//! Blowfish of the time before version 1.2, and packages that are encrypted as one (LibreOffice 24.8), are told only.

use chot_model::Secret;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::Aes;
use super::office::base64;

/// How the manifest says that a member is encrypted.
#[derive(Debug, Default)]
pub(in crate::formats) struct Lock {
    /// A hash of the first kilobyte of the packed content, or of all of it: what tells the right password.
    check: Option<(Check, Vec<u8>)>,
    key_len: Option<usize>,
    vector: Vec<u8>,
    salt: Vec<u8>,
    rounds: u32,
    start: Start,
}

#[derive(Clone, Copy, Debug)]
enum Check {
    Sha1,
    Sha256,
}

/// The hash of the password that keys are derived from.
#[derive(Clone, Copy, Debug, Default)]
enum Start {
    #[default]
    Sha1,
    Sha256,
}

/// LibreOffice has 100,000. A program that asks for more makes everybody wait.
const ROUNDS_MAX: u32 = 1_000_000;
const CHECKED: usize = 1_024;

impl Lock {
    /// Takes note of an element of the manifest.
    pub(in crate::formats) fn element(&mut self, name: &[u8], attribute: &dyn Fn(&[u8]) -> Option<String>) {
        let bytes = |name: &[u8]| attribute(name).and_then(|text| base64(&text)).unwrap_or_default();
        let number = |name: &[u8]| attribute(name).and_then(|text| text.parse::<u32>().ok());
        let is = |name: &[u8], ending: &str| attribute(name).is_some_and(|value| value.ends_with(ending));
        match name {
            b"encryption-data" => {
                let kinds = [("sha256-1k", Check::Sha256), ("SHA1/1K", Check::Sha1)];
                let kind = kinds.into_iter().find(|(ending, _)| is(b"checksum-type", ending));
                self.check = kind.map(|(_, kind)| (kind, bytes(b"checksum")));
            }
            b"algorithm" => {
                let kinds = [("aes256-cbc", 32), ("aes192-cbc", 24), ("aes128-cbc", 16)];
                self.key_len = kinds.into_iter().find(|(ending, _)| is(b"algorithm-name", ending)).map(|(_, len)| len);
                self.vector = bytes(b"initialisation-vector");
            }
            b"key-derivation" => {
                let is_known = is(b"key-derivation-name", "PBKDF2");
                self.rounds = number(b"iteration-count").filter(|_| is_known).unwrap_or(0);
                self.salt = bytes(b"salt");
            }
            b"start-key-generation" if is(b"start-key-generation-name", "sha256") => self.start = Start::Sha256,
            _ => {}
        }
    }

    /// What trying a password costs.
    pub(in crate::formats) const fn rounds(&self) -> u32 {
        self.rounds
    }

    /// The packed content of a member, if the password opens it.
    pub(in crate::formats) fn open(&self, password: &Secret, sealed: &[u8]) -> Option<Vec<u8>> {
        let (check, expected) = self.check.as_ref()?;
        let vector = self.vector.as_slice().try_into().ok()?;
        let rounds = Some(self.rounds).filter(|n| (1..=ROUNDS_MAX).contains(n))?;
        let password = password.reveal().as_bytes();
        let start = match self.start {
            Start::Sha1 => Sha1::digest(password).to_vec(),
            Start::Sha256 => Sha256::digest(password).to_vec(),
        };
        let mut key = vec![0; self.key_len?];
        pbkdf2::pbkdf2_hmac::<Sha1>(&start, &self.salt, rounds, &mut key);
        let plain = Aes::new(&key)?.chained(vector, sealed);
        // The padding says its length in its last byte (W3C XML Encryption §5.2).
        let padding = usize::from(*plain.last()?);
        let len = plain.len().checked_sub(padding)?;
        let packed = plain.get(..len)?;
        let checked = packed.get(..CHECKED.min(packed.len()))?;
        let hash = match check {
            Check::Sha1 => Sha1::digest(checked).to_vec(),
            Check::Sha256 => Sha256::digest(checked).to_vec(),
        };
        (hash == *expected).then(|| packed.to_vec())
    }
}
