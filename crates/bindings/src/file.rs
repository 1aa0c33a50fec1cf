//! Capture files through policies.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};

use pktvisor_core::Error;
use pktvisor_core::decode::DecodeConfig;
use pktvisor_core::engine::{self, BatchSink, DnstapConfig, FileConfig, Progress, Taking};
use pktvisor_core::hosts::Hosts;
use pktvisor_core::read::{FileDamage, FrameStreamReader, Patience};
use pktvisor_core::table::Address;
use pyo3::prelude::*;

use crate::errors::raise;
use crate::filter;
use crate::handler::{Handler, Interruption, direct_sinks};
use crate::memory;
use crate::policy::Policy;

/// Seconds between two looks for signals, and two calls of the progress function.
const SIGNAL_INTERVAL: std::time::Duration = std::time::Duration::from_millis(200);

/// Set, from whatever thread, to end the reading of a file.
#[pyclass(frozen, module = "pktvisor._core")]
#[derive(Default)]
pub struct Stop {
    is_set: Arc<AtomicBool>,
}

#[pymethods]
impl Stop {
    #[new]
    fn new() -> Self {
        Self::default()
    }

    fn set(&self) {
        self.is_set.store(true, Ordering::Relaxed);
    }

    fn is_set(&self) -> bool {
        self.is_set.load(Ordering::Relaxed)
    }
}

/// What became of a file.
#[pyclass(frozen, module = "pktvisor._core")]
pub struct FileReport {
    inner: engine::FileReport,
    #[pyo3(get)]
    packets: u64,
}

impl FileReport {
    pub fn new(inner: engine::FileReport) -> Self {
        let packets = inner.ledger.seen;
        Self { inner, packets }
    }
}

#[pymethods]
impl FileReport {
    /// The files that could be read no further from some byte on, and why.
    #[getter]
    fn damages(&self) -> Vec<(String, u64, String)> {
        let damages = self.inner.damages.iter();
        damages.map(|FileDamage { file, damage }| (file.clone(), damage.offset, damage.reason.clone())).collect()
    }

    /// Files of directories that were left out, in a clause each.
    #[getter]
    fn skipped(&self) -> Vec<String> {
        self.inner.skipped.clone()
    }

    /// Time of the first packet, nanoseconds since 1970.
    #[getter]
    fn first_ns(&self) -> Option<i64> {
        self.inner.first_ns
    }

    #[getter]
    fn last_ns(&self) -> Option<i64> {
        self.inner.last_ns
    }

    #[getter]
    fn was_stopped(&self) -> bool {
        self.inner.was_stopped
    }

    /// Numbers of the link types of packets that were not read for it (LINKTYPE_*).
    #[getter]
    fn unread_links(&self) -> Vec<u16> {
        self.inner.unread_links.iter().copied().collect()
    }

    fn ledger(&self) -> std::collections::BTreeMap<&'static str, u64> {
        self.inner.ledger.entries().collect()
    }
}

/// Addresses (16 bytes, IPv4 mapped) with prefix lengths in 128 bits.
pub type HostRows = Vec<(Address, u8)>;

/// Ports of protocols by name, where they are not the usual ones.
pub type PortRows = std::collections::BTreeMap<String, Vec<u16>>;

pub fn decode_config(hosts: HostRows, ports: Option<PortRows>, decapsulates: bool) -> DecodeConfig {
    let ports =
        ports.unwrap_or_default().into_iter().map(|(name, ports)| (name, ports.into_iter().collect())).collect();
    let memory = memory::process().clone();
    DecodeConfig {
        hosts: Hosts::new(hosts),
        ports,
        decapsulates,
        seed: crate::seed(),
        memory,
        ..DecodeConfig::default()
    }
}

/// Reads files and directories as one capture through policies. `ports` are those by which protocols are known, by name,
/// where they are not the usual ones. `progress` gets packets, bytes read and total bytes about five times a second; when
/// it returns False, a signal's handler raises, or `stop` is set, reading stops and what was read stays counted. With
/// `stop` what may let wait is read, too: a FIFO, and standard input where the path is `-`. `sinks` are handlers that get
/// the batches, in this thread. With `reads_flows` what UDP carries are flow records, whatever the ports; with
/// `decapsulates` packets in tunnels are known by their own addresses and ports, and their messages are read. With
/// `following` the one path is read as it grows, until that is stopped.
#[pyfunction]
#[pyo3(signature = (paths, policies, *, hosts, ports=None, compile_filter=None, workers=1, progress=None, stop=None, sinks=None, reads_flows=false, decapsulates=false, following=None))]
#[allow(clippy::too_many_arguments)]
pub fn run_file(
    py: Python<'_>,
    paths: Vec<PathBuf>,
    policies: Vec<PyRef<'_, Policy>>,
    hosts: HostRows,
    ports: Option<PortRows>,
    compile_filter: Option<Py<PyAny>>,
    workers: usize,
    progress: Option<Py<PyAny>>,
    stop: Option<PyRef<'_, Stop>>,
    sinks: Option<Vec<Bound<'_, PyAny>>>,
    reads_flows: bool,
    decapsulates: bool,
    following: Option<PyRef<'_, Following>>,
) -> PyResult<FileReport> {
    let stop = stop.map(|stop| Arc::clone(&stop.is_set));
    let config = FileConfig {
        paths,
        patience: stop.as_ref().map(patience),
        following: following.map(|following| following.inner.clone()),
        decode: DecodeConfig { reads_flows, ..decode_config(hosts, ports, decapsulates) },
        filter: compile_filter.map(filter::source),
        policies: policies.iter().map(|policy| Arc::clone(&policy.inner)).collect(),
        workers,
    };
    drop(policies);
    watched(py, progress, stop, sinks, |sinks, look| engine::run_file(&config, sinks, look))
}

