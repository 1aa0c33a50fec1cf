use super::*;
use crate::hash::{hash_bytes, hash_word};
use crate::sketch::reader::{Reader, write_block};
use datasketches::frequencies::{ErrorType, FrequentItemsSketch};
use proptest::prelude::*;
use std::collections::HashMap;

const SEED: u64 = 1;

fn key(item: &[u8]) -> u64 {
    hash_bytes(SEED, item)
}

fn text(item: &[u8]) -> String {
    String::from_utf8_lossy(item).into_owned()
}

fn add(sketch: &mut Frequent, item: &str, weight: u64) {
    sketch.update(key(item.as_bytes()), item.as_bytes(), weight);
}

fn name(number: u64) -> String {
    format!("host{number}.example.com")
}

/// A stream in which small numbers are frequent: about as many of each magnitude.
fn skewed(seed: u64, length: u64, lg_items: u32) -> impl Iterator<Item = u64> {
    (0..length).map(move |at| {
        let random = hash_word(seed, at);
        (random >> 32) % (1 << (1 + (random as u32 % lg_items)))
    })
}

fn sketch_of(numbers: impl Iterator<Item = u64>, lg_max_map: u8) -> Frequent {
    let mut sketch = Frequent::new(lg_max_map);
    numbers.for_each(|number| add(&mut sketch, &name(number), 1));
    sketch
}

fn union_of(sketches: &[&Frequent]) -> Frequent {
    let mut union = Frequent::new(LG_MOST_SLOTS);
    sketches.iter().for_each(|sketch| union.merge(sketch));
    union
}

/// Everything that a sketch shows.
fn shown(sketch: &Frequent) -> (Vec<u8>, usize, u64, u64) {
    (sketch.to_bytes(text), sketch.len(), sketch.maximum_error(), sketch.stream_weight())
}

fn assert_bounds_hold(sketch: &Frequent, truth: &HashMap<String, u64>) {
    assert_eq!(sketch.stream_weight(), truth.values().sum::<u64>());
    let tracked: HashMap<String, FrequentEntry> =
        sketch.top(usize::MAX).into_iter().map(|entry| (text(entry.item), entry)).collect();
    assert_eq!(tracked.len(), sketch.len());
    for (item, &weight) in truth {
        match tracked.get(item) {
            Some(entry) => {
                assert!(entry.lower_bound <= weight && weight <= entry.upper_bound, "{item} {weight} {entry:?}")
            }
            None => assert!(weight <= sketch.maximum_error(), "{item} of {weight} is missing"),
        }
    }
    assert!(tracked.keys().all(|item| truth.contains_key(item)));
}

fn truth_of(numbers: impl Iterator<Item = u64>) -> HashMap<String, u64> {
    let mut truth = HashMap::new();
    numbers.for_each(|number| *truth.entry(name(number)).or_default() += 1);
    truth
}

#[test]
fn equals_stand_in_the_order_of_their_numbers_where_they_are_numbers() {
    let mut sketch = Frequent::new(7);
    for number in [256_u64, 3, 70_000, 255] {
        sketch.update(hash_word(1, number), &number.to_le_bytes(), 5);
    }
    let numbers = |top: Vec<FrequentEntry<'_>>| -> Vec<u64> {
        top.iter().map(|entry| u64::from_le_bytes(entry.item.try_into().unwrap())).collect()
    };
    assert_eq!(numbers(sketch.top_numbers(10)), [3, 255, 256, 70_000]);
    assert_eq!(numbers(sketch.top_numbers(2)), [3, 255]);
}

#[test]
fn a_few_items_are_counted_exactly_and_ranked_with_ties_by_name() {
    let mut sketch = Frequent::new(LG_MOST_SLOTS);
    for (item, weight) in [("b", 2), ("c", 5), ("a", 2), ("c", 1), ("d", 0)] {
        add(&mut sketch, item, weight);
    }
    let top: Vec<_> = sketch.top(10).iter().map(|entry| (text(entry.item), entry.estimate)).collect();
    assert_eq!(top, [("c".to_string(), 6), ("a".to_string(), 2), ("b".to_string(), 2)]);
    assert_eq!(sketch.top(2)[1].item, b"a");
    assert_eq!((sketch.len(), sketch.maximum_error(), sketch.stream_weight()), (3, 0, 10));
}

