//! From a frame to rows: link layer, IP, transport, then the application protocols.
//!
pub mod fragments;
pub mod streams;
