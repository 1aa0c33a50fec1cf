//! Sketches by themselves, as Apache DataSketches writes them: what agents send is read, merged and asked here.

use std::sync::{Mutex, MutexGuard, PoisonError};

use pktvisor_core::hash::hash_bytes;
use pktvisor_core::sketch;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::errors::raise;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How many different values there are (HyperLogLog).
#[pyclass(frozen, module = "pktvisor._core")]
#[derive(Default)]
pub struct Hll {
    inner: Mutex<sketch::Hll>,
}

#[pymethods]
impl Hll {
    /// A sketch that has seen nothing.
    #[new]
    fn new() -> Self {
        Self::default()
    }

    /// Reads a DataSketches HLL image of any type (HLL_4, HLL_6, HLL_8).
    #[staticmethod]
    fn from_bytes(bytes: &[u8]) -> PyResult<Self> {
        Ok(Self { inner: Mutex::new(sketch::Hll::from_bytes(bytes).map_err(raise)?) })
    }

    /// Takes in what another sketch has seen.
    fn merge(&self, py: Python<'_>, other: &Self) {
        py.detach(|| {
            let other = lock(&other.inner).clone(); // which may be this very sketch
            lock(&self.inner).merge(&other);
        });
    }

    fn estimate(&self) -> f64 {
        lock(&self.inner).estimate()
    }

    /// The DataSketches image (HLL_8).
    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &lock(&self.inner).to_bytes())
    }
}

/// Text, estimate, lower and upper bound.
type FrequentRow = (String, u64, u64, u64);

/// The most frequent strings and how often they come.
#[pyclass(frozen, module = "pktvisor._core")]
pub struct Frequent {
    inner: Mutex<sketch::Frequent>,
}

#[pymethods]
impl Frequent {
    /// A sketch that has seen nothing.
    #[new]
    fn new() -> Self {
        Self { inner: Mutex::new(sketch::Frequent::new(sketch::frequent::LG_MOST_SLOTS)) }
    }

    /// Reads a DataSketches image of frequent strings.
    #[staticmethod]
    fn from_bytes(bytes: &[u8]) -> PyResult<Self> {
        let key = |item: &[u8]| hash_bytes(crate::seed(), item);
        Ok(Self { inner: Mutex::new(sketch::Frequent::from_bytes(bytes, key).map_err(raise)?) })
    }

    /// Takes in what another sketch has seen.
    fn merge(&self, py: Python<'_>, other: &Self) {
        py.detach(|| {
            let other = lock(&other.inner).clone(); // which may be this very sketch
            lock(&self.inner).merge(&other);
        });
    }

    /// The heaviest strings, heaviest first.
    fn top(&self, count: usize) -> Vec<FrequentRow> {
        let sketch = lock(&self.inner);
        let row = |entry: &sketch::FrequentEntry<'_>| {
            (text(entry.item), entry.estimate, entry.lower_bound, entry.upper_bound)
        };
        sketch.top(count).iter().map(row).collect()
    }

    /// Sum of all weights.
    #[getter]
    fn stream_weight(&self) -> u64 {
        lock(&self.inner).stream_weight()
    }

    /// By how much an estimate can be too high; strings that are not tracked weigh no more than this.
    #[getter]
    fn maximum_error(&self) -> u64 {
        lock(&self.inner).maximum_error()
    }

    /// The DataSketches image.
    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &lock(&self.inner).to_bytes(text))
    }
}

fn text(item: &[u8]) -> String {
    String::from_utf8_lossy(item).into_owned()
}
