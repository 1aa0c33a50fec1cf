//! What a window holds: one metric's state each. Every kind merges.

use std::sync::Arc;

use super::Plan;
use super::groups::Groups;
use crate::ledger::Ledger;
use crate::memory::{Account, Held, Holder, Step};
use crate::metric::MetricState;

/// The metrics of one plan in one window, and what became of the input's packets meanwhile.
#[derive(Debug, Clone)]
pub struct State {
    pub metrics: Vec<MetricState>,
    pub groups: Vec<Groups>,
    pub ledger: Ledger,
    held: Held,
}

impl State {
    /// `seed` keys the hash tables: random per process.
    pub fn new(plan: &Plan, start_second: i64, seed: u64) -> Self {
        let metrics = plan.metrics.iter().map(|kind| MetricState::new(*kind, start_second)).collect();
        let groups = plan.groups.iter().map(|plan| Groups::new(plan.clone(), start_second, seed)).collect();
        let mut state = Self { metrics, groups, ledger: Ledger::default(), held: Held::untold(Holder::Windows) };
        state.tell_memory();
        state
    }

    /// A state without metrics, in place of one that was taken.
    pub fn empty() -> Self {
        Self { metrics: Vec::new(), groups: Vec::new(), ledger: Ledger::default(), held: Held::untold(Holder::Windows) }
    }

    /// Takes in what another worker saw in the same window.
    pub fn merge_worker(&mut self, other: &State) {
        self.merge(other, true);
        self.groups.iter_mut().zip(&other.groups).for_each(|(mine, theirs)| mine.merge_worker(theirs));
    }

    /// Takes in another window.
    pub fn merge_window(&mut self, other: &State) {
        self.merge(other, false);
        self.groups.iter_mut().zip(&other.groups).for_each(|(mine, theirs)| mine.merge_window(theirs));
    }

    fn merge(&mut self, other: &State, is_same_window: bool) {
        for (mine, theirs) in self.metrics.iter_mut().zip(&other.metrics) {
            mine.merge(theirs, is_same_window);
        }
        self.ledger += &other.ledger;
        self.tell_memory();
    }

    /// Time has moved on to this second, though nothing may have happened.
    pub fn advance(&mut self, second: i64) {
        self.metrics.iter_mut().for_each(|metric| metric.advance(second));
        self.groups.iter_mut().for_each(|groups| groups.advance(second));
    }

    /// The window ends.
    pub fn close(&mut self, end_second: i64) {
        self.metrics.iter_mut().for_each(|metric| metric.close(end_second));
        self.groups.iter_mut().for_each(|groups| groups.close(end_second));
    }

    /// Gives room back that only a window that still grows needs.
    pub fn shrink(&mut self) {
        self.metrics.iter_mut().for_each(MetricState::shrink);
        self.groups.iter_mut().for_each(Groups::shrink);
        self.tell_memory();
    }

    /// The next window has begun: takes over what holds until it is told anew.
    pub fn carry_over(&mut self, closed: &State) {
        for (mine, closed) in self.metrics.iter_mut().zip(&closed.metrics) {
            mine.carry_over(closed);
        }
    }

    pub fn memory_bytes(&self) -> usize {
        self.metrics_bytes() + self.groups.iter().map(Groups::memory_bytes).sum::<usize>()
    }

    fn metrics_bytes(&self) -> usize {
        self.metrics.iter().map(|metric| metric.memory_bytes().max(size_of::<MetricState>())).sum()
    }

    /// A copy to be read, of so many of the heaviest groups at most.
    pub fn heaviest(&self, most_groups: usize) -> Self {
        Self {
            metrics: self.metrics.clone(),
            groups: self.groups.iter().map(|groups| groups.heaviest(most_groups)).collect(),
            ledger: self.ledger.clone(),
            held: self.held.clone(),
        }
    }

    /// Says whose account it is kept in.
    pub fn belong_to(&mut self, account: &Arc<Account>) {
        self.held.belong_to(account);
        self.groups.iter_mut().for_each(|groups| groups.belong_to(account));
    }

    /// It is a copy that takes the place of what was copied.
    pub fn keep(&mut self) {
        self.held.keep();
        self.groups.iter_mut().for_each(Groups::keep);
    }

    /// Makes itself smaller where its account asks for that step.
    pub fn give_way(&mut self, step: Step) {
        self.tell_memory();
        match step {
            Step::TopLists if self.held.is_due(step, self.metrics_bytes()) => {
                let cut = self.metrics.iter_mut().map(|metric| u64::from(metric.make_small())).sum();
                self.held.count_given(step, cut);
                self.tell_memory();
            }
            Step::LightGroups => {
                for groups in &mut self.groups {
                    let gave_up = groups.give_way();
                    self.ledger.evicted.groups += gave_up.groups;
                    self.ledger.evicted.group_lists += gave_up.lists;
                }
            }
            _ => {}
        }
    }

    /// Tells its account what the metrics hold by now; groups tell by themselves.
    pub fn tell_memory(&mut self) {
        let bytes = self.metrics_bytes();
        self.held.tell(bytes);
    }
}
