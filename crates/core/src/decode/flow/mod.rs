//! Flow records in datagrams: one export format, one file; being in this folder is all that it takes (see `build.rs`).
//!
//! Each file declares a `Decoder` that implements [`Format`]. What several formats share lies in the folders beside:
//! `fixed` for records of one layout, `templates` for those that describe themselves, `sampled` for packets as samples.

mod fixed;
mod records;
mod sampled;
mod templates;
mod uptime;

use crate::decode::app::Needs;
use crate::ledger::Ledger;
use crate::malformed::{Malformed, malformed};
use crate::metric::address_key;
use crate::table::{Address, FlowRow, FlowTable};
use crate::track::Sequences;

pub use ipfix::{HEADER_BYTES as IPFIX_HEADER_BYTES, length_of as ipfix_length};
pub use records::Records;
use records::{Sender, Texts};

include!(concat!(env!("OUT_DIR"), "/flow_formats.rs"));

malformed! {
    UNKNOWN "flow.unknown", "A datagram that was read as flow records is of no format that pktvisor reads";
    TOO_SHORT "flow.too_short", "The datagram, or a set in it, ends before the records that it announces; those that are there are taken";
    TRAILING_BYTES "flow.trailing_bytes", "Bytes follow the records that the header counts; the records are taken";
    NO_TEMPLATE "flow.no_template", "The template of its records is not known, and there is no room to wait for it";
    BAD_TEMPLATE "flow.bad_template", "A template has no number, describes no bytes, or has more fields than are there";
    BAD_SET "flow.bad_set", "A set or message of flow records is shorter than its own header";
    BAD_SAMPLE "flow.bad_sample", "A record of a packet sample ends too early; what was read of the packet is taken";
    UNKNOWN_SAMPLE "flow.unknown_sample", "A sample of sFlow 2 or 4 is of an unknown kind, so that nobody knows where it ends; what was read before it is taken";
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

impl Datagram<'_> {
    /// A row that holds what all records of a part of the exporter share.
    fn common(&self, version: u16, source_id: u32) -> FlowRow {
        let Self { time_ns, exporter, .. } = *self;
        FlowRow { time_ns, version: version as u8, exporter, source_id, ..FlowRow::EMPTY }
    }
}

/// An export format: what it must remember between datagrams is its own.
pub trait Format: Default {
    /// Tells by its first bytes whether a datagram is of this format.
    fn is_mine(payload: &[u8]) -> bool;

    /// Writes the records of a datagram; gives the reason where it could not be read to its end.
    fn decode(&mut self, datagram: &Datagram<'_>, records: &mut Records<'_>) -> Option<Malformed>;

    /// Gives up what has waited too long by now, and counts what bounds made it give up.
    fn settle(&mut self, now_ns: i64, ledger: &mut Ledger) {
        let _ = (now_ns, ledger);
    }

    /// Bytes of what it remembers.
    fn memory_bytes(&self) -> usize {
        0
    }
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
        records.finish();
        records.tell(ledger);
        ledger.evicted.exporters += sequences.take_evicted();
        fault
    }

    /// Gives up what has waited too long by now: records whose template never came.
    pub fn settle(&mut self, now_ns: i64, ledger: &mut Ledger) {
        self.formats.settle(now_ns, ledger);
    }

    /// Bytes of templates and of records that wait for theirs.
    pub fn memory_bytes(&self) -> usize {
        self.formats.memory_bytes()
    }
}

#[cfg(test)]
mod tests;
