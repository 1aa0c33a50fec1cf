//! Both ends of a flow, and hashes of them that tell what belongs together: the packets of a flow, a question and its
//! answer.

use crate::hash::{fold, hash_word};
use crate::table::Address;

/// Source and destination.
pub type Ends = [Address; 2];

/// Hashes one end of a flow; the sum of both ends is the same whichever sends.
#[inline(always)]
pub(super) fn end_of_flow(address: &Address, port: u16, seed: u64) -> u64 {
    let high = u64::from_le_bytes(*address.first_chunk().expect("sixteen bytes"));
    let low = u64::from_le_bytes(*address.last_chunk().expect("sixteen bytes"));
    fold(low ^ seed, high ^ u64::from(port) ^ seed.rotate_left(29))
}

/// Hashes both ends of a connection or exchange under a seed.
#[inline(always)]
pub fn flow_hash(source: &Address, source_port: u16, destination: &Address, destination_port: u16, seed: u64) -> u64 {
    let ends = end_of_flow(source, source_port, seed).wrapping_add(end_of_flow(destination, destination_port, seed));
    hash_word(seed, ends)
}

/// Hashes what a question and its answer have in common under a seed: both addresses and both ports, whichever goes with
/// which, and an identifier. Some that answer swap the ports alone; two hosts that ask each other at once, with their ports
/// crossed and by the same identifier, are not met.
#[inline(always)]
pub fn exchange_hash(addresses: [&Address; 2], [one, other]: [u16; 2], identifier: u16, seed: u64) -> u64 {
    let [source, destination] = addresses;
    let ports = u64::from(one.min(other)) << 16 | u64::from(one.max(other));
    // A product, unlike a sum, tells pairs of addresses apart whose numbers add up to the same.
    let ends = fold(end_of_flow(source, 0, seed), end_of_flow(destination, 0, seed));
    hash_word(ends, ports << 16 | u64::from(identifier))
}
