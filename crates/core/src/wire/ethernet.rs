//! Ethernet II: destination (0..6), source (6..12), EtherType (12..14).

pub const HEADER_BYTES: usize = 14;

/// EtherType and payload.
#[inline(always)]
pub fn read(bytes: &[u8]) -> Option<(u16, &[u8])> {
    let header = bytes.get(..HEADER_BYTES)?;
    Some((u16::from_be_bytes([header[12], header[13]]), &bytes[HEADER_BYTES..]))
}

/// The sender's hardware address.
#[inline]
pub fn source(bytes: &[u8]) -> Option<[u8; 6]> {
    bytes.get(6..12)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_gives_type_and_payload_and_a_piece_of_one_gives_nothing() {
        let mut frame = vec![2; 12];
        frame.extend([0x08, 0x00, 0x45]);
        assert_eq!(read(&frame), Some((0x0800, &[0x45][..])));
        assert_eq!(source(&frame), Some([2; 6]));
        assert_eq!(read(&frame[..13]), None);
    }
}
