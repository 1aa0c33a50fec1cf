//! What a column can hold, and how it is lent out.

use std::ops::{Index, IndexMut};

/// An IPv4 (as `::ffff:a.b.c.d`) or IPv6 address; all zeros where a row has none.
pub type Address = [u8; 16];

/// Where a row's text lies in its table's text bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub start: u32,
    pub length: u32,
}

impl Span {
    /// A row without this text; not the same as empty text (the DNS root has an empty name).
    pub const NONE: Span = Span { start: 0, length: u32::MAX };

    #[inline]
    pub fn is_none(self) -> bool {
        self.length == u32::MAX
    }
}

/// The type of a column's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnType {
    U8,
    U16,
    U32,
    U64,
    I64,
    F64,
    Address,
    Text,
}

impl ColumnType {
    pub const fn name(self) -> &'static str {
        match self {
            Self::U8 => "u8",
            Self::U16 => "u16",
            Self::U32 => "u32",
            Self::U64 => "u64",
            Self::I64 => "i64",
            Self::F64 => "f64",
            Self::Address => "address",
            Self::Text => "text",
        }
    }
}

/// One column of the schema, for Python, docs and the names in policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ColumnDefinition {
    /// `layer.field`, as in `dns.qname`.
    pub name: &'static str,
    pub kind: ColumnType,
    /// Unit of the values, empty where there is none.
    pub unit: &'static str,
    pub meaning: &'static str,
}

/// Text values: spans into shared bytes.
#[derive(Debug, Clone, Copy)]
pub struct TextColumn<'a> {
    pub spans: &'a [Span],
    pub bytes: &'a [u8],
}

impl<'a> TextColumn<'a> {
    /// The text of a row; `None` where the row has none.
    #[inline]
    pub fn get(&self, row: usize) -> Option<&'a [u8]> {
        let span = self.spans[row];
        let start = span.start as usize;
        if span.is_none() { None } else { Some(&self.bytes[start..start + span.length as usize]) }
    }
}

/// A column as the batch lends it out.
#[derive(Debug, Clone, Copy)]
pub enum Column<'a> {
    U8(&'a [u8]),
    U16(&'a [u16]),
    U32(&'a [u32]),
    U64(&'a [u64]),
    I64(&'a [i64]),
    F64(&'a [f64]),
    Address(&'a [Address]),
    Text(TextColumn<'a>),
}

impl<'a> Column<'a> {
    pub fn len(&self) -> usize {
        match self {
            Self::U8(values) => values.len(),
            Self::U16(values) => values.len(),
            Self::U32(values) => values.len(),
            Self::U64(values) => values.len(),
            Self::I64(values) => values.len(),
            Self::F64(values) => values.len(),
            Self::Address(values) => values.len(),
            Self::Text(text) => text.spans.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Rows `from..to` of the column.
    pub fn slice(&self, from: usize, to: usize) -> Column<'a> {
        match self {
            Self::U8(values) => Self::U8(&values[from..to]),
            Self::U16(values) => Self::U16(&values[from..to]),
            Self::U32(values) => Self::U32(&values[from..to]),
            Self::U64(values) => Self::U64(&values[from..to]),
            Self::I64(values) => Self::I64(&values[from..to]),
            Self::F64(values) => Self::F64(&values[from..to]),
            Self::Address(values) => Self::Address(&values[from..to]),
            Self::Text(text) => Self::Text(TextColumn { spans: &text.spans[from..to], bytes: text.bytes }),
        }
    }

    /// The number in a row; 0 for addresses and text, which are no numbers.
    #[inline]
    pub fn number(&self, row: usize) -> u64 {
        match self {
            Self::U8(values) => u64::from(values[row]),
            Self::U16(values) => u64::from(values[row]),
            Self::U32(values) => u64::from(values[row]),
            Self::U64(values) => values[row],
            Self::I64(values) => values[row].max(0) as u64,
            Self::F64(values) => values[row] as u64,
            Self::Address(_) | Self::Text(_) => 0,
        }
    }
}

/// A Rust type that can be a column.
pub trait ColumnValue: Sized {
    const TYPE: ColumnType;
    /// The value of a row that has none.
    const EMPTY: Self;
    fn view<'a>(values: &'a [Self], text: &'a [u8]) -> Column<'a>;
}

/// A column whose values are empty but for few rows: those are written by index, into what is empty already.
#[derive(Debug)]
pub struct Rare<T> {
    values: Vec<T>,
    /// Somebody has written.
    is_written: bool,
}

impl<T> Default for Rare<T> {
    fn default() -> Self {
        Self { values: Vec::new(), is_written: false }
    }
}

impl<T: ColumnValue + Clone> Rare<T> {
    /// The values of the first rows.
    pub fn first(&self, rows: usize) -> &[T] {
        &self.values[..rows]
    }

    /// Makes room for this many rows in all.
    pub fn reserve(&mut self, rows: usize) {
        self.values.resize(rows, T::EMPTY);
    }

    /// Empties the first rows, where no others were written.
    pub fn clear(&mut self, rows: usize) {
        if std::mem::take(&mut self.is_written) {
            self.values[..rows].fill(T::EMPTY);
        }
    }
}

impl<T> Index<usize> for Rare<T> {
    type Output = T;

    fn index(&self, row: usize) -> &T {
        &self.values[row]
    }
}

impl<T> IndexMut<usize> for Rare<T> {
    #[inline]
    fn index_mut(&mut self, row: usize) -> &mut T {
        self.is_written = true;
        &mut self.values[row]
    }
}

macro_rules! column_value {
    ($($type:ty => $kind:ident, $empty:expr;)+) => {
        $(impl ColumnValue for $type {
            const TYPE: ColumnType = ColumnType::$kind;
            const EMPTY: Self = $empty;
            fn view<'a>(values: &'a [Self], _text: &'a [u8]) -> Column<'a> {
                Column::$kind(values)
            }
        })+
    };
}

column_value! {
    u8 => U8, 0;
    u16 => U16, 0;
    u32 => U32, 0;
    u64 => U64, 0;
    i64 => I64, 0;
    f64 => F64, 0.0;
    Address => Address, [0; 16];
}

impl ColumnValue for Span {
    const TYPE: ColumnType = ColumnType::Text;
    const EMPTY: Self = Span::NONE;
    fn view<'a>(values: &'a [Self], text: &'a [u8]) -> Column<'a> {
        Column::Text(TextColumn { spans: values, bytes: text })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rare_column_is_empty_again_after_each_batch() {
        let mut column = Rare::<u8>::default();
        column.reserve(4);
        column[1] = 7;
        column[3] = 9;
        assert_eq!(column.first(4), [0, 7, 0, 9]);
        column.clear(4);
        column.reserve(6);
        assert_eq!(column.first(6), [0; 6]);
    }
}
