//! The one place that turns decisions and errors into what the person or program at the other end reads.
//!
//! Browsers get a page, Vietnamese first; programs get JSON. Neither ever holds a value that was found, only kinds
//! and counts.

use std::fmt::Write;
use std::io::{Read as _, Write as _};
use std::net::Shutdown;

use bytes::Bytes;
use chot_model::{Bilingual, DecisionId, DetectorId, Timestamp};
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use serde_json::json;
use tokio::net::TcpStream;

use crate::gate::Told;

/// The decision number, for programs and for pages that cannot read the body.
const DECISION: HeaderName = HeaderName::from_static("x-chot-decision");

macro_rules! reasons {
    ($($variant:ident $id:literal $status:ident $vi:literal $en:literal;)*) => {
        /// Why something was refused without a verdict on its content.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Why {
            $(#[doc = $en] $variant,)*
        }

        impl Why {
            /// The name in records and JSON.
            pub(crate) const fn id(self) -> &'static str {
                match self { $(Self::$variant => $id,)* }
            }

            /// The status of the answer.
            pub(crate) const fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status,)* }
            }

            /// The explanation, Vietnamese and English.
            const fn text(self) -> (&'static str, &'static str) {
                match self { $(Self::$variant => ($vi, $en),)* }
            }
        }
    };
}

