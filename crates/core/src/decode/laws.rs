//! What holds of all packets: bytes in are a row, or a reason.
//!
//! Each case is one DNS message, in whatever carries it: UDP or TCP, in pieces or whole, in up to four tunnels, whose
//! packets may be cut into fragments.

use proptest::prelude::*;

use super::app::Needs;
use super::{DecodeConfig, Decoder};
use crate::decode::Batch;
use crate::frame::Frame;
use crate::table::Table as _;

const SECOND: i64 = 1_000_000_000;
const CLIENT_PORT: [u8; 2] = [0x9c, 0x40];
const DNS_PORT: [u8; 2] = [0, 53];
const TUNNEL_SOURCE_PORT: [u8; 2] = [0xf0, 0x0f];
const NAME: &[u8] = b"\x03www\x07example\x03com\x00";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tunnel {
    Ip,
    Gre,
    Erspan,
    Vxlan,
    Geneve,
    Gtp,
    GreOverUdp,
    MplsOverUdp,
}

/// An IP header, outside of what was built so far.
#[derive(Debug, Clone, Copy)]
struct Layer {
    is_ipv6: bool,
    /// How its packet goes through the next layer.
    tunnel: Tunnel,
    /// Where its payload is cut, in eights of bytes; 0 for nowhere.
    cut: usize,
}

/// How the message is carried.
#[derive(Debug, Clone)]
struct Way {
    over_tcp: bool,
    /// Where the TCP data is cut into segments.
    segment_cut: usize,
    layers: Vec<Layer>,
    records: u8,
}

/// A frame, and whether it holds a piece of the message.
#[derive(Debug, Clone)]
struct Sent {
    bytes: Vec<u8>,
    has_data: bool,
}

fn query(records: u8) -> Vec<u8> {
    let mut bytes = vec![0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, records];
    bytes.extend([NAME, &[0, 1, 0, 1]].concat());
    (0..records).for_each(|_| bytes.extend([0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0]));
    bytes
}

fn udp(payload: &[u8]) -> Vec<u8> {
    datagram(CLIENT_PORT, DNS_PORT, payload)
}

fn datagram(source_port: [u8; 2], destination_port: [u8; 2], payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u16 + 8).to_be_bytes();
    [&source_port[..], &destination_port, &length, &[0, 0], payload].concat()
}

fn tcp(sequence: u32, flags: u8, payload: &[u8]) -> Vec<u8> {
    let sequence = sequence.to_be_bytes();
    [&CLIENT_PORT[..], &DNS_PORT, &sequence, &[0; 4], &[0x50, flags], &[0; 6], payload].concat()
}

fn ipv4(protocol: u8, identification: u16, offset: usize, more: bool, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u16 + 20).to_be_bytes();
    let fragment = ((offset as u16 / 8) | (u16::from(more) << 13)).to_be_bytes();
    let start = [&[0x45, 0], &length[..], &identification.to_be_bytes(), &fragment, &[64, protocol, 0, 0]].concat();
    [&start[..], &[10, 0, 0, 1, 10, 0, 0, 2], payload].concat()
}

fn ipv6(protocol: u8, identification: u16, offset: usize, more: bool, payload: &[u8]) -> Vec<u8> {
    let extension =
        [[protocol, 0], (offset as u16 | u16::from(more)).to_be_bytes(), [0, 0], identification.to_be_bytes()];
    let extension = if more || offset > 0 { extension.concat() } else { Vec::new() };
    let next = if extension.is_empty() { protocol } else { 44 };
    let length = ((payload.len() + extension.len()) as u16).to_be_bytes();
    [&[0x60, 0, 0, 0], &length[..], &[next, 64], &[0x20; 16], &[0x21; 16], &extension, payload].concat()
}

impl Layer {
    /// The packet, or the fragments of it, that carry a payload.
    fn packets(&self, protocol: u8, identification: u16, payload: &[u8]) -> Vec<Vec<u8>> {
        let header = if self.is_ipv6 { ipv6 } else { ipv4 };
        let cut = self.cut * 8;
        if cut == 0 || cut >= payload.len() {
            return vec![header(protocol, identification, 0, false, payload)];
        }
        let (first, last) = payload.split_at(cut);
        vec![header(protocol, identification, 0, true, first), header(protocol, identification, cut, false, last)]
    }

