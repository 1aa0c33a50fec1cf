//! IPv6 (RFC 8200): payload length (4..6), next header (6), source (8..24), destination (24..40), then extension
//! headers, which are stepped over to the transport header.

const HEADER_BYTES: usize = 40;
const HOP_BY_HOP: u8 = 0;
const ROUTING: u8 = 43;
const FRAGMENT: u8 = 44;
const AUTHENTICATION: u8 = 51;
const DESTINATION: u8 = 60;
const MOBILITY: u8 = 135;
const HOST_IDENTITY: u8 = 139;
const SHIM6: u8 = 140;
/// The option of a hop-by-hop header that holds the length of a jumbogram (RFC 2675).
const JUMBO_OPTION: u8 = 0xc2;
/// A chain longer than this is taken for an attack.
const MOST_EXTENSIONS: usize = 12;

/// The fields of one header and its extensions, and the bytes of its payload.
#[derive(Debug, Clone, Copy)]
pub struct Ipv6<'a> {
    /// What follows the last extension header that could be stepped over; of a fragment, what follows the fragment header.
    pub protocol: u8,
    pub source: [u8; 16],
    pub destination: [u8; 16],
    pub is_fragment: bool,
    pub more_fragments: bool,
    pub fragment_offset_bytes: u32,
    pub identification: u32,
    /// As captured: shorter than [`Ipv6::payload_wire_bytes`] where the capture was cut.
    pub payload: &'a [u8],
    pub payload_wire_bytes: u32,
    /// The extension headers end in the middle, or there are too many of them.
    pub bad_extension: bool,
}

impl<'a> Ipv6<'a> {
    /// Reads a packet of which `cut_off` bytes were not captured. `None` where the fixed header is not all there or is not
    /// of version 6.
    #[inline]
    pub fn read(bytes: &'a [u8], cut_off: u32) -> Option<Self> {
        let fixed = bytes.first_chunk::<HEADER_BYTES>()?;
        if fixed[0] >> 4 != 6 {
            return None;
        }
        let stated = usize::from(u16::from_be_bytes([fixed[4], fixed[5]]));
        let rest = &bytes[HEADER_BYTES..];
        let on_wire = rest.len() + cut_off as usize;
        // A length of 0 stands for a jumbogram, or for segmentation offload: all bytes that were on the wire.
        let wire_bytes = if stated == 0 { jumbo_bytes(fixed[6], rest).unwrap_or(on_wire) } else { stated };
        let mut packet = Self {
            protocol: fixed[6],
            source: *fixed[8..].first_chunk()?,
            destination: *fixed[24..].first_chunk()?,
            is_fragment: false,
            more_fragments: false,
            fragment_offset_bytes: 0,
            identification: 0,
            payload: &rest[..wire_bytes.min(rest.len())],
            payload_wire_bytes: wire_bytes.min(u32::MAX as usize) as u32,
            bad_extension: false,
        };
        if is_extension(packet.protocol) {
            packet.step_over_extensions();
        }
        Some(packet)
    }

    fn step_over_extensions(&mut self) {
        for _ in 0..MOST_EXTENSIONS {
            if !is_extension(self.protocol) {
                return;
            }
            let Some((next, rest)) = step(self.protocol, self.payload) else { break };
            if self.protocol == FRAGMENT {
                self.read_fragment();
            }
            self.protocol = next;
            self.payload_wire_bytes = self.payload_wire_bytes.saturating_sub((self.payload.len() - rest.len()) as u32);
            self.payload = rest;
            if self.is_fragment {
                return; // headers behind are of the datagram, and part of what its fragments share out
            }
        }
        self.bad_extension = is_extension(self.protocol);
    }

    fn read_fragment(&mut self) {
        let field = u16::from_be_bytes([self.payload[2], self.payload[3]]);
        self.fragment_offset_bytes = u32::from(field & 0xfff8);
        self.more_fragments = field & 1 == 1;
        // An "atomic fragment" (RFC 6946) is a whole packet.
        self.is_fragment = self.more_fragments || self.fragment_offset_bytes != 0;
        self.identification = u32::from_be_bytes([self.payload[4], self.payload[5], self.payload[6], self.payload[7]]);
    }
}

/// What follows the extension headers at the head of a datagram that was put together, and where that begins. `None` where
/// they end in the middle, or there are too many of them.
pub fn behind_extensions(mut protocol: u8, mut bytes: &[u8]) -> Option<(u8, &[u8])> {
    for _ in 0..MOST_EXTENSIONS {
        if !is_extension(protocol) || protocol == FRAGMENT {
            return Some((protocol, bytes));
        }
        (protocol, bytes) = step(protocol, bytes)?;
    }
    None
}

