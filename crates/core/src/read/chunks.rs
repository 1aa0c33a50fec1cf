//! A capture by the buffer: frames that lie side by side, dealt out to threads that each look at their share.

use super::blocks::BLOCK_BYTES;
use crate::hash::prefetch;

use super::files::Opened;
use super::merge::Merged;
use super::{Capture, CaptureReader, Frame, Record};

/// How many frames before its turn a frame is fetched into the cache.
const AHEAD: usize = 8;
const CACHE_LINE_BYTES: usize = 64;

/// Reads a capture chunk by chunk.
pub struct ChunkReader {
    capture: Capture,
    /// The record that made a chunk end: it is the first of the next.
    ahead: Option<Record>,
}

/// Some frames of a capture in a buffer of their own, in one share per thread.
pub struct Chunk {
    bytes: Vec<u8>,
    shares: Vec<Vec<FrameAt>>,
    marks: Vec<Mark>,
    frames: u64,
}

/// Whom a frame goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deal {
    pub share: usize,
    /// Its time, which may be another than its stamp.
    pub time_ns: i64,
    /// Told to all others.
    pub mark: Option<Mark>,
}

/// What all are told before anybody gets a frame: its time, and what that has more than its stamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    pub time_ns: i64,
    pub correction_ns: i64,
}

/// What a share is made of.
#[derive(Debug, Clone, Copy)]
pub enum Piece<'a> {
    Frame(Frame<'a>),
    Mark(Mark),
}

/// A frame of a share, or a mark, whose number is where a frame's bytes start.
#[derive(Debug, Clone, Copy)]
struct FrameAt {
    time_ns: i64,
    start: u32,
    captured_bytes: u32,
    wire_bytes: u32,
    interface: u32,
    link_type: u16,
    is_mark: bool,
}

impl ChunkReader {
    pub fn new(capture: Capture) -> Self {
        Self { capture, ahead: None }
    }

