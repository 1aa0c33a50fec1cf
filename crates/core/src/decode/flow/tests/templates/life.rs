//! Templates that come, change and go, and sets that wait for them.

use super::*;

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
    assert_eq!((faults[0], faults[59]), (None, Some(super::super::super::NO_TEMPLATE)));
    assert!(bench.decoder.memory_bytes() < 1 << 17);
}

#[test]
fn a_template_that_comes_too_late_reads_nothing_of_what_waited_whoever_settles() {
    let mut bench = Bench::new(&Needs::default());
    bench.read(&netflow9(1, 7, &[set(256, &usual_record(1))]));
    bench.now_s = 42 + 121;
    bench.read(&netflow9(2, 7, &[set(0, &template(256, &usual()))]));
    assert_eq!(bench.table.len(), 0);
    bench.decoder.settle(bench.now_s * SECOND, &mut bench.ledger);
    assert_eq!(bench.ledger.evicted.flow_sets, 1);
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
