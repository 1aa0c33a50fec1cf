//! Live interfaces through policies.

use std::sync::{Arc, LazyLock};
use std::time::{SystemTime, UNIX_EPOCH};

use pktvisor_core::capture::{RingConfig, Target};
use pktvisor_core::decode::DecodeConfig;
use pktvisor_core::decode::hosts::Hosts;
use pktvisor_core::engine::{self, LiveConfig, LiveSource};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::errors::raise;
use crate::file::{HostRows, PortRows, decode_config};
use crate::filter::{self, Instructions};
use crate::handler::{Handler, beside_sinks};
use crate::memory::{self, Account};
use crate::policy::Policy;
use crate::usage;

/// A running capture on an interface; `stop` ends it.
#[pyclass(frozen, module = "pktvisor._core")]
pub struct LiveInput {
    inner: engine::LiveInput,
}

/// The wall clock of this machine, nanoseconds since 1970.
fn now_ns() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos().min(i64::MAX as u128) as i64)
}

/// The wall clock as it would be if nobody had set it since this was first asked.
fn steady_ns() -> i64 {
    static BOOT_NS: LazyLock<i64> = LazyLock::new(|| now_ns().saturating_sub(usage::since_boot_ns()));
    BOOT_NS.saturating_add(usage::since_boot_ns())
}

/// One worker without lookback.
fn config(source: LiveSource, decode: DecodeConfig) -> LiveConfig {
    LiveConfig {
        source,
        decode,
        workers: 1,
        filter: None,
        lookback_bytes: 0,
        usage: usage::usage,
        now_ns,
        steady_ns,
        memory: memory::process().clone(),
    }
}

impl LiveInput {
    fn start(
        py: Python<'_>,
        config: LiveConfig,
        policies: &[PyRef<'_, Policy>],
        sinks: Option<Vec<Bound<'_, PyAny>>>,
    ) -> PyResult<Self> {
        usage::prepare();
        let policies = policies.iter().map(|policy| Arc::clone(&policy.inner)).collect();
        let handlers = sinks.unwrap_or_default().iter().map(Handler::new).collect::<PyResult<Vec<_>>>()?;
        let sinks = beside_sinks(py, handlers)?;
        let started = py.detach(move || engine::LiveInput::start(&config, policies, &sinks));
        Ok(Self { inner: started.map_err(raise)? })
    }
}

impl Drop for LiveInput {
    /// Its handlers need the interpreter to come to their end.
    fn drop(&mut self) {
        Python::try_attach(|py| py.detach(|| self.inner.stop()));
    }
}

#[pymethods]
impl LiveInput {
    /// Opens the interface (a name, or `any`) and starts to feed the policies. `filters` run in the kernel,
    /// each on the frames of its link type; those of other link types do not pass. `lookback_bytes` is memory for the newest frames, of
    /// all workers together; 0 keeps none. `sinks` are handlers that get the batches, each in
    /// a thread of its own.
    #[new]
    #[pyo3(signature = (interface, policies, *, hosts, ports=None, filters=None, promiscuous=true, workers=1, fanout_group=0, lookback_bytes=0, sinks=None))]
    #[allow(clippy::too_many_arguments)]
    fn new(
        py: Python<'_>,
        interface: &str,
        policies: Vec<PyRef<'_, Policy>>,
        hosts: HostRows,
        ports: Option<PortRows>,
        filters: Option<Vec<(u16, Instructions)>>,
        promiscuous: bool,
        workers: usize,
        fanout_group: u16,
        lookback_bytes: usize,
        sinks: Option<Vec<Bound<'_, PyAny>>>,
    ) -> PyResult<Self> {
        let ring = RingConfig {
            target: if interface == "any" { Target::Any } else { Target::Interface(interface.to_owned()) },
            filters: filters.map(filter::programs).transpose().map_err(raise)?,
            promiscuous,
            fanout: (workers > 1).then_some(fanout_group),
            ..RingConfig::default()
        };
        let decode = decode_config(hosts, ports);
        let config = LiveConfig { workers, lookback_bytes, ..config(LiveSource::Ring(ring), decode) };
        Self::start(py, config, &policies, sinks)
    }

