//! The admin listener and the control socket: reload, health, metrics.
//!
//! One service for both. The control socket is a file with mode 0600 in the data folder, so whoever can open it may
//! ask. The TCP listener needs no token while it is on loopback, but refuses what a web page could have sent; anywhere
//! else it speaks TLS and asks for the token in `admin.token`.

use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chot_model::{Action, Channel};
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::{Body, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;

use crate::Error;
use crate::drain::Session;
use crate::gate::Idler;
use crate::mail::Mail;
use crate::mail::quarantine::Asker;
use crate::reload::{Core, Reloaded};

/// An administrator's request has a head and no body to speak of.
const HEAD_TIMEOUT_S: u64 = 10;
/// Connections of the TCP listener at once: whoever can reach it must not use up our descriptors.
const CONNECTIONS_MAX: usize = 64;

/// How long an address is somebody's where nothing else is said: a working day. At most a week.
const MAPPED_SECONDS: u64 = 12 * 3_600;
const MAPPED_SECONDS_MAX: u64 = 7 * 24 * 3_600;

/// The admin service.
pub(crate) struct Admin {
    core: Arc<Core>,
    /// Its quarantine is looked after here.
    mail: Option<Arc<Mail>>,
    /// TLS and token of a listener that is not on loopback.
    guard: Option<Guard>,
}

struct Guard {
    token: String,
    tls: TlsAcceptor,
}

/// How a request came in, which decides what it must prove.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Door {
    Control,
    Loopback,
    Network,
}

impl Admin {
    pub(crate) fn new(
        core: Arc<Core>,
        mail: Option<Arc<Mail>>,
        data: &Path,
        listen: Option<SocketAddr>,
    ) -> Result<Self, Error> {
        let guard = match listen {
            Some(address) if !address.ip().to_canonical().is_loopback() => Some(Guard::load_or_make(data, address)?),
            _ => None,
        };
        Ok(Self { core, mail, guard })
    }

    async fn answer<B: Body>(&self, door: Door, request: Request<B>) -> Response<Full<Bytes>> {
        if let Err((status, why)) = self.admit(door, &request) {
            return text(status, why);
        }
        match (request.method(), request.uri().path()) {
            (&Method::GET, "/-/healthy" | "/healthz") => text(StatusCode::OK, "healthy\n"),
            (&Method::GET, "/-/ready" | "/readyz") if self.core.gate.ledger().is_healthy() => {
                text(StatusCode::OK, "ready\n")
            }
            (&Method::GET, "/-/ready" | "/readyz") => {
                text(StatusCode::SERVICE_UNAVAILABLE, "the audit ledger cannot record: nothing leaves\n")
            }
            (&Method::GET, "/metrics") => metrics(&self.core),
            (&Method::POST, "/-/reload") => {
                let by = if door == Door::Control { "control" } else { "admin" };
                self.reload(by).await
            }
            (method @ (&Method::PUT | &Method::DELETE), "/-/accounts") => {
                self.map(method == Method::PUT, request.uri().query().unwrap_or_default()).await
            }
            // Who may read mail is more than whoever is on this host.
            (method, path) if door != Door::Loopback && path.starts_with("/-/quarantine") => {
                self.quarantine(method, path).await
            }
            (_, "/-/reload") => text(StatusCode::METHOD_NOT_ALLOWED, "use POST\n"),
            _ => text(StatusCode::NOT_FOUND, "not found\n"),
        }
    }

