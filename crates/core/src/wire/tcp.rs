//! TCP (RFC 9293): ports (0..4), sequence number (4..8), data offset (12), flags (13).

pub const FIN: u8 = 1;
pub const SYN: u8 = 2;
pub const RST: u8 = 4;

/// Where the flags stand.
pub const FLAGS_OFFSET: usize = 13;

#[derive(Debug, Clone, Copy)]
pub struct Tcp<'a> {
    pub source_port: u16,
    pub destination_port: u16,
    pub sequence: u32,
    pub flags: u8,
    pub header_bytes: u32,
    /// As captured; empty where the capture was cut before it.
    pub payload: &'a [u8],
    /// The data offset is smaller than a header, or larger than the packet.
    pub bad_header: bool,
}

impl<'a> Tcp<'a> {
    /// Reads a header from the payload of an IP packet, which had `wire_bytes` on the wire.
    #[inline(always)]
    pub fn read(bytes: &'a [u8], wire_bytes: u32) -> Option<Self> {
        let header = bytes.first_chunk::<20>()?;
        let header_bytes = usize::from(header[12] >> 4) * 4;
        let bad_header = header_bytes < 20 || header_bytes > wire_bytes as usize;
        Some(Self {
            source_port: u16::from_be_bytes([header[0], header[1]]),
            destination_port: u16::from_be_bytes([header[2], header[3]]),
            sequence: u32::from_be_bytes([header[4], header[5], header[6], header[7]]),
            flags: header[FLAGS_OFFSET],
            header_bytes: header_bytes as u32,
            payload: if bad_header { &[] } else { bytes.get(header_bytes..).unwrap_or(&[]) },
            bad_header,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_stepped_over() {
        let mut bytes = vec![0x01, 0xbb, 0x80, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0x60, SYN, 0, 0, 0, 0, 0, 0];
        bytes.extend([1, 1, 1, 1, 0xaa]);
        let read = Tcp::read(&bytes, 25).unwrap();
        assert_eq!((read.source_port, read.sequence, read.flags, read.payload), (443, 7, SYN, &[0xaa][..]));
        assert!(Tcp::read(&bytes[..22], 25).unwrap().payload.is_empty(), "cut within the options");
        assert!(Tcp::read(&bytes[..19], 25).is_none());
        assert!(Tcp::read(&bytes, 23).unwrap().bad_header, "options longer than the packet");
        bytes[12] = 0x40;
        assert!(Tcp::read(&bytes, 25).unwrap().bad_header);
    }
}
