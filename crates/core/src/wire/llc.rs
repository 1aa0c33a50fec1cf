//! IEEE 802.2 LLC: destination and source access point (0, 1), control (2); where both points are 0xaa, SNAP follows:
//! organisation (3..6) and EtherType (6..8) (RFC 1042).

use super::{be16, ethertype};

const SNAP: u8 = 0xaa;
/// The access point of IPv4 itself (RFC 1042 section "Header Format").
const IPV4: u8 = 0x06;
/// Unnumbered information: the only kind of frame that IP is sent in.
const UNNUMBERED: u8 = 0x03;
/// EtherTypes of their own, and those that a bridge put into SNAP (IEEE 802.1H).
const ORGANISATIONS: [[u8; 3]; 2] = [[0, 0, 0], [0x00, 0x00, 0xf8]];

/// EtherType (unknown where no EtherType follows) and payload.
pub fn read(bytes: &[u8]) -> Option<(u16, &[u8])> {
    match *bytes.first_chunk::<3>()? {
        [SNAP, SNAP, UNNUMBERED] => snap(&bytes[3..]),
        [IPV4, IPV4, UNNUMBERED] => Some((ethertype::IPV4, &bytes[3..])),
        _ => Some((ethertype::UNKNOWN, &bytes[3..])),
    }
}

/// SNAP alone: organisation (0..3), EtherType (3..5).
pub fn snap(bytes: &[u8]) -> Option<(u16, &[u8])> {
    let stated = be16(bytes, 3)?;
    let is_ethertype = ORGANISATIONS.iter().any(|known| bytes.starts_with(known));
    Some((if is_ethertype { stated } else { ethertype::UNKNOWN }, &bytes[5..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ip_comes_with_an_access_point_of_its_own_or_an_ethertype() {
        assert_eq!(read(&[0x06, 0x06, 3, 0x45]), Some((ethertype::IPV4, &[0x45][..])));
        assert_eq!(read(&[0xaa, 0xaa, 3, 0, 0, 0, 0x86, 0xdd, 0x60]), Some((ethertype::IPV6, &[0x60][..])));
        assert_eq!(read(&[0xaa, 0xaa, 3, 0, 0, 0xf8, 0x08, 0x00, 0x45]), Some((ethertype::IPV4, &[0x45][..])));
    }

    #[test]
    fn other_access_points_and_organisations_are_left_alone() {
        assert_eq!(read(&[0x42, 0x42, 3, 0]), Some((ethertype::UNKNOWN, &[0][..])), "spanning tree");
        assert_eq!(read(&[0xaa, 0xaa, 3, 0, 0, 0x0c, 0x20, 0x00]), Some((ethertype::UNKNOWN, &[][..])), "CDP");
        assert_eq!(read(&[0xaa, 0xaa, 3, 0, 0, 0, 8]), None);
        assert_eq!(read(&[6, 6]), None);
    }
}
