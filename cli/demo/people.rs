//! Invented people. Names are put together at random, numbers are only laid out as the real ones are; the seed is
//! printed, so that a run can be repeated.

/// A person nobody is.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) name: String,
    /// `03/07/1986`
    pub(crate) born: String,
    /// 12 digits: province 3, century and sex 1, year 2, random 6 (Circular 07/2016/TT-BCA, appendix 1).
    pub(crate) cccd: String,
    /// 10 digits: province 2, random 8.
    pub(crate) bhxh: String,
    pub(crate) address: String,
}

/// SplitMix64: small, seedable, the same everywhere. Not for secrets.
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ z >> 31) % sides
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of.get(self.roll(of.len() as u64) as usize).copied().unwrap_or_default()
    }
}

const SURNAMES: &[&str] =
    &["Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Huỳnh", "Phan", "Vũ", "Võ", "Đặng", "Bùi", "Đỗ", "Hồ", "Ngô", "Dương"];
const MIDDLE: [&[&str]; 2] = [&["Văn", "Đức", "Hữu", "Quang", "Minh"], &["Thị", "Ngọc", "Thanh", "Thu", "Kim"]];
const GIVEN: [&[&str]; 2] = [
    &["An", "Bình", "Cường", "Dũng", "Hùng", "Khánh", "Long", "Nam", "Phúc", "Sơn", "Tuấn", "Việt"],
    &["Anh", "Chi", "Dung", "Giang", "Hà", "Hương", "Lan", "Mai", "Nga", "Oanh", "Thảo", "Yến"],
];
const STREETS: &[&str] = &["Lê Lợi", "Trần Phú", "Hai Bà Trưng", "Nguyễn Trãi", "Quang Trung", "Lý Thường Kiệt"];
const WARDS: &[&str] = &["phường Tân Mai", "xã Hòa Lạc", "phường An Khánh", "xã Bình Minh", "phường Vĩnh Phú"];
/// Province codes of citizen and of insurance numbers: Hà Nội, Hải Phòng, Thanh Hóa, Đà Nẵng, TP. Hồ Chí Minh, Cần Thơ.
const PROVINCES: &[(&str, &str)] =
    &[("001", "01"), ("031", "31"), ("038", "38"), ("048", "48"), ("079", "79"), ("092", "92")];

impl Person {
    /// The next person of these dice.
    pub(crate) fn invent(dice: &mut Dice) -> Self {
        let is_woman = dice.roll(2) as usize;
        let name = format!("{} {} {}", dice.pick(SURNAMES), dice.pick(MIDDLE[is_woman]), dice.pick(GIVEN[is_woman]));
        let year = 1955 + dice.roll(50);
        let (day, month) = (1 + dice.roll(28), 1 + dice.roll(12));
        let (province, bhxh_province) = PROVINCES[dice.roll(PROVINCES.len() as u64) as usize];
        let sex_and_century = is_woman as u64 + if year < 2000 { 0 } else { 2 };
        Self {
            name,
            born: format!("{day:02}/{month:02}/{year}"),
            cccd: format!("{province}{sex_and_century}{:02}{:06}", year % 100, dice.roll(1_000_000)),
            bhxh: format!("{bhxh_province}{:08}", dice.roll(100_000_000)),
            address: format!("{} {}, {}", 1 + dice.roll(300), dice.pick(STREETS), dice.pick(WARDS)),
        }
    }

    /// So many people.
    pub(crate) fn invent_many(n: usize, seed: u64) -> Vec<Self> {
        let mut dice = Dice::new(seed);
        (0..n).map(|_| Self::invent(&mut dice)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_invents_the_same_people_and_numbers_are_well_laid_out() {
        let (some, again) = (Person::invent_many(200, 7), Person::invent_many(200, 7));
        for (person, twin) in some.iter().zip(&again) {
            assert_eq!(person.cccd, twin.cccd);
            assert_eq!((person.cccd.len(), person.bhxh.len()), (12, 10));
            assert_eq!(person.cccd.get(4..6), person.born.get(8..10), "year of birth");
        }
        let distinct: std::collections::BTreeSet<_> = some.iter().map(|p| &p.cccd).collect();
        assert_eq!(distinct.len(), 200);
    }
}
