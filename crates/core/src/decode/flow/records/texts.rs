//! Endpoints, conversations and MAC addresses as text.

use std::io::Write as _;
use std::net::Ipv6Addr;

use crate::metric::is_specified;
use crate::table::{Address, Span};

const MAPPED: [u8; 12] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/// Writes `10.0.0.1:443`; nothing for port 0 and the address of nobody.
pub(super) fn write_endpoint(text: &mut Vec<u8>, address: &Address, port: u16) -> Span {
    if port == 0 || !is_specified(address) {
        return Span::NONE;
    }
    let start = text.len();
    if address[..12] == MAPPED {
        for (at, octet) in address[12..].iter().enumerate() {
            if at > 0 {
                text.push(b'.');
            }
            write_number(text, u32::from(*octet));
        }
    } else {
        let _ = write!(text, "{}", Ipv6Addr::from(*address));
    }
    text.push(b':');
    write_number(text, u32::from(port));
    Span { start: start as u32, length: (text.len() - start) as u32 }
}

/// Writes both endpoints in the order of their text; nothing where one is missing.
pub(super) fn write_conversation(text: &mut Vec<u8>, one: Span, other: Span) -> Span {
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
    Span { start: start as u32, length: (text.len() - start) as u32 }
}

/// Writes `00:1b:21:3c:9d:f8`; nothing for the address of nobody.
pub(super) fn write_mac(text: &mut Vec<u8>, mac: [u8; 6]) -> Span {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    if mac == [0; 6] {
        return Span::NONE;
    }
    let start = text.len();
    for (at, byte) in mac.into_iter().enumerate() {
        if at > 0 {
            text.push(b':');
        }
        text.extend([byte >> 4, byte & 15].map(|digit| DIGITS[usize::from(digit)]));
    }
    Span { start: start as u32, length: (text.len() - start) as u32 }
}

/// A number of at most five digits, in decimal.
#[inline]
fn write_number(text: &mut Vec<u8>, number: u32) {
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
