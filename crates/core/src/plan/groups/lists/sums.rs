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

/// An item that is summed.
#[derive(Debug)]
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
    pub(super) items: Vec<Summed>,
    /// For each item a sum by each weight.
    pub(super) counts: Vec<u64>,
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
        self.items.clear();
        self.items.reserve(most_items);
        self.counts.clear();
        self.counts.reserve(most_items * weights);
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
            let (key, sums) = (some_key(item.key(seed)), self.counts.len());
            self.counts.extend((0..self.weights).map(|_| reader.varint().expect(PACKED)));
            match self.find(key) {
                Err(slot) => self.add(slot, Summed { key, origin: number }),
                Ok(_) => self.counts.truncate(sums), // two items of one key, less likely than a fault of the machine
            }
        }
    }

    /// The number of the item of a key, or the slot where it would be.
    #[inline(always)]
    fn find(&self, key: u64) -> Result<usize, usize> {
        let mask = self.slots.len() - 1;
        let mut slot = key as usize & mask;
        loop {
            match self.slots[slot] as usize {
                0 => return Err(slot),
                number if self.items[number - 1].key == key => return Ok(number - 1),
                _ => slot = (slot + 1) & mask,
            }
        }
    }

    /// Takes an item into a slot that [`Self::find`] told; its sums are to follow.
    #[inline(always)]
    fn add(&mut self, slot: usize, item: Summed) {
        self.items.push(item);
        self.slots[slot] = self.items.len() as u32;
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
            match self.find(key) {
                Ok(number) => {
                    let counts = self.counts[number * N..].first_chunk_mut::<N>().expect("a sum by each weight");
                    counts.iter_mut().zip(weights).for_each(|(count, weight)| *count = count.saturating_add(weight));
                }
                Err(slot) => {
                    self.add(slot, Summed { key, origin: (self.earlier_rows + row) | OF_ROW });
                    self.counts.extend_from_slice(&weights);
                }
            }
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
            let number = self.find(keys[row]).unwrap_or_else(|slot| {
                self.add(slot, Summed { key: keys[row], origin: (self.earlier_rows + row as u32) | OF_ROW });
                self.counts.resize(self.items.len() * self.weights, 0);
                self.items.len() - 1
            });
            let count = &mut self.counts[number * self.weights + weight];
            *count = count.saturating_add(weights(row));
            totals[weight].stream_weight = totals[weight].stream_weight.saturating_add(weights(row));
            self.has_rows = true;
        }
    }

    /// Makes room: of more items than there are places, or than were kept before, those stay that are among the heaviest of a
    /// weight. Tells by [`Self::least`] what is to be taken off the sums.
    pub fn cut(&mut self, most: usize, before: usize, totals: &mut [Total]) {
        if self.items.len() <= most.max(before) {
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
        let Self { counts, ranked, .. } = self;
        match self.weights {
            1 => nth_of(|| counts.iter().copied(), nth, ranked),
            2 => nth_of(|| counts.as_chunks::<2>().0.iter().map(|sums| sums[weight & 1]), nth, ranked),
            some => nth_of(|| counts.chunks_exact(some).map(|sums| sums[weight]), nth, ranked),
        }
    }

    /// Finds the items that keep something of a sum when [`Self::least`] is taken off.
    pub fn find_kept(&mut self) {
        let Self { counts, least, kept, .. } = self;
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

/// The number that so many exceed or equal. Sums are as uneven as traffic: of most it is enough to know how many bits they have.
#[inline(always)]
fn nth_of<I: Iterator<Item = u64>>(numbers: impl Fn() -> I, nth: usize, ranked: &mut Vec<u64>) -> u64 {
    let mut lengths = [0_usize; u64::BITS as usize + 1];
    numbers().for_each(|number| lengths[length(number)] += 1);
    let (mut heavier, mut at) = (0, u64::BITS as usize);
    while at > 0 && heavier + lengths[at] <= nth {
        heavier += lengths[at];
        at -= 1;
    }
    ranked.clear();
    ranked.extend(numbers().filter(|number| length(*number) == at));
    *ranked.select_nth_unstable_by(nth - heavier, |a, b| b.cmp(a)).1
}

/// The bits of a number, without leading zeros.
#[inline(always)]
fn length(number: u64) -> usize {
    (u64::BITS - number.leading_zeros()) as usize
}
