//! E-tag of a port extender (IEEE 802.1BR): six bytes behind its EtherType, then the next EtherType (6..8).

use super::be16;

/// EtherType and payload.
pub fn read(bytes: &[u8]) -> Option<(u16, &[u8])> {
    Some((be16(bytes, 6)?, &bytes[8..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_stands_behind_the_tag() {
        assert_eq!(read(&[0, 0, 0, 1, 0, 0, 0x08, 0x00, 0x45]), Some((0x0800, &[0x45][..])));
        assert_eq!(read(&[0, 0, 0, 1, 0, 0, 8]), None);
    }
}
