//! One request: read, inspected, judged and recorded by the gate, then sent on, and its answer relayed.
//!
//! What is sent upstream comes out of a [`Cleared`] and nowhere else.

use std::sync::atomic::Ordering;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use chot_audit::Outcome;
use chot_inspect::Hint;
use chot_model::{Account, Channel, DecisionId, Destination, OpaqueReason};
use http::header::{self, HeaderMap, HeaderValue};
use http::{Request, Response, StatusCode, Uri, Version, request};
use hyper::body::Body as _;
use hyper::upgrade::OnUpgrade;

use super::Client;
use super::body::{Arriving, NotReceived, Received, Reply, drain, receive};
use super::coding::Codings;
use super::framing::may_be_trailer;
use super::guard::Broken;
use super::head;
use super::login;
use super::naming::Unsaid;
use super::pieces::Extent;
use super::plain::Spelled;
use super::refusal::{self, Asker, Why};
use super::target::Authority;
use super::upstream::{Links, NoAnswer, Route, Sendable, frame};
use super::websocket::{self, About, Socket};
use crate::apps;
use crate::gate::{Abilities, Cleared, Decision, Envelope, Told};

/// Longest summary of a request in records, in characters.
pub(super) const SUMMARY_CHARS_MAX: usize = 400;

/// Answers for something that went wrong before there was a verdict: recorded, the rest of the body read within
/// bounds so that the sender sees the answer.
pub(super) async fn refuse(client: &Client, request: Request<Arriving>, host: &str, why: Why) -> Response<Reply> {
    let (head, mut body) = request.into_parts();
    let asker = Asker::of(&head.headers);
    // What follows must not be taken for a request where nobody reads along (behind CONNECT), or where another reader
    // would send this one elsewhere.
    let ends = head.method == http::Method::CONNECT || why == Why::Misdirected && head.uri.authority().is_some();
    let id = client.new_id();
    // Every browser is asked once; only what it answers is worth a record.
    if why != Why::AuthNeeded {
        client.record(Some(id), host, why.id(), 0).await;
    }
    // A sender that waits for 100 has sent no body, and must not be told to.
    let waits = head.headers.contains_key(header::EXPECT);
    // Behind CONNECT nothing ends.
    let is_at_end = !waits && head.method != http::Method::CONNECT && drain(&mut body).await;
    tell(client, &asker, host, why, id, is_at_end && !ends)
}

/// The answer to a request for a host that nobody may be told of. A refusal by the policy is recorded already.
pub(super) async fn refuse_name(
    client: &Client,
    request: Request<Arriving>,
    target: &Authority,
    unsaid: Unsaid,
) -> Response<Reply> {
    let told = match unsaid {
        Unsaid::Refused(told) => told,
        Unsaid::Failed => return refuse(client, request, &target.host, unsaid.why()).await,
    };
    let (head, mut body) = request.into_parts();
    let is_connect = head.method == http::Method::CONNECT;
    let waits = head.headers.contains_key(header::EXPECT);
    let keeps = !waits && !is_connect && drain(&mut body).await;
    own(explain(client, &Asker::of(&head.headers), &told, &target.host), keeps)
}

/// What the policy keeps here, told to whoever sent it.
fn explain(client: &Client, asker: &Asker, told: &Told, host: &str) -> Response<Bytes> {
    let gate = &client.web.gate;
    refusal::of_verdict(asker, told, &gate.place(host), gate.clock().now())
}

fn tell(client: &Client, asker: &Asker, host: &str, why: Why, id: DecisionId, keeps: bool) -> Response<Reply> {
    let (host, now) = (client.web.gate.place(host), client.web.gate.clock().now());
    let mut response = refusal::of_reason(asker, why, &host, id, now);
    if response.status() == StatusCode::PROXY_AUTHENTICATION_REQUIRED {
        login::challenge(client, response.headers_mut());
    }
    own(response, keeps)
}

pub(super) fn own(response: Response<Bytes>, keeps: bool) -> Response<Reply> {
    let mut response = response.map(|bytes| Reply::Own(Some(bytes)));
    if !keeps {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// A request on its way through the gateway.
pub(super) struct Exchange<'a> {
    pub(super) client: &'a Client,
    /// Where the sender says it goes: what policy judges.
    pub(super) host: &'a Authority,
    /// How it gets there.
    pub(super) route: &'a Route,
    /// Connections of this client.
    pub(super) links: &'a Links,
    /// Who sends.
    pub(super) account: &'a Account,
    pub(super) upgrades: Upgrades<'a>,
}

/// Where a connection goes that stops being HTTP.
#[derive(Clone, Copy)]
pub(super) struct Upgrades<'a> {
    pub(super) broken: &'a Broken,
    /// Whoever serves the connection finds it there once HTTP ended.
    pub(super) socket: &'a Mutex<Option<Socket>>,
}

