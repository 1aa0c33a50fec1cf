//! BSD loopback: the address family in four bytes, in the byte order of the machine that captured (LINKTYPE_NULL) or
//! in network order (LINKTYPE_LOOP).

use super::ethertype;

/// EtherType (0 where the family is no IP) and payload. The order of the bytes is told by which of them are zero.
pub fn read(bytes: &[u8]) -> Option<(u16, &[u8])> {
    let field: [u8; 4] = bytes.get(..4)?.try_into().ok()?;
    let family = u32::from_le_bytes(field);
    let family = if family > 0xffff { family.swap_bytes() } else { family };
    let next = match family {
        2 => ethertype::IPV4,
        // The BSDs, macOS and Linux each have their own number for IPv6.
        10 | 24 | 28 | 30 => ethertype::IPV6,
        _ => 0,
    };
    Some((next, &bytes[4..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_byte_orders_and_every_number_for_ipv6() {
        assert_eq!(read(&[2, 0, 0, 0, 0x45]), Some((ethertype::IPV4, &[0x45][..])));
        assert_eq!(read(&[0, 0, 0, 2, 0x45]), Some((ethertype::IPV4, &[0x45][..])));
        for family in [10, 24, 28, 30] {
            assert_eq!(read(&[0, 0, 0, family]), Some((ethertype::IPV6, &[][..])));
        }
        assert_eq!(read(&[7, 0, 0, 0]), Some((0, &[][..])));
        assert_eq!(read(&[2, 0, 0]), None);
    }
}
