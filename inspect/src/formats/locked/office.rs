//! Documents of Office 2007 and later under a password (MS-OFFCRYPTO §2.3.4): the standard and the agile scheme.
//!
//! Whether what was decrypted is intact is told by the archive in it, which has checksums; the digest over all is not
//! looked at.

use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};

use super::super::le::{u16_at, u32_at, u64_at};
use super::{Aes, Stop, Tell, candidates, wide};

/// Rounds of hashing: a program that asks for more makes everybody wait. Office has 100,000.
const ROUNDS_MAX: u32 = 1_000_000;

/// The document within, if a password opens it.
pub(in crate::formats) fn package(info: &[u8], package: &[u8], tell: &mut Tell<'_>) -> Result<Option<Vec<u8>>, Stop> {
    let agile = Agile::read(info);
    let standard = Standard::read(info);
    let passwords: Vec<String> = candidates(tell.passwords).map(str::to_owned).collect();
    for password in passwords {
        tell.in_time()?;
        let opened = match (&agile, &standard) {
            (Some(agile), _) => agile.open(&password, package),
            (None, Some(standard)) => standard.open(&password, package),
            (None, None) => return Ok(None),
        };
        if let Some(document) = opened {
            tell.spend(document.len())?;
            return Ok(Some(document));
        }
    }
    Ok(None)
}

/// As many bytes as the package says it has.
fn cut(package: &[u8], mut document: Vec<u8>) -> Option<Vec<u8>> {
    document.truncate(usize::try_from(u64_at(package, 0)?).unwrap_or(usize::MAX));
    Some(document)
}

/// The standard scheme (§2.3.4.5): AES, each block by itself, the key from 50,000 rounds of SHA-1.
struct Standard<'i> {
    key_len: usize,
    salt: &'i [u8],
    verifier: &'i [u8],
    hash: &'i [u8],
}

impl<'i> Standard<'i> {
    fn read(info: &'i [u8]) -> Option<Self> {
        let (major, minor) = (u16_at(info, 0)?, u16_at(info, 2)?);
        if !(2..=4).contains(&major) || minor != 2 {
            return None;
        }
        let header_len = u32_at(info, 8)? as usize;
        let header = info.get(12..)?.get(..header_len)?;
        let key_len = match u32_at(header, 8)? {
            0x660e => 16,
            0x660f => 24,
            0x6610 => 32,
            _ => return None,
        };
        let verifier = info.get(12 + header_len..)?;
        Some(Self { key_len, salt: verifier.get(4..20)?, verifier: verifier.get(20..36)?, hash: verifier.get(40..72)? })
    }

    fn open(&self, password: &str, package: &[u8]) -> Option<Vec<u8>> {
        const ROUNDS: u32 = 50_000;
        let mut hash = Sha1::digest([self.salt, &wide(password)].concat());
        for n in 0..ROUNDS {
            hash = Sha1::new().chain_update(n.to_le_bytes()).chain_update(hash).finalize();
        }
        let hash = Sha1::new().chain_update(hash).chain_update(0u32.to_le_bytes()).finalize();
        let spread = |with: u8| {
            let mut block = [with; 64];
            block.iter_mut().zip(hash).for_each(|(slot, b)| *slot ^= b);
            Sha1::digest(block)
        };
        let key = [spread(0x36), spread(0x5c)].concat();
        let aes = Aes::new(key.get(..self.key_len)?)?;
        let verifier = aes.plain(self.verifier);
        if Sha1::digest(verifier).as_slice() != aes.plain(self.hash).get(..20)? {
            return None;
        }
        cut(package, aes.plain(package.get(8..)?))
    }
}

/// The agile scheme (§2.3.4.10), described in XML.
struct Agile {
    data: Cipher,
    key: Cipher,
    rounds: u32,
    input: Vec<u8>,
    value: Vec<u8>,
    sealed_key: Vec<u8>,
}

/// How one thing is encrypted.
struct Cipher {
    hash: Hash,
    salt: Vec<u8>,
    key_len: usize,
}

#[derive(Clone, Copy)]
enum Hash {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    fn of(self, parts: [&[u8]; 2]) -> Vec<u8> {
        fn digest<D: Digest>(parts: [&[u8]; 2]) -> Vec<u8> {
            parts.into_iter().fold(D::new(), |hash, part| hash.chain_update(part)).finalize().to_vec()
        }
        match self {
            Self::Sha1 => digest::<Sha1>(parts),
            Self::Sha256 => digest::<Sha256>(parts),
            Self::Sha384 => digest::<Sha384>(parts),
            Self::Sha512 => digest::<Sha512>(parts),
        }
    }
}

