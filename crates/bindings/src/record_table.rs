//! Window records as Arrow columns, made of Python values and read back into them.

use std::collections::BTreeMap;

use pktvisor_core::Error;
use pktvisor_records::{Column, Form, RecordTable as Inner, Sender, Values, can_unpack, is_packed, joined};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyCapsule, PyDict, PyList, PyMapping, PyTuple};

use crate::batch::Capsule;
use crate::errors::raise;

/// Window records: immutable, and lent to data frame libraries without a copy.
#[pyclass(frozen, module = "pktvisor._core")]
pub struct RecordTable {
    pub inner: Inner,
}

#[pymethods]
impl RecordTable {
    /// A table of values by the name of their field, and what the schema's metadata says besides. ConfigFault where a column is
    /// missing or shorter than others.
    #[staticmethod]
    fn of_columns(py: Python<'_>, columns: &Bound<'_, PyMapping>, metadata: &Bound<'_, PyMapping>) -> PyResult<Self> {
        let read = |column: &Column| {
            let name = column.field_name();
            if !columns.contains(&name)? {
                return Err(raise(Error::invalid(format!("the column {name} is missing"))));
            }
            values(&columns.get_item(&name)?, column.form())
        };
        let columns = Column::ALL.iter().map(read).collect::<PyResult<Vec<_>>>()?;
        let metadata = pairs::<String>(metadata.as_any())?.into_iter().collect();
        let inner = py.detach(|| Inner::of_columns(columns, metadata)).map_err(raise)?;
        Ok(Self { inner })
    }

    /// Reads packed records, or an Arrow IPC stream, as it is or in a zstd frame. InputFault where the bytes hold no window records, or more
    /// than `most_bytes` when they are decompressed.
    #[staticmethod]
    #[pyo3(signature = (body, *, most_bytes))]
    fn read(py: Python<'_>, body: &[u8], most_bytes: usize) -> PyResult<Self> {
        let inner = py.detach(|| Inner::read(body, most_bytes)).map_err(raise)?;
        Ok(Self { inner })
    }

    /// The table as an Arrow IPC stream in a zstd frame.
    fn write<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &py.detach(|| self.inner.write()).map_err(raise)?))
    }

    /// The table as an Arrow IPC stream that is not compressed.
    fn write_plain<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &py.detach(|| self.inner.write_plain()).map_err(raise)?))
    }

    /// The table packed for the wire: half the bytes of `write`, and the same records.
    fn pack<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &py.detach(|| self.inner.pack()).map_err(raise)?))
    }

    /// Whether a body says that it is packed.
    #[staticmethod]
    fn is_packed(body: &[u8]) -> bool {
        is_packed(body)
    }

    /// Whether this release knows how a body is packed, where it says that it is. If not, its sender may say it otherwise.
    #[staticmethod]
    fn can_unpack(body: &[u8]) -> bool {
        can_unpack(body)
    }

    /// The sections of a packed table: name, content, and the bytes that this takes when it is packed.
    fn packed_parts<'py>(&self, py: Python<'py>) -> PyResult<Vec<(&'static str, Bound<'py, PyBytes>, usize)>> {
        let parts = py.detach(|| self.inner.packed_parts()).map_err(raise)?;
        Ok(parts.iter().map(|part| (part.name, PyBytes::new(py, &part.content), part.packed_bytes)).collect())
    }

    /// What the schema's metadata says besides the version of the record.
    #[getter]
    fn metadata(&self) -> BTreeMap<String, String> {
        self.inner.metadata().clone()
    }

    fn __len__(&self) -> usize {
        self.inner.len()
    }

    /// The table has one form; what a reader would rather have, it makes itself.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Capsule<'py>> {
        let _ = requested_schema;
        PyCapsule::new_with_value(py, self.inner.arrow_stream(), c"arrow_array_stream")
    }

    /// The values of a field of the record. ConfigFault where there is no such field.
    fn column<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyList>> {
        let column = Column::by_field_name(name);
        let column = column.ok_or_else(|| raise(Error::invalid(format!("a record has no field {name}"))))?;
        list(py, py.detach(|| self.inner.column(column)))
    }

    /// Some rows, as far as they are there; nothing is copied.
    fn rows(&self, first: usize, count: usize) -> Self {
        Self { inner: self.inner.rows(first, count) }
    }

    /// The rows of all tables, one table after the other, for data frame libraries; two more columns tell who sent them:
    /// `boot` and `tags`.
    #[staticmethod]
    fn joined(tables: &Bound<'_, PyAny>) -> PyResult<JoinedTables> {
        let mut inner = Vec::new();
        for one in tables.try_iter()? {
            let (table, boot, tags): (Bound<'_, Self>, String, Bound<'_, PyAny>) = one?.extract()?;
            inner.push((table.get().inner.clone(), Sender { boot, tags: pairs(&tags)? }));
        }
        Ok(JoinedTables { inner })
    }

    /// The windows of handlers, each a run of rows.
    fn windows(&self, py: Python<'_>) -> Vec<WindowRun> {
        py.detach(|| self.inner.windows()).into_iter().map(WindowRun::from).collect()
    }

    fn __repr__(&self) -> String {
        format!("<RecordTable: {} records>", self.inner.len())
    }
}

