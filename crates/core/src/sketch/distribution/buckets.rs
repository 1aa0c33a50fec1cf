//! The buckets of an exponential histogram: as many as the values' range needs, in one allocation.

use super::boundaries::{BUCKETS_PER_OCTAVE, boundaries_below};
use super::{LEAST_OCTAVE, OCTAVES};

/// The power of two at which bucketing begins: values below 2^-32 count as zeros.
const LOWEST_EXPONENT: i32 = -32;

/// Below this, values count as zeros.
pub(super) const ZERO_THRESHOLD: f64 = 1.0 / (1_u64 << -LOWEST_EXPONENT) as f64;

/// Bucket index of slot 0, which holds 2^-32 itself.
const FIRST_INDEX: i32 = LOWEST_EXPONENT * BUCKETS_PER_OCTAVE as i32 - 1;

/// Slots up to the one that holds 2^64.
pub(super) const MOST_SLOTS: usize = (64 - LOWEST_EXPONENT) as usize * BUCKETS_PER_OCTAVE + 1;

/// Counts of buckets, addressed by *slot*: the bucket's index, counted from [`FIRST_INDEX`].
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Buckets {
    zeros: u64,
    /// Slot of the first count.
    first: usize,
    counts: Vec<u64>,
}

impl Buckets {
    pub fn new() -> Self {
        Self { zeros: 0, first: 0, counts: Vec::new() }
    }

    /// Counts a whole number below 2^53 and not 0; quickly, if a smaller and a greater one were counted before.
    #[inline(always)]
    pub fn add_usual(&mut self, value: u64) {
        let leading = value.leading_zeros();
        let slot = slot_of(63 - leading as i32, value << leading);
        match self.counts.get_mut(slot.wrapping_sub(self.first)) {
            Some(count) => *count = count.wrapping_add(1),
            None => self.add_slot(slot, 1),
        }
    }

    #[inline(always)]
    pub fn add_zero(&mut self) {
        self.zeros = self.zeros.wrapping_add(1);
    }

    /// Counts a value from 0 to 2^64.
    #[inline]
    pub fn add(&mut self, value: f64, times: u64) {
        match slot_of_value(value) {
            None => self.zeros = self.zeros.saturating_add(times),
            Some(slot) => match self.counts.get_mut(slot.wrapping_sub(self.first)) {
                Some(count) => *count = count.saturating_add(times),
                None => self.add_slot(slot, times),
            },
        }
    }

    #[inline(never)]
    fn add_slot(&mut self, slot: usize, times: u64) {
        self.cover(slot, slot + 1);
        let count = &mut self.counts[slot - self.first];
        *count = count.saturating_add(times);
    }

    /// Makes room for the slots from `begin` up to `end`, in whole octaves.
    fn cover(&mut self, begin: usize, end: usize) {
        let begin = begin / BUCKETS_PER_OCTAVE * BUCKETS_PER_OCTAVE;
        let end = end.next_multiple_of(BUCKETS_PER_OCTAVE);
        if self.counts.is_empty() {
            self.first = begin;
        }
        if begin < self.first {
            let before = self.first - begin;
            self.counts.splice(0..0, std::iter::repeat_n(0, before));
            self.first = begin;
        }
        if end > self.first + self.counts.len() {
            let length = end - self.first;
            self.counts.reserve_exact(length - self.counts.len());
            self.counts.resize(length, 0);
        }
    }

    pub fn merge(&mut self, other: &Self) {
        self.zeros = self.zeros.saturating_add(other.zeros);
        if other.counts.is_empty() {
            return;
        }
        self.cover(other.first, other.first + other.counts.len());
        let mine = &mut self.counts[other.first - self.first..];
        for (mine, theirs) in mine.iter_mut().zip(&other.counts) {
            *mine = mine.saturating_add(*theirs);
        }
    }

    pub fn zeros(&self) -> u64 {
        self.zeros
    }

