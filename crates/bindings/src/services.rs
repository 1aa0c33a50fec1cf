//! Names of services by port, read once and shared by policies.

use std::sync::Arc;

use pktvisor_core::enrich::services::{self, Service};
use pyo3::prelude::*;

/// A registry of services.
#[pyclass(frozen, module = "pktvisor._core")]
pub struct Services {
    pub inner: Arc<services::Services>,
}

#[pymethods]
impl Services {
    /// Entries are a name, the first and the last port, and whether it is of UDP.
    #[new]
    fn new(entries: Vec<(String, u16, u16, bool)>) -> Self {
        let entry = |(name, first, last, is_udp)| Service { name, ports: first..=last, is_udp };
        Self { inner: Arc::new(services::Services::new(entries.into_iter().map(entry).collect())) }
    }

    /// The name of a port of a protocol, by its number in the IP header; None where it has none.
    fn name(&self, protocol: u8, port: u16) -> Option<&str> {
        self.inner.name(protocol, port)
    }
}
