//! The invented databases of tests/fixtures/geo, and addresses for tests.

use std::net::IpAddr;
use std::path::PathBuf;

use super::{GeoDatabase, GeoKind};

pub(crate) fn fixture(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/geo").join(file)
}

pub(crate) fn open(file: &str, kind: GeoKind) -> GeoDatabase {
    GeoDatabase::open(&fixture(file), kind).expect("a database of tests/fixtures/geo")
}

/// An address as columns hold it.
pub(crate) fn address(text: &str) -> [u8; 16] {
    match text.parse().expect("an address") {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
        IpAddr::V6(v6) => v6.octets(),
    }
}
