//! GTP-U, the user plane of mobile networks (3GPP TS 29.281 section 5): version and flags (0), message type (1), length
//! (2..4), tunnel endpoint identifier (4..8). If any of three flags is set, sequence number (8..10), N-PDU number (10) and
//! the type of the first extension header (11) follow; each of those begins with its length in words and ends with the
//! type of the next.

use super::{Enclosed, TooShort, be32, ethertype};

const HEADER_BYTES: usize = 8;
const OPTIONAL_BYTES: usize = 4;
const WORD_BYTES: usize = 4;
/// Version 1, and GTP rather than the GTP' of charging.
const VERSION: u8 = 0b0011_0000;
const VERSION_MASK: u8 = 0b1111_0000;
const HAS_OPTIONAL: u8 = 0b0000_0111;
const HAS_EXTENSION: u8 = 0b0000_0100;
/// The only type that carries a packet of a user: G-PDU.
const PACKET: u8 = 255;

/// What a packet carries through which tunnel; `None` where it is a message between the ends. What follows is known by
/// itself alone: an IP packet.
pub fn read(bytes: &[u8]) -> Result<Option<Enclosed<'_>>, TooShort> {
    let (Some(header), Some(identifier)) = (bytes.first_chunk::<HEADER_BYTES>(), be32(bytes, 4)) else {
        return Err(TooShort);
    };
    if header[0] & VERSION_MASK != VERSION || header[1] != PACKET {
        return Ok(None);
    }
    let payload =
        behind_options(header[0], &bytes[HEADER_BYTES..]).filter(|payload| !payload.is_empty()).ok_or(TooShort)?;
    Ok(Some(Enclosed { identifier, next: ethertype::of_ip(payload), payload }))
}

fn behind_options(flags: u8, bytes: &[u8]) -> Option<&[u8]> {
    if flags & HAS_OPTIONAL == 0 {
        return Some(bytes);
    }
    let (optional, mut rest) = bytes.split_first_chunk::<OPTIONAL_BYTES>()?;
    let mut next = if flags & HAS_EXTENSION == 0 { 0 } else { optional[3] };
    while next != 0 {
        let length = usize::from(*rest.first()?) * WORD_BYTES;
        next = *rest.get(length.checked_sub(1)?)?;
        rest = &rest[length..];
    }
    Some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOUND: Result<Option<Enclosed<'static>>, TooShort> =
        Ok(Some(Enclosed { identifier: 7, next: ethertype::IPV4, payload: &[0x45] }));

    fn packet(flags: u8, behind: &[u8]) -> Vec<u8> {
        [&[0x30 | flags, 255, 0, 1, 0, 0, 0, 7][..], behind].concat()
    }

    #[test]
    fn a_packet_follows_its_options() {
        assert_eq!(read(&packet(0, &[0x45])), FOUND);
        assert_eq!(read(&packet(2, &[0, 9, 0, 0x85, 0x45])), FOUND, "a sequence number; the type says nothing");
        let session = [0, 0, 0, 0x85, 1, 0, 9, 0, 0x45];
        assert_eq!(read(&packet(4, &session)), FOUND, "the container of a PDU session");
        let two = [&[0, 0, 0, 0x85, 1, 0, 9, 0xc0][..], &[2, 0, 0, 0, 0, 0, 0, 0, 0x45]].concat();
        assert_eq!(read(&packet(7, &two)), FOUND);
    }

    #[test]
    fn extensions_that_lead_nowhere_are_too_short() {
        for behind in [&[0, 0, 0, 0x85][..], &[0, 0, 0, 0x85, 0, 0], &[0, 0, 0, 0x85, 2, 0, 0], &[0, 0, 0]] {
            assert_eq!(read(&packet(4, behind)), Err(TooShort), "{behind:?}");
        }
        assert_eq!((read(&packet(0, &[])), read(&packet(0, &[])[..7])), (Err(TooShort), Err(TooShort)));
    }

    #[test]
    fn messages_between_the_ends_are_left_alone() {
        for (first, kind) in [(0x32, 1), (0x32, 26), (0x20, 255), (0x10, 255), (0x50, 255)] {
            assert_eq!(read(&[first, kind, 0, 0, 0, 0, 0, 7, 0x45]), Ok(None), "{first:#x} {kind}");
        }
    }
}
