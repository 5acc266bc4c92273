//! Who sends, as an LDAP directory knows it: Debian's slapd.

use std::fmt::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};

use crate::harness::fixtures::someone;
use crate::harness::gate::Setup;
use crate::harness::outside::OutsideCa;
use crate::harness::world::ZALO;
use crate::harness::{Answer, Form, Gate, command, free_address, succeed, wait_until};
use crate::identity::{POLICY_OF_GROUPS, SECRET};

const READER_SECRET: &str = "doc-danh-ba";

/// A directory of two people and two groups, one of which its member's entry names and one of which names its member.
pub(crate) struct Directory {
    dir: tempfile::TempDir,
    server: Option<Child>,
    tls: SocketAddr,
    clear: SocketAddr,
}

impl Directory {
    pub(crate) fn start() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let path = |name: &str| dir.path().join(name);
        let ca = OutsideCa::new().expect("a CA");
        let tls = free_address();
        let (certificate, key) = ca.issue(&[&tls.ip().to_string()]).expect("a certificate");
        std::fs::write(path("ca.pem"), ca.pem()).expect("written");
        std::fs::write(path("server.pem"), certificate.pem()).expect("written");
        std::fs::write(path("server.key"), key.serialize_pem()).expect("written");
        std::fs::create_dir(path("db")).expect("made");
        let here = dir.path().display();
        let mut config = String::new();
        for schema in ["core", "cosine", "inetorgperson"] {
            let _ = writeln!(config, "include /etc/ldap/schema/{schema}.schema");
        }
        // `security` refuses whatever is not encrypted: a password in clear would be no success here.
        let _ = write!(
            config,
            "modulepath /usr/lib/ldap\nmoduleload back_mdb\nmoduleload memberof\n\
             TLSCertificateFile {here}/server.pem\nTLSCertificateKeyFile {here}/server.key\nsecurity ssf=112\n\
             database mdb\nsuffix dc=example,dc=vn\ndirectory {here}/db\nmaxsize 10485760\n\
             rootdn cn=chot,dc=example,dc=vn\nrootpw {READER_SECRET}\noverlay memberof\n\
             access to attrs=userPassword by anonymous auth by * none\naccess to * by users read\n"
        );
        std::fs::write(path("slapd.conf"), config).expect("written");
        let person = |uid: &str, more: &str| {
            format!(
                "dn: uid={uid},ou=nguoi,dc=example,dc=vn\nobjectClass: inetOrgPerson\nuid: {uid}\ncn: {uid}\nsn: {uid}\n\
                 userPassword: {SECRET}\n{more}\n"
            )
        };
        let group = |cn: &str, member: &str| {
            format!(
                "dn: cn={cn},ou=nhom,dc=example,dc=vn\nobjectClass: groupOfNames\ncn: {cn}\n\
                 member: uid={member},ou=nguoi,dc=example,dc=vn\n\n"
            )
        };
        let unit = |ou: &str| format!("dn: ou={ou},dc=example,dc=vn\nobjectClass: organizationalUnit\nou: {ou}\n\n");
        let entries = [
            "dn: dc=example,dc=vn\nobjectClass: domain\ndc: example\n\n".to_owned(),
            unit("nguoi"),
            unit("nhom"),
            person("An.Nguyen", "memberOf: cn=ke-toan,ou=nhom,dc=example,dc=vn\n"),
            person("thu.tran", ""),
            group("ke-toan", "An.Nguyen"),
        ];
        std::fs::write(path("entries.ldif"), entries.concat()).expect("written");
        succeed(command("slapadd").arg("-f").arg(path("slapd.conf")).arg("-l").arg(path("entries.ldif")));
        let clear = std::iter::repeat_with(free_address).find(|clear| *clear != tls).expect("another address");
        let mut directory = Self { tls, clear, dir, server: None };
        directory.run();
        directory
    }

    fn run(&mut self) {
        let Self { dir, tls, clear, .. } = &*self;
        // In the foreground; Debian keeps it where not every PATH looks.
        let server = Command::new("/usr/sbin/slapd")
            .args(["-d", "0", "-h", &format!("ldaps://{tls} ldap://{clear}"), "-f"])
            .arg(dir.path().join("slapd.conf"))
            .stderr(Stdio::null())
            .spawn()
            .expect("slapd starts");
        for address in [tls, clear] {
            wait_until("the directory listens", || TcpStream::connect(address).is_ok());
        }
        self.server = Some(server);
    }

    pub(crate) fn stop(&mut self) {
        if let Some(mut server) = self.server.take() {
            let _ = server.kill();
            let _ = server.wait();
        }
    }

    fn ask(&self, setup: &mut Setup, lines: &str) {
        POLICY_OF_GROUPS.clone_into(&mut setup.policy);
        setup.roots.push(self.dir.path().join("ca.pem"));
        setup.more =
            format!("[identity]\naddresses = \"addresses.txt\"\n[identity.ldap]\nbase = \"dc=example,dc=vn\"\n{lines}");
        setup.files = vec![("reader", format!("{READER_SECRET}\n")), ("addresses.txt", String::new())];
    }

    /// A gateway whose own account looks for people.
    fn gate_with_a_reader(&self) -> Gate {
        Gate::with(|setup| self.ask_with_a_reader(setup))
    }

    pub(crate) fn ask_with_a_reader(&self, setup: &mut Setup) {
        let lines = format!(
            "servers = [\"ldaps://{}\"]\nreader = \"cn=chot,dc=example,dc=vn\"\nreader_password = \"reader\"",
            self.tls
        );
        self.ask(setup, &lines);
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        self.stop();
    }
}

