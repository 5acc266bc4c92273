//! Every settings key works, and what is absent has its default.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use chot_config::{AllowedTarget, ClientTls, Direct, Network, NextHopTls, Policy, QuarantineReply, Settings};

fn settings(text: &str) -> Settings {
    match Settings::check(text, Path::new("/etc/chot/chot.toml")) {
        Ok((settings, _)) => settings,
        Err(wrong) => panic!("{wrong}"),
    }
}

fn addresses(list: &[&str]) -> Vec<SocketAddr> {
    list.iter().map(|a| a.parse().expect(a)).collect()
}

fn network(text: &str) -> Network {
    text.parse().expect(text)
}

#[test]
fn every_key_works() {
    let s = settings(
        r#"
[data]
dir = "/var/lib/chot"
[policy]
file = "policy.toml"
[web]
listen = ["0.0.0.0:3128", "[::1]:3128"]
clients = ["10.0.0.0/8"]
allow_targets = ["10.1.2.0/24", "localhost:8443", "10.1.2.3:8443", "[::1]:9", "fd00::/8", "::1", "10.0.0.0/8:443"]
allow_opaque = ["Git.Example.vn.:22"]
resolve = { "Portal.example.vn" = "10.1.2.3" }
listen_tls = ["0.0.0.0:3131"]
transparent = ["0.0.0.0:3129", "[::]:3129"]
tproxy = ["[::]:3130"]
proxy_protocol = ["10.0.0.9", "fd00:9::/64"]
ports = ["443", "8000-8999"]
name = "Proxy.vss.gov.vn"
pac_direct = ["*.vss.gov.vn", "kho.example", "10.1.0.0/16"]
bypass = "bypass.toml"
parent = "proxy.example.vn:3128"
parents = [{ hosts = ["*.moh.gov.vn"], parent = "[fd00::1]:3128" }]
no_parent = ["*.vss.gov.vn", "10.0.0.0/8"]
parent_credentials = "parents.secret"
egress = ["10.0.0.5", "fd00::5"]
client_connections = 500
[tls]
ca_cert = "ca.pem"
ca_key = "/keys/ca.key"
extra_roots = ["ministry-root.pem"]
[mail]
listen = ["0.0.0.0:2525"]
clients = ["10.0.0.0/8", "::1"]
next_hop = "relay.example.vn:25"
next_hop_tls = "verify"
cert = "mail.pem"
key = "mail.key"
client_tls = "require"
mend_lines = ["10.0.7.20"]
listen_tls = ["0.0.0.0:2465"]
lmtp_listen = ["127.0.0.1:10024"]
milter_listen = ["127.0.0.1:10027"]
milter_socket = "/run/chot/milter.sock"
milter_socket_mode = "0600"
milter_socket_group = "postfix"
milter_quarantine = "own"
trusted = ["127.0.0.1"]
proxy_protocol = ["10.0.0.30"]
split_zones = ["10.0.0.25"]
quarantine_reply = "refuse"
quarantine_days = 7
notify_senders = "held"
notice_from = "chot@vss.gov.vn"
ambiguity_header = true
sender_sessions = 20
sender_connections_per_minute = 60
sender_connections_per_day = 9_000
sender_mails_per_minute = 30
sender_mails_per_day = 1_000
sender_recipients_per_minute = 50
sender_recipients_per_day = 500
size_max = 1_000_000
[[mail.dkim]]
domain = "VSS.gov.vn"
selector = "chot1"
key = "dkim.pem"
[identity.ldap]
servers = ["ldaps://dc1.example.vn", "ldap://[fd00::2]:3389"]
base = "dc=example,dc=vn"
name = "sAMAccountName"
bind_as = "{name}@example.vn"
reader = "cn=chot,dc=example,dc=vn"
reader_password = "reader.secret"
groups = "departmentNumber"
group_base = "ou=groups,dc=example,dc=vn"
group_member = "member:1.2.840.113556.1.4.1941:"
[identity.kerberos]
keytab = "http.keytab"
service = "HTTP/proxy.example.vn@EXAMPLE.VN"
realms = ["EXAMPLE.VN", "BHXH.EXAMPLE.VN"]
accounts = "name@realm"
[identity]
users = "users.txt"
required = false
addresses = "addresses.txt"
remember_s = 60
[inspect]
cache = false
memory_bytes_max = 2_000_000
depth_max = 3
members_max = 7
inflated_bytes_max = 5_000_000
time_max_ms = 1_000
print_time_max_ms = 0
passwords = ["Bhxh@2026"]
[icap]
listen = ["127.0.0.1:1344"]
[admin]
listen = "127.0.0.1:9443"
[audit]
node = "gw1"
free_bytes_warn = 2_000
free_bytes_stop = 1_000
allow_days = 30
"#,
    );
    let folder = |name: &str| Some(PathBuf::from("/etc/chot").join(name));
    assert_eq!((s.data_dir, s.policy_file), (PathBuf::from("/var/lib/chot"), folder("policy.toml")));
    assert_eq!(s.web.listen, addresses(&["0.0.0.0:3128", "[::1]:3128"]));
    assert_eq!(s.web.clients, [network("10.0.0.0/8")]);
    assert_eq!(
        s.web.allow_targets,
        [
            AllowedTarget::Network(network("10.1.2.0/24"), None),
            AllowedTarget::Host("localhost".to_owned(), Some(8443)),
            AllowedTarget::Network(network("10.1.2.3"), Some(8443)),
            AllowedTarget::Network(network("::1"), Some(9)),
            AllowedTarget::Network(network("fd00::/8"), None),
            AllowedTarget::Network(network("::1"), None),
            AllowedTarget::Network(network("10.0.0.0/8"), Some(443)),
        ]
    );
    assert_eq!(s.web.resolve, [("portal.example.vn".to_owned(), "10.1.2.3".parse().expect("an address"))]);
    assert_eq!(s.web.allow_opaque, [AllowedTarget::Host("git.example.vn".to_owned(), Some(22))]);
    let web = &s.web;
    assert_eq!((web.name.as_str(), &web.bypass), ("proxy.vss.gov.vn", &folder("bypass.toml")));
    let offices = Direct::Network([10, 1, 0, 0].into(), [255, 255, 0, 0].into());
    assert_eq!(web.pac_direct, [Direct::Below("vss.gov.vn".into()), Direct::Host("kho.example".into()), offices]);
    let id = &s.identity;
    assert_eq!((&id.users, &id.addresses), (&folder("users.txt"), &folder("addresses.txt")));
    assert_eq!((id.required, id.remember_s), (false, 60));
    let kerberos = id.kerberos.as_ref().expect("a key");
    assert_eq!(Some(&kerberos.keytab), folder("http.keytab").as_ref());
    assert_eq!(kerberos.replays, PathBuf::from("/var/lib/chot/kerberos.rcache2"));
    assert_eq!(
        (kerberos.service.as_str(), kerberos.realms.join(" "), kerberos.is_realm_named),
        ("HTTP/proxy.example.vn@EXAMPLE.VN", "EXAMPLE.VN BHXH.EXAMPLE.VN".to_owned(), true)
    );
    let ldap = id.directory.as_ref().expect("a directory");
    let servers: Vec<_> = ldap.servers.iter().map(|s| (s.host.as_str(), s.port, s.starts_clear)).collect();
    assert_eq!(servers, [("dc1.example.vn", 636, false), ("fd00::2", 3389, true)]);
    assert_eq!((ldap.base.as_str(), ldap.name.as_str()), ("dc=example,dc=vn", "sAMAccountName"));
    assert_eq!(ldap.bind_as, Some((String::new(), "@example.vn".to_owned())));
    let reader = ldap.reader.as_ref().map(|(name, file)| (name.as_str(), Some(file.clone())));
    assert_eq!(reader, Some(("cn=chot,dc=example,dc=vn", folder("reader.secret"))));
    assert_eq!(
        (ldap.groups.as_str(), ldap.group_base.as_deref()),
        ("departmentNumber", Some("ou=groups,dc=example,dc=vn"))
    );
    assert_eq!((ldap.group_member.as_str(), web.client_connections), ("member:1.2.840.113556.1.4.1941:", Some(500)));
    assert_eq!(
        (&web.transparent, &web.tproxy),
        (&addresses(&["0.0.0.0:3129", "[::]:3129"]), &addresses(&["[::]:3130"]))
    );
    assert_eq!(web.listen_tls, addresses(&["0.0.0.0:3131"]));
    assert_eq!(web.proxy_protocol, [network("10.0.0.9"), network("fd00:9::/64")]);
    assert_eq!(web.ports.iter().map(|p| (p.first, p.last)).collect::<Vec<_>>(), [(443, 443), (8_000, 8_999)]);
    for (host, parent) in [
        ("a.example", Some("proxy.example.vn:3128")),
        ("his.moh.gov.vn", Some("[fd00::1]:3128")),
        ("kho.vss.gov.vn", None),
        ("10.1.2.3", None),
    ] {
        assert_eq!(web.parents.of(host).map(|n| web.parents.servers()[n].as_str()), parent, "{host}");
    }
    assert_eq!(web.parent_credentials, folder("parents.secret"));
    assert_eq!(web.egress, ["10.0.0.5".parse::<IpAddr>().expect("v4"), "fd00::5".parse().expect("v6")]);
    assert_eq!((s.tls.ca_cert, s.tls.ca_key), (folder("ca.pem"), Some(PathBuf::from("/keys/ca.key"))));
    assert_eq!(s.tls.extra_roots, [PathBuf::from("/etc/chot/ministry-root.pem")]);
    assert_eq!(s.mail.listen, addresses(&["0.0.0.0:2525"]));
    assert_eq!(s.mail.clients, [network("10.0.0.0/8"), network("::1")]);
    assert_eq!((s.mail.next_hop.as_deref(), s.mail.next_hop_tls), (Some("relay.example.vn:25"), NextHopTls::Verify));
    let limits = s.mail.limits;
    let rates = [limits.connections, limits.mails, limits.recipients].map(|rate| (rate.per_minute, rate.per_day));
    let expected = [(60, 9_000), (30, 1_000), (50, 500)].map(|(minute, day)| (Some(minute), Some(day)));
    assert_eq!((limits.sessions, rates), (Some(20), expected));
    assert_eq!((s.mail.quarantine_reply, s.mail.quarantine_days), (QuarantineReply::Refuse, 7));
    assert_eq!(s.mail.proxy_protocol, [network("10.0.0.30")]);
    let [key] = s.mail.dkim.as_slice() else { panic!("{:?}", s.mail.dkim) };
    assert_eq!((key.domain.as_str(), key.selector.as_str()), ("vss.gov.vn", "chot1"));
    assert_eq!(Some(key.file.clone()), folder("dkim.pem"));
    assert_eq!(s.mail.notify_senders, chot_config::NotifySenders::Held);
    assert_eq!(s.mail.notice_from.as_deref(), Some("chot@vss.gov.vn"));
    assert!(s.mail.ambiguity_header);
    assert_eq!(s.mail.listen_tls, addresses(&["0.0.0.0:2465"]));
    assert_eq!(s.mail.lmtp_listen, addresses(&["127.0.0.1:10024"]));
    assert_eq!(s.mail.milter_listen, addresses(&["127.0.0.1:10027"]));
    assert_eq!(s.mail.milter_socket.as_deref(), Some(Path::new("/run/chot/milter.sock")));
    assert_eq!((s.mail.milter_socket_mode, s.mail.milter_socket_group.as_deref()), (0o600, Some("postfix")));
    assert_eq!(s.mail.milter_quarantine, chot_config::MilterQuarantine::Own);
    assert_eq!((s.mail.trusted, s.mail.split_zones), (vec![network("127.0.0.1")], vec![network("10.0.0.25")]));
    assert_eq!((s.mail.client_tls, s.mail.mend_lines), (ClientTls::Require, vec![network("10.0.7.20")]));
    assert_eq!((s.mail.cert, s.mail.key, s.mail.size_max), (folder("mail.pem"), folder("mail.key"), 1_000_000));
    let i = s.inspect;
    assert_eq!((i.cache, i.memory_bytes_max, i.depth_max), (false, 2_000_000, 3));
    assert_eq!((i.members_max, i.inflated_bytes_max, i.time_max_ms, i.print_time_max_ms), (7, 5_000_000, 1_000, 0));
    let passwords: Vec<&str> = i.passwords.iter().map(|p| p.reveal()).collect();
    assert_eq!(passwords, ["Bhxh@2026"]);
    assert!(!format!("{i:?}").contains("Bhxh"));
    assert_eq!((s.icap_listen, s.admin_listen), (addresses(&["127.0.0.1:1344"]), "127.0.0.1:9443".parse().ok()));
    let a = s.audit;
    assert_eq!((a.node.as_str(), a.free_bytes_warn, a.free_bytes_stop, a.allow_days), ("gw1", 2_000, 1_000, 30));
}

