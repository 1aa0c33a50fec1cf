//! The newest frames of a capture, kept for a while: a policy that is added later can show its first window at once, and
//! a pcap can be had of what just passed.
//!
//! Frames are kept as they came, and not the batches made of them: decoders leave out the columns that no policy has
//! asked for, so a batch of a minute ago can't answer a question that is asked only now. Raw frames can, and a pcap is
//! made of nothing else.
//!
//! They lie one behind the other in chunks of a fixed size. The worker that captures appends to the open chunk; a chunk
//! that is full is sealed and never changes until nobody reads it any more. Readers take references to the chunks, so
//! that the worker waits for them no longer than it takes to copy some pointers, once per chunk. A chunk's memory is
//! touched only as it fills, and is used again.

use std::cell::UnsafeCell;
use std::collections::VecDeque;
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::frame::Frame;
use crate::memory::{Account, Held, Holder, Step};

/// Nothing that is older is kept, however much room there is.
pub const MOST_AGE_NS: i64 = 120 * 1_000_000_000;

/// A ring is cut into so many chunks, within the bounds of their size.
const CHUNKS: usize = 16;
/// A chunk holds any frame, which may be 64 KiB long.
const LEAST_CHUNK_BYTES: usize = 72 << 10;
const MOST_CHUNK_BYTES: usize = 1 << 20;

/// What stands before each frame's bytes.
#[derive(Clone, Copy)]
#[repr(C, packed)]
struct Header {
    time_ns: i64,
    wire_bytes: u32,
    data_bytes: u32,
    interface: u32,
    link_type: u16,
}

const HEADER_BYTES: usize = size_of::<Header>();

/// Frames behind one another, in memory that one thread appends to while others read.
pub struct Chunk {
    bytes: Box<[MaybeUninit<UnsafeCell<u8>>]>,
    /// Bytes that are written and never change again.
    filled: AtomicUsize,
    /// Chunks are numbered in the order of their use.
    serial: u64,
    /// Frames in all chunks before this one.
    frames_before: u64,
    /// Time of its newest frame once it is sealed; the end of time before.
    newest_ns: AtomicI64,
}

// SAFETY: bytes below `filled` are only read, those behind it are only touched by the one thread that may call `append`;
// `filled` is published after the bytes it covers are written.
unsafe impl Sync for Chunk {}

impl Chunk {
    fn new(bytes: usize) -> Self {
        Self {
            bytes: Box::new_uninit_slice(bytes),
            filled: AtomicUsize::new(0),
            serial: 0,
            frames_before: 0,
            newest_ns: AtomicI64::new(i64::MAX),
        }
    }

    /// # Safety
    /// Only one thread may call this for a chunk.
    #[inline(always)]
    unsafe fn append(&self, at: usize, header: Header, data: &[u8]) -> usize {
        let end = at + HEADER_BYTES + data.len();
        assert!(end <= self.bytes.len(), "the caller has seen to it that there is room");
        let start = self.bytes.as_ptr().cast::<u8>().cast_mut();
        // SAFETY: `at..end` lies within the chunk and behind `filled`, where nobody reads; the memory is in cells.
        unsafe {
            start.add(at).cast::<Header>().write_unaligned(header);
            start.add(at + HEADER_BYTES).copy_from_nonoverlapping(data.as_ptr(), data.len());
        }
        self.filled.store(end, Ordering::Release);
        end
    }

    fn written(&self) -> &[u8] {
        let filled = self.filled.load(Ordering::Acquire);
        // SAFETY: so many bytes are written and won't change while anybody holds the chunk.
        unsafe { std::slice::from_raw_parts(self.bytes.as_ptr().cast::<u8>(), filled) }
    }

    /// The frame at a place, and where the next one begins; `None` behind the last.
    #[inline]
    pub fn frame(&self, at: usize) -> Option<(Frame<'_>, usize)> {
        let rest = self.written().get(at..)?;
        let (header, rest) = rest.split_first_chunk::<HEADER_BYTES>()?;
        // SAFETY: any bytes are a header.
        let header = unsafe { header.as_ptr().cast::<Header>().read_unaligned() };
        let Header { time_ns, wire_bytes, data_bytes, interface, link_type } = header;
        let data = rest.get(..data_bytes as usize)?;
        Some((Frame { time_ns, link_type, interface, wire_bytes, data }, at + HEADER_BYTES + data.len()))
    }

