//! Any bytes as a capture file: every packet is walked, and what ends the walk stays its end.

#![no_main]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use pktvisor_core::read::CaptureReader;

fuzz_target!(|bytes: &[u8]| {
    let Ok(mut reader) = CaptureReader::from_read(Box::new(Cursor::new(bytes.to_vec())), "input") else { return };
    while let Some(frame) = reader.next_frame() {
        assert!(frame.wire_bytes as usize >= frame.data.len());
    }
    let damage = reader.damage().cloned();
    assert!(reader.next_frame().is_none());
    assert_eq!(reader.damage(), damage.as_ref());
    assert!(reader.bytes_read() <= bytes.len() as u64);
});
