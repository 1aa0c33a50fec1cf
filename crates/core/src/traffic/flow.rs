//! What three routers export of flows: NetFlow 9, IPFIX and NetFlow 5.

use super::frames::{Script, sixteen, words};
use super::random::Random;
use super::site::Site;

const SECOND_NS: u64 = 1_000_000_000;
/// Templates are told again after this.
const TEMPLATES_NS: u64 = 30 * SECOND_NS;
/// The routers' clocks at the beginning, seconds since 1970.
const BEGIN_SECONDS: u32 = 1_750_000_000;
const PORT_NETFLOW: u16 = 2055;
const PORT_IPFIX: u16 = 4739;

const TEMPLATE_IPV4: u16 = 256;
const TEMPLATE_IPV6: u16 = 257;
/// Elements that are alike in NetFlow 9 and IPFIX, with their bytes: ports, protocol, class, flags, octets, packets, interfaces,
/// autonomous systems.
const COMMON: [(u16, u16); 11] =
    [(7, 2), (11, 2), (4, 1), (5, 1), (6, 1), (1, 4), (2, 4), (10, 4), (14, 4), (16, 4), (17, 4)];
const ADDRESSES_IPV4: [(u16, u16); 2] = [(8, 4), (12, 4)];
const ADDRESSES_IPV6: [(u16, u16); 2] = [(27, 16), (28, 16)];

/// What the routers have told so far.
#[derive(Debug, Default)]
pub struct Exporters {
    sequences: [u32; 3],
    /// When NetFlow 9 and IPFIX tell their templates again.
    templates_ns: [u64; 2],
}

/// A flow as a router has seen it.
struct Flow {
    source: [u8; 16],
    destination: [u8; 16],
    is_ipv6: bool,
    ports: [u16; 2],
    protocol: u8,
    class: u8,
    octets: u32,
    packets: u32,
    interfaces: [u32; 2],
    systems: [u32; 2],
}

/// Writes a datagram of one of the routers.
pub fn export(exporters: &mut Exporters, site: &Site, random: &mut Random, now_ns: u64, script: &mut Script) {
    let router = random.below(3) as usize;
    let flows: Vec<_> = (0..6 + random.below(15)).map(|_| flow(site, random, router)).collect();
    let seconds = BEGIN_SECONDS + (now_ns / SECOND_NS) as u32;
    let datagram = match router {
        0 => exporters.netflow9(&flows, seconds, now_ns),
        1 => exporters.ipfix(&flows, seconds, now_ns),
        _ => exporters.netflow5(&flows, seconds),
    };
    let port = if router == 1 { PORT_IPFIX } else { PORT_NETFLOW };
    script.push((0, site.to_receiver(router as u8 + 1, port).udp(&datagram)));
}

fn flow(site: &Site, random: &mut Random, router: usize) -> Flow {
    let (path, peer) = match random.happens(0.3) {
        true => site.to_resolver(random),
        false => site.to_server(random),
    };
    let is_dns = path.destination.port == 53;
    let octets = if is_dns { random.log_normal(180.0, 0.5) } else { random.log_normal(14_000.0, 1.5) } as u32;
    let inside = 1 + u32::from(path.vlan != 0);
    let forth = Flow {
        source: sixteen(path.source.address),
        destination: sixteen(path.destination.address),
        is_ipv6: path.source.address.is_ipv6(),
        ports: [path.source.port, path.destination.port],
        protocol: if is_dns { 17 } else { 6 },
        class: if random.happens(0.06) { 0xb8 } else { 0 },
        octets: octets.max(40),
        packets: 1 + octets / 800,
        interfaces: [inside, 10 + router as u32],
        systems: [64_500, 64_496 + (peer % 12) as u32],
    };
    if random.happens(0.4) { forth } else { forth.back() }
}

impl Flow {
    fn back(self) -> Self {
        let [one, other] = self.ports;
        let [inside, outside] = self.interfaces;
        let [own, peer] = self.systems;
        Self {
            source: self.destination,
            destination: self.source,
            ports: [other, one],
            interfaces: [outside, inside],
            systems: [peer, own],
            ..self
        }
    }

