//! One direction of a connection: which byte is due, and what becomes of a segment that starts elsewhere.

use super::buffers::Buffers;
use super::framing::{Boundary, Cutter, Framing};
use super::{Cut, Protocol, StreamLimits};
use crate::ledger::Ledger;
use crate::table::PacketRow;

/// Sequence numbers farther than this from the one due are not of the stream that was followed so far. Real windows
/// seldom exceed a few MiB; the greater this is, the longer a reused 5-tuple whose SYN was missed stays unread.
const WINDOW_BYTES: u32 = 16 << 20;

/// A SYN may come behind data of its side: so much at most, since the window of a SYN is not scaled (RFC 7323, section 2.2).
const MOST_BEFORE_SYN_BYTES: u32 = u16::MAX as u32;

/// What is known of the place in the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Position {
    /// No data yet.
    Unseen,
    /// The sequence number due is known, and so is where messages begin.
    Known,
    /// Messages can't be told apart: after a gap, or bytes that do not follow the framing.
    Lost,
}

/// One direction of a connection.
#[derive(Debug)]
pub(super) struct Side {
    /// The sequence number due next; when lost, what ends before it is old.
    next: u32,
    pub buffer: Option<u32>,
    position: Position,
    /// It has sent a FIN.
    pub finished: bool,
    /// The stretch before the place where messages were found again (or for the first time) that nobody has seen: from
    /// where, to where; nothing of a stream that is followed from its start on. What comes of it after all is of no use, and
    /// is counted.
    missed: (u32, u32),
}

/// Consecutive bytes of a stream.
#[derive(Debug, Clone, Copy)]
pub(super) struct Data<'a> {
    pub sequence: u32,
    pub bytes: &'a [u8],
    /// Bytes on the wire; those beyond `bytes` were not captured.
    pub wire_bytes: u32,
}

impl Data<'_> {
    /// The same without its first `count` bytes on the wire.
    fn skip(self, count: u32) -> Self {
        Self {
            sequence: self.sequence.wrapping_add(count),
            bytes: self.bytes.get(count as usize..).unwrap_or_default(),
            wire_bytes: self.wire_bytes.saturating_sub(count),
        }
    }

    fn end(&self) -> u32 {
        self.sequence.wrapping_add(self.wire_bytes)
    }
}

/// What a side works with while it takes in one segment.
pub(super) struct Work<'a, F> {
    pub buffers: &'a mut Buffers,
    pub limits: &'a StreamLimits,
    pub protocol: Protocol,
    pub each: &'a mut F,
    pub ledger: &'a mut Ledger,
    /// Connection and side, for the buffer that the side may need.
    pub owner: (u32, u8),
    /// The packet of the segment at hand.
    pub packet: &'a PacketRow,
    /// The packet that messages belong to, where it is not that one.
    pub late: Option<PacketRow>,
    pub time_ns: i64,
}

/// How far `to` lies after `from`, in sequence numbers that wrap around; negative before it.
fn distance(from: u32, to: u32) -> i32 {
    to.wrapping_sub(from) as i32
}

impl Side {
    pub const NEW: Self = Self { next: 0, buffer: None, position: Position::Unseen, finished: false, missed: (0, 0) };

    /// True when its data is followed from `start` on, or from shortly behind it, as where the SYN was overtaken: a SYN with
    /// another start begins another connection.
    pub fn begins_at(&self, start: u32) -> bool {
        let ahead = self.missed.1.wrapping_sub(start);
        !self.is_unseen() && (self.next == start || ahead <= MOST_BEFORE_SYN_BYTES)
    }

    /// True before its first data.
    pub fn is_unseen(&self) -> bool {
        self.position == Position::Unseen
    }

    /// Takes in one segment with data; `start` is where its SYN said that the stream starts.
    pub fn receive<F: FnMut(Cut<'_>)>(&mut self, data: Data<'_>, start: Option<u32>, work: &mut Work<'_, F>) {
        let Some(old) = self.locate(&data, start, work) else { return };
        let data = data.skip(old);
        if data.sequence == self.next && self.ends_before_held(&data, work) {
            self.advance(data, work);
        } else {
            self.hold(data, work);
        }
        if self.buffer.is_some() {
            self.drain(work);
            self.keep_bounds(work);
            self.settle(work);
        }
    }

    /// Finds where a segment belongs. Returns how many of its bytes are old, or `None` if nothing of it is of use.
    fn locate<F: FnMut(Cut<'_>)>(
        &mut self,
        data: &Data<'_>,
        start: Option<u32>,
        work: &mut Work<'_, F>,
    ) -> Option<u32> {
        if self.position == Position::Unseen
            && let Some(start) = start
            && (data.sequence.wrapping_sub(start) as usize) < work.limits.buffered_bytes_per_side
        {
            (self.position, self.next, self.missed) = (Position::Known, start, (start, start));
        }
        let ahead = distance(self.next, data.sequence);
        let near = ahead.unsigned_abs() <= WINDOW_BYTES;
        match self.position {
            Position::Known if near && ahead >= 0 => Some(0),
            Position::Known if near => {
                self.count_missed(data, work.ledger);
                let old = ahead.unsigned_abs();
                (old < data.wire_bytes).then_some(old)
            }
            // Something sent again, from before the place was lost.
            Position::Lost if near && ahead < 0 => {
                self.count_missed(data, work.ledger);
                None
            }
            _ => self.restart(data, near && self.position == Position::Lost, work),
        }
    }

