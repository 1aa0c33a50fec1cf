//! NetFlow 9 and IPFIX: templates that come, change and go, and records of any layout.

use proptest::prelude::*;

use super::*;

/// Fields of a template as it is sent: element and width, or element, width and enterprise.
pub(super) fn field(element: u16, width: u16) -> Vec<u8> {
    [element.to_be_bytes(), width.to_be_bytes()].concat()
}

fn foreign(element: u16, width: u16, enterprise: u32) -> Vec<u8> {
    [field(element | 0x8000, width), enterprise.to_be_bytes().to_vec()].concat()
}

pub(super) fn set(number: u16, content: &[u8]) -> Vec<u8> {
    let length = content.len() as u16 + 4;
    [&number.to_be_bytes()[..], &length.to_be_bytes()[..], content].concat()
}

pub(super) fn template(number: u16, fields: &[Vec<u8>]) -> Vec<u8> {
    [&number.to_be_bytes()[..], &(fields.len() as u16).to_be_bytes()[..], &fields.concat()].concat()
}

/// NetFlow 9, up for 10 s at 1,700,000,000 s.
pub(super) fn netflow9(sequence: u32, source_id: u32, sets: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = [9_u16.to_be_bytes(), [0, 77]].concat(); // nobody relies on the count
    for word in [10_000, 1_700_000_000, sequence, source_id] {
        bytes.extend(u32::to_be_bytes(word));
    }
    [bytes, sets.concat()].concat()
}

pub(super) fn ipfix(sequence: u32, domain: u32, sets: &[Vec<u8>]) -> Vec<u8> {
    let body = sets.concat();
    let mut bytes = [10_u16.to_be_bytes(), (16 + body.len() as u16).to_be_bytes()].concat();
    for word in [1_700_000_000, sequence, domain] {
        bytes.extend(u32::to_be_bytes(word));
    }
    [bytes, body].concat()
}

/// Source, destination, ports, protocol, bytes of three bytes, interface of one.
pub(super) fn usual() -> Vec<Vec<u8>> {
    vec![field(8, 4), field(12, 4), field(7, 2), field(11, 2), field(4, 1), field(1, 3), field(10, 1)]
}

pub(super) fn usual_record(last_octet: u8) -> Vec<u8> {
    vec![10, 1, 2, last_octet, 192, 0, 2, 1, 0x9c, 0x40, 1, 187, 6, 1, 0, 0, 9]
}

pub(super) fn write_seeds() {
    let options = [[257_u16, 4, 8].map(u16::to_be_bytes).concat(), field(1, 4), field(34, 4), field(35, 1)].concat();
    let define = [set(0, &template(256, &usual())), set(1, &options), set(257, &[0, 0, 0, 1, 0, 0, 0, 50, 2, 0])];
    let records = set(256, &[usual_record(1), usual_record(2)].concat());
    write_seed("netflow9", &[netflow9(1, 7, &define), netflow9(2, 7, std::slice::from_ref(&records))]);
    let fields = [usual(), vec![foreign(96, u16::MAX, 9)]].concat();
    let record = [usual_record(1), vec![255, 0, 3, b'a', b'b', b'c']].concat();
    let define = set(2, &[template(256, &fields), vec![1, 1, 0, 0]].concat());
    write_seed("ipfix", &[ipfix(0, 7, &[define]), ipfix(0, 7, &[set(256, &record)])]);
}

impl Bench {
    fn rows(&self) -> Vec<u8> {
        self.table.source().iter().map(|source| source[15]).collect()
    }
}

#[test]
fn records_are_laid_out_as_their_template_says() {
    let mut bench = Bench::new(&Needs::all());
    let sets = [set(0, &template(256, &usual())), set(256, &[usual_record(1), usual_record(2), vec![0, 0]].concat())];
    assert_eq!(bench.read(&netflow9(1, 7, &sets)), None);
    let table = &bench.table;
    assert_eq!((bench.rows(), table.version()[1], table.source_id()[1]), (vec![1, 2], 9, 7));
    assert_eq!((table.ip_version()[1], table.destination()[1][12..].to_vec()), (4, vec![192, 0, 2, 1]));
    assert_eq!((table.bytes()[1], table.in_interface()[1], table.protocol()[1]), (65536, 9, 6));
    assert_eq!((table.source_port()[1], table.destination_port()[1]), (40_000, 443));
}