/// Bytes cut, or filled up as the scheme says.
fn fitted(mut bytes: Vec<u8>, len: usize) -> Vec<u8> {
    bytes.resize(len, 0x36);
    bytes
}

impl Cipher {
    fn read(tag: &str) -> Option<Self> {
        let hash = match attribute(tag, "hashAlgorithm")? {
            "SHA1" | "SHA-1" => Hash::Sha1,
            "SHA256" | "SHA-256" => Hash::Sha256,
            "SHA384" | "SHA-384" => Hash::Sha384,
            "SHA512" | "SHA-512" => Hash::Sha512,
            _ => return None,
        };
        let is_known =
            attribute(tag, "cipherAlgorithm")? == "AES" && attribute(tag, "cipherChaining")? == "ChainingModeCBC";
        let key_len = attribute(tag, "keyBits")?.parse::<usize>().ok()? / 8;
        let salt = base64(attribute(tag, "saltValue")?)?;
        is_known.then_some(Self { hash, salt, key_len })
    }

    fn vector(&self, block: &[u8]) -> [u8; 16] {
        let bytes = if block.is_empty() { self.salt.clone() } else { self.hash.of([&self.salt, block]) };
        fitted(bytes, 16).try_into().unwrap_or_default()
    }
}

impl Agile {
    fn read(info: &[u8]) -> Option<Self> {
        if (u16_at(info, 0)?, u16_at(info, 2)?) != (4, 4) {
            return None;
        }
        let xml = std::str::from_utf8(info.get(8..)?).ok()?;
        let tag = |name: &str| {
            let from = xml.get(xml.find(name)?..)?;
            from.get(..from.find('>')?)
        };
        let (data, key) = (tag("<keyData")?, tag(":encryptedKey")?);
        let bytes = |name| base64(attribute(key, name)?);
        Some(Self {
            data: Cipher::read(data)?,
            key: Cipher::read(key)?,
            rounds: attribute(key, "spinCount")?.parse().ok().filter(|n| *n <= ROUNDS_MAX)?,
            input: bytes("encryptedVerifierHashInput")?,
            value: bytes("encryptedVerifierHashValue")?,
            sealed_key: bytes("encryptedKeyValue")?,
        })
    }

    fn open(&self, password: &str, package: &[u8]) -> Option<Vec<u8>> {
        let Cipher { hash, salt, key_len } = &self.key;
        let mut digest = hash.of([salt, &wide(password)]);
        for n in 0..self.rounds {
            digest = hash.of([&n.to_le_bytes(), &digest]);
        }
        // §2.3.4.13: what each key is for.
        let unseal = |block: [u8; 8], sealed: &[u8]| {
            let aes = Aes::new(&fitted(hash.of([&digest, &block]), *key_len))?;
            Some(aes.chained(self.key.vector(&[]), sealed))
        };
        let input = unseal([0xfe, 0xa7, 0xd2, 0x76, 0x3b, 0x4b, 0x9e, 0x79], &self.input)?;
        let value = unseal([0xd7, 0xaa, 0x0f, 0x6d, 0x30, 0x61, 0x34, 0x4e], &self.value)?;
        let expected = hash.of([&input, &[]]);
        if value.get(..expected.len())? != expected {
            return None;
        }
        let key = unseal([0x14, 0x6e, 0x0b, 0xe7, 0xab, 0xac, 0xd0, 0xd6], &self.sealed_key)?;
        let aes = Aes::new(key.get(..self.data.key_len)?)?;
        const SEGMENT: usize = 4_096;
        let segments = package.get(8..)?.chunks(SEGMENT).enumerate();
        let opened = segments.flat_map(|(n, bytes)| aes.chained(self.data.vector(&(n as u32).to_le_bytes()), bytes));
        cut(package, opened.collect())
    }
}

/// The value of an attribute.
fn attribute<'x>(tag: &'x str, name: &str) -> Option<&'x str> {
    let mut from = tag;
    loop {
        let at = from.find(name)?;
        let before = from.get(..at)?.chars().next_back();
        from = from.get(at + name.len()..)?;
        if let Some(value) = from.strip_prefix("=\"").filter(|_| before.is_some_and(char::is_whitespace)) {
            return value.get(..value.find('"')?);
        }
    }
}

pub(super) fn base64(text: &str) -> Option<Vec<u8>> {
    let (mut out, mut held, mut bits) = (Vec::new(), 0u32, 0);
    for c in text.bytes().filter(|c| !c.is_ascii_whitespace() && *c != b'=') {
        held = held << 6 | u32::from(crate::base64::bits(c)?);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push((held >> bits) as u8);
        }
    }
    Some(out)
}
