//! Techniques of hiding: each with one message that is found out, and one that only looks like it.
//!
//! All numbers are invented and only laid out as real ones.

use std::io::Write;

use chot_inspect::{Hint, Inspector, Limits};
use chot_model::{DetectorId, Inspection};

fn inspect(bytes: &[u8]) -> Inspection {
    static INSPECTOR: std::sync::LazyLock<Inspector> =
        std::sync::LazyLock::new(|| Inspector::new(Limits::default(), 2026));
    INSPECTOR.inspect(Hint::default(), &bytes.to_vec()).inspection
}

struct Technique {
    /// What the inspection says of it; empty where the technique is part of a format and hides nothing.
    name: &'static str,
    hidden: Vec<u8>,
    innocent: Vec<u8>,
}

fn row(name: &'static str, hidden: impl Into<Vec<u8>>, innocent: impl Into<Vec<u8>>) -> Technique {
    Technique { name, hidden: hidden.into(), innocent: innocent.into() }
}

const SAID: &str = "Số CCCD của chị là 001190123456 nhé";

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let group = chunk.iter().fold(0u32, |n, b| n << 8 | u32::from(*b)) << (8 * (3 - chunk.len()));
        for n in 0..4 {
            out.push(if n > chunk.len() { '=' } else { char::from(ALPHABET[(group >> (18 - 6 * n) & 63) as usize]) });
        }
    }
    out
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    out.write_all(bytes).expect("memory");
    out.finish().expect("memory")
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    out.write_all(bytes).expect("memory");
    out.finish().expect("memory")
}

fn moved(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().map(|b| b.wrapping_add(42)).collect()
}

