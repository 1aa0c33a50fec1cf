//! Stories of whole files: what comes out of them, and what is said of those that make no sense.

use std::io::{Cursor, Read};

use super::testing::{self, Order, Packet, PcapFile, PcapngFile};
use super::*;
use crate::error::ErrorKind;

const T: i64 = 1_700_000_000_000_000_000;

fn two_packets() -> Vec<Packet> {
    vec![Packet::new(T + 1000, b"first frame"), Packet { wire_bytes: 1500, ..Packet::new(T + 2_000_000, b"cut") }]
}

fn sentence(file: &[u8]) -> String {
    let error = testing::open(file).err().expect("this file is no capture");
    assert_eq!(error.kind, ErrorKind::Format);
    error.message
}

fn damaged(offset: usize, reason: &str) -> Option<Damage> {
    Some(Damage { offset: offset as u64, reason: reason.to_string() })
}

/// An input that gives one byte at a time, like the slowest of pipes.
struct ByteByByte(Cursor<Vec<u8>>);

impl Read for ByteByByte {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let one = buffer.len().min(1);
        self.0.read(&mut buffer[..one])
    }
}

/// An input that fails after its bytes.
struct ThenFails(Cursor<Vec<u8>>);

impl Read for ThenFails {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self.0.read(buffer)? {
            0 => Err(std::io::Error::other("the cable is out")),
            count => Ok(count),
        }
    }
}

#[test]
fn a_pcap_gives_its_packets_with_times_and_wire_lengths() {
    let file = PcapFile::MICROSECONDS.write(&two_packets());
    let reader = testing::open(&file).unwrap();
    assert_eq!(reader.format(), "pcap");
    assert_eq!(testing::drain(reader), (two_packets(), None));
}

#[test]
fn both_byte_orders_and_all_three_magic_numbers_of_pcap_mean_the_same() {
    for kind in [PcapFile::MICROSECONDS, PcapFile::NANOSECONDS, PcapFile::KUZNETZOV] {
        for order in [Order::Little, Order::Big] {
            let file = PcapFile { order, ..kind }.write(&two_packets());
            assert_eq!(testing::read(&file), (two_packets(), None), "{kind:?} {order:?}");
        }
    }
}

#[test]
fn nanoseconds_are_kept_where_the_file_has_them() {
    let packets = [Packet::new(T + 123_456_789, b"precise")];
    assert_eq!(testing::read(&PcapFile::NANOSECONDS.write(&packets)).0[0].time_ns, T + 123_456_789);
    assert_eq!(testing::read(&PcapFile::MICROSECONDS.write(&packets)).0[0].time_ns, T + 123_456_000);
}

#[test]
fn the_frame_check_sequence_bits_are_no_part_of_the_link_type() {
    let file = PcapFile { link_type: 0x4400_0071, ..PcapFile::MICROSECONDS }.write(&two_packets());
    assert_eq!(testing::read(&file).0[0].link_type, 113);
}

#[test]
fn a_frame_is_never_shorter_on_the_wire_than_what_was_captured_of_it() {
    let file = PcapFile::MICROSECONDS.write(&[Packet { wire_bytes: 2, ..Packet::new(T, b"longer") }]);
    assert_eq!(testing::read(&file).0[0].wire_bytes, 6);
}

#[test]
fn a_file_cut_anywhere_gives_its_whole_packets_and_tells_where_it_broke() {
    let file = PcapFile::MICROSECONDS.write(&two_packets());
    let (first, second) = (24, 24 + 16 + 11);
    for length in 24..=file.len() {
        let (packets, damage) = testing::read(&file[..length]);
        let whole = [second, file.len()].iter().filter(|&&end| length >= end).count();
        assert_eq!(packets, two_packets()[..whole], "cut to {length} bytes");
        let expected = match length {
            _ if [first, second, file.len()].contains(&length) => None,
            _ => damaged([first, second][whole], "the file ends within a packet record"),
        };
        assert_eq!(damage, expected, "cut to {length} bytes");
    }
}