/// Tables of several senders, lent to data frame libraries as one, without a copy.
#[pyclass(frozen, module = "pktvisor._core")]
pub struct JoinedTables {
    inner: Vec<(Inner, Sender)>,
}

#[pymethods]
impl JoinedTables {
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Capsule<'py>> {
        let _ = requested_schema;
        PyCapsule::new_with_value(py, joined(self.inner.clone()), c"arrow_array_stream")
    }
}

/// The rows of a handler's window, and what they all say.
#[pyclass(frozen, get_all, module = "pktvisor._core")]
pub struct WindowRun {
    agent: String,
    policy: String,
    tap: String,
    instance: String,
    schema: String,
    number: u64,
    start_ns: i64,
    end_ns: i64,
    length_s: u64,
    is_closed: bool,
    seen: u64,
    dropped: u64,
    ledger: BTreeMap<String, u64>,
    /// The first of its rows.
    first: usize,
    /// How many rows there are.
    count: usize,
}

impl From<pktvisor_records::WindowRun> for WindowRun {
    fn from(run: pktvisor_records::WindowRun) -> Self {
        let pktvisor_records::WindowRun {
            agent,
            policy,
            tap,
            instance,
            schema,
            number,
            start_ns,
            end_ns,
            length_s,
            is_closed,
            seen,
            dropped,
            ledger,
            first,
            count,
        } = run;
        Self {
            agent,
            policy,
            tap,
            instance,
            schema,
            number,
            start_ns,
            end_ns,
            length_s,
            is_closed,
            seen,
            dropped,
            ledger,
            first,
            count,
        }
    }
}

/// Python values as a column has them.
fn values(given: &Bound<'_, PyAny>, form: Form) -> PyResult<Values> {
    Ok(match form {
        Form::Text => Values::Text(given.extract()?),
        Form::Texts => Values::Texts(given.extract()?),
        Form::Labels => Values::Labels(mappings(given)?),
        Form::Counts => Values::Counts(mappings(given)?),
        Form::Number => Values::Number(given.extract()?),
        Form::Fraction => Values::Fraction(given.extract()?),
        Form::Time => Values::Time(given.extract()?),
        Form::Flag => Values::Flag(given.extract()?),
        Form::Bytes => Values::Bytes(given.extract()?),
    })
}

fn mappings<T: for<'a, 'py> FromPyObject<'a, 'py>>(given: &Bound<'_, PyAny>) -> PyResult<Vec<Vec<(String, T)>>> {
    given.try_iter()?.map(|mapping| pairs(&mapping?)).collect()
}

/// The entries of a mapping, in its order.
fn pairs<T: for<'a, 'py> FromPyObject<'a, 'py>>(mapping: &Bound<'_, PyAny>) -> PyResult<Vec<(String, T)>> {
    mapping.call_method0("items")?.try_iter()?.map(|pair| pair?.extract()).collect()
}

/// The values of a column as a record has them.
fn list(py: Python<'_>, values: Values) -> PyResult<Bound<'_, PyList>> {
    match values {
        Values::Text(values) => PyList::new(py, values),
        Values::Texts(values) => {
            let tuples = values.into_iter().map(|texts| PyTuple::new(py, texts)).collect::<PyResult<Vec<_>>>()?;
            PyList::new(py, tuples)
        }
        Values::Labels(values) => dicts(py, values),
        Values::Counts(values) => dicts(py, values),
        Values::Number(values) => PyList::new(py, values),
        Values::Fraction(values) => PyList::new(py, values),
        Values::Time(values) => PyList::new(py, values),
        Values::Flag(values) => PyList::new(py, values),
        Values::Bytes(values) => PyList::new(py, values.iter().map(|value| PyBytes::new(py, value))),
    }
}

fn dicts<'py, T: IntoPyObject<'py>>(py: Python<'py>, values: Vec<Vec<(String, T)>>) -> PyResult<Bound<'py, PyList>> {
    let dict = |pairs: Vec<(String, T)>| {
        let dict = PyDict::new(py);
        for (name, value) in pairs {
            dict.set_item(name, value)?;
        }
        Ok(dict)
    };
    PyList::new(py, values.into_iter().map(dict).collect::<PyResult<Vec<_>>>()?)
}
