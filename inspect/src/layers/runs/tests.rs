//! Runs that mean something, and those that do not.

use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn short_runs_are_told_as_long_ones_are(
        glued in "[a-z/]{0,18}",
        text in "[a-zA-Z0-9+/_-]{0,60}|(Số CCCD|so|001090123456| ){1,4}|PK\u{3}\u{4}[a-z]{9}|[0-9a-f-]{36}|\
                 (/Td6WFo|/9j/4A|//5TAOE|/v8AU|LS0|/api)[a-iq-yQ-SU-Z0-9/-]{12,40}|[０１２４-９ăâđêôơư]{4,8}|\
                 [\u{0}\u{1}\u{80}]{1,9}[0-9 .-]{0,14}[\u{0}\u{2}]{0,9}",
        tail in "[_-]{0,12}",
        encoded in any::<bool>(),
        cut in 0usize..4,
    ) {
        let mut run = glued.into_bytes();
        let groups = text.as_bytes().chunks(3).map(|c| [0, 1, 2].map(|n| c.get(n).copied().unwrap_or(b' ')));
        match encoded {
            true => run.extend(groups.flat_map(|group| base64::quantum(group, 3))),
            false => run.extend(text.bytes().filter(|b| in_run(*b))),
        }
        run.truncate(run.len().saturating_sub(cut));
        run.extend(tail.bytes());
        let (mut room, short) = (Vec::new(), short_means(&run));
        let means = codes(&run).any(|code| {
            code.decode(&run, &mut room);
            sniff::is_plausible(&room)
        });
        let shifted = codes(&run).next().and_then(|code| code.shifted(&run, &mut room));
        let is_message = is_message(&run, &mut room).is_some();
        prop_assert!(short.is_none_or(|short| short == (means || shifted.is_some() || is_message)), "{}", String::from_utf8_lossy(&run));
    }

    #[test]
    fn a_path_means_nothing_whatever_digits_stand_in_it(
        path in "/?([a-z0-9]{0,9}[-/_]){1,5}[a-zA-Z0-9]{0,20}|[a-iq-yQ-S/_-]{6}[a-iq-yQ-SU-Z0-9/_-]{10,36}",
        digits in "[0-9]{60}",
    ) {
        let digit = |(b, digit): (u8, u8)| if b.is_ascii_digit() { digit } else { b };
        let run: Vec<u8> = path.bytes().zip(digits.bytes()).map(digit).collect();
        if run.len() >= RUN_MIN && is_chance_whatever_digits(path.as_bytes()) {
            let mut room = Vec::new();
            let means = codes(&run).any(|code| {
                code.decode(&run, &mut room);
                sniff::is_plausible(&room)
            });
            let shifted = codes(&run).next().and_then(|code| code.shifted(&run, &mut room));
            prop_assert!(!means && shifted.is_none() && is_message(&run, &mut room).is_none() && mean_nothing(&run, &mut room), "{}", path);
        }
    }

    // `chot_detectors` takes that for granted. Each of its four hyphens begins a group of four from another beginning on,
    // and what its first digits come to begins no container.
    #[test]
    fn a_uuid_is_no_encoding(uuid in "([0-9a-f]|[0-5]){8}(-([0-9a-f]|[0-5]){4}){3}-([0-9a-f]|[0-5]){12}") {
        let mut room = Vec::new();
        Code::Base64.decode(uuid.as_bytes(), &mut room);
        prop_assert!(codes(uuid.as_bytes()).eq([Code::Base64]) && !sniff::is_plausible(&room), "{}", uuid);
        prop_assert_eq!(Code::Base64.shifted(uuid.as_bytes(), &mut room), None, "{}", uuid);
    }
}

fn hex(text: &str) -> String {
    text.bytes().map(|b| format!("{b:02x}")).collect()
}

fn wrapped(run: &str, width: usize) -> String {
    run.as_bytes().chunks(width).map(|line| String::from_utf8_lossy(line) + "\n").collect()
}

