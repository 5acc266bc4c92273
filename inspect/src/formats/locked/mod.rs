//! Documents and archives that are locked: opened with the passwords we were given and with those that programs set
//! without asking anybody.
//!
//! No password is guessed. What stays locked is for the caller to tell; nothing here says what a document means.

pub(super) mod odf;
mod office;
mod old;
pub(super) mod zip;

use aes::cipher::consts::U16;
use aes::cipher::{BlockCipherDecrypt, BlockSizeUser, KeyInit};
use aes::{Aes128, Aes192, Aes256};
use chot_model::Secret;

use super::compound::tell::{Stop, Tell};
pub(super) use office::package;
pub(super) use old::{is_workbook, word, workbook};

/// What Excel locks workbooks with that must open without a password (MS-OFFCRYPTO §2.3.6.1 names it for its files).
const DEFAULT: &str = "VelvetSweatshop";

/// The passwords to try, those that nobody chose first.
fn candidates(passwords: &[Secret]) -> impl Iterator<Item = &str> {
    [DEFAULT, ""].into_iter().chain(passwords.iter().map(Secret::reveal))
}

/// The bytes of a password as Office hashes them.
fn wide(password: &str) -> Vec<u8> {
    password.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// AES in its three sizes of keys.
enum Aes {
    Small(Aes128),
    Middle(Aes192),
    Large(Aes256),
}

impl Aes {
    fn new(key: &[u8]) -> Option<Self> {
        Some(match key.len() {
            16 => Self::Small(Aes128::new_from_slice(key).ok()?),
            24 => Self::Middle(Aes192::new_from_slice(key).ok()?),
            32 => Self::Large(Aes256::new_from_slice(key).ok()?),
            _ => return None,
        })
    }

    /// Each block by itself.
    fn plain(&self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Small(cipher) => chained(cipher, None, bytes),
            Self::Middle(cipher) => chained(cipher, None, bytes),
            Self::Large(cipher) => chained(cipher, None, bytes),
        }
    }

    /// Each block mixed with the one before.
    fn chained(&self, iv: [u8; 16], bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Small(cipher) => chained(cipher, Some(iv), bytes),
            Self::Middle(cipher) => chained(cipher, Some(iv), bytes),
            Self::Large(cipher) => chained(cipher, Some(iv), bytes),
        }
    }
}

fn chained<C>(cipher: &C, mut before: Option<[u8; 16]>, bytes: &[u8]) -> Vec<u8>
where
    C: BlockCipherDecrypt + BlockSizeUser<BlockSize = U16>,
{
    let mut out = Vec::with_capacity(bytes.len());
    for chunk in bytes.chunks_exact(16) {
        let sealed: [u8; 16] = chunk.try_into().unwrap_or_default();
        let mut block = sealed.into();
        cipher.decrypt_block(&mut block);
        let mask = before.unwrap_or_default();
        out.extend(block.iter().zip(mask).map(|(a, b)| a ^ b));
        before = before.map(|_| sealed);
    }
    out
}

/// The stream cipher RC4.
struct Rc4 {
    state: [u8; 256],
    i: u8,
    j: u8,
}

impl Rc4 {
    fn new(key: &[u8]) -> Self {
        let mut state: [u8; 256] = std::array::from_fn(|n| n as u8);
        let mut j = 0u8;
        for i in 0..=255u8 {
            let k = key.get(usize::from(i) % key.len().max(1)).copied().unwrap_or(0);
            j = j.wrapping_add(state[usize::from(i)]).wrapping_add(k);
            state.swap(usize::from(i), usize::from(j));
        }
        Self { state, i: 0, j: 0 }
    }

    fn next(&mut self) -> u8 {
        self.i = self.i.wrapping_add(1);
        self.j = self.j.wrapping_add(self.state[usize::from(self.i)]);
        self.state.swap(usize::from(self.i), usize::from(self.j));
        let at = self.state[usize::from(self.i)].wrapping_add(self.state[usize::from(self.j)]);
        self.state[usize::from(at)]
    }

    fn apply(&mut self, bytes: &[u8]) -> Vec<u8> {
        bytes.iter().map(|b| b ^ self.next()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rc4_is_rc4() {
        // RFC 6229, 40-bit key 0102030405.
        assert_eq!(Rc4::new(&[1, 2, 3, 4, 5]).apply(&[0; 4]), [0xb2, 0x39, 0x63, 0x05]);
    }
}
