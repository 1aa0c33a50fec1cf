//! High-availability seamless redundancy (IEC 62439-3): path and size (0..2), sequence number (2..4) behind its
//! EtherType, then the next EtherType (4..6). Its sibling PRP stands behind the payload, where nobody need look.

use super::be16;

/// EtherType and payload.
pub fn read(bytes: &[u8]) -> Option<(u16, &[u8])> {
    Some((be16(bytes, 4)?, &bytes[6..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_stands_behind_the_sequence_number() {
        assert_eq!(read(&[0, 0x43, 0, 1, 0x08, 0x00, 0x45]), Some((0x0800, &[0x45][..])));
        assert_eq!(read(&[0, 0x43, 0, 1, 8]), None);
    }
}