#[test]
fn records_wait_for_their_template_and_have_the_time_when_they_came() {
    let mut bench = Bench::new(&Needs::default());
    assert_eq!(bench.read(&netflow9(1, 7, &[set(256, &usual_record(1))])), None);
    assert_eq!(bench.table.len(), 0);
    assert_eq!(bench.read(&netflow9(2, 8, &[set(0, &template(256, &usual()))])), None, "of another source");
    assert_eq!(bench.table.len(), 0);
    bench.now_s = 100;
    assert_eq!(bench.read(&netflow9(2, 7, &[set(0, &template(256, &usual()))])), None);
    assert_eq!((bench.rows(), bench.table.time_ns()[0]), (vec![1], 42 * SECOND));
}

#[test]
fn what_waits_too_long_or_is_too_much_is_given_up_and_counted() {
    let mut bench = Bench::new(&Needs::default());
    bench.read(&netflow9(1, 7, &[set(256, &usual_record(1))]));
    bench.decoder.settle(43 * SECOND, &mut bench.ledger);
    assert_eq!(bench.ledger.evicted.flow_sets, 0);
    bench.decoder.settle(1_000 * SECOND, &mut bench.ledger);
    assert_eq!(bench.ledger.evicted.flow_sets, 1);
    let large = set(256, &[0; 1400]);
    let faults: Vec<_> = (0..60).map(|number| bench.read(&netflow9(number, 7, std::slice::from_ref(&large)))).collect();
    assert_eq!((faults[0], faults[59]), (None, Some(super::super::NO_TEMPLATE)));
    assert!(bench.decoder.memory_bytes() < 1 << 17);
}

#[test]
fn a_new_definition_takes_the_place_of_the_old_one_and_a_withdrawal_ends_it() {
    let mut bench = Bench::new(&Needs::default());
    bench.read(&ipfix(0, 7, &[set(2, &template(256, &usual())), set(256, &usual_record(1))]));
    let turned: Vec<_> = usual().into_iter().rev().collect();
    let record = vec![9, 1, 0, 0, 6, 1, 187, 0x9c, 0x40, 192, 0, 2, 1, 10, 1, 2, 2];
    bench.read(&ipfix(1, 7, &[set(2, &template(256, &turned)), set(256, &record)]));
    assert_eq!(bench.rows(), [1, 2]);
    bench.read(&ipfix(2, 7, &[set(2, &[1, 0, 0, 0]), set(256, &usual_record(3))]));
    assert_eq!(bench.rows(), [1, 2], "it is withdrawn");
    bench.read(&ipfix(3, 7, &[set(2, &[template(256, &usual()), template(257, &usual())].concat())]));
    assert_eq!(bench.rows(), [1, 2, 3], "the record has waited");
    bench.read(&ipfix(3, 7, &[set(2, &[0, 2, 0, 0]), set(257, &usual_record(4))]));
    assert_eq!(bench.rows(), [1, 2, 3], "all are withdrawn");
}

#[test]
fn templates_of_other_exporters_domains_and_versions_are_others() {
    let mut bench = Bench::new(&Needs::default());
    bench.read(&netflow9(1, 7, &[set(0, &template(256, &usual()))]));
    bench.read(&ipfix(0, 7, &[set(256, &usual_record(1))]));
    let other = Datagram { payload: &netflow9(1, 7, &[set(256, &usual_record(1))]), exporter: [1; 16], time_ns: 0 };
    bench.decoder.decode(&other, &mut bench.table, &mut bench.ledger);
    assert_eq!(bench.table.len(), 0);
    bench.read(&netflow9(2, 7, &[set(256, &usual_record(1))]));
    assert_eq!(bench.table.len(), 1);
}

