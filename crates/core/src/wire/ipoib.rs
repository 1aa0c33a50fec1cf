//! IP over InfiniBand (RFC 4391): global routing header (0..40), EtherType (40..42), reserved (42..44).

use super::be16;

const HEADER_BYTES: usize = 44;

/// EtherType and payload.
pub fn read(bytes: &[u8]) -> Option<(u16, &[u8])> {
    Some((be16(bytes, 40)?, bytes.get(HEADER_BYTES..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_stands_behind_the_routing_header() {
        let mut bytes = vec![0; 40];
        bytes.extend([0x86, 0xdd, 0, 0, 0x60]);
        assert_eq!(read(&bytes), Some((0x86dd, &[0x60][..])));
        assert_eq!(read(&bytes[..43]), None);
    }
}
