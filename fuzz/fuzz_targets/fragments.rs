//! Any fragments of a few datagrams: bounds hold, and a whole payload is as long as its last fragment said.
//!
//! A fragment is 5 bytes (identification and flag, offset in eights, length, pause) and then its payload.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pktvisor_core::decode::fragments::{Fragment, FragmentKey, FragmentLimits, FragmentTable};
use pktvisor_core::ledger::Ledger;

fuzz_target!(|bytes: &[u8]| {
    let limits = FragmentLimits { datagrams: 4, buffered_bytes_total: 4_096, ..FragmentLimits::default() };
    let mut table = FragmentTable::new(limits, 7);
    let mut ledger = Ledger::default();
    let mut time_ns = 0;
    let mut last_ends = [None; 8];
    let mut rest = bytes;
    while let [first, high, low, length, pause, after @ ..] = rest {
        let (payload, after) = after.split_at(usize::from(*length).min(after.len()));
        let (datagram, more) = (first % 8, first & 0x80 != 0);
        let offset_bytes = u32::from(u16::from_be_bytes([*high, *low]) & 0x1fff) * 8;
        time_ns += i64::from(*pause) * 1_000_000_000;
        let end = offset_bytes as usize + payload.len();
        if !more && !payload.is_empty() && end <= 65_535 {
            last_ends[usize::from(datagram)] = Some(end);
        }
        let key = FragmentKey { identification: u32::from(datagram), protocol: 17, ..FragmentKey::default() };
        let fragment = Fragment { offset_bytes, more, protocol: 17, payload, payload_wire_bytes: payload.len() as u32 };
        if let Some(whole) = table.push(&key, &fragment, time_ns, &mut ledger) {
            assert_eq!(Some(whole.payload.len()), last_ends[usize::from(datagram)]);
            table.give_back(whole);
        }
        assert!(table.datagrams() <= 4);
        assert!(table.memory_bytes() <= 96 * 1024);
        rest = after;
    }
    table.expire(i64::MAX, &mut ledger);
    assert_eq!(table.datagrams(), 0);
});
