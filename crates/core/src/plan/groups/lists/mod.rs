//! Top lists of a group. Lists of the same items that differ in their weight alone are kept as one, each item once, with a
//! sum for each weight.
//!
//! Rows are not counted one by one: a chunk of them is summed by item first ([`Sums`]), in room that all groups share, and
//! what is kept of a list is summed with them. When there are more items than places, each weight takes the greatest sum
//! that has no place in its share off all of its sums; what comes to nothing for every weight is given up, and what was taken
//! off is the weight's *floor*. So an item weighs what is kept of it at least, and at most that plus the floor, as in
//! [`crate::sketch::Frequent`], which such a list becomes when it is read.
//!
//! What is kept is packed: the values as [`super::values`] writes them, each with its sums in LEB128.

mod items;
mod sums;

pub(super) use items::{Counted, ItemType, Values, write_keys};
use items::{NO_KEY, PACKED, read_item, write_endpoint, write_item};
pub(super) use sums::Sums;
use sums::{OF_ROW, Total};

use super::values;
use crate::sketch::Frequent;
use crate::sketch::reader::{Reader, write_block, write_varint};
use crate::texts;

/// Items of a list, of all its weights together; and of bytes, all that there are.
const MOST_ITEMS: usize = 96;
const MOST_BYTE_ITEMS: usize = 256;

/// Binary logarithm of the slots of the sketch that has room for them.
const LG_SLOTS: u8 = 7;
const LG_BYTE_SLOTS: u8 = 9;

/// Top lists of the same items, by one or several weights.
#[derive(Debug, Clone)]
pub(super) struct List {
    packed: Vec<u8>,
    items: u32,
    totals: Box<[Total]>,
}

impl List {
    pub fn new(weights: usize) -> Self {
        Self { packed: Vec::new(), items: 0, totals: vec![Total::default(); weights].into() }
    }

