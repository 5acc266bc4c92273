//! Who sends, by Kerberos tickets: MIT's server with two realms of this test's own, curl as the browser.
//!
//! In a program without Kerberos the setting is refused, and that is all there is to see.

#[cfg(feature = "kerberos")]
mod tickets {
    use std::fmt::Write as _;
    use std::io::{Read as _, Write as _};
    use std::net::TcpStream;

    use crate::directory::Directory;
    use crate::harness::fixtures::someone;
    use crate::harness::realms::{OTHER, PROXY, Person, Realms, SERVICE, SERVICE_HERE, by_name, chat};
    use crate::harness::world::ZALO;
    use crate::harness::{Form, Gate, client_command, command, run, succeed, text};
    use crate::identity::SECRET;

    /// Reason, account and its source of every refusal.
    fn refusals(gate: &Gate) -> Vec<String> {
        let told = |record: serde_json::Value| {
            let word = |key: &str| record[key].as_str().unwrap_or("-").to_owned();
            format!("{} {} {}", word("reason"), word("account"), word("account_source"))
        };
        gate.records("refusal").into_iter().map(told).collect()
    }

    /// A request in clear as bytes, for what curl would not say; the connection stays open.
    struct Line(TcpStream);

    impl Line {
        fn open(gate: &Gate) -> Self {
            Self(TcpStream::connect(gate.web()).expect("connected"))
        }

        /// The status of the answer.
        fn asks(&mut self, gate: &Gate, more: &str) -> u16 {
            let host = gate.world.http.address;
            let request = format!("POST http://{host}/x HTTP/1.1\r\nHost: {host}\r\nContent-Length: 2\r\n{more}\r\nok");
            self.0.write_all(request.as_bytes()).expect("written");
            let mut answer = Vec::new();
            let head = loop {
                let mut some = [0; 4096];
                let n = self.0.read(&mut some).expect("an answer");
                assert!(n > 0, "the connection ended: {}", text(&answer));
                answer.extend_from_slice(&some[..n]);
                if let Some(head) = memchr::memmem::find(&answer, b"\r\n\r\n") {
                    break head + 4;
                }
            };
            let told = text(&answer[..head]).to_lowercase();
            let length = told.lines().find_map(|line| line.strip_prefix("content-length: ")).expect("a length");
            let length: usize = length.trim().parse().expect("a number");
            let mut rest = vec![0; (head + length).saturating_sub(answer.len())];
            self.0.read_exact(&mut rest).expect("the body");
            told.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status")
        }
    }

    #[test]
    fn a_ticket_says_who_sends_and_nobody_else_is_let_in() {
        let realms = Realms::start();
        let gate = realms.gate(&realms.new_key("http.keytab", SERVICE));
        let (an, thu) = (realms.log_on("an.nguyen"), realms.log_on("Thu.Tran"));
        let number = format!("CCCD {}", someone(1).cccd);
        an.says(&gate, &number).is_delivered();
        let decision = gate.last_decision();
        assert_eq!(
            (&decision.0["account"], &decision.0["account_source"]),
            (&"an.nguyen".into(), &"proxy-auth".into())
        );
        gate.world.https.received_one();
        // As the file writes the name, whose groups they are.
        thu.says(&gate, &number).is_refused();
        assert_eq!(gate.last_decision().0["account"], "thu.tran");
        gate.world.https.received_nothing();

        // In clear, over TLS, and beside a password.
        an.shows(&gate, gate.plain_request("/x").with(Form::text("xin chào"))).send().is_delivered();
        assert_eq!(gate.last_decision().0["account"], "an.nguyen");
        let ca = gate.ca().display().to_string();
        let secure = gate.web_tls().port();
        let (proxy, at) = (format!("https://{PROXY}:{secure}"), format!("{PROXY}:{secure}:127.0.0.1"));
        let over_tls = ["--proxy", &proxy, "--resolve", &at, "--proxy-cacert", &ca];
        an.shows(&gate, chat(&gate, "qua TLS")).args(&over_tls).send().is_delivered();
        assert_eq!(gate.last_decision().0["account"], "an.nguyen");
        chat(&gate, "xin chào").args(&["--proxy-user", &format!("thu.tran:{SECRET}")]).send().is_delivered();
        assert_eq!(gate.last_decision().0["account"], "thu.tran");
        assert_eq!((gate.world.https.take().len(), gate.world.http.take().len()), (2, 1));
        assert_eq!(refusals(&gate), <[String; 0]>::default());

        // Without a ticket, or with one that does not count.
        let nobody = by_name(&gate, chat(&gate, "xin chào")).send();
        nobody.has_code(407).has_header("proxy-authenticate: negotiate").has_header("proxy-authenticate: basic ");
        realms.log_on(&format!("an.nguyen@{OTHER}")).says(&gate, "xin chào").has_code(407);
        let tokens = [
            // MS-NLMP §2.2.1.1, as Windows sends it outside of a domain, by itself and within SPNEGO.
            "Negotiate TlRMTVNTUAABAAAAl4II4gAAAAAAAAAAAAAAAAAAAAAKAGFKAAAADw==",
            "NTLM TlRMTVNTUAABAAAAl4II4gAAAAAAAAAAAAAAAAAAAAAKAGFKAAAADw==",
            // RFC 4178 §4.2.1: Kerberos is named, and no ticket comes along.
            "Negotiate YBsGBisGAQUFAqARMA+gDTALBgkqhkiG9xIBAgI=",
            "Negotiate AAAA",
            "Negotiate %",
            "Negotiate ",
        ];
        for token in tokens {
            let shown = format!("Proxy-Authorization: {token}");
            by_name(&gate, chat(&gate, "xin chào")).args(&["--proxy-header", &shown]).send().has_code(407);
        }
        gate.world.https.received_nothing();
        let expected = [
            "auth-realm an.nguyen@KHAC.VN claimed",
            "auth-ntlm - -",
            "auth-ntlm - -",
            "auth-legs - -",
            "auth-ticket - -",
            "auth-ticket - -",
            "auth-failed - -",
        ];
        assert_eq!(refusals(&gate), expected);
        gate.keeps_none_of(&[SECRET]);
        gate.verify();
    }

