use pktvisor_core::enrich::geo::Places;
use pktvisor_core::metric::Items;
use proptest::prelude::*;

use super::*;
use crate::Values;
use crate::table::Metadata;
use crate::testing::{Sample, table};

fn items(places: &Places) -> Items<'_> {
    Items { places, seed: 3 }
}

/// Tables, each added as windows of one handler, merged.
fn merged<'a>(tables: impl IntoIterator<Item = &'a RecordTable>) -> Vec<Values> {
    let (places, mut whole) = (Places::default(), Accumulators::new());
    for table in tables {
        for run in table.windows() {
            whole.add(1, table, run.first, run.count, "all", items(&places)).unwrap();
        }
    }
    let merged = whole.table(1, &Window::default(), usize::MAX, items(&places)).unwrap();
    Column::ALL.iter().map(|column| merged.column(*column)).collect()
}

fn any_sample() -> impl Strategy<Value = Sample> {
    let values = || prop::collection::vec(0_u32..5000, 0..700);
    let sample = prop_oneof![
        any::<u32>().prop_map(|count| Sample::counter(count.into())),
        values().prop_map(Sample::cardinality),
        prop::collection::vec((0_u32..300, 1_u64..100), 0..60).prop_map(Sample::top),
        values().prop_map(|values| Sample::distribution(values.into_iter().map(u64::from))),
    ];
    let meanings = prop_oneof![Just("all"), Just("some")];
    (sample, prop_oneof![Just("tokyo"), Just("oslo")], meanings, 0_u64..4)
        .prop_map(|(sample, agent, meaning, number)| Sample { agent, meaning, number, ..sample })
}

/// One row to a table: every window is of one record.
fn tables(samples: &[Sample]) -> Vec<RecordTable> {
    samples.iter().map(|sample| table(std::slice::from_ref(sample))).collect()
}

/// Path, meaning, value and image of each record, in an order of their own: that of records hangs on where they stood.
fn rows(columns: &[Values]) -> Vec<(&String, &String, Option<u64>, &Vec<u8>)> {
    let column = |column: Column| &columns[column as usize];
    let texts = (column(Column::Path), column(Column::Meaning));
    let (Values::Text(paths), Values::Text(meanings)) = texts else { panic!("{texts:?}") };
    let shown = (column(Column::Value), column(Column::Image));
    let (Values::Number(values), Values::Bytes(images)) = shown else { panic!("{shown:?}") };
    let told = paths.iter().zip(meanings).zip(values.iter().zip(images));
    let mut rows: Vec<_> = told.map(|((path, meaning), (value, image))| (path, meaning, *value, image)).collect();
    rows.sort_unstable();
    rows
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn order_makes_no_difference(samples in prop::collection::vec(any_sample(), 1..12), turn in 0_usize..12) {
        let (forward, mut turned) = (tables(&samples), tables(&samples));
        turned.rotate_left(turn % samples.len());
        prop_assert_eq!(merged(&forward), merged(&turned));
        turned.reverse();
        prop_assert_eq!(merged(&forward), merged(&turned));
    }

    #[test]
    fn merged_parts_merge_to_the_whole(samples in prop::collection::vec(any_sample(), 2..12), cut in 1_usize..11) {
        let (first, second) = samples.split_at(cut.min(samples.len() - 1));
        let parts = [first, second].map(|part| RecordTable::of_columns(merged(&tables(part)), Metadata::new()).unwrap());
        let (parts, whole) = (merged(&parts), merged(&tables(&samples)));
        prop_assert_eq!(rows(&parts), rows(&whole));
    }

    #[test]
    fn a_window_of_many_records_is_as_many_of_one(samples in prop::collection::vec(any_sample(), 1..8)) {
        let alike: Vec<Sample> = samples.iter().map(|one| Sample { agent: "oslo", number: 1, ..one.clone() }).collect();
        let (whole, apart) = (merged([&table(&alike)]), merged(&tables(&alike)));
        prop_assert_eq!(rows(&whole), rows(&apart));
    }
}

#[test]
fn identities_that_nobody_holds_are_forgotten() {
    let (places, mut whole) = (Places::default(), Accumulators::new());
    let mut longest = 0;
    for number in 0..50_u64 {
        let one = Sample { meaning: ["all", "some", "few"][number as usize % 3], ..Sample::counter(number) };
        whole.add(number as i64, &table(&[one]), 0, 1, "all", items(&places)).unwrap();
        whole.forget(number as i64 - 1);
        longest = whole.memory_bytes().max(longest);
    }
    assert_eq!(whole.keys(), [49]);
    whole.forget(49);
    assert!(whole.memory_bytes() < longest);
}