reasons! {
    BadRequest "bad-request" BAD_REQUEST
        "Yêu cầu không đúng chuẩn HTTP nên không được chuyển đi." "The request is not valid HTTP and was not sent.";
    NotProxied "not-a-proxy-request" BAD_REQUEST
        "Địa chỉ này là cổng kiểm soát (proxy), không phải trang web." "This address is a proxy, not a web site.";
    Framing "bad-framing" BAD_REQUEST
        "Độ dài của yêu cầu không rõ ràng nên không được chuyển đi." "The length of the request is not clear, so it was not sent.";
    HeadTooLarge "head-too-large" REQUEST_HEADER_FIELDS_TOO_LARGE
        "Phần đầu của yêu cầu quá dài." "The head of the request is too large.";
    SlowHead "slow-head" REQUEST_TIMEOUT
        "Yêu cầu gửi tới quá chậm." "The head of the request arrived too slowly.";
    TransferCoding "transfer-coding" NOT_IMPLEMENTED
        "Kiểu mã hoá truyền này không kiểm tra được." "This transfer coding cannot be inspected.";
    Upgrade "upgrade" NOT_IMPLEMENTED
        "Giao thức được yêu cầu không kiểm tra được nên không được phép." "The protocol that was asked for cannot be inspected, so it is not allowed.";
    Http2 "bad-http2" BAD_REQUEST
        "Kết nối không đúng chuẩn HTTP/2." "The client sent what HTTP/2 does not allow.";
    Flood "http2-flood" TOO_MANY_REQUESTS
        "Kết nối gửi dồn dập các yêu cầu rồi huỷ." "The client floods the connection with requests that it cancels.";
    WebSocketFrame "websocket-frame" BAD_REQUEST
        "Dữ liệu WebSocket không đúng chuẩn nên không được chuyển đi." "A WebSocket frame is not valid and was not sent.";
    WebSocketSize "websocket-size" PAYLOAD_TOO_LARGE
        "Tin nhắn WebSocket quá lớn nên không kiểm tra được." "A WebSocket message is too large to be inspected.";
    Opaque "opaque-tunnel" FORBIDDEN
        "Kết nối không phải HTTP hay HTTPS nên không được phép." "The connection is neither HTTP nor HTTPS and is not allowed.";
    Silent "silent-tunnel" FORBIDDEN
        "Kết nối không gửi dữ liệu nên đã đóng." "The client sent nothing, so the connection was closed.";
    ClientTls "client-tls" BAD_REQUEST
        "Không thiết lập được kết nối bảo mật với máy này." "No TLS connection with the client could be made.";
    TargetAddress "target-address" FORBIDDEN
        "Địa chỉ đích thuộc mạng nội bộ hoặc dành riêng, không được phép qua cổng này." "The target is a loopback, private or reserved address, which is not allowed here.";
    NoSuchPage "no-such-page" NOT_FOUND
        "Cổng kiểm soát không có trang này." "The gateway has no such page.";
    HostName "host-name" FORBIDDEN
        "Tên máy chủ đích chứa dữ liệu không được gửi ra ngoài." "The name of the host holds data that may not leave.";
    AuthNeeded "auth-needed" PROXY_AUTHENTICATION_REQUIRED
        "Cần đăng nhập proxy bằng tài khoản của cơ quan." "The proxy asks who you are.";
    AuthFailed "auth-failed" PROXY_AUTHENTICATION_REQUIRED
        "Tên hoặc mật khẩu proxy không đúng." "The name or password for the proxy is wrong.";
    AuthNtlm "auth-ntlm" PROXY_AUTHENTICATION_REQUIRED
        "Máy này gửi NTLM, không phải vé Kerberos: máy chưa vào miền, hoặc không biết proxy bằng đúng tên." "The client sends NTLM and no Kerberos ticket: it is not in the domain, or knows the proxy by another name.";
    AuthRealm "auth-realm" PROXY_AUTHENTICATION_REQUIRED
        "Vé Kerberos thuộc miền không được chấp nhận ở đây." "The ticket is of a realm that does not count here.";
    AuthReplay "auth-replay" PROXY_AUTHENTICATION_REQUIRED
        "Vé Kerberos này đã được dùng một lần." "The ticket has been shown before.";
    AuthLegs "auth-legs" PROXY_AUTHENTICATION_REQUIRED
        "Máy này muốn xác thực qua nhiều bước, cổng chỉ nhận một." "The client wants to prove itself in several steps, of which one is taken here.";
    AuthClock "auth-clock" PROXY_AUTHENTICATION_REQUIRED
        "Đồng hồ của máy này hoặc của cổng bị lệch nên vé Kerberos không có hiệu lực." "The clock of the client or of the gateway is wrong, so the ticket does not count now.";
    AuthTicket "auth-ticket" PROXY_AUTHENTICATION_REQUIRED
        "Vé Kerberos không được chấp nhận." "The ticket is not accepted.";
    Tickets "tickets" SERVICE_UNAVAILABLE
        "Cổng kiểm soát không đọc được vé Kerberos lúc này nên không gửi gì đi. Hãy thử lại sau." "Tickets cannot be read now, so nothing was sent. Try again later.";
    Directory "directory" SERVICE_UNAVAILABLE
        "Không hỏi được danh bạ tài khoản của cơ quan nên không gửi gì đi. Hãy thử lại sau." "The directory that knows accounts cannot be asked now, so nothing was sent. Try again later.";
    ClientDistrust "client-distrust" BAD_REQUEST
        "Ứng dụng không tin chứng thư của cổng kiểm soát." "The client does not trust the gateway's certificate.";
    TargetPort "target-port" FORBIDDEN
        "Cổng kết nối này không nằm trong danh sách được phép." "This port is not one that may be connected to.";
    Parent "parent-failed" BAD_GATEWAY
        "Không kết nối được máy chủ proxy cấp trên." "The parent proxy could not be reached.";
    ParentAuth "parent-auth" BAD_GATEWAY
        "Máy chủ proxy cấp trên không chấp nhận tài khoản của cổng." "The parent proxy does not accept this gateway's credentials.";
    ParentRefused "parent-refused" BAD_GATEWAY
        "Máy chủ proxy cấp trên từ chối kết nối này." "The parent proxy refused the connection.";
    OwnAddress "own-address" LOOP_DETECTED
        "Địa chỉ đích chính là cổng kiểm soát." "The target is the gateway itself.";
    Loop "loop" LOOP_DETECTED
        "Yêu cầu đã đi qua cổng kiểm soát này." "The request has already been through this gateway.";
    NoSuchHost "no-such-host" BAD_GATEWAY
        "Không tìm thấy máy chủ đích." "The target host was not found.";
    Unreachable "unreachable" BAD_GATEWAY
        "Không kết nối được máy chủ đích." "The target could not be reached.";
    UpstreamTimeout "upstream-timeout" GATEWAY_TIMEOUT
        "Máy chủ đích không trả lời kịp thời." "The target did not answer in time.";
    UpstreamFailed "upstream-failed" BAD_GATEWAY
        "Máy chủ đích đóng kết nối hoặc trả lời sai chuẩn." "The target closed the connection or answered wrongly.";
    UpstreamCertificate "upstream-certificate" BAD_GATEWAY
        "Chứng thư của máy chủ đích không hợp lệ, nên không gửi gì tới đó." "The target's certificate does not verify, so nothing was sent there.";
    UpstreamTls "upstream-tls" BAD_GATEWAY
        "Không thiết lập được kết nối bảo mật với máy chủ đích." "No TLS connection with the target could be made.";
    ClientCertificate "client-certificate" BAD_GATEWAY
        "Máy chủ đích đòi chứng thư của chính máy khách (chữ ký số, USB token) mà cổng kiểm soát không có. Hãy báo bộ phận CNTT." "The target asks for a certificate of the client's own, which the gateway does not have. Tell the IT office.";
    Misdirected "misdirected" MISDIRECTED_REQUEST
        "Tên máy chủ trong yêu cầu không khớp với kết nối." "The host of the request does not belong to this connection.";
    SlowBody "slow-body" REQUEST_TIMEOUT
        "Nội dung gửi lên quá chậm." "The body arrived too slowly.";
    BodyAborted "body-aborted" BAD_REQUEST
        "Nội dung gửi lên bị ngắt giữa chừng." "The body ended before it was complete.";
    Gateway "gateway-failure" SERVICE_UNAVAILABLE
        "Cổng kiểm soát đang gặp sự cố, chưa ghi nhận được quyết định nên không gửi gì đi." "The gateway cannot record its decision now, so nothing was sent.";
}

