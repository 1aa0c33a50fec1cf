//! The table of packets: one row per frame, whatever it holds.

use super::{Address, Span, table};

/// Which way a packet goes, as seen from the hosts that the agent calls its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Direction {
    Unknown = 0,
    In = 1,
    Out = 2,
}

table! {
    /// One row per frame: when, how large, between whom.
    pub struct PacketTable, row PacketRow {
        time_ns: i64 => "packet.time_ns", "nanoseconds", "When the packet was seen, since 1970";
        bytes: u32 => "packet.bytes", "bytes", "Size of the frame as captured";
        wire_bytes: u32 => "packet.wire_bytes", "bytes", "Size of the frame on the wire";
        direction: u8 => "packet.direction", "", "0 unknown, 1 in (to this host), 2 out (from it)";
        vlan: u16 => "vlan.id", "", "Identifier of the outermost VLAN tag, 0 without one";
        ip_version: u8 => "ip.version", "", "4, 6, or 0 if the packet is not IP";
        ip_protocol: u8 => "ip.protocol", "", "Protocol number behind the IP header and its extensions";
        source: Address => "ip.src", "", "Source address of the outermost IP header";
        destination: Address => "ip.dst", "", "Destination address of the outermost IP header";
        transport: u8 => "transport.protocol", "", "6 TCP, 17 UDP, 0 neither";
        source_port: u16 => "transport.src_port", "", "Source port of TCP or UDP; of a fragmented datagram only the first fragment has it";
        destination_port: u16 => "transport.dst_port", "", "Destination port of TCP or UDP; likewise";
        tcp_flags: u8 => "tcp.flags", "", "Flags of the TCP header: 1 FIN, 2 SYN, 4 RST, 8 PSH, 16 ACK, 32 URG";
    }
    rare {
        interface: Span => "packet.interface", "", "Name of the interface on which the packet was seen; in a capture file its number";
        tunnel_type: u8 => "tunnel.type", "", "Outermost tunnel: 1 IP in IP, 2 6in4, 3 GRE, 4 ERSPAN, 5 VXLAN, 6 Geneve, 7 GTP-U, 8 MPLS over UDP; 0 without one";
        tunnel_id: u32 => "tunnel.id", "", "Its identifier: key of GRE, session of ERSPAN, network (VNI) of VXLAN and Geneve, endpoint (TEID) of GTP-U, label of MPLS; 0 without one";
        tunnel_depth: u8 => "tunnel.depth", "tunnels", "Tunnels within each other that lead to the innermost packet; 0 without one";
        outer_source: Address => "outer.src", "", "Of a packet in a tunnel: source address of the outermost IP header";
        outer_destination: Address => "outer.dst", "", "Of a packet in a tunnel: destination address of the outermost IP header";
        inner_source: Address => "inner.src", "", "Of a packet in a tunnel: source address of the innermost IP header";
        inner_destination: Address => "inner.dst", "", "Of a packet in a tunnel: destination address of the innermost IP header";
        inner_protocol: u8 => "inner.protocol", "", "Of a packet in a tunnel: protocol number behind the innermost IP header";
        inner_source_port: u16 => "inner.src_port", "", "Of a packet in a tunnel: innermost source port of TCP or UDP";
        inner_destination_port: u16 => "inner.dst_port", "", "Of a packet in a tunnel: innermost destination port of TCP or UDP";
    }
    time time_ns; packet_rows |_| &[];
}

/// The column of interfaces, which decoders fill where somebody asks for it.
pub const INTERFACE_COLUMN: &str = "packet.interface";

/// The columns of tunnels, of which decoders fill none unless somebody asks for one of them.
pub const TUNNEL_COLUMNS: [&str; 10] = [
    "tunnel.type",
    "tunnel.id",
    "tunnel.depth",
    "outer.src",
    "outer.dst",
    "inner.src",
    "inner.dst",
    "inner.protocol",
    "inner.src_port",
    "inner.dst_port",
];

/// What they say of one packet.
#[derive(Debug, Clone, Copy)]
pub struct TunnelRow {
    /// Type and identifier of the outermost tunnel; the type is 0 where there is none.
    pub kind: u8,
    pub identifier: u32,
    pub depth: u8,
    pub outer: [Address; 2],
    /// What the innermost headers say; [`PacketRow::EMPTY`] where they were not reached.
    pub inner: PacketRow,
}

impl PacketTable {
    /// Writes down on which interface a row's packet was seen. Neighbours share the text.
    pub fn note_interface(&mut self, row: usize, name: &[u8]) {
        let before = row.checked_sub(1).map(|before| self.interface[before]).filter(|span| !span.is_none());
        let span = before.filter(|span| {
            let start = span.start as usize;
            self.text.get(start..start + span.length as usize) == Some(name)
        });
        self.interface[row] = span.unwrap_or_else(|| {
            let start = self.text.len() as u32;
            self.text.extend_from_slice(name);
            Span { start, length: name.len() as u32 }
        });
    }

    /// Writes down what tunnels a row's packet came through.
    #[cold]
    pub fn note_tunnel(&mut self, row: usize, tunnel: &TunnelRow) {
        self.tunnel_type[row] = tunnel.kind;
        self.tunnel_id[row] = tunnel.identifier;
        self.tunnel_depth[row] = tunnel.depth;
        [self.outer_source[row], self.outer_destination[row]] = tunnel.outer;
        self.inner_source[row] = tunnel.inner.source;
        self.inner_destination[row] = tunnel.inner.destination;
        self.inner_protocol[row] = tunnel.inner.ip_protocol;
        self.inner_source_port[row] = tunnel.inner.source_port;
        self.inner_destination_port[row] = tunnel.inner.destination_port;
    }
}
