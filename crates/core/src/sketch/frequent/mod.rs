//! Top-N: the most frequent items of a stream, with bounds. Frequent items as Apache DataSketches: Misra and Gries with
//! purges by a sampled median ("A High-Performance Algorithm for Identifying Frequent Items in Data Streams", Anderson
//! and others, arXiv:1705.07001).
//!
//! Up to 6144 items are counted each in its own counter ([`table`]). When one more comes, the median of the counters is
//! taken off all of them; those that come to nothing give up their place, and what was taken off is added to the
//! *offset*. Whoever is in the table was seen at least as often as its counter says, and at most that plus the offset;
//! whoever is not was seen at most offset times. So nobody frequent is ever missed.
//!
//! Items are told apart by a 64-bit key alone, a hash under a random seed that the caller has computed anyway. Their
//! bytes are copied when an item gets its counter and kept as long as it has it ([`arena`]).

mod arena;
mod bytes;
mod table;

use std::borrow::Cow;

use arena::Arena;
use table::{Table, capacity_of};

pub(crate) use bytes::ImageItem;
pub use bytes::{FrequentImage, write_image};

/// Binary logarithm of the slots that a new sketch starts with.
const LG_FIRST_SLOTS: u8 = 7;

/// Binary logarithm of the slots of the largest sketch, which has 6144 counters.
pub const LG_MOST_SLOTS: u8 = 13;

/// By how much images that are merged may outgrow the most slots, as a binary logarithm: a list that is full is trimmed once
/// for thousands of newcomers, not once for each image.
const LG_SLACK: u8 = 1;

/// So many counters the median of a purge is taken of at most.
const PURGE_SAMPLE: usize = 1024;

/// Counts the most frequent items of a stream.
#[derive(Debug, Clone)]
pub struct Frequent {
    table: Table,
    arena: Arena,
    lg_max_map: u8,
    /// What purges and merges have taken off every counter.
    offset: u64,
    stream_weight: u64,
}

/// One frequent item; its true weight lies between the bounds, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrequentEntry<'a> {
    pub item: &'a [u8],
    /// The upper bound, as DataSketches estimates.
    pub estimate: u64,
    pub lower_bound: u64,
    pub upper_bound: u64,
}

impl Frequent {
    /// An empty sketch that grows up to 2^`lg_max_map` slots, of which three quarters are used; from 7 to 13, others
    /// are taken as the nearest of these.
    pub fn new(lg_max_map: u8) -> Self {
        Self {
            table: Table::new(LG_FIRST_SLOTS),
            arena: Arena::new(),
            lg_max_map: lg_max_map.clamp(LG_FIRST_SLOTS, LG_MOST_SLOTS),
            offset: 0,
            stream_weight: 0,
        }
    }

    /// Adds `weight` to the item of this key; nothing happens for a weight of 0.
    ///
    /// `key` must be a well-mixed hash of `item`. The item's bytes are copied when the key is new; beyond 1020 bytes they
    /// are cut.
    #[inline(always)]
    pub fn update(&mut self, key: u64, item: &[u8], weight: u64) {
        self.update_all(&[key], |_| item, |_| weight);
    }