/// What a client outside the listed networks hears.
pub(super) fn not_listed() -> Vec<u8> {
    line(
        "403 Forbidden",
        "",
        "Máy này không được dùng cổng kiểm soát (proxy). Hãy báo bộ phận CNTT.",
        "This client may not use the proxy.",
    )
}

/// What one hears whose connections are too many.
pub(super) fn too_many() -> Vec<u8> {
    line(
        "429 Too Many Requests",
        "",
        "Máy này đang mở quá nhiều kết nối qua cổng kiểm soát. Hãy đóng bớt chương trình rồi thử lại.",
        "This client has too many open connections.",
    )
}

/// What one hears for whom there is no place.
pub(super) fn full() -> Vec<u8> {
    line(
        "503 Service Unavailable",
        "Retry-After: 5\r\n",
        "Cổng kiểm soát đang có quá nhiều kết nối nên chưa nhận thêm, không gửi gì đi. Hãy thử lại sau ít giây; nếu lặp lại, \
         hãy báo bộ phận CNTT.",
        "The gateway has as many connections as there may be, so nothing was sent. Try again in a few seconds; if it happens \
         again, tell the IT office.",
    )
}

/// An answer to whatever is asked, before it is read.
fn line(status: &str, header: &str, vi: &str, en: &str) -> Vec<u8> {
    let body = format!("{vi}\n{en}\n");
    let head = "Content-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\nConnection: close";
    format!("HTTP/1.1 {status}\r\n{head}\r\n{header}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// Tells somebody at once, as far as that goes without waiting, that there is no place.
pub(super) fn at_the_door(stream: TcpStream) {
    let mut asked = [0; 4 << 10];
    let Ok(mut stream) = stream.into_std() else { return };
    // Closing with something unread resets the connection, and the answer with it.
    let _ = stream.read(&mut asked);
    let _ = stream.write_all(&full());
    let _ = stream.shutdown(Shutdown::Write);
}

/// What decides the form of an answer: read from the request before it is consumed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asker {
    wants_page: bool,
    origin: Option<HeaderValue>,
}

impl Asker {
    /// Reads Accept and Origin.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        Self { wants_page: wants_page(headers), origin: headers.get(header::ORIGIN).cloned() }
    }
}

/// Whether HTML is named in Accept with a weight at least that of JSON. `*/*` alone is a program.
fn wants_page(headers: &HeaderMap) -> bool {
    let weight = |wanted: &'static str| {
        let accept = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
        accept.flat_map(|ranges| ranges.split(',')).filter_map(move |range| {
            let mut parts = range.split(';');
            let is_wanted = parts.next()?.trim().eq_ignore_ascii_case(wanted);
            let q = parts.find_map(|p| p.trim().strip_prefix("q=").and_then(|q| q.trim().parse::<f32>().ok()));
            is_wanted.then_some((q.unwrap_or(1.0) * 1_000.0) as u32)
        })
    };
    let html = weight("text/html").chain(weight("application/xhtml+xml")).max().unwrap_or(0);
    html > 0 && html >= weight("application/json").max().unwrap_or(0)
}

