//! The table of flow records: what exporters (routers, probes) tell of the traffic that they see.

use super::{Address, Span, table};

table! {
    /// One row per record. Records come without packets: those are the exporter's.
    pub struct FlowTable, row FlowRow {
        time_ns: i64 => "flow.time_ns", "nanoseconds", "When the datagram with the record arrived, since 1970";
        version: u8 => "flow.version", "", "Version of the export format: 5 for NetFlow 5";
        exporter: Address => "flow.exporter", "", "Address of the device that exports the record";
        source_id: u32 => "flow.source_id", "", "Part of the device; NetFlow 5: engine type and engine number, a byte each";
        source: Address => "flow.src", "", "Source address";
        destination: Address => "flow.dst", "", "Destination address";
        ip_version: u8 => "flow.ip_version", "", "4 or 6";
        protocol: u8 => "flow.protocol", "", "Protocol number of the IP header: 6 TCP, 17 UDP";
        source_port: u16 => "flow.src_port", "", "Source port";
        destination_port: u16 => "flow.dst_port", "", "Destination port; of ICMP 256 times the type plus the code";
        tos: u8 => "flow.tos", "", "Type of service or traffic class";
        dscp: u8 => "flow.dscp", "", "Differentiated services code point: the upper six bits of it";
        ecn: u8 => "flow.ecn", "", "Explicit congestion notification: the lower two bits of it";
        tcp_flags: u8 => "flow.tcp_flags", "", "The union of the flags of all its TCP headers: 1 FIN, 2 SYN, 4 RST, 8 PSH, 16 ACK, 32 URG";
        packets: u64 => "flow.packets", "packets", "Packets as exported, not scaled by the sampling rate";
        bytes: u64 => "flow.bytes", "bytes", "Bytes at the network layer as exported, not scaled by the sampling rate";
        in_interface: u32 => "flow.in_interface", "", "SNMP index of the interface on which the traffic arrives";
        out_interface: u32 => "flow.out_interface", "", "SNMP index of the interface on which it leaves; 0 if it goes nowhere";
        next_hop: Address => "flow.next_hop", "", "Address of the next router";
        source_as: u32 => "flow.src_as", "", "Autonomous system of the source, or of the peer on its side";
        destination_as: u32 => "flow.dst_as", "", "Autonomous system of the destination, or of the peer on its side";
        source_mask: u8 => "flow.src_mask", "bits", "Length of the route's prefix that contains the source";
        destination_mask: u8 => "flow.dst_mask", "bits", "Length of the route's prefix that contains the destination";
        start_time_ns: i64 => "flow.start_time_ns", "nanoseconds", "When its first packet was seen by the exporter's clock, since 1970";
        end_time_ns: i64 => "flow.end_time_ns", "nanoseconds", "When its last packet was seen, likewise";
        sampling_mode: u8 => "flow.sampling_mode", "", "How the exporter samples; NetFlow 5: two bits of its header";
        sampling_interval: u32 => "flow.sampling_interval", "packets", "One packet in this many is sampled; 0 if unknown";
        lost: u32 => "flow.lost", "records", "Records of the exporter that were lost before this one, by the sequence numbers";
        source_endpoint: Span => "flow.src_endpoint", "", "Source address and port, `10.0.0.1:443`; none for port 0";
        destination_endpoint: Span => "flow.dst_endpoint", "", "Destination address and port; none for port 0";
        conversation: Span => "flow.conversation", "", "Both endpoints in the order of their text, separated by a slash; none if one is missing";
    }
    time time_ns; packet_rows |_| &[];
}
