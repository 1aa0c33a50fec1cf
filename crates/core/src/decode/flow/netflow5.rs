//! NetFlow 5: a header of 24 bytes, then records of 48 bytes each, IPv4 alone (Cisco, "NetFlow Export Datagram Format").

use super::fixed::{Header, add_routes, take};
use super::{Datagram, Format, Records, TOO_SHORT};
use crate::ledger::Malformed;
use crate::table::FlowRow;
use crate::wire::{be16, be32};

const VERSION: u16 = 5;
const HEADER_BYTES: usize = 24;
const RECORD_BYTES: usize = 48;

/// The lower bits of the field with the sampling; those above are its mode.
const INTERVAL_BITS: u32 = 14;

/// It needs to remember nothing: each datagram stands by itself.
#[derive(Debug, Default)]
pub struct Decoder;

/// What the header says behind what all versions say.
struct Origin {
    sequence: u32,
    source_id: u16,
    sampling: u16,
}

impl Origin {
    fn read(payload: &[u8]) -> Option<Self> {
        Some(Self { sequence: be32(payload, 16)?, source_id: be16(payload, 20)?, sampling: be16(payload, 22)? })
    }
}

impl Format for Decoder {
    fn is_mine(payload: &[u8]) -> bool {
        be16(payload, 0) == Some(VERSION)
    }

    fn decode(&mut self, datagram: &Datagram<'_>, records: &mut Records<'_>) -> Option<Malformed> {
        let payload = datagram.payload;
        let (Some(header), Some(origin)) = (Header::read(payload), Origin::read(payload)) else {
            return Some(TOO_SHORT);
        };
        records.follow_records(VERSION, u32::from(origin.source_id), origin.sequence, Some(u32::from(header.count)));
        let row = FlowRow {
            sampling_mode: (origin.sampling >> INTERVAL_BITS) as u8,
            sampling_interval: u32::from(origin.sampling & ((1 << INTERVAL_BITS) - 1)),
            ..datagram.common(VERSION, u32::from(origin.source_id))
        };
        take::<RECORD_BYTES>(&payload[HEADER_BYTES..], &header, &row, records, |record, row| add_routes(record, row))
    }
}
