//! One block of a TPACKET_V3 ring: a header, then packets, each with its own header and the offset of the next one.
//!
//! All code here is safe: lengths and offsets are the kernel's, but each is checked against the block all the same.
//! Layouts: linux/if_packet.h, `struct tpacket_block_desc`, `struct tpacket3_hdr`, `struct sockaddr_ll`.

use super::link_type;
use crate::frame::Frame;

/// Where in a block its status word lies; who owns the block is written there.
pub(super) const STATUS_OFFSET: usize = 8;
const PACKET_COUNT_OFFSET: usize = 12;
const FIRST_PACKET_OFFSET: usize = 16;

/// `tpacket3_hdr` (48 bytes) and the `sockaddr_ll` behind it (20 bytes).
const PACKET_HEADER_BYTES: usize = 68;
const LINK_ADDRESS_OFFSET: usize = 48;

/// A VLAN tag's size, and how much of an Ethernet frame stands before it: the two addresses.
pub(super) const VLAN_TAG_BYTES: usize = 4;
const ETHERNET_ADDRESSES_BYTES: usize = 12;
const ETHERTYPE_VLAN: u16 = 0x8100;

/// Hands each packet of a block to `each`, in the order of arrival, and returns how many there were.
///
/// The network stack takes the outermost VLAN tag off a frame and hands it over beside it; here it is put back in
/// place, which moves the frame's addresses within the block.
pub(super) fn walk(block: &mut [u8], each: &mut impl FnMut(Frame<'_>)) -> usize {
    let (Some(packets), Some(first)) = (u32_at(block, PACKET_COUNT_OFFSET), u32_at(block, FIRST_PACKET_OFFSET)) else {
        return 0;
    };
    let mut at = first as usize;
    let mut delivered = 0;
    for _ in 0..packets {
        let Some(rest) = block.get_mut(at..) else { break };
        let Some(packet) = Packet::read(rest) else { break };
        if let Some(frame) = packet.frame(rest) {
            each(frame);
            delivered += 1;
        }
        if packet.next_offset == 0 {
            break;
        }
        at = at.saturating_add(packet.next_offset);
    }
    delivered
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().copied().map(u32::from_ne_bytes)
}

/// A packet's header in the ring. Offsets are in bytes from that header's start.
struct Packet {
    next_offset: usize,
    seconds: u32,
    nanoseconds: u32,
    captured_bytes: usize,
    wire_bytes: u32,
    data_offset: usize,
    /// Tag protocol identifier and tag control information of the VLAN tag that the kernel took off.
    vlan: Option<(u16, u16)>,
    interface: u32,
    hardware_type: u16,
}

impl Packet {
    fn read(bytes: &[u8]) -> Option<Self> {
        let header: &[u8; PACKET_HEADER_BYTES] = bytes.first_chunk()?;
        let u16_at = |at: usize| u16::from_ne_bytes([header[at], header[at + 1]]);
        let u32_at = |at: usize| u32::from_ne_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
        let status = u32_at(20);
        Some(Self {
            next_offset: u32_at(0) as usize,
            seconds: u32_at(4),
            nanoseconds: u32_at(8),
            captured_bytes: u32_at(12) as usize,
            wire_bytes: u32_at(16),
            data_offset: usize::from(u16_at(24)),
            vlan: (status & libc::TP_STATUS_VLAN_VALID != 0).then(|| {
                let identified = status & libc::TP_STATUS_VLAN_TPID_VALID != 0;
                (if identified { u16_at(36) } else { ETHERTYPE_VLAN }, u32_at(32) as u16)
            }),
            interface: u32_at(LINK_ADDRESS_OFFSET + 4),
            hardware_type: u16_at(LINK_ADDRESS_OFFSET + 8),
        })
    }

    /// The frame as it was on the wire; `None` where the header points out of the block.
    fn frame<'a>(&self, bytes: &'a mut [u8]) -> Option<Frame<'a>> {
        let link_type = link_type::of_hardware(self.hardware_type);
        let mut start = self.data_offset;
        let end = start.checked_add(self.captured_bytes)?;
        let mut wire_bytes = self.wire_bytes.max(self.captured_bytes as u32);
        if let Some(tag) = self.vlan
            && link_type == link_type::ETHERNET
            && let Some(moved) = start.checked_sub(VLAN_TAG_BYTES)
            && moved >= PACKET_HEADER_BYTES
            && self.captured_bytes >= ETHERNET_ADDRESSES_BYTES
        {
            restore_vlan_tag(bytes.get_mut(moved..end)?, tag);
            start = moved;
            wire_bytes = wire_bytes.saturating_add(VLAN_TAG_BYTES as u32);
        }
        let time_ns = i64::from(self.seconds) * 1_000_000_000 + i64::from(self.nanoseconds);
        Some(Frame { time_ns, link_type, interface: self.interface, wire_bytes, data: bytes.get(start..end)? })
    }
}

