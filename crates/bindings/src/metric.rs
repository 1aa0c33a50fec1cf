//! One metric of a window, or one that was made from its image: read by its shape, merged, written.

use std::sync::Arc;

use pktvisor_core::enrich::geo::Places;
use pktvisor_core::metric::{ItemKind, Items, KindName, MetricKind, MetricState, Shape, TopItems, number};
use pktvisor_core::plan::State;
use pktvisor_core::sketch::FrequentEntry;
use pktvisor_core::sketch::distribution::{self, Distribution};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::errors::raise;
use crate::geo::places;

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

/// A metric, read by its shape: asking for another one than it has is a TypeError.
#[pyclass(frozen, module = "pktvisor._core")]
pub struct Metric {
    held: Held,
    places: Arc<Places>,
}

/// Where the state is: in a window, of which nothing is copied, or here alone.
enum Held {
    InWindow(Arc<State>, usize),
    Alone(Arc<MetricState>),
}

impl Metric {
    pub fn in_window(state: Arc<State>, at: usize, places: Arc<Places>) -> Self {
        Self { held: Held::InWindow(state, at), places }
    }

    pub fn alone(state: MetricState, places: Arc<Places>) -> Self {
        Self { held: Held::Alone(Arc::new(state)), places }
    }

    fn state(&self) -> &MetricState {
        match &self.held {
            Held::InWindow(state, at) => &state.metrics[*at],
            Held::Alone(state) => state,
        }
    }

    fn items_of(places: &Places) -> Items<'_> {
        Items { places, seed: crate::seed() }
    }

    fn distribution<T>(&self, read: impl FnOnce(&Distribution) -> T) -> PyResult<T> {
        match self.state().shape() {
            Shape::Distribution { values, .. } => Ok(read(&values)),
            _ => Err(self.wrong("distribution")),
        }
    }

    fn wrong(&self, wanted: &str) -> PyErr {
        PyTypeError::new_err(format!("a {} is no {wanted}", self.state().name().name()))
    }

    fn rows(&self, kind: ItemKind, top: TopItems<'_>, count: usize) -> Vec<TopRow> {
        match top {
            TopItems::Exact(counts) => {
                let row = |(value, count)| (TopName::Number(u64::from(value)), count, count, count, None, None);
                counts.top(count).into_iter().map(row).collect()
            }
            TopItems::Frequent(top) if matches!(kind, ItemKind::Number | ItemKind::SmallNumber) => {
                top.top_numbers(count).iter().map(|entry| self.row(kind, entry)).collect()
            }
            TopItems::Frequent(top) => top.top(count).iter().map(|entry| self.row(kind, entry)).collect(),
        }
    }

    fn row(&self, kind: ItemKind, entry: &FrequentEntry<'_>) -> TopRow {
        let (mut latitude, mut longitude) = (None, None);
        let name = match kind {
            ItemKind::Place => {
                let place = self.places.get(number(entry.item) as u32);
                (latitude, longitude) = (place.latitude, place.longitude);
                TopName::Text(place.text.to_string())
            }
            ItemKind::Number | ItemKind::SmallNumber => TopName::Number(number(entry.item)),
            _ => TopName::Text(kind.text(entry.item)),
        };
        (name, entry.estimate, entry.lower_bound, entry.upper_bound, latitude, longitude)
    }
}

#[pymethods]
impl Metric {
    /// Reads the image of a metric of a closed window; `kind` and `items` as the metric told them. ConfigFault where the
    /// bytes are no such image.
    #[staticmethod]
    fn from_image(kind: &str, items: &str, image: &[u8]) -> PyResult<Self> {
        let unknown = |what: &str, name: &str| PyValueError::new_err(format!("no {what} '{name}'"));
        let kind = MetricKind {
            kind: KindName::by_name(kind).ok_or_else(|| unknown("kind of metric", kind))?,
            items: ItemKind::by_name(items).ok_or_else(|| unknown("kind of items", items))?,
        };
        let places = places();
        let state = MetricState::from_image(image, kind, Self::items_of(&places)).map_err(raise)?;
        Ok(Self::alone(state, places))
    }

