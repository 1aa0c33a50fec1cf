//! One VLAN tag after its EtherType (IEEE 802.1Q, 802.1ad): priority and identifier (0..2), next EtherType (2..4).

use super::be16;

/// VLAN identifier (12 bits), next EtherType and payload.
#[inline]
pub fn read(bytes: &[u8]) -> Option<(u16, u16, &[u8])> {
    let identifier = be16(bytes, 0)? & 0x0fff;
    let ethertype = be16(bytes, 2)?;
    Some((identifier, ethertype, &bytes[4..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_priority_bits_are_not_part_of_the_identifier() {
        assert_eq!(read(&[0xe0, 0x65, 0x86, 0xdd, 9]), Some((101, 0x86dd, &[9][..])));
        assert_eq!(read(&[0xe0, 0x65, 0x86]), None);
    }
}
