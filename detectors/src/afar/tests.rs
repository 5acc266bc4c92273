use chot_model::{Confidence, DetectorId};

use super::*;

fn found(text: &str, papers: Papers) -> Vec<(DetectorId, String, Confidence)> {
    let detectors = Detectors::new(2026);
    let mut hits = Vec::new();
    detectors.scan(text.as_bytes(), 0..text.len(), Context::default(), &mut hits);
    detectors.scan_afar(text.as_bytes(), 0..text.len(), papers, &mut hits);
    let told =
        |hit: Hit| (hit.detector, String::from_utf8_lossy(hit.value.reveal_bytes()).into_owned(), hit.confidence);
    hits.into_iter().filter(|hit| hit.detector.is_identifier()).map(told).collect()
}

#[test]
fn names_and_subjects_say_what_numbers_are() {
    use Said::{Nothing, Other};
    let said = |papers| Said::Papers(papers);
    for (text, expected) in [
        ("Số CCCD của chị Lan", said(Papers::CCCD)),
        ("danh_sach_BHXH.txt", said(Papers::BHXH)),
        ("ma so bhxh.csv", said(Papers::BHXH)),
        ("cccd.txt", said(Papers::CCCD)),
        ("soCMND.txt", said(Papers::CMND)),
        ("Số sổ BHXH", said(Papers::BHXH)),
        ("DS mã BHXH tổ 3.docx", said(Papers::BHXH)),
        ("Re: mã số bảo hiểm xã hội của em", said(Papers::BHXH)),
        ("BHXH chị Lan", said(Papers::BHXH)),
        ("bhxh.txt", said(Papers::BHXH)),
        ("BHXH lop 12A3 2024.xlsx", said(Papers::BHXH)),
        ("BHXH_Nguyen_Van_An.txt", said(Papers::BHXH)),
        ("Thẻ BHYT các cháu.txt", said(Papers::BHYT)),
        ("CCCD CMND gia dinh.zip", said(Papers::CCCD.and(Papers::CMND))),
        ("Hộ chiếu đoàn đi Lào", said(Papers::PASSPORT)),
        ("Fwd: số CCCD, số BHXH của anh em", said(Papers::CCCD.and(Papers::BHXH))),
        ("V/v thu BHXH quý 3", Other),
        ("BHXH tra loi don 1234567890", Nothing),
        ("Hướng dẫn BHXH.docx", Nothing),
        ("nhờ tra cứu mã số BHXH", said(Papers::BHXH)),
        ("hoadon_bhxh.pdf", Other),
        ("cccd.ts", Nothing),
        ("nợ BHXH tháng 7", Other),
        ("Thông báo đóng BHXH", Other),
        ("hoa_don_bhxh.txt", Other),
        ("Hóa đơn tháng 3", Other),
        ("Mã vận đơn CCCD gắn chip", Other),
        ("danh sách đơn vị nợ BHXH.xlsx", Other),
        ("bhxh.log", Other),
        ("bhxh.ini", Nothing),
        ("BHXH tỉnh Hải Dương trả lời", Nothing),
        ("Gửi BHXH huyện Bình Giang", Nothing),
        ("lịch họp cơ quan BHXH", Nothing),
        ("luật BHXH 2024.pdf", Nothing),
        ("ảnh đi chơi.zip", Nothing),
        ("", Nothing),
    ] {
        let said = Papers::said(text);
        assert_eq!(said, expected, "{text}");
    }
}