#[test]
fn with_a_file_what_it_does_not_name_is_off() {
    let s = settings("[web]\nlisten = []\n");
    assert!(s.web.listen.is_empty() && s.mail.listen.is_empty() && s.icap_listen.is_empty());
    assert_eq!((s.admin_listen, s.mail.next_hop, s.policy_file), (None, None, None));
    assert_eq!(s.data_dir, PathBuf::from("/etc/chot/chot-data"));
    let inside = |ip: &str| s.web.clients.iter().any(|n| n.contains(ip.parse().expect(ip)));
    for ip in ["127.0.0.1", "10.9.9.9", "172.31.0.1", "192.168.1.1", "::1", "fd00::1", "fe80::1", "::ffff:10.0.0.1"] {
        assert!(inside(ip), "{ip}");
    }
    for ip in ["172.32.0.1", "203.0.113.1", "2001:db8::1", "0.0.0.0", "::"] {
        assert!(!inside(ip), "{ip}");
    }
    assert_eq!(s.web.clients, s.mail.clients);
}

#[test]
fn without_a_file_the_gateway_listens_on_loopback() {
    let s = Settings::defaults(Path::new("state"));
    assert_eq!(s.data_dir, PathBuf::from("state"));
    assert_eq!((s.web.listen, s.mail.listen), (addresses(&["127.0.0.1:3128"]), addresses(&["127.0.0.1:2525"])));
    assert_eq!((s.icap_listen, s.admin_listen), (addresses(&["127.0.0.1:1344"]), "127.0.0.1:9443".parse().ok()));
    assert_eq!((s.mail.next_hop, s.inspect.cache), (None, true));
    assert!(s.audit.free_bytes_stop < s.audit.free_bytes_warn);
}

