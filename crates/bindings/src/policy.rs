//! A policy: a compiled plan with its windows.

use std::sync::Arc;

use pktvisor_core::engine;
use pktvisor_core::plan::{self, Enrichment};
use pktvisor_core::window::{DEFAULT_LENGTH_S, DEFAULT_STEP_S};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::errors::raise;
use crate::geo::{GeoDatabase, places};
use crate::memory::{self, Account};
use crate::series::Series;
use crate::services::Services;
use crate::suffix::SuffixList;
use crate::window::Window;

/// A plan (JSON, see `pktvisor.policies.plan`) and its windows, fed by inputs and read at any time.
#[pyclass(frozen, module = "pktvisor._core")]
pub struct Policy {
    pub inner: Arc<engine::Policy>,
}

#[pymethods]
impl Policy {
    #[new]
    #[pyo3(signature = (
        plan, *, periods, length_s=DEFAULT_LENGTH_S, step_s=DEFAULT_STEP_S, stepped=vec![], city=None, network=None,
        suffixes=None, cache_entries=10_000, services=None
    ))]
    #[allow(clippy::too_many_arguments)]
    fn new(
        py: Python<'_>,
        plan: &str,
        periods: usize,
        length_s: u32,
        step_s: u32,
        stepped: Vec<(usize, usize)>,
        city: Option<&GeoDatabase>,
        network: Option<&GeoDatabase>,
        suffixes: Option<&SuffixList>,
        cache_entries: usize,
        services: Option<&Services>,
    ) -> PyResult<Self> {
        let enrichment = Enrichment {
            city: city.map(|database| database.inner.clone()),
            network: network.map(|database| database.inner.clone()),
            services: services.map(|services| services.inner.clone()),
            suffixes: suffixes.map(|list| list.inner.clone()),
            places: places(),
            cache_entries,
        };
        let memory = memory::process().clone();
        let seed = crate::seed();
        let config = engine::PolicyConfig { periods, length_s, step_s, stepped, enrichment, seed, memory };
        let plan = py.detach(|| plan::compile(plan)).map_err(raise)?;
        Ok(Self { inner: Arc::new(engine::Policy::new(plan, config)) })
    }

    /// Looks addresses and names up in other databases, from the next window on (at once where the window never ends).
    #[pyo3(signature = (*, city=None, network=None, suffixes=None, services=None))]
    fn replace_databases(
        &self,
        py: Python<'_>,
        city: Option<&GeoDatabase>,
        network: Option<&GeoDatabase>,
        suffixes: Option<&SuffixList>,
        services: Option<&Services>,
    ) {
        let databases = engine::Databases {
            city: city.map(|database| database.inner.clone()),
            network: network.map(|database| database.inner.clone()),
            suffixes: suffixes.map(|list| list.inner.clone()),
            services: services.map(|services| services.inner.clone()),
        };
        py.detach(|| self.inner.replace_databases(databases));
    }

    /// How many windows there are, the open one included.
    fn available(&self, py: Python<'_>) -> usize {
        py.detach(|| self.inner.store().available())
    }

    /// What it holds of memory: windows, groups, questions that wait, answers.
    #[getter]
    fn memory(&self) -> Account {
        Account { inner: self.inner.memory().clone() }
    }

    /// Bytes that a window takes in which nothing has happened.
    #[getter]
    fn least_bytes(&self) -> usize {
        self.inner.least_bytes()
    }

    /// Counters and histograms for which there was no room in steps.
    #[getter]
    fn left_out_of_steps(&self) -> usize {
        self.inner.left_out_of_steps()
    }

    /// Questions that wait for their answer.
    fn open_exchanges(&self) -> usize {
        self.inner.open_exchanges()
    }

    /// Windows `first` to `last` merged, 0 being the open one; None where there is none of them.
    fn read(&self, py: Python<'_>, first: usize, last: usize) -> Option<Window> {
        let merged = py.detach(|| self.inner.read(first, last))?;
        Some(Window { merged, policy: self.inner.clone() })
    }

    /// A window that begins now and in which nothing has happened: what there is before an input feeds the policy.
    fn empty(&self, now_ns: i64) -> Window {
        Window { merged: self.inner.empty(now_ns), policy: self.inner.clone() }
    }

    /// What was counted since the policy began, at this time: a window with nothing but counters in it. They never fall.
    fn totals(&self, py: Python<'_>, now_ns: i64) -> Window {
        Window { merged: py.detach(|| self.inner.totals(now_ns)), policy: self.inner.clone() }
    }

    /// What was counted in each step that is over, of the last hour.
    fn series(&self, py: Python<'_>) -> Series {
        Series { series: py.detach(|| self.inner.series()), policy: self.inner.clone() }
    }

    /// When the newest of these steps began, seconds since 1970; None before there is one.
    fn newest_step_s(&self) -> Option<i64> {
        self.inner.newest_step_s()
    }

    /// The windows that can be read: number and whether it is closed, the oldest first. A number names the same window
    /// for good, and those of later windows are greater.
    fn windows(&self, py: Python<'_>) -> Vec<(usize, bool)> {
        py.detach(|| self.inner.store().windows())
    }

    /// A window by its number; None where it is no more.
    fn window(&self, py: Python<'_>, number: usize) -> Option<Window> {
        let merged = py.detach(|| self.inner.store().window(number))?;
        Some(Window { merged, policy: self.inner.clone() })
    }

    /// Hands each window that has closed to a function, which must not raise, and keeps it no longer; in the thread of the
    /// worker that ended it. None ends that.
    #[pyo3(signature = (taker))]
    fn hand_to(&self, taker: Option<Py<PyAny>>) {
        let owner = Arc::downgrade(&self.inner);
        let hand_over = |taker: Py<PyAny>| -> engine::Taker {
            Arc::new(move |merged| {
                let Some(policy) = owner.upgrade() else { return };
                Python::attach(|py| {
                    if let Err(fault) = taker.call1(py, (Window { merged, policy },)) {
                        fault.write_unraisable(py, None);
                    }
                });
            })
        };
        self.inner.hand_to(taker.map(hand_over));
    }

    /// A window written down, so that `restore` brings it back, be it in another process; None where it is no more.
    fn save_window<'py>(&self, py: Python<'py>, number: usize) -> Option<Bound<'py, PyBytes>> {
        let bytes = py.detach(|| self.inner.save_window(number))?;
        Some(PyBytes::new(py, &bytes))
    }

    /// Takes in windows that `save_window` wrote, before an input starts, and tells how many. Those that are damaged or of
    /// a plan that measures anything else are left out, and the oldest where they are more than are kept.
    fn restore(&self, py: Python<'_>, saved: Vec<Bound<'_, PyBytes>>) -> PyResult<usize> {
        let saved: Vec<&[u8]> = saved.iter().map(|bytes| bytes.as_bytes()).collect();
        py.detach(|| self.inner.restore(saved)).map_err(raise)
    }
}
