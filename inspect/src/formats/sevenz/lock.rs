//! AES-256 as 7z has it: the key is a password hashed half a million times, the bytes are chained blocks.
//!
//! No password is guessed: those we were given are tried, and one is right when what comes out has the checksum the
//! archive tells.

use std::time::Instant;

use aes::Aes256;
use aes::cipher::{BlockCipherDecrypt, KeyInit};
use chot_model::{OpaqueReason, Secret};
use flate2::Crc;
use sha2::{Digest, Sha256};

use super::header::{Coder, Folder};
use super::unpack::Unpack;

/// The coder's name.
const AES: &[u8] = b"\x06\xf1\x07\x01";
/// 7-Zip takes 2^19 rounds; more than 2^24 are meant to keep a reader busy.
const ROUNDS_MAX: u32 = 24;

/// Passwords to try, and keys made of them.
pub(super) struct Keys<'a> {
    passwords: &'a [Secret],
    until: Option<Instant>,
    /// Salt and rounds with the key, by the number of the password.
    made: Vec<(usize, Vec<u8>, [u8; 32])>,
}

/// What the properties of the coder say.
struct Lock<'a> {
    rounds: u32,
    salt: &'a [u8],
    vector: [u8; 16],
}

pub(super) fn is_locked(folder: &Folder) -> bool {
    folder.coders.iter().any(|coder| coder.id == AES)
}

impl<'a> Lock<'a> {
    fn of(coder: &'a Coder) -> Option<Self> {
        let (&first, rest) = coder.properties.split_first()?;
        let (&second, rest) = rest.split_first().unwrap_or((&0, &[]));
        let salt = usize::from(first >> 7) + usize::from(second >> 4);
        let vector = usize::from(first >> 6 & 1) + usize::from(second & 15);
        let (salt, rest) = rest.split_at_checked(salt)?;
        let mut padded = [0; 16];
        padded.iter_mut().zip(rest.get(..vector)?).for_each(|(to, b)| *to = *b);
        let rounds = u32::from(first & 0x3f);
        (rounds <= ROUNDS_MAX).then_some(Self { rounds, salt, vector: padded })
    }

    fn key(&self, password: &str) -> [u8; 32] {
        let password: Vec<u8> = password.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let mut hash = Sha256::new();
        for round in 0..1u64 << self.rounds {
            hash.update(self.salt);
            hash.update(&password);
            hash.update(round.to_le_bytes());
        }
        hash.finalize().into()
    }

    fn open(&self, key: &[u8; 32], bytes: &[u8]) -> Option<Vec<u8>> {
        let cipher = Aes256::new_from_slice(key).ok()?;
        let (mut out, mut before) = (Vec::with_capacity(bytes.len()), self.vector);
        for sealed in bytes.as_chunks::<16>().0 {
            let mut block = (*sealed).into();
            cipher.decrypt_block(&mut block);
            out.extend(block.iter().zip(before).map(|(a, b)| a ^ b));
            before = *sealed;
        }
        Some(out)
    }
}

impl<'a> Keys<'a> {
    pub(super) const fn new(passwords: &'a [Secret], until: Option<Instant>) -> Self {
        Self { passwords, until, made: Vec::new() }
    }

    /// A folder that is locked, unlocked.
    ///
    /// # Errors
    /// `encrypted` when no password is right.
    pub(super) fn open(&mut self, folder: &Folder, packed: &[u8]) -> Result<Unpack<'static>, OpaqueReason> {
        let chain = folder.chain().ok_or(OpaqueReason::Encrypted)?;
        let Some(((coder, size), rest)) = chain.split_first().filter(|((coder, _), _)| coder.id == AES) else {
            return Err(OpaqueReason::Encrypted);
        };
        let lock = Lock::of(coder).ok_or(OpaqueReason::Encrypted)?;
        // The last block is filled up, and nothing stands behind it.
        if size.checked_next_multiple_of(16) != Some(packed.len() as u64) {
            return Err(OpaqueReason::Ambiguous);
        }
        for n in 0..self.passwords.len() {
            if self.until.is_some_and(|until| Instant::now() >= until) {
                break;
            }
            let key = self.key(n, coder, &lock);
            let Some(mut plain) = lock.open(&key, packed) else { break };
            plain.truncate(usize::try_from(*size).unwrap_or(usize::MAX));
            if Unpack::chained(rest, plain.as_slice().into()).is_ok_and(|unpack| is_right(folder, unpack)) {
                return Unpack::chained(rest, plain.into());
            }
        }
        Err(OpaqueReason::Encrypted)
    }

    fn key(&mut self, n: usize, coder: &Coder, lock: &Lock<'_>) -> [u8; 32] {
        let known = self.made.iter().find(|(of, properties, _)| *of == n && *properties == coder.properties);
        if let Some((_, _, key)) = known {
            return *key;
        }
        let key = lock.key(self.passwords.get(n).map_or("", Secret::reveal));
        self.made.push((n, coder.properties.clone(), key));
        key
    }
}

/// Whether the first file that comes out has its checksum.
fn is_right(folder: &Folder, mut unpack: Unpack<'_>) -> bool {
    let first = folder.streams.iter().find(|stream| stream.size > 0);
    let Some((mut left, Some(told))) = first.map(|stream| (stream.size, stream.crc)) else { return false };
    let mut crc = Crc::new();
    while left > 0 {
        let Ok(Some(some)) = unpack.next(usize::try_from(left).unwrap_or(usize::MAX)) else { return false };
        crc.update(some);
        left -= some.len() as u64;
    }
    crc.sum() == told
}