    /// The name of its kind.
    #[getter]
    fn kind(&self) -> &'static str {
        self.state().name().name()
    }

    /// What its items are: `text`, `address`, `number`, `small_number`, `place`; empty where it keeps none.
    #[getter]
    fn items(&self) -> &'static str {
        self.state().items().name()
    }

    /// This metric with what another of its kind saw, in the same window or in another. TypeError for other kinds.
    #[pyo3(signature = (other, *, is_same_window=true))]
    fn merged(&self, py: Python<'_>, other: &Self, is_same_window: bool) -> PyResult<Self> {
        if self.state().kind() != other.state().kind() {
            return Err(self.wrong(other.state().name().name()));
        }
        let state = py.detach(|| {
            let mut state = self.state().clone();
            state.merge(other.state(), is_same_window);
            state
        });
        Ok(Self::alone(state, self.places.clone()))
    }

    /// A top list of its heaviest items, `most_items` at the most: their estimates are the same, the weight of the next one
    /// widens their bounds. Other metrics are as they were.
    fn cut(&self, py: Python<'_>, most_items: usize) -> Self {
        let state = py.detach(|| {
            let mut state = self.state().clone();
            state.cut(most_items);
            state
        });
        Self::alone(state, self.places.clone())
    }

    /// The sketch as other engines read it: a DataSketches image (HLL_8, frequent strings) where there is one, else
    /// pktvisor's own form.
    fn image<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.state().image(Self::items_of(&self.places)))
    }

    /// A number of rows, a sum, or the newest value.
    fn count(&self) -> PyResult<u64> {
        match self.state().shape() {
            Shape::Count(count) => Ok(count),
            _ => Err(self.wrong("count")),
        }
    }

    /// How many distinct values there are, estimated.
    fn estimate(&self) -> PyResult<f64> {
        match self.state().shape() {
            Shape::Estimate(estimate) => Ok(estimate),
            _ => Err(self.wrong("estimate")),
        }
    }

    /// By how much, relative to itself, what it shows is off: an estimate by one standard deviation, a quantile by this at
    /// most. None for what is exact, or has bounds with each item.
    fn relative_error(&self) -> Option<f64> {
        self.state().relative_error()
    }

    /// Quantiles of the values, or of a rate's per-second counts.
    fn quantiles(&self, ranks: Vec<f64>) -> PyResult<QuantileRow> {
        self.distribution(|values| {
            let whole = values.is_whole();
            let shown = |value: f64| if whole { value.round() } else { value };
            let quantiles = ranks.iter().filter_map(|rank| values.quantile(*rank).map(shown)).collect();
            (quantiles, values.max().unwrap_or(0.0), values.sum(), values.count(), whole)
        })
    }

    /// A rate's last complete second; None for what has none.
    fn live(&self) -> Option<u64> {
        match self.state().shape() {
            Shape::Distribution { live, .. } => live,
            _ => None,
        }
    }

    /// How many values there are up to each bound, how many in all, and their sum.
    fn histogram(&self, bounds: Vec<f64>) -> PyResult<(Vec<u64>, u64, f64)> {
        self.distribution(|values| (values.cumulative(&bounds), values.count(), values.sum()))
    }

    /// The buckets of a distribution, or of a rate's per-second counts.
    fn exponential(&self) -> PyResult<Exponential> {
        self.distribution(Exponential::of)
    }

    /// The heaviest items, heaviest first.
    fn top(&self, count: usize) -> PyResult<Vec<TopRow>> {
        match self.state().shape() {
            Shape::Items(kind, top) => Ok(self.rows(kind, top, count)),
            _ => Err(self.wrong("top list")),
        }
    }

    /// Of a top list: the sum of all weights, and by how much an estimate can be too high, which is also the most that
    /// an item weighs that is not tracked.
    fn weights(&self) -> PyResult<(u64, u64)> {
        match self.state().shape() {
            Shape::Items(_, TopItems::Exact(counts)) => Ok((counts.stream_weight(), 0)),
            Shape::Items(_, TopItems::Frequent(top)) => Ok((top.stream_weight(), top.maximum_error())),
            _ => Err(self.wrong("top list")),
        }
    }
}
