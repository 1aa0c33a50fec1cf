//! Any bytes as a frame stream of dnstap: parted anywhere it gives the same frames, every frame leaves rows or a reason, and
//! the rows agree.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pktvisor_core::decode::Batch;
use pktvisor_core::decode::app::Needs;
use pktvisor_core::decode::dnstap::{CONTENT_TYPE, Decoder, Tap};
use pktvisor_core::read::FrameStreamReceiver;
use pktvisor_core::table::Table as _;

fuzz_target!(|bytes: &[u8]| {
    let (mut decoder, mut batch) = (Decoder::new(1), Batch::default());
    decoder.set_needs(&Needs::all());
    let frames = received(bytes, usize::MAX);
    assert_eq!(frames, received(bytes, 1 + bytes.len() % 61), "however it is parted");
    for content in &frames {
        batch.ledger.seen += 1;
        match Tap::read(content) {
            Ok(tap) => decoder.decode(&tap, tap.time_ns().unwrap_or(0), &mut batch),
            Err(reason) => batch.ledger.count_malformed(reason),
        }
    }
    assert!(batch.ledger.balances());
    assert_eq!(batch.packets.len(), batch.apps.dns.len());
    let expected: Vec<u32> = (0..batch.packets.len() as u32).collect();
    assert_eq!(batch.apps.dns.packet_rows(), expected);
});

/// The data frames of a stream that comes in parts of this size.
fn received(bytes: &[u8], part_bytes: usize) -> Vec<Vec<u8>> {
    let (mut receiver, mut answers, mut frames) = (FrameStreamReceiver::new(CONTENT_TYPE), Vec::new(), Vec::new());
    for part in bytes.chunks(part_bytes) {
        if receiver.take(part, &mut answers, &mut |content| frames.push(content.to_vec())).is_err() {
            break;
        }
    }
    frames
}
