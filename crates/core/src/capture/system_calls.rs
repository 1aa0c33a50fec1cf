//! Which system calls the process may use from now on, enforced by the kernel (seccomp(2)).
//!
//! What is listed is what agent and hub were seen to need, by `strace` over all that they do (docs/decisions/0027-system-calls.md), and
//! what the C library may use in its place on another kernel. Everything else is refused with EPERM: programs, other
//! processes, mounts, modules, keys, BPF, `io_uring`, new namespaces, other users.

use std::io;

use seccompiler::{BpfProgram, TargetArch, compile_from_json};
use serde_json::{Value, json};

use crate::error::{Error, ErrorKind};

/// By what they are for; on all processors.
const FILES: &[&str] = &[
    "close",
    "close_range",
    "copy_file_range",
    "dup",
    "dup3",
    "faccessat",
    "faccessat2",
    "fadvise64",
    "fallocate",
    "fchdir",
    "fchmod",
    "fchmodat",
    "fcntl",
    "fdatasync",
    "fgetxattr",
    "flistxattr",
    "flock",
    "fstat",
    "fstatfs",
    "fsync",
    "ftruncate",
    "getcwd",
    "getdents64",
    "getxattr",
    "lgetxattr",
    "linkat",
    "listxattr",
    "llistxattr",
    "lseek",
    "mkdirat",
    "newfstatat",
    "openat",
    "openat2",
    "pipe2",
    "pread64",
    "preadv",
    "preadv2",
    "pwrite64",
    "pwritev",
    "pwritev2",
    "read",
    "readahead",
    "readlinkat",
    "readv",
    "renameat",
    "renameat2",
    "sendfile",
    "splice",
    "statfs",
    "statx",
    "symlinkat",
    "sync_file_range",
    "umask",
    "unlinkat",
    "utimensat",
    "write",
    "writev",
];
const MEMORY: &[&str] = &[
    "brk",
    "get_mempolicy",
    "madvise",
    "membarrier",
    "mincore",
    "mlock",
    "mlock2",
    "mremap",
    "mseal",
    "msync",
    "munlock",
    "munmap",
];
const THREADS: &[&str] = &[
    "capget",
    "capset",
    "exit",
    "exit_group",
    "futex",
    "futex_waitv",
    "get_robust_list",
    "getcpu",
    "getpid",
    "getppid",
    "getpriority",
    "getrandom",
    "getrusage",
    "gettid",
    "prlimit64",
    "restart_syscall",
    "rseq",
    "sched_get_priority_max",
    "sched_get_priority_min",
    "sched_getaffinity",
    "sched_getattr",
    "sched_getparam",
    "sched_getscheduler",
    "sched_setaffinity",
    "sched_yield",
    "set_robust_list",
    "set_tid_address",
    "sysinfo",
    "times",
    "uname",
];
const USERS: &[&str] =
    &["getegid", "geteuid", "getgid", "getgroups", "getpgid", "getresgid", "getresuid", "getsid", "getuid"];
const TIME: &[&str] = &[
    "clock_getres",
    "clock_gettime",
    "clock_nanosleep",
    "gettimeofday",
    "nanosleep",
    "timerfd_create",
    "timerfd_gettime",
    "timerfd_settime",
];
const SIGNALS: &[&str] = &[
    "rt_sigaction",
    "rt_sigpending",
    "rt_sigprocmask",
    "rt_sigreturn",
    "rt_sigsuspend",
    "rt_sigtimedwait",
    "sigaltstack",
    "signalfd4",
];
const NETWORK: &[&str] = &[
    "accept",
    "accept4",
    "bind",
    "connect",
    "epoll_create1",
    "epoll_ctl",
    "epoll_pwait",
    "epoll_pwait2",
    "eventfd2",
    "getpeername",
    "getsockname",
    "getsockopt",
    "listen",
    "ppoll",
    "pselect6",
    "recvfrom",
    "recvmmsg",
    "recvmsg",
    "sendmmsg",
    "sendmsg",
    "sendto",
    "setsockopt",
    "shutdown",
];
/// What younger processors have under one of the names above only.
const X86_64: &[&str] = &[
    "access",
    "arch_prctl",
    "chmod",
    "dup2",
    "epoll_create",
    "epoll_wait",
    "eventfd",
    "getdents",
    "getpgrp",
    "getrlimit",
    "link",
    "lstat",
    "mkdir",
    "open",
    "pipe",
    "poll",
    "readlink",
    "rename",
    "rmdir",
    "select",
    "stat",
    "symlink",
    "time",
    "unlink",
    "utime",
    "utimes",
];

