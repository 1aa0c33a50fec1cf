use std::net::UdpSocket;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::engine::{PolicyConfig, Usage};
use crate::metric::MetricState;
use crate::plan::compile;
use serde_json::json;

fn now_ns() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    since.as_nanos() as i64
}

/// A datagram of NetFlow 5 with so many records, the first of which has this number.
fn netflow5(sequence: u32, records: u16) -> Vec<u8> {
    let header =
        [&5_u16.to_be_bytes()[..], &records.to_be_bytes(), &[0; 12], &sequence.to_be_bytes(), &[0; 4]].concat();
    [header, vec![1; 48 * usize::from(records)]].concat()
}

fn counting_records() -> Arc<Policy> {
    let metrics = json!([{"kind": "counter", "feeds": [{}]}]);
    let plan = json!({"handlers": [{"table": "flow", "metrics": metrics}]}).to_string();
    Arc::new(Policy::new(compile(&plan).unwrap(), PolicyConfig { seed: 1, ..PolicyConfig::default() }))
}

fn config(workers: usize) -> FlowServerConfig {
    let datagrams =
        DatagramConfig { address: "127.0.0.1:0".parse().unwrap(), sockets: workers, receive_buffer_bytes: 1 << 20 };
    let machine = Machine { usage: Usage::default, now_ns, steady_ns: now_ns };
    FlowServerConfig { datagrams, seed: 7, machine, memory: Arc::default() }
}

