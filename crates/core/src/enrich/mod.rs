//! What an address or a name says beyond its bytes: place, network, public suffix.

pub mod geo;
pub mod suffix;
