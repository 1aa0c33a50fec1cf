//! GRE (RFC 2784, RFC 2890): flags and version (0..2), EtherType (2..4), then optional checksum, key and sequence.

use super::{Enclosed, TooShort, be16, be32, ethertype};

const HAS_CHECKSUM: u16 = 0x8000;
const HAS_KEY: u16 = 0x2000;
const HAS_SEQUENCE: u16 = 0x1000;

/// EtherType and payload of a version 0 packet, with its key; `None` for other versions (PPTP), which are left alone. A
/// mirrored frame without sequence number is one of ERSPAN type I, which has no header of its own.
pub fn read(bytes: &[u8]) -> Result<Option<Enclosed<'_>>, TooShort> {
    let (Some(flags), Some(ethertype)) = (be16(bytes, 0), be16(bytes, 2)) else { return Err(TooShort) };
    if flags & 7 != 0 {
        return Ok(None);
    }
    let bytes_of = |flag: u16| if flags & flag != 0 { 4 } else { 0 };
    let key_at = 4 + bytes_of(HAS_CHECKSUM);
    let payload = bytes.get(key_at + bytes_of(HAS_KEY) + bytes_of(HAS_SEQUENCE)..).ok_or(TooShort)?;
    let is_bare = ethertype == ethertype::ERSPAN_II && flags & HAS_SEQUENCE == 0;
    let next = if is_bare { ethertype::ERSPAN_I } else { ethertype };
    let identifier = be32(bytes, key_at).filter(|_| flags & HAS_KEY != 0).unwrap_or(0);
    Ok(Some(Enclosed { identifier, next, payload }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(identifier: u32) -> Result<Option<Enclosed<'static>>, TooShort> {
        Ok(Some(Enclosed { identifier, next: ethertype::IPV4, payload: &[0x45] }))
    }

    #[test]
    fn optional_fields_move_the_payload_and_one_is_the_key() {
        assert_eq!(read(&[0, 0, 0x08, 0, 0x45]), ip(0));
        assert_eq!(read(&[0x20, 0, 0x08, 0, 1, 2, 3, 4, 0x45]), ip(0x01_02_03_04));
        assert_eq!(read(&[0xb0, 0, 0x08, 0, 9, 9, 0, 0, 1, 2, 3, 4, 0, 0, 0, 5, 0x45]), ip(0x01_02_03_04));
        assert_eq!(read(&[0x90, 0, 0x08, 0, 9, 9, 0, 0, 0, 0, 0, 5, 0x45]), ip(0));
        assert_eq!(read(&[0x20, 1, 0x88, 0x0b, 1, 2, 3, 4, 0x45]), Ok(None));
        assert_eq!(read(&[0xb0, 0, 0x08, 0, 1]), Err(TooShort));
        assert_eq!(read(&[0xb0, 0, 0x08]), Err(TooShort));
    }

    #[test]
    fn a_mirror_without_sequence_number_has_no_header_of_its_own() {
        let mirror = |next| Ok(Some(Enclosed { identifier: 0, next, payload: &[2][..] }));
        assert_eq!(read(&[0, 0, 0x88, 0xbe, 2]), mirror(ethertype::ERSPAN_I));
        assert_eq!(read(&[0x10, 0, 0x88, 0xbe, 0, 0, 0, 1, 2]), mirror(ethertype::ERSPAN_II));
    }
}
