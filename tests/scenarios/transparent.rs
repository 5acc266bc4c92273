//! Connections that the firewall leads to the gateway, in networks of their own: clients, the gateway as their router,
//! and servers outside. The firewall rules are those of `deploy/nftables`.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;

use serde_json::Value;

use crate::harness::fixtures::someone;
use crate::harness::{Answer, Gate, PATIENCE, administrator, command, run, succeed, web};

const OUTSIDE: [&str; 2] = ["203.0.113.10", "2001:db8:77::10"];
const HOST: &str = "nhom.chat.zalo.me";
const HOST_V6: &str = "tep.chat.zalo.me";
const OTHER: &str = "other.example";
/// Listed as not to be decrypted.
const UNREAD: &str = "ky.ca.example";

/// Three networks in a row: clients, the gateway, outside. They go away with it.
struct Networks {
    names: [String; 3],
    outside: Child,
    got: mpsc::Receiver<Value>,
    dir: tempfile::TempDir,
}

impl Networks {
    fn new() -> Self {
        let names = ["clients", "gateway", "outside"].map(|name| format!("chot-{name}-{}", std::process::id()));
        let [clients, gateway, outside] = &names;
        let script = format!(
            "set -e
            for n in {clients} {gateway} {outside}; do
                ip netns add $n
                ip netns exec $n sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0
                ip -n $n link set lo up
            done
            ip link add inside netns {gateway} type veth peer name eth0 netns {clients}
            ip link add uplink netns {gateway} type veth peer name eth0 netns {outside}
            ip -n {clients} addr add 10.77.0.2/24 dev eth0
            ip -n {clients} addr add fd77::2/64 dev eth0 nodad
            ip -n {gateway} addr add 10.77.0.1/24 dev inside
            ip -n {gateway} addr add fd77::1/64 dev inside nodad
            ip -n {gateway} addr add 203.0.113.1/24 dev uplink
            ip -n {gateway} addr add 2001:db8:77::1/64 dev uplink nodad
            ip -n {outside} addr add 203.0.113.10/24 dev eth0
            ip -n {outside} addr add 2001:db8:77::10/64 dev eth0 nodad
            ip -n {clients} link set eth0 up
            ip -n {outside} link set eth0 up
            ip -n {gateway} link set inside up
            ip -n {gateway} link set uplink up
            ip -n {clients} route add default via 10.77.0.1
            ip -n {clients} route add default via fd77::1
            ip -n {outside} route add default via 203.0.113.1
            ip -n {outside} route add default via 2001:db8:77::1
            ip netns exec {gateway} sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1"
        );
        succeed(administrator("sh").args(["-c", &script]));
        let dir = tempfile::tempdir().expect("a folder");
        certificate(dir.path());
        let mut outside = administrator("ip");
        outside.args(["netns", "exec", &names[2], "python3"]);
        outside.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/scenarios/outside.py"));
        outside.arg(dir.path().join("cert.pem")).arg(dir.path().join("key.pem")).args(OUTSIDE);
        let mut outside = outside.stdout(Stdio::piped()).spawn().expect("python starts");
        let mut told = BufReader::new(outside.stdout.take().expect("its output")).lines();
        assert_eq!(told.next().expect("a line").expect("read"), "ready");
        let (to, got) = mpsc::channel();
        std::thread::spawn(move || {
            let lines = told.map_while(Result::ok);
            lines.map(|line| serde_json::from_str(&line).expect("json")).try_for_each(|got: Value| to.send(got))
        });
        Self { names, outside, got, dir }
    }

    fn gateway(&self) -> &str {
        &self.names[1]
    }

    /// Loads a rule set of `deploy/nftables` on the gateway.
    fn load(&self, rules: &str) {
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/nftables").join(rules);
        let shipped = std::fs::read_to_string(shipped).expect("read");
        let here = self.dir.path().join(rules);
        std::fs::write(&here, shipped.replacen("\"eth0\"", "\"inside\"", 1)).expect("written");
        succeed(administrator("ip").args(["netns", "exec", self.gateway(), "nft", "-f"]).arg(&here));
        // What the rule set tells to do besides.
        for line in shipped.lines().filter_map(|line| line.strip_prefix("#   ip ")) {
            succeed(administrator("ip").args(["-n", self.gateway()]).args(line.split(' ')));
        }
    }

