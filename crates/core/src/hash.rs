//! Fast keyed hashing for tables, and fetching what it finds. Sketches that other engines merge use murmur3 instead (see [`crate::sketch`]).

use std::hash::{BuildHasher, Hasher};

/// Folds the 128-bit product of two words: the mixing step of wyhash and foldhash.
#[inline(always)]
pub fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product as u64) ^ ((product >> 64) as u64)
}

const ODD: u64 = 0x9e37_79b9_7f4a_7c15;

/// Bytes that are hashed at once.
const BLOCK: usize = 16;

/// Hashes one word under a seed.
#[inline(always)]
pub fn hash_word(seed: u64, word: u64) -> u64 {
    fold(word ^ seed, ODD ^ seed.rotate_left(32))
}

/// Hashes bytes under a seed; the same bytes and seed give the same word on every machine.
#[inline]
pub fn hash_bytes(seed: u64, bytes: &[u8]) -> u64 {
    let mut state = seed ^ (bytes.len() as u64).wrapping_mul(ODD);
    let (low, high) = if let Some(last) = bytes.last_chunk::<BLOCK>() {
        // The last block overlaps the one before, so that no tail is left whose length would have to be asked for.
        for block in bytes[..bytes.len() - 1].chunks_exact(BLOCK) {
            state = fold(word_at(block, 0) ^ state, word_at(block, 8) ^ ODD);
        }
        (word_at(last, 0), word_at(last, 8))
    } else {
        short_words(bytes)
    };
    fold(low ^ state, high ^ ODD ^ seed.rotate_left(17))
}

#[inline(always)]
fn word_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

/// 0 to 16 bytes as two words; overlapping reads, so that no byte is looped over.
#[inline(always)]
fn short_words(rest: &[u8]) -> (u64, u64) {
    let n = rest.len();
    if n >= 8 {
        (word_at(rest, 0), word_at(rest, n - 8))
    } else if n >= 4 {
        let word = |at: usize| u64::from(u32::from_le_bytes(rest[at..at + 4].try_into().expect("four bytes")));
        (word(0), word(n - 4))
    } else if n > 0 {
        (u64::from(rest[0]) << 16 | u64::from(rest[n / 2]) << 8 | u64::from(rest[n - 1]), 0)
    } else {
        (0, 0)
    }
}

/// Asks the processor to have a place in its cache soon.
#[inline(always)]
pub fn prefetch<T>(place: *const T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a prefetch has no effect that a program can see, whatever the address.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(place.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = place;
}

/// Hashes the keys of a standard map under a seed, so that nobody outside can choose keys that collide.
#[derive(Debug, Clone, Copy)]
pub struct SeededState(pub u64);

impl BuildHasher for SeededState {
    type Hasher = SeededHasher;

    #[inline]
    fn build_hasher(&self) -> SeededHasher {
        SeededHasher(self.0)
    }
}

/// What [`SeededState`] builds.
#[derive(Debug, Clone, Copy)]
pub struct SeededHasher(u64);

impl Hasher for SeededHasher {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        self.0 = hash_bytes(self.0, bytes);
    }

    #[inline]
    fn write_u64(&mut self, word: u64) {
        self.0 = hash_word(self.0, word);
    }

    /// Of a key of bytes their number, which [`hash_bytes`] knows by itself.
    #[inline]
    fn write_usize(&mut self, length: usize) {
        self.0 = self.0.wrapping_add(length as u64);
    }

    #[inline]
    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_length_and_every_byte_counts() {
        let mut seen = HashSet::new();
        for length in 0..64 {
            let mut bytes = vec![7_u8; length];
            assert!(seen.insert(hash_bytes(1, &bytes)));
            for at in 0..length {
                bytes[at] ^= 1;
                assert!(seen.insert(hash_bytes(1, &bytes)), "length {length} byte {at}");
                bytes[at] ^= 1;
            }
        }
    }

    #[test]
    fn another_seed_gives_another_hash() {
        assert_ne!(hash_bytes(1, b"www.example.com"), hash_bytes(2, b"www.example.com"));
    }
}
