//! Application protocols: one protocol, one file; being in this folder is all that it takes (see `build.rs`).
//!
//! Each file declares
//!
//! - `PROTOCOL`, its name, how its messages are known and how they are framed over TCP (a [`Declaration`]);
//! - the reasons why its messages may be malformed (with [`malformed!`](crate::malformed));
//! - `Messages`, its table, one row per message (made with [`table!`](crate::table::table));
//! - `Decoder`, what it must remember between messages, with
//!   `decode(&mut self, &Message, &mut Messages, &mut Ledger) -> Option<Malformed>` and `set_needs(&mut self, &Needs)`.
//!
//! [`crate::decode::dispatch`] gives it the messages. What asks and is answered is matched with
//! [`Pending`](crate::track::Pending) where the decoder needs the answer, or by its handler, with columns as `dns.exchange`.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::decode::content::Probe;
use crate::decode::ends::{Ends, exchange_hash, flow_hash};
use crate::decode::streams::Framing;
use crate::frame::Frame;
use crate::ledger::Ledger;
use crate::malformed::Malformed;
use crate::table::{Address, PacketRow, Table};

include!(concat!(env!("OUT_DIR"), "/apps.rs"));

/// One message of an application protocol, with what is known of the packet that brought (or completed) it.
#[derive(Clone, Copy)]
pub struct Message<'a> {
    /// As captured: shorter than [`Message::wire_bytes`] where the capture was cut.
    pub payload: &'a [u8],
    /// Size of the message on the wire.
    pub wire_bytes: u32,
    /// That packet's row in the packet table.
    pub packet: &'a PacketRow,
    /// Where that row stands, see [`Table::packet_rows`].
    pub packet_row: u32,
    pub frame: &'a Frame<'a>,
    /// Where it came through a tunnel: those who speak, which the packet's addresses may not be.
    pub ends: Option<&'a Ends>,
    pub seed: u64,
    /// The port by which the protocol was known: the server's.
    pub server_port: u16,
}

impl Message<'_> {
    /// Those who speak: source and destination.
    #[inline(always)]
    pub fn addresses(&self) -> (&Address, &Address) {
        match self.ends {
            Some([source, destination]) => (source, destination),
            None => (&self.packet.source, &self.packet.destination),
        }
    }

    /// Address and port of the end that is not the server.
    #[inline(always)]
    pub fn client(&self) -> (&Address, u16) {
        let (source, destination) = self.addresses();
        if self.packet.destination_port == self.server_port {
            (source, self.packet.source_port)
        } else {
            (destination, self.packet.destination_port)
        }
    }

    /// A hash of the client's end alone, for protocols whose answers come from elsewhere than where the question went.
    pub fn client_flow(&self) -> u64 {
        let (address, port) = self.client();
        flow_hash(address, port, &[0; 16], self.server_port, self.seed)
    }

    /// A hash that a question and its answer have in common, see [`super::exchange_hash`].
    #[inline(always)]
    pub fn exchange(&self, identifier: u16) -> u64 {
        let (packet, (source, destination)) = (self.packet, self.addresses());
        let ports = [packet.source_port, packet.destination_port];
        exchange_hash([source, destination], ports, identifier, self.seed)
    }

    /// A hash of both ends, the same for both directions.
    #[inline]
    pub fn flow(&self) -> u64 {
        let (packet, (source, destination)) = (self.packet, self.addresses());
        flow_hash(source, packet.source_port, destination, packet.destination_port, self.seed)
    }

    /// The sender's hardware address, where the frame's header has it.
    pub fn source_mac(&self) -> Option<[u8; 6]> {
        super::link::source(self.frame.link_type, self.frame.data)
    }
}

/// What a protocol is called, and how its messages are known. Ports are those of the server, looked for at either end.
#[derive(Debug)]
pub struct Declaration {
    /// The name of its table, the first part of the names of its columns, of its reasons and of its option for ports.
    pub name: &'static str,
    /// The UDP ports on which it is usually met.
    pub udp: &'static [u16],
    /// The same of TCP.
    pub tcp: &'static [u16],
    /// How its messages are framed over TCP; `None` where it does not go over TCP.
    pub framing: Option<Framing>,
    /// Tells by content whether a payload is of it, so that its ports may be `any`; `None` where nothing tells.
    pub probe: Option<Probe>,
    /// Whether settings may name other ports, as `dns_ports`.
    pub has_port_option: bool,
}

impl Declaration {
    /// A protocol that is met nowhere yet: what the others are declared from.
    pub const fn named(name: &'static str) -> Self {
        Self { name, udp: &[], tcp: &[], framing: None, probe: None, has_port_option: true }
    }

    /// The ports on which it is usually met.
    pub fn usual_ports(&self) -> BTreeSet<u16> {
        self.udp.iter().chain(self.tcp).copied().collect()
    }
}

/// What the plans of an input ask for: tables (of other protocols nothing is decoded), columns by name (decoders may
/// leave the others empty), and ports of protocols beside those of the input.
#[derive(Debug, Clone, Default)]
pub struct Needs {
    tables: BTreeSet<&'static str>,
    columns: HashSet<String>,
    ports: BTreeMap<String, BTreeSet<u16>>,
}

impl Needs {
    pub fn add_table(&mut self, table: &'static str) {
        self.tables.insert(table);
    }

    /// Messages of every protocol, for those who look at what can't be read.
    pub fn add_all_tables(&mut self) {
        self.tables.extend(AppTables::NAMES);
    }

    pub fn has_table(&self, table: &str) -> bool {
        self.tables.contains(table)
    }

    pub fn add(&mut self, column: &str) {
        if !self.columns.contains(column) {
            self.columns.insert(column.to_owned());
        }
    }

    pub fn has(&self, column: &str) -> bool {
        self.columns.contains(column)
    }

    pub fn add_ports(&mut self, protocol: &str, ports: impl IntoIterator<Item = u16>) {
        self.ports.entry(protocol.to_owned()).or_default().extend(ports);
    }

    /// The ports of a protocol that are asked for.
    pub fn ports(&self, protocol: &str) -> impl Iterator<Item = u16> {
        self.ports.get(protocol).into_iter().flatten().copied()
    }

    pub fn extend(&mut self, other: &Needs) {
        self.tables.extend(&other.tables);
        self.columns.extend(other.columns.iter().cloned());
        for (protocol, ports) in &other.ports {
            self.add_ports(protocol, ports.iter().copied());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reasons_of_a_protocol_begin_with_its_name() {
        for (protocol, reasons) in PROTOCOLS.iter().zip(REASONS) {
            for reason in *reasons {
                assert_eq!(reason.split('.').next(), Some(protocol.name), "{reason}");
            }
        }
    }
}
