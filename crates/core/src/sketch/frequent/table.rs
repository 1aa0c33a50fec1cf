//! The counters: an open-addressing hash table, laid out for few cache misses and few mispredicted branches.
//!
//! Every slot has a *tag* of one byte: 0 when it is vacant, otherwise the top bit and seven bits of the key. A look-up
//! compares sixteen tags at once from the key's home on, and reads a counter only where the tag fits. Sixteen is nearly
//! always enough, so that the loops of linear probing, whose ends no branch predictor can guess, all but vanish.
//!
//! Keys are hashes already: the low bits choose the home, the high bits make the tag.

use super::arena::ItemRef;
use crate::hash::prefetch;
use crate::lanes;
use crate::sketch::ranking::weight_of_rank;

/// How many tags are looked at together.
const WINDOW: usize = lanes::LANES;
const VACANT: u8 = 0;

#[derive(Debug, Clone, Copy, Default)]
struct Counter {
    key: u64,
    count: u64,
}

/// The most counters that a table of 2^`lg_slots` slots is meant to have: three quarters of these.
pub(super) fn capacity_of(lg_slots: u8) -> usize {
    (1 << lg_slots) / 4 * 3
}

#[derive(Debug, Clone)]
pub(super) struct Table {
    /// A tag for each slot, and the first [`WINDOW`] of them again, so that a window needn't wrap.
    tags: Vec<u8>,
    counters: Vec<Counter>,
    items: Vec<ItemRef>,
    /// Number of slots, a power of two, less one.
    mask: usize,
    len: usize,
}

impl Table {
    pub fn new(lg_slots: u8) -> Self {
        let slots = 1 << lg_slots;
        Self {
            tags: vec![VACANT; slots + WINDOW],
            counters: vec![Counter::default(); slots],
            items: vec![ItemRef::default(); slots],
            mask: slots - 1,
            len: 0,
        }
    }

    pub fn len(&self) -> usize {
        self.len
    }

    pub fn lg_slots(&self) -> u8 {
        self.mask.trailing_ones() as u8
    }

    /// The most counters that this table is meant to have.
    pub fn capacity(&self) -> usize {
        capacity_of(self.lg_slots())
    }

    pub fn is_full(&self) -> bool {
        self.len >= self.capacity()
    }

    pub fn is_over_full(&self) -> bool {
        self.len > self.capacity()
    }

    /// The slot of a key, or the vacant slot where it belongs.
    #[inline(always)]
    pub fn find(&self, key: u64) -> Result<usize, usize> {
        let tag = tag_of(key);
        let mut home = key as usize & self.mask;
        loop {
            let window = self.window(home);
            let vacant = window.vacant();
            // What stands behind a vacant slot was never probed past it. Without one, all bits stay.
            let mut candidates = window.equal_to(tag) & (vacant & vacant.wrapping_neg()).wrapping_sub(1);
            while candidates != 0 {
                let slot = (home + candidates.trailing_zeros() as usize) & self.mask;
                if self.counter(slot).key == key {
                    return Ok(slot);
                }
                candidates &= candidates - 1;
            }
            if vacant != 0 {
                return Err((home + vacant.trailing_zeros() as usize) & self.mask);
            }
            home = (home + WINDOW) & self.mask;
        }
    }

    /// The vacant slot where a key that isn't there belongs.
    pub fn vacancy(&self, key: u64) -> usize {
        let mut home = key as usize & self.mask;
        // Mostly so; and a window that covers a tag just written would have to wait for it.
        if self.tags[home] == VACANT {
            return home;
        }
        loop {
            let vacant = self.window(home).vacant();
            if vacant != 0 {
                return (home + vacant.trailing_zeros() as usize) & self.mask;
            }
            home = (home + WINDOW) & self.mask;
        }
    }

