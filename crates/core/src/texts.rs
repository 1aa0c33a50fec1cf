//! Addresses, ports and conversations as text.

use std::io::Write as _;
use std::net::{IpAddr, Ipv6Addr};

use crate::table::{Address, Span};

const MAPPED: [u8; 12] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/// Whether an address is one of IPv4.
#[inline]
pub(crate) fn is_ipv4(address: &Address) -> bool {
    address[..12] == MAPPED
}

/// Writes `10.0.0.1` or `2001:db8::1`.
pub(crate) fn write_address(text: &mut Vec<u8>, address: &Address) {
    if !is_ipv4(address) {
        let _ = write!(text, "{}", Ipv6Addr::from(*address));
        return;
    }
    let mut line = Line::default();
    line.address(address);
    text.extend_from_slice(line.bytes());
}

/// Writes `10.0.0.1:443`, and IPv6 without brackets.
#[inline]
pub(crate) fn write_endpoint(text: &mut Vec<u8>, address: &Address, port: u16) {
    let mut line = Line::default();
    if is_ipv4(address) {
        line.address(address);
    } else {
        let _ = write!(text, "{}", Ipv6Addr::from(*address));
    }
    line.port(port);
    text.extend_from_slice(line.bytes());
}

/// An address and a port as [`write_endpoint`] wrote them; nobody's where the text is none.
pub(crate) fn read_endpoint(text: &[u8]) -> (Address, u16) {
    let parse = || {
        let (address, port) = std::str::from_utf8(text).ok()?.rsplit_once(':')?;
        let address = match address.parse().ok()? {
            IpAddr::V4(address) => address.to_ipv6_mapped(),
            IpAddr::V6(address) => address,
        };
        Some((address.octets(), port.parse().ok()?))
    };
    parse().unwrap_or_default()
}

/// Each octet in decimal with a full stop behind it, and how many bytes that are.
const OCTETS: [([u8; 4], u8); 256] = {
    let mut octets = [([b'.'; 4], 2); 256];
    let mut octet = 0;
    while octet < 256 {
        let digits = [b'0' + (octet / 100) as u8, b'0' + (octet / 10 % 10) as u8, b'0' + (octet % 10) as u8];
        octets[octet] = match octet {
            0..10 => ([digits[2], b'.', 0, 0], 2),
            10..100 => ([digits[1], digits[2], b'.', 0], 3),
            _ => ([digits[0], digits[1], digits[2], b'.'], 4),
        };
        octet += 1;
    }
    octets
};

/// A short text before it is copied as a whole: an IPv4 address and a port take 21 bytes, and what is written in one go may reach
/// beyond.
#[derive(Default)]
struct Line {
    bytes: [u8; 32],
    length: usize,
}

impl Line {
    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    /// An IPv4 address.
    #[inline]
    fn address(&mut self, address: &Address) {
        for octet in &address[12..] {
            let (digits, length) = &OCTETS[usize::from(*octet)];
            self.bytes[self.length..self.length + 4].copy_from_slice(digits);
            self.length += usize::from(*length);
        }
        self.length -= 1;
    }

    /// A port with a colon before it.
    #[inline]
    fn port(&mut self, port: u16) {
        let place = |unit: u16| b'0' + (port / unit % 10) as u8;
        let digits = [place(10_000), place(1_000), place(100), place(10), place(1), 0, 0, 0];
        let leading =
            usize::from(port < 10) + usize::from(port < 100) + usize::from(port < 1_000) + usize::from(port < 10_000);
        let shifted = u64::from_le_bytes(digits) >> (8 * leading);
        self.bytes[self.length] = b':';
        self.bytes[self.length + 1..self.length + 9].copy_from_slice(&shifted.to_le_bytes());
        self.length += 6 - leading;
    }
}

/// Writes both ends of a conversation in the order of their text; nothing where one is missing.
pub(crate) fn write_conversation(text: &mut Vec<u8>, one: Span, other: Span) -> Span {
    if one.is_none() || other.is_none() {
        return Span::NONE;
    }
    let range = |span: Span| span.start as usize..(span.start + span.length) as usize;
    let is_ascending = text[range(one)] <= text[range(other)];
    let (first, second) = if is_ascending { (one, other) } else { (other, one) };
    let start = text.len();
    text.extend_from_within(range(first));
    text.push(b'/');
    text.extend_from_within(range(second));
    span_from(text, start)
}

/// What was written from `start` on.
#[inline]
pub(crate) fn span_from(text: &[u8], start: usize) -> Span {
    Span { start: start as u32, length: (text.len() - start) as u32 }
}

/// A number of at most five digits, in decimal.
#[inline]
pub(crate) fn write_number(text: &mut Vec<u8>, number: u32) {
    let mut digits = [0; 5];
    let (mut rest, mut at) = (number, digits.len());
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    text.extend_from_slice(&digits[at..]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::ipv4::mapped;

    #[test]
    fn endpoints_are_written_as_people_write_them() {
        let ports = [0, 1, 9, 10, 53, 99, 100, 443, 999, 1_000, 8_080, 9_999, 10_000, 65_535];
        for octet in 0..=255 {
            for port in ports {
                let address = [octet, 255 - octet, octet / 3, 7];
                let mut text = b"before".to_vec();
                write_endpoint(&mut text, &mapped(address), port);
                let expected = format!("before{}:{port}", std::net::Ipv4Addr::from(address));
                assert_eq!(String::from_utf8(text).unwrap(), expected);
            }
        }
        let mut text = Vec::new();
        write_endpoint(&mut text, &std::net::Ipv6Addr::LOCALHOST.octets(), 443);
        assert_eq!(text, b"::1:443");
        assert_eq!(read_endpoint(&text), (std::net::Ipv6Addr::LOCALHOST.octets(), 443));
        assert_eq!(read_endpoint(b"10.0.0.1:53"), (mapped([10, 0, 0, 1]), 53));
        assert_eq!(read_endpoint(b"nothing"), ([0; 16], 0));
    }
}
