//! Laws: what is written comes back from every format, and no bytes make the reader panic or run wild.

use proptest::prelude::*;

use super::testing::{self, Order, Packet, PcapFile, PcapngFile};

fn any_order() -> impl Strategy<Value = Order> {
    prop_oneof![Just(Order::Little), Just(Order::Big)]
}

/// Packets with times of whole microseconds, so that every format holds them.
fn any_packets() -> impl Strategy<Value = Vec<Packet>> {
    let packet = (0..u32::MAX, 0..1_000_000_i64, prop::collection::vec(any::<u8>(), 0..200), 0..2000_u32).prop_map(
        |(seconds, microseconds, data, not_captured)| {
            let packet = Packet::new(i64::from(seconds) * 1_000_000_000 + microseconds * 1000, &data);
            Packet { wire_bytes: packet.wire_bytes + not_captured, ..packet }
        },
    );
    prop::collection::vec(packet, 0..40)
}

fn any_packing() -> impl Strategy<Value = fn(&[u8]) -> Vec<u8>> {
    let plain: fn(&[u8]) -> Vec<u8> = |bytes| bytes.to_vec();
    prop_oneof![
        Just(plain),
        Just(testing::gzip as fn(&[u8]) -> Vec<u8>),
        Just(testing::zstd as fn(&[u8]) -> Vec<u8>),
        Just(testing::xz as fn(&[u8]) -> Vec<u8>),
        Just(testing::bzip2 as fn(&[u8]) -> Vec<u8>),
        Just(testing::lz4 as fn(&[u8]) -> Vec<u8>),
    ]
}

/// A file of some packets in some format, uncompressed.
fn any_file() -> impl Strategy<Value = (Vec<Packet>, Vec<u8>)> {
    let kind = prop_oneof![Just(PcapFile::MICROSECONDS), Just(PcapFile::NANOSECONDS), Just(PcapFile::KUZNETZOV)];
    (any_packets(), any_order(), prop::option::of(kind)).prop_map(|(packets, order, kind)| {
        let file = match kind {
            Some(kind) => PcapFile { order, ..kind }.write(&packets),
            None => PcapngFile::write(order, &packets),
        };
        (packets, file)
    })
}

/// Reads bytes that may be anything, and checks what holds for every file.
fn read_anything(bytes: &[u8]) {
    let Ok(reader) = testing::open(bytes) else { return };
    let (packets, _) = testing::drain(reader);
    assert!(packets.iter().all(|packet| packet.wire_bytes as usize >= packet.data.len()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_is_written_comes_back((packets, file) in any_file(), pack in any_packing()) {
        prop_assert_eq!(testing::read(&pack(&file)), (packets, None));
    }

    #[test]
    fn a_file_with_some_bytes_spoilt_never_panics(
        (_, mut file) in any_file(),
        pack in any_packing(),
        before in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        behind in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
    ) {
        for (at, byte) in before {
            let at = at.index(file.len());
            file[at] = byte;
        }
        let mut packed = pack(&file);
        for (at, byte) in behind {
            let at = at.index(packed.len());
            packed[at] = byte;
        }
        read_anything(&packed);
    }

    #[test]
    fn any_bytes_behind_any_magic_number_never_panic(
        magic in prop::sample::select(vec![
            &[0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0][..],
            &[0xa1, 0xb2, 0x3c, 0x4d, 0, 2, 0, 4],
            &[0x0a, 0x0d, 0x0d, 0x0a, 28, 0, 0, 0, 0x4d, 0x3c, 0x2b, 0x1a, 1, 0],
            &[0x1f, 0x8b, 8, 0],
            &[0x28, 0xb5, 0x2f, 0xfd],
            &[0x04, 0x22, 0x4d, 0x18],
            &[],
        ]),
        rest in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        read_anything(&[magic, &rest].concat());
    }
}
