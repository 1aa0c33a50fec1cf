//! Made-up traffic.

use pktvisor_core::Error;
use pktvisor_core::traffic::{HOSTS, Kind, Traffic, TrafficConfig};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::errors::raise;
use crate::file::HostRows;

pub fn config(seed: u64, packets_per_second: u32, kinds: &[String]) -> PyResult<TrafficConfig> {
    let kind =
        |name: &String| Kind::named(name).ok_or_else(|| raise(Error::invalid(format!("no traffic of {name:?}"))));
    let kinds = kinds.iter().map(kind).collect::<PyResult<Vec<_>>>()?;
    if kinds.is_empty() || packets_per_second == 0 {
        return Err(raise(Error::invalid("traffic needs a kind, and a rate above 0")));
    }
    Ok(TrafficConfig { seed, packets_per_second, kinds })
}

/// What traffic may be of.
#[pyfunction]
pub fn traffic_kinds() -> Vec<&'static str> {
    Kind::ALL.map(Kind::name).to_vec()
}

/// The networks whose hosts are those of the site that traffic is made up of.
#[pyfunction]
pub fn traffic_hosts() -> HostRows {
    HOSTS.to_vec()
}

/// The Ethernet frames of the first seconds, each with its nanoseconds from the beginning.
#[pyfunction]
#[pyo3(signature = (*, seed, packets_per_second, kinds, seconds))]
pub fn made_up_frames<'py>(
    py: Python<'py>,
    seed: u64,
    packets_per_second: u32,
    kinds: Vec<String>,
    seconds: u32,
) -> PyResult<Vec<(u64, Bound<'py, PyBytes>)>> {
    let traffic = Traffic::new(&config(seed, packets_per_second, &kinds)?, |_| true);
    let end_ns = u64::from(seconds) * 1_000_000_000;
    let frames = traffic.take_while(|made| made.at_ns < end_ns);
    Ok(frames.map(|made| (made.at_ns, PyBytes::new(py, &made.data))).collect())
}
