//! Which user the process is (credentials(7)).

use std::io;

use super::capabilities;
use crate::Error;

/// Makes the whole process another user, with these groups and no others, for good: none of its three user ids is what
/// it was, and nothing that it could start would give it rights (`PR_SET_NO_NEW_PRIVS`). The calling thread keeps the
/// capabilities in `keep`, of those that it has; all other threads lose all of theirs.
///
/// To be called while there is one thread: others that are there already may start programs that give rights.
///
/// # Errors
/// When a name is that of no capability, or the kernel refuses: it needs CAP_SETUID and CAP_SETGID.
pub fn become_user(user: u32, group: u32, groups: &[u32], keep: &[&str]) -> Result<(), Error> {
    change(user, group, groups).map_err(|cause| Error::system("become another user", &cause))?;
    capabilities::drop_all_but(keep.iter().copied())
}

/// The C library's functions are used, not the system calls: these are of one thread, those of all.
fn change(user: u32, group: u32, groups: &[u32]) -> io::Result<()> {
    // SAFETY: the pointer is to as many ids as are said; the other calls take none.
    unsafe {
        check(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))?;
        check(libc::setgroups(groups.len(), groups.as_ptr()))?;
        check(libc::setresgid(group, group, group))?;
        check(libc::prctl(libc::PR_SET_KEEPCAPS, 1, 0, 0, 0))?;
        check(libc::setresuid(user, user, user))?;
        check(libc::prctl(libc::PR_SET_KEEPCAPS, 0, 0, 0, 0))?;
        // Else what /proc tells of the process would stay root's, and it could not count its own descriptors.
        check(libc::prctl(libc::PR_SET_DUMPABLE, 1, 0, 0, 0))
    }
}

fn check(result: libc::c_int) -> io::Result<()> {
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
