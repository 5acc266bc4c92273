//! What the proxy shows of itself: its CA, the PAC file, and how to put both on a computer.
//!
//! It stands at a name that only the proxy knows (`http://chot.internal/` through the proxy) and at the listener itself
//! (`http://10.0.0.5:3128/`), where a computer finds it before any proxy is set. Everything here is public.

use std::fmt::Write as _;
use std::net::SocketAddr;

use bytes::Bytes;
use chot_config::Direct;
use http::header::{self, HeaderValue};
use http::{Method, Request, Response};
use hyper::body::Body;

use super::refusal::escaped;
use super::target::Authority;
use crate::tls::Ca;

/// The name that every gateway answers to, and that nobody else can have.
const NAME: &str = "chot.internal";

/// The pages of the proxy.
pub(super) struct Home {
    name: String,
    direct: Vec<Direct>,
    ca_pem: Bytes,
    ca_der: Bytes,
    fingerprint: String,
}

impl Home {
    pub(super) fn new(name: &str, direct: &[Direct], ca: &Ca) -> Self {
        Self {
            name: name.to_owned(),
            direct: direct.to_vec(),
            ca_pem: ca.pem().into(),
            ca_der: Bytes::copy_from_slice(ca.der()),
            fingerprint: ca.fingerprint(),
        }
    }

    /// Whether a request through the proxy is for the proxy itself.
    pub(super) fn is_at(&self, target: &Authority) -> bool {
        self.is_name(&target.host) && target.port == 80
    }

    /// Whether nobody else may be asked for `target`. A name below `.internal` is nobody's outside (ICANN, 2024).
    pub(super) fn is_ours(&self, target: &Authority) -> bool {
        self.is_at(target) || self.is_name(&target.host) && target.host.ends_with(".internal")
    }

    /// Whoever gives the proxy another name is found under the one of the manual as well.
    fn is_name(&self, host: &str) -> bool {
        host == self.name || host == NAME
    }

    /// The answer to a request for one of the pages, none where nothing of the kind was asked. `asked` is the Host of a
    /// request to the listener itself, `local` our end of the connection.
    pub(super) fn answer(
        &self,
        request: &Request<impl Body>,
        asked: Option<&Authority>,
        local: SocketAddr,
    ) -> Option<Response<Bytes>> {
        let is_plain = matches!(*request.method(), Method::GET | Method::HEAD) && request.body().is_end_stream();
        // The address by which the client came is one it can reach.
        let proxy = asked.map_or_else(|| canonical(local).to_string(), |asked| asked.to_host_header(0));
        let page = self.page(request.uri().path(), &proxy).filter(|_| is_plain)?;
        Some(page)
    }

