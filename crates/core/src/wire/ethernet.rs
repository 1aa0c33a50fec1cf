//! Ethernet II: destination (0..6), source (6..12), EtherType (12..14).

use super::{ethertype, llc};

pub const HEADER_BYTES: usize = 14;

/// EtherType and payload.
#[inline(always)]
pub fn read(bytes: &[u8]) -> Option<(u16, &[u8])> {
    let header = bytes.get(..HEADER_BYTES)?;
    Some((u16::from_be_bytes([header[12], header[13]]), &bytes[HEADER_BYTES..]))
}

/// The sender's hardware address.
#[inline]
pub fn source(bytes: &[u8]) -> Option<[u8; 6]> {
    bytes.get(6..12)?.try_into().ok()
}

/// Whether bytes that nothing names begin like a frame: with a type that is common, and fits what follows.
pub fn is_likely(bytes: &[u8]) -> bool {
    let Some((next, payload)) = read(bytes) else { return false };
    match next {
        ethertype::IPV4 | ethertype::IPV6 => ethertype::of_ip(payload) == next,
        ethertype::ARP | ethertype::MPLS | ethertype::PPPOE_DISCOVERY | ethertype::PPPOE_SESSION => true,
        1..=ethertype::LARGEST_LENGTH => llc::read(payload).is_some_and(|(next, _)| next != ethertype::UNKNOWN),
        _ => ethertype::is_vlan(next),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_likely_frame_has_a_common_type_that_fits() {
        let frame = |next: [u8; 2], payload: &[u8]| [&[2; 12][..], &next, payload].concat();
        assert!(is_likely(&frame([0x08, 0x00], &[0x45])) && !is_likely(&frame([0x08, 0x00], &[0x65])));
        assert!(is_likely(&frame([0x81, 0x00], &[])) && is_likely(&frame([0x08, 0x06], &[])));
        assert!(is_likely(&frame([0, 3], &[6, 6, 3])) && !is_likely(&frame([0, 3], &[0xaa; 3])));
        assert!(!is_likely(&frame([0x12, 0x34], &[])) && !is_likely(&[0; 13]));
    }

    #[test]
    fn a_header_gives_type_and_payload_and_a_piece_of_one_gives_nothing() {
        let mut frame = vec![2; 12];
        frame.extend([0x08, 0x00, 0x45]);
        assert_eq!(read(&frame), Some((0x0800, &[0x45][..])));
        assert_eq!(source(&frame), Some([2; 6]));
        assert_eq!(read(&frame[..13]), None);
    }
}
