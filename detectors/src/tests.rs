//! Tests that walk the registry, and properties of the whole.

use std::collections::HashSet;
use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;

/// Built once: the automaton takes longer than a test.
pub(crate) static DETECTORS: LazyLock<Detectors> = LazyLock::new(|| Detectors::new(2026));

fn scan(text: &str) -> Vec<Hit> {
    scan_in(text, Context::default())
}

fn scan_in(text: &str, context: Context) -> Vec<Hit> {
    let mut hits = Vec::new();
    DETECTORS.scan(text.as_bytes(), 0..text.len(), context, &mut hits);
    hits
}

/// Example files write a line end inside a text as `\n`.
fn unescape(text: &str) -> String {
    text.replace("\\n", "\n")
}

#[test]
fn every_example_is_found() {
    let mut missed = Vec::new();
    for card in cards() {
        assert!(card.examples().count() > 0, "{}", card.id);
        for example in card.examples() {
            let hits = scan(&unescape(example));
            if !hits.iter().any(|h| h.detector == card.id && h.confidence >= Confidence::Medium) {
                missed.push(format!("{}: {example}: {hits:?}", card.id));
            }
        }
    }
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn every_decoy_is_left_alone() {
    let mut invented = Vec::new();
    for card in cards() {
        assert!(card.decoys().count() > 0, "{}", card.id);
        for (decoy, reason) in card.decoys() {
            assert!(!reason.is_empty(), "{}: {decoy}: say why", card.id);
            let hits = scan(&unescape(decoy));
            if hits.iter().any(|h| h.detector == card.id && h.confidence >= Confidence::Medium) {
                invented.push(format!("{}: {decoy}: {hits:?}", card.id));
            }
        }
    }
    assert!(invented.is_empty(), "{invented:#?}");
}

#[test]
fn cards_are_unique_and_tell_their_source() {
    let ids: HashSet<_> = cards().map(|card| card.id).collect();
    assert_eq!(ids.len(), ALL.len());
    assert!(cards().all(|card| !card.source.is_empty() && !card.title_vi.is_empty() && !card.title_en.is_empty()));
}

/// All there is to hits.
pub(crate) fn shown(hits: &[Hit]) -> Vec<String> {
    hits.iter().map(|h| format!("{h:?} {}", h.value.reveal())).collect()
}

/// Whether who is asked only for what could come of it finds what who is asked for all does.
fn same_gated(text: &[u8]) {
    for detectors in &*ASKED {
        let [gated, open] = detectors.each_ref().map(|detectors| {
            let mut hits = Vec::new();
            detectors.scan(text, 0..text.len(), Context::default(), &mut hits);
            shown(&hits)
        });
        assert_eq!(gated, open);
    }
}

/// What windows of a text give, each with the context it needs, must be what the whole gives.
fn same_in_windows(text: &[u8], width: usize, context: Context) {
    let detectors = &*DETECTORS;
    let mut whole = Vec::new();
    detectors.scan(text, 0..text.len(), context, &mut whole);
    let mut parts = Vec::new();
    for start in (0..text.len()).step_by(width) {
        let core = start..text.len().min(start + width);
        let (from, to) = (core.start.saturating_sub(CONTEXT_BYTES), text.len().min(core.end + CONTEXT_BYTES));
        let first = parts.len();
        detectors.scan(&text[from..to], core.start - from..core.end - from, context, &mut parts);
        parts[first..].iter_mut().for_each(|h| h.range = h.range.start + from..h.range.end + from);
    }
    assert_eq!(shown(&whole), shown(&parts), "width {width}, {}", String::from_utf8_lossy(text));
}

/// Pieces that make trouble when put together: numbers, words that announce them, separators, disguises.
pub(crate) fn piece() -> impl Strategy<Value = String> {
    let fixed = prop::sample::select(vec![
        " ",
        "  ",
        "-",
        ".",
        "/",
        ",",
        ": ",
        "\n",
        "\n> ",
        "|",
        ";",
        "\u{200b}",
        "\u{a0}",
        "+",
        "(",
        ") ",
        "O",
        "l",
        "DN",
        "DN4",
        "Nguyễn ",
        "Lê Văn ",
        "TỐI MẬT",
        "\nMẬT\n",
        "TRẦN ",
        "Họ tên: ",
        "An",
        "CCCD ",
        "Mã số BHXH ",
        "ma so bhxh",
        "số CMND ",
        "thẻ BHYT ",
        "MST ",
        "hộ chiếu C",
        "mã vận đơn ",
        "sđt ",
        "đồng",
        "IDVNM",
        "an@example.vn",
        "và ",
        "Kính gửi quý cơ quan, đề nghị xem xét giải quyết. ",
        "sinh ngày ",
        "sn ",
        "05/04/1987",
        "05/04/1990 ",
        "5 tháng 4 năm 1987",
        "thôn Đông, ",
        "Địa chỉ: ",
        "xã Tân Lập",
        ", tỉnh Huế",
        "BKS ",
        "29A-123.45",
        "Chẩn đoán: ",
        "J18.9",
        "<MA_LK>",
        "ông ",
        "０",
        "٣",
        "\u{301}",
    ]);
    prop_oneof![
        3 => fixed.prop_map(str::to_owned),
        3 => "[0-9]{1,4}",
        2 => prop::sample::select(vec!["001090123456", "7912345678", "012345678", "DN4759122135078", "0912345678"]).prop_map(str::to_owned),
        1 => "[0-9]{9,24}",
        1 => prop::sample::select(vec!["không ", "một ", "ba ", "năm ", "chín ba bảy "]).prop_map(|w| w.repeat(4)),
        1 => "[a-zđơư ]{1,60}",
    ]
}

/// Those for identifiers and all there are, each as they are and with every detector asked about every number of its
/// lengths.
static ASKED: LazyLock<[[Detectors; 2]; 2]> = LazyLock::new(|| {
    let ids = [DetectorId::identifiers().collect::<Vec<_>>(), cards().map(|card| card.id).collect()];
    ids.map(|ids| {
        let gated = || Detectors::only(ids.iter().copied(), 2026);
        let asked = ALL.iter().filter(|d| ids.contains(&d.card().id));
        let lengths = asked.fold(0, |all, d| all | d.lengths() & !d.cell_lengths());
        let by_silent_length = Default::default();
        let unannounced = Unannounced::all();
        let open = Detectors {
            bare_numbers: Asked::all(lengths),
            announced: 0,
            spoken: 0,
            unannounced,
            by_silent_length,
            ..gated()
        };
        [gated(), open]
    })
});

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn nobody_is_left_unasked_who_had_an_answer(
        pieces in prop::collection::vec(prop_oneof![
            4 => piece(),
            1 => "[ ./,=:\"|-]?[A-Za-zĂ\u{200b}]{1,2}[ ./,-]{0,2}([0-9]{7}|[0-9]{13}|[0-9]{18})[ |.]?",
            1 => "([0-9]{1,7}[.-]){1,5}[0-9]{1,7}[|.-]?",
            1 => "(STK|MST|GPLX|Mã hộ gia đình|Số tài khoản|Giấy phép lái xe|SĐT|vận đơn)( số)?:? ",
            1 => "[ +#=]([0-9]{8,16}|(84|0)[1-9][0-9]{8}|0101234567-?001|1900 ?[0-9]{4})[ |,;\n]",
            1 => "[ a-z]([0-9]{3,6}[ .-]){1,3}[0-9]{3,4}[ ,;\n]",
            1 => "[ .]([A-Z]{1,3}[0-9]{2}-?|[A-Z.]{1,6})-(26)?(0[1-9]|1[0-9])[0-3][0-9]([0-9]{2})?-[0-9]{4,5}[ ,\n]",
            1 => "(=|: |[0-9]\t|)(0|1|2)[0-9]{2}[0-9][0-9]{8}[ ,\n]([0-3][0-9]/0[1-9]/(19|20)[0-9]{2})?",
        ], 1..120),
    ) {
        let text = pieces.concat();
        same_gated(text.as_bytes());
    }

    #[test]
    fn windows_find_what_the_whole_has(pieces in prop::collection::vec(piece(), 1..120), width in 1..600_usize) {
        same_in_windows(pieces.concat().as_bytes(), width, Context::default());
    }

    /// Whatever the lines before it taught: how numbers are laid out, what their keys say, that nothing came of them.
    #[test]
    fn a_line_comes_to_the_same_behind_many_like_it(
        keys in prop::collection::vec(prop_oneof![
            4 => prop::sample::select(vec![
                "ts=", " id=", " dur_ms=", " seq ", "\tCCCD ", " so_bhxh=", " stk: ", " src=10.", " amount=", " [", "\", \"n\": \"",
                " v1.2 - ", " req-", " Số CMND: ", " (BHXH)", " ^^^BHXH~", " đồng", "x", "O",
            ]).prop_map(str::to_owned),
            1 => piece(),
        ], 1..8),
        values in prop::collection::vec(prop_oneof![
            2 => "[0-9]{1,13}",
            1 => "[0-9]{1,3}([.-][0-9]{1,3}){2,4}",
            1 => "20[0-9]{2}-[01][0-9]-[0-3][0-9][T ][0-9]{2}:[0-9]{2}:[0-9]{2}([.,][0-9]{3,6})?",
            1 => "[0-9a-f]{8,32}",
            1 => "[0-9]{8,10}[.][0-9]{1,2}",
        ], 1..6),
        digits in prop::collection::vec(any::<u64>(), 1..60),
        odd in (any::<prop::sample::Index>(), piece()),
        width in 1..600_usize,
    ) {
        let pairs = keys.iter().zip(values.iter().cycle()).map(|(key, value)| [key.as_str(), value].concat());
        let line = pairs.collect::<String>() + "\n";
        let mut text = String::new();
        for (n, mut other) in digits.iter().copied().enumerate() {
            if n == odd.0.index(digits.len()) {
                text.push_str(&odd.1);
            }
            for c in line.chars() {
                other = other.rotate_left(7).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                let changes = c.is_ascii_digit() && other % 3 > 0;
                text.push(if changes { char::from(b'0' + (other >> 60) as u8 % 10) } else { c });
            }
        }
        same_in_windows(text.as_bytes(), width, Context::default());
        same_gated(text.as_bytes());
    }

    #[test]
    fn windows_find_what_the_whole_has_in_a_column(pieces in prop::collection::vec(piece(), 1..60), column in prop::sample::select(Column::ALL)) {
        same_in_windows(pieces.concat().as_bytes(), 64, Context { column: Some(column) });
    }

    #[test]
    fn any_bytes_may_come(bytes in prop::collection::vec(any::<u8>(), 0..2_000), width in 1..600_usize) {
        same_in_windows(&bytes, width, Context::default());
    }

    #[test]
    fn hits_lie_within_the_text_and_start_in_the_core(pieces in prop::collection::vec(piece(), 1..60), a in 0..500_usize, b in 0..500_usize) {
        let text = pieces.concat();
        let core = a.min(b).min(text.len())..a.max(b).min(text.len());
        let mut hits = Vec::new();
        DETECTORS.scan(text.as_bytes(), core.clone(), Context::default(), &mut hits);
        for hit in hits {
            prop_assert!(core.contains(&hit.range.start) && hit.range.start < hit.range.end && hit.range.end <= text.len());
        }
    }
}