    /// Refuses what the door does not let through.
    fn admit<B>(&self, door: Door, request: &Request<B>) -> Result<(), (StatusCode, &'static str)> {
        let header_of = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
        match door {
            Door::Control => Ok(()),
            Door::Loopback => {
                // A page in a browser on this machine can send requests here; it cannot leave out its Origin, nor
                // name us by a loopback name without resolving it itself (DNS rebinding).
                let host = header_of(header::HOST).unwrap_or_default();
                let from_page = header_of(header::ORIGIN).is_some()
                    || header_of(header::HeaderName::from_static("sec-fetch-site")).is_some_and(|site| site != "none");
                if from_page || !is_loopback_host(host) {
                    return Err((StatusCode::FORBIDDEN, "requests from web pages are refused\n"));
                }
                Ok(())
            }
            Door::Network => {
                let given = header_of(header::AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer "));
                let token = self.guard.as_ref().map(|guard| guard.token.as_bytes());
                let same = given.zip(token).is_some_and(|(given, token)| {
                    aws_lc_rs::constant_time::verify_slices_are_equal(given.as_bytes(), token).is_ok()
                });
                if same { Ok(()) } else { Err((StatusCode::UNAUTHORIZED, "the token in admin.token is needed\n")) }
            }
        }
    }

    /// Maps an address to an account for a time, or ends that: `address`, `account`, `seconds`.
    async fn map(&self, is_new: bool, query: &str) -> Response<Full<Bytes>> {
        let value = |name: &str| {
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            let (_, value) = pairs.find(|(key, _)| *key == name)?;
            String::from_utf8(crate::web::percent_decoded(value.as_bytes(), true).into_owned()).ok()
        };
        let address = value("address").and_then(|address| address.parse::<std::net::IpAddr>().ok());
        let seconds = value("seconds").map_or(Some(MAPPED_SECONDS), |seconds| seconds.parse::<u64>().ok());
        let account = value("account");
        let (Some(address), Some(seconds), Some(identity), true) = (
            address,
            seconds.filter(|s| *s <= MAPPED_SECONDS_MAX),
            self.core.gate.identity(),
            account.is_some() || !is_new,
        ) else {
            return text(StatusCode::BAD_REQUEST, "needed: address, account, perhaps seconds (at most 604800)\n");
        };
        let now = self.core.gate.clock().now();
        let until =
            chot_model::Timestamp::from_unix_us(now.unix_us().saturating_add(seconds.saturating_mul(1_000_000)));
        let (what, account) = match account.filter(|_| is_new) {
            Some(account) => (format!("address {address} is {account} until {until}"), Some(account)),
            None => (format!("address {address} is nobody's"), None),
        };
        if self.core.gate.ledger().event(chot_audit::Event::Admin { what }).await.is_err() {
            return text(StatusCode::SERVICE_UNAVAILABLE, "the audit ledger cannot record\n");
        }
        if identity.map(address, account.as_deref(), until) {
            text(StatusCode::OK, "ok\n")
        } else {
            text(StatusCode::UNPROCESSABLE_ENTITY, "not a name of an account, or too many addresses\n")
        }
    }

    /// `/-/quarantine` and `/-/quarantine/WHAT/ID/BY/WHY`, the last three in hexadecimal.
    async fn quarantine(&self, method: &Method, path: &str) -> Response<Full<Bytes>> {
        let Some(mail) = &self.mail else { return text(StatusCode::CONFLICT, "thư đang tắt / mail is off\n") };
        let words: Vec<&str> = path.split('/').skip(3).collect();
        let done = match (method, words.as_slice()) {
            (&Method::GET, []) => mail.quarantined().await,
            (&Method::POST, [what, id, by, why]) => {
                let (Some(id), Some(by), Some(why)) = (from_hex(id), from_hex(by), from_hex(why)) else {
                    return text(StatusCode::BAD_REQUEST, "not hexadecimal\n");
                };
                if [&by, &why].iter().any(|words| words.trim().is_empty()) {
                    return text(StatusCode::BAD_REQUEST, "ai quyết định và vì sao? / who decides, and why?\n");
                }
                let asker = Asker { by, why };
                match *what {
                    "release" | "release-again" => {
                        let again = *what == "release-again";
                        let released = mail.release_quarantined(&id, &asker, again).await;
                        released.map(|decision| format!("đã gửi, quyết định / delivered, decision {decision}\n"))
                    }
                    "reject" => {
                        let rejected = mail.reject_quarantined(&id, &asker).await;
                        rejected.map(|()| "đã hủy / let go\n".to_owned())
                    }
                    _ => return text(StatusCode::NOT_FOUND, "not found\n"),
                }
            }
            _ => return text(StatusCode::NOT_FOUND, "not found\n"),
        };
        match done {
            Ok(told) => text(StatusCode::OK, &told),
            Err(why) => text(StatusCode::CONFLICT, &format!("chưa thực hiện / not done: {why}\n")),
        }
    }

    async fn reload(&self, by: &str) -> Response<Full<Bytes>> {
        let mut told = String::new();
        // Both are read, whatever is wrong with the other.
        let lists = [self.core.reload_bypass(by).await, self.core.reload_accounts(by).await];
        for read in lists {
            match read {
                Ok(read) => told.extend(read.map(|line| line + "\n")),
                Err(problems) => return text(StatusCode::UNPROCESSABLE_ENTITY, &format!("{problems}\n")),
            }
        }
        match self.core.reload(by).await {
            Ok(Reloaded::Unchanged { policy }) => {
                text(StatusCode::OK, &format!("{told}chính sách không đổi / policy unchanged: {policy}\n"))
            }
            Ok(Reloaded::Activated { policy, warnings }) => {
                let warnings = warnings.concat();
                text(StatusCode::OK, &format!("{told}{warnings}chính sách đã áp dụng / policy in force: {policy}\n"))
            }
            Ok(Reloaded::Rejected { policy, problems }) => text(
                StatusCode::UNPROCESSABLE_ENTITY,
                &format!("{problems}\nchính sách cũ vẫn áp dụng / the old policy stays in force: {policy}\n"),
            ),
            Err(error) => {
                let why = format!("không ghi được nhật ký, chính sách cũ vẫn áp dụng / {error}; nothing changed\n");
                text(StatusCode::SERVICE_UNAVAILABLE, &why)
            }
        }
    }
}

fn from_hex(text: &str) -> Option<String> {
    let digits: Option<Vec<u8>> = text.chars().map(|c| c.to_digit(16).map(|d| d as u8)).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0 && digits.len() <= 2_000)?;
    String::from_utf8(digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect()).ok()
}

