//! One bit per row: which rows meet a condition.

use std::ops::Range;

/// Rows that [`Bitmap::for_each_block`] gives at once: at least half as many where there are more, so that something can be
/// fetched ahead for them.
pub const BLOCK_ROWS: usize = 128;

/// Bits of up to `len` rows, 64 to a word; bits past the end are always 0.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bitmap {
    words: Vec<u64>,
    len: usize,
}

impl Bitmap {
    /// Makes it `len` rows long, all of them `bit`.
    pub fn fill(&mut self, len: usize, bit: bool) {
        self.len = len;
        self.words.clear();
        self.words.resize(len.div_ceil(64), if bit { u64::MAX } else { 0 });
        self.clear_tail();
    }

    /// Makes it one bit per value: whether the value meets the predicate.
    #[inline(always)]
    pub fn fill_from<T: Copy>(&mut self, values: &[T], predicate: impl Fn(T) -> bool) {
        self.len = values.len();
        self.words.clear();
        let mut lanes = [0_u8; 64];
        let mut chunks = values.chunks_exact(64);
        for chunk in &mut chunks {
            for (lane, value) in lanes.iter_mut().zip(chunk) {
                *lane = if predicate(*value) { 0xff } else { 0 };
            }
            self.words.push(pack(&lanes));
        }
        let rest = chunks.remainder();
        if !rest.is_empty() {
            let bit = |(at, value): (usize, &T)| u64::from(predicate(*value)) << at;
            self.words.push(rest.iter().enumerate().map(bit).sum());
        }
    }

    /// Puts the bit of each row into its number in `out`, as that number's bit `at`.
    pub fn put_into(&self, out: &mut [u64], at: usize) {
        for (numbers, word) in out.chunks_mut(64).zip(&self.words) {
            match *word {
                0 => {}
                u64::MAX => numbers.iter_mut().for_each(|number| *number |= 1 << at),
                word => numbers.iter_mut().enumerate().for_each(|(row, number)| *number |= (word >> row & 1) << at),
            }
        }
    }

    pub fn copy_from(&mut self, other: &Bitmap) {
        self.len = other.len;
        self.words.clone_from(&other.words);
    }

    pub fn and(&mut self, other: &Bitmap) {
        self.combine(other, |mine, theirs| mine & theirs);
    }

    pub fn or(&mut self, other: &Bitmap) {
        self.combine(other, |mine, theirs| mine | theirs);
    }

    pub fn not(&mut self) {
        for word in &mut self.words {
            *word = !*word;
        }
        self.clear_tail();
    }

    #[inline]
    fn combine(&mut self, other: &Bitmap, operation: impl Fn(u64, u64) -> u64) {
        for (mine, theirs) in self.words.iter_mut().zip(&other.words) {
            *mine = operation(*mine, *theirs);
        }
    }

    fn clear_tail(&mut self) {
        let used = self.len % 64;
        if let (Some(last), 1..) = (self.words.last_mut(), used) {
            *last &= (1 << used) - 1;
        }
    }

    pub fn len(&self) -> usize {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    #[inline]
    pub fn get(&self, row: usize) -> bool {
        self.words.get(row / 64).is_some_and(|word| word >> (row % 64) & 1 == 1)
    }

    pub fn set(&mut self, row: usize) {
        if row < self.len {
            self.words[row / 64] |= 1 << (row % 64);
        }
    }

    /// How many rows are set.
    #[inline]
    pub fn count(&self) -> u64 {
        count_ones(&self.words)
    }

    /// How many of the rows `from..to` are set.
    pub fn count_between(&self, from: usize, to: usize) -> u64 {
        if from == 0 && to >= self.len {
            return self.count();
        }
        let to = to.min(self.len);
        (from / 64..to.div_ceil(64)).map(|at| u64::from((self.words[at] & within(at, from, to)).count_ones())).sum()
    }

    /// The set rows, in order.
    pub fn rows(&self) -> impl Iterator<Item = usize> {
        self.words.iter().enumerate().flat_map(|(at, word)| {
            let mut bits = *word;
            std::iter::from_fn(move || {
                let bit = (bits != 0).then(|| bits.trailing_zeros() as usize)?;
                bits &= bits - 1;
                Some(at * 64 + bit)
            })
        })
    }

    /// Calls `each` with every set row of a range, in order.
    #[inline(always)]
    pub fn for_each_between(&self, rows: Range<usize>, mut each: impl FnMut(usize)) {
        let to = rows.end.min(self.len);
        for at in rows.start / 64..to.div_ceil(64) {
            let mut bits = self.words[at] & within(at, rows.start, to);
            while bits != 0 {
                each(at * 64 + bits.trailing_zeros() as usize);
                bits &= bits - 1;
            }
        }
    }

    /// Calls `each` with every set row, in order.
    #[inline(always)]
    pub fn for_each(&self, mut each: impl FnMut(usize)) {
        self.for_each_block(|rows| rows.iter().for_each(|row| each(*row as usize)));
    }

    /// Calls `each` with all set rows, in order, up to [`BLOCK_ROWS`] at a time. It is called from one place, so that what
    /// is done with a row is inlined, however much it is.
    #[inline(always)]
    pub fn for_each_block(&self, mut each: impl FnMut(&[u32])) {
        let mut rows = [0_u32; BLOCK_ROWS];
        let mut at = 0;
        loop {
            let count = self.fill_block(&mut at, &mut rows);
            if count == 0 {
                return;
            }
            each(&rows[..count]);
        }
    }

    /// Writes the set rows from the word `at` on, as long as those of a whole word have room; tells how many.
    fn fill_block(&self, at: &mut usize, rows: &mut [u32; BLOCK_ROWS]) -> usize {
        let mut count = 0;
        while count + 64 <= BLOCK_ROWS {
            let Some(&word) = self.words.get(*at) else { break };
            let first = *at as u32 * 64;
            if word == u64::MAX {
                rows[count..count + 64].iter_mut().zip(first..).for_each(|(place, row)| *place = row);
                count += 64;
            } else {
                let mut bits = word;
                while bits != 0 {
                    rows[count % BLOCK_ROWS] = first + bits.trailing_zeros();
                    bits &= bits - 1;
                    count += 1;
                }
            }
            *at += 1;
        }
        count
    }
}

/// The bits of a word that stand for the rows `from..to`, if it has any of them.
#[inline(always)]
fn within(at: usize, from: usize, to: usize) -> u64 {
    let first = if at == from / 64 { u64::MAX << (from % 64) } else { u64::MAX };
    let last = if at == to / 64 { (1_u64 << (to % 64)).wrapping_sub(1) } else { u64::MAX };
    first & last
}

/// How many bits are set. Most processors have an instruction for it, but not all that run this program.
#[inline]
fn count_ones(words: &[u64]) -> u64 {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("popcnt") {
        // SAFETY: the processor has the instruction, as was just asked.
        return unsafe { count_ones_popcnt(words) };
    }
    count_ones_plain(words)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "popcnt")]
