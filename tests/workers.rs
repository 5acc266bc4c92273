//! Worker processes of the real binary: what they read, what they may not do, and what happens when they die, hang or
//! run out of memory. All people are invented.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use chot_inspect::{Extractor, Hint, InProcess, Inspector, Limits};
use chot_model::{DetectorId, OpaqueReason};
use chot_worker::{Pool, Settings};
use rustix::process::{Pid, Signal, kill_process};

fn pool(memory_mib: u64, time_max: Duration) -> Arc<Pool> {
    let memory = memory_mib.to_string();
    let settings = Settings {
        program: PathBuf::from(env!("CARGO_BIN_EXE_chot")),
        time_max,
        ..Settings::of_this_program(["worker", "--memory-mib", &memory].map(Into::into).to_vec())
    };
    Arc::new(Pool::new(settings))
}

fn inspector(extractor: Arc<dyn Extractor>) -> Inspector {
    Inspector::new(Limits::default(), 2026).extracting(extractor)
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    zlib.write_all(bytes).expect("memory");
    zlib.finish().expect("memory")
}

/// A file of one page with a citizen number, and one more stream.
fn pdf(more: &[u8]) -> Vec<u8> {
    let content = zlib(b"BT /F1 12 Tf 72 700 Td (So CCCD: 001090123456) Tj ET");
    let stream = |number: u32, dict: &str, bytes: &[u8]| {
        let head = format!("{number} 0 obj\n<<{dict}/Filter/FlateDecode /Length {}>>\nstream\n", bytes.len());
        [head.as_bytes(), bytes, b"\nendstream\nendobj\n"].concat()
    };
    let objects = "%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj\n<</Type/Pages/Kids[3 0 R]>>\nendobj\n\
        3 0 obj\n<</Type/Page/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>\nendobj\n\
        5 0 obj\n<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>\nendobj\n";
    let more = if more.is_empty() { Vec::new() } else { stream(6, "/Type/EmbeddedFile", more) };
    [objects.as_bytes(), &stream(4, "", &content), &more, b"trailer\n<</Root 1 0 R>>\n%%EOF"].concat()
}

/// Takes more memory than a worker has that is given little. The message around it is large enough to allow it.
fn hungry() -> Vec<u8> {
    [pdf(&zlib(&vec![b' '; 180 << 20])), vec![b'%'; 1 << 20]].concat()
}

/// Process ids of the children of this process that are workers.
fn workers() -> Vec<Pid> {
    let own = std::process::id().to_string();
    let is_ours = |id: &i32| {
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        let parent = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1).map(str::to_owned));
        let line = fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
        parent.as_deref() == Some(own.as_str()) && line.split(|b| *b == 0).any(|word| word == b"worker")
    };
    let ids = fs::read_dir("/proc").expect("proc").flatten().filter_map(|e| e.file_name().to_str()?.parse().ok());
    ids.filter(is_ours).filter_map(Pid::from_raw).collect()
}

#[test]
fn a_worker_reads_what_this_process_would() {
    let there = inspector(pool(1_024, Duration::from_secs(20)));
    let here = inspector(Arc::new(InProcess));
    for bytes in [pdf(b""), pdf(&zlib(b"soCCCD\n001190123457\n")), b"%PDF-1.7 nothing".to_vec()] {
        let say = |inspector: &Inspector| {
            let mut inspection = inspector.inspect(Hint::default(), &bytes).inspection;
            inspection.elapsed_us = 0;
            format!("{inspection:?}")
        };
        assert_eq!(say(&there), say(&here));
    }
    assert_eq!(there.inspect(Hint::default(), &pdf(b"")).inspection.opaque, []);
}

