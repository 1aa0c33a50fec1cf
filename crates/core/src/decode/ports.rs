//! The ports by which the messages of application protocols are known: data that comes with an input's settings and
//! with the plans that it feeds.

use std::collections::{BTreeMap, BTreeSet};

use super::app::{DEFAULT_PORTS, Needs};

/// Ports by the name of their protocol. A protocol that is not named has the ports that it is usually met on.
pub type PortSettings = BTreeMap<String, BTreeSet<u16>>;

/// The ports that protocols are usually met on, by name of protocol.
pub fn usual_ports() -> impl Iterator<Item = (&'static str, BTreeSet<u16>)> {
    DEFAULT_PORTS.iter().map(|(name, ports)| (*name, ports.udp.iter().chain(ports.tcp).copied().collect()))
}

const PORTS: usize = 1 << 16;

/// Where the dynamic ports begin (RFC 6335 section 6).
const DYNAMIC_PORTS: u16 = 49_152;
/// Tunnels over UDP: GRE (RFC 8086), VXLAN (RFC 7348) and its port on Linux before it had one, Geneve (RFC 8926), MPLS
/// (RFC 7510). What is inside is not read.
const TUNNEL_PORTS: [u16; 5] = [4_754, 4_789, 8_472, 6_081, 6_635];

/// A protocol's number in order of name, and the port at which it was found: that of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Service {
    pub protocol: u8,
    pub port: u16,
}

/// Which protocol is met on which port. Made anew when settings change; a look-up is a bit for most ports.
#[derive(Debug)]
pub struct PortTable {
    settings: PortSettings,
    /// A bit for each port that has any protocol. Small, so that clients' ports, which are many, stay out of the way.
    known: Box<[u64; PORTS / 64]>,
    /// Numbers of protocols, plus one; 0 for none.
    udp: Box<Protocols>,
    tcp: Box<Protocols>,
}

type Protocols = [u8; PORTS];

/// Zeros on the heap, without a way over the stack.
fn zeros<T: Clone + Default, const N: usize>() -> Box<[T; N]> {
    vec![T::default(); N].into_boxed_slice().try_into().unwrap_or_else(|_| unreachable!("it has N elements"))
}

impl Default for PortTable {
    fn default() -> Self {
        Self::new(PortSettings::new())
    }
}

impl PortTable {
    pub fn new(settings: PortSettings) -> Self {
        let mut table = Self { settings, known: zeros(), udp: zeros(), tcp: zeros() };
        table.set_needs(&Needs::default());
        table
    }

    /// Adds the ports that plans ask for to those of the settings.
    pub fn set_needs(&mut self, needs: &Needs) {
        self.known.fill(0);
        self.udp.fill(0);
        self.tcp.fill(0);
        // Of two protocols on one port the first in alphabetical order wins.
        for (number, (name, defaults)) in DEFAULT_PORTS.iter().enumerate().rev() {
            let protocol = number as u8 + 1;
            for port in self.ports_of(name, defaults.udp, needs) {
                self.know(port);
                self.udp[usize::from(port)] = protocol;
            }
            if defaults.framing.is_some() {
                for port in self.ports_of(name, defaults.tcp, needs) {
                    self.know(port);
                    self.tcp[usize::from(port)] = protocol;
                }
            }
        }
    }

    /// The ports of the settings, or else the usual ones, and those that plans ask for.
    fn ports_of(&self, protocol: &str, usual: &[u16], needs: &Needs) -> BTreeSet<u16> {
        let configured = self.settings.get(protocol).cloned();
        let mut ports = configured.unwrap_or_else(|| usual.iter().copied().collect());
        ports.extend(needs.ports(protocol));
        ports
    }

    fn know(&mut self, port: u16) {
        self.known[usize::from(port) / 64] |= 1 << (port % 64);
    }

    /// The protocol of a datagram: of its destination port, else of its source port. What goes to a tunnel's port from a
    /// dynamic one is of the tunnel: its end takes any such port, for the sake of entropy.
    #[inline(always)]
    pub fn udp(&self, source: u16, destination: u16) -> Option<Service> {
        let is_of_source = |_: &Service| source < DYNAMIC_PORTS || !TUNNEL_PORTS.contains(&destination);
        self.find(&self.udp, destination).or_else(|| self.find(&self.udp, source).filter(is_of_source))
    }

    /// The protocol of a TCP segment likewise.
    #[inline(always)]
    pub fn tcp(&self, source: u16, destination: u16) -> Option<Service> {
        self.find(&self.tcp, destination).or_else(|| self.find(&self.tcp, source))
    }

    #[inline(always)]
    fn find(&self, protocols: &Protocols, port: u16) -> Option<Service> {
        if self.known[usize::from(port) / 64] >> (port % 64) & 1 == 0 {
            return None;
        }
        let protocol = protocols[usize::from(port)].checked_sub(1)?;
        Some(Service { protocol, port })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(name: &str) -> u8 {
        DEFAULT_PORTS.iter().position(|(known, _)| *known == name).expect("a protocol") as u8
    }

    fn settings(ports: &[u16]) -> PortSettings {
        PortSettings::from([("dns".to_owned(), ports.iter().copied().collect())])
    }

    #[test]
    fn the_destination_is_looked_at_first_and_either_end_will_do() {
        let table = PortTable::default();
        let dns = |port| Some(Service { protocol: number("dns"), port });
        assert_eq!(table.udp(40_000, 53), dns(53));
        assert_eq!(table.udp(53, 40_000), dns(53));
        assert_eq!(table.udp(53, 5353), dns(5353));
        assert_eq!(table.udp(40_000, 40_001), None);
        assert_eq!(table.tcp(68, 67), None, "DHCP does not go over TCP");
        assert_eq!(table.udp(68, 67), Some(Service { protocol: number("dhcp"), port: 67 }));
    }

    #[test]
    fn a_port_that_the_end_of_a_tunnel_has_chosen_says_nothing() {
        let table = PortTable::default();
        for tunnel in TUNNEL_PORTS {
            assert_eq!(table.udp(53_000, tunnel), None);
            assert!(table.udp(53, tunnel).is_some(), "a client may have any port");
            assert!(table.udp(tunnel, 53).is_some());
        }
        assert!(PortTable::new(settings(&[4_789])).udp(53_000, 4_789).is_some(), "where the settings say so");
    }

    #[test]
    fn settings_replace_the_usual_ports_and_plans_add_to_them() {
        let mut table = PortTable::new(settings(&[8600, 65535]));
        assert_eq!(table.udp(8600, 9), Some(Service { protocol: number("dns"), port: 8600 }));
        assert_eq!(table.tcp(9, 65535), Some(Service { protocol: number("dns"), port: 65535 }));
        assert_eq!(table.udp(40_000, 53), None);
        let mut needs = Needs::default();
        needs.add_ports("dns", [53]);
        table.set_needs(&needs);
        assert!(table.udp(40_000, 53).is_some() && table.udp(40_000, 8600).is_some());
        table.set_needs(&Needs::default());
        assert_eq!(table.udp(40_000, 53), None, "who asked for it has gone");
    }
}
