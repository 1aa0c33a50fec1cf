//! Address families as BSD and Linux number them, where a capture header tells IPv4 from IPv6 by them.

use super::ethertype;

/// The EtherType of a family; unknown where it is no IP. For IPv6 Linux (10), Windows (23), NetBSD and OpenBSD (24),
/// Solaris (26), FreeBSD (28) and macOS (30) each have their own number.
pub fn ethertype(family: u32) -> u16 {
    match family {
        2 => ethertype::IPV4,
        10 | 23 | 24 | 26 | 28 | 30 => ethertype::IPV6,
        _ => ethertype::UNKNOWN,
    }
}

/// A family in four bytes, in the byte order of whichever machine wrote it: which of them are zero tells it.
pub fn of_either_order(field: [u8; 4]) -> u32 {
    let family = u32::from_le_bytes(field);
    if family > 0xffff { family.swap_bytes() } else { family }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_system_has_its_own_number_for_ipv6() {
        for family in [10, 23, 24, 26, 28, 30] {
            assert_eq!(ethertype(family), ethertype::IPV6);
        }
        assert_eq!((ethertype(2), ethertype(7)), (ethertype::IPV4, ethertype::UNKNOWN));
    }

    #[test]
    fn the_zeros_tell_the_byte_order() {
        assert_eq!((of_either_order([2, 0, 0, 0]), of_either_order([0, 0, 0, 2])), (2, 2));
    }
}