    /// A command on a client's machine.
    fn on_a_client(&self, program: &str) -> Command {
        let mut inside = administrator("ip");
        inside.args(["netns", "exec", &self.names[0], program]);
        inside
    }

    /// curl on a client's machine, to a host that it believes to be at an address.
    fn curl(&self, gate: &Gate, url: &str, at: &str, args: &[&str]) -> Answer {
        let mut curl = self.on_a_client("curl");
        let bracketed = if at.contains(':') { format!("[{at}]") } else { at.to_owned() };
        let host = url.split('/').nth(2).expect("a host");
        for port in [80, 443] {
            curl.args(["--resolve", &format!("{host}:{port}:{bracketed}")]);
        }
        curl.args(["--max-time", "30", "--cacert"]).arg(gate.ca()).args(args).arg(url);
        web::curl(&gate.path(""), &mut curl)
    }

    /// What the servers outside got next.
    #[track_caller]
    fn received(&self) -> Value {
        self.got.recv_timeout(PATIENCE).expect("something arrives")
    }

    #[track_caller]
    fn received_nothing(&self) {
        assert_eq!(self.got.try_recv().ok(), None);
    }
}

impl Drop for Networks {
    fn drop(&mut self) {
        let _ = self.outside.kill();
        let _ = self.outside.wait();
        for name in &self.names {
            // Whoever still runs in it goes with its sockets.
            run(administrator("sh").args(["-c", &format!("ip netns pids {name} | xargs -r kill; ip netns del {name}")]));
        }
    }
}

/// A certificate that vouches for itself, for both names and both addresses.
fn certificate(dir: &Path) {
    let names = format!("subjectAltName=DNS:{HOST},DNS:{HOST_V6},DNS:{UNREAD},IP:{},IP:{}", OUTSIDE[0], OUTSIDE[1]);
    let mut openssl = command("openssl");
    openssl.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]);
    openssl.args(["-subj", "/CN=outside", "-addext", &names, "-addext", "basicConstraints=critical,CA:FALSE"]);
    succeed(openssl.arg("-keyout").arg(dir.join("key.pem")).arg("-out").arg(dir.join("cert.pem")));
}

/// A gateway that is the clients' router.
fn gate_in(networks: &Networks, key: &str, port: u16) -> Gate {
    Gate::with(|setup| {
        setup.network = Some(networks.gateway().to_owned());
        setup.roots = vec![networks.dir.path().join("cert.pem")];
        setup.resolve = vec![(HOST, OUTSIDE[0]), (HOST_V6, OUTSIDE[1]), (OTHER, "203.0.113.99"), (UNREAD, OUTSIDE[0])];
        setup.web = format!("bypass = \"bypass.toml\"\n{key} = [\"0.0.0.0:{port}\", \"[::]:{port}\"]");
        let list = format!("[[bypass]]\nhosts = [\"{UNREAD}\"]\nreason = \"ký số\"\nuntil = \"2099-12-31\"\n");
        setup.files = vec![("bypass.toml", list)];
    })
}