    fn page(&self, path: &str, proxy: &str) -> Option<Response<Bytes>> {
        let (kind, body, name) = match path {
            "/" => ("text/html; charset=utf-8", self.instructions(proxy).into(), None),
            "/chot-ca.pem" => ("application/x-pem-file", self.ca_pem.clone(), Some("chot-ca.pem")),
            // The type by which Windows, Android and Firefox offer to install it.
            "/chot-ca.cer" | "/chot-ca.crt" => ("application/x-x509-ca-cert", self.ca_der.clone(), None),
            "/proxy.pac" | "/wpad.dat" => ("application/x-ns-proxy-autoconfig", self.pac(proxy).into(), None),
            _ => return None,
        };
        let mut response = Response::new(body);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        let csp = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(csp));
        if let Some(name) = name
            && let Ok(disposition) = HeaderValue::try_from(format!("attachment; filename=\"{name}\""))
        {
            headers.insert(header::CONTENT_DISPOSITION, disposition);
        }
        Some(response)
    }

    /// The PAC file. There is no way around the proxy in it: whoever cannot reach it must not leave without it.
    fn pac(&self, proxy: &str) -> String {
        let mut pac = String::from(
            "// Tep cau hinh proxy tu dong cua chot. Proxy auto-configuration by chot.\n\
             function FindProxyForURL(url, host) {\n\
             \x20 host = host.toLowerCase();\n\
             \x20 if (isPlainHostName(host) || host == \"127.0.0.1\" || host == \"[::1]\") return \"DIRECT\";\n",
        );
        for place in &self.direct {
            // Hosts are letters, digits, dots and hyphens, networks are numbers: nothing ends the quotes. Writing to a
            // String cannot fail.
            let _ = match place {
                Direct::Host(name) => writeln!(pac, "  if (host == \"{name}\") return \"DIRECT\";"),
                Direct::Below(name) => {
                    writeln!(pac, "  if (host == \"{name}\" || dnsDomainIs(host, \".{name}\")) return \"DIRECT\";")
                }
                Direct::Network(first, mask) => writeln!(
                    pac,
                    "  if (/^\\d+\\.\\d+\\.\\d+\\.\\d+$/.test(host) && isInNet(host, \"{first}\", \"{mask}\")) return \"DIRECT\";"
                ),
            };
        }
        let _ = writeln!(pac, "  return \"PROXY {proxy}\";\n}}");
        pac
    }

    fn instructions(&self, proxy: &str) -> String {
        let (proxy, fingerprint) = (escaped(proxy), &self.fingerprint);
        format!(
            "<!doctype html>\n<html lang=\"vi\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width\"><title>chot · cài đặt máy trạm</title><style>\
             body{{font:16px/1.5 system-ui,sans-serif;max-width:46em;margin:2em auto;padding:0 1em}}\
             h1{{font-size:1.4em;border-bottom:4px solid #1b5e9e}}h2{{font-size:1.1em}}[lang=en]{{color:#555}}\
             code{{overflow-wrap:anywhere;background:#f2f2f2;padding:0 .2em}}</style></head><body>\
             <h1>Cổng kiểm soát dữ liệu <span lang=\"en\">· data protection gateway</span></h1>\
             <p>Máy tính trong cơ quan đi ra mạng qua cổng này. Cổng đọc nội dung gửi đi để ngăn lộ dữ liệu cá nhân, vì vậy \
             máy cần tin chứng thư gốc của cổng.</p>\
             <p lang=\"en\">This gateway reads what leaves, to keep personal data inside. Computers have to trust its CA.</p>\
             <p><a href=\"/chot-ca.cer\">chot-ca.cer</a> (Windows, Android) · \
             <a href=\"/chot-ca.pem\">chot-ca.pem</a> (Firefox, Linux, macOS) · \
             <a href=\"/proxy.pac\">proxy.pac</a></p>\
             <p>Vân tay SHA-256 <span lang=\"en\">· fingerprint</span>: <code>{fingerprint}</code><br>\
             Hãy so với vân tay do bộ phận công nghệ thông tin công bố trước khi cài. \
             <span lang=\"en\">Compare it with the one your IT office published.</span></p>\
             <h2>Windows (Edge, Chrome, Zalo PC)</h2><ol>\
             <li>Mở <code>chot-ca.cer</code> → Install Certificate → Local Machine → Place all certificates in the following \
             store → <b>Trusted Root Certification Authorities</b>.</li>\
             <li>Settings → Network &amp; internet → Proxy → Use setup script: <code>http://{proxy}/proxy.pac</code></li>\
             </ol>\
             <h2>Firefox</h2><ol>\
             <li>Settings → Privacy &amp; Security → Certificates → View Certificates → Authorities → Import \
             <code>chot-ca.pem</code> → Trust this CA to identify websites.</li>\
             <li>Settings → General → Network Settings → Automatic proxy configuration URL: \
             <code>http://{proxy}/proxy.pac</code></li></ol>\
             <h2>Android</h2><ol>\
             <li>Tải <code>chot-ca.cer</code>, rồi Cài đặt → Bảo mật → Mã hóa và thông tin đăng nhập → Cài đặt chứng chỉ → \
             <b>Chứng chỉ CA</b>. <span lang=\"en\">Settings → Security → Install a certificate → CA certificate.</span></li>\
             <li>Wi-Fi → mạng của cơ quan → Nâng cao → Proxy → Tự động: <code>http://{proxy}/proxy.pac</code></li>\
             <li>Nhiều ứng dụng không tin chứng thư do người dùng cài: kết nối của chúng sẽ thất bại. \
             <span lang=\"en\">Many applications trust no CA that users install; their connections fail.</span></li></ol>\
             <h2>Đặt proxy bằng tay <span lang=\"en\">· by hand</span></h2><p>HTTP/HTTPS proxy: <code>{proxy}</code></p>\
             </body></html>\n"
        )
    }
}

fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home() -> Home {
        Home {
            name: "chot.internal".into(),
            direct: vec![
                Direct::Below("vss.gov.vn".into()),
                Direct::Host("kho.example".into()),
                Direct::Network([10, 0, 0, 0].into(), [255, 0, 0, 0].into()),
            ],
            ca_pem: Bytes::from_static(b"pem"),
            ca_der: Bytes::from_static(b"der"),
            fingerprint: "AA:BB".into(),
        }
    }

    #[test]
    fn another_name_is_one_more() {
        let target = |text: &str, port| Authority::parse(text, Some(port)).expect(text);
        let named = |name: &str| Home { name: name.into(), ..home() };
        for (name, host, port, is_at, is_ours) in [
            ("chot.internal", "chot.internal", 80, true, true),
            ("chot.internal", "CHOT.internal.", 443, false, true),
            ("chot.internal", "a.chot.internal", 80, false, false),
            ("cong.bhxh.example", "cong.bhxh.example", 80, true, true),
            ("cong.bhxh.example", "cong.bhxh.example", 443, false, false),
            ("cong.bhxh.example", "chot.internal", 80, true, true),
            ("cong.bhxh.example", "chot.internal", 443, false, true),
            ("cong.internal", "cong.internal", 443, false, true),
            ("cong.internal", "chot.internal.example", 80, false, false),
        ] {
            let (home, target) = (named(name), target(host, port));
            assert_eq!((home.is_at(&target), home.is_ours(&target)), (is_at, is_ours), "{name}: {host}:{port}");
        }
    }

    #[test]
    fn pages_and_nothing_else() {
        let home = home();
        for (path, kind) in [
            ("/", Some("text/html; charset=utf-8")),
            ("/chot-ca.pem", Some("application/x-pem-file")),
            ("/chot-ca.cer", Some("application/x-x509-ca-cert")),
            ("/proxy.pac", Some("application/x-ns-proxy-autoconfig")),
            ("/wpad.dat", Some("application/x-ns-proxy-autoconfig")),
            ("/ca.key", None),
            ("//", None),
        ] {
            let page = home.page(path, "10.0.0.5:3128");
            let told = page.as_ref().and_then(|page| page.headers().get(header::CONTENT_TYPE)?.to_str().ok());
            assert_eq!(told, kind, "{path}");
        }
        let html = home.page("/", "<b>:1").map(|page| page.into_body()).expect("a page");
        let html = String::from_utf8_lossy(&html);
        assert!(html.contains("AA:BB") && html.contains("&lt;b&gt;:1") && !html.contains("<b>:1"));
    }

    #[test]
    fn the_pac_file_knows_no_way_around() {
        let pac = home().pac("10.0.0.5:3128");
        assert!(pac.contains("return \"PROXY 10.0.0.5:3128\";\n}\n"), "{pac}");
        assert!(!pac.contains("PROXY 10.0.0.5:3128; DIRECT"), "{pac}");
        for line in ["dnsDomainIs(host, \".vss.gov.vn\")", "host == \"kho.example\"", "\"10.0.0.0\", \"255.0.0.0\""] {
            assert!(pac.contains(line), "{pac}");
        }
    }
}
