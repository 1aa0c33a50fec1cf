//! Any bytes as a capture file: every packet is walked, and what ends the walk stays its end. Read by the chunk, for several
//! threads, the packets are the same.

#![no_main]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use pktvisor_core::read::{Capture, CaptureReader, Chunk, ChunkReader, Deal, Piece};

const SHARES: usize = 3;

/// Time, length on the wire and bytes of a packet.
type Packet = (i64, u32, Vec<u8>);

fn open(bytes: &[u8]) -> Option<CaptureReader> {
    CaptureReader::from_read(Box::new(Cursor::new(bytes.to_vec())), "input").ok()
}

fn in_chunks(reader: CaptureReader) -> Vec<Packet> {
    let mut reader = ChunkReader::new(Capture::of(reader, "input"));
    let mut chunk = Chunk::new(SHARES);
    let (mut packets, mut dealt) = (Vec::new(), 0);
    loop {
        chunk.clear();
        let has_more = reader.next_chunk(&mut chunk, |frame| {
            dealt += 1;
            Deal { share: (dealt - 1) % SHARES, time_ns: frame.time_ns, mark: None }
        });
        let mut shares: Vec<_> = (0..SHARES).map(|share| chunk.share(share)).collect();
        let first = packets.len();
        for at in 0..chunk.frames() as usize {
            let Some(Piece::Frame(frame)) = shares[(first + at) % SHARES].next() else { panic!("a packet is missing") };
            packets.push((frame.time_ns, frame.wire_bytes, frame.data.to_vec()));
        }
        if !has_more {
            return packets;
        }
    }
}

fuzz_target!(|bytes: &[u8]| {
    let (Some(mut reader), Some(other)) = (open(bytes), open(bytes)) else { return };
    let mut packets: Vec<Packet> = Vec::new();
    while let Some(frame) = reader.next_frame() {
        assert!(frame.wire_bytes as usize >= frame.data.len());
        packets.push((frame.time_ns, frame.wire_bytes, frame.data.to_vec()));
    }
    let damage = reader.damage().cloned();
    assert!(reader.next_frame().is_none());
    assert_eq!(reader.damage(), damage.as_ref());
    assert!(reader.bytes_read() <= bytes.len() as u64);
    assert_eq!(in_chunks(other), packets);
});
