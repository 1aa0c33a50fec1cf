//! The table of packets: one row per frame, whatever it holds.

use super::{Address, table};

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
    time time_ns; packet_rows |_| &[];
}