#[test]
fn headers_are_known_in_any_spelling() {
    let detectors = &*DETECTORS;
    for (header, column) in [
        ("Số CCCD", Some(Column::Cccd)),
        ("soCCCD", Some(Column::Cccd)),
        ("SO_CCCD_NND", Some(Column::Cccd)),
        ("So\u{302}\u{301} CCCD", Some(Column::Cccd)),
        ("CCCD (12 số)", Some(Column::Cccd)),
        ("Số CCCD/CMND", Some(Column::IdNumber)),
        ("Số CMND/CCCD/Hộ chiếu", Some(Column::IdNumber)),
        ("Số CMND", Some(Column::Cmnd)),
        ("Ma so BHXH", Some(Column::Bhxh)),
        ("maSoBhxh", Some(Column::Bhxh)),
        ("5. Mã số BHXH", Some(Column::Bhxh)),
        ("MA_THE_BHYT", Some(Column::Bhyt)),
        ("Số thẻ", Some(Column::Bhyt)),
        ("Mã vận đơn", Some(Column::Negative)),
        ("orderId", Some(Column::Negative)),
        ("Số tiền (đồng)", Some(Column::Negative)),
        ("productCode", Some(Column::Negative)),
        ("TICKET_NO", Some(Column::Negative)),
        ("Số tờ khai", Some(Column::Negative)),
        ("memberNo", None),
        ("Mã hồ sơ", Some(Column::Record)),
        ("Mã bệnh nhân", Some(Column::Record)),
        ("Số", Some(Column::Neutral)),
        ("Giá trị", Some(Column::Neutral)),
        ("Họ và tên chủ hộ", Some(Column::Name)),
        ("HO_TEN", Some(Column::Name)),
        ("Họ", Some(Column::Surname)),
        ("Tên", Some(Column::GivenName)),
        ("Ngày, tháng, năm sinh", Some(Column::BirthDate)),
        ("Năm sinh", Some(Column::BirthYear)),
        ("Giới tính", Some(Column::Sex)),
        ("Nam", Some(Column::Sex)),
        ("STT", Some(Column::RowNumber)),
        ("#", Some(Column::RowNumber)),
        ("Số điện thoại", Some(Column::Phone)),
        ("MST", Some(Column::Tax)),
        ("Mã hộ gia đình", Some(Column::Household)),
        ("Ngày cấp CCCD", None),
        ("NGAYCAP_CCCD_NND", None),
        ("Số người tham gia BHXH", None),
        ("Tên doanh nghiệp", None),
        ("Ký nhận", None),
        ("id", None),
        ("001090123456", None),
        ("Nguyễn Văn An", None),
        ("", None),
    ] {
        assert_eq!(detectors.column(header), column, "{header}");
    }
    assert_eq!(detectors.column(&"Số CCCD ".repeat(1_000)), None);
}

