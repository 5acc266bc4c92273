//! `chot policy explain`: the verdict the gateway would give, and why.
//!
//! Several files are the parts of one upload or the attachments of one mail: their findings count together, as they
//! would on the way out. Nothing is recorded and nothing is sent.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use chot_config::{Policy, judge};
use chot_inspect::{Hint, Inspected, Source};
use chot_model::{
    Account, AccountSource, Action, Channel, DecisionId, Destination, Inspection, Masked, Message, Verdict,
};
use chot_proxy::apps;
use clap::ValueEnum;
use serde::Serialize;

use crate::scan::{self, Opaque, opaque};
use crate::{Error, clock, state, worker};

const EXAMPLES: &str = "\
Nhiều FILE là nhiều phần của một thông điệp · several FILEs are the parts of one message.

Ví dụ · Examples:
  chot policy explain --policy policy.toml --channel web --to https://chat.zalo.me/ danh-sach.xlsx
  chot policy explain --channel mail --to an.nguyen@example.com --account binh.tran --json thu.eml";

/// `chot policy explain`
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Tệp chính sách; không có thì dùng chính sách có sẵn. Policy file; without it the embedded policy
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Đường ra. The way out
    #[arg(long, value_enum)]
    channel: Way,
    /// Nơi đến: URL hoặc địa chỉ thư. Destination: a URL or a mail address
    #[arg(long, value_name = "DEST")]
    to: String,
    /// Tài khoản gửi. The account that sends
    #[arg(long, value_name = "NAME")]
    account: Option<String>,
    /// In JSON. Print JSON
    #[arg(long)]
    json: bool,
    /// Các tệp của một thông điệp. The files of one message
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Way {
    Web,
    Mail,
}

/// What is printed: a contract, fields in its order.
#[derive(Serialize)]
struct Explained<'a> {
    action: &'a str,
    rule: Option<&'a str>,
    why: &'a [String],
    persons: u64,
    bulk: bool,
    findings: BTreeMap<&'a str, Counted<'a>>,
    opaque: Vec<Opaque<'a>>,
    policy: &'a str,
    zone: &'a str,
    mode: &'a str,
    shadowed: Vec<Shadowed<'a>>,
}

#[derive(Serialize)]
struct Counted<'a> {
    count: u64,
    distinct: u64,
    confidence: Option<&'a str>,
}

#[derive(Serialize)]
struct Shadowed<'a> {
    rule: &'a str,
    action: &'a str,
    mode: &'a str,
}

