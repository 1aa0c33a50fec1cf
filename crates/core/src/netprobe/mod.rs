//! Probes: requests to targets, sent again and again, to learn whether and when they are answered.
//!
//! A *test* of a target sends one or several probes, once in every interval. What is due, and what became of each probe, is
//! decided by a [`Prober`], which touches no socket and no clock. The edges do what it orders:
//!
//! - [`names`]: looks up names of targets, in threads of its own
//! - [`echo`]: echo requests of ICMP
//! - [`connections`]: attempts to connect by TCP

pub mod connections;
pub mod echo;
pub mod names;
mod open;
mod prober;

use std::net::IpAddr;

pub use prober::{Event, EventKind, Order, Prober, Request};

pub(crate) const NANOSECONDS: i64 = 1_000_000_000;

/// Targets of one input.
pub const MOST_TARGETS: usize = 1_000;

/// Probes of all targets that a test may send, so that those that wait for answers have a bound.
pub const MOST_PROBES: usize = 65_536;

/// How targets are probed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Test {
    /// Echo requests with so many bytes of payload.
    Ping { payload_bytes: usize },
    /// Attempts to connect by TCP.
    Connect,
}

/// When probes are sent, and how long answers are waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// From test to test.
    pub interval_ns: i64,
    /// An answer that takes so long is late; at most the interval.
    pub timeout_ns: i64,
    /// Probes of a test.
    pub probes: u32,
    /// From probe to probe of a test.
    pub gap_ns: i64,
}

/// What is probed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    pub name: String,
    pub host: Host,
    /// Of TCP; 0 for pings.
    pub port: u16,
    /// The family that addresses of its name must have.
    pub family: Option<Family>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    Address(IpAddr),
    /// Is looked up for each test.
    Name(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    V4,
    V6,
}

impl Family {
    pub fn of(address: &IpAddr) -> Self {
        if address.is_ipv4() { Self::V4 } else { Self::V6 }
    }
}
