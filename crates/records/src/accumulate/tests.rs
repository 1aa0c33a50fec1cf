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