#[test]
fn a_header_outweighs_the_neighbours() {
    let judge = |text: &str, column: Column| {
        let hits = scan_in(text, Context { column: Some(column) });
        hits.into_iter().map(|h| (h.detector, h.confidence, h.value.reveal().to_owned())).collect::<Vec<_>>()
    };
    use Confidence::High;
    for (text, column, detector, value) in [
        ("001090123456", Column::Cccd, DetectorId::Cccd, "001090123456"),
        ("901090123456", Column::Cccd, DetectorId::Cccd, "901090123456"),
        ("001090123456", Column::Bhxh, DetectorId::Cccd, "001090123456"),
        ("001090123456", Column::Tax, DetectorId::Cccd, "001090123456"),
        ("'012345678", Column::IdNumber, DetectorId::Cmnd, "012345678"),
        ("12345678", Column::Cmnd, DetectorId::Cmnd, "012345678"),
        ("C1234567", Column::IdNumber, DetectorId::Passport, "C1234567"),
        ("7912345678", Column::Bhxh, DetectorId::Bhxh, "7912345678"),
        (" 79 1234 5678 ", Column::Bhxh, DetectorId::Bhxh, "7912345678"),
        ("123456789", Column::Bhyt, DetectorId::Bhyt, ""),
        ("DN 4 75 9122135078", Column::Bhyt, DetectorId::Bhyt, "DN4759122135078"),
        ("1090123456", Column::Cccd, DetectorId::Cccd, "001090123456"),
        ("79195012345", Column::Cccd, DetectorId::Cccd, "079195012345"),
        ("79195012345", Column::Cmnd, DetectorId::Cccd, "079195012345"),
        ("79195012345", Column::Tax, DetectorId::Cccd, "079195012345"),
        ("79495012345", Column::Cmnd, DetectorId::Cccd, ""),
        ("79195012345", Negative, DetectorId::Cccd, ""),
        ("3.6090123456E+10", Column::Cccd, DetectorId::Cccd, "036090123456"),
        ("3,6090123456e10", Column::Bhxh, DetectorId::Cccd, "036090123456"),
        ("4.80961391E+10", Column::Cmnd, DetectorId::Cccd, "048096139100"),
        ("7.90901234560E+10", Column::Cccd, DetectorId::Cccd, "079090123456"),
        ("7.90901234560E+10", Negative, DetectorId::Cccd, ""),
        ("1.01090123456E+11", Column::Cccd, DetectorId::Cccd, "101090123456"),
        ("4.80961391E+12", Column::Cmnd, DetectorId::Cmnd, ""),
        ("3.6090123456E+10", Negative, DetectorId::Cccd, ""),
        ("0100109106", Column::Tax, DetectorId::Mst, "0100109106"),
        ("0912345678", Column::Phone, DetectorId::Phone, "0912345678"),
        ("0011004123456", Column::Bank, DetectorId::BankAccount, "0011004123456"),
    ] {
        let expected = if value.is_empty() { vec![] } else { vec![(detector, High, value.to_owned())] };
        assert_eq!(judge(text, column), expected, "{text} under {column:?}");
    }
    use Column::{Negative, Neutral, Record};
    for (text, columns, found) in [
        ("001090123456", &[Negative, Neutral, Record][..], false),
        ("012345678", &[Negative, Neutral, Record], false),
        ("DN4759122135078", &[Negative], false),
        // Hardly anything else is written like a card, and goods are.
        ("DN4759122135078", &[Neutral, Record], true),
        // What the cell itself says is nearer than its header.
        ("CCCD 001090123456", &[Negative, Neutral, Record], true),
        ("thẻ BHYT DN4759122135078", &[Negative, Neutral, Record], true),
        ("Đơn hàng 001090123456", &[Negative, Neutral, Record], false),
        ("Nộp BHXH theo đơn hàng 001090123456", &[Negative], false),
    ] {
        for column in columns {
            let hits = judge(text, *column);
            let is = hits.iter().any(|(d, confidence, _)| d.is_identifier() && *confidence >= Confidence::Medium);
            assert_eq!(is, found, "{text} under {column:?}: {hits:?}");
        }
    }
    for (text, is) in [
        ("12 Le Loi, Ha Noi", true),
        ("Xóm 3 Tân Lập,Hưng Hà", true),
        ("12 Lê Lợi, Hà Nội; lan@example.vn", true),
        ("12 Lê Lợi [P. Bến Nghé cũ], Quận 1", true),
        ("an.lan@example.vn, bao.lan@example.vn", false),
        ("https://example.vn/xa-tan-lap https://example.vn/b", false),
        ("let addr = socket.local_addr(first, second)", false),
        ("map[host] to map[port]", false),
    ] {
        let found = judge(text, Column::Address).iter().any(|(detector, ..)| *detector == DetectorId::Address);
        assert_eq!(found, is, "{text}");
    }
    // Under a name or an address the number still has its own say.
    assert_eq!(judge("001090123456", Column::Address).len(), 1);
}

