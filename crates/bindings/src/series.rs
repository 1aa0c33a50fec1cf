//! Steps of a policy: what was counted in each, number by number.

use std::collections::BTreeMap;
use std::sync::Arc;

use pktvisor_core::engine::Policy;
use pktvisor_core::window::{self, Buckets};
use pyo3::prelude::*;

/// The counts of a histogram's buckets, step by step.
type BucketCounts = Vec<Option<Vec<u64>>>;

/// The steps that are kept of a policy. None stands for a step that nobody worked in.
#[pyclass(frozen, module = "pktvisor._core")]
pub struct Series {
    pub series: window::Series,
    pub policy: Arc<Policy>,
}

#[pymethods]
impl Series {
    /// Seconds that a step lasts.
    #[getter]
    fn length_s(&self) -> i64 {
        self.series.length_s()
    }

    /// When the first step began, seconds since 1970.
    #[getter]
    fn start_s(&self) -> i64 {
        self.series.start_s()
    }

    fn __len__(&self) -> usize {
        self.series.len()
    }

    /// What a counter counted in each step; by handler and metric as in the plan. None for what is no counter, or in no
    /// step.
    fn counter(&self, handler: usize, metric: usize) -> Option<Vec<Option<u64>>> {
        self.series.counter(self.policy.plan().metric(handler, metric)?)
    }

    /// Of a histogram the exponents of its bounds, which are powers of two, and its counts in each step: of values no
    /// greater than each bound and greater than the bound before, at last of those greater than all. `powers` are the
    /// first exponent and the one behind the last; without them there are as many bounds as the values need. None for what
    /// is no histogram, or in no step.
    #[pyo3(signature = (handler, metric, powers=None))]
    fn histogram(&self, handler: usize, metric: usize, powers: Option<(i32, i32)>) -> Option<(Vec<i32>, BucketCounts)> {
        let powers = powers.map(|(first, end)| first..end);
        let Buckets { powers, counts } = self.series.histogram(self.policy.plan().metric(handler, metric)?, powers)?;
        Some((powers.collect(), counts))
    }

    /// What became of the input's packets in each step, by name.
    fn ledger(&self) -> BTreeMap<&'static str, Vec<Option<u64>>> {
        self.series.ledger().collect()
    }
}