/// Reads dnstap files (frame streams) through policies, see [`run_file`]. Only messages with an end in the networks of
/// `only_hosts` count, where it is given.
#[pyfunction]
#[pyo3(signature = (paths, policies, *, only_hosts=None, progress=None, stop=None, sinks=None))]
pub fn run_dnstap(
    py: Python<'_>,
    paths: Vec<PathBuf>,
    policies: Vec<PyRef<'_, Policy>>,
    only_hosts: Option<HostRows>,
    progress: Option<Py<PyAny>>,
    stop: Option<PyRef<'_, Stop>>,
    sinks: Option<Vec<Bound<'_, PyAny>>>,
) -> PyResult<FileReport> {
    let stop = stop.map(|stop| Arc::clone(&stop.is_set));
    let config = dnstap_config(paths, only_hosts, stop.as_ref());
    let fed: Vec<_> = policies.iter().map(|policy| Arc::clone(&policy.inner)).collect();
    drop(policies);
    watched(py, progress, stop, sinks, |sinks, look| engine::run_dnstap(&config, &fed, sinks(), look))
}

/// Raises where dnstap files can't be opened, or are none.
#[pyfunction]
pub fn check_dnstap(py: Python<'_>, paths: Vec<PathBuf>) -> PyResult<()> {
    let config = dnstap_config(paths, None, None);
    py.detach(|| engine::check_dnstap(&config)).map_err(raise)
}

/// Whether the first of these files begins as files of dnstap messages do.
#[pyfunction]
pub fn holds_dnstap(py: Python<'_>, paths: Vec<PathBuf>) -> bool {
    py.detach(|| paths.first().is_some_and(|path| FrameStreamReader::is_one(path)))
}

pub fn dnstap_config(
    paths: Vec<PathBuf>,
    only_hosts: Option<HostRows>,
    stop: Option<&Arc<AtomicBool>>,
) -> DnstapConfig {
    let taking = Taking { only_hosts: only_hosts.map(Hosts::new), seed: crate::seed() };
    DnstapConfig { paths, patience: stop.map(patience), taking }
}

/// The reading of a file that grows: ends it, and tells of it meanwhile.
#[pyclass(frozen, module = "pktvisor._core")]
pub struct Following {
    inner: engine::Following,
    stop: Arc<AtomicBool>,
}

#[pymethods]
impl Following {
    /// `stop` ends the reading, too.
    #[new]
    #[pyo3(signature = (stop=None))]
    fn new(stop: Option<PyRef<'_, Stop>>) -> Self {
        let stop = stop.map_or_else(Arc::default, |stop| Arc::clone(&stop.is_set));
        Self { inner: engine::Following::new(patience(&stop)), stop }
    }

    fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// What became of the packets so far.
    fn ledger(&self) -> std::collections::BTreeMap<&'static str, u64> {
        self.inner.ledger().entries().collect()
    }

    /// What happened since the last call: files that were replaced, cut, or left out, in a clause each.
    fn take_news(&self) -> Vec<String> {
        self.inner.take_news()
    }
}

/// Waits for what may let wait until somebody says stop.
fn patience(stop: &Arc<AtomicBool>) -> Patience {
    let stop = Arc::clone(stop);
    Arc::new(move || !stop.load(Ordering::Relaxed))
}

/// Reads without the GIL, while signals, `stop` and the progress function are looked after.
fn watched(
    py: Python<'_>,
    progress: Option<Py<PyAny>>,
    stop: Option<Arc<AtomicBool>>,
    sinks: Option<Vec<Bound<'_, PyAny>>>,
    read: impl FnOnce(&Sinks<'_>, &mut dyn FnMut(Progress) -> bool) -> Result<engine::FileReport, Error> + Send,
) -> PyResult<FileReport> {
    let interruption = Interruption::default();
    let handlers = sinks.unwrap_or_default().iter().map(Handler::new).collect::<PyResult<Vec<_>>>()?;
    let sinks = direct_sinks(handlers, &interruption);
    let last = std::time::Instant::now();
    let mut watch = Watch { progress, stop, last, interruption: interruption.clone(), fault: None };
    let report = py.detach(|| read(&sinks, &mut |progress| watch.look(progress)));
    let interrupted = interruption.lock().unwrap_or_else(PoisonError::into_inner).take();
    match watch.fault.or(interrupted) {
        Some(fault) => Err(fault),
        None => Ok(FileReport::new(report.map_err(raise)?)),
    }
}

/// Makes the sinks of one worker.
type Sinks<'a> = dyn Fn() -> Vec<Box<dyn BatchSink>> + 'a;

/// Looks after signals and tells Python of the progress, now and then.
struct Watch {
    progress: Option<Py<PyAny>>,
    stop: Option<Arc<AtomicBool>>,
    last: std::time::Instant,
    interruption: Interruption,
    fault: Option<PyErr>,
}

impl Watch {
    fn look(&mut self, progress: Progress) -> bool {
        if self.interruption.lock().unwrap_or_else(PoisonError::into_inner).is_some() {
            return false;
        }
        if self.stop.as_ref().is_some_and(|stop| stop.load(Ordering::Relaxed)) {
            return false;
        }
        if self.last.elapsed() < SIGNAL_INTERVAL {
            return true;
        }
        self.last = std::time::Instant::now();
        let answer = Python::attach(|py| {
            py.check_signals()?;
            let Some(function) = &self.progress else { return Ok(true) };
            let answer = function.call1(py, (progress.packets, progress.bytes_read, progress.total_bytes))?;
            Ok(!answer.bind(py).is(pyo3::types::PyBool::new(py, false)))
        });
        answer.unwrap_or_else(|fault| {
            self.fault = Some(fault);
            false
        })
    }
}
