//! A pcapng file of what just passed, made of the frames that workers keep (see [`super::lookback`]).
//!
//! Source: <https://www.ietf.org/archive/id/draft-ietf-opsawg-pcapng-02.html>, little-endian, one interface description
//! per link type.

use std::sync::Arc;

use super::lookback::{Chunk, Kept};
use crate::Error;
use crate::frame::Frame;

const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const BYTE_ORDER_MAGIC: u32 = 0x1a2b_3c4d;
const INTERFACE_DESCRIPTION: u32 = 1;
const ENHANCED_PACKET: u32 = 6;

const SECTION_BYTES: usize = 28;
const INTERFACE_BYTES: usize = 32;
/// A packet block without its data.
const PACKET_BYTES: usize = 32;

/// Option `if_tsresol`: times are in units of 10 to the power of minus nine seconds.
const OPTION_TIME_RESOLUTION: u16 = 9;
const NANOSECONDS: u8 = 9;

/// Where a frame lies among the chunks.
struct KeptFrame {
    time_ns: i64,
    chunk: u32,
    at: u32,
}

/// The frames since a time that `passes` lets through, of all workers, by time: the newest ones that fit into so many
/// bytes, as a pcapng file.
///
/// # Errors
/// When `passes` fails, or not even the file's header fits.
pub fn pcapng(
    workers: &[Arc<Kept>],
    since_ns: i64,
    most_bytes: usize,
    mut passes: impl FnMut(&Frame<'_>) -> Result<bool, Error>,
) -> Result<Vec<u8>, Error> {
    if most_bytes < SECTION_BYTES {
        return Err(Error::invalid(format!(
            "a pcapng file of at most {most_bytes} bytes can't be: {SECTION_BYTES} are its header"
        )));
    }
    let chunks: Vec<_> = workers.iter().flat_map(|kept| kept.chunks()).collect();
    let mut places = find(&chunks, since_ns, &mut passes)?;
    places.sort_by_key(|place| place.time_ns);
    let (first, link_types) = newest_that_fit(&chunks, &places, most_bytes);
    let mut file = Vec::new();
    write_section(&mut file);
    link_types.iter().for_each(|link_type| write_interface(&mut file, *link_type));
    for place in &places[first..] {
        let frame = frame_at(&chunks, place);
        let interface = link_types.iter().position(|known| *known == frame.link_type).unwrap_or(0);
        write_packet(&mut file, interface as u32, &frame);
    }
    Ok(file)
}

fn find(
    chunks: &[Arc<Chunk>],
    since_ns: i64,
    passes: &mut impl FnMut(&Frame<'_>) -> Result<bool, Error>,
) -> Result<Vec<KeptFrame>, Error> {
    let mut places = Vec::new();
    let mut fault = None;
    for (number, chunk) in chunks.iter().enumerate() {
        chunk.for_each(|at, frame| {
            if frame.time_ns < since_ns || fault.is_some() {
                return;
            }
            match passes(frame) {
                Ok(true) => places.push(KeptFrame { time_ns: frame.time_ns, chunk: number as u32, at: at as u32 }),
                Ok(false) => {}
                Err(failed) => fault = Some(failed),
            }
        });
    }
    fault.map_or(Ok(places), Err)
}

/// The first of the places that are written, and the link types of their frames.
fn newest_that_fit(chunks: &[Arc<Chunk>], places: &[KeptFrame], most_bytes: usize) -> (usize, Vec<u16>) {
    let mut left = most_bytes - SECTION_BYTES;
    let mut link_types = Vec::new();
    for (number, place) in places.iter().enumerate().rev() {
        let frame = frame_at(chunks, place);
        let is_new = !link_types.contains(&frame.link_type);
        let needed = packet_bytes(&frame) + if is_new { INTERFACE_BYTES } else { 0 };
        if needed > left {
            return (number + 1, link_types);
        }
        left -= needed;
        if is_new {
            link_types.push(frame.link_type);
        }
    }
    (0, link_types)
}

fn frame_at<'a>(chunks: &'a [Arc<Chunk>], place: &KeptFrame) -> Frame<'a> {
    chunks[place.chunk as usize].frame(place.at as usize).expect("a chunk that is held does not change").0
}

fn packet_bytes(frame: &Frame<'_>) -> usize {
    PACKET_BYTES + frame.data.len().next_multiple_of(4)
}

fn words(file: &mut Vec<u8>, words: &[u32]) {
    words.iter().for_each(|word| file.extend_from_slice(&word.to_le_bytes()));
}

fn write_section(file: &mut Vec<u8>) {
    let version = 1; // major 1, minor 0
    words(file, &[SECTION_HEADER, SECTION_BYTES as u32, BYTE_ORDER_MAGIC, version]);
    file.extend_from_slice(&(-1_i64).to_le_bytes()); // the section's length is not told
    words(file, &[SECTION_BYTES as u32]);
}

