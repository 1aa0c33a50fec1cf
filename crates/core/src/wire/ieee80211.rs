//! IEEE 802.11 (wireless): frame control (0..2), duration (2..4), three addresses (4..22), sequence control (22..24), a
//! fourth address between access points, quality of service (2 bytes) and high throughput (4 bytes) where the frame
//! control says so, then LLC. Or several frames (A-MSDU), each with destination (0..6), source (6..12), length of what
//! follows (12..14), LLC, and zeros up to a multiple of four (IEEE 802.11-2020, section 9.3.2.2.2).

use super::{be16, ethertype, llc};

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
/// The bit of the quality field that several frames stand in this one (A-MSDU).
const AGGREGATED: u8 = 0x80;
const SUBFRAME_HEADER_BYTES: usize = 14;
/// No frame of several is longer (IEEE 802.11-2020, table 9-25).
const MOST_SUBFRAMES_BYTES: usize = 11_454;
/// How LLC begins where an EtherType follows.
const SNAP: [u8; 3] = [0xaa, 0xaa, 0x03];

/// Whether the payload is encrypted.
pub fn is_protected(bytes: &[u8]) -> bool {
    matches!(bytes, [control, flags, ..] if is_data(*control) && flags & PROTECTED != 0)
}

/// EtherType (unknown in management and control frames, and in those without data) and payload. Of several frames in
/// one, this is the first; the later parts of one that was cut in pieces have no LLC, and so no type.
pub fn read(bytes: &[u8]) -> Option<(u16, &[u8])> {
    let &[control, flags] = bytes.first_chunk()?;
    if !is_data(control) {
        return Some((ethertype::UNKNOWN, &[]));
    }
    let header_bytes = header_bytes(control, flags);
    if is_aggregated(bytes) {
        read_subframe(behind_padding(bytes, header_bytes, SUBFRAME_HEADER_BYTES)?)
    } else {
        llc::read(behind_padding(bytes, header_bytes, 0)?)
    }
}

/// The frames that stand in one, which is of so many bytes on the wire, with what is around them; at least one. `None`
/// where it is one frame, or can't be read.
pub fn subframes(bytes: &[u8], wire_bytes: u32) -> Option<Subframes<'_>> {
    let &[control, flags] = bytes.first_chunk()?;
    if !is_aggregated(bytes) || is_protected(bytes) {
        return None;
    }
    let rest = behind_padding(bytes, header_bytes(control, flags), SUBFRAME_HEADER_BYTES)?;
    let around_bytes = bytes.len() - rest.len();
    let wire_bytes = (wire_bytes as usize).saturating_sub(around_bytes);
    (wire_bytes > 0).then_some(Subframes { rest, wire_bytes, around_bytes, taken_bytes: 0 })
}

/// One of several frames in one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subframe<'a> {
    /// From its addresses on; the last one has all that is left.
    pub bytes: &'a [u8],
    /// Its length on the wire.
    pub wire_bytes: u32,
    /// Bytes of the headers around all of them, which the first one has.
    pub around_bytes: u32,
}

/// Walks over the frames that stand in one.
#[derive(Debug, Clone)]
pub struct Subframes<'a> {
    rest: &'a [u8],
    wire_bytes: usize,
    around_bytes: usize,
    taken_bytes: usize,
}

impl<'a> Iterator for Subframes<'a> {
    type Item = Subframe<'a>;

    fn next(&mut self) -> Option<Subframe<'a>> {
        if self.wire_bytes == 0 {
            return None;
        }
        let length = match be16(self.rest, SUBFRAME_HEADER_BYTES - 2) {
            Some(length) if self.taken_bytes < MOST_SUBFRAMES_BYTES => SUBFRAME_HEADER_BYTES + usize::from(length),
            _ => self.wire_bytes,
        };
        let padded = length.next_multiple_of(4);
        // What is too short for another one is the check sequence at the end of all.
        let whole = if self.wire_bytes < padded + SUBFRAME_HEADER_BYTES { self.wire_bytes } else { padded };
        let (bytes, rest) = self.rest.split_at(whole.min(self.rest.len()));
        self.rest = rest;
        self.wire_bytes -= whole;
        self.taken_bytes += whole;
        Some(Subframe { bytes, wire_bytes: whole as u32, around_bytes: std::mem::take(&mut self.around_bytes) as u32 })
    }
}

