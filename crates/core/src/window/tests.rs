//! Windows that survive: what one process writes down, another reads and goes on with.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::saved::GREATEST_RESTORED;
use super::*;
use crate::decode::Batch;
use crate::decode::app::dns;
use crate::engine::{Policy, PolicyConfig, PolicyWorker};
use crate::enrich::geo::testing::{address, open};
use crate::enrich::geo::{GeoKind, Places};
use crate::ledger::Malformed;
use crate::metric::{Items, MetricState};
use crate::plan::groups::{Groups, MOST_BYTES, MOST_GROUPS};
use crate::plan::{Enrichment, compile};
use crate::sketch::reader::{write_block, write_varint};
use crate::table::{PacketRow, Span};

const SECOND: i64 = NANOSECONDS;

/// A packet, with a DNS message if it has a name.
#[derive(Debug, Clone)]
struct Event {
    second: i64,
    source: usize,
    bytes: u32,
    name: Option<usize>,
}

const SOURCES: [&str; 6] = ["192.0.2.1", "192.0.2.7", "2001:db8::1", "198.51.100.9", "203.0.113.5", "0.0.0.0"];
const NAMES: [&str; 5] = ["www.example.com", "example.net", "", "a.b.c.example.org", "long-name.example"];

/// A metric of every kind, top lists of every kind of item, groups.
fn plan() -> Value {
    serde_json::from_str(include_str!("every_kind.json")).unwrap()
}

/// A policy of a process of its own: other hash seed, other numbers of places.
fn process(plan: &Value, periods: usize, seed: u64) -> Arc<Policy> {
    let places = Arc::new(Places::default());
    (0..seed).for_each(|number| {
        places.number(&format!("elsewhere {number}"), None);
    });
    let enrichment = Enrichment {
        city: Some(Arc::new(open("city.mmdb", GeoKind::City))),
        places,
        cache_entries: 16,
        ..Enrichment::default()
    };
    Arc::new(Policy::new(
        compile(&plan.to_string()).unwrap(),
        PolicyConfig { periods, enrichment, seed, ..PolicyConfig::default() },
    ))
}

fn batch(events: &[Event]) -> Batch {
    let mut batch = Batch::default();
    for (row, event) in events.iter().enumerate() {
        let time_ns = event.second * SECOND;
        batch.packets.push(&PacketRow {
            time_ns,
            bytes: event.bytes,
            source: address(SOURCES[event.source]),
            destination_port: event.bytes as u16 % 5,
            ..PacketRow::EMPTY
        });
        batch.ledger.seen += 1;
        batch.ledger.decoded += 1;
        if let Some(name) = event.name {
            let text = &mut batch.apps.dns.text;
            let qname = Span { start: text.len() as u32, length: NAMES[name].len() as u32 };
            text.extend(NAMES[name].as_bytes());
            batch.apps.dns.push(&dns::Row { time_ns, packet_row: row as u32, qname, ..dns::Row::EMPTY });
        }
    }
    batch
}

/// One batch per packet: the ledger of a batch counts into the window that is open at its end.
fn feed(worker: &mut PolicyWorker, events: &[Event]) {
    events.iter().for_each(|event| worker.process(&batch(std::slice::from_ref(event))));
}

/// Start, end, length, whether it is closed, and the state by what things are, not by what this process calls them.
type Shown = (i64, i64, i64, bool, Vec<u8>);

fn shown(policy: &Policy, window: &Merged) -> Shown {
    let mut bytes = Vec::new();
    window.state.save(&mut bytes, policy.plan(), Items { places: policy.places(), seed: 0 });
    (window.start_ns, window.end_ns, window.length_seconds, window.is_closed, bytes)
}

fn all_shown(policy: &Policy) -> Vec<Option<Shown>> {
    let ranges = (0..5).map(|back| (back, back)).chain((1..5).map(|last| (0, last)));
    ranges.map(|(first, last)| policy.read(first, last).map(|window| shown(policy, &window))).collect()
}

fn save_all(policy: &Policy) -> Vec<Vec<u8>> {
    policy.store().windows().iter().map(|(number, _)| policy.save_window(*number).unwrap()).collect()
}

fn restore(policy: &Policy, saved: &[Vec<u8>]) -> usize {
    policy.restore(saved.iter().map(Vec::as_slice)).unwrap()
}

fn count(policy: &Policy, back: usize) -> u64 {
    match &policy.read(back, back).unwrap().state.metrics[0] {
        MetricState::Counter(count) => count.0,
        other => panic!("{other:?} is no counter"),
    }
}