/// An archive of one stored member.
fn zip(name: &str, data: &[u8]) -> Vec<u8> {
    let mut crc = flate2::Crc::new();
    crc.update(data);
    let len = (data.len() as u32).to_le_bytes();
    let mut common = vec![20, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    common.extend(crc.sum().to_le_bytes());
    common.extend(len);
    common.extend(len);
    common.extend((name.len() as u16).to_le_bytes());
    common.extend([0, 0]);
    let local = [b"PK\x03\x04", &common[..], name.as_bytes(), data].concat();
    let central = [b"PK\x01\x02\x14\x00", &common[..], &[0; 14], name.as_bytes()].concat();
    let end = [
        &b"PK\x05\x06\0\0\0\0\x01\0\x01\0"[..],
        &(central.len() as u32).to_le_bytes(),
        &(local.len() as u32).to_le_bytes(),
        &[0, 0],
    ];
    [local, central, end.concat()].concat()
}

fn wide(text: &str, big: bool) -> Vec<u8> {
    let bytes = |c: char| if big { (c as u32).to_be_bytes() } else { (c as u32).to_le_bytes() };
    text.chars().flat_map(bytes).collect()
}

fn techniques() -> Vec<Technique> {
    let said = SAID.as_bytes();
    vec![
        row("", "Số CCCD 001190123456", "Số đơn hàng 001190123456"),
        row(
            "other-script",
            "căn cước công dân: 〇〇一一九〇一二三四五六",
            "mã vận đơn 〇〇一一九〇一二三四五六, 二〇二六年一月",
        ),
        row("other-script", "Số CCCD 零零壹壹玖零壹贰叁肆伍陆 nhé", "Số đơn hàng 零零壹壹玖零壹贰叁肆伍陆"),
        row("split", "Số CCCD:\t0011\t9012\t3456", "Số lượng:\t0011\t9012\t3456"),
        // Old character sets, as bytes and as a program that knew none of them took them.
        row(
            "",
            b"M\xb7 s\xe8 c\xa8n c\xad\xedc c\xf1a anh 0011-9012-3456".to_vec(),
            b"M\xb7 \xae\xacn h\xb5ng 001190123456".to_vec(),
        ),
        row(
            "",
            b"So\xe1 ca\xean c\xf6\xf4\xf9c 0011-9012-3456, co\xe2ng da\xe2n".to_vec(),
            b"So\xe1 \xf1\xf4n ha\xf8ng 001190123456".to_vec(),
        ),
        row(
            "",
            b"m\xe3 s\xd3 th\xc8, s\xd3 c\xe6n c\xdc\xa7c 0011-9012-3456".to_vec(),
            b"m\xe3 s\xd3 v\xc6n \xc7\xd6n 001190123456".to_vec(),
        ),
        row("tcvn3", "Sè c¨n c\u{ad}íc c«ng d©n 0011·9012·3456", "Sè vËn ®¬n cña kh¸ch 0011·9012·3456"),
        row("vni", "Soá caên cöôùc coâng daân: 0011·9012·3456", "Soá vaän ñôn cuûa khaùch 0011·9012·3456"),
        row(
            "mojibake",
            "sá»‘ sá»• báº£o hiá»ƒm xÃ£ há»™i, sá»‘ cÄƒn cÆ°á»›c 0011·9012·3456",
            "sá»‘ Ä‘Æ¡n hÃ\u{a0}ng 0011·9012·3456",
        ),
        row("viqr", "So^' ca(n cu+o+'c co^ng da^n: 0011·9012·3456", "So^' va^.n ddo+n cu?a kha'ch 0011·9012·3456"),
        row("utf-7", "S+HtE- CCCD +ADAAMAAxADEAOQAw-123456", "T+HtU-ng +ADAAMAAx- 22 kg"),
        // UTF-32 has a format of its own.
        row("", wide(SAID, false), wide("Số đơn hàng 001190123456", false)),
        row("", wide(SAID, true), wide("Số đơn hàng 001190123456", true)),
        // Markup between digits.
        row("", "Số CCCD 0011<b>90</b>123456 nhé", "if 0011<b && c>190123456"),
        row("tags", "Số CCCD 0011<!-- x -->90<!---->123456 nhé", "Số lượng 0011 <!-- 90 --> 123456"),
        row("tags", r#"{"noi_dung":"so CCCD 0011<i>90</i>123456"}"#, r#"{"noi_dung":"so luong 11<i>90</i>12"}"#),
        row("", "<p>Số CCCD: 0011<!-- x -->90<b></b>123456</p>", "<p>Số 0011</p><p>90123456</p>"),
        // Escapes.
        row("escape", r"so CCCD \30 \30 \31 \31 \39 \30 \31 \32 \33 \34 \35 \36", r"C:\30\30\31\31\39\data"),
        row("escape", r"so CCCD \060\060\061\061\071\060123456", r"\060\060\061"),
        row("escape", r"so CCCD \u{30}\u{30}\u{31}\u{31}\u{39}\u{30}123456", r"\u{1f600}\u{1f600}\u{1f600}"),
        row("escape", "so CCCD %u0030%u0030%u0031%u0031%u0039%u0030123456", "%u0068%u0069%u0021"),
        row("escape", r"so CCCD \x30\x30\x31\x31\x39\x30123456", r"\x00\x01\x02"),
        row("quoted-printable", "so CCCD =30=30=31=31=39=30123456", "a=30&b=30&c=31"),
        row(
            "quoted-printable",
            "so CCCD 0011=3901=323456 =E1=BB=91",
            "ten=E1=BB=91=20 bytes=820888878928 ts=170273437157",
        ),
        // Parts beside each other.
        row(
            "split",
            "hoTen=An&soCCCD1=0011&soCCCD2=9012&soCCCD3=3456",
            "dienThoai1=0911&dienThoai2=9012&dienThoai3=3456",
        ),
        row("split", "cc1=001&cc2=190&cc3=123&cc4=456&ten=An", "cc1=001&cc2=190&dd3=123&cc4=456&ten=An"),
        row("split", "o[1]=0011&o[2]=9012&o[3]=3456", "o[1]=0011&o[2]=9012&o[3]=345"),
        row("split", "so1=001190&so2=123456", "so1=00&so2=11&so3=90&so4=12&so5=34&so6=56"),
        row("split", r#"{"soCCCD": ["0011", "9012", "3456"]}"#, r#"{"diem": ["0011", "9012", "3456"]}"#),
        row("split", r#"{"cccd": [0,0,1,1,9,0,1,2,3,4,5,6]}"#, r#"{"x": [0,0,1,1,9,0,1,2,3,4,5,6]}"#),
        row("split", r#"[{"cccd": "001190"}, {"cccd": "123456"}]"#, r#"[{"cccd": "001190"}, {"tien": "123456"}]"#),
        row(
            "split",
            "<ds><so_cccd>001190</so_cccd><so_cccd>123456</so_cccd></ds>",
            "<ds><x>001190</x><y>123456</y></ds>",
        ),
        row(
            "split",
            "<form><input name='cccd[]' value='001190'><input name='cccd[]' value='123456'></form>",
            "<form><input name='x[]' value='001190'><input name='x[]' value='123456'></form>",
        ),
        row(
            "split",
            "STT,Họ tên,Số CCCD,,\n1,An,0011,9012,3456\n2,Bình,,,\n",
            "STT,Họ tên,Tọa độ,,\n1,An,0011,9012,3456\n2,Bình,,,\n",
        ),
        row(
            "split",
            "Họ tên;An;;\nSố CCCD;0011;9012;3456\nĐịa chỉ;Hà Nội;;\n",
            "Họ tên;An;;\nĐiện thoại;0911;9012;3456\nĐịa chỉ;Hà Nội;;\n",
        ),
        row(
            "split",
            "--x7\r\nContent-Disposition: form-data; name=\"soCCCD1\"\r\n\r\n001190\r\n--x7\r\nContent-Disposition: form-data; name=\"soCCCD2\"\r\n\r\n123456\r\n--x7--\r\n",
            "--x7\r\nContent-Disposition: form-data; name=\"soCCCD1\"\r\n\r\n001190\r\n--x7--\r\n",
        ),
        // Behind something else.
        row(
            "appended",
            [b"\x89PNG\r\n\x1a\n\0\0\0\0IEND\0\0\0\0", &zip("a.txt", said)[..]].concat(),
            [b"MZ\x90\0\x03\0\0\0", &zip("a.txt", "khong co gi".as_bytes())[..]].concat(),
        ),
        row(
            "appended",
            [b"MZ\x90\0\x03\0\0\0\xff\xff", &zip("a.txt", said)[..]].concat(),
            b"MZ\x90\0\x03\0\0\0\xff\xffPK\x03\x04\0\0\0\0".to_vec(),
        ),
        row(
            "",
            r"{\rtf1\ansi S\u7889? CCCD: {\b 0011}90\i0 123456\par}",
            r"{\rtf1\ansi S\u7889? kg: {\b 0011}\par 90\i0 123456\par}",
        ),
        row(
            "",
            [&b"\xff\xd8\xff\xfe\x00\x2c"[..], said, b"\xff\xd9\0\0\x01\x02\x03"].concat(),
            b"\xff\xd8\xff\xfe\x00\x0a001190\xff\xd9\0\0\x01\x02\x03".to_vec(),
        ),
        // Encodings, one within another.
        row("base64", base64(said), base64(b"Xin chao cac anh chi, hen gap lai")),
        // Messages of programs: a frame, fields with their lengths.
        row(
            "base64",
            base64(&[b"\x00\x00\x00\x00\x2a\x0a\x28", said, b"\xff"].concat()),
            base64(b"\x00\x00\x00\x00\x18\x0a\x16\xff so don hang 001190123456"),
        ),
        row("hex", hex(&[b"\x92\xa3", said].concat()), hex(b"\x92\xa3\xff so don hang 001190123456")),
        row(
            "base64",
            format!("https://example.vn/tep/{}", base64(said)),
            "https://example.vn/tai-lieu/huong-dan-su-dung-phan-mem-v2",
        ),
        row(
            "base64",
            format!("ghichu_{}", base64(said)),
            "VanBanHuongDanThucHienNghiQuyetSo12CuaChinhPhuVeCaiCachHanhChinh",
        ),
        row("hex", format!("0x{}", hex(said)), "0x00119012345600119012345600119012345600"),
        row("base64", format!("Anh xem {} nhé", base64(&gzip(said))), base64(&gzip(b"khong co gi o day ca"))),
        row("base64", format!("data={}", base64(&zlib(said))), base64(&zlib(b"khong co gi o day ca"))),
        row(
            "base64",
            base64(b"So\xe1 ca\xean c\xf6\xf4\xf9c 001190123456, co\xe2ng da\xe2n"),
            base64(b"So\xe1 \xf1\xf4n ha\xf8ng 001190123456"),
        ),
        row("hex", base64(&gzip(hex(said).as_bytes())), base64(&gzip(hex(b"khong co gi o day ca").as_bytes()))),
        row(
            "base85",
            "<~;rP?N+@AL`6m-!u];K'[@qai5M]ciRTHGpB0ek[B0etOA2)ZRpBZ$e~>",
            "<~CM7X(B-:]&+D5C2D]iS!Gp$U*+Cno'+Dtk(~>",
        ),
        row(
            "base85",
            "Anh xem Q{lUjAVWh#L?C0~yQg6wV`$;Kiy&;npdc_XF)=wXF)}kWH8vn_Xv3)",
            "YiMt7XCPy5AZKYHZy;o0c_3q9AY@^6AZ}=7",
        ),
        row(
            "yenc",
            [b"=ybegin line=128 size=41 name=a.txt\r\n", &moved(said)[..], b"\r\n=yend size=41\r\n"].concat(),
            "=ybegin la gi vay em 001190123456x",
        ),
        row("hex", hex(base64(hex(said).as_bytes()).as_bytes()), hex(base64(b"khong co gi o day ca").as_bytes())),
        row(
            "hex",
            said.iter().map(|b| format!("0x{b:02x}, ")).collect::<String>(),
            "0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08",
        ),
        row("hex", said.iter().map(|b| format!("{b:02X} ")).collect::<String>(), "00 11 90 12 34 56 00 11 90 12 34 56"),
    ]
}

#[test]
fn what_is_hidden_is_found_and_what_only_looks_so_is_left() {
    let mut wrong = Vec::new();
    for Technique { name, hidden, innocent } in techniques() {
        let inspection = inspect(&hidden);
        let shown = String::from_utf8_lossy(&hidden);
        let shown: String = shown.chars().take(80).collect();
        if inspection.distinct(DetectorId::Cccd) != 1 {
            wrong.push(format!("missed {name} {shown}: {inspection:?}"));
        } else if !name.is_empty() && !inspection.disguises.contains(&name) {
            wrong.push(format!("not named {name} {shown}: {:?}", inspection.disguises));
        }
        let inspection = inspect(&innocent);
        if inspection.identifiers() != 0 {
            wrong.push(format!("mistaken {name} {}: {inspection:?}", String::from_utf8_lossy(&innocent)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
