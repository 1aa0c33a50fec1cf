//! Prism monitor header: 144 bytes of what the radio knew, then an IEEE 802.11 frame. Some drivers write an AVS header
//! under its name, which begins with a number of its own.

use super::avs;

const HEADER_BYTES: usize = 144;

/// The frame.
pub fn read(bytes: &[u8]) -> Option<&[u8]> {
    if avs::is_one(bytes) { avs::read(bytes) } else { bytes.get(HEADER_BYTES..) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_frame_follows_either_header() {
        let mut prism = vec![0; 144];
        prism.push(0x08);
        assert_eq!(read(&prism), Some(&[0x08][..]));
        assert_eq!(read(&prism[..143]), None);
        assert_eq!(read(&[0x80, 0x21, 0x10, 0x01, 0, 0, 0, 9, 0, 0x08]), Some(&[0x08][..]));
    }
}
