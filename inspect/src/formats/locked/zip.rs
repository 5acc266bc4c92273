//! Members of ZIP archives under a password: the old cipher (APPNOTE §6.1) and AES as WinZip writes it (AE-1, AE-2).
//!
//! Strong encryption of PKWARE is not read. Digests at the end of members are not looked at: what decrypts to nonsense
//! does not unpack.

use std::ops::Range;

use aes::cipher::{BlockCipherEncrypt, KeyInit};
use aes::{Aes128, Aes192, Aes256};
use chot_model::Secret;
use sha1::Sha1;

use crate::source::{Source, read_range};

/// How a member is encrypted: the cipher, and what the compression really is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::formats) enum Lock {
    /// The old cipher. The last byte of its header is one of these, if the password is right.
    Old { check: [u8; 2] },
    /// AES, with keys of so many bytes.
    Aes { key_len: usize },
}

impl Lock {
    /// Reads the extra field of AES (`0x9901`): the cipher and the method of compression.
    pub(in crate::formats) fn aes(field: &[u8]) -> Option<(Self, u16)> {
        let key_len = match field.get(4)? {
            1 => 16,
            2 => 24,
            3 => 32,
            _ => return None,
        };
        Some((Self::Aes { key_len }, u16::from_le_bytes([*field.get(5)?, *field.get(6)?])))
    }
}

/// A member's key stream, right behind its header.
#[derive(Clone)]
pub(in crate::formats) enum Opened {
    Old(Old),
    Aes(Box<Counter>),
}

/// Bytes of a member before its data with the old cipher.
const OLD_HEADER: u64 = 12;
/// The digest behind a member with AES.
const AES_DIGEST: u64 = 10;

/// Where the data of a member lies, and the ways to decrypt it that the passwords allow. The check of a password is one
/// or two bytes: several may pass, and only unpacking tells.
pub(in crate::formats) fn open(
    source: &dyn Source,
    data: &Range<u64>,
    lock: Lock,
    passwords: &[Secret],
) -> Option<(Range<u64>, Vec<Opened>)> {
    let passwords = passwords.iter().map(|p| p.reveal().as_bytes());
    match lock {
        Lock::Old { check } => {
            let start = data.start.checked_add(OLD_HEADER).filter(|start| *start <= data.end)?;
            let header = read_range(source, data.start..start).ok()?;
            let open = |password: &[u8]| {
                let mut old = Old::new(password);
                let last = header.iter().map(|b| old.next(*b)).last();
                last.filter(|last| check.contains(last)).map(|_| Opened::Old(old))
            };
            Some((start..data.end, passwords.filter_map(open).collect()))
        }
        Lock::Aes { key_len } => {
            let salt_len = key_len as u64 / 2;
            let start = data.start.checked_add(salt_len + 2)?;
            let end = data.end.checked_sub(AES_DIGEST).filter(|end| start <= *end)?;
            let salt = read_range(source, data.start..start - 2).ok()?;
            let check = read_range(source, start - 2..start).ok()?;
            let open = |password: &[u8]| {
                const ROUNDS: u32 = 1_000;
                let mut keys = vec![0; 2 * key_len + 2];
                pbkdf2::pbkdf2_hmac::<Sha1>(password, &salt, ROUNDS, &mut keys);
                if keys.get(2 * key_len..)? != check {
                    return None;
                }
                Some(Opened::Aes(Box::new(Counter::new(keys.get(..key_len)?)?)))
            };
            Some((start..end, passwords.filter_map(open).collect()))
        }
    }
}

impl Opened {
    /// Decrypts the next bytes in place.
    pub(in crate::formats) fn apply(&mut self, bytes: &mut [u8]) {
        match self {
            Self::Old(old) => bytes.iter_mut().for_each(|b| *b = old.next(*b)),
            Self::Aes(counter) => counter.apply(bytes),
        }
    }
}

/// The old cipher: three numbers that each byte moves on.
#[derive(Clone)]
pub(in crate::formats) struct Old([u32; 3]);

impl Old {
    fn new(password: &[u8]) -> Self {
        let mut old = Self([0x1234_5678, 0x2345_6789, 0x3456_7890]);
        password.iter().for_each(|b| old.update(*b));
        old
    }

    fn update(&mut self, plain: u8) {
        let [a, b, c] = &mut self.0;
        *a = crc(*a, plain);
        *b = b.wrapping_add(*a & 0xff).wrapping_mul(134_775_813).wrapping_add(1);
        *c = crc(*c, (*b >> 24) as u8);
    }

    fn next(&mut self, sealed: u8) -> u8 {
        let n = (self.0[2] | 2) & 0xffff;
        let plain = sealed ^ (n.wrapping_mul(n ^ 1) >> 8) as u8;
        self.update(plain);
        plain
    }
}

/// One step of CRC-32.
const fn crc(value: u32, byte: u8) -> u32 {
    const TABLE: [u32; 256] = {
        let mut table = [0; 256];
        let mut n = 0;
        while n < 256 {
            let mut value = n as u32;
            let mut bit = 0;
            while bit < 8 {
                value = if value & 1 != 0 { value >> 1 ^ 0xedb8_8320 } else { value >> 1 };
                bit += 1;
            }
            table[n] = value;
            n += 1;
        }
        table
    };
    TABLE[((value ^ byte as u32) & 0xff) as usize] ^ value >> 8
}

/// AES that encrypts a counter, which begins with one and has its low byte first.
#[derive(Clone)]
pub(in crate::formats) struct Counter {
    cipher: Cipher,
    number: u128,
    block: [u8; 16],
    used: usize,
}

#[derive(Clone)]
enum Cipher {
    Small(Aes128),
    Middle(Aes192),
    Large(Aes256),
}

impl Counter {
    fn new(key: &[u8]) -> Option<Self> {
        let cipher = match key.len() {
            16 => Cipher::Small(Aes128::new_from_slice(key).ok()?),
            24 => Cipher::Middle(Aes192::new_from_slice(key).ok()?),
            _ => Cipher::Large(Aes256::new_from_slice(key).ok()?),
        };
        Some(Self { cipher, number: 0, block: [0; 16], used: 16 })
    }

    fn apply(&mut self, bytes: &mut [u8]) {
        for b in bytes {
            if self.used == 16 {
                self.number += 1;
                let mut block = self.number.to_le_bytes().into();
                match &self.cipher {
                    Cipher::Small(cipher) => cipher.encrypt_block(&mut block),
                    Cipher::Middle(cipher) => cipher.encrypt_block(&mut block),
                    Cipher::Large(cipher) => cipher.encrypt_block(&mut block),
                }
                self.block = block.into();
                self.used = 0;
            }
            *b ^= self.block[self.used];
            self.used += 1;
        }
    }
}
