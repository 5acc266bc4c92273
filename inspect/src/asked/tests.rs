//! Questions and answers, with those that are none.

use chot_model::{Confidence, DetectorId};

use crate::{Hint, Inspector, Limits};

fn found(text: &str) -> Vec<(DetectorId, u64)> {
    let inspection =
        Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &text.as_bytes().to_vec()).inspection;
    let sure =
        inspection.tallies.iter().filter(|(id, tally)| id.is_identifier() && tally.confidence > Some(Confidence::Low));
    sure.map(|(id, tally)| (*id, tally.distinct)).collect()
}

#[test]
fn an_answer_is_what_was_asked_for() {
    let questions = ["cho mình số BHXH", "số sổ BHXH là gì em", "xin mã số bảo hiểm xã hội với", "số bhxh của bố đâu?"];
    let between = ["ok", "đợi tí", "chờ em chút nhé ạ", "[Sticker]", "để em hỏi mẹ đã"];
    for (n, question) in questions.iter().enumerate() {
        for messages in 1..=5 {
            let between: String =
                (0..messages).map(|m| format!("Hoa: {}\n", between[(m + n) % between.len()])).collect();
            let chat = |answer: &str| format!("Lan: {question}\n{between}Hoa: {answer}\nLan: cảm ơn nhé\n");
            for answer in ["7912345678", "đây ạ 7912345678", "của bố em là 7912345678 nha"] {
                assert_eq!(found(&chat(answer)), [(DetectorId::Bhxh, 1)], "{}", chat(answer));
            }
            for other in ["0912345678", "7912345678 đồng", "mã đơn hàng 7912345678"] {
                assert_eq!(found(&chat(other)), [], "{}", chat(other));
            }
        }
    }
    assert_eq!(
        found("[10:01] Lan: xin số CMND\n[10:02] Hoa: đợi tí nhé\n[10:02] Hoa: em mở tủ đã\n[10:03] Hoa: 025123456\n"),
        [(DetectorId::Cmnd, 1)]
    );
    for text in [
        // Another question in between, one about money, and one too far away.
        "Lan: cho mình số BHXH\nHoa: ok\nLan: mã đơn hàng nữa\nHoa: ừ\nHoa: 7912345678\n",
        "Lan: thu BHXH tháng này bao nhiêu\nHoa: ok\nHoa: đợi\nHoa: 7912345678\n",
        "Lan: hoá đơn đâu\nHoa: ok\nHoa: 7912345678\n",
        "Lan: cho mình số BHXH\nHoa: a\nHoa: b\nHoa: c\nHoa: d\nHoa: e\nHoa: g\nHoa: h\nHoa: 7912345678\n",
        "Lan: gửi BHXH huyện chưa\nHoa: ok\nHoa: rồi\nHoa: 7912345678\n",
        // Nobody asks.
        "Ai có mã BHXH mới tra được trong bảng dưới\nXin cảm ơn\nKính gửi các anh chị em\nVũ Hà: 7912345678\n",
        "Lan: cho mình số BHXH\nHoa: ok để mình hỏi lại mẹ xem giấy tờ cất ở đâu\nHoa: chờ mình mở máy ra rồi tìm lại nhé\nHoa: a\n- 7912345678\n",
    ] {
        assert_eq!(found(text), [], "{text}");
    }
}

#[test]
fn a_remark_in_brackets_parts_no_number_from_its_word() {
    for remark in
        ["tổ 3, mới cấp lại tuần trước", "quê Nam Định", "vợ anh Hùng bên phòng kế toán của công ty mình đó chị"]
    {
        for (text, expected) in [
            (format!("BHXH của chị Lê Thị Hoa ({remark}) là 7912345678 nha"), &[(DetectorId::Bhxh, 1)][..]),
            (format!("Số sổ BHXH của Nguyễn Văn An ({remark}): 7912345678"), &[(DetectorId::Bhxh, 1)]),
            (format!("CMND của anh An ({remark}) là 025123456"), &[(DetectorId::Cmnd, 1)]),
            (format!("Đơn hàng của chị Lê Thị Hoa ({remark}) là 7912345678 nha"), &[]),
            (format!("Chị Lê Thị Hoa ({remark}) là 7912345678"), &[]),
            (format!("BHXH thu của chị Hoa ({remark}) là 7912345678 đồng"), &[]),
        ] {
            assert_eq!(found(&text), expected, "{text}");
        }
    }
}

