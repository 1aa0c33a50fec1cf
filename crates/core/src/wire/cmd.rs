//! Cisco metadata (security group tags): version (0), length of the options in units of four bytes (1), options, then
//! the next EtherType.

use super::be16;

/// EtherType and payload.
pub fn read(bytes: &[u8]) -> Option<(u16, &[u8])> {
    let next_at = 2 + 4 * usize::from(*bytes.get(1)?);
    Some((be16(bytes, next_at)?, &bytes[next_at + 2..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_stepped_over() {
        assert_eq!(read(&[1, 1, 0, 1, 0, 5, 0x08, 0x00, 0x45]), Some((0x0800, &[0x45][..])));
        assert_eq!(read(&[1, 2, 0, 1, 0, 5, 0, 1, 0, 6, 0x86, 0xdd]), Some((0x86dd, &[][..])));
        assert_eq!(read(&[1, 1, 0, 1, 0, 5, 8]), None);
        assert_eq!(read(&[1]), None);
    }
}
