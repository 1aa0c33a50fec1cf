use super::*;
use crate::hash::hash_word;
use proptest::prelude::*;

/// Half the width of a bucket, relative to its middle.
const ERROR: f64 = BUCKET_ERROR;

fn of_integers(values: &[u64]) -> Distribution {
    let mut distribution = Distribution::new();
    values.iter().for_each(|&value| distribution.record(value));
    distribution
}

fn of_floats(values: &[f64]) -> Distribution {
    let mut distribution = Distribution::new();
    values.iter().for_each(|&value| distribution.record_f64(value));
    distribution
}

fn union_of(parts: &[&Distribution]) -> Distribution {
    let mut union = Distribution::new();
    parts.iter().for_each(|part| union.merge(part));
    union
}

/// Everything that a distribution shows; its bytes hold all that the answers are made of.
fn shown(distribution: &Distribution) -> impl PartialEq + std::fmt::Debug + use<> {
    let numbers = (distribution.count(), distribution.sum(), distribution.quantile(0.9));
    (distribution.to_bytes(), numbers, distribution.exponential())
}

/// Values of all magnitudes.
fn spread(seed: u64, count: u64) -> Vec<u64> {
    (0..count).map(|at| hash_word(seed, at)).map(|random| random >> (random % 64)).collect()
}

/// The definition of a quantile, on all values.
fn true_quantile(values: &mut [u64], p: f64) -> u64 {
    values.sort_unstable();
    values[((p * values.len() as f64).ceil() as usize).clamp(1, values.len()) - 1]
}

#[test]
fn nothing_has_no_quantiles() {
    let empty = Distribution::new();
    assert!(empty.is_empty());
    assert_eq!((empty.quantile(0.5), empty.min(), empty.max(), empty.sum()), (None, None, None, 0.0));
    let nothing = Exponential { scale: 6, zero_threshold: 2_f64.powi(-32), zero_count: 0, offset: 0, counts: vec![] };
    assert_eq!(empty.exponential(), nothing);
    assert_eq!(empty.cumulative(&[1.0]), [0]);
}

#[test]
fn small_windows_are_exact_and_inclusive() {
    let distribution = of_integers(&[100, 1500, 40, 60]);
    let quantile = |p| distribution.quantile(p).unwrap();
    assert_eq!(
        [quantile(0.0), quantile(0.25), quantile(0.5), quantile(0.51), quantile(1.0)],
        [40.0, 40.0, 60.0, 100.0, 1500.0]
    );
    assert_eq!((quantile(f64::NAN), quantile(7.0)), (40.0, 1500.0));
    assert_eq!(distribution.cumulative(&[39.0, 40.0, 100.5, 1e9]), [0, 1, 3, 4]);
    assert_eq!((distribution.count(), distribution.sum()), (4, 1700.0));
    assert_eq!((distribution.min(), distribution.max()), (Some(40.0), Some(1500.0)));
}

#[test]
fn large_windows_are_within_the_error_at_every_magnitude() {
    let mut values = spread(1, 20_000);
    let distribution = of_integers(&values);
    for p in (0..=1000).map(|part| f64::from(part) / 1000.0) {
        let (quantile, expected) = (distribution.quantile(p).unwrap(), true_quantile(&mut values, p) as f64);
        assert!((quantile - expected).abs() <= ERROR * expected, "{p}: {quantile} is not {expected}");
    }
    assert_eq!(distribution.quantile(1.0), distribution.max());
}

#[test]
fn small_whole_numbers_are_exact_even_in_large_windows() {
    let values: Vec<u64> = (0..10_000).map(|at| at % 92).collect();
    let distribution = of_integers(&values);
    for value in 0..92_u64 {
        assert_eq!(distribution.quantile((value as f64 + 0.5) / 92.0), Some(value as f64));
    }
    let bounds: Vec<f64> = (0..92).map(f64::from).collect();
    let below: Vec<u64> = (0..92).map(|bound| values.iter().filter(|&&value| value <= bound).count() as u64).collect();
    assert_eq!(distribution.cumulative(&bounds), below);
}

#[test]
fn fractions_keep_their_error_and_what_makes_no_sense_is_zero() {
    let values: Vec<f64> = (1..=5000).map(|at| f64::from(at) / 50_000.0).collect();
    let distribution = of_floats(&values);
    let median = distribution.quantile(0.5).unwrap();
    assert!((median / 0.05 - 1.0).abs() <= ERROR, "{median}");
    assert!((distribution.sum() - values.iter().sum::<f64>()).abs() < 1e-5);

    let odd = of_floats(&[f64::NAN, -1.0, -0.0, f64::NEG_INFINITY, f64::INFINITY]);
    assert_eq!((odd.min(), odd.quantile(0.8), odd.max()), (Some(0.0), Some(0.0), Some(GREATEST)));
    assert_eq!(odd.exponential().zero_count, 4);
}