/// Puts a tag back behind the two addresses. `frame` begins with four bytes of room, then the untagged frame, which has
/// at least its addresses.
fn restore_vlan_tag(frame: &mut [u8], (identifier, control): (u16, u16)) {
    let from = VLAN_TAG_BYTES..VLAN_TAG_BYTES + ETHERNET_ADDRESSES_BYTES;
    frame.copy_within(from, 0);
    let tag = &mut frame[ETHERNET_ADDRESSES_BYTES..ETHERNET_ADDRESSES_BYTES + VLAN_TAG_BYTES];
    tag[..2].copy_from_slice(&identifier.to_be_bytes());
    tag[2..].copy_from_slice(&control.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FIRST: usize = 48;
    const DATA: usize = 72;

    fn put(block: &mut [u8], at: usize, value: u32) {
        block[at..at + 4].copy_from_slice(&value.to_ne_bytes());
    }

    /// A block with one Ethernet packet; `status` and `tag` as the kernel gives them.
    fn block_with(frame: &[u8], status: u32, tag: (u16, u16)) -> Vec<u8> {
        let mut block = vec![0; 512];
        put(&mut block, PACKET_COUNT_OFFSET, 1);
        put(&mut block, FIRST_PACKET_OFFSET, FIRST as u32);
        let values = [(4, 10), (8, 7), (12, frame.len() as u32), (16, 100), (20, status), (24, DATA as u32)];
        for (at, value) in values {
            put(&mut block, FIRST + at, value);
        }
        put(&mut block, FIRST + 32, u32::from(tag.1));
        put(&mut block, FIRST + 36, u32::from(tag.0));
        put(&mut block, FIRST + LINK_ADDRESS_OFFSET + 4, 3);
        put(&mut block, FIRST + LINK_ADDRESS_OFFSET + 8, u32::from(libc::ARPHRD_ETHER));
        block[FIRST + DATA..FIRST + DATA + frame.len()].copy_from_slice(frame);
        block
    }

    fn only_frame(block: &mut [u8]) -> (i64, u32, u32, Vec<u8>) {
        let mut seen = Vec::new();
        walk(block, &mut |frame| seen.push((frame.time_ns, frame.interface, frame.wire_bytes, frame.data.to_vec())));
        assert_eq!(seen.len(), 1);
        seen.remove(0)
    }

    #[test]
    fn a_packet_comes_with_its_time_its_interface_and_its_length_on_the_wire() {
        let mut block = block_with(b"abcdefghijklABrest", 1, (0, 0));
        assert_eq!(only_frame(&mut block), (10_000_000_007, 3, 100, b"abcdefghijklABrest".to_vec()));
    }

    #[test]
    fn a_tag_that_the_kernel_took_off_is_back_behind_the_addresses() {
        let status = libc::TP_STATUS_VLAN_VALID | libc::TP_STATUS_VLAN_TPID_VALID;
        let mut block = block_with(b"abcdefghijklABrest", status, (0x88a8, 0x6065));
        let (_, _, wire_bytes, data) = only_frame(&mut block);
        assert_eq!(data, b"abcdefghijkl\x88\xa8\x60\x65ABrest");
        assert_eq!(wire_bytes, 104);
    }

    #[test]
    fn an_old_kernel_that_does_not_name_the_tag_means_the_common_one() {
        let mut block = block_with(b"abcdefghijklAB", libc::TP_STATUS_VLAN_VALID, (0xdead, 5));
        assert_eq!(only_frame(&mut block).3, b"abcdefghijkl\x81\x00\x00\x05AB");
    }

    #[test]
    fn a_packet_that_is_cut_before_its_addresses_end_stays_as_it_is() {
        let mut block = block_with(b"abcdefghijk", libc::TP_STATUS_VLAN_VALID, (0, 5));
        assert_eq!(only_frame(&mut block).3, b"abcdefghijk");
    }

    #[test]
    fn a_length_beyond_the_block_yields_no_frame() {
        let mut block = block_with(b"abcdefghijklABrest", 1, (0, 0));
        put(&mut block, FIRST + 12, u32::MAX);
        assert_eq!(walk(&mut block, &mut |_| ()), 0);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn any_bytes_are_walked_without_a_panic(
            mut block in proptest::collection::vec(any::<u8>(), 0..400),
            packets in 0u32..20,
            first in 0u32..80,
            fields in proptest::collection::vec((0usize..400, 0u32..200), 0..24),
        ) {
            for (at, value) in fields.into_iter().chain([(PACKET_COUNT_OFFSET, packets), (FIRST_PACKET_OFFSET, first)]) {
                if let Some(field) = block.get_mut(at..at + 4) {
                    field.copy_from_slice(&value.to_ne_bytes());
                }
            }
            let delivered = walk(&mut block, &mut |frame| assert!(frame.data.len() <= 400));
            prop_assert!(delivered <= packets as usize);
        }
    }
}
