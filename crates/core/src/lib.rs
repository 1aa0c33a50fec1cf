//! The packet engine of pktvisor: bytes in, columns and sketches out. No Python, no YAML, no HTTP.
//!
//! The modules stand in the order that the data meets them.
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
pub mod ledger;
pub mod malformed;
pub mod memory;
mod texts;

pub mod capture;
pub mod filter;
pub mod listen;
pub mod read;

pub mod decode;
pub mod enrich;
pub mod table;
pub mod track;
pub mod wire;

pub mod data_frame;
pub mod engine;
pub mod expr;
pub mod metric;
pub mod plan;
pub mod sketch;
pub mod window;

/// Shared with the integration tests.
#[cfg(test)]
#[path = "../tests/skip/mod.rs"]
mod skip;

pub use error::Error;