    /// The same for several items: `item` and `weight` are asked for by the number of the key. The bytes of an item that
    /// has its counter already are not looked at.
    #[inline(always)]
    pub fn update_all<'a>(&mut self, keys: &[u64], item: impl Fn(usize) -> &'a [u8], weight: impl Fn(usize) -> u64) {
        let mut total = 0_u64;
        for (at, &key) in keys.iter().enumerate() {
            let weight = weight(at);
            if weight == 0 {
                continue;
            }
            total = total.saturating_add(weight);
            match self.table.find(key) {
                Ok(slot) => self.table.add(slot, weight),
                Err(vacant) => self.insert(vacant, key, item(at), weight),
            }
        }
        self.stream_weight = self.stream_weight.saturating_add(total);
    }

    /// Makes it the sketch of a stream of this weight, of which `floor` was taken off every counter before they came here.
    pub(crate) fn widen(&mut self, floor: u64, stream_weight: u64) {
        self.offset = self.offset.saturating_add(floor);
        self.stream_weight = stream_weight;
    }

    /// Asks the processor to fetch what [`Self::update`] will touch for this key. Worth it some 16 items ahead.
    #[inline]
    pub fn prefetch(&self, key: u64) {
        self.table.prefetch(key);
    }

    #[inline(never)]
    fn insert(&mut self, vacant: usize, key: u64, item: &[u8], weight: u64) {
        let mut vacant = vacant;
        if self.table.is_full() && self.table.lg_slots() < self.lg_max_map {
            self.table.grow();
            vacant = self.table.vacancy(key);
        }
        self.table.put(vacant, key, weight, self.arena.store(item));
        if self.table.is_over_full() {
            self.purge();
        }
    }

    /// Takes the median of some counters off all.
    fn purge(&mut self) {
        let mut sample = [0_u64; PURGE_SAMPLE];
        let taken = self.table.sample_counts(&mut sample);
        let (_, &mut median, _) = sample[..taken].select_nth_unstable(taken / 2);
        self.take_off(median);
    }

    /// Takes `amount` off every counter; those that come to nothing are given up, and their items with them.
    fn take_off(&mut self, amount: u64) {
        let mut compacted = self.arena.emptied();
        self.table.take_off(amount, |item| compacted.store(self.arena.get(item)));
        self.arena.replace(compacted);
        self.offset = self.offset.saturating_add(amount);
    }

    /// Makes this the sketch of both streams, whose keys must be hashed alike.
    ///
    /// All counters are added up; when they are too many for the larger of both, the greatest that has no place is taken off
    /// all. The order of two sketches makes no difference.
    pub fn merge(&mut self, other: &Frequent) {
        self.lg_max_map = self.lg_max_map.max(other.lg_max_map);
        self.take_in(other);
    }

    /// The same within the slots that there are.
    fn take_in(&mut self, other: &Frequent) {
        let counter = |slot| (other.table.key(slot), other.arena.get(other.table.item(slot)), other.table.count(slot));
        self.merge_counters(other.table.occupied().map(counter), 0);
        self.widen_by(other.offset, other.stream_weight);
    }

    /// The same, straight from an image. What has no place is taken off once there is twice as much as there should be; until
    /// then the sketch tells more than it has to, and its images no more than it should.
    pub fn merge_image(&mut self, image: &FrequentImage<'_>) {
        self.lg_max_map = self.lg_max_map.max(image.lg_max_slots).min(LG_MOST_SLOTS);
        self.merge_counters(image.counters.iter().map(|(key, item, count)| (*key, item.as_ref(), *count)), LG_SLACK);
        self.widen_by(image.offset, image.stream_weight);
    }

    fn widen_by(&mut self, offset: u64, stream_weight: u64) {
        self.offset = self.offset.saturating_add(offset);
        self.stream_weight = self.stream_weight.saturating_add(stream_weight);
    }

    /// Adds counters, each a key, an item and a count above 0, into 2^`lg_slack` times the most slots; beyond that down to the
    /// most.
    fn merge_counters<'a>(&mut self, counters: impl Iterator<Item = (u64, &'a [u8], u64)>, lg_slack: u8) {
        let mut newcomers = Vec::new();
        for (key, item, count) in counters {
            match self.table.find(key) {
                Ok(mine) => self.table.add(mine, count),
                Err(_) => newcomers.push((key, item, count)),
            }
        }
        let lg_most = self.lg_max_map + lg_slack;
        while self.table.len() + newcomers.len() > self.table.capacity() && self.table.lg_slots() < lg_most {
            self.table.grow();
        }
        let excess = self.greatest_excess(&newcomers, lg_most);
        if excess > 0 {
            self.take_off(excess);
        }
        for (key, item, count) in newcomers {
            let count = count.saturating_sub(excess);
            if count > 0 {
                match self.table.find(key) {
                    // An image may name an item twice.
                    Ok(mine) => self.table.add(mine, count),
                    Err(vacant) => self.table.put(vacant, key, count, self.arena.store(item)),
                }
            }
        }
    }

    /// The greatest counter for which there is no place in the most slots once the newcomers are added; 0 if all have theirs in
    /// 2^`lg_most`.
    fn greatest_excess(&self, newcomers: &[(u64, &[u8], u64)], lg_most: u8) -> u64 {
        if self.table.len() + newcomers.len() <= capacity_of(lg_most) {
            return 0;
        }
        let theirs = newcomers.iter().map(|(_, _, count)| *count);
        let mut counts: Vec<u64> = self.table.counts().chain(theirs).collect();
        *counts.select_nth_unstable_by(self.most_items(), |a, b| b.cmp(a)).1
    }

    /// How many items it tracks at most, but for what merging has not trimmed yet.
    fn most_items(&self) -> usize {
        capacity_of(self.lg_max_map)
    }

    /// It with no more items than it should have.
    fn trimmed(&self) -> Cow<'_, Self> {
        if self.len() <= self.most_items() {
            return Cow::Borrowed(self);
        }
        let mut trimmed = self.clone();
        trimmed.cut(self.most_items());
        Cow::Owned(trimmed)
    }

    /// The heaviest items, descending by estimate, equals by their bytes. Every item heavier than
    /// [`Self::maximum_error`] is tracked, so that none of these is missed.
    pub fn top(&self, count: usize) -> Vec<FrequentEntry<'_>> {
        self.ranked(count, <[u8]>::cmp)
    }

    /// The same where items are little-endian numbers: equals by these.
    pub fn top_numbers(&self, count: usize) -> Vec<FrequentEntry<'_>> {
        self.ranked(count, |a, b| a.iter().rev().cmp(b.iter().rev()))
    }

    fn ranked(&self, count: usize, compare: impl Fn(&[u8], &[u8]) -> std::cmp::Ordering) -> Vec<FrequentEntry<'_>> {
        let entry = |slot| (self.table.count(slot), self.arena.get(self.table.item(slot)));
        let mut ranked: Vec<(u64, &[u8])> = self.table.heaviest(count).map(entry).collect();
        let order = |a: &(u64, &[u8]), b: &(u64, &[u8])| b.0.cmp(&a.0).then_with(|| compare(a.1, b.1));
        if count < ranked.len() {
            ranked.select_nth_unstable_by(count, order);
            ranked.truncate(count);
        }
        ranked.sort_unstable_by(order);
        ranked.into_iter().map(|(weight, item)| self.entry(weight, item)).collect()
    }

    fn entry<'a>(&self, weight: u64, item: &'a [u8]) -> FrequentEntry<'a> {
        let upper_bound = weight.saturating_add(self.offset);
        FrequentEntry { item, estimate: upper_bound, lower_bound: weight, upper_bound }
    }

    /// By how much an estimate can be too high; an item that isn't tracked weighs no more than this.
    pub fn maximum_error(&self) -> u64 {
        self.offset
    }

    /// The sum of all weights.
    pub fn stream_weight(&self) -> u64 {
        self.stream_weight
    }

    /// How many items are tracked.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// True when nothing was counted, which is not the same as when nothing is tracked.
    pub fn is_empty(&self) -> bool {
        self.stream_weight == 0
    }

    /// Keeps the heaviest items alone from now on, as a sketch of so many slots does; tells whether it was larger. What the
    /// others weighed widens the bounds.
    pub fn reduce(&mut self, lg_max_map: u8) -> bool {
        if self.lg_max_map <= lg_max_map {
            return false;
        }
        let mut reduced = Self::new(lg_max_map);
        reduced.take_in(self);
        *self = reduced;
        true
    }

    /// Keeps as many of the heaviest items; the weight of the next one is taken off these, so that estimates stay as they are
    /// and bounds get wider. Of equals of that next one none is kept.
    pub fn cut(&mut self, most_items: usize) {
        if self.len() > most_items {
            let mut counts: Vec<u64> = self.table.counts().collect();
            let (_, &mut next, _) = counts.select_nth_unstable_by(most_items, |a, b| b.cmp(a));
            self.take_off(next);
        }
    }

    /// Gives back the memory that only further updates need; worth it when a window is closed.
    pub fn shrink_to_fit(&mut self) {
        self.table.shrink(LG_FIRST_SLOTS);
        self.arena = self.arena.clone();
    }

    pub fn memory_bytes(&self) -> usize {
        size_of::<Self>() + self.table.memory_bytes() + self.arena.memory_bytes()
    }
}

#[cfg(test)]
mod tests;
