//! Any TCP segments of a few connections of every framed protocol: bounds hold, and what comes out is a message by length.
//!
//! A segment is 9 bytes (flow, flags, sequence number, length, missing bytes, pause) and then its payload.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pktvisor_core::decode::app::PROTOCOLS;
use pktvisor_core::decode::streams::{Cut, Protocol, Segment, StreamLimits, StreamTable};
use pktvisor_core::ledger::Ledger;
use pktvisor_core::table::PacketRow;

const BUFFERED_BYTES_TOTAL: usize = 8_192;

/// The protocol of a connection, one after the other of those that go over TCP.
fn protocol(flow: u64) -> Protocol {
    let framed = || PROTOCOLS.iter().enumerate().filter_map(|(number, one)| Some((number as u8, one.framing?)));
    let (number, framing) = framed().cycle().nth(flow as usize).expect("a protocol goes over TCP");
    Protocol { number, framing }
}

fn check(cut: Cut<'_>) {
    assert!((12..=2_048).contains(&cut.bytes.len()));
}

fuzz_target!(|bytes: &[u8]| {
    let limits = StreamLimits {
        connections: 4,
        buffered_bytes_per_side: 2_048,
        buffered_segments_per_side: 4,
        buffered_bytes_total: BUFFERED_BYTES_TOTAL,
        ..StreamLimits::default()
    };
    let mut table = StreamTable::new(limits, 7);
    let empty_bytes = table.memory_bytes();
    let mut ledger = Ledger::default();
    let mut time_ns = 0;
    let mut rest = bytes;
    while let [flow, flags, a, b, c, d, length, missing, pause, after @ ..] = rest {
        let (payload, after) = after.split_at(usize::from(*length).min(after.len()));
        time_ns += i64::from(*pause) * 200_000_000;
        let segment = Segment {
            flow: u64::from(flow % 8),
            side: flags & 1,
            sequence: u32::from_be_bytes([*a, *b, *c, *d]),
            syn: flags & 2 != 0,
            fin: flags & 4 != 0,
            rst: flags & 8 != 0,
            payload,
            payload_wire_bytes: payload.len() as u32 + u32::from(*missing) * u32::from(flags >> 4),
            time_ns,
            packet: &PacketRow::EMPTY,
        };
        table.push(&segment, protocol(segment.flow), &mut check, &mut ledger);
        assert!(table.connections() <= 4);
        assert!(table.memory_bytes() <= empty_bytes + 2 * BUFFERED_BYTES_TOTAL + 8_192);
        rest = after;
    }
    table.expire(i64::MAX, &mut check, &mut ledger);
    assert_eq!(table.waiting(), 0);
});
