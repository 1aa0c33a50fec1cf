//! Public suffix lists, read once and shared by policies.

use std::path::PathBuf;
use std::sync::Arc;

use pktvisor_core::enrich::suffix;
use pyo3::prelude::*;

use crate::errors::raise;

/// A public suffix list from a file.
#[pyclass(frozen, module = "pktvisor._core")]
pub struct SuffixList {
    pub inner: Arc<suffix::SuffixList>,
}

#[pymethods]
impl SuffixList {
    #[new]
    fn new(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        let list = py.detach(|| suffix::SuffixList::open(&path)).map_err(raise)?;
        Ok(Self { inner: Arc::new(list) })
    }
}
