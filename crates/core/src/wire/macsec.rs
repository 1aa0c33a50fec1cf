//! MACsec (IEEE 802.1AE): control and association (0), short length (1), packet number (2..6), where the control says so
//! a channel identifier (8 bytes), then what the frame carries, encrypted as a rule, from the EtherType on.

use super::be16;

const HEADER_BYTES: usize = 6;
const CHANNEL_BYTES: usize = 8;
const HAS_CHANNEL: u8 = 0x20;
const ENCRYPTED: u8 = 0x08;
const CHANGED: u8 = 0x04;

/// Whether what follows is other than what was sent.
pub fn is_encrypted(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(|control| control & (ENCRYPTED | CHANGED) != 0)
}

/// EtherType and payload of a frame that is only signed.
pub fn read(bytes: &[u8]) -> Option<(u16, &[u8])> {
    let channel = if bytes.first()? & HAS_CHANNEL != 0 { CHANNEL_BYTES } else { 0 };
    let next_at = HEADER_BYTES + channel;
    Some((be16(bytes, next_at)?, &bytes[next_at + 2..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_only_signed_can_be_read() {
        assert_eq!(read(&[0, 0, 0, 0, 0, 1, 0x08, 0x00, 0x45]), Some((0x0800, &[0x45][..])));
        let with_channel = [&[HAS_CHANNEL, 0, 0, 0, 0, 1][..], &[0; 8], &[0x86, 0xdd, 0x60]].concat();
        assert_eq!(read(&with_channel), Some((0x86dd, &[0x60][..])));
        assert_eq!(read(&with_channel[..15]), None);
        assert_eq!(read(&[]), None);
    }

    #[test]
    fn encryption_shows_in_the_control() {
        assert!(is_encrypted(&[0x2c]) && is_encrypted(&[0x04]) && !is_encrypted(&[0x20]) && !is_encrypted(&[]));
    }
}
