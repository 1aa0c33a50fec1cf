use std::sync::Arc;

use proptest::prelude::*;
use serde_json::json;

use crate::decode::Batch;
use crate::engine::{Policy, PolicyConfig, PolicyWorker};
use crate::ledger::Ledger;
use crate::memory::{Account, Holder, Step};
use crate::table::PacketRow;
use crate::window::{MOST_STEPPED, MOST_STEPPED_HISTOGRAMS, MOST_STEPS, NANOSECONDS, Series};

const SECOND: i64 = NANOSECONDS;
const COUNTER: usize = 0;
const BYTES: usize = 1;
const SIZES: usize = 2;

/// Packets, their bytes, how these are spread, and how many addresses there are, in steps of so many seconds.
fn policy(step_s: u32, config: PolicyConfig) -> Arc<Policy> {
    let metrics = json!([
        {"kind": "counter", "feeds": [{}]},
        {"kind": "counter", "feeds": [{"column": "packet.bytes"}]},
        {"kind": "distribution", "feeds": [{"column": "packet.bytes"}]},
        {"kind": "cardinality", "feeds": [{"column": "ip.src"}]},
    ]);
    let plan = json!({"handlers": [{"table": "packet", "metrics": metrics}]});
    let stepped = (0..4).map(|metric| (0, metric)).collect();
    let config = PolicyConfig { seed: 1, step_s, stepped, ..config };
    Arc::new(Policy::new(crate::plan::compile(&plan.to_string()).unwrap(), config))
}

fn usual() -> Arc<Policy> {
    policy(10, PolicyConfig { periods: 9, ..PolicyConfig::default() })
}

/// A packet of so many bytes at each of these seconds.
fn batch(packets: &[(i64, u32)]) -> Batch {
    let mut batch = Batch::default();
    for (second, bytes) in packets {
        batch.packets.push(&PacketRow { time_ns: second * SECOND, bytes: *bytes, ..PacketRow::EMPTY });
        batch.ledger.seen += 1;
        batch.ledger.decoded += 1;
    }
    batch
}

/// Each packet as a batch of its own, as far as steps are concerned: the ledger of a batch is that of the step that it ends in.
fn feed(worker: &mut PolicyWorker, packets: &[(i64, u32)]) {
    packets.iter().for_each(|packet| worker.process(&batch(&[*packet])));
}

fn counts(series: &Series) -> Vec<Option<u64>> {
    series.counter(COUNTER).unwrap()
}

fn seen(series: &Series) -> Vec<Option<u64>> {
    series.ledger().find(|(name, _)| *name == "seen").unwrap().1
}

fn sum(counts: &[Option<u64>]) -> u64 {
    counts.iter().flatten().sum()
}

#[test]
fn a_step_tells_what_was_counted_in_its_ten_seconds_and_zero_where_nothing_came() {
    let policy = usual();
    let mut worker = policy.worker(1003 * SECOND, false);
    feed(&mut worker, &[(1003, 60), (1009, 60), (1010, 60), (1035, 60), (1047, 60)]);
    let series = policy.series();
    assert_eq!((series.start_s(), series.length_s(), policy.newest_step_s()), (1000, 10, Some(1030)));
    assert_eq!(counts(&series), [Some(2), Some(1), Some(0), Some(1)], "the fifth is not over");
    assert_eq!(seen(&series), counts(&series));
    assert_eq!(series.counter(BYTES).unwrap()[0], Some(120));
    assert!(
        series.counter(SIZES).is_none() && series.counter(3).is_none() && series.histogram(COUNTER, None).is_none()
    );
    drop(worker);
    assert_eq!(counts(&policy.series()).last(), Some(&Some(1)), "nobody adds to the last one any more");
}

#[test]
fn where_no_input_was_at_work_there_is_nothing_and_not_zero() {
    let policy = usual();
    feed(&mut policy.worker(1003 * SECOND, false), &[(1003, 60)]);
    feed(&mut policy.worker(1031 * SECOND, false), &[(1031, 60)]);
    assert_eq!(counts(&policy.series()), [Some(1), None, None, Some(1)]);
}

#[test]
fn time_that_passes_without_packets_ends_steps_too() {
    let policy = usual();
    let mut worker = policy.worker(1003 * SECOND, true);
    assert!(policy.series().is_empty());
    worker.advance(1025 * SECOND);
    assert_eq!(counts(&policy.series()), [Some(0), Some(0)]);
}

#[test]
fn a_step_is_over_once_the_slowest_worker_has_ended_it() {
    let policy = usual();
    let (mut fast, mut slow) = (policy.worker(1000 * SECOND, true), policy.worker(1000 * SECOND, true));
    feed(&mut fast, &[(1001, 60), (1011, 60), (1021, 60)]);
    feed(&mut slow, &[(1002, 60)]);
    assert!(policy.series().is_empty(), "the slow one may have packets of the first");
    feed(&mut slow, &[(1012, 60)]);
    assert_eq!(counts(&policy.series()), [Some(2)]);
    drop(slow);
    assert_eq!(counts(&policy.series()), [Some(2), Some(2)], "who is gone is waited for no longer");
}

