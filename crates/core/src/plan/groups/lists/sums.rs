//! A chunk summed by items, in room that all groups share.

use super::items::{Counted, ItemType, NO_KEY, PACKED, read_item, some_key};
use crate::sketch::reader::Reader;
use crate::table::Column;

/// Slots of the sums to begin with.
const FIRST_SLOTS: usize = 1 << 6;

/// So many sums give a first bound for the heaviest of all.
const FEW_NUMBERS: usize = 128;

/// Says that an item has not been packed before: it is one of a row.
pub(super) const OF_ROW: u32 = 1 << 31;

/// What is kept for one weight beside its sums.
#[derive(Debug, Clone, Copy, Default)]
pub struct Total {
    pub floor: u64,
    pub stream_weight: u64,
}

/// An item that is summed.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Summed {
    key: u64,
    /// Its number among those packed before, or the row that it was seen in first, marked [`OF_ROW`].
    pub origin: u32,
}

/// Room to sum a chunk by items; kept from one list to the next.
#[derive(Debug, Default)]
pub struct Sums {
    /// Numbers of items plus one, by their keys; 0 for a place that nobody has.
    slots: Vec<u32>,
    /// Items, and behind them room for more: what stands there means nothing.
    pub(super) items: Vec<Summed>,
    /// For each item a sum by each weight.
    pub(super) counts: Vec<u64>,
    /// So many items there are.
    pub(super) found: usize,
    /// Where the packed items stand.
    pub(super) places: Vec<(u32, u32)>,
    weights: usize,
    /// What is taken off the sums, by weight.
    pub(super) least: Vec<u64>,
    /// Rows of the parts before this one.
    earlier_rows: u32,
    pub(super) has_rows: bool,
    /// Items that go on.
    pub(super) kept: Vec<u32>,
    pub(super) out: Vec<u8>,
    ranked: Vec<u64>,
}

impl Sums {
    /// Makes room for so many items, each with so many weights.
    pub fn begin(&mut self, weights: usize, most_items: usize) {
        self.slots.clear();
        self.slots.resize((2 * most_items).next_power_of_two().max(FIRST_SLOTS), 0);
        // One more than there can be: the next item is written before it is known whether there is one.
        if self.items.len() <= most_items {
            self.items.resize(most_items + 1, Summed::default());
        }
        if self.counts.len() < (most_items + 1) * weights {
            self.counts.resize((most_items + 1) * weights, 0);
        }
        self.least.clear();
        self.least.resize(weights, 0);
        self.places.clear();
        (self.weights, self.found, self.earlier_rows, self.has_rows) = (weights, 0, 0, false);
    }

    pub fn add_packed(&mut self, kind: ItemType, packed: &[u8], items: u32, seed: u64) {
        let mut reader = Reader::new("list", packed);
        for number in 0..items {
            let start = packed.len() - reader.remaining();
            let item = read_item(&mut reader, kind);
            self.places.push((start as u32, (packed.len() - reader.remaining()) as u32));
            let before = self.found;
            let at = self.place(Summed { key: some_key(item.key(seed)), origin: number });
            for weight in 0..self.weights {
                let count = reader.varint().expect(PACKED);
                // Two items of one key are less likely than a fault of the machine: the second is passed.
                if at == before {
                    self.counts[at * self.weights + weight] = count;
                }
            }
        }
    }