fn is_loopback_host(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    let name = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    name.is_empty()
        || name.eq_ignore_ascii_case("localhost")
        || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn text(status: StatusCode, body: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::copy_from_slice(body.as_bytes())));
    *response.status_mut() = status;
    let plain = header::HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, plain);
    response
}

/// Prometheus text exposition, format 0.0.4. No account or host ever becomes a label.
fn metrics(core: &Core) -> Response<Full<Bytes>> {
    let gate = &core.gate;
    let mut out = String::from(
        "# HELP chot_decisions_total Decisions by channel and action.\n# TYPE chot_decisions_total counter\n",
    );
    for channel in [Channel::Web, Channel::Mail] {
        for action in Action::ALL {
            let n = gate.counts().decisions(channel, *action);
            // Writing to a String cannot fail.
            let _ = writeln!(out, "chot_decisions_total{{channel=\"{channel}\",action=\"{action}\"}} {n}");
        }
    }
    let (memory, spool) = gate.held_bytes();
    let healthy = u8::from(gate.ledger().is_healthy());
    for (name, kind, help, value) in [
        (
            "chot_undecided_total",
            "counter",
            "Messages refused because the gateway itself failed.",
            gate.counts().failed(),
        ),
        (
            "chot_ech_offered_total",
            "counter",
            "TLS clients that offered an encrypted ClientHello, or grease that looks like one.",
            gate.counts().ech_offered(),
        ),
        (
            "chot_bypassed_total",
            "counter",
            "Connections passed on unread because they are listed.",
            gate.counts().bypassed(),
        ),
        ("chot_web_connections", "gauge", "Connections of web clients now open.", gate.counts().web_connections()),
        (
            "chot_web_turned_away_total",
            "counter",
            "Connections told to come again, because there were as many as there may be.",
            gate.counts().turned_away(),
        ),
        ("chot_held_memory_bytes", "gauge", "Bytes of bodies held in memory.", memory),
        ("chot_held_spool_bytes", "gauge", "Bytes of bodies held in spool files.", spool),
        ("chot_audit_healthy", "gauge", "Whether the ledger can record.", u64::from(healthy)),
    ] {
        let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}");
    }
    out.push_str(
        "# HELP chot_web_made_room_total Connections closed because others needed the room, by what they did.\n\
         # TYPE chot_web_made_room_total counter\n",
    );
    for (idler, name) in Idler::ALL {
        let _ = writeln!(out, "chot_web_made_room_total{{was=\"{name}\"}} {}", gate.counts().idlers(idler));
    }
    let _ = writeln!(
        out,
        "# HELP chot_policy_info The policy in force.\n# TYPE chot_policy_info gauge\nchot_policy_info{{sha256=\"{}\"}} 1",
        gate.policy().version()
    );
    let mut response = text(StatusCode::OK, &out);
    let exposition = header::HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, exposition);
    response
}

