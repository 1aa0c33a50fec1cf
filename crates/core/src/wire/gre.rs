//! GRE (RFC 2784, RFC 2890): flags and version (0..2), EtherType (2..4), then optional checksum, key and sequence.

use super::{be16, ethertype};

const HAS_SEQUENCE: u16 = 0x1000;

/// EtherType and payload of a version 0 packet; other versions (PPTP) are left alone. A mirrored frame without sequence
/// number is one of ERSPAN type I, which has no header of its own.
pub fn read(bytes: &[u8]) -> Option<(u16, &[u8])> {
    let flags = be16(bytes, 0)?;
    let ethertype = be16(bytes, 2)?;
    let version = flags & 7;
    let optional = [0x8000, 0x2000, HAS_SEQUENCE].iter().filter(|bit| flags & *bit != 0).count() * 4;
    let is_bare = ethertype == ethertype::ERSPAN_II && flags & HAS_SEQUENCE == 0;
    let next = if is_bare { ethertype::TRANSPARENT_ETHERNET } else { ethertype };
    if version != 0 { None } else { Some((next, bytes.get(4 + optional..)?)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn optional_fields_move_the_payload() {
        assert_eq!(read(&[0, 0, 0x08, 0, 0x45]), Some((0x0800, &[0x45][..])));
        assert_eq!(read(&[0x20, 0, 0x08, 0, 1, 2, 3, 4, 0x45]), Some((0x0800, &[0x45][..])));
        assert_eq!(read(&[0x20, 1, 0x88, 0x0b, 1, 2, 3, 4, 0x45]), None);
        assert_eq!(read(&[0xb0, 0, 0x08, 0, 1]), None);
    }

    #[test]
    fn a_mirror_without_sequence_number_has_no_header_of_its_own() {
        assert_eq!(read(&[0, 0, 0x88, 0xbe, 2]), Some((ethertype::TRANSPARENT_ETHERNET, &[2][..])));
        assert_eq!(read(&[0x10, 0, 0x88, 0xbe, 0, 0, 0, 1, 2]), Some((ethertype::ERSPAN_II, &[2][..])));
    }
}
