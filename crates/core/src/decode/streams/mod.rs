//! TCP segments put in order again, and cut into messages, within bounds.
//!
//! What is promised:
//!
//! - Bytes that come in order, with nothing waiting before them, are parsed where they lie: no copy, no allocation.
//! - Each byte of a stream is delivered once, however often it is sent. Of two different bytes for one place, the
//!   first seen wins.
//! - A stream that is first seen in its middle, or that has a gap, is followed from the next segment on that begins
//!   with a plausible message ([`Framing::plausible`]); what comes before is counted in `evicted.tcp_segments`.
//!   So is the data after bytes that do not follow the framing. The two sides do not influence each other.
//! - A gap is waited for until the bounds of [`StreamLimits`] are reached or the side closes the connection.
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
pub use framing::{DNS_FRAMING, Frame, Framing, dns_framing};
use side::{Data, Work};
use starts::Starts;

use crate::ledger::Ledger;

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

    /// Takes in one segment, and calls `each` for every message that it completes, without the framing's prefix.
    /// A message has the time, the addresses and the direction of the segment that completes it.
    #[inline]
    pub fn push(&mut self, segment: &Segment<'_>, framing: Framing, each: &mut impl FnMut(&[u8]), ledger: &mut Ledger) {
        // A pure acknowledgement, as every other segment is, tells nothing.
        if segment.syn || segment.fin || segment.rst || !segment.payload.is_empty() {
            self.push_telling(segment, framing, each, ledger);
        }
    }

    fn push_telling(
        &mut self,
        segment: &Segment<'_>,
        framing: Framing,
        each: &mut impl FnMut(&[u8]),
        ledger: &mut Ledger,
    ) {
        let side = usize::from(segment.side & 1);
        let found = self.current(segment, side, ledger);
        if found.is_none() && (segment.payload.is_empty() || segment.rst) {
            return;
        }
        let data = Data {
            sequence: segment.sequence.wrapping_add(u32::from(segment.syn)),
            bytes: segment.payload,
            wire_bytes: segment.payload_wire_bytes.min(LONGEST_SEGMENT_BYTES).max(segment.payload.len() as u32),
        };
        let start = match found {
            Some(slot) if !self.connections.get(slot).sides[side].is_unseen() => None,
            _ => self.starts.take(segment.flow, side),
        };
        let slot = match found {
            Some(slot) => slot,
            // What can't be read takes no place in the table.
            None if start.is_none() && !(framing.plausible)(segment.payload) => {
                ledger.evicted.tcp_segments += 1;
                return;
            }
            None => self.insert(segment, ledger),
        };
        let connection = self.connections.get(slot);
        if !connection.closed {
            connection.expires_ns = segment.time_ns.saturating_add(self.limits.idle_ns);
        }
        let mut work = Work {
            buffers: &mut self.buffers,
            limits: &self.limits,
            framing,
            each,
            ledger,
            owner: (slot, side as u8),
            time_ns: segment.time_ns,
        };
        // A reset may carry a reason in words, but no data (RFC 9293 section 3.5.3).
        if data.wire_bytes > 0 && !segment.rst {
            connection.sides[side].receive(data, start, &mut work);
        }
        connection.sides[side].finished |= segment.fin;
        if !connection.closed && (segment.rst || connection.sides.iter().all(|side| side.finished)) {
            connection.closed = true;
            connection.expires_ns = segment.time_ns.saturating_add(self.limits.linger_ns);
            connection.sides[side].flush(&mut work);
        }
        self.keep_total(ledger);
    }

    /// The connection that a segment belongs to. Forgets the one before it on the same 5-tuple.
    #[inline]
    fn current(&mut self, segment: &Segment<'_>, side: usize, ledger: &mut Ledger) -> Option<u32> {
        let start = segment.sequence.wrapping_add(1);
        let starts_anew = segment.syn && self.starts.note(segment.flow, side, start);
        let slot = self.connections.find(segment.flow)?;
        let connection = self.connections.touch(slot);
        let over = connection.expires_ns < segment.time_ns
            || segment.syn && connection.closed
            || starts_anew && connection.sides[side].contradicts(start);
        if over {
            self.forget(slot, ledger);
            return None;
        }
        Some(slot)
    }

    /// Starts to follow a connection; looks at a few others, to forget those that are over.
    fn insert(&mut self, segment: &Segment<'_>, ledger: &mut Ledger) -> u32 {
        for _ in 0..2 {
            if let Some(over) = self.connections.step(segment.time_ns, false) {
                self.forget(over, ledger);
            }
        }
        while !self.connections.has_room() {
            if let Some(victim) = self.connections.step(segment.time_ns, true) {
                ledger.evicted.tcp_streams += u64::from(self.connections.get(victim).expires_ns >= segment.time_ns);
                self.forget(victim, ledger);
            }
        }
        self.connections.insert(segment.flow, segment.time_ns)
    }

    fn forget(&mut self, slot: u32, ledger: &mut Ledger) {
        for side in &mut self.connections.get(slot).sides {
            ledger.evicted.tcp_segments += side.release(&mut self.buffers);
        }
        self.connections.remove(slot);
    }

    /// Gives up buffers until all of them together are within their bound.
    #[inline]
    fn keep_total(&mut self, ledger: &mut Ledger) {
        while let Some((slot, side)) = self.buffers.victim() {
            let side = &mut self.connections.get(slot).sides[usize::from(side)];
            ledger.evicted.tcp_segments += side.evict(&mut self.buffers);
        }
    }

    /// Connections now followed.
    pub fn connections(&self) -> usize {
        self.connections.len()
    }

    /// Memory that the table holds at present, used or not.
    pub fn memory_bytes(&self) -> usize {
        self.connections.memory_bytes() + self.starts.memory_bytes() + self.buffers.memory_bytes()
    }
}
