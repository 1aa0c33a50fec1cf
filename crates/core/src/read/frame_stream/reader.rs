//! A frame stream in a file.

use std::ops::Range;
use std::path::Path;

use super::super::blocks::Blocks;
use super::super::compression::Stream;
use super::super::opening::{self, Input, Patience};
use super::super::{Damage, begins_as_a_capture};
use super::ESCAPE;
use super::protocol::{FrameStream, Step};
use crate::Error;

/// A frame stream in a file, compressed or not.
pub struct FrameStreamReader {
    name: String,
    blocks: Blocks,
    stream: FrameStream,
    damage: Option<Damage>,
    total_bytes: Option<u64>,
}

impl FrameStreamReader {
    /// Opens a file; with patience also a FIFO, and standard input where the path is `-`.
    ///
    /// # Errors
    /// When it can't be opened, or does not begin as a frame stream of this content type.
    pub fn open(path: &Path, patience: Option<&Patience>, content_type: &'static str) -> Result<Self, Error> {
        Self::from_input(opening::input(path, patience, "frame stream")?, content_type)
    }

    pub(super) fn from_input(input: Input, content_type: &'static str) -> Result<Self, Error> {
        let Input { read, name, total_bytes } = input;
        let blocks = Blocks::new(Stream::open(read, &name)?);
        let stream = FrameStream::new(content_type);
        let mut reader = Self { name, blocks, stream, damage: None, total_bytes };
        match reader.begin() {
            Ok(()) => Ok(reader),
            Err(_) if begins_as_a_capture(reader.blocks.pending()) => Err(Error::format(format!(
                "{} can't be read as a frame stream: it is a capture file of packets; read it without -i dnstap, or by \
                 a tap with pcap_file",
                reader.name
            ))),
            Err(reason) => Err(Error::format(format!("{} can't be read as a frame stream: {reason}", reader.name))),
        }
    }

    /// Whether a file begins as frame streams do: with the escape of a control frame. What is no file, or can't be read,
    /// does not.
    pub fn is_one(path: &Path) -> bool {
        let begins = |input: Input| {
            let mut blocks = Blocks::new(Stream::open(input.read, &input.name)?);
            Ok::<_, Error>(blocks.has(ESCAPE.len()).unwrap_or(false) && blocks.pending().starts_with(&ESCAPE))
        };
        opening::input(path, None, "frame stream").and_then(begins).unwrap_or(false)
    }

    /// Reads up to START.
    fn begin(&mut self) -> Result<(), String> {
        while !self.stream.is_running() {
            match self.stream.step(self.blocks.pending()).map_err(|fault| fault.to_string())? {
                Step::Needs(bytes) if self.blocks.has(bytes)? => {}
                Step::Needs(_) => return Err("it ends before START".to_owned()),
                Step::Control(_, bytes) => drop(self.blocks.take(bytes)),
                Step::Data(_) => unreachable!("data comes after START"),
            }
        }
        Ok(())
    }

    /// The content of the next data frame; `None` at the end, or where the stream is damaged, and ever after.
    pub fn next_frame(&mut self) -> Option<&[u8]> {
        match self.find() {
            Ok(found) => found.map(|range| self.blocks.bytes(range)),
            Err(reason) => {
                self.damage = Some(Damage { offset: self.blocks.position(), reason });
                self.blocks.close();
                self.stream.stop();
                None
            }
        }
    }

