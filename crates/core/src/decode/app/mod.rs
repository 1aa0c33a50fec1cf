//! Application protocols: one protocol, one file; being in this folder is all that it takes (see `build.rs`).
//!
//! Each file declares
//!
//! - `NAME`, the name of its table, the first part of its column names;
//! - `Messages`, its table, one row per message (made with [`table!`](crate::batch::table));
//! - `PORTS`, by which its packets are known where an input's settings name no others;
//! - `Decoder`, what it must remember between messages, with
//!   `decode(&mut self, &Message, &mut Messages, &mut Ledger) -> Option<Malformed>` and `set_needs(&mut self, &Needs)`.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::batch::{Address, Batch, PacketRow, Table};
use crate::decode::ports::{PortSettings, PortTable};
use crate::decode::streams::Framing;
use crate::ledger::{Ledger, Malformed};
use crate::read::Frame;

include!(concat!(env!("OUT_DIR"), "/apps.rs"));

/// Source and destination.
pub type Ends = [Address; 2];

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
        super::flow_hash(address, port, &[0; 16], self.server_port, self.seed)
    }

    /// A hash that a question and its answer have in common, see [`super::exchange_hash`].
    #[inline(always)]
    pub fn exchange(&self, identifier: u16) -> u64 {
        let (packet, (source, destination)) = (self.packet, self.addresses());
        let ports = [packet.source_port, packet.destination_port];
        super::exchange_hash([source, destination], ports, identifier, self.seed)
    }

    /// A hash of both ends, the same for both directions.
    #[inline]
    pub fn flow(&self) -> u64 {
        let (packet, (source, destination)) = (self.packet, self.addresses());
        super::flow_hash(source, packet.source_port, destination, packet.destination_port, self.seed)
    }

    /// The sender's hardware address, where the frame's header has it.
    pub fn source_mac(&self) -> Option<[u8; 6]> {
        super::link::source(self.frame.link_type, self.frame.data)
    }
}

/// The ports by which a protocol's packets are usually known, at either end.
pub struct Ports {
    pub udp: &'static [u16],
    pub tcp: &'static [u16],
    /// How its messages are framed over TCP; `None` where it does not go over TCP.
    pub framing: Option<Framing>,
}

/// What the plans of an input ask for: columns by name (decoders may leave the others empty), and ports of protocols
/// beside those of the input.
#[derive(Debug, Clone, Default)]
pub struct Needs {
    columns: HashSet<String>,
    ports: BTreeMap<String, BTreeSet<u16>>,
}

impl Needs {
    /// Every column of every table, for those who look at whole batches.
    pub fn all() -> Self {
        let batch = Batch::default();
        let columns =
            batch.tables().flat_map(|table| table.definitions()).map(|column| column.name.to_owned()).collect();
        Self { columns, ports: BTreeMap::new() }
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
        self.columns.extend(other.columns.iter().cloned());
        for (protocol, ports) in &other.ports {
            self.add_ports(protocol, ports.iter().copied());
        }
    }
}