#[test]
fn everything_is_exact_up_to_6144_items() {
    let numbers = || (0..6144).chain(0..100);
    let sketch = sketch_of(numbers(), LG_MOST_SLOTS);
    assert_eq!((sketch.len(), sketch.maximum_error()), (6144, 0));
    assert_bounds_hold(&sketch, &truth_of(numbers()));
}

#[test]
fn bounds_hold_through_many_purges_and_nobody_frequent_is_missed() {
    for lg_max_map in [7, 10, 13] {
        let sketch = sketch_of(skewed(7, 60_000, 18), lg_max_map);
        assert!(sketch.maximum_error() > 0);
        // The a priori error of the paper: 3.5 / slots of the stream's weight.
        assert!(sketch.maximum_error() as f64 <= 3.5 * 60_000.0 / f64::from(1 << lg_max_map));
        assert_bounds_hold(&sketch, &truth_of(skewed(7, 60_000, 18)));
    }
}

#[test]
fn the_top_is_that_of_datasketches_on_a_skewed_stream() {
    let ours = sketch_of(skewed(3, 100_000, 15), LG_MOST_SLOTS);
    let mut theirs = FrequentItemsSketch::<String>::new(1 << LG_MOST_SLOTS).unwrap();
    skewed(3, 100_000, 15).for_each(|number| theirs.update(name(number)));
    assert!(ours.maximum_error() > 0);
    let rows = theirs.frequent_items(ErrorType::NoFalseNegatives);
    for (entry, row) in ours.top(8).iter().zip(&rows) {
        assert_eq!(text(entry.item), *row.item());
        assert!(entry.lower_bound <= row.upper_bound() && row.lower_bound() <= entry.upper_bound);
    }
}

#[test]
fn an_attack_of_random_names_takes_bounded_memory() {
    let mut sketch = Frequent::new(LG_MOST_SLOTS);
    let long = vec![b'x'; 5000];
    for at in 0..40_000_u64 {
        let length = (at % 4) as usize * 340 + 40;
        sketch.update(hash_word(SEED, at), &long[..length], 1);
    }
    assert!(sketch.memory_bytes() < 16 << 20, "{}", sketch.memory_bytes());
    sketch.update(1, &long, u64::MAX);
    assert_eq!(sketch.top(1)[0].item.len(), 1020);
    assert_eq!(sketch.stream_weight(), u64::MAX);
}

#[test]
fn a_new_sketch_is_small() {
    assert!(Frequent::new(LG_MOST_SLOTS).memory_bytes() < 4096);
}

#[test]
fn a_closed_window_gives_memory_back_and_keeps_what_it_shows() {
    let mut sketch = sketch_of(skewed(7, 60_000, 18), LG_MOST_SLOTS);
    let (before, full_bytes) = (shown(&sketch), sketch.memory_bytes());
    sketch.shrink_to_fit();
    assert_eq!(shown(&sketch), before);
    assert!(sketch.memory_bytes() < full_bytes * 3 / 4, "{} of {full_bytes}", sketch.memory_bytes());

    skewed(8, 60_000, 18).for_each(|number| add(&mut sketch, &name(number), 1));
    assert_bounds_hold(&sketch, &truth_of(skewed(7, 60_000, 18).chain(skewed(8, 60_000, 18))));
    let mut new = Frequent::new(LG_MOST_SLOTS);
    new.shrink_to_fit();
    assert!(new.is_empty());
}

