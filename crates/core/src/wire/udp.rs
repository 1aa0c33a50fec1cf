//! UDP (RFC 768): source port (0..2), destination port (2..4), length with the header (4..6).

#[derive(Debug, Clone, Copy)]
pub struct Udp<'a> {
    pub source_port: u16,
    pub destination_port: u16,
    /// As captured: shorter than [`Udp::payload_wire_bytes`] where the capture was cut.
    pub payload: &'a [u8],
    pub payload_wire_bytes: u32,
    /// The length field contradicts the packet around it; the payload is then what the packet holds.
    pub bad_length: bool,
}

impl<'a> Udp<'a> {
    /// Reads a header from the payload of an IP packet, which had `wire_bytes` on the wire.
    #[inline(always)]
    pub fn read(bytes: &'a [u8], wire_bytes: u32) -> Option<Self> {
        let header = bytes.first_chunk::<8>()?;
        let stated = u32::from(u16::from_be_bytes([header[4], header[5]]));
        let bad_length = stated > wire_bytes || stated < 8 && stated != 0; // 0: a jumbogram (RFC 2675), or segmentation offload
        let length = if stated < 8 { wire_bytes } else { stated.min(wire_bytes) };
        Some(Self {
            source_port: u16::from_be_bytes([header[0], header[1]]),
            destination_port: u16::from_be_bytes([header[2], header[3]]),
            payload: &bytes[8..bytes.len().min(length.max(8) as usize)],
            payload_wire_bytes: length.saturating_sub(8),
            bad_length,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_field_cuts_the_payload() {
        let read = Udp::read(&[0, 53, 0x80, 0, 0, 9, 0, 0, 1, 2], 10).unwrap();
        assert_eq!((read.source_port, read.destination_port, read.payload), (53, 0x8000, &[1][..]));
        assert_eq!((read.bad_length, read.payload_wire_bytes), (false, 1));
    }

    #[test]
    fn a_cut_capture_keeps_the_length_on_the_wire() {
        let read = Udp::read(&[0, 53, 0x80, 0, 3, 0xe9, 0, 0, 1, 2], 1_200).unwrap();
        assert_eq!((read.payload, read.payload_wire_bytes, read.bad_length), (&[1, 2][..], 993, false));
    }

    #[test]
    fn an_impossible_length_is_told_and_the_bytes_are_kept() {
        for stated in [7, 11] {
            let bytes = [0, 53, 0, 53, 0, stated, 0, 0, 1, 2];
            let read = Udp::read(&bytes, 10).unwrap();
            assert!(read.bad_length && read.payload == [1, 2] && read.payload_wire_bytes == 2);
        }
        assert!(Udp::read(&[0; 7], 7).is_none());
    }
}
