//! One generation of open questions: an open-addressing table that grows up to a bound and is emptied at once.

use crate::hash::hash_word;

/// A question that waits for its answer.
#[derive(Debug, Clone, Copy, Default)]
#[repr(C, align(32))]
pub(super) struct Question {
    pub key: u64,
    pub time_ns: i64,
    pub bytes: u32,
    /// The caller's index.
    pub note: u32,
    /// The table's epoch when it was put in; any other epoch means that the slot is empty.
    epoch: u32,
    pub flags: u8,
}

impl Question {
    pub fn new(key: u64, time_ns: i64, bytes: u32, flags: u8, note: u32) -> Self {
        Self { key, time_ns, bytes, note, epoch: 0, flags }
    }
}

/// Slots that a table starts with.
const FEWEST_SLOTS: usize = 1024;

/// Questions by key, with linear probing. Slots are half a cache line each, so that a probe seldom meets a second
/// line; removal closes the gap, so that no grave markers slow down the search.
pub(super) struct Table {
    slots: Vec<Question>,
    len: usize,
    capacity: usize,
    epoch: u32,
    /// No question in the table is older.
    oldest_ns: i64,
    seed: u64,
}

impl Table {
    /// A table for up to `capacity` questions, which takes no memory before the first.
    pub fn new(capacity: usize, seed: u64) -> Self {
        Self { slots: Vec::new(), len: 0, capacity: capacity.max(1), epoch: 1, oldest_ns: i64::MAX, seed }
    }

    pub fn len(&self) -> usize {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// True when another key would exceed the capacity.
    pub fn is_full(&self) -> bool {
        self.len >= self.capacity
    }

    pub fn oldest_ns(&self) -> i64 {
        self.oldest_ns
    }

    /// The hash that the other calls want beside a key.
    #[inline(always)]
    pub fn hash(seed: u64, key: u64) -> u64 {
        hash_word(seed, key)
    }

    /// Fetches the slots that a hash leads to into the cache.
    #[inline(always)]
    pub fn prefetch(&self, hash: u64) {
        if let Some(slot) = self.slots.get(hash as usize & self.mask()) {
            prefetch(slot);
        }
    }

    #[inline(always)]
    fn mask(&self) -> usize {
        self.slots.len().wrapping_sub(1)
    }

    /// The slot of a key, or the empty slot that ends the search for it.
    #[inline(always)]
    fn find(&self, hash: u64, key: u64) -> (usize, bool) {
        let mask = self.mask();
        let mut at = hash as usize & mask;
        loop {
            let slot = &self.slots[at];
            if slot.epoch != self.epoch {
                return (at, false);
            }
            if slot.key == key {
                return (at, true);
            }
            at = (at + 1) & mask;
        }
    }

    /// Puts a question in, in place of an older one with its key. Returns false, and does nothing, when the key is
    /// new and the table is full.
    #[inline]
    pub fn put(&mut self, hash: u64, question: Question) -> bool {
        if self.len * 8 >= self.slots.len() * 5 {
            self.grow();
        }
        let (at, found) = self.find(hash, question.key);
        if !found {
            if self.is_full() {
                return false;
            }
            self.len += 1;
        }
        self.oldest_ns = self.oldest_ns.min(question.time_ns);
        self.slots[at] = Question { epoch: self.epoch, ..question };
        true
    }

    /// Takes a question out.
    #[inline]
    pub fn take(&mut self, hash: u64, key: u64) -> Option<Question> {
        if self.len == 0 {
            return None;
        }
        let (at, found) = self.find(hash, key);
        if !found {
            return None;
        }
        let question = self.slots[at];
        self.remove(at);
        Some(question)
    }

    /// Empties a slot, and moves later ones of its cluster back so that each can still be found.
    fn remove(&mut self, at: usize) {
        let mask = self.mask();
        let mut hole = at;
        let mut next = at;
        loop {
            next = (next + 1) & mask;
            let slot = self.slots[next];
            if slot.epoch != self.epoch {
                break;
            }
            let home = Self::hash(self.seed, slot.key) as usize & mask;
            // It may move if the hole lies between its home and where it is now.
            if next.wrapping_sub(home) & mask >= next.wrapping_sub(hole) & mask {
                self.slots[hole] = slot;
                hole = next;
            }
        }
        self.slots[hole].epoch = 0;
        self.len -= 1;
    }

    /// Takes out all questions that `select` picks.
    pub fn remove_if(&mut self, mut select: impl FnMut(&Question) -> bool) {
        let mut oldest_ns = i64::MAX;
        let mut at = 0;
        while at < self.slots.len() && self.len > 0 {
            let slot = self.slots[at];
            if slot.epoch == self.epoch {
                if select(&slot) {
                    // Another may have moved here: look at the place again.
                    self.remove(at);
                    continue;
                }
                oldest_ns = oldest_ns.min(slot.time_ns);
            }
            at += 1;
        }
        self.oldest_ns = oldest_ns;
    }

    /// Throws out everything and keeps the memory.
    pub fn clear(&mut self) {
        self.len = 0;
        self.oldest_ns = i64::MAX;
        self.epoch = self.epoch.wrapping_add(1);
        if self.epoch == 0 {
            // After four thousand million times, slots of the first epochs would come back.
            self.slots.fill(Question::default());
            self.epoch = 1;
        }
    }

    /// Gives half of the memory back if at most a quarter of the slots was used at the peak, all of it if none was.
    pub fn shrink(&mut self, peak: usize) {
        if peak == 0 {
            self.clear();
            self.slots = Vec::new();
        } else if self.slots.len() > FEWEST_SLOTS && peak * 4 <= self.slots.len() {
            self.resize(self.slots.len() / 2);
        }
    }

    /// Makes room for the full capacity at once.
    pub fn reserve_all(&mut self) {
        let slots = (self.capacity * 8 / 5 + 1).next_power_of_two();
        if self.slots.len() < slots {
            self.resize(slots);
        }
    }

    #[cold]
    fn grow(&mut self) {
        self.resize((self.slots.len() * 2).max(FEWEST_SLOTS));
    }

    fn resize(&mut self, slots: usize) {
        let before = std::mem::replace(&mut self.slots, vec![Question::default(); slots]);
        let epoch = std::mem::replace(&mut self.epoch, 1);
        for question in before.into_iter().filter(|slot| slot.epoch == epoch) {
            let (at, _) = self.find(Self::hash(self.seed, question.key), question.key);
            self.slots[at] = Question { epoch: 1, ..question };
        }
    }

    pub fn memory_bytes(&self) -> usize {
        self.slots.capacity() * size_of::<Question>()
    }
}

/// Asks the processor to have a place in its cache soon.
#[inline(always)]
fn prefetch<T>(place: &T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a prefetch has no effect that a program can see, whatever the address.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(place).cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = place;
}
