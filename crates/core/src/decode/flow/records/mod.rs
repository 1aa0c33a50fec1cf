//! Where formats write their records: the table, and what all formats have of it in common.

mod texts;

use crate::decode::app::Needs;
use crate::hash::hash_word;
use crate::ledger::Ledger;
use crate::table::{FlowRow, FlowTable, Span};
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
    texts: Texts,
    sender: Sender<'a>,
    /// What went missing before this datagram, for its first record to tell.
    untold: Lost,
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
        Self { table, texts, sender, untold: Lost::default(), lost: Lost::default(), given_up: 0 }
    }

    /// Takes note of the number of the first of some records that a part of the exporter sends; `None` where nobody can
    /// tell how many they are.
    pub fn follow_records(&mut self, version: u16, source_id: u32, sequence: u32, records: Option<u32>) {
        let missing = self.missing(version, source_id, sequence, records);
        self.untold.records += missing;
        self.lost.records += missing;
    }

    /// Takes note of the number of a datagram that a part of the exporter sends.
    pub fn follow_datagrams(&mut self, version: u16, source_id: u32, sequence: u32) {
        let missing = self.missing(version, source_id, sequence, Some(1));
        self.untold.datagrams += missing;
        self.lost.datagrams += missing;
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
        self.push_with_macs(row, &Macs::default());
    }

    /// Writes a record, with the texts that are asked for and what follows from its other fields.
    #[inline]
    pub fn push_with_macs(&mut self, row: &FlowRow, macs: &Macs) {
        let interval = u64::from(row.sampling_interval.max(1));
        let scaled = |count: u64| count.saturating_mul(interval);
        let Lost { records, datagrams } = std::mem::take(&mut self.untold);
        let mut row = FlowRow {
            dscp: row.tos >> 2,
            ecn: row.tos & 3,
            sampled_packets: row.packets,
            sampled_bytes: row.bytes,
            scaled_packets: scaled(row.packets),
            scaled_bytes: scaled(row.bytes),
            lost: records,
            lost_datagrams: datagrams,
            ..*row
        };
        if row.is_sample != 0 {
            (row.packets, row.bytes) = (row.scaled_packets, row.scaled_bytes);
        }
        if self.texts.macs {
            row.source_mac = write_mac(&mut self.table.text, macs.source);
            row.destination_mac = write_mac(&mut self.table.text, macs.destination);
        }
        if self.texts.endpoints {
            self.write_endpoints(&mut row);
        }
        self.table.push(&row);
    }

    fn write_endpoints(&mut self, row: &mut FlowRow) {
        let text = &mut self.table.text;
        row.source_endpoint = write_endpoint(text, &row.source, row.source_port);
        row.destination_endpoint = write_endpoint(text, &row.destination, row.destination_port);
        row.conversation = match self.texts.conversations {
            true => write_conversation(text, row.source_endpoint, row.destination_endpoint),
            false => Span::NONE,
        };
    }
}