    /// Counts old data that was not seen before, and now comes too late.
    fn count_missed(&self, data: &Data<'_>, ledger: &mut Ledger) {
        let (from, to) = (self.missed.0, if self.position == Position::Lost { self.next } else { self.missed.1 });
        let is_missed = from != to && distance(data.sequence, to) > 0 && distance(from, data.end()) > 0;
        ledger.evicted.tcp_segments += u64::from(is_missed);
    }

    /// Begins anew at a segment, provided that a message may start in it: returns how many of its bytes come before that.
    /// `goes_on` tells that it is of the stream that was followed so far.
    fn restart<F: FnMut(Cut<'_>)>(&mut self, data: &Data<'_>, goes_on: bool, work: &mut Work<'_, F>) -> Option<u32> {
        if let Some(before) = (work.protocol.framing.start)(data.bytes, true) {
            self.flush(work);
            work.ledger.evicted.tcp_segments += self.release(work.buffers);
            if !goes_on {
                self.missed.0 = data.sequence.wrapping_sub(WINDOW_BYTES);
            }
            return Some(self.find(data.sequence, before, work.ledger));
        }
        work.ledger.evicted.tcp_segments += 1;
        if self.position == Position::Lost {
            self.next = data.end();
        }
        None
    }

    /// Messages can be told apart from here on, but for the first bytes of the segment, which are given back.
    fn find(&mut self, sequence: u32, before: usize, ledger: &mut Ledger) -> u32 {
        ledger.evicted.tcp_segments += u64::from(before > 0);
        (self.position, self.next, self.missed.1) = (Position::Known, sequence.wrapping_add(before as u32), sequence);
        before as u32
    }

    fn ends_before_held<F>(&self, data: &Data<'_>, work: &mut Work<'_, F>) -> bool {
        let Some(id) = self.buffer else { return true };
        work.buffers.get(id).held.first().is_none_or(|first| distance(data.end(), first.sequence) >= 0)
    }

    /// Takes in the bytes that are due.
    fn advance<F: FnMut(Cut<'_>)>(&mut self, data: Data<'_>, work: &mut Work<'_, F>) {
        let Work { buffers, limits, protocol, each, ledger, owner, late, .. } = work;
        let mut each = |bytes: &[u8]| each(Cut { protocol: protocol.number, bytes, late: late.as_ref() });
        let longest = limits.buffered_bytes_per_side;
        let mut cutter = Cutter { framing: protocol.framing, longest, each: &mut each, has_skipped: false };
        let in_frame = buffers.with_message(&mut self.buffer, *owner, |message| cutter.take(message, data.bytes));
        self.next = data.end();
        ledger.evicted.tcp_segments += u64::from(cutter.has_skipped);
        if in_frame.is_err() {
            self.lose(work.buffers);
        } else if (data.bytes.len() as u64) < u64::from(data.wire_bytes) {
            work.ledger.evicted.tcp_segments += 1;
            self.lose_up_to(data.end(), data.sequence.wrapping_add(data.bytes.len() as u32), work);
        }
    }

    /// Gives up the begun message, and the knowledge of where the next one begins.
    fn lose(&mut self, buffers: &mut Buffers) {
        if self.position == Position::Known {
            (self.position, self.missed.0) = (Position::Lost, self.next);
        }
        self.clear_message(buffers);
    }

    fn clear_message(&self, buffers: &mut Buffers) {
        if let Some(id) = self.buffer {
            buffers.get(id).message.clear();
        }
    }

    /// Gives up the begun message, of which `seen_end` and what follows is missing up to `gap_end`. Where the message goes
    /// on as far as that, its length tells where the next one begins; else that is not known any more.
    fn lose_up_to<F>(&mut self, gap_end: u32, seen_end: u32, work: &mut Work<'_, F>) {
        let message = self.buffer.map(|id| &mut work.buffers.get(id).message);
        let rest = message.and_then(|message| rest_of(message, work.protocol.framing, work.limits));
        match rest.map(|rest| seen_end.wrapping_add(rest)) {
            Some(end) if self.position == Position::Known && distance(gap_end, end) >= 0 => {
                self.next = end;
                self.clear_message(work.buffers);
            }
            _ => self.lose(work.buffers),
        }
    }

    fn hold<F>(&mut self, data: Data<'_>, work: &mut Work<'_, F>) {
        // Of data that was not captured nothing can wait.
        work.ledger.evicted.tcp_segments += u64::from(data.bytes.is_empty());
        let id = *self.buffer.get_or_insert_with(|| work.buffers.acquire(work.owner));
        let buffer = work.buffers.get(id);
        if buffer.held.is_empty() {
            buffer.gap_since_ns = work.time_ns;
        }
        buffer.hold(self.next, data.sequence, data.bytes, data.wire_bytes, work.packet);
    }

