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
