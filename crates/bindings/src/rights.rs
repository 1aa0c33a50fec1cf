//! Rights that a process gives up once it does not need them any more.

use std::path::PathBuf;

use pktvisor_core::capture::{capabilities, filesystem, identity, system_calls};
use pyo3::prelude::*;

use crate::errors::raise;
use crate::usage;

/// Gives up all capabilities of the calling thread but those in `keep` (as `net_raw`), as far as it has them. Threads
/// that it starts later have no more; those that are there already keep theirs. ConfigFault for a name that is none.
#[pyfunction]
pub fn drop_capabilities(keep: Vec<String>) -> PyResult<()> {
    capabilities::drop_all_but(keep.iter().map(String::as_str)).map_err(raise)
}

/// Restricts the calling thread, and all that it starts later, to reading files below the paths in `read`, and to reading,
/// writing, creating and removing those below the paths in `write`. Nothing can be executed. Paths that are not there
/// give no right, open files stay usable, and it can't be undone. False where the kernel has no Landlock.
#[pyfunction]
pub fn restrict_filesystem(read: Vec<PathBuf>, write: Vec<PathBuf>) -> PyResult<bool> {
    usage::prepare(); // inputs that start later go on measuring
    filesystem::restrict(&read, &write).map_err(raise)
}

/// Makes the process another user with these groups, for good. The calling thread keeps the capabilities in `keep`, of
/// those that it has, all others lose all of theirs. RightsFault for who may not.
#[pyfunction]
pub fn become_user(user: u32, group: u32, groups: Vec<u32>, keep: Vec<String>) -> PyResult<()> {
    let keep: Vec<&str> = keep.iter().map(String::as_str).collect();
    identity::become_user(user, group, &groups, &keep).map_err(raise)
}

/// Restricts all threads of the process to the system calls that a running agent or hub needs; all others fail with
/// EPERM. AF_PACKET sockets only if `may_capture`. It can't be undone. False where the kernel has no such filters.
#[pyfunction]
pub fn restrict_system_calls(may_capture: bool) -> PyResult<bool> {
    system_calls::restrict(may_capture).map_err(raise)
}
