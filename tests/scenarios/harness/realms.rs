//! A Kerberos server with two realms, people who log on to them, and a gateway that takes their tickets.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::gate::Setup;
use super::web::Request;
use super::world::ZALO;
use super::{Answer, Form, Gate, command, free_address, succeed, text, wait_until};
use crate::identity::{POLICY_OF_GROUPS, SECRET, add};

/// The realm whose people are accounts, and one that it trusts and the gateway does not.
const REALM: &str = "EXAMPLE.VN";
pub(crate) const OTHER: &str = "KHAC.VN";
pub(crate) const PROXY: &str = "proxy.example.vn";
pub(crate) const SERVICE: &str = "HTTP/proxy.example.vn@EXAMPLE.VN";
/// What a browser asks for that knows the proxy as `localhost`: of other names it takes the one DNS has.
pub(crate) const SERVICE_HERE: &str = "HTTP/localhost@EXAMPLE.VN";

/// Two realms that one server speaks for.
pub(crate) struct Realms {
    dir: tempfile::TempDir,
    server: Child,
}

impl Realms {
    pub(crate) fn start() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let here = dir.path().display();
        let address = free_address();
        let (mut clients, mut servers) = (String::new(), String::new());
        for realm in [REALM, OTHER] {
            let _ = writeln!(clients, "{realm} = {{\nkdc = {address}\n}}");
            let _ = writeln!(
                servers,
                "{realm} = {{\ndatabase_name = {here}/{realm}.db\nkey_stash_file = {here}/{realm}.stash\n}}"
            );
        }
        // Names are taken as they are typed, and nothing is asked over UDP.
        let clients = format!(
            "[libdefaults]\ndefault_realm = {REALM}\ndns_lookup_kdc = false\ndns_lookup_realm = false\nrdns = false\n\
             dns_canonicalize_hostname = false\nudp_preference_limit = 1\n[realms]\n{clients}\
             [domain_realm]\n.example.vn = {REALM}\nlocalhost = {REALM}\n"
        );
        let servers = format!("[kdcdefaults]\nkdc_listen = \"\"\nkdc_tcp_listen = {address}\n[realms]\n{servers}");
        std::fs::write(dir.path().join("krb5.conf"), clients).expect("written");
        std::fs::write(dir.path().join("kdc.conf"), servers).expect("written");
        for realm in [REALM, OTHER] {
            let create = ["create", "-s", "-r", realm, "-P", SECRET];
            succeed(in_realms(&mut command("kdb5_util"), &dir).args(create));
            // What one realm gives its people to show to the other.
            administer(&dir, realm, &format!("addprinc -pw {SECRET} krbtgt/{REALM}@{OTHER}"));
        }
        for service in [SERVICE, SERVICE_HERE] {
            administer(&dir, REALM, &format!("addprinc -randkey {service}"));
        }
        for (realm, name) in [(REALM, "an.nguyen"), (REALM, "Thu.Tran"), (OTHER, "an.nguyen")] {
            administer(&dir, realm, &format!("addprinc -pw {SECRET} {name}@{realm}"));
        }
        let mut server = Command::new("/usr/sbin/krb5kdc");
        let server = in_realms(&mut server, &dir).args(["-n", "-r", REALM, "-r", OTHER]);
        let server = server.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("krb5kdc starts");
        let realms = Self { dir, server };
        wait_until("the realms answer", || TcpStream::connect(address).is_ok());
        realms
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A new key of the service, for which every ticket from now on is made.
    pub(crate) fn new_key(&self, file: &str, service: &str) -> PathBuf {
        let file = self.path(file);
        administer(&self.dir, REALM, &format!("ktadd -k {} {service}", file.display()));
        file
    }