#[test]
fn late_packets_count_into_the_step_that_is_open() {
    let policy = usual();
    feed(&mut policy.worker(1003 * SECOND, false), &[(1003, 60), (1011, 60), (1004, 60)]);
    assert_eq!(counts(&policy.series()), [Some(1), Some(2)]);
}

#[test]
fn windows_that_end_within_a_step_share_it() {
    let policy = policy(10, PolicyConfig { periods: 9, length_s: 4, ..PolicyConfig::default() });
    feed(&mut policy.worker(1001 * SECOND, false), &[(1001, 60), (1004, 60), (1005, 60), (1009, 60), (1013, 60)]);
    assert_eq!(policy.store().available(), 4);
    assert_eq!(counts(&policy.series()), [Some(4), Some(1)]);
}

#[test]
fn of_days_the_last_hour_stays() {
    let policy = usual();
    let packets: Vec<_> = (0..48).map(|hour| (3600 * hour + 5, 60)).collect();
    feed(&mut policy.worker(5 * SECOND, false), &packets);
    let series = policy.series();
    assert_eq!((series.len(), series.start_s()), (MOST_STEPS, 47 * 3600 - 3590));
    assert_eq!((counts(&series)[0], sum(&counts(&series))), (Some(0), 1));
}

#[test]
fn a_worker_that_is_hours_behind_changes_nothing_of_the_last_hour() {
    let policy = usual();
    feed(&mut policy.worker(9000 * SECOND, false), &[(9001, 60), (9011, 60)]);
    feed(&mut policy.worker(10 * SECOND, false), &[(11, 60), (5000, 60), (9002, 60)]);
    assert_eq!(counts(&policy.series())[counts(&policy.series()).len() - 2..], [Some(2), Some(1)]);
}

#[test]
fn where_the_clock_is_set_steps_go_on_and_are_told_by_the_new_one() {
    let policy = usual();
    let mut worker = policy.worker(7203 * SECOND, true);
    feed(&mut worker, &[(7203, 60), (7215, 60)]);
    worker.correct(3600 * SECOND + SECOND);
    feed(&mut worker, &[(7227, 60), (7238, 60), (7249, 60)]);
    let series = policy.series();
    assert_eq!(series.start_s(), 3600, "as if the clock had always shown what it shows now");
    assert_eq!(counts(&series), [Some(1), Some(1), Some(1), Some(1)]);
    worker.correct(0);
    feed(&mut worker, &[(7262, 60), (7273, 60)]);
    assert_eq!((policy.series().start_s(), policy.newest_step_s()), (7200, Some(7260)));
}

#[test]
fn a_worker_that_knows_of_a_clock_that_was_set_agrees_with_the_others() {
    let policy = usual();
    let (mut one, mut other) = (policy.worker(7203 * SECOND, true), policy.worker(7203 * SECOND, true));
    one.correct_open(3600 * SECOND + 400);
    other.correct_open(3600 * SECOND - 400);
    feed(&mut one, &[(7204, 60), (7214, 60)]);
    feed(&mut other, &[(7205, 60), (7216, 60)]);
    drop((one, other));
    assert_eq!((policy.series().start_s(), counts(&policy.series())), (3600, vec![Some(2), Some(2)]));
}

#[test]
fn whatever_the_times_steps_come_to_an_end() {
    const EXTREMES: [i64; 7] = [i64::MAX, i64::MIN, 0, i64::MAX - 1, i64::MAX - 61 * SECOND, i64::MIN + 1, i64::MAX];
    for start_ns in EXTREMES {
        for correction_ns in EXTREMES {
            let policy = usual();
            let mut worker = policy.worker(start_ns, true);
            worker.correct(correction_ns);
            EXTREMES.into_iter().for_each(|time_ns| worker.advance(time_ns));
            drop(worker);
            assert!(policy.series().len() <= MOST_STEPS);
        }
    }
}

#[test]
fn histograms_tell_how_values_of_each_step_are_spread() {
    let policy = usual();
    let mut worker = policy.worker(1000 * SECOND, false);
    feed(&mut worker, &[(1000, 64), (1001, 65), (1002, 1500), (1010, 0), (1011, 128)]);
    // More than are kept one by one.
    (0..600).for_each(|_| feed(&mut worker, &[(1021, 128)]));
    drop(worker);
    let series = policy.series();
    let found = series.histogram(SIZES, Some(6..9)).unwrap();
    assert_eq!(found.powers, 6..9);
    let counted = [vec![1, 1, 0, 1], vec![1, 1, 0, 0], vec![0, 600, 0, 0]];
    assert_eq!(found.counts, counted.map(Some), "up to 64, 128 and 256 bytes, and above");
    let found = series.histogram(SIZES, None).unwrap();
    assert_eq!((found.powers, found.counts[0].as_ref().unwrap().iter().sum()), (-10..12, 3_u64));
}

#[test]
fn a_policy_without_steps_has_none() {
    let policy = policy(0, PolicyConfig::default());
    feed(&mut policy.worker(0, false), &[(0, 60), (3600, 60)]);
    assert!(policy.series().is_empty() && policy.memory().held(Holder::Steps) == 0);
}