    /// As the templates have it.
    fn record(&self) -> Vec<u8> {
        let from = if self.is_ipv6 { 0 } else { 12 };
        let mut record = [&self.source[from..], &self.destination[from..], &words(&self.ports)].concat();
        record.extend([self.protocol, self.class, self.flags()]);
        let [inside, outside] = self.interfaces;
        let [own, peer] = self.systems;
        record.extend([self.octets, self.packets, inside, outside, own, peer].map(u32::to_be_bytes).concat());
        record
    }

    /// SYN, ACK, PSH and FIN of TCP.
    fn flags(&self) -> u8 {
        if self.protocol == 6 { 0x1b } else { 0 }
    }
}

impl Exporters {
    fn netflow9(&mut self, flows: &[Flow], seconds: u32, now_ns: u64) -> Vec<u8> {
        let (templates, sets) = self.sets(0, 0, flows, now_ns);
        let uptime_ms = (seconds - BEGIN_SECONDS) * 1000;
        self.sequences[0] += 1;
        let mut datagram = words(&[9, flows.len() as u16 + if templates { 2 } else { 0 }]);
        datagram.extend([uptime_ms, seconds, self.sequences[0], 1].map(u32::to_be_bytes).concat());
        datagram.extend(sets);
        datagram
    }

    fn ipfix(&mut self, flows: &[Flow], seconds: u32, now_ns: u64) -> Vec<u8> {
        let (_, sets) = self.sets(1, 2, flows, now_ns);
        let mut datagram = words(&[10, 16 + sets.len() as u16]);
        datagram.extend([seconds, self.sequences[1], 1].map(u32::to_be_bytes).concat());
        datagram.extend(sets);
        self.sequences[1] += flows.len() as u32;
        datagram
    }

    /// IPv4 alone: the format has no other addresses.
    fn netflow5(&mut self, flows: &[Flow], seconds: u32) -> Vec<u8> {
        let flows: Vec<_> = flows.iter().filter(|flow| !flow.is_ipv6).collect();
        let uptime_ms = (seconds - BEGIN_SECONDS) * 1000;
        let mut datagram = words(&[5, flows.len() as u16]);
        datagram.extend([uptime_ms, seconds, 0, self.sequences[2], 0].map(u32::to_be_bytes).concat());
        for flow in &flows {
            datagram.extend([&flow.source[12..], &flow.destination[12..], &[0; 4]].concat());
            datagram.extend(words(&flow.interfaces.map(|interface| interface as u16)));
            datagram.extend([flow.packets, flow.octets, uptime_ms, uptime_ms].map(u32::to_be_bytes).concat());
            datagram.extend(words(&flow.ports));
            datagram.extend([0, flow.flags(), flow.protocol, flow.class]);
            datagram.extend(words(&flow.systems.map(|system| system as u16)));
            datagram.extend([24, 24, 0, 0]);
        }
        self.sequences[2] += flows.len() as u32;
        datagram
    }

    /// Sets of records by their templates, which stand before them now and then; whether they do.
    fn sets(&mut self, router: usize, template_set: u16, flows: &[Flow], now_ns: u64) -> (bool, Vec<u8>) {
        let has_templates = now_ns >= self.templates_ns[router];
        let mut sets = Vec::new();
        if has_templates {
            self.templates_ns[router] = now_ns + TEMPLATES_NS;
            sets.extend(set(
                template_set,
                &[template(TEMPLATE_IPV4, &ADDRESSES_IPV4), template(TEMPLATE_IPV6, &ADDRESSES_IPV6)],
            ));
        }
        for (number, is_ipv6) in [(TEMPLATE_IPV4, false), (TEMPLATE_IPV6, true)] {
            let records: Vec<_> = flows.iter().filter(|flow| flow.is_ipv6 == is_ipv6).map(Flow::record).collect();
            if !records.is_empty() {
                sets.extend(set(number, &records));
            }
        }
        (has_templates, sets)
    }
}

fn template(number: u16, addresses: &[(u16, u16)]) -> Vec<u8> {
    let fields: Vec<_> = addresses.iter().chain(&COMMON).flat_map(|(element, bytes)| [*element, *bytes]).collect();
    [words(&[number, fields.len() as u16 / 2]), words(&fields)].concat()
}

/// A set, padded to four bytes.
fn set(number: u16, records: &[Vec<u8>]) -> Vec<u8> {
    let mut content = records.concat();
    content.resize(content.len().next_multiple_of(4), 0);
    [words(&[number, 4 + content.len() as u16]), content].concat()
}
