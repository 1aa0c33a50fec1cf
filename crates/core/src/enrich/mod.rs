//! What an address, a name or a port says beyond its bytes: place, network, public suffix, service.

pub mod geo;
pub mod services;
pub mod suffix;
