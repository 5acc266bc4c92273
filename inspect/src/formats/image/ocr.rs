//! Reading print: hands a picture to tesseract, when Debian's is installed, and puts its words back into lines.
//!
//! The reader is a program of others, run for one picture at a time: no shell, no file, nothing of our environment, the
//! picture over its standard input, bounded in time, memory and output. It is at a fixed place, so that nobody's `PATH`
//! decides what runs. What it tells is a guess: it may lose text, so a picture counts as read only when it is sure of
//! nearly all words.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Condvar, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Resource, Rlimit, prlimit};

use super::gray::Gray;
use super::set::Word;

const PROGRAM: &str = "/usr/bin/tesseract";
const LANGUAGES: [&str; 2] =
    ["/usr/share/tesseract-ocr/5/tessdata/vie.traineddata", "/usr/share/tesseract-ocr/4.00/tessdata/vie.traineddata"];

/// Memory, processor time and output of one run.
const MEMORY_BYTES_MAX: u64 = 1 << 30;
const CPU_SECONDS_MAX: u64 = 20;
const OUTPUT_BYTES_MAX: u64 = 4 << 20;
/// It is waited for no longer than this, however busy the machine.
const WAIT_MAX: Duration = Duration::from_secs(60);
/// Runs at a time in this process.
const RUNS_MAX: usize = 2;

/// A word is sure from so many hundredths on; tesseract's own scale.
const SURE: f32 = 60.0;

/// Whether print can be read here.
pub fn is_installed() -> bool {
    Path::new(PROGRAM).is_file() && LANGUAGES.iter().any(|path| Path::new(path).is_file())
}

/// What was read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Page {
    /// All that was taken for a word, specks too.
    pub(super) said: Vec<Word>,
    pub(super) words: usize,
    /// Of these, how many the reader was sure of.
    pub(super) sure: usize,
    /// The time was over before its end.
    is_cut: bool,
}

impl Page {
    /// Whether it was held the right way up: some of the words are sure.
    pub(super) const fn is_legible(&self) -> bool {
        self.words >= Self::WORDS_MIN && self.sure * 2 >= self.words
    }

    /// Adds what was read so far below.
    pub(super) fn append(&mut self, below: Self, by: usize) {
        let by = i32::try_from(by).unwrap_or(i32::MAX);
        let moved = |word: Word| Word { top: word.top.saturating_add(by), ..word };
        self.said.extend(below.said.into_iter().map(moved));
        self.words += below.words;
        self.sure += below.sure;
    }

    /// Notes that the rest was not read.
    pub(super) const fn cut(&mut self) {
        self.is_cut = true;
    }

    /// Fewer words are too few to judge by.
    const WORDS_MIN: usize = 4;

    /// Whether it may be taken for all that stands there.
    pub(super) const fn is_read(&self) -> bool {
        !self.is_cut && self.words >= Self::WORDS_MIN && self.sure * 100 >= self.words * 85
    }
}

/// What reading may yet take: processor time of the program that reads, and the end of all inspecting. A machine under load
/// takes longer for the same, and says the same of it.
pub(super) struct Time {
    pub(super) left: Duration,
    pub(super) deadline: Option<Instant>,
}

impl Time {
    pub(super) fn is_over(&self) -> bool {
        self.left == Duration::ZERO || self.until_deadline() == Duration::ZERO
    }

    fn until_deadline(&self) -> Duration {
        self.deadline.map_or(Duration::MAX, |deadline| deadline.saturating_duration_since(Instant::now()))
    }
}

/// Reads the print in a picture; `None` when that fails or takes too long.
pub(super) fn read(gray: &Gray, time: &mut Time) -> Option<Page> {
    if time.is_over() {
        return None;
    }
    let _turn = Turn::take(time)?;
    let command = Command::new(PROGRAM)
        .args(["stdin", "stdout", "-l", "vie", "--psm", "11", "--dpi", "300", "tsv"])
        .env_clear()
        .env("OMP_THREAD_LIMIT", "1")
        .env("LC_ALL", "C")
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let mut child = Running(command.ok()?);
    child.bound(time.left)?;
    let (mut input, output) = (child.0.stdin.take()?, child.0.stdout.take()?);
    let mut picture = format!("P5\n{} {}\n255\n", gray.width(), gray.height()).into_bytes();
    picture.extend_from_slice(gray.pixels());
    // Both ends at once, as neither waits for the other; when the child is killed both end.
    let writer = std::thread::Builder::new().spawn(move || input.write_all(&picture).is_ok()).ok()?;
    let (send, receive) = mpsc::channel();
    let reader = std::thread::Builder::new().spawn(move || {
        let mut told = Vec::new();
        let whole = output.take(OUTPUT_BYTES_MAX).read_to_end(&mut told).is_ok();
        drop(send.send(whole.then_some(told)));
    });
    let told = receive.recv_timeout(time.until_deadline().min(WAIT_MAX)).ok().flatten();
    // It has said all, and is waited for next.
    time.left = time.left.saturating_sub(child.used());
    let told = told.filter(|_| child.ends_well(time.until_deadline()));
    drop(child);
    let written = writer.join().is_ok_and(|written| written);
    let joined = reader.ok()?.join().is_ok();
    told.filter(|_| written && joined).map(|told| page(&String::from_utf8_lossy(&told)))
}

