//! A table as bytes: an Arrow IPC stream, the whole of it in one zstd frame.

mod compression;
mod layout;
mod messages;
mod read;
mod write;

use pktvisor_core::Error;

fn refused(problem: impl std::fmt::Display) -> Error {
    // The sentences of the library may have more lines.
    let problem = problem.to_string();
    Error::format(format!("window records: {}", problem.lines().next().unwrap_or_default()))
}
