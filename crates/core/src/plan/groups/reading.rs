//! A group as it is read: rows unfolded, and each metric made when it is asked for. So many groups can be held at a time: a list takes
//! a fraction of the sketch that it becomes.

use std::sync::Arc;

use super::full::{Full, Kept as Place};
use super::packed::Unpacked;
use super::{GroupPlan, Span};
use crate::metric::MetricState;

/// What a group has seen.
#[derive(Debug)]
pub struct Reading {
    pub(super) plan: Arc<GroupPlan>,
    pub(super) kept: Kept,
    pub(super) seed: u64,
}

#[derive(Debug)]
pub(super) enum Kept {
    /// In one window.
    Alone(Full, Span),
    /// In one window of very many groups.
    Packed(Vec<u8>, Span),
    /// In several.
    Merged(Box<[MetricState]>),
}

impl Reading {
    /// A metric by its number among those that are kept apart.
    pub fn metric(&self, at: usize) -> Option<MetricState> {
        if at >= self.plan.metrics.len() {
            return None;
        }
        match &self.kept {
            Kept::Merged(metrics) => Some(metrics[at].clone()),
            Kept::Packed(packed, span) => Some(self.unpacked(at, packed, *span)),
            Kept::Alone(full, span) => {
                let mut metric = full.metric(&self.plan, at, span.start, self.seed);
                span.bring_up(&mut metric);
                Some(metric)
            }
        }
    }

    fn unpacked(&self, at: usize, packed: &[u8], span: Span) -> MetricState {
        let layout = self.plan.layout();
        let kept = layout.kept[at];
        let mut metric = match Full::unpack_metric(layout, packed, kept) {
            Unpacked::Count(count) => MetricState::counted(count),
            Unpacked::Hll(hll) => MetricState::of_hll(hll),
            Unpacked::List(list) => {
                let Place::List { list: number, weight } = kept else { unreachable!("it was read as a list") };
                let mut metric = MetricState::new(self.plan.metrics[at], span.start);
                metric.show(list.frequent(layout.lists[number].kind, weight, self.seed));
                metric
            }
        };
        span.bring_up(&mut metric);
        metric
    }

    /// All metrics.
    #[cfg(test)]
    pub fn metrics(&self) -> Vec<MetricState> {
        (0..self.plan.metrics.len()).filter_map(|at| self.metric(at)).collect()
    }
}
