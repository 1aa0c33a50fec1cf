//! BGP-4 (RFC 4271): the header that all messages have, and the body of an OPEN. That of an UPDATE is in `bgp_update`.

use super::{be16, be32};

/// Every byte of it is 0xff.
pub const MARKER_BYTES: usize = 16;
/// Marker, length, type.
pub const HEADER_BYTES: usize = MARKER_BYTES + 3;

pub const OPEN: u8 = 1;
pub const UPDATE: u8 = 2;
pub const NOTIFICATION: u8 = 3;
pub const KEEPALIVE: u8 = 4;
pub const ROUTE_REFRESH: u8 = 5;

/// The longest message without the capability Extended Message, and the longest OPEN and KEEPALIVE with it (RFC 8654 4).
const MOST_PLAIN_BYTES: u16 = 4096;

const CAPABILITIES: u8 = 2;
/// RFC 6793 section 9.
const CAPABILITY_FOUR_OCTET_AS: u8 = 65;
/// As the length and first type of optional parameters: they have lengths of two bytes (RFC 9072).
const EXTENDED: u8 = 255;

/// What follows the marker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Of the message, header included.
    pub length: u16,
    pub message_type: u8,
}

impl Header {
    /// `None` where there are too few bytes; the marker is not looked at.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        Some(Self { length: be16(bytes, MARKER_BYTES)?, message_type: *bytes.get(HEADER_BYTES - 1)? })
    }

    /// Whether a message may be of this length, so that the next one begins behind it.
    pub fn has_good_length(self) -> bool {
        match self.message_type {
            OPEN | KEEPALIVE => (HEADER_BYTES as u16..=MOST_PLAIN_BYTES).contains(&self.length),
            _ => self.length >= HEADER_BYTES as u16,
        }
    }

    /// Whether its type allows this length (RFC 4271 6.1, RFC 7313 5).
    pub fn fits_type(self) -> bool {
        match self.message_type {
            OPEN => self.length >= 29,
            UPDATE | ROUTE_REFRESH => self.length >= 23,
            NOTIFICATION => self.length >= 21,
            KEEPALIVE => self.length == 19,
            _ => true,
        }
    }
}

/// The body of an OPEN (RFC 4271 4.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Open {
    pub version: u8,
    /// That of the capability of four octets, where there is one.
    pub autonomous_system: u32,
    pub hold_time_s: u16,
    pub identifier: [u8; 4],
    /// A parameter or capability ends beyond the message.
    pub is_bad: bool,
}

impl Open {
    /// `None` where the fixed fields are not all there.
    pub fn read(body: &[u8]) -> Option<Self> {
        let [version, _, _, _, _, a, b, c, d, length, parameters @ ..] = body else { return None };
        let capability = four_octet_as(*length, parameters);
        Some(Self {
            version: *version,
            autonomous_system: capability.ok().flatten().unwrap_or(u32::from(be16(body, 1)?)),
            hold_time_s: be16(body, 3)?,
            identifier: [*a, *b, *c, *d],
            is_bad: capability.is_err(),
        })
    }
}

/// Something that ends beyond what it is in.
#[derive(Clone, Copy)]
struct Damage;

fn four_octet_as(length: u8, parameters: &[u8]) -> Result<Option<u32>, Damage> {
    let is_extended = length == EXTENDED && parameters.first() == Some(&EXTENDED);
    let mut rest = if is_extended {
        let length = be16(parameters, 1).ok_or(Damage)?;
        parameters.get(3..3 + usize::from(length)).ok_or(Damage)?
    } else {
        parameters.get(..usize::from(length)).ok_or(Damage)?
    };
    let mut found = None;
    while !rest.is_empty() {
        let (kind, value, after) = if is_extended { wide_item(rest) } else { item(rest) }.ok_or(Damage)?;
        rest = after;
        let mut capabilities = if kind == CAPABILITIES { value } else { &[] };
        while !capabilities.is_empty() {
            let (code, value, after) = item(capabilities).ok_or(Damage)?;
            capabilities = after;
            if code == CAPABILITY_FOUR_OCTET_AS {
                found = Some(be32(value, 0).ok_or(Damage)?);
            }
        }
    }
    Ok(found)
}

/// A type, a length of one byte, and so many bytes; then what follows.
fn item(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let [kind, length, rest @ ..] = bytes else { return None };
    let (value, after) = rest.split_at_checked(usize::from(*length))?;
    Some((*kind, value, after))
}

/// The same with a length of two bytes.
fn wide_item(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (kind, length) = (*bytes.first()?, be16(bytes, 1)?);
    let (value, after) = bytes[3..].split_at_checked(usize::from(length))?;
    Some((kind, value, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIXED: [u8; 9] = [4, 0x5b, 0xa0, 0, 90, 192, 0, 2, 1];

    fn open(parameters: &[u8]) -> Option<Open> {
        Open::read(&[&FIXED, parameters].concat())
    }

    fn open_of(autonomous_system: u32, is_bad: bool) -> Option<Open> {
        Some(Open { version: 4, autonomous_system, hold_time_s: 90, identifier: [192, 0, 2, 1], is_bad })
    }

    #[test]
    fn the_system_of_an_open_is_that_of_its_capability_wherever_that_stands() {
        assert_eq!(open(&[0]), open_of(23456, false));
        assert_eq!(open(&[8, 2, 6, 65, 4, 0, 6, 0x1a, 0x80]), open_of(400_000, false));
        let among_others = [20, 1, 2, 9, 9, 2, 2, 2, 0, 2, 10, 1, 2, 0, 1, 65, 4, 0, 6, 0x1a, 0x80];
        assert_eq!(open(&among_others), open_of(400_000, false));
        assert_eq!(open(&among_others[..20]), open_of(23456, true), "the parameters end beyond the message");
        let extended = [255, 255, 0, 9, 2, 0, 6, 65, 4, 0, 6, 0x1a, 0x80];
        assert_eq!(open(&extended), open_of(400_000, false), "RFC 9072");
    }

    #[test]
    fn an_open_that_ends_early_is_bad_or_none() {
        assert_eq!(open(&[]), None);
        for damaged in [&[4][..], &[2, 2, 5], &[4, 2, 2, 65, 4], &[6, 2, 4, 65, 2, 0, 1], &[255, 255, 0], &[1, 2]] {
            assert_eq!(open(damaged), open_of(23456, true), "{damaged:?}");
        }
    }
}
