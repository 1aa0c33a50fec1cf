//! Frame Streams: a stream of frames of one content type, with control frames between them
//! (<https://farsightsec.github.io/fstrm/>).
//!
//! A frame is its length (32 bits, big-endian) and so many bytes. Length 0 escapes a control frame: its own length, its
//! type, and fields of type, length and value. A file begins with START and ends with STOP; a connection over which both
//! sides talk begins with READY, which the reader accepts.

use std::fmt;
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
/// The length that no data frame has: a control frame follows.
const ESCAPE: [u8; LENGTH_BYTES] = [0; LENGTH_BYTES];
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

impl Control {
    fn number(self) -> u32 {
        match self {
            Self::Accept => 1,
            Self::Start => 2,
            Self::Stop => 3,
            Self::Ready => 4,
            Self::Finish => 5,
        }
    }
}

/// What makes no sense in a stream; nothing that comes after it does either.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Violation {
    /// A data frame where none may come.
    BeforeStart,
    /// A data frame of so many bytes.
    FrameTooLong(u32),
    /// A control frame of so many bytes, or of this type; or one that ends within a field.
    BadControl(String),
    OutOfOrder(Control),
    ContentType {
        found: String,
        wanted: String,
    },
    /// The stream ends within a frame.
    Cut,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BeforeStart => f.write_str("there is a data frame before START"),
            Self::FrameTooLong(bytes) => write!(f, "a frame has {bytes} bytes, more than {MOST_FRAME_BYTES}"),
            Self::BadControl(reason) => write!(f, "a control frame {reason}"),
            Self::OutOfOrder(control) => write!(f, "{control:?} comes out of order"),
            Self::ContentType { found, wanted } => write!(f, "its content is '{found}', not '{wanted}'"),
            Self::Cut => f.write_str("it ends within a frame"),
        }
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
    /// The writer has asked to be answered.
    is_two_way: bool,
    /// It has named what it could send.
    has_offered: bool,
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
        let content_type = content_type.as_bytes();
        Self { content_type, state: State::Initial, is_two_way: false, has_offered: false }
    }

    /// What a reader answers to a control frame of the writer, where there is an answer.
    pub fn answer(&self, control: Control) -> Option<Vec<u8>> {
        match control {
            Control::Ready => Some(frame_of(Control::Accept, self.has_offered.then_some(self.content_type))),
            Control::Stop if self.is_two_way => Some(frame_of(Control::Finish, None)),
            _ => None,
        }
    }

    /// Whether data may come.
    pub fn is_running(&self) -> bool {
        self.state == State::Running
    }

    /// Looks at the bytes that have not been consumed yet, and takes note of what they begin with.
    ///
    /// # Errors
    /// Where they make no sense.
    pub fn step(&mut self, bytes: &[u8]) -> Result<Step, Violation> {
        let Some(length) = be32(bytes, 0) else { return Ok(Step::Needs(LENGTH_BYTES)) };
        if length == 0 {
            return self.control(bytes);
        }
        if self.state != State::Running {
            return Err(Violation::BeforeStart);
        }
        let end = LENGTH_BYTES + length as usize;
        if length as usize > MOST_FRAME_BYTES {
            return Err(Violation::FrameTooLong(length));
        }
        Ok(if bytes.len() < end { Step::Needs(end) } else { Step::Data(LENGTH_BYTES..end) })
    }

    fn control(&mut self, bytes: &[u8]) -> Result<Step, Violation> {
        let start = 2 * LENGTH_BYTES;
        let Some(length) = be32(bytes, LENGTH_BYTES) else { return Ok(Step::Needs(start)) };
        let length = length as usize;
        if !(LENGTH_BYTES..=MOST_CONTROL_BYTES).contains(&length) {
            return Err(Violation::BadControl(format!(
                "has {length} bytes; {LENGTH_BYTES} to {MOST_CONTROL_BYTES} are possible"
            )));
        }
        let end = start + length;
        let Some(frame) = bytes.get(start..end) else { return Ok(Step::Needs(end)) };
        let number = be32(frame, 0).unwrap_or(0);
        let control =
            Control::of(number).ok_or_else(|| Violation::BadControl(format!("has the unknown type {number}")))?;
        self.check_content(control, &frame[LENGTH_BYTES..])?;
        self.state = match (control, self.state) {
            (Control::Ready, State::Initial) => State::Ready,
            (Control::Start, State::Initial | State::Ready | State::Stopped) => State::Running,
            (Control::Ready | Control::Start, _) => return Err(Violation::OutOfOrder(control)),
            (Control::Stop, _) => State::Stopped,
            (Control::Accept | Control::Finish, state) => state,
        };
        self.is_two_way |= control == Control::Ready;
        Ok(Step::Control(control, end))
    }

    /// Content types that are named must be the one that is wanted; of those that a writer offers one must be.
    fn check_content(&mut self, control: Control, fields: &[u8]) -> Result<(), Violation> {
        let (mut fits, mut other) = (false, None);
        for field in Fields(fields) {
            match field? {
                (FIELD_CONTENT_TYPE, name) if name == self.content_type => fits = true,
                (FIELD_CONTENT_TYPE, name) => other = Some(name),
                _ => {}
            }
        }
        let is_offer = control == Control::Ready;
        self.has_offered |= is_offer && fits;
        match other {
            Some(name) if !(is_offer && fits) => {
                let [found, wanted] = [name, self.content_type].map(|name| name.escape_ascii().to_string());
                Err(Violation::ContentType { found, wanted })
            }
            _ => Ok(()),
        }
    }
}

