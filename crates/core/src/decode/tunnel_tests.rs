//! What tunnels a packet came through, and by what it is known.

use super::app::Needs;
use super::ports::PortSettings;
use super::tunnel::TunnelType;
use super::{Batch, DecodeConfig, Decoder};
use crate::frame::Frame;
use crate::table::{Address, PacketTable, TUNNEL_COLUMNS, Table as _};
use crate::wire::ipv4::mapped;

const CLIENT: [u8; 4] = [10, 1, 0, 1];
const SERVER: [u8; 4] = [10, 1, 0, 2];
const ONE_END: [u8; 4] = [192, 0, 2, 1];
const OTHER_END: [u8; 4] = [192, 0, 2, 2];
const QUERY: &[u8] = b"\0\x07\x01\0\0\x01\0\0\0\0\0\0\x03www\x07example\x03com\0\0\x01\0\x01";

fn udp(source: u16, destination: u16, payload: &[u8]) -> Vec<u8> {
    let length = payload.len() as u16 + 8;
    [&[source, destination, length, 0].map(u16::to_be_bytes).concat(), payload].concat()
}

fn ipv4(protocol: u8, source: [u8; 4], destination: [u8; 4], payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u16 + 20).to_be_bytes();
    [&[0x45, 0, length[0], length[1], 0, 0, 0, 0, 64, protocol, 0, 0][..], &source, &destination, payload].concat()
}

fn query() -> Vec<u8> {
    ipv4(17, CLIENT, SERVER, &udp(40_000, 53, QUERY))
}

fn ethernet(ethertype: u16, packet: &[u8]) -> Vec<u8> {
    [&[2; 12][..], &ethertype.to_be_bytes(), packet].concat()
}

/// A packet between the ends of a tunnel.
fn through(protocol: u8, payload: &[u8]) -> Vec<u8> {
    ipv4(protocol, ONE_END, OTHER_END, payload)
}

fn through_vxlan(network: u32, frame: &[u8]) -> Vec<u8> {
    let header = [&[8, 0, 0, 0][..], &(network << 8).to_be_bytes()].concat();
    through(17, &udp(50_000, 4_789, &[&header[..], frame].concat()))
}

fn decode_with(config: DecodeConfig, packet: &[u8]) -> Batch {
    let mut decoder = Decoder::new(DecodeConfig { needs: Needs::all(), ..config });
    let (data, mut batch) = (ethernet(0x0800, packet), Batch::default());
    let frame = Frame { time_ns: 1, link_type: 1, interface: 0, wire_bytes: data.len() as u32, data: &data };
    batch.ledger.seen += 1;
    decoder.decode(&frame, &mut batch);
    assert!(batch.ledger.balances());
    assert_eq!(batch.packets.len(), 1);
    batch
}

fn decode(packet: &[u8]) -> Batch {
    decode_with(DecodeConfig::default(), packet)
}

fn decapsulate(packet: &[u8]) -> Batch {
    decode_with(DecodeConfig { decapsulates: true, ..DecodeConfig::default() }, packet)
}

/// Type, identifier and depth of a row, and its addresses: outermost, innermost.
fn tunnel(packets: &PacketTable) -> ((u8, u32, u8), [Address; 4]) {
    let ends = [
        packets.outer_source()[0],
        packets.outer_destination()[0],
        packets.inner_source()[0],
        packets.inner_destination()[0],
    ];
    ((packets.tunnel_type()[0], packets.tunnel_id()[0], packets.tunnel_depth()[0]), ends)
}

const ENDS: [[u8; 4]; 4] = [ONE_END, OTHER_END, CLIENT, SERVER];

