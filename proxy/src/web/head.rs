//! Heads of requests and responses: what is refused, what is removed before sending on, what is inspected.
//!
//! Bodies are not touched here.

use std::borrow::Cow;

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, Uri, Version};

use super::framing::HEAD_BYTES_MAX;
use super::refusal::Why;
use super::target::Authority;

/// Headers that belong to one connection (RFC 9110 §7.6.1), besides those that Connection names. `Trailer` stays: it
/// tells hyper which trailers it may write.
static HOP_BY_HOP: [HeaderName; 7] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::PROXY_AUTHORIZATION,
    header::PROXY_AUTHENTICATE,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// Headers that state something about the body's bytes, untrue once they were redacted (RFC 9530, RFC 1864).
const DIGESTS: [&str; 4] = ["content-md5", "digest", "content-digest", "repr-digest"];

/// Headers whose presence means that the receiver checks a signature over the body, so that a redacted body would
/// only be rejected there.
static SIGNATURES: [HeaderName; 3] = [
    HeaderName::from_static("x-amz-content-sha256"),
    HeaderName::from_static("signature"),
    HeaderName::from_static("signature-input"),
];

/// The authority of the only Host header.
fn host(headers: &HeaderMap, default_port: u16) -> Result<Authority, Why> {
    let mut hosts = headers.get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => {
            let text = host.to_str().map_err(|_| Why::BadRequest)?;
            Authority::parse(text, Some(default_port)).ok_or(Why::BadRequest)
        }
        _ => Err(Why::BadRequest),
    }
}

/// The authority a request is for: that of its target, which Host must not contradict. The target counts (RFC 9112
/// §3.2.2, RFC 9113 §8.3.1), but who reads the other must not be told another. HTTP/1.0 had no Host, and HTTP/2 has the
/// target's authority instead.
pub(crate) fn target<B>(request: &Request<B>, default_port: u16, scheme: &str) -> Result<Authority, Why> {
    let (uri, headers) = (request.uri(), request.headers());
    let target = uri.authority().map(|target| Authority::parse(target.as_str(), Some(default_port)));
    let target = target.map(|target| target.ok_or(Why::BadRequest)).transpose()?;
    if request.version() == Version::HTTP_2 {
        let is_path = uri.path().starts_with('/') || uri.path() == "*" && request.method() == Method::OPTIONS;
        if !is_path || target.is_none() {
            return Err(Why::BadRequest);
        }
        let fields = headers.iter().map(|(name, value)| name.as_str().len() + value.len());
        if uri.path_and_query().map_or(0, |path| path.as_str().len()) + fields.sum::<usize>() > HEAD_BYTES_MAX {
            return Err(Why::HeadTooLarge);
        }
        if uri.scheme_str() != Some(scheme) {
            return Err(Why::Misdirected);
        }
    }
    if request.version() != Version::HTTP_2 {
        // A target is a path, or a whole URI of the scheme that is spoken here; `*` is for OPTIONS, a host alone for CONNECT
        // (RFC 9112 §3.2).
        let is_form = match (uri.scheme_str(), target.is_some()) {
            (None, false) => uri.path().starts_with('/') || uri.path() == "*" && request.method() == Method::OPTIONS,
            (None, true) => false,
            (Some(_), _) => true,
        };
        if !is_form {
            return Err(Why::BadRequest);
        }
        if uri.scheme_str().is_some_and(|asked| asked != scheme) {
            return Err(Why::Misdirected);
        }
    }
    let needs_host = request.version() == Version::HTTP_11 || target.is_none();
    if !needs_host && !headers.contains_key(header::HOST) {
        return target.ok_or(Why::BadRequest);
    }
    let host = host(headers, default_port)?;
    if target.is_none_or(|target| target == host) { Ok(host) } else { Err(Why::Misdirected) }
}

