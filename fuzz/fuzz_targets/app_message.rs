//! Any bytes as messages of every application protocol that there is, several to one decoder; and whether its probe
//! takes them. The first byte says which protocol, the second which of its ports, then each message has its length.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pktvisor_core::decode::app::{AppDecoders, AppTables, Message, Needs, PROTOCOLS};
use pktvisor_core::decode::content::Probed;
use pktvisor_core::frame::Frame;
use pktvisor_core::ledger::Ledger;
use pktvisor_core::table::{Column, PacketRow, Table};

fuzz_target!(|bytes: &[u8]| {
    let Some((&[protocol, port], mut rest)) = bytes.split_first_chunk::<2>() else { return };
    let number = usize::from(protocol) % PROTOCOLS.len();
    let declared = &PROTOCOLS[number];
    let ports = [declared.udp, declared.tcp].concat();
    let server_port = ports.get(usize::from(port) % ports.len().max(1)).copied().unwrap_or(9);
    let frame = Frame { time_ns: 0, link_type: 1, interface: 0, wire_bytes: 0, data: &[7; 14] };
    let packet = PacketRow { source_port: 4000, destination_port: server_port, ip_version: 4, ..PacketRow::EMPTY };
    let (mut decoders, mut tables) = (AppDecoders::default(), AppTables::default());
    decoders.set_needs(&Needs::all());
    while let Some((&length, after)) = rest.split_first() {
        let (payload, next) = after.split_at(after.len().min(usize::from(length)));
        rest = next;
        let wire_bytes = payload.len() as u32;
        if let Some(probe) = declared.probe {
            for is_stream in [false, true] {
                probe(&Probed { bytes: payload, wire_bytes, is_stream });
            }
        }
        let message = Message {
            payload,
            packet: &packet,
            packet_row: 0,
            wire_bytes,
            frame: &frame,
            ends: None,
            seed: 1,
            server_port,
        };
        decoders.message(number as u8, &message, &mut tables, &mut Ledger::default());
    }
    let table = tables.table(declared.name).expect("every protocol has a table");
    (0..table.definitions().len()).for_each(|column| check(table, column));
});

/// A column is as long as its table; texts lie where they are said to.
fn check(table: &dyn Table, column: usize) {
    if let Column::Text(texts) = table.column(column) {
        (0..table.len()).for_each(|row| assert!(texts.get(row).is_none_or(|text| text.len() <= texts.bytes.len())));
    }
}
