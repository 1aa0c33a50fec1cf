//! Sockets that others send to: streams of many clients, and datagrams.
//!
//! - [`readiness`]: which of many sockets have something (epoll(7))
//! - [`streams`]: listening on a Unix socket or a TCP port
//! - [`datagrams`]: UDP, by one socket or by several that share a port

pub mod datagrams;
pub mod readiness;
pub mod streams;
pub(crate) mod system;
