//! What the clerk sends, and what must happen to it.

use std::future::Future;
use std::io;
use std::pin::Pin;

use chot_model::DecisionId;

use super::clerk::{Answer, Clerk, Upload};
use super::people::{Dice, Person};
use super::xlsx::{Cell, workbook};
use super::{FORM, Outside};

/// The people of the demo, the same every time.
const SEED: u64 = 20_261_121;
/// An address of nobody we exchange data with, and one of our own.
const OUTSIDER: &str = "le.minh@doi-tac.example";
const COLLEAGUE: &str = "tran.thu@vss.gov.vn";
const CLERK: &str = "nguyen.an@vss.gov.vn";

type Played<'a> = Pin<Box<dyn Future<Output = Result<String, String>> + 'a>>;

/// One thing the clerk does.
pub(super) struct Scene {
    pub(super) vi: &'static str,
    pub(super) en: &'static str,
    /// Does it and checks what arrived; says what happened.
    pub(super) play: for<'a> fn(&'a Clerk, &'a Outside) -> Played<'a>,
}

pub(super) const SCENES: &[Scene] = &[
    Scene {
        vi: "Gửi danh sách 120 người (xlsx) lên Zalo.",
        en: "A register of 120 people (xlsx) on its way to Zalo.",
        play: |clerk, outside| Box::pin(register_to_zalo(clerk, outside)),
    },
    Scene {
        vi: "Nhắn một dòng có một số CCCD qua Zalo.",
        en: "A chat line with one citizen number to Zalo.",
        play: |clerk, outside| Box::pin(chat_line_to_zalo(clerk, outside)),
    },
    Scene {
        vi: "Gửi thư có hai mã số BHXH ra ngoài.",
        en: "A mail with two insurance numbers to an outside party.",
        play: |clerk, outside| Box::pin(mail_to_an_outsider(clerk, outside)),
    },
    Scene {
        vi: "Gửi đúng thư ấy cho đồng nghiệp.",
        en: "The same mail to a colleague.",
        play: |clerk, outside| Box::pin(mail_to_a_colleague(clerk, outside)),
    },
    Scene {
        vi: "Gửi bảng hóa đơn không có dữ liệu cá nhân.",
        en: "A spreadsheet of an invoice without personal data.",
        play: |clerk, outside| Box::pin(invoice_to_a_partner(clerk, outside)),
    },
];

async fn register_to_zalo(clerk: &Clerk, outside: &Outside) -> Result<String, String> {
    let file = register(&Person::invent_many(120, SEED)).map_err(said)?;
    let (content_type, body) = multipart("danh-sach.xlsx", &file);
    let port = outside.zalo.0.port();
    let path = "/api/message/asyncfile/upload";
    let answer =
        clerk.post(&Upload { host: super::ZALO[0], port, path, content_type: &content_type, body: &body }).await;
    refused(&answer.map_err(said)?)
}

async fn chat_line_to_zalo(clerk: &Clerk, outside: &Outside) -> Result<String, String> {
    let someone = Person::invent(&mut Dice::new(SEED + 1));
    let body = format!("toid=4711&message=Số+CCCD+của+chị+ấy+là+{}", someone.cccd);
    let upload = Upload {
        host: super::ZALO[1],
        port: outside.zalo.0.port(),
        path: "/api/message/sms",
        content_type: "application/x-www-form-urlencoded",
        body: body.as_bytes(),
    };
    refused(&clerk.post(&upload).await.map_err(said)?)
}

async fn mail_to_an_outsider(clerk: &Clerk, outside: &Outside) -> Result<String, String> {
    let (mail, numbers) = letter(OUTSIDER);
    let answer = clerk.mail(CLERK, OUTSIDER, &mail).await.map_err(said)?;
    expect(answer.code == 250, &answer)?;
    let arrived = only(outside.relay.1.take())?;
    expect(numbers.iter().all(|number| !arrived.contains(number)), &answer)?;
    expect(arrived.contains("Kính gửi") && arrived.contains("Trân trọng"), &answer)?;
    Ok("ĐÃ CHE: thư đến nơi, không còn số nào · REDACTED: delivered, no number in it".to_owned())
}

async fn mail_to_a_colleague(clerk: &Clerk, outside: &Outside) -> Result<String, String> {
    let (mail, _) = letter(COLLEAGUE);
    let answer = clerk.mail(CLERK, COLLEAGUE, &mail).await.map_err(said)?;
    expect(answer.code == 250, &answer)?;
    let arrived = only(outside.relay.1.take())?;
    // A relay may add header lines on top; it changes nothing else.
    expect(arrived.trim_end().ends_with(&mail), &answer)?;
    Ok("CHO QUA: nguyên vẹn · ALLOWED: delivered as it was".to_owned())
}

async fn invoice_to_a_partner(clerk: &Clerk, outside: &Outside) -> Result<String, String> {
    let (content_type, body) = multipart("hoa-don.xlsx", &invoice().map_err(said)?);
    let port = outside.form.0.port();
    let answer = clerk.post(&Upload { host: FORM, port, path: "/gui", content_type: &content_type, body: &body }).await;
    let answer = answer.map_err(said)?;
    expect(answer.code == 200, &answer)?;
    let [arrived] = outside.form.1.take().try_into().map_err(|_| "not exactly one request arrived".to_owned())?;
    expect(arrived.body == body, &answer)?;
    Ok(format!("CHO QUA: đúng từng byte · ALLOWED: {} bytes, all the same", arrived.body.len()))
}

