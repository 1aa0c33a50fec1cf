use std::net::TcpListener;
use std::time::Duration;

use super::*;
use crate::engine::{PolicyConfig, Usage};
use crate::plan::compile;
use serde_json::json;

const MS: i64 = 1_000_000;

fn now_ns() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    since.as_nanos() as i64
}

fn counting() -> Arc<Policy> {
    let metrics = json!([{"kind": "counter", "feeds": [{}]}]);
    let plan = json!({"handlers": [{"table": "probe", "metrics": metrics}]}).to_string();
    Arc::new(Policy::new(compile(&plan).unwrap(), PolicyConfig { seed: 1, ..PolicyConfig::default() }))
}

fn target(host: &str, port: u16) -> Target {
    let host = host.parse().map_or(Host::Name(host.into()), Host::Address);
    Target { name: format!("target {port}"), host, port, family: None }
}

fn config(test: Test, targets: Vec<Target>) -> NetprobeConfig {
    let machine = Machine { usage: Usage::default, now_ns, steady_ns: now_ns };
    let timing = Timing { interval_ns: 50 * MS, timeout_ns: 50 * MS, probes: 1, gap_ns: 0 };
    NetprobeConfig { test, timing, targets, seed: 7, machine, memory: Arc::default() }
}

/// Waits until it has told something.
fn eventually(input: &LiveInput, holds: impl Fn(&Ledger) -> bool) -> Ledger {
    for _ in 0..3000 {
        let ledger = input.status().ledger;
        if holds(&ledger) {
            return ledger;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("{:?}", input.status().ledger);
}

#[test]
fn connections_that_are_taken_are_answers_and_those_refused_are_failures() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let open = listener.local_addr().unwrap().port();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let targets = vec![target("127.0.0.1", open), target("127.0.0.1", closed)];
    let policy = counting();
    let (input, ping_sockets) =
        Netprobe::start(&config(Test::Connect, targets), vec![policy.clone()], &Vec::new).unwrap();
    assert_eq!(ping_sockets, 0);
    eventually(&input, |ledger| ledger.probes.answered >= 3 && ledger.probes.failed >= 3);
    input.stop();
    let ledger = input.status().ledger;
    assert!(ledger.balances(), "{ledger:?}");
    assert_eq!(ledger.probes.not_sent, 0);
    assert!(ledger.probes.sent >= ledger.probes.answered + ledger.probes.failed + ledger.probes.unanswered);
    let window = policy.read(0, 0).unwrap();
    let crate::metric::MetricState::Counter(rows) = &window.state.metrics[0] else { panic!("a counter") };
    assert_eq!(rows.0, ledger.decoded);
}

#[test]
fn names_are_looked_up_beside_and_those_that_are_none_are_told() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    // A number that is read as an address needs no server; what has a space in it is no name.
    let targets = vec![target("127.1", port), target("no name.invalid", port)];
    let (input, _) = Netprobe::start(&config(Test::Connect, targets), vec![counting()], &Vec::new).unwrap();
    eventually(&input, |ledger| ledger.probes.answered >= 2 && ledger.probes.not_sent >= 2);
    input.stop();
    assert!(input.status().ledger.balances());
}

#[test]
fn an_input_without_targets_waits_and_stops() {
    let (input, _) = Netprobe::start(&config(Test::Connect, Vec::new()), vec![counting()], &Vec::new).unwrap();
    assert!(input.is_running());
    input.stop();
    assert_eq!(input.status().ledger, Ledger::default());
}

#[test]
fn waits_last_until_something_is_due_but_not_less_than_that() {
    assert_eq!(wait_until(None, 5, 100), 100);
    assert_eq!(wait_until(Some(5), 5, 100), 0);
    assert_eq!(wait_until(Some(4), 5, 100), 0);
    assert_eq!(wait_until(Some(6), 5, 100), 1);
    assert_eq!(wait_until(Some(5 + 3 * MS), 5, 100), 3);
    assert_eq!(wait_until(Some(i64::MAX), i64::MIN, 100), 100);
}