#[test]
fn an_answer_is_found_however_it_is_written() {
    for (question, answer, expected) in [
        ("Lan: số BHXH của chị là gì ạ?", "Hoa: 7916 012 345", DetectorId::Bhxh),
        ("Lan: cho mình số BHXH", "Hoa: bảy chín một sáu không một hai ba bốn năm", DetectorId::Bhxh),
        ("Lan: cho mình số BHXH", "Hoa: bảy mươi chín mười sáu không một hai ba bốn năm ạ", DetectorId::Bhxh),
        ("Lan: xin số cmnd", "Hoa: 025 123 456", DetectorId::Cmnd),
        ("cmnd cũ của bác số mấy ạ?\nĐợi bác xíu", "025123456", DetectorId::Cmnd),
        ("Nhà mình cần nộp: mã bhxh, cccd, sđt\nok c", "7916012345", DetectorId::Bhxh),
        ("Lan: mã số bhxh của mẹ em đâu", "Hoa: nửa đầu 79160\nHoa: nửa sau 12345", DetectorId::Bhxh),
        (
            "Lan: đọc chị số căn cước đi",
            "Hoa: không bảy chín một chín năm\nHoa: không một hai ba bốn năm",
            DetectorId::Cccd,
        ),
    ] {
        let text = format!("{question}\n{answer}\ncảm ơn nhé\n");
        assert_eq!(found(&text), [(expected, 1)], "{text}");
        // Something else is asked for.
        for other in ["mã đơn hàng", "số hóa đơn"] {
            let text = text.replace("số BHXH", other).replace("số cmnd", other).replace("cmnd cũ", other);
            let text = text.replace("mã bhxh, cccd", other).replace("mã số bhxh", other).replace("số căn cước", other);
            let sure = found(&text);
            assert!(sure.is_empty(), "{text}: {sure:?}");
        }
    }
    for text in [
        "cmnd cũ của bác số mấy ạ?\nmã đơn hàng nữa\n025123456\n",
        "Số CMND của bạn là gì?\nMã đơn hàng\n025123456\n",
        "Lan: thu BHXH tháng này bao nhiêu\nHoa: 7916 012 345\n",
        "Lan: cho mình số BHXH\nHoa: 0912 345 678\n",
        "Lan: cho mình số BHXH\nHoa: ba má không có năm nào hai mươi mốt tuổi\n",
    ] {
        assert_eq!(found(text), [], "{text}");
    }
}

#[test]
fn a_number_is_what_is_said_of_it_below() {
    let told = |number: &str, asks: &str, says: &str| format!("{number}\n{asks}\n{says}\n");
    assert_eq!(found(&told("7916012345", "số gì đây em?", "mã số bhxh của mẹ em đó chị")), [(DetectorId::Bhxh, 1)]);
    assert_eq!(found(&told("025123456", "cái này là gì vậy", "cmnd cũ của bố em")), [(DetectorId::Cmnd, 1)]);
    for (number, asks, says) in [
        ("7916012345", "số gì đây em?", "mã đơn hàng đó chị"),
        ("7916012345", "ok em", "mã số bhxh của mẹ em đâu"),
        ("7916012345", "số gì đây em?", "mã số bhxh của mẹ em đâu?"),
        ("0912345678", "số gì đây em?", "mã số bhxh của mẹ em đó chị"),
        ("tổng 7916012345 đồng", "số gì đây em?", "số bhxh của mẹ em đó"),
    ] {
        assert_eq!(found(&told(number, asks, says)), [], "{number} {asks} {says}");
    }
}

