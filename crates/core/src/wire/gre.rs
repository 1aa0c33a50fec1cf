//! GRE (RFC 2784, RFC 2890): flags and version (0..2), EtherType (2..4), then optional checksum, key and sequence.

use super::{be16, ethertype};

const HAS_SEQUENCE: u16 = 0x1000;

/// The packet ends within the header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooShort;

/// EtherType and payload of a version 0 packet; `None` for other versions (PPTP), which are left alone. A mirrored frame
/// without sequence number is one of ERSPAN type I, which has no header of its own.
pub fn read(bytes: &[u8]) -> Result<Option<(u16, &[u8])>, TooShort> {
    let (Some(flags), Some(ethertype)) = (be16(bytes, 0), be16(bytes, 2)) else { return Err(TooShort) };
    if flags & 7 != 0 {
        return Ok(None);
    }
    let optional = [0x8000, 0x2000, HAS_SEQUENCE].iter().filter(|bit| flags & *bit != 0).count() * 4;
    let is_bare = ethertype == ethertype::ERSPAN_II && flags & HAS_SEQUENCE == 0;
    let next = if is_bare { ethertype::TRANSPARENT_ETHERNET } else { ethertype };
    let payload = bytes.get(4 + optional..).ok_or(TooShort)?;
    Ok(Some((next, payload)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn optional_fields_move_the_payload() {
        assert_eq!(read(&[0, 0, 0x08, 0, 0x45]), Ok(Some((0x0800, &[0x45][..]))));
        assert_eq!(read(&[0x20, 0, 0x08, 0, 1, 2, 3, 4, 0x45]), Ok(Some((0x0800, &[0x45][..]))));
        assert_eq!(read(&[0x20, 1, 0x88, 0x0b, 1, 2, 3, 4, 0x45]), Ok(None));
        assert_eq!(read(&[0xb0, 0, 0x08, 0, 1]), Err(TooShort));
        assert_eq!(read(&[0xb0, 0, 0x08]), Err(TooShort));
    }

    #[test]
    fn a_mirror_without_sequence_number_has_no_header_of_its_own() {
        assert_eq!(read(&[0, 0, 0x88, 0xbe, 2]), Ok(Some((ethertype::TRANSPARENT_ETHERNET, &[2][..]))));
        let with_sequence = [0x10, 0, 0x88, 0xbe, 0, 0, 0, 1, 2];
        assert_eq!(read(&with_sequence), Ok(Some((ethertype::ERSPAN_II, &[2][..]))));
    }
}
