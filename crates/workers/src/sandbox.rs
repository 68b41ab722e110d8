//! What a worker gives up before it reads its first byte, for good.
//!
//! - landlock: every file, every TCP port, and signals and abstract sockets of other processes
//! - seccomp: every system call but those that take memory, tell the time, wait, and read and write what is open
//! - limits: address space, open files, processes, file size, core dumps
//!
//! Each holds without the others; what the kernel lacks is reported, not hidden.

use std::collections::BTreeMap;
use std::fmt;

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, LandlockStatus, Ruleset, RulesetAttr as _, RulesetStatus, Scope,
};
use rustix::process::{DumpableBehavior, Resource, Rlimit};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    apply_filter_all_threads,
};

/// What landlock takes away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Landlock {
    /// The version of the kernel's interface, from 1.
    pub abi: u8,
    /// Whether the kernel knows all that was asked for (from version 6 on it does).
    pub whole: bool,
}

/// What a worker has given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Enforced {
    /// Files and network; `None` where the kernel has no landlock.
    pub landlock: Option<Landlock>,
    /// System calls.
    pub seccomp: bool,
    /// Resource limits.
    pub limits: bool,
    /// Files that were open: its socket and two that swallow everything, so 3.
    pub descriptors: u16,
}

impl Enforced {
    /// Whether a decoder that was taken over can reach neither files nor the network, by two fences.
    pub fn is_full(&self) -> bool {
        self.landlock.is_some() && self.seccomp && self.limits && self.descriptors <= 3
    }
}

impl fmt::Display for Enforced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.landlock {
            Some(Landlock { abi, whole }) => write!(f, "landlock ABI {abi}{}", if whole { "" } else { " in part" })?,
            None => f.write_str("no landlock")?,
        }
        f.write_str(if self.seccomp { ", seccomp" } else { ", no seccomp" })?;
        f.write_str(if self.limits { ", limits" } else { ", no limits" })?;
        if self.descriptors > 3 { write!(f, ", {} files open", self.descriptors) } else { Ok(()) }
    }
}

/// The first fence: done on the only thread there is, so that later ones inherit it. `memory` is the address space in bytes.
pub(crate) fn files_and_memory(memory: u64) -> Enforced {
    let descriptors = open_descriptors();
    // Before the limits, for it opens a file.
    let landlock = landlock();
    Enforced { landlock, seccomp: false, limits: limits(memory), descriptors }
}

/// The second fence, around all threads. No further thread can be started after it.
pub(crate) fn system_calls() -> bool {
    // With each filter comes the promise that no program started later has more rights.
    no_threads().is_ok()
        && filters().is_some_and(|all| all.iter().all(|filter| apply_filter_all_threads(filter).is_ok()))
}

fn open_descriptors() -> u16 {
    // One is the folder that is being read.
    std::fs::read_dir("/proc/self/fd").map_or(0, |all| u16::try_from(all.count().saturating_sub(1)).unwrap_or(u16::MAX))
}

fn landlock() -> Option<Landlock> {
    // The newest whose rights are about files, ports and processes; later ones add to logging and threads.
    let newest = ABI::V6;
    let restricted = Ruleset::default()
        .handle_access(AccessFs::from_all(newest))
        .and_then(|rules| rules.handle_access(AccessNet::from_all(newest)))
        .and_then(|rules| rules.scope(Scope::from_all(newest)))
        .and_then(Ruleset::create)
        .and_then(landlock::RulesetCreated::restrict_self)
        .ok()?;
    let abi = match restricted.landlock {
        LandlockStatus::Available { kernel_abi: Some(newer), .. } => u8::try_from(newer).unwrap_or(u8::MAX),
        LandlockStatus::Available { effective_abi, .. } => {
            (1..u8::MAX).find(|number| ABI::from(i32::from(*number)) == effective_abi)?
        }
        LandlockStatus::NotEnabled | LandlockStatus::NotImplemented => return None,
    };
    match restricted.ruleset {
        RulesetStatus::FullyEnforced => Some(Landlock { abi, whole: true }),
        RulesetStatus::PartiallyEnforced => Some(Landlock { abi, whole: false }),
        RulesetStatus::NotEnforced => None,
    }
}

fn limits(memory: u64) -> bool {
    let set = |resource, most: u64| {
        let limit = Rlimit { current: Some(most), maximum: Some(most) };
        rustix::process::setrlimit(resource, limit).is_ok()
    };
    // Nothing here opens a file: what is open stays open.
    let all = [set(Resource::As, memory), set(Resource::Core, 0), set(Resource::Fsize, 0), set(Resource::Nofile, 4)];
    // Nobody may attach to it, and no picture of somebody's ends up in a dump.
    let hidden = rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable).is_ok();
    hidden && all == [true; 4]
}