#[test]
fn sets_without_template_and_options_cost_the_rest_of_the_datagram_nothing() {
    let mut bench = Bench::new(&Needs::default());
    let options = [256 + 1, 4, 8].map(u16::to_be_bytes).concat();
    let options = [options, field(1, 4), field(34, 4), field(35, 1)].concat();
    let sets = [
        set(1, &options),
        set(257, &[0, 0, 0, 1, 0, 0, 0, 50, 2, 0]),
        set(999, &[1, 2, 3]),
        set(77, &[1]),
        set(0, &template(256, &usual())),
        set(256, &usual_record(5)),
    ];
    assert_eq!(bench.read(&netflow9(1, 7, &sets)), None);
    assert_eq!(bench.rows(), [5]);
    let table = &bench.table;
    assert_eq!((table.sampling_interval()[0], table.sampling_mode()[0]), (50, 2));
    assert_eq!((table.bytes()[0], table.scaled_bytes()[0]), (65536, 50 * 65536));
}

#[test]
fn samplers_that_options_tell_of_are_those_of_the_records_that_name_them() {
    let mut bench = Bench::new(&Needs::default());
    let options = [258_u16, 4, 1].map(u16::to_be_bytes).concat();
    let options = [options, field(302, 2), field(305, 4), field(306, 4), field(304, 2)].concat();
    let of = |sampler: u8, skipped: u8| vec![0, sampler, 0, 0, 0, 1, 0, 0, 0, skipped, 0, 1];
    let fields = [usual(), vec![field(302, 1)]].concat();
    let sets = [
        set(3, &options),
        set(258, &[of(1, 9), of(2, 99)].concat()),
        set(2, &template(256, &fields)),
        set(256, &[[usual_record(1), vec![2]].concat(), [usual_record(2), vec![1]].concat()].concat()),
    ];
    assert_eq!(bench.read(&ipfix(0, 7, &sets)), None);
    assert_eq!(bench.table.sampling_interval(), [100, 10]);
}

#[test]
fn a_sampler_that_nobody_names_is_that_of_all_records_while_it_is_the_only_one() {
    let mut bench = Bench::new(&Needs::default());
    let options = [258_u16, 2, 1].map(u16::to_be_bytes).concat();
    let define = [set(3, &[options, field(302, 2), field(50, 4)].concat()), set(2, &template(256, &usual()))];
    bench.read(&ipfix(0, 7, &define));
    let tell = |sampler: u8, interval: u8| set(258, &[0, sampler, 0, 0, 0, interval]);
    for told in [tell(1, 10), tell(1, 20), tell(2, 30), tell(1, 10)] {
        bench.read(&ipfix(0, 7, &[told, set(256, &usual_record(1))]));
    }
    assert_eq!(bench.table.sampling_interval(), [10, 20, 0, 0]);
}

#[test]
fn ways_of_sampling_beyond_the_bound_are_counted() {
    let mut bench = Bench::new(&Needs::default());
    let options = [258_u16, 2, 1].map(u16::to_be_bytes).concat();
    bench.read(&ipfix(0, 7, &[set(3, &[options, field(302, 2), field(50, 4)].concat())]));
    for sampler in 0..5_000_u16 {
        let record = [&sampler.to_be_bytes()[..], &[0, 0, 0, 9]].concat();
        bench.read(&ipfix(0, 7, &[set(258, &record)]));
    }
    bench.decoder.settle(42 * SECOND, &mut bench.ledger);
    assert_eq!(bench.ledger.evicted.templates, 5_000 - (1 << 12));
}

#[test]
fn addresses_are_of_the_family_that_is_there() {
    let mut bench = Bench::new(&Needs::default());
    let six = |last: u8| [[0x20, 1, 0xd, 0xb8].to_vec(), vec![0; 11], vec![last]].concat();
    let both = [field(8, 4), field(12, 4), field(27, 16), field(28, 16)];
    let record = |four: u8, six_last: u8| {
        let zero = |last: u8, address: Vec<u8>| if last == 0 { vec![0; address.len()] } else { address };
        let four_of = |last: u8| zero(last, vec![10, 0, 0, last]);
        let six_of = |last: u8| zero(last, six(last));
        [four_of(four), four_of(four), six_of(six_last), six_of(six_last)].concat()
    };
    let with_version = [both.to_vec(), vec![field(60, 1)]].concat();
    let sets = [
        set(2, &[template(256, &both[2..]), template(257, &both), template(258, &with_version)].concat()),
        set(256, &[six(1), six(1)].concat()),
        set(257, &[record(2, 0), record(0, 3)].concat()),
        set(258, &[[record(4, 5), vec![4]].concat(), [record(4, 5), vec![6]].concat()].concat()),
    ];
    assert_eq!(bench.read(&ipfix(0, 7, &sets)), None);
    assert_eq!((bench.rows(), bench.table.ip_version()), (vec![1, 2, 3, 4, 5], &[6, 4, 6, 4, 6][..]));
}

