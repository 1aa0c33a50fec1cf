//! Provider backbone bridging (IEEE 802.1ah): the service tag (0..4) behind its EtherType, then the customer's whole frame.

use super::ethertype;

const TAG_BYTES: usize = 4;

/// What follows: an Ethernet frame.
pub fn read(bytes: &[u8]) -> Option<(u16, &[u8])> {
    Some((ethertype::TRANSPARENT_ETHERNET, bytes.get(TAG_BYTES..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_frame_follows_the_tag() {
        assert_eq!(read(&[0, 0, 0, 10, 2]), Some((ethertype::TRANSPARENT_ETHERNET, &[2][..])));
        assert_eq!(read(&[0, 0, 0]), None);
    }
}