/// The protocol and the bytes behind one extension header, if it is all there.
fn step(protocol: u8, bytes: &[u8]) -> Option<(u8, &[u8])> {
    let &[next, length, ..] = bytes.first_chunk::<8>()?;
    let header_bytes = match protocol {
        FRAGMENT => 8,
        AUTHENTICATION => (usize::from(length) + 2) * 4,
        _ => (usize::from(length) + 1) * 8,
    };
    Some((next, bytes.get(header_bytes..)?))
}

#[inline(always)]
fn is_extension(protocol: u8) -> bool {
    matches!(
        protocol,
        HOP_BY_HOP | ROUTING | FRAGMENT | AUTHENTICATION | DESTINATION | MOBILITY | HOST_IDENTITY | SHIM6
    )
}

/// The payload length of a jumbogram: an option at the head of the hop-by-hop header (RFC 2675 section 2).
fn jumbo_bytes(next_header: u8, rest: &[u8]) -> Option<usize> {
    let header = rest.first_chunk::<8>()?;
    let jumbo = next_header == HOP_BY_HOP && header[2] == JUMBO_OPTION && header[3] == 4;
    jumbo.then(|| u32::from_be_bytes([header[4], header[5], header[6], header[7]]) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(next: u8, payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0x60, 0, 0, 0, 0, payload.len() as u8, next, 64];
        bytes.extend([1; 16]);
        bytes.extend([2; 16]);
        bytes.extend(payload);
        bytes
    }

    #[test]
    fn extension_headers_lead_to_the_transport_header() {
        let mut chain = vec![DESTINATION, 0, 0, 0, 0, 0, 0, 0]; // hop-by-hop
        chain.extend([FRAGMENT, 0, 0, 0, 0, 0, 0, 0]); // destination options
        chain.extend([17, 0, 0, 1, 0, 0, 0, 9]); // first fragment
        chain.extend([0xaa; 8]);
        let bytes = packet(HOP_BY_HOP, &chain);
        let read = Ipv6::read(&bytes, 0).unwrap();
        assert_eq!((read.protocol, read.payload), (17, &[0xaa; 8][..]));
        assert!(read.is_fragment && read.more_fragments && read.identification == 9);
    }

    #[test]
    fn headers_behind_that_of_a_fragment_are_part_of_the_datagram() {
        let bytes = packet(FRAGMENT, &[DESTINATION, 0, 0, 1, 0, 0, 0, 9, 17, 0, 1, 4, 0, 0, 0, 0, 0xaa]);
        let read = Ipv6::read(&bytes, 0).unwrap();
        assert_eq!((read.protocol, read.payload.len(), read.bad_extension), (DESTINATION, 9, false));
        assert_eq!(behind_extensions(read.protocol, read.payload), Some((17, &[0xaa][..])));
        assert_eq!(behind_extensions(DESTINATION, &read.payload[..7]), None);
        assert_eq!(behind_extensions(DESTINATION, &[DESTINATION, 0, 0, 0, 0, 0, 0, 0].repeat(13)), None);
        assert_eq!(behind_extensions(FRAGMENT, &[1]), Some((FRAGMENT, &[1][..])), "one inside another is not followed");
    }

    #[test]
    fn an_atomic_fragment_is_a_whole_packet() {
        let bytes = packet(FRAGMENT, &[6, 0, 0, 0, 0, 0, 0, 1, 5]);
        let read = Ipv6::read(&bytes, 0).unwrap();
        assert!(!read.is_fragment);
        assert_eq!((read.protocol, read.payload), (6, &[5][..]));
    }

    #[test]
    fn a_chain_without_end_is_told() {
        let bytes = packet(DESTINATION, &[DESTINATION, 0, 0, 0, 0, 0, 0, 0].repeat(13));
        assert!(Ipv6::read(&bytes, 0).unwrap().bad_extension);
        let cut = packet(ROUTING, &[17, 9, 0, 0, 0, 0, 0, 0]);
        assert!(Ipv6::read(&cut, 0).unwrap().bad_extension);
        assert!(Ipv6::read(&cut[..39], 0).is_none());
    }

    #[test]
    fn a_jumbogram_says_its_length_in_an_option() {
        let mut bytes = packet(HOP_BY_HOP, &[6, 0, JUMBO_OPTION, 4, 0, 1, 0, 0, 7]);
        bytes[5] = 0;
        let read = Ipv6::read(&bytes, 0).unwrap();
        assert_eq!((read.protocol, read.payload, read.payload_wire_bytes), (6, &[7][..], 65_536 - 8));
    }

    #[test]
    fn a_packet_without_length_is_as_long_as_the_wire_says() {
        let mut bytes = packet(17, &[7; 9]);
        bytes[5] = 0;
        let read = |cut_off| Ipv6::read(&bytes, cut_off).map(|ip| (ip.payload.len(), ip.payload_wire_bytes));
        assert_eq!((read(0), read(100)), (Some((9, 9)), Some((9, 109))));
    }
}
