//! ERSPAN, a switch's mirror in GRE (draft-foschiano-erspan): type II has 8 bytes before the frame; type III has 12, the
//! last bit of which announces 8 more, and in which five bits (behind the first of byte 10) tell frames from IP packets.
//! Both have the identifier of the session in the lower ten bits of bytes 2..4.

use super::{be16, ethertype};

const HEADER_BYTES_II: usize = 8;
const HEADER_BYTES_III: usize = 12;
const OPTIONAL_BYTES: usize = 8;
const TYPE_IP: u8 = 2;
const SESSION_MASK: u32 = 0x3ff;

/// The session of a mirror of type II or III.
pub fn session(bytes: &[u8]) -> u32 {
    u32::from(be16(bytes, 2).unwrap_or(0)) & SESSION_MASK
}

/// What follows a header of type II: an Ethernet frame.
pub fn read_ii(bytes: &[u8]) -> Option<(u16, &[u8])> {
    Some((ethertype::TRANSPARENT_ETHERNET, bytes.get(HEADER_BYTES_II..)?))
}

/// What follows a header of type III: an Ethernet frame or an IP packet.
pub fn read_iii(bytes: &[u8]) -> Option<(u16, &[u8])> {
    let header: &[u8; HEADER_BYTES_III] = bytes.first_chunk()?;
    let optional = if header[11] & 1 == 1 { OPTIONAL_BYTES } else { 0 };
    let payload = bytes.get(HEADER_BYTES_III + optional..)?;
    let is_ip = header[10] >> 2 & 0x1f == TYPE_IP;
    Some((if is_ip { ethertype::of_ip(payload) } else { ethertype::TRANSPARENT_ETHERNET }, payload))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_frame_follows_headers_of_three_lengths() {
        let frame = |bytes: &'static [u8]| Some((ethertype::TRANSPARENT_ETHERNET, bytes));
        assert_eq!(read_ii(&[0x10, 5, 0, 1, 0, 0, 0, 0, 2]), frame(&[2]));
        assert_eq!(read_ii(&[0x10; 7]), None);
        assert_eq!((session(&[0x10, 5, 0xfd, 1, 0, 0, 0, 0, 2]), session(&[0x10])), (0x101, 0));
        assert_eq!(read_iii(&[0x20, 5, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2]), frame(&[2]));
        let mut long = [0; 21];
        (long[11], long[20]) = (1, 2);
        assert_eq!(read_iii(&long), frame(&[2]));
        assert_eq!(read_iii(&long[..19]), None);
    }

    #[test]
    fn a_mirror_without_ethernet_says_so() {
        let mut bytes = [0; 13];
        (bytes[10], bytes[12]) = (TYPE_IP << 2, 0x60);
        assert_eq!(read_iii(&bytes), Some((ethertype::IPV6, &[0x60][..])));
    }
}
