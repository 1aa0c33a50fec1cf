//! What a worker takes frames from.

use super::Ring;
use crate::Error;
use crate::frame::Frame;

/// A source of live frames, read by one thread.
pub trait FrameSource: Send + 'static {
    /// Waits up to `timeout_ms` for frames, hands each to `each`, and returns how many there were.
    ///
    /// # Errors
    /// When no more can come.
    fn poll_block(&mut self, timeout_ms: i32, each: &mut impl FnMut(Frame<'_>)) -> Result<usize, Error>;

    /// Packets that there was no room for, since the source was opened; `None` where that can't be told now.
    fn dropped(&mut self) -> Option<u64>;

    /// Packets that the interface lost before the kernel had them, since the source was opened, those of other programs
    /// and those that no filter would pass included; `None` where that can't be told now.
    fn dropped_by_interface(&mut self) -> Option<u64> {
        None
    }
}

impl FrameSource for Ring {
    fn poll_block(&mut self, timeout_ms: i32, each: &mut impl FnMut(Frame<'_>)) -> Result<usize, Error> {
        Ring::poll_block(self, timeout_ms, each)
    }

    fn dropped(&mut self) -> Option<u64> {
        self.statistics().ok().map(|statistics| statistics.dropped)
    }

    fn dropped_by_interface(&mut self) -> Option<u64> {
        self.interface_drops().ok()
    }
}