    /// The same as the payload of the next layer.
    fn inside(&self, packet: Vec<u8>) -> (u8, Vec<u8>) {
        let (protocol, ethertype) = if self.is_ipv6 { (41, [0x86, 0xdd]) } else { (4, [8, 0]) };
        let frame = || [&[2; 12], &ethertype[..], &packet].concat();
        let gre = || [&[0, 0], &ethertype[..], &packet].concat();
        let over_udp = |port: u16, header: &[u8], inside: &[u8]| {
            (17, datagram(TUNNEL_SOURCE_PORT, port.to_be_bytes(), &[header, inside].concat()))
        };
        match self.tunnel {
            Tunnel::Ip => (protocol, packet),
            Tunnel::Gre => (47, gre()),
            Tunnel::Erspan => {
                (47, [&[0x10, 0, 0x88, 0xbe, 0, 0, 0, 1, 0x10, 5, 0, 9, 0, 0, 0, 0][..], &frame()].concat())
            }
            Tunnel::Vxlan => over_udp(4_789, &[8, 0, 0, 0, 0, 0, 7, 0], &frame()),
            Tunnel::Geneve => over_udp(6_081, &[1, 0, 0x65, 0x58, 0, 0, 7, 0, 1, 2, 3, 0], &frame()),
            Tunnel::Gtp => over_udp(2_152, &[0x34, 255, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0x85, 1, 0, 9, 0], &packet),
            Tunnel::GreOverUdp => over_udp(4_754, &[], &gre()),
            Tunnel::MplsOverUdp => over_udp(6_635, &[0, 0, 0x71, 0x40], &packet),
        }
    }
}

impl Way {
    /// Protocol, payload, and whether it holds a piece of the message.
    fn transport(&self) -> Vec<(u8, Vec<u8>, bool)> {
        let message = query(self.records);
        if !self.over_tcp {
            return vec![(17, udp(&message), true)];
        }
        let stream = [&(message.len() as u16).to_be_bytes()[..], &message].concat();
        let (first, last) = stream.split_at(self.segment_cut.min(stream.len()));
        let mut segments = vec![(6, tcp(99, 2, &[]), false)];
        segments.push((6, tcp(100, 16, first), !first.is_empty()));
        segments.push((6, tcp(100 + first.len() as u32, 17, last), !last.is_empty()));
        segments
    }

    fn frames(&self) -> Vec<Sent> {
        let mut parts = self.transport();
        let mut identification = 0;
        for (at, layer) in self.layers.iter().enumerate() {
            let mut packets = Vec::new();
            for (protocol, payload, has_data) in parts {
                identification += 1;
                for packet in layer.packets(protocol, identification, &payload) {
                    let is_outermost = at + 1 == self.layers.len();
                    let (protocol, packet) = if is_outermost { (0, packet) } else { layer.inside(packet) };
                    packets.push((protocol, packet, has_data));
                }
            }
            parts = packets;
        }
        let is_ipv6 = self.layers.last().is_some_and(|layer| layer.is_ipv6);
        let ethertype: [u8; 2] = if is_ipv6 { [0x86, 0xdd] } else { [8, 0] };
        let frame = |packet: Vec<u8>| [&[2; 12], &ethertype[..], &packet].concat();
        parts.into_iter().map(|(_, packet, has_data)| Sent { bytes: frame(packet), has_data }).collect()
    }
}

/// A decoder and what it made of some frames.
struct Story {
    decoder: Decoder,
    batch: Batch,
    time_ns: i64,
}

impl Story {
    fn new() -> Self {
        Self::with(DecodeConfig::default())
    }

    /// Of a decoder that looks into tunnels over UDP, too.
    fn decapsulating() -> Self {
        Self::with(DecodeConfig { decapsulates: true, ..DecodeConfig::default() })
    }

    fn with(config: DecodeConfig) -> Self {
        Self {
            decoder: Decoder::new(DecodeConfig { needs: Needs::all(), ..config }),
            batch: Batch::default(),
            time_ns: SECOND,
        }
    }

    fn push(&mut self, data: &[u8], wire_bytes: usize) {
        self.push_over(1, data, wire_bytes);
    }

