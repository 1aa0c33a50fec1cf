//! What NetFlow 1, 5 and 7 have in common: a header with a count, then records of a fixed size whose first 40 bytes are
//! the same (Cisco, "NetFlow Export Datagram Format").

use super::{Records, TOO_SHORT, TRAILING_BYTES, uptime};
use crate::ledger::Malformed;
use crate::table::FlowRow;
use crate::wire::ipv4::mapped;
use crate::wire::{be16, be32};

const NANOSECONDS: i64 = 1_000_000_000;
const MILLISECOND_NS: i64 = 1_000_000;

/// The bytes of a record that all versions have.
const COMMON_BYTES: usize = 40;

/// What every header begins with: version, count, time since the exporter started, time of day.
pub(super) struct Header {
    /// Records that follow, as it says.
    pub count: u16,
    /// When the exporter started, by its clock.
    started_ns: i64,
    exported_ns: i64,
}

impl Header {
    /// `None` where the payload ends before.
    pub fn read(payload: &[u8]) -> Option<Self> {
        let up_ms = be32(payload, 4)?;
        let exported_ns = i64::from(be32(payload, 8)?) * NANOSECONDS + i64::from(be32(payload, 12)?);
        let started_ns = exported_ns - i64::from(up_ms) * MILLISECOND_NS;
        Some(Self { count: be16(payload, 2)?, started_ns, exported_ns })
    }
}

/// Takes the records that the header counts, as far as they are there. A datagram that is cut, or longer than its
/// records, is malformed. `add` reads what one version alone has of a record.
pub(super) fn take<const RECORD_BYTES: usize>(
    body: &[u8],
    header: &Header,
    common: &FlowRow,
    records: &mut Records<'_>,
    add: impl Fn(&[u8; RECORD_BYTES], &mut FlowRow),
) -> Option<Malformed> {
    let counted = usize::from(header.count);
    for record in body.chunks_exact(RECORD_BYTES).take(counted) {
        let record: &[u8; RECORD_BYTES] = record.try_into().expect("a chunk of this size");
        let mut row = read(record.first_chunk().expect("records are longer"), header, common);
        add(record, &mut row);
        records.push(&row);
    }
    match body.len().cmp(&(counted * RECORD_BYTES)) {
        std::cmp::Ordering::Less => Some(TOO_SHORT),
        std::cmp::Ordering::Equal => None,
        std::cmp::Ordering::Greater => Some(TRAILING_BYTES),
    }
}

#[inline]
fn read(record: &[u8; COMMON_BYTES], header: &Header, common: &FlowRow) -> FlowRow {
    let number = |at: usize| u16::from_be_bytes([record[at], record[at + 1]]);
    let long = |at: usize| u32::from_be_bytes([record[at], record[at + 1], record[at + 2], record[at + 3]]);
    let address = |at: usize| mapped([record[at], record[at + 1], record[at + 2], record[at + 3]]);
    let moment_ns =
        |at: usize| uptime::moment_ns(header.started_ns, i64::from(long(at)) * MILLISECOND_NS, header.exported_ns);
    FlowRow {
        ip_version: 4,
        source: address(0),
        destination: address(4),
        next_hop: address(8),
        in_interface: u32::from(number(12)),
        out_interface: u32::from(number(14)),
        packets: u64::from(long(16)),
        bytes: u64::from(long(20)),
        start_time_ns: moment_ns(24),
        end_time_ns: moment_ns(28),
        source_port: number(32),
        destination_port: number(34),
        protocol: record[38],
        tos: record[39],
        ..*common
    }
}

/// What NetFlow 5 and 7 have at the same place behind: flags, autonomous systems and masks.
#[inline]
pub(super) fn add_routes(record: &[u8], row: &mut FlowRow) {
    let number = |at: usize| be16(record, at).map_or(0, u32::from);
    row.tcp_flags = record[37];
    (row.source_as, row.destination_as) = (number(40), number(42));
    (row.source_mask, row.destination_mask) = (record[44], record[45]);
}
