//! The ports by which the messages of application protocols are known: data that comes with an input's settings and
//! with the plans that it feeds.

use std::collections::BTreeSet;

use super::app::{Declaration, Needs, PROTOCOLS};
pub use super::port_options::{ANY_PORT, PortOption, PortSettings};
use super::tunnel::TunnelPorts;

/// The protocols whose ports may be set, by name.
pub fn port_options() -> impl Iterator<Item = PortOption> {
    PROTOCOLS.iter().filter(|protocol| protocol.has_port_option).map(|protocol| PortOption {
        protocol: protocol.name,
        usual: protocol.usual_ports(),
        may_be_any: protocol.probe.is_some(),
    })
}

const PORTS: usize = 1 << 16;

/// Where the dynamic ports begin (RFC 6335 section 6).
const DYNAMIC_PORTS: u16 = 49_152;

/// A protocol's number in order of name, and the port at which it was found: that of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Service {
    pub protocol: u8,
    pub port: u16,
}

/// Which protocol is met on which port, of those that anybody needs. Made anew when settings change; a look-up is a bit
/// for most ports.
#[derive(Debug)]
pub struct PortTable {
    settings: PortSettings,
    /// A bit for each port that has any protocol. Small, so that clients' ports, which are many, stay out of the way.
    known: Box<[u64; PORTS / 64]>,
    /// Numbers of protocols, plus one; 0 for none.
    udp: Box<Protocols>,
    tcp: Box<Protocols>,
    /// Numbers of the protocols that are looked for by content where no port tells.
    probed: Vec<u8>,
    tunnels: TunnelPorts,
}

type Protocols = [u8; PORTS];

/// Zeros on the heap, without a way over the stack.
fn zeros<T: Clone + Default, const N: usize>() -> Box<[T; N]> {
    vec![T::default(); N].into_boxed_slice().try_into().unwrap_or_else(|_| unreachable!("it has N elements"))
}

impl PortTable {
    pub fn new(settings: PortSettings, needs: &Needs) -> Self {
        let tunnels = TunnelPorts::new(&settings);
        let mut table = Self { settings, known: zeros(), udp: zeros(), tcp: zeros(), probed: Vec::new(), tunnels };
        table.set_needs(needs);
        table
    }

    /// Takes in the protocols of which plans want messages, and the ports that they add to those of the settings.
    pub fn set_needs(&mut self, needs: &Needs) {
        self.known.fill(0);
        self.udp.fill(0);
        self.tcp.fill(0);
        self.probed.clear();
        // Of two protocols on one port the first in alphabetical order wins.
        for (number, protocol) in PROTOCOLS.iter().enumerate().rev().filter(|(_, it)| needs.has_table(it.name)) {
            self.add(number as u8, protocol, needs);
        }
    }

    fn add(&mut self, number: u8, protocol: &Declaration, needs: &Needs) {
        for port in self.ports_of(protocol.name, protocol.udp, needs) {
            self.know(port);
            self.udp[usize::from(port)] = number + 1;
        }
        if protocol.framing.is_some() {
            for port in self.ports_of(protocol.name, protocol.tcp, needs) {
                self.know(port);
                self.tcp[usize::from(port)] = number + 1;
            }
        }
        let of_settings = self.settings.get(protocol.name).is_some_and(|ports| ports.contains(&ANY_PORT));
        if protocol.probe.is_some() && (of_settings || needs.ports(protocol.name).any(|port| port == ANY_PORT)) {
            self.probed.insert(0, number);
        }
    }

    /// The ports of the settings, or else the usual ones, and those that plans ask for.
    fn ports_of(&self, protocol: &str, usual: &[u16], needs: &Needs) -> BTreeSet<u16> {
        let configured = self.settings.get(protocol).cloned().unwrap_or_default();
        let says_none = configured.iter().all(|port| *port == ANY_PORT);
        let mut ports = if says_none { usual.iter().copied().collect() } else { configured };
        ports.extend(needs.ports(protocol));
        ports.remove(&ANY_PORT);
        ports
    }

    fn know(&mut self, port: u16) {
        self.known[usize::from(port) / 64] |= 1 << (port % 64);
    }

    /// Where tunnels end.
    pub fn tunnels(&self) -> &TunnelPorts {
        &self.tunnels
    }

    /// Numbers of the protocols that are looked for by content where no port tells, in ascending order.
    pub fn probed(&self) -> &[u8] {
        &self.probed
    }

