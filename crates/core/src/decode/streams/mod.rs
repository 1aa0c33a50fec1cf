//! TCP segments put in order again, and cut into messages, within bounds.
//!
//! What is promised:
//!
//! - Bytes that come in order, with nothing waiting before them, are parsed where they lie: no copy, no allocation.
//! - Each byte of a stream is delivered once, however often it is sent. Of two different bytes for one place, the
//!   first seen wins.
//! - A stream that is first seen in its middle, or that has a gap, is followed from the next place on at which a message
//!   may start ([`Framing::start`]): the begin of a segment or, where the protocol marks its messages, anywhere. Each
//!   segment with data before that place is counted in `evicted.tcp_segments`. So it is after bytes that do not follow
//!   the framing. The two sides do not influence each other.
//! - A gap that ends within the message it begins in costs that message alone, which counts once, whatever comes of it
//!   later: its length tells where the next one begins.
//! - A gap is waited for until the bounds of [`StreamLimits`] are reached, or the connection is reset or forgotten. The
//!   whole messages behind it are handed over then, however the connection ends, each with the packet that brought it.
//! - Whatever comes in is handed over, or was handed over before, or waits, or is counted in `evicted.tcp_segments`.
//! - A connection takes memory from its first data byte on. A SYN before it leaves only its sequence number, in a
//!   table that does not grow.
//! - A closed connection is forgotten after `linger_ns`. Until then its late data is still taken for what it is
//!   (retransmissions are recognised, gaps are filled), and a new SYN starts anew at once.

mod buffers;
mod connections;
mod framing;
mod side;
mod starts;
#[cfg(test)]
mod tests;

use buffers::Buffers;
use connections::Connections;
pub use framing::{Boundary, DNS_FRAMING, Framing, dns_framing};
use side::{Data, Work};
use starts::Starts;

use crate::ledger::Ledger;
use crate::table::PacketRow;

/// Bounds on what a [`StreamTable`] keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamLimits {
    /// Connections followed at the same time.
    pub connections: usize,
    /// Bytes of the longest message, and of the segments held behind a gap, for each side of a connection.
    pub buffered_bytes_per_side: usize,
    /// Segments held behind a gap, for each side of a connection.
    pub buffered_segments_per_side: usize,
    /// Memory of all buffers together.
    pub buffered_bytes_total: usize,
    /// How long a gap is waited for while more data of its side comes in (packet time).
    pub gap_ns: i64,
    /// How long a connection is kept after its last segment with data (packet time).
    pub idle_ns: i64,
    /// How long a connection is kept after it was closed (packet time).
    pub linger_ns: i64,
}

impl Default for StreamLimits {
    fn default() -> Self {
        Self {
            connections: 65_536,
            buffered_bytes_per_side: 128 * 1024,
            buffered_segments_per_side: 50,
            buffered_bytes_total: 32 * 1024 * 1024,
            gap_ns: 1_000_000_000,
            idle_ns: 30_000_000_000,
            linger_ns: 1_000_000_000,
        }
    }
}

/// What the tables need to know of a TCP segment.
#[derive(Debug, Clone, Copy)]
pub struct Segment<'a> {
    /// Keyed hash of the 5-tuple, the same in both directions.
    pub flow: u64,
    /// Which end sends, 0 or 1.
    pub side: u8,
    pub sequence: u32,
    pub syn: bool,
    pub fin: bool,
    pub rst: bool,
    /// The payload as far as it was captured.
    pub payload: &'a [u8],
    /// The payload on the wire; where this is longer, the missing bytes are a gap.
    pub payload_wire_bytes: u32,
    pub time_ns: i64,
    /// Kept with what waits behind a gap.
    pub packet: &'a PacketRow,
}

/// The application protocol of a connection.
#[derive(Debug, Clone, Copy)]
pub struct Protocol {
    /// What the caller calls it.
    pub number: u8,
    pub framing: Framing,
}

/// A message cut out of a stream.
#[derive(Debug, Clone, Copy)]
pub struct Cut<'a> {
    pub protocol: u8,
    /// Without the framing's prefix.
    pub bytes: &'a [u8],
    /// The packet that brought its end, where it is an earlier one than the segment at hand: the message waited behind a
    /// gap that was not filled.
    pub late: Option<&'a PacketRow>,
}