    /// Takes in what was held and is now due. A side that is lost looks for a place to go on at each held segment.
    fn drain<F: FnMut(Cut<'_>)>(&mut self, work: &mut Work<'_, F>) {
        let Some(id) = self.buffer else { return };
        if work.buffers.get(id).held.is_empty() {
            return;
        }
        // Taken out, so that messages can be cut from it while the buffer grows.
        let arena = std::mem::take(&mut work.buffers.get(id).arena);
        let mut moved = false;
        while let Some(first) = work.buffers.get(id).held.first() {
            let ahead = distance(self.next, first.sequence);
            if self.position == Position::Known && ahead > 0 {
                break;
            }
            let Some(held) = work.buffers.get(id).pop() else { break };
            let data = Data { sequence: held.sequence, bytes: &arena[held.range()], wire_bytes: held.wire_bytes };
            if let Some(late) = &mut work.late {
                late.time_ns = late.time_ns.max(held.time_ns);
            }
            self.take_held(data, work);
            moved = true;
        }
        let buffer = work.buffers.get(id);
        buffer.arena = arena;
        if moved {
            buffer.gap_since_ns = work.time_ns;
        }
    }

    /// Takes in one held segment, which is the next in sequence.
    fn take_held<F: FnMut(Cut<'_>)>(&mut self, data: Data<'_>, work: &mut Work<'_, F>) {
        let mut old = distance(data.sequence, self.next).max(0) as u32;
        if self.position == Position::Lost {
            let new = data.skip(old);
            let Some(before) = (work.protocol.framing.start)(new.bytes, old == 0) else {
                work.ledger.evicted.tcp_segments += 1;
                self.next = self.next.wrapping_add(distance(self.next, data.end()).max(0) as u32);
                return;
            };
            old += self.find(new.sequence, before, work.ledger);
        }
        // Else it is of a message that was given up, and counted with it.
        if old < data.wire_bytes {
            self.advance(data.skip(old), work);
        }
    }

    /// Gives up gaps, the oldest first, until what is held is within the bounds again.
    fn keep_bounds<F: FnMut(Cut<'_>)>(&mut self, work: &mut Work<'_, F>) {
        while let Some(id) = self.buffer {
            let limits = work.limits;
            let buffer = work.buffers.get(id);
            let within = buffer.held.len() <= limits.buffered_segments_per_side
                && buffer.held_bytes <= limits.buffered_bytes_per_side
                && work.time_ns.saturating_sub(buffer.gap_since_ns) <= limits.gap_ns;
            if within || buffer.held.is_empty() {
                return;
            }
            self.give_up_gap(work);
        }
    }

    /// Goes on behind the first gap, without the message begun before it.
    fn give_up_gap<F: FnMut(Cut<'_>)>(&mut self, work: &mut Work<'_, F>) {
        let Some(id) = self.buffer else { return };
        let buffer = work.buffers.get(id);
        work.ledger.evicted.tcp_segments += u64::from(!buffer.message.is_empty());
        let gap_end = buffer.held.first().map_or(self.next, |held| held.sequence);
        self.lose_up_to(gap_end, self.next, work);
        self.drain(work);
    }

    /// Takes in whatever is held, gaps or not: nothing more is waited for. The messages in it have the times at which they
    /// came.
    pub fn flush<F: FnMut(Cut<'_>)>(&mut self, work: &mut Work<'_, F>) {
        let Some(id) = self.buffer else { return };
        work.late = Some(PacketRow { time_ns: i64::MIN, ..work.buffers.get(id).packet });
        while let Some(id) = self.buffer
            && !work.buffers.get(id).held.is_empty()
        {
            self.give_up_gap(work);
        }
        work.late = None;
        self.settle(work);
    }

    /// Accounts for the buffer, or gives it back if nothing waits in it.
    fn settle<F>(&mut self, work: &mut Work<'_, F>) {
        match self.buffer {
            Some(id) if work.buffers.get(id).is_empty() => {
                self.release(work.buffers);
            }
            Some(id) => work.buffers.settle(id),
            None => {}
        }
    }

    /// Gives back the buffer; returns how many segments' worth of data was in it.
    pub fn release(&mut self, buffers: &mut Buffers) -> u64 {
        self.buffer.take().map_or(0, |id| buffers.release(id))
    }

    /// Gives back the buffer with what is in it, to keep the bound on memory; the side is lost then.
    pub fn evict(&mut self, buffers: &mut Buffers) -> u64 {
        self.lose(buffers);
        self.release(buffers)
    }
}

/// How many bytes a begun message lacks, where enough of it is there to say so.
fn rest_of(message: &[u8], framing: Framing, limits: &StreamLimits) -> Option<u32> {
    match (framing.frame)(message) {
        Boundary::Message { skip, length } if skip + length <= limits.buffered_bytes_per_side => {
            Some((skip + length).saturating_sub(message.len()) as u32)
        }
        _ => None,
    }
}
