//! Cells told from their bytes and cells scanned one by one come to the same: what the tests of that share.

use std::sync::{Arc, LazyLock, Mutex};

use chot_model::DetectorId;
use proptest::prelude::*;

use crate::{Hint, Inspected, Inspector, Limits};

static INSPECTOR: LazyLock<Inspector> = LazyLock::new(|| Inspector::new(Limits::default(), 2026));

/// An inspection, its splices and everything found, to compare.
type Seen = (String, Result<String, String>, Vec<String>);

fn seen(inspector: &Inspector, file: &[u8], name: &str) -> Seen {
    let found = Arc::new(Mutex::new(Vec::new()));
    let sink = found.clone();
    let hint = Hint { name: Some(name.to_owned()), content_type: None };
    let tell = move |f: chot_model::Finding| {
        let line =
            format!("{} {:?} {} {:?} {} {:?}", f.part, f.range, f.detector, f.confidence, f.value.reveal(), f.disguise);
        sink.lock().expect("no panic").push(line);
    };
    let mut inspected = inspector.inspect_with(hint, &file.to_vec(), Box::new(tell));
    inspected.inspection.elapsed_us = 0;
    let found = std::mem::take(&mut *found.lock().expect("no panic"));
    (format!("{:?}", inspected.inspection), splices(&inspected, file), found)
}

fn splices(inspected: &Inspected, file: &[u8]) -> Result<String, String> {
    inspected.redact(DetectorId::ALL, &file.to_vec()).map(|s| format!("{s:?}")).map_err(|e| e.to_string())
}

pub(crate) fn agree(file: &str, name: &str) {
    agree_on(file.as_bytes(), name, file);
}

/// As [`agree`], of a file that `shown` shows.
pub(crate) fn agree_on(file: &[u8], name: &str, shown: &str) {
    let mut careful = INSPECTOR.clone();
    careful.careful = true;
    let (quick, slow) = (seen(&INSPECTOR, file, name), seen(&careful, file, name));
    assert_eq!(quick.2, slow.2, "{shown}");
    assert_eq!(quick, slow, "{shown}");
    // Where nobody listens, less is done.
    let hint = Hint { name: Some(name.to_owned()), content_type: None };
    let mut unheard = INSPECTOR.inspect(hint, &file.to_vec());
    unheard.inspection.elapsed_us = 0;
    assert_eq!((format!("{:?}", unheard.inspection), splices(&unheard, file)), (slow.0, slow.1), "{shown}");
}

/// As [`agree_on`], of a file that comes in pieces while nobody listens.
pub(crate) fn agree_in_pieces(file: &[u8], name: &str, piece: usize) {
    let mut careful = INSPECTOR.clone();
    careful.careful = true;
    let [quick, slow] = [&INSPECTOR, &careful].map(|inspector| {
        let mut inspecting = inspector.begin(Hint { name: Some(name.to_owned()), content_type: None });
        file.chunks(piece).for_each(|piece| inspecting.push(piece));
        let mut inspected = inspecting.finish(&file.to_vec());
        inspected.inspection.elapsed_us = 0;
        (format!("{:?}", inspected.inspection), splices(&inspected, file))
    });
    assert_eq!(quick, slow, "{}", String::from_utf8_lossy(file));
}

pub(crate) fn cell() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => "0(01|79|36)[0-3][0-9]{8}",
        3 => "79[0-9]{8}",
        3 => "09[0-9]{8}",
        2 => "(DN|TE|HS)[1-5](79|01)[0-9]{10}",
        6 => "(Nguyễn|TRẦN|Lê|Hồ|Rơ) (Văn|Thị|Công|Châm|Minh) (An|Bình|Hlút|Dũng|HÀ)",
        4 => "[0-3][0-9]/[01][0-9]/(19|20)[0-9]{2}",
        4 => "(số )?[0-9]{1,3}[A-C]?(/[0-9]{1,2})? (đường|phố|ngõ|hẻm) (Lê Lợi|Trần Phú|Tràng Thi|30/4), (phường|xã|P.) ?(Tân Hòa|12|Phú Nhuận), (Hà Nội|tỉnh Đồng Nai|TP. HCM)",
        2 => "[0-9]{1,8}",
        1 => "[0-9]{9,13}",
        1 => "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
        1 => "/api/v1/(ho-so|items)/[0-9]{1,13}",
        1 => "[A-Za-z0-9+/]{16,40}",
        1 => "[0-9]{1,9}[ -]?(Hồ sơ đã được tiếp nhận|Đang chờ đơn vị xác nhận|chuyển phòng nghiệp vụ)( xử lý){0,9}",
        2 => "[a-zđạảướ]{1,6}( [a-zđạảướ]{1,6}){0,7}",
        1 => proptest::sample::select(vec![
            "Q0NDRCAwMDEwOTAxMjM0NTY", "x/Q0NDRCAwMDEwOTAxMjM0NTY=", "434343442030303130393031323334353620", "INBUGRBAGAYDCMBZGAYTEMZUGU3A",
            "Nữ", "Nam", "", " ", "-", "Hà Nội", "số 5, phố Huế", "\"", "a\"b", "U+G7kSBDQ0NEIDAwMTA5MDEyMzQ1Ng==",
            "0010%39%30123456", "001 090 123 456", "Ông Lê Văn An", "không không một không chín không một hai ba bốn năm sáu",
            "2026-03-05T12:15:00Z", "a@example.vn", "\r", "12 Lê Lợi, phường 5, Mỹ Tho", "sinh 1987", "CCCD 001090123456",
            "----", "=1", "001", "090", "123456", "CCCD: 0|0|1|0|9|0|1|2|3|4|5|6", "79090123456.0", "7901234510.0",
        ]).prop_map(str::to_owned),
    ]
}
