//! Base64 decoded 64 or 32 characters at a time, where the processor can; elsewhere, and at the end, the caller does.
#![cfg_attr(
    target_arch = "x86_64",
    expect(unsafe_code, reason = "vector loads and stores, and features of the processor")
)]
// Why it is sound: loads and stores are of whole vectors from and to arrays of as many bytes; functions that need a
// feature are called only behind a check for it.

/// Characters decoded at a time, and the room it takes: of the bytes written, the last eight are to be written over.
#[cfg(any(test, target_arch = "x86_64"))]
const STEP: usize = 32;
/// Bytes they stand for.
#[cfg(any(test, target_arch = "x86_64"))]
const BYTES: usize = 24;

/// Looked up by the halves of a byte, they have a bit in common when it is no character (RFC 4648 §4).
#[cfg(target_arch = "x86_64")]
pub(super) const NONE_LOW: [u8; 16] =
    [0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x13, 0x1a, 0x1b, 0x1b, 0x1b, 0x1a];
#[cfg(target_arch = "x86_64")]
pub(super) const NONE_HIGH: [u8; 16] =
    [0x10, 0x10, 0x01, 0x02, 0x04, 0x08, 0x04, 0x08, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10];

/// Decodes the beginning of `text`, in either alphabet, into `out`; returns how many characters were read, four for
/// every three bytes. It stops before the first group of 32 that holds anything else, and where `out` has no more room
/// than 32 bytes.
pub fn decode_base64(text: &[u8], out: &mut [u8]) -> usize {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        let wide = is_x86_feature_detected!("avx512vbmi") && is_x86_feature_detected!("avx512bw");
        // SAFETY: the features are there.
        let read = if wide { unsafe { avx512(text, out) } } else { 0 };
        let (text, out) = (text.get(read..).unwrap_or_default(), out.get_mut(read / 4 * 3..).unwrap_or_default());
        // SAFETY: the feature is there.
        return read + unsafe { avx2(text, out) };
    }
    let _ = (text, out);
    0
}

/// Characters decoded at a time by the widest vectors, and the bytes they stand for.
#[cfg(target_arch = "x86_64")]
const WIDE: usize = 64;
#[cfg(target_arch = "x86_64")]
const WIDE_BYTES: usize = 48;

/// By each byte of ASCII the six bits it stands for, in either alphabet; the highest bit of one that is no character.
#[cfg(target_arch = "x86_64")]
static SIX: [u8; 128] = {
    let mut six = [0x80; 128];
    let mut n = 0;
    while n < 26 {
        (six[b'A' as usize + n], six[b'a' as usize + n]) = (n as u8, 26 + n as u8);
        n += 1;
    }
    n = 0;
    while n < 10 {
        six[b'0' as usize + n] = 52 + n as u8;
        n += 1;
    }
    (six[b'+' as usize], six[b'-' as usize]) = (62, 62);
    (six[b'/' as usize], six[b'_' as usize]) = (63, 63);
    six
};

/// Where each of three bytes stands in the word that four characters are joined to, which has the first highest; what
/// is behind these is written over.
#[cfg(target_arch = "x86_64")]
static ORDER: [u8; WIDE] = {
    let mut order = [0; WIDE];
    let mut n = 0;
    while n < WIDE_BYTES {
        order[n] = (n / 3 * 4 + 2 - n % 3) as u8;
        n += 1;
    }
    order
};