    fn find(&mut self) -> Result<Option<Range<usize>>, String> {
        loop {
            match self.stream.step(self.blocks.pending()).map_err(|fault| fault.to_string())? {
                Step::Control(_, bytes) => drop(self.blocks.take(bytes)),
                Step::Data(content) => {
                    let frame = self.blocks.take(content.end);
                    return Ok(Some(frame.start + content.start..frame.end));
                }
                Step::Needs(bytes) if self.blocks.has(bytes)? => {}
                Step::Needs(_) if !self.blocks.pending().is_empty() => {
                    return Err("the file ends within a frame".to_owned());
                }
                Step::Needs(_) if self.stream.is_running() => {
                    return Err("the file ends without STOP: its writer did not come to an end".to_owned());
                }
                Step::Needs(_) => return Ok(None),
            }
        }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where the stream makes no sense any more, once [`Self::next_frame`] has come there.
    pub fn damage(&self) -> Option<&Damage> {
        self.damage.as_ref()
    }

    /// Bytes read of the file as it is stored.
    pub fn bytes_read(&self) -> u64 {
        self.blocks.stored_bytes_read()
    }

    pub fn total_bytes(&self) -> Option<u64> {
        self.total_bytes
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::gzip;
    use super::super::MOST_FRAME_BYTES;
    use super::super::testing::{CONTENT, control, data, start};
    use super::*;

    fn open(bytes: &[u8]) -> Result<FrameStreamReader, Error> {
        let input =
            Input { read: Box::new(std::io::Cursor::new(bytes.to_vec())), name: "x.fstrm".into(), total_bytes: None };
        FrameStreamReader::from_input(input, CONTENT)
    }

    /// The frames of a stream, and why it ended before its end.
    fn read(bytes: &[u8]) -> (Vec<Vec<u8>>, Option<(u64, String)>) {
        let mut reader = open(bytes).unwrap();
        let mut frames = Vec::new();
        while let Some(frame) = reader.next_frame() {
            frames.push(frame.to_vec());
        }
        assert!(reader.next_frame().is_none(), "ever after");
        (frames, reader.damage().map(|damage| (damage.offset, damage.reason.clone())))
    }

    #[test]
    fn frames_between_start_and_stop_are_given_also_compressed() {
        let stream = [start(), data(b"one"), data(b"two"), control(3, &[])].concat();
        let expected = (vec![b"one".to_vec(), b"two".to_vec()], None);
        assert_eq!(read(&stream), expected);
        assert_eq!(read(&gzip(&stream)), expected);
    }

    #[test]
    fn a_stream_with_a_handshake_and_streams_in_a_row_are_read() {
        let ready = control(4, &[(1, CONTENT.as_bytes())]);
        let one = [ready, control(1, &[]), start(), data(b"a"), control(3, &[]), control(5, &[])].concat();
        assert_eq!(read(&one).0.len(), 1);
        let two = [start(), data(b"a"), control(3, &[]), start(), data(b"b"), control(3, &[])].concat();
        assert_eq!(read(&two), (vec![b"a".to_vec(), b"b".to_vec()], None));
    }

    #[test]
    fn another_content_type_is_told_by_name() {
        let Err(fault) = open(&control(2, &[(1, b"protobuf:\nother")])) else { panic!("it was taken") };
        assert!(fault.message.contains(r"'protobuf:\nother', not 'protobuf:test'"), "{}", fault.message);
        assert!(open(&control(2, &[])).is_ok(), "none is fine");
        let late = [start(), data(b"a"), control(3, &[(1, b"other")])].concat();
        assert_eq!(read(&late).0.len(), 1);
        assert!(read(&late).1.unwrap().1.contains("'other'"));
    }

    #[test]
    fn what_is_no_frame_stream_is_refused() {
        let long = [&[0; 4][..], &513_u32.to_be_bytes(), &[0; 513]].concat();
        for bytes in [&b""[..], b"\0\0", &data(b"before"), &control(9, &[]), &control(3, &[]), &long, &[0; 8]] {
            assert!(open(bytes).is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn damage_is_told_where_it_is() {
        let begin = [start(), data(b"a")].concat();
        let damaged = |bytes: &[u8]| {
            let (frames, damage) = read(&[&begin, bytes].concat());
            assert_eq!(frames.len(), 1);
            let (offset, reason) = damage.unwrap();
            assert_eq!(offset, begin.len() as u64);
            reason
        };
        assert!(damaged(&[]).contains("without STOP"));
        assert!(damaged(&[0, 0]).contains("within a frame"));
        assert!(damaged(&data(b"abc")[..5]).contains("within a frame"));
        assert!(damaged(&(MOST_FRAME_BYTES as u32 + 1).to_be_bytes()).contains("1048577 bytes"));
        assert!(damaged(&start()).contains("out of order"));
        let cut_field = [&[0; 4][..], &8_u32.to_be_bytes(), &3_u32.to_be_bytes(), &[0, 0, 0, 1]].concat();
        assert!(damaged(&cut_field).contains("within a field"));
    }
}
