//! Tight groups against groups that have all the room they need.

use std::collections::HashMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::tests::{Packet, batch, policy_of};
use super::super::{KeyValue, key_values};
use super::*;
use crate::engine::PolicyConfig;
use crate::metric::{MetricState, Shape, TopItems};

const VLANS: u16 = 6;

/// Groups of packets by VLAN, with metrics of each kind that can be packed.
fn fed(packets: &[Packet], size: usize, is_tight: bool) -> Groups {
    let rows = json!(["and", ["passed"], ["gt", "packet.bytes", 99]]);
    let metrics: Value = json!([
        {"kind": "counter", "feeds": [{"where": ["passed"]}], "group": 0},
        {"kind": "counter", "feeds": [{"where": rows, "column": "packet.bytes"}], "group": 0},
        {"kind": "cardinality", "feeds": [{"where": ["passed"], "column": "ip.src"}], "group": 0},
        {"kind": "top", "feeds": [{"where": rows, "column": "ip.src", "weight": "packet.bytes"}], "group": 0},
        {"kind": "top", "feeds": [{"where": rows, "column": "ip.src"}], "group": 0},
    ]);
    let handler = json!({"table": "packet", "groups": [{"by": ["vlan.id"], "most": 100}], "metrics": metrics});
    let policy = policy_of(&json!({"handlers": [handler]}), PolicyConfig::default());
    let mut worker = policy.worker(100 * crate::window::NANOSECONDS, false);
    if is_tight {
        worker.change_state(|state| state.groups[0].tighten(usize::MAX, &mut Chunk::default()));
    }
    packets.chunks(size).for_each(|packets| worker.process(&batch(packets)));
    let mut fed = None;
    worker.change_state(|state| {
        let copy = state.groups[0].clone();
        fed = Some(std::mem::replace(&mut state.groups[0], copy));
    });
    fed.expect("the groups themselves, since copies take less")
}

/// Rows of some VLANs, the heavier the greater its number.
fn any_packets() -> impl Strategy<Value = Vec<Packet>> {
    let packet = (0_u8..200, 0_u32..2_000, 1_u16..1 << VLANS);
    prop::collection::vec(packet, 1..900).prop_map(|packets| {
        let vlan = |at: u16| 16 - at.leading_zeros() as u16;
        packets.into_iter().map(|(sender, bytes, at)| (100, sender, bytes, vlan(at))).collect()
    })
}

/// Its bounds of an item, by its bytes; of those that it does not have.
fn bounds(metric: &MetricState, item: &[u8]) -> (u64, u64) {
    let Shape::Items(_, TopItems::Frequent(top)) = metric.shape() else { panic!("a list") };
    let known = top.top(usize::MAX).into_iter().find(|entry| entry.item == item);
    known.map_or((0, top.maximum_error()), |entry| (entry.lower_bound, entry.upper_bound))
}

fn sums(packets: &[Packet], vlan: u64, weight: fn(&Packet) -> u64) -> HashMap<Vec<u8>, u64> {
    let mut sums = HashMap::new();
    for packet in packets.iter().filter(|packet| u64::from(packet.3) == vlan && packet.2 > 99) {
        let mut source = [0; 16];
        source[10..].copy_from_slice(&[0xff, 0xff, 10, 0, 0, packet.1]);
        *sums.entry(source.to_vec()).or_default() += weight(packet);
    }
    sums
}

