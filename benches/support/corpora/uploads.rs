//! Bodies of uploads: base64 of pictures, base64 of letters, bytes of no known kind.

use super::letters::Writer;
use super::{Corpus, Counts};
use crate::Random;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/// Characters of a line, as mails carry them.
const LINE: usize = 76;

/// A picture in base64, as mails and forms carry it. Compressed bytes have no pattern.
pub(super) fn pictures(random: &mut Random, bytes: usize) -> Corpus {
    let mut text = Vec::with_capacity(bytes + LINE);
    while text.len() < bytes {
        text.extend((0..LINE).map(|_| *random.pick(ALPHABET)));
        text.push(b'\n');
    }
    Corpus::alike(text, Counts::new())
}

/// Letters in base64, one after the other: nothing is to be found before they are decoded.
pub(super) fn letters(random: &mut Random, bytes: usize) -> Corpus {
    let (mut letters, mut planted) = (String::new(), Counts::new());
    let writer = Writer::new();
    while letters.len() < bytes / 4 * 3 {
        writer.letter(random, &mut letters, &mut planted);
    }
    let mut text = Vec::with_capacity(bytes + LINE);
    for line in letters.as_bytes().chunks(LINE / 4 * 3) {
        encode(line, &mut text);
        text.push(b'\n');
    }
    Corpus { whole: planted, ..Corpus::alike(text, Counts::new()) }
}

fn encode(bytes: &[u8], out: &mut Vec<u8>) {
    for three in bytes.chunks(3) {
        let word = three.iter().fold(0u32, |word, b| word << 8 | u32::from(*b)) << (8 * (3 - three.len()));
        let sextets = [18, 12, 6, 0].map(|shift| ALPHABET[(word >> shift & 63) as usize]);
        out.extend(sextets.iter().take(three.len() + 1));
        out.extend(std::iter::repeat_n(b'=', 3 - three.len()));
    }
}

/// Bytes of a compressed upload of no known kind.
pub(super) fn random(random: &mut Random, bytes: usize) -> Corpus {
    Corpus::alike((0..bytes / 8).flat_map(|_| random.word().to_le_bytes()).collect(), Counts::new())
}