#[test]
fn a_cut_keeps_estimates_and_widens_bounds() {
    let mut sketch = sketch_of(skewed(3, 100_000, 14), LG_MOST_SLOTS);
    let (before, error) = (sketch.clone(), sketch.maximum_error());
    sketch.cut(100);
    assert!((50..=100).contains(&sketch.len()), "{}", sketch.len());
    assert_eq!(sketch.stream_weight(), before.stream_weight());
    for (now, then) in sketch.top(100).iter().zip(before.top(100)) {
        assert_eq!((now.item, now.estimate, now.upper_bound), (then.item, then.estimate, then.upper_bound));
        assert_eq!(then.lower_bound - now.lower_bound, sketch.maximum_error() - error);
    }
    assert_bounds_hold(&sketch, &truth_of(skewed(3, 100_000, 14)));
    let theirs = FrequentItemsSketch::<String>::deserialize(&sketch.to_bytes(text)).unwrap();
    assert_eq!(theirs.num_active_items(), sketch.len());
    let again = shown(&sketch);
    sketch.cut(100);
    assert_eq!(shown(&sketch), again);
}

#[test]
fn of_equals_that_a_cut_would_part_none_is_kept() {
    let mut sketch = Frequent::new(LG_MOST_SLOTS);
    for (item, weight) in [("a", 5), ("b", 3), ("c", 3), ("d", 1)] {
        add(&mut sketch, item, weight);
    }
    sketch.cut(2);
    assert_eq!((sketch.len(), sketch.maximum_error(), sketch.top(1)[0].estimate), (1, 3, 5));
    sketch.cut(0);
    assert_eq!((sketch.len(), sketch.maximum_error(), sketch.stream_weight()), (0, 5, 12));
}

#[test]
fn an_item_that_an_image_names_twice_is_counted_as_one() {
    let twice = |name: &str| vec![(3, name.to_string()), (2, name.to_string())];
    let image = write_image(LG_MOST_SLOTS, 5, 0, &twice("a"));
    let sketch = Frequent::from_bytes(&image, key).unwrap();
    assert_eq!((sketch.len(), sketch.top(2)[0].estimate, sketch.stream_weight()), (1, 5, 5));
}

#[test]
fn keys_that_all_want_one_home_are_still_told_apart() {
    let mut sketch = Frequent::new(7);
    for round in 0..3 {
        for at in 0..90_u64 {
            sketch.update(at << 20, name(at).as_bytes(), 1);
        }
        assert_eq!((sketch.len(), sketch.maximum_error(), sketch.stream_weight()), (90, 0, (round + 1) * 90));
    }
    (90..200_u64).for_each(|at| sketch.update(at << 20, name(at).as_bytes(), 1));
    let truth = (0..90).map(|at| (name(at), 3)).chain((90..200).map(|at| (name(at), 1))).collect();
    assert_bounds_hold(&sketch, &truth);
}

#[test]
fn images_are_read_both_ways() {
    for numbers in [0, 1, 90, 97, 7000] {
        let ours = sketch_of(skewed(5, numbers, 14), LG_MOST_SLOTS);
        let theirs = FrequentItemsSketch::<String>::deserialize(&ours.to_bytes(text)).unwrap();
        assert_eq!((theirs.total_weight(), theirs.maximum_error()), (ours.stream_weight(), ours.maximum_error()));
        assert_eq!(theirs.num_active_items(), ours.len());
        for entry in ours.top(usize::MAX) {
            assert_eq!(theirs.upper_bound(&text(entry.item)), entry.upper_bound);
        }
        assert_eq!(shown(&Frequent::from_bytes(&theirs.serialize(), key).unwrap()), shown(&ours));
    }
}

#[test]
fn an_image_of_more_slots_is_brought_down() {
    let mut theirs = FrequentItemsSketch::<String>::new(1 << 15).unwrap();
    skewed(9, 40_000, 16).for_each(|number| theirs.update(name(number)));
    assert!(theirs.num_active_items() > 6144);
    let ours = Frequent::from_bytes(&theirs.serialize(), key).unwrap();
    assert!(ours.len() <= 6144);
    assert_bounds_hold(&ours, &truth_of(skewed(9, 40_000, 16)));
}