/// Refuses heads that ask for what is not spoken here.
pub(crate) fn check(headers: &HeaderMap) -> Result<(), Why> {
    // An upgrade to h2c is only an offer that may be ignored (RFC 9110 §7.8); other protocols are what was asked for.
    for upgrade in headers.get_all(header::UPGRADE) {
        if !upgrade.as_bytes().trim_ascii().eq_ignore_ascii_case(b"h2c") {
            return Err(Why::Upgrade);
        }
    }
    Ok(())
}

/// Removes what belongs to the connection; of TE only `trailers` may go on.
pub(crate) fn remove_hop_by_hop(headers: &mut HeaderMap) {
    let is_ours = |name: &HeaderName| HOP_BY_HOP.contains(name) || *name == header::TE;
    if !headers.keys().any(is_ours) {
        return;
    }
    let nominated: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        // A message stays one whatever Connection says: these cannot be nominated away (RFC 9110 §7.6.1).
        .filter(|name| ![header::HOST, header::CONTENT_LENGTH, header::TE, header::TRAILER].contains(name))
        .collect();
    for name in nominated.iter().chain(&HOP_BY_HOP) {
        headers.remove(name);
    }
    let wants_trailers = headers.get_all(header::TE).iter().any(|value| {
        let mut ranges = value.as_bytes().split(|byte| *byte == b',');
        ranges.any(|range| range.trim_ascii().eq_ignore_ascii_case(b"trailers"))
    });
    headers.remove(header::TE);
    if wants_trailers {
        headers.insert(header::TE, HeaderValue::from_static("trailers"));
    }
}

/// Makes several Cookie fields, as HTTP/2 sends them, the one that servers of HTTP/1.1 expect (RFC 9113 §8.2.3).
pub(crate) fn join_cookies(headers: &mut HeaderMap) {
    if headers.get_all(header::COOKIE).iter().nth(1).is_some() {
        let cookies: Vec<_> = headers.get_all(header::COOKIE).iter().map(HeaderValue::as_bytes).collect();
        if let Ok(joined) = HeaderValue::from_bytes(&cookies.join(&b"; "[..])) {
            headers.insert(header::COOKIE, joined);
        }
    }
}

/// Makes a response fit for the client: connection matters go, and so does the offer to come back by a way that this
/// gateway does not see (QUIC).
pub(crate) fn clean_response(headers: &mut HeaderMap) {
    remove_hop_by_hop(headers);
    headers.remove(header::ALT_SVC);
}

/// Makes the head fit a redacted body.
pub(crate) fn fit_redacted(headers: &mut HeaderMap) {
    headers.remove(header::CONTENT_ENCODING);
    for name in DIGESTS {
        headers.remove(name);
    }
}

/// Whether a changed body would be accepted at all, as it is not signed.
pub(crate) fn may_be_redacted(headers: &HeaderMap) -> bool {
    let is_signed = headers.keys().any(|name| SIGNATURES.contains(name))
        || headers.get(header::AUTHORIZATION).is_some_and(|value| value.as_bytes().starts_with(b"AWS4-"));
    !is_signed
}

/// Whether our own pseudonym is in Via.
pub(crate) fn has_been_here(headers: &HeaderMap, pseudonym: &str) -> bool {
    headers
        .get_all(header::VIA)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.split(',').any(|hop| hop.split_ascii_whitespace().nth(1).is_some_and(|by| by == pseudonym)))
}

/// How many [`fields`] of a head say where it goes, first of all.
pub(crate) const TARGET_FIELDS: usize = 2;