#[test]
fn a_file_without_a_folder_is_beside_us() {
    let (s, _) = Settings::check("[policy]\nfile = \"p.toml\"\n", Path::new("chot.toml")).expect("sound");
    assert_eq!(s.policy_file, Some(PathBuf::from("p.toml")));
}

/// The small part of JSON Schema that the schemas here use.
mod subset {
    use serde_json::Value;

    pub(crate) fn fits(schema: &Value, value: &Value) -> Result<(), String> {
        let wrong = |why: &str| Err(format!("{why}: {value}"));
        if let Some(words) = schema.get("enum").and_then(Value::as_array)
            && !words.contains(value)
        {
            return wrong("not one of the words");
        }
        if schema.get("const").is_some_and(|c| c != value) {
            return wrong("not the constant");
        }
        match (schema.get("type").and_then(Value::as_str), value) {
            (None, _) | (Some("string"), Value::String(_)) | (Some("boolean"), Value::Bool(_)) => Ok(()),
            (Some("integer"), Value::Number(n)) => {
                let least = schema.get("minimum").and_then(Value::as_i64).unwrap_or(i64::MIN);
                if n.as_i64() >= Some(least) { Ok(()) } else { wrong("too small") }
            }
            (Some("array"), Value::Array(items)) => {
                let least = schema.get("minItems").and_then(Value::as_u64).unwrap_or(0);
                if (items.len() as u64) < least {
                    return wrong("too short");
                }
                items.iter().try_for_each(|i| fits(&schema["items"], i))
            }
            (Some("object"), Value::Object(map)) => {
                for key in schema.get("required").and_then(Value::as_array).into_iter().flatten() {
                    if key.as_str().is_none_or(|k| !map.contains_key(k)) {
                        return wrong("something is missing");
                    }
                }
                let least = schema.get("minProperties").and_then(Value::as_u64).unwrap_or(0);
                if (map.len() as u64) < least {
                    return wrong("too few keys");
                }
                map.iter().try_for_each(|(key, value)| {
                    if let Some(names) = schema.get("propertyNames") {
                        fits(names, &Value::String(key.clone()))?;
                    }
                    match (schema["properties"].get(key), &schema["additionalProperties"]) {
                        (Some(field), _) => fits(field, value),
                        (None, Value::Bool(false)) => Err(format!("unknown key {key}")),
                        (None, other) => fits(other, value),
                    }
                })
            }
            _ => wrong("wrong type"),
        }
    }
}