#[test]
fn disguises_are_undone_and_named() {
    for (text, value, disguise) in [
        ("CCCD 001090123456", "001090123456", None),
        ("CCCD 001 090 123 456", "001090123456", None),
        ("CCCD 0 0 1 0 9 0 1 2 3 4 5 6", "001090123456", Some("spread-digits")),
        ("CCCD 0\u{200b}010\u{200d}90123456", "001090123456", Some("zero-width")),
        ("CCCD ００１０９０１２３４５６", "001090123456", Some("full-width")),
        ("CCCD ٠٠١٠٩٠١٢٣٤٥٦", "001090123456", Some("other-script")),
        ("CCCD OO1O9O123456", "001090123456", Some("look-alike-letters")),
        ("CCCD 00l090l23456", "001090123456", Some("look-alike-letters")),
        ("CCCD ОО1О9О123456", "001090123456", Some("look-alike-letters")),
        ("CCCD O01 O9O 123 456", "001090123456", Some("look-alike-letters")),
        ("CCCD 0010.9O12.3456", "001090123456", Some("look-alike-letters")),
        ("CCCD 00109-O1234-56", "001090123456", Some("look-alike-letters")),
        ("CCCD 0010**9012**3456", "001090123456", Some("odd-grouping")),
        ("CCCD 00 10901 234 56", "001090123456", Some("odd-grouping")),
        ("CCCD 001090\r\n> 123456", "001090123456", Some("odd-grouping")),
        ("CCCD không không một không chín không một hai ba bốn năm sáu", "001090123456", Some("number-words")),
    ] {
        let hits = scan(text);
        let [hit] = hits.as_slice() else { panic!("{text}: {hits:?}") };
        assert_eq!((hit.value.reveal(), hit.disguise), (value, disguise), "{text}");
        assert_eq!(hit.range, 5..text.len(), "{text}");
        assert!(hit.confidence >= Confidence::Medium, "{text}: {hit:?}");
    }
}