    fn push_over(&mut self, link_type: u16, data: &[u8], wire_bytes: usize) {
        self.time_ns += 1_000;
        self.batch.ledger.seen += 1;
        let wire_bytes = wire_bytes as u32;
        let frame = Frame { time_ns: self.time_ns, link_type, interface: 0, wire_bytes, data };
        self.decoder.decode(&frame, &mut self.batch);
    }

    /// Ends the input and returns how many reasons were counted.
    fn end(&mut self) -> u64 {
        self.decoder.finish(&mut self.batch);
        assert_eq!(self.decoder.waiting(), 0);
        assert!(self.batch.ledger.balances());
        let ledger = &self.batch.ledger;
        let evicted = ledger.evicted;
        ledger.malformed_total() + evicted.fragments + evicted.tcp_segments + evicted.tcp_streams
    }

    fn is_dns(&self, row: usize) -> bool {
        let packets = &self.batch.packets;
        matches!(packets.transport()[row], 6 | 17)
            && [packets.source_port()[row], packets.destination_port()[row]].contains(&53)
    }
}

const TUNNELS: [Tunnel; 8] = [
    Tunnel::Ip,
    Tunnel::Gre,
    Tunnel::Erspan,
    Tunnel::Vxlan,
    Tunnel::Geneve,
    Tunnel::Gtp,
    Tunnel::GreOverUdp,
    Tunnel::MplsOverUdp,
];

fn layer() -> impl Strategy<Value = Layer> {
    let cut = prop_oneof![Just(0), 1_usize..12];
    let tunnel = prop::sample::select(TUNNELS.to_vec());
    (any::<bool>(), tunnel, cut).prop_map(|(is_ipv6, tunnel, cut)| Layer { is_ipv6, tunnel, cut })
}

fn way() -> impl Strategy<Value = Way> {
    let layers = prop::collection::vec(layer(), 1..=5);
    (any::<bool>(), 0_usize..60, layers, prop_oneof![0_u8..4, 100_u8..=255])
        .prop_map(|(over_tcp, segment_cut, layers, records)| Way { over_tcp, segment_cut, layers, records })
}

/// What happens to a frame on its way.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Arrives,
    IsLost,
    /// Only so many of a thousand parts of it are captured.
    IsCut(usize),
    /// A byte of it, at so many thousandths, is another one.
    IsChanged(usize, u8),
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        3 => Just(Fate::Arrives),
        1 => Just(Fate::IsLost),
        1 => (0_usize..1_000).prop_map(Fate::IsCut),
        2 => (0_usize..1_000, 1_u8..).prop_map(|(at, change)| Fate::IsChanged(at, change)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn whatever_carries_a_message_it_is_read_once(way in way(), order in prop::collection::vec(any::<u32>(), 96)) {
        let mut frames: Vec<_> = way.frames().into_iter().zip(order).collect();
        if !way.over_tcp {
            frames.sort_by_key(|(_, key)| *key);
        }
        let mut story = Story::decapsulating();
        frames.iter().for_each(|(sent, _)| story.push(&sent.bytes, sent.bytes.len()));
        prop_assert_eq!(story.end(), 0, "{:?}", story.batch.ledger);
        let messages = &story.batch.apps.dns;
        prop_assert_eq!((messages.parsed(), messages.bytes()), (&[1][..], &[query(way.records).len() as u32][..]));
        prop_assert_eq!(story.batch.packets.len(), frames.len());
    }

    #[test]
    fn bytes_in_are_a_row_or_a_reason(
        way in way(),
        fates in prop::collection::vec(fate(), 96),
        order in prop::collection::vec(0_u32..8, 96),
    ) {
        let mut frames: Vec<_> = way.frames().into_iter().zip(fates).zip(order).enumerate().collect();
        frames.sort_by_key(|(at, (_, key))| *at as u32 + *key);
        let mut story = Story::decapsulating();
        let mut owes = false;
        for (_, ((sent, fate), _)) in &frames {
            let mut bytes = sent.bytes.clone();
            let wire_bytes = bytes.len();
            // A changed header may say that there is no data, so that nothing is owed; changed data is owed.
            let mut is_owed = sent.has_data;
            match *fate {
                Fate::Arrives => {}
                Fate::IsLost => continue,
                Fate::IsCut(part) => bytes.truncate(wire_bytes * part / 1_000),
                Fate::IsChanged(part, change) => {
                    bytes[wire_bytes * part / 1_000] ^= change;
                    is_owed &= !way.over_tcp;
                }
            }
            story.push(&bytes, wire_bytes);
            let row = story.batch.packets.len() - 1;
            owes |= is_owed && (matches!(fate, Fate::Arrives | Fate::IsCut(_)) || story.is_dns(row));
        }
        let rows = story.batch.packets.len() as u64;
        prop_assert_eq!(rows, story.batch.ledger.seen);
        let any_changed = frames.iter().any(|(_, ((_, fate), _))| matches!(fate, Fate::IsChanged(..)));
        let first_is_dns = (0..rows as usize).any(|row| story.is_dns(row));
        let reasons = story.end();
        // Where frames are changed, the whole of their fragments may have become something else. Over TCP no row of a
        // packet shows that it has not: the ports are those of the one that opens the connection, too.
        if owes && (!any_changed || first_is_dns && !way.over_tcp) {
            prop_assert!(story.batch.apps.dns.len() as u64 + reasons > 0, "{:?}", story.batch.ledger);
        }
    }

    #[test]
    fn any_bytes_make_a_row_a_frame(
        decapsulates in any::<bool>(),
        link_type in prop::sample::select(vec![0, 1, 9, 12, 50, 51, 101, 105, 108, 113, 127, 228, 229, 276, 9_999]),
        frames in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..120), 0..20),
    ) {
        let mut story = if decapsulates { Story::decapsulating() } else { Story::new() };
        for data in &frames {
            let frame = Frame { time_ns: SECOND, link_type, interface: 0, wire_bytes: data.len() as u32, data };
            story.batch.ledger.seen += 1;
            story.decoder.decode(&frame, &mut story.batch);
        }
        story.end();
        prop_assert_eq!(story.batch.packets.len() as u64, story.batch.ledger.seen);
    }
}