    /// The number of the item with this key, which is added if there is none. The sums of one that is new mean nothing yet.
    ///
    /// Whether a key is new is as good as random, so no branch asks for it: the item is written behind the others, where the
    /// search finds it if its place is free.
    #[inline(always)]
    fn place(&mut self, item: Summed) -> usize {
        let (mask, next) = (self.slots.len() - 1, self.found);
        self.items[next] = item;
        let mut slot = item.key as usize & mask;
        loop {
            let number = self.slots[slot] as usize;
            let at = if number == 0 { next } else { number - 1 };
            if self.items[at].key == item.key {
                self.slots[slot] = at as u32 + 1;
                self.found += usize::from(at == next);
                return at;
            }
            slot = (slot + 1) & mask;
        }
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
        for row in counted.rows {
            let (key, weights) = (counted.keys[*row as usize], weights(*row as usize));
            if key == NO_KEY || weights.iter().fold(0, |any, weight| any | weight) == 0 {
                continue;
            }
            let next = self.found;
            self.counts[next * N..][..N].fill(0);
            let at = self.place(Summed { key, origin: (self.earlier_rows + row) | OF_ROW });
            let counts = self.counts[at * N..].first_chunk_mut::<N>().expect("a sum by each weight");
            counts.iter_mut().zip(weights).for_each(|(count, weight)| *count = count.saturating_add(weight));
            sums.iter_mut().zip(weights).for_each(|(sum, weight)| *sum = sum.saturating_add(weight));
        }
        self.has_rows |= sums != [0; N];
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
        let rows = counted.rows.iter().map(|row| *row as usize);
        for row in rows.filter(|row| keys[*row] != NO_KEY && weights(*row) > 0) {
            let next = self.found;
            self.counts[next * self.weights..][..self.weights].fill(0);
            let at = self.place(Summed { key: keys[row], origin: (self.earlier_rows + row as u32) | OF_ROW });
            let count = &mut self.counts[at * self.weights + weight];
            *count = count.saturating_add(weights(row));
            totals[weight].stream_weight = totals[weight].stream_weight.saturating_add(weights(row));
            self.has_rows = true;
        }
    }

    /// Makes room: of more items than there are places, or than were kept before, those stay that are among the heaviest of a
    /// weight. Tells by [`Self::least`] what is to be taken off the sums.
    pub fn cut(&mut self, most: usize, before: usize, totals: &mut [Total]) {
        if self.found <= most.max(before) {
            return;
        }
        for (weight, total) in totals.iter_mut().enumerate() {
            let least = self.nth_heaviest(weight, most / self.weights);
            total.floor = total.floor.saturating_add(least);
            self.least[weight] = least;
        }
    }

    /// The sum that so many items exceed or equal, by one weight.
    fn nth_heaviest(&mut self, weight: usize, nth: usize) -> u64 {
        let Self { counts, ranked, found, weights, .. } = self;
        let counts = &counts[..*found * *weights];
        match *weights {
            1 => nth_of(|| counts.iter().copied(), nth, ranked),
            2 => nth_of(|| counts.as_chunks::<2>().0.iter().map(|sums| sums[weight & 1]), nth, ranked),
            some => nth_of(|| counts.chunks_exact(some).map(|sums| sums[weight]), nth, ranked),
        }
    }

    /// Finds the items that keep something of a sum when [`Self::least`] is taken off.
    pub fn find_kept(&mut self) {
        let Self { counts, least, kept, found, weights, .. } = self;
        let counts = &counts[..*found * *weights];
        kept.clear();
        match **least {
            [first, second] => {
                let sums = (0..).zip(counts.as_chunks::<2>().0);
                kept.extend(sums.filter(|(_, sums)| sums[0] > first || sums[1] > second).map(|(at, _)| at));
            }
            _ => {
                let sums = (0..).zip(counts.chunks_exact(least.len()));
                let is_kept = |sums: &[u64]| sums.iter().zip(&*least).any(|(sum, least)| sum > least);
                kept.extend(sums.filter(|(_, sums)| is_kept(sums)).map(|(at, _)| at));
            }
        }
    }
}

/// The number that so many exceed or equal.
///
/// The same of the first numbers is no greater, since more numbers can only raise it. Sums are as uneven as traffic, and those
/// that were kept before come first: few others reach that bound.
#[inline(always)]
pub(super) fn nth_of<I: Iterator<Item = u64>>(numbers: impl Fn() -> I, nth: usize, ranked: &mut Vec<u64>) -> u64 {
    ranked.clear();
    ranked.extend(numbers().take(FEW_NUMBERS.max(nth + 1)));
    let bound = *ranked.select_nth_unstable_by(nth, |a, b| b.cmp(a)).1;
    let mut count = 0;
    ranked.resize(numbers().count(), 0);
    for number in numbers() {
        ranked[count] = number;
        count += usize::from(number >= bound);
    }
    *ranked[..count].select_nth_unstable_by(nth, |a, b| b.cmp(a)).1
}
