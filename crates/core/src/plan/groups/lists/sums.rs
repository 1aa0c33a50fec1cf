//! A chunk summed by items, in room that all groups share.

use super::items::{Counted, ItemType, NO_KEY, PACKED, read_item, some_key};
use crate::sketch::reader::Reader;
use crate::table::Column;

/// Slots of the sums to begin with.
const FIRST_SLOTS: usize = 1 << 6;

/// Says that an item has not been packed before: it is one of a row.
pub(super) const OF_ROW: u32 = 1 << 31;

/// What is kept for one weight beside its sums.
#[derive(Debug, Clone, Copy, Default)]
pub struct Total {
    pub floor: u64,
    pub stream_weight: u64,
}

/// Room to sum a chunk by items; kept from one list to the next.
#[derive(Debug, Default)]
pub struct Sums {
    /// Numbers of items plus one, by their keys; 0 for a place that nobody has.
    slots: Vec<u32>,
    pub(super) keys: Vec<u64>,
    /// Of each item its number among those packed before, or the row that it was seen in first, marked [`OF_ROW`].
    pub(super) origins: Vec<u32>,
    /// For each item a sum by each weight; there is room for more.
    pub(super) counts: Vec<u64>,
    /// Where the packed items stand.
    pub(super) places: Vec<(u32, u32)>,
    weights: usize,
    /// What is taken off the sums, by weight.
    pub(super) least: Vec<u64>,
    /// Rows of the parts before this one.
    earlier_rows: u32,
    pub(super) has_rows: bool,
    pub(super) out: Vec<u8>,
    ranked: Vec<u64>,
}

impl Sums {
    /// Makes room for so many items, each with so many weights.
    pub fn begin(&mut self, weights: usize, most_items: usize) {
        self.slots.clear();
        self.slots.resize((2 * most_items).next_power_of_two().max(FIRST_SLOTS), 0);
        self.keys.clear();
        self.keys.reserve(most_items);
        self.origins.clear();
        self.origins.reserve(most_items);
        self.counts.clear();
        self.counts.resize(most_items * weights, 0);
        self.least.clear();
        self.least.resize(weights, 0);
        self.places.clear();
        (self.weights, self.earlier_rows, self.has_rows) = (weights, 0, false);
    }

    pub fn add_packed(&mut self, kind: ItemType, packed: &[u8], items: u32, seed: u64) {
        let mut reader = Reader::new("list", packed);
        for number in 0..items {
            let start = packed.len() - reader.remaining();
            let item = read_item(&mut reader, kind);
            self.places.push((start as u32, (packed.len() - reader.remaining()) as u32));
            let at = self.place(some_key(item.key(seed)), number);
            for weight in 0..self.weights {
                self.counts[at * self.weights + weight] = reader.varint().expect(PACKED);
            }
        }
    }

    /// The number of the item of a key; of a new one, where it comes from is noted.
    #[inline(always)]
    fn place(&mut self, key: u64, origin: u32) -> usize {
        let mask = self.slots.len() - 1;
        let mut slot = key as usize & mask;
        loop {
            match self.slots[slot & mask] as usize {
                0 => break,
                number if self.keys[number - 1] == key => return number - 1,
                _ => slot += 1,
            }
        }
        self.slots[slot & mask] = self.keys.len() as u32 + 1;
        self.keys.push(key);
        self.origins.push(origin);
        self.keys.len() - 1
    }

    pub fn add_rows(&mut self, counted: &Counted<'_>, totals: &mut [Total]) {
        match counted.weights {
            [Some(Column::U64(first)), Some(Column::U64(second))] => {
                self.add_weighted(counted, totals, |row| [first[row], second[row]]);
            }
            [Some(Column::U64(weights))] => self.add_weighted(counted, totals, |row| [weights[row]]),
            [Some(weight)] => self.add_weighted(counted, totals, |row| [weight.number(row)]),
            [None] => self.add_weighted(counted, totals, |_| [1]),
            weights => {
                for (at, weight) in weights.iter().enumerate() {
                    let weight = |row: usize| weight.as_ref().map_or(1, |weight| weight.number(row));
                    self.add_one_of(counted, totals, at, weight);
                }
            }
        }
        self.earlier_rows += counted.values.len() as u32;
    }

    #[inline(always)]
    fn add_weighted<const N: usize>(
        &mut self,
        counted: &Counted<'_>,
        totals: &mut [Total],
        weights: impl Fn(usize) -> [u64; N],
    ) {
        let mut sums = [0_u64; N];
        let earlier_rows = self.earlier_rows;
        counted.rows.for_each(|row| {
            let (key, weights) = (counted.keys[row], weights(row));
            if key == NO_KEY || weights == [0; N] {
                return;
            }
            let at = self.place(key, (earlier_rows + row as u32) | OF_ROW);
            let counts = &mut self.counts[at * N..][..N];
            for ((count, sum), weight) in counts.iter_mut().zip(&mut sums).zip(weights) {
                *count = count.saturating_add(weight);
                *sum = sum.saturating_add(weight);
            }
            self.has_rows = true;
        });
        for (total, sum) in totals.iter_mut().zip(sums) {
            total.stream_weight = total.stream_weight.saturating_add(sum);
        }
    }

    /// One weight of many.
    fn add_one_of(
        &mut self,
        counted: &Counted<'_>,
        totals: &mut [Total],
        weight: usize,
        weights: impl Fn(usize) -> u64,
    ) {
        let keys = counted.keys;
        for row in counted.rows.rows().filter(|row| keys[*row] != NO_KEY && weights(*row) > 0) {
            let at = self.place(keys[row], (self.earlier_rows + row as u32) | OF_ROW);
            let count = &mut self.counts[at * self.weights + weight];
            *count = count.saturating_add(weights(row));
            totals[weight].stream_weight = totals[weight].stream_weight.saturating_add(weights(row));
            self.has_rows = true;
        }
    }

    /// Makes room: of more items than there are places, or than were kept before, those stay that are among the heaviest of a
    /// weight. Tells by [`Self::least`] what is to be taken off the sums.
    pub fn cut(&mut self, most: usize, before: usize, totals: &mut [Total]) {
        let items = self.keys.len();
        if items <= most.max(before) {
            return;
        }
        for (weight, total) in totals.iter_mut().enumerate() {
            let least = self.nth_heaviest(weight, most / self.weights, before);
            total.floor = total.floor.saturating_add(least);
            self.least[weight] = least;
        }
    }

    /// The sum that so many items exceed or equal, by one weight. Those kept before are mostly among the heaviest: what is lighter
    /// than enough of them need not be ranked.
    fn nth_heaviest(&mut self, weight: usize, nth: usize, before: usize) -> u64 {
        let Self { counts, weights, ranked, keys, .. } = self;
        let sums = |items: usize| counts[..items * *weights].iter().skip(weight).step_by(*weights).copied();
        let nth_of = |ranked: &mut Vec<u64>| *ranked.select_nth_unstable_by(nth, |a, b| b.cmp(a)).1;
        let mut bound = 0;
        if before > nth {
            ranked.clear();
            ranked.extend(sums(before));
            bound = nth_of(ranked);
        }
        ranked.clear();
        ranked.extend(sums(keys.len()).filter(|sum| *sum >= bound));
        nth_of(ranked)
    }
}
