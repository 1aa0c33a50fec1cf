//! The table of flow records: what exporters (routers, probes) tell of the traffic that they see.

use super::{Address, Span, table};

/// Columns of text that say an address and a port, with the columns of these.
pub(crate) const ENDPOINTS: &[[&str; 3]] =
    &[["flow.src_endpoint", "flow.src", "flow.src_port"], ["flow.dst_endpoint", "flow.dst", "flow.dst_port"]];

table! {
    /// One row per record. Records come without packets: those are the exporter's.
    pub struct FlowTable, row FlowRow {
        time_ns: i64 => "flow.time_ns", "nanoseconds", "When the datagram with the record arrived, since 1970";
        version: u8 => "flow.version", "", "Version of the export format: 1, 5, 7, 9 of NetFlow, 10 of IPFIX, 2, 4, 5 of sFlow";
        is_sample: u8 => "flow.is_sample", "", "1 for a sampled packet (sFlow; IPFIX with its first bytes), 0 for a flow";
        exporter: Address => "flow.exporter", "", "Address of the device that exports the record; of sFlow the address that the agent gives itself";
        source_id: u32 => "flow.source_id", "", "Part of the device. NetFlow 5: engine type and number, a byte each; NetFlow 9: source ID; IPFIX: observation domain; sFlow: sub-agent";
        source: Address => "flow.src", "", "Source address";
        destination: Address => "flow.dst", "", "Destination address";
        ip_version: u8 => "flow.ip_version", "", "4 or 6; 0 if the record has no addresses";
        protocol: u8 => "flow.protocol", "", "Protocol number of the IP header: 6 TCP, 17 UDP";
        source_port: u16 => "flow.src_port", "", "Source port; of a sampled ICMP packet its type";
        destination_port: u16 => "flow.dst_port", "", "Destination port; of ICMP 256 times the type plus the code, of a sampled ICMP packet its code";
        icmp_type_code: u16 => "flow.icmp_type_code", "", "Of ICMP 256 times the type plus the code, where the record has it by itself";
        tos: u8 => "flow.tos", "", "Type of service or traffic class";
        dscp: u8 => "flow.dscp", "", "Differentiated services code point: the upper six bits of it";
        ecn: u8 => "flow.ecn", "", "Explicit congestion notification: the lower two bits of it";
        tcp_flags: u8 => "flow.tcp_flags", "", "The union of the flags of all its TCP headers: 1 FIN, 2 SYN, 4 RST, 8 PSH, 16 ACK, 32 URG";
        packets: u64 => "flow.packets", "packets", "Packets as exported; for a sample, the packets that it represents";
        bytes: u64 => "flow.bytes", "bytes", "Bytes as exported; for a sample, the bytes that it represents";
        sampled_packets: u64 => "flow.sampled_packets", "packets", "Packets that the exporter counted, not scaled by the sampling rate";
        sampled_bytes: u64 => "flow.sampled_bytes", "bytes", "Bytes that the exporter counted, not scaled by the sampling rate";
        scaled_packets: u64 => "flow.scaled_packets", "packets", "Packets that the exporter counted, times the sampling interval if it is known";
        scaled_bytes: u64 => "flow.scaled_bytes", "bytes", "Bytes that the exporter counted, times the sampling interval if it is known";
        in_interface: u32 => "flow.in_interface", "", "SNMP index of the interface on which the traffic arrives";
        out_interface: u32 => "flow.out_interface", "", "SNMP index of the interface on which it leaves; 0 if it goes nowhere";
        direction: u8 => "flow.direction", "", "Where the exporter counts it: 0 as it arrives, 1 as it leaves";
        next_hop: Address => "flow.next_hop", "", "Address of the next router";
        source_as: u32 => "flow.src_as", "", "Autonomous system of the source, or of the peer on its side";
        destination_as: u32 => "flow.dst_as", "", "Autonomous system of the destination, or of the peer on its side";
        source_mask: u8 => "flow.src_mask", "bits", "Length of the route's prefix that contains the source";
        destination_mask: u8 => "flow.dst_mask", "bits", "Length of the route's prefix that contains the destination";
        source_vlan: u16 => "flow.src_vlan", "", "VLAN in which the traffic arrives";
        destination_vlan: u16 => "flow.dst_vlan", "", "VLAN in which it leaves";
        in_vrf: u32 => "flow.in_vrf", "", "Routing table (VRF) in which it arrives";
        out_vrf: u32 => "flow.out_vrf", "", "Routing table (VRF) in which it leaves";
        mpls_label: u32 => "flow.mpls_label", "", "Outermost MPLS label";
        nat_source: Address => "flow.nat_src", "", "Source address after address translation";
        nat_destination: Address => "flow.nat_dst", "", "Destination address after it";
        nat_source_port: u16 => "flow.nat_src_port", "", "Source port after it";
        nat_destination_port: u16 => "flow.nat_dst_port", "", "Destination port after it";
        application: u32 => "flow.application", "", "Application as the exporter classifies it: classification engine in the upper byte, selector below";
        forwarding_status: u8 => "flow.forwarding_status", "", "What became of it: 1 forwarded, 2 dropped, 3 consumed in the upper two bits, the reason in the lower six";
        end_reason: u8 => "flow.end_reason", "", "Why the record ended: 1 idle, 2 active too long, 3 end of the flow, 4 forced, 5 out of resources";
        firewall_event: u8 => "flow.firewall_event", "", "What a firewall tells of: 1 flow created, 2 deleted, 3 denied, 4 alert, 5 update; 0 for a record of traffic";
        start_time_ns: i64 => "flow.start_time_ns", "nanoseconds", "When its first packet was seen by the exporter's clock, or its only event, since 1970; 0 if unknown";
        end_time_ns: i64 => "flow.end_time_ns", "nanoseconds", "When its last packet was seen, likewise";
        sampling_mode: u8 => "flow.sampling_mode", "", "How the exporter samples, as its format numbers it";
        sampling_interval: u32 => "flow.sampling_interval", "packets", "One packet in this many is sampled; 0 if unknown";
        lost: u32 => "flow.lost", "records", "Records of the exporter that were lost before this one, by the sequence numbers (NetFlow 5 and 7, IPFIX)";
        lost_datagrams: u32 => "flow.lost_datagrams", "datagrams", "Datagrams of the exporter that were lost before this one, by the sequence numbers (NetFlow 9, sFlow)";
        source_mac: Span => "flow.src_mac", "", "Source MAC address, `00:1b:21:3c:9d:f8`";
        destination_mac: Span => "flow.dst_mac", "", "Destination MAC address";
        source_endpoint: Span => "flow.src_endpoint", "", "Source address and port, `10.0.0.1:443`; none for port 0";
        destination_endpoint: Span => "flow.dst_endpoint", "", "Destination address and port; none for port 0";
        conversation: Span => "flow.conversation", "", "Both endpoints in the order of their text, separated by a slash; none if one is missing";
    }
    time time_ns; packet_rows |_| &[];
}