/// A 403 with a decision number, and what the clerk reads there.
fn refused(answer: &Answer) -> Result<String, String> {
    expect(answer.code == 403, answer)?;
    let said: serde_json::Value = serde_json::from_str(&answer.text).map_err(|why| why.to_string())?;
    let text = |path: &str| said.pointer(path).and_then(serde_json::Value::as_str).unwrap_or_default();
    let id = DecisionId::parse(text("/decision")).ok_or("the refusal quotes no decision")?;
    Ok(format!(
        "BỊ CHẶN, không byte nào tới nơi · BLOCKED, not a byte arrived\n“{}”\nquy tắc · rule {}, quyết định · decision {id}",
        text("/message/vi"),
        text("/rule")
    ))
}

fn expect(is_so: bool, answer: &Answer) -> Result<(), String> {
    if is_so { Ok(()) } else { Err(format!("{} {}", answer.code, answer.text.lines().next().unwrap_or_default())) }
}

fn said(why: io::Error) -> String {
    why.to_string()
}

fn only(mut received: Vec<super::outside::Received>) -> Result<String, String> {
    match (received.pop(), received.is_empty()) {
        (Some(mail), true) => String::from_utf8(mail.body).map_err(|why| why.to_string()),
        _ => Err("not exactly one mail arrived".to_owned()),
    }
}

/// A browser's upload of one file.
fn multipart(name: &str, file: &[u8]) -> (String, Vec<u8>) {
    const BOUNDARY: &str = "----WebKitFormBoundary7MA4YWxkTrZu0gW";
    let mut body = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\nContent-Type: \
         application/vnd.openxmlformats-officedocument.spreadsheetml.sheet\r\n\r\n"
    )
    .into_bytes();
    body.extend_from_slice(file);
    body.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
    (format!("multipart/form-data; boundary={BOUNDARY}"), body)
}

fn register(people: &[Person]) -> io::Result<Vec<u8>> {
    let header = ["STT", "Họ và tên", "Ngày sinh", "Số CCCD", "Mã số BHXH", "Địa chỉ"];
    let rows = people.iter().zip(1_u64..).map(|(p, n)| {
        vec![
            Cell::from(n),
            Cell::from(p.name.as_str()),
            Cell::from(p.born.as_str()),
            Cell::from(p.cccd.as_str()),
            Cell::from(p.bhxh.as_str()),
            Cell::from(p.address.as_str()),
        ]
    });
    workbook("Danh sách", &[header.map(Cell::from).to_vec()].into_iter().chain(rows).collect::<Vec<_>>())
}

fn invoice() -> io::Result<Vec<u8>> {
    let goods = [
        ("Giấy A4 70gsm", "ram", 120, 68_000),
        ("Mực in laser", "hộp", 8, 1_250_000),
        ("Bìa hồ sơ", "cái", 500, 3_200),
    ];
    let mut rows = vec![
        vec![Cell::from("HÓA ĐƠN GIÁ TRỊ GIA TĂNG"), Cell::from("Ký hiệu 1C26TAA"), Cell::from("Số 00001234")],
        ["STT", "Tên hàng", "ĐVT", "Số lượng", "Đơn giá", "Thành tiền"].map(Cell::from).to_vec(),
    ];
    for ((name, unit, count, price), n) in goods.into_iter().zip(1_u64..) {
        let cells = [n.into(), name.into(), unit.into(), Cell::from(count), price.into(), (count * price).into()];
        rows.push(cells.to_vec());
    }
    workbook("Hóa đơn", &rows)
}

/// A letter about two people, and their numbers.
fn letter(to: &str) -> (String, Vec<String>) {
    let people = Person::invent_many(2, SEED + 2);
    let numbers: Vec<_> = people.iter().map(|p| p.bhxh.clone()).collect();
    let list: String = people.iter().map(|p| format!("- Mã số BHXH: {}\r\n", p.bhxh)).collect();
    let mail = format!(
        "From: <{CLERK}>\r\nTo: <{to}>\r\nSubject: =?UTF-8?Q?X=C3=A1c_nh=E1=BA=ADn_qu=C3=A1_tr=C3=ACnh?=\r\n\
         Message-ID: <demo-{}@vss.gov.vn>\r\nDate: Sat, 21 Nov 2026 08:00:00 +0700\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\
         Kính gửi anh Minh,\r\n\r\nĐề nghị xác nhận quá trình đóng của hai trường hợp sau:\r\n{list}\r\nTrân trọng.",
        to.len()
    );
    (mail, numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_must_quote_its_decision() {
        let answer = |code, text: &str| Answer { code, text: text.to_owned() };
        assert!(refused(&answer(403, r#"{"decision":"018bcfe5-6800-7fff-bfff-ffffffffffff"}"#)).is_ok());
        assert!(refused(&answer(403, "{}")).is_err());
        assert!(refused(&answer(403, "no")).is_err());
        assert!(refused(&answer(200, r#"{"decision":"018bcfe5-6800-7fff-bfff-ffffffffffff"}"#)).is_err());
    }
}
