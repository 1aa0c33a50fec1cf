//! sFlow 5: samples of packets, whole, cut and of unknown kinds.

use proptest::prelude::*;

use super::super::{BAD_SAMPLE, TOO_SHORT, TRAILING_BYTES};
use super::*;

pub(super) const AGENT: [u8; 4] = [10, 0, 0, 77];

pub(super) fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

fn tagged(tag: u32, content: &[u8]) -> Vec<u8> {
    let padding = vec![0; (4 - content.len() % 4) % 4];
    [words(&[tag, content.len() as u32]), content.to_vec(), padding].concat()
}

fn datagram(sequence: u32, samples: &[Vec<u8>]) -> Vec<u8> {
    let head = [words(&[5, 1]), AGENT.to_vec(), words(&[3, sequence, 10_000, samples.len() as u32])].concat();
    [head, samples.concat()].concat()
}

/// One of 400 packets, in by interface 7, out by 8.
fn sample(records: &[Vec<u8>]) -> Vec<u8> {
    let head = words(&[1, 7, 400, 4000, 0, 0x4000_0007, 8, records.len() as u32]);
    tagged(1, &[head, records.concat()].concat())
}

fn expanded(records: &[Vec<u8>]) -> Vec<u8> {
    let head = words(&[1, 0, 7, 400, 4000, 0, 0, 0xffff_ffff, 0, 8, records.len() as u32]);
    tagged(3, &[head, records.concat()].concat())
}

pub(super) fn ethernet(tag: &[u8]) -> Vec<u8> {
    [&[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2][..], tag, &[8, 0]].concat()
}

pub(super) fn tcp_packet() -> Vec<u8> {
    let ip = [0x45, 0xb8, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0, 10, 1, 2, 3, 192, 0, 2, 1];
    let tcp = [0x9c, 0x40, 1, 187, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 0x12, 0, 0, 0, 0, 0, 0];
    [&ip[..], &tcp].concat()
}

fn raw(protocol: u32, length: u32, header: &[u8]) -> Vec<u8> {
    tagged(1, &[words(&[protocol, length, 4, header.len() as u32]), header.to_vec()].concat())
}

pub(super) fn write_seeds() {
    let header = raw(1, 1500, &[ethernet(&[0x81, 0, 0, 42]), tcp_packet()].concat());
    let samples = [sample(std::slice::from_ref(&header)), expanded(&[header]), tagged(2, &[0; 88])];
    write_seed("sflow", &[datagram(1, &samples)]);
}

#[test]
fn a_sampled_packet_is_a_record_that_stands_for_many() {
    let mut bench = Bench::new(&Needs::all());
    let header = [ethernet(&[0x81, 0, 0, 42]), tcp_packet()].concat();
    assert_eq!(bench.read(&datagram(1, &[sample(&[raw(1, 1500, &header)])])), None);
    let table = &bench.table;
    assert_eq!((table.len(), table.is_sample()[0], table.version()[0]), (1, 1, 5));
    assert_eq!((table.exporter()[0][12..].to_vec(), table.source_id()[0]), (AGENT.to_vec(), 3));
    assert_eq!((table.packets()[0], table.bytes()[0]), (400, 600_000));
    assert_eq!((table.sampled_packets()[0], table.sampled_bytes()[0]), (1, 1500));
    assert_eq!((table.in_interface()[0], table.out_interface()[0], table.source_vlan()[0]), (7, 8, 42));
    assert_eq!((table.source()[0][15], table.destination_port()[0], table.protocol()[0]), (3, 443, 6));
    assert_eq!((table.tcp_flags()[0], table.dscp()[0], table.ip_version()[0]), (0x12, 46, 4));
    assert_eq!(bench.text(table.source_mac(), 0).as_deref(), Some("02:00:00:00:00:02"));
}

#[test]
fn records_beside_the_header_tell_of_the_way() {
    let mut bench = Bench::new(&Needs::default());
    let path = [words(&[1]), vec![10, 9, 9, 9], words(&[65_000, 65_001, 65_002, 2, 2, 2, 7, 8, 1, 1, 9, 0, 100])];
    let records = [
        raw(11, 40, &tcp_packet()),
        tagged(1001, &words(&[10, 0, 20, 0])),
        tagged(1002, &[words(&[1]), vec![10, 8, 8, 8], words(&[24, 16])].concat()),
        tagged(1003, &path.concat()),
        tagged(1007, &[words(&[1]), vec![203, 0, 113, 1], words(&[1]), vec![203, 0, 113, 2]].concat()),
        tagged(4242, &[1, 2, 3]),
    ];
    assert_eq!(bench.read(&datagram(1, &[expanded(&records)])), None);
    let table = &bench.table;
    assert_eq!((table.source_vlan()[0], table.destination_vlan()[0]), (10, 20));
    assert_eq!((table.source_mask()[0], table.destination_mask()[0], table.next_hop()[0][13]), (24, 16, 8));
    assert_eq!((table.source_as()[0], table.destination_as()[0]), (65_001, 9));
    assert_eq!((table.nat_source()[0][15], table.nat_destination()[0][15]), (1, 2));
    assert_eq!(table.in_interface()[0], u32::MAX, "all bits of an expanded sample count");
}