#[test]
fn reversed_and_foreign_elements_take_nothing_from_the_forward_ones() {
    let mut bench = Bench::new(&Needs::default());
    let fields = [
        vec![foreign(1, 8, 29305), field(180, 2)],
        usual(),
        vec![field(183, 2), foreign(7, 2, 29305), foreign(96, u16::MAX, 9)],
    ];
    let name = vec![255, 0, 3, b'a', b'b', b'c'];
    let record = |last| [vec![0, 0, 0, 0, 0, 0, 0, 1, 0, 53], usual_record(last), vec![0, 80, 0, 81], name.clone()];
    let sets = [set(2, &template(256, &fields.concat())), set(256, &[record(1), record(2)].concat().concat())];
    assert_eq!(bench.read(&ipfix(0, 7, &sets)), None);
    assert_eq!((bench.rows(), bench.table.bytes()), (vec![1, 2], &[65536, 65536][..]));
    assert_eq!((bench.table.source_port()[1], bench.table.destination_port()[1]), (40_000, 443));
}

#[test]
fn times_are_said_in_many_ways() {
    let mut bench = Bench::new(&Needs::default());
    let ways: [(&[Vec<u8>], Vec<u8>); 4] = [
        (&[field(22, 4), field(21, 4)], [1_000_u32, 2_500].map(u32::to_be_bytes).concat()),
        (&[field(150, 4), field(161, 4)], [1_699_999_991_u32, 1_500].map(u32::to_be_bytes).concat()),
        (&[field(152, 8), field(153, 8)], [1_699_999_991_000_u64, 1_699_999_992_500].map(u64::to_be_bytes).concat()),
        (&[field(158, 4), field(159, 4)], [9_000_000_u32, 7_500_000].map(u32::to_be_bytes).concat()),
    ];
    for (at, (fields, record)) in ways.iter().enumerate() {
        let number = 256 + at as u16;
        bench.read(&netflow9(at as u32, 7, &[set(0, &template(number, fields)), set(number, record)]));
    }
    let start_ns = 1_699_999_991 * SECOND;
    assert_eq!(bench.table.start_time_ns(), [start_ns; 4]);
    assert_eq!(bench.table.end_time_ns(), [start_ns + 3 * SECOND / 2; 4]);
}

#[test]
fn what_was_lost_is_told_by_the_numbers_of_records_or_of_datagrams() {
    let mut bench = Bench::new(&Needs::default());
    let sets = [set(2, &template(256, &usual()))];
    bench.read(&ipfix(10, 7, &sets));
    let records = |many: usize| [set(256, &vec![usual_record(1); many].concat())];
    bench.read(&ipfix(10, 7, &records(3)));
    bench.read(&ipfix(18, 7, &records(2)));
    assert_eq!(bench.table.lost(), [0, 0, 0, 5, 0]);
    bench.read(&netflow9(5, 7, &[set(0, &template(256, &usual())), set(256, &usual_record(1))]));
    bench.read(&netflow9(9, 7, &[set(256, &usual_record(1))]));
    assert_eq!(bench.table.lost_datagrams()[5..], [0, 3]);
    assert_eq!((bench.ledger.flow_records_lost, bench.ledger.flow_datagrams_lost), (5, 3));
}

