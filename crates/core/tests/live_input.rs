//! Live inputs on real interfaces: policies that come and go while packets do. They need what the tests of rings need,
//! and say so where they skip.

#[path = "live/network.rs"]
#[allow(dead_code)] // each file of tests uses a part of it
mod network;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use network::{Sender, command, in_namespace, veth_pair};
use pktvisor_core::capture::{RingConfig, Target};
use pktvisor_core::decode::DecodeConfig;
use pktvisor_core::engine::{Capture, CaptureConfig, CaptureOrigin, Machine, Policy, PolicyConfig, Usage};
use pktvisor_core::metric::MetricState;
use pktvisor_core::plan::compile;
use pktvisor_core::read::CaptureReader;

/// What a made-up clock has gone on since it was set to a day of 1970, and what it was set by.
static PASSED_NS: AtomicI64 = AtomicI64::new(0);
static SET_BY_NS: AtomicI64 = AtomicI64::new(0);

const SECOND: i64 = 1_000_000_000;
const DAY: i64 = 86_400 * SECOND;

fn made_up_steady_ns() -> i64 {
    DAY + PASSED_NS.load(Ordering::SeqCst)
}

fn made_up_now_ns() -> i64 {
    made_up_steady_ns() + SET_BY_NS.load(Ordering::SeqCst)
}

fn now_ns() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as i64
}

fn config(interface: &str) -> CaptureConfig {
    CaptureConfig {
        source: CaptureOrigin::Ring(ring(interface)),
        decode: DecodeConfig::default(),
        workers: 1,
        filter: None,
        lookback_bytes: 8 << 20,
        machine: Machine { usage: || Usage { thread_cpu_ns: 0, memory_bytes: 4096 }, now_ns, steady_ns: now_ns },
        memory: Arc::default(),
    }
}

fn ring(interface: &str) -> RingConfig {
    RingConfig { target: Target::Interface(interface.into()), retire_ms: 10, ..RingConfig::default() }
}

fn fanout(interface: &str) -> CaptureOrigin {
    CaptureOrigin::Ring(RingConfig { fanout: Some(4712), ..ring(interface) })
}

fn start(config: &CaptureConfig, policies: Vec<Arc<Policy>>) -> Capture {
    Capture::start(config, policies, &Vec::new).unwrap()
}

/// Counts packets.
fn policy() -> Arc<Policy> {
    let plan = r#"{"handlers": [{"table": "packet", "metrics": [{"kind": "counter", "feeds": [{}]}]}]}"#;
    let config = PolicyConfig { periods: 5, seed: 1, ..PolicyConfig::default() };
    Arc::new(Policy::new(compile(plan).unwrap(), config))
}

fn count(policy: &Policy) -> u64 {
    let Some(window) = policy.read(0, 4) else { return 0 };
    assert!(window.state.ledger.balances());
    match &window.state.metrics[0] {
        MetricState::Counter(count) => count.0,
        other => panic!("{other:?} is no counter"),
    }
}