#[test]
fn a_damaged_record_changes_nothing() {
    let (places, mut whole) = (Places::default(), Accumulators::new());
    let damaged = Sample { image: vec![1], ..Sample::cardinality([]) };
    let error = whole.add(1, &table(&[Sample::counter(1), damaged]), 0, 2, "all", items(&places)).unwrap_err();
    assert!(error.message.starts_with("the image of schema different can't be read: HLL bytes"), "{error}");
    assert!(whole.keys().is_empty());
}

/// Accumulators with room for little, and as many windows as there are numbers, each of one record.
fn hostile(bounds: Bounds, numbers: u64, sample: impl Fn(u64) -> Sample) -> Accumulators {
    let (places, mut whole) = (Places::default(), Accumulators::within(bounds));
    for number in 0..numbers {
        whole.add(1, &table(&[sample(number)]), 0, 1, "all", items(&places)).unwrap();
    }
    whole
}

/// A text that lives as long as the tests do.
fn name(number: u64) -> &'static str {
    Box::leak(format!("metric{number}").into_boxed_str())
}

#[test]
fn metrics_without_end_are_left_out_and_counted() {
    let bounds = Bounds { most_metrics: 20, ..Bounds::default() };
    let sample = |number| Sample { path: name(number), ..Sample::counter(1) };
    let (few, many) = (hostile(bounds, 20, sample), hostile(bounds, 500, sample));
    assert_eq!(many.memory_bytes(), few.memory_bytes());
    assert_eq!(many.left_out().rows, 480);
    let known = hostile(bounds, 500, |number| sample(number % 20));
    assert_eq!(known.left_out(), LeftOut::default(), "what is known goes on");
}

#[test]
fn handlers_without_end_are_left_out_and_counted() {
    let bounds = Bounds { most_metrics: 5, ..Bounds::default() };
    let (places, mut whole) = (Places::default(), Accumulators::within(bounds));
    for number in 0..50 {
        whole.add(1, &table(&[Sample::counter(1)]), 0, 1, name(number), items(&places)).unwrap();
    }
    assert_eq!(whole.keys[&1].by_name.len(), 5);
    assert_eq!(whole.left_out().rows, 45);
}

#[test]
fn bytes_have_a_bound_however_much_lists_grow() {
    let bounds = Bounds { most_bytes: 400_000, ..Bounds::default() };
    let list = |agent: u64| (0..300).map(move |item| (agent as u32 * 300 + item, 1 + u64::from(item)));
    let sample = |number: u64| Sample { path: name(number % 40), ..Sample::top(list(number)) };
    let whole = hostile(bounds, 2_000, sample);
    assert!(whole.memory_bytes() < 2 * bounds.most_bytes, "{}", whole.memory_bytes());
    assert!(whole.left_out().lists_shortened > 0);
    assert!(whole.left_out().rows > 0);
}

#[test]
fn what_is_too_long_to_tell_a_metric_by_is_left_out() {
    let long: &'static str = Box::leak("x".repeat(1 << 20).into_boxed_str());
    let whole = hostile(Bounds::default(), 3, |_| Sample { path: long, ..Sample::counter(1) });
    assert_eq!(whole.left_out().rows, 3);
    assert!(whole.memory_bytes() < 10_000);
    let unknown =
        hostile(Bounds::default(), 3, |_| Sample { kind: "of_later", image: vec![0; 1 << 20], ..Sample::counter(1) });
    assert_eq!(unknown.left_out().rows, 3);
    assert!(unknown.memory_bytes() < 10_000);
}

#[test]
fn names_of_ledgers_have_a_bound() {
    let bounds = Bounds { most_ledger_names: 0, ..Bounds::default() };
    let whole = hostile(bounds, 3, Sample::counter);
    assert_eq!(whole.left_out().ledger_names, 3);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn what_is_forgotten_gives_all_its_room_back(
        samples in prop::collection::vec((any_sample(), 0_i64..4), 1..30), most_metrics in 1_usize..6
    ) {
        let (places, bounds) = (Places::default(), Bounds { most_metrics, ..Bounds::default() });
        let mut whole = Accumulators::within(bounds);
        for (sample, key) in &samples {
            whole.add(*key, &table(std::slice::from_ref(sample)), 0, 1, sample.agent, items(&places)).unwrap();
        }
        (0..4).for_each(|key| whole.forget(key));
        prop_assert_eq!(whole.held, 0);
        prop_assert!(whole.identities.is_empty());
    }
}
