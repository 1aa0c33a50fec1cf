//! BSD loopback: the address family in four bytes, in the byte order of the machine that captured (LINKTYPE_NULL) or
//! in network order (LINKTYPE_LOOP).

use super::family;

/// EtherType (unknown where the family is no IP) and payload.
pub fn read(bytes: &[u8]) -> Option<(u16, &[u8])> {
    let (field, payload) = bytes.split_first_chunk()?;
    Some((family::ethertype(family::of_either_order(*field)), payload))
}

#[cfg(test)]
mod tests {
    use super::super::ethertype;
    use super::*;

    #[test]
    fn both_byte_orders_are_read() {
        assert_eq!(read(&[2, 0, 0, 0, 0x45]), Some((ethertype::IPV4, &[0x45][..])));
        assert_eq!(read(&[0, 0, 0, 30, 0x60]), Some((ethertype::IPV6, &[0x60][..])));
        assert_eq!(read(&[7, 0, 0, 0]), Some((ethertype::UNKNOWN, &[][..])));
        assert_eq!(read(&[2, 0, 0]), None);
    }
}