/// A TOML text as JSON.
fn json(text: &str) -> serde_json::Value {
    use serde_json::Value;
    fn value(v: &toml::de::DeValue<'_>) -> Value {
        use toml::de::DeValue;
        match v {
            DeValue::String(s) => Value::String(s.to_string()),
            DeValue::Integer(i) => i.as_str().parse::<i64>().expect("a number").into(),
            DeValue::Boolean(b) => (*b).into(),
            DeValue::Array(a) => a.iter().map(|v| value(v.get_ref())).collect(),
            DeValue::Table(t) => t.iter().map(|(k, v)| (k.get_ref().to_string(), value(v.get_ref()))).collect(),
            other => panic!("unexpected {other:?}"),
        }
    }
    let table = toml::de::DeTable::parse(text).expect("TOML").into_inner();
    value(&toml::de::DeValue::Table(table))
}

#[test]
fn the_manual_names_every_key() {
    fn keys(schema: &serde_json::Value, found: &mut Vec<String>) {
        for (name, field) in schema["properties"].as_object().into_iter().flatten() {
            found.push(name.clone());
            keys(field, found);
        }
        let inner = ["items", "additionalProperties"].into_iter().map(|k| &schema[k]);
        inner.filter(|s| s.is_object()).for_each(|s| keys(s, found));
    }
    for (schema, manual, least) in
        [(Policy::schema(), include_str!("../POLICY.md"), 40), (Settings::schema(), include_str!("../SETTINGS.md"), 30)]
    {
        let mut found = Vec::new();
        keys(&serde_json::from_str(&schema).expect("JSON"), &mut found);
        assert!(found.len() > least, "{found:?}");
        found.retain(|key| !manual.contains(key.as_str()));
        assert!(found.is_empty(), "not in the manual: {found:?}");
    }
}

