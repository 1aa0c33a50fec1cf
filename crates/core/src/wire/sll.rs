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

/// The sender's hardware address of version 1: its length at 4..6, its bytes behind.
pub fn source_v1(bytes: &[u8]) -> Option<[u8; 6]> {
    if be16(bytes, 4)? == 6 { bytes.get(6..12)?.try_into().ok() } else { None }
}

/// The sender's hardware address of version 2: its length at 11, its bytes behind.
pub fn source_v2(bytes: &[u8]) -> Option<[u8; 6]> {
    if *bytes.get(11)? == 6 { bytes.get(12..18)?.try_into().ok() } else { None }
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

    #[test]
    fn each_version_has_the_sender_in_its_place() {
        let first = [0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 9, 0, 0, 8, 0];
        assert_eq!(source_v1(&first), Some([2, 0, 0, 0, 0, 9]));
        let second = [8, 0, 0, 0, 0, 0, 0, 2, 0, 1, 0, 6, 2, 0, 0, 0, 0, 9, 0, 0];
        assert_eq!(source_v2(&second), Some([2, 0, 0, 0, 0, 9]));
        let (tunnel_v1, tunnel_v2) =
            ([0, 0, 0xff, 0xfe, 0, 0, 0, 0, 0, 0, 0, 0], [8, 0, 0, 0, 0, 0, 0, 2, 0xff, 0xfe, 0, 0]);
        assert_eq!((source_v1(&tunnel_v1), source_v2(&tunnel_v2)), (None, None), "a tunnel's peers have none");
        assert_eq!((source_v1(&first[..11]), source_v2(&second[..17])), (None, None));
    }
}
