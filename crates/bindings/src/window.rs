//! Some windows of a policy, merged: its metrics' values, by handler and metric as in the plan.

use std::sync::Arc;

use pktvisor_core::engine::Policy;
use pktvisor_core::plan::{ItemKind, MetricState};
use pktvisor_core::sketch::distribution::{self, Distribution};
use pktvisor_core::sketch::frequent::FrequentEntry;
use pktvisor_core::window::Merged;
use pyo3::exceptions::{PyIndexError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// Name, estimate, lower and upper bound, latitude and longitude.
type TopRow = (TopName, u64, u64, u64, Option<String>, Option<String>);

#[derive(IntoPyObject)]
enum TopName {
    Text(String),
    Number(u64),
}

/// Quantiles, maximum, sum, count, and whether all values are whole numbers.
type QuantileRow = (Vec<f64>, f64, f64, u64, bool);

/// A base-2 exponential histogram, as OpenTelemetry defines it.
#[pyclass(frozen, get_all, module = "pktvisor._core")]
pub struct Exponential {
    scale: i32,
    zero_threshold: f64,
    zero_count: u64,
    offset: i32,
    counts: Vec<u64>,
    count: u64,
    sum: f64,
    /// The smallest value; None where there is none.
    min: Option<f64>,
    /// The greatest value; None where there is none.
    max: Option<f64>,
}

impl Exponential {
    fn of(values: &Distribution) -> Self {
        let distribution::Exponential { scale, zero_threshold, zero_count, offset, counts } = values.exponential();
        let (count, sum, min, max) = (values.count(), values.sum(), values.min(), values.max());
        Self { scale, zero_threshold, zero_count, offset, counts, count, sum, min, max }
    }
}

#[pyclass(frozen, module = "pktvisor._core")]
pub struct Window {
    pub merged: Merged,
    pub policy: Arc<Policy>,
}

impl Window {
    fn place(&self, handler: usize, metric: usize) -> PyResult<usize> {
        let at = self.policy.plan().metric(handler, metric);
        at.ok_or_else(|| PyIndexError::new_err(format!("no metric {metric} in handler {handler}")))
    }

    fn state(&self, handler: usize, metric: usize) -> PyResult<&MetricState> {
        Ok(&self.merged.state.metrics[self.place(handler, metric)?])
    }
}

fn wrong_kind(wanted: &str) -> PyErr {
    PyTypeError::new_err(format!("this metric is no {wanted}"))
}

fn quantiles_of(distribution: &Distribution, ranks: &[f64]) -> QuantileRow {
    let whole = distribution.is_whole();
    let shown = |value: f64| if whole { value.round() } else { value };
    let values = ranks.iter().filter_map(|rank| distribution.quantile(*rank).map(shown)).collect();
    let maximum = distribution.max().unwrap_or(0.0);
    (values, maximum, distribution.sum(), distribution.count(), whole)
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
        let places = metrics.into_iter().map(|(handler, metric, other_handler, other_metric)| {
            Ok((self.place(handler, metric)?, other.place(other_handler, other_metric)?))
        });
        let places = places.collect::<PyResult<Vec<_>>>()?;
        let is_same_input = Arc::ptr_eq(&self.policy, &other.policy);
        match py.detach(|| self.merged.with(&other.merged, &places, !is_same_input)) {
            Some(merged) => Ok(Self { merged, policy: self.policy.clone() }),
            None => Err(wrong_kind("metric of the same kind as the other")),
        }
    }

    /// What became of the input's packets, by name.
    fn ledger(&self) -> std::collections::BTreeMap<&'static str, u64> {
        self.merged.state.ledger.entries().collect()
    }

    fn counter(&self, handler: usize, metric: usize) -> PyResult<u64> {
        match self.state(handler, metric)? {
            MetricState::Counter(count) => Ok(*count),
            MetricState::Last(last) => Ok(last.value()),
            _ => Err(wrong_kind("counter")),
        }
    }

    fn cardinality(&self, handler: usize, metric: usize) -> PyResult<f64> {
        match self.state(handler, metric)? {
            MetricState::Cardinality(hll) => Ok(hll.estimate()),
            _ => Err(wrong_kind("cardinality")),
        }
    }

    fn quantiles(&self, handler: usize, metric: usize, ranks: Vec<f64>) -> PyResult<QuantileRow> {
        match self.state(handler, metric)? {
            MetricState::Distribution(distribution) => Ok(quantiles_of(distribution, &ranks)),
            _ => Err(wrong_kind("distribution")),
        }
    }

    /// The quantiles of the per-second counts, and the last complete second's.
    fn rate(&self, handler: usize, metric: usize, ranks: Vec<f64>) -> PyResult<(QuantileRow, u64)> {
        match self.state(handler, metric)? {
            MetricState::Rate(rate) => Ok((quantiles_of(&rate.distribution(), &ranks), rate.live())),
            _ => Err(wrong_kind("rate")),
        }
    }

    /// How many values there are up to each bound, how many in all, and their sum.
    fn histogram(&self, handler: usize, metric: usize, bounds: Vec<f64>) -> PyResult<(Vec<u64>, u64, f64)> {
        match self.state(handler, metric)? {
            MetricState::Distribution(values) => Ok((values.cumulative(&bounds), values.count(), values.sum())),
            _ => Err(wrong_kind("distribution")),
        }
    }

    /// The buckets of a distribution, or of a rate's per-second counts.
    fn exponential(&self, handler: usize, metric: usize) -> PyResult<Exponential> {
        match self.state(handler, metric)? {
            MetricState::Distribution(values) => Ok(Exponential::of(values)),
            MetricState::Rate(rate) => Ok(Exponential::of(&rate.distribution())),
            _ => Err(wrong_kind("distribution")),
        }
    }

    /// The heaviest items, heaviest first.
    fn top(&self, handler: usize, metric: usize, count: usize) -> PyResult<Vec<TopRow>> {
        let row = |entry: &FrequentEntry<'_>, name, latitude, longitude| {
            (name, entry.estimate, entry.lower_bound, entry.upper_bound, latitude, longitude)
        };
        match self.state(handler, metric)? {
            MetricState::Exact(counts) => {
                let exact = |(value, count)| (TopName::Number(u64::from(value)), count, count, count, None, None);
                Ok(counts.top(count).into_iter().map(exact).collect())
            }
            MetricState::Top(ItemKind::Place, top) => {
                let places = &self.policy.enrichment().places;
                let place = |entry: FrequentEntry<'_>| {
                    let place = places.get(number(entry.item) as u32);
                    row(&entry, TopName::Text(place.text.to_string()), place.latitude, place.longitude)
                };
                Ok(top.top(count).into_iter().map(place).collect())
            }
            MetricState::Top(ItemKind::Number, top) => {
                let entry = |entry: FrequentEntry<'_>| row(&entry, TopName::Number(number(entry.item)), None, None);
                Ok(top.top(count).into_iter().map(entry).collect())
            }
            MetricState::Top(kind, top) => {
                let entry = |entry: FrequentEntry<'_>| row(&entry, TopName::Text(kind.text(entry.item)), None, None);
                Ok(top.top(count).into_iter().map(entry).collect())
            }
            _ => Err(wrong_kind("top list")),
        }
    }

    /// The sketch as Apache DataSketches writes it (HLL_8, frequent strings); other kinds in pktvisor's own form.
    fn sketch<'py>(&self, py: Python<'py>, handler: usize, metric: usize) -> PyResult<Bound<'py, PyBytes>> {
        let bytes = match self.state(handler, metric)? {
            MetricState::Cardinality(hll) => hll.to_bytes(),
            MetricState::Distribution(distribution) => distribution.to_bytes(),
            MetricState::Rate(rate) => rate.to_bytes(),
            MetricState::Exact(counts) => counts.to_bytes(|value| value.to_string()),
            MetricState::Top(ItemKind::Place, top) => {
                let places = &self.policy.enrichment().places;
                top.to_bytes(|item| places.get(number(item) as u32).text.to_string())
            }
            MetricState::Top(kind, top) => top.to_bytes(|item| kind.text(item)),
            MetricState::Counter(_) | MetricState::Last(_) => return Err(wrong_kind("sketch")),
        };
        Ok(PyBytes::new(py, &bytes))
    }
}

fn number(item: &[u8]) -> u64 {
    item.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}
