//! The table of applications: which application a host belongs to, and what a request does there.
//!
//! Minimal on purpose: names for policy to use. It does not read the applications' own formats.

/// One application.
#[derive(Clone, Copy, Debug)]
pub struct App {
    /// The name in policy files and records.
    pub id: &'static str,
    /// Hosts: each name and everything below it.
    pub hosts: &'static [&'static str],
}

/// Every application, in the order of the manual. The hosts are those that clients were seen or read to use, and the
/// names under which the makers are known; a name too many costs little, for nothing else is served under it.
pub const APPS: &[App] = &[
    App { id: "zalo", hosts: &["zalo.me", "zaloapp.com", "zdn.vn", "zadn.vn", "zalo.vn", "zalo.cloud"] },
    App {
        id: "messenger",
        hosts: &["messenger.com", "facebook.com", "fbcdn.net", "facebook.net", "fbsbx.com", "m.me", "fbmessenger.com"],
    },
    App {
        id: "viber",
        hosts: &["viber.com", "vibercdn.com", "viber.me", "viber.co", "vbcdn.com", "vbcdn.net", "voipnina.com"],
    },
    App {
        id: "telegram",
        hosts: &[
            "telegram.org",
            "t.me",
            "telegram.me",
            "telegram-cdn.org",
            "cdn-telegram.org",
            "telegra.ph",
            "telesco.pe",
            "tdesktop.com",
            "tx.me",
        ],
    },
    App { id: "whatsapp", hosts: &["whatsapp.com", "whatsapp.net", "wa.me"] },
    App { id: "gmail", hosts: &["mail.google.com", "gmail.com"] },
];

/// The names of all applications, for policy files to be checked against.
pub const NAMES: &[&str] = &["zalo", "messenger", "viber", "telegram", "whatsapp", "gmail"];

/// The application `host` (lower case, no port) belongs to.
pub fn of_host(host: &str) -> Option<&'static str> {
    let host = host.strip_suffix('.').unwrap_or(host);
    let below = |name: &str| host.strip_suffix(name).is_some_and(|head| head.is_empty() || head.ends_with('.'));
    APPS.iter().find(|app| app.hosts.iter().any(|name| below(name))).map(|app| app.id)
}

/// What a request does, as far as method and path tell: `upload_file`, `send_message`, `post`, `get`.
pub fn activity(app: Option<&str>, method: &str, path: &str, is_multipart: bool) -> &'static str {
    let sends = !matches!(method, "GET" | "HEAD" | "OPTIONS");
    let path = path.to_ascii_lowercase();
    match app {
        _ if sends && (is_multipart || path.contains("upload") || method == "PUT") => "upload_file",
        Some("zalo") if path.starts_with("/api/message/") || path.starts_with("/api/group/") => "send_message",
        _ if sends => "post",
        _ => "get",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_belong_to_applications_by_whole_labels() {
        for (host, app) in [
            ("tt-files-wpa.chat.zalo.me", Some("zalo")),
            ("zalo.me", Some("zalo")),
            ("zalo.me.", Some("zalo")),
            ("notzalo.me", None),
            ("zalo.me.example", None),
            ("www.messenger.com", Some("messenger")),
            ("mail.google.com", Some("gmail")),
            ("wa.me", Some("whatsapp")),
            ("cdn4.telesco.pe", Some("telegram")),
            ("team.example.me", None),
            ("google.com", None),
            ("", None),
        ] {
            assert_eq!(of_host(host), app, "{host}");
        }
    }

    #[test]
    fn names_and_table_agree() {
        assert!(APPS.iter().map(|app| app.id).eq(NAMES.iter().copied()));
        let hosts: Vec<_> = APPS.iter().flat_map(|app| app.hosts).collect();
        assert!(hosts.iter().enumerate().all(|(n, h)| !hosts[n + 1..].contains(h)));
    }

    #[test]
    fn activities() {
        for (app, method, path, multipart, expected) in [
            (Some("zalo"), "POST", "/api/message/asyncfile/upload", true, "upload_file"),
            (Some("zalo"), "POST", "/api/message/sms", false, "send_message"),
            (None, "PUT", "/x", false, "upload_file"),
            (None, "POST", "/x", false, "post"),
            (None, "GET", "/upload", false, "get"),
        ] {
            assert_eq!(activity(app, method, path, multipart), expected, "{path}");
        }
    }
}
