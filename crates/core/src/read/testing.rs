//! Capture files for tests, built byte by byte.

use std::io::{Cursor, Write};
use std::path::Path;

use super::{Capture, CaptureReader, Damage};
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

pub(crate) fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 1);
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A capture of one file that is all in memory.
pub(crate) fn capture(file: &[u8]) -> Capture {
    Capture::of(open(file).unwrap(), "capture")
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

/// A pcapng file being written, block by block.
#[derive(Debug, Clone)]
pub(crate) struct PcapngFile {
    pub order: Order,
    pub bytes: Vec<u8>,
}

impl PcapngFile {
    /// A file with the header of its first section.
    pub fn new(order: Order) -> Self {
        let mut file = Self { order, bytes: Vec::new() };
        file.section(order);
        file
    }

    pub fn block(&mut self, kind: u32, body: &[u8]) {
        let padding = body.len().next_multiple_of(4) - body.len();
        let length = self.order.u32((12 + body.len() + padding) as u32);
        self.bytes.extend(self.order.u32(kind));
        self.bytes.extend(length);
        self.bytes.extend(body);
        self.bytes.extend(&[0; 3][..padding]);
        self.bytes.extend(length);
    }

    pub fn section(&mut self, order: Order) {
        self.order = order;
        let version = [order.u16(1), order.u16(0)].concat();
        self.block(0x0a0d_0d0a, &[&order.u32(0x1a2b_3c4d)[..], &version, &[0xff; 8]].concat());
    }

    /// Describes an interface; options are pairs of a code and a value.
    pub fn interface(&mut self, link_type: u16, snap_length: u32, options: &[(u16, &[u8])]) {
        let order = self.order;
        let mut body = [&order.u16(link_type)[..], &[0; 2], &order.u32(snap_length)].concat();
        for (code, value) in options {
            body.extend(order.u16(*code));
            body.extend(order.u16(value.len() as u16));
            body.extend(*value);
            body.resize(body.len().next_multiple_of(4), 0);
        }
        self.block(1, &body);
    }

    /// An enhanced packet of an interface of this section, with its time in the interface's ticks.
    pub fn packet(&mut self, interface: u32, ticks: u64, wire_bytes: u32, data: &[u8]) {
        let interface = self.order.u32(interface);
        self.timed_packet(6, interface, ticks, wire_bytes, data);
    }

    /// A packet as it was written before there were enhanced packets.
    pub fn obsolete_packet(&mut self, interface: u16, ticks: u64, wire_bytes: u32, data: &[u8]) {
        let [first, second] = self.order.u16(interface);
        self.timed_packet(2, [first, second, 0xff, 0xff], ticks, wire_bytes, data);
    }

    fn timed_packet(&mut self, kind: u32, interface: [u8; 4], ticks: u64, wire_bytes: u32, data: &[u8]) {
        let order = self.order;
        let words = [(ticks >> 32) as u32, ticks as u32, data.len() as u32, wire_bytes].map(|word| order.u32(word));
        self.block(kind, &[&interface[..], words.as_flattened(), data].concat());
    }

    pub fn simple_packet(&mut self, wire_bytes: u32, data: &[u8]) {
        let order = self.order;
        self.block(3, &[&order.u32(wire_bytes)[..], data].concat());
    }

    /// A file of one Ethernet interface with nanosecond times.
    pub fn write(order: Order, packets: &[Packet]) -> Vec<u8> {
        let mut file = Self::new(order);
        file.interface(1, 0, &[(9, &[9])]);
        for packet in packets {
            file.packet(0, packet.time_ns as u64, packet.wire_bytes, &packet.data);
        }
        file.bytes
    }
}

/// Writes an input for a fuzz target to begin from; for tests named `fuzz_seeds`, which `fuzz/run` calls.
pub(crate) fn write_fuzz_seed(target: &str, name: &str, bytes: &[u8]) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    std::fs::create_dir_all(&corpus).unwrap();
    std::fs::write(corpus.join(format!("seed-{name}")), bytes).unwrap();
}
