//! The side of a frame stream that reads: which frame may come when, and what it is answered.

use std::ops::Range;

use super::LENGTH_BYTES;
use super::control::{Control, FIELD_CONTENT_TYPE, MOST_CONTROL_BYTES, frame_of};
use super::fields::Fields;
use super::violation::{MOST_FRAME_BYTES, Violation};
use crate::wire::be32;

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

    /// Ends it where it makes no sense any more.
    pub(super) fn stop(&mut self) {
        self.state = State::Stopped;
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
