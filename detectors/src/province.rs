//! Two-digit province codes, shared by citizen numbers, insurance numbers, card numbers and tax codes.
//!
//! The 63 codes of the provinces before July 2025. Those of the merged provinces are among them, and numbers once
//! issued keep theirs. Source: Circular 07/2016/TT-BCA, appendix 1; insurance: CV 3340/BHXH-ST.

/// A bit for each code from 01 to 96.
const CODES: u128 = {
    const LIST: &[u8] = &[
        1, 2, 4, 6, 8, 10, 11, 12, 14, 15, 17, 19, 20, 22, 24, 25, 26, 27, 30, 31, 33, 34, 35, 36, 37, 38, 40, 42, 44,
        45, 46, 48, 49, 51, 52, 54, 56, 58, 60, 62, 64, 66, 67, 68, 70, 72, 74, 75, 77, 79, 80, 82, 83, 84, 86, 87, 89,
        91, 92, 93, 94, 95, 96,
    ];
    assert!(LIST.len() == 63);
    let mut set = 0;
    let mut n = 0;
    while n < LIST.len() {
        set |= 1 << LIST[n];
        n += 1;
    }
    set
};

/// Whether two digits are the code of a province.
pub(crate) fn is_province(digits: &[u8]) -> bool {
    value(digits).is_some_and(|n| n < 128 && CODES & 1 << n != 0)
}

/// Whether two digits begin insurance numbers: a province, or 97 to 99 for the forces.
pub(crate) fn is_insurer(digits: &[u8]) -> bool {
    is_province(digits) || matches!(value(digits), Some(97..=99))
}

/// The number two digits write.
fn value(digits: &[u8]) -> Option<u32> {
    match digits {
        [tens @ b'0'..=b'9', units @ b'0'..=b'9'] => Some(u32::from(tens - b'0') * 10 + u32::from(units - b'0')),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_issued_codes_are_provinces() {
        for (code, province, insurer) in
            [("01", true, true), ("79", true, true), ("03", false, false), ("00", false, false), ("97", false, true)]
        {
            assert_eq!(is_province(code.as_bytes()), province, "{code}");
            assert_eq!(is_insurer(code.as_bytes()), insurer, "{code}");
        }
        assert!(!is_province(b"1") && !is_province(b"0x") && !is_province(b""));
    }
}
