//! PPP (RFC 1661): an optional HDLC address and control (ff 03), then a protocol number of one or two bytes. Captures put
//! a byte before it that tells the direction, or in the place of the address.

use super::ethertype;

const PROTOCOL_IPV4: u16 = 0x0021;
const PROTOCOL_IPV6: u16 = 0x0057;
const PROTOCOL_MPLS: u16 = 0x0281;

/// EtherType of the payload (unknown where pktvisor reads no further) and the payload.
pub fn read(bytes: &[u8]) -> Option<(u16, &[u8])> {
    let rest = if bytes.starts_with(&[0xff, 0x03]) { &bytes[2..] } else { bytes };
    let first = u16::from(*rest.first()?);
    // An odd first byte is a whole number (protocol field compression, RFC 1661 section 6.5).
    let (protocol, payload) =
        if first & 1 == 1 { (first, &rest[1..]) } else { (first << 8 | u16::from(*rest.get(1)?), &rest[2..]) };
    let next = match protocol {
        PROTOCOL_IPV4 => ethertype::IPV4,
        PROTOCOL_IPV6 => ethertype::IPV6,
        PROTOCOL_MPLS => ethertype::MPLS,
        _ => ethertype::UNKNOWN,
    };
    Some((next, payload))
}

/// The same behind a direction (LINKTYPE_PPP_WITH_DIR).
pub fn read_behind_direction(bytes: &[u8]) -> Option<(u16, &[u8])> {
    read(bytes.get(1..)?)
}

/// The same with the direction in the place of the address (LINKTYPE_PPP_PPPD).
pub fn read_from_pppd(bytes: &[u8]) -> Option<(u16, &[u8])> {
    read(bytes.get(2..)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_direction_stands_before_the_address_or_in_its_place() {
        let ipv4 = Some((ethertype::IPV4, &[0x45][..]));
        assert_eq!(read_behind_direction(&[0, 0xff, 0x03, 0x00, 0x21, 0x45]), ipv4);
        assert_eq!(read_behind_direction(&[1, 0x00, 0x21, 0x45]), ipv4);
        assert_eq!(read_from_pppd(&[1, 0x03, 0x00, 0x21, 0x45]), ipv4);
        assert_eq!((read_behind_direction(&[]), read_from_pppd(&[1])), (None, None));
    }

    #[test]
    fn with_and_without_hdlc_and_with_a_short_protocol_number() {
        assert_eq!(read(&[0xff, 0x03, 0x00, 0x21, 0x45]), Some((ethertype::IPV4, &[0x45][..])));
        assert_eq!(read(&[0x00, 0x57, 0x60]), Some((ethertype::IPV6, &[0x60][..])));
        assert_eq!(read(&[0x21, 0x45]), Some((ethertype::IPV4, &[0x45][..])));
        assert_eq!(read(&[0xc0, 0x21, 1]), Some((ethertype::UNKNOWN, &[1][..])), "link control");
        assert_eq!(read(&[0xff, 0x03, 0x00]), None);
    }
}
