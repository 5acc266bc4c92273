//! A record in words for people. Records hold masks only, so nothing needs to be hidden here.

use std::io::{self, Write};

use chot_audit::Record;
use chot_model::Action;
use serde_json::Value;

/// One line: number, time, what, who, where to, what was found.
pub(super) fn print_line(record: &Record, out: &mut dyn Write) -> io::Result<()> {
    let Record { seq, kind, line: _, value } = record;
    let time = record.text("time");
    write!(out, "{seq:>6}  {time}  ")?;
    match kind.as_str() {
        "decision" => {
            let action = at(value, "/verdict/action");
            let words = match action {
                "block" => "CHẶN    · block",
                "redact" => "CHE     · redact",
                "quarantine" => "GIỮ LẠI · quarantine",
                _ => "CHO QUA · allow",
            };
            let (who, id) = (at(value, "/account"), at(value, "/id"));
            writeln!(out, "{words:<20}  {id}  {who} → {}  {}{}", where_to(value), found(value), on_trial(value))
        }
        "outcome" => writeln!(
            out,
            "{:<20}  {}  {}  {}",
            "kết cục · outcome",
            at(value, "/id"),
            at(value, "/outcome"),
            at(value, "/detail")
        ),
        "refusal" => writeln!(
            out,
            "{:<20}  {}  {} → {}  {}",
            "TỪ CHỐI · refusal",
            at(value, "/id"),
            [at(value, "/account"), at(value, "/client")].into_iter().find(|who| !who.is_empty()).unwrap_or_default(),
            at(value, "/host"),
            at(value, "/reason")
        ),
        "bypass.opened" | "bypass.closed" => writeln!(
            out,
            "{:<20}  {} → {}  {}{}",
            "KHÔNG ĐỌC · unread",
            at(value, "/client"),
            at(value, "/host"),
            at(value, "/reason"),
            value.get("sent").map(|sent| format!("  {sent} bytes")).unwrap_or_default()
        ),
        "admin" => writeln!(out, "{kind:<20}  {}", at(value, "/what")),
        "policy.activated" | "policy.rejected" => {
            writeln!(out, "{kind:<20}  {}  ({})", at(value, "/policy"), at(value, "/by"))
        }
        _ => writeln!(out, "{kind}"),
    }
}

/// Every field, a line each.
pub(super) fn print_whole(record: &Record, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{} {}", record.kind, record.seq)?;
    print_fields(&record.value, 1, out)
}

fn print_fields(value: &Value, depth: usize, out: &mut dyn Write) -> io::Result<()> {
    let indent = depth * 2;
    let Some(fields) = value.as_object() else { return Ok(()) };
    for (name, value) in fields {
        match value {
            Value::Object(_) => {
                writeln!(out, "{:indent$}{name}:", "")?;
                print_fields(value, depth + 1, out)?;
            }
            Value::String(text) => writeln!(out, "{:indent$}{name}: {text}", "")?,
            other => writeln!(out, "{:indent$}{name}: {other}", "")?,
        }
    }
    Ok(())
}

fn at<'a>(value: &'a Value, path: &str) -> &'a str {
    value.pointer(path).and_then(Value::as_str).unwrap_or("-")
}

/// `zalo (tt-files-wpa.chat.zalo.me)`, or the recipients.
fn where_to(value: &Value) -> String {
    let recipients = value.pointer("/destination/recipients").and_then(Value::as_array);
    let recipients: Vec<_> = recipients.into_iter().flatten().filter_map(Value::as_str).collect();
    let host = at(value, "/destination/host");
    match (at(value, "/destination/app"), recipients.is_empty()) {
        (_, false) => recipients.join(", "),
        ("-", true) => host.to_owned(),
        (app, true) => format!("{app} ({host})"),
    }
}

/// `120 cccd, 120 bhxh`: distinct values by detector.
fn found(value: &Value) -> String {
    let findings = value.get("findings").and_then(Value::as_array);
    let counted = findings.into_iter().flatten().filter_map(|finding| {
        let distinct = finding.get("distinct")?.as_u64().filter(|n| *n > 0)?;
        Some(format!("{distinct} {}", finding.get("detector")?.as_str()?))
    });
    counted.collect::<Vec<_>>().join(", ")
}

/// What rules on trial would have done, the strictest of them: `  (lẽ ra CHẶN · shadow: block by no-numbers)`.
fn on_trial(value: &Value) -> String {
    let shadows = value.get("shadow").and_then(Value::as_array);
    let action_of = |shadow: &Value| Action::ALL.iter().find(|action| action.id() == at(shadow, "/action"));
    let strictest = shadows.into_iter().flatten().filter_map(|shadow| Some((action_of(shadow)?, shadow)));
    // The first of several that are equally strict, as for the verdict.
    let Some((action, shadow)) = strictest.reduce(|best, next| if next.0 > best.0 { next } else { best }) else {
        return String::new();
    };
    let would = match action {
        Action::Block => "CHẶN",
        Action::Quarantine => "GIỮ LẠI",
        Action::Redact => "CHE",
        Action::Allow => "CHO QUA",
    };
    let (mode, rule) = (at(shadow, "/mode"), at(shadow, "/rule"));
    format!("  (lẽ ra {would} · {mode}: {} by {rule})", action.id())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(line: &str) -> String {
        let value: Value = serde_json::from_str(line).expect("json");
        let kind = value["kind"].as_str().expect("a kind").to_owned();
        let record = Record { seq: 41, kind, line: line.to_owned(), value };
        let mut out = Vec::new();
        print_line(&record, &mut out).expect("printed");
        print_whole(&record, &mut out).expect("printed");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn a_decision_says_who_where_and_what() {
        let text = printed(
            r#"{"v":1,"kind":"decision","seq":41,"time":"2026-11-21T08:00:00.123Z","account":"an.nguyen",
            "destination":{"app":"zalo","host":"chat.zalo.me","recipients":[]},
            "findings":[{"detector":"cccd","count":130,"distinct":120}],"verdict":{"action":"block"}}"#,
        );
        assert!(text.contains("an.nguyen → zalo (chat.zalo.me)  120 cccd"), "{text}");
        assert!(text.contains("CHẶN"), "{text}");
    }

    #[test]
    fn a_decision_on_trial_says_what_it_would_have_been() {
        let text = printed(
            r#"{"kind":"decision","account":"an","destination":{"host":"a.vn"},"findings":[],"verdict":{"action":"allow"},
            "shadow":[{"rule":"mask","action":"redact","mode":"shadow"},{"rule":"stop","action":"block","mode":"warn"},
            {"rule":"stop-too","action":"block","mode":"shadow"}]}"#,
        );
        assert!(text.contains("an → a.vn    (lẽ ra CHẶN · warn: block by stop)\n"), "{text}");
    }

    #[test]
    fn a_mail_says_its_recipients_and_other_kinds_their_name() {
        let mail = r#"{"kind":"decision","account":"unknown","destination":{"host":"","recipients":["a@b.vn","c@d.vn"]},
            "findings":[],"verdict":{"action":"allow"}}"#;
        assert!(printed(mail).contains("unknown → a@b.vn, c@d.vn"));
        assert!(printed(r#"{"kind":"heartbeat"}"#).contains("heartbeat"));
    }
}
