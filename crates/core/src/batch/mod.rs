//! Columnar batches: one table per kind of row, one vector per column.
//!
//! A frame becomes one row of the [`PacketTable`]. Where it carries a message of a known application protocol, that
//! message becomes a row of the protocol's own table (see [`crate::decode::app`]), which points back to its packet by
//! [`Table::packet_rows`]. So a metric over DNS messages walks only DNS messages.

pub(crate) mod column;
mod packet;

pub use column::{Address, Column, ColumnDefinition, ColumnType, Span, TextColumn};
pub use packet::{Direction, PacketTable};

use crate::decode::app::AppTables;
use crate::ledger::Ledger;

/// Rows after which a batch is handed on. Large enough to pay for the call, small enough that its columns stay in the
/// second-level cache (the measured times are flat from 2,048 to 8,192).
pub const BATCH_ROWS: usize = 4096;

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
    /// For each row the row of its packet; empty in the packet table itself.
    fn packet_rows(&self) -> &[u32];
    fn clear(&mut self);
}

/// What a decoder has made of some frames: full, it goes through the plans, is cleared and filled again.
#[derive(Debug, Default)]
pub struct Batch {
    pub packets: PacketTable,
    pub apps: AppTables,
    /// What became of the frames of this batch.
    pub ledger: Ledger,
}

impl Batch {
    pub fn is_full(&self) -> bool {
        self.packets.len() >= BATCH_ROWS || self.apps.longest() >= BATCH_ROWS
    }

    pub fn is_empty(&self) -> bool {
        self.packets.is_empty() && self.apps.longest() == 0 && self.ledger.seen == 0
    }

    pub fn clear(&mut self) {
        self.packets.clear();
        self.apps.clear();
        self.ledger = Ledger::default();
    }

    /// The table of that name: `packet`, or that of an application protocol.
    pub fn table(&self, name: &str) -> Option<&dyn Table> {
        match name {
            "packet" => Some(&self.packets),
            _ => self.apps.table(name),
        }
    }
}

/// The names of all tables, `packet` first.
pub fn table_names() -> impl Iterator<Item = &'static str> {
    std::iter::once("packet").chain(AppTables::NAMES.iter().copied())
}

/// Declares a table: its struct of vectors and, from the same lines, the schema that Python and the docs read.
///
/// The first column is the time of the row. Fields of type [`Span`] are text that lies in the table's `text`.
macro_rules! table {
    (
        $(#[$meta:meta])*
        pub struct $name:ident {
            $( $field:ident : $type:ty => $column:literal, $unit:literal, $meaning:literal; )+
        }
        time $time:ident; packet_rows $rows:expr;
    ) => {
        $(#[$meta])*
        #[derive(Debug, Default)]
        pub struct $name {
            $( #[doc = $meaning] pub $field: Vec<$type>, )+
            /// The bytes that the text columns point into.
            pub text: Vec<u8>,
        }

        impl $name {
            const DEFINITIONS: &'static [$crate::batch::ColumnDefinition] = &[
                $( $crate::batch::ColumnDefinition {
                    name: $column,
                    kind: <$type as $crate::batch::column::ColumnValue>::TYPE,
                    unit: $unit,
                    meaning: $meaning,
                }, )+
            ];

            /// Makes room for the rows of a full batch, so that filling it never allocates.
            pub fn reserve(&mut self, rows: usize) {
                $( self.$field.reserve(rows); )+
            }
        }

        impl $crate::batch::Table for $name {
            fn definitions(&self) -> &'static [$crate::batch::ColumnDefinition] {
                Self::DEFINITIONS
            }

            fn len(&self) -> usize {
                self.$time.len()
            }

            fn column(&self, index: usize) -> $crate::batch::Column<'_> {
                [$( $crate::batch::column::ColumnValue::view(&self.$field, &self.text), )+][index]
            }

            fn times_ns(&self) -> &[i64] {
                &self.$time
            }

            fn packet_rows(&self) -> &[u32] {
                let rows: fn(&Self) -> &[u32] = $rows;
                rows(self)
            }

            fn clear(&mut self) {
                $( self.$field.clear(); )+
                self.text.clear();
            }
        }
    };
}
pub(crate) use table;
