//! Radiotap: version (0), padding (1), length of the header in little-endian order (2..4), then what the radio knew;
//! an IEEE 802.11 frame follows.

/// The frame.
pub fn read(bytes: &[u8]) -> Option<&[u8]> {
    let &[version, _, low, high] = bytes.first_chunk()?;
    let header_bytes = usize::from(u16::from_le_bytes([low, high]));
    if version != 0 || header_bytes < 8 { None } else { bytes.get(header_bytes..) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_says_how_long_it_is() {
        assert_eq!(read(&[0, 0, 9, 0, 0, 0, 0, 0, 7, 0x08]), Some(&[0x08][..]));
        assert_eq!(read(&[0, 0, 9, 0, 0, 0, 0, 0]), None);
        assert_eq!(read(&[0, 0, 7, 0, 0, 0, 0, 0]), None, "shorter than itself");
        assert_eq!(read(&[1, 0, 8, 0, 0, 0, 0, 0]), None, "another version");
    }
}