fn a_client_that_knows_nothing_is_looked_after(rules: &str, key: &str, port: u16) {
    let networks = Networks::new();
    let gate = gate_in(&networks, key, port);
    networks.load(rules);
    let number = format!("CCCD {}", someone(1).cccd);

    for (host, at) in [(HOST, OUTSIDE[0]), (HOST_V6, OUTSIDE[1])] {
        for scheme in ["https", "http"] {
            let url = format!("{scheme}://{host}/gui");
            networks.curl(&gate, &url, at, &["--data-binary", "xin chào"]).is_delivered();
            let got = networks.received();
            assert_eq!((&got["body"], &got["host"]), (&"xin chào".into(), &host.into()), "{got}");
            assert!(got["at"].as_str().is_some_and(|place| place.starts_with(at)), "{got}");
            let decision = gate.last_decision();
            assert_eq!(decision.0["client"], if at.contains(':') { "fd77::2" } else { "10.77.0.2" });
            assert_eq!(decision.0["destination"]["host"], host);
            networks.curl(&gate, &url, at, &["--data-binary", &number]).is_refused();
        }
    }
    networks.received_nothing();

    // Without a name the address is what counts.
    networks.curl(&gate, &format!("https://{}/", OUTSIDE[0]), OUTSIDE[0], &[]).is_delivered();
    assert_eq!(networks.received()["host"], OUTSIDE[0]);

    // A name that is not one of the address: in clear, and under TLS where the certificate would have to prove it.
    networks.curl(&gate, &format!("http://{OTHER}/"), OUTSIDE[0], &["--data-binary", "x"]).has_code(421);
    networks.curl(&gate, &format!("https://{OTHER}/"), OUTSIDE[0], &["--data-binary", "x"]).has_code(502);
    networks.curl(&gate, &format!("http://{HOST}/"), OUTSIDE[0], &["-H", "Host: other.example"]).has_code(421);
    networks.received_nothing();

    // A name with a number, which DNS must not be asked for and the server not be told, though it vouches for it.
    let told = format!("cccd{}.chat.zalo.me", someone(3).cccd);
    networks.curl(&gate, &format!("http://{told}/"), OUTSIDE[0], &["--data-binary", "x"]).is_refused();
    networks.curl(&gate, &format!("https://{told}/"), OUTSIDE[0], &["--data-binary", "x"]).has_code(403);
    networks.received_nothing();
    gate.keeps_none_of(&[&someone(3).cccd]);
    let refused: Vec<_> = gate.records("refusal").iter().map(|r| r["reason"].as_str().map(str::to_owned)).collect();
    for reason in ["misdirected", "upstream-certificate", "host-name"] {
        assert!(refused.iter().flatten().any(|r| r == reason), "{refused:?}");
    }

    // A host that is listed passes unread, where the address is its own; a name that is only claimed opens nothing.
    let pinned = networks.dir.path().join("cert.pem").display().to_string();
    let unread = |at| networks.curl(&gate, &format!("https://{UNREAD}/ky"), at, &["--cacert", &pinned]);
    unread(OUTSIDE[0]).is_delivered();
    assert_eq!(networks.received()["path"], "/ky");
    assert_eq!(gate.records("bypass.opened").len(), 1);
    assert_eq!(unread(OUTSIDE[1]).code, 0);
    assert_eq!(gate.records("bypass.opened").len(), 1);
    networks.received_nothing();

    // QUIC is refused at once and aloud.
    for at in OUTSIDE {
        let script = "
import socket, sys
s = socket.socket(socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(20)
s.connect((sys.argv[1], 443))
s.send(b'x')
try:
    s.recv(1)
    print('answered')
except ConnectionRefusedError:
    print('refused')
";
        let said = succeed(networks.on_a_client("python3").args(["-c", script, at]));
        assert_eq!(said.trim(), "refused", "{at}");
    }
    networks.received_nothing();

    // Somebody who asks the listener itself was not led there.
    let direct = format!("http://10.77.0.1:{port}/");
    let mut curl = networks.on_a_client("curl");
    let answer = web::curl(&gate.path(""), curl.args(["--max-time", "30", &direct]));
    assert!(answer.code == 0, "{answer:?}");
    let last = gate.records("refusal").pop().expect("a record");
    assert!(
        ["own-address", "target-address", "no-destination"].contains(&last["reason"].as_str().unwrap_or_default()),
        "{last}"
    );
    gate.verify();
}

#[test]
fn redirected_clients_are_looked_after() {
    a_client_that_knows_nothing_is_looked_after("redirect.nft", "transparent", 3_129);
}

#[test]
fn tproxied_clients_are_looked_after() {
    a_client_that_knows_nothing_is_looked_after("tproxy.nft", "tproxy", 3_130);
}

/// h2load cannot ask a proxy: it is led there.
#[test]
fn everything_that_h2load_sends_is_judged_and_answered() {
    const REQUESTS: usize = 300;
    let networks = Networks::new();
    let gate = gate_in(&networks, "transparent", 3_129);
    networks.load("redirect.nft");
    let body = networks.dir.path().join("body");
    let send = |text: &str| {
        std::fs::write(&body, text).expect("written");
        let mut h2load = networks.on_a_client("h2load");
        h2load.args([
            "--h1",
            "-c",
            "6",
            "-t",
            "1",
            "-n",
            &REQUESTS.to_string(),
            "-H",
            "content-type: text/plain",
            "-d",
        ]);
        h2load.arg(&body).arg(format!("--connect-to={}:443", OUTSIDE[0]));
        let said = succeed(h2load.arg(format!("https://{HOST}/gui")));
        let line = |begin: &str| said.lines().find(|line| line.starts_with(begin)).map(str::to_owned);
        [line("requests: "), line("status codes: ")].map(|line| line.unwrap_or_else(|| panic!("{said}")))
    };
    let [requests, codes] = send("xin chào");
    assert!(requests.contains("300 succeeded, 0 failed, 0 errored, 0 timeout"), "{requests}");
    assert!(codes.contains("300 2xx, 0 3xx, 0 4xx, 0 5xx"), "{codes}");
    (0..REQUESTS).for_each(|_| drop(networks.received()));

    let number = someone(2).cccd;
    let [requests, codes] = send(&format!("CCCD {number}"));
    assert!(requests.contains("300 done") && requests.contains("0 errored, 0 timeout"), "{requests}");
    assert!(codes.contains("0 2xx, 0 3xx, 300 4xx, 0 5xx"), "{codes}");
    networks.received_nothing();
    let decisions = gate.records("decision");
    assert_eq!(decisions.len(), 2 * REQUESTS);
    assert_eq!(decisions.iter().filter(|decision| decision["verdict"]["action"] == "block").count(), REQUESTS);
    gate.keeps_none_of(&[&number]);
    gate.verify();
}

#[test]
fn a_listed_balancer_says_who_the_client_is() {
    let gate = Gate::with(|setup| setup.web.push_str("\nproxy_protocol = [\"127.0.0.1\"]\nclients = [\"10.0.0.0/8\"]"));
    let url = format!("http://{}/", gate.world.http.address);
    let script = "
import socket, sys
host, port, header, url = sys.argv[1:]
s = socket.create_connection((host, int(port)))
head = bytes.fromhex(header) + f'GET {url} HTTP/1.1\\r\\nHost: {url.split(\"/\")[2]}\\r\\nConnection: close\\r\\n\\r\\n'.encode()
s.sendall(head)
s.settimeout(30)
got = b''
try:
    while data := s.recv(65536):
        got += data
except OSError:
    pass
print(got[9:12].decode())
";
    let (host, port) = (gate.web().ip().to_string(), gate.web().port().to_string());
    let ask = |header: &[u8]| {
        let hex: String = header.iter().map(|byte| format!("{byte:02x}")).collect();
        crate::harness::python(script, &[&host, &port, &hex, &url]).trim().to_owned()
    };
    assert_eq!(ask(b"PROXY TCP4 10.1.2.3 192.0.2.1 12345 3128\r\n"), "200");
    assert_eq!(gate.last_decision().0["client"], "10.1.2.3");
    let v2 = [b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c", &[10, 9, 8, 7, 192, 0, 2, 1, 0, 9, 0, 9][..]].concat();
    assert_eq!(ask(&v2), "200");
    assert_eq!(gate.last_decision().0["client"], "10.9.8.7");
    gate.world.http.take();
    // A client of the balancer that may not use the proxy, and a balancer that forgot the header.
    assert_eq!(ask(b"PROXY TCP4 192.0.2.7 192.0.2.1 12345 3128\r\n"), "403");
    assert_eq!(ask(b""), "");
    let reasons: Vec<_> = gate.records("refusal").iter().map(|r| (r["reason"].clone(), r["client"].clone())).collect();
    let expected = [("client-not-listed", "192.0.2.7"), ("proxy-protocol", "127.0.0.1")];
    assert_eq!(reasons, expected.map(|(reason, client)| (reason.into(), client.into())));
    gate.world.http.received_nothing();
}