#[test]
fn every_tunnel_tells_what_it_is_and_both_pairs_of_addresses() {
    let frame = ethernet(0x0800, &query());
    let behind = |header: &[u8], inside: &[u8]| [header, inside].concat();
    let gtp = [0x34, 255, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0x85, 1, 0, 9, 0];
    let over_udp = |port, header: &[u8], inside: &[u8]| through(17, &udp(50_000, port, &behind(header, inside)));
    let mirror = |header: &[u8]| through(47, &behind(header, &frame));
    for (packet, kind, identifier) in [
        (through(4, &query()), TunnelType::IpInIp, 0),
        (through(47, &behind(&[0x20, 0, 8, 0, 0, 0, 0, 42], &query())), TunnelType::Gre, 42),
        (mirror(&[0, 0, 0x88, 0xbe]), TunnelType::Erspan, 0),
        (mirror(&[0x10, 0, 0x88, 0xbe, 0, 0, 0, 1, 0x10, 5, 0xfc, 9, 0, 0, 0, 0]), TunnelType::Erspan, 9),
        (mirror(&[0x10, 0, 0x22, 0xeb, 0, 0, 0, 1, 0x20, 5, 0xfc, 9, 0, 0, 0, 0, 0, 0, 0, 0]), TunnelType::Erspan, 9),
        (through_vxlan(77, &frame), TunnelType::Vxlan, 77),
        (over_udp(8_472, &[8, 0, 0, 0, 0, 0, 7, 0], &frame), TunnelType::Vxlan, 7),
        (over_udp(6_081, &[1, 0, 0x65, 0x58, 0, 0, 7, 0, 1, 2, 3, 0], &frame), TunnelType::Geneve, 7),
        (over_udp(6_081, &[0, 0, 8, 0, 0, 0, 7, 0], &query()), TunnelType::Geneve, 7),
        (over_udp(2_152, &gtp, &query()), TunnelType::Gtp, 9),
        (over_udp(4_754, &[0, 0, 8, 0], &query()), TunnelType::Gre, 0),
        (over_udp(6_635, &[0, 0x12, 0x31, 64], &query()), TunnelType::Mpls, 0x123),
    ] {
        for batch in [decode(&packet), decapsulate(&packet)] {
            let packets = &batch.packets;
            assert_eq!(tunnel(packets), ((kind as u8, identifier, 1), ENDS.map(mapped)), "{kind:?}");
            assert_eq!((packets.inner_protocol()[0], packets.inner_destination_port()[0]), (17, 53), "{kind:?}");
            assert_eq!(packets.inner_source_port(), [40_000]);
        }
    }
}

#[test]
fn a_packet_of_ipv6_within_ipv4_is_one_of_6in4() {
    let inside = [&[0x60, 0, 0, 0, 0, 0, 59, 64][..], &[0x20; 16], &[0x21; 16]].concat();
    let packets = decode(&through(41, &inside)).packets;
    assert_eq!(tunnel(&packets), ((2, 0, 1), [mapped(ONE_END), mapped(OTHER_END), [0x20; 16], [0x21; 16]]));
}

#[test]
fn tunnels_within_tunnels_are_counted_and_the_outermost_is_told() {
    let inside = through_vxlan(77, &ethernet(0x0800, &query()));
    let deep = ipv4(47, [1; 4], [2; 4], &[&[0x20, 0, 8, 0, 0, 0, 0, 42][..], &inside].concat());
    for batch in [decode(&deep), decapsulate(&deep)] {
        let ends = [[1; 4], [2; 4], CLIENT, SERVER].map(mapped);
        assert_eq!(tunnel(&batch.packets), ((TunnelType::Gre as u8, 42, 2), ends));
    }
    assert_eq!(decode(&deep).apps.dns.len(), 0);
    let batch = decapsulate(&deep);
    assert_eq!((batch.packets.source()[0], batch.apps.dns.len()), (mapped(CLIENT), 1));
}

#[test]
fn more_tunnels_than_are_followed_are_told() {
    let deep = |depth| (0..depth).fold(query(), |packet, network| through_vxlan(network, &ethernet(0x0800, &packet)));
    for is_decapsulating in [false, true] {
        let read = if is_decapsulating { decapsulate } else { decode };
        let batch = read(&deep(4));
        assert_eq!((tunnel(&batch.packets).0, batch.ledger.decoded), ((5, 3, 4), 1));
        assert_eq!(batch.apps.dns.len(), usize::from(is_decapsulating));
        let batch = read(&deep(5));
        assert_eq!(batch.ledger.malformed(super::link::TUNNEL_TOO_DEEP), 1, "{is_decapsulating}");
        assert_eq!((batch.packets.tunnel_depth()[0], batch.apps.dns.len()), (4, 0));
    }
}

#[test]
fn a_packet_is_known_by_what_is_inside_only_where_that_is_asked_for() {
    let packet = through_vxlan(77, &ethernet(0x0800, &query()));
    let known = |batch: &Batch| {
        let packets = &batch.packets;
        (packets.source()[0], packets.destination_port()[0], packets.ip_protocol()[0], batch.apps.dns.len())
    };
    assert_eq!(known(&decode(&packet)), (mapped(ONE_END), 4_789, 17, 0));
    assert_eq!(known(&decapsulate(&packet)), (mapped(CLIENT), 53, 17, 1));
    let in_ip = through(4, &query());
    assert_eq!(known(&decode(&in_ip)), (mapped(ONE_END), 53, 17, 1));
    assert_eq!(known(&decapsulate(&in_ip)), (mapped(CLIENT), 53, 17, 1));
    let ping = decapsulate(&through_vxlan(77, &ethernet(0x0800, &ipv4(1, CLIENT, SERVER, &[8, 0, 0, 0]))));
    assert_eq!(known(&ping), (mapped(CLIENT), 0, 1, 0));
    assert_eq!((ping.packets.transport(), ping.packets.inner_protocol()), (&[0][..], &[1][..]));
}