#[test]
fn a_number_in_words_is_no_name_however_its_letters_are() {
    for (text, found) in [
        ("Họ tên Lê Văn Tám - so bhxh: Một Năm Một Không Chín Chín Ba Năm Không Không - Hà Nội", [1, 1]),
        ("Họ tên: Lê Văn Tám, số CCCD: Không Không Một Không Chín Không Một Hai Ba Bốn Năm Sáu", [1, 1]),
        // Too few of them, and nothing that names a number.
        ("Họ tên: Tám Năm Ba Chín", [1, 0]),
        ("Họ tên: Lê Văn Tám, Ông Năm Bảy Chín", [2, 0]),
    ] {
        let hits = scan(text);
        let count = |is: fn(DetectorId) -> bool| hits.iter().filter(|h| is(h.detector)).count();
        assert_eq!(
            [count(|d| d == DetectorId::PersonName), count(DetectorId::is_identifier)],
            found,
            "{text}: {hits:?}"
        );
    }
}

#[test]
fn words_after_a_number_and_lists_count() {
    for (text, found) in [
        ("7912345678 (mã BHXH)", 1),
        ("7912345678 là mã số BHXH của em", 1),
        ("mã số BHXH: 7912345678, 7912345679 và 7912345680", 3),
        ("mã số BHXH:\n7912345678\n7912345679\n", 2),
        ("7912345678, CCCD 001090123456", 1),
        ("MST 0100109106, mã số BHXH 7912345678", 1),
        ("mã vận đơn 001090123456, 001090123457, 001090123458", 0),
    ] {
        let hits = scan(text);
        let n = hits.iter().filter(|h| h.detector.is_identifier() && h.confidence >= Confidence::Medium).count();
        assert_eq!(n, found, "{text}: {hits:?}");
    }
}

