//! Sockets that others send to: streams of many clients, and datagrams.
//!
//! - [`readiness`]: which of many sockets have something (epoll(7))
//! - [`streams`]: listening on a Unix socket or a TCP port
//! - [`datagrams`]: UDP, by one socket or by several that share a port
//! - `refusals`: why an address can't be listened on

pub mod datagrams;
pub mod readiness;
mod refusals;
pub mod streams;
pub(crate) mod system;
