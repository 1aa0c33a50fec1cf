//! GRE (RFC 2784, RFC 2890): flags and version (0..2), EtherType (2..4), then optional checksum, key and sequence.

use super::be16;

/// EtherType and payload of a version 0 packet; other versions (PPTP) are left alone.
pub fn read(bytes: &[u8]) -> Option<(u16, &[u8])> {
    let flags = be16(bytes, 0)?;
    let ethertype = be16(bytes, 2)?;
    let version = flags & 7;
    let optional = [0x8000, 0x2000, 0x1000].iter().filter(|bit| flags & *bit != 0).count() * 4;
    if version != 0 { None } else { Some((ethertype, bytes.get(4 + optional..)?)) }
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
}
