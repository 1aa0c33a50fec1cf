//! Grouped metrics against the same metrics over the rows of each group alone.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::decode::Batch;
use crate::engine::{Policy, PolicyConfig};
use crate::enrich::geo::Places;
use crate::metric::Items;
use crate::plan::{Slot, compile};
use crate::table::PacketRow;
use crate::window::NANOSECONDS;

/// A packet: second, sender, size, VLAN.
pub(super) type Packet = (i64, u8, u32, u16);

fn metrics(group: Option<usize>) -> Value {
    let rows = json!(["and", ["passed"], ["gt", "packet.bytes", 99]]);
    json!([
        {"kind": "counter", "feeds": [{"where": ["passed"]}], "group": group},
        {"kind": "counter", "feeds": [{"where": rows, "column": "packet.bytes"}], "group": group},
        {"kind": "cardinality", "feeds": [{"where": ["passed"], "column": "ip.src"}], "group": group},
        {"kind": "top", "feeds": [{"where": rows, "column": "ip.src", "weight": "packet.bytes"}], "group": group},
        {"kind": "distribution", "feeds": [{"where": rows, "column": "packet.bytes"}], "group": group},
        {"kind": "rate", "feeds": [{"where": ["passed"]}], "group": group},
    ])
}

fn policy(handler: Value, periods: usize) -> Arc<Policy> {
    policy_of(&json!({"handlers": [handler]}), PolicyConfig { periods, ..PolicyConfig::default() })
}

pub(super) fn policy_of(plan: &Value, config: PolicyConfig) -> Arc<Policy> {
    Arc::new(Policy::new(compile(&plan.to_string()).unwrap(), PolicyConfig { seed: 7, ..config }))
}

fn grouped(most: usize, periods: usize) -> Arc<Policy> {
    let groups = json!({"by": ["vlan.id"], "most": most});
    policy(json!({"table": "packet", "groups": [groups], "metrics": metrics(Some(0))}), periods)
}

fn alone(vlan: u16, periods: usize) -> Arc<Policy> {
    let keep = json!(["eq", "vlan.id", vlan]);
    policy(json!({"table": "packet", "keep": keep, "metrics": metrics(None)}), periods)
}

pub(super) fn batch(packets: &[Packet]) -> Batch {
    let mut batch = Batch::default();
    for (second, sender, bytes, vlan) in packets {
        let mut source = [0; 16];
        source[10..].copy_from_slice(&[0xff, 0xff, 10, 0, 0, *sender]);
        let row = PacketRow { time_ns: second * NANOSECONDS, source, bytes: *bytes, vlan: *vlan, ..PacketRow::EMPTY };
        batch.packets.push(&row);
    }
    batch
}

/// Runs packets through a policy, by so many workers in turn, in batches of this size.
fn run(policy: &Arc<Policy>, packets: &[Packet], workers: usize, size: usize) {
    let start_ns = packets.first().map_or(0, |packet| packet.0 * NANOSECONDS);
    let mut all: Vec<_> = (0..workers).map(|_| policy.worker(start_ns, true)).collect();
    for (at, packets) in packets.chunks(size).enumerate() {
        all[at % workers].process(&batch(packets));
    }
    let last_ns = packets.last().map_or(0, |packet| packet.0 * NANOSECONDS);
    all.iter_mut().for_each(|worker| worker.finish(last_ns));
}

const ITEMS: fn(&Places) -> Items<'_> = |places| Items { places, seed: 7 };

/// The image of a metric; of a cardinality its estimate, since a sketch that was merged writes down that it was.
pub(super) fn image(metric: &MetricState) -> Vec<u8> {
    match metric.shape() {
        crate::metric::Shape::Estimate(estimate) => estimate.round().to_le_bytes().to_vec(),
        // Lists of groups have a smaller bound, which images tell.
        crate::metric::Shape::Items(_, crate::metric::TopItems::Frequent(top)) => {
            let mut items: Vec<_> =
                top.top(usize::MAX).iter().map(|entry| (entry.item.to_vec(), entry.estimate)).collect();
            items.sort_unstable();
            format!("{items:?}").into_bytes()
        }
        _ => metric.image(ITEMS(&Places::default())),
    }
}

/// The images of all metrics of each group, by its VLAN.
fn images(policy: &Policy, last: usize) -> BTreeMap<u64, Vec<Vec<u8>>> {
    let Some(window) = policy.read(0, last) else { return BTreeMap::new() };
    let places = Places::default();
    let groups = &window.state.groups[0];
    let image = |metrics: Vec<MetricState>| metrics.iter().map(image).collect();
    let keys = groups.keys().into_iter();
    keys.map(|(key, _)| match key_values(groups.plan(), key, &places)[..] {
        [KeyValue::Number(vlan)] => (vlan, image(groups.metrics(Some(key)))),
        ref other => panic!("{other:?}"),
    })
    .collect()
}

