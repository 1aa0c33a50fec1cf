//! sFlow 2 and 4: samples that stand without their lengths.

use proptest::prelude::*;

use super::super::{TOO_SHORT, TRAILING_BYTES, UNKNOWN_SAMPLE};
use super::sflow::{AGENT, ethernet, tcp_packet, words};
use super::*;

fn datagram(version: u32, sequence: u32, samples: &[Vec<u8>]) -> Vec<u8> {
    let head = [words(&[version, 1]), AGENT.to_vec(), words(&[sequence, 10_000, samples.len() as u32])].concat();
    [head, samples.concat()].concat()
}

/// One of 400 packets, in by interface 7, out to five at once.
fn sample(packet: &[u8], extensions: &[Vec<u8>]) -> Vec<u8> {
    let head = words(&[1, 9, 7, 400, 4000, 0, 7, 0x8000_0005]);
    [&head[..], packet, &words(&[extensions.len() as u32]), &extensions.concat()].concat()
}

/// Bytes behind their number, as texts and headers are sent.
fn opaque(bytes: &[u8]) -> Vec<u8> {
    [words(&[bytes.len() as u32]), bytes.to_vec(), vec![0; (4 - bytes.len() % 4) % 4]].concat()
}

fn header(protocol: u32, length: u32, bytes: &[u8]) -> Vec<u8> {
    [words(&[1, protocol, length]), opaque(bytes)].concat()
}

fn counters(kind: u32, bytes: usize) -> Vec<u8> {
    [words(&[2, 9, 7, 30, kind]), vec![0; bytes]].concat()
}

/// Switch, router, user and address of the web, of 13 bytes.
fn extensions() -> Vec<Vec<u8>> {
    let router = [words(&[2, 1]), vec![10, 8, 8, 8], words(&[24, 16])].concat();
    let user = [words(&[4]), opaque(b"ann"), opaque(b"")].concat();
    let url = [words(&[5, 1]), opaque(b"/index.html?a")].concat();
    vec![words(&[1, 10, 0, 20, 0]), router, user, url]
}

/// Version 4: own system, that of the source, its neighbour, two segments of the path, two communities, a preference.
fn gateway4() -> Vec<u8> {
    words(&[3, 65_000, 65_001, 65_002, 2, 2, 2, 7, 8, 1, 1, 9, 2, 70, 71, 100])
}

pub(super) fn write_seeds() {
    let frame = [ethernet(&[0x81, 0, 0, 42]), tcp_packet()].concat();
    let full = sample(&header(1, 1500, &frame), &[extensions(), vec![gateway4()]].concat());
    let old = sample(&header(11, 40, &tcp_packet()), &[words(&[3, 1, 2, 3, 2, 4, 5])]);
    write_seed("sflow4", &[datagram(4, 1, &[full, counters(1, 88), counters(7, 28)]), datagram(2, 1, &[old])]);
}

#[test]
fn a_sampled_packet_is_a_record_with_what_the_device_knows_of_it() {
    let mut bench = Bench::new(&Needs::all());
    let frame = [ethernet(&[0x81, 0, 0, 42]), tcp_packet()].concat();
    let packet = header(1, 1501, &frame[..frame.len() - 1]); // padded
    let samples = [sample(&packet, &[extensions(), vec![gateway4()]].concat()), sample(&packet, &[])];
    assert_eq!(bench.read(&datagram(4, 1, &samples)), None);
    let table = &bench.table;
    assert_eq!((table.len(), table.is_sample()[0], table.version()[0]), (2, 1, 4));
    assert_eq!((table.exporter()[0][12..].to_vec(), table.source_id()[0]), (AGENT.to_vec(), 0));
    assert_eq!((table.packets()[1], table.bytes()[1], table.sampled_bytes()[1]), (400, 600_400, 1501));
    assert_eq!((table.in_interface()[0], table.out_interface()[0]), (7, 5));
    assert_eq!((table.source()[0][15], table.destination_port()[0], table.dscp()[0]), (3, 443, 46));
    assert_eq!(bench.text(table.source_mac(), 0).as_deref(), Some("02:00:00:00:00:02"));
    assert_eq!((table.source_vlan()[0], table.destination_vlan()[0], table.source_vlan()[1]), (10, 20, 42));
    assert_eq!((table.source_mask()[0], table.destination_mask()[0], table.next_hop()[0][13]), (24, 16, 8));
    assert_eq!((table.source_as()[0], table.destination_as()[0]), (65_001, 9));
}

#[test]
fn version_2_tells_of_the_path_without_segments() {
    let mut bench = Bench::new(&Needs::default());
    let packet = header(11, 40, &tcp_packet());
    let samples = [
        sample(&packet, &[words(&[3, 65_000, 0, 65_002, 3, 7, 8, 9]), words(&[1, 10, 0, 20, 0])]),
        sample(&packet, &[words(&[3, 65_000, 65_001, 65_002, 0])]),
    ];
    assert_eq!(bench.read(&datagram(2, 1, &samples)), None);
    assert_eq!(bench.table.version(), [2, 2]);
    assert_eq!((bench.table.source_as(), bench.table.destination_as()), (&[65_000, 65_001][..], &[9, 65_000][..]));
    assert_eq!(bench.table.destination_vlan(), [20, 0]);
}

