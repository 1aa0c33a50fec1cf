//! Window records merged by what they measure, apart for each key of the caller's.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pktvisor_core::Error;
use pktvisor_core::enrich::geo::Places;
use pktvisor_core::metric::Items;
use pktvisor_records::{Accumulators as Inner, ArrowStream, Bounds, Window};
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyMapping};

use crate::errors::raise;
use crate::geo::places;
use crate::record_table::RecordTable;

/// Merged records by key. Threads that use one at the same time wait for each other, without the GIL.
#[pyclass(frozen, module = "pktvisor._core")]
pub struct Accumulators {
    inner: Mutex<Inner>,
    places: Arc<Places>,
}

impl Accumulators {
    /// Does something with what there is, with the GIL released before anybody is waited for.
    fn with<T: Send>(&self, py: Python<'_>, doing: impl FnOnce(&mut Inner, Items<'_>) -> T + Send) -> T {
        py.detach(|| {
            let mut inner: MutexGuard<'_, Inner> = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
            doing(&mut inner, Items { places: &self.places, seed: crate::seed() })
        })
    }
}

#[pymethods]
impl Accumulators {
    /// Accumulators that hold no more than about so many bytes, and of each key so many metrics: see `left_out`.
    #[new]
    #[pyo3(signature = (*, most_bytes=None, most_metrics=None))]
    fn new(most_bytes: Option<usize>, most_metrics: Option<usize>) -> Self {
        let usual = Bounds::default();
        let bounds = Bounds {
            most_bytes: most_bytes.unwrap_or(usual.most_bytes),
            most_metrics: most_metrics.unwrap_or(usual.most_metrics),
            ..usual
        };
        Self { inner: Mutex::new(Inner::within(bounds)), places: places() }
    }

    /// Takes in rows of a table, a window of one handler, under a key and as those of a handler. InputFault where an image is
    /// damaged; then nothing of these rows was taken in.
    fn add(
        &self,
        py: Python<'_>,
        key: i64,
        table: &RecordTable,
        first: usize,
        count: usize,
        handler: &str,
    ) -> PyResult<()> {
        self.with(py, |inner, items| inner.add(key, &table.inner, first, count, handler, items)).map_err(raise)
    }

    /// Takes in the rows of an Arrow stream in any order; two columns besides those of the record tell the key and the handler
    /// of each. InputFault where the stream fails or an image is damaged; what came before that batch was taken in.
    fn add_stream(
        &self,
        py: Python<'_>,
        stream: &Bound<'_, PyAny>,
        key_column: &str,
        handler_column: &str,
    ) -> PyResult<()> {
        let stream = taken(stream)?;
        self.with(py, |inner, items| inner.add_stream(stream, key_column, handler_column, items)).map_err(raise)
    }

    /// The keys that there is anything of, ascending.
    fn keys(&self, py: Python<'_>) -> Vec<i64> {
        self.with(py, |inner, _| inner.keys())
    }

    /// Forgets a key.
    fn drop(&self, py: Python<'_>, key: i64) {
        self.with(py, |inner, _| inner.forget(key));
    }

    /// What was merged under a key, as records of a window; `fields` tell agent, policy, tap, number, start_ns, end_ns,
    /// length_s and is_closed. Top lists have their `most_items` heaviest items, all of them where it is None. ConfigFault
    /// where a field is missing.
    #[pyo3(signature = (key, fields, *, most_items=None))]
    fn table(
        &self,
        py: Python<'_>,
        key: i64,
        fields: &Bound<'_, PyMapping>,
        most_items: Option<usize>,
    ) -> PyResult<RecordTable> {
        let (window, most_items) = (window(fields)?, most_items.unwrap_or(usize::MAX));
        let inner = self.with(py, |inner, items| inner.table(key, &window, most_items, items)).map_err(raise)?;
        Ok(RecordTable { inner })
    }

    /// How many rows were of a kind that this release doesn't know: of these the newest is kept as it is.
    fn unmerged(&self, py: Python<'_>) -> u64 {
        self.with(py, |inner, _| inner.unmerged())
    }

    /// What there was no room for since the beginning, by what it was.
    fn left_out(&self, py: Python<'_>) -> BTreeMap<&'static str, u64> {
        let left_out = self.with(py, |inner, _| inner.left_out());
        BTreeMap::from([
            ("rows", left_out.rows),
            ("ledger_names", left_out.ledger_names),
            ("lists_shortened", left_out.lists_shortened),
        ])
    }

    fn memory_bytes(&self, py: Python<'_>) -> usize {
        self.with(py, |inner, _| inner.memory_bytes())
    }
}

fn window(fields: &Bound<'_, PyMapping>) -> PyResult<Window> {
    Ok(Window {
        agent: field(fields, "agent")?,
        policy: field(fields, "policy")?,
        tap: field(fields, "tap")?,
        number: field(fields, "number")?,
        start_ns: field(fields, "start_ns")?,
        end_ns: field(fields, "end_ns")?,
        length_s: field(fields, "length_s")?,
        is_closed: field(fields, "is_closed")?,
    })
}

fn field<T: for<'a, 'py> FromPyObject<'a, 'py>>(fields: &Bound<'_, PyMapping>, name: &str) -> PyResult<T> {
    if !fields.contains(name)? {
        return Err(raise(Error::invalid(format!("the field {name} is missing"))));
    }
    fields.get_item(name)?.extract::<T>().map_err(Into::into)
}

/// The stream of an object that lends one, or of the capsule itself.
fn taken(lender: &Bound<'_, PyAny>) -> PyResult<ArrowStream> {
    let capsule = match lender.cast::<PyCapsule>() {
        Ok(capsule) => capsule.clone(),
        Err(_) => lender.call_method0("__arrow_c_stream__")?.cast_into::<PyCapsule>()?,
    };
    let pointer = capsule.pointer_checked(Some(c"arrow_array_stream"))?;
    // SAFETY: a capsule of this name holds such a struct, which is valid while the capsule lives. It is moved away and leaves an
    // empty one behind, as the interface has it.
    Ok(unsafe { ArrowStream::from_raw(pointer.as_ptr().cast()) })
}
