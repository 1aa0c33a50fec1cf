//! Linux capabilities (capabilities(7)) of the calling thread, given up as soon as they are not needed any more.

use std::io;

use crate::Error;

/// The layout that capget(2) and capset(2) use: two words of 32 capabilities each.
const VERSION_3: u32 = 0x2008_0522;

/// By number, as linux/capability.h counts them; without `CAP_`, in lower case.
const NAMES: [&str; 41] = [
    "chown",
    "dac_override",
    "dac_read_search",
    "fowner",
    "fsetid",
    "kill",
    "setgid",
    "setuid",
    "setpcap",
    "linux_immutable",
    "net_bind_service",
    "net_broadcast",
    "net_admin",
    "net_raw",
    "ipc_lock",
    "ipc_owner",
    "sys_module",
    "sys_rawio",
    "sys_chroot",
    "sys_ptrace",
    "sys_pacct",
    "sys_admin",
    "sys_boot",
    "sys_nice",
    "sys_resource",
    "sys_time",
    "sys_tty_config",
    "mknod",
    "lease",
    "audit_write",
    "audit_control",
    "setfcap",
    "mac_override",
    "mac_admin",
    "syslog",
    "wake_alarm",
    "block_suspend",
    "audit_read",
    "perfmon",
    "bpf",
    "checkpoint_restore",
];

/// `struct __user_cap_data_struct`.
#[derive(Debug, Clone, Copy, Default)]
#[repr(C)]
struct Sets {
    effective: u32,
    permitted: u32,
    inheritable: u32,
}

/// Gives up all capabilities of the calling thread but these, of those that it has. Threads that it starts later have
/// no more; threads that are there already keep theirs.
///
/// # Errors
/// When a name is that of no capability, or the kernel refuses.
pub fn drop_all_but<'a>(keep: impl IntoIterator<Item = &'a str>) -> Result<(), Error> {
    let mut kept = [0; 2];
    for name in keep {
        let number = NAMES.iter().position(|known| *known == name).ok_or_else(|| {
            Error::invalid(format!("there is no capability '{name}'; there are {}", NAMES.join(", ")))
        })?;
        kept[number / 32] |= 1 << (number % 32);
    }
    reduce(kept).map_err(|cause| Error::system("give up capabilities", &cause))
}

fn reduce(kept: [u32; 2]) -> io::Result<()> {
    let mut words = get()?;
    for (sets, kept) in words.iter_mut().zip(kept) {
        sets.permitted &= kept;
        sets.effective = sets.permitted;
        sets.inheritable &= kept;
    }
    set(&words)
}

fn get() -> io::Result<[Sets; 2]> {
    let mut header = [VERSION_3, 0]; // thread 0: the calling one
    let mut words = [Sets::default(); 2];
    // SAFETY: the layouts of version 3; the kernel writes two structures.
    check(unsafe { libc::syscall(libc::SYS_capget, header.as_mut_ptr(), words.as_mut_ptr()) })?;
    Ok(words)
}

fn set(words: &[Sets; 2]) -> io::Result<()> {
    let mut header = [VERSION_3, 0];
    // SAFETY: as above; the kernel reads two structures.
    check(unsafe { libc::syscall(libc::SYS_capset, header.as_mut_ptr(), words.as_ptr()) })
}

fn check(result: libc::c_long) -> io::Result<()> {
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Capabilities are those of a thread, so each test has one of its own.
    fn in_thread(story: impl FnOnce() + Send + 'static) {
        if let Err(panic) = std::thread::spawn(story).join() {
            std::panic::resume_unwind(panic);
        }
    }

    #[test]
    fn numbers_are_those_of_the_kernel() {
        for (number, name) in [(0, "chown"), (12, "net_admin"), (13, "net_raw"), (21, "sys_admin"), (39, "bpf")] {
            assert_eq!(NAMES[number], name);
        }
    }

    #[test]
    fn what_is_not_kept_is_gone_and_does_not_come_back() {
        in_thread(|| {
            let before = get().unwrap();
            drop_all_but(["net_raw"]).unwrap();
            let net_raw = before[0].permitted & 1 << 13;
            let after = get().unwrap();
            assert_eq!((after[0].permitted, after[0].effective, after[1].permitted), (net_raw, net_raw, 0));
            drop_all_but([]).unwrap();
            assert_eq!(get().unwrap()[0].permitted, 0);
            drop_all_but(["net_raw"]).unwrap();
            assert_eq!(get().unwrap()[0].permitted, 0, "a name that is kept is not a name that is given");
            assert!(set(&before).is_err() || before[0].permitted == 0);
        });
    }

    #[test]
    fn a_name_of_no_capability_is_said_and_nothing_is_given_up() {
        in_thread(|| {
            let before = get().unwrap();
            let message = drop_all_but(["net_row"]).unwrap_err().message;
            assert!(message.contains("'net_row'") && message.contains("net_raw"), "{message}");
            assert_eq!(get().unwrap()[0].permitted, before[0].permitted);
        });
    }
}