/// Processes and threads, which count as processes. Not binding for root, unlike the filter.
fn no_threads() -> rustix::io::Result<()> {
    if codec::STARTS_THREADS {
        return Ok(());
    }
    rustix::process::setrlimit(Resource::Nproc, Rlimit { current: Some(0), maximum: Some(0) })
}

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// In the order in which they are to be applied: the last one also refuses further filters. The kernel obeys the sternest.
fn filters() -> Option<Vec<BpfProgram>> {
    let refused = SeccompAction::Errno(libc::EPERM as u32);
    let mut all = Vec::new();
    if codec::STARTS_THREADS {
        // The answer on which the C library falls back to the older call, whose flags a filter can read.
        let unknown = SeccompAction::Errno(libc::ENOSYS as u32);
        all.push(program(always(&[libc::SYS_clone3]), SeccompAction::Allow, unknown)?);
    }
    all.extend([
        // No decoder has a reason for these: whoever calls them has taken one over.
        program(always(FATAL), SeccompAction::Allow, SeccompAction::KillProcess)?,
        // All else is refused but goes on: a library that looks for a file which it can do without is no crime.
        program(needed()?, refused, SeccompAction::Allow)?,
    ]);
    Some(all)
}

fn program(rules: Rules, otherwise: SeccompAction, action: SeccompAction) -> Option<BpfProgram> {
    let architecture = std::env::consts::ARCH.try_into().ok()?;
    SeccompFilter::new(rules, otherwise, action, architecture).ok()?.try_into().ok()
}

fn always(calls: &[i64]) -> Rules {
    calls.iter().map(|call| (*call, Vec::new())).collect()
}

const FATAL: &[i64] = &[
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_socket,
    libc::SYS_socketpair,
    libc::SYS_connect,
    libc::SYS_bind,
    libc::SYS_bpf,
    libc::SYS_io_uring_setup,
    libc::SYS_userfaultfd,
    libc::SYS_perf_event_open,
    libc::SYS_mount,
    libc::SYS_setns,
    libc::SYS_unshare,
];

/// What decoders, the memory allocator and the ends of threads and processes call.
const NEEDED: &[i64] = &[
    libc::SYS_read,
    libc::SYS_write,
    libc::SYS_close,
    libc::SYS_brk,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_futex,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_clock_gettime,
    libc::SYS_gettimeofday,
    libc::SYS_getrandom,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_ppoll,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_poll,
    libc::SYS_restart_syscall,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_set_robust_list,
    libc::SYS_rseq,
    libc::SYS_exit,
    libc::SYS_exit_group,
];

fn needed() -> Option<Rules> {
    let mut rules = always(NEEDED);
    let when = |argument, operator, value| {
        SeccompRule::new(vec![SeccompCondition::new(argument, SeccompCmpArgLen::Dword, operator, value).ok()?]).ok()
    };
    // No memory becomes code.
    let executable = libc::PROT_EXEC as u64;
    for call in [libc::SYS_mmap, libc::SYS_mprotect] {
        rules.insert(call, vec![when(2, SeccompCmpOp::MaskedEq(executable), 0)?]);
    }
    // An abort is a signal to itself.
    let own = u64::from(std::process::id());
    rules.insert(libc::SYS_tgkill, vec![when(0, SeccompCmpOp::Eq, own)?]);
    if codec::STARTS_THREADS {
        let thread = libc::CLONE_THREAD as u64;
        rules.insert(libc::SYS_clone, vec![when(0, SeccompCmpOp::MaskedEq(thread), thread)?]);
        // The filter for this one alone decides.
        rules.insert(libc::SYS_clone3, Vec::new());
    }
    Some(rules)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn filters_can_be_made_for_this_machine() {
        assert!(filters().unwrap().len() >= 2);
        let (fatal, needed) = (always(FATAL), needed().unwrap());
        assert!(fatal.keys().all(|call| !needed.contains_key(call)));
    }

    #[test]
    fn what_is_enforced_is_told() {
        let full =
            Enforced { landlock: Some(Landlock { abi: 7, whole: true }), seccomp: true, limits: true, descriptors: 3 };
        assert_eq!(full.to_string(), "landlock ABI 7, seccomp, limits");
        assert!(full.is_full());
        let less = Enforced { landlock: Some(Landlock { abi: 3, whole: false }), ..full };
        assert_eq!(less.to_string(), "landlock ABI 3 in part, seccomp, limits");
        assert!(less.is_full());
        assert_eq!(Enforced::default().to_string(), "no landlock, no seccomp, no limits");
        for without in [
            Enforced { landlock: None, ..full },
            Enforced { seccomp: false, ..full },
            Enforced { limits: false, ..full },
            Enforced { descriptors: 4, ..full },
        ] {
            assert!(!without.is_full(), "{without}");
        }
    }
}
