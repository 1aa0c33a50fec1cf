//! VXLAN (RFC 7348): flags (0), protocol of the generic extension (3), network identifier (4..7), then an Ethernet frame.
//! With the flag P (VXLAN-GPE, draft-ietf-nvo3-vxlan-gpe) the protocol says what follows instead.

use super::{Enclosed, TooShort, be32, ethertype};

const HEADER_BYTES: usize = 8;
/// The identifier is valid. What comes without is to be dropped by who gets it (RFC 7348 section 5).
const HAS_IDENTIFIER: u8 = 0x08;
const HAS_PROTOCOL: u8 = 0x04;

/// What a packet carries for which network; `None` where it belongs to none.
pub fn read(bytes: &[u8]) -> Result<Option<Enclosed<'_>>, TooShort> {
    let (Some(header), Some(payload)) = (bytes.first_chunk::<HEADER_BYTES>(), bytes.get(HEADER_BYTES..)) else {
        return Err(TooShort);
    };
    if header[0] & HAS_IDENTIFIER == 0 {
        return Ok(None);
    }
    let next = match (header[0] & HAS_PROTOCOL != 0, header[3]) {
        (false, _) | (true, 3) => ethertype::TRANSPARENT_ETHERNET,
        (true, 1) => ethertype::IPV4,
        (true, 2) => ethertype::IPV6,
        (true, 5) => ethertype::MPLS,
        _ => ethertype::UNKNOWN,
    };
    Ok(Some(Enclosed { identifier: be32(header, 4).unwrap_or(0) >> 8, next, payload }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_follows_and_its_network_is_told() {
        let frame = |next| Ok(Some(Enclosed { identifier: 0x01_02_03, next, payload: &[7][..] }));
        assert_eq!(read(&[8, 0, 0, 0, 1, 2, 3, 0xff, 7]), frame(ethertype::TRANSPARENT_ETHERNET));
        assert_eq!(read(&[0x88, 0, 0, 9, 1, 2, 3, 0, 7]), frame(ethertype::TRANSPARENT_ETHERNET), "group policy");
        for (number, next) in [(1, ethertype::IPV4), (2, ethertype::IPV6), (3, 0x6558), (4, ethertype::UNKNOWN)] {
            assert_eq!(read(&[0x0c, 0, 0, number, 1, 2, 3, 0, 7]), frame(next), "{number}");
        }
    }

    #[test]
    fn what_belongs_to_no_network_is_left_alone() {
        assert_eq!(read(&[0, 0, 0, 0, 1, 2, 3, 0, 7]), Ok(None));
        assert_eq!(read(&[8, 0, 0, 0, 1, 2, 3]), Err(TooShort));
    }
}
