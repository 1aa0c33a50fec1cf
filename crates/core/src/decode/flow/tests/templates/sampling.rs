//! What options and records tell of sampling, and records that carry a packet.

use super::*;

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
fn records_of_packets_tell_what_their_headers_do() {
    let mut bench = Bench::new(&Needs::all());
    let packet = super::super::sflow::tcp_packet();
    let frame = [super::super::sflow::ethernet(&[0x81, 0, 0, 42]), packet.clone()].concat();
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
    let packet = super::super::sflow::tcp_packet();
    let fields = [field(2, 4), field(1, 4), field(34, 4), field(313, packet.len() as u16)];
    let record = [&[0, 0, 0, 7, 0, 0, 2, 0, 0, 0, 0, 10][..], &packet].concat();
    assert_eq!(bench.read(&ipfix(0, 7, &[set(2, &template(256, &fields)), set(256, &record)])), None);
    let table = &bench.table;
    assert_eq!((table.is_sample()[0], table.packets()[0], table.bytes()[0]), (0, 7, 512));
    assert_eq!((table.source()[0][15], table.destination_port()[0]), (3, 443));
}