    #[test]
    fn a_ticket_counts_once_and_in_time() {
        let realms = Realms::start();
        let gate = realms.gate(&realms.new_key("http.keytab", SERVICE));
        let an = realms.log_on("an.nguyen");
        // The token is taken from the wire, and shown by somebody else.
        let token = an.token();
        let shown = ["--proxy-header", &format!("Proxy-Authorization: Negotiate {token}")];
        let first = by_name(&gate, gate.plain_request("/x").with(Form::text("xin chào"))).args(&shown).send();
        // The gateway proves itself, too.
        first.is_delivered().has_header("proxy-authenticate: negotiate ");
        gate.world.http.received_one();
        let again = || by_name(&gate, gate.plain_request("/x").with(Form::text("xin chào"))).args(&shown).send();
        again().has_code(407);
        // What was shown is remembered longer than the process lives.
        let mut gate = gate;
        gate.keep_ports();
        gate.stop();
        gate.start();
        let again = || by_name(&gate, gate.plain_request("/x").with(Form::text("xin chào"))).args(&shown).send();
        again().has_code(407);
        gate.world.http.received_nothing();

        // A clock that is an hour ahead makes tickets of another time.
        an.says(&gate, "đúng giờ").is_delivered();
        let late = an.token_by(command("faketime").args(["-f", "+1h"]));
        let shown = ["--proxy-header", &format!("Proxy-Authorization: Negotiate {late}")];
        by_name(&gate, gate.plain_request("/x").with(Form::text("xin chào"))).args(&shown).send().has_code(407);
        gate.world.http.received_nothing();
        assert_eq!(refusals(&gate), ["auth-replay - -", "auth-replay - -", "auth-clock - -"]);
        gate.keeps_none_of(&[&token, &late]);
    }

