//! Per-Packet Information: version (0), flags (1), length of the header (2..4), link type of the frame that follows it
//! (4..8), both in little-endian order.

/// Link type and frame.
pub fn read(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let &[_, _, low, high, a, b, c, d] = bytes.first_chunk()?;
    let header_bytes = usize::from(u16::from_le_bytes([low, high]));
    if header_bytes < 8 { None } else { Some((u32::from_le_bytes([a, b, c, d]), bytes.get(header_bytes..)?)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_names_what_follows() {
        assert_eq!(read(&[0, 0, 9, 0, 105, 0, 0, 0, 7, 0x08]), Some((105, &[0x08][..])));
        assert_eq!(read(&[0, 0, 9, 0, 105, 0, 0, 0]), None);
        assert_eq!(read(&[0, 0, 4, 0, 105, 0, 0, 0]), None, "shorter than itself");
    }
}
