//! The pcapng format: <https://www.ietf.org/archive/id/draft-ietf-opsawg-pcapng-02.html>.
//!
//! Blocks that hold packets or say how to read them are parsed; all others are skipped, however long they are.

use super::blocks::Blocks;
use super::order::ByteOrder;
use super::time::Clock;
use super::{Damage, MAX_RECORD_BYTES, Record, Stop};

/// The most interfaces that a section may describe.
pub const MAX_INTERFACES: usize = 65_536;

/// A block's type and length, and the length again behind its body.
const BLOCK_HEADER_BYTES: usize = 8;
const BLOCK_TRAILER_BYTES: usize = 4;

/// The longest block that is taken into memory: a packet, and room for its options.
const LONGEST_BLOCK: u32 = MAX_RECORD_BYTES as u32 + 65_536;

/// Type of the block that begins a section; it reads the same in both byte orders.
const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE_DESCRIPTION: u32 = 1;
const OBSOLETE_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const ENHANCED_PACKET: u32 = 6;

const BYTE_ORDER_MAGIC: u32 = 0x1a2b_3c4d;

const OPTION_END: u16 = 0;
const OPTION_TIME_RESOLUTION: u16 = 9;
const OPTION_TIME_OFFSET: u16 = 14;

/// Whether a file that begins with these bytes claims to be pcapng.
pub(super) fn is_magic(first: [u8; 4]) -> bool {
    first == SECTION_HEADER.to_le_bytes()
}

/// The state of a section, and of the file so far.
pub(super) struct Pcapng {
    order: ByteOrder,
    interfaces: Vec<Interface>,
    /// How many interfaces the sections before this one had.
    interfaces_before: u32,
    /// Time of the last packet that had one, for simple packets, which have none.
    last_time_ns: i64,
}

struct Interface {
    link_type: u16,
    /// 0 when there is no limit.
    snap_length: u32,
    clock: Clock,
}

/// A block that is pending as a whole.
struct Block {
    kind: u32,
    bytes: usize,
}

impl Pcapng {
    /// Reads the header of the first section. `None` when the pending bytes don't begin with one.
    pub(super) fn start(blocks: &mut Blocks) -> Option<Result<Self, Stop>> {
        let mut file = Self { order: ByteOrder::Little, interfaces: Vec::new(), interfaces_before: 0, last_time_ns: 0 };
        if !blocks.pending().starts_with(&SECTION_HEADER.to_le_bytes()) || section_order(blocks).is_none() {
            return None;
        }
        Some(file.next_block(blocks).and_then(|block| file.begin_section(blocks, &block)).map(|()| file))
    }

    pub(super) fn next_record(&mut self, blocks: &mut Blocks) -> Result<Record, Stop> {
        loop {
            let block = self.next_block(blocks)?;
            match block.kind {
                ENHANCED_PACKET => return self.enhanced_packet(blocks, &block),
                OBSOLETE_PACKET => return self.obsolete_packet(blocks, &block),
                SIMPLE_PACKET => return self.simple_packet(blocks, &block),
                INTERFACE_DESCRIPTION => self.add_interface(blocks, &block)?,
                _ => self.begin_section(blocks, &block)?,
            }
        }
    }

    /// Skips to the next block that matters, and has it pending as a whole.
    #[inline]
    fn next_block(&mut self, blocks: &mut Blocks) -> Result<Block, Stop> {
        loop {
            if !blocks.has(BLOCK_HEADER_BYTES + BLOCK_TRAILER_BYTES).map_err(|reason| Stop::damage(blocks, reason))? {
                return Err(Stop::at_end_of(blocks, "a block"));
            }
            let kind = self.order.u32(blocks.pending(), 0);
            if kind == SECTION_HEADER {
                let Some(order) = section_order(blocks) else {
                    return Err(Stop::damage(blocks, "a section header has no byte order mark".to_string()));
                };
                self.order = order;
            }
            let length = self.order.u32(blocks.pending(), 4);
            if !length.is_multiple_of(4) || (length as usize) < BLOCK_HEADER_BYTES + BLOCK_TRAILER_BYTES {
                return Err(Stop::damage(blocks, format!("a block says it is {length} bytes long")));
            }
            if !matches!(
                kind,
                ENHANCED_PACKET | OBSOLETE_PACKET | SIMPLE_PACKET | INTERFACE_DESCRIPTION | SECTION_HEADER
            ) {
                self.skip_block(blocks, length)?;
                continue;
            }
            if length > LONGEST_BLOCK {
                let reason =
                    format!("a packet block says it is {length} bytes long; at most {LONGEST_BLOCK} are possible");
                return Err(Stop::damage(blocks, reason));
            }
            let bytes = length as usize;
            if !blocks.has(bytes).map_err(|reason| Stop::damage(blocks, reason))? {
                return Err(Stop::at_end_of(blocks, "a block"));
            }
            if self.order.u32(blocks.pending(), bytes - BLOCK_TRAILER_BYTES) != length {
                return Err(lengths_differ(blocks));
            }
            return Ok(Block { kind, bytes });
        }
    }

