//! The bytes that streams wait with: messages begun, and segments ahead of a gap. All of them within one bound.

use std::mem;

use crate::table::PacketRow;

/// A segment, or a piece of one, that came ahead of its turn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held {
    pub sequence: u32,
    /// Bytes on the wire; those beyond `captured` are missing from the capture.
    pub wire_bytes: u32,
    /// Where its captured bytes stand in [`Buffer::arena`], and how many they are.
    start: u32,
    captured: u32,
    pub time_ns: i64,
}

impl Held {
    pub fn range(&self) -> std::ops::Range<usize> {
        self.start as usize..self.start as usize + self.captured as usize
    }
}

/// What one side of a connection waits with.
pub(super) struct Buffer {
    /// The bytes of a message begun, prefix included, in order.
    pub message: Vec<u8>,
    /// The bytes of held segments in order of arrival; those of segments no longer held linger until compaction.
    pub arena: Vec<u8>,
    /// Segments ahead of a gap, by sequence; they do not overlap.
    pub held: Vec<Held>,
    /// When the gap before the held segments was first noticed.
    pub gap_since_ns: i64,
    /// The packet of the segment that was held last.
    pub packet: PacketRow,
    /// Captured bytes of all held segments.
    pub held_bytes: usize,
    /// Whose buffer it is: connection and side. `None` while it waits for reuse.
    owner: Option<(u32, u8)>,
    /// The memory that it was last accounted with.
    accounted_bytes: usize,
}

impl Default for Buffer {
    fn default() -> Self {
        Self {
            message: Vec::new(),
            arena: Vec::new(),
            held: Vec::new(),
            gap_since_ns: 0,
            packet: PacketRow::EMPTY,
            held_bytes: 0,
            owner: None,
            accounted_bytes: 0,
        }
    }
}

impl Buffer {
    /// Takes in a segment ahead of its turn, `next` being the sequence number that is due. Bytes already held win
    /// over later ones for the same place (an attacker could otherwise rewrite what was seen).
    pub fn hold(&mut self, next: u32, sequence: u32, bytes: &[u8], wire_bytes: u32, packet: &PacketRow) {
        self.packet = *packet;
        let first = sequence.wrapping_sub(next);
        let end = first.saturating_add(wire_bytes);
        let (mut from, mut at) = (first, 0);
        while from < end {
            let (start, after) = match self.held.get(at) {
                Some(held) => {
                    let start = held.sequence.wrapping_sub(next);
                    (start, start.saturating_add(held.wire_bytes))
                }
                None => (end, end),
            };
            if start <= from {
                from = from.max(after);
                at += 1;
                continue;
            }
            let until = start.min(end);
            let piece = bytes.get((from - first) as usize..).unwrap_or_default();
            let piece = &piece[..piece.len().min((until - from) as usize)];
            // A place of which nothing was captured stays a gap.
            if !piece.is_empty() {
                let held = self.store(next.wrapping_add(from), piece, until - from);
                self.held.insert(at, held);
                at += 1;
            }
            from = until;
        }
    }

    fn store(&mut self, sequence: u32, piece: &[u8], wire_bytes: u32) -> Held {
        let start = self.arena.len() as u32;
        self.arena.extend_from_slice(piece);
        self.held_bytes += piece.len();
        Held { sequence, wire_bytes, start, captured: piece.len() as u32, time_ns: self.packet.time_ns }
    }

    /// Removes the segment that is first in sequence.
    pub fn pop(&mut self) -> Option<Held> {
        if self.held.is_empty() {
            return None;
        }
        let first = self.held.remove(0);
        self.held_bytes -= first.captured as usize;
        Some(first)
    }

    pub fn is_empty(&self) -> bool {
        self.message.is_empty() && self.held.is_empty()
    }

    /// Segments' worth of data that would be lost with this buffer; the begun message counts as one.
    pub fn segments(&self) -> u64 {
        self.held.len() as u64 + u64::from(!self.message.is_empty())
    }

    fn memory_bytes(&self) -> usize {
        self.message.capacity() + self.arena.capacity() + self.held.capacity() * size_of::<Held>() + size_of::<Self>()
    }

    fn clear(&mut self) {
        self.message.clear();
        self.arena.clear();
        self.held.clear();
        self.held_bytes = 0;
        self.owner = None;
    }
}

/// All buffers, in use or waiting for reuse.
pub(super) struct Buffers {
    all: Vec<Buffer>,
    free: Vec<u32>,
    /// Memory of all buffers as accounted, and the part of it that waits for reuse.
    memory_bytes: usize,
    free_bytes: usize,
    limit_bytes: usize,
    /// Where the search for a victim goes on.
    hand: usize,
    /// An empty message buffer for streams without a buffer of their own.
    spare: Vec<u8>,
}