/// The side fields of a head that could carry content: name and value, values as the receiver will read them.
pub(crate) fn fields<'a>(
    method: &'a Method,
    uri: &'a Uri,
    host: &'a str,
    headers: &'a HeaderMap,
) -> Vec<(Cow<'static, str>, Cow<'a, [u8]>)> {
    let mut fields = Vec::with_capacity(2 + headers.len());
    fields.push(("host".into(), host.as_bytes().into()));
    let url = uri.path_and_query().map_or("/", |path| path.as_str());
    fields.push(("url".into(), percent_decoded(url.as_bytes(), true)));
    // Methods and header names are tokens of the sender's choice too.
    if !matches!(*method, Method::GET | Method::POST | Method::PUT | Method::HEAD | Method::OPTIONS) {
        fields.push(("method".into(), method.as_str().as_bytes().into()));
    }
    let is_content = |name: &HeaderName| *name != header::HOST && *name != header::CONTENT_LENGTH;
    for (name, value) in headers.iter().filter(|(name, _)| is_content(name)) {
        fields.push((field_name(name), percent_decoded(value.as_bytes(), false)));
    }
    for name in headers.keys().filter(|name| is_content(name)) {
        if name.as_str().bytes().filter(u8::is_ascii_digit).count() >= NAME_DIGITS_MIN {
            fields.push(("header name".into(), name.as_str().as_bytes().into()));
        }
    }
    fields
}

/// What a header is called in an inspection: without a string of its own for those in every request.
fn field_name(name: &HeaderName) -> Cow<'static, str> {
    match *name {
        header::ACCEPT => "header accept".into(),
        header::ACCEPT_ENCODING => "header accept-encoding".into(),
        header::ACCEPT_LANGUAGE => "header accept-language".into(),
        header::AUTHORIZATION => "header authorization".into(),
        header::CONTENT_TYPE => "header content-type".into(),
        header::COOKIE => "header cookie".into(),
        header::ORIGIN => "header origin".into(),
        header::REFERER => "header referer".into(),
        header::USER_AGENT => "header user-agent".into(),
        header::VIA => "header via".into(),
        _ => format!("header {name}").into(),
    }
}

/// Header names with fewer digits hold no number of interest.
const NAME_DIGITS_MIN: usize = 7;

/// Undoes `%41`, and where `plus_is_space` also `+`, as the receiver will. Other bytes and broken escapes stay as they
/// are.
pub(crate) fn percent_decoded(text: &[u8], plus_is_space: bool) -> Cow<'_, [u8]> {
    if memchr::memchr2(b'%', if plus_is_space { b'+' } else { b'%' }, text).is_none() {
        return text.into();
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((byte, after)) = rest.split_first() {
        let digit = |n: usize| after.get(n).and_then(|b| char::from(*b).to_digit(16));
        match (byte, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                out.push((high << 4 | low) as u8);
                rest = after.get(2..).unwrap_or_default();
            }
            (b'+', _, _) if plus_is_space => {
                out.push(b' ');
                rest = after;
            }
            _ => {
                out.push(*byte);
                rest = after;
            }
        }
    }
    out.into()
}

/// The path and query of a request as people read it.
pub(crate) fn shown_path(uri: &Uri) -> Cow<'_, str> {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    match percent_decoded(path.as_bytes(), true) {
        Cow::Borrowed(_) => path.into(),
        Cow::Owned(decoded) => String::from_utf8_lossy(&decoded).into_owned().into(),
    }
}

