//! Addresses, ports and conversations as text.

use std::io::Write as _;
use std::net::Ipv6Addr;

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
    for (at, octet) in address[12..].iter().enumerate() {
        if at > 0 {
            text.push(b'.');
        }
        write_number(text, u32::from(*octet));
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