/// What a sample of these records becomes.
fn told_by(records: &[Vec<u8>]) -> String {
    let mut bench = Bench::new(&Needs::all());
    assert_eq!(bench.read(&datagram(1, &[expanded(records)])), None);
    let table = &bench.table;
    let way = (table.next_hop(), table.source_vlan(), table.destination_vlan(), table.mpls_label());
    let ends = (table.source(), table.source_port(), table.destination_port(), table.protocol(), table.tcp_flags());
    let size = (table.sampled_bytes(), table.tos(), bench.text(table.source_mac(), 0));
    let systems = (table.source_as(), table.destination_as(), table.source_mask(), table.destination_mask());
    format!("{way:?} {ends:?} {size:?} {systems:?}")
}

fn router_record(next_hop: [u8; 4]) -> Vec<u8> {
    tagged(1002, &[words(&[1]), next_hop.to_vec(), words(&[24, 16])].concat())
}

fn gateway_record(next_hop: [u8; 4]) -> Vec<u8> {
    tagged(1003, &[words(&[1]), next_hop.to_vec(), words(&[65_000, 65_001, 65_002, 1, 2, 1, 9, 0, 100])].concat())
}

#[test]
fn records_tell_the_same_in_every_order() {
    let labelled = [&ethernet(&[0x81, 0, 0, 42])[..16], &[0x88, 0x47], &words(&[16 << 12 | 0x140])[..]].concat();
    let packet = [words(&[60, 17]), vec![10, 1, 2, 9, 10, 1, 2, 4], words(&[53, 4000, 0, 0x2e])].concat();
    let frame = [words(&[64]), vec![4, 0, 0, 0, 0, 1, 0, 0, 4, 0, 0, 0, 0, 2, 0, 0], words(&[0x0800])].concat();
    let records = [
        raw(1, 1500, &[labelled, tcp_packet()].concat()),
        tagged(3, &packet),
        tagged(2, &frame),
        tagged(1001, &words(&[10, 0, 20, 0])),
        router_record([10, 8, 8, 8]),
        gateway_record([10, 9, 9, 9]),
        tagged(1006, &words(&[1, 0x0a00_0001, 1, 100 << 12, 0])),
    ];
    let told = told_by(&records);
    for first in 0..records.len() {
        for second in 0..records.len() {
            let mut others = records.clone();
            others.swap(first, second);
            assert_eq!(told_by(&others), told, "{first} and {second} change places");
            let pair = [records[first].clone(), records[second].clone()];
            if first != second {
                assert_eq!(told_by(&pair), told_by(&[pair[1].clone(), pair[0].clone()]), "{first} and {second} alone");
            }
        }
    }
}

#[test]
fn of_two_next_hops_that_of_the_router_counts_unless_it_is_none() {
    for (router, next_hop) in [([10, 8, 8, 8], 8), ([0; 4], 9)] {
        let mut records = [router_record(router), gateway_record([10, 9, 9, 9])];
        for _ in 0..2 {
            let mut bench = Bench::new(&Needs::default());
            assert_eq!(bench.read(&datagram(1, &[sample(&records)])), None);
            assert_eq!((bench.table.next_hop()[0][13], bench.table.source_mask()[0]), (next_hop, 24));
            records.reverse();
        }
    }
}

#[test]
fn a_tag_of_the_packet_counts_where_the_switch_knows_of_no_vlan() {
    let header = raw(1, 1500, &[ethernet(&[0x81, 0, 0, 42]), tcp_packet()].concat());
    for (told, vlan) in [(0, 42), (10, 10)] {
        let switch = tagged(1001, &words(&[told, 0, 20, 0]));
        for records in [[header.clone(), switch.clone()], [switch.clone(), header.clone()]] {
            let mut bench = Bench::new(&Needs::default());
            assert_eq!(bench.read(&datagram(1, &[sample(&records)])), None);
            assert_eq!((bench.table.source_vlan()[0], bench.table.destination_vlan()[0]), (vlan, 20));
        }
    }
}

#[test]
fn of_two_records_of_a_kind_the_later_counts_and_faults_of_both_do() {
    let mut bench = Bench::new(&Needs::default());
    let records = [tagged(1001, &words(&[10, 0, 20])), tagged(1001, &words(&[11, 0, 21, 0]))];
    assert_eq!(bench.read(&datagram(1, &[sample(&records)])), Some(BAD_SAMPLE));
    assert_eq!((bench.table.source_vlan()[0], bench.table.destination_vlan()[0]), (11, 21));
}

