//! VN-tag, which says between which virtual interfaces a frame goes: four bytes behind its EtherType, then the next
//! EtherType (4..6).

use super::be16;

/// EtherType and payload.
pub fn read(bytes: &[u8]) -> Option<(u16, &[u8])> {
    Some((be16(bytes, 4)?, &bytes[6..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_stands_behind_the_tag() {
        assert_eq!(read(&[0, 1, 0, 2, 0x08, 0x00, 0x45]), Some((0x0800, &[0x45][..])));
        assert_eq!(read(&[0, 1, 0, 2, 8]), None);
    }
}