    /// Somebody logs on, on a computer of their own.
    pub(crate) fn log_on(&self, principal: &str) -> Person<'_> {
        let person = Person { realms: self, tickets: self.path(&format!("{}.tickets", principal.replace('/', "-"))) };
        let mut kinit = command("kinit");
        let kinit = person.at_home(&mut kinit).arg(principal).stdin(Stdio::piped()).stdout(Stdio::null());
        let mut kinit = kinit.spawn().expect("kinit starts");
        kinit.stdin.take().expect("its input").write_all(format!("{SECRET}\n").as_bytes()).expect("written");
        assert!(kinit.wait().expect("ended").success(), "{principal}");
        person
    }

    /// A gateway that takes tickets for this key, and a password of one more.
    pub(crate) fn gate(&self, keytab: &Path) -> Gate {
        self.gate_of(keytab, SERVICE)
    }

    pub(crate) fn gate_of(&self, keytab: &Path, service: &str) -> Gate {
        let gate = Gate::with(|setup| self.ask(setup, keytab, service));
        add(&gate, "thu.tran", "mot-cua");
        add(&gate, "an.nguyen", "ke-toan");
        assert!(gate.reload().status.success());
        gate
    }

    fn ask(&self, setup: &mut Setup, keytab: &Path, service: &str) {
        POLICY_OF_GROUPS.clone_into(&mut setup.policy);
        setup.files = vec![("users.txt", String::new())];
        setup.variables = vec![("KRB5_CONFIG", self.path("krb5.conf"))];
        setup.web = format!("{}\nlisten_tls = [\"127.0.0.1:0\"]", setup.web);
        setup.more = format!(
            "[identity]\nusers = \"users.txt\"\n[identity.kerberos]\nkeytab = \"{}\"\nservice = \"{service}\"\n",
            keytab.display()
        );
    }
}

impl Drop for Realms {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn in_realms<'c>(command: &'c mut Command, dir: &tempfile::TempDir) -> &'c mut Command {
    let variables = [("KRB5_CONFIG", "krb5.conf"), ("KRB5_KDC_PROFILE", "kdc.conf")];
    command.envs(variables.map(|(name, file)| (name, dir.path().join(file))))
}

fn administer(dir: &tempfile::TempDir, realm: &str, query: &str) {
    succeed(in_realms(&mut command("kadmin.local"), dir).args(["-r", realm, "-q", query]));
}

/// Somebody with tickets.
pub(crate) struct Person<'r> {
    realms: &'r Realms,
    tickets: PathBuf,
}

impl Person<'_> {
    pub(crate) fn at_home<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command.env("KRB5_CONFIG", self.realms.path("krb5.conf")).env("KRB5CCNAME", &self.tickets)
    }

    /// The same request with tickets, to the proxy by its name.
    pub(crate) fn shows<'g>(&self, gate: &Gate, request: Request<'g>) -> Request<'g> {
        let request = by_name(gate, request).args(&["--proxy-negotiate", "--proxy-user", ":"]);
        let tickets = self.tickets.clone();
        request.variable("KRB5_CONFIG", self.realms.path("krb5.conf")).variable("KRB5CCNAME", tickets)
    }

    pub(crate) fn says(&self, gate: &Gate, line: &str) -> Answer {
        self.shows(gate, chat(gate, line)).send()
    }

    /// What their browser would show the proxy.
    pub(crate) fn token(&self) -> String {
        self.token_by(&mut command("env"))
    }

    /// The same of a browser that this command starts.
    pub(crate) fn token_by(&self, start: &mut Command) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("its address").port();
        let curl = self.at_home(start).args(["curl", "-s", "--proxy", &format!("http://{PROXY}:{port}")]);
        let at = format!("{PROXY}:{port}:127.0.0.1");
        curl.args(["--resolve", &at, "--proxy-negotiate", "--proxy-user", ":", "http://a.example/"]);
        let mut curl = curl.stdout(Stdio::null()).spawn().expect("curl starts");
        let (mut stream, _) = listener.accept().expect("curl comes");
        let mut head = Vec::new();
        while memchr::memmem::find(&head, b"\r\n\r\n").is_none() {
            let mut some = [0; 4096];
            let n = stream.read(&mut some).expect("a request");
            assert!(n > 0, "curl went away: {}", text(&head));
            head.extend_from_slice(&some[..n]);
        }
        drop(stream);
        curl.wait().expect("ended");
        let head = text(&head);
        let token = head.lines().find_map(|line| line.strip_prefix("Proxy-Authorization: Negotiate "));
        token.unwrap_or_else(|| panic!("no token: {head}")).to_owned()
    }
}

pub(crate) fn by_name<'g>(gate: &Gate, request: Request<'g>) -> Request<'g> {
    let port = gate.web().port();
    let (proxy, at) = (format!("http://{PROXY}:{port}"), format!("{PROXY}:{port}:127.0.0.1"));
    request.args(&["--proxy", &proxy, "--resolve", &at])
}

pub(crate) fn chat<'g>(gate: &'g Gate, line: &str) -> Request<'g> {
    gate.request(ZALO, "/api/message/sms").with(Form::text(line.to_owned()))
}