fn at(second: i64) -> Event {
    Event { second, source: 0, bytes: 100, name: Some(0) }
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = (0..250_i64, 0..SOURCES.len(), 0..2000_u32, prop::option::of(0..NAMES.len()));
    let event = event.prop_map(|(second, source, bytes, name)| Event { second, source, bytes, name });
    prop::collection::vec(event, 1..60).prop_map(|mut events| {
        events.sort_by_key(|event| event.second);
        events
    })
}

proptest! {
    #[test]
    fn a_restart_within_a_period_shows_nowhere(events in events(), cut in 0..60_usize) {
        let (unbroken, before, after) = (process(&plan(), 5, 1), process(&plan(), 5, 2), process(&plan(), 5, 3));
        let mut worker = unbroken.worker(events[0].second * SECOND, true);
        feed(&mut worker, &events);

        let mut worker = before.worker(events[0].second * SECOND, true);
        let mut cut = cut.min(events.len());
        feed(&mut worker, &events[..cut]);
        while cut < events.len() && events[cut].second * SECOND > worker.last_ns() {
            feed(&mut worker, &events[cut..=cut]);
            cut += 1;
        }
        let saved = save_all(&before);
        prop_assert_eq!(restore(&after, &saved), saved.len());
        prop_assert_eq!(all_shown(&after), all_shown(&before), "what is restored reads the same");
        prop_assert_eq!(save_all(&after), saved, "and is written the same");

        let start_ns = events[cut.min(events.len() - 1)].second * SECOND;
        let mut worker = after.worker(start_ns, true);
        feed(&mut worker, &events[cut..]);
        prop_assert_eq!(all_shown(&after), all_shown(&unbroken), "what goes on is as if it had never stopped");
        let numbers = |policy: &Policy| policy.store().windows();
        prop_assert_eq!(numbers(&after), numbers(&unbroken));
    }

    #[test]
    fn damaged_bytes_are_refused(place in any::<prop::sample::Index>(), flip in 1..=255_u8, cut in any::<bool>()) {
        let policy = process(&plan(), 5, 1);
        feed(&mut policy.worker(0, true), &[at(0), at(3)]);
        let mut bytes = policy.save_window(0).unwrap();
        let place = place.index(bytes.len());
        if cut { bytes.truncate(place) } else { bytes[place] ^= flip }
        prop_assert_eq!(restore(&process(&plan(), 5, 2), &[bytes]), 0);
    }
}

#[test]
fn an_open_window_whose_period_is_over_ends_where_it_was_left() {
    let (before, after) = (process(&plan(), 5, 1), process(&plan(), 5, 2));
    feed(&mut before.worker(10 * SECOND, true), &[at(10), at(12)]);
    assert_eq!(restore(&after, &save_all(&before)), 1);
    assert!(!after.read(0, 0).unwrap().is_closed, "nobody has said yet that it is over");
    let mut worker = after.worker(500 * SECOND, true);
    feed(&mut worker, &[at(501)]);
    let closed = after.read(1, 1).unwrap();
    assert_eq!((closed.end_ns, closed.is_closed, count(&after, 1)), (12 * SECOND, true, 2));
    assert_eq!((after.read(0, 0).unwrap().start_ns, count(&after, 0)), (500 * SECOND, 1));
    assert_eq!(after.store().windows(), [(0, true), (1, false)]);
    match &closed.state.metrics[1] {
        MetricState::Rate(rate) => assert_eq!((rate.0.live(), rate.0.distribution().count()), (0, 3)),
        other => panic!("{other:?} is no rate"),
    }
}

#[test]
fn windows_before_and_after_a_clock_was_set_begin_by_the_newest_clock() {
    for (correction_s, expected_s) in [(0, 1_000), (-500, 1_500), (500, 500)] {
        let policy = process(&plan(), 5, 1);
        let mut worker = policy.worker(1_000 * SECOND, true);
        feed(&mut worker, &[at(1_000), at(1_070)]);
        worker.correct(correction_s * SECOND);
        feed(&mut worker, &[at(1_130), at(1_140)]);
        let all = policy.read(0, 4).unwrap();
        assert_eq!((all.start_ns, all.length_seconds), (expected_s * SECOND, 140), "{correction_s}");
        assert_eq!(policy.read(2, 2).unwrap().start_ns, 1_000 * SECOND, "what the clock showed then");
    }
}