#[test]
fn broken_sets_and_templates_are_reasons_and_never_a_loop() {
    use super::super::{BAD_SET, BAD_TEMPLATE, TOO_SHORT};
    let mut bench = Bench::new(&Needs::default());
    for length in 0..4_u8 {
        assert_eq!(bench.read(&netflow9(1, 7, &[vec![1, 0, 0, length, 1, 1]])), Some(BAD_SET));
        assert_eq!(bench.read(&ipfix(1, 7, &[vec![0, 2, 0, length, 1, 1]])), Some(BAD_SET));
    }
    assert_eq!(bench.read(&netflow9(1, 7, &[vec![0; 40]])), None, "zeros are padding");
    let with_template = [set(0, &template(256, &usual())), vec![1, 0, 255, 255], usual_record(1)];
    assert_eq!(bench.read(&netflow9(1, 7, &with_template)), Some(TOO_SHORT));
    assert_eq!(bench.table.len(), 1, "what is there of a set that is cut counts");
    let many = [&256_u16.to_be_bytes()[..], &u16::MAX.to_be_bytes()[..], &field(8, 4)].concat();
    assert_eq!(bench.read(&netflow9(1, 7, &[set(0, &many)])), Some(BAD_TEMPLATE));
    assert_eq!(bench.read(&ipfix(1, 7, &[set(2, &template(300, &[field(8, 0)]))])), Some(BAD_TEMPLATE));
    assert_eq!(bench.read(&ipfix(1, 7, &[set(2, &template(3, &usual()))])), Some(BAD_TEMPLATE));
    assert_eq!(bench.read(&[0, 10, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), Some(BAD_SET));
}

#[test]
fn templates_that_describe_nothing_cost_their_neighbours_nothing() {
    use super::super::BAD_TEMPLATE;
    let usual = usual();
    for (payload, reason) in [
        (netflow9(1, 7, &[set(0, &[template(256, &[]), template(257, &usual)].concat())]), Some(BAD_TEMPLATE)),
        (ipfix(1, 7, &[set(2, &[template(256, &[field(8, 0)]), template(257, &usual)].concat())]), Some(BAD_TEMPLATE)),
        (ipfix(1, 7, &[set(2, &[template(258, &usual), template(257, &usual), vec![0; 3]].concat())]), None),
    ] {
        let mut bench = Bench::new(&Needs::default());
        assert_eq!(bench.read(&payload), reason);
        let is_ipfix = payload[1] == 10;
        let records = [set(257, &usual_record(1))];
        bench.read(&if is_ipfix { ipfix(1, 7, &records) } else { netflow9(2, 7, &records) });
        assert_eq!(bench.rows(), [1]);
    }
}

#[test]
fn a_field_without_width_takes_nothing_from_one_that_has_one() {
    let mut bench = Bench::new(&Needs::default());
    let fields = [vec![field(1, 0), field(8, 0), field(7, 0)], vec![field(85, 4)], usual()].concat();
    let record = [vec![0, 0, 0, 9], usual_record(1)].concat();
    bench.read(&netflow9(1, 7, &[set(0, &template(256, &fields)), set(256, &record)]));
    assert_eq!((bench.rows(), bench.table.source_port()[0], bench.table.bytes()[0]), (vec![1], 40_000, 65536));
}

#[test]
fn lists_and_texts_of_any_length_are_stepped_over() {
    let mut bench = Bench::new(&Needs::default());
    let any = u16::MAX;
    let lists = [field(291, any), field(292, any), field(293, any), foreign(1, any, 35632), field(83, any)];
    let fields = [lists[..3].to_vec(), usual(), lists[3..].to_vec()].concat();
    let list = [vec![255, 1, 4], vec![7; 260]].concat();
    let record = |last| [list.clone(), vec![0], vec![3, 1, 2, 3], usual_record(last), vec![0], vec![2, b'e', b'0']];
    let records = [record(1).concat(), record(2).concat(), vec![0, 0, 0]].concat();
    assert_eq!(bench.read(&ipfix(0, 7, &[set(2, &template(256, &fields)), set(256, &records)])), None);
    assert_eq!(bench.rows(), [1, 2]);
}

#[test]
fn events_of_a_firewall_have_their_time_and_the_addresses_behind_translation() {
    let mut bench = Bench::new(&Needs::default());
    let seen_ms = 1_699_999_991_000_u64;
    let start_ms = seen_ms - 500;
    let event = [field(323, 8), field(233, 1), field(33002, 2), field(40000, 20), field(231, 4), field(232, 4)];
    let translated = [field(225, 4), field(226, 4), field(227, 2), field(228, 2), field(148, 4)];
    let older = [field(40001, 4), field(40002, 4), field(40003, 2), field(40004, 2), field(152, 8)];
    let ends = usual()[..5].to_vec();
    let fields = |translated: &[Vec<u8>]| [ends.clone(), event.to_vec(), translated.to_vec()].concat();
    let record = |rest: &[u8]| {
        let told = [vec![2, 0x03, 0xe9], vec![b'a'; 20], vec![0, 0, 2, 0, 0, 0, 1, 0]].concat();
        let translated = [203, 0, 113, 1, 203, 0, 113, 2, 0x10, 0, 0x20, 0];
        [&usual_record(1)[..13], &seen_ms.to_be_bytes(), &told, &translated, rest].concat()
    };
    let define = [set(0, &[template(256, &fields(&translated)), template(257, &fields(&older))].concat())];
    bench.read(&netflow9(1, 7, &define));
    let sets = [set(256, &record(&[0, 0, 0, 9])), set(257, &record(&start_ms.to_be_bytes()))];
    assert_eq!(bench.read(&netflow9(2, 7, &sets)), None);
    let table = &bench.table;
    assert_eq!((table.bytes(), table.packets()), (&[512, 512][..], &[0, 0][..]));
    assert_eq!(table.firewall_event(), [2, 2]);
    for row in 0..2 {
        assert_eq!((table.nat_source()[row][15], table.nat_destination()[row][15]), (1, 2));
        assert_eq!((table.nat_source_port()[row], table.nat_destination_port()[row]), (0x1000, 0x2000));
    }
    let seen_ns = 1_699_999_991 * SECOND;
    assert_eq!((table.start_time_ns(), table.end_time_ns()), (&[seen_ns, seen_ns - SECOND / 2][..], &[seen_ns; 2][..]));
}

#[test]
fn records_of_packets_tell_what_their_headers_do() {
    let mut bench = Bench::new(&Needs::all());
    let packet = super::sflow::tcp_packet();
    let frame = [super::sflow::ethernet(&[0x81, 0, 0, 42]), packet.clone()].concat();
    let options = [258_u16, 3, 1].map(u16::to_be_bytes).concat();
    let options = [options, field(302, 2), field(305, 4), field(306, 4)].concat();
    let of_frames = template(256, &[field(10, 4), field(312, 2), field(315, u16::MAX), field(323, 8)]);
    let of_packets = template(257, &[field(410, 2), field(313, packet.len() as u16)]);
    let seen_ms = 1_699_999_991_000_u64.to_be_bytes();
    let six = [&[0x60, 0, 0, 0, 0, 8, 17, 64][..], &[0x20; 16], &[0x30; 16]].concat();
    let records = [vec![0, 0, 0, 5, 5, 220, frame.len() as u8], frame, seen_ms.to_vec()].concat();
    let sets = [
        set(2, &[of_frames, of_packets].concat()),
        set(3, &options),
        set(258, &[0, 1, 0, 0, 0, 1, 0, 0, 0, 99]),
        set(256, &records),
        set(257, &[&[0, 40][..], &packet, &[0, 48], &six].concat()),
    ];
    assert_eq!(bench.read(&ipfix(0, 7, &sets)), None);
    let table = &bench.table;
    assert_eq!((table.len(), table.is_sample(), table.ip_version()), (3, &[1; 3][..], &[4, 4, 6][..]));
    assert_eq!((table.sampled_bytes(), table.sampled_packets()), (&[1500, 40, 48][..], &[1; 3][..]));
    assert_eq!((table.packets()[0], table.bytes()[0], table.in_interface()[0]), (100, 150_000, 5));
    assert_eq!((table.source()[0][15], table.destination_port()[0], table.source_vlan()[0]), (3, 443, 42));
    assert_eq!(bench.text(table.source_mac(), 0).as_deref(), Some("02:00:00:00:00:02"));
    assert_eq!(
        (table.source()[2][0], table.protocol()[2], table.start_time_ns()[0]),
        (0x20, 17, 1_699_999_991 * SECOND)
    );
}

#[test]
fn a_flow_with_the_beginning_of_a_packet_is_no_sample() {
    let mut bench = Bench::new(&Needs::default());
    let packet = super::sflow::tcp_packet();
    let fields = [field(2, 4), field(1, 4), field(34, 4), field(313, packet.len() as u16)];
    let record = [&[0, 0, 0, 7, 0, 0, 2, 0, 0, 0, 0, 10][..], &packet].concat();
    assert_eq!(bench.read(&ipfix(0, 7, &[set(2, &template(256, &fields)), set(256, &record)])), None);
    let table = &bench.table;
    assert_eq!((table.is_sample()[0], table.packets()[0], table.bytes()[0]), (0, 7, 512));
    assert_eq!((table.source()[0][15], table.destination_port()[0]), (3, 443));
}

#[test]
fn options_of_ipfix_tell_when_their_exporter_started() {
    let mut bench = Bench::new(&Needs::default());
    let fields = [usual(), vec![field(22, 4), field(21, 4)]].concat();
    let record = [usual_record(1), [1_000_u32, 2_500].map(u32::to_be_bytes).concat()].concat();
    let options = [[258_u16, 2, 1].map(u16::to_be_bytes).concat(), field(149, 4), field(160, 8)].concat();
    let started_ms = 1_699_999_990_000_u64;
    let told = [&[0, 0, 0, 7], &started_ms.to_be_bytes()[..]].concat();
    let define = [set(2, &template(256, &fields)), set(256, &record), set(3, &options), set(258, &told)];
    bench.read(&ipfix(0, 7, &define));
    bench.read(&ipfix(0, 8, &[set(2, &template(256, &fields)), set(256, &record)]));
    bench.read(&ipfix(0, 7, &[set(256, &record)]));
    let start_ns = started_ms as i64 * (SECOND / 1_000);
    assert_eq!(bench.table.start_time_ns(), [0, 0, start_ns + SECOND], "before, of another part, and behind");
    assert_eq!(bench.table.end_time_ns()[2], start_ns + 5 * SECOND / 2);
}

#[test]
fn a_flood_of_templates_costs_its_exporter_alone() {
    let mut bench = Bench::new(&Needs::default());
    bench.read(&netflow9(0, 0, &[set(0, &template(256, &usual()))]));
    for domain in 0..5_000_u32 {
        let payload = ipfix(0, domain, &[set(2, &template(256 + (domain % 60_000) as u16, &usual()))]);
        let flood = Datagram { payload: &payload, exporter: [9; 16], time_ns: 42 * SECOND };
        bench.decoder.decode(&flood, &mut bench.table, &mut bench.ledger);
    }
    bench.decoder.settle(42 * SECOND, &mut bench.ledger);
    assert!(bench.ledger.evicted.templates > 3_900 && bench.decoder.memory_bytes() < 2 << 20);
    bench.read(&netflow9(1, 0, &[set(256, &usual_record(1))]));
    assert_eq!(bench.rows(), [1]);
}

#[test]
fn a_flood_of_exporters_has_a_bound() {
    let mut bench = Bench::new(&Needs::default());
    let payload = ipfix(0, 7, &[set(2, &template(256, &usual()))]);
    for number in 0..100_000_u32 {
        let mut exporter = ROUTER;
        exporter[12..].copy_from_slice(&number.to_be_bytes());
        let flood = Datagram { payload: &payload, exporter, time_ns: 42 * SECOND };
        bench.decoder.decode(&flood, &mut bench.table, &mut bench.ledger);
    }
    bench.decoder.settle(42 * SECOND, &mut bench.ledger);
    assert!(bench.ledger.evicted.templates >= 100_000 - 2 * (1 << 14));
    assert!(bench.decoder.memory_bytes() < 64 << 20);
}

proptest! {
    #[test]
    fn any_sets_come_to_their_end(
        is_ipfix in any::<bool>(),
        sets in prop::collection::vec((0_u16..300, prop::collection::vec(any::<u8>(), 0..300)), 0..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bench = Bench::new(&Needs::all());
        let define = set(if is_ipfix { 2 } else { 0 }, &template(256, &usual()));
        let sets: Vec<_> = sets.into_iter().map(|(number, content)| set(number, &content)).collect();
        let whole = |sets: &[Vec<u8>]| if is_ipfix { ipfix(1, 7, sets) } else { netflow9(1, 7, sets) };
        bench.read(&whole(&[define]));
        let payload = whole(&sets);
        bench.read(&payload[..cut.index(payload.len() + 1).min(payload.len())]);
        bench.decoder.settle(i64::MAX, &mut bench.ledger);
        prop_assert!(bench.decoder.memory_bytes() < 1 << 20);
    }
}