fn is_row_of(way: &Way) -> Story {
    let mut story = Story::new();
    way.frames().iter().for_each(|sent| story.push(&sent.bytes, sent.bytes.len()));
    story
}

const PLAIN: Layer = Layer { is_ipv6: false, tunnel: Tunnel::Ip, cut: 0 };

#[test]
fn fragments_tell_their_protocol_and_the_first_its_ports() {
    for (over_tcp, protocol, frames) in [(false, 17, 2), (true, 6, 3)] {
        let layers = vec![Layer { cut: 3, ..PLAIN }];
        let story = is_row_of(&Way { over_tcp, segment_cut: 0, layers, records: 0 });
        let packets = &story.batch.packets;
        let last = packets.len() - 2..packets.len();
        assert_eq!(packets.len(), frames + usize::from(over_tcp), "{protocol}");
        assert_eq!(packets.transport()[last.clone()], [protocol; 2]);
        assert_eq!(packets.destination_port()[last.clone()], [53, 0]);
        assert_eq!(packets.tcp_flags()[last], [if over_tcp { 17 } else { 0 }, 0]);
        assert_eq!(story.batch.apps.dns.len(), 1);
    }
}

/// RFC 8200 section 4.5: what follows the fragment header is cut like any payload, and the first fragment names it.
#[test]
fn extension_headers_behind_that_of_a_fragment_are_part_of_the_datagram() {
    let options = [&[17, 0, 1, 4, 0, 0, 0, 0][..], &udp(&query(3))].concat();
    let (first, last) = options.split_at(24);
    let sent = [ipv6(60, 9, 0, true, first), ipv6(17, 9, 24, false, last)]
        .map(|packet| [&[2; 12], &[0x86, 0xdd][..], &packet].concat());
    for order in [[0, 1], [1, 0]] {
        let mut story = Story::new();
        order.iter().for_each(|at| story.push(&sent[*at], sent[*at].len()));
        let evicted = story.batch.ledger.evicted.fragments;
        assert_eq!((story.batch.apps.dns.len(), evicted, story.batch.ledger.decoded), (1, 0, 2), "{order:?}");
        assert_eq!(story.batch.packets.destination_port()[usize::from(order[0] == 1)], 53);
    }
}

