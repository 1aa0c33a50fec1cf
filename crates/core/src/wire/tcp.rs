//! TCP (RFC 9293): ports (0..4), sequence number (4..8), data offset (12), flags (13).

pub const FIN: u8 = 1;
pub const SYN: u8 = 2;
pub const RST: u8 = 4;

#[derive(Debug, Clone, Copy)]
pub struct Tcp<'a> {
    pub source_port: u16,
    pub destination_port: u16,
    pub sequence: u32,
    pub flags: u8,
    pub header_bytes: u32,
    /// As captured; empty where the capture was cut before it.
    pub payload: &'a [u8],
    /// The data offset is smaller than a header.
    pub bad_header: bool,
}

impl<'a> Tcp<'a> {
    #[inline(always)]
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let header = bytes.first_chunk::<20>()?;
        let header_bytes = usize::from(header[12] >> 4) * 4;
        let bad_header = header_bytes < 20;
        Some(Self {
            source_port: u16::from_be_bytes([header[0], header[1]]),
            destination_port: u16::from_be_bytes([header[2], header[3]]),
            sequence: u32::from_be_bytes([header[4], header[5], header[6], header[7]]),
            flags: header[13],
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
        let read = Tcp::read(&bytes).unwrap();
        assert_eq!((read.source_port, read.sequence, read.flags, read.payload), (443, 7, SYN, &[0xaa][..]));
        assert!(Tcp::read(&bytes[..22]).unwrap().payload.is_empty(), "cut within the options");
        assert!(Tcp::read(&bytes[..19]).is_none());
        bytes[12] = 0x40;
        assert!(Tcp::read(&bytes).unwrap().bad_header);
    }
}
