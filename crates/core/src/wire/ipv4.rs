//! IPv4 (RFC 791): version and header length (0), total length (2..4), identification (4..6), flags and fragment
//! offset (6..8), protocol (9), source (12..16), destination (16..20).

/// An address as an IPv6 address has it (RFC 4291, section 2.5.5.2): the form in which all are kept.
#[inline(always)]
pub fn mapped([a, b, c, d]: [u8; 4]) -> [u8; 16] {
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d]
}

/// The fields of one header, and the bytes that it says are its payload.
#[derive(Debug, Clone, Copy)]
pub struct Ipv4<'a> {
    pub protocol: u8,
    pub identification: u16,
    pub source: [u8; 4],
    pub destination: [u8; 4],
    pub more_fragments: bool,
    pub fragment_offset_bytes: u32,
    /// As captured: shorter than [`Ipv4::payload_wire_bytes`] where the capture was cut.
    pub payload: &'a [u8],
    pub payload_wire_bytes: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    TooShort,
    BadHeader,
}

impl<'a> Ipv4<'a> {
    /// Reads one header of a packet. A total length of 0 (segmentation offload) means all bytes that were on the wire:
    /// those that are there, and the `cut_off` that were not captured.
    #[inline(always)]
    pub fn read(bytes: &'a [u8], cut_off: u32) -> Result<Self, Fault> {
        let Some(fixed) = bytes.first_chunk::<20>() else { return Err(Fault::TooShort) };
        let header_bytes = usize::from(fixed[0] & 0x0f) * 4;
        if fixed[0] >> 4 != 4 || header_bytes < 20 {
            return Err(Fault::BadHeader);
        }
        if bytes.len() < header_bytes {
            return Err(Fault::TooShort);
        }
        let stated = usize::from(u16::from_be_bytes([fixed[2], fixed[3]]));
        let total = if stated == 0 { bytes.len() + cut_off as usize } else { stated };
        if total < header_bytes {
            return Err(Fault::BadHeader);
        }
        let fragment = u16::from_be_bytes([fixed[6], fixed[7]]);
        Ok(Self {
            protocol: fixed[9],
            identification: u16::from_be_bytes([fixed[4], fixed[5]]),
            source: [fixed[12], fixed[13], fixed[14], fixed[15]],
            destination: [fixed[16], fixed[17], fixed[18], fixed[19]],
            more_fragments: fragment & 0x2000 != 0,
            fragment_offset_bytes: u32::from(fragment & 0x1fff) * 8,
            payload: &bytes[header_bytes..total.min(bytes.len())],
            payload_wire_bytes: (total - header_bytes) as u32,
        })
    }

    #[inline]
    pub fn is_fragment(&self) -> bool {
        self.more_fragments || self.fragment_offset_bytes != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(total: u16) -> Vec<u8> {
        let mut bytes = vec![0x45, 0, 0, 0, 0x12, 0x34, 0x20, 0x02, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
        bytes[2..4].copy_from_slice(&total.to_be_bytes());
        bytes
    }

    #[test]
    fn the_total_length_cuts_the_padding_off() {
        let mut bytes = header(22);
        bytes.extend([1, 2, 0, 0, 0]);
        let packet = Ipv4::read(&bytes, 0).unwrap();
        assert_eq!(packet.payload, [1, 2]);
        assert_eq!((packet.protocol, packet.identification), (17, 0x1234));
        assert!(packet.more_fragments && packet.fragment_offset_bytes == 16);
    }

    #[test]
    fn a_cut_capture_keeps_the_length_on_the_wire() {
        let mut bytes = header(1000);
        bytes.extend([1, 2]);
        let packet = Ipv4::read(&bytes, 978).unwrap();
        assert_eq!((packet.payload.len(), packet.payload_wire_bytes), (2, 980));
    }

    #[test]
    fn a_packet_without_length_is_as_long_as_the_wire_says() {
        let bytes = [&header(0)[..], &[1, 2]].concat();
        let read = |cut_off| Ipv4::read(&bytes, cut_off).map(|ip| (ip.payload.len(), ip.payload_wire_bytes)).unwrap();
        assert_eq!((read(0), read(100)), ((2, 2), (2, 102)));
    }

    #[test]
    fn headers_that_contradict_themselves_are_refused() {
        assert_eq!(Ipv4::read(&header(19), 0).unwrap_err(), Fault::BadHeader);
        assert_eq!(Ipv4::read(&header(20)[..19], 0).unwrap_err(), Fault::TooShort);
        let mut small = header(20);
        small[0] = 0x44;
        assert_eq!(Ipv4::read(&small, 0).unwrap_err(), Fault::BadHeader);
        small[0] = 0x4f;
        assert_eq!(Ipv4::read(&small, 0).unwrap_err(), Fault::TooShort);
    }
}
