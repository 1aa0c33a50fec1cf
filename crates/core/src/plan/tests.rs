//! Handlers that stand behind others, over tables of packets and of messages.

use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::decode::Batch;
use crate::decode::app::{dhcp, dns};
use crate::engine::{Policy, PolicyConfig};
use crate::metric::MetricState;
use crate::table::PacketRow;
use crate::window::NANOSECONDS;

/// A packet of some second; with a DNS message of this code, if any.
#[derive(Clone, Copy)]
struct Packet {
    second: i64,
    version: u8,
    rcode: Option<u16>,
}

fn packet(second: i64, version: u8, rcode: Option<u16>) -> Packet {
    Packet { second, version, rcode }
}

fn batch(packets: &[Packet]) -> Batch {
    let mut batch = Batch::default();
    for (row, packet) in packets.iter().enumerate() {
        let (time_ns, packet_row) = (packet.second * NANOSECONDS, row as u32);
        batch.packets.push(&PacketRow { time_ns, ip_version: packet.version, bytes: 100, ..PacketRow::EMPTY });
        if let Some(rcode) = packet.rcode {
            let is_reply = u8::from(rcode > 0);
            batch.apps.dns.push(&dns::Row { time_ns, packet_row, rcode, is_reply, exchange: 7, ..dns::Row::EMPTY });
        }
        if packet.version == 0 {
            batch.apps.dhcp.push(&dhcp::Row { time_ns, packet_row, ..dhcp::Row::EMPTY });
        }
    }
    batch
}

/// A handler that counts its events, what it keeps, what it drops, and what it samples.
fn handler(table: &str, keep: Value, behind: Option<usize>) -> Value {
    let counter = |verdict: &str| json!({"kind": "counter", "feeds": [{"where": [verdict]}]});
    let metrics = ["event", "passed", "filtered", "deep"].map(counter);
    json!({"table": table, "keep": keep, "behind": behind, "metrics": metrics})
}

fn policy(handlers: &[Value]) -> Arc<Policy> {
    let plan = compile(&json!({"handlers": handlers}).to_string()).unwrap();
    Arc::new(Policy::new(plan, PolicyConfig { periods: 5, seed: 1, ..PolicyConfig::default() }))
}

/// Events, kept and dropped of each handler.
fn counts(policy: &Policy, back: usize) -> Vec<[u64; 3]> {
    let window = policy.read(back, back).unwrap();
    let count = |handler, metric| match &window.state.metrics[policy.plan().metric(handler, metric).unwrap()] {
        MetricState::Counter(count) => count.0,
        other => panic!("{other:?} is no counter"),
    };
    (0..policy.plan().handlers()).map(|handler| [0, 1, 2].map(|metric| count(handler, metric))).collect()
}

fn run(handlers: &[Value], packets: &[Packet]) -> Vec<[u64; 3]> {
    let policy = policy(handlers);
    policy.worker(0, false).process(&batch(packets));
    counts(&policy, 0)
}

const NXDOMAIN: u16 = 3;

fn nxdomain() -> Value {
    json!(["eq", "dns.rcode", NXDOMAIN])
}

fn version(number: u8) -> Value {
    json!(["eq", "ip.version", number])
}

fn all() -> Value {
    json!(["true"])
}

const TRAFFIC: [Packet; 6] = [
    Packet { second: 0, version: 4, rcode: Some(NXDOMAIN) },
    Packet { second: 0, version: 4, rcode: None },
    Packet { second: 0, version: 6, rcode: Some(0) },
    Packet { second: 0, version: 6, rcode: Some(NXDOMAIN) },
    Packet { second: 0, version: 4, rcode: Some(5) },
    Packet { second: 0, version: 0, rcode: None },
];

#[test]
fn net_behind_dns_gets_the_packets_of_the_messages_that_dns_keeps() {
    let found = run(&[handler("dns", nxdomain(), None), handler("packet", version(4), Some(0))], &TRAFFIC);
    assert_eq!(found, [[4, 2, 2], [2, 1, 1]]);
    let found = run(&[handler("dns", all(), None), handler("packet", all(), Some(0))], &TRAFFIC);
    assert_eq!(found[1], [4, 4, 0], "packets without a message don't get through");
}

#[test]
fn dns_behind_net_gets_the_messages_of_the_packets_that_net_keeps() {
    let found = run(&[handler("packet", version(6), None), handler("dns", nxdomain(), Some(0))], &TRAFFIC);
    assert_eq!(found, [[6, 2, 4], [2, 1, 1]]);
}

