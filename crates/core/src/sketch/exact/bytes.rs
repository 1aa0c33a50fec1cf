//! The counts as the image of a frequent items sketch, so that hubs and other engines merge them with one; and as they
//! are, for windows that are kept: the number of values, then each value (LEB128) with its weight, ascending.

use super::Exact;
use crate::Error;
use crate::sketch::frequent::{LG_MOST_SLOTS, write_image};
use crate::sketch::reader::{Reader, write_varint};

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

    /// Writes all counts.
    pub(crate) fn save(&self, out: &mut Vec<u8>) {
        write_varint(out, self.iter().count() as u64);
        for (value, weight) in self.iter() {
            write_varint(out, u64::from(value));
            write_varint(out, weight);
        }
    }

    /// Reads what [`Self::save`] writes.
    pub(crate) fn restore(reader: &mut Reader) -> Result<Self, Error> {
        let mut counts = Self::new();
        for _ in 0..reader.count()? {
            let value = reader.varint()?;
            let value = u16::try_from(value).map_err(|_| reader.error(format_args!("a value of {value}")))?;
            counts.add(value, reader.varint()?);
        }
        Ok(counts)
    }
}
