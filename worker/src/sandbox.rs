//! A process confines itself: it gives up everything that reading bytes and answering does not need.
//!
//! Bounds of memory and files first, then the file system and the network (Landlock), then all system calls but a few
//! (seccomp). What the kernel lacks is left out and told; the rest holds all the same. Nothing here can be undone.

/// How a worker is confined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Confinement {
    /// Memory, files and processes are bounded (`setrlimit`).
    pub memory: bool,
    /// No path can be opened and no address connected to (Landlock).
    pub files: bool,
    /// Other system calls end the process (seccomp).
    pub calls: bool,
}

impl Confinement {
    /// Whether nothing is missing.
    pub fn is_complete(self) -> bool {
        self.memory && self.files && self.calls
    }

    /// What is missing, as operators know it.
    pub fn lacks(self) -> Vec<&'static str> {
        let parts = [(self.memory, "rlimit"), (self.files, "landlock"), (self.calls, "seccomp")];
        parts.into_iter().filter(|(has, _)| !has).map(|(_, name)| name).collect()
    }

    pub(crate) fn bits(self) -> [u8; 1] {
        [u8::from(self.memory) | u8::from(self.files) << 1 | u8::from(self.calls) << 2]
    }

    pub(crate) fn from_bits(bits: &[u8]) -> Option<Self> {
        let [bits @ 0..8] = *bits else { return None };
        Some(Self { memory: bits & 1 != 0, files: bits & 2 != 0, calls: bits & 4 != 0 })
    }
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn enter(_memory_bytes_max: u64, _socket: std::os::fd::BorrowedFd<'_>) -> Confinement {
    Confinement { memory: false, files: false, calls: false }
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn allow_seconds(_seconds: u64) {}

#[cfg(target_os = "linux")]
pub(crate) use linux::{allow_seconds, enter};

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::BTreeMap;
    use std::os::fd::{AsRawFd, BorrowedFd};

    use landlock::{ABI, Access, AccessFs, AccessNet, Ruleset, RulesetAttr, RulesetStatus, Scope};
    use rustix::process::{DumpableBehavior, Resource, Rlimit};
    use seccompiler::{
        BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    };

    use super::Confinement;

    /// Confines this process for good. What is left is memory and this socket.
    pub(crate) fn enter(memory_bytes_max: u64, socket: BorrowedFd<'_>) -> Confinement {
        // How the clock is read is found out at its first use, with calls that are forbidden later.
        let _ = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
        // Neither a debugger of the same user nor a core file sees what is read here.
        let _ = rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable);
        let bounded = [
            (Resource::As, memory_bytes_max),
            (Resource::Core, 0),
            (Resource::Fsize, 0),
            (Resource::Nproc, 0),
            // What is open stays open.
            (Resource::Nofile, 16),
        ];
        let memory = bounded.into_iter().all(|(resource, most)| {
            rustix::process::setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) }).is_ok()
        });
        let files = forbid_files();
        let calls = forbid_calls(socket).is_some();
        Confinement { memory, files, calls }
    }

    /// Allows so many seconds of processor time more. Past them the kernel ends the process.
    pub(crate) fn allow_seconds(seconds: u64) {
        let used = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime).tv_sec;
        let most = u64::try_from(used).unwrap_or(0).saturating_add(seconds).saturating_add(1);
        let _ = rustix::process::setrlimit(Resource::Cpu, Rlimit { current: Some(most), maximum: None });
    }

    /// A rule set that handles every access and allows none.
    fn forbid_files() -> bool {
        // As much of this as the kernel knows; older ones know less.
        let newest = ABI::V6;
        let confined = Ruleset::default()
            .handle_access(AccessFs::from_all(newest))
            .and_then(|rules| rules.handle_access(AccessNet::from_all(newest)))
            .and_then(|rules| rules.scope(Scope::from_all(newest)))
            .and_then(Ruleset::create)
            .and_then(landlock::RulesetCreated::restrict_self);
        confined.is_ok_and(|status| status.ruleset != RulesetStatus::NotEnforced)
    }

    /// Only calls that computing, memory and the one socket need. Any other ends the process.
    fn forbid_calls(socket: BorrowedFd<'_>) -> Option<()> {
        let plain = [
            libc::SYS_close,
            libc::SYS_munmap,
            libc::SYS_mremap,
            libc::SYS_brk,
            libc::SYS_madvise,
            libc::SYS_futex,
            libc::SYS_clock_gettime,
            libc::SYS_getrandom,
            libc::SYS_sched_yield,
            libc::SYS_restart_syscall,
            // A fault of ours ends in an abort, and says so by its signal.
            libc::SYS_rt_sigaction,
            libc::SYS_rt_sigprocmask,
            libc::SYS_rt_sigreturn,
            libc::SYS_sigaltstack,
            libc::SYS_getpid,
            libc::SYS_gettid,
            libc::SYS_tgkill,
            libc::SYS_exit,
            libc::SYS_exit_group,
        ];
        let mut rules: BTreeMap<i64, Vec<SeccompRule>> = plain.into_iter().map(|call| (call, Vec::new())).collect();
        // Memory that can be run is not made.
        let exec = u64::try_from(libc::PROT_EXEC).ok()?;
        let is_data = |argument| {
            let never = SeccompCmpOp::MaskedEq(exec);
            SeccompRule::new(vec![SeccompCondition::new(argument, SeccompCmpArgLen::Dword, never, 0).ok()?]).ok()
        };
        rules.insert(libc::SYS_mmap, vec![is_data(2)?]);
        rules.insert(libc::SYS_mprotect, vec![is_data(2)?]);
        let only = |argument, value| {
            let equal = SeccompCondition::new(argument, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, value).ok()?;
            SeccompRule::new(vec![equal]).ok()
        };
        // Whatever else was open when the process began stays untouched.
        let socket = u64::try_from(socket.as_raw_fd()).ok()?;
        rules.insert(libc::SYS_recvfrom, vec![only(0, socket)?]);
        rules.insert(libc::SYS_sendto, vec![only(0, socket)?]);
        // Words of a fault go to nowhere, but they go.
        rules.insert(libc::SYS_write, vec![only(0, u64::try_from(libc::STDERR_FILENO).ok()?)?]);
        // Builds with checks look whether what they close is open.
        rules.insert(libc::SYS_fcntl, vec![only(1, u64::try_from(libc::F_GETFD).ok()?)?]);
        // The allocator asks where it runs, to have memory near, and gives what it maps a name.
        rules.insert(libc::SYS_getcpu, Vec::new());
        rules.insert(libc::SYS_prctl, vec![only(0, u64::try_from(libc::PR_SET_VMA).ok()?)?]);
        // Bounds of this process, not of others.
        rules.insert(libc::SYS_prlimit64, vec![only(0, 0)?]);
        let arch = std::env::consts::ARCH.try_into().ok()?;
        let filter = SeccompFilter::new(rules, SeccompAction::KillProcess, SeccompAction::Allow, arch).ok()?;
        let program: BpfProgram = filter.try_into().ok()?;
        seccompiler::apply_filter(&program).ok()
    }
}
