//! NetFlow 7 (Catalyst switches): a header of 24 bytes, then records of 52 bytes each, IPv4 alone.

use super::fixed::{Header, add_routes, take};
use super::{Datagram, Format, Records, TOO_SHORT};
use crate::ledger::Malformed;
use crate::wire::{be16, be32};

const VERSION: u16 = 7;
const HEADER_BYTES: usize = 24;
const RECORD_BYTES: usize = 52;

/// It needs to remember nothing: each datagram stands by itself.
#[derive(Debug, Default)]
pub struct Decoder;

impl Format for Decoder {
    fn is_mine(payload: &[u8]) -> bool {
        be16(payload, 0) == Some(VERSION)
    }

    fn decode(&mut self, datagram: &Datagram<'_>, records: &mut Records<'_>) -> Option<Malformed> {
        let payload = datagram.payload;
        let (Some(header), Some(sequence)) = (Header::read(payload), be32(payload, 16)) else {
            return Some(TOO_SHORT);
        };
        let Some(body) = payload.get(HEADER_BYTES..) else { return Some(TOO_SHORT) };
        records.follow_records(VERSION, 0, sequence, Some(u32::from(header.count)));
        let row = datagram.common(VERSION, 0);
        take::<RECORD_BYTES>(body, &header, &row, records, |record, row| add_routes(record, row))
    }
}
