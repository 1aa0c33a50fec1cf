//! The site that the traffic is of, and the world around it. Addresses are those of documentation and of private networks,
//! names are below `example` and `test`: they are nobody's.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::frames::{End, Path};
use super::random::{Random, Ranks};

/// The networks of the site, with the lengths of their prefixes in 128 bits: their hosts are ours.
pub const HOSTS: [([u8; 16], u8); 2] = [
    ([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 20, 0, 0], 96 + 16),
    ([0x20, 0x01, 0x0d, 0xb8, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 48),
];

/// The router, through which all traffic goes.
const ROUTER: [u8; 6] = [2, 0, 0, 0, 0, 1];
const CLIENTS: u64 = 60;
/// Clients from this one on are guests, with a VLAN of their own.
const FIRST_GUEST: u64 = 45;
const VLAN_GUESTS: u16 = 30;
const SERVERS: u64 = 80;
const RESOLVERS: u64 = 4;
const IPV6_SHARE: f64 = 0.35;
const FIRST_PORT: u64 = 32_768;

const WORDS: [&str; 24] = [
    "amber", "birch", "cobalt", "delta", "ember", "falcon", "garnet", "harbor", "indigo", "juniper", "kestrel",
    "lumen", "maple", "nimbus", "onyx", "prairie", "quartz", "raven", "sierra", "tundra", "umber", "violet", "willow",
    "zephyr",
];
const FIRST_LABELS: [&str; 10] = ["www", "api", "cdn", "mail", "static", "img", "login", "app", "assets", "telemetry"];

/// A host of the site.
#[derive(Debug, Clone, Copy)]
pub struct Client {
    pub number: u64,
    pub mac: [u8; 6],
    pub vlan: u16,
}

/// All that traffic is between.
pub struct Site {
    /// Names that are asked for, the most popular first.
    pub names: Vec<String>,
    pub name_ranks: Ranks,
    server_ranks: Ranks,
}

impl Site {
    pub fn new(seed: u64) -> Self {
        let mut names: Vec<_> = WORDS
            .iter()
            .flat_map(|word| FIRST_LABELS.map(|label| (word, label)))
            .enumerate()
            .map(|(at, (word, label))| format!("{label}.{word}.{}", if at % 7 == 3 { "test" } else { "example" }))
            .collect();
        let mut random = Random::new(seed);
        for at in (1..names.len()).rev() {
            names.swap(at, random.below(at as u64 + 1) as usize);
        }
        let name_ranks = Ranks::new(names.len());
        Self { names, name_ranks, server_ranks: Ranks::new(SERVERS as usize) }
    }

    /// A client of the site.
    pub fn client(&self, random: &mut Random) -> Client {
        let number = random.below(CLIENTS);
        let vlan = if number >= FIRST_GUEST { VLAN_GUESTS } else { 0 };
        Client { number, mac: [2, 0, 0x20, 0, 0, number as u8], vlan }
    }

    /// From a client to the port of a resolver, and the resolver's number.
    pub fn to_resolver(&self, random: &mut Random) -> (Path, u64) {
        let number = random.weighted(&[(0, 0.5), (1, 0.3), (2, 0.15), (RESOLVERS - 1, 0.05)]);
        (self.of_client(random, 192, 53 + number as u8, 53), number)
    }

    /// From a client to a web server, and the server's number.
    pub fn to_server(&self, random: &mut Random) -> (Path, u64) {
        let number = self.server_ranks.draw(random) as u64;
        let port = if random.happens(0.88) { 443 } else { 80 };
        (self.of_client(random, 198, number as u8, port), number)
    }

    fn of_client(&self, random: &mut Random, network: u8, host: u8, port: u16) -> Path {
        let client = self.client(random);
        let own_port = (FIRST_PORT + random.below(28_000)) as u16;
        let (own, other) = match random.happens(IPV6_SHARE) {
            true => (client.ipv6(), outside_ipv6(network, host)),
            false => (client.ipv4(), outside_ipv4(network, host)),
        };
        let source = End { mac: client.mac, address: own, port: own_port };
        Path { source, destination: End { mac: ROUTER, address: other, port }, vlan: client.vlan }
    }

    /// From a resolver of others to the site's name server.
    pub fn to_name_server(&self, random: &mut Random) -> Path {
        let host = 128 + random.below(40) as u8;
        let port = (1024 + random.below(64_000)) as u16;
        let (own, other): (IpAddr, IpAddr) = match random.happens(IPV6_SHARE) {
            true => (Ipv6Addr::new(0x2001, 0xdb8, 0x20, 1, 0, 0, 0, 0x53).into(), outside_ipv6(203, host)),
            false => (Ipv4Addr::new(10, 20, 1, 53).into(), outside_ipv4(203, host)),
        };
        let server = End { mac: [2, 0, 0x20, 1, 0, 53], address: own, port: 53 };
        Path { source: End { mac: ROUTER, address: other, port }, destination: server, vlan: 0 }
    }

    /// From a router of the site to whom it exports flow records.
    pub fn to_receiver(&self, exporter: u8, port: u16) -> Path {
        let source =
            End { mac: [2, 0, 0x20, 2, 0, exporter], address: Ipv4Addr::new(10, 20, 2, exporter).into(), port };
        let address = Ipv4Addr::new(10, 20, 1, 9).into();
        Path { source, destination: End { mac: [2, 0, 0x20, 1, 0, 9], address, port }, vlan: 0 }
    }

    /// Between a client and the DHCP server; both by their addresses, or by those of nobody and of everybody.
    pub fn to_dhcp_server(&self, client: Client, has_address: bool) -> Path {
        let (own, server) = (Ipv4Addr::new(0, 0, 0, 0), Ipv4Addr::BROADCAST);
        let [own, server] = if has_address { [client.ipv4(), DHCP_SERVER.into()] } else { [own.into(), server.into()] };
        let mac = if has_address { ROUTER } else { [0xff; 6] };
        let source = End { mac: client.mac, address: own, port: 68 };
        Path { source, destination: End { mac, address: server, port: 67 }, vlan: client.vlan }
    }

    /// From the DHCP server to a client.
    pub fn of_dhcp_server(&self, client: Client) -> Path {
        let source = End { mac: ROUTER, address: DHCP_SERVER.into(), port: 67 };
        let destination = End { mac: client.mac, address: client.ipv4(), port: 68 };
        Path { source, destination, vlan: client.vlan }
    }
}

/// The router is the DHCP server, too.
pub const DHCP_SERVER: Ipv4Addr = Ipv4Addr::new(10, 20, 0, 1);

impl Client {
    pub fn ipv4(self) -> IpAddr {
        self.octets().into()
    }

    pub fn octets(self) -> [u8; 4] {
        [10, 20, if self.vlan == 0 { 0 } else { 30 }, 10 + self.number as u8]
    }

    pub fn ipv6(self) -> IpAddr {
        Ipv6Addr::new(0x2001, 0xdb8, 0x20, self.vlan, 0, 0, 0, 0x10 + self.number as u16).into()
    }
}

/// Hosts elsewhere, in the three networks of RFC 5737.
fn outside_ipv4(network: u8, host: u8) -> IpAddr {
    match network {
        192 => Ipv4Addr::new(192, 0, 2, host).into(),
        198 => Ipv4Addr::new(198, 51, 100, host).into(),
        _ => Ipv4Addr::new(203, 0, 113, host).into(),
    }
}

/// The same hosts below 2001:db8::/32 (RFC 3849).
fn outside_ipv6(network: u8, host: u8) -> IpAddr {
    Ipv6Addr::new(0x2001, 0xdb8, 0xf000 | u16::from(network), 0, 0, 0, 0, u16::from(host)).into()
}
