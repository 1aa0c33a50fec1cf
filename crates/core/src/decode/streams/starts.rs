//! Where the streams of new connections start: what is kept of a SYN.

use crate::hash::hash_word;

/// The first data sequence number that each SYN announced, in a table that never grows: streams share a set of eight
/// places, where the newest take those of the oldest. The connection that loses is followed from its first data segment
/// on instead, which matters only if that one was not its first. So a flood of SYNs costs some stores each, and no
/// memory.
pub(super) struct Starts {
    /// The newest of a set first. Bit 63: not used yet; the rest of the high half: which stream; low half: its first
    /// sequence number.
    sets: Vec<[u64; WAYS]>,
    seed: u64,
}

/// Places of a set: a cache line.
const WAYS: usize = 8;

impl Starts {
    /// A table with at least `streams` places. Its zeroed pages take no memory until they are written to.
    pub fn new(streams: usize, seed: u64) -> Self {
        let sets = streams.clamp(WAYS, 1 << 24).next_power_of_two() / WAYS;
        Self { sets: vec![[0; WAYS]; sets], seed }
    }

    /// Keeps the start of a stream; returns false if the very same start was already known (a repeated SYN).
    #[inline]
    pub fn note(&mut self, flow: u64, side: usize, sequence: u32) -> bool {
        let (set, tag) = self.set(flow, side);
        let entry = tag | u64::from(sequence);
        if set.iter().any(|known| known & !UNUSED == entry) {
            return false;
        }
        // Another start of the same stream is over, whatever its age.
        let oldest = set.iter().position(|known| known & TAG & !UNUSED == tag).unwrap_or(WAYS - 1);
        set.copy_within(..oldest, 1);
        set[0] = entry | UNUSED;
        true
    }

    /// The start of a stream, if its SYN was seen and is not overwritten. Given out once: a stream that comes back
    /// after it was forgotten has gone on meanwhile.
    #[inline]
    pub fn take(&mut self, flow: u64, side: usize) -> Option<u32> {
        let (set, tag) = self.set(flow, side);
        let entry = set.iter_mut().find(|entry| **entry & TAG == tag | UNUSED)?;
        *entry &= !UNUSED;
        Some(*entry as u32)
    }

    /// The places that a stream's entry may have, and the tag (in the high half) that tells it from others.
    #[inline]
    fn set(&mut self, flow: u64, side: usize) -> (&mut [u64; WAYS], u64) {
        let hash = hash_word(self.seed, flow ^ side as u64);
        let at = hash as usize & (self.sets.len() - 1);
        (&mut self.sets[at], hash & TAG & !UNUSED)
    }

    pub fn memory_bytes(&self) -> usize {
        self.sets.capacity() * size_of::<[u64; WAYS]>()
    }
}

const UNUSED: u64 = 1 << 63;
/// The half of an entry that names the stream and says whether it was used.
const TAG: u64 = 0xffff_ffff_0000_0000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_is_given_out_once() {
        let mut starts = Starts::new(64, 1);
        assert!(starts.note(7, 0, 100));
        assert!(!starts.note(7, 0, 100), "a repeated SYN");
        assert_eq!((starts.take(7, 1), starts.take(7, 0), starts.take(7, 0)), (None, Some(100), None));
        assert!(!starts.note(7, 0, 100), "repeated after its use");
    }

    #[test]
    fn a_new_start_of_a_stream_takes_the_place_of_its_old_one() {
        let mut starts = Starts::new(8, 1);
        (0..8).for_each(|flow| assert!(starts.note(flow, 0, 5)));
        assert!(starts.note(3, 0, 6));
        assert_eq!((0..8).filter_map(|flow| starts.take(flow, 0)).sum::<u32>(), 7 * 5 + 6);
    }

    #[test]
    fn the_newest_streams_of_a_set_are_kept() {
        let mut starts = Starts::new(8, 1);
        (0..20).for_each(|flow| assert!(starts.note(flow, 0, flow as u32 + 1)));
        let kept: Vec<_> = (0..20).filter_map(|flow| starts.take(flow, 0)).collect();
        assert_eq!(kept, (13..=20).collect::<Vec<_>>());
    }

    #[test]
    fn as_many_streams_as_a_capture_has_at_a_time_do_not_meet() {
        let flow = |number: u64| hash_word(1, number);
        for seed in 0..200 {
            let mut starts = Starts::new(65_536, hash_word(2, seed));
            (0..5_000).for_each(|number| assert!(starts.note(flow(number), 0, 9)));
            assert!((0..5_000).all(|number| starts.take(flow(number), 0) == Some(9)), "seed {seed}");
        }
    }
}
