//! Some windows of a policy, merged: its metrics' values, by handler and metric as in the plan.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use pktvisor_core::engine::Policy;
use pktvisor_core::enrich::geo::Places;
use pktvisor_core::plan::groups::{Chunk, Groups, KeyValue, MOST_SHOWN, Reading, key_values};
use pktvisor_core::plan::{Slot, State};
use pktvisor_core::window::Merged;
use pyo3::exceptions::{PyIndexError, PyTypeError};
use pyo3::prelude::*;

use crate::metric::Metric;

/// One group of a handler that keeps metrics apart. Its rows are unfolded when its first metric is asked for: who lets go of
/// one group before the next holds one at a time, however many there are.
#[pyclass(frozen, module = "pktvisor._core")]
pub struct Group {
    /// None for the group of what the bounds turned away.
    key: Option<Vec<u8>>,
    rows: u64,
    reading: OnceLock<Reading>,
    all: Arc<AllGroups>,
}

/// The groups of a window that one is of.
struct AllGroups {
    state: Arc<State>,
    at: usize,
    places: Arc<Places>,
    /// Room to unfold rows in.
    work: Mutex<Chunk>,
}

impl AllGroups {
    fn groups(&self) -> &Groups {
        &self.state.groups[self.at]
    }

    fn read(&self, key: Option<&[u8]>) -> Reading {
        self.groups().read(key, &mut self.work.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[derive(IntoPyObject)]
enum GroupValue {
    Number(u64),
    Text(String),
    None(Option<u8>),
}

#[pymethods]
impl Group {
    /// The values that its rows share, in the order of the columns, None where they have none; None instead of all of them
    /// for the group of what the bounds turned away.
    #[getter]
    fn values(&self) -> Option<Vec<GroupValue>> {
        let value = |value: &KeyValue| match value {
            KeyValue::None => GroupValue::None(None),
            KeyValue::Number(number) => GroupValue::Number(*number),
            KeyValue::Text(text) => GroupValue::Text(text.clone()),
        };
        let key = self.key.as_ref()?;
        Some(key_values(self.all.groups().plan(), key, &self.all.places).iter().map(value).collect())
    }

    /// Rows that went into it.
    #[getter]
    fn rows(&self) -> u64 {
        self.rows
    }

    /// A metric by its number among those that are kept apart.
    fn metric(&self, py: Python<'_>, metric: usize) -> PyResult<Metric> {
        let reading = || self.reading.get_or_init(|| self.all.read(self.key.as_deref()));
        let state = self.reading.get().unwrap_or_else(|| py.detach(reading)).metric(metric);
        let state = state.ok_or_else(|| PyIndexError::new_err(format!("no metric {metric} in a group")))?;
        Ok(Metric::alone(state, self.all.places.clone()))
    }
}

#[pyclass(frozen, module = "pktvisor._core")]
pub struct Window {
    pub merged: Merged,
    pub policy: Arc<Policy>,
}

impl Window {
    fn slot(&self, handler: usize, metric: usize) -> PyResult<usize> {
        let at = self.policy.plan().metric(handler, metric);
        at.ok_or_else(|| PyIndexError::new_err(format!("no metric {metric} in handler {handler}")))
    }

    /// The number of the groups that a metric is kept apart by.
    fn groups_at(&self, handler: usize, metric: usize) -> Option<usize> {
        match self.policy.plan().slot(handler, metric)? {
            Slot::Grouped { groups, .. } => (groups < self.merged.state.groups.len()).then_some(groups),
            Slot::Metric(_) => None,
        }
    }
}

#[pymethods]
impl Window {
    /// The number of the newest window, see `Policy.windows`.
    #[getter]
    fn number(&self) -> usize {
        self.merged.number
    }

    /// Start of the oldest window, nanoseconds since 1970.
    #[getter]
    fn start_ns(&self) -> i64 {
        self.merged.start_ns
    }

    /// End of the newest window; the newest packet's time while it is open.
    #[getter]
    fn end_ns(&self) -> i64 {
        self.merged.end_ns
    }

    /// Sum of the windows' lengths in whole seconds.
    #[getter]
    fn length_seconds(&self) -> i64 {
        self.merged.length_seconds
    }

    #[getter]
    fn is_closed(&self) -> bool {
        self.merged.is_closed
    }

    /// This window with some metrics of another, of other handlers or of another policy, merged into its own as of the
    /// same time: handler and metric here, handler and metric there. It begins with the earlier of both and ends with
    /// the later.
    fn merged(&self, py: Python<'_>, other: &Self, metrics: Vec<(usize, usize, usize, usize)>) -> PyResult<Self> {
        let slots = metrics.into_iter().map(|(handler, metric, other_handler, other_metric)| {
            Ok((self.slot(handler, metric)?, other.slot(other_handler, other_metric)?))
        });
        let slots = slots.collect::<PyResult<Vec<_>>>()?;
        let is_same_input = Arc::ptr_eq(&self.policy, &other.policy);
        match py.detach(|| self.merged.with(&other.merged, &slots, !is_same_input)) {
            Some(merged) => Ok(Self { merged, policy: self.policy.clone() }),
            None => Err(PyTypeError::new_err("metrics of different kinds can't be merged")),
        }
    }

    /// What became of the input's packets, by name.
    fn ledger(&self) -> std::collections::BTreeMap<&'static str, u64> {
        self.merged.state.ledger.entries().collect()
    }

    /// The groups that a metric is kept apart by, the heaviest first and 10,000 at most; the one of what the bounds turned
    /// away is last, where there is anything in it. Empty for a metric that is not kept apart.
    fn groups(&self, py: Python<'_>, handler: usize, metric: usize) -> Vec<Group> {
        let Some(at) = self.groups_at(handler, metric) else { return Vec::new() };
        let (state, places) = (self.merged.state.clone(), self.policy.places().clone());
        let all = Arc::new(AllGroups { state, at, places, work: Mutex::default() });
        py.detach(|| {
            let group = |key: Option<&[u8]>, rows| Group {
                key: key.map(<[u8]>::to_vec),
                rows,
                reading: OnceLock::new(),
                all: all.clone(),
            };
            let (refused, _) = all.groups().refused();
            let known = all.groups().heaviest_keys(MOST_SHOWN);
            let mut found: Vec<_> = known.into_iter().map(|(key, rows)| group(Some(key), rows)).collect();
            found.extend((refused > 0).then(|| group(None, refused)));
            found
        })
    }

    /// Of the groups that a metric is kept apart by: how many there are, the rows that the bounds turned away, how many
    /// different values these had (estimated), and the bytes that all take.
    fn group_sizes(&self, handler: usize, metric: usize) -> (usize, u64, u64, usize) {
        let Some(at) = self.groups_at(handler, metric) else { return (0, 0, 0, 0) };
        let groups = &self.merged.state.groups[at];
        let (rows, keys) = groups.refused();
        (groups.len(), rows, keys.round() as u64, groups.memory_bytes())
    }

    /// The number that a metric that is kept apart has in each of its groups.
    fn grouped_number(&self, handler: usize, metric: usize) -> PyResult<usize> {
        match self.policy.plan().slot(handler, metric) {
            Some(Slot::Grouped { metric, .. }) => Ok(metric),
            _ => Err(PyIndexError::new_err(format!("no grouped metric {metric} in handler {handler}"))),
        }
    }

    /// A metric by its handler and its number there, as in the plan.
    fn metric(&self, handler: usize, metric: usize) -> PyResult<Metric> {
        let at = self.slot(handler, metric)?;
        Ok(Metric::in_window(self.merged.state.clone(), at, self.policy.places().clone()))
    }
}