/// Waits until the workers have told of so many datagrams.
fn eventually_seen(input: &LiveInput, datagrams: u64) -> Ledger {
    for _ in 0..3000 {
        let ledger = input.status().ledger;
        if ledger.seen >= datagrams {
            return ledger;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("{:?} of {datagrams} datagrams", input.status().ledger);
}

#[test]
fn records_of_several_exporters_are_counted_by_several_workers() {
    let policy = counting_records();
    let (input, listening) = FlowServer::start(&config(2), vec![policy.clone()], &Vec::new).unwrap();
    for exporter in 1..=20 {
        // From another port each time; records 10 to 29 of every exporter never come.
        for sequence in [0, 30, 40] {
            let socket = UdpSocket::bind((format!("127.0.0.{exporter}"), 0)).unwrap();
            socket.send_to(&netflow5(sequence, 10), ("127.0.0.1", listening.port)).unwrap();
        }
    }
    let ledger = eventually_seen(&input, 60);
    input.stop();
    assert_eq!((ledger.decoded, ledger.flow_records_lost), (60, 400));
    let window = policy.read(0, 0).unwrap();
    assert!(matches!(&window.state.metrics[0], MetricState::Counter(count) if count.0 == 600));
}

#[test]
fn what_can_not_be_read_is_counted_with_its_reason_and_the_rest_goes_on() {
    let (input, listening) = FlowServer::start(&config(1), vec![counting_records()], &Vec::new).unwrap();
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    for payload in [&b""[..], b"\0\x05", &[0xff; 1400], &netflow5(0, 1), &netflow5(1, 30)[..100]] {
        socket.send_to(payload, ("127.0.0.1", listening.port)).unwrap();
    }
    let ledger = eventually_seen(&input, 5);
    assert_eq!((ledger.decoded, ledger.malformed_total()), (1, 4));
    assert!(
        ledger.malformed(crate::decode::flow::TOO_SHORT) >= 2 && ledger.malformed(crate::decode::flow::UNKNOWN) >= 1,
        "{ledger:?}"
    );
    assert!(ledger.balances());
}

#[test]
fn records_whose_template_never_comes_are_given_up_and_what_is_kept_is_told() {
    let config = config(1);
    let (input, listening) = FlowServer::start(&config, vec![counting_records()], &Vec::new).unwrap();
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let set = [1, 0, 0, 8, 1, 2, 3, 4];
    let netflow9 = [&9_u16.to_be_bytes()[..], &[0; 18], &set].concat();
    socket.send_to(&netflow9, ("127.0.0.1", listening.port)).unwrap();
    let ledger = eventually_seen(&input, 1);
    assert_eq!((ledger.decoded, ledger.evicted.flow_sets), (1, 0));
    for _ in 0..3000 {
        if config.memory.held(Holder::Exporters) > 0 {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(config.memory.held(Holder::Exporters) > set.len());
    input.stop();
    let ledger = input.status().ledger;
    assert_eq!((ledger.seen, ledger.evicted.flow_sets), (1, 1));
}

/// A datagram of some version, of which bytes may have been changed, and its end cut off or something put behind.
fn any_datagram() -> impl Strategy<Value = Vec<u8>> {
    let template = [0, 0, 0, 16, 1, 0, 0, 2, 0, 8, 0, 4, 0, 1, 0, 4];
    let netflow9 = move |sets: Vec<Vec<u8>>| [&9_u16.to_be_bytes()[..], &[0; 18], &template, &sets.concat()].concat();
    let ipfix = move |sets: Vec<Vec<u8>>| {
        let sets = [vec![0, 2], template[2..].to_vec(), sets.concat()].concat();
        [&10_u16.to_be_bytes()[..], &(16 + sets.len() as u16).to_be_bytes(), &[0; 12], &sets].concat()
    };
    let sflow = |samples: Vec<Vec<u8>>| {
        let head: Vec<u8> =
            [5_u32, 1, 0x0a00_0001, 0, 1, 9, samples.len() as u32].iter().flat_map(|word| word.to_be_bytes()).collect();
        [head, samples.concat()].concat()
    };
    let set = (prop_oneof![0_u16..5, 255_u16..260], prop::collection::vec(any::<u8>(), 0..40), -4_i32..9).prop_map(
        |(number, body, off)| {
            let length = (4 + body.len() as i32 + if off > 2 { 0 } else { off }).max(0) as u16;
            [&number.to_be_bytes()[..], &length.to_be_bytes(), &body].concat()
        },
    );
    let sample =
        (0_u32..7, prop::collection::vec(any::<u8>(), 0..120), any::<bool>()).prop_map(|(tag, body, is_huge)| {
            let length = if is_huge { u32::MAX } else { body.len() as u32 };
            [&tag.to_be_bytes()[..], &length.to_be_bytes(), &body].concat()
        });
    let sets = || prop::collection::vec(set.clone(), 0..4);
    let whole = prop_oneof![
        (any::<u32>(), 0_u16..40).prop_map(|(sequence, records)| netflow5(sequence, records)),
        sets().prop_map(netflow9),
        sets().prop_map(ipfix),
        prop::collection::vec(sample, 0..4).prop_map(sflow),
        prop::collection::vec(any::<u8>(), 0..80),
    ];
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3);
    (whole, changes, prop::option::of(any::<prop::sample::Index>()), prop::collection::vec(any::<u8>(), 0..3)).prop_map(
        |(mut bytes, changes, end, behind)| {
            if !bytes.is_empty() {
                changes.into_iter().for_each(|(at, byte)| *at.get_mut(&mut bytes[..]) = byte);
                bytes.truncate(end.map_or(bytes.len(), |end| end.index(bytes.len())));
            }
            [bytes, behind].concat()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn whatever_exporters_send_the_ledger_balances_and_memory_is_bounded(
        datagrams in prop::collection::vec((0_u8..4, any_datagram()), 0..40)
    ) {
        let mut decoder = FlowDecoder::new(&Needs::all(), 7);
        let mut intake = Intake::led(&[], Vec::new());
        for (exporter, payload) in &datagrams {
            intake.take(&mut decoder, 0, &Datagram { payload, exporter: [*exporter; 16], time_ns: 0 });
        }
        let bytes: usize = datagrams.iter().map(|(_, payload)| payload.len()).sum();
        prop_assert!(decoder.memory_bytes() <= 100_000 + 400 * bytes, "{} for {bytes}", decoder.memory_bytes());
        decoder.settle(i64::MAX, &mut intake.batch().ledger);
        intake.flush();
        let ledger = intake.take_ledger();
        prop_assert_eq!(ledger.seen, datagrams.len() as u64);
        prop_assert!(ledger.balances(), "{:?}", ledger);
        let reasons: u64 = ledger.entries().filter(|(name, _)| name.starts_with("flow.") && !name.ends_with("_lost")).map(|(_, count)| count).sum();
        prop_assert_eq!(ledger.malformed_total(), reasons, "each with a reason of flow records");
    }
}
