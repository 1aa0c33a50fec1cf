//! Batches and their tables, lent to data frame libraries by the Arrow PyCapsule interface
//! (<https://arrow.apache.org/docs/format/CDataInterface/PyCapsuleInterface.html>).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pktvisor_core::Error;
use pktvisor_core::data_frame::{Collected, DataFrame, Form, Words};
use pktvisor_core::decode::{self, table_names};
use pktvisor_core::table::{self, ColumnDefinition, arrow};
use pyo3::exceptions::PyAttributeError;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict};

use crate::errors::raise;

pub type Capsule<'py> = Bound<'py, PyCapsule>;

fn schema_capsule<'py>(py: Python<'py>, columns: &[ColumnDefinition]) -> PyResult<Capsule<'py>> {
    PyCapsule::new_with_value(py, arrow::schema(columns), c"arrow_schema")
}

pub fn stream_capsule<'py>(
    py: Python<'py>,
    mut frame: DataFrame,
    mut next: impl FnMut() -> Result<Option<Arc<decode::Batch>>, Error> + Send + 'static,
) -> PyResult<Capsule<'py>> {
    let columns = frame.definitions();
    let rows = move || Ok(next()?.map(|batch| frame.rows(&batch)));
    PyCapsule::new_with_value(py, arrow::stream(columns, Box::new(rows)), c"arrow_array_stream")
}

pub fn frame(table: &str, words: Option<Words>, columns: Option<Vec<String>>) -> PyResult<DataFrame> {
    DataFrame::new(table, Form { words: words.map(Arc::new), columns }).map_err(raise)
}

/// Some thousand packets and the messages in them, as tables by name: `packet`, `dns`, ...
#[pyclass(frozen, module = "pktvisor._core")]
pub struct Batch {
    pub inner: Arc<decode::Batch>,
}

impl Batch {
    fn table(&self, name: &str) -> Option<Table> {
        let name = table_names().find(|known| *known == name)?;
        Some(Table { batch: Arc::clone(&self.inner), name, words: None })
    }
}

#[pymethods]
impl Batch {
    /// The table of packets.
    #[getter]
    fn packets(&self) -> Table {
        Table { batch: Arc::clone(&self.inner), name: "packet", words: None }
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
        let rows = |name| format!("{name}: {}", self.inner.table(name).map_or(0, table::Table::len));
        format!("<Batch of rows {}>", table_names().map(rows).collect::<Vec<_>>().join(", "))
    }
}

/// One table of a batch; polars, pyarrow, pandas and duckdb take it as it is.
#[pyclass(frozen, module = "pktvisor._core")]
pub struct Table {
    batch: Arc<decode::Batch>,
    #[pyo3(get)]
    name: &'static str,
    words: Option<Arc<Words>>,
}

impl Table {
    fn inner(&self) -> &dyn table::Table {
        self.batch.table(self.name).expect("made for tables that there are")
    }

    fn frame(&self) -> PyResult<DataFrame> {
        DataFrame::new(self.name, Form { words: self.words.clone(), columns: None }).map_err(raise)
    }
}

#[pymethods]
impl Table {
    fn __len__(&self) -> usize {
        self.inner().len()
    }

    /// Names of the columns.
    #[getter]
    fn columns(&self) -> PyResult<Vec<&'static str>> {
        Ok(self.frame()?.definitions().iter().map(|column| column.name).collect())
    }

    /// The same rows with addresses as text, and with these words for numbers, by column.
    fn with_words(&self, words: Words) -> Self {
        Self { batch: Arc::clone(&self.batch), name: self.name, words: Some(Arc::new(words)) }
    }

    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Capsule<'py>> {
        schema_capsule(py, &self.frame()?.definitions())
    }

    /// The table has one form; what a reader would rather have, it makes itself.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_array__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<(Capsule<'py>, Capsule<'py>)> {
        let _ = requested_schema;
        let mut frame = self.frame()?;
        let array = py.detach(|| arrow::array(&frame.rows(&self.batch))).map_err(raise)?;
        Ok((schema_capsule(py, &frame.definitions())?, PyCapsule::new_with_value(py, array, c"arrow_array")?))
    }

    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Capsule<'py>> {
        let _ = requested_schema;
        let mut once = Some(Arc::clone(&self.batch));
        stream_capsule(py, self.frame()?, move || Ok(once.take()))
    }

    fn __repr__(&self) -> String {
        format!("<Table {}: {} rows>", self.name, self.inner().len())
    }
}

/// Rows of one table of many batches, copied: batches may go, and many small ones become one data frame.
#[pyclass(frozen, module = "pktvisor._core")]
pub struct TableRows {
    collected: Mutex<Collected>,
}

impl TableRows {
    fn collected(&self) -> MutexGuard<'_, Collected> {
        self.collected.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl TableRows {
    /// For the table of that name, in the form that [`Table::with_words`] gives where there are words.
    #[new]
    #[pyo3(signature = (table, *, words=None))]
    fn new(table: &str, words: Option<Words>) -> PyResult<Self> {
        Ok(Self { collected: Mutex::new(Collected::new(frame(table, words, None)?)) })
    }

    /// Copies the rows of a batch behind those that are there.
    fn add(&self, py: Python<'_>, batch: &Batch) {
        py.detach(|| self.collected().add(&batch.inner));
    }

    fn __len__(&self) -> usize {
        self.collected().len()
    }

    /// What the rows take.
    #[getter]
    fn memory_bytes(&self) -> usize {
        self.collected().memory_bytes()
    }

    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Capsule<'py>> {
        schema_capsule(py, &self.collected().definitions())
    }

    /// Hands the rows over: none are here then.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Capsule<'py>> {
        let _ = requested_schema;
        let (columns, rows) = {
            let mut collected = self.collected();
            (collected.definitions(), collected.take())
        };
        let mut once = Some(rows);
        PyCapsule::new_with_value(py, arrow::stream(columns, Box::new(move || Ok(once.take()))), c"arrow_array_stream")
    }

    fn __repr__(&self) -> String {
        format!("<TableRows: {} rows>", self.collected().len())
    }
}

/// The type of a table, as an Arrow schema; see `BatchReader.stream`.
#[pyfunction]
#[pyo3(signature = (table, *, words=None, columns=None))]
pub fn table_schema<'py>(
    py: Python<'py>,
    table: &str,
    words: Option<Words>,
    columns: Option<Vec<String>>,
) -> PyResult<Capsule<'py>> {
    schema_capsule(py, &frame(table, words, columns)?.definitions())
}

/// Name, type, unit and meaning of every column that a data frame of a table has.
#[pyfunction]
pub fn frame_columns(table: &str) -> PyResult<Vec<(&'static str, &'static str, &'static str, &'static str)>> {
    let kind = |column: &table::ColumnDefinition| {
        if arrow::is_time(column) { "timestamp" } else { column.kind.name() }
    };
    let row = |column: &table::ColumnDefinition| (column.name, kind(column), column.unit, column.meaning);
    Ok(frame(table, None, None)?.definitions().iter().map(row).collect())
}