fn write_interface(file: &mut Vec<u8>, link_type: u16) {
    words(file, &[INTERFACE_DESCRIPTION, INTERFACE_BYTES as u32, u32::from(link_type), 0]); // no snap length
    words(file, &[u32::from(OPTION_TIME_RESOLUTION) | 1 << 16, u32::from(NANOSECONDS), 0, INTERFACE_BYTES as u32]);
}

fn write_packet(file: &mut Vec<u8>, interface: u32, frame: &Frame<'_>) {
    let block_bytes = packet_bytes(frame) as u32;
    let ticks = frame.time_ns.max(0).cast_unsigned();
    words(file, &[ENHANCED_PACKET, block_bytes, interface, (ticks >> 32) as u32, ticks as u32]);
    words(file, &[frame.data.len() as u32, frame.wire_bytes]);
    file.extend_from_slice(frame.data);
    file.resize(file.len().next_multiple_of(4), 0);
    words(file, &[block_bytes]);
}

#[cfg(test)]
mod tests {
    use super::super::lookback::Lookback;
    use super::*;
    use crate::read::CaptureReader;
    use proptest::prelude::*;

    fn frame(time_ns: i64, link_type: u16, data: &[u8]) -> Frame<'_> {
        Frame { time_ns, link_type, interface: 0, wire_bytes: data.len() as u32 + 1, data }
    }

    type Read = (i64, u16, u32, Vec<u8>);

    fn read(file: Vec<u8>) -> Vec<Read> {
        let mut reader = CaptureReader::from_read(Box::new(std::io::Cursor::new(file)), "the file").unwrap();
        let mut frames = Vec::new();
        while let Some(frame) = reader.next_frame() {
            frames.push((frame.time_ns, frame.link_type, frame.wire_bytes, frame.data.to_vec()));
        }
        assert_eq!(reader.damage(), None);
        frames
    }

    #[test]
    fn a_file_of_nothing_is_a_file() {
        let file = pcapng(&[Lookback::new(0).kept()], 0, 100, |_| Ok(true)).unwrap();
        assert_eq!(read(file), []);
    }

    #[test]
    fn only_frames_since_a_time_that_pass_are_written() {
        let mut lookback = Lookback::new(0);
        for time_ns in 0..10 {
            lookback.push(&frame(time_ns, 1, b"data"));
        }
        let file = pcapng(&[lookback.kept()], 4, 10_000, |frame| Ok(frame.time_ns % 2 == 0)).unwrap();
        assert_eq!(read(file).iter().map(|frame| frame.0).collect::<Vec<_>>(), [4, 6, 8]);
    }

    #[test]
    fn a_filter_that_fails_and_a_size_without_room_for_a_header_are_said() {
        let mut lookback = Lookback::new(0);
        lookback.push(&frame(1, 1, b"data"));
        assert_eq!(pcapng(&[lookback.kept()], 0, 100, |_| Err(Error::invalid("no"))).unwrap_err().message, "no");
        assert!(pcapng(&[lookback.kept()], 0, 27, |_| Ok(true)).unwrap_err().message.contains("at most 27 bytes"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// What is written is read again: the newest frames of all workers by time, within the bound.
        #[test]
        fn the_newest_frames_that_fit_are_read_again(
            frames in proptest::collection::vec((any::<bool>(), 0i64..50, 0usize..2, 0usize..300), 0..60),
            most_bytes in 28usize..6000,
        ) {
            let mut workers = [Lookback::new(0), Lookback::new(0)];
            let mut expected: Vec<Read> = Vec::new();
            for (is_second, step_ns, link, length) in &frames {
                let time_ns = expected.last().map_or(0, |last| last.0) + step_ns + 1;
                let (link_type, data) = ([1, 101][*link], vec![time_ns as u8; *length]);
                workers[usize::from(*is_second)].push(&frame(time_ns, link_type, &data));
                expected.push((time_ns, link_type, *length as u32 + 1, data));
            }
            let kept = workers.each_ref().map(Lookback::kept);
            let file = pcapng(&kept, i64::MIN, most_bytes, |_| Ok(true)).unwrap();
            prop_assert!(file.len() <= most_bytes);
            let room = most_bytes - file.len();
            let found = read(file);
            prop_assert_eq!(&found[..], &expected[expected.len() - found.len()..]);
            if found.len() < expected.len() {
                let next = &expected[expected.len() - found.len() - 1];
                prop_assert!(room < PACKET_BYTES + INTERFACE_BYTES + next.3.len().next_multiple_of(4), "one more fits");
            }
        }
    }
}