/// No IP packet, and no segment merged by the network card, comes near this; a longer one is not believed.
const LONGEST_SEGMENT_BYTES: u32 = 1 << 20;

/// The connections of one capture, and what waits to be put in order.
pub struct StreamTable {
    limits: StreamLimits,
    connections: Connections,
    starts: Starts,
    buffers: Buffers,
}

impl StreamTable {
    /// An empty table; `seed` keeps outsiders from choosing flows that collide.
    pub fn new(limits: StreamLimits, seed: u64) -> Self {
        Self {
            connections: Connections::new(limits.connections, seed),
            starts: Starts::new(limits.connections, seed),
            buffers: Buffers::new(limits.buffered_bytes_total),
            limits,
        }
    }

    /// Takes in one segment, and calls `each` for every message that it completes, or that is no longer to wait.
    /// A message has the time, the addresses and the direction of the segment that completes it.
    #[inline]
    pub fn push(
        &mut self,
        segment: &Segment<'_>,
        protocol: Protocol,
        each: &mut impl FnMut(Cut<'_>),
        ledger: &mut Ledger,
    ) {
        // A pure acknowledgement, as every other segment is, tells nothing.
        let has_data = !segment.payload.is_empty() || segment.payload_wire_bytes > 0;
        if segment.syn || segment.fin || segment.rst || has_data {
            self.push_telling(segment, protocol, each, ledger);
        }
    }

    fn push_telling(
        &mut self,
        segment: &Segment<'_>,
        protocol: Protocol,
        each: &mut impl FnMut(Cut<'_>),
        ledger: &mut Ledger,
    ) {
        let side = usize::from(segment.side & 1);
        let found = self.current(segment, side, each, ledger);
        let data = Data {
            sequence: segment.sequence.wrapping_add(u32::from(segment.syn)),
            bytes: segment.payload,
            wire_bytes: segment.payload_wire_bytes.min(LONGEST_SEGMENT_BYTES).max(segment.payload.len() as u32),
        };
        // A reset may carry a reason in words, but no data (RFC 9293 section 3.5.3).
        let has_data = data.wire_bytes > 0 && !segment.rst;
        if found.is_none() && !has_data {
            return;
        }
        // The first data of a side begins where its SYN said, which comes behind data of the other side now and then.
        let start = match found {
            Some(slot) if !has_data || !self.connections.get(slot).sides[side].is_unseen() => None,
            _ => self.starts.take(segment.flow, side),
        };
        let slot = match found {
            Some(slot) => slot,
            // What can't be read takes no place in the table.
            None if start.is_none() && (protocol.framing.start)(segment.payload, true).is_none() => {
                ledger.evicted.tcp_segments += 1;
                return;
            }
            None => self.insert(segment, protocol, each, ledger),
        };
        let connection = self.connections.get(slot);
        if !connection.closed {
            connection.expires_ns = segment.time_ns.saturating_add(self.limits.idle_ns);
        }
        if has_data {
            let mut work = Work {
                buffers: &mut self.buffers,
                limits: &self.limits,
                protocol: connection.protocol,
                each,
                ledger,
                owner: (slot, side as u8),
                packet: segment.packet,
                late: None,
                time_ns: segment.time_ns,
            };
            connection.sides[side].receive(data, start, &mut work);
        }
        connection.sides[side].finished |= segment.fin;
        let is_over = segment.rst || connection.sides.iter().all(|side| side.finished);
        if !connection.closed && is_over {
            connection.closed = true;
            connection.expires_ns = segment.time_ns.saturating_add(self.limits.linger_ns);
        }
        if segment.rst {
            self.flush(slot, segment.time_ns, each, ledger);
        }
        self.keep_total(segment.time_ns, each, ledger);
    }

    /// The connection that a segment belongs to. Forgets the one before it on the same 5-tuple.
    #[inline]
    fn current(
        &mut self,
        segment: &Segment<'_>,
        side: usize,
        each: &mut impl FnMut(Cut<'_>),
        ledger: &mut Ledger,
    ) -> Option<u32> {
        let start = segment.sequence.wrapping_add(1);
        let starts_anew = segment.syn && self.starts.note(segment.flow, side, start);
        let slot = self.connections.find(segment.flow)?;
        let connection = self.connections.touch(slot);
        let this_side = &connection.sides[side];
        let is_anothers =
            segment.syn && !this_side.begins_at(start) && (connection.closed || starts_anew && !this_side.is_unseen());
        if connection.expires_ns < segment.time_ns || is_anothers {
            self.forget(slot, segment.time_ns, each, ledger);
            return None;
        }
        if starts_anew && !connection.sides[side].is_unseen() {
            // The start of what is followed already: it must not be taken for that of another stream.
            self.starts.take(segment.flow, side);
        }
        Some(slot)
    }

    /// Starts to follow a connection; looks at a few others, to forget those that are over.
    fn insert(
        &mut self,
        segment: &Segment<'_>,
        protocol: Protocol,
        each: &mut impl FnMut(Cut<'_>),
        ledger: &mut Ledger,
    ) -> u32 {
        let now_ns = segment.time_ns;
        for _ in 0..2 {
            if let Some(over) = self.connections.step(now_ns, false) {
                self.forget(over, now_ns, each, ledger);
            }
        }
        while !self.connections.has_room() {
            if let Some(victim) = self.connections.step(now_ns, true) {
                ledger.evicted.tcp_streams += u64::from(self.connections.get(victim).expires_ns >= now_ns);
                self.forget(victim, now_ns, each, ledger);
            }
        }
        self.connections.insert(segment.flow, protocol, now_ns)
    }

    /// Gives up what has waited for longer than the bounds by now (packet time), and the connections that are over;
    /// [`i64::MAX`] is the end of the input.
    pub fn expire(&mut self, now_ns: i64, each: &mut impl FnMut(Cut<'_>), ledger: &mut Ledger) {
        for (slot, side, gap_since_ns) in self.buffers.in_use() {
            if !self.connections.holds(slot) {
                continue; // forgotten with its other side
            }
            if self.connections.get(slot).expires_ns < now_ns || now_ns == i64::MAX {
                self.forget(slot, now_ns, each, ledger);
            } else if gap_since_ns.is_some_and(|since_ns| now_ns.saturating_sub(since_ns) > self.limits.gap_ns) {
                self.flush_side(slot, usize::from(side), now_ns, each, ledger);
            }
        }
    }

    fn forget(&mut self, slot: u32, now_ns: i64, each: &mut impl FnMut(Cut<'_>), ledger: &mut Ledger) {
        self.flush(slot, now_ns, each, ledger);
        for side in &mut self.connections.get(slot).sides {
            ledger.evicted.tcp_segments += side.release(&mut self.buffers);
        }
        self.connections.remove(slot);
    }

    /// Takes in whatever both sides hold, gaps or not: nothing more is waited for.
    fn flush(&mut self, slot: u32, now_ns: i64, each: &mut impl FnMut(Cut<'_>), ledger: &mut Ledger) {
        for side in 0..2 {
            self.flush_side(slot, side, now_ns, each, ledger);
        }
    }

    fn flush_side(&mut self, slot: u32, side: usize, now_ns: i64, each: &mut impl FnMut(Cut<'_>), ledger: &mut Ledger) {
        let connection = self.connections.get(slot);
        let mut work = Work {
            buffers: &mut self.buffers,
            limits: &self.limits,
            protocol: connection.protocol,
            each,
            ledger,
            owner: (slot, side as u8),
            packet: &PacketRow::EMPTY,
            late: None,
            time_ns: now_ns,
        };
        connection.sides[side].flush(&mut work);
    }

    /// Gives up buffers until all of them together are within their bound.
    #[inline]
    fn keep_total(&mut self, now_ns: i64, each: &mut impl FnMut(Cut<'_>), ledger: &mut Ledger) {
        while let Some((slot, side)) = self.buffers.victim() {
            let side = usize::from(side);
            self.flush_side(slot, side, now_ns, each, ledger);
            let side = &mut self.connections.get(slot).sides[side];
            ledger.evicted.tcp_segments += side.evict(&mut self.buffers);
        }
    }

    /// Connections now followed.
    pub fn connections(&self) -> usize {
        self.connections.len()
    }

    /// Sides that wait with a begun message, or with data behind a gap.
    pub fn waiting(&self) -> usize {
        self.buffers.in_use().len()
    }

    /// Memory that the table holds at present, used or not.
    pub fn memory_bytes(&self) -> usize {
        self.connections.memory_bytes() + self.starts.memory_bytes() + self.buffers.memory_bytes()
    }
}