/// Waits until it holds; long enough for a busy machine.
fn eventually(holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(20), "it never came to this");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// An IPv4 UDP datagram in an Ethernet frame, told apart by its source port.
fn datagram(port: u16) -> Vec<u8> {
    let mut frame = vec![2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0];
    frame.extend([0x45, 0, 0, 46, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
    frame.extend(port.to_be_bytes());
    frame.extend([0, 80, 0, 26, 0, 0]);
    frame.resize(60, 0xaa);
    frame
}

fn source_ports(file: Vec<u8>) -> Vec<u16> {
    let mut reader = CaptureReader::from_read(Box::new(std::io::Cursor::new(file)), "the packets").unwrap();
    let mut ports = Vec::new();
    while let Some(frame) = reader.next_frame() {
        ports.push(u16::from_be_bytes([frame.data[34], frame.data[35]]));
    }
    assert_eq!(reader.damage(), None);
    ports
}

#[test]
fn a_policy_with_lookback_shows_what_passed_before_it_came_and_one_without_does_not() {
    in_namespace(|| {
        veth_pair("left", "right");
        let first = policy();
        let input = start(&config("right"), vec![first.clone()]);
        let sender = Sender::new("left");
        (0..500).for_each(|port| sender.send(&datagram(port)));
        eventually(|| count(&first) == 500);
        let (late, plain) = (policy(), policy());
        input.add_with_lookback(late.clone());
        input.add(plain.clone());
        eventually(|| count(&late) == 500);
        (0..100).for_each(|port| sender.send(&datagram(port)));
        eventually(|| count(&first) == 600);
        input.stop();
        assert_eq!((count(&first), count(&late), count(&plain)), (600, 600, 100));
    });
}

#[test]
fn policies_that_come_and_go_under_load_count_every_packet_once() {
    in_namespace(|| {
        veth_pair("left", "right");
        let first = policy();
        let input = start(&CaptureConfig { lookback_bytes: 64 << 20, ..config("right") }, vec![first.clone()]);
        let sending = std::thread::spawn(|| {
            let sender = Sender::new("left");
            for round in 0..200u16 {
                (0..100).for_each(|port| sender.send(&datagram(round * 100 + port)));
                std::thread::sleep(Duration::from_millis(2));
            }
        });
        eventually(|| count(&first) > 0);
        let mut staying = Vec::new();
        while !sending.is_finished() {
            let (stays, goes) = (policy(), policy());
            input.add_with_lookback(stays.clone());
            input.add_with_lookback(goes.clone());
            std::thread::sleep(Duration::from_millis(20));
            input.remove(&goes);
            staying.push(stays);
        }
        sending.join().unwrap();
        assert!(staying.len() > 5);
        let at_work = || staying.iter().all(|policy| count(policy) > 0);
        let is_settled = || {
            let before = count(&first);
            std::thread::sleep(Duration::from_millis(300));
            count(&first) == before
        };
        eventually(|| at_work() && is_settled());
        input.stop();
        assert_eq!(input.status().fault, None);
        let packets = count(&first); // a busy kernel may have lost some on their way to the ring
        assert!((15_000..=20_000).contains(&packets), "{packets}");
        assert_eq!(staying.iter().map(|policy| count(policy)).collect::<Vec<_>>(), vec![packets; staying.len()]);
    });
}

#[test]
fn an_input_tells_what_it_takes_and_how_many_policies_it_has() {
    in_namespace(|| {
        veth_pair("left", "right");
        let plan = r#"{"handlers": [{"table": "resources", "metrics": [
            {"kind": "counter", "feeds": [{"where": ["eq", "resources.event", 1]}]},
            {"kind": "counter", "feeds": [{"column": "resources.memory_bytes"}]},
            {"kind": "last", "feeds": [{"column": "resources.policies"}]},
            {"kind": "last", "feeds": [{"column": "resources.handlers"}]}
        ]}]}"#;
        let config_of_policy = PolicyConfig { periods: 5, seed: 1, ..PolicyConfig::default() };
        let resources = Arc::new(Policy::new(compile(plan).unwrap(), config_of_policy));
        let input = start(&CaptureConfig { workers: 2, source: fanout("right"), ..config("right") }, Vec::new());
        input.add(resources.clone());
        input.note_policies(1, 1);
        input.note_policies(3, 7);
        let shown = || {
            let metrics = resources.read(0, 4)?.state.metrics.clone();
            let [changes, bytes, policies, handlers, ..] = &metrics[..] else { panic!() };
            Some((changes.count(), bytes.count(), policies.count(), handlers.count()))
        };
        eventually(|| shown() == Some((2, 0, 3, 7)));
        let sender = Sender::new("left");
        (0..100).for_each(|port| sender.send(&datagram(port)));
        eventually(|| shown() == Some((2, 4096, 3, 7)));
    });
}

#[test]
fn what_just_passed_is_a_capture_file_that_others_read_too() {
    in_namespace(|| {
        veth_pair("left", "right");
        let first = policy();
        let input =
            start(&CaptureConfig { workers: 2, source: fanout("right"), ..config("right") }, vec![first.clone()]);
        let sender = Sender::new("left");
        (0..300).for_each(|port| sender.send(&datagram(port)));
        eventually(|| count(&first) == 300);
        let file = input.recent().pcapng(0, None, 1 << 20).unwrap();
        assert_eq!(source_ports(file.clone()), (0..300).collect::<Vec<_>>());
        let path = std::env::temp_dir().join(format!("pktvisor-recent-{}.pcapng", std::process::id()));
        std::fs::write(&path, file).unwrap();
        let there = std::process::Command::new("tshark").arg("-v").output().is_ok();
        if there {
            let read = command("tshark", &["-r", path.to_str().unwrap(), "-T", "fields", "-e", "udp.srcport"]);
            assert_eq!(read.lines().count(), 300);
        }
        std::fs::remove_file(path).unwrap();
        let newest = input.recent().pcapng(0, None, 60 + 10 * 92).unwrap();
        assert_eq!(source_ports(newest), (290..300).collect::<Vec<_>>());
        assert!(source_ports(input.recent().pcapng(now_ns(), None, 1 << 20).unwrap()).is_empty());
    });
}