/// Every filter has a name there; ours needs none.
const NAME: &str = "process";
const PROCESSORS: [(&str, TargetArch); 2] = [("x86_64", TargetArch::x86_64), ("aarch64", TargetArch::aarch64)];

/// The size of an argument, in seccompiler's words.
const INT: &str = "dword";
const LONG: &str = "qword";

/// Restricts all threads of the process, those that run already included, to the system calls above. They can make
/// AF_PACKET sockets only if `may_capture`. It can't be undone.
///
/// `false` where the kernel has no such filters, or this processor has no list.
///
/// # Errors
/// When the kernel has them and refuses.
pub fn restrict(may_capture: bool) -> Result<bool, Error> {
    let Some((_, processor)) = PROCESSORS.iter().find(|(name, _)| *name == std::env::consts::ARCH) else {
        return Ok(false);
    };
    // In this order: of two refusals, the kernel gives the one of the filter that came last, which allows clone3.
    Ok(install(&missing(*processor)?, 0)?
        && install(&refused(*processor, may_capture)?, libc::SECCOMP_FILTER_FLAG_LOG)?)
}

/// Answers clone3 as kernels do that lack it. Its flags are behind a pointer, where no filter sees them; the C library then
/// uses clone.
fn missing(processor: TargetArch) -> Result<BpfProgram, Error> {
    compiled(
        json!({"match_action": {"errno": libc::ENOSYS}, "mismatch_action": "allow", "filter": [{"syscall": "clone3"}]}),
        processor,
    )
}

/// Refuses what is not listed.
fn refused(processor: TargetArch, may_capture: bool) -> Result<BpfProgram, Error> {
    let x86_64 = if matches!(processor, TargetArch::x86_64) { X86_64 } else { &[] };
    let always = [FILES, MEMORY, THREADS, USERS, TIME, SIGNALS, NETWORK, x86_64, &["clone3"]].concat();
    let filter: Vec<Value> =
        always.iter().map(|name| json!({"syscall": name})).chain(by_arguments(may_capture)).collect();
    compiled(json!({"match_action": "allow", "mismatch_action": {"errno": libc::EPERM}, "filter": filter}), processor)
}

/// System calls that are allowed with some arguments only; one entry for each way.
fn by_arguments(may_capture: bool) -> Vec<Value> {
    let mut families = vec![libc::AF_UNIX, libc::AF_INET, libc::AF_INET6, libc::AF_NETLINK];
    families.extend(may_capture.then_some(libc::AF_PACKET));
    let mut rules: Vec<Value> = families.into_iter().map(|family| rule("socket", [is(0, family)])).collect();
    rules.push(rule("socketpair", [is(0, libc::AF_UNIX)]));
    // Threads, but no processes and no namespaces.
    rules.push(rule("clone", [has(0, libc::CLONE_THREAD, libc::CLONE_THREAD)]));
    // Nothing is executed that was written: memory may be one or the other, and stays what it was.
    rules.push(rule("mmap", [has(2, libc::PROT_EXEC, 0)]));
    rules.push(rule("mmap", [has(2, libc::PROT_WRITE, 0)]));
    rules.push(rule("mprotect", [has(2, libc::PROT_EXEC, 0)]));
    // Signals to this process: a thread that raises one.
    rules.push(rule("tgkill", [is(0, std::process::id().cast_signed())]));
    // No words into the terminal that somebody started us from.
    rules.push(rule("ioctl", [is_not(1, TIOCSTI), is_not(1, TIOCLINUX)]));
    for option in [
        libc::PR_SET_NAME,
        libc::PR_GET_NAME,
        libc::PR_GET_DUMPABLE,
        libc::PR_CAPBSET_READ,
        libc::PR_SET_NO_NEW_PRIVS,
        PR_SET_VMA,
    ] {
        rules.push(rule("prctl", [is(0, option)]));
    }
    rules
}

