//! Stories of pcapng files: interfaces, sections, clocks, odd blocks and damaged ones.

use super::testing::{self, Order, Packet, PcapngFile};
use super::*;

const T: i64 = 1_700_000_000_000_000_000;
const MICROSECOND: i64 = 1000;

fn damaged(offset: usize, reason: &str) -> Option<Damage> {
    Some(Damage { offset: offset as u64, reason: reason.to_string() })
}

/// A section with one Ethernet interface that counts microseconds.
fn plain() -> PcapngFile {
    let mut file = PcapngFile::new(Order::Little);
    file.interface(1, 0, &[]);
    file
}

#[test]
fn both_byte_orders_give_the_same_packets() {
    let packets = vec![Packet::new(T, b"one"), Packet { wire_bytes: 99, ..Packet::new(T + 1, b"four") }];
    for order in [Order::Little, Order::Big] {
        let reader = testing::open(&PcapngFile::write(order, &packets)).unwrap();
        assert_eq!(reader.format(), "pcapng");
        assert_eq!(testing::drain(reader), (packets.clone(), None));
    }
}

#[test]
fn each_interface_has_its_own_link_type_and_clock() {
    let mut file = PcapngFile::new(Order::Little);
    file.interface(1, 0, &[]);
    file.interface(113, 0, &[(2, b"eth0"), (9, &[9])]);
    file.interface(101, 0, &[(9, &[0x80 | 10]), (14, &100_i64.to_le_bytes()), (0, &[])]);
    file.packet(2, 512, 4, b"half");
    file.packet(1, T as u64 + 7, 5, b"nanos");
    file.packet(0, T as u64 / 1000, 6, b"micros");
    let (packets, damage) = testing::read(&file.bytes);
    assert_eq!(damage, None);
    let told: Vec<_> = packets.iter().map(|packet| (packet.interface, packet.link_type, packet.time_ns)).collect();
    assert_eq!(told, [(2, 101, 100_500_000_000), (1, 113, T + 7), (0, 1, T)]);
}

#[test]
fn a_new_section_may_change_the_byte_order_and_begins_new_interfaces() {
    let mut file = plain();
    file.interface(1, 0, &[]);
    file.packet(1, 1, 5, b"first");
    file.section(Order::Big);
    file.interface(276, 0, &[(14, &1_i64.to_be_bytes())]);
    file.packet(0, 2, 6, b"second");
    let (packets, damage) = testing::read(&file.bytes);
    assert_eq!(damage, None);
    let told: Vec<_> = packets.iter().map(|packet| (packet.interface, packet.link_type, packet.time_ns)).collect();
    assert_eq!(told, [(1, 1, MICROSECOND), (2, 276, 1_000_000_000 + 2 * MICROSECOND)]);
}

#[test]
fn simple_packets_take_the_last_time_and_are_cut_at_the_snap_length() {
    let mut file = PcapngFile::new(Order::Little);
    file.interface(1, 6, &[]);
    file.simple_packet(4, b"none");
    file.packet(0, 9, 5, b"timed");
    file.simple_packet(1500, b"simple");
    let (packets, damage) = testing::read(&file.bytes);
    assert_eq!(damage, None);
    let simple = Packet { wire_bytes: 1500, ..Packet::new(9 * MICROSECOND, b"simple") };
    assert_eq!(packets, [Packet::new(0, b"none"), Packet::new(9 * MICROSECOND, b"timed"), simple]);
}

#[test]
fn obsolete_packets_are_read_past_their_drop_count() {
    let mut file = plain();
    file.obsolete_packet(0, 5, 3, b"old");
    assert_eq!(testing::read(&file.bytes), (vec![Packet::new(5 * MICROSECOND, b"old")], None));
}

#[test]
fn other_blocks_are_skipped_however_long_they_are() {
    let mut file = plain();
    file.block(4, b"name resolution");
    file.block(0x0bad, &vec![7; 40 << 20]);
    file.packet(0, 1, 5, b"after");
    let mut reader = testing::open(&file.bytes).unwrap();
    assert_eq!(reader.next_frame().unwrap().data, b"after");
    assert!(reader.next_frame().is_none());
    assert_eq!(reader.damage(), None);
}

#[test]
fn options_behind_a_packet_are_no_part_of_it() {
    let mut file = plain();
    let words = [0, 0, 7, 4, 60].map(u32::to_le_bytes);
    file.block(6, &[words.as_flattened(), b"data", &[2, 0, 4, 0, 1, 0, 0, 0, 0, 0, 0, 0]].concat());
    let packet = Packet { wire_bytes: 60, ..Packet::new(7 * MICROSECOND, b"data") };
    assert_eq!(testing::read(&file.bytes), (vec![packet], None));
}