#[test]
fn short_lines_of_one_length_are_one_run() {
    let said = "Họ tên: Vi Thị Thử; số CCCD: 001090123456; hẹn trả";
    let base64: String = said
        .as_bytes()
        .chunks(3)
        .flat_map(|c| {
            let group = [0, 1, 2].map(|n| c.get(n).copied().unwrap_or(b' '));
            base64::quantum(group, 3).map(char::from)
        })
        .collect();
    let digests = wrapped(&hex(&"\u{1}\u{2}ÿ".repeat(20_000)), 32);
    let alone = "U+G7kSBDQ0NEIDAwMTA5MDEyMzQ1Ng";
    for (text, found) in [
        (wrapped(&hex(said), 32), 1),
        (wrapped(&hex(said), 16).replace('\n', "\r\n"), 1),
        (wrapped(&base64, 20), 1),
        (format!("{}Trân trọng\n", wrapped(&base64, 36)), 1),
        (format!("{digests}\n{}", wrapped(&hex(said), 32)), 1),
        (wrapped(&hex(&format!("{}{said}", "Kính gửi. ".repeat(9_000))), 32), 1),
        // Lines that are one each, among others as long.
        (format!("{0}\n{alone}\n{0}\n", "Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cX"), 1),
        (format!("{digests}{}\n{digests}", &hex("CCCD001090123456")), 1),
        // Lines of other lengths are none of a run, nor are those of digests.
        ("4343434430303130393031\n3233343536\n".into(), 0),
        (digests, 0),
    ] {
        let inspector = crate::Inspector::new(crate::Limits::default(), 2026);
        let inspection = inspector.inspect(Hint::default(), &text.clone().into_bytes()).inspection;
        let start: String = text.chars().take(80).collect();
        assert_eq!(inspection.distinct(chot_model::DetectorId::Cccd), found, "{start}");
        assert!(inspection.opaque.is_empty(), "{start} {:?}", inspection.opaque);
    }
}

fn base64_of(bytes: &[u8]) -> String {
    let group = |c: &[u8]| {
        let three = [0, 1, 2].map(|n| c.get(n).copied().unwrap_or(0));
        base64::quantum(three, c.len() as u8).map(char::from)
    };
    bytes.chunks(3).flat_map(group).collect()
}

#[test]
fn text_of_old_character_sets_is_text() {
    // Letters of TCVN3, VNI and windows-1258; the last two begin with nothing but ASCII, and have a line for each person.
    let texts: [&[u8]; 5] = [
        b"Th\xabng tin b\xe6 sung h\xe5 s\xac: h\xe4 t\xaan \xa7\xc6ng Th\xb6o Th\xacm; s\xe8 CCCD 001090123456; \xae\xb7",
        b"K\xednh g\xf6\xfbi anh ch\xf2, so\xe1 CCCD cu\xfba \
          \xd1a\xebng Thi Th\xf4m la\xf8 001090123456, nh\xf4\xf8 ca\xe4p nha\xe4t",
        b"Nh\xf5\xcc b\xf4\xf2 ph\xe2\xf2n m\xf4\xf2t \
          c\xfd\xd2a ki\xea\xd2m tra: c\xe3n c\xfd\xf5\xecc c\xf4ng d\xe2n: 001090123456, xin c\xe1m \xf5n",
        b"STT,Ho ten nguoi tham gia,So can cuoc cong dan,\
          Noi dang ky,Ghi chu chung\n1,Nguy\xd4n V\xa8n An,001090123456,H\xb5 N\xe9i,\n",
        b"id;name;identity_number;registered_at;\
          remarks_of_the_office;x;y;z;\r\n1;L\xea V\xe3n An;001090123456;Hu\xea\xec;;1;2;3;\r\n",
    ];
    for text in texts {
        let hex: String = text.iter().map(|b| format!("{b:02x}")).collect();
        for run in
            [base64_of(text), format!("{{\"tep\": \"{}\"}}", base64_of(text)), hex, wrapped(&base64_of(text), 76)]
        {
            let inspector = crate::Inspector::new(crate::Limits::default(), 2026);
            let inspection = inspector.inspect(Hint::default(), &run.clone().into_bytes()).inspection;
            assert_eq!(inspection.distinct(chot_model::DetectorId::Cccd), 1, "{run}");
            assert!(inspection.opaque.is_empty(), "{run}");
        }
    }
}

#[test]
fn keys_are_no_text_of_any_set() {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut byte = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    for len in [49, 64, 66, 128, 256] {
        for _ in 0..4_000 {
            let key: Vec<u8> = (0..len).map(|_| byte()).collect();
            assert!(!sniff::is_plausible(&key) || sniff::is_container(&key), "{key:x?}");
        }
    }
    // Written, but not by anybody: letters of the old sets alone, and codes of a picture.
    for key in [[0xe1; 80].as_slice(), &[b'a', 0xff, 0xfe].repeat(30), &[b"so \x01".as_slice(), &[0xe8; 70]].concat()] {
        assert!(!sniff::is_plausible(key), "{key:x?}");
    }
}

