//! Frame Streams: a stream of frames of one content type, with control frames between them
//! (<https://farsightsec.github.io/fstrm/>).
//!
//! A frame is its length (32 bits, big-endian) and so many bytes. Length 0 escapes a control frame: its own length, its
//! type, and fields of type, length and value. A file begins with START and ends with STOP; a connection over which both
//! sides talk begins with READY, which the reader accepts.

mod control;
mod fields;
mod protocol;
mod reader;
mod receiver;
#[cfg(test)]
mod testing;
mod violation;

pub use control::Control;
pub(super) use control::begins_as_one;
pub use protocol::{FrameStream, Step};
pub use reader::FrameStreamReader;
pub use receiver::FrameStreamReceiver;
pub use violation::{MOST_FRAME_BYTES, Violation};

/// Bytes of the length before a frame, and of the numbers in control frames.
const LENGTH_BYTES: usize = 4;
/// The length that no data frame has: a control frame follows.
const ESCAPE: [u8; LENGTH_BYTES] = [0; LENGTH_BYTES];