    /// The protocol of a datagram: of its destination port, else of its source port. What goes to a tunnel's port from a
    /// dynamic one is of the tunnel: its end takes any such port, for the sake of entropy.
    #[inline(always)]
    pub fn udp(&self, source: u16, destination: u16) -> Option<Service> {
        if let Some(service) = self.find(&self.udp, destination) {
            return Some(service);
        }
        let service = self.find(&self.udp, source)?;
        (source < DYNAMIC_PORTS || !self.tunnels.has(destination)).then_some(service)
    }

    /// The protocol of a TCP segment likewise.
    #[inline(always)]
    pub fn tcp(&self, source: u16, destination: u16) -> Option<Service> {
        if let Some(service) = self.find(&self.tcp, destination) {
            return Some(service);
        }
        self.find(&self.tcp, source)
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
        PROTOCOLS.iter().position(|known| known.name == name).expect("a protocol") as u8
    }

    fn dns(port: u16) -> Option<Service> {
        Some(Service { protocol: number("dns"), port })
    }

    fn table(ports: &[u16]) -> PortTable {
        PortTable::new(PortSettings::from([("dns".to_owned(), ports.iter().copied().collect())]), &Needs::all())
    }

    #[test]
    fn the_destination_is_looked_at_first_and_either_end_will_do() {
        let table = PortTable::new(PortSettings::new(), &Needs::all());
        assert_eq!(table.udp(40_000, 53), dns(53));
        assert_eq!(table.udp(53, 40_000), dns(53));
        assert_eq!(table.udp(53, 5353), dns(5353));
        assert_eq!(table.udp(40_000, 40_001), None);
        assert_eq!(table.tcp(68, 67), None, "DHCP does not go over TCP");
        assert_eq!(table.udp(68, 67), Some(Service { protocol: number("dhcp"), port: 67 }));
    }

    #[test]
    fn a_port_that_the_end_of_a_tunnel_has_chosen_says_nothing() {
        let table = PortTable::new(PortSettings::new(), &Needs::all());
        for tunnel in [2_152, 4_754, 4_789, 4_790, 6_081, 6_635, 8_472] {
            assert_eq!(table.udp(53_000, tunnel), None);
            assert!(table.udp(53, tunnel).is_some(), "a client may have any port");
            assert!(table.udp(tunnel, 53).is_some());
        }
        assert!(self::table(&[4_789]).udp(53_000, 4_789).is_some(), "where the settings say so");
        let elsewhere = PortSettings::from([("vxlan".to_owned(), BTreeSet::from([9_999]))]);
        let table = PortTable::new(elsewhere, &Needs::all());
        assert_eq!((table.udp(53_000, 9_999), table.udp(53_000, 4_789)), (None, dns(53_000)));
        let tunnels = table.tunnels();
        assert!(tunnels.are_met(2_152, 9_999) && !tunnels.are_met(53, 9_999) && !tunnels.are_met(53_000, 4_789));
    }

    #[test]
    fn settings_replace_the_usual_ports_and_plans_add_to_them() {
        let mut table = table(&[8600, 65535]);
        assert_eq!(table.udp(8600, 9), dns(8600));
        assert_eq!(table.tcp(9, 65535), dns(65535));
        assert_eq!(table.udp(40_000, 53), None);
        let mut needs = Needs::all();
        needs.add_ports("dns", [53]);
        table.set_needs(&needs);
        assert!(table.udp(40_000, 53).is_some() && table.udp(40_000, 8600).is_some());
        table.set_needs(&Needs::all());
        assert_eq!(table.udp(40_000, 53), None, "who asked for it has gone");
    }

    #[test]
    fn a_protocol_that_no_plan_wants_is_met_nowhere() {
        let mut table = table(&[ANY_PORT]);
        let mut needs = Needs::default();
        needs.add_table("dhcp");
        table.set_needs(&needs);
        assert!(table.udp(68, 67).is_some() && table.udp(40_000, 53).is_none() && table.tcp(40_000, 53).is_none());
        assert_eq!(table.probed(), [0_u8; 0]);
    }

    #[test]
    fn any_port_stands_beside_those_that_are_named_or_else_the_usual_ones() {
        let (alone, beside) = (table(&[ANY_PORT]), table(&[ANY_PORT, 8600]));
        assert_eq!((alone.udp(9, 53), alone.udp(9, 8600)), (dns(53), None));
        assert_eq!((beside.udp(9, 53), beside.udp(9, 8600)), (None, dns(8600)));
        assert_eq!((alone.probed(), beside.probed()), (&[number("dns")][..], &[number("dns")][..]));
        assert_eq!(alone.udp(9, 0), None, "it is no port of its own");
        let mut needs = Needs::all();
        needs.add_ports("dns", [ANY_PORT]);
        assert_eq!(PortTable::new(PortSettings::new(), &needs).probed(), [number("dns")], "a plan may ask for it");
    }
}