/// EtherType and payload of one of several frames.
pub fn read_subframe(bytes: &[u8]) -> Option<(u16, &[u8])> {
    llc::read(bytes.get(SUBFRAME_HEADER_BYTES..)?)
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

/// What follows a header of so many bytes. Some radios pad it to a multiple of four, which only LLC tells, so many bytes
/// further on.
fn behind_padding(bytes: &[u8], header_bytes: usize, llc_at: usize) -> Option<&[u8]> {
    let is_llc = |payload: &[u8]| payload.get(llc_at..).is_some_and(|llc| llc.starts_with(&SNAP));
    let payload = bytes.get(header_bytes..)?;
    let padded = bytes.get(header_bytes.next_multiple_of(4)..).filter(|padded| is_llc(padded));
    Some(padded.filter(|_| !is_llc(payload)).unwrap_or(payload))
}

/// Bytes of the header of a data frame.
fn header_bytes(control: u8, flags: u8) -> usize {
    let address = if flags & BOTH_ACCESS_POINTS == BOTH_ACCESS_POINTS { ADDRESS_BYTES } else { 0 };
    let has_quality = control >> 4 & QUALITY != 0;
    let throughput = if has_quality && flags & ORDER != 0 { THROUGHPUT_BYTES } else { 0 };
    HEADER_BYTES + address + if has_quality { QUALITY_BYTES } else { 0 } + throughput
}

/// Whether several frames stand in this one.
fn is_aggregated(bytes: &[u8]) -> bool {
    let &[control, flags] = bytes.first_chunk().unwrap_or(&[0, 0]);
    let address = if flags & BOTH_ACCESS_POINTS == BOTH_ACCESS_POINTS { ADDRESS_BYTES } else { 0 };
    let quality = bytes.get(HEADER_BYTES + address).copied().unwrap_or(0);
    is_data(control) && control >> 4 & QUALITY != 0 && quality & AGGREGATED != 0
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

    /// A data frame with these subframes, each an LLC header and so many bytes.
    fn aggregated(lengths: &[usize]) -> Vec<u8> {
        let mut bytes = [&[0x88, 0x01][..], &[0; 22], &[AGGREGATED, 0]].concat();
        for (at, length) in lengths.iter().enumerate() {
            bytes.resize((bytes.len() - 26).next_multiple_of(4) + 26, 0);
            bytes.extend([[at as u8; 12].as_slice(), &(8 + *length as u16).to_be_bytes(), &LLC_IPV4[..8]].concat());
            bytes.resize(bytes.len() + length, at as u8);
        }
        bytes
    }

    #[test]
    fn frames_in_a_frame_are_all_read_and_their_lengths_sum_up() {
        let mut bytes = aggregated(&[21, 2, 40]);
        for check_sequence in [0, 4] {
            bytes.resize(bytes.len() + check_sequence, 0);
            let found: Vec<_> = subframes(&bytes, bytes.len() as u32).unwrap().collect();
            let sizes: Vec<_> = found.iter().map(|subframe| (subframe.wire_bytes, subframe.around_bytes)).collect();
            assert_eq!(sizes, [(44, 26), (24, 0), (62 + check_sequence as u32, 0)]);
            let first_bytes: Vec<_> =
                found.iter().map(|subframe| read_subframe(subframe.bytes).unwrap().1[0]).collect();
            assert_eq!(first_bytes, [0, 1, 2]);
        }
        assert_eq!(subframes(&frame(0x88, 0x01, &[0; 2]), 40).map(Iterator::count), None, "one frame");
        bytes[1] |= PROTECTED;
        assert_eq!(subframes(&bytes, 200).map(Iterator::count), None, "encrypted");
    }

    #[test]
    fn frames_in_a_frame_that_was_cut_are_told_up_to_the_cut_and_as_one_behind_it() {
        let bytes = aggregated(&[21, 2, 40]);
        let wire_bytes = bytes.len() as u32;
        for (captured, expected) in [(26 + 44 + 20, 3), (26 + 44 + 24 + 5, 3), (26 + 44, 2), (26 + 20, 2), (26 + 3, 1)]
        {
            let found: Vec<_> = subframes(&bytes[..captured], wire_bytes).unwrap().collect();
            assert_eq!(found.iter().map(|subframe| subframe.wire_bytes).sum::<u32>() + 26, wire_bytes);
            let readable = found.iter().filter(|subframe| read_subframe(subframe.bytes).is_some()).count();
            assert_eq!((found.len(), readable < found.len()), (expected, true), "{captured}");
        }
    }

    #[test]
    fn a_frame_of_several_that_ends_behind_its_header_can_not_be_read() {
        let bytes = aggregated(&[]);
        assert_eq!((subframes(&bytes, bytes.len() as u32).map(Iterator::count), read(&bytes)), (None, None));
        assert_eq!(subframes(&bytes, bytes.len() as u32 + 1).map(Iterator::count), Some(1), "cut by the capture");
    }

    #[test]
    fn frames_in_a_frame_are_as_many_as_the_longest_one_holds() {
        let bytes = [&aggregated(&[])[..], &vec![0; 1 << 20]].concat();
        assert_eq!(subframes(&bytes, bytes.len() as u32).unwrap().count(), MOST_SUBFRAMES_BYTES.div_ceil(16) + 1);
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