/// Makes so many random digits.
type Digits<'d> = &'d mut dyn FnMut(usize) -> String;

/// The shares the README tells, over an even sample of look-alikes.
#[test]
fn random_look_alikes_are_found_as_rarely_as_the_readme_says() {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut digits = |n: usize| {
        let mut text = String::new();
        for _ in 0..n {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            text.push(char::from(b'0' + (state >> 33) as u8 % 10));
        }
        text
    };
    let mut share = |detector: DetectorId, make: &mut dyn FnMut(Digits<'_>) -> String| {
        const N: u32 = 20_000;
        let found = (0..N).filter(|_| {
            let text = make(&mut digits);
            scan(&text).iter().any(|h| h.detector == detector && h.confidence >= Confidence::Medium)
        });
        f64::from(found.count() as u32) / f64::from(N)
    };
    let day = |d: Digits<'_>| {
        let n: u32 = d(6).parse().expect("digits");
        format!("{:02}/{:02}/{}", n % 28 + 1, n % 12 + 1, 1940 + n % 86)
    };
    let beside = share(DetectorId::Cccd, &mut |d| format!("{} {}", d(12), day(d)));
    assert!((0.013..0.019).contains(&beside), "twelve digits and a day: {beside}");
    let births = share(DetectorId::DateOfBirth, &mut |d| format!("{} {}", d(12), day(d)));
    assert!(births < 0.002, "a day beside twelve digits: {births}");
    assert!(share(DetectorId::DateOfBirth, &mut |d| day(d)) < 1e-9);
    let plates = share(DetectorId::Plate, &mut |d| format!("{}A-{}.{}", d(2), d(3), d(2)));
    assert!((0.75..0.85).contains(&plates), "laid out like a plate: {plates}");
    let codes = share(DetectorId::Plate, &mut |d| format!("{}A-{}", d(3), d(5)));
    assert!(codes < 1e-9, "three digits, a letter, five digits: {codes}");
    assert!(share(DetectorId::Diagnosis, &mut |d| format!("J{}.{}", d(2), d(1))) < 1e-9);
}

/// Ids made by chance announce nothing, however many are tried, and are no numbers themselves.
#[test]
fn hexadecimal_ids_announce_nothing() {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let mut found = Vec::new();
    for _ in 0..20_000 {
        let (a, b, n) = (random(), random(), 300_000_000_000 + random() % 700_000_000_000);
        // Digits and the two letters that spell most words, so that chance has less to wait for.
        let id: String = (0..14).map(|at| char::from(b"0123456789cccd"[(a >> (4 * at)) as usize % 14])).collect();
        // `CC` and twelve digits are an announced number whoever made them.
        if id.trim_start_matches('c').len() == 12 && id.ends_with(|c: char| c.is_ascii_digit()) {
            continue;
        }
        let uuid = format!(
            "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
            a >> 32,
            a >> 16 & 0xffff,
            a & 0xfff,
            b >> 52,
            b & 0xffff_ffff_ffff
        );
        for text in [
            format!("GET /api req={id} seq={n}"),
            format!("{id}: {n}"),
            format!("trace {uuid} {n}"),
            format!("CMND, {uuid} ok"),
        ] {
            let told = scan(&text).into_iter().filter(|h| h.confidence >= Confidence::Medium);
            found.extend(told.map(|h| format!("{text}: {h:?}")));
        }
    }
    assert!(
        found.is_empty(),
        "{} found:\n{}",
        found.len(),
        found.get(..found.len().min(30)).unwrap_or_default().join("\n")
    );
}