pub(super) fn run(args: &Args, out: &mut dyn Write) -> Result<ExitCode, Error> {
    let (policy, warnings) = state::policy(args.policy.as_ref())?;
    if let Some(warnings) = warnings {
        let _ = writeln!(io::stderr(), "{}", warnings.trim_end());
    }
    let channel = match args.channel {
        Way::Web => Channel::Web,
        Way::Mail => Channel::Mail,
    };
    let to = To::parse(&args.to, Some(channel))?;
    let inspector = worker::inspector();
    let (hint, source): (_, Box<dyn Source>) = match args.files.as_slice() {
        [one] => {
            let source = scan::open(one).map_err(Error::file(one))?;
            (Hint { name: Some(name_of(one)), content_type: None }, source)
        }
        several => together(several)?,
    };
    let inspected = inspector.inspect(hint, &*source);
    let verdict = verdict(&to, args.account.as_deref(), &inspected, &*source, &policy);
    let explained = explained(&inspected.inspection, &verdict);
    if args.json {
        serde_json::to_writer(&mut *out, &explained).map_err(io::Error::from)?;
        writeln!(out)?;
    } else {
        print(&explained, out)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// A destination as a person writes it.
pub(super) struct To {
    channel: Channel,
    destination: Destination,
}

impl To {
    /// A URL, a host, or a mail address. Without a channel, an `@` before any slash means mail.
    ///
    /// # Errors
    /// When it is no destination of that channel.
    pub(super) fn parse(to: &str, channel: Option<Channel>) -> Result<Self, Error> {
        let is_mail = to.strip_prefix("mailto:").is_some()
            || !to.contains("://") && to.split('/').next().is_some_and(|head| head.contains('@'));
        let channel = channel.unwrap_or(if is_mail { Channel::Mail } else { Channel::Web });
        let destination = match channel {
            Channel::Mail | Channel::Milter => {
                let address = to.strip_prefix("mailto:").unwrap_or(to);
                if !address.contains('@') {
                    return Err(Error::Say(format!("`{to}` không phải địa chỉ thư · is not a mail address")));
                }
                Destination { recipients: vec![address.to_owned()], ..Destination::default() }
            }
            Channel::Web | Channel::Icap => {
                let rest = to.split_once("://").map_or(to, |(_, rest)| rest);
                let (authority, path) = rest.find(['/', '?', '#']).map_or((rest, ""), |at| rest.split_at(at));
                let host = host_of(authority);
                if host.is_empty() {
                    return Err(Error::Say(format!("`{to}` không phải địa chỉ web · is not a URL")));
                }
                let app = apps::of_host(&host);
                let activity = Some(apps::activity(app, "POST", path, true));
                Destination { app, activity, address: host.parse().ok(), host, recipients: Vec::new() }
            }
        };
        Ok(Self { channel, destination })
    }
}

/// The host of `user@host:port`, lower case, IPv6 without its brackets.
fn host_of(authority: &str) -> String {
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    host.to_ascii_lowercase()
}

/// The judge's answer, and the two escalations of the message path: a quarantine where there is none and a redaction
/// that cannot be made become a block.
pub(super) fn verdict(
    to: &To,
    account: Option<&str>,
    inspected: &Inspected,
    source: &dyn Source,
    policy: &Policy,
) -> Verdict {
    let account = account.map_or_else(Account::unknown, |name| {
        let source = if to.channel == Channel::Mail { AccountSource::SmtpAuth } else { AccountSource::ProxyAuth };
        Account::new(name, source)
    });
    let received = clock::system().now();
    let message = Message {
        id: DecisionId::new(received, [0; 10]),
        received,
        channel: to.channel,
        client: None,
        account,
        destination: to.destination.clone(),
        summary: Masked::default(),
    };
    let mut verdict = judge(&message, &inspected.inspection, policy);
    if verdict.action == Action::Quarantine && to.channel == Channel::Web {
        verdict.escalate_to_block("this channel has no quarantine");
    }
    if verdict.action == Action::Redact
        && let Err(why) = inspected.redact(&verdict.redact, source)
    {
        verdict.cannot_redact(why);
    }
    verdict
}

/// Several files as the one `multipart/form-data` body that a browser makes of them.
fn together(files: &[PathBuf]) -> Result<(Hint, Box<dyn Source>), Error> {
    const BOUNDARY: &str = "chot-explain-5f1c7f0e9b3d4a68";
    let held = chot_proxy::hold::Holds::new(&std::env::temp_dir(), 64 << 20).map_err(Error::file(std::env::temp_dir()));
    let mut held = held?.begin();
    let mut buf = vec![0; 256 << 10];
    for file in files {
        let name: String = name_of(file).chars().filter(|c| !c.is_control() && !matches!(c, '"' | '\\')).collect();
        let head = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n"
        );
        let source = scan::open(file).map_err(Error::file(file))?;
        held.push(head.as_bytes())?;
        let mut offset = 0;
        loop {
            let n = source.read_at(offset, &mut buf).map_err(Error::file(file))?;
            if n == 0 {
                break;
            }
            held.push(buf.get(..n).unwrap_or_default())?;
            offset += n as u64;
        }
        held.push(b"\r\n")?;
    }
    held.push(format!("--{BOUNDARY}--\r\n").as_bytes())?;
    let hint = Hint { name: None, content_type: Some(format!("multipart/form-data; boundary={BOUNDARY}")) };
    Ok((hint, Box::new(held.seal()?)))
}

fn name_of(file: &Path) -> String {
    file.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn explained<'a>(inspection: &'a Inspection, verdict: &'a Verdict) -> Explained<'a> {
    let counted = inspection.tallies.iter().map(|(detector, tally)| {
        let confidence = tally.confidence.map(|c| c.id());
        (detector.id(), Counted { count: tally.count, distinct: tally.distinct, confidence })
    });
    let shadowed = verdict.shadowed.iter();
    Explained {
        action: verdict.action.id(),
        rule: verdict.rule.as_deref(),
        why: &verdict.why,
        persons: inspection.persons,
        bulk: inspection.bulk,
        findings: counted.collect(),
        opaque: opaque(inspection),
        policy: &verdict.policy.0,
        zone: verdict.zone.id(),
        mode: verdict.mode.id(),
        shadowed: shadowed.map(|s| Shadowed { rule: &s.rule, action: s.action.id(), mode: s.mode.id() }).collect(),
    }
}

fn print(explained: &Explained<'_>, out: &mut dyn Write) -> io::Result<()> {
    let words = match explained.action {
        "block" => "CHẶN",
        "redact" => "CHE",
        "quarantine" => "GIỮ LẠI",
        _ => "CHO QUA",
    };
    let rule = explained.rule.unwrap_or("không quy tắc nào · none");
    writeln!(out, "{words} · {}", explained.action)?;
    writeln!(out, "  quy tắc · rule     {rule} ({})", explained.mode)?;
    writeln!(out, "  vùng đến · zone    {}", explained.zone)?;
    explained.why.iter().try_for_each(|why| writeln!(out, "  vì · because      {why}"))?;
    for (detector, counted) in &explained.findings {
        let Counted { count, distinct, confidence } = counted;
        let confidence = confidence.unwrap_or("-");
        writeln!(out, "  thấy · found      {detector}: {count}, khác nhau · distinct {distinct} ({confidence})")?;
    }
    let bulk = if explained.bulk { ", hàng loạt · bulk" } else { "" };
    writeln!(out, "  người · people    {}{bulk}", explained.persons)?;
    for shadowed in &explained.shadowed {
        writeln!(out, "  chạy thử · {}     {} → {}", shadowed.mode, shadowed.rule, shadowed.action)?;
    }
    writeln!(out, "  chính sách · policy {}", explained.policy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn destinations() {
        for (to, channel, app, host, recipient) in [
            ("https://chat.zalo.me/", Channel::Web, Some("zalo"), "chat.zalo.me", None),
            ("chat.zalo.me", Channel::Web, Some("zalo"), "chat.zalo.me", None),
            ("https://User@Mail.Example.VN:8443/x@y", Channel::Web, None, "mail.example.vn", None),
            ("http://[2001:db8::1]:80/", Channel::Web, None, "2001:db8::1", None),
            ("an@vss.gov.vn", Channel::Mail, None, "", Some("an@vss.gov.vn")),
            ("mailto:an@vss.gov.vn", Channel::Mail, None, "", Some("an@vss.gov.vn")),
        ] {
            let parsed = To::parse(to, None).unwrap_or_else(|why| panic!("{to}: {why}"));
            assert_eq!(parsed.channel, channel, "{to}");
            assert_eq!((parsed.destination.app, parsed.destination.host.as_str()), (app, host), "{to}");
            assert_eq!(parsed.destination.recipients.first().map(String::as_str), recipient, "{to}");
        }
        assert!(To::parse("", None).is_err());
        assert!(To::parse("chat.zalo.me", Some(Channel::Mail)).is_err());
    }
}