    /// Takes in the rows of a chunk; what of them counts may be said in several parts.
    pub fn fold(&mut self, kind: ItemType, counted: &[Counted<'_>], sums: &mut Sums, seed: u64) {
        let rows: usize = counted.iter().map(|one| one.rows.len()).sum();
        if rows == 0 {
            return;
        }
        sums.begin(self.totals.len(), self.items as usize + rows);
        sums.add_packed(kind, &self.packed, self.items, seed);
        let packed = sums.found;
        for one in counted {
            sums.add_rows(one, &mut self.totals);
        }
        if sums.has_rows {
            let most = if kind.is_byte() { MOST_BYTE_ITEMS } else { MOST_ITEMS };
            sums.cut(most, packed, &mut self.totals);
            self.pack(sums, counted);
        }
    }

    fn pack(&mut self, sums: &mut Sums, counted: &[Counted<'_>]) {
        sums.find_kept();
        let Sums { out, counts, items, places, least, kept, .. } = sums;
        out.clear();
        for at in kept.iter().map(|at| *at as usize) {
            match items[at].origin {
                kept if kept & OF_ROW == 0 => {
                    let (start, end) = places[kept as usize];
                    out.extend_from_slice(&self.packed[start as usize..end as usize]);
                }
                row => write_item(out, counted, row & !OF_ROW),
            }
            let counts = &counts[at * least.len()..][..least.len()];
            counts.iter().zip(&*least).for_each(|(count, least)| write_varint(out, count.saturating_sub(*least)));
        }
        self.items = kept.len() as u32;
        if self.packed.capacity() < out.len() {
            self.packed = Vec::with_capacity(out.len());
        }
        self.packed.clear();
        self.packed.extend_from_slice(out);
    }

    /// The list by one of its weights, as a sketch.
    pub fn frequent(&self, kind: ItemType, weight: usize, seed: u64) -> Frequent {
        let mut frequent = Frequent::new(if kind.is_byte() { LG_BYTE_SLOTS } else { LG_SLOTS });
        let mut reader = Reader::new("list", &self.packed);
        for _ in 0..self.items {
            let item = read_item(&mut reader, kind);
            for at in 0..self.totals.len() {
                let count = reader.varint().expect(PACKED);
                if at == weight && count > 0 {
                    item.show(seed, |key, bytes| frequent.update(key, bytes, count));
                }
            }
        }
        let Total { floor, stream_weight } = self.totals[weight];
        frequent.widen(floor, stream_weight);
        frequent
    }

    /// The list of which these are the sketches, one for each weight.
    pub fn of(kind: ItemType, sketches: &[&Frequent]) -> Self {
        let mut items: std::collections::BTreeMap<&[u8], Vec<u64>> = std::collections::BTreeMap::new();
        let tops: Vec<_> = sketches.iter().map(|sketch| sketch.top(sketch.len())).collect();
        for (weight, top) in tops.iter().enumerate() {
            for entry in top {
                items.entry(entry.item).or_insert_with(|| vec![0; sketches.len()])[weight] = entry.lower_bound;
            }
        }
        let mut packed = Vec::new();
        for (item, counts) in &items {
            match kind {
                ItemType::Column(kind) => values::write_item(&mut packed, kind, item),
                ItemType::Endpoint => write_endpoint(&mut packed, &texts::read_endpoint(item)),
            }
            counts.iter().for_each(|count| write_varint(&mut packed, *count));
        }
        let total = |sketch: &&Frequent| Total { floor: sketch.maximum_error(), stream_weight: sketch.stream_weight() };
        Self { packed, items: items.len() as u32, totals: sketches.iter().map(total).collect() }
    }

    /// Counts the rows of a chunk without their items.
    pub fn count(&mut self, counted: &[Counted<'_>]) {
        for one in counted {
            for (total, weight) in self.totals.iter_mut().zip(one.weights) {
                let rows = one.rows.iter().map(|row| *row as usize).filter(|row| one.keys[*row] != NO_KEY);
                let weights = rows.map(|row| weight.as_ref().map_or(1, |weight| weight.number(row)));
                let sum = weights.fold(0, u64::saturating_add);
                total.stream_weight = total.stream_weight.saturating_add(sum);
                total.floor = total.stream_weight;
            }
        }
    }

    /// Gives up all items: any may have weighed as much as all rows together.
    pub fn leave_items_out(&mut self) {
        (self.packed, self.items) = (Vec::new(), 0);
        self.totals.iter_mut().for_each(|total| total.floor = total.stream_weight);
    }

    /// Takes in the same list of other rows.
    pub fn merge(&mut self, kind: ItemType, other: &Self, seed: u64) {
        if self.items == 0 || other.items == 0 {
            if self.items == 0 {
                (self.packed, self.items) = (other.packed.clone(), other.items);
            }
            for (mine, theirs) in self.totals.iter_mut().zip(&other.totals) {
                mine.floor = mine.floor.saturating_add(theirs.floor);
                mine.stream_weight = mine.stream_weight.saturating_add(theirs.stream_weight);
            }
            return;
        }
        let merged = |at| {
            let mut mine = self.frequent(kind, at, seed);
            mine.merge(&other.frequent(kind, at, seed));
            mine
        };
        let sketches: Vec<Frequent> = (0..self.totals.len()).map(merged).collect();
        *self = Self::of(kind, &sketches.iter().collect::<Vec<_>>());
    }

    /// What all rows weigh, by each weight.
    pub fn stream_weights(&self) -> impl Iterator<Item = u64> {
        self.totals.iter().map(|total| total.stream_weight)
    }

    pub fn set_stream_weights(&mut self, weights: &mut impl Iterator<Item = u64>) {
        self.totals.iter_mut().zip(weights).for_each(|(total, weight)| total.stream_weight = weight);
    }

    /// Writes everything but what all rows weigh.
    pub fn pack_items(&self, out: &mut Vec<u8>) {
        write_varint(out, u64::from(self.items));
        self.totals.iter().for_each(|total| write_varint(out, total.floor));
        write_block(out, &self.packed);
    }

    /// Reads what [`Self::pack_items`] wrote.
    pub fn unpack_items(&mut self, reader: &mut Reader) {
        self.items = reader.varint().expect(PACKED) as u32;
        self.totals.iter_mut().for_each(|total| total.floor = reader.varint().expect(PACKED));
        self.packed = reader.block().expect(PACKED).to_vec();
    }

    /// Passes what [`Self::pack_items`] wrote of a list of so many weights.
    pub fn skip_items(reader: &mut Reader, weights: usize) {
        for _ in 0..=weights {
            reader.varint().expect(PACKED);
        }
        reader.block().expect(PACKED);
    }

    pub fn shrink(&mut self) {
        self.packed.shrink_to_fit();
    }

    pub fn memory_bytes(&self) -> usize {
        self.packed.capacity() + size_of_val(&*self.totals) + 2 * super::ALLOCATION_BYTES
    }
}

#[cfg(test)]
mod tests;
