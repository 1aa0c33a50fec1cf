//! Where formats write their records: the table, and what all formats have of it in common.

mod texts;

use crate::decode::app::Needs;
use crate::hash::hash_word;
use crate::ledger::Ledger;
use crate::table::{FlowRow, FlowTable, LastRows, Table as _};
use crate::texts::write_conversation;
use crate::track::Sequences;
use texts::{write_endpoint, write_mac};

/// Which texts anybody asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Texts {
    macs: bool,
    endpoints: bool,
    conversations: bool,
}

impl Texts {
    pub fn of(needs: &Needs) -> Self {
        let either = |one: &str, other: &str| needs.has(one) || needs.has(other);
        let conversations = needs.has("flow.conversation");
        Self {
            macs: either("flow.src_mac", "flow.dst_mac"),
            endpoints: conversations || either("flow.src_endpoint", "flow.dst_endpoint"),
            conversations,
        }
    }
}

/// The exporter of a datagram, and what is known of its sequence numbers.
pub(super) struct Sender<'a> {
    pub sequences: &'a mut Sequences,
    /// Hash of its address.
    pub exporter: u64,
    pub time_ns: i64,
}

/// MAC addresses of a record; all zeros where it has none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Macs {
    pub source: [u8; 6],
    pub destination: [u8; 6],
}

/// The records of one datagram.
pub struct Records<'a> {
    table: &'a mut FlowTable,
    /// The first row of the datagram.
    from: usize,
    texts: Texts,
    sender: Sender<'a>,
    /// What went missing before this datagram.
    lost: Lost,
    /// Sets of records that were given up for want of a template.
    given_up: u64,
}

/// What never came, by the sequence numbers.
#[derive(Debug, Clone, Copy, Default)]
struct Lost {
    records: u32,
    datagrams: u32,
}

impl<'a> Records<'a> {
    pub(super) fn new(table: &'a mut FlowTable, texts: Texts, sender: Sender<'a>) -> Self {
        Self { from: table.len(), table, texts, sender, lost: Lost::default(), given_up: 0 }
    }

    /// Takes note of the number of the first of some records that a part of the exporter sends; `None` where nobody can
    /// tell how many they are.
    pub fn follow_records(&mut self, version: u16, source_id: u32, sequence: u32, records: Option<u32>) {
        self.lost.records += self.missing(version, source_id, sequence, records);
    }

    /// Takes note of the number of a datagram that a part of the exporter sends.
    pub fn follow_datagrams(&mut self, version: u16, source_id: u32, sequence: u32) {
        self.lost.datagrams += self.missing(version, source_id, sequence, Some(1));
    }

    fn missing(&mut self, version: u16, source_id: u32, sequence: u32, units: Option<u32>) -> u32 {
        let Sender { sequences, exporter, time_ns } = &mut self.sender;
        let part = hash_word(*exporter, u64::from(version) << 32 | u64::from(source_id));
        sequences.missing(part, sequence, units, *time_ns)
    }

    /// Counts sets of records that were given up: no template came for them.
    pub fn give_up(&mut self, sets: usize) {
        self.given_up += sets as u64;
    }

    /// Counts what never came, and what was given up.
    pub(super) fn tell(&self, ledger: &mut Ledger) {
        ledger.flow_records_lost += u64::from(self.lost.records);
        ledger.flow_datagrams_lost += u64::from(self.lost.datagrams);
        ledger.evicted.flow_sets += self.given_up;
    }

    /// Writes a record without MAC addresses.
    #[inline]
    pub fn push(&mut self, row: &FlowRow) {
        self.table.push(row);
    }

    /// Writes a record; what follows from its fields is written at the end of the datagram.
    #[inline]
    pub fn push_with_macs(&mut self, row: &FlowRow, macs: &Macs) {
        self.table.push(row);
        if self.texts.macs {
            self.write_last_macs(std::slice::from_ref(macs));
        }
    }

    /// Writes so many records that are the same but for what is written of them column by column.
    pub(super) fn push_copies(&mut self, row: &FlowRow, copies: usize) -> LastRows<'_> {
        let from = self.table.len();
        self.table.push_copies(row, copies);
        self.table.last_rows(from)
    }

    /// Whether anybody asks for MAC addresses.
    pub(super) fn needs_macs(&self) -> bool {
        self.texts.macs
    }

    /// Writes the MAC addresses of the last rows.
    pub(super) fn write_last_macs(&mut self, macs: &[Macs]) {
        let mut rows = self.table.last_rows(self.table.len() - macs.len());
        for (at, macs) in macs.iter().enumerate() {
            rows.source_mac()[at] = write_mac(rows.text(), macs.source);
            rows.destination_mac()[at] = write_mac(rows.text(), macs.destination);
        }
    }

    /// Writes what follows from the fields of all records of the datagram; the first tells what went missing before it.
    pub(super) fn finish(&mut self) {
        let mut rows = self.table.last_rows(self.from);
        if rows.len() == 0 {
            return;
        }
        rows.derive();
        (rows.lost()[0], rows.lost_datagrams()[0]) = (self.lost.records, self.lost.datagrams);
        if self.texts.endpoints {
            self.write_endpoints();
        }
    }

    fn write_endpoints(&mut self) {
        let mut rows = self.table.last_rows(self.from);
        for at in 0..rows.len() {
            let (source, port) = (rows.source()[at], rows.source_port()[at]);
            let source = write_endpoint(rows.text(), &source, port);
            let (destination, port) = (rows.destination()[at], rows.destination_port()[at]);
            let destination = write_endpoint(rows.text(), &destination, port);
            (rows.source_endpoint()[at], rows.destination_endpoint()[at]) = (source, destination);
            if self.texts.conversations {
                rows.conversation()[at] = write_conversation(rows.text(), source, destination);
            }
        }
    }
}
