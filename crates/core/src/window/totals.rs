//! What a policy counted since it began, over all its windows.

use crate::ledger::Ledger;
use crate::metric::MetricState;
use crate::plan::{Plan, State};

/// Sums of counters. They are kept apart from the windows: these are forgotten, and sums must never fall.
#[derive(Debug, Clone, Default)]
pub struct Totals {
    /// By the metrics' numbers in the plan; 0 for what is no counter.
    counts: Vec<u64>,
    ledger: Ledger,
}

impl Totals {
    /// Adds what one worker saw in one window.
    pub(super) fn add(&mut self, state: &State) {
        self.counts.resize(self.counts.len().max(state.metrics.len()), 0);
        for (total, metric) in self.counts.iter_mut().zip(&state.metrics) {
            if let MetricState::Counter(count) = metric {
                *total = total.saturating_add(count.0);
            }
        }
        self.ledger += &state.ledger;
    }

    /// The sums as a window would hold them that began within this second; of what is no counter, nothing.
    pub fn state(self, plan: &Plan, start_second: i64, seed: u64) -> State {
        let mut state = State::new(plan, start_second, seed);
        for (metric, total) in state.metrics.iter_mut().zip(self.counts) {
            if let MetricState::Counter(count) = metric {
                count.0 = total;
            }
        }
        state.ledger = self.ledger;
        state
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;
    use serde_json::json;

    use crate::decode::Batch;
    use crate::engine::{Policy, PolicyConfig};
    use crate::table::PacketRow;
    use crate::window::NANOSECONDS;

    fn policy(periods: usize) -> Arc<Policy> {
        let metrics = json!([
            {"kind": "counter", "feeds": [{}]},
            {"kind": "counter", "feeds": [{"column": "packet.bytes"}]},
            {"kind": "cardinality", "feeds": [{"column": "ip.src"}]},
        ]);
        let plan = json!({"handlers": [{"table": "packet", "metrics": metrics}]});
        let config = PolicyConfig { periods, seed: 1, ..PolicyConfig::default() };
        Arc::new(Policy::new(crate::plan::compile(&plan.to_string()).unwrap(), config))
    }

    fn batch(seconds: &[i64]) -> Batch {
        let mut batch = Batch::default();
        for second in seconds {
            batch.packets.push(&PacketRow { time_ns: second * NANOSECONDS, bytes: 100, ..PacketRow::EMPTY });
            batch.ledger.seen += 1;
            batch.ledger.decoded += 1;
        }
        batch
    }

    fn told(policy: &Policy) -> (u64, u64, u64) {
        let state = policy.totals(0).state;
        (state.metrics[0].count(), state.metrics[1].count(), state.ledger.seen)
    }

    proptest! {
        #[test]
        fn totals_are_all_that_was_ever_fed_whatever_ends_and_however_few_windows_are_kept(
            periods in 1..4_usize,
            batches in prop::collection::vec((prop::collection::vec(0..900_i64, 0..5), any::<bool>()), 1..12),
        ) {
            let policy = policy(periods);
            let (mut first, mut second) = (policy.worker(0, true), Some(policy.worker(0, true)));
            let mut fed = 0;
            for (seconds, goes_to_second) in batches {
                let worker = if goes_to_second { second.get_or_insert_with(|| policy.worker(0, true)) } else { &mut first };
                worker.process(&batch(&seconds));
                fed += seconds.len() as u64;
                prop_assert_eq!(told(&policy), (fed, 100 * fed, fed));
                if seconds.len() == 1 {
                    second = None;
                }
                prop_assert_eq!(told(&policy).0, fed, "what a worker saw stays when it leaves");
            }
            drop((first, second));
            policy.end();
            prop_assert_eq!(told(&policy), (fed, 100 * fed, fed));
        }
    }

    #[test]
    fn what_an_earlier_process_counted_is_no_part_of_the_totals() {
        let before = policy(3);
        before.worker(0, false).process(&batch(&[1, 2, 61]));
        let saved: Vec<_> =
            before.store().windows().iter().filter_map(|(number, _)| before.save_window(*number)).collect();
        let after = policy(3);
        assert_eq!(after.restore(saved.iter().map(Vec::as_slice)).unwrap(), 2);
        assert_eq!(told(&after).0, 0);
        after.worker(62 * NANOSECONDS, false).process(&batch(&[62, 63]));
        assert_eq!((told(&after).0, after.read(0, 0).unwrap().state.metrics[0].count()), (2, 3));
    }
}
