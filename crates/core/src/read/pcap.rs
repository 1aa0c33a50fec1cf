//! The pcap format: <https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-04.html>.

use super::blocks::Blocks;
use super::order::ByteOrder;
use super::{MAX_RECORD_BYTES, Record, Stop};
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
    order: ByteOrder,
    /// Nanoseconds in a unit of the second time field.
    fraction_ns: i64,
    record_header_bytes: usize,
    longest_record: u32,
    link_type: u16,
}

fn is_magic_number(word: u32) -> bool {
    matches!(word, MICROSECONDS | NANOSECONDS | KUZNETZOV)
}

/// Whether a file that begins with these bytes is pcap.
pub(super) fn is_magic(first: [u8; 4]) -> bool {
    is_magic_number(u32::from_le_bytes(first)) || is_magic_number(u32::from_be_bytes(first))
}

impl Pcap {
    /// Reads the file header from the pending bytes. `None` when they don't begin with a magic number of pcap.
    pub(super) fn start(blocks: &mut Blocks, name: &str) -> Result<Option<Self>, Error> {
        let Some(magic) = blocks.pending().first_chunk::<4>() else { return Ok(None) };
        let (magic, order) = match (u32::from_le_bytes(*magic), u32::from_be_bytes(*magic)) {
            (little, _) if is_magic_number(little) => (little, ByteOrder::Little),
            (_, big) if is_magic_number(big) => (big, ByteOrder::Big),
            _ => return Ok(None),
        };
        let Some(header) = blocks.pending().first_chunk::<FILE_HEADER_BYTES>().copied() else {
            let had = blocks.pending().len();
            return Err(Error::format(format!(
                "{name} ends within its pcap file header: {had} of {FILE_HEADER_BYTES} bytes are there"
            )));
        };
        blocks.take(FILE_HEADER_BYTES);
        let word = |at: usize| order.u32(&header, at);
        let version = order.u16(&header, 4);
        if version != 2 {
            return Err(Error::format(format!("{name} has pcap version {version}; only version 2 can be read")));
        }
        Ok(Some(Self {
            order,
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

    pub(super) fn next_record(&mut self, blocks: &mut Blocks) -> Result<Record, Stop> {
        loop {
            if let Some(record) = self.pending_record(blocks) {
                return Ok(record);
            }
            self.fill(blocks)?;
        }
    }

    /// The next record, where all of it is pending and it makes sense.
    #[inline(always)]
    pub(super) fn pending_record(&self, blocks: &mut Blocks) -> Option<Record> {
        let (header, rest) = blocks.pending().split_first_chunk::<RECORD_HEADER_BYTES>()?;
        let [seconds, fraction, captured_bytes, wire_bytes] = self.order.words(header);
        let data_at = self.record_header_bytes;
        let record_bytes = data_at + captured_bytes as usize;
        if captured_bytes > self.longest_record || RECORD_HEADER_BYTES + rest.len() < record_bytes {
            return None;
        }
        let record = blocks.take(record_bytes);
        Some(Record {
            // At most (2^32 - 1) * 10^9 + (2^32 - 1) * 1000, which i64 holds.
            time_ns: i64::from(seconds) * 1_000_000_000 + i64::from(fraction) * self.fraction_ns,
            link_type: self.link_type,
            interface: 0,
            wire_bytes: wire_bytes.max(captured_bytes),
            start: (record.start + data_at) as u32,
            captured_bytes,
        })
    }

    /// Reads until the next record is pending, or tells why that can't be.
    #[cold]
    pub(super) fn fill(&self, blocks: &mut Blocks) -> Result<(), Stop> {
        let needed = match blocks.pending().first_chunk::<RECORD_HEADER_BYTES>() {
            None => RECORD_HEADER_BYTES,
            Some(header) => {
                let [_, _, captured_bytes, _] = self.order.words(header);
                if captured_bytes > self.longest_record {
                    return Err(self.too_long(blocks, captured_bytes));
                }
                self.record_header_bytes + captured_bytes as usize
            }
        };
        match blocks.fill(needed) {
            Ok(true) => Ok(()),
            Ok(false) => Err(Stop::at_end_of(blocks, "a packet record")),
            Err(reason) => Err(Stop::damage(blocks, reason)),
        }
    }

    #[cold]
    fn too_long(&self, blocks: &Blocks, captured_bytes: u32) -> Stop {
        let longest = self.longest_record;
        Stop::damage(
            blocks,
            format!("a packet record says it holds {captured_bytes} bytes; at most {longest} are possible"),
        )
    }
}
