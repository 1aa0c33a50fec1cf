use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use proptest::prelude::*;

use super::*;
use crate::decode::flow::{BAD_SET, TOO_SHORT, UNKNOWN};
use crate::engine::{Live, Source, Usage};
use crate::wire::ipv4::mapped;

fn now_ns() -> i64 {
    1_700_000_000 * SECOND_NS
}

/// A message with some sets.
fn message(sequence: u32, sets: &[u8]) -> Vec<u8> {
    let length = (IPFIX_HEADER_BYTES + sets.len()) as u16;
    [&10_u16.to_be_bytes()[..], &length.to_be_bytes(), &[0; 4], &sequence.to_be_bytes(), &[0, 0, 0, 7], sets].concat()
}

/// Template 256: octets in four bytes.
const TEMPLATE: [u8; 12] = [0, 2, 0, 12, 1, 0, 0, 1, 0, 1, 0, 4];

/// Records of it.
fn records(octets: &[u32]) -> Vec<u8> {
    let body: Vec<u8> = octets.iter().flat_map(|octets| octets.to_be_bytes()).collect();
    [&256_u16.to_be_bytes()[..], &(4 + body.len() as u16).to_be_bytes(), &body].concat()
}

/// A server with what it takes in.
struct Listening {
    server: FlowStreamServer,
    intake: Intake,
    ledger: Ledger,
}

impl Listening {
    fn new() -> Self {
        let machine = Machine { usage: Usage::default, now_ns, steady_ns: now_ns };
        let address = StreamAddress::Tcp("127.0.0.1".to_owned(), 0);
        let config = FlowStreamServerConfig { address, seed: 7, machine, memory: Arc::default() };
        let server = FlowStreamServer::open(&config).unwrap();
        Self { server, intake: Intake::led(&[], Vec::new()), ledger: Ledger::default() }
    }

    fn connect(&self) -> TcpStream {
        TcpStream::connect(("127.0.0.1", self.server.port().unwrap())).unwrap()
    }

    /// An exporter that has sent all this and gone; waits until it is served to its end.
    fn exporter(&mut self, parts: &[&[u8]]) -> u64 {
        let before = self.server.newest_client;
        let mut client = self.connect();
        for part in parts {
            if client.write_all(part).is_err() {
                break; // it was closed
            }
            self.server.poll(0, &mut self.intake).unwrap();
        }
        let _ = client.shutdown(Shutdown::Write);
        while self.server.newest_client == before {
            self.server.poll(100, &mut self.intake).unwrap();
        }
        while !self.server.clients.is_empty() {
            self.server.poll(100, &mut self.intake).unwrap();
        }
        let mut rest = Vec::new();
        let _ = client.read_to_end(&mut rest);
        self.server.newest_client
    }

    fn octets(&mut self) -> Vec<u64> {
        self.intake.batch().flows.bytes().to_vec()
    }

    fn settled(&mut self) -> Ledger {
        self.intake.flush();
        self.ledger += &self.intake.take_ledger();
        self.ledger += &self.server.take_lost();
        assert!(self.ledger.balances(), "{:?}", self.ledger);
        self.ledger.clone()
    }
}

#[test]
fn messages_are_taken_however_the_stream_is_cut() {
    let stream = [message(0, &TEMPLATE), message(0, &records(&[1, 2, 3])), message(3, &records(&[4]))].concat();
    for size in [1, 7, 16, 17, 40, stream.len()] {
        let mut listening = Listening::new();
        listening.exporter(&stream.chunks(size).collect::<Vec<_>>());
        assert_eq!(listening.octets(), [1, 2, 3, 4], "in parts of {size}");
        assert_eq!(listening.intake.batch().flows.exporter()[0], mapped([127, 0, 0, 1]));
        let ledger = listening.settled();
        assert_eq!((ledger.seen, ledger.decoded, ledger.flow_records_lost), (3, 3, 0));
    }
}

#[test]
fn a_template_holds_for_its_connection_and_ends_with_it() {
    let mut listening = Listening::new();
    listening.exporter(&[&message(0, &TEMPLATE), &message(0, &records(&[1]))]);
    listening.exporter(&[&message(1, &records(&[2]))]);
    assert_eq!(listening.octets(), [1]);
    let ledger = listening.settled();
    assert_eq!(
        (ledger.seen, ledger.decoded, ledger.evicted.flow_sets),
        (3, 3, 1),
        "what waited for a template is told"
    );
}

#[test]
fn a_stream_that_makes_no_sense_is_closed_and_counted_and_others_go_on() {
    let netflow9 = [0, 9, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let mut short = message(0, &[]);
    short[3] = 15;
    let cut = &message(0, &TEMPLATE)[..20];
    for (bytes, reason) in [(&netflow9[..], UNKNOWN), (&short, BAD_SET), (cut, TOO_SHORT)] {
        let mut listening = Listening::new();
        listening.exporter(&[&message(0, &TEMPLATE), bytes]);
        listening.exporter(&[&message(0, &TEMPLATE), &message(0, &records(&[9]))]);
        assert_eq!(listening.octets(), [9]);
        let ledger = listening.settled();
        assert_eq!((ledger.seen, ledger.decoded, ledger.malformed(reason)), (4, 3, 1), "{}", reason.name());
    }
}

#[test]
fn half_messages_of_many_exporters_take_no_more_than_the_longest_message_each() {
    let mut listening = Listening::new();
    let mut longest = message(0, &[]);
    longest[2..4].fill(0xff);
    longest.resize(60_000, 0);
    let clients: Vec<_> = (0..20)
        .map(|_| {
            let mut client = listening.connect();
            client.write_all(&longest).unwrap();
            client
        })
        .collect();
    let held = |listening: &Listening| {
        listening.server.clients.values().map(|one| FlowStreams::waiting_bytes(&one.client)).sum::<usize>()
    };
    for _ in 0..1000 {
        listening.server.poll(10, &mut listening.intake).unwrap();
        if held(&listening) >= 20 * 60_000 {
            break;
        }
    }
    assert!((20 * 60_000..20 * 70_000).contains(&held(&listening)), "{}", held(&listening));
    drop(clients);
    while !listening.server.clients.is_empty() {
        listening.server.poll(10, &mut listening.intake).unwrap();
    }
    let ledger = listening.settled();
    assert_eq!((ledger.seen, ledger.malformed(TOO_SHORT)), (20, 20));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn of_any_bytes_every_message_is_accounted_for(
        parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..6), cut in 1usize..50
    ) {
        let mut server = FlowStreams { needs: Needs::all(), seed: 7 };
        let mut client = server.welcome(&[1; 16]);
        let mut intake = Intake::led(&[], Vec::new());
        let bytes: Vec<u8> = parts.iter().flat_map(|sets| message(0, sets)).chain(parts.concat()).collect();
        let mut ended = Ok(());
        for part in bytes.chunks(cut) {
            ended = server.take(&mut client, part, 0, &mut intake, &mut Vec::new());
            if ended.is_err() {
                break;
            }
        }
        if let Err(reason) = ended.and_then(|()| server.end(&client)) {
            intake.count_malformed(reason);
        }
        server.leave(client, &mut intake);
        intake.flush();
        let ledger = intake.take_ledger();
        prop_assert!(ledger.balances(), "{:?}", ledger);
        prop_assert!(ledger.seen >= parts.len() as u64);
    }
}
