//! MaxMind databases, opened once and shared by policies.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use pktvisor_core::enrich::geo::{self, GeoKind, Places};
use pyo3::prelude::*;

use crate::errors::raise;

/// The places and networks met so far, for all policies of this process.
pub fn places() -> Arc<Places> {
    static PLACES: OnceLock<Arc<Places>> = OnceLock::new();
    PLACES.get_or_init(Arc::default).clone()
}

/// A city database (`kind` "city") or one of autonomous systems ("network").
#[pyclass(frozen, module = "pktvisor._core")]
pub struct GeoDatabase {
    pub inner: Arc<geo::GeoDatabase>,
}

#[pymethods]
impl GeoDatabase {
    #[new]
    fn new(path: PathBuf, kind: &str) -> PyResult<Self> {
        let kind = if kind == "city" { GeoKind::City } else { GeoKind::Network };
        Ok(Self { inner: Arc::new(geo::GeoDatabase::open(&path, kind).map_err(raise)?) })
    }
}
