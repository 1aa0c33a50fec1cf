use std::cell::Cell;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use super::*;
use crate::decode::Batch;
use crate::decode::dnstap;
use crate::decode::dnstap::CONTENT_TYPE;
use crate::engine::Usage;
use crate::engine::stream_server::{MOST_CLIENTS, MOST_WAITING_BYTES};
use crate::engine::{Live, Source};
use crate::hosts::Hosts;
use crate::ledger::Ledger;

const SECOND: i64 = SECOND_NS;
const NOW: i64 = 1_700_000_000 * SECOND;
const CONTENT: &[u8] = CONTENT_TYPE.as_bytes();

thread_local! {
    static NOW_NS: Cell<i64> = const { Cell::new(NOW) };
}

fn now_ns() -> i64 {
    NOW_NS.get()
}

fn later(seconds: i64) {
    NOW_NS.set(NOW_NS.get() + seconds * SECOND);
}

fn control(kind: u32, content_type: &[u8]) -> Vec<u8> {
    let mut frame = kind.to_be_bytes().to_vec();
    if !content_type.is_empty() {
        frame.extend([&1_u32.to_be_bytes()[..], &(content_type.len() as u32).to_be_bytes(), content_type].concat());
    }
    [&[0; 4][..], &(frame.len() as u32).to_be_bytes(), &frame].concat()
}

fn start() -> Vec<u8> {
    control(2, CONTENT)
}