#[test]
fn packets_that_the_agent_has_read_itself_are_records_too() {
    let mut bench = Bench::new(&Needs::default());
    let four = [words(&[2, 60, 17]), vec![10, 1, 2, 3, 10, 1, 2, 4], words(&[53, 4000, 0, 0x2e])].concat();
    let six = [words(&[3, 80, 6]), vec![0x20; 16], vec![0x30; 16], words(&[1, 2, 0x10, 0])].concat();
    assert_eq!(bench.read(&datagram(4, 1, &[sample(&four, &[]), sample(&six, &[])])), None);
    let table = &bench.table;
    assert_eq!((table.sampled_bytes(), table.ip_version()), (&[60, 80][..], &[4, 6][..]));
    assert_eq!((table.source_port(), table.tos()[0], table.tcp_flags()[1]), (&[53, 1][..], 0x2e, 0x10));
}

#[test]
fn counters_of_each_kind_of_interface_are_stepped_over() {
    let mut bench = Bench::new(&Needs::default());
    let packet = sample(&header(11, 40, &tcp_packet()), &[]);
    for (kind, bytes) in [(1, 88), (2, 140), (3, 160), (4, 88), (5, 168), (6, 88), (7, 28)] {
        assert_eq!(bench.read(&datagram(4, kind, &[counters(kind, bytes), packet.clone()])), None, "{kind}");
    }
    assert_eq!(bench.table.sampled_bytes(), [40; 7]);
}

#[test]
fn what_nobody_knows_ends_the_datagram_and_takes_nothing_of_what_was_read() {
    let mut bench = Bench::new(&Needs::default());
    let whole = sample(&header(11, 40, &tcp_packet()), &[]);
    let strange = [vec![9], vec![8, 7]].map(|tag| words(&tag));
    for (samples, rows) in [
        ([whole.clone(), strange[0].clone(), whole.clone()], 1),
        ([sample(&strange[1], &[]), whole.clone(), whole.clone()], 1),
        ([sample(&header(11, 40, &tcp_packet()), &[words(&[6, 1])]), whole.clone(), whole.clone()], 1),
        ([whole.clone(), counters(8, 88), whole.clone()], 1),
    ] {
        bench.table.clear();
        assert_eq!(bench.read(&datagram(4, 1, &samples)), Some(UNKNOWN_SAMPLE));
        assert_eq!(bench.table.len(), rows);
    }
}

#[test]
fn broken_lengths_are_reasons_and_leave_what_was_read() {
    let mut bench = Bench::new(&Needs::default());
    let whole = datagram(4, 1, &[sample(&header(11, 40, &tcp_packet()), &[gateway4()])]);
    for end in 4..whole.len() {
        bench.table.clear();
        assert_eq!(bench.read(&whole[..end]), Some(TOO_SHORT), "{end} bytes");
        assert_eq!(bench.table.len(), usize::from(end >= 24 + 32 + 16 + 40), "{end} bytes: once its packet is whole");
    }
    assert_eq!(bench.read(&[&whole[..], &[1, 2, 3, 4]].concat()), Some(TRAILING_BYTES));
    let endless = |words_: &[u32]| bench_of(&datagram(4, 1, &[words(words_)]));
    assert_eq!(endless(&[1, 9, 7, 400, 0, 0, 7, 8, 1, 11, 40, u32::MAX - 2]), (Some(TOO_SHORT), 0));
    let path = words(&[3, 1, 2, 3, u32::MAX, 1, u32::MAX]);
    let old = words(&[3, 1, 2, 3, u32::MAX]);
    for (version, gateway) in [(4, path), (4, words(&[3, 1, 2, 3, 0, u32::MAX])), (2, old)] {
        let samples = [sample(&header(11, 40, &tcp_packet()), &[gateway])];
        assert_eq!(bench_of(&datagram(version, 1, &samples)), (Some(TOO_SHORT), 1));
    }
}

fn bench_of(payload: &[u8]) -> (Option<Malformed>, usize) {
    let mut bench = Bench::new(&Needs::default());
    (bench.read(payload), bench.table.len())
}

#[test]
fn datagrams_that_never_came_are_counted() {
    let mut bench = Bench::new(&Needs::default());
    for sequence in [5, 6, 10] {
        bench.read(&datagram(4, sequence, &[sample(&header(11, 40, &tcp_packet()), &[])]));
    }
    assert_eq!((bench.table.lost_datagrams(), bench.ledger.flow_datagrams_lost), (&[0, 0, 3][..], 3));
}

proptest! {
    #[test]
    fn any_samples_come_to_their_end(
        is_old in any::<bool>(), counted in any::<u32>(), body in prop::collection::vec(0_u32..12, 0..300)
    ) {
        let mut bench = Bench::new(&Needs::all());
        let mut payload = datagram(if is_old { 2 } else { 4 }, 1, &[words(&body)]);
        payload[20..24].copy_from_slice(&counted.to_be_bytes());
        bench.read(&payload);
        prop_assert!(bench.table.len() <= body.len());
    }
}
