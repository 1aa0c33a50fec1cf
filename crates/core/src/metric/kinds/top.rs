//! The values met most often, or with the largest sum of a weight: 16-bit numbers counted exactly, others by a sketch.
//!
//! Of 16-bit numbers that were cut there is no more than a sketch, too.

use super::{
    Feeding, ItemKind, Items, Kind, NO_PLACE, Shape, TopItems, address_key, is_specified, number, small_number_key,
};
use crate::Error;
use crate::expr::{BLOCK_ROWS, Bitmap};
use crate::hash::{hash_bytes, hash_word};
use crate::sketch::reader::Reader;
use crate::sketch::{Exact, Frequent, FrequentImage};
use crate::table::{Address, Column, TextColumn};

pub const NAME: &str = "top";

/// Keys that a top list tracks at most: three quarters of 8,192, as the peer's.
const LG_MAP: u8 = 13;

/// Keys that a list tracks that is one of many: three quarters of 128.
const LG_MAP_OF_MANY: u8 = 7;

#[derive(Debug, Clone)]
pub enum State {
    Exact(Exact),
    Frequent(ItemKind, Frequent),
}

impl Kind for State {
    fn new(items: ItemKind, _start_second: i64) -> Self {
        match items {
            ItemKind::SmallNumber => Self::Exact(Exact::new()),
            _ => Self::Frequent(items, Frequent::new(LG_MAP)),
        }
    }

    fn feed(&mut self, feeding: &Feeding<'_>) {
        let Some(column) = feeding.column else { return };
        let rows = feeding.rows;
        // The weights are no column, so that the usual weight of 1 costs nothing.
        match (self, feeding.weight) {
            (Self::Exact(counts), None) => feed_exact(counts, rows, column, |_| 1),
            (Self::Exact(counts), Some(weight)) => feed_exact(counts, rows, column, |row| weight.number(row)),
            (Self::Frequent(_, top), None) => feed(top, feeding.seed, rows, column, |_| 1),
            (Self::Frequent(_, top), Some(weight)) => {
                feed(top, feeding.seed, rows, column, |row| weight.number(row));
            }
        }
    }

    fn merge(&mut self, other: &Self, _is_same_window: bool) {
        match (&mut *self, other) {
            (Self::Exact(mine), Self::Exact(theirs)) => mine.merge(theirs),
            (Self::Frequent(_, mine), Self::Frequent(_, theirs)) => mine.merge(theirs),
            (Self::Frequent(_, mine), Self::Exact(theirs)) => {
                mine.merge(&list_of(theirs, usize::MAX, small_number_key))
            }
            (Self::Exact(mine), Self::Frequent(items, theirs)) => {
                let mut list = list_of(mine, usize::MAX, small_number_key);
                list.merge(theirs);
                *self = Self::Frequent(*items, list);
            }
        }
    }

    fn items(&self) -> ItemKind {
        match self {
            Self::Exact(_) => ItemKind::SmallNumber,
            Self::Frequent(items, _) => *items,
        }
    }

    fn shape(&self) -> Shape<'_> {
        match self {
            Self::Exact(counts) => Shape::Items(ItemKind::SmallNumber, TopItems::Exact(counts)),
            Self::Frequent(items, top) => Shape::Items(*items, TopItems::Frequent(top)),
        }
    }

    fn memory_bytes(&self) -> usize {
        match self {
            Self::Exact(counts) => counts.memory_bytes(),
            Self::Frequent(_, top) => top.memory_bytes(),
        }
    }

    fn save(&self, out: &mut Vec<u8>, items: Items<'_>) {
        match self {
            Self::Exact(counts) => counts.save(out),
            Self::Frequent(kind, top) => top.save(out, |item| items.written(*kind, item)),
        }
    }

    fn restore(reader: &mut Reader, kind: ItemKind, items: Items<'_>) -> Result<Self, Error> {
        Ok(match kind {
            ItemKind::SmallNumber => Self::Exact(Exact::restore(reader)?),
            _ => Self::Frequent(kind, Frequent::restore(reader, |reader| items.read(reader, kind))?),
        })
    }

    fn image(&self, items: Items<'_>) -> Vec<u8> {
        match self {
            Self::Exact(counts) => counts.to_bytes(|value| value.to_string()),
            Self::Frequent(kind, top) => top.to_bytes(|item| items.image_text(*kind, item)),
        }
    }

    type Image<'a> = FrequentImage<'a>;

    fn read_image<'a>(bytes: &'a [u8], kind: ItemKind, items: Items<'_>) -> Result<FrequentImage<'a>, Error> {
        FrequentImage::read(bytes, |text| items.of_image_text(kind, text))
    }

    fn of_image(image: &FrequentImage<'_>, kind: ItemKind) -> Self {
        let mut state = match kind {
            ItemKind::SmallNumber => Self::Exact(Exact::new()),
            _ => Self::Frequent(kind, Frequent::new(image.lg_max_slots())),
        };
        state.merge_image(image);
        state
    }

    fn merge_image(&mut self, image: &FrequentImage<'_>) {
        match self {
            Self::Frequent(_, list) => list.merge_image(image),
            Self::Exact(counts) if image.is_exact() => {
                image.counters().for_each(|(item, count)| counts.add(number(item) as u16, count));
            }
            Self::Exact(counts) => {
                let mut list = list_of(counts, usize::MAX, small_number_key);
                list.merge_image(image);
                *self = Self::Frequent(ItemKind::SmallNumber, list);
            }
        }
    }

    fn keep_small(&mut self) {
        if let Self::Frequent(_, top) = self {
            *top = Frequent::new(LG_MAP_OF_MANY);
        }
    }

    fn make_small(&mut self) -> bool {
        match self {
            Self::Exact(_) => false,
            Self::Frequent(_, top) => top.reduce(LG_MAP_OF_MANY),
        }
    }

    fn cut(&mut self, most_items: usize) {
        match self {
            Self::Exact(counts) if counts.top(most_items.saturating_add(1)).len() > most_items => {
                *self = Self::Frequent(ItemKind::SmallNumber, list_of(counts, most_items, small_number_key));
            }
            Self::Exact(_) => {}
            Self::Frequent(_, top) => top.cut(most_items),
        }
    }

    fn shrink(&mut self) {
        if let Self::Frequent(_, top) = self {
            top.shrink_to_fit();
        }
    }
}

