//! Protocols known by their content, where no port tells: the first payloads of a flow are looked at, and what is found
//! holds for the rest of it.
//!
//! Bounds: [`MOST_TRIES`] payloads of a flow, [`MOST_PROBED_BYTES`] of each; [`FLOWS`] flows at a time in a table that
//! does not grow. What it has to forget is counted in `evicted.probed_flows`.

use super::app::{Message, PROTOCOLS};
use super::content::{Finding, Probed, Sender};
use super::ports::Service;
use crate::ledger::Ledger;
use crate::table::PacketRow;

/// Payloads of a flow that are looked at.
pub const MOST_TRIES: u8 = 4;
/// Bytes of a payload that are looked at.
pub const MOST_PROBED_BYTES: usize = 4096;
/// Flows of which something is kept.
pub const FLOWS: usize = 1 << 16;
/// Places where the same flow may be: a cache line.
const WAYS: usize = 4;
/// A flow without packets for so long is forgotten: its ports may be others' by then.
const IDLE_S: u32 = 60;

/// What is known of a flow.
#[derive(Debug, Clone, Copy, Default)]
struct Flow {
    /// Tells it from others of its set.
    tag: u32,
    /// When its last packet came, in seconds since 1970.
    second: u32,
    /// The server's port, once the protocol is known.
    port: u16,
    /// Number of its protocol plus one; 0 while that is not known.
    protocol: u8,
    /// The same of the protocol that it is perhaps of.
    perhaps: u8,
    /// Payloads that were looked at; 0 for a place that is free.
    tries: u8,
}

impl Flow {
    fn is_over(&self, second: u32) -> bool {
        self.tries == 0 || second.saturating_sub(self.second) > IDLE_S
    }
}

/// Looks at the first payloads of flows.
pub struct Prober {
    sets: Box<[[Flow; WAYS]]>,
    /// Numbers of the protocols that are looked for.
    protocols: Vec<u8>,
}

impl Prober {
    /// Looks for protocols by their numbers, the first of which that finds itself wins.
    pub fn new(protocols: &[u8]) -> Self {
        Self::with_room(protocols, FLOWS)
    }

    fn with_room(protocols: &[u8], flows: usize) -> Self {
        let sets = vec![[Flow::default(); WAYS]; (flows / WAYS).next_power_of_two()];
        Self { sets: sets.into_boxed_slice(), protocols: protocols.to_vec() }
    }

    /// Looks for other protocols from now on. What was found holds as far as its protocol is still among them.
    pub fn set_protocols(&mut self, protocols: &[u8]) {
        if self.protocols != protocols {
            self.protocols = protocols.to_vec();
            self.sets.fill([Flow::default(); WAYS]);
        }
    }

    /// The protocol of a flow, which a payload of it may tell.
    pub fn find(&mut self, message: &Message<'_>, is_stream: bool, ledger: &mut Ledger) -> Option<Service> {
        let second = second_of(message.packet);
        if message.payload.is_empty() {
            return self.known(message);
        }
        let Self { sets, protocols } = self;
        let flow = place(sets, message.flow(), second, ledger);
        flow.second = second;
        if flow.protocol == 0 && flow.tries < MOST_TRIES {
            flow.tries += 1;
            look(flow, protocols, message, is_stream);
        }
        flow.service()
    }

    /// The protocol of a flow as far as it is known.
    pub fn known(&mut self, message: &Message<'_>) -> Option<Service> {
        let (set, tag) = set_of(&mut self.sets, message.flow());
        let flow = set.iter().find(|flow| flow.tag == tag && !flow.is_over(second_of(message.packet)))?;
        flow.service()
    }

    /// A flow begins anew: what was known of it was another's.
    pub fn forget(&mut self, message: &Message<'_>) {
        let (set, tag) = set_of(&mut self.sets, message.flow());
        set.iter_mut().filter(|flow| flow.tag == tag).for_each(|flow| *flow = Flow::default());
    }

    pub fn memory_bytes(&self) -> usize {
        size_of_val(&*self.sets)
    }
}

impl Flow {
    fn service(&self) -> Option<Service> {
        Some(Service { protocol: self.protocol.checked_sub(1)?, port: self.port })
    }

    fn settle(&mut self, number: u8, sender: Sender, packet: &PacketRow) {
        self.protocol = number + 1;
        self.port = match sender {
            Sender::Client => packet.destination_port,
            Sender::Server => packet.source_port,
            Sender::Either => packet.source_port.min(packet.destination_port),
        };
    }
}

fn second_of(packet: &PacketRow) -> u32 {
    (packet.time_ns / 1_000_000_000) as u32
}

/// Asks each protocol whether a payload is of it.
fn look(flow: &mut Flow, protocols: &[u8], message: &Message<'_>, is_stream: bool) {
    let bytes = &message.payload[..message.payload.len().min(MOST_PROBED_BYTES)];
    let probed = Probed { bytes, wire_bytes: message.wire_bytes, is_stream };
    let mut perhaps = 0;
    for number in protocols {
        let declared = &PROTOCOLS[usize::from(*number)];
        let Some(probe) = declared.probe.filter(|_| !is_stream || declared.framing.is_some()) else { continue };
        match probe(&probed) {
            Finding::Certain(sender) => return flow.settle(*number, sender, message.packet),
            Finding::Perhaps(sender) if flow.perhaps == number + 1 => {
                return flow.settle(*number, sender, message.packet);
            }
            Finding::Perhaps(_) if perhaps == 0 => perhaps = number + 1,
            _ => {}
        }
    }
    flow.perhaps = perhaps;
}

/// The places that a flow may have, and what tells it from others there.
fn set_of(sets: &mut [[Flow; WAYS]], flow: u64) -> (&mut [Flow; WAYS], u32) {
    let at = flow as usize & (sets.len() - 1);
    (&mut sets[at], (flow >> 32) as u32)
}

/// The place of a flow; a new one takes the place of the one without packets for longest.
fn place<'a>(sets: &'a mut [[Flow; WAYS]], flow: u64, second: u32, ledger: &mut Ledger) -> &'a mut Flow {
    let (set, tag) = set_of(sets, flow);
    let found = set.iter().position(|known| known.tag == tag && !known.is_over(second));
    let at = found.unwrap_or_else(|| {
        let last_used = |at: &usize| if set[*at].is_over(second) { 0 } else { set[*at].second };
        let oldest = (0..WAYS).min_by_key(last_used).unwrap_or(0);
        ledger.evicted.probed_flows += u64::from(!set[oldest].is_over(second));
        set[oldest] = Flow { tag, ..Flow::default() };
        oldest
    });
    &mut set[at]
}

#[cfg(test)]
mod tests;
