//! What exporters of several vendors do that the specifications leave open, or that nobody would expect.

use super::templates::{field, ipfix, netflow9, set, template, usual, usual_record};
use super::*;

#[test]
fn zeros_behind_templates_are_padding_and_withdraw_nothing() {
    let mut bench = Bench::new(&Needs::default());
    let padded = [template(256, &usual()), vec![0; 4]].concat();
    assert_eq!(bench.read(&ipfix(0, 7, &[set(2, &padded), set(256, &usual_record(1))])), None);
    assert_eq!(bench.table.len(), 1);
    let of_options = set(3, &[0, 2, 0, 0]);
    assert_eq!(
        bench.read(&ipfix(1, 7, &[of_options])),
        Some(BAD_TEMPLATE),
        "only sets of templates withdraw all of them"
    );
    assert_eq!(bench.read(&ipfix(1, 7, &[set(256, &usual_record(1))])), None);
    assert_eq!(bench.table.len(), 2);
}

#[test]
fn records_are_counted_by_the_template_that_they_are_read_by() {
    let mut bench = Bench::new(&Needs::default());
    let narrow = [field(8, 4), field(4, 1)];
    let records = |many: usize| set(300, &[10, 0, 0, 1, 6].repeat(many));
    bench.read(&ipfix(0, 7, &[set(2, &template(300, &usual())), set(300, &usual_record(1))]));
    bench.read(&ipfix(1, 7, &[set(2, &template(300, &narrow)), records(17)]));
    bench.read(&ipfix(18, 7, &[records(2)]));
    assert_eq!((bench.table.len(), bench.ledger.flow_records_lost), (20, 0), "one took 17 bytes before");
    bench.read(&ipfix(20, 7, &[records(3), set(2, &[1, 44, 0, 0]), records(1)]));
    bench.read(&ipfix(24, 7, &[set(2, &template(300, &narrow)), records(1)]));
    bench.read(&ipfix(29, 7, &[records(1)]));
    assert_eq!(bench.ledger.flow_records_lost, 4, "of the withdrawn one nobody can tell the records");
}

#[test]
fn options_with_the_fields_of_all_ways_of_sampling_tell_of_the_one_that_they_take() {
    let ways = [field(34, 4), field(305, 4), field(306, 4), field(309, 4), field(310, 4)];
    let interval = |told: [u32; 5]| {
        let mut bench = Bench::new(&Needs::default());
        let options = [[258_u16, 6, 1].map(u16::to_be_bytes).concat(), field(143, 4), ways.concat()].concat();
        let told = [vec![0, 0, 0, 1], told.map(u32::to_be_bytes).concat()].concat();
        let sets = [set(3, &options), set(258, &told), set(2, &template(256, &usual())), set(256, &usual_record(1))];
        assert_eq!(bench.read(&ipfix(0, 7, &sets)), None);
        bench.table.sampling_interval()[0]
    };
    assert_eq!(interval([0, 0, 0, 1, 1000]), 1000);
    assert_eq!(interval([0, 1, 499, 0, 0]), 500);
    assert_eq!(interval([64, 0, 0, 0, 0]), 64);
    assert_eq!(interval([0; 5]), 0);
}

#[test]
fn a_sampler_that_options_do_not_tell_of_samples_as_they_say_for_all() {
    let mut bench = Bench::new(&Needs::default());
    let options = [[257_u16, 4, 4].map(u16::to_be_bytes).concat(), field(1, 4), field(34, 4)].concat();
    let fields = [usual(), vec![field(48, 1)]].concat();
    let sets = [
        set(1, &options),
        set(257, &[0, 0, 0, 1, 0, 0, 0, 128]),
        set(0, &template(256, &fields)),
        set(256, &[usual_record(1), vec![3]].concat()),
    ];
    assert_eq!(bench.read(&netflow9(1, 7, &sets)), None);
    assert_eq!(bench.table.sampling_interval(), [128]);
}

#[test]
fn of_translations_of_both_families_the_one_that_is_no_zero_counts() {
    let mut bench = Bench::new(&Needs::default());
    let fields = [usual(), vec![field(225, 4), field(281, 16), field(282, 16), field(226, 4)]].concat();
    let record = [usual_record(1), vec![203, 0, 113, 1], vec![0; 16], vec![0x20; 16], vec![0; 4]].concat();
    bench.read(&netflow9(1, 7, &[set(0, &template(256, &fields)), set(256, &record)]));
    let table = &bench.table;
    assert_eq!((table.nat_source()[0][12..].to_vec(), table.nat_destination()[0]), (vec![203, 0, 113, 1], [0x20; 16]));
}

#[test]
fn events_of_older_firewalls_and_frames_of_older_switches_have_numbers_of_their_own() {
    let mut bench = Bench::new(&Needs::default());
    let event = [usual(), vec![field(40005, 1)]].concat();
    let packet = [0x45, 0, 0, 40, 0, 0, 0, 0, 64, 17, 0, 0, 10, 1, 2, 9, 192, 0, 2, 1, 0, 53, 0, 99, 0, 20, 0, 0];
    let frame = [&[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0][..], &packet].concat();
    let sets = [
        set(0, &[template(256, &event), template(257, &[field(10, 4), field(104, 42)])].concat()),
        set(256, &[usual_record(1), vec![3]].concat()),
        set(257, &[vec![0, 0, 0, 5], frame].concat()),
    ];
    assert_eq!(bench.read(&netflow9(1, 7, &sets)), None);
    let table = &bench.table;
    assert_eq!((table.firewall_event(), table.is_sample()), (&[3, 0][..], &[0, 1][..]));
    assert_eq!((table.source()[1][15], table.source_port()[1], table.in_interface()[1]), (9, 53, 5));
}