/// The answer to a message that the policy keeps here.
pub(crate) fn of_verdict(asker: &Asker, told: &Told, host: &str, time: Timestamp) -> Response<Bytes> {
    let verdict = &told.verdict;
    let default = Bilingual {
        vi: "Nội dung này không được gửi ra ngoài theo quy định của cơ quan.".to_owned(),
        en: "This content must not leave, by the rules of this organisation.".to_owned(),
    };
    let message = verdict.message.as_ref().unwrap_or(&default);
    let contact = told.policy.contact().map_or_else(|| IT_OFFICE.to_owned(), ToString::to_string);
    let found = found(told);
    let body = if asker.wants_page {
        page(&Page {
            title: ("Đã chặn gửi", "Not sent"),
            message: (&message.vi, &message.en),
            found: &found,
            host,
            rule: verdict.rule.as_deref().unwrap_or_default(),
            contact: &contact,
            id: told.id,
            time,
        })
    } else {
        let findings: serde_json::Map<_, _> = told
            .inspection()
            .tallies
            .iter()
            .filter(|(_, tally)| tally.count > 0)
            .map(|(id, tally)| (id.id().to_owned(), json!({ "count": tally.count, "distinct": tally.distinct })))
            .collect();
        json!({
            "decision": told.id.to_string(),
            "action": verdict.action.id(),
            "rule": verdict.rule.as_deref(),
            "message": { "vi": message.vi, "en": message.en },
            "findings": findings,
            "persons": told.inspection().persons,
            "opaque": reasons(told),
            "not_redacted": verdict.why_not_redacted(),
            "destination": host,
            "contact": contact,
            "time": time.to_string(),
        })
        .to_string()
    };
    answer(asker, StatusCode::FORBIDDEN, told.id, body)
}

/// The answer to a message that the policy keeps here, where only a line of it can be told.
pub(crate) fn short(told: &Told) -> String {
    let message = told.verdict.message.as_ref().map(|message| message.vi.as_str());
    format!("{} {}", told.id, message.unwrap_or("Không được gửi theo quy định · not sent by policy"))
}

/// The answer when there is no verdict to tell about.
pub(crate) fn of_reason(asker: &Asker, why: Why, host: &str, id: DecisionId, time: Timestamp) -> Response<Bytes> {
    let (vi, en) = why.text();
    let body = if asker.wants_page {
        page(&Page {
            title: ("Không thực hiện được", "Not possible"),
            message: (vi, en),
            found: &[],
            host,
            rule: why.id(),
            contact: "",
            id,
            time,
        })
    } else {
        let message = json!({ "vi": vi, "en": en });
        json!({
            "decision": id.to_string(), "action": "refuse", "rule": null, "reason": why.id(), "message": message,
            "findings": {}, "destination": host, "time": time.to_string(),
        })
        .to_string()
    };
    answer(asker, why.status(), id, body)
}

fn answer(asker: &Asker, status: StatusCode, id: DecisionId, body: String) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    let kind = if asker.wants_page { "text/html; charset=utf-8" } else { "application/json; charset=utf-8" };
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    let csp = format!(
        "default-src 'none'; style-src 'nonce-{id}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    if let (Ok(csp), Ok(id)) = (HeaderValue::try_from(csp), HeaderValue::try_from(id.to_string())) {
        headers.insert(header::CONTENT_SECURITY_POLICY, csp);
        headers.insert(DECISION, id);
    }
    if let Some(origin) = &asker.origin {
        // A script that sent the request may read why it failed; it learns nothing about the destination by it.
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("x-chot-decision"));
        headers.insert(header::VARY, HeaderValue::from_static("Origin"));
    }
    response
}