/// A dialogue as programs export it and people copy it.
fn dressed(messages: &[&str]) -> Vec<String> {
    let each = |write: &dyn Fn(usize, &str) -> String, between: &str| {
        messages.iter().enumerate().map(|(n, said)| write(n, said)).collect::<Vec<_>>().join(between)
    };
    let who = |n: usize| ["Chị Hương 1 cửa", "Bùi Ngọc Linh"][n % 2];
    vec![
        each(&|n, said| format!("[02/11/2026, 08:0{n}:11] {}: {said}", who(n)), "\n"),
        each(&|n, said| format!("02/11/2026, 08:0{n} - {}: {said}", who(n)), "\n"),
        each(&|n, said| format!("{}\n{said}\n08:0{n}", ["Hương BHXH", "Bùi Ngọc Linh"][n % 2]), "\n"),
        each(&|n, said| format!("{}\n00:00:0{n},000 --> 00:00:0{n},900\n{said}", n + 1), "\n\n"),
        "WEBVTT\n\n".to_owned()
            + &each(&|n, said| format!("00:0{n}.000 --> 00:0{n}.900\n<v {}>{said}", who(n)), "\n\n"),
        format!(
            "[{}]",
            each(&|n, said| format!(r#"{{"type":"message","user":"U{n}","text":"{said}","ts":"17639000{n}.1"}}"#), ",")
        ),
        format!(
            r#"{{"value":[{}]}}"#,
            each(
                &|n, said| format!(
                    r#"{{"id":"176390000000{n}","messageType":"message","body":{{"contentType":"text","content":"{said}"}}}}"#
                ),
                ","
            )
        ),
        format!(
            r#"{{"contents":[{}]}}"#,
            each(&|_, said| format!(r#"{{"role":"user","parts":[{{"text":"{said}"}}]}}"#), ",")
        ),
        format!(
            r#"{{"messages":[{}]}}"#,
            each(&|n, said| format!(r#"{{"sender_name":"An","timestamp_ms":{n},"content":"{said}"}}"#), ",")
        ),
    ]
}

#[test]
fn a_chat_is_read_however_it_was_copied() {
    for (messages, expected) in [
        (&["Chị cho em xin mã số BHXH ạ", "7916012345"][..], &[(DetectorId::Bhxh, 1)][..]),
        (&["cmnd cũ của bác số mấy ạ?", "Đợi bác xíu", "025123456"], &[(DetectorId::Cmnd, 1)]),
        (&["cccd của em là", "0791", "9501", "2345"], &[(DetectorId::Cccd, 1)]),
        (&["số cccd: 079195", "012345"], &[(DetectorId::Cccd, 1)]),
        (&["mã số bhxh của mẹ em", "nửa đầu 79160", "nửa sau 12345"], &[(DetectorId::Bhxh, 1)]),
        (&["7916012345", "số gì đây em?", "mã số bhxh của mẹ em đó chị"], &[(DetectorId::Bhxh, 1)]),
        (
            &["đọc chị số căn cước đi", "không bảy chín một chín năm", "không một hai ba bốn năm"],
            &[(DetectorId::Cccd, 1)],
        ),
        (&["Mã đơn hàng của bác số mấy ạ?", "Đợi bác xíu", "025123456"], &[]),
        (&["Chị cho em xin mã đơn hàng ạ", "7916012345"], &[]),
        (&["tổng tiền bhxh tháng này", "nửa đầu 79160", "nửa sau 12345"], &[]),
        (&["0912345678", "số gì đây em?", "số của mẹ em đó chị"], &[]),
    ] {
        for text in dressed(messages) {
            assert_eq!(found(&text), expected, "{text}");
        }
    }
}