/// The fields of a control frame: type and value.
struct Fields<'a>(&'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u32, &'a [u8]), Violation>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let start = 2 * LENGTH_BYTES;
        let field = || {
            let (kind, length) = (be32(self.0, 0)?, be32(self.0, LENGTH_BYTES)?);
            Some((kind, self.0.get(start..start.saturating_add(length as usize))?))
        };
        let Some((kind, value)) = field() else {
            self.0 = &[];
            return Some(Err(Violation::BadControl("ends within a field".to_owned())));
        };
        self.0 = &self.0[start + value.len()..];
        Some(Ok((kind, value)))
    }
}

/// A control frame with its escape.
fn frame_of(control: Control, content_type: Option<&[u8]>) -> Vec<u8> {
    let mut body = control.number().to_be_bytes().to_vec();
    if let Some(name) = content_type {
        body.extend([FIELD_CONTENT_TYPE, name.len() as u32].map(u32::to_be_bytes).concat());
        body.extend(name);
    }
    [&[0; LENGTH_BYTES][..], &(body.len() as u32).to_be_bytes(), &body].concat()
}

/// The side of a connection that reads: takes bytes as they come, however they are parted.
#[derive(Debug)]
pub struct FrameStreamReceiver {
    stream: FrameStream,
    /// What has come of a frame that is not whole.
    partial: Vec<u8>,
}

/// A buffer that has grown beyond this is given back when its frame is whole.
const MOST_KEPT_BYTES: usize = 64 << 10;

impl FrameStreamReceiver {
    pub fn new(content_type: &'static str) -> Self {
        Self { stream: FrameStream::new(content_type), partial: Vec::new() }
    }

    /// Takes bytes: gives the content of each data frame that is whole to `each`, and writes what is to be answered.
    ///
    /// # Errors
    /// When the stream makes no sense from here on.
    pub fn take(
        &mut self,
        mut bytes: &[u8],
        answers: &mut Vec<u8>,
        each: &mut impl FnMut(&[u8]),
    ) -> Result<(), Violation> {
        while !bytes.is_empty() {
            bytes = match self.partial.is_empty() {
                true => self.take_whole(bytes, answers, each)?,
                false => self.complete(bytes, answers, each)?,
            };
        }
        Ok(())
    }

    /// Takes the frame that the bytes begin with, or keeps them; gives the rest.
    fn take_whole<'a>(
        &mut self,
        bytes: &'a [u8],
        answers: &mut Vec<u8>,
        each: &mut impl FnMut(&[u8]),
    ) -> Result<&'a [u8], Violation> {
        Ok(match self.stream.step(bytes)? {
            Step::Needs(_) => {
                self.partial.extend_from_slice(bytes);
                &[]
            }
            Step::Control(control, end) => {
                answers.extend(self.stream.answer(control).unwrap_or_default());
                &bytes[end..]
            }
            Step::Data(content) => {
                each(&bytes[content.clone()]);
                &bytes[content.end..]
            }
        })
    }

    /// Adds no more than the frame needs that is not whole; gives the rest.
    fn complete<'a>(
        &mut self,
        bytes: &'a [u8],
        answers: &mut Vec<u8>,
        each: &mut impl FnMut(&[u8]),
    ) -> Result<&'a [u8], Violation> {
        let Step::Needs(wanted) = self.stream.step(&self.partial)? else {
            unreachable!("what is whole is taken at once")
        };
        let (more, rest) = bytes.split_at(bytes.len().min(wanted - self.partial.len()));
        self.partial.extend_from_slice(more);
        if self.partial.len() == wanted {
            let frame = std::mem::take(&mut self.partial);
            self.take_whole(&frame, answers, each)?; // which keeps it where this was but its length
            if self.partial.is_empty() && frame.capacity() <= MOST_KEPT_BYTES {
                self.partial = frame;
                self.partial.clear();
            }
        }
        Ok(rest)
    }

    /// Nothing more comes.
    ///
    /// # Errors
    /// When a frame is not whole.
    pub fn end(&self) -> Result<(), Violation> {
        if self.partial.is_empty() { Ok(()) } else { Err(Violation::Cut) }
    }

    /// Whether data may come.
    pub fn is_running(&self) -> bool {
        self.stream.is_running()
    }

    /// Memory that it holds for a frame that is not whole.
    pub fn waiting_bytes(&self) -> usize {
        self.partial.capacity()
    }
}