/// A data frame with a query of a client, seen at a second.
fn query(second: i64) -> Vec<u8> {
    let mut seconds = Vec::new();
    let mut rest = second.cast_unsigned();
    while rest >= 0x80 {
        seconds.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    seconds.push(rest as u8);
    let dns = b"\0\x07\0\0\0\x01\0\0\0\0\0\0\x03www\x03com\0\0\x01\0\x01";
    let address = [&[0x22, 4][..], &[192, 0, 2, 1]].concat();
    let message = [&[0x08, 5][..], &address, &[0x40], &seconds, &[0x52, dns.len() as u8], dns].concat();
    let content = [&[0x72, message.len() as u8][..], &message, &[0x78, 1]].concat();
    [&(content.len() as u32).to_be_bytes()[..], &content].concat()
}

/// A server with what it takes in.
struct Listening {
    server: DnstapServer,
    intake: Intake,
    path: PathBuf,
    ledger: Ledger,
}

impl Listening {
    fn new(name: &str) -> Self {
        Self::taking(name, Taking::default())
    }

    fn taking(name: &str, taking: Taking) -> Self {
        let path = std::env::temp_dir().join(format!("pktvisor-{name}-{}.sock", std::process::id()));
        let machine = Machine { usage: Usage::default, now_ns, steady_ns: now_ns };
        let address = StreamAddress::Unix(path.clone());
        let config = DnstapServerConfig { address, taking, machine, memory: Arc::default() };
        let server = DnstapServer::open(&config).unwrap();
        Self { server, intake: Intake::led(&[], Vec::new()), path, ledger: Ledger::default() }
    }

    fn connect(&self) -> UnixStream {
        UnixStream::connect(&self.path).unwrap()
    }

    /// A client that has sent all this.
    fn client(&self, parts: &[&[u8]]) -> UnixStream {
        let mut client = self.connect();
        client.write_all(&parts.concat()).unwrap();
        client
    }

    /// Serves until nothing is left; gives the ledger of all that was.
    fn serve(&mut self) -> Ledger {
        loop {
            let before = (self.server.clients.len(), self.server.newest_client, self.intake.items());
            self.server.poll(0, &mut self.intake).unwrap();
            let after = (self.server.clients.len(), self.server.newest_client, self.intake.items());
            let is_idle = self.server.readiness.wait(0).unwrap().is_empty() || self.server.paused_until_ns.is_some();
            if is_idle && before == after {
                break;
            }
        }
        self.intake.flush();
        self.ledger += &self.intake.take_ledger();
        self.ledger += &self.server.take_lost();
        assert!(self.ledger.balances(), "{:?}", self.ledger);
        self.ledger.clone()
    }

    fn batch(&mut self) -> &Batch {
        self.intake.batch()
    }
}

#[test]
fn messages_of_many_clients_are_counted() {
    let mut listening = Listening::new("many");
    let second = NOW / SECOND;
    let clients: Vec<_> = (0..50).map(|_| listening.client(&[&start(), &query(second), &query(second)])).collect();
    let ledger = listening.serve();
    assert_eq!((ledger.seen, ledger.decoded, listening.server.clients.len()), (100, 100, 50));
    drop(clients);
    assert_eq!(listening.serve().seen, 100);
    assert_eq!(listening.server.clients.len(), 0, "they have gone, and left nothing unsaid");
}

#[test]
fn a_two_way_stream_is_answered_to_its_end() {
    let mut listening = Listening::new("answered");
    let mut client = listening.client(&[&control(4, CONTENT)]);
    listening.serve();
    let accept = control(1, CONTENT);
    let mut answer = vec![0; accept.len()];
    client.read_exact(&mut answer).unwrap();
    assert_eq!(answer, accept);
    client.write_all(&[start(), query(NOW / SECOND), control(3, b"")].concat()).unwrap();
    assert_eq!(listening.serve().decoded, 1);
    let finish = control(5, b"");
    let mut answer = vec![0; finish.len()];
    client.read_exact(&mut answer).unwrap();
    assert_eq!(answer, finish);
}

#[test]
fn what_makes_no_sense_closes_that_client_alone_and_is_counted_with_its_reason() {
    let mut listening = Listening::new("violations");
    let good = listening.client(&[&start(), &query(NOW / SECOND)]);
    let too_long = ((1_u32 << 20) + 1).to_be_bytes();
    let cases: [(&[&[u8]], Malformed); 7] = [
        (&[&start(), &too_long], dnstap::FRAME_TOO_LONG),
        (&[&query(1)], dnstap::OUT_OF_ORDER),
        (&[&start(), &start()], dnstap::OUT_OF_ORDER),
        (&[&control(2, b"other")], dnstap::OTHER_CONTENT),
        (&[&control(9, b"")], dnstap::BAD_CONTROL),
        (&[&[0; 4], &513_u32.to_be_bytes()], dnstap::BAD_CONTROL),
        (&[&start(), &query(1)[..9]], dnstap::CUT_FRAME),
    ];
    for (at, (parts, reason)) in cases.iter().enumerate() {
        let before = listening.ledger.malformed(*reason);
        let client = listening.client(parts);
        if *reason == dnstap::CUT_FRAME {
            drop(client);
        }
        let ledger = listening.serve();
        assert_eq!(ledger.malformed(*reason), before + 1, "case {at}");
        assert_eq!(listening.server.clients.len(), 1, "case {at}");
    }
    drop(good);
    let ledger = listening.serve();
    assert_eq!((ledger.decoded, ledger.malformed_total()), (1, cases.len() as u64));
}

#[test]
fn clients_beyond_the_bound_are_closed_at_once_and_counted() {
    let mut listening = Listening::new("flood");
    // As many as the process may have descriptors for: both ends are this process's.
    let mut clients = Vec::new();
    while clients.len() < MOST_CLIENTS + 20 {
        let Ok(client) = UnixStream::connect(&listening.path) else { break };
        clients.push(client);
        listening.serve();
    }
    clients.truncate(clients.len() * 9 / 10); // leaves descriptors for this test itself
    later(2);
    let ledger = listening.serve();
    assert!(listening.server.clients.len() <= MOST_CLIENTS);
    assert!(clients.len() >= 100, "{} clients", clients.len());
    later(Messages::PATIENCE_NS / SECOND + 2);
    let after = listening.serve();
    assert_eq!(listening.server.clients.len(), 0, "those that never spoke are gone");
    assert!(after.evicted.clients >= ledger.evicted.clients + clients.len() as u64);
    let _speaks = listening.client(&[&start(), &query(NOW_NS.get() / SECOND)]);
    assert_eq!(listening.serve().decoded, 1, "and the next is heard");
}

#[test]
fn half_frames_of_many_clients_stay_within_the_bound() {
    let mut listening = Listening::new("halves");
    let half = vec![0; 900 << 10];
    let mut clients = Vec::new();
    for _ in 0..150 {
        let mut client = listening.client(&[&start(), &(1_u32 << 20).to_be_bytes()]);
        client.set_nonblocking(true).unwrap();
        let mut rest = &half[..];
        while !rest.is_empty() {
            match client.write(rest) {
                Ok(written) => rest = &rest[written..],
                Err(error) if error.kind() == ErrorKind::WouldBlock => drop(listening.serve()),
                Err(_) => break, // it was closed
            }
        }
        clients.push(client);
        listening.serve();
        let waiting: usize =
            listening.server.clients.values().map(|client| Messages::waiting_bytes(&client.client)).sum();
        assert!(waiting <= MOST_WAITING_BYTES, "{waiting}");
    }
    assert!(listening.ledger.evicted.clients >= 50, "{:?}", listening.ledger.evicted);
    let most = listening.server.most_waiting_bytes;
    assert!(most <= MOST_WAITING_BYTES, "{most} at some time");
    let _good = listening.client(&[&start(), &query(NOW / SECOND)]);
    assert_eq!(listening.serve().decoded, 1);
}

#[test]
fn only_hosts_keeps_what_has_an_end_in_them() {
    let network = |last: u8| Hosts::new([([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, last], 128)]);
    for (last, decoded) in [(1, 1), (9, 0)] {
        let only_hosts = Some(network(last));
        let mut listening = Listening::taking(&format!("hosts-{last}"), Taking { only_hosts, seed: 1 });
        let _client = listening.client(&[&start(), &query(NOW / SECOND)]);
        let ledger = listening.serve();
        assert_eq!((ledger.decoded, ledger.filtered), (decoded, 1 - decoded));
    }
}

#[test]
fn rows_are_those_of_a_file() {
    let mut listening = Listening::new("rows");
    let _client = listening.client(&[&start(), &query(NOW / SECOND - 2)]);
    listening.server.poll(1000, &mut listening.intake).unwrap();
    listening.server.poll(1000, &mut listening.intake).unwrap();
    let batch = listening.batch();
    assert_eq!(batch.packets.time_ns(), [NOW - 2 * SECOND]);
    assert_eq!(batch.apps.dns.dnstap_type(), [5]);
}
