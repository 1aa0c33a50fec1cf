//! Names of services by port, as a registry in IANA's form tells them: of UDP, and of TCP and all others.

use std::ops::RangeInclusive;

/// An entry of the registry: one port, or a range of them.
#[derive(Debug, Clone)]
pub struct Service {
    pub name: String,
    pub ports: RangeInclusive<u16>,
    pub is_udp: bool,
}

const PORTS: usize = 1 << 16;
const UNNAMED: u32 = u32::MAX;

/// The registry as two tables, a number of a name for each port.
pub struct Services {
    names: Vec<String>,
    tcp: Box<[u32]>,
    udp: Box<[u32]>,
}

impl Services {
    /// An entry of one port comes before one of a range, and of those alike the first.
    pub fn new(entries: Vec<Service>) -> Self {
        let table = || vec![UNNAMED; PORTS].into_boxed_slice();
        let (mut tcp, mut udp) = (table(), table());
        let is_single = |entry: &Service| entry.ports.start() == entry.ports.end();
        for single in [true, false] {
            for (number, entry) in entries.iter().enumerate().filter(|(_, entry)| is_single(entry) == single) {
                let table = if entry.is_udp { &mut udp } else { &mut tcp };
                for port in entry.ports.clone() {
                    let name = &mut table[usize::from(port)];
                    if *name == UNNAMED {
                        *name = number as u32;
                    }
                }
            }
        }
        Self { names: entries.into_iter().map(|entry| entry.name).collect(), tcp, udp }
    }

    /// The name of a port of a protocol (by its number in the IP header).
    #[inline]
    pub fn name(&self, protocol: u8, port: u16) -> Option<&str> {
        const UDP: u8 = 17;
        let table = if protocol == UDP { &self.udp } else { &self.tcp };
        self.names.get(table[usize::from(port)] as usize).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(name: &str, ports: RangeInclusive<u16>, is_udp: bool) -> Service {
        Service { name: name.to_owned(), ports, is_udp }
    }

    #[test]
    fn a_port_has_the_name_of_its_protocol_and_what_is_neither_that_of_tcp() {
        let services = Services::new(vec![service("domain", 53..=53, true), service("web", 80..=80, false)]);
        assert_eq!((services.name(17, 53), services.name(6, 53)), (Some("domain"), None));
        assert_eq!((services.name(132, 80), services.name(17, 80)), (Some("web"), None));
    }

    #[test]
    fn single_ports_come_before_ranges_and_the_first_before_the_next() {
        let services = Services::new(vec![
            service("x11", 6000..=6063, false),
            service("own", 6010..=6010, false),
            service("late", 6000..=6000, false),
            service("wide", 6050..=6070, false),
        ]);
        let names = [6000, 6010, 6011, 6060, 6064, 6071].map(|port| services.name(6, port).unwrap_or("-"));
        assert_eq!(names, ["late", "own", "x11", "x11", "wide", "-"]);
    }
}