#[test]
fn an_absurd_length_is_damage_and_takes_no_memory() {
    let mut file = PcapFile::MICROSECONDS.write(&two_packets());
    file[24 + 16 + 11 + 8..][..4].copy_from_slice(&u32::MAX.to_le_bytes());
    let (packets, damage) = testing::read(&file);
    assert_eq!(packets, two_packets()[..1]);
    let reason = "a packet record says it holds 4294967295 bytes; at most 262144 are possible";
    assert_eq!(damage, damaged(51, reason));
}

#[test]
fn a_snap_length_of_megabytes_lets_records_be_as_long() {
    let long = vec![0x5a; 3 << 20];
    let packets = vec![Packet::new(T, &long), Packet::new(T + 1000, b"after")];
    let file = PcapFile { snap_length: 4 << 20, ..PcapFile::MICROSECONDS }.write(&packets);
    assert_eq!(testing::read(&file), (packets, None));
    let file = PcapFile { snap_length: u32::MAX, ..PcapFile::MICROSECONDS }.write(&[]);
    let too_long = [&file[..], &[0; 8], &((MAX_RECORD_BYTES as u32 + 1).to_le_bytes()), &[0; 4]].concat();
    assert!(testing::read(&too_long).1.unwrap().reason.ends_with("at most 16777216 are possible"));
}

#[test]
fn records_across_block_ends_come_out_whole() {
    let packets: Vec<_> =
        (0..3000).map(|at: i64| Packet::new(T + at * 1000, &vec![at as u8; 1 + (at as usize * 37) % 1500])).collect();
    let file = PcapFile::MICROSECONDS.write(&packets);
    assert!(file.len() > 4 * (256 << 10));
    assert_eq!(testing::read(&file), (packets, None));
}

#[test]
fn a_pipe_that_gives_single_bytes_reads_the_same() {
    for pack in [|file: &[u8]| file.to_vec(), testing::gzip, testing::zstd, testing::lz4, testing::xz, testing::bzip2] {
        let file = pack(&PcapFile::MICROSECONDS.write(&two_packets()));
        let reader = CaptureReader::from_read(Box::new(ByteByByte(Cursor::new(file))), "pipe").unwrap();
        assert_eq!(testing::drain(reader), (two_packets(), None));
    }
}

#[test]
fn an_input_that_fails_midway_is_damage_after_its_packets() {
    let file = PcapFile::MICROSECONDS.write(&two_packets());
    let length = file.len();
    let reader = CaptureReader::from_read(Box::new(ThenFails(Cursor::new(file))), "disk").unwrap();
    assert_eq!(testing::drain(reader), (two_packets(), damaged(length, "reading failed: the cable is out")));
}

#[test]
fn compression_is_told_by_the_first_bytes() {
    type Pack = fn(&[u8]) -> Vec<u8>;
    let packs: [(Pack, &str); 5] = [
        (testing::gzip, "pcap, gzip"),
        (testing::zstd, "pcap, zstd"),
        (testing::lz4, "pcap, lz4"),
        (testing::xz, "pcap, xz"),
        (testing::bzip2, "pcap, bzip2"),
    ];
    for (pack, format) in packs {
        let file = pack(&PcapFile::MICROSECONDS.write(&two_packets()));
        let mut reader = testing::open(&file).unwrap();
        assert_eq!(reader.format(), format);
        while reader.next_frame().is_some() {}
        assert_eq!(reader.bytes_read(), file.len() as u64);
        assert_eq!(testing::read(&file), (two_packets(), None), "{format}");
    }
}

