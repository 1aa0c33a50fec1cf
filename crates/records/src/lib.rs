//! Window records as Arrow columns (`docs/reference/window-record.md`): made, read, written.
//!
//! Records come from agents, so that every byte of them is checked: what is no window record is refused with one sentence,
//! and what reading takes is bounded by what the caller allows.

mod columns;

mod values;

mod table;

mod runs;

mod ipc;

pub use columns::{Column, Form};
pub use runs::WindowRun;
pub use table::RecordTable;
pub use values::Values;

/// Version of the record that this release reads and writes.
pub const VERSION: &str = "1";

/// Key in a schema's metadata that has the record's version.
pub const VERSION_KEY: &str = "pktvisor.window_record";