impl State {
    /// Takes in a text that no row brings.
    pub(crate) fn add(&mut self, seed: u64, item: &[u8]) {
        if let Self::Frequent(ItemKind::Text, top) = self {
            top.update(hash_bytes(seed, item), item, 1);
        }
    }

    /// What its heaviest texts have before their first space.
    pub(crate) fn first_parts(&self, most: usize) -> impl Iterator<Item = &[u8]> {
        let heaviest = match self {
            Self::Frequent(ItemKind::Text, top) => top.top(most),
            _ => Vec::new(),
        };
        heaviest.into_iter().filter_map(|entry| entry.item.split(|byte| *byte == b' ').next())
    }

    /// Exact counts of numbers as a list of numbers, which loses nothing of as many as a list tracks.
    pub(crate) fn one_of_many(self, seed: u64) -> Self {
        let Self::Exact(counts) = self else { return self };
        Self::Frequent(ItemKind::Number, list_of(&counts, usize::MAX, |value| hash_word(seed, value)))
    }
}

/// Exact counts as a list of the heaviest; the weight of the next one is taken off all.
fn list_of(counts: &Exact, most_items: usize, key: impl Fn(u64) -> u64) -> Frequent {
    let ranked = counts.top(most_items.saturating_add(1));
    let next = ranked.get(most_items).map_or(0, |(_, count)| *count);
    let mut list = Frequent::new(LG_MAP);
    for (value, count) in ranked {
        let value = u64::from(value);
        list.update(key(value), &value.to_le_bytes(), count - next);
    }
    list.widen(next, counts.stream_weight());
    list
}

#[inline(always)]
fn feed_exact(counts: &mut Exact, rows: &Bitmap, column: Column<'_>, weight: impl Fn(usize) -> u64) {
    match column {
        Column::U16(values) => rows.for_each(|row| counts.add(values[row], weight(row))),
        Column::U8(values) => rows.for_each(|row| counts.add(u16::from(values[row]), weight(row))),
        _ => {}
    }
}

fn feed(top: &mut Frequent, seed: u64, rows: &Bitmap, column: Column<'_>, weight: impl Fn(usize) -> u64) {
    match column {
        Column::Text(text) => feed_text(top, seed, rows, text, weight),
        Column::Address(addresses) => feed_addresses(top, seed, rows, addresses, weight),
        Column::U32(values) => rows.for_each(|row| {
            if values[row] != NO_PLACE {
                let key = hash_word(seed, u64::from(values[row]));
                top.update(key, &values[row].to_le_bytes(), weight(row));
            }
        }),
        other => rows.for_each(|row| {
            let value = other.number(row);
            top.update(hash_word(seed, value), &value.to_le_bytes(), weight(row));
        }),
    }
}

fn feed_text(top: &mut Frequent, seed: u64, rows: &Bitmap, text: TextColumn<'_>, weight: impl Fn(usize) -> u64) {
    let item = |row: usize| text.get(row).unwrap_or(&[]);
    feed_blocks(top, rows, |row| text.get(row).map(|item| hash_bytes(seed, item)), item, weight);
}

fn feed_addresses(top: &mut Frequent, seed: u64, rows: &Bitmap, addresses: &[Address], weight: impl Fn(usize) -> u64) {
    let key = |row: usize| {
        let address = &addresses[row];
        is_specified(address).then(|| address_key(seed, address))
    };
    feed_blocks(top, rows, key, |row| &addresses[row][..], weight);
}

