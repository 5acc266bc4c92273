//! Records of people: a register in CSV, answers of an interface in JSON.

use std::fmt::Write as _;

use chot_model::DetectorId;

use super::{Corpus, Counts, people};
use crate::Random;

/// A register: four findings a line.
pub(super) fn csv(random: &mut Random, bytes: usize) -> Corpus {
    let mut text = "STT,Họ và tên,Ngày sinh,Số CCCD,Mã số BHXH,Điện thoại,Tiền lương,Ghi chú\n".to_owned();
    let mut rows = 0;
    while text.len() < bytes {
        rows += 1;
        let _ = writeln!(
            text,
            "{rows},{},{},{},{},{},{}00000,{}",
            people::name(random),
            people::day(random, 1950, 50),
            people::citizen(random),
            people::insurance(random),
            people::phone(random),
            40 + random.below(99),
            random.pick(&["", "", "", "nghỉ thai sản", "mới tuyển", "đã chốt sổ"]),
        );
    }
    let whole = Counts::from([(DetectorId::Cccd, rows), (DetectorId::Bhxh, rows)]);
    let core = Counts::from([(DetectorId::Cccd, rows)]);
    // The core engine knows no tables: whether the header reaches the first of the insurance numbers is chance.
    Corpus { bytes: text.into_bytes(), core, whole, core_may_find: &[DetectorId::Bhxh], persons: Some(rows) }
}

/// Pages of an answer: one record in four is about a person.
pub(super) fn json(random: &mut Random, bytes: usize) -> Corpus {
    const STATES: &[&str] = &["MOI_TIEP_NHAN", "DANG_XU_LY", "CHO_BO_SUNG", "HOAN_THANH"];
    const SAID: &[&str] = &[
        "Hồ sơ đã được tiếp nhận tại bộ phận một cửa",
        "Đang chờ đơn vị xác nhận quá trình đóng",
        "Người nộp cần bổ sung bản sao quyết định nghỉ việc",
        "Đã chuyển phòng nghiệp vụ xử lý, dự kiến trả đúng hẹn",
    ];
    let (mut text, mut planted) =
        (String::from("{\"status\":200,\"message\":\"OK\",\"data\":{\"items\":["), Counts::new());
    let mut first = true;
    while text.len() < bytes {
        if !first {
            text.push(',');
        }
        first = false;
        let (a, b) = (random.word(), random.word());
        let _ = write!(
            text,
            "{{\"id\":\"{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}\",\"loai\":{},\"trangThai\":\"{}\",\"active\":{},\
             \"updatedAt\":\"2026-{:02}-{:02}T{:02}:{:02}:00.000+07:00\",",
            a >> 32,
            a >> 16 & 0xffff,
            a >> 4 & 0xfff,
            b >> 52,
            b & 0xffff_ffff_ffff,
            random.below(90),
            random.pick(STATES),
            random.below(2) == 0,
            1 + random.below(12),
            1 + random.below(28),
            random.below(24),
            random.below(60),
        );
        if random.below(4) == 0 {
            *planted.entry(DetectorId::Cccd).or_default() += 1;
            *planted.entry(DetectorId::Bhxh).or_default() += 1;
            let _ = write!(
                text,
                "\"nguoiNop\":{{\"hoTen\":\"{}\",\"ngaySinh\":\"{}\",\"soCccd\":\"{}\",\"maSoBhxh\":\"{}\",\
                 \"dienThoai\":\"{}\",\"diaChi\":\"{}\"}},",
                people::name(random),
                people::day(random, 1950, 50),
                people::citizen(random),
                people::insurance(random),
                people::phone(random),
                people::address(random),
            );
        } else {
            text.push_str("\"nguoiNop\":null,");
        }
        let _ = write!(
            text,
            "\"soTien\":{},\"tyLe\":{}.{},\"url\":\"/api/v1/ho-so/{}\",\"moTa\":\"{}\",\"tep\":[]}}",
            random.below(100_000_000),
            random.below(100),
            random.below(10),
            random.below(1_000_000),
            random.pick(SAID),
        );
    }
    text.push_str("],\"page\":1,\"pageSize\":50}}");
    Corpus::alike(text.into_bytes(), planted)
}