    #[test]
    fn a_ticket_is_the_connections_and_nobody_elses() {
        let realms = Realms::start();
        let keytab = realms.new_key("http.keytab", SERVICE);
        let gate = realms.gate(&keytab);
        let an = realms.log_on("an.nguyen");
        let shows = |person: &Person<'_>| format!("Proxy-Authorization: Negotiate {}\r\n", person.token());
        let mut line = Line::open(&gate);
        assert_eq!(line.asks(&gate, ""), 407);
        assert_eq!(line.asks(&gate, &shows(&an)), 200);
        // What follows on this connection is theirs.
        assert_eq!(line.asks(&gate, ""), 200);
        assert_eq!(gate.last_decision().0["account"], "an.nguyen");
        // Another connection is nobody's, and so is what another proxy passes on.
        assert_eq!(Line::open(&gate).asks(&gate, ""), 407);
        assert_eq!(line.asks(&gate, "Via: 1.1 kho\r\n"), 407);
        assert_eq!(line.asks(&gate, ""), 407);
        // Neither is it of whoever says something else.
        assert_eq!(line.asks(&gate, &shows(&an)), 200);
        assert_eq!(line.asks(&gate, "Proxy-Authorization: Basic YW46c2Fp\r\n"), 407);
        assert_eq!(line.asks(&gate, ""), 407);

        // A new key: tickets for it count once it lies there, and no connection ends.
        assert_eq!(line.asks(&gate, &shows(&an)), 200);
        let newer = realms.new_key("newer.keytab", SERVICE);
        let an = realms.log_on("an.nguyen");
        assert_eq!(Line::open(&gate).asks(&gate, &shows(&an)), 407);
        std::fs::copy(newer, &keytab).expect("copied");
        assert!(gate.reload().status.success());
        // Who it was before the accounts were read again is forgotten.
        assert_eq!(line.asks(&gate, ""), 407);
        assert_eq!(line.asks(&gate, &shows(&an)), 200);
        // A key that cannot be used changes nothing, and says so.
        std::fs::write(&keytab, "no key").expect("written");
        let told = gate.reload();
        assert!(!told.status.success() && text(&told.stdout).contains("holds no key for `HTTP/"), "{told:?}");
        assert_eq!(line.asks(&gate, ""), 200);
        assert_eq!(refusals(&gate), ["auth-failed an claimed", "auth-ticket - -"]);
        gate.verify();
    }

    #[test]
    fn every_stream_shows_a_ticket_of_its_own() {
        let realms = Realms::start();
        let gate = realms.gate(&realms.new_key("http.keytab", SERVICE));
        let an = realms.log_on("an.nguyen");
        let shown = || format!("Negotiate {}", an.token());
        let (first, third) = (shown(), shown());
        let mut tunnels = client_command("tunnels.py");
        tunnels.arg(gate.web_tls().port().to_string()).arg(gate.ca());
        tunnels.arg(format!("{ZALO}:{}", gate.world.https.port()));
        let told = succeed(tunnels.args(["-", &first, "-", &third, &first]));
        let told: serde_json::Value = serde_json::from_str(&told).expect("json");
        let asked = serde_json::json!([407, ["Negotiate", "Basic"]]);
        let granted = serde_json::json!([200, ["Negotiate"]]);
        assert_eq!(told, serde_json::json!([asked, granted, asked, granted, asked]));
        assert_eq!(refusals(&gate), ["auth-replay - -"]);
    }

    #[test]
    fn the_directory_says_what_groups_whoever_shows_a_ticket_is_in() {
        let mut directory = Directory::start();
        let realms = Realms::start();
        let keytab = realms.new_key("http.keytab", SERVICE);
        let gate = Gate::with(|setup| {
            directory.ask_with_a_reader(setup);
            setup.variables = vec![("KRB5_CONFIG", realms.path("krb5.conf"))];
            let lines = format!("keytab = \"{}\"\nservice = \"{SERVICE}\"", keytab.display());
            let _ = write!(setup.more, "\n[identity.kerberos]\n{lines}");
        });
        let number = format!("CCCD {}", someone(1).cccd);
        let (an, thu) = (realms.log_on("an.nguyen"), realms.log_on("Thu.Tran"));
        an.says(&gate, &number).is_delivered();
        // As the directory writes it.
        assert_eq!(gate.last_decision().0["account"], "An.Nguyen");
        thu.says(&gate, &number).is_refused();
        assert_eq!(gate.last_decision().0["account"], "thu.tran");
        // Groups that cannot be asked for are not none.
        directory.stop();
        assert!(gate.reload().status.success());
        an.says(&gate, "xin chào").has_code(503);
        assert_eq!(refusals(&gate), ["directory an.nguyen claimed"]);
        assert_eq!(gate.world.https.take().len(), 1);
    }

    /// The processes that read tickets for this gateway.
    fn readers(gate: &Gate) -> Vec<i32> {
        // A process is a child of the thread that started it.
        let threads = std::fs::read_dir(format!("/proc/{}/task", gate.pid())).expect("its threads");
        let children = threads.map(|thread| std::fs::read_to_string(thread.expect("a thread").path().join("children")));
        let children: String = children.map(|children| children.unwrap_or_default()).collect();
        let is_reader = |pid: &&str| {
            let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            line.split(|byte| *byte == 0).nth(1) == Some(b"tickets")
        };
        children.split_whitespace().filter(is_reader).map(|pid| pid.parse().expect("a number")).collect()
    }

