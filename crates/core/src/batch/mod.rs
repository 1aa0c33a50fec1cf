//! Columnar batches: one table per kind of row, one vector per column.
//!
//! A frame becomes one row of the [`PacketTable`]. Where it carries a message of a known application protocol, that
//! message becomes a row of the protocol's own table (see [`crate::decode::app`]), which points back to its packet by
//! [`Table::packet_rows`]. So a metric over DNS messages walks only DNS messages. Rows of the [`FlowTable`] have no
//! packets: they are what others tell of theirs.

pub mod arrow;
pub(crate) mod column;
mod flow;
mod packet;
mod resources;
#[cfg(test)]
pub(crate) mod testing;

pub use column::{Address, Column, ColumnDefinition, ColumnType, Span, TextColumn};
pub use flow::{FlowRow, FlowTable};
pub use packet::{Direction, PacketRow, PacketTable};
pub use resources::{ResourceEvent, ResourceRow, ResourceTable};

use crate::decode::app::AppTables;
use crate::ledger::Ledger;

/// Rows after which a batch is handed on. Large enough to pay for the call, small enough that its columns stay in the
/// second-level cache (the measured times are flat from 2,048 to 8,192).
pub const BATCH_ROWS: usize = 4096;

/// From here on, a message's row of its packet counts in [`Batch::earlier`].
pub const EARLIER: u32 = 1 << 31;

/// A set of equally long columns.
pub trait Table {
    /// The columns in order; index `i` here is index `i` of [`Table::column`].
    fn definitions(&self) -> &'static [ColumnDefinition];
    fn len(&self) -> usize;
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    fn column(&self, index: usize) -> Column<'_>;
    /// Nanoseconds since 1970 of each row.
    fn times_ns(&self) -> &[i64];
    /// For each row the row of its packet, in ascending order; empty where rows have none: in the packet table itself, and
    /// in tables that are cut into windows by their own times.
    fn packet_rows(&self) -> &[u32];
    fn clear(&mut self);
}

/// What a decoder has made of some frames: full, it goes through the plans, is cleared and filled again.
#[derive(Debug, Default)]
pub struct Batch {
    pub packets: PacketTable,
    pub apps: AppTables,
    /// Packets of batches before this one that brought messages of this one: those that waited behind a gap.
    pub earlier: PacketTable,
    /// Flow records, which come without packets.
    pub flows: FlowTable,
    /// What a live input takes.
    pub resources: ResourceTable,
    #[cfg(test)]
    pub(crate) probes: testing::ProbeTable,
    /// What became of the frames of this batch.
    pub ledger: Ledger,
}

impl Batch {
    /// An empty batch with room for its rows, so that filling it allocates nothing.
    pub fn with_room() -> Self {
        let mut batch = Self::default();
        batch.packets.reserve(BATCH_ROWS);
        batch
    }

    pub fn is_full(&self) -> bool {
        self.packets.len() >= BATCH_ROWS || self.apps.longest() >= BATCH_ROWS || self.flows.len() >= BATCH_ROWS
    }

    /// Whether there are rows of what came; those of what the input itself takes aside.
    pub fn has_rows(&self) -> bool {
        !self.packets.is_empty() || self.apps.longest() > 0 || !self.flows.is_empty()
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
        self.resources.clear();
        #[cfg(test)]
        self.probes.clear();
        self.ledger = Ledger::default();
    }

    /// All tables, that of packets first.
    pub fn tables(&self) -> impl Iterator<Item = &dyn Table> {
        table_names().filter_map(|name| self.table(name))
    }

    /// The table of that name: `packet`, `flow`, `resources`, or that of an application protocol.
    pub fn table(&self, name: &str) -> Option<&dyn Table> {
        match name {
            "packet" => Some(&self.packets),
            "flow" => Some(&self.flows),
            "resources" => Some(&self.resources),
            #[cfg(test)]
            "probe" => Some(&self.probes),
            _ => self.apps.table(name),
        }
    }
}

