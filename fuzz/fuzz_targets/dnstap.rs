//! Any bytes as a frame stream of dnstap: every frame leaves rows or a reason, and the rows agree.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pktvisor_core::batch::{Batch, Table as _};
use pktvisor_core::decode::app::Needs;
use pktvisor_core::decode::dnstap::{CONTENT_TYPE, Decoder, Tap};
use pktvisor_core::read::{FrameStream, Step};

fuzz_target!(|bytes: &[u8]| {
    let (mut stream, mut decoder, mut batch) = (FrameStream::new(CONTENT_TYPE), Decoder::new(1), Batch::default());
    decoder.set_needs(&Needs::all());
    let mut rest = bytes;
    while let Ok(step) = stream.step(rest) {
        let consumed = match step {
            Step::Needs(needed) => {
                assert!(needed > rest.len());
                break;
            }
            Step::Control(_, consumed) => consumed,
            Step::Data(content) => {
                batch.ledger.seen += 1;
                match Tap::read(&rest[content.clone()]) {
                    Ok(tap) => decoder.decode(&tap, tap.time_ns().unwrap_or(0), &mut batch),
                    Err(reason) => batch.ledger.count_malformed(reason),
                }
                content.end
            }
        };
        rest = &rest[consumed..];
    }
    assert!(batch.ledger.balances());
    assert_eq!(batch.packets.len(), batch.apps.dns.len());
    let expected: Vec<u32> = (0..batch.packets.len() as u32).collect();
    assert_eq!(batch.apps.dns.packet_rows(), expected);
});