#[test]
fn a_file_cut_anywhere_gives_its_whole_packets_and_tells_where_it_broke() {
    let mut file = plain();
    let mut starts = vec![file.bytes.len()];
    file.packet(0, 1, 5, b"first");
    starts.push(file.bytes.len());
    file.block(0x0bad, &[1; 30]);
    starts.push(file.bytes.len());
    file.packet(0, 2, 6, b"second");
    starts.push(file.bytes.len());
    for length in starts[0]..=file.bytes.len() {
        let (packets, damage) = testing::read(&file.bytes[..length]);
        let last_start = starts.iter().rposition(|&start| start <= length).unwrap();
        assert_eq!(packets.len(), [0, 1, 1, 2][last_start], "cut to {length} bytes");
        let expected = match starts[last_start] {
            start if start == length => None,
            start => damaged(start, "the file ends within a block"),
        };
        assert_eq!(damage, expected, "cut to {length} bytes");
    }
}

#[test]
fn blocks_that_make_no_sense_are_damage() {
    let start = plain().bytes.len();
    let reason_of = |spoil: &dyn Fn(&mut PcapngFile)| {
        let mut file = plain();
        spoil(&mut file);
        file.packet(0, 1, 3, b"end");
        let (packets, damage) = testing::read(&file.bytes);
        assert_eq!(packets, []);
        let damage = damage.expect("this block is damaged");
        assert_eq!(damage.offset, start as u64);
        damage.reason
    };
    let header = |length: u32| [&6_u32.to_le_bytes()[..], &length.to_le_bytes(), &[0; 64]].concat();
    let zeros = |count: usize| vec![0_u8; count];

    assert_eq!(reason_of(&|file| file.bytes.extend(header(8))), "a block says it is 8 bytes long");
    assert_eq!(reason_of(&|file| file.bytes.extend(header(33))), "a block says it is 33 bytes long");
    assert_eq!(
        reason_of(&|file| file.bytes.extend(header(0xffff_fff0))),
        "a packet block says it is 4294967280 bytes long; at most 16842752 are possible"
    );
    assert_eq!(
        reason_of(&|file| file.bytes.extend(header(40))),
        "a block gives one length before and another behind its body"
    );
    assert_eq!(reason_of(&|file| file.block(6, &zeros(16))), "an enhanced packet block is only 28 bytes long");
    assert_eq!(reason_of(&|file| file.block(2, &zeros(16))), "a packet block is only 28 bytes long");
    assert_eq!(reason_of(&|file| file.block(3, &[])), "a simple packet block is only 12 bytes long");
    assert_eq!(reason_of(&|file| file.block(1, &zeros(4))), "an interface description is only 16 bytes long");
    assert_eq!(
        reason_of(&|file| file.packet(3, 0, 1, b"x")),
        "a packet is of interface 3, which the section doesn't describe"
    );
    assert_eq!(
        reason_of(&|file| file.simple_packet(100, b"short")),
        "a packet says it holds 100 bytes, which overruns its block"
    );
    assert_eq!(
        reason_of(&|file| file.interface(1, 0, &[(14, &[1, 2])])),
        "an interface description has options that overrun it"
    );
    assert_eq!(reason_of(&|file| file.block(0x0a0d_0d0a, &zeros(16))), "a section header has no byte order mark");
    let version_9 = [&0x1a2b_3c4d_u32.to_le_bytes()[..], &[9, 0, 0, 0], &[0xff; 8]].concat();
    assert_eq!(
        reason_of(&|file| file.block(0x0a0d_0d0a, &version_9)),
        "a section has pcapng version 9; only version 1 can be read"
    );
}

#[test]
fn interfaces_without_end_are_damage() {
    let mut file = PcapngFile::new(Order::Little);
    for _ in 0..=pcapng::MAX_INTERFACES {
        file.interface(1, 0, &[]);
    }
    let (_, damage) = testing::read(&file.bytes);
    assert_eq!(damage, damaged(28 + 65_536 * 20, "a section describes more than 65536 interfaces"));
}

#[test]
fn a_first_section_that_is_broken_is_an_error() {
    let mut file = PcapngFile::new(Order::Little).bytes;
    let error = testing::open(&file[..26]).err().unwrap();
    assert_eq!(error.message, "capture can't be read: the file ends within a block");
    file[12] = 2;
    let error = testing::open(&file).err().unwrap();
    assert_eq!(error.message, "capture can't be read: a section has pcapng version 2; only version 1 can be read");
    file[8] = 0;
    let error = testing::open(&file).err().unwrap();
    assert!(error.message.starts_with("capture is not a capture file: it starts with the bytes 0a 0d 0d 0a;"));
}
