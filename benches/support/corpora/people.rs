//! Invented people: names, numbers, addresses, days. No number is anybody's on purpose; the shapes are the real ones.

use crate::Random;

const SURNAMES: &[&str] = &[
    "Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Huỳnh", "Phan", "Vũ", "Võ", "Đặng", "Bùi", "Đỗ", "Hồ", "Ngô", "Dương",
    "Lý",
];
const MIDDLES: &[&str] = &["Văn", "Thị", "Đức", "Minh", "Thu", "Ngọc", "Hữu", "Quốc", "Thanh", "Xuân"];
const GIVEN: &[&str] = &[
    "An", "Bình", "Cường", "Dũng", "Giang", "Hà", "Hương", "Khánh", "Lan", "Long", "Nam", "Nga", "Phúc", "Quang",
    "Sơn", "Thảo", "Trang", "Tuấn", "Việt", "Yến",
];
const PROVINCES: &[&str] = &["001", "010", "025", "036", "048", "056", "079", "092"];
const PLACES: &[&str] = &["Hà Nội", "Nam Định", "Đà Nẵng", "Quảng Nam", "Khánh Hòa", "Cần Thơ", "Lào Cai", "Thái Bình"];
const STREETS: &[&str] = &["phố Huế", "đường Lê Lợi", "đường Trần Phú", "phố Tràng Thi", "đường 30 tháng 4"];
const WARDS: &[&str] = &["phường Phú Nhuận", "xã Tân Hòa", "phường An Khê", "xã Bình Minh", "thị trấn Phùng"];
const KINDS: &[&str] = &["DN", "HC", "GD", "HT", "TE", "HS"];

/// Surname, middle name, given name.
pub(super) fn name(random: &mut Random) -> String {
    format!("{} {} {}", random.pick(SURNAMES), random.pick(MIDDLES), random.pick(GIVEN))
}

/// A citizen number of one born in the twentieth century, which no moment looks like.
pub(super) fn citizen(random: &mut Random) -> String {
    let province: &&str = random.pick(PROVINCES);
    // Never six zeros at the end: alone, such a number is taken for millions.
    format!("{province}{}{:02}{:06}", random.below(2), 50 + random.below(50), 1 + random.below(999_999))
}

/// An old identity card number.
pub(super) fn old_card(random: &mut Random) -> String {
    format!("{:02}{:07}", 1 + random.below(38), 1_000_000 + random.below(8_999_999))
}

/// A social insurance number.
pub(super) fn insurance(random: &mut Random) -> String {
    format!("79{:08}", random.below(100_000_000))
}

/// A health insurance card number.
pub(super) fn card(random: &mut Random) -> String {
    let kind: &&str = random.pick(KINDS);
    format!("{kind}{}79{}", 1 + random.below(5), insurance(random))
}

/// A mobile phone number.
pub(super) fn phone(random: &mut Random) -> String {
    format!("09{:08}", random.below(100_000_000))
}

/// A town.
pub(super) fn place(random: &mut Random) -> &'static str {
    let place: &&str = random.pick(PLACES);
    place
}

/// A house, a street, a ward, a town.
pub(super) fn address(random: &mut Random) -> String {
    let house = 1 + random.below(300);
    format!("số {house} {}, {}, {}", random.pick(STREETS), random.pick(WARDS), random.pick(PLACES))
}

/// A day and a month and, for births, a year.
pub(super) fn day(random: &mut Random, first_year: u64, years: u64) -> String {
    format!("{:02}/{:02}/{}", 1 + random.below(28), 1 + random.below(12), first_year + random.below(years))
}

/// An amount as offices write it: `12.345.000`.
pub(super) fn amount(random: &mut Random) -> String {
    match random.below(3) {
        0 => format!("{}.{:03}", 1 + random.below(999), random.below(1_000)),
        1 => format!("{}.{:03}.000", 1 + random.below(999), random.below(1_000)),
        _ => format!("{}.{:03}.{:03}.000", 1 + random.below(99), random.below(1_000), random.below(1_000)),
    }
}
