//! Endpoints and MAC addresses as text.

use crate::metric::is_specified;
use crate::table::{Address, Span};
use crate::texts::{self, span_from};

/// Writes `10.0.0.1:443`; nothing for port 0 and the address of nobody.
pub(super) fn write_endpoint(text: &mut Vec<u8>, address: &Address, port: u16) -> Span {
    if port == 0 || !is_specified(address) {
        return Span::NONE;
    }
    let start = text.len();
    texts::write_endpoint(text, address, port);
    span_from(text, start)
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
    span_from(text, start)
}
