//! IPFIX by TCP and SCTP in captures, beside other traffic.

use super::super::DecodeConfig;
use super::super::app::Needs;
use super::*;
use crate::table::Table as _;

const SYN: u8 = 2;
const ACK: u8 = 16;

fn set(number: u16, content: &[u8]) -> Vec<u8> {
    [&number.to_be_bytes()[..], &(content.len() as u16 + 4).to_be_bytes(), content].concat()
}

/// A message that has a template of source address and protocol, and records of addresses that end so.
fn message(sequence: u32, last_octets: &[u8]) -> Vec<u8> {
    let template = [256_u16, 2, 8, 4, 4, 1].map(u16::to_be_bytes).concat();
    let records: Vec<u8> = last_octets.iter().flat_map(|last| [10, 0, 0, *last, 6]).collect();
    let sets = [set(2, &template), set(256, &records)].concat();
    let head = [[0, 10], (sets.len() as u16 + 16).to_be_bytes()].concat();
    [head, [1_700_000_000, sequence, 7].map(u32::to_be_bytes).concat(), sets].concat()
}

fn tcp(port: u16, sequence: u32, flags: u8, payload: &[u8]) -> Vec<u8> {
    let ports = [40_000, port].map(u16::to_be_bytes).concat();
    [&ports[..], &sequence.to_be_bytes(), &[0, 0, 0, 0, 0x50, flags, 0, 0, 0, 0, 0, 0], payload].concat()
}

fn chunk(flags: u8, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u16 + 16).to_be_bytes();
    let padding = vec![0; (4 - payload.len() % 4) % 4];
    [&[0, flags, length[0], length[1]][..], &[0; 12], payload, &padding].concat()
}

fn sctp(chunks: &[Vec<u8>]) -> Vec<u8> {
    [&[40_000, PORT].map(u16::to_be_bytes).concat()[..], &[0; 8], &chunks.concat()].concat()
}

struct Bench {
    decoder: Decoder,
    batch: Batch,
}

impl Bench {
    fn new() -> Self {
        let config = DecodeConfig { needs: Needs::all(), reads_flows: true, ..DecodeConfig::default() };
        Self { decoder: Decoder::new(config), batch: Batch::default() }
    }

    fn frame(&mut self, data: &[u8]) {
        self.batch.ledger.seen += 1;
        let frame = Frame { time_ns: 5, link_type: 101, interface: 0, wire_bytes: data.len() as u32, data };
        self.decoder.decode(&frame, &mut self.batch);
        assert!(self.batch.ledger.balances());
    }

    fn packet(&mut self, protocol: u8, payload: &[u8]) {
        let length = (payload.len() as u16 + 20).to_be_bytes();
        let head = [0x45, 0, length[0], length[1], 0, 0, 0, 0, 64, protocol, 0, 0, 10, 9, 9, 9, 192, 0, 2, 1];
        self.frame(&[&head[..], payload].concat());
    }

    fn rows(&self) -> Vec<u8> {
        self.batch.flows.source().iter().map(|source| source[15]).collect()
    }

    fn counts(&self) -> [u64; 3] {
        let ledger = &self.batch.ledger;
        [ledger.decoded, ledger.filtered, ledger.malformed_total()]
    }
}

#[test]
fn messages_of_a_connection_are_read_however_they_are_cut() {
    let stream = [message(0, &[1]), message(1, &[2, 3]), message(3, &[4])].concat();
    for size in [1, 7, 16, 21, 60, 1000] {
        let mut bench = Bench::new();
        bench.packet(6, &tcp(PORT, 99, SYN, &[]));
        for (at, piece) in stream.chunks(size).enumerate() {
            bench.packet(6, &tcp(PORT, 100 + (at * size) as u32, ACK, piece));
        }
        assert_eq!(bench.rows(), [1, 2, 3, 4], "segments of {size}");
        assert_eq!(bench.counts(), [stream.len().div_ceil(size) as u64, 1, 0], "the SYN brings nothing");
        assert_eq!((bench.batch.flows.exporter()[0][12..].to_vec(), bench.batch.packets.len()), (vec![10, 9, 9, 9], 0));
    }
}

#[test]
fn messages_behind_a_gap_are_read_at_the_end_and_connections_of_others_are_left_alone() {
    let mut bench = Bench::new();
    let [one, two, three] = [message(0, &[1]), message(1, &[2]), message(2, &[3])];
    bench.packet(6, &tcp(PORT, 99, SYN, &[]));
    bench.packet(6, &tcp(PORT, 100, ACK, &one));
    bench.packet(6, &tcp(PORT, 100 + (one.len() + two.len()) as u32, ACK, &three));
    bench.packet(6, &tcp(443, 100, ACK, &one));
    assert_eq!((bench.rows(), bench.counts()), (vec![1], [2, 2, 0]));
    bench.decoder.finish(&mut bench.batch);
    assert_eq!((bench.rows(), bench.batch.flows.lost()), (vec![1, 3], &[0, 1][..]));
}

#[test]
fn each_whole_chunk_of_data_is_a_message() {
    let mut bench = Bench::new();
    let heartbeat = vec![4, 0, 0, 8, 0, 1, 0, 4];
    bench.packet(PROTOCOL_SCTP, &sctp(&[chunk(3, &message(0, &[1, 2])), chunk(3, &message(2, &[3]))]));
    bench.packet(PROTOCOL_SCTP, &sctp(&[heartbeat]));
    assert_eq!((bench.rows(), bench.counts()), (vec![1, 2, 3], [1, 1, 0]));
    bench.packet(PROTOCOL_SCTP, &sctp(&[chunk(2, &message(3, &[4])), chunk(3, &message(3, &[5]))]));
    assert_eq!((bench.rows(), bench.counts()), (vec![1, 2, 3, 5], [1, 1, 1]), "a part of a message is none");
    bench.packet(PROTOCOL_SCTP, &sctp(&[chunk(3, &message(9, &[6]))])[..40]);
    bench.packet(PROTOCOL_SCTP, &[0; 3]);
    assert_eq!(bench.counts(), [1, 2, 2]);
}

#[test]
fn a_frame_that_cannot_be_read_takes_nothing_from_those_that_can() {
    let mut bench = Bench::new();
    let record = message(0, &[1]);
    let length = (record.len() as u16 + 8).to_be_bytes();
    bench.packet(17, &[&[0x9c, 0x40, 0x08, 0x07, length[0], length[1], 0, 0][..], &record].concat());
    bench.frame(&[0x45, 0]);
    bench.packet(17, &[1, 2, 3]);
    bench.packet(1, &[8, 0, 0, 0]);
    assert_eq!(bench.counts(), [1, 1, 2]);
}
