use super::*;
use crate::sketch::reader::Reader;
use proptest::prelude::*;

/// Events as (seconds after the one before, amount), from second 100 on.
fn rate_of(steps: &[(i64, u64)]) -> Rate {
    let mut rate = Rate::new(100);
    let mut second = 100;
    for &(step, amount) in steps {
        second += step;
        rate.add(second, amount);
    }
    rate
}

fn shown(rate: &Rate) -> (Vec<u8>, u64, bool) {
    (rate.to_bytes(), rate.live(), rate.is_empty())
}

fn parallel(parts: &[&Rate]) -> Rate {
    let mut union = Rate::new(100);
    parts.iter().for_each(|part| union.merge_parallel(part));
    union
}

fn serial(parts: &[&Rate]) -> Rate {
    let mut union = Rate::new(100);
    parts.iter().for_each(|part| union.merge_serial(part));
    union
}

/// Values of complete seconds, ascending.
fn seconds(rate: &Rate) -> Vec<f64> {
    let distribution = rate.distribution();
    (1..=distribution.count()).map(|n| distribution.quantile(n as f64 / distribution.count() as f64).unwrap()).collect()
}

#[test]
fn a_second_is_told_once_it_is_complete_and_gaps_are_zeros() {
    let mut rate = Rate::new(100);
    assert!(rate.is_empty());
    rate.add(100, 3);
    rate.add(100, 4);
    assert!(!rate.is_empty());
    assert_eq!((rate.live(), rate.distribution().count()), (0, 0));
    rate.add(103, 5);
    assert_eq!((rate.live(), seconds(&rate)), (0, vec![0.0, 0.0, 7.0]));
    rate.advance(104);
    assert_eq!((rate.live(), seconds(&rate)), (5, vec![0.0, 0.0, 5.0, 7.0]));
}

#[test]
fn late_events_count_in_the_current_second() {
    let mut rate = rate_of(&[(0, 1), (2, 1)]);
    rate.add(100, 1);
    rate.advance(50);
    rate.advance(103);
    assert_eq!(seconds(&rate), [0.0, 1.0, 2.0]);
}

#[test]
fn closing_completes_the_last_second_and_ends_live() {
    let mut rate = rate_of(&[(0, 1), (2, 9)]);
    assert_eq!(rate.live(), 0);
    rate.close(102);
    rate.close(110);
    assert_eq!((rate.live(), seconds(&rate)), (0, vec![0.0, 1.0, 9.0]));

    let mut quiet = rate_of(&[(0, 1)]);
    quiet.close(102);
    assert_eq!(seconds(&quiet), [0.0, 1.0], "second 102 belongs to the next window");
}

#[test]
fn workers_add_up_second_by_second() {
    let union = parallel(&[&rate_of(&[(0, 1), (1, 2), (2, 5)]), &rate_of(&[(1, 10), (1, 20)])]);
    assert_eq!((union.live(), seconds(&union)), (20, vec![1.0, 12.0, 20.0]));
}

#[test]
fn windows_stand_side_by_side_and_the_open_one_is_live() {
    let mut closed = rate_of(&[(0, 1), (1, 2)]);
    closed.close(102);
    let mut open = Rate::new(102);
    open.add(102, 7);
    open.add(103, 1);
    let union = serial(&[&closed, &open]);
    assert_eq!((union.live(), seconds(&union)), (7, vec![1.0, 2.0, 7.0]));
}

#[test]
fn years_without_events_take_no_time_and_no_memory() {
    let mut rate = Rate::new(i64::MIN);
    rate.add(i64::MIN, 5);
    rate.add(0, 6);
    rate.add(i64::MAX - 1, 7);
    rate.close(i64::MAX);
    assert_eq!(rate.distribution().count(), u64::MAX);
    assert_eq!(rate.distribution().max(), Some(7.0));
    assert!(rate.memory_bytes() < 128 << 10);

    let mut year = Rate::new(0);
    year.add(0, 5);
    year.add(365 * 86_400, 5);
    assert_eq!(year.distribution().count(), 365 * 86_400);
    assert_eq!(year.distribution().sum(), 5.0);
}

#[test]
fn seconds_beyond_those_kept_are_folded_and_not_lost() {
    let steps: Vec<(i64, u64)> = (0..10_000).map(|at| (1, at % 7)).collect();
    let rate = rate_of(&steps);
    assert_eq!(rate.distribution().count(), 10_000);
    assert_eq!(rate.distribution().sum(), steps[..9_999].iter().map(|step| step.1).sum::<u64>() as f64);
    assert!(rate.memory_bytes() < 128 << 10);
}

#[test]
fn what_was_read_from_bytes_merges_as_another_window() {
    let rate = rate_of(&[(0, 1), (1, 2), (1, 3)]);
    let read = Rate::from_bytes(&rate.to_bytes()).unwrap();
    assert_eq!((read.live(), seconds(&read)), (0, vec![1.0, 2.0]));
    assert_eq!(shown(&parallel(&[&read, &rate])), shown(&parallel(&[&rate, &read])));
    assert_eq!(seconds(&parallel(&[&read, &rate])), [1.0, 1.0, 2.0, 2.0]);
    assert!(Rate::from_bytes(&[9, 9, 9]).is_err());
}

fn any_rate() -> impl Strategy<Value = Rate> {
    let step = prop_oneof![4 => 0_i64..3, 1 => 0_i64..40];
    (prop::collection::vec((step, 0_u64..2000), 0..60), prop::option::of(0_i64..3000)).prop_map(|(steps, end)| {
        let mut rate = rate_of(&steps);
        if let Some(end) = end {
            rate.close(100 + end);
        }
        rate
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_saved_comes_back_and_goes_on(a in any_rate(), b in any_rate(), amount in 0_u64..9) {
        let whole = serial(&[&parallel(&[&a, &b]), &b]);
        for rate in [a, b, whole] {
            let mut out = Vec::new();
            rate.save(&mut out);
            let mut back = Rate::restore(&mut Reader::new("test", &out)).unwrap();
            prop_assert_eq!(shown(&back), shown(&rate));
            let mut rate = rate;
            for rate in [&mut rate, &mut back] {
                rate.add(10_000, amount);
                rate.close(10_001);
            }
            prop_assert_eq!(shown(&back), shown(&rate));
        }
    }

    #[test]
    fn merging_has_no_order_and_a_new_rate_changes_nothing(a in any_rate(), b in any_rate(), c in any_rate()) {
        for union in [parallel, serial] {
            prop_assert_eq!(shown(&union(&[&a, &b])), shown(&union(&[&b, &a])));
            prop_assert_eq!(shown(&union(&[&union(&[&a, &b]), &c])), shown(&union(&[&a, &union(&[&b, &c])])));
            prop_assert_eq!(shown(&union(&[&a, &Rate::new(100)])), shown(&union(&[&a])));
        }
        let mut same = a.clone();
        same.merge_parallel(&Rate::new(100));
        same.merge_serial(&Rate::new(100));
        prop_assert_eq!(shown(&same), shown(&a));
    }
}