#[test]
fn steps_are_held_and_the_older_half_gives_way() {
    let whole = Arc::new(Account::default());
    let policy = policy(10, PolicyConfig { periods: 2, memory: whole.clone(), ..PolicyConfig::default() });
    let mut worker = policy.worker(0, false);
    feed(&mut worker, &(0..200).map(|step| (10 * step, 60)).collect::<Vec<_>>());
    let held = policy.memory().held(Holder::Steps);
    assert!(held > 199 * 10, "{held}");
    whole.set_budget(1);
    feed(&mut worker, &[(2000, 60)]);
    assert_eq!((policy.series().len(), whole.given(Step::Steps)), (100, 100));
    drop((worker, policy));
    assert_eq!(whole.total(), 0);
}

#[test]
fn metrics_for_which_there_is_no_room_are_told() {
    let histograms = MOST_STEPPED_HISTOGRAMS + 2;
    let distribution = |at: usize| json!({"kind": "distribution", "feeds": [{"column": "packet.bytes", "where": ["eq", "packet.bytes", at]}]});
    let counter = |at: usize| json!({"kind": "counter", "feeds": [{"where": ["eq", "packet.bytes", at]}]});
    let metrics: Vec<_> = (0..histograms).map(distribution).chain((0..MOST_STEPPED).map(counter)).collect();
    let plan = json!({"handlers": [{"table": "packet", "metrics": metrics}]});
    let stepped: Vec<_> = (0..metrics.len()).map(|metric| (0, metric)).collect();
    let config = PolicyConfig { stepped, ..PolicyConfig::default() };
    let policy = Policy::new(crate::plan::compile(&plan.to_string()).unwrap(), config);
    assert_eq!(policy.left_out_of_steps(), metrics.len() - MOST_STEPPED);
    let series = policy.series();
    let has = |metric: usize| series.histogram(metric, None).is_some() || series.counter(metric).is_some();
    assert!(
        has(MOST_STEPPED_HISTOGRAMS - 1) && !has(MOST_STEPPED_HISTOGRAMS) && has(histograms) && !has(metrics.len() - 1)
    );
}

#[test]
fn what_is_lost_outside_of_batches_is_in_the_step_that_is_open() {
    let policy = usual();
    let mut worker = policy.worker(1000 * SECOND, true);
    feed(&mut worker, &[(1001, 60), (1011, 60)]);
    worker.account(&Ledger::of_kernel_drops(7));
    drop(worker);
    assert_eq!(seen(&policy.series()), [Some(1), Some(8)]);
}

proptest! {
    /// However packets are shared out among workers and batches, and whatever ends windows and workers.
    #[test]
    fn steps_add_up_to_what_windows_counted(
        length_s in prop::sample::select(vec![3_u32, 10, 25, 60]),
        step_s in prop::sample::select(vec![1_u32, 7, 10, 300]),
        packets in prop::collection::vec((0..300_i64, 1..3000_u32, 0..3_usize, any::<bool>()), 1..60),
    ) {
        let policy = policy(step_s, PolicyConfig { periods: 400, length_s, ..PolicyConfig::default() });
        let mut workers: Vec<_> = (0..3).map(|_| Some(policy.worker(0, true))).collect();
        for (second, bytes, worker, goes) in &packets {
            let worker = &mut workers[*worker];
            worker.get_or_insert_with(|| policy.worker(second * SECOND, true)).process(&batch(&[(*second, *bytes), (*second + 9, 60)]));
            if *goes {
                *worker = None;
            }
        }
        drop(workers);
        let (series, whole) = (policy.series(), policy.read(0, 399).unwrap());
        let states = [COUNTER, BYTES].map(|metric| whole.state.metrics[metric].count());
        prop_assert_eq!([COUNTER, BYTES].map(|metric| sum(&series.counter(metric).unwrap())), states);
        prop_assert_eq!(sum(&seen(&series)), whole.state.ledger.seen);
        let spread: u64 = series.histogram(SIZES, None).unwrap().counts.iter().flatten().flatten().sum();
        prop_assert_eq!(spread, states[0]);
    }

    /// Where windows begin and end with steps, those of a window are its own.
    #[test]
    fn the_steps_of_a_window_add_up_to_it(
        seconds in prop::collection::vec(0..300_i64, 1..60),
    ) {
        let policy = policy(10, PolicyConfig { periods: 9, length_s: 60, ..PolicyConfig::default() });
        let mut workers = [policy.worker(0, true), policy.worker(0, true)];
        let mut seconds = seconds;
        seconds.sort_unstable();
        for window in 0..5 {
            for worker in &mut workers {
                worker.advance(60 * window * SECOND);
            }
            for (at, second) in seconds.iter().filter(|second| *second / 60 == window).enumerate() {
                workers[at % 2].process(&batch(&[(*second, 60)]));
            }
        }
        drop(workers);
        let counted = counts(&policy.series());
        for (window, steps) in counted.chunks(6).enumerate() {
            prop_assert_eq!(sum(steps), policy.store().window(window).map_or(0, |window| window.state.metrics[0].count()));
        }
    }
}
