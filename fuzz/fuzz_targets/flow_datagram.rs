//! Any bytes as datagrams of exporters of flow records, several to one decoder.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pktvisor_core::table::{FlowTable, Table as _};
use pktvisor_core::decode::app::Needs;
use pktvisor_core::decode::flow::{Datagram, FlowDecoder};
use pktvisor_core::ledger::Ledger;

fuzz_target!(|bytes: &[u8]| {
    let mut decoder = FlowDecoder::new(&Needs::all(), 1);
    let mut table = FlowTable::default();
    for payload in bytes.chunks(1500) {
        let datagram = Datagram { payload, exporter: [1; 16], time_ns: 0 };
        decoder.decode(&datagram, &mut table, &mut Ledger::default());
    }
    assert!(table.len() <= bytes.len() / 48);
});