#[test]
fn a_container_that_an_escape_cuts_is_read_where_that_is_undone() {
    use std::io::Write;
    // The first piece is to be long enough.
    const UNIX: u8 = 3;
    let said = "Nhờ kiểm tra giúp số CCCD: 001090123456 của anh Võ Đặng Thử và gửi lại trước ngày mai.";
    let mut gz = flate2::GzBuilder::new()
        .operating_system(UNIX)
        .filename("ho-so-1.txt")
        .write(Vec::new(), flate2::Compression::fast());
    gz.write_all(said.as_bytes()).expect("memory");
    let gz = gz.finish().expect("memory");
    let percent = |run: &str| run.replace('/', "%2F").replace('+', "%2B").replace('=', "%3D");
    let printable = |run: &str| {
        let run = run.replace('=', "=3D");
        run.as_bytes().chunks(75).map(String::from_utf8_lossy).collect::<Vec<_>>().join("=\n")
    };
    let run = base64_of(&gz);
    assert!(run.contains(['/', '+']) && run.len() > 75, "{run}");
    let cut = base64_of(&gz[..gz.len() - 20]);
    for (text, found, opaque) in [
        (percent(&run), 1, 0),
        (printable(&run), 1, 0),
        (format!("Tệp: {}\nhết %20", percent(&run)), 1, 0),
        (format!("Tệp: {run}"), 1, 0),
        // What is broken all the same is told.
        (cut.clone(), 1, 1),
        (percent(&cut), 1, 1),
        (printable(&cut), 1, 1),
        (format!("{cut}%20"), 1, 1),
    ] {
        let inspector = crate::Inspector::new(crate::Limits::default(), 2026);
        let inspection = inspector.inspect(Hint::default(), &text.clone().into_bytes()).inspection;
        let told = (inspection.distinct(chot_model::DetectorId::Cccd), inspection.opaque.len());
        assert_eq!(told, (found, opaque), "{text} {:?}", inspection.opaque);
    }
}

#[test]
fn bytes_of_databases_and_base32_in_small_letters_are_read() {
    let said = "số CCCD: 001090123456";
    for (text, found) in [
        (format!("INSERT INTO t VALUES (1, '\\x{}'::bytea);", hex(said)), 1),
        (format!("{{\"a\": \"\\\\x{}\"}}", hex(said)), 1),
        (format!("1\t\\\\x{}\n", hex(&said.repeat(4_000))), 1),
        // `Số CCCD: 001090123456`, and a name that a program gave.
        ("kpq3xejainbugrb2eaydamjqheydcmrtgq2tm".into(), 1),
        ("somethinglongwithoutdigits".into(), 0),
        ("opq3xeja".repeat(9), 0),
    ] {
        let inspector = crate::Inspector::new(crate::Limits::default(), 2026);
        let inspection = inspector.inspect(Hint::default(), &text.clone().into_bytes()).inspection;
        let start: String = text.chars().take(80).collect();
        assert_eq!(inspection.distinct(chot_model::DetectorId::Cccd), found, "{start}");
    }
}

#[test]
fn a_word_on_the_next_line_is_no_part_of_a_run() {
    // `Số căn cước công dân: 001090123456`
    let run = "U+G7kSBjxINuIGPGsOG7m2MgY8O0bmcgZMOibjogMDAxMDkwMTIzNDU2";
    let (first, second) = run.split_at(40);
    for text in [format!("{run}\nEND\n"), format!("x {run}\r\n  trân trọng"), format!("{first}\n{second}\n")] {
        let inspector = crate::Inspector::new(crate::Limits::default(), 2026);
        let inspection = inspector.inspect(Hint::default(), &text.clone().into_bytes()).inspection;
        assert_eq!(inspection.distinct(chot_model::DetectorId::Cccd), 1, "{text}");
    }
}

#[test]
fn a_short_run_with_a_folder_before_it_means_something() {
    // `Số CCCD 001090123456`
    for run in ["U+G7kSBDQ0NEIDAwMTA5MDEyMzQ1Ng", "x/U+G7kSBDQ0NEIDAwMTA5MDEyMzQ1Ng"] {
        assert_ne!(short_means(run.as_bytes()), Some(false), "{run}");
    }
    assert!(is_chance_whatever_digits(b"/api/v1/ho-so/123456"));
    assert!(!is_chance_whatever_digits(b"/1/v1/ho-so/12345678"));
    for run in ["63d4b27a-7d48-4c1e-a9f0-5b7c12ad9e3f", "/api/v1/ho-so/123456"] {
        let mut block = [b'Q'; BLOCK];
        block[..run.len()].copy_from_slice(run.as_bytes());
        assert!(is_chance(run.as_bytes(), &block, among(&block, *b"-_+/")), "{run}");
    }
}
