//! An MPLS label stack (RFC 3032): entries of four bytes; bit 8 of the third byte marks the last.
//!
//! The stack does not say what follows. As routers do, the first four bits of the payload tell IPv4 from IPv6;
//! anything else (a pseudowire) is left alone.

use super::ethertype;

/// A stack deeper than this is taken for garbage.
const MOST_LABELS: usize = 16;

/// EtherType guessed from the payload (0 where it is no IP) and the payload.
pub fn read(bytes: &[u8]) -> Option<(u16, &[u8])> {
    let mut rest = bytes;
    for _ in 0..MOST_LABELS {
        let last = rest.get(..4)?[2] & 1 == 1;
        rest = &rest[4..];
        if last {
            let next = match rest.first()? >> 4 {
                4 => ethertype::IPV4,
                6 => ethertype::IPV6,
                _ => 0,
            };
            return Some((next, rest));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_stepped_over_to_the_last_one() {
        let stack = [0, 1, 0x00, 64, 0, 2, 0x01, 64, 0x45, 0];
        assert_eq!(read(&stack), Some((ethertype::IPV4, &[0x45, 0][..])));
        assert_eq!(read(&stack[..4]), None, "no last label");
        assert_eq!(read(&[0; 4 * 40]), None, "a stack without end");
    }
}