/// Works out the keys of a block of rows, so that their slots are in the cache when they are counted.
#[inline(always)]
fn feed_blocks<'a>(
    top: &mut Frequent,
    rows: &Bitmap,
    key: impl Fn(usize) -> Option<u64>,
    item: impl Fn(usize) -> &'a [u8],
    weight: impl Fn(usize) -> u64,
) {
    let (mut keys, mut owners) = ([0_u64; BLOCK_ROWS], [0_u32; BLOCK_ROWS]);
    rows.for_each_block(|block| {
        let mut count = 0;
        for row in block {
            let Some(key) = key(*row as usize) else { continue };
            top.prefetch(key);
            (keys[count % BLOCK_ROWS], owners[count % BLOCK_ROWS]) = (key, *row);
            count += 1;
        }
        let row = |at: usize| owners[at % BLOCK_ROWS] as usize;
        top.update_all(&keys[..count], |at| item(row(at)), |at| weight(row(at)));
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enrich::geo::Places;
    use proptest::prelude::*;

    const ITEMS: ItemKind = ItemKind::SmallNumber;

    fn counted(counts: &[(u16, u64)]) -> State {
        let mut exact = Exact::new();
        counts.iter().for_each(|&(value, weight)| exact.add(value, weight));
        State::Exact(exact)
    }

    fn image(state: &State) -> Vec<u8> {
        state.image(Items { places: &Places::default(), seed: 1 })
    }

    fn read(image: &[u8]) -> State {
        State::of_image(&State::read_image(image, ITEMS, Items { places: &Places::default(), seed: 2 }).unwrap(), ITEMS)
    }

    fn merged(first: &State, second: &State) -> State {
        let mut merged = first.clone();
        merged.merge(second, true);
        merged
    }

    /// Value, estimate and lower bound of each item; the weight of all.
    fn shown(state: &State) -> (Vec<(u64, u64, u64)>, u64) {
        match state.shape() {
            Shape::Items(ITEMS, TopItems::Exact(counts)) => {
                let row = |(value, count)| (u64::from(value), count, count);
                (counts.top(usize::MAX).into_iter().map(row).collect(), counts.stream_weight())
            }
            Shape::Items(ITEMS, TopItems::Frequent(list)) => {
                let rows = list.top_numbers(usize::MAX);
                let rows = rows.iter().map(|entry| (number(entry.item), entry.estimate, entry.lower_bound));
                (rows.collect(), list.stream_weight())
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn exact_counts_that_are_cut_keep_their_estimates_through_an_image() {
        let mut state = counted(&[(53, 9), (443, 7), (80, 4), (22, 1)]);
        state.cut(2);
        assert_eq!(shown(&state), (vec![(53, 9, 5), (443, 7, 3)], 21));
        assert_eq!(shown(&read(&image(&state))), shown(&state));
    }

    #[test]
    fn few_enough_exact_counts_stay_exact() {
        let mut state = counted(&[(53, 9), (443, 7)]);
        state.cut(2);
        assert!(matches!(state, State::Exact(_)));
        assert!(matches!(read(&image(&state)), State::Exact(_)));
    }

    #[test]
    fn what_was_cut_merges_with_what_was_not() {
        let mut cut = counted(&[(53, 9), (443, 7), (80, 4)]);
        cut.cut(1);
        let whole = counted(&[(53, 1), (22, 2)]);
        let expected = (vec![(53, 10, 3), (22, 9, 2)], 23);
        assert_eq!(shown(&merged(&whole, &read(&image(&cut)))), expected);
        assert_eq!(shown(&merged(&read(&image(&cut)), &whole)), expected);
    }

    #[test]
    fn a_text_that_is_no_number_of_16_bits_is_refused() {
        let mut list = Frequent::new(LG_MAP);
        list.update(1, b"65536", 1);
        let image = list.to_bytes(|item| String::from_utf8_lossy(item).into_owned());
        assert!(State::read_image(&image, ITEMS, Items { places: &Places::default(), seed: 2 }).is_err());
    }

    proptest! {
        #[test]
        fn bounds_hold_however_lists_are_cut_and_merged(
            parts in proptest::collection::vec(
                (proptest::collection::vec((0_u16..40, 1_u64..20), 0..60), 0_usize..30), 1..5
            ),
        ) {
            let mut whole = counted(&[]);
            let mut truth = Exact::new();
            for (counts, most_items) in &parts {
                let mut part = counted(counts);
                part.cut(*most_items);
                whole.merge(&read(&image(&part)), true);
                counts.iter().for_each(|&(value, weight)| truth.add(value, weight));
            }
            let (rows, weight) = shown(&whole);
            prop_assert_eq!(weight, truth.stream_weight());
            let unseen = rows.first().map_or(weight, |(_, estimate, least)| estimate - least);
            for (value, count) in truth.top(usize::MAX) {
                match rows.iter().find(|row| row.0 == u64::from(value)) {
                    Some((_, most, least)) => prop_assert!(*least <= count && count <= *most),
                    None => prop_assert!(count <= unseen),
                }
            }
        }
    }
}