/// The allocator asks the kernel for more in ways that depend on where its memory lies, which is another place in every
/// process: one worker in thirty died of that.
#[test]
fn wherever_its_memory_lies_a_worker_reads() {
    const WORKERS: usize = 200;
    let settings = Settings {
        program: PathBuf::from(env!("CARGO_BIN_EXE_chot")),
        objects_max: 1,
        ..Settings::of_this_program(["worker", "--memory-mib", "1024"].map(Into::into).to_vec())
    };
    let inspector = inspector(Arc::new(Pool::new(settings)));
    let picture: Vec<u8> = fs::read("inspect/tests/images/printed.png").expect("the picture");
    let failed = (0..WORKERS).filter(|n| {
        let object = if n % 8 == 0 { picture.clone() } else { pdf(&zlib(&vec![b' '; n << 13])) };
        inspector.inspect(Hint::default(), &object).inspection.is_opaque(OpaqueReason::Failed)
    });
    assert_eq!(failed.count(), 0, "of {WORKERS}");
}

#[test]
fn a_worker_is_confined_as_far_as_this_kernel_can() {
    let pool = pool(1_024, Duration::from_secs(20));
    let confinement = pool.probe().expect("a worker");
    assert!(confinement.memory);
    // Any Linux with seccomp shows the mode of each process.
    let status = fs::read_to_string("/proc/self/status").expect("status");
    assert_eq!(confinement.calls, status.contains("Seccomp:"), "{status}");
    let id = *workers().first().expect("a worker");
    let status = fs::read_to_string(format!("/proc/{}/status", id.as_raw_nonzero())).expect("status");
    assert!(!confinement.calls || status.contains("Seccomp:\t2"), "{status}");
    assert!(status.contains("NoNewPrivs:\t1"), "{status}");
}

#[test]
fn a_worker_uses_nothing_but_its_socket() {
    let pool = pool(1_024, Duration::from_secs(20));
    pool.probe().expect("a worker");
    let id = workers().first().expect("a worker").as_raw_nonzero();
    let open = fs::read_dir(format!("/proc/{id}/fd")).expect("its descriptors").flatten();
    let targets: Vec<String> =
        open.filter_map(|fd| Some(fs::read_link(fd.path()).ok()?.to_string_lossy().into_owned())).collect();
    // A test runner may leave a pipe open, which seccomp keeps a worker from using.
    assert!(targets.iter().all(|t| t == "/dev/null" || !t.starts_with('/')), "{targets:?}");
    let environment = fs::read(format!("/proc/{id}/environ")).unwrap_or_default();
    // Nothing of ours: only what its allocator is told.
    assert_eq!(String::from_utf8_lossy(&environment), "MIMALLOC_ARENA_RESERVE=64M\0");
}

#[test]
fn by_hand_it_says_what_it_is() {
    let run = Command::new(env!("CARGO_BIN_EXE_chot")).arg("worker").stdin(Stdio::null()).output().expect("runs");
    assert_eq!(run.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&run.stderr).contains("not by hand"));
    let help = Command::new(env!("CARGO_BIN_EXE_chot")).arg("--help").output().expect("runs");
    assert!(!String::from_utf8_lossy(&help.stdout).contains("worker"));
}

