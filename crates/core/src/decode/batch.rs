//! Batches: some rows of all tables, as decoders write them and plans take them.

use super::app::{AppTables, Needs};
use crate::ledger::Ledger;
use crate::table::{Direction, FlowTable, PacketTable, ProbeTable, ResourceTable, Table};

/// Rows after which a batch is handed on. Large enough to pay for the call, small enough that its columns stay in the
/// second-level cache (the measured times are flat from 2,048 to 8,192).
pub const BATCH_ROWS: usize = 4096;

/// The same for flow records, whose rows are four times as long.
const FLOW_ROWS: usize = BATCH_ROWS / 4;

/// From here on, a message's row of its packet counts in [`Batch::earlier`].
pub const EARLIER: u32 = 1 << 31;

/// What a decoder has made of some frames: full, it goes through the plans, is cleared and filled again.
#[derive(Debug, Default)]
pub struct Batch {
    pub packets: PacketTable,
    pub apps: AppTables,
    /// Packets of batches before this one that brought messages of this one: those that waited behind a gap.
    pub earlier: PacketTable,
    /// Flow records, which come without packets.
    pub flows: FlowTable,
    /// What became of probes.
    pub probes: ProbeTable,
    /// What a live input takes.
    pub resources: ResourceTable,
    #[cfg(test)]
    pub(crate) signals: crate::table::testing::SignalTable,
    /// What became of the frames of this batch.
    pub ledger: Ledger,
}

impl Batch {
    /// An empty batch with room for so many packets, so that filling it allocates nothing.
    pub fn with_room(packets: usize) -> Self {
        let mut batch = Self::default();
        batch.packets.reserve(packets);
        batch
    }

    /// Whether any table of what comes is full.
    pub fn is_full(&self) -> bool {
        const { assert!(BATCH_ROWS.is_power_of_two()) }; // so lengths need not be looked at one by one
        let flows = self.flows.len() * (BATCH_ROWS / FLOW_ROWS);
        self.packets.len() | self.apps.rows() | flows | self.probes.len() >= BATCH_ROWS
    }

    /// Whether there are rows of what came; those of what the input itself takes aside.
    pub fn has_rows(&self) -> bool {
        !self.packets.is_empty() || self.apps.rows() > 0 || !self.flows.is_empty() || !self.probes.is_empty()
    }

    pub fn is_empty(&self) -> bool {
        !self.has_rows() && self.resources.is_empty() && self.ledger == Ledger::default()
    }

    /// The ledger with what is counted over whole columns.
    pub fn complete_ledger(&mut self) -> &Ledger {
        let is_unknown = |direction: &&u8| **direction == Direction::Unknown as u8;
        self.ledger.direction_unknown = self.packets.direction().iter().filter(is_unknown).count() as u64;
        &self.ledger
    }

    pub fn clear(&mut self) {
        self.packets.clear();
        self.apps.clear();
        self.earlier.clear();
        self.flows.clear();
        self.probes.clear();
        self.resources.clear();
        #[cfg(test)]
        self.signals.clear();
        self.ledger = Ledger::default();
    }

    /// All tables, that of packets first.
    pub fn tables(&self) -> impl Iterator<Item = &dyn Table> {
        table_names().filter_map(|name| self.table(name))
    }

    /// The table of that name: `packet`, `flow`, `probe`, `resources`, or that of an application protocol.
    pub fn table(&self, name: &str) -> Option<&dyn Table> {
        match name {
            "packet" => Some(&self.packets),
            "flow" => Some(&self.flows),
            "probe" => Some(&self.probes),
            "resources" => Some(&self.resources),
            #[cfg(test)]
            "signal" => Some(&self.signals),
            _ => self.apps.table(name),
        }
    }
}

/// The names of all tables, `packet` first.
pub fn table_names() -> impl Iterator<Item = &'static str> {
    let names = std::iter::once("packet").chain(AppTables::NAMES.iter().copied()).chain(["flow", "probe", "resources"]);
    #[cfg(test)]
    let names = names.chain(std::iter::once("signal"));
    names
}

impl Needs {
    /// Every table and column, for those who look at whole batches.
    pub fn all() -> Self {
        let mut needs = Self::default();
        needs.add_all_tables();
        let batch = Batch::default();
        batch.tables().flat_map(|table| table.definitions()).for_each(|column| needs.add(column.name));
        needs
    }
}