#[test]
fn a_window_from_the_future_is_over_and_a_single_window_never_is() {
    let before = process(&plan(), 1, 1);
    feed(&mut before.worker(100 * SECOND, true), &[at(100)]);
    let saved = save_all(&before);
    let (back_in_time, single) = (process(&plan(), 5, 2), process(&plan(), 1, 3));
    restore(&back_in_time, &saved);
    let worker = back_in_time.worker(50 * SECOND, true);
    assert_eq!(worker.last_ns(), 110 * SECOND - 1);
    restore(&single, &saved);
    feed(&mut single.worker(9000 * SECOND, true), &[at(9000)]);
    assert_eq!((count(&single, 0), single.read(0, 0).unwrap().start_ns), (2, 100 * SECOND));
}

#[test]
fn workers_agree_on_a_window_that_goes_on() {
    let (before, after) = (process(&plan(), 5, 1), process(&plan(), 5, 2));
    feed(&mut before.worker(0, true), &[at(0), at(61), at(70)]);
    restore(&after, &save_all(&before));
    let (mut one, mut two) = (after.worker(80 * SECOND, true), after.worker(81 * SECOND, true));
    assert_eq!((one.last_ns(), two.last_ns()), (121 * SECOND - 1, 121 * SECOND - 1));
    feed(&mut one, &[at(90), at(130)]);
    feed(&mut two, &[at(91)]);
    assert_eq!(after.store().windows(), [(0, true), (1, false), (2, false)], "one of them still has window 1 open");
    two.advance(131 * SECOND);
    assert_eq!(after.store().windows(), [(0, true), (1, true), (2, false)]);
    assert_eq!([count(&after, 0), count(&after, 1), count(&after, 2)], [1, 4, 1]);
}

#[test]
fn workers_of_a_file_go_on_with_the_same_window() {
    let (before, after) = (process(&plan(), 5, 1), process(&plan(), 5, 2));
    feed(&mut before.worker(0, true), &[at(0)]);
    restore(&after, &save_all(&before));
    let mut one = after.worker(30 * SECOND, false);
    feed(&mut one, &[at(30), at(60)]);
    let two = after.worker(30 * SECOND, false);
    assert_eq!(two.last_ns(), 60 * SECOND - 1);
}

#[test]
fn of_too_many_windows_the_newest_are_taken_and_numbers_only_grow() {
    let before = process(&plan(), 5, 1);
    let minutes: Vec<_> = (0..10).map(|minute| at(60 * minute)).collect();
    feed(&mut before.worker(0, true), &minutes);
    let saved = save_all(&before);
    let fewer = process(&plan(), 3, 2);
    assert_eq!(restore(&fewer, &saved), 3);
    assert_eq!(fewer.store().windows(), [(7, true), (8, true), (9, false)]);
    let without_one = process(&plan(), 5, 2);
    assert_eq!(restore(&without_one, &[saved[1].clone(), saved[4].clone()]), 2);
    assert_eq!(without_one.store().windows(), [(8, true), (9, false)], "no number is missing");
}

#[test]
fn windows_of_the_greatest_number_go_on_and_are_saved_again() {
    let before = process(&plan(), 5, 1);
    feed(&mut before.worker(0, true), &[at(0)]);
    let places = before.places();
    let mut window = SavedWindow::from_bytes(&before.save_window(0).unwrap(), before.plan(), places, 1).unwrap();
    window.first.number = 2 * GREATEST_RESTORED;
    let greatest = window.to_bytes(before.plan(), places);
    let after = process(&plan(), 5, 2);
    assert_eq!(restore(&after, &[greatest]), 1);
    feed(&mut after.worker(10 * SECOND, true), &[at(10), at(70), at(140)]);
    assert_eq!(restore(&process(&plan(), 5, 3), &save_all(&after)), 3);
}

#[test]
fn of_copies_of_a_window_the_closed_one_is_taken() {
    let before = process(&plan(), 5, 1);
    let mut worker = before.worker(0, true);
    feed(&mut worker, &[at(0)]);
    let open = before.save_window(0).unwrap();
    feed(&mut worker, &[at(30), at(60)]);
    let after = process(&plan(), 5, 2);
    assert_eq!(restore(&after, &[before.save_window(0).unwrap(), open]), 1);
    assert_eq!((after.store().windows(), count(&after, 1)), (vec![(0, true)], 2));
}

