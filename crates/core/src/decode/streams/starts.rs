//! Where the streams of new connections start: what is kept of a SYN.

use crate::hash::hash_word;

/// The first data sequence number that each SYN announced, in a table that never grows: of two streams that fall into
/// one place, the later wins. The connection that loses is followed from its first data segment on instead, which
/// matters only if that one was not its first. So a flood of SYNs costs one store each, and no memory.
pub(super) struct Starts {
    /// Bit 63: not used yet; the rest of the high half: which stream; low half: its first sequence number.
    places: Vec<u64>,
    seed: u64,
}

impl Starts {
    /// A table with at least `streams` places. Its zeroed pages take no memory until they are written to.
    pub fn new(streams: usize, seed: u64) -> Self {
        Self { places: vec![0; streams.clamp(1, 1 << 24).next_power_of_two()], seed }
    }

    /// Keeps the start of a stream; returns false if the very same start was already known (a repeated SYN).
    #[inline]
    pub fn note(&mut self, flow: u64, side: usize, sequence: u32) -> bool {
        let (at, tag) = self.place(flow, side);
        let entry = tag | u64::from(sequence);
        if self.places[at] & !UNUSED == entry {
            return false;
        }
        self.places[at] = entry | UNUSED;
        true
    }

    /// The start of a stream, if its SYN was seen and is not overwritten. Given out once: a stream that comes back
    /// after it was forgotten has gone on meanwhile.
    #[inline]
    pub fn take(&mut self, flow: u64, side: usize) -> Option<u32> {
        let (at, tag) = self.place(flow, side);
        let entry = self.places[at];
        if entry & TAG != tag | UNUSED {
            return None;
        }
        self.places[at] = entry & !UNUSED;
        Some(entry as u32)
    }

    /// Where a stream's entry stands, and the tag (in the high half) that tells it from others.
    #[inline]
    fn place(&self, flow: u64, side: usize) -> (usize, u64) {
        let hash = hash_word(self.seed, flow ^ side as u64);
        (hash as usize & (self.places.len() - 1), hash & TAG & !UNUSED)
    }

    pub fn memory_bytes(&self) -> usize {
        self.places.capacity() * size_of::<u64>()
    }
}

const UNUSED: u64 = 1 << 63;
/// The half of an entry that names the stream and says whether it was used.
const TAG: u64 = 0xffff_ffff_0000_0000;
