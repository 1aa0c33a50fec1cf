//! Sets that make no sense, and floods.

use proptest::prelude::*;

use super::*;

#[test]
fn broken_sets_and_templates_are_reasons_and_never_a_loop() {
    use super::super::super::{BAD_SET, BAD_TEMPLATE, TOO_SHORT};
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
    use super::super::super::BAD_TEMPLATE;
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