#[test]
fn windows_of_another_plan_are_left() {
    let before = process(&plan(), 5, 1);
    feed(&mut before.worker(0, true), &[at(0)]);
    let mut other = plan();
    other["handlers"][0]["keep"] = json!(["eq", "ip.version", 4]);
    assert_eq!(restore(&process(&other, 5, 1), &save_all(&before)), 0);
}

/// A plan whose metrics have names, which stand for what they count, too.
fn named(metrics: &[(&str, Option<usize>)]) -> Value {
    let metric = |(name, group): &(&str, Option<usize>)| json!({"kind": "counter", "feeds": [{}], "group": group, "identity": name, "meaning": "all packets"});
    let metrics: Vec<_> = metrics.iter().map(metric).collect();
    let groups = json!([{"by": ["ip.src"], "most": 3}, {"by": ["packet.bytes"], "most": 3}]);
    json!({"handlers": [{"table": "packet", "groups": groups, "metrics": metrics}]})
}

fn counts(policy: &Policy) -> Vec<u64> {
    policy.read(0, 0).unwrap().state.metrics.iter().map(MetricState::count).collect()
}

#[test]
fn a_plan_with_a_metric_more_or_less_keeps_the_windows_of_the_others() {
    let before = process(&named(&[("packets", None), ("former", None)]), 5, 1);
    feed(&mut before.worker(0, true), &[at(0), at(3)]);
    let mut changed = named(&[("new", None), ("packets", None)]);
    changed["handlers"][0]["metrics"][0]["feeds"][0]["column"] = json!("packet.bytes");
    let after = process(&changed, 5, 2);
    assert_eq!((restore(&after, &save_all(&before)), counts(&after)), (1, vec![0, 2]));
    changed["handlers"][0]["metrics"][1]["meaning"] = json!("some packets");
    assert_eq!(restore(&process(&changed, 5, 2), &save_all(&before)), 0, "nothing there means the same");
}

#[test]
fn metrics_that_share_their_place_are_found_by_each_of_their_names() {
    let before = process(&named(&[("quantiles", None), ("histogram", None)]), 5, 1);
    feed(&mut before.worker(0, true), &[at(0), at(3)]);
    let after = process(&named(&[("histogram", None)]), 5, 2);
    assert_eq!((restore(&after, &save_all(&before)), counts(&after)), (1, vec![2]));
}

#[test]
fn groups_are_found_by_their_metrics_and_new_metrics_of_theirs_begin_with_nothing() {
    let before = process(&named(&[("former", Some(0)), ("packets", Some(0)), ("sizes", Some(1))]), 5, 1);
    feed(&mut before.worker(0, true), &[at(0), at(3)]);
    let after = process(&named(&[("sizes", Some(1)), ("new", Some(0)), ("packets", Some(0))]), 5, 2);
    assert_eq!(restore(&after, &save_all(&before)), 1);
    let window = after.read(0, 0).unwrap();
    let shown = |groups: &Groups| -> Vec<Vec<u64>> {
        let counts = |(key, _): (&[u8], u64)| groups.metrics(Some(key)).iter().map(MetricState::count).collect();
        groups.keys().into_iter().map(counts).collect()
    };
    assert_eq!(window.state.groups.iter().map(shown).collect::<Vec<_>>(), [vec![vec![0, 2]], vec![vec![2]]]);
}

#[test]
fn groups_that_lie_about_their_number_take_no_more_memory_than_groups_may() {
    let metrics: Vec<String> = (0..64).map(|number| format!("metric {number}")).collect();
    let metrics: Vec<_> = metrics.iter().map(|name| (name.as_str(), Some(0))).collect();
    let mut plan = named(&metrics);
    plan["handlers"][0]["groups"][0]["most"] = json!(MOST_GROUPS);
    let policy = process(&plan, 5, 1);
    feed(&mut policy.worker(0, true), &[at(0)]);
    let one = policy.save_window(0).unwrap();
    // Many groups of one metric each: the other 63 are to be made up.
    let mut block = Vec::new();
    write_varint(&mut block, 200_000);
    for number in 0..200_000_u32 {
        let address = [&[1, 16, 0x20, 1][..], &[0; 10], &number.to_be_bytes()].concat();
        write_block(&mut block, &address);
        block.extend([1, 1, 7]);
    }
    block.extend([0, 0]);
    let keys = &one[14 + 25 + 1 + 1 + 2..][..16];
    let body = [&one[14..14 + 25], &[0, 1, 1], keys, &blocked(&block), &[0]].concat();
    let fresh = process(&plan, 5, 2);
    restore(&fresh, &[SavedWindow::sealed(&body)]);
    assert!(fresh.read(0, 0).is_none_or(|window| window.state.memory_bytes() < MOST_BYTES + (1 << 20)));
}