    #[test]
    fn who_reads_tickets_may_die_or_hang_and_nobody_is_let_in_for_it() {
        let realms = Realms::start();
        let gate = realms.gate(&realms.new_key("http.keytab", SERVICE));
        let an = realms.log_on("an.nguyen");
        let signal = |signal| {
            for pid in readers(&gate) {
                let pid = rustix::process::Pid::from_raw(pid).expect("a process");
                rustix::process::kill_process(pid, signal).expect("signalled");
            }
        };
        let began = readers(&gate);
        assert_eq!(began.len(), 1);
        signal(rustix::process::Signal::KILL);
        an.says(&gate, "xin chào").is_delivered();
        signal(rustix::process::Signal::STOP);
        an.says(&gate, "xin chào").has_code(503);
        // It was ended, and its place is taken.
        an.says(&gate, "xin chào").is_delivered();
        assert_eq!(gate.world.https.take().len(), 2);
        assert_eq!(refusals(&gate), ["tickets - -"]);
        // A morning: many at once, and no more processes for it than there may be.
        let (gate, an) = (&gate, &an);
        std::thread::scope(|all| {
            for _ in 0..20 {
                all.spawn(move || an.says(gate, "chào buổi sáng").is_delivered().code);
            }
        });
        assert!((1..=2).contains(&readers(gate).len()), "{:?}", readers(gate));
        assert_eq!(gate.world.https.take().len(), 20);
    }

    #[test]
    fn a_browser_shows_its_tickets_by_itself() {
        let realms = Realms::start();
        let gate = realms.gate_of(&realms.new_key("http.keytab", SERVICE_HERE), SERVICE_HERE);
        let thu = realms.log_on("Thu.Tran");
        let (cert, key) = (gate.path("host.pem"), gate.path("host.key"));
        gate.world.write_identity(&[ZALO], &cert, &key);
        let number = format!("CCCD {}", someone(2).cccd);
        let mut browser = client_command("browser.py");
        thu.at_home(&mut browser).arg(format!("http://localhost:{}", gate.web().port()));
        let seen = succeed(browser.args([gate.ca(), cert, key]).args([ZALO, "chào chị", &number]));
        let seen: serde_json::Value = serde_json::from_str(&seen).expect("json");
        let page = &seen["page"];
        assert_eq!([&page["line"], &page["number"], &page["again"], &page["upload"]], [200, 403, 200, 403], "{seen}");
        assert_eq!(page["closed"]["code"], 1008, "{seen}");
        // The page, its forms and its WebSocket were all theirs.
        let decisions = gate.records("decision");
        let of_page: Vec<_> = decisions.iter().filter(|r| r["destination"]["host"] == ZALO).collect();
        assert!(of_page.len() >= 7 && of_page.iter().all(|r| r["account"] == "thu.tran"), "{of_page:?}");
        assert!(!refusals(&gate).iter().any(|told| told.starts_with("auth")), "{:?}", refusals(&gate));
        gate.verify();
    }

    #[test]
    fn a_key_that_cannot_be_used_is_told_of() {
        let realms = Realms::start();
        let keytab = realms.new_key("http.keytab", SERVICE);
        let gate = realms.gate(&keytab);
        let doctor = || text(&run(&mut gate.chot(&["doctor"])).stdout);
        let said = doctor();
        assert!(said.contains(&format!("✓ vé Kerberos đọc được · Kerberos tickets can be read: {SERVICE}")), "{said}");
        let mode = |mode| std::os::unix::fs::PermissionsExt::from_mode(mode);
        std::fs::set_permissions(&keytab, mode(0o644)).expect("set");
        let said = doctor();
        assert!(said.contains("✗ vé Kerberos không đọc được") && said.contains("set its mode to 0600"), "{said}");
        std::fs::remove_file(&keytab).expect("removed");
        let said = doctor();
        assert!(said.contains("http.keytab: cannot be read: No such file"), "{said}");
    }
}

#[cfg(not(feature = "kerberos"))]
#[test]
fn a_program_without_kerberos_says_so() {
    use crate::harness::{chot, run, text};

    let dir = tempfile::tempdir().expect("a folder");
    let settings = "[data]\ndir = \"data\"\n[web]\nlisten = [\"127.0.0.1:0\"]\n\
                    [identity.kerberos]\nkeytab = \"http.keytab\"\nservice = \"HTTP/proxy.example.vn@EXAMPLE.VN\"\n";
    std::fs::write(dir.path().join("chot.toml"), settings).expect("written");
    for arguments in [["run", "--config"], ["doctor", "--config"]] {
        let told = run(chot().args(arguments).arg(dir.path().join("chot.toml")));
        let said = text(&told.stdout) + &text(&told.stderr);
        assert!(!told.status.success() && said.contains("built without Kerberos"), "{said}");
    }
}
