//! The keys of groups, each with a number: in the order in which they came, without gaps.
//!
//! A key is found by a hash of its values alone: under a seed that nobody outside knows, two keys of the same hash are less likely than a
//! fault of the machine. So no key needs to be written down to find its group.

/// Slots to begin with.
const FIRST_SLOTS: usize = 16;

/// Numbers of keys by their hashes.
#[derive(Debug, Clone, Default)]
pub(super) struct Keys {
    /// Numbers plus one, 0 for none; a power of two of them, a quarter vacant at least.
    slots: Vec<u32>,
    hashes: Vec<u64>,
    /// Where each key ends among the bytes.
    ends: Vec<u32>,
    bytes: Vec<u8>,
}

impl Keys {
    pub fn len(&self) -> usize {
        self.hashes.len()
    }

    /// The number of a key with this hash.
    #[inline]
    pub fn find(&self, hash: u64) -> Option<usize> {
        if self.slots.is_empty() {
            return None;
        }
        let mask = self.slots.len() - 1;
        let mut slot = hash as usize & mask;
        loop {
            let number = (self.slots[slot] as usize).checked_sub(1)?;
            if self.hashes[number] == hash {
                return Some(number);
            }
            slot = (slot + 1) & mask;
        }
    }

    /// Takes a key in that is not known; its number is the next one.
    pub fn add(&mut self, hash: u64, key: &[u8]) {
        if 4 * (self.len() + 1) > 3 * self.slots.len() {
            self.grow();
        }
        self.hashes.push(hash);
        self.bytes.extend_from_slice(key);
        self.ends.push(self.bytes.len() as u32);
        place(&mut self.slots, hash, self.hashes.len() as u32);
    }

    #[cold]
    fn grow(&mut self) {
        let slots = (2 * self.slots.len()).max(FIRST_SLOTS);
        self.slots = vec![0; slots];
        for (hash, number) in self.hashes.iter().zip(1..) {
            place(&mut self.slots, *hash, number);
        }
    }

    pub fn key(&self, number: usize) -> &[u8] {
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        &self.bytes[start..self.ends[number] as usize]
    }

    pub fn hash(&self, number: usize) -> u64 {
        self.hashes[number]
    }

    /// All keys, in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len()).map(|number| self.key(number))
    }

    pub fn shrink(&mut self) {
        self.hashes.shrink_to_fit();
        self.ends.shrink_to_fit();
        self.bytes.shrink_to_fit();
    }

    pub fn memory_bytes(&self) -> usize {
        self.slots.capacity() * size_of::<u32>()
            + self.hashes.capacity() * size_of::<u64>()
            + self.ends.capacity() * size_of::<u32>()
            + self.bytes.capacity()
    }
}

fn place(slots: &mut [u32], hash: u64, number: u32) {
    let mask = slots.len() - 1;
    let mut slot = hash as usize & mask;
    while slots[slot] != 0 {
        slot = (slot + 1) & mask;
    }
    slots[slot] = number;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::hash_word;

    #[test]
    fn keys_keep_their_numbers_however_many_come() {
        let mut keys = Keys::default();
        assert_eq!(keys.find(7), None);
        for number in 0..5_000_u64 {
            keys.add(hash_word(1, number), &number.to_le_bytes()[..number as usize % 9]);
        }
        for number in 0..5_000_u64 {
            assert_eq!(keys.find(hash_word(1, number)), Some(number as usize));
            assert_eq!(keys.key(number as usize), &number.to_le_bytes()[..number as usize % 9]);
        }
        assert_eq!((keys.len(), keys.iter().count(), keys.find(hash_word(2, 1))), (5_000, 5_000, None));
    }
}
