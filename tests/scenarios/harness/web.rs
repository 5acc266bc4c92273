//! A clerk's browser and scripts, played by curl.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use super::gate::Gate;
use super::world::{IMPOSTOR, ZALO, ZALO_FILES};
use super::{Answer, command, run, text};

/// What a request carries.
#[derive(Clone, Debug)]
pub(crate) enum Form {
    Nothing,
    Body {
        content_type: &'static str,
        bytes: Vec<u8>,
    },
    /// `multipart/form-data` with one file.
    File {
        name: &'static str,
        bytes: Vec<u8>,
    },
}

impl Form {
    pub(crate) fn json(body: impl Into<String>) -> Self {
        Self::Body { content_type: "application/json", bytes: body.into().into_bytes() }
    }

    pub(crate) fn text(body: impl Into<String>) -> Self {
        Self::Body { content_type: "text/plain; charset=utf-8", bytes: body.into().into_bytes() }
    }
}

/// One request through the gateway.
pub(crate) struct Request<'g> {
    gate: &'g Gate,
    url: String,
    form: Form,
    args: Vec<OsString>,
    variables: Vec<(&'static str, OsString)>,
}

impl Gate {
    /// A request to a host outside.
    pub(crate) fn request(&self, host: &str, path: &str) -> Request<'_> {
        let port = if host == IMPOSTOR { self.world.impostor.port() } else { self.world.https.port() };
        Request {
            gate: self,
            url: format!("https://{host}:{port}{path}"),
            form: Form::Nothing,
            args: Vec::new(),
            variables: Vec::new(),
        }
    }

    /// A request without TLS, in absolute form.
    pub(crate) fn plain_request(&self, path: &str) -> Request<'_> {
        let url = format!("http://{}{path}", self.world.http.address);
        Request { gate: self, url, form: Form::Nothing, args: Vec::new(), variables: Vec::new() }
    }

    /// A chat line to Zalo.
    #[track_caller]
    pub(crate) fn chat(&self, line: &str) -> Answer {
        self.request(ZALO, "/api/message/sms").with(Form::json(format!(r#"{{"message":"{line}"}}"#))).send()
    }

    /// A file to Zalo.
    pub(crate) fn upload_to_zalo(&self, name: &'static str, bytes: Vec<u8>) -> Request<'_> {
        self.request(ZALO_FILES, "/api/message/asyncfile/upload").with(Form::File { name, bytes })
    }
}

impl Request<'_> {
    pub(crate) fn with(mut self, form: Form) -> Self {
        self.form = form;
        self
    }

    /// Further arguments of curl.
    pub(crate) fn args(mut self, args: &[&str]) -> Self {
        self.args.extend(args.iter().map(OsString::from));
        self
    }

    /// A variable of its environment.
    #[cfg(feature = "kerberos")]
    pub(crate) fn variable(mut self, name: &'static str, value: impl Into<OsString>) -> Self {
        self.variables.push((name, value.into()));
        self
    }

    /// As a person in a browser.
    pub(crate) fn in_a_browser(self) -> Self {
        self.args(&["-H", "Accept: text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"])
    }

    /// Sends it.
    #[track_caller]
    pub(crate) fn send(self) -> Answer {
        let Self { gate, url, form, args, variables } = self;
        let folder = tempfile::tempdir_in(gate.path("")).expect("a folder");
        let body = folder.path().join("body");
        let mut curl = command("curl");
        curl.args(["--proxy", &format!("http://{}", gate.web()), "--noproxy", "", "--cacert"]).arg(gate.ca());
        match form {
            Form::Nothing => {}
            Form::Body { content_type, bytes } => {
                std::fs::write(&body, bytes).expect("written");
                curl.args(["-H", &format!("Content-Type: {content_type}")]);
                curl.arg("--data-binary").arg(at(&body));
            }
            Form::File { name, bytes } => {
                std::fs::write(&body, bytes).expect("written");
                curl.arg("-F").arg(format!("file=@{};filename={name}", body.display()));
            }
        }
        curl.args(args).arg(url).envs(variables);
        super::web::curl(folder.path(), &mut curl)
    }
}

/// `@path`, curl's way to say "from this file".
fn at(path: &Path) -> OsString {
    let mut arg = OsString::from("@");
    arg.push(path);
    arg
}

/// Runs a prepared curl and reads what it got. A connection that broke gives code 0, or the proxy's own answer.
#[track_caller]
pub(crate) fn curl(folder: &Path, curl: &mut Command) -> Answer {
    let folder = tempfile::tempdir_in(folder).expect("a folder");
    let (head, body) = (folder.path().join("head"), folder.path().join("answer"));
    curl.args(["-sS", "-w", "%{http_code} %{http_connect}", "-D"]).arg(&head).arg("-o").arg(&body);
    let output = run(curl);
    let codes = text(&output.stdout);
    let mut codes = codes.split(' ').map(|code| code.parse::<u16>().unwrap_or(0));
    let (code, connect) = (codes.next().unwrap_or(0), codes.next().unwrap_or(0));
    let read = |path| std::fs::read(path).map(|bytes| text(&bytes)).unwrap_or_default();
    let code = if code == 0 { connect } else { code };
    // With a proxy, the answer to CONNECT comes first; the last block is the answer itself.
    let heads = read(&head);
    let head = heads.trim_end().rsplit("\r\n\r\n").next().unwrap_or_default().to_lowercase();
    let body = if code == 0 { text(&output.stderr) } else { read(&body) };
    Answer { code, head, body }
}
