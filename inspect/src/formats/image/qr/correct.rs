//! Reed–Solomon correction over GF(2⁸) as QR codes use it: words known to be bad count half of unknown errors.

/// Powers of two and logarithms in the field of x⁸+x⁴+x³+x²+1 (ISO/IEC 18004:2015, 7.5.2).
struct Field {
    power: [u8; 510],
    log: [u8; 256],
}

static FIELD: Field = Field::new();

impl Field {
    const fn new() -> Self {
        let (mut power, mut log) = ([0; 510], [0; 256]);
        let (mut value, mut n) = (1u16, 0);
        while n < 255 {
            power[n] = value as u8;
            power[n + 255] = value as u8;
            log[value as usize] = n as u8;
            value <<= 1;
            if value & 0x100 != 0 {
                value ^= 0x11d;
            }
            n += 1;
        }
        Self { power, log }
    }
}

fn times(a: u8, b: u8) -> u8 {
    if a == 0 || b == 0 {
        return 0;
    }
    let log = |v: u8| FIELD.log.get(usize::from(v)).copied().map_or(0, usize::from);
    power(log(a) + log(b))
}

/// Two to the `n`.
fn power(n: usize) -> u8 {
    FIELD.power.get(n % 255).copied().unwrap_or_default()
}

fn inverse(a: u8) -> u8 {
    let log = FIELD.log.get(usize::from(a)).copied().map_or(0, usize::from);
    power(255 - log)
}

/// The value of a polynomial, lowest coefficient first.
fn value(polynomial: &[u8], at: u8) -> u8 {
    polynomial.iter().rev().fold(0, |sum, coefficient| times(sum, at) ^ coefficient)
}

/// Corrects `block`, whose last `checks` words are for checking, in place. `bad` are places not to be trusted.
/// Returns how many words were wrong; `None` when there are too many to tell.
pub(super) fn correct(block: &mut [u8], checks: usize, bad: &[usize]) -> Option<usize> {
    let len = block.len();
    if len > 255 || checks > len || bad.len() > checks {
        return None;
    }
    let syndromes: Vec<u8> =
        (0..checks).map(|n| block.iter().fold(0, |sum, word| times(sum, power(n)) ^ word)).collect();
    if syndromes.iter().all(|s| *s == 0) {
        return Some(0);
    }
    let locator = locator(&syndromes, &bad.iter().map(|at| power((len - 1).saturating_sub(*at))).collect::<Vec<_>>())?;
    // Ω = S·Λ modulo x^checks; the error at a root is Ω over the derivative of Λ (Forney), with the first root 2⁰.
    let mut evaluator = vec![0; checks];
    for (i, s) in syndromes.iter().enumerate() {
        for (coefficient, l) in evaluator.iter_mut().skip(i).zip(&locator) {
            *coefficient ^= times(*s, *l);
        }
    }
    let derivative: Vec<u8> =
        locator.iter().skip(1).enumerate().map(|(n, c)| if n % 2 == 0 { *c } else { 0 }).collect();
    let mut wrong = 0;
    for (at, word) in block.iter_mut().enumerate() {
        let place = power(len - 1 - at);
        let root = inverse(place);
        if value(&locator, root) != 0 {
            continue;
        }
        let slope = value(&derivative, root);
        if slope == 0 {
            return None;
        }
        *word ^= times(place, times(value(&evaluator, root), inverse(slope)));
        wrong += 1;
    }
    let degree = locator.iter().rposition(|c| *c != 0).unwrap_or_default();
    let clean = (0..checks).all(|n| block.iter().fold(0, |sum, word| times(sum, power(n)) ^ word) == 0);
    (wrong == degree && clean).then_some(wrong)
}

/// The polynomial whose roots are the inverse places of the errors (Berlekamp–Massey, begun with the known places).
fn locator(syndromes: &[u8], known: &[u8]) -> Option<Vec<u8>> {
    let checks = syndromes.len();
    let mut now = vec![0; checks + 2];
    if let Some(first) = now.first_mut() {
        *first = 1;
    }
    for place in known {
        for n in (1..now.len()).rev() {
            let below = now.get(n - 1).copied().unwrap_or_default();
            if let Some(coefficient) = now.get_mut(n) {
                *coefficient ^= times(below, *place);
            }
        }
    }
    let mut before = now.clone();
    let mut errors = known.len();
    for n in known.len()..checks {
        before.insert(0, 0);
        before.truncate(checks + 2);
        let terms = now.iter().zip(syndromes.iter().take(n + 1).rev());
        let discrepancy = terms.fold(0, |sum, (l, s)| sum ^ times(*l, *s));
        if discrepancy == 0 {
            continue;
        }
        let next: Vec<u8> = now.iter().zip(&before).map(|(a, b)| a ^ times(discrepancy, *b)).collect();
        if 2 * errors <= n + known.len() {
            errors = n + 1 + known.len() - errors;
            let by = inverse(discrepancy);
            before = now.iter().map(|c| times(*c, by)).collect();
        }
        now = next;
    }
    (2 * errors <= checks + known.len()).then_some(now)
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Check words by long division.
    pub(in super::super) fn checks(data: &[u8], count: usize) -> Vec<u8> {
        let mut generator = vec![1u8];
        for n in 0..count {
            generator.push(0);
            for i in (1..generator.len()).rev() {
                generator[i] ^= times(generator[i - 1], power(n));
            }
        }
        let mut rest = [data, &vec![0; count]].concat();
        for i in 0..data.len() {
            let by = rest[i];
            for (j, g) in generator.iter().enumerate() {
                rest[i + j] ^= times(by, *g);
            }
        }
        rest[data.len()..].to_vec()
    }

    proptest! {
        #[test]
        fn what_can_be_corrected_is(
            data in proptest::collection::vec(any::<u8>(), 1..120),
            count in 4usize..31,
            damage in proptest::collection::vec((any::<prop::sample::Index>(), 1u8..=255), 0..30),
            share in 0usize..=30,
        ) {
            let good = [data.clone(), checks(&data, count)].concat();
            let mut bad = good.clone();
            let mut places = std::collections::BTreeSet::new();
            for (index, by) in damage {
                let at = index.index(good.len());
                if places.insert(at) {
                    bad[at] ^= by;
                }
            }
            let known: Vec<usize> = places.iter().copied().take(share).collect();
            let unknown = places.len() - known.len();
            if known.len() + 2 * unknown <= count {
                prop_assert_eq!(correct(&mut bad, count, &known), Some(places.len()).filter(|n| *n > 0).or(Some(0)));
                prop_assert_eq!(bad, good);
            }
        }

        #[test]
        fn anything_is_corrected_or_refused(mut block in proptest::collection::vec(any::<u8>(), 0..300), count in 0usize..40, bad in proptest::collection::vec(0usize..400, 0..40)) {
            correct(&mut block, count, &bad);
        }
    }
}
