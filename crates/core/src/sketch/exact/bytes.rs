//! The counts as the image of a frequent items sketch, so that hubs and other engines merge them with one.

use super::Exact;
use crate::sketch::frequent::{LG_MOST_SLOTS, write_image};

/// As many entries as the largest frequent items sketch tracks.
const MOST_ENTRIES: usize = (1 << LG_MOST_SLOTS) / 4 * 3;

impl Exact {
    /// The counts as a DataSketches image of strings (see [`crate::sketch::frequent`]); `text` names a value.
    ///
    /// Of more than 6144 values the heaviest are kept. The heaviest of the others is the sketch's offset and taken off
    /// all counters, so that estimates stay exact, and no bound claims more than is known.
    pub fn to_bytes(&self, text: impl Fn(u16) -> String) -> Vec<u8> {
        let ranked = self.top(MOST_ENTRIES + 1);
        let offset = ranked.get(MOST_ENTRIES).map_or(0, |&(_, weight)| weight);
        let kept = ranked.iter().take(MOST_ENTRIES).filter(|&&(_, weight)| weight > offset);
        let entries: Vec<(u64, String)> = kept.map(|&(value, weight)| (weight - offset, text(value))).collect();
        write_image(LG_MOST_SLOTS, self.stream_weight(), offset, &entries)
    }
}
