//! The pcap format: <https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-04.html>.

use super::blocks::Blocks;
use super::{Damage, MAX_RECORD_BYTES, Record, Stop};
use crate::Error;

pub(super) const FILE_HEADER_BYTES: usize = 24;
const RECORD_HEADER_BYTES: usize = 16;
/// Records of a Kuznetzov file carry the interface, the protocol and the packet type besides.
const KUZNETZOV_RECORD_HEADER_BYTES: usize = 24;

const MICROSECONDS: u32 = 0xa1b2_c3d4;
const NANOSECONDS: u32 = 0xa1b2_3c4d;
/// As written by a libpcap of Alexey Kuznetzov's, which some Linux distributions shipped around 2000.
const KUZNETZOV: u32 = 0xa1b2_cd34;

/// A record may be as long as the file's snap length, and at least this long whatever the file says: libpcap's own
/// largest snap length, since some writers don't keep to theirs.
const LONGEST_USUAL_RECORD: u32 = 262_144;

/// What the file header says.
pub(super) struct Pcap {
    big_endian: bool,
    /// Nanoseconds in a unit of the second time field.
    fraction_ns: i64,
    record_header_bytes: usize,
    longest_record: u32,
    link_type: u16,
}

impl Pcap {
    /// Reads the file header from the pending bytes. `None` when they don't begin with a magic number of pcap.
    pub(super) fn start(blocks: &mut Blocks, name: &str) -> Result<Option<Self>, Error> {
        let Some(magic) = blocks.pending().first_chunk::<4>() else { return Ok(None) };
        let is_magic = |word| matches!(word, MICROSECONDS | NANOSECONDS | KUZNETZOV);
        let (magic, big_endian) = match (u32::from_le_bytes(*magic), u32::from_be_bytes(*magic)) {
            (little, _) if is_magic(little) => (little, false),
            (_, big) if is_magic(big) => (big, true),
            _ => return Ok(None),
        };
        let Some(header) = blocks.pending().first_chunk::<FILE_HEADER_BYTES>().copied() else {
            let had = blocks.pending().len();
            return Err(Error::format(format!(
                "{name} ends within its pcap file header: {had} of {FILE_HEADER_BYTES} bytes are there"
            )));
        };
        blocks.take(FILE_HEADER_BYTES);
        let word = |at: usize| read_u32(&header, at, big_endian);
        let version = if big_endian { word(4) >> 16 } else { word(4) & 0xffff };
        if version != 2 {
            return Err(Error::format(format!("{name} is of pcap version {version}; version 2 would do")));
        }
        Ok(Some(Self {
            big_endian,
            fraction_ns: if magic == NANOSECONDS { 1 } else { 1000 },
            record_header_bytes: match magic {
                KUZNETZOV => KUZNETZOV_RECORD_HEADER_BYTES,
                _ => RECORD_HEADER_BYTES,
            },
            longest_record: word(16).clamp(LONGEST_USUAL_RECORD, MAX_RECORD_BYTES as u32),
            // The upper half holds the length of the frame check sequence and reserved bits.
            link_type: word(20) as u16,
        }))
    }

    #[inline]
    pub(super) fn next_record(&mut self, blocks: &mut Blocks) -> Result<Record, Stop> {
        if !blocks.has(self.record_header_bytes).map_err(|reason| damage(blocks, reason))? {
            return Err(self.end(blocks));
        }
        let Some(header) = blocks.pending().first_chunk::<RECORD_HEADER_BYTES>() else { return Err(self.end(blocks)) };
        let word = |at: usize| read_u32(header, at, self.big_endian);
        let (seconds, fraction, captured_bytes, wire_bytes) = (word(0), word(4), word(8), word(12));
        if captured_bytes > self.longest_record {
            return Err(self.too_long(blocks, captured_bytes));
        }
        if !blocks.has(self.record_header_bytes + captured_bytes as usize).map_err(|reason| damage(blocks, reason))? {
            return Err(self.end(blocks));
        }
        blocks.take(self.record_header_bytes);
        Ok(Record {
            // At most (2^32 - 1) * 10^9 + (2^32 - 1) * 1000, which i64 holds.
            time_ns: i64::from(seconds) * 1_000_000_000 + i64::from(fraction) * self.fraction_ns,
            link_type: self.link_type,
            interface: 0,
            wire_bytes: wire_bytes.max(captured_bytes),
            data: blocks.take(captured_bytes as usize),
        })
    }

    /// What it means that the stream ended before a whole record.
    #[cold]
    fn end(&self, blocks: &Blocks) -> Stop {
        match blocks.pending().len() {
            0 => Stop::End,
            _ => damage(blocks, "the file ends within a packet record".to_string()),
        }
    }

    #[cold]
    fn too_long(&self, blocks: &Blocks, captured_bytes: u32) -> Stop {
        let longest = self.longest_record;
        damage(blocks, format!("a packet record says it holds {captured_bytes} bytes, where {longest} is the most"))
    }
}

#[cold]
fn damage(blocks: &Blocks, reason: String) -> Stop {
    Stop::Damage(Damage { offset: blocks.position(), reason })
}

#[inline]
fn read_u32<const LENGTH: usize>(header: &[u8; LENGTH], at: usize, big_endian: bool) -> u32 {
    let bytes = [header[at], header[at + 1], header[at + 2], header[at + 3]];
    if big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
}
