//! Laws: however rows are split into batches and workers, and whether groups keep them apart, windows are the same; also of
//! flow records, which have no packets. And what memory makes of groups loses nothing uncounted.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::tests::{image, policy_of};
use super::*;
use crate::decode::Batch;
use crate::engine::{Policy, PolicyConfig};
use crate::enrich::geo::Places;
use crate::memory::{Account, Holder, Step};
use crate::metric::MetricState;
use crate::table::{FlowRow, PacketRow};
use crate::window::{Merged, NANOSECONDS};

/// A packet or a flow record: second, address, bytes, VLAN or interface.
#[derive(Debug, Clone)]
struct Event {
    second: i64,
    is_flow: bool,
    address: u8,
    bytes: u32,
    place: u16,
}

const METRICS_OF_A_GROUP: usize = 5;

/// The metrics of a table: in groups of both columns, or of all rows that meet a condition.
fn metrics(table: &str, address: &str, bytes: &str, group: Option<usize>) -> Vec<Value> {
    let large = json!(["and", ["passed"], ["gt", bytes, 99]]);
    let source = if table == "flow" { "flow.dst" } else { address };
    vec![
        json!({"kind": "counter", "feeds": [{"where": ["passed"]}], "group": group}),
        json!({"kind": "counter", "feeds": [{"where": large, "column": bytes}], "group": group}),
        json!({"kind": "cardinality", "feeds": [{"where": ["passed"], "column": source}], "group": group}),
        json!({"kind": "top", "feeds": [{"where": large, "column": source, "weight": bytes}], "group": group}),
        json!({"kind": "distribution", "feeds": [{"where": ["passed"], "column": bytes}], "group": group}),
    ]
}

fn packets(keep: Option<Value>, group: Option<usize>) -> Value {
    let groups: Vec<Value> = group.iter().map(|_| json!({"by": ["vlan.id"], "most": 100})).collect();
    let metrics = metrics("packet", "ip.src", "packet.bytes", group);
    json!({"table": "packet", "keep": keep, "groups": groups, "metrics": metrics})
}

fn flows(keep: Option<Value>, group: Option<usize>) -> Value {
    let by = json!({"by": ["flow.exporter", "flow.in_interface"], "most": 100});
    let groups: Vec<Value> = group.iter().map(|_| by.clone()).collect();
    json!({"table": "flow", "keep": keep, "groups": groups, "metrics": metrics("flow", "flow.dst", "flow.bytes", group)})
}

fn policy(handlers: &[Value], memory: &Arc<Account>) -> Arc<Policy> {
    let handlers: Vec<Value> = handlers
        .iter()
        .map(|handler| {
            let mut handler = handler.clone();
            handler.as_object_mut().unwrap().retain(|_, value| !value.is_null());
            handler
        })
        .collect();
    policy_of(
        &json!({"handlers": handlers}),
        PolicyConfig { periods: 4, memory: memory.clone(), ..PolicyConfig::default() },
    )
}

fn address(last: u8) -> [u8; 16] {
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, last]
}

fn batch(events: &[Event]) -> Batch {
    let mut batch = Batch::default();
    for Event { second, is_flow, address: last, bytes, place } in events.iter().cloned() {
        let time_ns = second * NANOSECONDS;
        if is_flow {
            let (exporter, destination) = (address(place as u8 % 2), address(last));
            let row = FlowRow { time_ns, exporter, destination, in_interface: place.into(), ..FlowRow::EMPTY };
            batch.flows.push(&FlowRow { bytes: bytes.into(), ..row });
        } else {
            let source = address(last);
            batch.packets.push(&PacketRow { time_ns, source, bytes, vlan: place, ..PacketRow::EMPTY });
        }
    }
    batch
}

/// Runs events through a policy: cut into batches of these sizes in turn, which go to so many workers in turn. Of several workers
/// all hear at the same event that a window ends, as those hear it that share the packets of a file.
fn run(policy: &Arc<Policy>, events: &[Event], workers: usize, sizes: &[usize]) {
    let start_ns = events[0].second * NANOSECONDS;
    let mut all: Vec<_> = (0..workers).map(|_| policy.worker(start_ns, true)).collect();
    let (mut rest, mut at) = (events, 0);
    while !rest.is_empty() {
        let now_ns = rest[0].second * NANOSECONDS;
        let mut size = sizes[at % sizes.len()].min(rest.len());
        if workers > 1 {
            all.iter_mut().for_each(|worker| worker.advance(now_ns));
            let last_ns = all[0].last_ns();
            size = rest[..size].iter().take_while(|event| event.second * NANOSECONDS <= last_ns).count();
        }
        let (now, later) = rest.split_at(size);
        all[at % workers].process(&batch(now));
        (rest, at) = (later, at + 1);
    }
    let last_ns = events.last().map_or(0, |event| event.second * NANOSECONDS);
    all.iter_mut().for_each(|worker| worker.finish(last_ns));
}

