//! Frame relay (ITU-T Q.922): an address of two to four bytes, the last of which is odd; then control (0x03) and the
//! protocol's number (NLPID, RFC 2427), or an EtherType, as Cisco encapsulates.

use super::{be16, ethertype, llc};

const MOST_ADDRESS_BYTES: usize = 4;
const UNNUMBERED: u8 = 0x03;
const NLPID_PADDING: u8 = 0x00;
const NLPID_SNAP: u8 = 0x80;
const NLPID_IPV6: u8 = 0x8e;
const NLPID_IPV4: u8 = 0xcc;
/// A bridged Ethernet frame in SNAP: the organisation of IEEE 802.1, then with or without check sequence (RFC 2427
/// section 4.2).
const BRIDGED_ETHERNET: [[u8; 5]; 2] = [[0x00, 0x80, 0xc2, 0x00, 0x01], [0x00, 0x80, 0xc2, 0x00, 0x07]];

/// EtherType (unknown where pktvisor reads no further) and payload.
pub fn read(bytes: &[u8]) -> Option<(u16, &[u8])> {
    let last = bytes.iter().take(MOST_ADDRESS_BYTES).position(|byte| byte & 1 == 1)?;
    let rest = &bytes[last + 1..];
    if *rest.first()? != UNNUMBERED {
        return Some((be16(rest, 0)?, &rest[2..]));
    }
    let padding = usize::from(*rest.get(1)? == NLPID_PADDING);
    let rest = &rest[1 + padding..];
    let payload = rest.get(1..)?;
    match rest[0] {
        NLPID_IPV4 => Some((ethertype::IPV4, payload)),
        NLPID_IPV6 => Some((ethertype::IPV6, payload)),
        NLPID_SNAP if BRIDGED_ETHERNET.iter().any(|known| payload.starts_with(known)) => {
            Some((ethertype::TRANSPARENT_ETHERNET, &payload[5..]))
        }
        NLPID_SNAP => llc::snap(payload),
        _ => Some((ethertype::UNKNOWN, payload)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_every_length_and_both_encapsulations() {
        assert_eq!(read(&[0x18, 0x41, 3, 0xcc, 0x45]), Some((ethertype::IPV4, &[0x45][..])));
        assert_eq!(read(&[0x18, 0x40, 0x00, 0x01, 3, 0x8e, 0x60]), Some((ethertype::IPV6, &[0x60][..])));
        assert_eq!(read(&[0x18, 0x41, 0x08, 0x00, 0x45]), Some((ethertype::IPV4, &[0x45][..])), "Cisco");
        assert_eq!(read(&[0x18, 0x41, 3, 0x08, 0x51]), Some((ethertype::UNKNOWN, &[0x51][..])), "Q.933");
        assert_eq!(read(&[0, 0, 0, 0, 0, 1]), None, "an address without end");
        assert_eq!(read(&[0x18, 0x41, 3, 0]), None);
    }

    #[test]
    fn snap_names_an_ethertype_or_a_bridged_frame() {
        let snap = [0x18, 0x41, 3, 0x00, 0x80, 0, 0, 0, 0x86, 0xdd, 0x60];
        assert_eq!(read(&snap), Some((ethertype::IPV6, &[0x60][..])));
        let bridged = [0x18, 0x41, 3, 0x00, 0x80, 0x00, 0x80, 0xc2, 0x00, 0x07, 2];
        assert_eq!(read(&bridged), Some((ethertype::TRANSPARENT_ETHERNET, &[2][..])));
    }
}
