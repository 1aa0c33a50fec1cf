//! IPFIX (RFC 7011): messages with a header of 16 bytes, then sets of templates and of the records that they describe.

use super::templates::{Clock, Dialect, Export, Exporters, read};
use super::{BAD_SET, Datagram, Format, Records, TOO_SHORT, TRAILING_BYTES, UNKNOWN};
use crate::ledger::{Ledger, Malformed};
use crate::wire::{be16, be32};

const VERSION: u16 = 10;
pub const HEADER_BYTES: usize = 16;

/// Templates by exporter and observation domain.
#[derive(Debug, Default)]
pub struct Decoder {
    exporters: Exporters,
}

impl Format for Decoder {
    fn is_mine(payload: &[u8]) -> bool {
        be16(payload, 0) == Some(VERSION)
    }

    /// A datagram holds one message; some exporters put several behind one another, so all are read.
    fn decode(&mut self, datagram: &Datagram<'_>, records: &mut Records<'_>) -> Option<Malformed> {
        let mut rest = datagram.payload;
        loop {
            let (message, behind) = match split(rest) {
                Ok(parts) => parts,
                Err(fault) => return Some(fault),
            };
            if let Some(fault) = self.message(message, datagram, records) {
                return Some(fault);
            }
            if message.len() < usize::from(be16(message, 2).unwrap_or(0)) {
                return Some(TOO_SHORT);
            }
            if behind.is_empty() {
                return None;
            }
            if !Self::is_mine(behind) {
                return Some(TRAILING_BYTES);
            }
            rest = behind;
        }
    }

    fn settle(&mut self, now_ns: i64, ledger: &mut Ledger) {
        self.exporters.settle(now_ns, ledger);
    }

    fn memory_bytes(&self) -> usize {
        self.exporters.memory_bytes()
    }
}

/// The length of the message that a stream goes on with, by its header.
///
/// # Errors
/// The reason why it is none.
pub fn length_of(header: &[u8]) -> Result<usize, Malformed> {
    if !Decoder::is_mine(header) {
        return Err(UNKNOWN);
    }
    let stated = be16(header, 2).map_or(0, usize::from);
    if stated < HEADER_BYTES { Err(BAD_SET) } else { Ok(stated) }
}

/// A message, as far as it is there, and what is behind it.
fn split(bytes: &[u8]) -> Result<(&[u8], &[u8]), Malformed> {
    let stated = be16(bytes, 2).map_or(0, usize::from);
    if bytes.len() < HEADER_BYTES {
        return Err(TOO_SHORT);
    }
    if stated < HEADER_BYTES {
        return Err(BAD_SET);
    }
    Ok(bytes.split_at(stated.min(bytes.len())))
}

impl Decoder {
    fn message(&mut self, message: &[u8], datagram: &Datagram<'_>, records: &mut Records<'_>) -> Option<Malformed> {
        let long = |at: usize| be32(message, at).expect("within the header");
        let (now_s, sequence, source_id) = (long(4), long(8), long(12));
        let common = datagram.common(VERSION, source_id);
        let sets = &message[HEADER_BYTES..];
        let export = Export { dialect: Dialect::Ipfix, sets, common, clock: Clock::exported_at(now_s) };
        self.exporters.with(&datagram.exporter, |exporter| {
            let outcome = read(&export, exporter, records);
            records.follow_records(VERSION, source_id, sequence, outcome.records);
            outcome.fault
        })
    }
}