    /// Calls `each` with every frame and its place.
    pub fn for_each(&self, mut each: impl FnMut(usize, &Frame<'_>)) {
        let mut at = 0;
        while let Some((frame, next)) = self.frame(at) {
            each(at, &frame);
            at = next;
        }
    }
}

/// What a worker keeps, as readers see it.
pub struct Kept {
    /// Oldest first; the last one is open.
    chunks: Mutex<VecDeque<Arc<Chunk>>>,
    /// Number of the oldest chunk that is still there, so the number of those that are not.
    forgotten: AtomicU64,
}

impl Kept {
    fn lock(&self) -> MutexGuard<'_, VecDeque<Arc<Chunk>>> {
        self.chunks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All chunks, oldest first.
    pub fn chunks(&self) -> Vec<Arc<Chunk>> {
        self.chunks_from(0)
    }

    fn chunks_from(&self, serial: u64) -> Vec<Arc<Chunk>> {
        self.lock().iter().filter(|chunk| chunk.serial >= serial).cloned().collect()
    }

    /// Time of the oldest frame.
    fn oldest_ns(&self) -> Option<i64> {
        let oldest = self.lock().front().cloned()?;
        oldest.frame(0).map(|(frame, _)| frame.time_ns)
    }

    fn has_forgotten(&self) -> bool {
        self.forgotten.load(Ordering::Relaxed) > 0
    }
}

/// The oldest time from which on every worker still has all of its frames; `None` where there is no frame.
pub fn complete_from_ns(workers: &[Arc<Kept>]) -> Option<i64> {
    let forgetful = workers.iter().filter(|kept| kept.has_forgotten()).filter_map(|kept| kept.oldest_ns()).max();
    forgetful.or_else(|| workers.iter().filter_map(|kept| kept.oldest_ns()).min())
}

/// Keeps the newest frames of one worker within a bound.
pub struct Lookback {
    kept: Arc<Kept>,
    open: Arc<Chunk>,
    filled: usize,
    newest_ns: i64,
    frames: u64,
    chunk_bytes: usize,
    most_chunks: usize,
    spare: Option<Chunk>,
    held: Held,
}

impl Lookback {
    /// Keeps frames in at most so many bytes, but at least in two chunks of the smallest size (144 KiB).
    pub fn new(bytes: usize) -> Self {
        let chunk_bytes = (bytes / CHUNKS).clamp(LEAST_CHUNK_BYTES, MOST_CHUNK_BYTES);
        let open = Arc::new(Chunk::new(chunk_bytes));
        Self {
            kept: Arc::new(Kept { chunks: Mutex::new([open.clone()].into()), forgotten: AtomicU64::new(0) }),
            open,
            filled: 0,
            newest_ns: i64::MIN,
            frames: 0,
            chunk_bytes,
            most_chunks: (bytes / chunk_bytes).max(2),
            spare: None,
            held: Held::untold(Holder::Lookback),
        }
    }

    /// The same, kept in an account.
    pub fn accounted(bytes: usize, account: &Arc<Account>) -> Self {
        let mut lookback = Self { held: Held::new(account, Holder::Lookback), ..Self::new(bytes) };
        lookback.held.tell(lookback.chunk_bytes);
        lookback
    }

    /// What is kept, for readers.
    pub fn kept(&self) -> Arc<Kept> {
        self.kept.clone()
    }

    /// Keeps a frame; one that is longer than a chunk is cut.
    #[inline(always)]
    pub fn push(&mut self, frame: &Frame<'_>) {
        let data = &frame.data[..frame.data.len().min(self.chunk_bytes - HEADER_BYTES)];
        if self.filled + HEADER_BYTES + data.len() > self.chunk_bytes {
            self.seal();
        }
        let Frame { time_ns, link_type, interface, wire_bytes, .. } = *frame;
        let header = Header { time_ns, wire_bytes, data_bytes: data.len() as u32, interface, link_type };
        // SAFETY: `self` is the only one that appends to its open chunk, and is borrowed mutably.
        self.filled = unsafe { self.open.append(self.filled, header, data) };
        self.newest_ns = self.newest_ns.max(frame.time_ns);
        self.frames += 1;
    }

    /// Seals the open chunk and opens the next one; the oldest make room.
    #[cold]
    fn seal(&mut self) {
        self.open.newest_ns.store(self.newest_ns, Ordering::Relaxed);
        let serial = self.open.serial + 1;
        let kept = self.kept.clone();
        let mut chunks = kept.lock();
        self.forget_old(&mut chunks, self.newest_ns);
        while chunks.len() >= self.most_chunks {
            self.forget_oldest(&mut chunks);
        }
        self.give_way(&mut chunks);
        let fresh = self.spare.take().unwrap_or_else(|| Chunk::new(self.chunk_bytes));
        let newest_ns = AtomicI64::new(i64::MAX);
        let filled = AtomicUsize::new(0);
        self.open = Arc::new(Chunk { filled, serial, frames_before: self.frames, newest_ns, ..fresh });
        self.filled = 0;
        chunks.push_back(self.open.clone());
        self.held.tell(chunks.len() * self.chunk_bytes);
    }

