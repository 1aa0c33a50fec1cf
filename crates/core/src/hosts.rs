//! Which addresses are the agent's own hosts, and so which way a packet goes.

use crate::table::{Address, Direction};

/// How an IPv4 address begins.
const MAPPED: [u8; 12] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/// The subnets called host. Written for few of them: every packet is compared with each.
#[derive(Debug, Clone, Default)]
pub struct Hosts {
    /// Both from the longest prefix to the shortest, so that the first that fits decides.
    v4: Vec<Subnet<u32>>,
    v6: Vec<Subnet<u128>>,
    /// The highest rank of all.
    highest: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Subnet<T> {
    network: T,
    mask: T,
    /// Bits of its prefix (IPv4: 96 more), and one more: 0 is left for addresses that fit nowhere.
    rank: u8,
}

impl Hosts {
    /// From addresses with prefix lengths of 0 to 128 bits; IPv4 as `::ffff:a.b.c.d`, so with 96 bits more. Networks of
    /// IPv6 that happen to hold the mapped addresses (`::/0`) do not match IPv4.
    pub fn new(subnets: impl IntoIterator<Item = (Address, u8)>) -> Self {
        let mut hosts = Self::default();
        for (address, prefix) in subnets {
            let prefix = prefix.min(128);
            let mask = if prefix == 0 { 0 } else { u128::MAX << (128 - u32::from(prefix)) };
            let network = u128::from_be_bytes(address) & mask;
            let rank = prefix + 1;
            if prefix >= 96 && network >> 32 == 0xffff {
                hosts.v4.push(Subnet { network: network as u32, mask: mask as u32, rank });
            } else {
                hosts.v6.push(Subnet { network, mask, rank });
            }
            hosts.highest = hosts.highest.max(rank);
        }
        hosts.v4.sort_by_key(|subnet| std::cmp::Reverse(subnet.rank));
        hosts.v6.sort_by_key(|subnet| std::cmp::Reverse(subnet.rank));
        // The unspecified address is nobody's host: where a network holds it, it fits nowhere before that.
        if hosts.v4.iter().any(|subnet| subnet.network == 0) {
            hosts.v4.insert(0, Subnet { network: 0, mask: u32::MAX, rank: 0 });
        }
        if hosts.v6.iter().any(|subnet| subnet.network == 0) {
            hosts.v6.insert(0, Subnet { network: 0, mask: u128::MAX, rank: 0 });
        }
        hosts
    }

    #[inline(always)]
    pub fn contains(&self, address: &Address) -> bool {
        self.rank(address) > 0
    }

    /// Higher for the longer prefix that an address has in common with a host, 0 for none. The unspecified address
    /// (`0.0.0.0`, `::`) is nobody's host.
    #[inline(always)]
    fn rank(&self, address: &Address) -> u8 {
        if address.starts_with(&MAPPED) {
            self.rank_v4(address)
        } else {
            let address = u128::from_be_bytes(*address);
            let fits = self.v6.iter().find(|subnet| address & subnet.mask == subnet.network);
            fits.map_or(0, |subnet| subnet.rank)
        }
    }

    /// The same of an IPv4 address.
    #[inline(always)]
    fn rank_v4(&self, address: &Address) -> u8 {
        let address = u32::from_be_bytes(*address.last_chunk().expect("sixteen bytes"));
        let fits = |subnet: &Subnet<u32>| address & subnet.mask == subnet.network;
        // One network is the usual: it needs no loop.
        match &self.v4[..] {
            [] => 0,
            [first, ..] if fits(first) => first.rank,
            [_] => 0,
            [_, others @ ..] => others.iter().find(|subnet| fits(subnet)).map_or(0, |subnet| subnet.rank),
        }
    }