#[test]
fn handlers_of_one_table_pass_on_what_they_keep() {
    let not_six = json!(["not", version(6)]);
    let net = [handler("packet", not_six, None), handler("packet", version(4), Some(0))];
    assert_eq!(run(&net, &TRAFFIC), [[6, 4, 2], [4, 3, 1]]);
    let nothing_said = [handler("packet", all(), None), handler("packet", all(), Some(0))];
    assert_eq!(run(&nothing_said, &TRAFFIC), [[6, 6, 0], [6, 6, 0]]);
}

#[test]
fn three_in_a_row_each_narrow_what_is_left() {
    let not_noerror = json!(["not", ["eq", "dns.rcode", 0]]);
    let chain = [
        handler("dns", not_noerror, None),
        handler("packet", version(4), Some(0)),
        handler("dns", nxdomain(), Some(1)),
    ];
    assert_eq!(run(&chain, &TRAFFIC), [[4, 3, 1], [3, 2, 1], [2, 1, 1]]);
    let there_and_back = [
        handler("packet", version(4), None),
        handler("dns", nxdomain(), Some(0)),
        handler("packet", all(), Some(1)),
        handler("dns", all(), None),
    ];
    assert_eq!(run(&there_and_back, &TRAFFIC), [[6, 3, 3], [2, 1, 1], [1, 1, 0], [4, 4, 0]]);
}

#[test]
fn messages_of_other_protocols_meet_at_their_packets() {
    let both = [packet(0, 0, Some(NXDOMAIN)), packet(0, 0, None), packet(0, 0, Some(0))];
    let found = run(&[handler("dns", nxdomain(), None), handler("dhcp", all(), Some(0))], &both);
    assert_eq!(found[1], [1, 1, 0]);
}

#[test]
fn nothing_is_left_of_the_batch_before() {
    let policy = policy(&[handler("dns", nxdomain(), None), handler("packet", all(), Some(0))]);
    let mut worker = policy.worker(0, false);
    worker.process(&batch(&TRAFFIC));
    worker.process(&batch(&[packet(0, 4, None), packet(0, 4, None)]));
    assert_eq!(counts(&policy, 0)[1], [2, 2, 0]);
}

#[test]
fn a_window_that_ends_within_a_batch_parts_both_tables() {
    let mut packets = TRAFFIC.to_vec();
    packets.extend(TRAFFIC.map(|packet| Packet { second: 60, ..packet }));
    packets.push(packet(61, 4, Some(NXDOMAIN)));
    let chains = [
        [handler("dns", nxdomain(), None), handler("packet", all(), Some(0))],
        [handler("packet", version(4), None), handler("dns", nxdomain(), Some(0))],
    ];
    for (chain, expected) in chains.iter().zip([[[2, 2, 0], [3, 3, 0]], [[2, 1, 1], [3, 2, 1]]]) {
        let policy = policy(chain);
        policy.worker(0, false).process(&batch(&packets));
        assert_eq!([counts(&policy, 1)[1], counts(&policy, 0)[1]], expected);
    }
}

#[test]
fn deep_sampling_draws_from_what_gets_there_and_passes_all_on() {
    let mut dns = handler("dns", nxdomain(), None);
    dns["deep_sample_percent"] = json!(1);
    let mut net = handler("packet", all(), Some(0));
    net["deep_sample_percent"] = json!(50);
    let policy = policy(&[dns, net]);
    let packets = [packet(0, 4, Some(NXDOMAIN)), packet(0, 4, None)].repeat(1000);
    policy.worker(0, false).process(&batch(&packets));
    assert_eq!(counts(&policy, 0), [[1000, 1000, 0], [1000, 1000, 0]]);
    let deep = policy.plan().metric(1, 3).unwrap();
    match &policy.read(0, 0).unwrap().state.metrics[deep] {
        MetricState::Counter(count) => assert!((400..600).contains(&count.0), "{count:?}"),
        ref other => panic!("{other:?} is no counter"),
    }
}

#[test]
fn exchanges_are_matched_among_the_messages_that_get_there() {
    let mut dns = handler("dns", all(), Some(0));
    dns["exchanges"] = json!({"key": "dns.exchange", "is_reply": "dns.is_reply", "bytes": "dns.bytes", "ttl_ms": 5000,
        "observe": ["passed"]});
    let answered = json!({"kind": "counter", "feeds": [{"where": ["eq", "xact.outcome", 1]}]});
    dns["metrics"].as_array_mut().unwrap().push(answered);
    let policy = policy(&[handler("packet", version(4), None), dns]);
    let (question, answer) = (packet(0, 4, Some(0)), packet(0, 4, Some(NXDOMAIN)));
    let over_ipv6 = Packet { version: 6, ..question };
    policy.worker(0, false).process(&batch(&[over_ipv6, answer, question, answer]));
    let answered = policy.plan().metric(1, 4).unwrap();
    assert_eq!(policy.read(0, 0).unwrap().state.metrics[answered].count(), 1);
}
