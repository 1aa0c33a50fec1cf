//! A group as it is read: rows unfolded, and each metric made when it is asked for. So many groups can be held at a time: a list takes
//! a fraction of the sketch that it becomes.

use std::sync::Arc;

use super::full::Full;
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
            Kept::Alone(full, span) => {
                let mut metric = full.metric(&self.plan, at, span.start, self.seed);
                span.bring_up(&mut metric);
                Some(metric)
            }
        }
    }

    /// All metrics.
    #[cfg(test)]
    pub fn metrics(&self) -> Vec<MetricState> {
        (0..self.plan.metrics.len()).filter_map(|at| self.metric(at)).collect()
    }
}
