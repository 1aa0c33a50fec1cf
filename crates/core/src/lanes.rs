//! Sixteen bytes compared at once, as hash tables do with the tags of their slots.

pub const LANES: usize = 16;

/// A bit for each byte that is the wanted one, the lowest for the first.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub fn equal_to(bytes: &[u8; LANES], wanted: u8) -> u32 {
    use std::arch::x86_64::{_mm_cmpeq_epi8, _mm_loadu_si128, _mm_movemask_epi8, _mm_set1_epi8};
    // SAFETY: every x86-64 has SSE2, and the load reads the sixteen bytes of the array, of any alignment. Compilers
    // don't find this comparison in the loop below; written out, it halves the cost of a look-up.
    unsafe {
        let bytes = _mm_loadu_si128(bytes.as_ptr().cast());
        _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(wanted as i8))) as u32
    }
}

/// As above, byte by byte.
#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
pub fn equal_to(bytes: &[u8; LANES], wanted: u8) -> u32 {
    bytes.iter().enumerate().map(|(at, &byte)| u32::from(byte == wanted) << at).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_has_its_bit() {
        for place in 0..LANES {
            let mut bytes = [0x80; LANES];
            bytes[place] = 0xff;
            assert_eq!(equal_to(&bytes, 0xff), 1 << place);
            assert_eq!(equal_to(&bytes, 0x80), 0xffff ^ 1 << place);
            assert_eq!(equal_to(&bytes, 0), 0);
        }
    }
}