#[test]
fn what_tells_of_a_packet_tells_the_same_in_any_order() {
    let next_hop = |last: u8| [words(&[1]), vec![10, 0, 0, last]].concat();
    let tag = [ethernet(&[0x81, 0, 0, 42]), tcp_packet()].concat();
    let own = [words(&[40, 6]), vec![10, 1, 2, 3, 192, 0, 2, 1], words(&[40_000, 443, 0x12, 0xb8])].concat();
    let records = [
        raw(1, 1500, &tag),
        tagged(3, &own),
        tagged(1001, &words(&[0, 0, 20, 0])),
        tagged(1002, &[next_hop(2), words(&[24, 16])].concat()),
        tagged(1003, &[next_hop(3), words(&[65_000, 65_001, 0, 0, 0, 100])].concat()),
    ];
    let mut bench = Bench::new(&Needs::default());
    let backwards: Vec<_> = records.iter().rev().cloned().collect();
    let by_bgp = [records[0].clone(), records[4].clone()];
    assert_eq!(bench.read(&datagram(1, &[sample(&records), sample(&backwards), sample(&by_bgp)])), None);
    let table = &bench.table;
    assert_eq!((table.sampled_bytes(), table.source_vlan()), (&[1500; 3][..], &[42; 3][..]));
    assert_eq!(table.next_hop().iter().map(|address| address[15]).collect::<Vec<_>>(), [2, 2, 3]);
    assert_eq!((table.source_port(), table.dscp()), (&[40_000; 3][..], &[46; 3][..]));
}

#[test]
fn the_label_of_a_sampled_packet_is_the_outermost_unless_the_agent_tells_one() {
    let labels = words(&[16 << 12 | 64, 17 << 12 | 0x140]);
    let bare = [ethernet(&[])[..12].to_vec(), vec![0x88, 0x47], labels.clone(), tcp_packet()].concat();
    let tagged_too = [ethernet(&[])[..12].to_vec(), vec![0x81, 0, 0, 42, 0x88, 0x47], labels, tcp_packet()].concat();
    let told = tagged(1006, &words(&[1, 0x0a00_0001, 1, 100 << 12, 0]));
    let mut bench = Bench::new(&Needs::default());
    let samples =
        [sample(&[raw(1, 66, &bare)]), sample(&[raw(1, 70, &tagged_too)]), sample(&[told, raw(1, 66, &bare)])];
    assert_eq!(bench.read(&datagram(1, &samples)), None);
    assert_eq!((bench.table.mpls_label(), bench.table.source_vlan()), (&[16, 16, 100][..], &[0, 42, 0][..]));
    assert_eq!(bench.table.destination_port(), [443; 3]);
}

#[test]
fn packets_that_the_agent_has_read_itself_are_records_too() {
    let mut bench = Bench::new(&Needs::default());
    let four = [words(&[60, 17]), vec![10, 1, 2, 3, 10, 1, 2, 4], words(&[53, 4000, 0, 0x2e])].concat();
    let six = [words(&[80, 6]), vec![0x20; 16], vec![0x30; 16], words(&[1, 2, 0x10, 0])].concat();
    let ethernet = [words(&[64]), vec![2, 0, 0, 0, 0, 1, 0, 0, 2, 0, 0, 0, 0, 2, 0, 0], words(&[0x88cc])].concat();
    let samples = [sample(&[tagged(3, &four)]), sample(&[tagged(4, &six)]), sample(&[tagged(2, &ethernet)])];
    assert_eq!(bench.read(&datagram(1, &samples)), None);
    let table = &bench.table;
    assert_eq!(table.sampled_bytes(), [60, 80, 64]);
    assert_eq!((table.source_port()[0], table.tos()[0], table.ip_version()), (53, 0x2e, &[4, 6, 0][..]));
}

#[test]
fn counters_leave_no_record_and_unknown_samples_one_without_weight() {
    let mut bench = Bench::new(&Needs::default());
    let samples = [tagged(2, &[0; 88]), tagged(4, &[0; 88]), tagged(99, &[1, 2, 3, 4]), tagged(4096 + 1, &[7; 8])];
    assert_eq!(bench.read(&datagram(1, &samples)), None);
    assert_eq!((bench.table.packets(), bench.table.in_interface()), (&[0, 0][..], &[0, 0][..]));
}

#[test]
fn samples_are_left_by_their_own_length() {
    let mut bench = Bench::new(&Needs::default());
    let head = words(&[1, 7, 400, 4000, 0, 7, 8, 1]);
    let padded = tagged(1, &[head, raw(11, 40, &tcp_packet()), vec![0; 12]].concat());
    assert_eq!(bench.read(&datagram(1, &[padded, sample(&[raw(11, 50, &tcp_packet())])])), None);
    assert_eq!(bench.table.sampled_bytes(), [40, 50]);
}

