//! Network interfaces of this machine.

use pktvisor_core::capture::{self, Target};
use pyo3::prelude::*;

use crate::errors::raise;

type InterfaceRow = (String, bool, bool, Vec<(String, u8)>, u64, u16);

/// Name, whether it is up, whether it is a loopback, addresses with prefix lengths, packets counted so far, and the
/// link type of its frames.
#[pyfunction]
pub fn interfaces(py: Python<'_>) -> PyResult<Vec<InterfaceRow>> {
    let found = py.detach(capture::interfaces).map_err(raise)?;
    let row = |interface: capture::Interface| {
        let addresses = interface.addresses.iter().map(|(address, length)| (address.to_string(), *length)).collect();
        (interface.name, interface.up, interface.loopback, addresses, interface.packets, interface.link_type)
    };
    Ok(found.into_iter().map(row).collect())
}

/// The interface that a name, an address, `auto` or `any` stands for.
#[pyfunction]
pub fn resolve_interface(py: Python<'_>, target: &str) -> PyResult<String> {
    match py.detach(|| capture::resolve(target)).map_err(raise)? {
        Target::Any => Ok("any".to_owned()),
        Target::Interface(name) => Ok(name),
    }
}
