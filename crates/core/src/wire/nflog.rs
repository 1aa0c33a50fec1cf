//! Linux netfilter's log: address family (0), version (1), resource (2..4), then attributes: length with its own four
//! bytes (0..2), type (2..4), value, padding to four bytes. One of them is the packet.
//!
//! Lengths and types are in the byte order of the machine that captured. Types are small: their zero byte tells it.

use super::family;

const HEADER_BYTES: usize = 4;
const ATTRIBUTE_HEADER_BYTES: usize = 4;
const PAYLOAD: u16 = 9;
/// The kernel writes about twenty; more are taken for garbage.
const MOST_ATTRIBUTES: usize = 64;

/// EtherType (unknown where the family is no IP) and payload; `None` without a payload.
pub fn read(bytes: &[u8]) -> Option<(u16, &[u8])> {
    let next = family::ethertype(u32::from(*bytes.first()?));
    let mut rest = bytes.get(HEADER_BYTES..)?;
    for _ in 0..MOST_ATTRIBUTES {
        let field: [u8; ATTRIBUTE_HEADER_BYTES] = *rest.first_chunk()?;
        let number = if field[3] == 0 { u16::from_le_bytes } else { u16::from_be_bytes };
        let length = usize::from(number([field[0], field[1]]));
        if number([field[2], field[3]]) == PAYLOAD {
            return Some((next, rest.get(ATTRIBUTE_HEADER_BYTES..length.min(rest.len()))?));
        }
        rest = rest.get(length.max(ATTRIBUTE_HEADER_BYTES).next_multiple_of(4)..)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::ethertype;
    use super::*;

    #[test]
    fn attributes_of_either_byte_order_are_stepped_over_to_the_packet() {
        let little = [2, 0, 0, 0, 5, 0, 10, 0, 0, 0, 0, 0, 5, 0, 9, 0, 0x45, 0, 0, 0];
        assert_eq!(read(&little), Some((ethertype::IPV4, &[0x45][..])));
        let big = [10, 0, 0, 0, 0, 5, 0, 10, 0, 0, 0, 0, 0, 5, 0, 9, 0x60, 0, 0, 0];
        assert_eq!(read(&big), Some((ethertype::IPV6, &[0x60][..])));
    }

    #[test]
    fn a_packet_that_was_cut_keeps_what_is_there_and_one_without_payload_gives_nothing() {
        assert_eq!(read(&[2, 0, 0, 0, 64, 0, 9, 0, 0x45]), Some((ethertype::IPV4, &[0x45][..])));
        assert_eq!(read(&[2, 0, 0, 0, 5, 0, 10, 0, 0, 0, 0, 0]), None);
        assert_eq!(read(&[2, 0, 0, 0, 0, 0, 9, 0]), None, "a length shorter than itself");
        assert_eq!(read(&[0; 4 + 4 * 80]), None, "attributes without end");
    }
}
