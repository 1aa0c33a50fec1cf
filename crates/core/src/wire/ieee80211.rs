//! IEEE 802.11 (wireless): frame control (0..2), duration (2..4), three addresses (4..22), sequence control (22..24), a
//! fourth address between access points, quality of service (2 bytes) and high throughput (4 bytes) where the frame
//! control says so, then LLC.

use super::{ethertype, llc};

const HEADER_BYTES: usize = 24;
const ADDRESS_BYTES: usize = 6;
const QUALITY_BYTES: usize = 2;
const THROUGHPUT_BYTES: usize = 4;
const DATA: u8 = 2;
/// Bits of a data frame's subtype.
const NO_DATA: u8 = 4;
const QUALITY: u8 = 8;
/// Bits of the frame control's second byte.
const FROM_ACCESS_POINT: u8 = 0x02;
const BOTH_ACCESS_POINTS: u8 = 0x03;
const PROTECTED: u8 = 0x40;
const ORDER: u8 = 0x80;
/// The bit of the quality field that several frames stand in this one (A-MSDU), each behind two addresses and a length.
const AGGREGATED: u8 = 0x80;
const AGGREGATED_HEADER_BYTES: usize = 14;
/// How LLC begins where an EtherType follows.
const SNAP: [u8; 3] = [0xaa, 0xaa, 0x03];

/// Whether the payload is encrypted.
pub fn is_protected(bytes: &[u8]) -> bool {
    matches!(bytes, [control, flags, ..] if is_data(*control) && flags & PROTECTED != 0)
}

/// EtherType (unknown in management and control frames, and in those without data) and payload. Of several frames in
/// one, the first is read; the later parts of one that was cut in pieces have no LLC, and so no type.
pub fn read(bytes: &[u8]) -> Option<(u16, &[u8])> {
    let &[control, flags] = bytes.first_chunk()?;
    if !is_data(control) {
        return Some((ethertype::UNKNOWN, &[]));
    }
    let address = if flags & BOTH_ACCESS_POINTS == BOTH_ACCESS_POINTS { ADDRESS_BYTES } else { 0 };
    let quality_at = HEADER_BYTES + address;
    if control >> 4 & QUALITY == 0 {
        return llc::read(behind_padding(bytes, quality_at)?);
    }
    let throughput = if flags & ORDER != 0 { THROUGHPUT_BYTES } else { 0 };
    let aggregated = if bytes.get(quality_at)? & AGGREGATED != 0 { AGGREGATED_HEADER_BYTES } else { 0 };
    llc::read(behind_padding(bytes, quality_at + QUALITY_BYTES + throughput + aggregated)?)
}

/// The sender's hardware address: the second address from a station, the third from an access point, the fourth between
/// two of them.
pub fn source(bytes: &[u8]) -> Option<[u8; 6]> {
    let &[control, flags] = bytes.first_chunk()?;
    let at = match flags & BOTH_ACCESS_POINTS {
        FROM_ACCESS_POINT => 16,
        BOTH_ACCESS_POINTS => HEADER_BYTES,
        _ => 10,
    };
    if is_data(control) { bytes.get(at..at + ADDRESS_BYTES)?.try_into().ok() } else { None }
}

/// What follows a header of so many bytes. Some radios pad it to a multiple of four, which only LLC tells.
fn behind_padding(bytes: &[u8], header_bytes: usize) -> Option<&[u8]> {
    let payload = bytes.get(header_bytes..)?;
    let padded = bytes.get(header_bytes.next_multiple_of(4)..).filter(|padded| padded.starts_with(&SNAP));
    Some(padded.filter(|_| !payload.starts_with(&SNAP)).unwrap_or(payload))
}

/// Whether this is a data frame that holds some.
fn is_data(control: u8) -> bool {
    control >> 2 & 3 == DATA && control >> 4 & NO_DATA == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    const LLC_IPV4: [u8; 9] = [0xaa, 0xaa, 3, 0, 0, 0, 0x08, 0x00, 0x45];
    const FOUND: Option<(u16, &[u8])> = Some((ethertype::IPV4, &[0x45]));

    /// A frame with this control, then so many bytes of header behind the fixed ones.
    fn frame(control: u8, flags: u8, more: &[u8]) -> Vec<u8> {
        [&[control, flags][..], &[0; 22], more, &LLC_IPV4].concat()
    }

    #[test]
    fn the_sender_is_where_the_direction_says() {
        let mut bytes = frame(0x08, 0, &[4; 6]);
        bytes[10..16].fill(2);
        bytes[16..22].fill(3);
        for (direction, sender) in [(0, 2), (1, 2), (2, 3), (3, 4)] {
            bytes[1] = direction;
            assert_eq!(source(&bytes), Some([sender; 6]), "{direction}");
        }
        assert_eq!(source(&bytes[..29]), None);
        assert_eq!(source(&[0x80; 40]), None, "a beacon");
    }

    #[test]
    fn the_header_is_as_long_as_its_control_says() {
        assert_eq!(read(&frame(0x08, 0x01, &[])), FOUND);
        assert_eq!(read(&frame(0x08, 0x03, &[0; 6])), FOUND, "four addresses");
        assert_eq!(read(&frame(0x88, 0x02, &[0; 2])), FOUND, "quality of service");
        assert_eq!(read(&frame(0x88, 0x83, &[0; 12])), FOUND, "with high throughput");
        assert_eq!(read(&frame(0x88, 0x02, &[[0x80, 0].as_slice(), &[0; 14]].concat())), FOUND, "aggregated");
        assert_eq!(read(&frame(0x88, 0x02, &[0; 4])), FOUND, "padded");
        assert_eq!(read(&frame(0x88, 0x02, &[])[..24]), None);
    }

    #[test]
    fn frames_without_a_packet_are_whole_all_the_same() {
        let nothing: Option<(u16, &[u8])> = Some((ethertype::UNKNOWN, &[]));
        assert_eq!(read(&[0x80, 0, 0, 0]), nothing, "a beacon");
        assert_eq!(read(&[0xd4, 0]), nothing, "an acknowledgement");
        assert_eq!(read(&[0x48, 0x01]), nothing, "no data");
        let later = [&[0x08, 0x01][..], &[0; 20], &[0x01, 0], &[0x45; 20]].concat();
        assert_eq!(read(&later).unwrap().0, ethertype::UNKNOWN, "the second part of a frame");
    }

    #[test]
    fn only_data_can_be_protected() {
        assert!(is_protected(&[0x08, 0x41]) && is_protected(&[0x88, 0x42]));
        assert!(!is_protected(&[0x08, 0x01]) && !is_protected(&[0xb0, 0x40]) && !is_protected(&[0x08]));
    }
}
