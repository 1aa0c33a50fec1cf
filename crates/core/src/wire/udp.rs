//! UDP (RFC 768): source port (0..2), destination port (2..4), length with the header (4..6).

#[derive(Debug, Clone, Copy)]
pub struct Udp<'a> {
    pub source_port: u16,
    pub destination_port: u16,
    pub payload: &'a [u8],
    /// The length field contradicts the packet around it; the payload is then what the packet holds.
    pub bad_length: bool,
}

impl<'a> Udp<'a> {
    #[inline(always)]
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let header = bytes.first_chunk::<8>()?;
        let stated = usize::from(u16::from_be_bytes([header[4], header[5]]));
        let bad_length = stated < 8 && stated != 0; // 0: a jumbogram (RFC 2675), or segmentation offload
        let end = if stated < 8 { bytes.len() } else { stated.min(bytes.len()) };
        Some(Self {
            source_port: u16::from_be_bytes([header[0], header[1]]),
            destination_port: u16::from_be_bytes([header[2], header[3]]),
            payload: &bytes[8..end],
            bad_length,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_field_cuts_the_payload() {
        let read = Udp::read(&[0, 53, 0x80, 0, 0, 9, 0, 0, 1, 2]).unwrap();
        assert_eq!((read.source_port, read.destination_port, read.payload), (53, 0x8000, &[1][..]));
        assert!(!read.bad_length);
    }

    #[test]
    fn an_impossible_length_is_told_and_the_bytes_are_kept() {
        let read = Udp::read(&[0, 53, 0, 53, 0, 7, 0, 0, 1, 2]).unwrap();
        assert!(read.bad_length && read.payload == [1, 2]);
        assert!(Udp::read(&[0; 7]).is_none());
    }
}