#[test]
fn a_thousand_objects_through_dying_hanging_and_hungry_workers_are_never_clean() {
    const OBJECTS: usize = 1_000;
    let pool = pool(160, Duration::from_millis(400));
    let inspector = inspector(pool);
    let (sound, hungry) = (pdf(b""), hungry());
    let over = AtomicBool::new(false);
    let (clean, failed, late) = std::thread::scope(|scope| {
        // Kills or stops whichever worker it meets, as fast as it can look, with rests so that some get through.
        scope.spawn(|| {
            let mut n = 0u32;
            while !over.load(Ordering::Relaxed) {
                for id in workers() {
                    n += 1;
                    let signal = if n.is_multiple_of(9) { Signal::STOP } else { Signal::KILL };
                    if n.is_multiple_of(3) {
                        let _ = kill_process(id, signal);
                    }
                }
                std::thread::park_timeout(Duration::from_millis(8));
            }
        });
        let halves = [0, 1].map(|half| {
            let (inspector, sound, hungry) = (&inspector, &sound, &hungry);
            scope.spawn(move || {
                let (mut clean, mut failed, mut late) = (0, 0, 0);
                for n in 0..OBJECTS / 2 {
                    let is_hungry = n % 100 == half * 50;
                    let bytes = if is_hungry { hungry } else { sound };
                    let inspection = inspector.inspect(Hint::default(), bytes).inspection;
                    let found = inspection.distinct(DetectorId::Cccd) > 0;
                    let is_whole = inspection.opaque.is_empty();
                    failed += u32::from(inspection.is_opaque(OpaqueReason::Failed));
                    late += u32::from(inspection.is_opaque(OpaqueReason::TimeLimit));
                    clean += u32::from(is_whole && (!found || is_hungry));
                }
                (clean, failed, late)
            })
        });
        let counts = halves.map(|half| half.join().expect("the gateway is alive"));
        over.store(true, Ordering::Relaxed);
        counts.into_iter().fold((0, 0, 0), |a, b| (a.0 + b.0, a.1 + b.1, a.2 + b.2))
    });
    assert_eq!(clean, 0, "judged clean; {failed} failed, {late} late");
    assert!(failed > 0, "nothing was killed");
    assert!((failed as usize) < OBJECTS, "nothing got through");
    // And the pool is as good as new, once those that were stopped while they waited are found to be.
    let again = |_| inspector.inspect(Hint::default(), &sound).inspection;
    let inspection = (0..=workers().len()).map(again).find(|inspection| inspection.opaque.is_empty());
    let inspection = inspection.expect("more were stopped than there are");
    assert_eq!(inspection.distinct(DetectorId::Cccd), 1, "{inspection:?}");
}

#[test]
fn a_stopped_worker_costs_its_object_and_no_more_time_than_allowed() {
    let pool = pool(1_024, Duration::from_millis(300));
    pool.probe().expect("a worker");
    let stopped = *workers().first().expect("a worker");
    kill_process(stopped, Signal::STOP).expect("ours");
    let inspector = inspector(Arc::clone(&pool) as Arc<dyn Extractor>);
    let begun = Instant::now();
    let inspection = inspector.inspect(Hint::default(), &pdf(b"")).inspection;
    assert!(inspection.is_opaque(OpaqueReason::TimeLimit), "{inspection:?}");
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert!(inspector.inspect(Hint::default(), &pdf(b"")).inspection.opaque.is_empty());
    assert!(!workers().contains(&stopped), "it is gone");
}

#[test]
fn a_program_that_is_no_worker_makes_objects_opaque() {
    for program in ["/bin/true", "/bin/cat", "/nonexistent"] {
        let settings = Settings { program: program.into(), ..Settings::of_this_program(Vec::new()) };
        let pool = Pool::new(Settings { time_max: Duration::from_millis(300), ..settings });
        assert!(pool.probe().is_err(), "{program}");
    }
    let settings = Settings { program: "/bin/true".into(), ..Settings::of_this_program(Vec::new()) };
    let inspection = inspector(Arc::new(Pool::new(settings))).inspect(Hint::default(), &pdf(b"")).inspection;
    assert!(inspection.is_opaque(OpaqueReason::Failed));
}

#[test]
fn objects_within_objects_never_wait_for_each_other() {
    let settings = Settings {
        program: PathBuf::from(env!("CARGO_BIN_EXE_chot")),
        workers_max: 1,
        ..Settings::of_this_program(vec!["worker".into()])
    };
    let inspector = inspector(Arc::new(Pool::new(settings)));
    let nested = pdf(&zlib(&pdf(&zlib(&pdf(b"")))));
    let begun = Instant::now();
    let inspection = inspector.inspect(Hint::default(), &nested).inspection;
    assert!(inspection.opaque.is_empty() && inspection.distinct(DetectorId::Cccd) == 1, "{inspection:?}");
    assert!(begun.elapsed() < Duration::from_secs(20));
}

