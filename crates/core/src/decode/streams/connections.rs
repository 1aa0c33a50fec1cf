//! The connections that are followed: a bounded table that forgets what was not used for longest, nearly.

use std::collections::HashMap;

use super::Protocol;
use super::side::Side;
use crate::hash::SeededState;

/// A connection of which data was seen.
pub(super) struct Connection {
    pub flow: u64,
    pub sides: [Side; 2],
    pub protocol: Protocol,
    /// After this packet time nothing is kept of it.
    pub expires_ns: i64,
    pub closed: bool,
    /// It had a second segment since the clock hand last passed.
    referenced: bool,
    in_use: bool,
}

/// Connections by flow. The CLOCK algorithm chooses which to forget: a connection with a single segment goes before
/// one that is in use, so that a flood does not push out the real ones.
pub(super) struct Connections {
    slots: Vec<Connection>,
    by_flow: HashMap<u64, u32, SeededState>,
    free: Vec<u32>,
    hand: usize,
    limit: usize,
}

impl Connections {
    pub fn new(limit: usize, seed: u64) -> Self {
        Self {
            slots: Vec::new(),
            by_flow: HashMap::with_hasher(SeededState(seed)),
            free: Vec::new(),
            hand: 0,
            limit: limit.clamp(1, u32::MAX as usize),
        }
    }

    pub fn len(&self) -> usize {
        self.by_flow.len()
    }

    #[inline]
    pub fn find(&self, flow: u64) -> Option<u32> {
        self.by_flow.get(&flow).copied()
    }

    pub fn get(&mut self, slot: u32) -> &mut Connection {
        &mut self.slots[slot as usize]
    }

    /// True where a slot has a connection.
    pub fn holds(&self, slot: u32) -> bool {
        self.slots[slot as usize].in_use
    }

    /// Marks a connection as worth keeping.
    #[inline]
    pub fn touch(&mut self, slot: u32) -> &mut Connection {
        let connection = self.get(slot);
        connection.referenced = true;
        connection
    }

    /// True when there is room for one more; otherwise one must be removed first.
    pub fn has_room(&self) -> bool {
        self.by_flow.len() < self.limit
    }

    /// Starts to follow a flow that is not in the table.
    pub fn insert(&mut self, flow: u64, protocol: Protocol, expires_ns: i64) -> u32 {
        let connection = Connection {
            flow,
            sides: [Side::NEW, Side::NEW],
            protocol,
            expires_ns,
            closed: false,
            referenced: false,
            in_use: true,
        };
        let slot = match self.free.pop() {
            Some(slot) => {
                *self.get(slot) = connection;
                slot
            }
            None => {
                self.slots.push(connection);
                self.slots.len() as u32 - 1
            }
        };
        self.by_flow.insert(flow, slot);
        slot
    }

    /// Forgets a connection, whose buffers must have been released.
    pub fn remove(&mut self, slot: u32) {
        let connection = self.get(slot);
        connection.in_use = false;
        let flow = connection.flow;
        self.by_flow.remove(&flow);
        self.free.push(slot);
    }

    /// Moves the clock hand over the next slot; returns it if its connection is over, or, when `force` is set, if it
    /// can be spared.
    pub fn step(&mut self, now_ns: i64, force: bool) -> Option<u32> {
        self.hand = if self.hand + 1 < self.slots.len() { self.hand + 1 } else { 0 };
        let connection = self.slots.get_mut(self.hand)?;
        if !connection.in_use {
            return None;
        }
        let over = connection.expires_ns < now_ns;
        let spared = force && !std::mem::take(&mut connection.referenced);
        (over || spared).then_some(self.hand as u32)
    }

    pub fn memory_bytes(&self) -> usize {
        self.slots.capacity() * size_of::<Connection>()
            + self.free.capacity() * size_of::<u32>()
            // One control byte each, and a load of at most seven eighths.
            + self.by_flow.capacity() * 8 / 7 * (size_of::<(u64, u32)>() + 1)
    }
}
