use std::collections::HashMap;

use proptest::prelude::*;

use super::*;
use crate::table::{Address, Column, ColumnType};
use crate::wire::ipv4::mapped;

const SEED: u64 = 7;
const ADDRESS: ItemType = ItemType::Column(ColumnType::Address);

/// A list of rows (last octets, and both weights), folded in chunks of this size.
fn list_of(rows: &[(u16, u64, u64)], size: usize) -> List {
    let (mut list, mut sums) = (List::new(2), Sums::default());
    for chunk in rows.chunks(size) {
        let addresses: Vec<Address> = chunk.iter().map(|row| address(row.0)).collect();
        let (first, second): (Vec<u64>, Vec<u64>) = chunk.iter().map(|row| (row.1, row.2)).unzip();
        let all: Vec<u32> = (0..chunk.len() as u32).collect();
        let weights = [Some(Column::U64(&first)), Some(Column::U64(&second))];
        let (values, mut keys) = (Values::Column(Column::Address(&addresses)), Vec::new());
        write_keys(values, None, SEED, &mut keys);
        let counted = Counted { rows: &all, values, keys: &keys, weights: &weights };
        list.fold(ADDRESS, &[counted], &mut sums, SEED);
    }
    list
}

fn address(item: u16) -> Address {
    mapped([10, 0, (item >> 8) as u8, item as u8])
}

fn true_sums(rows: &[(u16, u64, u64)], weight: usize) -> HashMap<Vec<u8>, u64> {
    let mut sums = HashMap::new();
    for (item, first, second) in rows {
        *sums.entry(address(*item).to_vec()).or_default() += [first, second][weight];
    }
    sums
}

proptest! {
    #[test]
    fn bounds_hold_for_each_weight_and_few_items_are_exact(
        rows in prop::collection::vec((1_u16..400, 0_u64..50, 0_u64..2000), 1..600), size in 1_usize..200, of in 1_u16..400
    ) {
        let rows: Vec<_> = rows.into_iter().map(|(item, first, second)| (1 + item % of, first, second)).collect();
        let list = list_of(&rows, size);
        for weight in 0..2 {
            let sketch = list.frequent(ADDRESS, weight, SEED);
            let sums = true_sums(&rows, weight);
            prop_assert_eq!(sketch.stream_weight(), sums.values().sum::<u64>());
            prop_assert!(of as usize > MOST_ITEMS || sketch.maximum_error() == 0, "{of} items are exact");
            prop_assert!(sketch.maximum_error() <= sketch.stream_weight() / (MOST_ITEMS as u64 / 2));
            let shown: HashMap<Vec<u8>, _> =
                sketch.top(usize::MAX).iter().map(|entry| (entry.item.to_vec(), (entry.lower_bound, entry.upper_bound))).collect();
            for (item, sum) in sums {
                let (lower, upper) = shown.get(&item).copied().unwrap_or((0, sketch.maximum_error()));
                prop_assert!(lower <= sum && sum <= upper, "{item:?}: {lower} <= {sum} <= {upper}");
            }
        }
    }

    #[test]
    fn a_list_comes_back_from_its_sketches(
        rows in prop::collection::vec((1_u16..400, 0_u64..50, 0_u64..2000), 1..600)
    ) {
        let list = list_of(&rows, 100);
        let sketches: Vec<_> = (0..2).map(|weight| list.frequent(ADDRESS, weight, SEED)).collect();
        let back = List::of(ADDRESS, &sketches.iter().collect::<Vec<_>>());
        for (weight, sketch) in sketches.iter().enumerate() {
            let again = back.frequent(ADDRESS, weight, SEED);
            prop_assert_eq!(again.top(usize::MAX), sketch.top(usize::MAX));
            prop_assert_eq!((again.maximum_error(), again.stream_weight()), (sketch.maximum_error(), sketch.stream_weight()));
        }
    }
}

#[test]
fn endpoints_become_texts_when_they_are_read() {
    let (addresses, ports) = ([address(1), address(1), [0; 16], address(2)], [443, 53, 443, 0]);
    let (mut list, mut sums) = (List::new(1), Sums::default());
    let (values, mut keys) = (Values::Endpoint(&addresses, &ports), Vec::new());
    write_keys(values, None, SEED, &mut keys);
    for _ in 0..2 {
        let counted = Counted { rows: &[0, 1, 2, 3], values, keys: &keys, weights: &[None] };
        list.fold(ItemType::Endpoint, &[counted], &mut sums, SEED);
    }
    let sketch = list.frequent(ItemType::Endpoint, 0, SEED);
    let texts: Vec<_> =
        sketch.top(10).iter().map(|entry| (String::from_utf8_lossy(entry.item).into_owned(), entry.estimate)).collect();
    assert_eq!(texts, [("10.0.0.1:443".to_owned(), 2), ("10.0.0.1:53".to_owned(), 2)]);
    let back = List::of(ItemType::Endpoint, &[&sketch]);
    assert_eq!(back.frequent(ItemType::Endpoint, 0, SEED).top(10), sketch.top(10));
}

proptest! {
    #[test]
    fn the_heaviest_are_told_as_by_sorting_all(
        numbers in prop::collection::vec(prop_oneof![0_u64..4, any::<u64>()], 1..700), nth in 0_usize..400
    ) {
        let nth = nth % numbers.len();
        let mut sorted = numbers.clone();
        sorted.sort_unstable_by(|a, b| b.cmp(a));
        prop_assert_eq!(sums::nth_of(|| numbers.iter().copied(), nth, &mut vec![7; 3]), sorted[nth]);
    }
}
