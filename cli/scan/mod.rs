//! `chot scan`: look into files and folders exactly as the gateway would.
//!
//! It judges nothing: what a finding means is the policy's to say (`chot policy explain`).

use std::collections::VecDeque;
use std::io::{self, IsTerminal as _, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

use chot_inspect::Inspector;

mod file;
mod passwords;
mod report;
mod walk;

pub(crate) use file::open;
use passwords::Passwords;
use report::{Line, Style};
pub(crate) use report::{Opaque, opaque};
use walk::{Input, Walk};

use crate::{Error, worker};

/// Two are enough to keep a disk busy while the other inspects, and leave a shared machine usable.
const THREADS: usize = 2;
/// Lines of a file that may wait for the files before it.
const LINES_WAITING_MAX: usize = 1_000;

const EXAMPLES: &str = "\
Kết quả · Exit status: 1 có dữ liệu cá nhân (tin cậy vừa trở lên) · something was found (medium or high); 0 không · no;
2 có đường dẫn không đọc được · a path could not be read.

Ví dụ · Examples:
  chot scan danh-sach.xlsx
  chot scan --json thu-muc/ | jq 'select(.type == \"file\" and .bulk)'
  chot scan --password-file mat-khau.txt ho-so.zip
  pdftotext bao-cao.pdf - | chot scan -";

/// `chot scan`
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Mỗi dòng một đối tượng JSON. One JSON object a line
    #[arg(long)]
    json: bool,
    /// In cả giá trị tìm thấy: chỉ dùng ở nơi an toàn. Print the values found, too: only where that is safe
    #[arg(long)]
    reveal: bool,
    #[command(flatten)]
    passwords: Passwords,
    /// Tệp, thư mục, hoặc - là đầu vào chuẩn. Files, folders, or - for standard input
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
}

pub(crate) fn run(args: &Args, out: &mut dyn Write) -> Result<ExitCode, Error> {
    let style = Style { json: args.json, reveal: args.reveal };
    let inspector = worker::inspector().unlocking(args.passwords.read()?);
    let mut progress = Progress::new(style.json);
    let (mut found, mut unreadable) = (false, false);

    // Workers take paths in order and each gives its lines into a channel of its own; the channels are read in the
    // order of the paths, so output is stable and memory bounded. Whoever has the first unfinished path is never made
    // to wait by the others.
    let walk = Mutex::new(Walk::new(args.paths.iter().map(|path| Input::named(path)).collect::<VecDeque<_>>()));
    let (files, in_order) = sync_channel::<Receiver<Line>>(THREADS);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            let (files, walk, inspector) = (files.clone(), &walk, &inspector);
            scope.spawn(move || work(walk, &files, inspector));
        }
        drop(files);
        for lines in in_order {
            let mut shown = 0;
            for line in lines {
                found |= line.is_found();
                unreadable |= line.is_unreadable();
                progress.clear();
                line.print(style, &mut shown, out)?;
            }
            progress.file_done(out)?;
        }
        progress.clear();
        Ok(match (unreadable, found) {
            (true, _) => ExitCode::from(2),
            (false, true) => ExitCode::from(1),
            (false, false) => ExitCode::SUCCESS,
        })
    })
}

/// Ends when there are no more paths, or when nobody reads any more.
fn work(walk: &Mutex<Walk>, files: &SyncSender<Receiver<Line>>, inspector: &Inspector) {
    loop {
        let (input, lines) = {
            // The lock is held while announcing, so that announcements keep the order of the paths.
            let mut walk = walk.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(input) = walk.next() else { return };
            let (lines, receiver) = sync_channel(LINES_WAITING_MAX);
            if files.send(receiver).is_err() {
                return;
            }
            (input, lines)
        };
        // A send that fails means that the reader is gone; the next announcement ends this thread.
        file::scan(input, inspector, &|line| drop(lines.send(line)));
    }
}

/// A line that counts files, when somebody is looking and there is something to wait for.
struct Progress {
    files: u64,
    is_shown: bool,
    is_drawn: bool,
}

impl Progress {
    /// Files before the first line appears: a handful is no long work.
    const QUIET_FILES: u64 = 50;

    fn new(json: bool) -> Self {
        let is_shown = io::stderr().is_terminal() && (json || !io::stdout().is_terminal());
        Self { files: 0, is_shown, is_drawn: false }
    }

    fn file_done(&mut self, out: &mut dyn Write) -> io::Result<()> {
        self.files += 1;
        if self.is_shown && self.files > Self::QUIET_FILES {
            out.flush()?;
            self.is_drawn = true;
            let _ = write!(io::stderr(), "\r{} tệp · files", self.files);
        }
        Ok(())
    }

    fn clear(&mut self) {
        if std::mem::take(&mut self.is_drawn) {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