/// As [`avx2`], up to the first 64 characters that hold anything else or for which there is no more room.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512bw,avx512vbmi")]
fn avx512(text: &[u8], mut out: &mut [u8]) -> usize {
    use std::arch::x86_64::*;
    // The method of Muła and Lemire ("Base64 encoding and decoding at almost the speed of a memory copy", 2019).
    // SAFETY: each reads 64 bytes of an array of 64, or of either half of one of 128.
    let (first, second, order) = unsafe {
        let (six, half) = (SIX.as_ptr(), SIX.as_ptr().add(WIDE));
        (_mm512_loadu_si512(six.cast()), _mm512_loadu_si512(half.cast()), _mm512_loadu_si512(ORDER.as_ptr().cast()))
    };
    let mut read = 0;
    while let (Some(group), Some(room)) =
        (text.get(read..).and_then(<[u8]>::first_chunk::<WIDE>), out.first_chunk_mut::<WIDE>())
    {
        // SAFETY: it reads 64 bytes of an array of 64.
        let v = unsafe { _mm512_loadu_si512(group.as_ptr().cast()) };
        let six = _mm512_permutex2var_epi8(first, v, second);
        if _mm512_movepi8_mask(_mm512_or_si512(v, six)) != 0 {
            break;
        }
        let twelve = _mm512_maddubs_epi16(six, _mm512_set1_epi32(0x0140_0140));
        let all = _mm512_madd_epi16(twelve, _mm512_set1_epi32(0x0001_1000));
        let bytes = _mm512_permutexvar_epi8(order, all);
        // SAFETY: it writes 64 bytes to an array of 64.
        unsafe { _mm512_storeu_si512(room.as_mut_ptr().cast(), bytes) };
        read += WIDE;
        out = out.get_mut(WIDE_BYTES..).unwrap_or_default();
    }
    read
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn avx2(text: &[u8], mut out: &mut [u8]) -> usize {
    use std::arch::x86_64::*;
    // The method of Muła and Lemire ("Faster Base64 encoding and decoding using AVX2 instructions", 2018), of which a third
    // table tells what to add.
    let twice = |table: [u8; 16]| {
        // SAFETY: it reads sixteen bytes of an array of sixteen.
        _mm256_broadcastsi128_si256(unsafe { _mm_loadu_si128(table.as_ptr().cast()) })
    };
    let (low, high) = (twice(NONE_LOW), twice(NONE_HIGH));
    let add = twice([0, 16, 19, 4, -65, -65, -71, -71, 0, 0, 0, 0, 0, 0, 0, 0].map(|add: i8| add as u8));
    let order = twice([2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, 0xff, 0xff, 0xff, 0xff]);
    let slash = _mm256_set1_epi8(b'/' as i8);
    let mut read = 0;
    while let (Some(group), Some(room)) =
        (text.get(read..).and_then(<[u8]>::first_chunk::<STEP>), out.first_chunk_mut::<STEP>())
    {
        // SAFETY: it reads 32 bytes of an array of 32.
        let v = unsafe { _mm256_loadu_si256(group.as_ptr().cast()) };
        let is = |b: u8| _mm256_cmpeq_epi8(v, _mm256_set1_epi8(b as i8));
        let v = _mm256_blendv_epi8(v, _mm256_set1_epi8(b'+' as i8), is(b'-'));
        let v = _mm256_blendv_epi8(v, slash, is(b'_'));
        let upper = _mm256_and_si256(_mm256_srli_epi32::<4>(v), slash);
        let lower = _mm256_and_si256(v, slash);
        let none = _mm256_and_si256(_mm256_shuffle_epi8(low, lower), _mm256_shuffle_epi8(high, upper));
        if _mm256_testz_si256(none, none) == 0 {
            break;
        }
        let to_add = _mm256_shuffle_epi8(add, _mm256_add_epi8(_mm256_cmpeq_epi8(v, slash), upper));
        let six = _mm256_add_epi8(v, to_add);
        let twelve = _mm256_maddubs_epi16(six, _mm256_set1_epi32(0x0140_0140));
        let all = _mm256_madd_epi16(twelve, _mm256_set1_epi32(0x0001_1000));
        let ordered = _mm256_shuffle_epi8(all, order);
        let bytes = _mm256_permutevar8x32_epi32(ordered, _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 7, 7));
        // SAFETY: it writes 32 bytes to an array of 32.
        unsafe { _mm256_storeu_si256(room.as_mut_ptr().cast(), bytes) };
        read += STEP;
        out = out.get_mut(BYTES..).unwrap_or_default();
    }
    read
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The same in plain code.
    fn plain(text: &[u8]) -> Vec<u8> {
        let six = |b: u8| match b {
            b'A'..=b'Z' => Some(b - b'A'),
            b'a'..=b'z' => Some(b - b'a' + 26),
            b'0'..=b'9' => Some(b - b'0' + 52),
            b'+' | b'-' => Some(62),
            b'/' | b'_' => Some(63),
            _ => None,
        };
        let whole =
            text.chunks_exact(STEP).map_while(|group| group.iter().map(|b| six(*b)).collect::<Option<Vec<u8>>>());
        let words = whole.flat_map(|group| {
            group
                .chunks(4)
                .map(|four| four.iter().fold(0u32, |word, six| word << 6 | u32::from(*six)))
                .collect::<Vec<_>>()
        });
        words.flat_map(|word| word.to_be_bytes().into_iter().skip(1)).collect()
    }

    #[test]
    fn every_byte_is_read_or_refused_as_plain_code_does() {
        /// Two steps of the narrower vectors, and one of the widest.
        const TWO: usize = 2 * STEP;
        for b in 0..=255u8 {
            for (at, len) in (0..STEP).map(|at| (at, STEP)).chain((0..TWO).map(|at| (at, TWO))) {
                let mut text = [b'k'; TWO];
                text[at] = b;
                let (text, mut out) = (&text[..len], [0; TWO]);
                let read = decode_base64(text, &mut out[..len]);
                let expected = plain(text);
                // Elsewhere nothing is read at all.
                #[cfg(target_arch = "x86_64")]
                assert_eq!(read > 0, !expected.is_empty() && is_x86_feature_detected!("avx2"), "{b:02x} at {at}");
                assert!(read == 0 || out[..BYTES] == expected[..BYTES], "{b:02x} at {at}");
                assert!(read < TWO || out[..2 * BYTES] == expected, "{b:02x} at {at}");
            }
        }
    }

    proptest! {
        #[test]
        fn vectors_and_plain_code_agree(text in "[a-zA-Z0-9+/_-]{0,200}[ =.]?[a-zA-Z0-9+/_-]{0,90}", room in 0usize..300) {
            let mut out = vec![0; room];
            let read = decode_base64(text.as_bytes(), &mut out);
            let expected = plain(text.as_bytes());
            prop_assert!(read / 4 * 3 <= expected.len());
            prop_assert_eq!(&out[..read / 4 * 3], &expected[..read / 4 * 3]);
            // Nor does less come of it where vectors are not as wide.
            #[cfg(target_arch = "x86_64")]
            if is_x86_feature_detected!("avx2") {
                let mut narrow = vec![0; room];
                // SAFETY: the feature is there.
                prop_assert_eq!(unsafe { avx2(text.as_bytes(), &mut narrow) }, read);
                prop_assert_eq!(&narrow[..read / 4 * 3], &out[..read / 4 * 3]);
            }
        }
    }
}
