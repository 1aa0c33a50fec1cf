//! Frames of any link type through the decoder. The input is a link type (two bytes, little-endian), then frames, each
//! behind its length in one byte: so fragments and streams meet each other. Every frame makes one row and is accounted
//! for; nothing waits once the input has ended; and where a datagram was on a port that is read, there is a row of a
//! message, or a reason. All of it holds whether tunnels are looked into or not.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pktvisor_core::decode::app::{Needs, PROTOCOLS};
use pktvisor_core::decode::ports::{ANY_PORT, PortSettings, port_options};
use pktvisor_core::decode::tunnel::TunnelPorts;
use pktvisor_core::decode::{BATCH_ROWS, Batch, DecodeConfig, Decoder, flow_of};
use pktvisor_core::frame::Frame;
use pktvisor_core::table::{PacketTable, Table as _};

/// Whether a datagram, or the first fragment of one, has a port that is read.
fn has_messages(packets: &PacketTable) -> bool {
    let is_read = |port: &u16| PROTOCOLS.iter().any(|protocol| protocol.udp.contains(port));
    let tunnels = TunnelPorts::new(&PortSettings::new());
    let ports = packets.source_port().iter().zip(packets.destination_port());
    packets
        .transport()
        .iter()
        .zip(ports)
        .any(|(transport, (from, to))| *transport == 17 && !tunnels.has(*to) && (is_read(from) || is_read(to)))
}

fuzz_target!(|bytes: &[u8]| {
    decode(bytes, false);
    decode(bytes, true);
});

fn decode(bytes: &[u8], decapsulates: bool) {
    let Some((&[low, high], mut rest)) = bytes.split_first_chunk::<2>() else { return };
    let link_type = u16::from_le_bytes([low, high]);
    let ports = port_options().filter(|option| option.may_be_any);
    let ports = ports.map(|option| (option.protocol.to_owned(), [ANY_PORT].into())).collect();
    let config = DecodeConfig { needs: Needs::all(), ports, decapsulates, seed: 1, ..DecodeConfig::default() };
    let mut decoder = Decoder::new(config);
    let mut batch = Batch::with_room(BATCH_ROWS);
    let mut frames = 0;
    while let Some((&length, after)) = rest.split_first() {
        let (data, next) = after.split_at(after.len().min(usize::from(length)));
        rest = next;
        frames += 1;
        let frame = Frame { time_ns: frames * 1000, link_type, interface: 0, wire_bytes: data.len() as u32, data };
        flow_of(&frame, 1);
        batch.ledger.seen += 1;
        decoder.decode(&frame, &mut batch);
    }
    decoder.finish(&mut batch);
    assert_eq!(decoder.waiting(), 0);
    assert_eq!(batch.packets.len() as i64, frames);
    assert!(batch.ledger.balances());
    if has_messages(&batch.packets) {
        let evicted = batch.ledger.evicted;
        let reasons = batch.ledger.malformed_total() + evicted.fragments;
        assert!(batch.apps.rows() as u64 + reasons > 0);
    }
}
