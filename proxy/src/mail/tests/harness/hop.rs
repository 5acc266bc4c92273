//! The next hop that a scenario stands the gateway before.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::time::timeout;

use super::PATIENCE;
use crate::mail::wire::Io;

/// What a next hop does instead of the usual.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Says this, CR LF included.
    Say(&'static str),
    /// Says this one byte at a time.
    Drip(&'static str),
    /// Says this and closes.
    SayAndClose(&'static str),
    /// Closes.
    Close,
    /// Says nothing and waits for the gateway to give up.
    Silence,
    /// Does the usual once the scenario allows it.
    Await(Arc<Notify>),
}

/// A next hop that does what its script says, and the usual otherwise.
pub(crate) struct FakeHop {
    pub(crate) address: String,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    hung_up: bool,
    commands: Vec<String>,
    mails: Vec<String>,
}

/// Verb (or `greeting`, `dot`, `block`, `response`) and what is done at its first, second, … time.
pub(crate) type Script = Vec<(&'static str, Act)>;

#[derive(Clone)]
struct Scene {
    acts: Arc<Mutex<HashMap<&'static str, VecDeque<Act>>>>,
    seen: Arc<Mutex<Seen>>,
    ehlo: &'static str,
    tls: Option<Arc<rustls::ServerConfig>>,
}

pub(crate) const EHLO: &str = "250-hop.example\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n250-8BITMIME\r\n250-AUTH PLAIN LOGIN SCRAM-SHA-256-PLUS\r\n250 ENHANCEDSTATUSCODES\r\n";

impl FakeHop {
    pub(crate) async fn usual() -> Self {
        Self::new(Vec::new()).await
    }

    pub(crate) async fn new(script: Script) -> Self {
        Self::with(script, EHLO, None).await
    }

    pub(crate) async fn with(script: Script, ehlo: &'static str, tls: Option<Arc<rustls::ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let mut acts: HashMap<_, VecDeque<_>> = HashMap::new();
        script.into_iter().for_each(|(when, act)| acts.entry(when).or_default().push_back(act));
        let seen = Arc::new(Mutex::new(Seen::default()));
        let scene = Scene { acts: Arc::new(Mutex::new(acts)), seen: Arc::clone(&seen), ehlo, tls };
        tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                tcp.set_nodelay(true).expect("no delay");
                tokio::spawn(scene.clone().serve(Box::new(tcp)));
            }
        });
        Self { address, seen }
    }

    /// Command lines in the order they came, `QUIT` and greetings left out.
    pub(crate) fn commands(&self) -> Vec<String> {
        self.dialogue().into_iter().filter(|line| line != "(dot)").collect()
    }

    /// The same with `(dot)` for every final dot.
    pub(crate) fn dialogue(&self) -> Vec<String> {
        let is_told = |line: &&String| !["EHLO", "HELO", "QUIT"].iter().any(|verb| line.starts_with(verb));
        self.seen.lock().expect("no panic").commands.iter().filter(is_told).cloned().collect()
    }

    /// Whether a connection was closed politely.
    pub(crate) fn has_quit(&self) -> bool {
        self.seen.lock().expect("no panic").commands.iter().any(|line| line == "QUIT")
    }

    pub(crate) fn has_seen(&self, command: &str) -> bool {
        self.dialogue().iter().any(|seen| seen.starts_with(command))
    }

    /// Waits until the command came.
    pub(crate) async fn sees(&self, command: &str) {
        let seen = async {
            while !self.has_seen(command) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(PATIENCE, seen).await.expect("seen");
    }

    /// Waits until so many mails have come whole.
    pub(crate) async fn receives(&self, n: usize) {
        let received = async {
            while self.dialogue().iter().filter(|line| *line == "(dot)").count() < n {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(PATIENCE, received).await.expect("received");
    }

    /// Waits until it closed a connection by its script.
    pub(crate) async fn hung_up(&self) {
        let hung_up = async {
            while !self.seen.lock().expect("no panic").hung_up {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(PATIENCE, hung_up).await.expect("hung up");
    }

    /// Mails as they came over the wire, up to and without the final dot; of unfinished ones what came.
    pub(crate) fn mails(&self) -> Vec<String> {
        self.seen.lock().expect("no panic").mails.clone()
    }
}

impl Scene {
    fn act(&self, when: &str) -> Option<Act> {
        self.acts.lock().expect("no panic").get_mut(when).and_then(VecDeque::pop_front)
    }

    /// Whether the connection goes on.
    async fn perform(&self, io: &mut Box<dyn Io>, when: &str, usual: &str) -> bool {
        match self.act(when) {
            None => io.write_all(usual.as_bytes()).await.is_ok() && io.flush().await.is_ok(),
            Some(Act::Say(text)) => io.write_all(text.as_bytes()).await.is_ok() && io.flush().await.is_ok(),
            Some(Act::Drip(text)) => {
                for byte in text.as_bytes() {
                    let _ = io.write_all(&[*byte]).await;
                    let _ = io.flush().await;
                    tokio::task::yield_now().await;
                }
                true
            }
            Some(Act::SayAndClose(text)) => {
                let _ = io.write_all(text.as_bytes()).await;
                let _ = io.shutdown().await;
                self.seen.lock().expect("no panic").hung_up = true;
                false
            }
            Some(Act::Close) => false,
            Some(Act::Await(allowed)) => {
                allowed.notified().await;
                io.write_all(usual.as_bytes()).await.is_ok() && io.flush().await.is_ok()
            }
            Some(Act::Silence) => {
                let mut sink = [0; 1_024];
                while io.read(&mut sink).await.is_ok_and(|n| n > 0) {}
                false
            }
        }
    }

    async fn serve(self, mut io: Box<dyn Io>) {
        if !self.perform(&mut io, "greeting", "220 hop.example ESMTP\r\n").await {
            return;
        }
        let (mut buf, mut in_auth) = (Vec::new(), false);
        loop {
            let Some(line) = line(&mut io, &mut buf).await else { return };
            self.seen.lock().expect("no panic").commands.push(line.clone());
            let verb = if in_auth { "response" } else { line.split(' ').next().unwrap_or_default() };
            let usual = match verb {
                "EHLO" => self.ehlo,
                "DATA" => "354 go ahead\r\n",
                "AUTH" | "response" => "235 2.7.0 welcome\r\n",
                "STARTTLS" => "220 ready\r\n",
                "QUIT" => "221 bye\r\n",
                _ => "250 2.1.0 fine\r\n",
            };
            let next = self.acts.lock().expect("no panic").get(verb).and_then(|acts| acts.front().cloned());
            let said = match &next {
                Some(Act::Say(text) | Act::Drip(text) | Act::SayAndClose(text)) => *text,
                _ => usual,
            };
            if !self.perform(&mut io, verb, usual).await {
                return;
            }
            in_auth = said.starts_with("334");
            if verb == "DATA" && said.starts_with("354") && !self.mail(&mut io, &mut buf).await {
                return;
            }
            match verb {
                "STARTTLS" if said == usual => {
                    let config = self.tls.clone().expect("TLS is offered with a certificate");
                    let Ok(tls) = tokio_rustls::TlsAcceptor::from(config).accept(io).await else { return };
                    io = Box::new(tls);
                }
                _ => {}
            }
        }
    }

    async fn mail(&self, io: &mut Box<dyn Io>, buf: &mut Vec<u8>) -> bool {
        // Other connections bring mails meanwhile.
        let nth = {
            let mails = &mut self.seen.lock().expect("no panic").mails;
            mails.push(String::new());
            mails.len() - 1
        };
        let interrupts = self.acts.lock().expect("no panic").contains_key("block");
        if interrupts && !self.perform(io, "block", "").await {
            return false;
        }
        loop {
            let Some(line) = line(io, buf).await else { return false };
            if line == "." {
                self.seen.lock().expect("no panic").commands.push("(dot)".to_owned());
                return self.perform(io, "dot", "250 2.0.0 queued as 42\r\n").await;
            }
            let mut seen = self.seen.lock().expect("no panic");
            let mail = &mut seen.mails[nth];
            mail.push_str(&line);
            mail.push_str("\r\n");
        }
    }
}

/// A line that ends in CR LF, without it.
async fn line(io: &mut Box<dyn Io>, buf: &mut Vec<u8>) -> Option<String> {
    loop {
        if let Some(end) = buf.windows(2).position(|w| w == b"\r\n") {
            let line = buf.drain(..end + 2).take(end).collect();
            return Some(String::from_utf8(line).expect("text"));
        }
        let mut chunk = vec![0; 16_384];
        let n = io.read(&mut chunk).await.ok().filter(|n| *n > 0)?;
        buf.extend_from_slice(&chunk[..n]);
    }
}
