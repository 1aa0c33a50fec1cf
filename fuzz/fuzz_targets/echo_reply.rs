//! What sockets for pings give: of which IP version, and whether with an IP header, says the first byte.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pktvisor_core::wire::icmp_echo::{Received, Version, read};

fuzz_target!(|bytes: &[u8]| {
    let Some((form, bytes)) = bytes.split_first() else { return };
    let version = if form & 1 == 0 { Version::V4 } else { Version::V6 };
    if let Received::Reply(echo) = read(version, form & 2 != 0, bytes) {
        // What was read stands there, in network order.
        assert!(bytes.windows(8).any(|eight| eight == echo.token.to_be_bytes()));
    }
});