#[test]
fn equal_contents_give_equal_bytes_whatever_the_order() {
    let mut backwards: Vec<u64> = skewed(2, 2000, 12).collect();
    backwards.reverse();
    let (a, b) = (sketch_of(skewed(2, 2000, 12), 13), sketch_of(backwards.into_iter(), 13));
    assert_eq!(a.to_bytes(text), b.to_bytes(text));
}

#[derive(Debug, Clone)]
struct Part {
    seed: u64,
    length: u64,
    lg_items: u32,
}

impl Part {
    fn numbers(&self) -> impl Iterator<Item = u64> + use<> {
        skewed(self.seed, self.length, self.lg_items)
    }

    fn sketch(&self) -> Frequent {
        sketch_of(self.numbers(), LG_MOST_SLOTS)
    }
}

fn any_part(longest: u64, lg_items: u32) -> impl Strategy<Value = Part> {
    (any::<u64>(), 0..longest, 1..lg_items).prop_map(|(seed, length, lg_items)| Part { seed, length, lg_items })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn merging_has_no_order_while_all_is_tracked(
        a in any_part(1000, 16), b in any_part(1000, 16), c in any_part(1000, 16)
    ) {
        let (a, b, c) = (a.sketch(), b.sketch(), c.sketch());
        prop_assert_eq!(shown(&union_of(&[&a, &b])), shown(&union_of(&[&b, &a])));
        prop_assert_eq!(
            shown(&union_of(&[&union_of(&[&a, &b]), &c])),
            shown(&union_of(&[&a, &union_of(&[&b, &c])]))
        );
        let mut same = a.clone();
        same.merge(&Frequent::new(LG_MOST_SLOTS));
        prop_assert_eq!(shown(&same), shown(&a));
        prop_assert_eq!(shown(&union_of(&[&a])), shown(&a));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn what_is_saved_comes_back_under_other_keys(part in any_part(20_000, 16)) {
        let (sketch, mut out) = (part.sketch(), Vec::new());
        sketch.save(&mut out, |item| {
            let mut written = Vec::new();
            write_block(&mut written, item);
            written
        });
        let read = |reader: &mut Reader<'_>| reader.block().map(|item| (hash_bytes(SEED + 1, item), item.to_vec()));
        let back = Frequent::restore(&mut Reader::new("test", &out), read).unwrap();
        prop_assert_eq!(shown(&back), shown(&sketch));
    }

    #[test]
    fn an_image_merges_as_the_sketch_that_it_is_of(a in any_part(9000, 16), b in any_part(9000, 20), lg in 7_u8..14) {
        let image = sketch_of(b.numbers(), lg).to_bytes(text);
        let (mut straight, mut by_sketch) = (a.sketch(), a.sketch());
        straight.merge_image(&FrequentImage::read(&image, |text| Some((key(text), ImageItem::Text(text)))).unwrap());
        by_sketch.merge(&Frequent::from_bytes(&image, key).unwrap());
        prop_assert_eq!(straight.to_bytes(text), by_sketch.to_bytes(text));
        assert_bounds_hold(&straight, &truth_of(a.numbers().chain(b.numbers())));
    }

    #[test]
    fn sketches_of_any_sizes_merge_in_any_order(a in any_part(2000, 16), b in any_part(2000, 16), lg in 7_u8..14) {
        let (small, large) = (sketch_of(a.numbers(), lg), b.sketch());
        let (mut first, mut second) = (small.clone(), large.clone());
        first.merge(&large);
        second.merge(&small);
        prop_assert_eq!(shown(&first), shown(&second));
    }

    #[test]
    fn merged_bounds_hold_when_there_is_too_much_to_track(
        a in any_part(9000, 16), b in any_part(9000, 20), c in any_part(9000, 20)
    ) {
        let truth = truth_of(a.numbers().chain(b.numbers()).chain(c.numbers()));
        let (a, b, c) = (a.sketch(), b.sketch(), c.sketch());
        prop_assert_eq!(shown(&union_of(&[&a, &b])), shown(&union_of(&[&b, &a])));
        assert_bounds_hold(&union_of(&[&a, &b, &c]), &truth);
        assert_bounds_hold(&union_of(&[&a, &union_of(&[&b, &c])]), &truth);
    }
}

/// What agents send of their parts: of each list the heaviest, and what had to be taken off them.
fn cut_images(parts: &[Part], lg: u8, most_items: usize) -> Vec<Vec<u8>> {
    let cut = |part: &Part| {
        let mut sketch = sketch_of(part.numbers(), lg);
        sketch.cut(most_items);
        sketch.to_bytes(text)
    };
    parts.iter().map(cut).collect()
}

fn merged_images(images: &[Vec<u8>], lg: u8) -> Frequent {
    let mut whole = Frequent::new(lg);
    for image in images {
        whole.merge_image(&FrequentImage::read(image, |text| Some((key(text), ImageItem::Text(text)))).unwrap());
    }
    whole
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Small lists of many agents, so that merging has to trim again and again, in any order and in any groups.
    #[test]
    fn trims_keep_bounds_whole_weight_and_their_error_within_its_law(
        parts in prop::collection::vec(any_part(1500, 14), 2..14), lg in 7_u8..9, turn in 0_usize..14, split in 1_usize..13
    ) {
        let truth = truth_of(parts.iter().flat_map(Part::numbers));
        let weight: u64 = truth.values().sum();
        let mut images = cut_images(&parts, lg, 48);
        let (first, second) = images.split_at(split.min(images.len() - 1));
        let grouped: Vec<Vec<u8>> = [first, second].map(|some| merged_images(some, lg).to_bytes(text)).into();
        let straight = merged_images(&images, lg);
        images.rotate_left(turn % parts.len());
        images.reverse();
        let cut = cut_images(&parts, lg, 48).iter().map(|image| Frequent::from_bytes(image, key).unwrap().offset).sum::<u64>();
        for whole in [&straight, &merged_images(&images, lg), &merged_images(&grouped, lg), &straight.trimmed()] {
            assert_bounds_hold(whole, &truth);
            prop_assert_eq!(whole.stream_weight(), weight);
            // Each trim takes of more counters than there are places.
            prop_assert!((whole.maximum_error() - cut) as usize * (whole.most_items() + 1) <= weight as usize);
        }
        prop_assert!(straight.trimmed().len() <= straight.most_items());
    }
}

#[test]
fn a_full_list_is_trimmed_once_for_thousands_of_newcomers() {
    let mut whole = Frequent::new(7);
    let mut trims = 0;
    for agent in 0..200 {
        let before = whole.maximum_error();
        let image = sketch_of((0..10).map(|number| agent * 10 + number), 7).to_bytes(text);
        whole.merge_image(&FrequentImage::read(&image, |text| Some((key(text), ImageItem::Text(text)))).unwrap());
        trims += usize::from(whole.maximum_error() > before);
        assert!(whole.len() <= 2 * whole.most_items());
    }
    assert!((1..=2000 / 96).contains(&trims), "{trims} trims of 2,000 items in 96 places");
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Frequent::from_bytes(&bytes, key);
    }

    #[test]
    fn no_damaged_image_makes_it_panic(
        part in any_part(100, 6),
        damage in prop::collection::vec((0_usize..200, any::<u8>()), 1..4),
        cut in 0_usize..3000,
    ) {
        let mut bytes = part.sketch().to_bytes(text);
        for (at, byte) in damage {
            let at = at % bytes.len();
            bytes[at] = byte;
        }
        bytes.truncate(cut);
        if let Ok(mut sketch) = Frequent::from_bytes(&bytes, key) {
            sketch.merge(&part.sketch());
            sketch.top(10);
            sketch.to_bytes(text);
        }
    }
}