    /// Passes over a block that need not fit into memory.
    #[cold]
    fn skip_block(&mut self, blocks: &mut Blocks, length: u32) -> Result<(), Stop> {
        if blocks.may_grow() && length <= LONGEST_BLOCK {
            // Of what is still being written nothing is passed over before all of it is there.
            if !blocks.has(length as usize).map_err(|reason| Stop::damage(blocks, reason))? {
                return Err(Stop::at_end_of(blocks, "a block"));
            }
        }
        let start = blocks.position();
        let at_start = |reason: String| Stop::Damage(Damage { offset: start, reason });
        let ends_within = || at_start("the file ends within a block".to_string());
        let mut left = length as usize - BLOCK_TRAILER_BYTES;
        while left > 0 {
            if !blocks.has(1).map_err(at_start)? {
                return Err(ends_within());
            }
            left -= blocks.take(left).len();
        }
        if !blocks.has(BLOCK_TRAILER_BYTES).map_err(at_start)? {
            return Err(ends_within());
        }
        if self.order.u32(blocks.pending(), 0) != length {
            return Err(at_start(LENGTHS_DIFFER.to_string()));
        }
        blocks.take(BLOCK_TRAILER_BYTES);
        Ok(())
    }

    #[cold]
    fn begin_section(&mut self, blocks: &mut Blocks, block: &Block) -> Result<(), Stop> {
        if block.bytes < 28 {
            return Err(too_short(blocks, "a section header", block));
        }
        let major = self.order.u16(blocks.pending(), 12);
        if major != 1 {
            return Err(Stop::damage(
                blocks,
                format!("a section has pcapng version {major}; only version 1 can be read"),
            ));
        }
        self.interfaces_before = self.interfaces_before.saturating_add(self.interfaces.len() as u32);
        self.interfaces.clear();
        blocks.take(block.bytes);
        Ok(())
    }

    #[cold]
    fn add_interface(&mut self, blocks: &mut Blocks, block: &Block) -> Result<(), Stop> {
        if block.bytes < 20 {
            return Err(too_short(blocks, "an interface description", block));
        }
        if self.interfaces.len() == MAX_INTERFACES {
            let reason = format!("a section describes more than {MAX_INTERFACES} interfaces");
            return Err(Stop::damage(blocks, reason));
        }
        let pending = blocks.pending();
        let options = &pending[16..block.bytes - BLOCK_TRAILER_BYTES];
        let Some(clock) = self.clock_of(options) else {
            return Err(Stop::damage(blocks, "an interface description has options that overrun it".to_string()));
        };
        let link_type = self.order.u16(pending, 8);
        self.interfaces.push(Interface { link_type, snap_length: self.order.u32(pending, 12), clock });
        blocks.take(block.bytes);
        Ok(())
    }

    /// The clock that an interface's options tell of; `None` when they are not well formed.
    fn clock_of(&self, mut options: &[u8]) -> Option<Clock> {
        let mut clock = Clock::MICROSECONDS;
        while options.len() >= 4 {
            let (code, length) = (self.order.u16(options, 0), usize::from(self.order.u16(options, 2)));
            let value = options.get(4..4 + length)?;
            match (code, value) {
                (OPTION_END, _) => break,
                (OPTION_TIME_RESOLUTION, &[resolution]) => clock.set_resolution(resolution),
                (OPTION_TIME_OFFSET, &[_, _, _, _, _, _, _, _]) => {
                    let (high, low) = match self.order {
                        ByteOrder::Big => (self.order.u32(value, 0), self.order.u32(value, 4)),
                        ByteOrder::Little => (self.order.u32(value, 4), self.order.u32(value, 0)),
                    };
                    clock.set_offset_seconds((u64::from(high) << 32 | u64::from(low)).cast_signed());
                }
                (OPTION_TIME_RESOLUTION | OPTION_TIME_OFFSET, _) => return None,
                _ => (),
            }
            options = options.get(4 + length.next_multiple_of(4)..).unwrap_or_default();
        }
        Some(clock)
    }

