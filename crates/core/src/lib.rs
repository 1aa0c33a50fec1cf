//! The packet engine of pktvisor: bytes in, columns and sketches out. No Python, no YAML, no HTTP.
//!
//! The modules stand in layers, the lowest first: each imports only modules of the blocks before its own, and files never
//! import each other in a circle. A test holds this (`tests/unit/test_rust_layers.py`).
//!
//! What every part of this crate guarantees:
//!
//! 1. No decoder panics on any bytes. A packet is never an error: what can't be read is counted with its layer and
//!    reason ([`ledger`]).
//! 2. A row is written once, batches are reused, and the steady path allocates nothing per packet.
//! 3. Whatever grows with traffic has a named bound and a counter of what the bound threw away.
//! 4. Nothing here reads a clock, a file or an environment variable that it was not given. Time is packet time, in
//!    nanoseconds since 1970, and comes in as an argument.
//! 5. `unsafe` stands only in [`capture`] and [`listen`], where a big database file is mapped ([`enrich::geo`]), where tables are lent
//!    to other languages ([`table::arrow`]) and in measured hot loops, each with its reason.

pub mod error;
pub mod frame;
pub mod hash;
mod lanes;
pub mod malformed;
pub mod memory;

pub mod filter;
pub mod ledger;
pub mod sketch;
pub mod table;
pub mod track;
pub mod traffic;
pub mod wire;

pub mod capture;
pub mod hosts;
pub mod listen;
pub mod read;
mod texts;

pub mod enrich;
pub mod expr;
pub mod netprobe;

pub mod metric;

pub mod decode;

pub mod data_frame;
pub mod plan;

pub mod window;

pub mod engine;

/// Shared with the integration tests.
#[cfg(test)]
#[path = "../tests/skip/mod.rs"]
mod skip;

pub use error::Error;
