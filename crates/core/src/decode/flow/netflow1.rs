//! NetFlow 1: a header of 16 bytes, then records of 48 bytes each, IPv4 alone; nothing tells what was lost.

use super::fixed::{Header, take};
use super::{Datagram, Format, Records, TOO_SHORT};
use crate::ledger::Malformed;
use crate::wire::be16;

const VERSION: u16 = 1;
const HEADER_BYTES: usize = 16;
const RECORD_BYTES: usize = 48;
const TCP_FLAGS: usize = 40;

/// It needs to remember nothing: each datagram stands by itself.
#[derive(Debug, Default)]
pub struct Decoder;

impl Format for Decoder {
    fn is_mine(payload: &[u8]) -> bool {
        be16(payload, 0) == Some(VERSION)
    }

    fn decode(&mut self, datagram: &Datagram<'_>, records: &mut Records<'_>) -> Option<Malformed> {
        let Some(header) = Header::read(datagram.payload) else { return Some(TOO_SHORT) };
        let row = datagram.common(VERSION, 0);
        take::<RECORD_BYTES>(&datagram.payload[HEADER_BYTES..], &header, &row, records, |record, row| {
            row.tcp_flags = record[TCP_FLAGS];
        })
    }
}
