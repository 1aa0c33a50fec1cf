//! IPFIX in captures that comes by TCP or SCTP (RFC 7011, section 10): messages as of datagrams.

use super::flow::{Datagram, FlowDecoder, IPFIX_HEADER_BYTES, TOO_SHORT, ipfix_length};
use super::ip::IpPayload;
use super::streams::{Boundary, Cut, Framing, Protocol, Segment};
use super::{Batch, Decoder};
use crate::frame::Frame;
use crate::ledger::Ledger;
use crate::malformed::Malformed;
use crate::table::{FlowTable, PacketRow};
use crate::wire::be16;

pub(super) const PROTOCOL_SCTP: u8 = 132;

/// The port of IPFIX. Others are not taken for it: TCP carries much else.
const PORT: u16 = 4739;

/// Its connections among those of application protocols.
const STREAM: Protocol = Protocol { number: u8::MAX, framing: Framing { frame, start } };

/// The protocol of a connection with these ports, where flow records are read.
pub(super) fn stream_of(ports: [u16; 2]) -> Option<Protocol> {
    ports.contains(&PORT).then_some(STREAM)
}

/// Whether a connection is one of IPFIX.
pub(super) fn is_of_flows(protocol: Protocol) -> bool {
    protocol.number == STREAM.number
}

fn frame(bytes: &[u8]) -> Boundary {
    if bytes.len() < IPFIX_HEADER_BYTES {
        return Boundary::NeedMore;
    }
    match ipfix_length(bytes) {
        Ok(length) => Boundary::Message { skip: 0, length },
        Err(_) => Boundary::Invalid,
    }
}

/// Nothing marks a message: a segment may start with one, whose first set is possible.
fn start(bytes: &[u8], begins_segment: bool) -> Option<usize> {
    let length = ipfix_length(bytes.get(..IPFIX_HEADER_BYTES)?).ok()?;
    let (number, set) = (be16(bytes, IPFIX_HEADER_BYTES)?, be16(bytes, IPFIX_HEADER_BYTES + 2)?);
    let is_possible = matches!(number, 2 | 3 | 256..) && (4..=length - IPFIX_HEADER_BYTES).contains(&usize::from(set));
    (begins_segment && is_possible).then_some(0)
}

/// Reads a message that waited behind a gap. Its packet was counted when it came: what can't be read of it is not told.
pub(super) fn read_late(flows: &mut FlowDecoder, cut: &Cut<'_>, table: &mut FlowTable, ledger: &mut Ledger) {
    if let Some(packet) = cut.late {
        read_message(flows, cut, packet, table, ledger);
    }
}

/// Reads a message of a connection; one that waited behind a gap belongs to the packet that brought it.
fn read_message(
    flows: &mut FlowDecoder,
    cut: &Cut<'_>,
    packet: &PacketRow,
    table: &mut FlowTable,
    ledger: &mut Ledger,
) -> Option<Malformed> {
    let PacketRow { source: exporter, time_ns, .. } = *cut.late.unwrap_or(packet);
    flows.decode(&Datagram { payload: cut.bytes, exporter, time_ns }, table, ledger)
}

impl Decoder {
    /// A segment of a connection of IPFIX.
    pub(super) fn flow_segment(&mut self, segment: &Segment<'_>, batch: &mut Batch) -> Option<Malformed> {
        let Self { streams, flows, .. } = self;
        let Batch { flows: table, ledger, .. } = batch;
        let flows = flows.as_mut()?;
        let (mut fault, mut decoded) = (None, Ledger::default());
        let mut each = |cut: Cut<'_>| fault = fault.or(read_message(flows, &cut, segment.packet, table, &mut decoded));
        streams.push(segment, STREAM, &mut each, ledger);
        *ledger += &decoded;
        self.brings_records = !segment.payload.is_empty();
        fault
    }

    /// A packet of SCTP (RFC 9260): each chunk of data is a message, as far as it is whole.
    pub(super) fn flow_chunks(
        &mut self,
        frame: &Frame<'_>,
        ip: &IpPayload<'_>,
        row: &PacketRow,
        batch: &mut Batch,
    ) -> Option<Malformed> {
        const HEADER_BYTES: usize = 12;
        const CHUNK_HEADER_BYTES: usize = 4;
        const DATA: u8 = 0;
        const DATA_HEADER_BYTES: usize = 16;
        const BEGINS_AND_ENDS: u8 = 3;
        let ports = [be16(ip.bytes, 0)?, be16(ip.bytes, 2)?];
        let flows = self.flows.as_mut().filter(|_| ports.contains(&PORT))?;
        let exporter = ip.ends.map_or(row.source, |[source, _]| *source);
        let (mut rest, mut fault) = (ip.bytes.get(HEADER_BYTES..)?, None);
        while let Some(length) = be16(rest, 2).map(usize::from).filter(|length| *length >= CHUNK_HEADER_BYTES) {
            let chunk = &rest[..length.min(rest.len())];
            if rest[0] == DATA {
                self.brings_records = true;
                let is_whole = rest[1] & BEGINS_AND_ENDS == BEGINS_AND_ENDS;
                let payload = chunk.get(DATA_HEADER_BYTES..).filter(|_| is_whole);
                let read = payload.map_or(Some(TOO_SHORT), |payload| {
                    let datagram = Datagram { payload, exporter, time_ns: frame.time_ns };
                    flows.decode(&datagram, &mut batch.flows, &mut batch.ledger)
                });
                fault = fault.or(read);
            }
            rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        }
        fault
    }
}

#[cfg(test)]
#[path = "flow_carriers_tests.rs"]
mod tests;
