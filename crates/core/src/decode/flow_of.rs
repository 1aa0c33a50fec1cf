//! Which flow a frame belongs to, before anything is decoded.

use super::ends::end_of_flow;
use super::ip::{IpPayload, read_encapsulated, read_ipv4, read_ipv6};
use super::{PROTOCOL_TCP, PROTOCOL_UDP, app, link};
use crate::frame::Frame;
use crate::hash::hash_word;
use crate::table::{Address, PacketRow};
use crate::wire::{self, ethertype};

/// The flow that a frame belongs to, the same for both directions: files are shared out among workers by it. 0 for
/// frames without IP addresses.
#[inline]
pub fn flow_of(frame: &Frame<'_>, seed: u64) -> u64 {
    usual_flow(frame, seed).unwrap_or_else(|| unusual_flow(frame, seed))
}

/// From the lowest port of DHCP to the highest.
const DHCP_PORTS: std::ops::RangeInclusive<u16> = {
    let ports = app::dhcp::PROTOCOL.udp;
    ports[0]..=ports[ports.len() - 1]
};

/// The flow of an IP packet right behind an Ethernet header, where it has neither IPv4 options nor IPv6 extensions.
#[inline(always)]
fn usual_flow(frame: &Frame<'_>, seed: u64) -> Option<u64> {
    let bytes = frame.data.first_chunk::<38>()?;
    if frame.link_type != link::ETHERNET {
        return None;
    }
    if bytes[12..15] != [8, 0, 0x45] {
        return usual_ipv6_flow(frame.data, seed);
    }
    let fragment = u16::from_be_bytes([bytes[20], bytes[21]]) & 0x3fff;
    if bytes[23] == PROTOCOL_UDP && fragment == 0 && may_ask_groups([bytes[34], bytes[35], bytes[36], bytes[37]]) {
        return None;
    }
    let address = |at: usize| [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
    Some(flow_of_ipv4(address(26), address(30), seed))
}

fn usual_ipv6_flow(data: &[u8], seed: u64) -> Option<u64> {
    let bytes = data.first_chunk::<58>()?;
    let protocol = bytes[20];
    if bytes[12..14] != [0x86, 0xdd] || bytes[14] >> 4 != 6 || !matches!(protocol, PROTOCOL_TCP | PROTOCOL_UDP) {
        return None;
    }
    if protocol == PROTOCOL_UDP && may_ask_groups([bytes[54], bytes[55], bytes[56], bytes[57]]) {
        return None;
    }
    let address = |at: usize| -> &Address { bytes[at..at + 16].try_into().expect("sixteen bytes") };
    Some(end_of_flow(address(22), 0, seed).wrapping_add(end_of_flow(address(38), 0, seed)))
}

/// Multicast DNS, a port between, and link-local name resolution.
const MULTICAST_DNS_PORTS: std::ops::RangeInclusive<u16> = app::dns::MDNS_PORT..=app::dns::LLMNR_PORT;

/// Whether one of two ports lies near those of DHCP, or of DNS that asks groups: there the answer may come from another
/// address than the one that was asked.
#[inline(always)]
fn may_ask_groups([a, b, c, d]: [u8; 4]) -> bool {
    let is_near = |port| DHCP_PORTS.contains(&port) || MULTICAST_DNS_PORTS.contains(&port);
    is_near(u16::from_be_bytes([a, b])) || is_near(u16::from_be_bytes([c, d]))
}

#[inline(never)]
fn unusual_flow(frame: &Frame<'_>, seed: u64) -> u64 {
    let Ok((next, payload)) = link::read(frame.link_type, frame.data) else { return 0 };
    let mut row = PacketRow::EMPTY;
    let found = match next {
        ethertype::IPV4 => read_ipv4(payload, 0, &mut row),
        ethertype::IPV6 => read_ipv6(payload, 0, &mut row),
        _ => read_encapsulated(next, payload, 0, &mut row),
    };
    // Addresses alone, so that the fragments of a datagram go where the rest of its flow goes.
    let client = found.as_ref().ok().and_then(Option::as_ref).and_then(|ip| multicast_client(ip, &row));
    if let Some(client) = client {
        return end_of_flow(client, 0, seed);
    }
    match found {
        Ok(Some(ip)) if is_dhcp(&ip) => 0,
        Ok(Some(_)) if row.ip_version == 4 => flow_of_ipv4(last_four(&row.source), last_four(&row.destination), seed),
        Ok(Some(_)) => end_of_flow(&row.source, 0, seed).wrapping_add(end_of_flow(&row.destination, 0, seed)),
        _ => 0,
    }
}

/// Sum and difference in bits tell a pair of addresses from others, whichever comes first.
#[inline(always)]
fn flow_of_ipv4(source: [u8; 4], destination: [u8; 4], seed: u64) -> u64 {
    let (source, destination) = (u32::from_le_bytes(source), u32::from_le_bytes(destination));
    let sum = source.wrapping_add(destination);
    hash_word(seed, u64::from(sum) << 32 | u64::from(source ^ destination))
}

fn last_four(address: &Address) -> [u8; 4] {
    let [.., a, b, c, d] = *address;
    [a, b, c, d]
}

/// DHCP clients have no address yet, so that addresses don't tell which answer belongs to which request.
#[inline(always)]
fn is_dhcp(ip: &IpPayload<'_>) -> bool {
    let is_port = |at| wire::be16(ip.bytes, at).is_some_and(|port| app::dhcp::PROTOCOL.udp.contains(&port));
    ip.protocol == PROTOCOL_UDP && ip.fragment.is_none() && (is_port(0) || is_port(2))
}

/// The end of a multicast DNS or LLMNR message that asks, or is answered: what belongs together shares it alone.
fn multicast_client<'a>(ip: &IpPayload<'_>, row: &'a PacketRow) -> Option<&'a Address> {
    if ip.protocol != PROTOCOL_UDP || ip.fragment.is_some() {
        return None;
    }
    let is_server = |at| matches!(wire::be16(ip.bytes, at), Some(app::dns::MDNS_PORT | app::dns::LLMNR_PORT));
    if is_server(2) {
        return Some(&row.source);
    }
    is_server(0).then_some(&row.destination)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{unusual_flow, usual_flow};
    use crate::frame::Frame;
    use crate::read::CaptureReader;

    #[test]
    fn a_question_to_a_group_and_the_answer_of_one_of_it_are_of_one_flow() {
        let flow = |source: [u8; 4], destination: [u8; 4], source_port: u16, destination_port: u16| {
            let ports = [source_port.to_be_bytes(), destination_port.to_be_bytes()].concat();
            let ip = [0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0];
            let packet = [&[0; 12], &[8, 0][..], &ip, &source, &destination, &ports, &[0, 8, 0, 0]].concat();
            super::flow_of(&Frame { time_ns: 0, link_type: 1, interface: 0, wire_bytes: 42, data: &packet }, 7)
        };
        let (client, server, group) = ([192, 0, 2, 10], [192, 0, 2, 77], [224, 0, 0, 252]);
        assert_eq!(flow(client, group, 4000, 5355), flow(server, client, 5355, 4000));
        assert_eq!(flow(client, [224, 0, 0, 251], 4000, 5353), flow(server, client, 5353, 4000));
        assert_ne!(flow(client, group, 4000, 53), flow(server, client, 53, 4000), "of other protocols both ends count");
    }

    #[test]
    fn the_short_way_to_a_flow_leads_where_the_long_one_does() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/captures");
        let mut short = [0, 0];
        for name in
            ["dns_authoritative", "dhcp4", "dhcp6", "fragments", "icmp_errors", "ip_options", "tcp_web", "links_vlan"]
        {
            let mut reader = CaptureReader::open(&folder.join(format!("{name}.pcap"))).unwrap();
            while let Some(frame) = reader.next_frame() {
                if let Some(flow) = usual_flow(&frame, 7) {
                    assert_eq!(flow, unusual_flow(&frame, 7), "{name} at {} ns", frame.time_ns);
                    short[usize::from(frame.data[14] >> 4 == 6)] += 1;
                }
            }
        }
        assert!(short.iter().all(|count| *count > 100), "{short:?}");
    }
}