fn chat(gate: &Gate, user: Option<&str>, line: &str) -> Answer {
    let request = gate.request(ZALO, "/api/message/sms").with(Form::text(line.to_owned()));
    match user {
        Some(user) => request.args(&["--proxy-user", user]).send(),
        None => request.send(),
    }
}

fn number() -> String {
    format!("CCCD {}", someone(1).cccd)
}

#[test]
fn the_directory_says_who_sends_and_what_group_that_is() {
    let mut directory = Directory::start();
    let gate = directory.gate_with_a_reader();
    let an = format!("an.nguyen:{SECRET}");
    chat(&gate, Some(&an), &number()).is_delivered();
    let decision = gate.last_decision();
    // As the directory writes it, however it was typed.
    assert_eq!((&decision.0["account"], &decision.0["account_source"]), (&"An.Nguyen".into(), &"proxy-auth".into()));
    chat(&gate, Some(&format!("thu.tran:{SECRET}")), &number()).is_refused();
    assert_eq!(gate.last_decision().0["account"], "thu.tran");
    assert_eq!(gate.world.https.take().len(), 1);

    for wrong in ["an.nguyen:sai", "an.nguyen:", "ai.do:sai", "*:sai", "an*:sai"] {
        chat(&gate, Some(wrong), "xin chào").has_code(407);
    }
    chat(&gate, None, "xin chào").has_code(407);
    gate.world.https.received_nothing();
    let refused = gate.records("refusal");
    let who: Vec<_> = refused.iter().map(|r| (r["reason"].as_str(), r["account"].as_str())).collect();
    let failed = Some("auth-failed");
    assert_eq!(who[..3], [(failed, Some("an.nguyen")), (failed, Some("an.nguyen")), (failed, Some("ai.do"))]);
    assert_eq!((refused[0]["account_source"].as_str(), who[3]), (Some("claimed"), (failed, None)));

    // What was checked is remembered; what was not cannot be, and nothing leaves.
    directory.stop();
    chat(&gate, Some(&an), "xin chào").is_delivered();
    gate.world.https.received_one();
    let answer = chat(&gate, Some(&format!("an.nguyen:{SECRET}2")), "xin chào");
    answer.has_code(503);
    gate.world.https.received_nothing();
    assert_eq!(gate.records("refusal").last().map(|r| r["reason"].clone()), Some("directory".into()));
    // Until somebody says that it may have changed.
    assert!(gate.reload().status.success());
    chat(&gate, Some(&an), "xin chào").has_code(503);
    directory.run();
    chat(&gate, Some(&an), "xin chào").is_delivered();
    gate.keeps_none_of(&[SECRET, READER_SECRET]);
    gate.verify();
}

#[test]
fn accounts_log_in_by_themselves_behind_starttls() {
    let directory = Directory::start();
    let lines = format!(
        "servers = [\"ldap://{}\"]\nbind_as = \"uid={{name}},ou=nguoi,dc=example,dc=vn\"\n\
         groups = \"departmentNumber\"\ngroup_base = \"ou=nhom,dc=example,dc=vn\"",
        directory.clear
    );
    let gate = Gate::with(|setup| directory.ask(setup, &lines));
    chat(&gate, Some(&format!("An.Nguyen:{SECRET}")), &number()).is_delivered();
    assert_eq!(gate.last_decision().0["account"], "An.Nguyen");
    chat(&gate, Some(&format!("thu.tran:{SECRET}")), &number()).is_refused();
    chat(&gate, Some("thu.tran:sai"), "xin chào").has_code(407);
}

#[test]
fn a_directory_that_nobody_vouches_for_hears_no_password() {
    let directory = Directory::start();
    let lines = format!("servers = [\"ldaps://{}\"]\nbind_as = \"uid={{name}},dc=vn\"", directory.tls);
    let gate = Gate::with(|setup| {
        directory.ask(setup, &lines);
        setup.roots.clear();
    });
    chat(&gate, Some(&format!("An.Nguyen:{SECRET}")), "xin chào").has_code(503);
    gate.world.https.received_nothing();
    let doctor = crate::harness::run(&mut gate.chot(&["doctor"]));
    let said = crate::harness::text(&doctor.stdout);
    assert!(said.contains("has no TLS that can be trusted"), "{said}");
}

#[test]
fn whose_address_it_is_has_the_groups_of_the_directory() {
    let mut directory = Directory::start();
    let gate = directory.gate_with_a_reader();
    std::fs::write(gate.path("addresses.txt"), "127.0.0.1 an.nguyen\n").expect("written");
    chat(&gate, None, &number()).has_code(407);
    // A file that changed counts from the reload on.
    assert!(gate.reload().status.success());
    chat(&gate, None, &number()).is_delivered();
    let decision = gate.last_decision();
    assert_eq!((&decision.0["account"], &decision.0["account_source"]), (&"an.nguyen".into(), &"address".into()));
    gate.world.https.received_one();
    // Groups that cannot be asked for are not none: a rule may be about them.
    directory.stop();
    assert!(gate.reload().status.success());
    chat(&gate, None, "xin chào").has_code(503);
    gate.world.https.received_nothing();
    // A file that is wrong changes nothing, and says so.
    std::fs::write(gate.path("addresses.txt"), "127.0.0.1\n").expect("written");
    let told = gate.reload();
    assert!(!told.status.success() && crate::harness::text(&told.stdout).contains("line 1"), "{told:?}");
}