/// Same on all processors that have a list.
const TIOCSTI: i32 = 0x5412;
const TIOCLINUX: i32 = 0x541C;
/// Names of memory, which allocators give.
const PR_SET_VMA: i32 = 0x5356_4d41;

fn rule(call: &str, arguments: impl Into<Vec<Value>>) -> Value {
    json!({"syscall": call, "args": arguments.into()})
}

fn is(argument: u8, value: i32) -> Value {
    json!({"index": argument, "type": INT, "op": "eq", "val": value.cast_unsigned()})
}

fn is_not(argument: u8, value: i32) -> Value {
    json!({"index": argument, "type": INT, "op": "ne", "val": value.cast_unsigned()})
}

/// The bits of `mask` in an argument are those of `value`.
fn has(argument: u8, mask: i32, value: i32) -> Value {
    json!({"index": argument, "type": LONG, "op": {"masked_eq": mask.cast_unsigned()}, "val": value.cast_unsigned()})
}

fn compiled(filter: Value, processor: TargetArch) -> Result<BpfProgram, Error> {
    let text = json!({NAME: filter}).to_string();
    let mut programs = compile_from_json(text.as_bytes(), processor)
        .map_err(|fault| Error::new(ErrorKind::System, format!("restrict system calls: {fault}")))?;
    Ok(programs.remove(NAME).unwrap_or_default())
}

/// Has the kernel run a filter before each system call of each thread. With the flag for it, the kernel's log tells what
/// the filter refuses. False where it can't.
fn install(program: &BpfProgram, log: libc::c_ulong) -> Result<bool, Error> {
    let failed = |cause: &io::Error| Error::system("restrict system calls", cause);
    // SAFETY: no pointers.
    if unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) } != 0 {
        return Err(failed(&io::Error::last_os_error()));
    }
    let length = u16::try_from(program.len()).map_err(|_| Error::invalid("restrict system calls: too many"))?;
    let filter = libc::sock_fprog { len: length, filter: program.as_ptr().cast::<libc::sock_filter>().cast_mut() };
    // We run nobody else's programs, so that none has to be kept from guessing what the processor speculates on: older
    // kernels slow down whoever does not say so.
    let flags = log | libc::SECCOMP_FILTER_FLAG_TSYNC | libc::SECCOMP_FILTER_FLAG_SPEC_ALLOW;
    // SAFETY: the kernel copies the program, whose layout is `struct sock_filter`'s, and changes nothing.
    match unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, flags, &raw const filter) } {
        0 => Ok(true),
        thread @ 1.. => Err(Error::new(
            ErrorKind::System,
            format!("restrict system calls: thread {thread} has a filter of its own"),
        )),
        _ => match io::Error::last_os_error() {
            cause if matches!(cause.raw_os_error(), Some(libc::ENOSYS | libc::EINVAL)) => Ok(false),
            cause => Err(failed(&cause)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_known_on_every_processor_that_has_a_list() {
        for (name, processor) in PROCESSORS {
            for may_capture in [false, true] {
                let program = refused(processor, may_capture).unwrap();
                assert!((100..4096).contains(&program.len()), "{name}: {}", program.len());
            }
            assert!(!missing(processor).unwrap().is_empty());
        }
    }

    #[test]
    fn what_makes_a_process_somebody_or_something_else_is_not_listed() {
        let listed = [FILES, MEMORY, THREADS, USERS, TIME, SIGNALS, NETWORK, X86_64].concat();
        let refused = "execve execveat fork vfork ptrace process_vm_readv process_vm_writev mount umount2 move_mount \
            pivot_root chroot unshare setns bpf keyctl add_key request_key init_module finit_module delete_module \
            kexec_load io_uring_setup io_uring_enter io_uring_register userfaultfd perf_event_open setuid setgid \
            setresuid setresgid setgroups kill pidfd_send_signal personality open_by_handle_at mknod mknodat reboot \
            swapon acct settimeofday clock_settime modify_ldt iopl ioperm seccomp";
        for name in refused.split_whitespace() {
            assert!(!listed.contains(&name), "{name}");
        }
    }

    #[test]
    fn no_name_is_listed_twice() {
        let listed = [FILES, MEMORY, THREADS, USERS, TIME, SIGNALS, NETWORK, X86_64].concat();
        let mut once = listed.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), listed.len());
    }
}
