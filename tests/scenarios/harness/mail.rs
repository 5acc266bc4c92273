//! A clerk's mail program: swaks, and a bare line where a program would be too polite.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};

use super::gate::Gate;
use super::{Answer, PATIENCE, command, run, text};

pub(crate) const CLERK: &str = "nguyen.an@vss.gov.vn";
pub(crate) const COLLEAGUE: &str = "tran.thu@vss.gov.vn";
pub(crate) const OUTSIDER: &str = "le.minh@party.example";

/// A plain mail.
pub(crate) fn letter(to: &str, body: &str) -> String {
    format!(
        "From: <{CLERK}>\r\nTo: <{to}>\r\nSubject: Trao doi nghiep vu\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{body}\r\n"
    )
}

/// A mail with one attached file, as Python's own library writes it.
pub(crate) fn letter_with(to: &str, name: &str, file: &Path) -> String {
    let script = "
import sys
from email.message import EmailMessage
from email.policy import SMTP
frm, to, name, path = sys.argv[1:]
m = EmailMessage(policy=SMTP)
m['From'], m['To'], m['Subject'] = frm, to, 'Danh sách kèm theo'
m.set_content('Gửi anh chị danh sách kèm theo.')
m.add_attachment(open(path, 'rb').read(), maintype='application', subtype='octet-stream', filename=name)
sys.stdout.buffer.write(m.as_bytes())
";
    super::python(script, &[CLERK, to, name, &file.to_string_lossy()])
}

impl Gate {
    /// Sends a mail with swaks; answers with the reply to the first command that was refused, else to the mail.
    #[track_caller]
    pub(crate) fn mail_with(&self, to: &str, mail: &str, args: &[&str]) -> Answer {
        swaks(self.mail(), &self.path(""), to, mail, args)
    }

    #[track_caller]
    pub(crate) fn mail_to(&self, to: &str, mail: &str) -> Answer {
        self.mail_with(to, mail, &[])
    }

    /// A connection to the SMTP listener, past the greeting.
    #[track_caller]
    pub(crate) fn smtp_line(&self) -> Line {
        Line::open(self.mail())
    }
}

/// Sends a mail to this server, from a file in this folder.
#[track_caller]
pub(crate) fn swaks(server: SocketAddr, folder: &Path, to: &str, mail: &str, args: &[&str]) -> Answer {
    let file = tempfile::NamedTempFile::new_in(folder).expect("a file");
    std::fs::write(file.path(), mail).expect("written");
    let (host, port) = (server.ip().to_string(), server.port().to_string());
    let mut swaks = command("swaks");
    swaks.args(["--server", &host, "--port", &port, "--from", CLERK, "--to", to, "--data"]);
    swaks.arg(format!("@{}", file.path().display())).args(args);
    let output = run(&mut swaks);
    replies(&text(&output.stdout))
}

/// The reply that matters in a swaks transcript: the first refusal, else the reply to the mail. Lines from the server
/// begin with `<-`, `<~` (TLS) or, for a refusal, `<**` and `<~*`.
fn replies(transcript: &str) -> Answer {
    let mut last_to_data = None;
    let (mut in_data, mut refusal): (bool, Option<Vec<&str>>) = (false, None);
    for line in transcript.lines() {
        let line = line.trim_end();
        if matches!(line, " -> ." | " ~> .") {
            in_data = true;
        }
        let Some(reply) = ["<-  ", "<~  ", "<** ", "<~* "].iter().find_map(|mark| line.strip_prefix(*mark)) else {
            continue;
        };
        if line.starts_with("<**") || line.starts_with("<~*") {
            refusal.get_or_insert_default().push(reply);
        } else if in_data && last_to_data.is_none() {
            last_to_data = Some(reply);
        }
    }
    let lines = refusal.unwrap_or_else(|| last_to_data.into_iter().collect());
    let code = lines.first().and_then(|line| line.get(..3)).and_then(|code| code.parse().ok());
    assert!(code.is_some(), "no reply in: {transcript}");
    Answer { code: code.unwrap_or(0), head: transcript.to_owned(), body: lines.join("\n") }
}

/// SMTP by hand, byte by byte.
pub(crate) struct Line {
    stream: BufReader<TcpStream>,
}

impl Line {
    #[track_caller]
    pub(crate) fn open(address: SocketAddr) -> Self {
        let mut line = Self::silent(address);
        line.reply();
        line
    }

    /// Before the greeting.
    #[track_caller]
    pub(crate) fn silent(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("connected");
        stream.set_read_timeout(Some(PATIENCE)).expect("set");
        Self { stream: BufReader::new(stream) }
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        // The gateway may already have hung up, which the next read tells.
        let _ = self.stream.get_mut().write_all(bytes);
    }

    /// The next reply; code 0 when the connection is gone.
    pub(crate) fn reply(&mut self) -> Answer {
        let mut body = String::new();
        loop {
            let mut line = String::new();
            if self.stream.read_line(&mut line).unwrap_or(0) == 0 {
                return Answer { code: 0, head: String::new(), body };
            }
            body.push_str(&line);
            if line.as_bytes().get(3) != Some(&b'-') {
                let code = line.get(..3).and_then(|code| code.parse().ok()).unwrap_or(0);
                return Answer { code, head: String::new(), body };
            }
        }
    }

    /// Sends a command and reads its reply.
    pub(crate) fn ask(&mut self, command: &str) -> Answer {
        self.send(format!("{command}\r\n").as_bytes());
        self.reply()
    }

    /// Opens a mail up to the 354.
    #[track_caller]
    pub(crate) fn begin_mail(&mut self, to: &str) {
        self.ask("EHLO desk.example.vn").has_code(250);
        self.ask(&format!("MAIL FROM:<{CLERK}>")).has_code(250);
        self.ask(&format!("RCPT TO:<{to}>")).has_code(250);
        self.ask("DATA").has_code(354);
    }

    /// Everything until the other side closes.
    pub(crate) fn rest(mut self) -> String {
        let mut rest = Vec::new();
        let _ = self.stream.read_to_end(&mut rest);
        text(&rest)
    }
}

/// A certificate for STARTTLS, made by openssl.
pub(crate) fn certificate() -> (PathBuf, PathBuf, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let (cert, key) = (folder.path().join("mail.pem"), folder.path().join("mail.key"));
    let mut openssl = command("openssl");
    openssl.args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=mail.vss.gov.vn"]);
    let output = run(openssl
        .args(["-addext", "subjectAltName=DNS:mail.vss.gov.vn", "-keyout"])
        .arg(&key)
        .arg("-out")
        .arg(&cert));
    assert!(output.status.success(), "{}", text(&output.stderr));
    (cert, key, folder)
}