    /// Time has come to this point: what is too old goes.
    pub fn advance(&mut self, now_ns: i64) {
        let kept = self.kept.clone();
        let mut chunks = kept.lock();
        self.forget_old(&mut chunks, now_ns);
        self.give_way(&mut chunks);
        self.held.tell(chunks.len() * self.chunk_bytes);
        self.spare = None;
    }

    /// Where memory is short, half of the chunks go; the open one stays.
    fn give_way(&mut self, chunks: &mut VecDeque<Arc<Chunk>>) {
        if chunks.len() > 1 && self.held.is_due(Step::Lookback, chunks.len() * self.chunk_bytes) {
            let most = chunks.len() / 2;
            self.held.count_given(Step::Lookback, (chunks.len() - most) as u64);
            while chunks.len() > most {
                self.forget_oldest(chunks);
            }
            self.spare = None;
        }
    }

    fn forget_old(&mut self, chunks: &mut VecDeque<Arc<Chunk>>, now_ns: i64) {
        let too_old_ns = now_ns.saturating_sub(MOST_AGE_NS);
        while chunks.front().is_some_and(|chunk| chunk.newest_ns.load(Ordering::Relaxed) < too_old_ns) {
            self.forget_oldest(chunks);
        }
    }

    /// Lets go of the oldest chunk, or keeps its memory for the next where nobody reads it.
    fn forget_oldest(&mut self, chunks: &mut VecDeque<Arc<Chunk>>) {
        self.spare = chunks.pop_front().and_then(Arc::into_inner);
        self.kept.forgotten.fetch_add(1, Ordering::Relaxed);
    }
}

/// A reader's place among the kept frames. It holds on to the chunks that it has yet to read.
pub struct Cursor {
    kept: Arc<Kept>,
    chunks: VecDeque<Arc<Chunk>>,
    at: usize,
    /// Frames before this place, since the capture began.
    passed: u64,
}

/// How far a [`Cursor`] came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Passage {
    /// There is no further frame for now.
    pub is_at_end: bool,
    /// Frames that were forgotten before they were read.
    pub missed: u64,
}

impl Cursor {
    /// A place at the oldest frame.
    pub fn new(kept: Arc<Kept>) -> Self {
        let chunks: VecDeque<_> = kept.chunks().into();
        let passed = chunks.front().map_or(0, |chunk| chunk.frames_before);
        Self { kept, chunks, at: 0, passed }
    }