    /// The counts of the octaves, see [`super::Distribution::octaves`].
    pub fn octaves(&self) -> [u64; OCTAVES] {
        let mut counts = [0; OCTAVES];
        counts[0] = self.zeros;
        for (slot, count) in (self.first..).zip(&self.counts) {
            let octave = &mut counts[octave_of_slot(slot)];
            *octave = octave.saturating_add(*count);
        }
        counts
    }

    /// The index of the first bucket in use, and the counts from there to the last in use.
    pub fn used(&self) -> (i32, &[u64]) {
        let Some(begin) = self.counts.iter().position(|&count| count > 0) else {
            return (0, &[]);
        };
        let end = self.counts.iter().rposition(|&count| count > 0).map_or(begin, |last| last + 1);
        (FIRST_INDEX + (self.first + begin) as i32, &self.counts[begin..end])
    }

    /// Buckets as [`Self::used`] gives them; nothing when there are no such buckets.
    pub fn from_used(zeros: u64, index: i32, counts: &[u64]) -> Option<Self> {
        let mut buckets = Self { zeros, ..Self::new() };
        if !counts.is_empty() {
            let slot = usize::try_from(i64::from(index) - i64::from(FIRST_INDEX)).ok()?;
            let end = slot.checked_add(counts.len()).filter(|&end| end <= MOST_SLOTS)?;
            buckets.cover(slot, end);
            buckets.counts[slot - buckets.first..][..counts.len()].copy_from_slice(counts);
        }
        Some(buckets)
    }

    /// The value that stands for each bucket in use, ascending, and its count. `whole` says that only whole numbers
    /// were counted.
    pub fn iter(&self, whole: bool) -> impl Iterator<Item = (f64, u64)> + '_ {
        let zeros = (self.zeros > 0).then_some((0.0, self.zeros));
        let (index, counts) = self.used();
        let others = (index..).zip(counts).filter(|(_, count)| **count > 0);
        zeros.into_iter().chain(others.map(move |(index, &count)| (representative(index, whole), count)))
    }

    pub fn memory_bytes(&self) -> usize {
        self.counts.capacity() * size_of::<u64>()
    }
}

/// The slot of a value from 0 to 2^64; none where it counts as zero.
#[inline(always)]
fn slot_of_value(value: f64) -> Option<usize> {
    let bits = value.to_bits();
    let exponent = (bits >> 52) as i32 - 1023;
    (exponent >= LOWEST_EXPONENT).then(|| slot_of(exponent, 1 << 63 | bits << 11))
}

/// The octave of a value, see [`super::Distribution::octaves`].
pub(super) fn octave_of(value: f64) -> usize {
    slot_of_value(value).map_or(0, octave_of_slot)
}

/// Slots of whole octaves stand for the powers of two themselves, as the last of the octave below.
fn octave_of_slot(slot: usize) -> usize {
    let power = slot.div_ceil(BUCKETS_PER_OCTAVE) as i32 + LOWEST_EXPONENT;
    (power - LEAST_OCTAVE).clamp(0, OCTAVES as i32 - 1) as usize
}

#[inline(always)]
fn slot_of(exponent: i32, mantissa: u64) -> usize {
    (exponent - LOWEST_EXPONENT) as usize * BUCKETS_PER_OCTAVE + boundaries_below(mantissa)
}

/// The value whose greatest relative distance to anything in a bucket is least: the harmonic mean of both ends. Of
/// whole numbers, only those that lie in the bucket matter, so that one that is alone is told exactly.
fn representative(index: i32, whole: bool) -> f64 {
    let per_octave = BUCKETS_PER_OCTAVE as f64;
    let (mut low, mut high) = ((f64::from(index) / per_octave).exp2(), (f64::from(index + 1) / per_octave).exp2());
    if whole {
        (low, high) = (low.floor() + 1.0, high.floor());
    }
    2.0 * low * high / (low + high)
}