    /// Fills an emptied chunk with the frames up to where the next read is needed; `deal` says who gets each. `false`
    /// where there are no more.
    pub fn next_chunk(&mut self, chunk: &mut Chunk, deal: impl FnMut(&Frame<'_>) -> Deal) -> bool {
        match &mut self.capture.source {
            Opened::One { reader, .. } => lend(reader, &mut self.ahead, chunk, deal),
            Opened::Several(merged) => copy(merged, chunk, deal),
        }
    }

    /// What is read.
    pub fn capture(&self) -> &Capture {
        &self.capture
    }

    /// Gives back what was read.
    pub fn into_capture(self) -> Capture {
        self.capture
    }
}

/// Fills a chunk with frames of one file where they lie in its buffer, which becomes the chunk's.
#[inline(never)] // a loop of its own, with all registers for it
fn lend(
    reader: &mut CaptureReader,
    ahead: &mut Option<Record>,
    chunk: &mut Chunk,
    mut deal: impl FnMut(&Frame<'_>) -> Deal,
) -> bool {
    let Some(first) = ahead.take().or_else(|| reader.next_record()) else { return false };
    chunk.push(&first, deal(&first.frame(reader.blocks.bytes(first.data()))));
    reader.blocks.keep(std::mem::take(&mut chunk.bytes));
    while let Some(record) = reader.next_record() {
        if reader.blocks.has_left() {
            *ahead = Some(record);
            break;
        }
        chunk.push(&record, deal(&record.frame(reader.blocks.bytes(record.data()))));
    }
    chunk.bytes = reader.blocks.take_left();
    true
}

/// Fills a chunk with copies of frames of several files, whose buffers are not the chunk's.
fn copy(merged: &mut Merged, chunk: &mut Chunk, mut deal: impl FnMut(&Frame<'_>) -> Deal) -> bool {
    chunk.bytes.clear();
    while chunk.bytes.len() < BLOCK_BYTES
        && let Some(frame) = merged.next_frame()
    {
        let record = Record {
            time_ns: frame.time_ns,
            link_type: frame.link_type,
            interface: frame.interface,
            wire_bytes: frame.wire_bytes,
            start: chunk.bytes.len() as u32,
            captured_bytes: frame.data.len() as u32,
        };
        chunk.push(&record, deal(&frame));
        chunk.bytes.extend_from_slice(frame.data);
    }
    chunk.frames > 0
}

impl Chunk {
    /// An empty chunk of so many shares.
    pub fn new(shares: usize) -> Self {
        Self { bytes: Vec::new(), shares: vec![Vec::new(); shares], marks: Vec::new(), frames: 0 }
    }

    #[inline(always)]
    fn push(&mut self, record: &Record, deal: Deal) {
        let place = FrameAt {
            time_ns: deal.time_ns,
            start: record.start,
            captured_bytes: record.captured_bytes,
            wire_bytes: record.wire_bytes,
            interface: record.interface,
            link_type: record.link_type,
            is_mark: false,
        };
        if let Some(mark) = deal.mark {
            let place = FrameAt { is_mark: true, start: self.marks.len() as u32, ..place };
            self.shares.iter_mut().for_each(|share| share.push(place));
            self.marks.push(mark);
        }
        self.shares[deal.share].push(place);
        self.frames += 1;
    }

    /// The frames of one share and all marks, in the order of the file.
    #[inline]
    pub fn share(&self, number: usize) -> impl Iterator<Item = Piece<'_>> {
        let places = &self.shares[number];
        places.iter().enumerate().map(|(at, place)| {
            if let Some(later) = places.get(at + AHEAD) {
                self.prefetch(later);
            }
            if place.is_mark {
                return Piece::Mark(self.marks[place.start as usize]);
            }
            let FrameAt { time_ns, link_type, interface, wire_bytes, .. } = *place;
            let data = &self.bytes[place.start as usize..][..place.captured_bytes as usize];
            Piece::Frame(Frame { time_ns, link_type, interface, wire_bytes, data })
        })
    }

    /// Fetches the beginning of a frame into the cache: the processor can't guess which ones a share skips, and they
    /// may have been read by another core.
    #[inline(always)]
    fn prefetch(&self, place: &FrameAt) {
        let start = self.bytes.as_ptr().wrapping_add(place.start as usize);
        prefetch(start);
        prefetch(start.wrapping_add(CACHE_LINE_BYTES));
    }

    /// Frames of all shares.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// Bytes that its frames lie in.
    pub fn buffer_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Makes it empty, to be filled again; a buffer that grew for a large packet is given back.
    pub fn clear(&mut self) {
        if self.bytes.len() > BLOCK_BYTES {
            self.bytes = Vec::new();
        }
        self.shares.iter_mut().for_each(Vec::clear);
        self.marks.clear();
        self.frames = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::super::Damage;
    use super::super::testing::{self, Order, Packet, PcapFile, PcapngFile};
    use super::*;

    /// Reads all chunks with frames dealt in turn; gives the frames in the order in which they were dealt.
    fn dealt(file: &[u8], shares: usize) -> (Vec<Packet>, Option<Damage>, usize) {
        let mut reader = ChunkReader::new(testing::capture(file));
        let (mut found, mut chunks, mut turn) = (Vec::new(), 0, 0);
        let mut chunk = Chunk::new(shares);
        loop {
            let first = turn;
            let more = reader.next_chunk(&mut chunk, |frame| {
                turn += 1;
                Deal { share: (turn - 1) % shares, time_ns: frame.time_ns, mark: None }
            });
            if !more {
                let damage = reader.capture().damages().pop().map(|file| file.damage);
                return (found, damage, chunks);
            }
            chunks += 1;
            let mut parts: Vec<_> = (0..shares).map(|share| chunk.share(share)).collect();
            for at in first..turn {
                let Some(Piece::Frame(frame)) = parts[at % shares].next() else { panic!("a frame is missing") };
                found.push(Packet {
                    time_ns: frame.time_ns,
                    link_type: frame.link_type,
                    interface: frame.interface,
                    wire_bytes: frame.wire_bytes,
                    data: frame.data.to_vec(),
                });
            }
            drop(parts);
            chunk.clear();
        }
    }

    fn packets(count: usize) -> Vec<Packet> {
        (0..count).map(|at| Packet::new(at as i64 * 1000, &vec![at as u8; 1 + (at * 37) % 1500])).collect()
    }

    #[test]
    fn chunks_hold_what_the_reader_gives_one_by_one() {
        let packets = packets(3000);
        for file in [PcapFile::MICROSECONDS.write(&packets), PcapngFile::write(Order::Big, &packets)] {
            for pack in
                [|file: &[u8]| file.to_vec(), testing::gzip, testing::zstd, testing::lz4, testing::xz, testing::bzip2]
            {
                let (found, damage, chunks) = dealt(&pack(&file), 3);
                assert!(found == packets && damage.is_none(), "{} of {} came", found.len(), packets.len());
                assert!(chunks > 4);
            }
        }
    }

    #[test]
    fn a_packet_that_is_larger_than_a_buffer_gets_a_larger_one() {
        let mut packets = packets(100);
        packets.insert(50, Packet::new(1, &vec![9; BLOCK_BYTES * 3 / 2]));
        let file = PcapngFile::write(Order::Little, &packets);
        assert_eq!(dealt(&file, 2).0, packets);
    }

    #[test]
    fn what_lies_before_the_damage_is_dealt_and_the_damage_told() {
        let packets = packets(1000);
        let file = PcapFile::MICROSECONDS.write(&packets);
        for cut in [file.len() - 1, 300_000, 200_000, 100] {
            let expected = testing::read(&file[..cut]);
            let (found, damage, _) = dealt(&file[..cut], 2);
            assert_eq!((found, damage), expected);
        }
        let too_long = [&file[..], &[0; 8], &u32::MAX.to_le_bytes(), &[0; 4]].concat();
        let (found, damage, _) = dealt(&too_long, 2);
        assert_eq!((found, damage), testing::read(&too_long));
    }

    #[test]
    fn a_mark_stands_in_every_share_before_its_frame() {
        let deal = |frame: &Frame<'_>| {
            let mark = Mark { time_ns: frame.time_ns + 5, correction_ns: 5 };
            Deal { share: 1, time_ns: frame.time_ns + 5, mark: (frame.time_ns == 2000).then_some(mark) }
        };
        let file = PcapFile::MICROSECONDS.write(&packets(4));
        let mut reader = ChunkReader::new(testing::capture(&file));
        let mut chunk = Chunk::new(2);
        assert!(reader.next_chunk(&mut chunk, deal));
        let times = |share: usize| -> Vec<(bool, i64)> {
            let piece = |piece| match piece {
                Piece::Frame(frame) => (false, frame.time_ns),
                Piece::Mark(mark) => (true, mark.time_ns),
            };
            chunk.share(share).map(piece).collect()
        };
        assert_eq!(times(0), [(true, 2005)]);
        assert_eq!(times(1), [(false, 5), (false, 1005), (true, 2005), (false, 2005), (false, 3005)]);
        assert_eq!(chunk.frames(), 4);
    }
}