#[test]
fn the_socket_ends_a_worker() {
    let (ours, theirs) = UnixStream::pair().expect("a socket");
    let mut child = Command::new(env!("CARGO_BIN_EXE_chot"))
        .arg("worker")
        .stdin(Stdio::from(std::os::fd::OwnedFd::from(theirs)))
        .spawn()
        .expect("starts");
    drop(ours);
    assert!(child.wait().expect("ends").success());
}

/// Runs a program under a filter that answers "not permitted" to the calls by which readers confine themselves, as a
/// unit does that names them in no set its systemd knows.
const WITHOUT_SANDBOX: &str = r#"
import ctypes, os, platform, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
code = lambda op, yes, no, k: struct.pack("HBBI", op, yes, no, k)
calls = [{"x86_64": 317, "aarch64": 277}[platform.machine()], 444, 445, 446]
filter = code(0x20, 0, 0, 0) + b"".join(code(0x15, 0, 1, n) + code(6, 0, 0, 0x00050001) for n in calls)
filter += code(6, 0, 0, 0x7fff0000)
held = ctypes.create_string_buffer(filter)
program = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(filter) // 8, ctypes.addressof(held)))
long = ctypes.c_ulong
assert libc.prctl(38, long(1), long(0), long(0), long(0)) == 0
assert libc.prctl(22, long(2), long(ctypes.addressof(program)), long(0), long(0)) == 0
os.execv(sys.argv[1], sys.argv[1:])
"#;

#[test]
fn a_gateway_says_that_its_readers_are_not_confined() {
    let dir = tempfile::tempdir().expect("a folder");
    let config = dir.path().join("chot.toml");
    fs::write(&config, "[data]\ndir = \"data\"\n[web]\nlisten = [\"127.0.0.1:0\"]\n").expect("written");
    let started = |mut program: Command| {
        let program = program.args(["run", "--config"]).arg(&config);
        let mut child = program.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("started");
        let mut greeting = BufReader::new(child.stdout.take().expect("its greeting"));
        assert!(greeting.read_line(&mut String::new()).expect("a line") > 0, "it does not start");
        let pid = Pid::from_child(&child);
        kill_process(pid, Signal::TERM).expect("told");
        let said: Vec<String> =
            BufReader::new(child.stderr.take().expect("its words")).lines().map_while(Result::ok).collect();
        child.wait().expect("ended");
        said.join("\n")
    };
    let mut python = Command::new("python3");
    python.args(["-c", WITHOUT_SANDBOX, env!("CARGO_BIN_EXE_chot")]);
    let said = started(python);
    assert!(said.contains("run without landlock, seccomp"), "{said}");
    let said = started(Command::new(env!("CARGO_BIN_EXE_chot")));
    assert!(!said.contains("run without"), "{said}");
    let records = chot_audit::Reader::open(&dir.path().join("data/audit"));
    let filter = chot_audit::Filter { kind: Some("gateway.started".to_owned()), ..Default::default() };
    let lacks: Vec<String> = records
        .records(filter, chot_audit::Order::OldestFirst)
        .expect("a ledger")
        .map(|record| record.expect("sound").value["readers_lack"].to_string())
        .collect();
    assert_eq!(lacks, [r#"["landlock","seccomp"]"#, "[]"]);
}

#[test]
fn the_unit_allows_what_readers_confine_themselves_with() {
    let unit = include_str!("../deploy/systemd/chot.service");
    let allowed = unit.lines().find_map(|line| line.strip_prefix("SystemCallFilter=")).expect("a filter");
    for call in ["seccomp", "landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self"] {
        assert!(allowed.split(' ').any(|word| word == call), "{call}: sets that hold it are not known everywhere");
    }
}