fn images_alone(policy: &Policy, last: usize) -> Vec<Vec<u8>> {
    let window = policy.read(0, last).unwrap();
    window.state.metrics.iter().map(image).collect()
}

fn any_packets() -> impl Strategy<Value = Vec<Packet>> {
    let steps = prop::collection::vec((0i64..3, 0u8..90, 0u32..2000, 0u16..4), 1..600);
    steps.prop_map(|steps| {
        let mut second = 100;
        let packet = |(step, sender, bytes, vlan)| {
            second += i64::from(step == 2);
            (second, sender, bytes, vlan)
        };
        steps.into_iter().map(packet).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_group_measures_what_its_rows_alone_would(
        packets in any_packets(), workers in 1usize..4, size in 1usize..100, periods in 1usize..4
    ) {
        let together = grouped(10, periods);
        run(&together, &packets, workers, size);
        let found = images(&together, periods);
        let vlans: std::collections::BTreeSet<u16> = packets.iter().map(|packet| packet.3).collect();
        for vlan in vlans {
            let alone = alone(vlan, periods);
            run(&alone, &packets, workers, size);
            let seen = images_alone(&alone, periods);
            match found.get(&u64::from(vlan)) {
                Some(group) => prop_assert!(group[..5] == seen[..5], "VLAN {}", vlan),
                None => prop_assert_eq!(&seen[0], &0_u64.to_le_bytes()),
            }
        }
    }

    #[test]
    fn groups_are_saved_and_come_back(packets in any_packets()) {
        let before = grouped(3, 2);
        run(&before, &packets, 1, 64);
        let saved: Vec<Vec<u8>> =
            before.store().windows().iter().filter_map(|(number, _)| before.save_window(*number)).collect();
        let after = grouped(3, 2);
        after.restore(saved.iter().map(Vec::as_slice)).unwrap();
        let rates_apart = |found: BTreeMap<u64, Vec<Vec<u8>>>| -> BTreeMap<u64, Vec<Vec<u8>>> {
            found.into_iter().map(|(vlan, images)| (vlan, images[..5].to_vec())).collect()
        };
        prop_assert!(rates_apart(images(&before, 1)) == rates_apart(images(&after, 1)));
        let refused = |policy: &Policy| policy.read(0, 1).map(|window| window.state.groups[0].refused());
        prop_assert_eq!(refused(&before), refused(&after));
    }
}

#[test]
fn rates_of_a_group_know_the_seconds_in_which_only_others_sent() {
    let policy = grouped(10, 1);
    run(&policy, &[(100, 1, 100, 1), (101, 1, 100, 2), (102, 1, 100, 2), (103, 1, 100, 2)], 1, 10);
    let window = policy.read(0, 0).unwrap();
    let groups = &window.state.groups[0];
    let counts: Vec<u64> = groups
        .keys()
        .iter()
        .map(|(key, _)| match groups.metrics(Some(key))[5].shape() {
            crate::metric::Shape::Distribution { values, .. } => values.count(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(counts, [4, 3], "VLAN 2 and VLAN 1, whose last second is still open");
}

#[test]
fn what_the_bound_turns_away_goes_into_one_group_and_is_counted() {
    let policy = grouped(2, 1);
    let packets: Vec<Packet> = (0..1000).map(|at| (100, 1, 100, at as u16 % 100)).collect();
    run(&policy, &packets, 1, 64);
    let window = policy.read(0, 0).unwrap();
    let groups = &window.state.groups[0];
    assert_eq!(groups.keys().len(), 2);
    assert_eq!(groups.metrics(None)[0].count(), 980);
    let (rows, keys) = groups.refused();
    assert_eq!((rows, keys.round() as u64), (980, 98));
}

#[test]
fn a_small_group_takes_some_hundred_bytes_and_many_stay_below_the_bound() {
    let policy = grouped(100_000, 1);
    let packets: Vec<Packet> = (0..3 * 4096).map(|at| (100, at as u8, 100, at as u16 % 4096)).collect();
    run(&policy, &packets, 1, 4096);
    let window = policy.read(0, 0).unwrap();
    let groups = &window.state.groups[0];
    assert_eq!(groups.keys().len(), 4096);
    let bytes = groups.memory_bytes() / 4096;
    assert!(bytes < 400, "{bytes} bytes a group of three rows");
}

#[test]
fn groups_that_grow_beyond_the_bound_make_room_and_none_of_their_rows_is_lost() {
    let policy = grouped(100_000, 1);
    let packets: Vec<Packet> = (0..3 * 4096).map(|at| (100, at as u8, 100, at as u16 % 4096)).collect();
    run(&policy, &packets, 1, 4096);
    let mut groups = policy.read(0, 0).unwrap().state.groups[0].clone();
    groups.shrink();
    let bytes = groups.own_bytes();
    assert_eq!(groups.keep_bound(bytes, &mut Chunk::default()), 0, "within the bound");
    let joined = groups.keep_bound(bytes / 2, &mut Chunk::default());
    assert!(joined > 1024 && groups.own_bytes() < bytes * 3 / 4, "{joined} joined, {} bytes", groups.own_bytes());
    assert_eq!(groups.keys().len() as u64 + joined, 4096);
    let (rows, _) = groups.refused();
    assert_eq!((rows, groups.metrics(None)[0].count()), (3 * joined, 3 * joined));
}

#[test]
fn saved_windows_have_the_heaviest_groups_within_bounds_and_count_the_others() {
    let counter = json!({"kind": "counter", "feeds": [{"where": ["passed"]}], "group": 0});
    let groups = json!({"by": ["vlan.id"], "most": 50_000});
    let made = || policy(json!({"table": "packet", "groups": [groups], "metrics": [counter]}), 2);
    let (before, after) = (made(), made());
    let most = MOST_SHOWN as u16;
    let light = (1..=most + 500).map(|vlan| (100, 1, 100, vlan));
    let heavy = (most..=most + 500).map(|vlan| (100, 1, 100, vlan));
    run(&before, &light.chain(heavy).collect::<Vec<Packet>>(), 1, 4096);
    let saved: Vec<Vec<u8>> =
        before.store().windows().iter().filter_map(|(number, _)| before.save_window(*number)).collect();
    assert_eq!(after.restore(saved.iter().map(Vec::as_slice)), Ok(1));
    let restored = after.read(0, 1).unwrap().state;
    assert_eq!((restored.groups[0].len(), restored.ledger.evicted.groups), (MOST_SHOWN, 500));
    assert!(restored.groups[0].keys()[..501].iter().all(|(_, rows)| *rows == 2), "the heaviest are there");
    let window = before.read(0, 1).unwrap();
    let save = |most_bytes: usize| {
        let mut out = Vec::new();
        let left_out = window.state.groups[0].save(&mut out, ITEMS(before.places()), most_bytes);
        (out.len(), left_out)
    };
    let (nothing, all) = save(0);
    assert_eq!(all, MOST_SHOWN + 500);
    let (some, left_out) = save(1000);
    assert!(some <= nothing + 1002 && left_out > MOST_SHOWN, "{some} bytes, {left_out} left out");
    assert_eq!(window.state.ledger.evicted.groups, 0, "they are left out of what is saved alone");
}

#[test]
fn what_cannot_be_grouped_is_said() {
    let compiled = |groups: Value, metric: Value| {
        let handler = json!({"table": "packet", "groups": [groups], "metrics": [metric]});
        compile(&json!({"handlers": [handler]}).to_string())
    };
    let counter = json!({"kind": "counter", "feeds": [{}], "group": 0});
    let plan = compiled(json!({"by": ["vlan.id", "ip.src"], "most": 5}), counter.clone()).unwrap();
    assert_eq!(plan.slot(0, 0), Some(Slot::Grouped { groups: 0, metric: 0 }));
    let message = compiled(json!({"by": ["vlan.id"], "most": 0}), counter).unwrap_err().message;
    assert!(message.contains("keeps 1 to 1048576 groups, not 0"), "{message}");
    let ledger = json!({"kind": "ledger", "entry": "seen", "group": 0});
    let message = compiled(json!({"by": ["vlan.id"], "most": 1}), ledger).unwrap_err().message;
    assert!(message.contains("can't be grouped"), "{message}");
}

#[test]
fn breakdowns_beside_each_other_read_columns_of_their_own_types() {
    let groups = json!([{"by": ["vlan.id"], "most": 10}, {"by": ["ip.version"], "most": 10}]);
    let counter = |column: &str, group: usize| json!({"kind": "counter", "feeds": [{"where": ["passed"], "column": column}], "group": group});
    let senders = json!({"kind": "cardinality", "feeds": [{"where": ["passed"], "column": "ip.src"}], "group": 0});
    let policy =
        policy(json!({"table": "packet", "groups": groups, "metrics": [senders, counter("packet.bytes", 1)]}), 1);
    let packets: Vec<Packet> = (0..1000).map(|at| (100, at as u8, 70_000 + at, 5)).collect();
    run(&policy, &packets, 1, 100);
    let window = policy.read(0, 0).unwrap();
    let metric = |at: usize| {
        let groups = &window.state.groups[at];
        groups.metrics(Some(groups.keys()[0].0)).remove(0)
    };
    assert_eq!(f64::from_le_bytes(image(&metric(0)).try_into().unwrap()).round(), 256.0, "senders of the VLAN");
    assert_eq!(metric(1).count(), (0..1000).map(|at| 70_000 + at).sum::<u64>(), "bytes, though senders came before");
}
