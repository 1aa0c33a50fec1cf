//! An MPLS label stack (RFC 3032): entries of four bytes; bit 8 of the third byte marks the last.
//!
//! The stack does not say what follows. As routers do, the first four bits of the payload tell IPv4 from IPv6 (RFC 4928
//! section 3); anything else may be a pseudowire: an Ethernet frame behind a control word, or without (RFC 4448).

use super::ipv4::Ipv4;
use super::ipv6::Ipv6;
use super::{be32, ethernet, ethertype};

/// A stack deeper than this is taken for garbage.
const MOST_LABELS: usize = 16;
const CONTROL_WORD_BYTES: usize = 4;

/// EtherType guessed from the payload (unknown where nothing fits) and the payload.
pub fn read(bytes: &[u8]) -> Option<(u16, &[u8])> {
    let mut rest = bytes;
    for _ in 0..MOST_LABELS {
        let last = rest.get(..4)?[2] & 1 == 1;
        rest = &rest[4..];
        if last {
            return guess(rest);
        }
    }
    None
}

/// The outermost label.
pub fn label(bytes: &[u8]) -> u32 {
    be32(bytes, 0).unwrap_or(0) >> 12
}

fn guess(payload: &[u8]) -> Option<(u16, &[u8])> {
    let next = ethertype::of_ip(payload);
    let begins_with_0 = payload.first()? >> 4 == 0;
    let behind_control = payload.get(CONTROL_WORD_BYTES..).filter(|_| begins_with_0);
    Some(match behind_control {
        Some(frame) if ethernet::is_likely(frame) => (ethertype::TRANSPARENT_ETHERNET, frame),
        _ if is_whole(next, payload) => (next, payload),
        // A hardware address may begin like an IP packet.
        _ if ethernet::is_likely(payload) => (ethertype::TRANSPARENT_ETHERNET, payload),
        _ => (next, payload),
    })
}

/// Whether an IP packet is exactly as long as it says, or shorter than what was captured.
fn is_whole(next: u16, packet: &[u8]) -> bool {
    match next {
        ethertype::IPV4 => Ipv4::read(packet, 0).is_ok_and(|ip| ip.payload.len() == ip.payload_wire_bytes as usize),
        ethertype::IPV6 => Ipv6::read(packet, 0).is_some_and(|ip| ip.payload.len() == ip.payload_wire_bytes as usize),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAST_LABEL: [u8; 4] = [0, 2, 0x01, 64];

    #[test]
    fn labels_are_stepped_over_to_the_last_one() {
        let stack = [0, 1, 0x00, 64, 0, 2, 0x01, 64, 0x45, 0];
        assert_eq!(read(&stack), Some((ethertype::IPV4, &[0x45, 0][..])));
        assert_eq!((label(&stack), label(&[0, 0x12, 0x30, 64]), label(&[])), (16, 0x123, 0));
        assert_eq!(read(&stack[..4]), None, "no last label");
        assert_eq!(read(&[0; 4 * 40]), None, "a stack without end");
    }

    /// A frame to a station whose address begins so, with an IPv4 packet.
    fn frame(first: u8) -> Vec<u8> {
        [&[first][..], &[0x5e; 11], &[0x08, 0x00, 0x45, 0, 0, 20], &[0; 16]].concat()
    }

    #[test]
    fn a_frame_is_known_by_its_type_whatever_its_address_begins_with() {
        for first in [0x00, 0x4c, 0x60, 0xc2] {
            let frame = frame(first);
            let found = Some((ethertype::TRANSPARENT_ETHERNET, &frame[..]));
            assert_eq!(read(&[&LAST_LABEL[..], &frame].concat()), found, "{first:#x}");
            assert_eq!(read(&[&LAST_LABEL[..], &[0, 0, 0, 7], &frame].concat()), found, "{first:#x}, control word");
        }
    }

    #[test]
    fn what_looks_like_nothing_is_left_alone() {
        let garbage = [&LAST_LABEL[..], &[0x10; 30]].concat();
        assert_eq!(read(&garbage), Some((ethertype::UNKNOWN, &[0x10; 30][..])));
    }
}
