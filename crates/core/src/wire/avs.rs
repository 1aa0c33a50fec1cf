//! AVS wireless header: a number that tells it and its version (0..4), length of the header (4..8), then what the radio
//! knew; an IEEE 802.11 frame follows.

use super::be32;

/// The first four bytes, but for the version in the last one.
const MAGIC: [u8; 3] = [0x80, 0x21, 0x10];

/// Whether these bytes are an AVS header.
pub fn is_one(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC)
}

/// The frame.
pub fn read(bytes: &[u8]) -> Option<&[u8]> {
    let header_bytes = usize::try_from(be32(bytes, 4)?).ok()?;
    if header_bytes < 8 { None } else { bytes.get(header_bytes..) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_says_how_long_it_is() {
        let bytes = [0x80, 0x21, 0x10, 0x02, 0, 0, 0, 9, 0, 0x08];
        assert!(is_one(&bytes) && !is_one(&[0, 0, 0, 0x41]));
        assert_eq!(read(&bytes), Some(&[0x08][..]));
        assert_eq!(read(&bytes[..8]), None);
        assert_eq!(read(&[0x80, 0x21, 0x10, 1, 0, 0, 0, 7]), None, "shorter than itself");
    }
}
