//! Networks as people write them.

use crate::Error;
use crate::table::Address;

/// `ADDRESS/LENGTH`, or an address alone; IPv4 becomes `::ffff:a.b.c.d` with 96 more bits.
pub(super) fn parse_network(text: &str) -> Result<(Address, u8), Error> {
    let wrong = || Error::invalid(format!("'{text}' is not a network such as 10.0.0.0/8 or 2001:db8::/32"));
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, Some(length.parse::<u8>().map_err(|_| wrong())?)),
        None => (text, None),
    };
    match address.parse().map_err(|_| wrong())? {
        std::net::IpAddr::V4(address) if length.is_none_or(|length| length <= 32) => {
            Ok((address.to_ipv6_mapped().octets(), 96 + length.unwrap_or(32)))
        }
        std::net::IpAddr::V6(address) if length.is_none_or(|length| length <= 128) => {
            Ok((address.octets(), length.unwrap_or(128)))
        }
        _ => Err(wrong()),
    }
}
