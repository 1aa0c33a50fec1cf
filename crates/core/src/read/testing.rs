//! Capture files for tests, built byte by byte.

use std::io::{Cursor, Write};

use super::{CaptureReader, Damage};
use crate::Error;

/// A packet as it is put into a file, or as it came out of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Packet {
    pub time_ns: i64,
    pub link_type: u16,
    pub interface: u32,
    pub wire_bytes: u32,
    pub data: Vec<u8>,
}

impl Packet {
    /// An Ethernet frame that was captured whole, of interface 0.
    pub fn new(time_ns: i64, data: &[u8]) -> Self {
        Self { time_ns, link_type: 1, interface: 0, wire_bytes: data.len() as u32, data: data.to_vec() }
    }
}

/// Integers in a file's byte order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Little,
    Big,
}

impl Order {
    pub fn u16(self, value: u16) -> [u8; 2] {
        if self == Self::Big { value.to_be_bytes() } else { value.to_le_bytes() }
    }

    pub fn u32(self, value: u32) -> [u8; 4] {
        if self == Self::Big { value.to_be_bytes() } else { value.to_le_bytes() }
    }
}

/// How a pcap file is written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PcapFile {
    pub order: Order,
    pub magic: u32,
    pub snap_length: u32,
    pub link_type: u32,
}

impl PcapFile {
    pub const MICROSECONDS: Self = Self { order: Order::Little, magic: 0xa1b2_c3d4, snap_length: 65_535, link_type: 1 };
    pub const NANOSECONDS: Self = Self { magic: 0xa1b2_3c4d, ..Self::MICROSECONDS };
    pub const KUZNETZOV: Self = Self { magic: 0xa1b2_cd34, ..Self::MICROSECONDS };

    pub fn header(&self) -> Vec<u8> {
        let order = self.order;
        let mut file = order.u32(self.magic).to_vec();
        file.extend(order.u16(2));
        file.extend(order.u16(4));
        for word in [0, 0, self.snap_length, self.link_type] {
            file.extend(order.u32(word));
        }
        file
    }

    pub fn record(&self, packet: &Packet) -> Vec<u8> {
        let unit_ns = if self.magic == Self::NANOSECONDS.magic { 1 } else { 1000 };
        let seconds = (packet.time_ns / 1_000_000_000) as u32;
        let fraction = (packet.time_ns % 1_000_000_000 / unit_ns) as u32;
        let mut record = Vec::new();
        for word in [seconds, fraction, packet.data.len() as u32, packet.wire_bytes] {
            record.extend(self.order.u32(word));
        }
        if self.magic == Self::KUZNETZOV.magic {
            record.extend([0xee; 8]);
        }
        record.extend(&packet.data);
        record
    }

    pub fn write(&self, packets: &[Packet]) -> Vec<u8> {
        let records = packets.iter().flat_map(|packet| self.record(packet));
        self.header().into_iter().chain(records).collect()
    }
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::stream::encode_all(bytes, 1).unwrap()
}

pub(crate) fn lz4(bytes: &[u8]) -> Vec<u8> {
    let mut small_blocks = lz4_flex::frame::FrameInfo::new();
    small_blocks.block_size = lz4_flex::frame::BlockSize::Max64KB;
    let mut encoder = lz4_flex::frame::FrameEncoder::with_frame_info(small_blocks, Vec::new());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Opens a file that is all in memory, under the name `capture`.
pub(crate) fn open(file: &[u8]) -> Result<CaptureReader, Error> {
    CaptureReader::from_read(Box::new(Cursor::new(file.to_vec())), "capture")
}

/// Every packet of a reader, and what ended it.
pub(crate) fn drain(mut reader: CaptureReader) -> (Vec<Packet>, Option<Damage>) {
    let mut packets = Vec::new();
    while let Some(frame) = reader.next_frame() {
        packets.push(Packet {
            time_ns: frame.time_ns,
            link_type: frame.link_type,
            interface: frame.interface,
            wire_bytes: frame.wire_bytes,
            data: frame.data.to_vec(),
        });
    }
    let damage = reader.damage().cloned();
    assert!(reader.next_frame().is_none(), "a reader that has ended stays so");
    assert_eq!(reader.damage(), damage.as_ref());
    (packets, damage)
}

/// Every packet of a file that is all in memory, and what ended it.
pub(crate) fn read(file: &[u8]) -> (Vec<Packet>, Option<Damage>) {
    drain(open(file).unwrap())
}
