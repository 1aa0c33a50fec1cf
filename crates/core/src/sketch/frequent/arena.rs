//! The bytes of tracked items, one after the other in one allocation.

/// Where an item stands: its offset in units of 4 bytes in the upper 22 bits, its length in the lower 10.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ItemRef(u32);

const LENGTH_BITS: u32 = 10;
const UNIT: usize = 4;

/// Longer items are cut. 6145 of these, and as many again that wait for a compaction, stay below 2^22 units.
pub(super) const LONGEST_ITEM: usize = 1020;

/// So many bytes given up are not worth a compaction.
const SMALL_WASTE: usize = 4096;

#[derive(Debug, Clone)]
pub(super) struct Arena {
    bytes: Vec<u8>,
    /// Bytes that belong to released items.
    released: usize,
}

impl Arena {
    pub fn new() -> Self {
        Self { bytes: Vec::new(), released: 0 }
    }

    pub fn store(&mut self, item: &[u8]) -> ItemRef {
        let item = &item[..item.len().min(LONGEST_ITEM)];
        let offset = self.bytes.len();
        self.bytes.extend_from_slice(item);
        self.bytes.resize(offset + padded(item.len()), 0);
        ItemRef(((offset / UNIT) as u32) << LENGTH_BITS | item.len() as u32)
    }

    pub fn get(&self, item: ItemRef) -> &[u8] {
        let offset = (item.0 >> LENGTH_BITS) as usize * UNIT;
        &self.bytes[offset..offset + item.len()]
    }

    pub fn release(&mut self, item: ItemRef) {
        self.released += padded(item.len());
    }

    /// True when more is given up than is live.
    pub fn is_worth_compacting(&self) -> bool {
        2 * self.released > self.bytes.len() + SMALL_WASTE
    }

    /// An empty arena with room for all that is live in this one.
    pub fn sized_for_live(&self) -> Self {
        Self { bytes: Vec::with_capacity(self.bytes.len()), released: 0 }
    }

    pub fn memory_bytes(&self) -> usize {
        self.bytes.capacity()
    }
}

impl ItemRef {
    fn len(self) -> usize {
        self.0 as usize % (1 << LENGTH_BITS)
    }
}

fn padded(length: usize) -> usize {
    length.next_multiple_of(UNIT)
}
