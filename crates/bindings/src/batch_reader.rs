//! Batches of capture files and dnstap files, read one by one.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use pktvisor_core::data_frame::Words;
use pktvisor_core::decode::DecodeConfig;
use pktvisor_core::engine::{self, DnstapConfig};
use pktvisor_core::read::Patience;
use pyo3::prelude::*;

use crate::batch::{Batch, Capsule, frame, stream_capsule};
use crate::errors::raise;
use crate::file::{FileReport, HostRows, PortRows, decode_config, dnstap_config};
use crate::filter;
use crate::handler::Interruption;

/// Files and directories as one capture, batch by batch; with `may_wait` also FIFOs, and standard input where a path is `-`.
/// With `most_packets` it ends soon after so many. With `reads_dnstap` they are files of dnstap messages, of which nothing is filtered.
#[pyclass(frozen, module = "pktvisor._core")]
pub struct BatchReader {
    inner: Arc<Mutex<engine::BatchReader>>,
    interruption: Interruption,
}

/// Waits until a signal's handler raises.
fn patience(interruption: &Interruption) -> Patience {
    let interruption = Arc::clone(interruption);
    Arc::new(move || {
        let fault = Python::attach(|py| py.check_signals()).err();
        let goes_on = fault.is_none();
        if let Some(fault) = fault {
            *interruption.lock().unwrap_or_else(PoisonError::into_inner) = Some(fault);
        }
        goes_on
    })
}

impl BatchReader {
    fn lock(&self) -> std::sync::MutexGuard<'_, engine::BatchReader> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl BatchReader {
    #[new]
    #[pyo3(signature = (paths, *, hosts, ports=None, compile_filter=None, may_wait=false, reads_flows=false, reads_dnstap=false, decapsulates=false, most_packets=None))]
    #[allow(clippy::too_many_arguments)]
    fn new(
        py: Python<'_>,
        paths: Vec<PathBuf>,
        hosts: HostRows,
        ports: Option<PortRows>,
        compile_filter: Option<Py<PyAny>>,
        may_wait: bool,
        reads_flows: bool,
        reads_dnstap: bool,
        decapsulates: bool,
        most_packets: Option<u64>,
    ) -> PyResult<Self> {
        let decode = DecodeConfig { reads_flows, ..decode_config(hosts, ports, decapsulates) };
        let filter = compile_filter.map(filter::source);
        let interruption = Interruption::default();
        let patience = may_wait.then(|| patience(&interruption));
        let opened = py.detach(|| match reads_dnstap {
            true => engine::BatchReader::open_dnstap(&DnstapConfig { patience, ..dnstap_config(paths, None, None) }),
            false => engine::BatchReader::open(&paths, patience.as_ref(), decode, filter),
        });
        if let Some(fault) = interruption.lock().unwrap_or_else(PoisonError::into_inner).take() {
            return Err(fault);
        }
        let mut reader = opened.map_err(raise)?;
        reader.end_after(most_packets.unwrap_or(u64::MAX));
        Ok(Self { inner: Arc::new(Mutex::new(reader)), interruption })
    }

    /// The next batch; None at the end of the file.
    fn next_batch(&self, py: Python<'_>) -> PyResult<Option<Batch>> {
        let mut fault = None;
        let mut go_on = || {
            fault = Python::attach(|py| py.check_signals()).err();
            fault.is_none()
        };
        let batch = py.detach(|| self.lock().next_batch(&mut go_on));
        let interrupted = self.interruption.lock().unwrap_or_else(PoisonError::into_inner).take();
        match fault.or(interrupted) {
            Some(fault) => Err(fault),
            None => Ok(batch.map_err(raise)?.map(|inner| Batch { inner })),
        }
    }

    /// The rows of one table, from here to the end of the file, as an Arrow stream. With words, addresses are text and
    /// numbers are words; columns are all, or those named.
    #[pyo3(signature = (table, *, words=None, columns=None))]
    fn stream<'py>(
        &self,
        py: Python<'py>,
        table: &str,
        words: Option<Words>,
        columns: Option<Vec<String>>,
    ) -> PyResult<Capsule<'py>> {
        let reader = Arc::clone(&self.inner);
        let next = move || reader.lock().unwrap_or_else(PoisonError::into_inner).next_batch(&mut || true);
        stream_capsule(py, frame(table, words, columns)?, next)
    }

    /// What became of the file so far; damage is known at its end.
    fn report(&self, py: Python<'_>) -> FileReport {
        FileReport::new(py.detach(|| self.lock().report().clone()))
    }
}