#[test]
fn what_carries_no_ip_has_no_inner_addresses_and_stays_what_it_is() {
    let packet = through_vxlan(77, &ethernet(0x0806, &[0; 28]));
    for batch in [decode(&packet), decapsulate(&packet)] {
        assert_eq!(tunnel(&batch.packets).0, (5, 77, 1));
        assert_eq!((batch.packets.inner_source()[0], batch.packets.inner_protocol()[0]), ([0; 16], 0));
        assert_eq!((batch.packets.destination_port(), batch.ledger.decoded), (&[4_789][..], 1));
    }
}

#[test]
fn a_cut_tunnel_is_told_with_its_reason() {
    let whole = through_vxlan(77, &ethernet(0x0800, &query()));
    for (length, reason) in [(30, "vxlan.too_short"), (40, "link.too_short"), (60, "ipv4.too_short")] {
        let data = ethernet(0x0800, &whole[..length]);
        for decapsulates in [false, true] {
            let config = DecodeConfig { needs: Needs::all(), decapsulates, ..DecodeConfig::default() };
            let (mut decoder, mut batch) = (Decoder::new(config), Batch::default());
            let wire_bytes = whole.len() as u32 + 14;
            batch.ledger.seen += 1;
            decoder.decode(&Frame { time_ns: 1, link_type: 1, interface: 0, wire_bytes, data: &data }, &mut batch);
            let told: Vec<_> = batch.ledger.entries().filter(|(name, n)| *n > 0 && name.contains('.')).collect();
            assert_eq!(told, [(reason, 1)], "{decapsulates}");
            assert_eq!(batch.packets.destination_port(), [4_789]);
        }
    }
}

/// A resolver's client may have any port from 1024 on.
#[test]
fn an_answer_to_a_client_at_the_port_of_a_tunnel_is_an_answer() {
    for packet in [
        ipv4(17, SERVER, CLIENT, &udp(53, 4_789, QUERY)),
        ipv4(17, CLIENT, SERVER, &udp(4_789, 53, QUERY)),
        ipv4(17, SERVER, CLIENT, &udp(5_353, 2_152, QUERY)),
    ] {
        for batch in [decode(&packet), decapsulate(&packet)] {
            assert_eq!((batch.apps.dns.len(), batch.packets.tunnel_type()), (1, &[0][..]), "{:?}", batch.ledger);
        }
    }
}

#[test]
fn ports_of_the_settings_replace_the_usual_ones() {
    let ports = PortSettings::from([("vxlan".to_owned(), [9_999].into())]);
    let config = DecodeConfig { ports, ..DecodeConfig::default() };
    let header = [8, 0, 0, 0, 0, 0, 7, 0];
    let payload = [&header[..], &ethernet(0x0800, &query())].concat();
    for (port, kind) in [(9_999, 5), (4_789, 0)] {
        let batch = decode_with(config.clone(), &through(17, &udp(50_000, port, &payload)));
        assert_eq!(batch.packets.tunnel_type(), [kind], "{port}");
    }
}

#[test]
fn nothing_is_looked_into_for_columns_that_nobody_needs() {
    let mut needs = Needs::default();
    needs.add_all_tables();
    let (mut decoder, mut batch) = (Decoder::new(DecodeConfig { needs, ..DecodeConfig::default() }), Batch::default());
    let data = ethernet(0x0800, &through_vxlan(77, &[0; 3]));
    let frame = Frame { time_ns: 1, link_type: 1, interface: 0, wire_bytes: data.len() as u32, data: &data };
    decoder.decode(&frame, &mut batch);
    assert_eq!((batch.ledger.decoded, batch.packets.tunnel_type()), (1, &[0][..]));
    for column in TUNNEL_COLUMNS {
        let mut needs = Needs::default();
        needs.add(column);
        decoder.set_needs(&needs);
        batch.clear();
        decoder.decode(&frame, &mut batch);
        assert_eq!((batch.ledger.decoded, batch.packets.tunnel_type()), (0, &[5][..]), "{column}");
    }
}
