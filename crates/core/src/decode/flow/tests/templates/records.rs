//! Records of any layout.

use super::*;

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