/// A frame of IEEE 802.11 that holds these frames of Ethernet, whose type becomes LLC.
fn aggregated(frames: &[Vec<u8>]) -> Vec<u8> {
    let mut parts = Vec::new();
    for frame in frames {
        let (addresses, packet) = frame.split_at(12);
        parts.resize(parts.len().next_multiple_of(4), 0);
        parts.extend([addresses, &(packet.len() as u16 + 6).to_be_bytes(), &[0xaa, 0xaa, 3, 0, 0, 0], packet].concat());
    }
    [&[0x88, 0x01][..], &[0; 22], &[0x80, 0], &parts].concat()
}

#[test]
fn frames_in_a_wireless_frame_are_each_a_row_with_its_messages() {
    let plain = Way { over_tcp: false, segment_cut: 0, layers: vec![PLAIN], records: 0 };
    let frames: Vec<_> = [0, 3, 1].map(|records| Way { records, ..plain.clone() }.frames().remove(0).bytes).into();
    let data = aggregated(&frames);
    let mut story = Story::new();
    story.push_over(105, &data, data.len());
    assert_eq!(story.end(), 0, "{:?}", story.batch.ledger);
    let Batch { packets, apps, ledger, .. } = &story.batch;
    assert_eq!((packets.len(), apps.dns.len(), ledger.seen, ledger.decoded), (3, 3, 3, 3));
    assert_eq!(packets.wire_bytes().iter().sum::<u32>() as usize, data.len());
    assert_eq!(apps.dns.bytes(), [0, 3, 1].map(|records| query(records).len() as u32));

    let mut cut = Story::new();
    cut.push_over(105, &data[..data.len() / 2], data.len());
    assert!(cut.end() > 0);
    assert_eq!(cut.batch.packets.wire_bytes().iter().sum::<u32>() as usize, data.len());
}

#[test]
fn a_tunnel_too_deep_or_too_short_is_told() {
    let way = |depth| Way { over_tcp: false, segment_cut: 0, layers: vec![PLAIN; depth], records: 0 };
    let mut story = is_row_of(&way(6));
    assert_eq!((story.end(), story.batch.apps.dns.len()), (1, 0));
    assert_eq!(story.batch.ledger.malformed(super::link::TUNNEL_TOO_DEEP), 1);
    let frames = Way { layers: vec![Layer { tunnel: Tunnel::Gre, ..PLAIN }, PLAIN], ..way(1) }.frames();
    for (length, reason) in [(36, "gre.too_short"), (50, "ipv4.too_short"), (60, "udp.too_short")] {
        let mut story = Story::new();
        story.push(&frames[0].bytes[..length], frames[0].bytes.len());
        let told: Vec<_> =
            story.batch.ledger.entries().filter(|(name, count)| *count > 0 && name.contains('.')).collect();
        assert_eq!(told, [(reason, 1)]);
    }
}

#[test]
fn a_message_of_port_0_is_told() {
    let mut frame = Way { over_tcp: false, segment_cut: 0, layers: vec![PLAIN], records: 0 }.frames().remove(0).bytes;
    frame[34..36].fill(0);
    let mut story = Story::new();
    story.push(&frame, frame.len());
    assert_eq!((story.end(), story.batch.ledger.malformed(super::app::dns::BAD_PORT)), (1, 1));
}

#[test]
fn sizes_are_those_on_the_wire() {
    let frame = Way { over_tcp: false, segment_cut: 0, layers: vec![PLAIN], records: 50 }.frames().remove(0).bytes;
    let mut story = Story::new();
    story.push(&frame[..90], frame.len());
    assert_eq!(story.batch.apps.dns.bytes(), [query(50).len() as u32]);
    assert_eq!((story.batch.packets.bytes(), story.batch.packets.wire_bytes()), (&[90][..], &[frame.len() as u32][..]));
}

/// Segmentation offload leaves the length of the packet to the card.
#[test]
fn a_packet_without_length_that_was_cut_has_that_of_its_frame() {
    for is_ipv6 in [false, true] {
        let layers = vec![Layer { is_ipv6, ..PLAIN }];
        let way = Way { over_tcp: false, segment_cut: 0, layers, records: 50 };
        let mut frame = way.frames().remove(0).bytes;
        let length_at = if is_ipv6 { 18 } else { 16 };
        frame[length_at..length_at + 2].fill(0);
        let mut story = Story::new();
        story.push(&frame[..110], frame.len());
        assert_eq!(story.batch.apps.dns.bytes(), [query(50).len() as u32], "IPv6: {is_ipv6}");
        assert_eq!(story.batch.ledger.malformed(super::UDP_BAD_LENGTH), 0);
    }
}

