//! Reading a stream in large blocks, with whole records side by side in memory.

use std::io::Read;
use std::ops::Range;

use super::compression::{Compression, Stream};

/// What one read asks for. Measured from the page cache with 16 KiB to 4 MiB: flat from 128 to 512 KiB, slower below for
/// the calls, and above for the block no longer staying in a core's own cache between the kernel's copy and the parser.
pub(super) const BLOCK_BYTES: usize = 256 << 10;

/// A window on a stream: bytes read and not yet consumed, always in one piece.
pub(super) struct Blocks {
    stream: Stream,
    buffer: Vec<u8>,
    /// Where the next read goes, while somebody still looks at what was taken of `buffer`.
    next: Option<Vec<u8>>,
    /// The buffer whose bytes somebody looks at, once reading has moved on to another.
    left: Option<Vec<u8>>,
    /// What is pending is `buffer[start..end]`.
    start: usize,
    end: usize,
    /// Place of `buffer[0]` in the uncompressed stream.
    base: u64,
    /// The stream has ended, failed, or is of no more interest.
    ended: bool,
    /// It had nothing more for now, when it was read last.
    is_waiting: bool,
    /// More may come behind its end.
    may_grow: bool,
}

impl Blocks {
    pub(super) fn new(stream: Stream) -> Self {
        let buffer = vec![0; BLOCK_BYTES];
        Self {
            stream,
            buffer,
            next: None,
            left: None,
            start: 0,
            end: 0,
            base: 0,
            ended: false,
            is_waiting: false,
            may_grow: false,
        }
    }

    /// What was read and not yet consumed.
    #[inline]
    pub(super) fn pending(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Place of the first pending byte in the uncompressed stream.
    pub(super) fn position(&self) -> u64 {
        self.base + self.start as u64
    }

    /// Whether `needed` bytes are pending, after reading more where they are not. False when the stream ends before.
    /// Fails with one clause where the stream can't be read.
    #[inline]
    pub(super) fn has(&mut self, needed: usize) -> Result<bool, String> {
        if self.end - self.start >= needed { Ok(true) } else { self.fill(needed) }
    }

    /// Says that more may come behind the end of the stream.
    pub(super) fn expect_growth(&mut self) {
        self.may_grow = true;
    }

    pub(super) fn may_grow(&self) -> bool {
        self.may_grow
    }

    /// Whether more may come of a stream that did not have what was needed.
    pub(super) fn is_waiting(&self) -> bool {
        self.is_waiting
    }

    /// Takes the next `count` of the pending bytes; the range is good for [`Self::bytes`] until the next [`Self::has`].
    #[inline]
    pub(super) fn take(&mut self, count: usize) -> Range<usize> {
        let from = self.start;
        self.start = (from + count).min(self.end);
        from..self.start
    }

    #[inline]
    pub(super) fn bytes(&self, range: Range<usize>) -> &[u8] {
        &self.buffer[range]
    }

    /// Ends the stream here: nothing is pending and nothing more is read.
    pub(super) fn close(&mut self) {
        self.end = self.start;
        self.ended = true;
    }

    pub(super) fn compression(&self) -> Compression {
        self.stream.compression()
    }

    pub(super) fn stored_bytes_read(&self) -> u64 {
        self.stream.stored_bytes_read()
    }

    /// What was taken so far is looked at longer: the next read goes into another buffer, `next`, which may be empty.
    pub(super) fn keep(&mut self, next: Vec<u8>) {
        self.next = Some(next);
    }

    /// Whether a read had to leave the buffer that was to be kept.
    #[inline]
    pub(super) fn has_left(&self) -> bool {
        self.left.is_some()
    }

    /// The buffer that was to be kept; where no read had to leave it, reading ends with it.
    pub(super) fn take_left(&mut self) -> Vec<u8> {
        self.next = None;
        self.left.take().unwrap_or_else(|| {
            self.base += self.start as u64;
            (self.start, self.end) = (0, 0);
            std::mem::take(&mut self.buffer)
        })
    }

    /// Moves what is pending to the beginning of a buffer: of the next one where this one is kept.
    fn make_room(&mut self) {
        let pending = self.start..self.end;
        match self.next.take() {
            None => self.buffer.copy_within(pending, 0),
            Some(mut next) => {
                next.resize(BLOCK_BYTES.max(pending.len()), 0);
                next[..pending.len()].copy_from_slice(&self.buffer[pending]);
                self.left = Some(std::mem::replace(&mut self.buffer, next));
            }
        }
        self.base += self.start as u64;
        self.end -= self.start;
        self.start = 0;
    }

    /// [`Self::has`] where a read is needed. Reads no more often than it must, so that packets from a pipe are not held
    /// back until a block is full.
    #[cold]
    #[inline(never)]
    pub(super) fn fill(&mut self, needed: usize) -> Result<bool, String> {
        self.make_room();
        self.is_waiting = false;
        while self.end < needed && !self.ended {
            if self.end == self.buffer.len() {
                // Grows only as bytes really come, not because a length field says so.
                self.buffer.resize(needed.min(2 * self.buffer.len()), 0);
            }
            match self.stream.read(&mut self.buffer[self.end..]) {
                Ok(0) => self.ended = true,
                Ok(count) => self.end += count,
                Err(cause) if cause.kind() == std::io::ErrorKind::Interrupted => (),
                Err(cause) if cause.kind() == std::io::ErrorKind::WouldBlock => {
                    self.is_waiting = true;
                    return Ok(false);
                }
                Err(cause) => {
                    self.ended = true;
                    return Err(self.stream.explain(&cause));
                }
            }
        }
        Ok(self.end >= needed)
    }
}
