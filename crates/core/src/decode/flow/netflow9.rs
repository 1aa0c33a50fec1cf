//! NetFlow 9 (RFC 3954): a header of 20 bytes, then flowsets of templates and of the records that they describe. The
//! header's count is not relied on: some exporters count flowsets, some records.

use super::templates::{Dialect, Export, Exporters, read};
use super::{Datagram, Format, Records, TOO_SHORT, templates};
use crate::ledger::{Ledger, Malformed};
use crate::wire::{be16, be32};

const VERSION: u16 = 9;
const HEADER_BYTES: usize = 20;

/// Templates by exporter and source ID.
#[derive(Debug, Default)]
pub struct Decoder {
    exporters: Exporters,
}

impl Format for Decoder {
    fn is_mine(payload: &[u8]) -> bool {
        be16(payload, 0) == Some(VERSION)
    }

    fn decode(&mut self, datagram: &Datagram<'_>, records: &mut Records<'_>) -> Option<Malformed> {
        let Some(header) = datagram.payload.first_chunk::<HEADER_BYTES>() else {
            return Some(TOO_SHORT);
        };
        let long = |at: usize| be32(header, at).expect("within the header");
        let (up_ms, now_s, sequence, source_id) = (long(4), long(8), long(12), long(16));
        let common = datagram.common(VERSION, source_id);
        records.follow_datagrams(VERSION, source_id, sequence);
        let sets = &datagram.payload[HEADER_BYTES..];
        let clock = templates::Clock::since_start(up_ms, now_s);
        let export = Export { dialect: Dialect::NetFlow9, sets, common, clock };
        self.exporters.with(&datagram.exporter, |exporter| read(&export, exporter, records).fault)
    }

    fn settle(&mut self, now_ns: i64, ledger: &mut Ledger) {
        self.exporters.settle(now_ns, ledger);
    }

    fn memory_bytes(&self) -> usize {
        self.exporters.memory_bytes()
    }
}