#[test]
fn icmp_fragments_and_strangers_have_the_ports_that_they_have() {
    let mut bench = Bench::new(&Needs::default());
    let packet = |protocol: u8, fragment: u8, rest: &[u8]| {
        let ip = [0x45, 0, 0, 40, 0, 0, 0, fragment, 64, protocol, 0, 0, 10, 1, 2, 3, 192, 0, 2, 1];
        raw(11, 40, &[&ip[..], rest].concat())
    };
    let samples = [
        sample(&[packet(1, 0, &[8, 3, 0, 0, 0, 0, 0, 0])]),
        sample(&[packet(17, 5, &[0, 53, 0, 53, 0, 0, 0, 0])]),
        sample(&[packet(17, 0, &[0, 53, 0, 53, 0])]),
        sample(&[packet(50, 0, &[0, 53, 0, 53, 0, 0, 0, 0])]),
    ];
    assert_eq!(bench.read(&datagram(1, &samples)), None);
    assert_eq!(bench.table.source_port(), [8, 0, 0, 0]);
    assert_eq!((bench.table.destination_port()[0], bench.table.protocol()), (3, &[1, 17, 17, 50][..]));
}

#[test]
fn large_rates_and_lengths_are_multiplied_in_64_bits() {
    let mut bench = Bench::new(&Needs::default());
    let head = words(&[1, 7, u32::MAX, 4000, 0, 7, 8, 1]);
    let sample = tagged(1, &[head, raw(11, u32::MAX, &tcp_packet())].concat());
    assert_eq!(bench.read(&datagram(1, &[sample])), None);
    assert_eq!(bench.table.bytes(), [u64::from(u32::MAX) * u64::from(u32::MAX)]);
}

#[test]
fn broken_lengths_are_reasons_and_leave_what_was_read() {
    let mut bench = Bench::new(&Needs::default());
    let whole = datagram(1, &[sample(&[raw(11, 40, &tcp_packet())]), sample(&[raw(11, 40, &tcp_packet())])]);
    assert_eq!(bench.read(&whole[..whole.len() - 4]), Some(TOO_SHORT));
    assert_eq!(bench.table.len(), 1);
    assert_eq!(bench.read(&whole[..20]), Some(TOO_SHORT));
    assert_eq!(bench.read(&[&whole[..], &[1, 2, 3, 4]].concat()), Some(TRAILING_BYTES));
    let huge = [words(&[1, u32::MAX - 1])].concat();
    assert_eq!(bench.read(&datagram(1, &[huge])), Some(TOO_SHORT));
    let lying = tagged(1, &[words(&[11, 40, 0, u32::MAX - 2]), tcp_packet()].concat());
    assert_eq!(bench.read(&datagram(1, &[sample(&[lying])])), Some(BAD_SAMPLE));
    assert_eq!((bench.table.len(), bench.table.bytes().last()), (4, Some(&16_000)), "its length is told all the same");
    let endless = words(&[1, 7, 400, 4000, 0, 7, 8, u32::MAX]);
    assert_eq!(bench.read(&datagram(1, &[tagged(1, &endless)])), Some(BAD_SAMPLE));
}

#[test]
fn a_sample_that_is_broken_costs_those_behind_it_nothing() {
    let mut bench = Bench::new(&Needs::default());
    let broken = sample(&[tagged(1001, &[0; 4])]);
    let too_short = tagged(3, &words(&[1, 2]));
    let whole = sample(&[raw(11, 40, &tcp_packet())]);
    assert_eq!(bench.read(&datagram(1, &[broken, too_short, whole])), Some(BAD_SAMPLE));
    assert_eq!(bench.table.destination_port(), [0, 443]);
}

#[test]
fn datagrams_that_never_came_are_counted() {
    let mut bench = Bench::new(&Needs::default());
    for sequence in [5, 6, 10] {
        bench.read(&datagram(sequence, &[sample(&[raw(11, 40, &tcp_packet())])]));
    }
    assert_eq!((bench.table.lost_datagrams(), bench.ledger.flow_datagrams_lost), (&[0, 0, 3][..], 3));
}

proptest! {
    #[test]
    fn any_samples_come_to_their_end(
        samples in prop::collection::vec((0_u32..6, prop::collection::vec(any::<u8>(), 0..200)), 0..6),
        counted in any::<u32>(),
    ) {
        let mut bench = Bench::new(&Needs::all());
        let samples: Vec<_> = samples.into_iter().map(|(tag, content)| tagged(tag, &content)).collect();
        let mut payload = datagram(1, &samples);
        payload[24..28].copy_from_slice(&counted.to_be_bytes());
        bench.read(&payload);
        prop_assert!(bench.table.len() <= samples.len());
    }
}
