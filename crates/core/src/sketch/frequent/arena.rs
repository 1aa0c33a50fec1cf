//! The bytes of tracked items, one after the other in one allocation.

/// Where an item stands.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ItemRef {
    offset: u32,
    length: u32,
}

/// Longer items are cut.
pub(super) const LONGEST_ITEM: usize = 1020;

const FIRST_BYTES: usize = 1024;

/// A larger allocation isn't kept for the next time.
const LARGEST_SPARE: usize = 1 << 20;

#[derive(Debug)]
pub(super) struct Arena {
    /// Longer than what is in use, so that storing is a plain copy.
    bytes: Vec<u8>,
    used: usize,
    /// An allocation for the next time that items are given up, so that the steady path allocates nothing.
    spare: Vec<u8>,
}

impl Clone for Arena {
    fn clone(&self) -> Self {
        Self { bytes: self.bytes[..self.used].to_vec(), used: self.used, spare: Vec::new() }
    }
}

impl Arena {
    pub fn new() -> Self {
        Self { bytes: Vec::new(), used: 0, spare: Vec::new() }
    }

    #[inline]
    pub fn store(&mut self, item: &[u8]) -> ItemRef {
        let item = &item[..item.len().min(LONGEST_ITEM)];
        let end = self.used + item.len();
        if end > self.bytes.len() {
            self.grow(end);
        }
        copy(&mut self.bytes[self.used..end], item);
        // As many of the longest items as a table has counters don't come near 2^32 bytes.
        let stored = ItemRef { offset: self.used as u32, length: item.len() as u32 };
        self.used = end;
        stored
    }

    #[cold]
    fn grow(&mut self, least: usize) {
        let doubled = (2 * self.bytes.len()).max(FIRST_BYTES);
        self.bytes.resize(doubled.max(least), 0);
    }

    pub fn get(&self, item: ItemRef) -> &[u8] {
        &self.bytes[item.offset as usize..][..item.length as usize]
    }

    /// An empty arena to copy into what is to be kept of this one.
    pub fn emptied(&mut self) -> Self {
        Self { bytes: std::mem::take(&mut self.spare), used: 0, spare: Vec::new() }
    }

    /// Makes this the other arena, and keeps its allocation for the next time.
    pub fn replace(&mut self, other: Self) {
        let old = std::mem::replace(self, other);
        if old.bytes.len() <= LARGEST_SPARE {
            self.spare = old.bytes;
        }
    }

    pub fn memory_bytes(&self) -> usize {
        self.bytes.capacity() + self.spare.capacity()
    }
}

/// Copies as many bytes; names and addresses by two overlapping moves, instead of a call.
#[inline(always)]
fn copy(into: &mut [u8], from: &[u8]) {
    let n = from.len();
    if (16..=32).contains(&n) {
        into[..16].copy_from_slice(&from[..16]);
        into[n - 16..].copy_from_slice(&from[n - 16..]);
    } else {
        into.copy_from_slice(from);
    }
}