#[test]
fn buckets_are_those_of_opentelemetry() {
    // Upper boundaries belong to the bucket: 1 is in index -1, 2 in 63, 4 in 127.
    let Exponential { scale, zero_count, offset, counts, .. } = of_integers(&[0, 1, 2, 4]).exponential();
    assert_eq!((scale, zero_count, offset, counts.len()), (6, 1, -1, 129));
    assert_eq!((counts[0], counts[64], counts[128]), (1, 1, 1));

    for value in [3_u64, 5, 91, 1000, 1500, 65_535, 1 << 40, (1 << 53) - 1, u64::MAX] {
        let Exponential { offset, counts, .. } = of_integers(&[value]).exponential();
        assert_eq!(counts, [1]);
        let boundary = |index: i32| (f64::from(index) / 64.0).exp2();
        let value = value as f64;
        assert!(boundary(offset) < value && value <= boundary(offset + 1), "{value} in bucket {offset}");
        assert_eq!(of_floats(&[value]).exponential().offset, offset);
    }
    assert_eq!(of_floats(&[0.4999]).exponential().offset, -65);

    let threshold = of_integers(&[]).exponential().zero_threshold;
    let around = of_floats(&[threshold.next_down(), threshold]).exponential();
    assert_eq!((around.zero_count, around.counts), (1, vec![1]));
}

#[test]
fn the_fast_path_counts_in_the_same_buckets_as_the_slow_one() {
    let values = spread(2, 3000);
    let mut fast = of_integers(&[1; 600]);
    let mut slow = fast.clone();
    for &value in &values {
        fast.record(value);
        slow.record_f64(value as f64);
    }
    assert_eq!(shown(&fast), shown(&slow));
}

#[test]
fn many_at_once_are_as_many_one_by_one() {
    let mut many = Distribution::new();
    many.record_many(7, 300);
    many.record_many(9, 0);
    assert_eq!(shown(&many), shown(&of_integers(&[7; 300])));
    many.record_many(7, 300);
    assert_eq!(shown(&many), shown(&of_integers(&[7; 600])));
    many.record_many(8, u64::MAX);
    assert_eq!((many.count(), many.quantile(0.5)), (u64::MAX, Some(8.0)));
    assert_eq!(many.cumulative(&[6.0, 7.0]), [0, 600]);
}

#[test]
fn memory_follows_the_range_of_the_values() {
    assert!(Distribution::new().memory_bytes() < 256);
    let payload_sizes: Vec<u64> = (0..10_000).map(|at| 40 + at % 1460).collect();
    assert!(of_integers(&payload_sizes).memory_bytes() < 4096);
    assert!(of_integers(&spread(3, 10_000)).memory_bytes() < 80 << 10);
}

fn any_values() -> impl Strategy<Value = Distribution> {
    let seeds = (any::<u64>(), prop_oneof![0_u64..4, 0_u64..300, 400_u64..900]);
    (seeds, any::<bool>()).prop_map(|((seed, count), fractions)| {
        let values = spread(seed, count);
        match fractions {
            true => of_floats(&values.iter().map(|&value| value as f64 / 1e9).collect::<Vec<_>>()),
            false => of_integers(&values),
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn merging_has_no_order_and_nothing_changes_nothing(a in any_values(), b in any_values(), c in any_values()) {
        prop_assert_eq!(shown(&union_of(&[&a, &b])), shown(&union_of(&[&b, &a])));
        prop_assert_eq!(shown(&union_of(&[&union_of(&[&a, &b]), &c])), shown(&union_of(&[&a, &union_of(&[&b, &c])])));
        prop_assert_eq!(shown(&union_of(&[&a, &Distribution::new()])), shown(&a));
    }

    #[test]
    fn merging_is_counting_both_streams(seed in any::<u64>(), count in 0_u64..1200, cut in 0_u64..1200) {
        let values = spread(seed, count);
        let (front, back) = values.split_at(cut.min(count) as usize);
        prop_assert_eq!(shown(&union_of(&[&of_integers(back), &of_integers(front)])), shown(&of_integers(&values)));
    }

    /// Be they kept one by one or in buckets.
    #[test]
    fn octaves_tell_each_value_by_the_power_of_two_that_it_is_not_above(
        values in prop::collection::vec(prop_oneof![0_u64..200, any::<u64>()], 0..1200),
    ) {
        let mut counts = [0; OCTAVES];
        for value in &values {
            let is_within = |power: &i32| *value as f64 <= 2_f64.powi(*power);
            let power = (LEAST_OCTAVE..LEAST_OCTAVE + OCTAVES as i32 - 1).find(is_within);
            counts[power.map_or(OCTAVES - 1, |power| (power - LEAST_OCTAVE) as usize)] += 1;
        }
        prop_assert_eq!(of_integers(&values).octaves(), counts);
    }

    #[test]
    fn bytes_come_back_the_same(distribution in any_values()) {
        let read = Distribution::from_bytes(&distribution.to_bytes()).unwrap();
        prop_assert_eq!(shown(&read), shown(&distribution));
    }

    #[test]
    fn no_bytes_make_it_panic(
        distribution in any_values(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = distribution.to_bytes();
        damage.iter().for_each(|(at, byte)| *at.get_mut(&mut bytes) = *byte);
        let _ = Distribution::from_bytes(&bytes[..cut.index(bytes.len())]);
        if let Ok(mut read) = Distribution::from_bytes(&bytes) {
            read.merge(&distribution);
            read.record(5);
            read.quantile(0.5);
            read.cumulative(&[1.0, 2.0]);
            read.to_bytes();
        }
    }
}

#[test]
fn counts_beyond_all_numbers_are_written_and_read_again() {
    let mut distribution = Distribution::new();
    distribution.record_many(7, u64::MAX);
    distribution.record_many(9, u64::MAX);
    distribution.merge(&distribution.clone());
    let again = Distribution::from_bytes(&distribution.to_bytes()).unwrap();
    assert_eq!((again.count(), again.max()), (u64::MAX, Some(9.0)));
}
