//! What ends a frame stream before its end.

use std::fmt;

use super::control::Control;

/// A data frame is no longer; libfstrm writes none that is.
pub const MOST_FRAME_BYTES: usize = 1 << 20;

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
