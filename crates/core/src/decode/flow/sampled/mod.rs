//! The headers of a sampled packet: what a record can tell of it.

use super::records::Macs;
use crate::decode::{IpPayload, PROTOCOL_TCP, link, read_ipv4, read_ipv6};
use crate::table::{Address, FlowRow, PacketRow};
use crate::wire::{be16, ethernet, ethertype, mpls, tcp, vlan};

const PROTOCOL_ICMP: u8 = 1;
const PROTOCOL_ICMPV6: u8 = 58;
/// Protocols whose header begins with two ports: TCP, UDP, DCCP, SCTP, UDP-Lite.
const WITH_PORTS: [u8; 5] = [PROTOCOL_TCP, 17, 33, 132, 136];
/// Bytes of a transport header that must be there.
const LEAST_TRANSPORT_BYTES: usize = 8;

/// Reads the headers that a sample begins with, as far as they are there.
pub(super) fn read_headers(link_type: u16, header: &[u8], row: &mut FlowRow, macs: &mut Macs) {
    if link_type == link::ETHERNET
        && let Some(addresses) = header.first_chunk::<{ ethernet::HEADER_BYTES }>()
    {
        macs.destination = *addresses.first_chunk().expect("six of fourteen bytes");
        macs.source = *addresses[6..].first_chunk().expect("six of eight bytes");
    }
    let Ok((next, payload)) = link::read(link_type, header) else { return };
    read_network(next, payload, row);
}

/// Reads what an EtherType names, through tags and labels.
pub(super) fn read_network(next: u16, payload: &[u8], row: &mut FlowRow) {
    if row.mpls_label == 0 {
        row.mpls_label = outermost_label(next, payload).unwrap_or(0);
    }
    let is_ip = matches!(next, ethertype::IPV4 | ethertype::IPV6);
    let (vlan, next, packet) = if is_ip {
        (0, next, payload)
    } else {
        match link::decapsulate(next, payload) {
            Ok(found) => found,
            Err(_) => return,
        }
    };
    if vlan != 0 && row.source_vlan == 0 {
        row.source_vlan = vlan;
    }
    let mut found = PacketRow::EMPTY;
    let ip = match next {
        ethertype::IPV4 => read_ipv4(packet, 0, &mut found),
        ethertype::IPV6 => read_ipv6(packet, 0, &mut found),
        _ => return,
    };
    (row.ip_version, row.source, row.destination) = (found.ip_version, found.source, found.destination);
    row.tos = match (found.ip_version, packet) {
        (4, [_, tos, ..]) => *tos,
        (6, [first, second, ..]) => first << 4 | second >> 4,
        _ => 0,
    };
    row.protocol = found.ip_protocol;
    if let Ok(Some(ip)) = ip {
        row.protocol = ip.protocol;
        read_transport(&ip, row);
    }
}

/// The MPLS label that a packet has outermost, be it behind VLAN tags.
fn outermost_label(mut next: u16, mut payload: &[u8]) -> Option<u32> {
    while ethertype::is_vlan(next) {
        let (_, inner, rest) = vlan::read(payload)?;
        (next, payload) = (inner, rest);
    }
    matches!(next, ethertype::MPLS | ethertype::MPLS_MULTICAST).then(|| mpls::label(payload))
}

/// Ports, of ICMP type and code in their place; fragments but the first have none.
fn read_transport(ip: &IpPayload<'_>, row: &mut FlowRow) {
    let is_later = ip.fragment.is_some_and(|fragment| fragment.offset_bytes > 0);
    if is_later || ip.bytes.len() < LEAST_TRANSPORT_BYTES {
        return;
    }
    let number = |at: usize| be16(ip.bytes, at).unwrap_or(0);
    match ip.protocol {
        PROTOCOL_ICMP | PROTOCOL_ICMPV6 => {
            row.icmp_type_code = number(0);
            (row.source_port, row.destination_port) = (u16::from(ip.bytes[0]), u16::from(ip.bytes[1]));
        }
        protocol if WITH_PORTS.contains(&protocol) => {
            (row.source_port, row.destination_port) = (number(0), number(2));
            if protocol == PROTOCOL_TCP {
                row.tcp_flags = ip.bytes.get(tcp::FLAGS_OFFSET).copied().unwrap_or(0);
            }
        }
        _ => {}
    }
}

/// Sets the addresses of a record that has them by themselves.
pub(super) fn set_addresses(ip_version: u8, source: Address, destination: Address, row: &mut FlowRow) {
    (row.ip_version, row.source, row.destination) = (ip_version, source, destination);
}
