//! Linux cooked capture: version 1 has the EtherType at 14..16 of 16 bytes, version 2 at 0..2 of 20 bytes.

use super::be16;

/// EtherType and payload of LINKTYPE_LINUX_SLL.
pub fn read_v1(bytes: &[u8]) -> Option<(u16, &[u8])> {
    Some((be16(bytes, 14)?, &bytes[16..]))
}

/// EtherType and payload of LINKTYPE_LINUX_SLL2.
pub fn read_v2(bytes: &[u8]) -> Option<(u16, &[u8])> {
    Some((be16(bytes, 0)?, bytes.get(20..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_version_has_its_type_in_its_place() {
        let mut first = vec![0; 14];
        first.extend([0x86, 0xdd, 0x60]);
        assert_eq!(read_v1(&first), Some((0x86dd, &[0x60][..])));
        let mut second = vec![0x08, 0x00];
        second.extend([0; 18]);
        second.push(0x45);
        assert_eq!(read_v2(&second), Some((0x0800, &[0x45][..])));
        assert_eq!(read_v1(&first[..15]), None);
        assert_eq!(read_v2(&second[..19]), None);
    }
}
