//! What is kept between runs, as text: an input a line, in quotes, with `\xNN`, `\\` and `\"` as in libFuzzer's
//! dictionaries. Thousands of small files would say the same and weigh more.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Most bytes kept of a target. The smallest inputs come first: they show best what they reach.
const BYTES_MAX: usize = 16_000;

/// The words that readers look for.
pub fn words() -> Vec<Vec<u8>> {
    lines(include_str!("../words.dict"))
}

/// The inputs kept of a target.
pub fn inputs(target: &str) -> Vec<Vec<u8>> {
    lines(&std::fs::read_to_string(file(target)).unwrap_or_default())
}

/// Keeps the inputs that lie in `folder`, and no others.
pub fn keep(target: &str, folder: &Path) -> std::io::Result<()> {
    let mut inputs = BTreeSet::new();
    for entry in std::fs::read_dir(folder)? {
        let bytes = std::fs::read(entry?.path())?;
        inputs.insert((bytes.len(), bytes));
    }
    let mut text = String::new();
    for (_, bytes) in &inputs {
        let line = escaped(bytes);
        if text.len() + line.len() > BYTES_MAX {
            break;
        }
        let _ = writeln!(text, "\"{line}\"");
    }
    std::fs::write(file(target), text)
}

fn file(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("corpus/{target}.txt"))
}

fn lines(text: &str) -> Vec<Vec<u8>> {
    let quoted = |line: &str| line.strip_prefix('"')?.strip_suffix('"').map(unescaped);
    text.lines().filter_map(quoted).collect()
}

/// Letters and signs as they are, all else as numbers.
fn escaped(bytes: &[u8]) -> String {
    let mut text = String::new();
    let number = |text: &mut String, byte: &u8| _ = write!(text, "\\x{byte:02x}");
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '"' | '\\' => text.extend(['\\', c]),
                ' '..='~' => text.push(c),
                'À'..='ỹ' if c.is_alphabetic() => text.push(c),
                _ => c.encode_utf8(&mut [0; 4]).as_bytes().iter().for_each(|byte| number(&mut text, byte)),
            }
        }
        chunk.invalid().iter().for_each(|byte| number(&mut text, byte));
    }
    text
}

fn unescaped(line: &str) -> Vec<u8> {
    let (mut plain, mut bytes) = (Vec::new(), line.bytes());
    while let Some(byte) = bytes.next() {
        let escaped = if byte == b'\\' { bytes.next() } else { Some(byte) };
        plain.push(match (byte, escaped) {
            (b'\\', Some(b'x')) => {
                let mut digit = || bytes.next().and_then(|b| char::from(b).to_digit(16)).unwrap_or_default() as u8;
                digit() << 4 | digit()
            }
            (_, byte) => byte.unwrap_or(b'\\'),
        });
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_back() {
        let all: Vec<u8> = (0..=255).collect();
        for bytes in [&all[..], "Số \"CCCD\"\\\n\u{200b}0".as_bytes(), b"", b"\\x41"] {
            assert_eq!(unescaped(&escaped(bytes)), bytes);
            assert!(!escaped(bytes).contains('\n'));
        }
        assert!(words().contains(&b"\r\n".to_vec()) && words().contains(&b"\\u".to_vec()));
    }
}
