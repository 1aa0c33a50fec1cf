//! NetFlow 5: a header of 24 bytes, then records of 48 bytes each, IPv4 alone (Cisco, "NetFlow Export Datagram Format").

use super::{Datagram, Records, TOO_SHORT, TRAILING_BYTES};
use crate::batch::{Address, FlowRow};
use crate::ledger::Malformed;
use crate::wire::{be16, be32};

const VERSION: u16 = 5;
const HEADER_BYTES: usize = 24;
const RECORD_BYTES: usize = 48;

const NANOSECONDS: i64 = 1_000_000_000;
const MILLISECOND_NS: i64 = 1_000_000;

/// The lower bits of the field with the sampling; those above are its mode.
const INTERVAL_BITS: u32 = 14;

pub fn is_mine(payload: &[u8]) -> bool {
    be16(payload, 0) == Some(VERSION)
}

/// It needs to remember nothing: each datagram stands by itself.
#[derive(Debug, Default)]
pub struct Decoder;

/// What the header says of all records.
struct Header {
    count: u16,
    /// When the exporter started, by its clock.
    started_ns: i64,
    sequence: u32,
    source_id: u16,
    sampling: u16,
}

impl Header {
    fn read(payload: &[u8]) -> Option<Self> {
        let up_ms = be32(payload, 4)?;
        let now_ns = i64::from(be32(payload, 8)?) * NANOSECONDS + i64::from(be32(payload, 12)?);
        Some(Self {
            count: be16(payload, 2)?,
            started_ns: now_ns - i64::from(up_ms) * MILLISECOND_NS,
            sequence: be32(payload, 16)?,
            source_id: be16(payload, 20)?,
            sampling: be16(payload, 22)?,
        })
    }
}

impl Decoder {
    /// Takes the records that the header counts, as far as they are there. A datagram that is cut, or longer than its
    /// records, is malformed.
    pub fn decode(&mut self, datagram: &Datagram<'_>, records: &mut Records<'_>) -> Option<Malformed> {
        let Some(header) = Header::read(datagram.payload) else { return Some(TOO_SHORT) };
        let body = &datagram.payload[HEADER_BYTES..];
        let counted = usize::from(header.count);
        let lost = records.missing(u64::from(header.source_id), header.sequence, u32::from(header.count));
        let row = FlowRow {
            time_ns: datagram.time_ns,
            version: VERSION as u8,
            exporter: datagram.exporter,
            source_id: u32::from(header.source_id),
            ip_version: 4,
            sampling_mode: (header.sampling >> INTERVAL_BITS) as u8,
            sampling_interval: u32::from(header.sampling & ((1 << INTERVAL_BITS) - 1)),
            lost,
            ..FlowRow::EMPTY
        };
        for (at, record) in body.chunks_exact(RECORD_BYTES).take(counted).enumerate() {
            let record = record.try_into().expect("a chunk of this size");
            records.push(&FlowRow { lost: if at == 0 { lost } else { 0 }, ..read(record, &header, &row) });
        }
        match body.len().cmp(&(counted * RECORD_BYTES)) {
            std::cmp::Ordering::Less => Some(TOO_SHORT),
            std::cmp::Ordering::Equal => None,
            std::cmp::Ordering::Greater => Some(TRAILING_BYTES),
        }
    }
}

/// A record; `common` is what all of the datagram share.
#[inline]
fn read(record: &[u8; RECORD_BYTES], header: &Header, common: &FlowRow) -> FlowRow {
    let number = |at: usize| u16::from_be_bytes([record[at], record[at + 1]]);
    let long = |at: usize| u32::from_be_bytes([record[at], record[at + 1], record[at + 2], record[at + 3]]);
    let address = |at: usize| mapped([record[at], record[at + 1], record[at + 2], record[at + 3]]);
    let moment_ns = |at: usize| header.started_ns + i64::from(long(at)) * MILLISECOND_NS;
    FlowRow {
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
        tcp_flags: record[37],
        protocol: record[38],
        tos: record[39],
        source_as: u32::from(number(40)),
        destination_as: u32::from(number(42)),
        source_mask: record[44],
        destination_mask: record[45],
        ..*common
    }
}

fn mapped([a, b, c, d]: [u8; 4]) -> Address {
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d]
}