fn blocked(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    write_block(&mut out, bytes);
    out
}

#[test]
fn bytes_of_the_first_version_fit_the_very_plan_only() {
    let body = [&[1][..], &[0; 24], &[0, 5, 0]].concat();
    let plan = named(&[("packets", None)]);
    let policy = process(&plan, 5, 1);
    let sealed = SavedWindow::sealed_for_one_plan(policy.plan(), &body);
    let mut renamed = plan.clone();
    renamed["handlers"][0]["metrics"][0]["identity"] = json!("renamed");
    renamed["handlers"][0]["groups"] = json!([]);
    assert_eq!(restore(&process(&renamed, 5, 2), &[sealed]), 0);
}

#[test]
fn once_an_input_feeds_it_a_policy_takes_no_windows() {
    let policy = process(&plan(), 5, 1);
    let _worker = policy.worker(0, true);
    let message = policy.restore([]).unwrap_err().message;
    assert!(message.contains("before an input starts"), "{message}");
}

#[test]
fn the_ledger_survives_with_every_reason() {
    let (before, after) = (process(&plan(), 5, 1), process(&plan(), 5, 2));
    let mut batch = batch(&[at(0)]);
    Malformed::all().for_each(|reason| batch.ledger.count_malformed(reason));
    batch.ledger.seen += Malformed::all().count() as u64;
    let mut worker = before.worker(0, true);
    worker.process(&batch);
    restore(&after, &save_all(&before));
    assert_eq!(after.read(0, 0).unwrap().state.ledger, before.read(0, 0).unwrap().state.ledger);
    assert!(after.read(0, 0).unwrap().state.ledger.balances());
}

#[test]
fn windows_are_handed_over_once_nobody_compares_with_them_and_all_of_them_at_the_end() {
    let policy = process(&plan(), 5, 1);
    let taken: Arc<std::sync::Mutex<Vec<(usize, u64)>>> = Arc::default();
    let list = taken.clone();
    policy.hand_to(Some(Arc::new(move |window: Merged| {
        let count = window.state.metrics[0].count();
        list.lock().unwrap().push((window.number, count));
    })));
    let (mut fast, mut slow) = (policy.worker(0, true), policy.worker(0, true));
    feed(&mut fast, &[at(0), at(61), at(122), at(183)]);
    assert_eq!(*taken.lock().unwrap(), [], "the other worker may have rows of it");
    feed(&mut slow, &[at(1), at(185)]);
    slow.advance(185 * SECOND);
    assert_eq!(*taken.lock().unwrap(), [(0, 2), (1, 1)]);
    drop((fast, slow));
    policy.end();
    assert_eq!(*taken.lock().unwrap(), [(0, 2), (1, 1), (2, 1), (3, 2)]);
    assert_eq!(policy.store().windows(), []);
}

#[test]
fn what_a_worker_saw_stays_when_it_goes() {
    let policy = process(&plan(), 5, 1);
    feed(&mut policy.worker(0, true), &[at(0), at(61)]);
    assert_eq!((policy.store().available(), count(&policy, 0), count(&policy, 1)), (2, 1, 1));
    feed(&mut policy.worker(70 * SECOND, true), &[at(70)]);
    assert_eq!((policy.store().available(), count(&policy, 0)), (2, 2), "the next goes on where it was");
}

/// Starting points for the fuzz target `saved_window`.
#[test]
#[ignore = "writes files for fuzzing; fuzz/run calls it"]
fn fuzz_seeds() {
    let policy = process(&plan(), 5, 1);
    let mut worker = policy.worker(0, true);
    feed(&mut worker, &[at(0), Event { second: 7, source: 2, bytes: 77, name: Some(3) }]);
    crate::read::testing::write_fuzz_seed("saved_window", "small", &policy.save_window(0).unwrap()[14..]);
    let many =
        |number: usize| Event { second: 7, source: number % 6, bytes: number as u32 * 7, name: Some(number % 5) };
    feed(&mut worker, &(0..900).map(many).collect::<Vec<_>>());
    crate::read::testing::write_fuzz_seed("saved_window", "large", &policy.save_window(0).unwrap()[14..]);
}