#[test]
fn without_lookback_there_are_no_packets_to_be_had_and_policies_start_when_they_come() {
    in_namespace(|| {
        veth_pair("left", "right");
        let first = policy();
        let input = start(&CaptureConfig { lookback_bytes: 0, ..config("right") }, vec![first.clone()]);
        let sender = Sender::new("left");
        (0..10).for_each(|port| sender.send(&datagram(port)));
        eventually(|| count(&first) == 10);
        let late = policy();
        input.add_with_lookback(late.clone());
        assert!(input.recent().pcapng(0, None, 1 << 20).unwrap_err().message.contains("without lookback"));
        input.stop();
        assert_eq!(count(&late), 0);
    });
}

#[test]
fn workers_have_no_capabilities() {
    in_namespace(|| {
        veth_pair("left", "right");
        let first = policy();
        let input = start(&config("right"), vec![first.clone()]);
        // Workers of other tests may just have begun.
        eventually(|| {
            let workers = capabilities_of_workers();
            !workers.is_empty() && workers.iter().all(|sets| sets.iter().all(|set| *set == 0))
        });
        Sender::new("left").send(&datagram(1));
        eventually(|| count(&first) == 1);
        assert_eq!(input.status().warning, None);
        input.stop();
    });
}

/// Inheritable, permitted and effective capabilities of all workers in this process.
fn capabilities_of_workers() -> Vec<[u64; 3]> {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let statuses = tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("status")).ok());
    let of_workers = statuses.filter(|status| status.starts_with("Name:\tcapture-"));
    let set = |status: &str, name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        u64::from_str_radix(line.trim(), 16).unwrap()
    };
    of_workers.map(|status| ["CapInh:", "CapPrm:", "CapEff:"].map(|name| set(&status, name))).collect()
}

#[test]
fn made_up_packets_come_without_any_right_and_end_when_they_are_told_to() {
    let (first, config) = (policy(), CaptureConfig { source: CaptureOrigin::Mock { seed: 5 }, ..config("none") });
    let input = start(&config, vec![first.clone()]);
    eventually(|| count(&first) >= 3);
    assert!(input.is_running());
    input.stop();
    let packets = count(&first);
    assert!(!input.is_running() && packets >= 3);
    assert_eq!(input.status().ledger.decoded, packets);
    assert_eq!(source_ports(input.recent().pcapng(0, None, 1 << 20).unwrap()).len() as u64, packets);
}

#[test]
fn windows_go_on_closing_when_the_clock_is_set_back_and_show_what_it_says() {
    let clocks = config("none");
    let machine = Machine { now_ns: made_up_now_ns, steady_ns: made_up_steady_ns, ..clocks.machine };
    let clocks = CaptureConfig { machine, ..clocks };
    let policy = policy();
    let live = start(&CaptureConfig { source: CaptureOrigin::Mock { seed: 1 }, ..clocks }, vec![policy.clone()]);
    eventually(|| count(&policy) > 0);
    SET_BY_NS.store(-3600 * SECOND, Ordering::SeqCst);
    eventually(|| live.status().ledger.time_steps > 0);
    PASSED_NS.store(61 * SECOND, Ordering::SeqCst);
    eventually(|| policy.store().available() == 2);
    PASSED_NS.store(122 * SECOND, Ordering::SeqCst);
    eventually(|| policy.store().available() == 3);
    live.stop();
    let windows: Vec<_> = (0..3).rev().map(|back| policy.read(back, back).unwrap()).collect();
    let starts: Vec<_> = windows.iter().map(|window| (window.start_ns - DAY) / SECOND).collect();
    assert_eq!(starts, [0, 61 - 3600, 122 - 3600]);
    assert_eq!(windows[0].length_seconds, 61);
    assert_eq!(policy.read(0, 4).unwrap().state.ledger.time_steps, 1);
}
