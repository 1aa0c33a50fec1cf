//! Apple's IP over FireWire (IEEE 1394): destination (0..8), source (8..16), EtherType (16..18).

use super::be16;

/// EtherType and payload.
pub fn read(bytes: &[u8]) -> Option<(u16, &[u8])> {
    Some((be16(bytes, 16)?, &bytes[18..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_stands_behind_the_addresses() {
        let mut bytes = vec![0; 16];
        bytes.extend([0x08, 0x00, 0x45]);
        assert_eq!(read(&bytes), Some((0x0800, &[0x45][..])));
        assert_eq!(read(&bytes[..17]), None);
    }
}