    /// Reads on until so many bytes of frames have passed, or to the end.
    pub fn read(&mut self, most_bytes: usize, mut each: impl FnMut(&Frame<'_>)) -> Passage {
        let mut passage = Passage::default();
        let mut left = most_bytes;
        while left > 0 {
            let is_last = self.chunks.len() <= 1 && !self.find_later();
            let Some(chunk) = self.chunks.front() else { break };
            while left > 0
                && let Some((frame, next)) = chunk.frame(self.at)
            {
                each(&frame);
                left = left.saturating_sub(next - self.at);
                self.at = next;
                self.passed += 1;
            }
            if left > 0 && is_last {
                passage.is_at_end = true;
                break;
            }
            if left > 0 {
                passage.missed += self.next_chunk();
            }
        }
        passage
    }

    /// Looks for chunks behind the last that is known.
    fn find_later(&mut self) -> bool {
        let next = self.chunks.back().map_or(0, |chunk| chunk.serial + 1);
        self.chunks.extend(self.kept.chunks_from(next));
        self.chunks.len() > 1
    }

    /// Goes to the next chunk; gives the number of frames that were forgotten in between.
    fn next_chunk(&mut self) -> u64 {
        self.chunks.pop_front();
        self.at = 0;
        let begins = self.chunks.front().map_or(self.passed, |chunk| chunk.frames_before);
        let missed = begins.saturating_sub(self.passed);
        self.passed = begins;
        missed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECOND: i64 = 1_000_000_000;

    fn frame(time_ns: i64, data: &[u8]) -> Frame<'_> {
        Frame { time_ns, link_type: 1, interface: 3, wire_bytes: data.len() as u32 + 4, data }
    }

    fn times(kept: &Kept) -> Vec<i64> {
        let mut times = Vec::new();
        kept.chunks().iter().for_each(|chunk| chunk.for_each(|_, frame| times.push(frame.time_ns)));
        times
    }

    #[test]
    fn frames_come_back_as_they_were() {
        let mut lookback = Lookback::new(1 << 20);
        lookback.push(&frame(7, b"one"));
        lookback.push(&Frame { link_type: 101, ..frame(8, b"") });
        let chunks = lookback.kept().chunks();
        let (first, next) = chunks[0].frame(0).unwrap();
        assert_eq!((first.time_ns, first.interface, first.wire_bytes, first.data), (7, 3, 7, &b"one"[..]));
        let (second, end) = chunks[0].frame(next).unwrap();
        assert_eq!((second.time_ns, second.link_type, second.data), (8, 101, &b""[..]));
        assert!(chunks[0].frame(end).is_none());
    }

    #[test]
    fn the_newest_frames_stay_within_the_bound() {
        let mut lookback = Lookback::new(4 * LEAST_CHUNK_BYTES);
        let data = [0; 1000];
        (0..2000).for_each(|time_ns| lookback.push(&frame(time_ns, &data)));
        let times = times(&lookback.kept());
        assert_eq!(times.last(), Some(&1999));
        assert!(times.is_sorted() && times.windows(2).all(|pair| pair[1] == pair[0] + 1));
        assert!((200..300).contains(&times.len()), "{}", times.len());
        assert_eq!(complete_from_ns(&[lookback.kept()]), Some(times[0]));
    }

    #[test]
    fn what_is_older_than_two_minutes_goes() {
        let mut lookback = Lookback::new(16 << 20);
        let data = [0; 60_000];
        (0..300).for_each(|second| lookback.push(&frame(second * SECOND, &data)));
        let oldest = times(&lookback.kept())[0] / SECOND;
        assert!((150..=180).contains(&oldest), "{oldest}");
        lookback.advance(10_000 * SECOND);
        assert_eq!(lookback.kept().chunks().len(), 1, "only the open chunk is left");
    }

    #[test]
    fn a_frame_longer_than_a_chunk_is_cut_and_keeps_its_length_on_the_wire() {
        let mut lookback = Lookback::new(0);
        let data = vec![9; LEAST_CHUNK_BYTES];
        lookback.push(&frame(1, &data));
        let chunk = &lookback.kept().chunks()[0];
        let (cut, _) = chunk.frame(0).unwrap();
        assert_eq!((cut.data.len(), cut.wire_bytes as usize), (LEAST_CHUNK_BYTES - HEADER_BYTES, data.len() + 4));
    }

    #[test]
    fn workers_are_complete_only_since_the_one_that_forgot_most() {
        let (mut busy, mut quiet) = (Lookback::new(0), Lookback::new(0));
        quiet.push(&frame(5, b"quiet"));
        assert_eq!(complete_from_ns(&[busy.kept(), quiet.kept()]), Some(5));
        busy.push(&frame(3, b"first"));
        assert_eq!(complete_from_ns(&[busy.kept(), quiet.kept()]), Some(3));
        let data = [0; 1000];
        (10..500).for_each(|time_ns| busy.push(&frame(time_ns, &data)));
        assert_eq!(complete_from_ns(&[busy.kept(), quiet.kept()]), Some(times(&busy.kept())[0]));
    }

    #[test]
    fn a_reader_beside_the_writer_sees_whole_frames_in_order() {
        let mut lookback = Lookback::new(0);
        let kept = lookback.kept();
        let writer = std::thread::spawn(move || {
            (0..200_000u64).for_each(|number| lookback.push(&frame(number as i64, &number.to_le_bytes())));
            lookback
        });
        let mut read = 0;
        while !writer.is_finished() || read == 0 {
            let mut before = -1;
            for chunk in kept.chunks() {
                chunk.for_each(|_, frame| {
                    assert_eq!(frame.data, frame.time_ns.to_le_bytes());
                    assert!(frame.time_ns > before);
                    before = frame.time_ns;
                    read += 1;
                });
            }
        }
        writer.join().unwrap();
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// A cursor that reads while frames come sees each of them once, or counts it as missed.
        #[test]
        fn a_cursor_passes_or_misses_every_frame_once(steps in proptest::collection::vec((0usize..200, 0usize..400_000), 1..40)) {
            let mut lookback = Lookback::new(0);
            let data = [0; 1500];
            lookback.push(&frame(0, &data));
            let mut cursor = Cursor::new(lookback.kept());
            let (mut pushed, mut seen, mut missed) = (1, Vec::new(), 0);
            for (frames, most_bytes) in steps.into_iter().chain([(0, usize::MAX)]) {
                for _ in 0..frames {
                    lookback.push(&frame(pushed, &data));
                    pushed += 1;
                }
                missed += cursor.read(most_bytes, |frame| seen.push(frame.time_ns)).missed;
            }
            prop_assert_eq!(seen.len() as u64 + missed, pushed as u64);
            prop_assert!(seen.windows(2).all(|pair| pair[0] < pair[1]));
            prop_assert!(cursor.read(usize::MAX, |_| panic!("nothing came since")).is_at_end);
        }
    }
}