    #[inline]
    fn enhanced_packet(&mut self, blocks: &mut Blocks, block: &Block) -> Result<Record, Stop> {
        if block.bytes < 32 {
            return Err(too_short(blocks, "an enhanced packet block", block));
        }
        let interface = self.order.u32(blocks.pending(), 8);
        self.timed_packet(blocks, block, interface)
    }

    /// What Wireshark wrote before 2010: as an enhanced packet, with half of the interface field for a drop count.
    #[cold]
    fn obsolete_packet(&mut self, blocks: &mut Blocks, block: &Block) -> Result<Record, Stop> {
        if block.bytes < 32 {
            return Err(too_short(blocks, "a packet block", block));
        }
        let interface = u32::from(self.order.u16(blocks.pending(), 8));
        self.timed_packet(blocks, block, interface)
    }

    /// The rest of a packet block from its time on; the caller has seen to it that the block is at least 32 bytes long.
    #[inline]
    fn timed_packet(&mut self, blocks: &mut Blocks, block: &Block, interface: u32) -> Result<Record, Stop> {
        const DATA_AT: usize = 28;
        let pending = blocks.pending();
        let word = |at| self.order.u32(pending, at);
        let (ticks_high, ticks_low, captured_bytes, wire_bytes) = (word(12), word(16), word(20), word(24));
        let Some(Interface { link_type, clock, .. }) = self.interfaces.get(interface as usize) else {
            return Err(no_interface(blocks, interface));
        };
        if captured_bytes as usize > block.bytes - DATA_AT - BLOCK_TRAILER_BYTES {
            return Err(overruns(blocks, captured_bytes));
        }
        self.last_time_ns = clock.time_ns(u64::from(ticks_high) << 32 | u64::from(ticks_low));
        Ok(Record {
            time_ns: self.last_time_ns,
            link_type: *link_type,
            interface: self.interfaces_before.saturating_add(interface),
            wire_bytes: wire_bytes.max(captured_bytes),
            start: take_data(blocks, block, DATA_AT),
            captured_bytes,
        })
    }

    /// A packet of the section's first interface, without a time; its captured length follows from the snap length.
    #[cold]
    fn simple_packet(&mut self, blocks: &mut Blocks, block: &Block) -> Result<Record, Stop> {
        const DATA_AT: usize = 12;
        if block.bytes < DATA_AT + BLOCK_TRAILER_BYTES {
            return Err(too_short(blocks, "a simple packet block", block));
        }
        let wire_bytes = self.order.u32(blocks.pending(), 8);
        let Some(Interface { link_type, snap_length, .. }) = self.interfaces.first() else {
            return Err(no_interface(blocks, 0));
        };
        let captured_bytes = if *snap_length == 0 { wire_bytes } else { wire_bytes.min(*snap_length) };
        if captured_bytes as usize > block.bytes - DATA_AT - BLOCK_TRAILER_BYTES {
            return Err(overruns(blocks, captured_bytes));
        }
        Ok(Record {
            time_ns: self.last_time_ns,
            link_type: *link_type,
            interface: self.interfaces_before,
            wire_bytes,
            start: take_data(blocks, block, DATA_AT),
            captured_bytes,
        })
    }
}

/// The byte order that the pending section header says it is in.
#[cold]
fn section_order(blocks: &Blocks) -> Option<ByteOrder> {
    let mark = blocks.pending().get(8..12)?;
    [ByteOrder::Little, ByteOrder::Big].into_iter().find(|order| order.u32(mark, 0) == BYTE_ORDER_MAGIC)
}

/// Takes a block, and gives the place of the packet in it.
#[inline]
fn take_data(blocks: &mut Blocks, block: &Block, data_at: usize) -> u32 {
    (blocks.take(block.bytes).start + data_at) as u32
}

const LENGTHS_DIFFER: &str = "a block gives one length before and another behind its body";

#[cold]
fn lengths_differ(blocks: &Blocks) -> Stop {
    Stop::damage(blocks, LENGTHS_DIFFER.to_string())
}

#[cold]
fn too_short(blocks: &Blocks, what: &str, block: &Block) -> Stop {
    Stop::damage(blocks, format!("{what} is only {} bytes long", block.bytes))
}

#[cold]
fn no_interface(blocks: &Blocks, interface: u32) -> Stop {
    Stop::damage(blocks, format!("a packet is of interface {interface}, which the section doesn't describe"))
}

#[cold]
fn overruns(blocks: &Blocks, captured_bytes: u32) -> Stop {
    Stop::damage(blocks, format!("a packet says it holds {captured_bytes} bytes, which overruns its block"))
}
