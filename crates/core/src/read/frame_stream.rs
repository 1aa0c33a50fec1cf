//! Frame Streams: a stream of frames of one content type, with control frames between them
//! (<https://farsightsec.github.io/fstrm/>).
//!
//! A frame is its length (32 bits, big-endian) and so many bytes. Length 0 escapes a control frame: its own length, its
//! type, and fields of type, length and value. A file begins with START and ends with STOP; a connection over which both
//! sides talk begins with READY, which the reader accepts.

use std::ops::Range;
use std::path::Path;

use super::blocks::Blocks;
use super::compression::Stream;
use super::opening::{Input, Patience};
use super::{Damage, opening};
use crate::Error;
use crate::wire::be32;

/// A data frame is no longer; libfstrm writes none that is.
pub const MOST_FRAME_BYTES: usize = 1 << 20;

/// A control frame is no longer (its escape and length aside).
pub const MOST_CONTROL_BYTES: usize = 512;

const LENGTH_BYTES: usize = 4;
const FIELD_CONTENT_TYPE: u32 = 1;

/// What a control frame says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    Accept,
    Start,
    Stop,
    Ready,
    Finish,
}

impl Control {
    fn of(number: u32) -> Option<Self> {
        Some(match number {
            1 => Self::Accept,
            2 => Self::Start,
            3 => Self::Stop,
            4 => Self::Ready,
            5 => Self::Finish,
            _ => return None,
        })
    }
}

/// What the bytes at hand begin with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Nothing that is whole: so many bytes are needed in all.
    Needs(usize),
    /// A control frame of so many bytes.
    Control(Control, usize),
    /// A data frame: where its content lies. It ends with that.
    Data(Range<usize>),
}

/// One side of a frame stream that reads: what may come next, whatever the bytes come from.
#[derive(Debug)]
pub struct FrameStream {
    content_type: &'static [u8],
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Initial,
    /// The writer is ready, and waits for an answer.
    Ready,
    Running,
    Stopped,
}

impl FrameStream {
    /// Before its first frame; control frames that name a content type must name this one.
    pub fn new(content_type: &'static str) -> Self {
        Self { content_type: content_type.as_bytes(), state: State::Initial }
    }

    /// Whether data may come.
    pub fn is_running(&self) -> bool {
        self.state == State::Running
    }

    /// Looks at the bytes that have not been consumed yet, and takes note of what they begin with.
    ///
    /// # Errors
    /// One clause where they make no sense; nothing that comes later does either.
    pub fn step(&mut self, bytes: &[u8]) -> Result<Step, String> {
        let Some(length) = be32(bytes, 0) else { return Ok(Step::Needs(LENGTH_BYTES)) };
        if length == 0 {
            return self.control(bytes);
        }
        if self.state != State::Running {
            return Err("there is a data frame before START".to_owned());
        }
        let end = LENGTH_BYTES + length as usize;
        if length as usize > MOST_FRAME_BYTES {
            return Err(format!("a frame has {length} bytes, more than {MOST_FRAME_BYTES}"));
        }
        Ok(if bytes.len() < end { Step::Needs(end) } else { Step::Data(LENGTH_BYTES..end) })
    }

    fn control(&mut self, bytes: &[u8]) -> Result<Step, String> {
        let start = 2 * LENGTH_BYTES;
        let Some(length) = be32(bytes, LENGTH_BYTES) else { return Ok(Step::Needs(start)) };
        let length = length as usize;
        if !(LENGTH_BYTES..=MOST_CONTROL_BYTES).contains(&length) {
            return Err(format!(
                "a control frame has {length} bytes; {LENGTH_BYTES} to {MOST_CONTROL_BYTES} are possible"
            ));
        }
        let end = start + length;
        let Some(frame) = bytes.get(start..end) else { return Ok(Step::Needs(end)) };
        let number = be32(frame, 0).unwrap_or(0);
        let control = Control::of(number).ok_or_else(|| format!("a control frame has the unknown type {number}"))?;
        self.check_fields(&frame[LENGTH_BYTES..])?;
        self.state = match (control, self.state) {
            (Control::Ready, State::Initial) => State::Ready,
            (Control::Start, State::Initial | State::Ready | State::Stopped) => State::Running,
            (Control::Ready | Control::Start, _) => return Err(format!("{control:?} comes out of order")),
            (Control::Stop, _) => State::Stopped,
            (Control::Accept | Control::Finish, state) => state,
        };
        Ok(Step::Control(control, end))
    }

    fn check_fields(&self, mut fields: &[u8]) -> Result<(), String> {
        while !fields.is_empty() {
            let (Some(kind), Some(length)) = (be32(fields, 0), be32(fields, LENGTH_BYTES)) else {
                return Err("a control frame ends within a field".to_owned());
            };
            let start = 2 * LENGTH_BYTES;
            let Some(value) = fields.get(start..start.saturating_add(length as usize)) else {
                return Err("a control frame ends within a field".to_owned());
            };
            if kind == FIELD_CONTENT_TYPE && value != self.content_type {
                let [found, wanted] = [value, self.content_type].map(|name| name.escape_ascii().to_string());
                return Err(format!("its content is '{found}', not '{wanted}'"));
            }
            fields = &fields[start + value.len()..];
        }
        Ok(())
    }
}

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
            Err(reason) => Err(Error::format(format!("{} can't be read as a frame stream: {reason}", reader.name))),
        }
    }

    /// Reads up to START.
    fn begin(&mut self) -> Result<(), String> {
        while !self.stream.is_running() {
            match self.stream.step(self.blocks.pending())? {
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
                self.stream.state = State::Stopped;
                None
            }
        }
    }

    fn find(&mut self) -> Result<Option<Range<usize>>, String> {
        loop {
            match self.stream.step(self.blocks.pending())? {
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
    use super::super::testing;
    use super::*;

    const CONTENT: &str = "protobuf:test";

    fn control(kind: u32, fields: &[(u32, &[u8])]) -> Vec<u8> {
        let mut frame = kind.to_be_bytes().to_vec();
        for (field, value) in fields {
            frame.extend([&field.to_be_bytes()[..], &(value.len() as u32).to_be_bytes(), value].concat());
        }
        [&[0; 4][..], &(frame.len() as u32).to_be_bytes(), &frame].concat()
    }

    fn data(content: &[u8]) -> Vec<u8> {
        [&(content.len() as u32).to_be_bytes()[..], content].concat()
    }

    fn start() -> Vec<u8> {
        control(2, &[(1, CONTENT.as_bytes())])
    }

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
        assert_eq!(read(&testing::gzip(&stream)), expected);
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
