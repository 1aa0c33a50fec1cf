use super::*;
use datasketches::common::NumStdDev;
use datasketches::hash::value::raw_bytes;
use datasketches::hll::{HllSketch, HllType, HllUnion};
use proptest::prelude::*;
use std::ops::Range;

fn sketch_of(values: Range<u64>) -> Hll {
    let mut sketch = Hll::new();
    values.for_each(|value| sketch.update_bytes(&value.to_le_bytes()));
    sketch
}

fn oracle_of(values: Range<u64>, kind: HllType, lg_k: u8) -> HllSketch {
    let mut sketch = HllSketch::new(lg_k, kind).unwrap();
    values.for_each(|value| sketch.update(raw_bytes::from_slice(&value.to_le_bytes())));
    sketch
}

fn union_of(sketches: &[&Hll]) -> Hll {
    let mut union = Hll::new();
    sketches.iter().for_each(|sketch| union.merge(sketch));
    union
}

fn assert_close(actual: f64, expected: f64, relative: f64) {
    assert!((actual - expected).abs() <= relative * expected.abs(), "{actual} is not {expected} within {relative}");
}

#[test]
fn nothing_is_nothing() {
    let mut sketch = Hll::new();
    sketch.update_bytes(b"");
    assert!(sketch.is_empty());
    assert_eq!((sketch.estimate(), sketch.lower_bound(2), sketch.upper_bound(2)), (0.0, 0.0, 0.0));
}

#[test]
fn small_sets_are_counted_exactly_however_often_a_value_comes() {
    for count in [1, 7, 8, 9, 100, 384] {
        let mut sketch = sketch_of(0..count);
        sketch.merge(&sketch_of(0..count));
        assert_eq!(sketch.estimate().round(), count as f64);
    }
}

#[test]
fn estimates_and_bounds_are_those_of_datasketches_at_every_size() {
    for count in [1, 7, 8, 384, 385, 386, 1000, 5000, 20_000, 200_000] {
        let (ours, theirs) = (sketch_of(0..count), oracle_of(0..count, HllType::Hll8, 12));
        assert_close(ours.estimate(), theirs.estimate(), 1e-6);
        assert_close(ours.lower_bound(2), theirs.lower_bound(NumStdDev::Two), 1e-3);
        assert_close(ours.upper_bound(2), theirs.upper_bound(NumStdDev::Two), 1e-3);
    }
}

#[test]
fn merged_estimates_are_near_the_truth_and_near_those_of_datasketches() {
    for count in [400_u64, 1000, 3000, 6000, 10_000, 50_000, 300_000] {
        let middle = count / 2;
        let ours = union_of(&[&sketch_of(0..middle), &sketch_of(middle..count)]);
        let mut theirs = HllUnion::new(12).unwrap();
        theirs.update(&oracle_of(0..middle, HllType::Hll8, 12));
        theirs.update(&oracle_of(middle..count, HllType::Hll8, 12));
        assert_close(ours.estimate(), theirs.to_sketch(HllType::Hll8).composite_estimate(), 0.006);
        assert!(ours.lower_bound(3) <= count as f64 && count as f64 <= ours.upper_bound(3), "{count}");
    }
}

#[test]
fn merging_many_keeps_the_error_small_on_average() {
    let errors: Vec<f64> = (0..40_u64)
        .map(|run| {
            let first = run << 32;
            let union = union_of(&[&sketch_of(first..first + 4000), &sketch_of(first + 4000..first + 8000)]);
            union.estimate() / 8000.0 - 1.0
        })
        .collect();
    let mean = errors.iter().sum::<f64>() / 40.0;
    let spread = (errors.iter().map(|error| error * error).sum::<f64>() / 40.0).sqrt();
    assert!(mean.abs() < 0.009 && spread < 0.022, "mean {mean}, spread {spread}");
}

#[test]
fn our_bytes_are_read_by_datasketches() {
    for count in [0, 1, 7, 8, 24, 25, 384, 385, 5000, 100_000] {
        let ours = sketch_of(0..count);
        let theirs = HllSketch::deserialize(&ours.to_bytes()).unwrap();
        assert_close(theirs.estimate(), ours.estimate(), 1e-9);
        assert_eq!(theirs.lg_config_k(), LG_K);
    }
    let merged = union_of(&[&sketch_of(0..5000), &sketch_of(2500..9000)]);
    assert_close(HllSketch::deserialize(&merged.to_bytes()).unwrap().estimate(), merged.estimate(), 0.006);
}

#[test]
fn bytes_of_datasketches_are_read_whatever_the_type() {
    for kind in [HllType::Hll4, HllType::Hll6, HllType::Hll8] {
        for count in [0, 1, 7, 8, 384, 385, 5000, 100_000, 1_000_000] {
            let theirs = oracle_of(0..count, kind, 12);
            let ours = Hll::from_bytes(&theirs.serialize()).unwrap();
            assert_close(ours.estimate(), theirs.estimate(), 1e-9);
            // Merging takes the history away; what is left must be the same to the last register.
            let one = sketch_of(0..1);
            let (read, direct) = (union_of(&[&ours, &one]), union_of(&[&sketch_of(0..count), &one]));
            assert_eq!(read.to_bytes(), direct.to_bytes());
        }
    }
}