#[test]
fn the_manual_tells_the_defaults_and_its_example_is_sound() {
    let manual = include_str!("../SETTINGS.md");
    let s = settings("");
    let line = |key: &str| manual.lines().find(|l| l.contains(key)).expect(key).replace(',', "");
    for (key, value) in [
        ("`mail.size_max`", s.mail.size_max),
        ("`inspect.memory_bytes_max`", s.inspect.memory_bytes_max),
        ("`inspect.depth_max`", s.inspect.depth_max.into()),
        ("`inspect.members_max`", s.inspect.members_max),
        ("`inspect.inflated_bytes_max`", s.inspect.inflated_bytes_max),
        ("`inspect.time_max_ms`", s.inspect.time_max_ms),
        ("`inspect.print_time_max_ms`", s.inspect.print_time_max_ms),
        ("`audit.free_bytes_warn`", s.audit.free_bytes_warn),
        ("`audit.free_bytes_stop`", s.audit.free_bytes_stop),
        ("`audit.allow_days`", s.audit.allow_days.into()),
    ] {
        assert!(line(key).contains(&format!("| {value} |")), "{key} is {value}");
    }
    let example = manual.split("```").nth(1).and_then(|e| e.strip_prefix("toml")).expect("an example");
    let (_, warnings) = Settings::check(example, Path::new("chot.toml")).expect("sound");
    assert!(warnings.is_empty(), "{warnings}");
}

#[test]
fn the_schema_takes_and_refuses_what_the_check_does() {
    let policy: serde_json::Value = serde_json::from_str(&Policy::schema()).expect("JSON");
    let settings: serde_json::Value = serde_json::from_str(&Settings::schema()).expect("JSON");
    subset::fits(&policy, &json(Policy::embedded_text())).expect("the embedded policy fits its schema");
    let head = "schema = 1\npolicy.id = \"p\"\n[[rule]]\nid = \"r\"\n";
    for (tail, sound) in [
        ("when.bulk = true\nthen.action = \"block\"", true),
        ("when.bulk = 1\nthen.action = \"block\"", false),
        ("when.detect.bhtx.at-least = 1\nthen.action = \"block\"", false),
        ("when.detect.bhyt.at-least = 0\nthen.action = \"block\"", false),
        ("when.zone = []\nthen.action = \"block\"", false),
        ("when = {}\nthen.action = \"block\"", false),
        ("when.detect = {}\nthen.action = \"block\"", false),
        ("when.opaque = [\"any\", \"encrypted-archive\"]\nthen.action = \"block\"", true),
        ("wen.bulk = true\nthen.action = \"block\"", false),
        ("when.bulk = true", false),
    ] {
        let text = format!("{head}{tail}\n");
        assert_eq!(Policy::check(&text, "p", chot_config::Known::default()).is_ok(), sound, "{tail}");
        assert_eq!(subset::fits(&policy, &json(&text)).is_ok(), sound, "{tail}");
    }
    for (text, sound) in [
        ("[web]\nlisten = []", true),
        ("[web]\nlisten = \"x\"", false),
        ("[wep]", false),
        ("[mail]\nnext_hop_tls = \"off\"", true),
        ("[mail]\nnext_hop_tls = \"on\"", false),
    ] {
        assert_eq!(Settings::check(text, Path::new("s")).is_ok(), sound, "{text}");
        assert_eq!(subset::fits(&settings, &json(text)).is_ok(), sound, "{text}");
    }
}