/// A child that does not outlive its use.
struct Running(Child);

impl Running {
    /// Sets its limits. It has no picture yet, so nothing of a stranger's is read before.
    fn bound(&self, left: Duration) -> Option<()> {
        let pid = self.pid();
        // Whole seconds are what the kernel counts.
        let seconds = (left.as_secs() + 1).min(CPU_SECONDS_MAX);
        let limits =
            [(Resource::As, MEMORY_BYTES_MAX), (Resource::Cpu, seconds), (Resource::Fsize, 0), (Resource::Core, 0)];
        for (resource, most) in limits {
            prlimit(pid, resource, Rlimit { current: Some(most), maximum: Some(most) }).ok()?;
        }
        Some(())
    }

    fn pid(&self) -> Option<Pid> {
        Pid::from_raw(self.0.id().cast_signed())
    }

    /// The processor time it took, until it is waited for.
    fn used(&self) -> Duration {
        let told = std::fs::read_to_string(format!("/proc/{}/schedstat", self.0.id())).unwrap_or_default();
        Duration::from_nanos(told.split_whitespace().next().and_then(|n| n.parse().ok()).unwrap_or(0))
    }

    /// Whether it ends by itself and content; what it had to say it has said already.
    fn ends_well(&mut self, mut left: Duration) -> bool {
        const LOOK: Duration = Duration::from_millis(5);
        // Nobody ever sends: waiting for it is waiting.
        let (_nobody, never) = mpsc::channel::<()>();
        loop {
            match self.0.try_wait() {
                Ok(Some(status)) => return status.success(),
                Ok(None) if left > Duration::ZERO => drop(never.recv_timeout(LOOK)),
                Ok(None) | Err(_) => return false,
            }
            left = left.saturating_sub(LOOK);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// One of the few runs at a time.
struct Turn;

static RUNS: Mutex<usize> = Mutex::new(0);
static FREE: Condvar = Condvar::new();

impl Turn {
    fn take(time: &Time) -> Option<Self> {
        let mut runs = RUNS.lock().unwrap_or_else(PoisonError::into_inner);
        while *runs >= RUNS_MAX {
            let left = time.until_deadline();
            if left == Duration::ZERO {
                return None;
            }
            runs = FREE.wait_timeout(runs, left.min(WAIT_MAX)).unwrap_or_else(PoisonError::into_inner).0;
        }
        *runs += 1;
        Some(Self)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *RUNS.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        FREE.notify_one();
    }
}

/// The words of tesseract's table.
fn page(table: &str) -> Page {
    let mut page = Page::default();
    for line in table.lines() {
        let fields: Vec<_> = line.splitn(12, '\t').collect();
        let [level, .., left, top, width, height, conf, text] = fields.as_slice() else { continue };
        let text = text.trim();
        let box_ = (left.parse(), top.parse(), width.parse(), height.parse());
        let (Ok(left), Ok(top), Ok(width), Ok(height)) = box_ else { continue };
        // Level 5 is a word; specks and rules come as single signs.
        let Some(conf) = conf.parse::<f32>().ok().filter(|_| *level == "5" && !text.is_empty()) else { continue };
        if text.chars().filter(|c| c.is_alphanumeric()).count() >= 2 {
            page.words += 1;
            page.sure += usize::from(conf >= SURE);
        }
        page.said.push(Word { left, top, width, height, text: text.to_owned() });
    }
    page
}

#[cfg(test)]
mod tests {
    use super::super::set::set;
    use super::*;

    #[test]
    fn words_come_back_in_lines() {
        let table = "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n\
            1\t1\t0\t0\t0\t0\t0\t0\t900\t600\t-1\t\n\
            5\t1\t1\t1\t1\t1\t300\t102\t200\t30\t96.5\t001090123456\n\
            5\t1\t2\t1\t1\t1\t20\t200\t90\t28\t41.0\tMẪU\n\
            5\t1\t3\t1\t1\t1\t20\t100\t90\t30\t91.0\tSố\n\
            5\t1\t3\t1\t1\t2\t120\t104\t9\t9\t91.0\t:\n\
            broken\tline\n";
        let read = page(table);
        assert_eq!((read.words, read.sure, read.is_cut), (3, 2, false));
        assert_eq!(set(&read.said, true).text, "Số :\t001090123456\nMẪU\n");
        assert!(!page(table).is_read());
        assert_eq!(page(""), Page::default());
    }
}