#[test]
fn a_larger_sketch_is_folded_and_a_smaller_one_refused() {
    let folded = Hll::from_bytes(&oracle_of(0..50_000, HllType::Hll4, 14).serialize()).unwrap();
    let ours = union_of(&[&sketch_of(0..50_000), &sketch_of(0..1)]);
    assert_eq!(folded.to_bytes()[40..], ours.to_bytes()[40..]);
    let error = Hll::from_bytes(&oracle_of(0..50_000, HllType::Hll8, 11).serialize()).unwrap_err();
    assert_eq!(error.message, "HLL bytes: lg k is 11, but merging needs 12 or more");
}

#[test]
fn the_memory_of_an_unused_sketch_is_small_and_of_a_full_one_is_bounded() {
    assert!(Hll::new().memory_bytes() < 64);
    assert!(sketch_of(0..300).memory_bytes() < 2200);
    assert!(sketch_of(0..100_000).memory_bytes() < 4300);
}

/// Everything that a merged sketch shows.
fn shown(sketch: &Hll) -> (Vec<u8>, u64) {
    (sketch.to_bytes(), sketch.estimate().to_bits())
}

fn any_range() -> impl Strategy<Value = Range<u64>> {
    (0_u64..2000, prop_oneof![0_u64..10, 0_u64..500, 0_u64..3000]).prop_map(|(from, count)| from..from + count)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn merging_has_no_order_and_the_empty_sketch_changes_nothing(a in any_range(), b in any_range(), c in any_range()) {
        let (a, b, c) = (sketch_of(a), sketch_of(b), sketch_of(c));
        prop_assert_eq!(shown(&union_of(&[&a, &b])), shown(&union_of(&[&b, &a])));
        prop_assert_eq!(
            shown(&union_of(&[&union_of(&[&a, &b]), &c])),
            shown(&union_of(&[&a, &union_of(&[&b, &c])]))
        );
        let mut same = a.clone();
        same.merge(&Hll::new());
        prop_assert_eq!(shown(&same), shown(&a));
        prop_assert_eq!(shown(&union_of(&[&a])), shown(&a));
    }

    #[test]
    fn bytes_come_back_the_same(range in any_range(), other in any_range()) {
        let merged = union_of(&[&sketch_of(range.clone()), &sketch_of(other)]);
        for sketch in [sketch_of(range), merged] {
            prop_assert_eq!(shown(&Hll::from_bytes(&sketch.to_bytes()).unwrap()), shown(&sketch));
        }
    }

    #[test]
    fn an_image_merges_as_the_sketch_that_it_is_of(
        a in any_range(), b in any_range(), c in any_range(),
        kind in prop_oneof![Just(HllType::Hll4), Just(HllType::Hll6), Just(HllType::Hll8)],
        lg_k in 12_u8..14,
    ) {
        let theirs = oracle_of(b, kind, lg_k).serialize();
        let images = [theirs, union_of(&[&sketch_of(a.clone()), &sketch_of(c.clone())]).to_bytes()];
        for begin in [Hll::new(), sketch_of(a), sketch_of(c)] {
            let (mut straight, mut by_sketch) = (begin.clone(), begin);
            for image in &images {
                straight.merge_image(&HllImage::read(image).unwrap());
                by_sketch.merge(&Hll::from_bytes(image).unwrap());
                prop_assert_eq!(shown(&straight), shown(&by_sketch));
            }
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Hll::from_bytes(&bytes);
    }

    #[test]
    fn no_damaged_image_makes_it_panic(
        kind in prop_oneof![Just(HllType::Hll4), Just(HllType::Hll6), Just(HllType::Hll8)],
        count in prop_oneof![0_u64..20, 300_u64..600, 3000_u64..6000],
        damage in prop::collection::vec((0_usize..60, any::<u8>()), 1..4),
        cut in 0_usize..6000,
    ) {
        let mut bytes = oracle_of(0..count, kind, 12).serialize();
        for (at, byte) in damage {
            let at = at % bytes.len();
            bytes[at] = byte;
        }
        bytes.truncate(cut);
        if let Ok(mut sketch) = Hll::from_bytes(&bytes) {
            sketch.merge(&sketch_of(0..10));
            prop_assert!(sketch.estimate() >= 0.0 && sketch.upper_bound(3) >= sketch.lower_bound(3));
            sketch.to_bytes();
        }
    }
}

proptest! {
    #[test]
    fn many_hashes_count_as_each_by_itself(
        hashes in prop::collection::vec((any::<u64>(), prop_oneof![any::<u64>(), (0_u32..64).prop_map(|at| 1 << at), Just(0)]), 0..3000)
    ) {
        let (mut together, mut alone) = (Hll::new(), Hll::new());
        together.update_all(&hashes);
        hashes.iter().for_each(|(h1, h2)| alone.update(*h1, *h2));
        prop_assert_eq!(together.to_bytes(), alone.to_bytes());
    }
}
