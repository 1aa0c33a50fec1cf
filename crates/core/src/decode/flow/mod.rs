//! Flow records in datagrams: one export format, one file; being in this folder is all that it takes (see `build.rs`).
//!
//! Each file declares
//!
//! - `is_mine(&[u8]) -> bool`, by the first bytes of a datagram;
//! - `Decoder`, what it must remember between datagrams, with
//!   `decode(&mut self, &Datagram, &mut Records) -> Option<Malformed>`.

mod records;

use crate::batch::{Address, FlowTable};
use crate::decode::app::Needs;
use crate::ledger::Ledger;
use crate::malformed::{Malformed, malformed};
use crate::metric::address_key;
use crate::track::Sequences;

pub use records::Records;
use records::{Sender, Texts};

include!(concat!(env!("OUT_DIR"), "/flow_formats.rs"));

malformed! {
    UNKNOWN "flow.unknown", "A datagram that was read as flow records is of no format that pktvisor reads";
    TOO_SHORT "flow.too_short", "The datagram ends before the records that its header counts; those that are there are taken";
    TRAILING_BYTES "flow.trailing_bytes", "Bytes follow the records that the header counts; the records are taken";
}

/// Exporters, or parts of them, whose sequence numbers are remembered; more at once is an attack.
const MOST_SEQUENCES: usize = 1 << 16;

/// A datagram of an exporter.
#[derive(Debug, Clone, Copy)]
pub struct Datagram<'a> {
    /// As captured, perhaps cut.
    pub payload: &'a [u8],
    /// Who sent it.
    pub exporter: Address,
    /// When it arrived.
    pub time_ns: i64,
}

/// Turns datagrams into records. One per worker; datagrams of one exporter must go to one worker.
#[derive(Debug)]
pub struct FlowDecoder {
    formats: FlowFormats,
    sequences: Sequences,
    texts: Texts,
    seed: u64,
}

impl FlowDecoder {
    /// `seed` is random per process, so that nobody outside can choose exporters that collide.
    pub fn new(needs: &Needs, seed: u64) -> Self {
        let texts = Texts::of(needs);
        Self { formats: FlowFormats::default(), sequences: Sequences::new(MOST_SEQUENCES), texts, seed }
    }

    /// Tells which columns anybody asked for.
    pub fn set_needs(&mut self, needs: &Needs) {
        self.texts = Texts::of(needs);
    }

    /// Writes the records of a datagram; gives the reason where it could not be read to its end.
    pub fn decode(&mut self, datagram: &Datagram<'_>, table: &mut FlowTable, ledger: &mut Ledger) -> Option<Malformed> {
        let Self { formats, sequences, texts, seed } = self;
        let exporter = address_key(*seed, &datagram.exporter);
        let sender = Sender { sequences, exporter, time_ns: datagram.time_ns };
        let mut records = Records::new(table, *texts, sender);
        let fault = formats.decode(datagram, &mut records);
        ledger.flow_records_lost += records.lost();
        ledger.evicted.exporters += sequences.take_evicted();
        fault
    }
}

#[cfg(test)]
mod tests;
