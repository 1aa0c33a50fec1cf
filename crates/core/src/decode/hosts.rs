//! Which addresses are the agent's own hosts, and so which way a packet goes.

use crate::batch::{Address, Direction};

/// How an IPv4 address begins.
const MAPPED: [u8; 12] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/// The subnets called host. Written for few of them: every packet is compared with each.
#[derive(Debug, Clone, Default)]
pub struct Hosts {
    v4: Vec<Subnet<u32>>,
    v6: Vec<Subnet<u128>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Subnet<T> {
    network: T,
    mask: T,
}

impl Hosts {
    /// From addresses with prefix lengths of 0 to 128 bits; IPv4 as `::ffff:a.b.c.d`, so with 96 bits more. Networks of
    /// IPv6 that happen to hold the mapped addresses (`::/0`) do not match IPv4.
    pub fn new(subnets: impl IntoIterator<Item = (Address, u8)>) -> Self {
        let mut hosts = Self::default();
        for (address, prefix) in subnets {
            let mask = if prefix == 0 { 0 } else { u128::MAX << (128 - u32::from(prefix.min(128))) };
            let network = u128::from_be_bytes(address) & mask;
            if prefix >= 96 && network >> 32 == 0xffff {
                hosts.v4.push(Subnet { network: network as u32, mask: mask as u32 });
            } else {
                hosts.v6.push(Subnet { network, mask });
            }
        }
        hosts
    }

    pub fn is_empty(&self) -> bool {
        self.v4.is_empty() && self.v6.is_empty()
    }

    /// The unspecified address (`0.0.0.0`, `::`) is nobody's host.
    #[inline(always)]
    pub fn contains(&self, address: &Address) -> bool {
        let [.., a, b, c, d] = *address;
        if address.starts_with(&MAPPED) {
            let address = u32::from_be_bytes([a, b, c, d]);
            address != 0 && self.v4.iter().any(|subnet| address & subnet.mask == subnet.network)
        } else {
            let address = u128::from_be_bytes(*address);
            address != 0 && self.v6.iter().any(|subnet| address & subnet.mask == subnet.network)
        }
    }

    /// In where the destination is a host, else out where the source is one.
    #[inline(always)]
    pub fn direction(&self, source: &Address, destination: &Address) -> Direction {
        if self.is_empty() {
            Direction::Unknown
        } else if self.contains(destination) {
            Direction::In
        } else if self.contains(source) {
            Direction::Out
        } else {
            Direction::Unknown
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v4(a: u8, b: u8, c: u8, d: u8) -> Address {
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d]
    }

    #[test]
    fn the_destination_wins_where_both_ends_are_hosts() {
        let hosts = Hosts::new([(v4(10, 0, 0, 0), 96 + 8)]);
        assert_eq!(hosts.direction(&v4(10, 1, 1, 1), &v4(10, 2, 2, 2)), Direction::In);
        assert_eq!(hosts.direction(&v4(10, 1, 1, 1), &v4(11, 2, 2, 2)), Direction::Out);
        assert_eq!(hosts.direction(&v4(9, 1, 1, 1), &v4(11, 2, 2, 2)), Direction::Unknown);
    }

    #[test]
    fn a_prefix_of_zero_matches_its_family_but_not_the_unspecified_address() {
        let all_v4 = Hosts::new([(v4(0, 0, 0, 0), 96)]);
        assert!(all_v4.contains(&v4(192, 0, 2, 1)));
        assert!(!all_v4.contains(&v4(0, 0, 0, 0)));
        let mut v6 = [0; 16];
        v6[0] = 0x20;
        assert!(!all_v4.contains(&v6));
        let all_v6 = Hosts::new([([0; 16], 0)]);
        assert!(all_v6.contains(&v6) && !all_v6.contains(&v4(192, 0, 2, 1)));
    }
}