#[test]
fn a_message_from_behind_a_gap_has_the_addresses_of_its_packet() {
    let way = Way { over_tcp: true, segment_cut: 0, layers: vec![PLAIN], records: 0 };
    let frames = way.frames();
    let mut story = Story::new();
    story.push(&frames[0].bytes, frames[0].bytes.len());
    let mut behind = frames[2].bytes.clone();
    behind[41] += 20;
    story.push(&behind, behind.len());
    assert!(story.batch.apps.dns.is_empty());
    let sent_ns = story.time_ns;
    story.batch.clear();
    story.decoder.settle(sent_ns + 2 * SECOND, &mut story.batch);
    let messages = &story.batch.apps.dns;
    assert_eq!((messages.time_ns(), messages.packet_row()), (&[sent_ns][..], &[crate::decode::EARLIER][..]));
    assert_eq!(story.batch.earlier.destination()[0][12..], [10, 0, 0, 2]);
}

#[test]
fn messages_in_a_tunnel_are_paired_by_those_who_speak() {
    let frame =
        Way { over_tcp: false, segment_cut: 0, layers: vec![PLAIN, PLAIN], records: 0 }.frames().remove(0).bytes;
    let mut answer = frame.clone();
    // The mirror sends both ways from the same end of the tunnel; addresses and ports inside are swapped.
    answer[46..54].copy_from_slice(&[10, 0, 0, 2, 10, 0, 0, 1]);
    answer[54..58].copy_from_slice(&[0, 53, 0x9c, 0x40]);
    let mut story = Story::new();
    story.push(&frame, frame.len());
    story.push(&answer, answer.len());
    let exchange = story.batch.apps.dns.exchange();
    assert_eq!(exchange[0], exchange[1]);
}

/// What tunnels carry over UDP is not read unless packets are decapsulated, and never what GRE's version of PPTP (RFC 2637)
/// carries: it counts as what is to be seen.
#[test]
fn tunnels_that_are_not_read_are_packets_between_their_ends() {
    let inside = Way { over_tcp: false, segment_cut: 0, layers: vec![PLAIN], records: 0 }.frames().remove(0).bytes;
    for (port, header) in [
        (4_789, &[8, 0, 0, 0, 0, 0, 7, 0][..]),
        (8_472, &[8, 0, 0, 0, 0, 0, 7, 0]),
        (6_081, &[0, 0, 0x65, 0x58, 0, 0, 7, 0]),
        (6_635, &[0, 0, 0x71, 0x40]),
        (4_754, &[0, 0, 0x65, 0x58]),
    ] {
        let payload = [header, &inside].concat();
        let ports = [53_000_u16.to_be_bytes(), u16::to_be_bytes(port)].concat();
        let datagram = [&ports[..], &(payload.len() as u16 + 8).to_be_bytes(), &[0; 2], &payload].concat();
        let story = ethernet_of(&ipv4(17, 0, 0, false, &datagram));
        assert_eq!(story.batch.packets.transport(), [17], "{port}");
        assert_eq!(story.batch.packets.destination_port(), [port]);
        assert_eq!((story.batch.apps.dns.len(), story.batch.ledger.decoded), (0, 1), "{port}");
    }
    let story = ethernet_of(&ipv4(47, 0, 0, false, &[&[0x30, 1, 0x88, 0x0b][..], &[0; 12], &inside].concat()));
    assert_eq!((story.batch.packets.transport(), story.batch.ledger.decoded), (&[0][..], 1), "PPTP");
    assert_eq!((story.batch.packets.ip_version(), story.batch.packets.ip_protocol()), (&[4][..], &[47][..]));
}

fn ethernet_of(packet: &[u8]) -> Story {
    let mut story = Story::new();
    let frame = [&[2; 12], &[8, 0][..], packet].concat();
    story.push(&frame, frame.len());
    story
}