/// The rows of a table from some row on, to be written column by column.
pub(crate) struct LastRows<'a> {
    table: &'a mut FlowTable,
    from: usize,
}

impl FlowTable {
    /// The rows from this one on.
    pub(crate) fn last_rows(&mut self, from: usize) -> LastRows<'_> {
        LastRows { table: self, from }
    }
}

macro_rules! columns_of_last_rows {
    ($($name:ident: $type:ty;)+) => {
        impl LastRows<'_> {
            $(
                pub fn $name(&mut self) -> &mut [$type] {
                    &mut self.table.$name[self.from..self.table.rows]
                }
            )+
        }
    };
}

columns_of_last_rows! {
    source: Address;
    destination: Address;
    next_hop: Address;
    nat_source: Address;
    nat_destination: Address;
    protocol: u8;
    tos: u8;
    tcp_flags: u8;
    direction: u8;
    source_mask: u8;
    destination_mask: u8;
    forwarding_status: u8;
    end_reason: u8;
    firewall_event: u8;
    sampling_mode: u8;
    source_port: u16;
    destination_port: u16;
    icmp_type_code: u16;
    source_vlan: u16;
    destination_vlan: u16;
    nat_source_port: u16;
    nat_destination_port: u16;
    in_interface: u32;
    out_interface: u32;
    source_as: u32;
    destination_as: u32;
    in_vrf: u32;
    out_vrf: u32;
    mpls_label: u32;
    application: u32;
    sampling_interval: u32;
    lost: u32;
    lost_datagrams: u32;
    packets: u64;
    bytes: u64;
    start_time_ns: i64;
    end_time_ns: i64;
    source_mac: Span;
    destination_mac: Span;
    source_endpoint: Span;
    destination_endpoint: Span;
    conversation: Span;
}

impl LastRows<'_> {
    pub fn len(&self) -> usize {
        self.table.rows - self.from
    }

    /// Where texts are written.
    pub fn text(&mut self) -> &mut Vec<u8> {
        &mut self.table.text
    }

    /// Writes the columns that follow from others: parts of the type of service, and what was counted before and after it is
    /// scaled by the sampling interval.
    pub fn derive(&mut self) {
        let rows = self.from..self.table.rows;
        let table = &mut *self.table;
        let kinds = table.tos[rows.clone()].iter().zip(&mut table.dscp[rows.clone()]);
        for ((tos, dscp), ecn) in kinds.zip(&mut table.ecn[rows.clone()]) {
            (*dscp, *ecn) = (tos >> 2, tos & 3);
        }
        let (intervals, are_samples) = (&table.sampling_interval[rows.clone()], &table.is_sample[rows.clone()]);
        let has_scaled = intervals.iter().any(|interval| *interval > 1);
        let has_samples = are_samples.iter().any(|is_sample| *is_sample != 0);
        for (counts, sampled, scaled) in [
            (&mut table.packets, &mut table.sampled_packets, &mut table.scaled_packets),
            (&mut table.bytes, &mut table.sampled_bytes, &mut table.scaled_bytes),
        ] {
            let (counts, scaled) = (&mut counts[rows.clone()], &mut scaled[rows.clone()]);
            sampled[rows.clone()].copy_from_slice(counts);
            scaled.copy_from_slice(counts);
            if has_scaled {
                for (scaled, interval) in scaled.iter_mut().zip(intervals) {
                    *scaled = scaled.saturating_mul(u64::from((*interval).max(1)));
                }
            }
            if has_samples {
                for ((count, scaled), is_sample) in counts.iter_mut().zip(&*scaled).zip(are_samples) {
                    *count = if *is_sample != 0 { *scaled } else { *count };
                }
            }
        }
    }
}
