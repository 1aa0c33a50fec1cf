//! Any TCP segments of a few connections: bounds hold, and what comes out is a DNS message by length.
//!
//! A segment is 9 bytes (flow, flags, sequence number, length, missing bytes, pause) and then its payload.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pktvisor_core::table::PacketRow;
use pktvisor_core::decode::streams::{Cut, DNS_FRAMING, Protocol, Segment, StreamLimits, StreamTable};
use pktvisor_core::ledger::Ledger;

const BUFFERED_BYTES_TOTAL: usize = 8_192;

const PROTOCOL: Protocol = Protocol { number: 0, framing: DNS_FRAMING };

fn check(cut: Cut<'_>) {
    assert!((12..2_048).contains(&cut.bytes.len()));
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
        table.push(&segment, PROTOCOL, &mut check, &mut ledger);
        assert!(table.connections() <= 4);
        assert!(table.memory_bytes() <= empty_bytes + 2 * BUFFERED_BYTES_TOTAL + 8_192);
        rest = after;
    }
    table.expire(i64::MAX, &mut check, &mut ledger);
    assert_eq!(table.waiting(), 0);
});