    /// In where the destination is a host, out where the source is one. Where both are, the longer prefix tells which
    /// of them is meant: an interface's address within its subnet, a server within a site. The destination, where both
    /// are equally long.
    #[inline(always)]
    pub fn direction(&self, source: &Address, destination: &Address) -> Direction {
        self.direction_by(|address| self.rank(address), source, destination)
    }

    /// The same where both are known to be IPv4 addresses.
    #[inline(always)]
    pub fn direction_v4(&self, source: &Address, destination: &Address) -> Direction {
        self.direction_by(|address| self.rank_v4(address), source, destination)
    }

    #[inline(always)]
    fn direction_by(&self, rank: impl Fn(&Address) -> u8, source: &Address, destination: &Address) -> Direction {
        if self.highest == 0 {
            return Direction::Unknown;
        }
        let to = rank(destination);
        if to == self.highest {
            return Direction::In;
        }
        match rank(source) {
            from if from > to => Direction::Out,
            _ if to > 0 => Direction::In,
            _ => Direction::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn v4(a: u8, b: u8, c: u8, d: u8) -> Address {
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d]
    }

    #[test]
    fn the_destination_wins_where_both_ends_are_equally_much_hosts() {
        let hosts = Hosts::new([(v4(10, 0, 0, 0), 96 + 8)]);
        assert_eq!(hosts.direction(&v4(10, 1, 1, 1), &v4(10, 2, 2, 2)), Direction::In);
        assert_eq!(hosts.direction(&v4(10, 1, 1, 1), &v4(11, 2, 2, 2)), Direction::Out);
        assert_eq!(hosts.direction(&v4(9, 1, 1, 1), &v4(11, 2, 2, 2)), Direction::Unknown);
    }

    #[test]
    fn the_longer_prefix_wins_where_both_ends_are_hosts() {
        let (subnet, server) = ((v4(10, 0, 0, 0), 96 + 24), (v4(10, 0, 0, 5), 128));
        let (client, server_address) = (v4(10, 0, 0, 77), v4(10, 0, 0, 5));
        for hosts in [Hosts::new([subnet, server]), Hosts::new([server, subnet])] {
            assert_eq!(hosts.direction(&client, &server_address), Direction::In);
            assert_eq!(hosts.direction(&server_address, &client), Direction::Out);
            assert_eq!(hosts.direction(&client, &v4(10, 0, 0, 78)), Direction::In);
            assert_eq!(hosts.direction(&client, &v4(224, 0, 0, 251)), Direction::Out);
            assert_eq!(hosts.direction(&server_address, &v4(10, 0, 0, 255)), Direction::Out, "a broadcast of ours");
        }
        let v6 = |last: u8| [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last];
        let hosts = Hosts::new([subnet, (v6(0), 32), (v6(5), 128)]);
        assert_eq!(hosts.direction(&v6(9), &v6(5)), Direction::In);
        assert_eq!(hosts.direction(&v6(5), &v6(9)), Direction::Out);
    }

    #[test]
    fn without_hosts_no_direction_is_known() {
        assert_eq!(Hosts::default().direction(&v4(10, 0, 0, 1), &v4(10, 0, 0, 2)), Direction::Unknown);
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
        assert!(!all_v6.contains(&[0; 16]));
    }

    proptest! {
        #[test]
        fn of_ipv4_addresses_both_ways_tell_the_same(
            networks in vec((any::<[u8; 4]>(), 0_u8..=32), 0..4),
            ends in any::<[[u8; 4]; 2]>(),
            is_unspecified in any::<bool>(),
        ) {
            let near = |[a, _, _, _]: [u8; 4]| v4(a % 3, 0, 0, 0); // so that some of them fit
            let hosts = Hosts::new(networks.iter().map(|(network, bits)| (near(*network), 96 + bits)));
            let [source, destination] = ends.map(near);
            let destination = if is_unspecified { v4(0, 0, 0, 0) } else { destination };
            prop_assert_eq!(hosts.direction_v4(&source, &destination), hosts.direction(&source, &destination));
        }
    }
}