#[test]
fn compressed_parts_one_after_another_are_one_file() {
    let file = PcapFile::MICROSECONDS.write(&two_packets());
    let (head, tail) = file.split_at(30);
    for pack in [testing::gzip as fn(&[u8]) -> Vec<u8>, testing::zstd, testing::lz4, testing::xz, testing::bzip2] {
        let parts = [pack(head), pack(b""), pack(tail)].concat();
        assert_eq!(testing::read(&parts), (two_packets(), None));
    }
}

#[test]
fn a_compressed_file_that_is_cut_gives_what_can_be_unpacked_and_is_damaged() {
    let packets: Vec<_> = (0..20_000)
        .map(|at: i64| Packet::new(T + at * 1000, &(at as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes()))
        .collect();
    let file = PcapFile::MICROSECONDS.write(&packets);
    for pack in [testing::gzip as fn(&[u8]) -> Vec<u8>, testing::zstd, testing::lz4, testing::xz, testing::bzip2] {
        let packed = pack(&file);
        for length in [packed.len() - 1, packed.len() - 5, packed.len() / 2] {
            let (read, damage) = testing::read(&packed[..length]);
            assert_eq!(read, packets[..read.len()]);
            assert!(damage.is_some(), "cut from {} to {length} bytes, {} packets", packed.len(), read.len());
        }
    }
}

/// A way to pack a file.
type Pack = fn(&[u8]) -> Vec<u8>;

const PACKS: [Pack; 5] = [testing::gzip, testing::zstd, testing::lz4, testing::xz, testing::bzip2];

#[test]
fn what_follows_a_compressed_file_takes_nothing_of_it() {
    let packets: Vec<_> = (0..4_000)
        .map(|at: i64| Packet::new(T + at * 1000, &(at as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes()))
        .collect();
    let file = PcapFile::MICROSECONDS.write(&packets);
    let name = |pack: Pack| testing::open(&pack(&file)).unwrap().format();
    for pack in PACKS {
        for behind in [&b"garbage"[..], &[0xff; 3_000], &pack(b"more")[..8]] {
            let (read, damage) = testing::read(&[&pack(&file)[..], behind].concat());
            assert_eq!(read.len(), packets.len(), "{}: {damage:?}", name(pack));
            assert!(damage.is_some_and(|damage| damage.offset == file.len() as u64), "{}", name(pack));
        }
    }
}

#[test]
fn what_stands_before_a_damaged_byte_is_read_but_for_a_block() {
    let packets: Vec<_> = (0..60_000)
        .map(|at: i64| Packet::new(T + at * 1000, &(at as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes()))
        .collect();
    let file = PcapFile::MICROSECONDS.write(&packets);
    for (pack, block_bytes) in PACKS.into_iter().zip([64 << 10, 128 << 10, 64 << 10, 64 << 10, 100_000]) {
        let mut packed = pack(&file);
        let at = packed.len() / 10 * 9;
        packed[at..at + 64].fill(0xff);
        let (read, damage) = testing::read(&packed);
        let expected = file.len() / 10 * 9 - block_bytes - (16 << 10);
        let found = read.len() * (16 + 8);
        assert!(found > expected, "{found} of {expected}: {damage:?}");
    }
}

#[test]
fn a_bomb_is_stopped_where_its_expansion_passes_the_bound() {
    let nothing = PcapFile::MICROSECONDS.record(&Packet::new(T, &[0; 65_000]));
    let bomb = testing::zstd(&[PcapFile::MICROSECONDS.header(), nothing.repeat(1200)].concat());
    let mut reader = testing::open(&bomb).unwrap();
    while reader.next_frame().is_some() {}
    let damage = reader.damage().unwrap();
    assert_eq!(damage.reason, "the zstd stream can't be unpacked: it expands to more than 1000 times its size");
    // Up to one block before the bound, since the read that passes it gives nothing.
    assert!((63 << 20..=64 << 20).contains(&damage.offset), "{}", damage.offset);
}

#[test]
fn a_reader_can_move_to_another_thread() {
    fn moves<T: Send>(_: &T) {}
    moves(&testing::open(&PcapFile::MICROSECONDS.header()).unwrap());
}

#[test]
fn what_is_no_capture_is_told_with_its_first_bytes() {
    let expected = "expected pcap or pcapng, plain or compressed with gzip, zstd, lz4, xz or bzip2";
    assert_eq!(
        sentence(b"hello"),
        format!("capture is not a capture file: it starts with the bytes 68 65 6c 6c; {expected}")
    );
    assert_eq!(
        sentence(&testing::gzip(b"hello")),
        format!("capture is not a capture file: unpacked with gzip, it starts with the bytes 68 65 6c 6c; {expected}")
    );
    assert_eq!(sentence(b"h"), format!("capture is not a capture file: it starts with the bytes 68; {expected}"));
    assert_eq!(sentence(b""), format!("capture is empty; {expected}"));
    assert_eq!(
        sentence(&testing::gzip(b"")),
        format!("capture is not a capture file: unpacked with gzip, it is empty; {expected}")
    );
}

#[test]
fn a_frame_stream_is_told_from_a_file_of_nobody_knows_what() {
    let start = [&[0; 4][..], &4u32.to_be_bytes(), &2u32.to_be_bytes()].concat();
    for file in [start.clone(), testing::gzip(&start)] {
        let told = sentence(&file);
        assert!(told.starts_with("capture is not a capture file: it is a frame stream, as of dnstap; "), "{told}");
        assert!(told.contains("-i dnstap") && told.contains("dnstap_file"), "{told}");
    }
    let data = [&[0; 4][..], &4u32.to_be_bytes(), &9u32.to_be_bytes()].concat();
    assert!(sentence(&data).contains("it starts with the bytes 00 00 00 00"));
}

#[test]
fn a_file_header_that_is_cut_or_of_another_version_is_an_error() {
    let mut file = PcapFile::MICROSECONDS.header();
    assert_eq!(sentence(&file[..10]), "capture ends within its pcap file header: 10 of 24 bytes are there");
    file[4] = 7;
    assert_eq!(sentence(&file), "capture has pcap version 7; only version 2 can be read");
}

#[test]
fn a_gzip_header_with_nothing_behind_it_can_not_be_read() {
    assert_eq!(sentence(&[0x1f, 0x8b, 8]), "capture can't be read: the gzip stream ends too early");
}

#[test]
fn paths_that_can_not_be_opened_are_errors_with_the_systems_reason() {
    let directory = std::env::temp_dir();
    let error = CaptureReader::open(&directory).err().unwrap();
    assert_eq!(error.message, format!("open capture file {}: is a directory", directory.display()));
    let missing = directory.join("no-such-capture.pcap");
    let error = CaptureReader::open(&missing).err().unwrap();
    assert_eq!(error.kind, ErrorKind::System);
    assert!(error.message.contains("no-such-capture.pcap: No such file"), "{}", error.message);
}

#[test]
#[ignore = "writes files for fuzzing; fuzz/run calls it"]
fn fuzz_seeds() {
    let packets = two_packets();
    let files = [
        ("pcap", PcapFile::MICROSECONDS.write(&packets)),
        ("pcap-big", PcapFile { order: Order::Big, ..PcapFile::NANOSECONDS }.write(&packets)),
        ("pcap-kuznetzov", PcapFile::KUZNETZOV.write(&packets)),
        ("pcapng", PcapngFile::write(Order::Little, &packets)),
        ("pcapng-big", PcapngFile::write(Order::Big, &packets)),
    ];
    for (name, file) in files {
        testing::write_fuzz_seed("capture_reader", name, &file);
        testing::write_fuzz_seed("capture_reader", &format!("{name}-gzip"), &testing::gzip(&file));
        testing::write_fuzz_seed("capture_reader", &format!("{name}-zstd"), &testing::zstd(&file));
        testing::write_fuzz_seed("capture_reader", &format!("{name}-lz4"), &testing::lz4(&file));
    }
}
