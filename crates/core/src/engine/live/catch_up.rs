//! A policy that was added with lookback: it goes through the frames that are kept, then on with the live ones.
//!
//! The worker keeps each frame before it decodes it. So a policy that has read all that is kept, at a moment when the
//! worker's batch is empty, has seen exactly the frames that the other policies have seen; from then on it gets the
//! worker's batches as they do, and no packet is counted twice or left out.

use std::sync::Arc;

use super::{Fed, Intake, Policy, Timeline};
use crate::capture::lookback::{Cursor, Kept};
use crate::decode::{DecodeConfig, Decoder};
use crate::ledger::Ledger;

/// What is read between two looks at the ring at least: some milliseconds' work.
pub(super) const LEAST_BYTES: usize = 1 << 20;

/// Policies that were added at the same time, with a decoder of their own and their place among the kept frames.
pub(super) struct CatchUp {
    intake: Intake,
    since_ns: i64,
    /// A frame of that time was met: from there on all count, be some a little older than the one before.
    has_begun: bool,
    cursor: Cursor,
    decoder: Decoder,
}

impl CatchUp {
    /// Frames from the first of a time on go to the policies; their decoder fills what they need, and knows of no earlier frame.
    pub fn new(late: Vec<Fed>, since_ns: i64, kept: Arc<Kept>, decode: &DecodeConfig, timeline: &Timeline) -> Self {
        let intake = Intake::beside(late, timeline);
        let decoder = Decoder::new(DecodeConfig { needs: intake.needs(), ..decode.clone() });
        Self { intake, since_ns, has_begun: false, cursor: Cursor::new(kept), decoder }
    }

    /// Reads on for so many bytes. `true` where nothing is left to read.
    pub fn step(&mut self, most_bytes: usize) -> bool {
        let Self { intake, since_ns, has_begun, cursor, decoder } = self;
        let passage = cursor.read(most_bytes, |frame| {
            *has_begun |= frame.time_ns >= *since_ns;
            if *has_begun {
                intake.take(decoder, frame.time_ns, frame);
            }
        });
        intake.count(&Ledger::of_own_drops(passage.missed));
        intake.flush();
        passage.is_at_end
    }

    /// Lets go of policies that nobody wants; tells whether any is left.
    pub fn retain(&mut self, is_wanted: &dyn Fn(&Arc<Policy>) -> bool) -> bool {
        self.intake.retain(is_wanted);
        !self.intake.is_idle()
    }

    /// The policies, once nothing is left to read.
    pub fn into_fed(self) -> Vec<Fed> {
        self.intake.into_fed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::lookback::Lookback;
    use crate::engine::PolicyConfig;
    use crate::frame::Frame;
    use crate::metric::MetricState;
    use crate::plan::compile;
    use proptest::prelude::*;
    use serde_json::json;

    const SECOND: i64 = 1_000_000_000;

    fn policy(periods: usize) -> Arc<Policy> {
        let metrics = json!([{"kind": "counter", "feeds": [{}]}]);
        let plan = json!({"handlers": [{"table": "packet", "metrics": metrics}]}).to_string();
        let config = PolicyConfig { periods, seed: 1, ..PolicyConfig::default() };
        Arc::new(Policy::new(compile(&plan).unwrap(), config))
    }

    fn frame(time_ns: i64) -> Frame<'static> {
        Frame { time_ns, link_type: 101, interface: 0, wire_bytes: 1000, data: &[0x45; 1000] }
    }

    fn catch_up(policy: &Arc<Policy>, since_ns: i64, lookback: &Lookback) -> CatchUp {
        let late = vec![Fed { policy: policy.clone(), worker: policy.worker(since_ns, true) }];
        CatchUp::new(late, since_ns, lookback.kept(), &DecodeConfig::default(), &Timeline::default())
    }

    fn count(policy: &Policy, window: usize) -> (i64, u64) {
        let window = policy.read(window, window).unwrap();
        assert!(window.state.ledger.balances());
        match &window.state.metrics[0] {
            MetricState::Counter(count) => (window.start_ns / SECOND, count.0),
            other => panic!("{other:?} is no counter"),
        }
    }

    #[test]
    fn the_first_window_starts_in_the_past_and_holds_what_came_since() {
        let mut lookback = Lookback::new(1 << 20);
        (0..100).for_each(|second| lookback.push(&frame(second * SECOND)));
        let policy = policy(5);
        assert!(catch_up(&policy, 40 * SECOND, &lookback).step(usize::MAX));
        assert_eq!(count(&policy, 0), (40, 60));
    }

    #[test]
    fn a_window_that_ends_in_the_past_ends_as_it_would_have() {
        let mut lookback = Lookback::new(1 << 20);
        (0..70).for_each(|second| lookback.push(&frame(second * SECOND)));
        let policy = policy(5);
        assert!(catch_up(&policy, 5 * SECOND, &lookback).step(usize::MAX));
        assert_eq!((count(&policy, 1), count(&policy, 0)), ((5, 60), (65, 5)));
    }

    #[test]
    fn a_frame_a_little_older_than_the_first_counts_too() {
        let mut lookback = Lookback::new(1 << 20);
        [7, 9, 8, 10].iter().for_each(|second| lookback.push(&frame(second * SECOND)));
        let policy = policy(5);
        assert!(catch_up(&policy, 9 * SECOND, &lookback).step(usize::MAX));
        assert_eq!(count(&policy, 0), (9, 3));
    }

    #[test]
    fn frames_that_were_forgotten_before_their_turn_are_counted_as_dropped() {
        let mut lookback = Lookback::new(0);
        (0..10).for_each(|second| lookback.push(&frame(second)));
        let policy = policy(1);
        let mut catch_up = catch_up(&policy, 0, &lookback);
        (10..1000).for_each(|second| lookback.push(&frame(second)));
        assert!(catch_up.step(usize::MAX));
        let window = policy.read(0, 0).unwrap();
        let ledger = &window.state.ledger;
        assert_eq!(ledger.seen, 1000);
        assert!(ledger.dropped_by_us > 500 && ledger.balances(), "{ledger:?}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        /// However reading and capturing take turns: at its end every frame was counted once.
        #[test]
        fn nothing_is_counted_twice_or_missed(turns in proptest::collection::vec((0i64..20, 0usize..30_000), 0..30)) {
            let mut lookback = Lookback::new(4 << 20);
            (0..50).for_each(|time_ns| lookback.push(&frame(time_ns)));
            let policy = policy(1);
            let mut catch_up = catch_up(&policy, 0, &lookback);
            let mut frames = 50;
            for (live, most_bytes) in turns {
                (0..live).for_each(|time_ns| lookback.push(&frame(50 + time_ns)));
                frames += live as u64;
                catch_up.step(most_bytes);
            }
            prop_assert!(catch_up.step(usize::MAX));
            prop_assert_eq!(count(&policy, 0).1, frames);
        }
    }
}