/// The names of all tables, `packet` first.
pub fn table_names() -> impl Iterator<Item = &'static str> {
    let names = std::iter::once("packet").chain(AppTables::NAMES.iter().copied()).chain(["flow", "resources"]);
    #[cfg(test)]
    let names = names.chain(std::iter::once("probe"));
    names
}

/// Declares a table: its struct of vectors and, from the same lines, the schema that Python and the docs read.
///
/// The first column is the time of the row. Fields of type [`Span`] are text that lies in the table's `text`.
macro_rules! table {
    (
        $(#[$meta:meta])*
        pub struct $name:ident, row $row:ident {
            $( $field:ident : $type:ty => $column:literal, $unit:literal, $meaning:literal; )+
        }
        time $time:ident; packet_rows $rows:expr;
    ) => {
        $(#[$meta])*
        #[derive(Debug, Default)]
        pub struct $name {
            $( #[doc = $meaning] $field: Vec<$type>, )+
            /// The bytes that the text columns point into.
            pub text: Vec<u8>,
            /// Rows written; every column is at least so long, and what lies behind is old.
            rows: usize,
        }

        /// One row to be written; what a decoder does not know stays empty.
        #[derive(Debug, Clone, Copy)]
        pub struct $row {
            $( pub $field: $type, )+
        }

        impl $row {
            #[allow(dead_code)]
            pub const EMPTY: Self = Self {
                $( $field: <$type as $crate::batch::column::ColumnValue>::EMPTY, )+
            };
        }

        impl $name {
            $(
                #[doc = $meaning]
                #[inline]
                pub fn $field(&self) -> &[$type] {
                    &self.$field[..self.rows]
                }
            )+

            /// The row written last, to be filled further.
            #[inline(always)]
            #[allow(dead_code)]
            pub(crate) fn last_row(&self) -> usize {
                self.rows.wrapping_sub(1)
            }

            /// Writes a row at the end.
            #[inline(always)]
            pub fn push(&mut self, row: &$row) {
                let at = self.rows;
                if at == self.$time.len() {
                    self.reserve(at * 2);
                }
                // SAFETY: `reserve` makes all columns equally long, and longer than the rows written.
                unsafe {
                    $( *self.$field.get_unchecked_mut(at) = row.$field; )+
                }
                self.rows = at + 1;
            }

            /// Writes over the row written last.
            #[allow(dead_code)]
            pub(crate) fn replace_last(&mut self, row: &$row) {
                self.rows -= 1;
                self.push(row);
            }

            const DEFINITIONS: &'static [$crate::batch::ColumnDefinition] = &[
                $( $crate::batch::ColumnDefinition {
                    name: $column,
                    kind: <$type as $crate::batch::column::ColumnValue>::TYPE,
                    unit: $unit,
                    meaning: $meaning,
                }, )+
            ];

            /// Makes room for this many rows in all, so that filling them never allocates.
            #[cold]
            pub fn reserve(&mut self, rows: usize) {
                let room = rows.max(self.$time.len()).max(64);
                $( self.$field.resize(room, <$type as $crate::batch::column::ColumnValue>::EMPTY); )+
            }
        }

        impl $crate::batch::Table for $name {
            fn definitions(&self) -> &'static [$crate::batch::ColumnDefinition] {
                Self::DEFINITIONS
            }

            fn len(&self) -> usize {
                self.rows
            }

            fn column(&self, index: usize) -> $crate::batch::Column<'_> {
                [$( $crate::batch::column::ColumnValue::view(self.$field(), &self.text), )+][index]
            }

            fn times_ns(&self) -> &[i64] {
                self.$time()
            }

            fn packet_rows(&self) -> &[u32] {
                let rows: fn(&Self) -> &[u32] = $rows;
                rows(self)
            }

            fn clear(&mut self) {
                self.rows = 0;
                self.text.clear();
            }
        }
    };
}
pub(crate) use table;
