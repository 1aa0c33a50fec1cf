//! For other engines a rate is written down as the distribution of its complete seconds (see
//! [`crate::sketch::distribution`]). A window that is to go on needs more, which [`Rate::save`] writes, little-endian;
//! numbers without a size are LEB128:
//!
//! | bytes | meaning |
//! |---|---|
//! | 8 | the second that events are counted in |
//! | 1 | flags: 1 closed, 2 a second of another window is live |
//! | | events of that second; number of complete seconds, and their events, the oldest first |
//! | 8 | with flag 2: the second that is live elsewhere, and its events |
//! | | length and bytes of the distribution of older seconds |

use super::{MOST_SECONDS, Rate};
use crate::Error;
use crate::sketch::Distribution;
use crate::sketch::reader::{Reader, write_block, write_varint};

const CLOSED: u8 = 1;
const LIVE_ELSEWHERE: u8 = 2;

impl Rate {
    pub fn to_bytes(&self) -> Vec<u8> {
        self.distribution().to_bytes()
    }

    /// Reads what [`Self::to_bytes`] writes, as a closed window whose seconds are known by their spread only.
    ///
    /// # Errors
    /// When the bytes are no distribution.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        Ok(Self { folded: Distribution::from_bytes(bytes)?, closed: true, ..Self::new(i64::MIN) })
    }

    /// Writes everything, so that the rate can go on where it is read.
    pub(crate) fn save(&self, out: &mut Vec<u8>) {
        out.extend(self.second.to_le_bytes());
        let elsewhere = if self.live_elsewhere.is_some() { LIVE_ELSEWHERE } else { 0 };
        out.push(if self.closed { CLOSED } else { 0 } | elsewhere);
        write_varint(out, self.events);
        write_varint(out, self.recent.len() as u64);
        self.recent.iter().for_each(|events| write_varint(out, *events));
        if let Some((second, events)) = self.live_elsewhere {
            out.extend(second.to_le_bytes());
            write_varint(out, events);
        }
        write_block(out, &self.folded.to_bytes());
    }

    /// Reads what [`Self::save`] writes.
    pub(crate) fn restore(reader: &mut Reader) -> Result<Self, Error> {
        let (second, flags) = (reader.i64()?, reader.u8()?);
        if flags > CLOSED | LIVE_ELSEWHERE {
            return Err(reader.error(format_args!("unknown flags {flags} of a rate")));
        }
        let events = reader.varint()?;
        let seconds = reader.count()?;
        if seconds as u64 > MOST_SECONDS {
            return Err(reader.error(format_args!("{seconds} seconds, more than {MOST_SECONDS}")));
        }
        let recent = (0..seconds).map(|_| reader.varint()).collect::<Result<_, Error>>()?;
        let live_elsewhere = if flags & LIVE_ELSEWHERE == 0 { None } else { Some((reader.i64()?, reader.varint()?)) };
        let folded = Distribution::from_bytes(reader.block()?)?;
        Ok(Self { second, events, recent, folded, live_elsewhere, closed: flags & CLOSED != 0 })
    }
}