impl Buffers {
    pub fn new(limit_bytes: usize) -> Self {
        Self {
            all: Vec::new(),
            free: Vec::new(),
            memory_bytes: 0,
            free_bytes: 0,
            limit_bytes,
            hand: 0,
            spare: Vec::new(),
        }
    }

    pub fn get(&mut self, id: u32) -> &mut Buffer {
        &mut self.all[id as usize]
    }

    /// Connection and side of each buffer in use, and since when it has a gap, if it has one.
    pub fn in_use(&self) -> Vec<(u32, u8, Option<i64>)> {
        let gap = |buffer: &Buffer| (!buffer.held.is_empty()).then_some(buffer.gap_since_ns);
        self.all.iter().filter_map(|buffer| buffer.owner.map(|(slot, side)| (slot, side, gap(buffer)))).collect()
    }

    /// A buffer for one side of a connection.
    pub fn acquire(&mut self, owner: (u32, u8)) -> u32 {
        let id = match self.free.pop() {
            Some(id) => {
                self.free_bytes -= self.all[id as usize].accounted_bytes;
                id
            }
            None => {
                self.all.push(Buffer::default());
                self.all.len() as u32 - 1
            }
        };
        self.get(id).owner = Some(owner);
        id
    }

    /// Takes a buffer back and returns how many segments' worth of data it still had. Its memory is kept for reuse
    /// within an eighth of the bound.
    pub fn release(&mut self, id: u32) -> u64 {
        let lost = self.get(id).segments();
        self.get(id).clear();
        self.settle(id);
        let kept = self.free_bytes + self.get(id).accounted_bytes;
        if kept > self.limit_bytes / 8 {
            *self.get(id) = Buffer { accounted_bytes: self.get(id).accounted_bytes, ..Buffer::default() };
            self.settle(id);
        }
        self.free_bytes += self.get(id).accounted_bytes;
        self.free.push(id);
        lost
    }

    /// Accounts for the memory of a buffer after it was filled, and throws out the bytes of segments gone.
    pub fn settle(&mut self, id: u32) {
        let spare = &mut self.spare;
        let buffer = &mut self.all[id as usize];
        if buffer.held.is_empty() {
            buffer.arena.clear();
        } else if buffer.arena.len() > 2 * buffer.held_bytes + COMPACT_FROM_BYTES {
            compact(buffer, spare);
        }
        let now = buffer.memory_bytes();
        let before = mem::replace(&mut buffer.accounted_bytes, now);
        self.memory_bytes = self.memory_bytes - before + buffer.accounted_bytes;
    }

    /// Runs `work` on the message buffer of a side. A side without a buffer gets one only if `work` leaves bytes.
    pub fn with_message<R>(
        &mut self,
        id: &mut Option<u32>,
        owner: (u32, u8),
        work: impl FnOnce(&mut Vec<u8>) -> R,
    ) -> R {
        if let Some(id) = *id {
            return work(&mut self.get(id).message);
        }
        let mut message = mem::take(&mut self.spare);
        let result = work(&mut message);
        if !message.is_empty() {
            let acquired = self.acquire(owner);
            mem::swap(&mut self.get(acquired).message, &mut message);
            *id = Some(acquired);
        }
        self.spare = message;
        result
    }

    /// The owner of the next buffer to give up, while more memory than allowed is in use.
    pub fn victim(&mut self) -> Option<(u32, u8)> {
        if self.memory_bytes <= self.limit_bytes {
            return None;
        }
        for _ in 0..self.all.len() {
            self.hand = if self.hand + 1 < self.all.len() { self.hand + 1 } else { 0 };
            if let Some(owner) = self.all[self.hand].owner {
                return Some(owner);
            }
        }
        None
    }

    pub fn memory_bytes(&self) -> usize {
        self.memory_bytes + self.spare.capacity() + self.free.capacity() * size_of::<u32>()
    }
}

/// Below this much waste an arena is not compacted.
const COMPACT_FROM_BYTES: usize = 16 * 1024;

/// Copies the bytes of the segments still held to the start of the arena.
fn compact(buffer: &mut Buffer, spare: &mut Vec<u8>) {
    for held in &mut buffer.held {
        let start = spare.len() as u32;
        spare.extend_from_slice(&buffer.arena[held.range()]);
        held.start = start;
    }
    mem::swap(&mut buffer.arena, spare);
    spare.clear();
}