/// The file name a request gives its body: Content-Disposition, else the last segment of what is PUT.
pub(crate) fn file_name(method: &Method, uri: &Uri, headers: &HeaderMap) -> Option<String> {
    let disposition =
        headers.get(header::CONTENT_DISPOSITION).and_then(|value| std::str::from_utf8(value.as_bytes()).ok());
    let named = disposition.and_then(|value| {
        let mut parts = value.split(';').skip(1).filter_map(|part| part.split_once('='));
        let (_, name) = parts.find(|(key, _)| key.trim().eq_ignore_ascii_case("filename"))?;
        Some(name.trim().trim_matches('"').to_owned())
    });
    let put = || {
        let last = uri.path().rsplit('/').next().filter(|last| *method == Method::PUT && !last.is_empty())?;
        Some(String::from_utf8_lossy(&percent_decoded(last.as_bytes(), false)).into_owned())
    };
    named.or_else(put)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(list: &[(&str, &str)]) -> HeaderMap {
        let pairs = list.iter().map(|(name, value)| {
            (name.parse::<HeaderName>().expect("a name"), HeaderValue::from_str(value).expect("a value"))
        });
        let mut map = HeaderMap::new();
        pairs.for_each(|(name, value)| {
            map.append(name, value);
        });
        map
    }

    #[test]
    fn one_valid_host() {
        for (list, ok) in [
            (vec![("host", "a.example")], true),
            (vec![("host", "a.example:8080")], true),
            (vec![], false),
            (vec![("host", "")], false),
            (vec![("host", "a.example"), ("host", "a.example")], false),
            (vec![("host", "a.example, b.example")], false),
            (vec![("host", "user@a.example")], false),
        ] {
            assert_eq!(host(&headers(&list), 80).is_ok(), ok, "{list:?}");
        }
    }

    #[test]
    fn other_protocols_are_refused() {
        for (list, expected) in [
            (vec![("upgrade", "websocket")], Err(Why::Upgrade)),
            (vec![("upgrade", "h2c, websocket")], Err(Why::Upgrade)),
            (vec![("upgrade", "h2c")], Ok(())),
            (vec![("content-length", "5")], Ok(())),
        ] {
            assert_eq!(check(&headers(&list)), expected, "{list:?}");
        }
    }

    #[test]
    fn what_belongs_to_the_connection_stays() {
        let mut map = headers(&[
            ("host", "a.example"),
            ("connection", "close, X-Private, host, te"),
            ("x-private", "1"),
            ("proxy-authorization", "Basic eDp5"),
            ("proxy-connection", "keep-alive"),
            ("keep-alive", "5"),
            ("te", "gzip, trailers"),
            ("upgrade", "h2c"),
            ("transfer-encoding", "chunked"),
            ("cookie", "a=b"),
        ]);
        remove_hop_by_hop(&mut map);
        let mut left: Vec<_> =
            map.iter().map(|(name, value)| format!("{name}: {}", value.to_str().expect("text"))).collect();
        left.sort();
        assert_eq!(left, ["cookie: a=b", "host: a.example", "te: trailers"]);
        let mut response = headers(&[("alt-svc", "h3=\":443\""), ("server", "x")]);
        clean_response(&mut response);
        assert_eq!(response.len(), 1);
    }

    #[test]
    fn the_receivers_reading_of_a_url() {
        for (text, decoded) in [
            ("/a?b=%30%30%31", "/a?b=001"),
            ("/a?b=1+2", "/a?b=1 2"),
            ("/%", "/%"),
            ("/%4", "/%4"),
            ("/%zz%41", "/%zzA"),
            ("%C4%91", "đ"),
        ] {
            assert_eq!(*percent_decoded(text.as_bytes(), true), *decoded.as_bytes(), "{text}");
        }
    }

    #[test]
    fn signed_bodies() {
        for (name, value, redactable) in [
            ("x-amz-content-sha256", "00", false),
            ("authorization", "AWS4-HMAC-SHA256 Credential=x", false),
            ("authorization", "Bearer x", true),
            ("content-type", "text/plain", true),
        ] {
            assert_eq!(may_be_redacted(&headers(&[(name, value)])), redactable, "{name}: {value}");
        }
    }

    #[test]
    fn loops_are_seen_by_our_own_name_only() {
        let map = headers(&[("via", "1.0 fred, 1.1 chot-12ab (x)"), ("via", "1.1 other")]);
        assert!(has_been_here(&map, "chot-12ab") && !has_been_here(&map, "chot-12a") && !has_been_here(&map, "fred2"));
    }

    #[test]
    fn names_of_files() {
        let uri: Uri = "/up/Danh%20s%C3%A1ch.xlsx?x=1".parse().expect("a URI");
        assert_eq!(file_name(&Method::PUT, &uri, &HeaderMap::new()).as_deref(), Some("Danh sách.xlsx"));
        assert_eq!(file_name(&Method::POST, &uri, &HeaderMap::new()), None);
        let map = headers(&[("content-disposition", "attachment; filename=\"ds.csv\"")]);
        assert_eq!(file_name(&Method::POST, &uri, &map).as_deref(), Some("ds.csv"));
    }
}
