//! `chot doctor`: is this installation sound? Every complaint says what to do.
//!
//! It changes nothing: no file is written, no listener is kept, a running gateway is not disturbed.

use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::ExitCode;

use chot_config::{IdentitySettings, Settings};
use chot_model::Timestamp;
use chot_proxy::identity::Identity;

use crate::state::State;
use crate::{Error, audit, bypass, ca, clock, state, worker};

/// A clock before this program was written is wrong.
const BUILT: Timestamp = Timestamp::from_unix_us(1_763_683_200_000_000);
const DAY_SECONDS: i64 = 86_400;

const EXAMPLES: &str = "\
Kết quả · Exit status: 0 ổn, có thể có lời nhắc · sound, perhaps with advice; 1 có chỗ hỏng · something is broken.

Ví dụ · Example:
  chot doctor --config /etc/chot/chot.toml";

/// `chot doctor`
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    state: State,
}

/// What one look found.
#[derive(Debug, PartialEq, Eq)]
enum Finding {
    Good(String),
    /// Works, but look at it.
    Advice(String),
    /// Does not work.
    Broken(String),
}

use Finding::{Advice, Broken, Good};

pub(crate) fn run(args: &Args, out: &mut dyn Write) -> Result<ExitCode, Error> {
    let mut findings = Vec::new();
    match args.state.settings() {
        Ok((settings, warnings)) => {
            findings.push(match warnings {
                None => Good("cấu hình · settings".to_owned()),
                Some(warnings) => Advice(warnings),
            });
            examine(&settings, &mut findings);
        }
        Err(why) => findings.push(Broken(format!("cấu hình · settings: {}", why.with_causes()))),
    }
    for finding in &findings {
        match finding {
            Good(what) => writeln!(out, "✓ {what}")?,
            Advice(what) => writeln!(out, "! {what}")?,
            Broken(what) => writeln!(out, "✗ {what}")?,
        }
    }
    let is_broken = findings.iter().any(|finding| matches!(finding, Broken(_)));
    Ok(if is_broken { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn examine(settings: &Settings, findings: &mut Vec<Finding>) {
    let is_running = is_running(&settings.data_dir);
    findings.push(time());
    findings.push(policy(settings));
    findings.push(data_dir(&settings.data_dir));
    findings.push(certificate(settings));
    findings.push(ledger(&settings.data_dir));
    findings.push(free_space(settings));
    findings.push(mail(settings));
    findings.extend(files(settings));
    findings.extend(silent(settings));
    findings.push(users(settings));
    findings.extend(tickets(settings));
    findings.push(unread(settings));
    findings.extend(chot_proxy::absent(settings).into_iter().map(Advice));
    findings.push(workers(settings));
    findings.push(print());
    if is_running {
        findings.push(Good("cổng đang chạy với dữ liệu này · a gateway is running with this data folder".to_owned()));
    } else {
        // Mail listens only when it knows where to hand it on.
        let mail = &settings.mail;
        let relayed = mail.next_hop.is_some().then_some([&mail.listen, &mail.listen_tls, &mail.lmtp_listen]);
        let web = [&settings.web.listen, &settings.web.listen_tls, &settings.web.transparent, &settings.web.tproxy];
        let addresses = web.into_iter().chain(relayed.into_iter().flatten()).chain([&mail.milter_listen]).flatten();
        findings.extend(addresses.chain(settings.admin_listen.as_ref()).map(|address| listener(*address)));
    }
}

fn is_running(data: &Path) -> bool {
    std::os::unix::net::UnixStream::connect(data.join("control.sock")).is_ok()
}

fn time() -> Finding {
    let now = clock::system().now();
    if now < BUILT {
        return Broken(format!("đồng hồ · clock says {now}: bật đồng bộ giờ · set it and enable NTP (timedatectl)"));
    }
    Good(format!("đồng hồ · clock: {now}"))
}

fn policy(settings: &Settings) -> Finding {
    match state::policy(settings.policy_file.as_ref()) {
        Ok((policy, None)) => Good(format!("chính sách · policy: {} ({})", policy.id(), policy.version())),
        Ok((_, Some(warnings))) => Advice(format!("chính sách · policy:\n{}", warnings.trim_end())),
        Err(why) => Broken(format!("chính sách · policy: {}", why.with_causes())),
    }
}

fn data_dir(data: &Path) -> Finding {
    let shown = data.display();
    match std::fs::metadata(data) {
        Err(why) if why.kind() == io::ErrorKind::NotFound => {
            Advice(format!("{shown}: chưa có, sẽ tạo khi chạy · not there yet, made on the first run"))
        }
        Err(why) => Broken(format!("{shown}: {why}: chạy bằng đúng tài khoản · run as the gateway's own user")),
        Ok(meta) if !meta.is_dir() => Broken(format!("{shown}: không phải thư mục · is not a folder")),
        Ok(meta) if meta.permissions().mode() & 0o022 != 0 => {
            Broken(format!("{shown}: người khác ghi được · others may write there: chmod 0700 {shown}"))
        }
        Ok(meta) if meta.permissions().mode() & 0o055 != 0 => {
            Advice(format!("{shown}: người khác đọc được · others may read it: chmod 0700 {shown}"))
        }
        Ok(_) => Good(format!("thư mục dữ liệu · data folder: {shown}")),
    }
}

fn certificate(settings: &Settings) -> Finding {
    let (cert, key) = (ca::cert_path(settings), ca::key_path(settings));
    match (cert.exists(), std::fs::metadata(&key)) {
        (false, Err(_)) if settings.tls.ca_cert.is_none() => {
            return Advice("chứng thư gốc: chưa có, sẽ tạo khi chạy · no CA yet, made on the first run".to_owned());
        }
        (false, _) => return Broken(format!("{}: thiếu · missing: restore it from backup", cert.display())),
        (true, Err(why)) => return Broken(format!("{}: {why}: restore it from backup", key.display())),
        (true, Ok(meta)) if meta.permissions().mode() & 0o077 != 0 => {
            return Broken(format!(
                "{0}: người khác đọc được khóa · others may read the CA key: chmod 0600 {0}",
                key.display()
            ));
        }
        (true, Ok(_)) => {}
    }
    match ca::facts(&cert) {
        Err(why) => Broken(why.with_causes()),
        Ok(facts) => {
            let now = i64::try_from(clock::system().now().unix_ms() / 1_000).unwrap_or(i64::MAX);
            let days = (facts.not_after - now) / DAY_SECONDS;
            if !facts.is_ca {
                Broken(format!("{}: không phải chứng thư CA · is no CA certificate", cert.display()))
            } else if now < facts.not_before || days < 0 {
                Broken(format!("{}: ngoài hạn · not valid now: check the clock, or install a new CA", cert.display()))
            } else if days < 60 {
                Advice(format!("{}: còn {days} ngày · {days} days left: plan a new CA", cert.display()))
            } else {
                Good(format!("chứng thư gốc · CA: {}, còn {days} ngày · {days} days left", facts.subject))
            }
        }
    }
}

fn ledger(data: &Path) -> Finding {
    let dir = audit::ledger_dir(data);
    if !dir.exists() {
        return Advice("sổ kiểm toán: chưa có · no audit trail yet".to_owned());
    }
    match chot_audit::verify(&dir) {
        Err(why) => Broken(format!("sổ kiểm toán · audit trail: {}", Error::Audit(why).with_causes())),
        Ok(found) if found.is_ok() && audit::is_empty(&found) => {
            Advice(format!("sổ kiểm toán · audit trail: {}", audit::NO_RECORD))
        }
        Ok(found) if found.is_ok() => {
            Good(format!("sổ kiểm toán nguyên vẹn · audit trail verified: {} bản ghi · records", found.records))
        }
        Ok(found) => {
            let first = found.problems.first().map(ToString::to_string).unwrap_or_default();
            Broken(format!(
                "sổ kiểm toán · audit trail: {first}: cổng không chạy với sổ này, xem · no gateway starts on it, see: chot audit verify, và sổ tay · and the manual, \"When something does not work\""
            ))
        }
    }
}

fn free_space(settings: &Settings) -> Finding {
    // Before the first run the folder is not there; its disk is that of the nearest folder above.
    let Some(dir) = settings.data_dir.ancestors().find(|dir| dir.exists()) else {
        return free_at(Path::new("."), settings);
    };
    free_at(dir, settings)
}

fn free_at(dir: &Path, settings: &Settings) -> Finding {
    match rustix::fs::statvfs(dir) {
        Err(why) => Broken(format!("{}: {why}", dir.display())),
        Ok(disk) => {
            let free = disk.f_bavail.saturating_mul(disk.f_frsize);
            let mib = free >> 20;
            if free < settings.audit.free_bytes_stop {
                Broken(format!("đĩa gần đầy: không gì được gửi đi · disk nearly full: nothing leaves ({mib} MiB free)"))
            } else if free < settings.audit.free_bytes_warn {
                Advice(format!("đĩa sắp đầy · disk filling up: {mib} MiB free"))
            } else {
                Good(format!("đĩa · disk: {mib} MiB còn trống · free"))
            }
        }
    }
}

fn mail(settings: &Settings) -> Finding {
    let listeners = [&settings.mail.listen, &settings.mail.listen_tls, &settings.mail.lmtp_listen];
    match (&settings.mail.next_hop, listeners.iter().all(|list| list.is_empty())) {
        (Some(hop), false) => Good(format!("thư · mail: {hop} ({:?})", settings.mail.next_hop_tls).to_lowercase()),
        (None, false) => Advice(
            "thư · mail: chưa đặt next_hop nên tắt · is off: set mail.next_hop to the relay behind chot".to_owned(),
        ),
        (_, true) => Good("thư tắt · mail is off".to_owned()),
    }
}

/// The certificates, keys and credentials that a start reads.
fn files(settings: &Settings) -> Vec<Finding> {
    let wrong = chot_proxy::unsound_files(settings);
    if wrong.is_empty() {
        return vec![Good("chứng thư và khóa đọc được · certificates and keys can be read".to_owned())];
    }
    let told = |why| Broken(format!("cổng sẽ không chạy · no gateway starts: {}", Error::Gateway(why).with_causes()));
    wrong.into_iter().map(told).collect()
}

/// Settings with which nobody is listened to.
fn silent(settings: &Settings) -> Option<Finding> {
    let (web, mail) = (&settings.web, &settings.mail);
    let is_web = ![&web.listen, &web.listen_tls, &web.transparent, &web.tproxy].iter().all(|list| list.is_empty());
    let relayed = [&mail.listen, &mail.listen_tls, &mail.lmtp_listen].iter().any(|list| !list.is_empty());
    let is_mail = mail.next_hop.is_some() && relayed || !mail.milter_listen.is_empty() || mail.milter_socket.is_some();
    (!is_web && !is_mail).then(|| Advice(LISTENS_NOWHERE.to_owned()))
}

/// What is said where nothing is listened on.
pub(crate) const LISTENS_NOWHERE: &str = "không nghe ở đâu nên không kiểm soát gì · listens nowhere and protects nothing: \
                                          set web.listen or mail.listen";

/// Whom the proxy asks, and whose address it is.
fn users(settings: &Settings) -> Finding {
    let without_tickets = IdentitySettings { kerberos: None, ..settings.identity.clone() };
    match Identity::new(&without_tickets, &settings.tls.extra_roots) {
        Err(why) => Broken(format!("tài khoản · accounts: {}", Error::Gateway(why).with_causes())),
        Ok(_) if settings.identity == Settings::defaults(&settings.data_dir).identity => {
            Good("tài khoản · accounts: không hỏi · nobody is asked".to_owned())
        }
        Ok(identity) => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            match runtime.map(|runtime| runtime.block_on(identity.probe())) {
                Ok(Ok(())) => Good("tài khoản · accounts".to_owned()),
                Ok(Err(why)) => Broken(format!("tài khoản · accounts: {}", Error::Gateway(why).with_causes())),
                Err(why) => Broken(format!("tài khoản · accounts: {why}")),
            }
        }
    }
}

/// Whether the key is there that tickets are made for.
fn tickets(settings: &Settings) -> Option<Finding> {
    let service = &settings.identity.kerberos.as_ref()?.service;
    let nothing = Settings::defaults(&settings.data_dir).identity;
    let tickets_only = IdentitySettings { kerberos: settings.identity.kerberos.clone(), ..nothing };
    Some(match Identity::new(&tickets_only, &[]) {
        Ok(_) => Good(format!("vé Kerberos đọc được · Kerberos tickets can be read: {service}")),
        Err(why) => Broken(format!(
            "vé Kerberos không đọc được · Kerberos tickets cannot be read: {}",
            Error::Gateway(why).with_causes()
        )),
    })
}

/// What is passed on without being decrypted.
fn unread(settings: &Settings) -> Finding {
    match bypass::of(settings) {
        Err(why) => Broken(format!("không giải mã · not decrypted: {}", why.with_causes())),
        Ok(list) => {
            let now = clock::system().now();
            let over = list.entries().iter().filter(|entry| entry.is_over(now)).count();
            let told = format!("không giải mã · not decrypted: {} mục · entries", list.entries().len());
            if over == 0 { Good(told) } else { Advice(format!("{told}, {over} hết hạn · are over")) }
        }
    }
}

/// Starts one of the processes that read complicated formats.
fn workers(settings: &Settings) -> Finding {
    let confined = settings.inspect.confined;
    match worker::pool(confined).probe() {
        Err(why) => Broken(format!(
            "tiến trình đọc tệp · file readers: {}: PDF sẽ không đọc được · such files count as unreadable",
            Error::Worker(why).with_causes()
        )),
        Ok(confinement) => {
            let missing = confinement.lacks();
            if missing.is_empty() {
                Good("tiến trình đọc tệp bị giam kín · file readers are confined: rlimit, landlock, seccomp".to_owned())
            } else if confined {
                Broken(format!(
                    "tiến trình đọc tệp: nhân thiếu hoặc cấm {0} · file readers: the kernel lacks {0}, or something forbids \
                     it: PDF will not be read: use a kernel from 5.13 on, or unset inspect.confined",
                    missing.join(", ")
                ))
            } else {
                Advice(format!(
                    "tiến trình đọc tệp: nhân thiếu hoặc cấm {0}, phần còn lại vẫn giữ · file readers: the kernel lacks {0}, \
                     or something forbids it; the rest holds: use a kernel from 5.13 on with it enabled",
                    missing.join(", ")
                ))
            }
        }
    }
}

/// Without a reader of print, pictures with writing on them stay unread.
fn print() -> Finding {
    if chot_inspect::reads_print() {
        return Good("chữ trên ảnh · print on pictures: tesseract".to_owned());
    }
    Advice(
        "chữ trên ảnh: không đọc được nên ảnh có chữ bị giữ lại; cài · print on pictures is not read, so pictures with \
         writing stay inside; install it: apt-get install tesseract-ocr tesseract-ocr-vie"
            .to_owned(),
    )
}

/// Listens for a moment.
fn listener(address: SocketAddr) -> Finding {
    match TcpListener::bind(address) {
        Ok(_) => Good(format!("cổng nghe trống · free to listen on: {address}")),
        Err(why) => {
            let advice = match why.kind() {
                io::ErrorKind::AddrNotAvailable => {
                    "máy này không có địa chỉ đó · this machine has no such address: ip -brief address".to_owned()
                }
                io::ErrorKind::PermissionDenied => {
                    "cổng dưới 1024 cần quyền · a port below 1024 needs a right: chạy · run \
                                                    doctor as root, or use the unit of deploy/systemd"
                        .to_owned()
                }
                _ => format!("xem ai đang dùng · see who uses it: ss -ltnp 'sport = :{}'", address.port()),
            };
            Broken(format!("{address}: {why}: {advice}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{Permissions, set_permissions};

    use super::*;

    #[test]
    fn a_taken_port_is_named() {
        let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = taken.local_addr().expect("its address");
        assert!(
            matches!(listener(address), Broken(what) if what.contains(&address.to_string()) && what.contains("ss "))
        );
        // An address of documentation is no machine's.
        let elsewhere = SocketAddr::from(([192, 0, 2, 1], 0));
        assert!(matches!(listener(elsewhere), Broken(what) if what.contains("ip -brief address")));
    }

    #[test]
    fn an_open_data_folder_is_broken_and_says_how_to_mend_it() {
        let dir = tempfile::tempdir().expect("a folder");
        for (mode, expected) in [(0o777, "✗"), (0o755, "!"), (0o700, "✓")] {
            set_permissions(dir.path(), Permissions::from_mode(mode)).expect("set");
            let mark = match data_dir(dir.path()) {
                Good(_) => "✓",
                Advice(what) => {
                    assert!(what.contains("chmod"));
                    "!"
                }
                Broken(what) => {
                    assert!(what.contains("chmod"));
                    "✗"
                }
            };
            assert_eq!(mark, expected, "{mode:o}");
        }
    }
}
