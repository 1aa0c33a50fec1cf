//! Datagrams of an exporter of flow records, each behind its length in two bytes (little-endian), to one decoder: so
//! templates and records meet.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pktvisor_core::decode::app::Needs;
use pktvisor_core::decode::flow::{Datagram, FlowDecoder};
use pktvisor_core::ledger::Ledger;
use pktvisor_core::table::{FlowTable, Table as _};

fuzz_target!(|bytes: &[u8]| {
    let mut decoder = FlowDecoder::new(&Needs::all(), 1);
    let mut table = FlowTable::default();
    let mut rest = bytes;
    while let Some((length, behind)) = rest.split_first_chunk::<2>() {
        let (payload, next) = behind.split_at(behind.len().min(usize::from(u16::from_le_bytes(*length))));
        rest = next;
        let datagram = Datagram { payload, exporter: [1; 16], time_ns: 0 };
        decoder.decode(&datagram, &mut table, &mut Ledger::default());
    }
    let mut ledger = Ledger::default();
    decoder.settle(i64::MAX, &mut ledger);
    // A record takes at least a byte, also one that has waited for its template.
    assert!(table.len() <= bytes.len());
});