unsafe fn count_ones_popcnt(words: &[u64]) -> u64 {
    words.iter().map(|word| u64::from(word.count_ones())).sum()
}

fn count_ones_plain(words: &[u64]) -> u64 {
    words.iter().map(|word| u64::from(word.count_ones())).sum()
}

/// One bit from the top of each lane.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn pack(lanes: &[u8; 64]) -> u64 {
    use std::arch::x86_64::{__m128i, _mm_loadu_si128, _mm_movemask_epi8};
    let mut word = 0;
    for part in 0..4 {
        // SAFETY: SSE2 is part of every x86-64 processor, and the sixteen bytes read lie within `lanes`.
        let bits = unsafe { _mm_movemask_epi8(_mm_loadu_si128(lanes.as_ptr().add(part * 16).cast::<__m128i>())) };
        word |= u64::from(bits as u32 as u16) << (part * 16);
    }
    word
}

#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
fn pack(lanes: &[u8; 64]) -> u64 {
    lanes.iter().enumerate().map(|(at, lane)| u64::from(lane >> 7) << at).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bits_are_what_the_predicate_says(values in proptest::collection::vec(0_u16..9, 0..300), from in 0_usize..300, to in 0_usize..300) {
            let mut bitmap = Bitmap::default();
            bitmap.fill_from(&values, |value| value > 3);
            let rows: Vec<usize> = (0..values.len()).filter(|row| values[*row] > 3).collect();
            let mut seen = Vec::new();
            bitmap.for_each(|row| seen.push(row));
            prop_assert_eq!(&seen, &rows);
            prop_assert_eq!(bitmap.rows().collect::<Vec<_>>(), rows.clone());
            prop_assert_eq!(bitmap.count(), rows.len() as u64);
            prop_assert_eq!(count_ones_plain(&bitmap.words), rows.len() as u64);
            let (from, to) = (from.min(to), from.max(to));
            let between = rows.iter().filter(|row| **row >= from && **row < to).count() as u64;
            prop_assert_eq!(bitmap.count_between(from.min(values.len()), to), between);
            let mut seen = Vec::new();
            bitmap.for_each_between(from.min(values.len())..to, |row| seen.push(row));
            prop_assert!(seen.iter().eq(rows.iter().filter(|row| **row >= from && **row < to)));
            bitmap.not();
            prop_assert_eq!(bitmap.count() as usize, values.len() - rows.len());
        }
    }

    #[test]
    fn every_row_is_given_once_whether_words_are_full_or_not() {
        let patterns: [fn(usize) -> bool; 4] =
            [|_| true, |row| row % 192 < 64, |row| row % 3 == 0, |row| row == 0 || row > 500];
        for is_set in patterns {
            let mut bitmap = Bitmap::default();
            bitmap.fill(1_000, false);
            let rows: Vec<u32> = (0..1_000).filter(|row| is_set(*row as usize)).collect();
            rows.iter().for_each(|row| bitmap.set(*row as usize));
            let mut seen = Vec::new();
            bitmap.for_each_block(|block| seen.extend_from_slice(block));
            assert_eq!(seen, rows);
        }
    }

    #[test]
    fn the_bits_past_the_end_stay_clear() {
        let mut bitmap = Bitmap::default();
        bitmap.fill(70, true);
        assert_eq!(bitmap.count(), 70);
        bitmap.not();
        assert_eq!(bitmap.count(), 0);
        assert!(!bitmap.get(1000));
    }
}