fn any_events() -> impl Strategy<Value = Vec<Event>> {
    let event = (0i64..4, any::<bool>(), 0u8..90, 0u32..2000, 0u16..4);
    prop::collection::vec(event, 1..400).prop_map(|events| {
        let mut second = 100;
        let event = |(step, is_flow, address, bytes, place)| {
            second += i64::from(step == 3);
            Event { second, is_flow, address, bytes, place }
        };
        events.into_iter().map(event).collect()
    })
}

fn windows(policy: &Policy) -> Vec<Merged> {
    policy.store().windows().iter().filter_map(|(number, _)| policy.store().window(*number)).collect()
}

/// The images of some metrics.
type Images = Vec<Vec<u8>>;

/// What a window says: its ungrouped metrics, then those of each group by its key.
fn shown(window: &Merged) -> (Images, Vec<BTreeMap<Vec<u8>, Images>>) {
    let images = |metrics: &[MetricState]| metrics.iter().map(image).collect::<Images>();
    let grouped = |groups: &Groups| {
        groups.keys().iter().map(|(key, _)| (key.to_vec(), images(&groups.metrics(Some(key))))).collect()
    };
    (images(&window.state.metrics), window.state.groups.iter().map(grouped).collect())
}

/// The bytes of an item of a key where it is a number: VLAN and interface stand last.
fn place_of(groups: &Groups, key: &[u8]) -> u64 {
    match key_values(groups.plan(), key, &Places::default()).pop() {
        Some(KeyValue::Number(place)) => place,
        other => panic!("{other:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn any_split_into_batches_and_workers_gives_the_same_windows(
        events in any_events(), workers in 1usize..4, sizes in prop::collection::vec(1usize..90, 1..5)
    ) {
        let memory = Arc::default();
        let handlers = [packets(None, Some(0)), packets(None, None), flows(None, Some(0)), flows(None, None)];
        let (whole, split) = (policy(&handlers, &memory), policy(&handlers, &memory));
        run(&whole, &events, 1, &[1]);
        run(&split, &events, workers, &sizes);
        let (whole, split) = (windows(&whole), windows(&split));
        prop_assert_eq!(whole.len(), split.len());
        for (one, other) in whole.iter().zip(&split) {
            prop_assert_eq!((one.number, one.end_ns), (other.number, other.end_ns));
            prop_assert!(shown(one) == shown(other), "window {}", one.number);
        }
    }

    #[test]
    fn groups_together_are_what_is_not_grouped_and_each_is_what_its_rows_alone_are(
        events in any_events(), workers in 1usize..4, sizes in prop::collection::vec(1usize..90, 1..5)
    ) {
        let memory = Arc::default();
        let grouped = policy(&[packets(None, Some(0)), packets(None, None), flows(None, Some(0)), flows(None, None)], &memory);
        run(&grouped, &events, workers, &sizes);
        let places: BTreeSet<u16> = events.iter().map(|event| event.place).collect();
        let alone: BTreeMap<u64, Vec<Merged>> = places.into_iter().map(|place| {
            let handlers = [packets(Some(json!(["eq", "vlan.id", place])), None), flows(Some(json!(["eq", "flow.in_interface", place])), None)];
            let alone = policy(&handlers, &memory);
            run(&alone, &events, workers, &sizes);
            (u64::from(place), windows(&alone))
        }).collect();
        for (at, window) in windows(&grouped).iter().enumerate() {
            for (table, groups) in window.state.groups.iter().enumerate() {
                let mut merged = groups.metrics(Some(b"no key"));
                for (key, _) in groups.keys() {
                    let metrics = groups.metrics(Some(key));
                    let own = &alone[&place_of(groups, key)][at].state.metrics[table * METRICS_OF_A_GROUP..][..METRICS_OF_A_GROUP];
                    prop_assert!(metrics.iter().map(image).eq(own.iter().map(image)), "window {} table {}", at, table);
                    merged.iter_mut().zip(&metrics).for_each(|(all, one)| all.merge(one, true));
                }
                let whole = &window.state.metrics[table * METRICS_OF_A_GROUP..][..METRICS_OF_A_GROUP];
                prop_assert!(merged.iter().map(image).eq(whole.iter().map(image)), "window {} table {} together", at, table);
            }
        }
    }

    #[test]
    fn where_memory_is_short_every_row_is_in_a_group_or_among_the_others(
        events in any_events(), workers in 1usize..3, size in 1usize..90, budget in 1usize..400_000
    ) {
        let memory: Arc<Account> = Arc::default();
        memory.set_budget(budget);
        let policy = policy(&[packets(None, Some(0)), packets(None, None), flows(None, Some(0)), flows(None, None)], &memory);
        run(&policy, &events, workers, &[size]);
        for window in windows(&policy) {
            for (table, groups) in window.state.groups.iter().enumerate() {
                let rows: u64 = groups.keys().iter().map(|(_, rows)| rows).sum();
                let counted = window.state.metrics[table * METRICS_OF_A_GROUP].count();
                prop_assert_eq!(rows + groups.refused().0, counted);
                let groups_count: u64 = groups.keys().iter().map(|(key, _)| groups.metrics(Some(key))[0].count()).sum();
                prop_assert_eq!(groups_count + groups.metrics(None)[0].count(), counted);
            }
        }
        drop(policy);
        prop_assert_eq!(memory.total(), 0);
    }
}

/// Rows of one second: `heavy` of VLAN 1 and one each of others.
fn uneven(second: i64, heavy: usize, others: std::ops::Range<u16>) -> Vec<Event> {
    let event = |place| Event { second, is_flow: false, address: 1, bytes: 100, place };
    let mut events = vec![event(1); heavy];
    events.extend(others.map(event));
    events
}

#[test]
fn the_lightest_groups_go_first_and_no_group_comes_back_with_a_part_of_its_rows() {
    let memory: Arc<Account> = Arc::default();
    let plan = json!({"handlers": [{"table": "packet", "groups": [{"by": ["vlan.id"], "most": 4000}], "metrics": [
        {"kind": "counter", "feeds": [{"where": ["passed"]}], "group": 0}
    ]}]});
    let policy = policy_of(&plan, PolicyConfig { periods: 2, memory: memory.clone(), ..PolicyConfig::default() });
    let mut worker = policy.worker(100 * NANOSECONDS, false);
    worker.process(&batch(&uneven(100, 500, 2..1000)));
    memory.set_budget(memory.total()); // all of it is held: what can give way does
    worker.process(&batch(&uneven(101, 1, 2..3)));
    let left = |policy: &Policy| {
        let window = policy.read(0, 0).unwrap();
        let groups = &window.state.groups[0];
        (
            groups.keys().len(),
            groups.keys().first().map(|(_, rows)| *rows),
            groups.refused().0,
            window.state.ledger.evicted.groups,
        )
    };
    let (groups, heaviest, others, evicted) = left(&policy);
    assert!((1..900).contains(&groups), "{groups}");
    assert_eq!((heaviest, others), (Some(501), 1500 - 501 - groups as u64), "VLAN 2 stays, with its two rows");
    assert_eq!((evicted, memory.given(Step::LightGroups)), (999 - groups as u64, 999 - groups as u64));

    memory.set_budget(0); // room again: those that have left stay among the others in this window
    worker.process(&batch(&uneven(102, 0, 2..1000)));
    assert_eq!(left(&policy).0, groups);
    worker.process(&batch(&uneven(200, 0, 2..1000)));
    assert_eq!(left(&policy).0, 998, "the next window begins anew");
}

#[test]
fn windows_give_way_from_the_oldest_on_and_the_newest_closed_one_stays() {
    let memory: Arc<Account> = Arc::default();
    let plan = json!({"handlers": [{"table": "packet", "metrics": [
        {"kind": "top", "feeds": [{"where": ["passed"], "column": "ip.src"}]}
    ]}]});
    let policy = policy_of(&plan, PolicyConfig { periods: 5, memory: memory.clone(), ..PolicyConfig::default() });
    let mut worker = policy.worker(0, false);
    for second in [0, 60, 120, 180, 240] {
        let senders = |last| Event { second, is_flow: false, address: last, bytes: 100, place: last.into() };
        let mut many = batch(&(0..250).map(senders).collect::<Vec<_>>());
        for at in 0..5000_u32 {
            let mut source = address(0);
            source[..4].copy_from_slice(&at.to_le_bytes());
            many.packets.push(&PacketRow { time_ns: second * NANOSECONDS, source, ..PacketRow::EMPTY });
        }
        worker.process(&many);
    }
    let before = memory.held(Holder::Windows);
    memory.set_budget(before * 10 / 9);
    worker.process(&batch(&uneven(241, 1, 0..0)));
    assert!(memory.given(Step::TopLists) > 0 && memory.given(Step::TopLists) < 5, "the oldest lists alone");
    assert_eq!((memory.given(Step::Windows), policy.store().available()), (0, 5));
    memory.set_budget(1);
    worker.process(&batch(&uneven(242, 1, 0..0)));
    assert_eq!((memory.given(Step::Windows), policy.store().available()), (3, 2));
    let newest = policy.read(0, 0).unwrap();
    let top = match newest.state.metrics[0].shape() {
        crate::metric::Shape::Items(_, crate::metric::TopItems::Frequent(top)) => {
            (top.stream_weight(), top.len() <= 96)
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(top, (5252, true), "a list that gave way knows still how much there was");
}