#[test]
fn a_number_that_nothing_but_talk_stands_beside_is_what_was_announced() {
    let bhxh = |value: &str| vec![(DetectorId::Bhxh, value.to_owned(), Confidence::Medium)];
    for text in [
        "7912345678",
        "7912345678\n",
        "em gửi: 7912345678",
        "Dạ em gửi chị số của bố em ạ: 7912345678 nhé",
        "Chào chị,\n\n7912345678\n\nCảm ơn chị",
        "2. Lê Thị Hoa - 7912345678",
        "NGUYEN VAN AN 7912345678",
        "Trần Thị Bé | 01/02/1980 | Nữ | 7912345678 | Tổ 3",
        "chị hoa 7912345678",
        "0912345678, 7912345678",
        "79 1234 5678",
        "\"7912345678\"",
    ] {
        assert_eq!(found(text, Papers::BHXH), bhxh("7912345678"), "{text}");
        assert!(found(text, Papers::NONE).is_empty() && found(text, Papers::PASSPORT).is_empty(), "{text}");
    }
    let of = |detector, value: &str| vec![(detector, value.to_owned(), Confidence::Medium)];
    assert_eq!(found("em gửi ạ 025123456", Papers::CCCD), of(DetectorId::Cmnd, "025123456"));
    assert_eq!(found("Lan 025 123 456", Papers::CMND), of(DetectorId::Cmnd, "025123456"));
    assert_eq!(found("0 7 9 0 9 0 1 2 3 4 5 6", Papers::CCCD), of(DetectorId::Cccd, "079090123456"));
    assert_eq!(found("Lê Văn An: C1234567", Papers::PASSPORT), of(DetectorId::Passport, "C1234567"));
    assert_eq!(found("7912345678", Papers::BHYT), bhxh("7912345678"));
}

#[test]
fn a_number_that_is_something_else_stays_that() {
    for text in [
        "0912345678",
        "gọi em 0912345678",
        "Tổng cộng 7912345678 đồng",
        "7912345678 đ",
        "Mã vận đơn 7912345678",
        "hóa đơn | 7912345678",
        "Theo biên nhận 7912345678",
        "đơn vị 7912345678 chưa nộp",
        "STK 7912345678 Agribank",
        "MST: 7912345678",
        "7912345678 là mã giao dịch",
        "7912345678 (mã khách hàng)",
        "https://vidu.vn/a/7912345678",
        "id=7912345678",
        "#7912345678",
        "7912345678.jpg",
        "IMG_7912345678",
        "Công ty nhận được hàng ngày mai tại kho số 7912345678",
        "2026-11-05 INFO request 7912345678 done",
        "79123456789",
        "1234567890",
        "Phòng họp 7912345678",
        // No province begins so.
        "7812345678",
        "Lan 7112345678",
    ] {
        for papers in [Papers::BHXH, Papers::BHYT] {
            assert!(found(text, papers).iter().all(|(id, ..)| *id != DetectorId::Bhxh), "{text}");
        }
    }
    for text in [
        "912345678",
        "Lan 412345678",
        "123456789",
        "phiếu 025123456",
        "025123456 đồng",
        "901090123456",
        "lô C1234567",
        "202311211942",
    ] {
        assert_eq!(found(text, Papers::CCCD.and(Papers::CMND).and(Papers::PASSPORT)), [], "{text}");
    }
}

#[test]
fn windows_see_what_the_whole_text_shows() {
    let line = |n: u64| format!("{}. Lê Thị Hoa - 79{:08}\n", n, n * 7_919_317 % 90_000_000 + 1_234_567);
    let text: String = (0..40).map(line).collect::<String>() + &", x".repeat(300) + ", Lan 7912345678";
    let detectors = Detectors::new(2026);
    let scan = |step: usize| {
        let mut starts = Vec::new();
        for start in (0..text.len()).step_by(step) {
            let mut hits = Vec::new();
            let core = start..text.len().min(start + step);
            detectors.scan(text.as_bytes(), core.clone(), Context::default(), &mut hits);
            detectors.scan_afar(text.as_bytes(), core, Papers::BHXH, &mut hits);
            starts.extend(hits.into_iter().filter(|h| h.detector == DetectorId::Bhxh).map(|h| h.range.start));
        }
        starts
    };
    let whole = scan(text.len());
    assert!(whole.len() >= 38, "{}", whole.len());
    for step in [64, 100, 777] {
        assert_eq!(scan(step), whole, "{step}");
    }
}
