//! `chot demo`: the gateway, an outside world and a clerk in one process, and the audit trail of what happened.
//!
//! The gateway is the real one on ports of its own, with the embedded policy. What each outside server received is
//! checked; the exit status is 1 when anything differs from what is told. All people are invented.

use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use chot_config::{AllowedTarget, Network, Settings};
use chot_proxy::Gateway;

mod clerk;
mod outside;
mod people;
mod story;
mod xlsx;

use clerk::Clerk;
use outside::{Inbox, OutsideCa};
use story::{SCENES, Scene};

use crate::{Error, audit, clock, worker};

const EXAMPLES: &str = "\
Kết quả · Exit status: 0 mọi việc đúng như kể · everything as told; 1 có sai khác · something differs.

Ví dụ · Examples:
  chot demo                      thư mục tạm, xóa khi xong · a temporary folder, removed at the end
  chot demo --data ./thu         giữ sổ kiểm toán lại để xem · keeps the audit trail: chot audit list --data ./thu";

/// Names the stand-ins answer for.
const ZALO: &[&str] = &["tt-files-wpa.chat.zalo.me", "chat.zalo.me"];
const FORM: &str = "bieu-mau.doi-tac.example";

/// `chot demo`
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Giữ dữ liệu ở thư mục này. Keep the state in this folder
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

pub(crate) fn run(args: &Args, out: &mut dyn Write) -> Result<ExitCode, Error> {
    let scratch = if args.data.is_none() { Some(Scratch::new()?) } else { None };
    let data = args.data.clone().or_else(|| scratch.as_ref().map(|s| s.0.clone())).unwrap_or_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let all_as_told = runtime.block_on(play(&data, out))?;
    Ok(if all_as_told { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A folder that is removed at the end, whatever happened.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Self, Error> {
        let name = format!("chot-demo-{}-{}", std::process::id(), clock::system().now().unix_us());
        let dir = std::env::temp_dir().join(name);
        std::fs::create_dir(&dir).map_err(Error::file(&dir))?;
        Ok(Self(dir))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed is left to the system's own cleaning; it holds no personal data.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Everything outside, and what it received.
struct Outside {
    zalo: (SocketAddr, Inbox),
    form: (SocketAddr, Inbox),
    relay: (SocketAddr, Inbox),
}

impl Outside {
    async fn open(ca: &OutsideCa) -> io::Result<Self> {
        Ok(Self {
            zalo: outside::https(ZALO, ca).await?,
            form: outside::https(&[FORM], ca).await?,
            relay: outside::smtp().await?,
        })
    }
}

/// Settings as a file would give them: loopback ports of the system's choice, the stand-ins reachable by name.
fn settings(data: &Path, roots: PathBuf, outside: &Outside) -> Settings {
    let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let any_port = SocketAddr::new(loopback, 0);
    let mut settings = Settings::defaults(data);
    settings.web.listen = vec![any_port];
    settings.web.allow_targets = vec![AllowedTarget::Network(Network { address: loopback, prefix: 32 }, None)];
    settings.web.resolve = ZALO.iter().copied().chain([FORM]).map(|name| (name.to_owned(), loopback)).collect();
    settings.tls.extra_roots = vec![roots];
    settings.mail.listen = vec![any_port];
    settings.mail.next_hop = Some(outside.relay.0.to_string());
    settings.admin_listen = Some(any_port);
    settings.icap_listen = Vec::new();
    settings
}

async fn play(data: &Path, out: &mut dyn Write) -> Result<bool, Error> {
    let began = clock::system().now();
    let ca = OutsideCa::new().map_err(|why| Error::Say(format!("the stand-in servers have no CA: {why}")))?;
    std::fs::create_dir_all(data).map_err(Error::file(data))?;
    let roots = data.join("demo-outside-ca.pem");
    std::fs::write(&roots, ca.pem()).map_err(Error::file(&roots))?;
    let outside = Outside::open(&ca).await?;

    let notify = Arc::new(|line: &str| drop(writeln!(io::stderr(), "{line}")));
    let gateway =
        Gateway::start(settings(data, roots, &outside), clock::system(), notify, worker::readers(false)).await?;
    let addresses = gateway.addresses();
    let (Some(web), Some(mail)) = (addresses.web.first(), addresses.mail.first()) else {
        return Err(Error::Say("the gateway listens nowhere".to_owned()));
    };
    let ca_pem = data.join("ca.pem");
    let clerk = Clerk::new(*web, *mail, &std::fs::read(&ca_pem).map_err(Error::file(&ca_pem))?)?;
    writeln!(
        out,
        "Cổng · gateway: proxy {web}, SMTP {mail}. Mọi người trong bài đều bịa · all people are invented.\n"
    )?;
    out.flush()?;

    let mut all_as_told = true;
    for (n, scene) in SCENES.iter().enumerate() {
        writeln!(out, "{}. {}\n   {}", n + 1, scene.vi, scene.en)?;
        out.flush()?;
        let began = Instant::now();
        let played = play_scene(scene, &clerk, &outside).await;
        let ms = began.elapsed().as_millis();
        match played {
            Ok(told) => {
                let mut lines = told.lines();
                writeln!(out, "   ✓ {}  ({ms} ms)", lines.next().unwrap_or_default())?;
                lines.try_for_each(|line| writeln!(out, "     {line}"))?;
                writeln!(out)?;
            }
            Err(differs) => {
                all_as_told = false;
                writeln!(out, "   ✗ KHÁC VỚI LỜI KỂ · NOT AS TOLD: {differs}  ({ms} ms)\n")?;
            }
        }
        out.flush()?;
    }
    gateway.stop().await;

    writeln!(out, "Sổ kiểm toán · the audit trail")?;
    all_as_told &= audit::show_and_verify(data, began, SCENES.len(), out)?;
    Ok(all_as_told)
}

/// Plays one scene; tells what happened, or what differs.
async fn play_scene(scene: &Scene, clerk: &Clerk, outside: &Outside) -> Result<String, String> {
    let told = (scene.play)(clerk, outside).await;
    // What a scene did not expect to arrive must not have arrived.
    let strays: Vec<_> =
        [&outside.zalo.1, &outside.form.1, &outside.relay.1].into_iter().flat_map(Inbox::take).collect();
    match strays.first() {
        Some(stray) => Err(format!("{} received {} bytes", stray.to, stray.body.len())),
        None => told,
    }
}
