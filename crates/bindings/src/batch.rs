//! Batches and their tables, lent to data frame libraries by the Arrow PyCapsule interface
//! (<https://arrow.apache.org/docs/format/CDataInterface/PyCapsuleInterface.html>).

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use pktvisor_core::batch::{self, arrow, table_names};
use pktvisor_core::engine;
use pyo3::exceptions::PyAttributeError;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict};

use crate::errors::raise;
use crate::file::{FileReport, HostRows, decode_config};
use crate::filter;

type Capsule<'py> = Bound<'py, PyCapsule>;

fn schema_capsule<'py>(py: Python<'py>, table: &str) -> PyResult<Capsule<'py>> {
    PyCapsule::new_with_value(py, arrow::schema(table).map_err(raise)?, c"arrow_schema")
}

fn stream_capsule<'py>(py: Python<'py>, table: &str, source: arrow::BatchSource) -> PyResult<Capsule<'py>> {
    PyCapsule::new_with_value(py, arrow::stream(table, source).map_err(raise)?, c"arrow_array_stream")
}

/// Some thousand packets and the messages in them, as tables by name: `packet`, `dns`, ...
#[pyclass(frozen, module = "pktvisor._core")]
pub struct Batch {
    pub inner: Arc<batch::Batch>,
}

impl Batch {
    fn table(&self, name: &str) -> Option<Table> {
        let name = table_names().find(|known| *known == name)?;
        Some(Table { batch: Arc::clone(&self.inner), name })
    }
}

#[pymethods]
impl Batch {
    /// The table of packets.
    #[getter]
    fn packets(&self) -> Table {
        Table { batch: Arc::clone(&self.inner), name: "packet" }
    }

    /// All tables by name.
    #[getter]
    fn tables<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let tables = PyDict::new(py);
        for name in table_names() {
            tables.set_item(name, self.table(name))?;
        }
        Ok(tables)
    }

    /// What became of the packets of this batch, by name.
    fn ledger(&self) -> std::collections::BTreeMap<&'static str, u64> {
        self.inner.ledger.entries().collect()
    }

    /// A table is an attribute, too: `batch.dns`.
    fn __getattr__(&self, name: &str) -> PyResult<Table> {
        self.table(name).ok_or_else(|| PyAttributeError::new_err(format!("a batch has no table {name:?}")))
    }

    fn __repr__(&self) -> String {
        let rows = |name| format!("{name}: {}", self.inner.table(name).map_or(0, batch::Table::len));
        format!("<Batch of rows {}>", table_names().map(rows).collect::<Vec<_>>().join(", "))
    }
}

/// One table of a batch; polars, pyarrow, pandas and duckdb take it as it is.
#[pyclass(frozen, module = "pktvisor._core")]
pub struct Table {
    batch: Arc<batch::Batch>,
    #[pyo3(get)]
    name: &'static str,
}

impl Table {
    fn inner(&self) -> &dyn batch::Table {
        self.batch.table(self.name).expect("made for tables that there are")
    }
}

#[pymethods]
impl Table {
    fn __len__(&self) -> usize {
        self.inner().len()
    }

    /// Names of the columns.
    #[getter]
    fn columns(&self) -> Vec<&'static str> {
        self.inner().definitions().iter().map(|column| column.name).collect()
    }

    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Capsule<'py>> {
        schema_capsule(py, self.name)
    }

    /// The table has one form; what a reader would rather have, it makes itself.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_array__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<(Capsule<'py>, Capsule<'py>)> {
        let _ = requested_schema;
        let array = py.detach(|| arrow::array(&self.batch, self.name)).map_err(raise)?;
        Ok((schema_capsule(py, self.name)?, PyCapsule::new_with_value(py, array, c"arrow_array")?))
    }

    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Capsule<'py>> {
        let _ = requested_schema;
        let mut once = Some(Arc::clone(&self.batch));
        stream_capsule(py, self.name, Box::new(move || Ok(once.take())))
    }

    fn __repr__(&self) -> String {
        format!("<Table {}: {} rows>", self.name, self.inner().len())
    }
}

/// A capture file (`-` for standard input) batch by batch.
#[pyclass(frozen, module = "pktvisor._core")]
pub struct BatchReader {
    inner: Arc<Mutex<engine::BatchReader>>,
}

impl BatchReader {
    fn lock(&self) -> std::sync::MutexGuard<'_, engine::BatchReader> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl BatchReader {
    #[new]
    #[pyo3(signature = (path, *, hosts, compile_filter=None))]
    fn new(py: Python<'_>, path: PathBuf, hosts: HostRows, compile_filter: Option<Py<PyAny>>) -> PyResult<Self> {
        let (decode, filter) = (decode_config(hosts), compile_filter.map(filter::source));
        let opened = py.detach(|| engine::BatchReader::open(&path, decode, filter)).map_err(raise)?;
        Ok(Self { inner: Arc::new(Mutex::new(opened)) })
    }

    /// The next batch; None at the end of the file.
    fn next_batch(&self, py: Python<'_>) -> PyResult<Option<Batch>> {
        let mut fault = None;
        let mut go_on = || {
            fault = Python::attach(|py| py.check_signals()).err();
            fault.is_none()
        };
        let batch = py.detach(|| self.lock().next_batch(&mut go_on));
        match fault {
            Some(fault) => Err(fault),
            None => Ok(batch.map_err(raise)?.map(|inner| Batch { inner })),
        }
    }

    /// The rows of one table, from here to the end of the file, as an Arrow stream.
    fn stream<'py>(&self, py: Python<'py>, table: &str) -> PyResult<Capsule<'py>> {
        let reader = Arc::clone(&self.inner);
        let next = move || reader.lock().unwrap_or_else(PoisonError::into_inner).next_batch(&mut || true);
        stream_capsule(py, table, Box::new(next))
    }

    /// What became of the file so far; damage is known at its end.
    fn report(&self, py: Python<'_>) -> FileReport {
        FileReport::new(py.detach(|| self.lock().report().clone()))
    }
}

/// The type of a table, as an Arrow schema.
#[pyfunction]
pub fn table_schema<'py>(py: Python<'py>, table: &str) -> PyResult<Capsule<'py>> {
    schema_capsule(py, table)
}