fn vlan_of(groups: &Groups, key: &[u8]) -> u64 {
    match key_values(groups.plan(), key, &crate::enrich::geo::Places::default())[..] {
        [KeyValue::Number(vlan)] => vlan,
        ref other => panic!("{other:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn tight_groups_count_as_others_do_and_bounds_of_their_lists_hold(packets in any_packets(), size in 1_usize..300) {
        let (roomy, tight) = (fed(&packets, size, false), fed(&packets, size, true));
        prop_assert_eq!(roomy.keys(), tight.keys());
        for (key, rows) in roomy.keys() {
            let (expected, found) = (roomy.metrics(Some(key)), tight.metrics(Some(key)));
            prop_assert_eq!([expected[0].count(), expected[1].count()], [found[0].count(), found[1].count()]);
            let estimate = |metric: &MetricState| match metric.shape() {
                Shape::Estimate(estimate) => estimate,
                other => panic!("{other:?}"),
            };
            let (expected, counted) = (estimate(&expected[2]), estimate(&found[2]));
            // Few values that meet in a register are chance: five of 35 do in none of a million runs.
            prop_assert!((expected - counted).abs() <= 5.0 + 0.05 * expected, "{expected} or {counted} of {rows}");
            for (metric, weight) in [(3, (|packet| u64::from(packet.2)) as fn(&Packet) -> u64), (4, |_| 1)] {
                for (item, sum) in sums(&packets, vlan_of(&tight, key), weight) {
                    let (lower, upper) = bounds(&found[metric], &item);
                    prop_assert!(lower <= sum && sum <= upper, "{lower} <= {sum} <= {upper}");
                }
            }
        }
    }

    #[test]
    fn tight_groups_of_two_workers_are_as_one_workers(packets in any_packets(), at in 0_usize..900) {
        let (first, second) = packets.split_at(at.min(packets.len()));
        let mut merged = fed(first, 100, true);
        merged.merge_worker(&fed(second, 100, true));
        let whole = fed(&packets, 100, true);
        prop_assert_eq!(whole.keys(), merged.keys());
        for (key, _) in whole.keys() {
            let counts = |groups: &Groups| [0, 1].map(|metric| groups.metrics(Some(key))[metric].count());
            prop_assert_eq!(counts(&whole), counts(&merged));
            for (item, sum) in sums(&packets, vlan_of(&whole, key), |packet| u64::from(packet.2)) {
                let (lower, upper) = bounds(&merged.metrics(Some(key))[3], &item);
                prop_assert!(lower <= sum && sum <= upper, "{lower} <= {sum} <= {upper}");
            }
        }
        prop_assert_eq!(merged.content_bytes, merged.measured_bytes());
    }
}

/// So many packets of each VLAN in turn.
fn rounds(vlans: u16, rounds: usize) -> Vec<Packet> {
    (0..rounds).flat_map(|round| (1..=vlans).map(move |vlan| (100, round as u8, 100, vlan))).collect()
}

#[test]
fn light_groups_leave_their_lists_out_and_say_so_and_heavy_ones_have_them_again() {
    let packets = [rounds(40, 20), (0..200).map(|at| (100, at as u8 % 4, 1_000, 7)).collect()].concat();
    let policy_groups = fed(&packets, 64, true);
    let lists = |vlan: u64| {
        let keys = policy_groups.keys();
        let (key, _) = keys.iter().find(|(key, _)| vlan_of(&policy_groups, key) == vlan).expect("a group");
        let metrics = policy_groups.metrics(Some(key));
        let Shape::Items(_, TopItems::Frequent(top)) = metrics[3].shape() else { panic!("a list") };
        (top.len(), top.maximum_error(), top.stream_weight())
    };
    assert_eq!(lists(8), (0, 2_000, 2_000), "any item may have weighed all of it");
    let (items, error, weight) = lists(7);
    assert_eq!((items, weight), (4, 2_000 + 200_000));
    assert!((2_000..100_000).contains(&error), "{error}: what came before it had lists");
}

#[test]
fn tight_groups_take_a_fraction_and_what_is_told_is_what_they_take() {
    let packets: Vec<Packet> = (0..40_000_u32).map(|at| (100, (at / 7) as u8, 100, (at % 100) as u16)).collect();
    let (roomy, tight) = (fed(&packets, 1_000, false), fed(&packets, 1_000, true));
    assert!(tight.own_bytes() < roomy.own_bytes() * 2 / 3, "{} of {}", tight.own_bytes(), roomy.own_bytes());
    assert_eq!(tight.content_bytes, tight.measured_bytes());
}

#[test]
fn lists_stay_with_the_heaviest_and_then_the_lightest_groups_join_the_other() {
    let packets = rounds(90, 100);
    let mut groups = fed(&packets, 64, true);
    let mut work = Chunk::default();
    groups.keep_heaviest_lists(30, &mut work);
    assert_eq!(work.left_out, 90, "all are as heavy as the lightest that would stay");
    let bytes = groups.own_bytes();
    let joined = groups.make_room(&mut work, |groups| groups.own_bytes() > bytes / 4 * 3);
    assert!(joined > 0 && groups.len() as u64 + joined == 90, "{joined}");
    let shown: u64 = groups.keys().iter().map(|(key, _)| groups.metrics(Some(key))[0].count()).sum();
    assert_eq!(shown + groups.metrics(None)[0].count(), 9_000);
}

#[test]
fn a_copy_to_be_read_has_the_heaviest_groups_and_knows_how_many_there_are() {
    let packets = [rounds(50, 3), (0..100).map(|at| (100, at as u8, 100, 1 + at % 10)).collect()].concat();
    let groups = fed(&packets, 64, true);
    let copy = groups.heaviest(10);
    let heaviest: Vec<_> = groups.keys().into_iter().take(10).collect();
    assert_eq!(groups.heaviest_keys(10), heaviest);
    assert_eq!((copy.keys(), copy.len(), groups.len()), (heaviest, 50, 50));
    assert_eq!(groups.heaviest_keys(60), groups.keys());
    assert_eq!(groups.heaviest(50).len(), 50);
}
