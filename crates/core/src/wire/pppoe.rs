//! PPPoE session (RFC 2516): version and type (0), code (1), session (2..4), length (4..6), then PPP.

use super::ppp;

const HEADER_BYTES: usize = 6;

/// EtherType of the payload (unknown where pktvisor reads no further) and the payload.
pub fn read(bytes: &[u8]) -> Option<(u16, &[u8])> {
    ppp::read(bytes.get(HEADER_BYTES..)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_session_header_is_stepped_over() {
        let frame = [0x11, 0, 0, 1, 0, 3, 0x00, 0x21, 0x45];
        assert_eq!(read(&frame), Some((0x0800, &[0x45][..])));
        assert_eq!(read(&frame[..6]), None);
    }
}
