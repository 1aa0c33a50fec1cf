//! Control frames: their types, and how they are written.

use super::{ESCAPE, LENGTH_BYTES};

/// A control frame is no longer (its escape and length aside).
pub const MOST_CONTROL_BYTES: usize = 512;

pub(super) const FIELD_CONTENT_TYPE: u32 = 1;

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
    pub(super) fn of(number: u32) -> Option<Self> {
        Some(match number {
            1 => Self::Accept,
            2 => Self::Start,
            3 => Self::Stop,
            4 => Self::Ready,
            5 => Self::Finish,
            _ => return None,
        })
    }

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

/// A control frame with its escape.
pub(super) fn frame_of(control: Control, content_type: Option<&[u8]>) -> Vec<u8> {
    let mut body = control.number().to_be_bytes().to_vec();
    if let Some(name) = content_type {
        body.extend([FIELD_CONTENT_TYPE, name.len() as u32].map(u32::to_be_bytes).concat());
        body.extend(name);
    }
    [&ESCAPE[..], &(body.len() as u32).to_be_bytes(), &body].concat()
}

/// Whether a file of these first bytes is a frame stream: a control frame that begins one.
pub fn begins_as_one(first: &[u8]) -> bool {
    let word =
        |at: usize| first.get(at..at + LENGTH_BYTES).and_then(|word| word.try_into().ok()).map(u32::from_be_bytes);
    let kind = word(2 * LENGTH_BYTES).and_then(Control::of);
    first.starts_with(&ESCAPE) && matches!(kind, Some(Control::Start | Control::Ready))
}