/// Whether a file of these first bytes is a frame stream: a control frame that begins one.
pub(super) fn begins_as_one(first: &[u8]) -> bool {
    let word =
        |at: usize| first.get(at..at + LENGTH_BYTES).and_then(|word| word.try_into().ok()).map(u32::from_be_bytes);
    let kind = word(2 * LENGTH_BYTES).and_then(Control::of);
    first.starts_with(&ESCAPE) && matches!(kind, Some(Control::Start | Control::Ready))
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
            Err(_) if super::begins_as_a_capture(reader.blocks.pending()) => Err(Error::format(format!(
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
                self.stream.state = State::Stopped;
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
    use super::super::testing;
    use super::*;
    use proptest::prelude::*;

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

    /// What a receiver makes of a stream that comes in parts of these sizes, over and over.
    fn receive(stream: &[u8], sizes: &[usize]) -> (Vec<Vec<u8>>, Vec<u8>, Result<(), Violation>) {
        let mut receiver = FrameStreamReceiver::new(CONTENT);
        let (mut frames, mut answers, mut rest) = (Vec::new(), Vec::new(), stream);
        for size in sizes.iter().cycle() {
            let (part, others) = rest.split_at((*size).clamp(1, rest.len().max(1)).min(rest.len()));
            if let Err(fault) = receiver.take(part, &mut answers, &mut |content| frames.push(content.to_vec())) {
                return (frames, answers, Err(fault));
            }
            rest = others;
            if rest.is_empty() {
                break;
            }
        }
        (frames, answers, receiver.end())
    }

    proptest! {
        /// Whatever the parts in which a stream comes: it is taken as if it had come whole.
        #[test]
        fn how_a_stream_is_parted_makes_no_difference(
            contents in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..300), 0..20),
            is_two_way in any::<bool>(),
            damage in prop::option::of((0usize..4000, any::<u8>())),
            cut in prop::option::of(0usize..4000),
            sizes in prop::collection::vec(1usize..700, 1..20),
        ) {
            let mut stream = if is_two_way { control(4, &[(1, CONTENT.as_bytes())]) } else { Vec::new() };
            stream.extend(start());
            contents.iter().for_each(|content| stream.extend(data(content)));
            stream.extend(control(3, &[]));
            if let Some((at, byte)) = damage {
                let at = at % stream.len();
                stream[at] = byte;
            }
            stream.truncate(cut.unwrap_or(usize::MAX));
            let whole = receive(&stream, &[usize::MAX]);
            prop_assert_eq!(receive(&stream, &sizes), whole.clone());
            prop_assert_eq!(receive(&stream, &[1]), whole.clone());
            if damage.is_none() && cut.is_none() {
                prop_assert_eq!(whole.0, contents);
            }
        }
    }

    #[test]
    fn a_writer_that_asks_is_answered_with_what_is_wanted_of_its_offer() {
        let offer = control(4, &[(1, b"other"), (1, CONTENT.as_bytes())]);
        let stream = [offer, start(), data(b"a"), control(3, &[])].concat();
        let answers = [control(1, &[(1, CONTENT.as_bytes())]), control(5, &[])].concat();
        assert_eq!(receive(&stream, &[usize::MAX]), (vec![b"a".to_vec()], answers, Ok(())));
        let without_offer = receive(&control(4, &[]), &[usize::MAX]);
        assert_eq!(without_offer, (Vec::new(), control(1, &[]), Ok(())));
        let one_way = receive(&[start(), control(3, &[])].concat(), &[usize::MAX]);
        assert_eq!(one_way, (Vec::new(), Vec::new(), Ok(())), "nobody listens");
        let other = receive(&control(4, &[(1, b"other")]), &[usize::MAX]).2;
        assert!(matches!(other, Err(Violation::ContentType { .. })));
    }

    #[test]
    fn a_receiver_holds_no_more_than_has_come_and_gives_it_back() {
        let mut receiver = FrameStreamReceiver::new(CONTENT);
        let mut answers = Vec::new();
        let mut take = |receiver: &mut FrameStreamReceiver, bytes: &[u8]| {
            receiver.take(bytes, &mut answers, &mut |_| {}).unwrap();
            receiver.waiting_bytes()
        };
        assert_eq!(take(&mut receiver, &start()), 0);
        assert!(take(&mut receiver, &(MOST_FRAME_BYTES as u32).to_be_bytes()) < 64, "a length alone is no room");
        assert!(take(&mut receiver, &vec![0; MOST_FRAME_BYTES - 1]) < 4 * MOST_FRAME_BYTES);
        assert_eq!(take(&mut receiver, &[0]), 0);
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
