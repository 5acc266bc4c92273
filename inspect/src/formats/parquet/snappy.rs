//! Snappy (google/snappy, format_description.txt): blocks of literal bytes and copies of what came before.

/// What a block unpacks to, at most `bytes_max` of it; `None` when it is damaged or larger.
pub(super) fn unpack(bytes: &[u8], bytes_max: usize) -> Option<Vec<u8>> {
    let (len, mut at) = super::varint(bytes)?;
    let len = usize::try_from(len).ok().filter(|len| *len <= bytes_max)?;
    // Not reserved: what it says of its length may be anything.
    let mut out = Vec::new();
    while out.len() < len {
        let tag = *bytes.get(at)?;
        at += 1;
        let short = usize::from(tag >> 2);
        let number = |at: usize, n: usize| {
            Some(bytes.get(at..at + n)?.iter().rev().fold(0usize, |number, b| number << 8 | usize::from(*b)))
        };
        let (copied, back) = match tag & 3 {
            0 => {
                let (literal, more) = if short < 60 { (short, 0) } else { (number(at, short - 59)?, short - 59) };
                at += more;
                let literal = bytes.get(at..)?.get(..literal.checked_add(1)?)?;
                out.extend_from_slice(literal);
                at += literal.len();
                continue;
            }
            1 => {
                let back = usize::from(tag >> 5) << 8 | number(at, 1)?;
                at += 1;
                ((short & 7) + 4, back)
            }
            2 => {
                at += 2;
                (short + 1, number(at - 2, 2)?)
            }
            _ => {
                at += 4;
                (short + 1, number(at - 4, 4)?)
            }
        };
        let from = out.len().checked_sub(back).filter(|_| back > 0)?;
        // It may go on into what it makes.
        for n in from..from + copied {
            out.push(*out.get(n)?);
        }
    }
    (out.len() == len && at == bytes.len()).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_unpacked() {
        assert_eq!(unpack(b"\x06\x08abc\x09\x03", 9).as_deref(), None, "longer than said");
        assert_eq!(unpack(b"\x07\x08abc\x01\x03", 9).as_deref(), Some(&b"abcabca"[..]));
        assert_eq!(unpack(b"\x0a\x08abc\x1a\x03\x00", 10).as_deref(), Some(&b"abcabcabca"[..]));
        assert_eq!(unpack(b"\x0a\x08abc\x1a\x03\x00", 9), None, "bounded");
        assert_eq!(unpack(b"\x0a\x08abc\x1a\x04\x00", 10), None, "from before the beginning");
        assert_eq!(unpack(b"\x03\x08abcd", 10), None, "bytes behind the end");
        let long: Vec<u8> = (0..=255).cycle().take(300).collect();
        assert_eq!(unpack(&[&b"\xac\x02\xf4\x2b\x01"[..], &long].concat(), 300), Some(long));
    }
}
