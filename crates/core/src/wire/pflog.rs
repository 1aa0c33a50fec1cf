//! The packet filter's log pflog(4): header length (0), address family (1), then what the filter did and why. The header
//! is padded to a multiple of four bytes, which its length leaves out.

use super::family;

/// As the header of OpenBSD 3.4 and later begins: up to the name of the interface.
const LEAST_HEADER_BYTES: usize = 20;

/// EtherType (unknown where the family is no IP) and payload.
pub fn read(bytes: &[u8]) -> Option<(u16, &[u8])> {
    let &[length, family] = bytes.first_chunk()?;
    let header_bytes = usize::from(length);
    if header_bytes < LEAST_HEADER_BYTES {
        return None;
    }
    Some((family::ethertype(family.into()), bytes.get(header_bytes.next_multiple_of(4)..)?))
}

#[cfg(test)]
mod tests {
    use super::super::ethertype;
    use super::*;

    #[test]
    fn the_padding_is_not_part_of_the_length() {
        let mut bytes = vec![0; 64];
        bytes[..2].copy_from_slice(&[61, 2]);
        bytes.push(0x45);
        assert_eq!(read(&bytes), Some((ethertype::IPV4, &[0x45][..])));
        bytes[..2].copy_from_slice(&[64, 24]);
        assert_eq!(read(&bytes), Some((ethertype::IPV6, &[0x45][..])));
        assert_eq!(read(&bytes[..63]), None);
        bytes[0] = 3;
        assert_eq!(read(&bytes), None, "a header shorter than itself");
    }
}
