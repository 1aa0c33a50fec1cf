//! The counters: an open-addressing hash table, laid out for few cache misses and few mispredicted branches.
//!
//! Every slot has a *tag* of one byte: 0 when it is vacant, otherwise the top bit and seven bits of the key. A look-up
//! compares sixteen tags at once from the key's home on, and reads a counter only where the tag fits. Sixteen is nearly always
//! enough, so that the loops of linear probing, whose ends no branch predictor can guess, all but vanish.
//!
//! Keys are hashes already: the low bits choose the home, the high bits make the tag.

use super::arena::ItemRef;

/// How many tags are looked at together.
const WINDOW: usize = 16;
const VACANT: u8 = 0;

#[derive(Debug, Clone, Copy, Default)]
struct Counter {
    key: u64,
    count: u64,
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

    /// The most counters that this table is meant to have: three quarters of the slots.
    pub fn capacity(&self) -> usize {
        (self.mask + 1) / 4 * 3
    }

    pub fn is_full(&self) -> bool {
        self.len >= self.capacity()
    }

    pub fn is_over_full(&self) -> bool {
        self.len > self.capacity()
    }

    /// The slot of a key, or the vacant slot where it belongs.
    #[inline]
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
                if self.counters[slot].key == key {
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
        loop {
            let vacant = self.window(home).vacant();
            if vacant != 0 {
                return (home + vacant.trailing_zeros() as usize) & self.mask;
            }
            home = (home + WINDOW) & self.mask;
        }
    }

    #[inline]
    fn window(&self, home: usize) -> Window<'_> {
        Window(self.tags[home..home + WINDOW].try_into().expect("a window of tags"))
    }

    #[inline]
    pub fn prefetch(&self, key: u64) {
        let home = key as usize & self.mask;
        prefetch(&self.tags[home]);
        prefetch(&self.counters[home]);
    }

    #[inline]
    pub fn add(&mut self, slot: usize, weight: u64) {
        let count = &mut self.counters[slot].count;
        *count = count.saturating_add(weight);
    }

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

    pub fn for_each_item(&mut self, mut change: impl FnMut(&mut ItemRef)) {
        for (tag, item) in self.tags.iter().zip(&mut self.items) {
            if *tag != VACANT {
                change(item);
            }
        }
    }

    /// Doubles the slots.
    pub fn grow(&mut self) {
        let mut grown = Self::new(self.lg_slots() + 1);
        for slot in self.occupied() {
            let Counter { key, count } = self.counters[slot];
            grown.put(grown.vacancy(key), key, count, self.items[slot]);
        }
        *self = grown;
    }

    /// Takes `amount` off every counter, gives up those that come to nothing and tells their items.
    ///
    /// Goes once round the table from a vacant slot on, taking each counter out and putting what is left back in: whatever
    /// stands between its home and its slot has had its turn and stays, so that it never moves further away.
    pub fn take_off(&mut self, amount: u64, mut give_up: impl FnMut(ItemRef)) {
        let start = self.tags.iter().position(|&tag| tag == VACANT).expect("a quarter of the slots is vacant");
        for step in 1..=self.mask {
            let slot = (start + step) & self.mask;
            if self.tags[slot] == VACANT {
                continue;
            }
            let (Counter { key, count }, item) = (self.counters[slot], self.items[slot]);
            self.set_tag(slot, VACANT);
            self.len -= 1;
            if count > amount {
                self.put(self.vacancy(key), key, count - amount, item);
            } else {
                give_up(item);
            }
        }
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
        self.bits(|tag| tag == VACANT)
    }

    #[inline(always)]
    fn equal_to(&self, wanted: u8) -> u32 {
        self.bits(|tag| tag == wanted)
    }

    /// Written so that the compiler makes one vector comparison of it.
    #[inline(always)]
    fn bits(&self, is: impl Fn(u8) -> bool) -> u32 {
        let mut bits = 0;
        for (at, &tag) in self.0.iter().enumerate() {
            bits |= u32::from(is(tag)) << at;
        }
        bits
    }
}

#[inline(always)]
fn prefetch<T>(place: &T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a prefetch has no effect that a program can see, and the place is a valid reference.
    unsafe {
        std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(std::ptr::from_ref(place).cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = place;
}
