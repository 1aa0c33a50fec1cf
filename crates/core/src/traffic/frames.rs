//! Frames on the wire: Ethernet, perhaps with a VLAN tag, IP of both versions, UDP and TCP, with right checksums.

use std::net::IpAddr;

const ETHERTYPE_IPV4: u16 = 0x0800;
const ETHERTYPE_IPV6: u16 = 0x86dd;
const ETHERTYPE_VLAN: u16 = 0x8100;
const TIME_TO_LIVE: u8 = 64;
const PROTOCOL_TCP: u8 = 6;
const PROTOCOL_UDP: u8 = 17;

/// Frames of a session, each with the nanoseconds from its beginning.
pub type Script = Vec<(u64, Vec<u8>)>;

/// One end of a conversation, as it is seen where the frames are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End {
    pub mac: [u8; 6],
    pub address: IpAddr,
    pub port: u16,
}

/// Two ends and the VLAN between them, 0 for none.
#[derive(Debug, Clone, Copy)]
pub struct Path {
    pub source: End,
    pub destination: End,
    pub vlan: u16,
}

impl Path {
    pub fn back(&self) -> Self {
        Self { source: self.destination, destination: self.source, vlan: self.vlan }
    }

    pub fn udp(&self, payload: &[u8]) -> Vec<u8> {
        let length = 8 + payload.len() as u16;
        let header = words(&[self.source.port, self.destination.port, length, 0]);
        self.frame(PROTOCOL_UDP, [&header, payload].concat(), 6)
    }

    pub fn tcp(&self, flags: u8, sequence: u32, acknowledged: u32, payload: &[u8]) -> Vec<u8> {
        const HEADER_WORDS: u8 = 5;
        const WINDOW: u16 = 64_240;
        let mut segment = words(&[self.source.port, self.destination.port]);
        segment.extend([sequence.to_be_bytes(), acknowledged.to_be_bytes()].concat());
        segment.extend([HEADER_WORDS << 4, flags]);
        segment.extend(words(&[WINDOW, 0, 0]));
        segment.extend(payload);
        self.frame(PROTOCOL_TCP, segment, 16)
    }

    /// What IP carries, whose checksum stands `sum_at`, in a frame.
    fn frame(&self, protocol: u8, mut body: Vec<u8>, sum_at: usize) -> Vec<u8> {
        let (ethertype, header, addresses) = self.ip_header(protocol, body.len() as u16);
        let pseudo = [u16::from(protocol), body.len() as u16];
        let sum = checksum(&[&addresses, &words(&pseudo), &body]);
        body[sum_at..sum_at + 2].copy_from_slice(&sum.to_be_bytes());
        let tag = if self.vlan == 0 { Vec::new() } else { words(&[ETHERTYPE_VLAN, self.vlan]) };
        let macs = [self.destination.mac, self.source.mac].concat();
        [&macs[..], &tag, &ethertype.to_be_bytes(), &header, &body].concat()
    }

    fn ip_header(&self, protocol: u8, bytes: u16) -> (u16, Vec<u8>, Vec<u8>) {
        match (self.source.address, self.destination.address) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                let addresses = [source.octets(), destination.octets()].concat();
                let mut header = words(&[0x4500, 20 + bytes, 0, 0x4000]); // not to be fragmented
                header.extend([TIME_TO_LIVE, protocol]);
                let sum = checksum(&[&header, &addresses]);
                (ETHERTYPE_IPV4, [&header, &sum.to_be_bytes()[..], &addresses].concat(), addresses)
            }
            (source, destination) => {
                let addresses = [sixteen(source), sixteen(destination)].concat();
                let header = [&words(&[0x6000, 0, bytes])[..], &[protocol, TIME_TO_LIVE], &addresses].concat();
                (ETHERTYPE_IPV6, header, addresses)
            }
        }
    }
}

/// An address as 16 bytes, IPv4 as `::ffff:192.0.2.1`.
pub fn sixteen(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
        IpAddr::V6(address) => address.octets(),
    }
}

/// Words in network order.
pub fn words(words: &[u16]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

/// The Internet checksum (RFC 1071) of some bytes in a row; only the last of them may be odd in number.
pub fn checksum(parts: &[&[u8]]) -> u16 {
    let word = |pair: &[u8]| u32::from(pair[0]) << 8 | pair.get(1).map_or(0, |low| u32::from(*low));
    let mut sum: u32 = parts.iter().flat_map(|part| part.chunks(2)).map(word).sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}
