//! Tables: one per kind of row, one vector per column.
//!
//! A frame becomes one row of the [`PacketTable`]. Where it carries a message of a known application protocol, that
//! message becomes a row of the protocol's own table (see [`crate::decode::app`]), which points back to its packet by
//! [`Table::packet_rows`]. So a metric over DNS messages walks only DNS messages. Rows of the [`FlowTable`] have no
//! packets: they are what others tell of theirs; those of the [`ProbeTable`] tell of requests of our own. Some rows of all tables make a [`Batch`](crate::decode::Batch).

pub mod arrow;
pub(crate) mod column;
mod flow;
mod packet;
mod probe;
mod resources;
#[cfg(test)]
pub(crate) mod testing;

pub use column::{Address, Column, ColumnDefinition, ColumnType, Span, TextColumn};
pub(crate) use flow::{ENDPOINTS, LastRows};
pub use flow::{FlowRow, FlowTable};
pub use packet::{Direction, INTERFACE_COLUMN, PacketRow, PacketTable, TUNNEL_COLUMNS, TunnelRow};
pub use probe::{ProbeRow, ProbeTable};
pub use resources::{ResourceEvent, ResourceRow, ResourceTable};

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

/// Declares a table: its struct of vectors and, from the same lines, the schema that Python and the docs read.
///
/// The first column is the time of the row. Fields of type [`Span`] are text that lies in the table's `text`. Columns that
/// are `rare` are not of the row that is pushed, so that rows without them don't pay for them: they are empty until
/// somebody writes them by index.
macro_rules! table {
    (
        $(#[$meta:meta])*
        pub struct $name:ident, row $row:ident {
            $( $field:ident : $type:ty => $column:literal, $unit:literal, $meaning:literal; )+
        }
        $( rare {
            $( $rare:ident : $rare_type:ty => $rare_column:literal, $rare_unit:literal, $rare_meaning:literal; )+
        } )?
        time $time:ident; packet_rows $rows:expr;
    ) => {
        $(#[$meta])*
        #[derive(Debug, Default)]
        pub struct $name {
            $( #[doc = $meaning] $field: Vec<$type>, )+
            $( $( #[doc = $rare_meaning] $rare: $crate::table::column::Rare<$rare_type>, )+ )?
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
                $( $field: <$type as $crate::table::column::ColumnValue>::EMPTY, )+
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
            $( $(
                #[doc = $rare_meaning]
                #[inline]
                pub fn $rare(&self) -> &[$rare_type] {
                    self.$rare.first(self.rows)
                }
            )+ )?

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

            /// Writes a row at the end so many times.
            #[allow(dead_code)]
            pub(crate) fn push_copies(&mut self, row: &$row, copies: usize) {
                let rows = self.rows..self.rows + copies;
                if rows.end > self.$time.len() {
                    self.reserve(rows.end.next_power_of_two());
                }
                $( self.$field[rows.clone()].fill(row.$field); )+
                self.rows = rows.end;
            }

            /// Takes the row written last back.
            #[allow(dead_code)]
            pub(crate) fn take_back(&mut self) {
                self.rows -= 1;
            }

            /// Writes over the row written last.
            #[allow(dead_code)]
            pub(crate) fn replace_last(&mut self, row: &$row) {
                self.take_back();
                self.push(row);
            }

            const DEFINITIONS: &'static [$crate::table::ColumnDefinition] = &[
                $( $crate::table::ColumnDefinition {
                    name: $column,
                    kind: <$type as $crate::table::column::ColumnValue>::TYPE,
                    unit: $unit,
                    meaning: $meaning,
                }, )+
                $( $( $crate::table::ColumnDefinition {
                    name: $rare_column,
                    kind: <$rare_type as $crate::table::column::ColumnValue>::TYPE,
                    unit: $rare_unit,
                    meaning: $rare_meaning,
                }, )+ )?
            ];

            /// Makes room for this many rows in all, so that filling them never allocates.
            #[cold]
            pub fn reserve(&mut self, rows: usize) {
                let room = rows.max(self.$time.len()).max(64);
                $( self.$field.resize(room, <$type as $crate::table::column::ColumnValue>::EMPTY); )+
                $( $( self.$rare.reserve(room); )+ )?
            }
        }

        impl $crate::table::Table for $name {
            fn definitions(&self) -> &'static [$crate::table::ColumnDefinition] {
                Self::DEFINITIONS
            }

            fn len(&self) -> usize {
                self.rows
            }

            fn column(&self, index: usize) -> $crate::table::Column<'_> {
                // One after the other: a list of all would be made for each column that is asked for.
                let mut numbers = 0..;
                $( if numbers.next() == Some(index) {
                    return $crate::table::column::ColumnValue::view(self.$field(), &self.text);
                } )+
                $( $( if numbers.next() == Some(index) {
                    return $crate::table::column::ColumnValue::view(self.$rare(), &self.text);
                } )+ )?
                unreachable!("definitions and columns are equally many")
            }

            fn times_ns(&self) -> &[i64] {
                self.$time()
            }

            fn packet_rows(&self) -> &[u32] {
                let rows: fn(&Self) -> &[u32] = $rows;
                rows(self)
            }

            fn clear(&mut self) {
                $( $( self.$rare.clear(self.rows); )+ )?
                self.rows = 0;
                self.text.clear();
            }
        }
    };
}
pub(crate) use table;
