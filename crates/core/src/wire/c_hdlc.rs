//! Cisco HDLC: address (0), control (1), EtherType (2..4).

use super::be16;

/// EtherType and payload.
pub fn read(bytes: &[u8]) -> Option<(u16, &[u8])> {
    Some((be16(bytes, 2)?, &bytes[4..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_stands_behind_address_and_control() {
        assert_eq!(read(&[0x0f, 0, 0x08, 0x00, 0x45]), Some((0x0800, &[0x45][..])));
        assert_eq!(read(&[0x8f, 0, 0x80]), None);
    }
}
