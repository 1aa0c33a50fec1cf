//! MurmurHash3, the 128-bit variant for 64-bit machines (Austin Appleby, public domain).
//!
//! Apache DataSketches hashes every input with it, so sketches that other engines merge must too.

/// The seed that DataSketches uses unless told otherwise; sketches under different seeds can't be merged.
pub const DATASKETCHES_SEED: u64 = 9001;

const C1: u64 = 0x87c3_7b91_1142_53d5;
const C2: u64 = 0x4cf5_ad43_2745_937f;

/// Hashes bytes to two words, the low and the high half of the 128-bit digest.
#[inline(always)]
pub fn murmur3_128(bytes: &[u8], seed: u64) -> (u64, u64) {
    let (mut h1, mut h2) = (seed, seed);
    let mut blocks = bytes.chunks_exact(16);
    for block in &mut blocks {
        h1 ^= mix_first(word_at(block, 0));
        h1 = h1.rotate_left(27).wrapping_add(h2).wrapping_mul(5).wrapping_add(0x52dc_e729);
        h2 ^= mix_second(word_at(block, 8));
        h2 = h2.rotate_left(31).wrapping_add(h1).wrapping_mul(5).wrapping_add(0x3849_5ab5);
    }
    let (first, second) = tail_words(blocks.remainder());
    // A word of zeros mixes to zero, so that an absent tail changes nothing.
    h1 ^= mix_first(first) ^ bytes.len() as u64;
    h2 ^= mix_second(second) ^ bytes.len() as u64;

    h1 = h1.wrapping_add(h2);
    h2 = h2.wrapping_add(h1);
    h1 = avalanche(h1);
    h2 = avalanche(h2);
    h1 = h1.wrapping_add(h2);
    (h1, h2.wrapping_add(h1))
}

#[inline(always)]
fn mix_first(word: u64) -> u64 {
    word.wrapping_mul(C1).rotate_left(31).wrapping_mul(C2)
}

#[inline(always)]
fn mix_second(word: u64) -> u64 {
    word.wrapping_mul(C2).rotate_left(33).wrapping_mul(C1)
}

#[inline(always)]
fn avalanche(mut word: u64) -> u64 {
    word ^= word >> 33;
    word = word.wrapping_mul(0xff51_afd7_ed55_8ccd);
    word ^= word >> 33;
    word = word.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    word ^ (word >> 33)
}

#[inline(always)]
fn word_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

/// The last 0 to 15 bytes as two little-endian words, zero-filled.
#[inline(always)]
fn tail_words(rest: &[u8]) -> (u64, u64) {
    let n = rest.len();
    if n > 8 {
        // The second word overlaps the first and is shifted, instead of looping over its bytes.
        (word_at(rest, 0), word_at(rest, n - 8) >> (8 * (16 - n)))
    } else if n == 8 {
        (word_at(rest, 0), 0)
    } else {
        (short_word(rest), 0)
    }
}

/// Up to seven bytes as one little-endian word; overlapping reads give the same bits twice.
#[inline(always)]
fn short_word(rest: &[u8]) -> u64 {
    let n = rest.len();
    if n >= 4 {
        let half = |at: usize| u64::from(u32::from_le_bytes(rest[at..at + 4].try_into().expect("four bytes")));
        half(0) | half(n - 4) << (8 * (n - 4))
    } else if n > 0 {
        let byte = |at: usize| u64::from(rest[at]) << (8 * at);
        byte(0) | byte(n / 2) | byte(n - 1)
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use datasketches::hash::value::raw_bytes;
    use datasketches::hll::{HllSketch, HllType};

    #[test]
    fn the_published_digest_of_the_quick_brown_fox() {
        let text = b"The quick brown fox jumps over the lazy dog";
        assert_eq!(murmur3_128(text, 0), (0xe34b_bc7b_bc07_1b6c, 0x7a43_3ca9_c49a_9347));
    }

    #[test]
    fn every_length_hashes_as_datasketches_does() {
        let bytes: Vec<u8> = (0..100_u32).map(|at| (at * 37 + 129) as u8).collect();
        for length in 1..bytes.len() {
            let mut oracle = HllSketch::new(12, HllType::Hll8).unwrap();
            oracle.update(raw_bytes::from_slice(&bytes[..length]));
            let image = oracle.serialize();
            let coupon = u32::from_le_bytes(image[image.len() - 4..].try_into().unwrap());

            let (h1, h2) = murmur3_128(&bytes[..length], DATASKETCHES_SEED);
            assert_eq!((coupon & 0x3ff_ffff, coupon >> 26), (h1 as u32 & 0x3ff_ffff, h2.leading_zeros() + 1));
        }
    }

    #[test]
    fn both_words_depend_on_every_byte() {
        for length in 1..64 {
            let mut bytes = vec![7_u8; length];
            let before = murmur3_128(&bytes, 1);
            for at in 0..length {
                bytes[at] ^= 1;
                let after = murmur3_128(&bytes, 1);
                assert!(after.0 != before.0 && after.1 != before.1, "length {length} byte {at}");
                bytes[at] ^= 1;
            }
        }
    }
}