/// What was found, for people: Vietnamese and English, with distinct counts.
fn found(told: &Told) -> Vec<(String, String)> {
    let tallies = told.inspection().tallies.iter().filter(|(_, tally)| tally.count > 0);
    let mut found: Vec<_> = tallies
        .map(|(detector, tally)| {
            let (vi, en) = title(*detector);
            (format!("{}: {}", vi, tally.distinct), format!("{}: {}", en, tally.distinct))
        })
        .collect();
    if told.inspection().persons > 1 {
        let n = told.inspection().persons;
        found.push((format!("Số người liên quan: {n}"), format!("people concerned: {n}")));
    }
    if !told.inspection().opaque.is_empty() {
        let reasons = reasons(told).join(", ");
        found.push((
            format!("Có phần không đọc được để kiểm tra ({reasons})"),
            format!("a part could not be read: {reasons}"),
        ));
    }
    if let Some(why) = told.verdict.why_not_redacted() {
        found.push(("Không thể tự che phần này một cách an toàn".to_owned(), format!("cannot be redacted: {why}")));
    }
    found
}

/// Why parts could not be read, each reason once.
fn reasons(told: &Told) -> Vec<&'static str> {
    let mut reasons: Vec<_> = told.inspection().opaque.iter().map(|part| part.reason.id()).collect();
    reasons.sort_unstable();
    reasons.dedup();
    reasons
}

fn title(detector: DetectorId) -> (&'static str, &'static str) {
    match detector {
        DetectorId::Cccd => ("Số căn cước / định danh cá nhân", "citizen numbers"),
        DetectorId::Cmnd => ("Số chứng minh nhân dân", "old identity card numbers"),
        DetectorId::Bhxh => ("Mã số bảo hiểm xã hội", "social insurance numbers"),
        DetectorId::Bhyt => ("Mã thẻ bảo hiểm y tế", "health insurance cards"),
        DetectorId::Mst => ("Mã số thuế", "tax codes"),
        DetectorId::Passport => ("Số hộ chiếu", "passport numbers"),
        DetectorId::Phone => ("Số điện thoại", "telephone numbers"),
        DetectorId::Email => ("Địa chỉ thư điện tử", "mail addresses"),
        DetectorId::PersonName => ("Họ tên", "names"),
        DetectorId::DateOfBirth => ("Ngày sinh", "dates of birth"),
        DetectorId::DriverLicence => ("Số giấy phép lái xe", "driver licences"),
        DetectorId::BankAccount => ("Số tài khoản ngân hàng", "bank accounts"),
        DetectorId::Address => ("Địa chỉ", "postal addresses"),
        DetectorId::Plate => ("Biển số xe", "vehicle plates"),
        DetectorId::Household => ("Mã hộ gia đình", "household codes"),
        DetectorId::Dossier => ("Số hồ sơ, văn bản", "dossier numbers"),
        DetectorId::CccdQr | DetectorId::BhytQr => ("Mã QR trên giấy tờ", "QR codes of cards"),
        DetectorId::Mrz => ("Dòng máy đọc trên thẻ", "machine-readable lines of cards"),
        DetectorId::ClaimRecord => ("Hồ sơ giám định BHYT", "health insurance claims"),
        DetectorId::StateSecret => ("Dấu độ mật", "state secret markings"),
        DetectorId::Diagnosis => ("Chẩn đoán bệnh", "diagnoses"),
        DetectorId::CardImage => ("Ảnh chụp thẻ", "pictures of cards"),
    }
}

/// Whom to ask when the policy names nobody.
const IT_OFFICE: &str =
    "bộ phận công nghệ thông tin của cơ quan, kèm mã quyết định · your IT office, with the number below";

struct Page<'a> {
    title: (&'a str, &'a str),
    message: (&'a str, &'a str),
    found: &'a [(String, String)],
    host: &'a str,
    rule: &'a str,
    contact: &'a str,
    id: DecisionId,
    time: Timestamp,
}

