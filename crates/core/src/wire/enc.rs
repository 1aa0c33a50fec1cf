//! OpenBSD's encapsulation device enc(4): address family (0..4) in the byte order of the machine that captured, security
//! parameter index (4..8), flags (8..12), then the packet without its IPsec headers.

use super::family;

const HEADER_BYTES: usize = 12;

/// EtherType (unknown where the family is no IP) and payload.
pub fn read(bytes: &[u8]) -> Option<(u16, &[u8])> {
    let payload = bytes.get(HEADER_BYTES..)?;
    Some((family::ethertype(family::of_either_order(*bytes.first_chunk()?)), payload))
}

#[cfg(test)]
mod tests {
    use super::super::ethertype;
    use super::*;

    #[test]
    fn the_packet_follows_index_and_flags() {
        let mut bytes = [0, 0, 0, 24, 0, 0, 16, 1, 0, 0, 0, 1, 0x60];
        assert_eq!(read(&bytes), Some((ethertype::IPV6, &[0x60][..])));
        bytes[..4].copy_from_slice(&[2, 0, 0, 0]);
        assert_eq!(read(&bytes), Some((ethertype::IPV4, &[0x60][..])));
        assert_eq!(read(&bytes[..11]), None);
    }
}
