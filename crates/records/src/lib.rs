//! Window records as Arrow columns (`docs/reference/window-record.md`): made, read, written, and merged by what they measure.
//!
//! Records come from agents, so that every byte of them is checked: what is no window record is refused with one sentence,
//! and what reading takes is bounded by what the caller allows.
//!
//! The modules stand in layers as those of the core do, the lowest first.

mod columns;

mod values;

mod conform;

mod table;

mod runs;

mod compression;

mod ipc;

mod packed;

mod read;

mod joined;

mod accumulate;

pub use accumulate::{Accumulators, Bounds, LeftOut, Window};
pub use arrow_array::ffi_stream::FFI_ArrowArrayStream as ArrowStream;
pub use columns::{Column, Form};
pub use joined::{Sender, joined};
pub use packed::{Part, can_unpack, is_packed};
pub use runs::WindowRun;
pub use table::RecordTable;
pub use values::Values;

use pktvisor_core::Error;

/// Version of the record that this release reads and writes.
pub const VERSION: &str = "1";

/// Key in a schema's metadata that has the record's version.
pub const VERSION_KEY: &str = "pktvisor.window_record";

/// A sentence about what is no window record.
fn refused(problem: impl std::fmt::Display) -> Error {
    // Those of the library may have more lines.
    let problem = problem.to_string();
    Error::format(format!("window records: {}", problem.lines().next().unwrap_or_default()))
}

#[cfg(test)]
mod testing;