impl Guard {
    fn load_or_make(data: &Path, address: SocketAddr) -> Result<Self, Error> {
        let failed = |what: &str| {
            let what = format!("admin listener: {what} in {}", data.display());
            move |source: Box<dyn std::error::Error + Send + Sync>| Error::Tls { what, source: Some(source) }
        };
        let token = load_or_make(&data.join("admin.token"), || {
            let mut random = [0; 32];
            aws_lc_rs::rand::fill(&mut random).map_err(io::Error::other)?;
            Ok(random.iter().fold(String::new(), |mut hex, byte| {
                let _ = write!(hex, "{byte:02x}");
                hex
            }))
        })
        .map_err(|error| failed("cannot make admin.token")(error.into()))?;
        // A self-signed certificate of its own: administrators compare its fingerprint once.
        let key_pem = load_or_make(&data.join("admin.key"), || {
            rcgen::KeyPair::generate().map(|key| key.serialize_pem()).map_err(io::Error::other)
        })
        .map_err(|error| failed("cannot make admin.key")(error.into()))?;
        let key = rcgen::KeyPair::from_pem(&key_pem).map_err(|error| failed("cannot read admin.key")(error.into()))?;
        let certificate = rcgen::CertificateParams::new(vec![address.ip().to_string(), "localhost".to_owned()])
            .and_then(|params| params.self_signed(&key))
            .map_err(|error| failed("cannot make a certificate")(error.into()))?;
        let key = PrivateKeyDer::try_from(key.serialize_der())
            .map_err(|error| failed("cannot use admin.key")(error.into()))?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key))
            .map_err(|error| failed("cannot set up TLS")(error.into()))?;
        Ok(Self { token: token.trim().to_owned(), tls: TlsAcceptor::from(Arc::new(config)) })
    }
}

/// Reads a small secret file, or makes it with mode 0600.
fn load_or_make(path: &Path, make: impl FnOnce() -> io::Result<String>) -> io::Result<String> {
    match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let text = make()?;
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            Ok(text)
        }
        read => read,
    }
}

/// Serves the TCP listener until draining begins.
pub(crate) async fn serve_tcp(admin: Arc<Admin>, listener: TcpListener, mut session: Session) {
    let doors = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let accepted = async {
            let door = Arc::clone(&doors).acquire_owned().await;
            (listener.accept().await, door)
        };
        let (accepted, door) = tokio::select! {
            () = session.drained() => return,
            accepted = accepted => accepted,
        };
        let Ok((stream, _)) = accepted else {
            // Out of descriptors, most likely: waiting is all that helps, and nothing is lost by it.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let (admin, session) = (Arc::clone(&admin), session.clone());
        tokio::spawn(async move {
            match &admin.guard {
                None => serve_one(&admin, Door::Loopback, stream, session).await,
                Some(guard) => {
                    let handshake = tokio::time::timeout(Duration::from_secs(HEAD_TIMEOUT_S), guard.tls.accept(stream));
                    if let Ok(Ok(stream)) = handshake.await {
                        serve_one(&admin, Door::Network, stream, session).await;
                    }
                }
            }
            drop(door);
        });
    }
}

/// Serves the control socket until draining begins.
pub(crate) async fn serve_control(admin: Arc<Admin>, listener: UnixListener, mut session: Session) {
    loop {
        let accepted = tokio::select! {
            () = session.drained() => return,
            accepted = listener.accept() => accepted,
        };
        if let Ok((stream, _)) = accepted {
            let (admin, session) = (Arc::clone(&admin), session.clone());
            tokio::spawn(async move { serve_one(&admin, Door::Control, stream, session).await });
        } else {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

async fn serve_one(admin: &Arc<Admin>, door: Door, stream: impl AsyncRead + AsyncWrite + Unpin, mut session: Session) {
    let service = service_fn(|request: Request<Incoming>| async move {
        Ok::<_, std::convert::Infallible>(admin.answer(door, request).await)
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(HEAD_TIMEOUT_S))
        .max_buf_size(16 << 10)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        // An administrator who hangs up has no complaint we could send him.
        _ = connection.as_mut() => return,
        () = session.drained() => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn hosts_that_mean_this_machine() {
        for (host, is_loopback) in [
            ("127.0.0.1:9443", true),
            ("localhost:9443", true),
            ("[::1]:9443", true),
            ("", true),
            ("gateway.example:9443", false),
            ("127.0.0.1.example", false),
        ] {
            assert_eq!(is_loopback_host(host), is_loopback, "{host}");
        }
    }

    #[test]
    fn a_secret_file_is_made_once_and_for_its_owner_only() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("admin.token");
        assert_eq!(load_or_make(&path, || Ok("first".to_owned())).expect("made"), "first");
        assert_eq!(load_or_make(&path, || Ok("second".to_owned())).expect("read"), "first");
        assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
    }
}
