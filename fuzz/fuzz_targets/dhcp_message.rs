//! Any bytes as DHCP messages of both versions, several to one decoder. The first byte says the port.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pktvisor_core::decode::app::{Message, dhcp};
use pktvisor_core::frame::Frame;
use pktvisor_core::ledger::Ledger;
use pktvisor_core::table::{PacketRow, Table as _};

fuzz_target!(|bytes: &[u8]| {
    let Some((&port, payload)) = bytes.split_first() else { return };
    let port = [67, 68, 546, 547][usize::from(port) % 4];
    let frame = Frame { time_ns: 0, link_type: 1, interface: 0, wire_bytes: 0, data: &[7; 14] };
    let ip_version = if port < 100 { 4 } else { 6 };
    let packet = PacketRow { source_port: port, source: [1; 16], ip_version, ..PacketRow::EMPTY };
    let mut decoder = dhcp::Decoder::default();
    let mut table = dhcp::Messages::default();
    let mut parts = 0;
    for payload in payload.chunks(400) {
        let wire_bytes = payload.len() as u32;
        let message = Message {
            payload,
            packet: &packet,
            packet_row: 0,
            wire_bytes,
            frame: &frame,
            ends: None,
            seed: 1,
            server_port: 67,
        };
        decoder.decode(&message, &mut table, &mut Ledger::default());
        parts += 1;
    }
    assert_eq!(table.len(), parts);
});
