//! Any bytes as a DNS message: one row each, its names within the text, and printable.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pktvisor_core::decode::app::{Message, Needs, dns};
use pktvisor_core::frame::Frame;
use pktvisor_core::ledger::Ledger;
use pktvisor_core::table::{Column, PacketRow, Table as _};

fuzz_target!(|payload: &[u8]| {
    let mut decoder = dns::Decoder::default();
    decoder.set_needs(&Needs::all());
    let frame = Frame { time_ns: 0, link_type: 1, interface: 0, wire_bytes: 0, data: &[] };
    let packet = PacketRow { source_port: 4000, destination_port: 53, ..PacketRow::EMPTY };
    let wire_bytes = payload.len() as u32;
    let message = Message {
        payload,
        packet: &packet,
        packet_row: 0,
        wire_bytes,
        frame: &frame,
        ends: None,
        seed: 1,
        server_port: 53,
    };
    let mut table = dns::Messages::default();
    decoder.decode(&message, &mut table, &mut Ledger::default());
    decoder.decode(&message, &mut table, &mut Ledger::default());
    assert_eq!(table.len(), 2);
    for column in 0..table.definitions().len() {
        let Column::Text(names) = table.column(column) else { continue };
        for row in 0..2 {
            let name = names.get(row).unwrap_or(b"");
            assert!(name.len() <= 4 * 255 && name.iter().all(|byte| byte.is_ascii_graphic()));
        }
    }
});