/// A page that needs nothing but itself.
fn page(page: &Page<'_>) -> String {
    let Page { title, message, found, host, rule, contact, id, time } = page;
    let mut html = String::with_capacity(3 << 10);
    // Writing to a String cannot fail.
    let _ = write!(
        html,
        "<!doctype html>\n<html lang=\"vi\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{vi} · {en}</title><style nonce=\"{id}\">\
         body{{font:16px/1.5 system-ui,sans-serif;max-width:42em;margin:2em auto;padding:0 1em}}\
         h1{{font-size:1.4em;border-bottom:4px solid #b3261e}}h2{{font-size:1.1em}}[lang=en]{{color:#555}}\
         dt{{font-weight:bold}}dd{{margin:0 0 .5em}}code{{overflow-wrap:anywhere}}</style></head><body>\
         <h1>{vi} <span lang=\"en\">· {en}</span></h1><p>{mvi}</p><p lang=\"en\">{men}</p>",
        vi = escaped(title.0),
        en = escaped(title.1),
        mvi = escaped(message.0),
        men = escaped(message.1),
    );
    if !found.is_empty() {
        html.push_str("<h2>Nội dung phát hiện <span lang=\"en\">· What was found</span></h2><ul>");
        for (vi, en) in *found {
            let _ = write!(html, "<li>{} <span lang=\"en\">({})</span></li>", escaped(vi), escaped(en));
        }
        html.push_str("</ul>");
    }
    html.push_str("<dl>");
    for (name, value) in [
        ("Nơi nhận · Destination", *host),
        ("Quy tắc · Rule", *rule),
        ("Cần hỗ trợ, xin hỏi · Whom to ask", *contact),
        ("Mã quyết định · Decision", &id.to_string()),
        ("Thời điểm · Time", &clock_in_vietnam(*time)),
    ] {
        if !value.is_empty() {
            let _ = write!(html, "<dt>{name}</dt><dd><code>{}</code></dd>", escaped(value));
        }
    }
    html.push_str("</dl></body></html>\n");
    html
}

/// The time as the clock on the reader's wall shows it: Viet Nam is UTC+7 all year.
fn clock_in_vietnam(time: Timestamp) -> String {
    let local = Timestamp::from_unix_us(time.unix_us() + 7 * 3_600 * 1_000_000);
    let (year, month, day) = local.date();
    let seconds = local.unix_us() / 1_000_000 % 86_400;
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    format!("{hour:02}:{minute:02}:{second:02} {day:02}/{month:02}/{year} (giờ Việt Nam, UTC+7)")
}

pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_wall_clock() {
        let time = Timestamp::parse("2026-12-31T17:30:05.250Z").expect("a time");
        assert_eq!(clock_in_vietnam(time), "00:30:05 01/01/2027 (giờ Việt Nam, UTC+7)");
    }

    #[test]
    fn browsers_get_a_page_and_programs_get_json() {
        for (accept, page) in [
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true),
            ("*/*", false),
            ("", false),
            ("application/json", false),
            ("application/json, text/html;q=0.5", false),
            ("text/html;q=0", false),
            ("TEXT/HTML", true),
            ("text/html;q=x", true),
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(accept))]);
            assert_eq!(wants_page(&headers), page, "{accept}");
        }
    }

    #[test]
    fn a_page_shows_texts_as_texts() {
        let id = DecisionId::new(Timestamp::from_unix_us(0), [7; 10]);
        let asker = Asker { wants_page: true, origin: None };
        let response = of_reason(&asker, Why::TargetAddress, "<b>&", id, Timestamp::from_unix_us(0));
        assert_eq!(response.status(), 403);
        let html = String::from_utf8(response.body().to_vec()).expect("UTF-8");
        assert!(html.contains("&lt;b&gt;&amp;") && !html.contains("<b>"));
        assert!(
            html.contains(&id.to_string()) && html.find("Không").expect("vi") < html.find("Not possible").expect("en")
        );
        assert!(
            response.headers()[header::CONTENT_SECURITY_POLICY].to_str().expect("text").contains("default-src 'none'")
        );
    }

    #[test]
    fn a_script_may_read_why() {
        let id = DecisionId::new(Timestamp::from_unix_us(0), [7; 10]);
        let mut headers = HeaderMap::new();
        headers.insert(header::ORIGIN, HeaderValue::from_static("https://chat.zalo.example"));
        let response = of_reason(&Asker::of(&headers), Why::Gateway, "h", id, Timestamp::from_unix_us(0));
        assert_eq!(response.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], "https://chat.zalo.example");
        assert_eq!(response.headers()[header::VARY], "Origin");
        assert_eq!(response.headers()[DECISION], id.to_string().as_str());
        let told: serde_json::Value = serde_json::from_slice(response.body()).expect("JSON");
        assert_eq!(told["reason"], "gateway-failure");
        assert_eq!(response.status(), 503);
    }
}