    /// Starts to feed the policies with made-up DNS packets, one every 100 ms, the same from the same seed. The host is
    /// 192.168.0.1.
    #[staticmethod]
    #[pyo3(signature = (policies, *, seed, ports=None, lookback_bytes=0, sinks=None))]
    fn mock(
        py: Python<'_>,
        policies: Vec<PyRef<'_, Policy>>,
        seed: u64,
        ports: Option<PortRows>,
        lookback_bytes: usize,
        sinks: Option<Vec<Bound<'_, PyAny>>>,
    ) -> PyResult<Self> {
        let config =
            LiveConfig { lookback_bytes, ..config(LiveSource::Mock { seed }, decode_config(Vec::new(), ports)) };
        Self::start(py, config, &policies, sinks)
    }

    /// Adds a policy. With lookback its first window starts with the oldest frame that is kept, at most a window's length ago;
    /// without, or where none is kept, with the next packets.
    #[pyo3(signature = (policy, *, with_lookback=false))]
    fn add(&self, py: Python<'_>, policy: &Policy, with_lookback: bool) {
        let policy = Arc::clone(&policy.inner);
        py.detach(|| if with_lookback { self.inner.add_with_lookback(policy) } else { self.inner.add(policy) });
    }

    fn remove(&self, py: Python<'_>, policy: &Policy) {
        let policy = Arc::clone(&policy.inner);
        py.detach(|| self.inner.remove(&policy));
    }

    /// Says anew which networks are the hosts that directions are told by.
    fn set_hosts(&self, py: Python<'_>, hosts: HostRows) {
        py.detach(|| self.inner.set_hosts(Hosts::new(hosts)));
    }

    /// Notes how many policies the input has now, and how many handlers they have together, for the table `resources`.
    fn note_policies(&self, py: Python<'_>, policies: u32, handlers: u32) {
        py.detach(|| self.inner.note_policies(policies, handlers));
    }

    /// Whether the capture is at work; False after `stop`, or when the interface is gone (see `fault`).
    fn is_running(&self, py: Python<'_>) -> bool {
        py.detach(|| self.inner.is_running())
    }

    /// What became of the packets so far, by name.
    fn ledger(&self, py: Python<'_>) -> std::collections::BTreeMap<&'static str, u64> {
        py.detach(|| self.inner.status().ledger.entries().collect())
    }

    /// What it holds of memory beside its policies: streams, fragments, lookback.
    #[getter]
    fn memory(&self) -> Account {
        Account { inner: self.inner.memory().clone() }
    }

    /// Why the capture ended by itself.
    fn fault(&self, py: Python<'_>) -> Option<String> {
        py.detach(|| self.inner.status().fault.map(|fault| fault.message))
    }

    /// What just passed, as a pcapng file: the frames of the last `seconds` (None: all that are kept) that pass a filter,
    /// of all workers by time, the newest ones that fit into `most_bytes`. `compile_filter` gives a filter's
    /// instructions for a link type. ConfigFault where no frames are kept.
    #[pyo3(signature = (*, seconds, compile_filter=None, most_bytes, now_ns))]
    fn recent_packets<'py>(
        &self,
        py: Python<'py>,
        seconds: Option<u32>,
        compile_filter: Option<Py<PyAny>>,
        most_bytes: usize,
        now_ns: i64,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let since_ns = seconds.map_or(i64::MIN, |seconds| now_ns.saturating_sub(i64::from(seconds) * 1_000_000_000));
        let filter = compile_filter.map(filter::source);
        let file = py.detach(|| {
            let recent = self.inner.recent();
            recent.pcapng(since_ns, filter, most_bytes)
        });
        Ok(PyBytes::new(py, &file.map_err(raise)?))
    }

    /// Why the capture has kept rights that it does not need; None where it has given them up.
    fn warning(&self, py: Python<'_>) -> Option<String> {
        py.detach(|| self.inner.status().warning.map(|warning| warning.message))
    }

    fn stop(&self, py: Python<'_>) {
        py.detach(|| self.inner.stop());
    }
}
