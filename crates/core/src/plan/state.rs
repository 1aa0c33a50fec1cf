//! What a window holds: one sketch per metric. Every kind merges.

use super::spec::{ItemKind, MetricKind};
use super::{Last, Plan};
use crate::ledger::Ledger;
use crate::sketch::distribution::Distribution;
use crate::sketch::exact::Exact;
use crate::sketch::frequent::Frequent;
use crate::sketch::hll::Hll;
use crate::sketch::rate::Rate;

/// Keys that a top list tracks at most: three quarters of 8,192, as the peer's.
const TOP_LG_MAP: u8 = 13;

/// The state of one metric in one window.
#[derive(Debug, Clone)]
pub enum MetricState {
    Counter(u64),
    Rate(Rate),
    Distribution(Distribution),
    Cardinality(Hll),
    Last(Last),
    Exact(Exact),
    Top(ItemKind, Frequent),
}

impl MetricState {
    fn new(kind: MetricKind, start_second: i64) -> Self {
        match kind {
            MetricKind::Counter => Self::Counter(0),
            MetricKind::Rate => Self::Rate(Rate::new(start_second)),
            MetricKind::Distribution => Self::Distribution(Distribution::new()),
            MetricKind::Cardinality => Self::Cardinality(Hll::new()),
            MetricKind::Last => Self::Last(Last::default()),
            MetricKind::TopExact => Self::Exact(Exact::new()),
            MetricKind::Top(items) => Self::Top(items, Frequent::new(TOP_LG_MAP)),
        }
    }

    /// Takes in the same metric of another worker (`is_same_window`) or of another window.
    fn merge(&mut self, other: &MetricState, is_same_window: bool) {
        match (self, other) {
            (Self::Counter(mine), Self::Counter(theirs)) => *mine += theirs,
            (Self::Rate(mine), Self::Rate(theirs)) if is_same_window => mine.merge_parallel(theirs),
            (Self::Rate(mine), Self::Rate(theirs)) => mine.merge_serial(theirs),
            (Self::Distribution(mine), Self::Distribution(theirs)) => mine.merge(theirs),
            (Self::Cardinality(mine), Self::Cardinality(theirs)) => mine.merge(theirs),
            (Self::Last(mine), Self::Last(theirs)) => mine.merge(theirs),
            (Self::Exact(mine), Self::Exact(theirs)) => mine.merge(theirs),
            (Self::Top(_, mine), Self::Top(_, theirs)) => mine.merge(theirs),
            _ => unreachable!("states of one plan hold the same kinds in the same places"),
        }
    }

    /// Takes in a metric of another handler that saw the same time; false where it is of another kind.
    pub fn merge_alike(&mut self, other: &MetricState) -> bool {
        let is_alike = self.kind() == other.kind();
        if is_alike {
            self.merge(other, true);
        }
        is_alike
    }

    pub fn memory_bytes(&self) -> usize {
        match self {
            Self::Counter(_) => size_of::<u64>(),
            Self::Last(_) => size_of::<Last>(),
            Self::Rate(rate) => rate.memory_bytes(),
            Self::Distribution(distribution) => distribution.memory_bytes(),
            Self::Cardinality(hll) => hll.memory_bytes(),
            Self::Exact(exact) => exact.memory_bytes(),
            Self::Top(_, frequent) => frequent.memory_bytes(),
        }
    }
}

/// The metrics of one plan in one window, and what became of the input's packets meanwhile.
#[derive(Debug, Clone)]
pub struct State {
    pub metrics: Vec<MetricState>,
    pub ledger: Ledger,
}

impl State {
    pub fn new(plan: &Plan, start_second: i64) -> Self {
        let metrics = plan.metrics.iter().map(|kind| MetricState::new(*kind, start_second)).collect();
        Self { metrics, ledger: Ledger::default() }
    }

    /// Takes in what another worker saw in the same window.
    pub fn merge_worker(&mut self, other: &State) {
        self.merge(other, true);
    }

    /// Takes in another window.
    pub fn merge_window(&mut self, other: &State) {
        self.merge(other, false);
    }

    fn merge(&mut self, other: &State, is_same_window: bool) {
        for (mine, theirs) in self.metrics.iter_mut().zip(&other.metrics) {
            mine.merge(theirs, is_same_window);
        }
        self.ledger += &other.ledger;
    }

    /// Time has moved on to this second, though nothing may have happened.
    pub fn advance(&mut self, second: i64) {
        self.rates(|rate| rate.advance(second));
    }

    /// The window ends.
    pub fn close(&mut self, end_second: i64) {
        self.rates(|rate| rate.close(end_second));
    }

    /// Gives room back that only a window that still grows needs.
    pub fn shrink(&mut self) {
        for metric in &mut self.metrics {
            if let MetricState::Top(_, top) = metric {
                top.shrink_to_fit();
            }
        }
    }

    fn rates(&mut self, each: impl Fn(&mut Rate)) {
        for metric in &mut self.metrics {
            if let MetricState::Rate(rate) = metric {
                each(rate);
            }
        }
    }

    pub fn memory_bytes(&self) -> usize {
        self.metrics.iter().map(MetricState::memory_bytes).sum()
    }
}