impl Exchange<'_> {
    /// Carries the request out. `request` passed [`head::check`].
    pub(super) async fn run(self, mut request: Request<Arriving>) -> Response<Reply> {
        let web = &self.client.web;
        if head::has_been_here(request.headers(), &web.pseudonym) {
            return refuse(self.client, request, &self.host.host, Why::Loop).await;
        }
        let to_client = websocket::is_handshake(&request).then(|| hyper::upgrade::on(&mut request));
        let (mut head, mut body) = request.into_parts();
        let spelled = body.take_spelled();
        let asker = Asker::of(&head.headers);
        let shape = Shape::of(&head, !body.is_end_stream());
        let codings = Codings::of(head.headers.get_all(header::CONTENT_ENCODING).iter().map(HeaderValue::as_bytes));
        self.rewrite(&mut head);
        if to_client.is_some() {
            websocket::mark(&mut head.headers);
        }

        let content_type = head.headers.get(header::CONTENT_TYPE);
        let content_type = content_type.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        let name = head::file_name(&head.method, &head.uri, &head.headers);
        let mut intake = web.gate.begin(Hint { name, content_type });
        // The headers of a client say the same in request after request, and the URL does not.
        let fields = head::fields(&head.method, &head.uri, &self.host.host, &head.headers);
        let (target, headers) = fields.split_at(fields.len().min(head::TARGET_FIELDS));
        for (name, value) in target {
            intake.field(name, value);
        }
        intake.fields(headers.iter().map(|(name, value)| (&**name, &**value)));
        let id = intake.id();
        let Received { trailers, is_understood } = match receive(&mut body, &mut intake, codings).await {
            Ok(received) => received,
            Err(NotReceived::Refused(why)) => {
                self.client.record(Some(id), &self.host.host, why.id(), intake.len()).await;
                return tell(self.client, &asker, &self.host.host, why, id, false);
            }
            Err(NotReceived::Failed) => {
                // The disk of the spool may be full while the ledger's is not.
                self.client.record(Some(id), &self.host.host, Why::Gateway.id(), intake.len()).await;
                let is_at_end = drain(&mut body).await;
                return tell(self.client, &asker, &self.host.host, Why::Gateway, id, is_at_end);
            }
        };
        if trailers.iter().flat_map(HeaderMap::keys).any(|name| !may_be_trailer(name.as_str().as_bytes())) {
            self.client.record(Some(id), &self.host.host, Why::Framing.id(), intake.len()).await;
            return tell(self.client, &asker, &self.host.host, Why::Framing, id, false);
        }
        for (name, value) in trailers.iter().flatten() {
            intake.field(&format!("trailer {name}"), &head::percent_decoded(value.as_bytes(), false));
        }
        if shape.extent.is_piece(intake.len()) {
            intake.opaque("body", OpaqueReason::Partial);
        }
        // One verdict is for one zone: addresses of the name that lie in another are not used.
        let (policy, host) = (intake.policy(), &self.host.host);
        let narrowed = self.route.within(|address| policy.zone_of_host(host, Some(address)));
        let exchange = Exchange { route: narrowed.as_ref().unwrap_or(self.route), ..self };

        let envelope = exchange.envelope(&head, shape.is_multipart);
        let abilities = Abilities { redact: is_understood && shape.may_be_redacted, ..Abilities::default() };
        match intake.decide(envelope, abilities).await {
            Err(_) => tell(self.client, &asker, &self.host.host, Why::Gateway, id, true),
            Ok(Decision::Refused(refused)) => {
                refused.open.close(Outcome::Refused, "refused by the gateway");
                own(explain(self.client, &asker, &refused.told, &self.host.host), true)
            }
            Ok(Decision::Cleared(cleared)) => {
                exchange.forward((head, trailers, spelled), cleared, &asker, &shape, to_client).await
            }
        }
    }

    /// Makes the head what the server is to get.
    fn rewrite(&self, head: &mut request::Parts) {
        head::remove_hop_by_hop(&mut head.headers);
        head::join_cookies(&mut head.headers);
        // The gateway itself waits for the body: hyper answers 100 when it is first read.
        head.headers.remove(header::EXPECT);
        let is_http2 = head.version == Version::HTTP_2;
        if let Some(authority) = head.uri.authority() {
            // HTTP/1.0 may come without Host, and servers know one form of it. One that came alone goes on as it is.
            let default_port = if self.route.tls.is_some() { 443 } else { 80 };
            let plain = || HeaderValue::try_from(self.host.to_host_header(default_port));
            if let Ok(host) = if is_http2 { HeaderValue::from_str(authority.as_str()) } else { plain() } {
                head.headers.insert(header::HOST, host);
            }
        }
        let path = head.uri.path_and_query().cloned();
        head.uri = path.map_or_else(|| Uri::from_static("/"), Uri::from);
        head.version = Version::HTTP_11;
        let [via, via_http2] = &self.client.web.via;
        head.headers.append(header::VIA, if is_http2 { via_http2 } else { via }.clone());
    }

    fn about(&self, head: &request::Parts) -> About {
        About {
            host: self.host.clone(),
            account: self.account.clone(),
            address: self.route.addresses.first().map(|address| address.ip()),
            is_tls: self.route.tls.is_some(),
            path: head::shown_path(&head.uri).into_owned(),
        }
    }

    fn envelope(&self, head: &request::Parts, is_multipart: bool) -> Envelope {
        let app = apps::of_host(&self.host.host);
        let scheme = if self.route.tls.is_some() { "https" } else { "http" };
        let path = head::shown_path(&head.uri);
        let summary = [head.method.as_str(), " ", scheme, "://", &*self.host.host, &*path].concat();
        let summary = self.client.web.gate.summary(&summary, SUMMARY_CHARS_MAX);
        Envelope {
            channel: Channel::Web,
            client: Some(self.client.peer.ip().to_canonical()),
            account: self.account.clone(),
            destination: Destination {
                app,
                activity: Some(apps::activity(app, head.method.as_str(), head.uri.path(), is_multipart)),
                host: self.host.host.clone(),
                address: self.route.addresses.first().map(|address| address.ip()),
                recipients: Vec::new(),
            },
            summary,
        }
    }

    /// Sends what was cleared and relays the answer.
    async fn forward(
        self,
        (mut head, mut trailers, spelled): (request::Parts, Option<HeaderMap>, Option<Spelled>),
        cleared: Cleared,
        asker: &Asker,
        shape: &Shape,
        to_client: Option<OnUpgrade>,
    ) -> Response<Reply> {
        if cleared.is_redacted() {
            head::fit_redacted(&mut head.headers);
            trailers.iter_mut().for_each(head::fit_redacted);
        }
        let (content, told, open) = cleared.into_parts();
        frame(&mut head, content.len(), trailers.as_ref(), shape.had_body);
        let upgrade = to_client.map(|client| (client, self.about(&head)));
        let request = Box::new(Sendable { head, content, trailers, spelled });
        let sent = self.links.send(self.route, &self.client.web.interception, request).await;
        let asks_certificate = self.route.tls.as_ref().map(|tls| &tls.asks_certificate);
        if let (Ok(_), Some(asks)) = (&sent, asks_certificate) {
            asks.store(false, Ordering::Relaxed);
        }
        match sent {
            Ok(mut response) if response.status() != StatusCode::SWITCHING_PROTOCOLS => {
                open.close(Outcome::Delivered, &["status ", response.status().as_str()].concat());
                head::clean_response(response.headers_mut());
                response
            }
            Ok(mut response) if upgrade.is_some() && websocket::is_agreed(response.headers()) => {
                open.close(Outcome::Delivered, "status 101");
                if let Some((client, about)) = upgrade {
                    let server = hyper::upgrade::on(&mut response);
                    let socket = Socket { client, server, about };
                    *self.upgrades.socket.lock().unwrap_or_else(PoisonError::into_inner) = Some(socket);
                    self.upgrades.broken.upgrade();
                }
                let mut response = response.map(|_| Reply::Own(None));
                head::clean_response(response.headers_mut());
                websocket::mark(response.headers_mut());
                response
            }
            Ok(_) => {
                open.close(Outcome::Delivered, "answered with an upgrade nobody asked for");
                tell(self.client, asker, &self.host.host, Why::UpstreamFailed, told.id, false)
            }
            Err(NoAnswer { mut why, may_be_delivered }) => {
                // It has said that it wants one, and ends the connection as soon as it is spoken to.
                if why == Why::UpstreamFailed && asks_certificate.is_some_and(|asks| asks.load(Ordering::Relaxed)) {
                    why = Why::ClientCertificate;
                    self.client.record(Some(told.id), &self.host.host, why.id(), 0).await;
                }
                let outcome = if may_be_delivered { Outcome::InDoubt } else { Outcome::Failed };
                open.close(outcome, why.id());
                tell(self.client, asker, &self.host.host, why, told.id, true)
            }
        }
    }
}

/// What the head as it came says about the body.
struct Shape {
    had_body: bool,
    is_multipart: bool,
    extent: Extent,
    may_be_redacted: bool,
}

impl Shape {
    fn of(head: &request::Parts, has_body: bool) -> Self {
        let headers = &head.headers;
        let content_type = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
        let extent = Extent::of(head);
        let multipart = content_type.get(..10).unwrap_or_default();
        Self {
            had_body: has_body || headers.contains_key(header::CONTENT_LENGTH),
            is_multipart: multipart.eq_ignore_ascii_case(b"multipart/"),
            extent,
            // Bytes that have places in something larger must keep them.
            may_be_redacted: head::may_be_redacted(headers) && !extent.is_placed(),
        }
    }
}