    /// The tags from a slot on.
    #[inline(always)]
    fn window(&self, home: usize) -> Window<'_> {
        debug_assert!(home <= self.mask && self.tags.len() == self.mask + 1 + WINDOW);
        // SAFETY: `home` is a number of a slot, and there are sixteen more tags than slots.
        Window(unsafe { &*self.tags.as_ptr().add(home).cast::<[u8; WINDOW]>() })
    }

    #[inline(always)]
    fn counter(&self, slot: usize) -> &Counter {
        debug_assert!(slot <= self.mask && self.counters.len() == self.mask + 1);
        // SAFETY: `slot` is a number of a slot, and each slot has its counter.
        unsafe { self.counters.get_unchecked(slot) }
    }

    #[inline]
    pub fn prefetch(&self, key: u64) {
        let home = key as usize & self.mask;
        prefetch(self.tags.as_ptr().wrapping_add(home));
        prefetch(self.counters.as_ptr().wrapping_add(home));
    }

    #[inline]
    pub fn add(&mut self, slot: usize, weight: u64) {
        let count = &mut self.counters[slot].count;
        *count = count.saturating_add(weight);
    }

    #[inline]
    pub fn put(&mut self, vacant: usize, key: u64, count: u64, item: ItemRef) {
        self.set_tag(vacant, tag_of(key));
        self.counters[vacant] = Counter { key, count };
        self.items[vacant] = item;
        self.len += 1;
    }

    fn set_tag(&mut self, slot: usize, tag: u8) {
        self.tags[slot] = tag;
        if slot < WINDOW {
            self.tags[slot + self.mask + 1] = tag;
        }
    }

    pub fn key(&self, slot: usize) -> u64 {
        self.counters[slot].key
    }

    pub fn count(&self, slot: usize) -> u64 {
        self.counters[slot].count
    }

    pub fn item(&self, slot: usize) -> ItemRef {
        self.items[slot]
    }

    /// The slots in use, in their order.
    pub fn occupied(&self) -> impl Iterator<Item = usize> + '_ {
        (0..=self.mask).filter(|&slot| self.tags[slot] != VACANT)
    }

    pub fn counts(&self) -> impl Iterator<Item = u64> + '_ {
        self.occupied().map(|slot| self.counters[slot].count)
    }

    /// The slots of the heaviest counters: as many as `count`, and those that are as heavy as the last of these.
    pub fn heaviest(&self, count: usize) -> impl Iterator<Item = usize> + '_ {
        let counts =
            self.tags.iter().zip(&self.counters).map(|(tag, counter)| if *tag == VACANT { 0 } else { counter.count });
        let least = if count < self.len { weight_of_rank(counts, count) } else { 0 };
        let is_heavy = move |slot: &usize| self.counters[*slot].count >= least && self.tags[*slot] != VACANT;
        (0..=self.mask).filter(is_heavy)
    }

    /// Fills `sample` with as many counters as there are, the rest as it was; tells how many.
    pub fn sample_counts(&self, sample: &mut [u64]) -> usize {
        let mut taken = 0;
        for (&tag, counter) in self.tags.iter().zip(&self.counters) {
            let Some(place) = sample.get_mut(taken) else { break };
            // Overwritten by the next if the slot is vacant: a branch could not be predicted.
            *place = counter.count;
            taken += usize::from(tag != VACANT);
        }
        taken
    }

    /// Doubles the slots.
    pub fn grow(&mut self) {
        *self = self.rebuilt(self.lg_slots() + 1);
    }

    /// Halves the slots as long as they suffice, down to 2^`lg_least`.
    pub fn shrink(&mut self, lg_least: u8) {
        let suffices = |&lg: &u8| 4 * self.len <= 3 << lg;
        if let Some(lg_slots) = (lg_least..self.lg_slots()).find(suffices) {
            *self = self.rebuilt(lg_slots);
        }
    }

    fn rebuilt(&self, lg_slots: u8) -> Self {
        let mut table = Self::new(lg_slots);
        for slot in self.occupied() {
            let Counter { key, count } = self.counters[slot];
            table.put(table.vacancy(key), key, count, self.items[slot]);
        }
        table
    }

    /// Takes `amount` off every counter and gives up those that come to nothing; the items of the others may be
    /// `moved`.
    ///
    /// The others are put back in the order of their slots, from a vacant slot on once round the table: whatever stands
    /// between the home of a counter and its slot has had its turn by then, so that it finds a place there and
    /// overwrites nobody.
    pub fn take_off(&mut self, amount: u64, mut moved: impl FnMut(ItemRef) -> ItemRef) {
        let kept = self.slots_above(amount);
        self.tags.fill(VACANT);
        self.len = 0;
        for slot in kept {
            let (Counter { key, count }, item) = (self.counters[slot as usize], self.items[slot as usize]);
            self.put(self.vacancy(key), key, count - amount, moved(item));
        }
    }

    /// The slots whose counter is above `amount`, from a vacant slot on once round the table.
    fn slots_above(&self, amount: u64) -> Vec<u32> {
        let start = self.tags.iter().position(|&tag| tag == VACANT).expect("a quarter of the slots is vacant");
        let mut slots = vec![0; self.len + 1];
        let mut found = 0;
        for part in [start..self.mask + 1, 0..start] {
            let counters = self.tags[part.clone()].iter().zip(&self.counters[part.clone()]);
            for (slot, (&tag, counter)) in part.zip(counters) {
                // Written whether or not it is one: a branch could not be predicted.
                slots[found] = slot as u32;
                found += usize::from((tag != VACANT) & (counter.count > amount));
            }
        }
        slots.truncate(found);
        slots
    }

    pub fn memory_bytes(&self) -> usize {
        self.tags.capacity()
            + self.counters.capacity() * size_of::<Counter>()
            + self.items.capacity() * size_of::<ItemRef>()
    }
}

#[inline(always)]
fn tag_of(key: u64) -> u8 {
    (key >> 56) as u8 | 0x80
}

/// Sixteen tags; a bit for each in what the methods return, the lowest for the first.
struct Window<'a>(&'a [u8; WINDOW]);

impl Window<'_> {
    #[inline(always)]
    fn vacant(&self) -> u32 {
        self.equal_to(VACANT)
    }

    #[inline(always)]
    fn equal_to(&self, wanted: u8) -> u32 {
        lanes::equal_to(self.0, wanted)
    }
}