#[test]
fn fields_of_netflow_9_may_have_any_width_too() {
    let mut bench = Bench::new(&Needs::default());
    let fields = [usual(), vec![field(236, u16::MAX), field(2, 4)]].concat();
    let record = |last, name: &[u8], packets| [usual_record(last), name.to_vec(), vec![0, 0, 0, packets]].concat();
    let long = [&[255, 1, 44][..], &[b'v'; 300]].concat();
    let records = [record(1, &[0], 7), record(2, b"\x03red", 8), record(3, &long, 9)].concat();
    let sets = [set(0, &template(256, &fields)), set(256, &records)];
    assert_eq!(bench.read(&netflow9(1, 7, &sets)), None);
    assert_eq!((bench.table.len(), bench.table.packets()), (3, &[7, 8, 9][..]));
    let cut = [record(4, &[0], 1), usual_record(5), vec![200, b'x', 0, 0, 0, 1]].concat();
    assert_eq!(bench.read(&netflow9(2, 7, &[set(256, &cut), set(256, &record(6, &[0], 2))])), Some(TOO_SHORT));
    assert_eq!(bench.table.packets()[3..], [1, 2], "what goes on beyond its set is told, and costs others nothing");
}

#[test]
fn ports_of_udp_and_of_tcp_may_be_fields_of_their_own() {
    let mut bench = Bench::new(&Needs::default());
    let ports = [180, 181, 182, 183].map(|element| field(element, 2));
    let fields = [vec![field(8, 4), field(12, 4)], ports.to_vec(), vec![field(4, 1)]].concat();
    let record = |ports: [u16; 4], protocol| {
        [vec![10, 0, 0, 1, 10, 0, 0, 2], ports.map(u16::to_be_bytes).concat(), vec![protocol]].concat()
    };
    let both = record([53, 4001, 443, 5001], 17);
    let records = [record([53, 4000, 0, 0], 17), record([0, 0, 443, 5000], 6), both].concat();
    let general = [field(8, 4), field(182, 2), field(7, 2)];
    let sets = [
        set(2, &[template(256, &fields), template(257, &general)].concat()),
        set(256, &records),
        set(257, &[10, 0, 0, 1, 1, 187, 0, 0]),
    ];
    assert_eq!(bench.read(&ipfix(0, 7, &sets)), None);
    assert_eq!(bench.table.source_port(), [53, 443, 53, 0], "what is said of all protocols counts first");
    assert_eq!(bench.table.destination_port(), [4000, 5000, 4001, 0]);
}

#[test]
fn a_template_for_both_families_has_type_and_code_of_either() {
    let mut bench = Bench::new(&Needs::default());
    let whole = [field(8, 4), field(139, 2), field(32, 2)];
    let parts = [field(8, 4), field(178, 1), field(176, 1), field(177, 1), field(179, 1)];
    let six = [field(8, 4), field(139, 2)];
    let sets = [
        set(0, &[template(256, &whole), template(257, &parts), template(258, &six)].concat()),
        set(256, &[10, 0, 0, 1, 0, 0, 8, 1, 10, 0, 0, 1, 128, 2, 0, 0]),
        set(257, &[10, 0, 0, 1, 0, 8, 3, 0, 10, 0, 0, 1, 129, 0, 0, 4]),
        set(258, &[10, 0, 0, 1, 135, 0]),
    ];
    assert_eq!(bench.read(&netflow9(1, 7, &sets)), None);
    assert_eq!(bench.table.icmp_type_code(), [0x0801, 0x8002, 0x0803, 0x8104, 0x8700]);
}

#[test]
fn what_is_summed_up_by_networks_has_their_prefixes_as_addresses() {
    let mut bench = Bench::new(&Needs::default());
    let four = [field(44, 4), field(9, 1), field(45, 4), field(13, 1), field(1, 4)];
    let six = [field(170, 16), field(29, 1), field(169, 16), field(30, 1)];
    let hosts = [field(44, 4), field(8, 4)];
    let sets = [
        set(0, &[template(256, &four), template(257, &six), template(258, &hosts)].concat()),
        set(256, &[10, 1, 0, 0, 16, 192, 0, 2, 0, 24, 0, 0, 0, 9]),
        set(257, &[vec![0x20; 16], vec![48], vec![0x30; 16], vec![32]].concat()),
        set(258, &[10, 1, 0, 0, 10, 1, 2, 3]),
    ];
    assert_eq!(bench.read(&netflow9(1, 7, &sets)), None);
    let table = &bench.table;
    assert_eq!(
        (table.ip_version(), table.source_mask(), table.destination_mask()),
        (&[4, 6, 4][..], &[16, 48, 0][..], &[24, 32, 0][..])
    );
    assert_eq!((table.destination()[0][12..].to_vec(), table.destination()[1]), (vec![192, 0, 2, 0], [0x30; 16]));
    assert_eq!(table.source()[2][12..], [10, 1, 2, 3], "of the host where it is told");
}

#[test]
fn templates_that_are_used_outlive_those_that_a_flood_tells() {
    let mut bench = Bench::new(&Needs::default());
    for domain in 0..3_000 {
        bench.now_s += 1;
        bench.read(&netflow9(domain, domain, &[set(0, &template(256, &usual()))]));
        bench.read(&netflow9(domain, 0, &[set(256, &usual_record(1))]));
    }
    bench.decoder.settle(bench.now_s * SECOND, &mut bench.ledger);
    assert_eq!(bench.table.len(), 3_000);
    assert!((3_000 - 1_024..3_000).contains(&bench.ledger.evicted.templates));
}
