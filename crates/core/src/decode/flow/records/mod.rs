//! Where formats write their records: the table, and what all formats have of it in common.

mod endpoints;

use crate::batch::{FlowRow, FlowTable, Span};
use crate::decode::app::Needs;
use crate::hash::hash_word;
use crate::track::Sequences;
use endpoints::{write_conversation, write_endpoint};

/// Which texts anybody asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Texts {
    endpoints: bool,
    conversations: bool,
}

impl Texts {
    pub fn of(needs: &Needs) -> Self {
        let conversations = needs.has("flow.conversation");
        let endpoints = needs.has("flow.src_endpoint") || needs.has("flow.dst_endpoint");
        Self { endpoints: endpoints || conversations, conversations }
    }
}

/// The exporter of a datagram, and what is known of its sequence numbers.
pub(super) struct Sender<'a> {
    pub sequences: &'a mut Sequences,
    /// Hash of its address.
    pub exporter: u64,
    pub time_ns: i64,
}

/// The records of one datagram.
pub struct Records<'a> {
    table: &'a mut FlowTable,
    texts: Texts,
    sender: Sender<'a>,
    lost: u64,
}

impl<'a> Records<'a> {
    pub(super) fn new(table: &'a mut FlowTable, texts: Texts, sender: Sender<'a>) -> Self {
        Self { table, texts, sender, lost: 0 }
    }

    /// Takes note of the number of the first of some records that a part of the exporter sends. Tells how many before it
    /// never came.
    pub fn missing(&mut self, source_id: u64, sequence: u32, records: u32) -> u32 {
        let Sender { sequences, exporter, time_ns } = &mut self.sender;
        let missing = sequences.missing(hash_word(*exporter, source_id), sequence, records, *time_ns);
        self.lost += u64::from(missing);
        missing
    }

    pub(super) fn lost(&self) -> u64 {
        self.lost
    }

    /// Writes a record, with the texts that are asked for and what follows from its type of service.
    #[inline]
    pub fn push(&mut self, row: &FlowRow) {
        let row = FlowRow { dscp: row.tos >> 2, ecn: row.tos & 3, ..*row };
        if !self.texts.endpoints {
            return self.table.push(&row);
        }
        let text = &mut self.table.text;
        let source_endpoint = write_endpoint(text, &row.source, row.source_port);
        let destination_endpoint = write_endpoint(text, &row.destination, row.destination_port);
        let conversation = match self.texts.conversations {
            true => write_conversation(text, source_endpoint, destination_endpoint),
            false => Span::NONE,
        };
        self.table.push(&FlowRow { source_endpoint, destination_endpoint, conversation, ..row });
    }
}
