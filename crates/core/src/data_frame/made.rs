//! Columns that are made for a data frame, and lie in no batch.

use std::collections::HashMap;
use std::net::Ipv6Addr;

use crate::table::arrow::Lender;
use crate::table::{Address, Column, ColumnType, Span, TextColumn};

/// The values of one column.
pub(super) enum Made {
    U8(Vec<u8>),
    U16(Vec<u16>),
    U32(Vec<u32>),
    U64(Vec<u64>),
    I64(Vec<i64>),
    F64(Vec<f64>),
    Address(Vec<Address>),
    Text { spans: Vec<Span>, bytes: Vec<u8> },
}

impl Lender for Made {
    fn column(&self) -> Column<'_> {
        match self {
            Self::U8(values) => Column::U8(values),
            Self::U16(values) => Column::U16(values),
            Self::U32(values) => Column::U32(values),
            Self::U64(values) => Column::U64(values),
            Self::I64(values) => Column::I64(values),
            Self::F64(values) => Column::F64(values),
            Self::Address(values) => Column::Address(values),
            Self::Text { spans, bytes } => Column::Text(TextColumn { spans, bytes }),
        }
    }
}

impl Made {
    /// A column without rows.
    pub fn empty(kind: ColumnType) -> Self {
        match kind {
            ColumnType::U8 => Self::U8(Vec::new()),
            ColumnType::U16 => Self::U16(Vec::new()),
            ColumnType::U32 => Self::U32(Vec::new()),
            ColumnType::U64 => Self::U64(Vec::new()),
            ColumnType::I64 => Self::I64(Vec::new()),
            ColumnType::F64 => Self::F64(Vec::new()),
            ColumnType::Address => Self::Address(Vec::new()),
            ColumnType::Text => Self::Text { spans: Vec::new(), bytes: Vec::new() },
        }
    }

    /// What its values take.
    pub fn memory_bytes(&self) -> usize {
        match self {
            Self::U8(values) => size_of_val(&values[..]),
            Self::U16(values) => size_of_val(&values[..]),
            Self::U32(values) => size_of_val(&values[..]),
            Self::U64(values) => size_of_val(&values[..]),
            Self::I64(values) => size_of_val(&values[..]),
            Self::F64(values) => size_of_val(&values[..]),
            Self::Address(values) => size_of_val(&values[..]),
            Self::Text { spans, bytes } => size_of_val(&spans[..]) + bytes.len(),
        }
    }

    /// Copies the values of a column of the same type behind its own.
    pub fn append(&mut self, column: &Column<'_>) {
        match (self, column) {
            (Self::U8(own), Column::U8(values)) => own.extend_from_slice(values),
            (Self::U16(own), Column::U16(values)) => own.extend_from_slice(values),
            (Self::U32(own), Column::U32(values)) => own.extend_from_slice(values),
            (Self::U64(own), Column::U64(values)) => own.extend_from_slice(values),
            (Self::I64(own), Column::I64(values)) => own.extend_from_slice(values),
            (Self::F64(own), Column::F64(values)) => own.extend_from_slice(values),
            (Self::Address(own), Column::Address(values)) => own.extend_from_slice(values),
            (Self::Text { spans, bytes }, Column::Text(text)) => {
                (0..text.spans.len()).for_each(|row| spans.push(written(bytes, text.get(row))));
            }
            _ => unreachable!("a column of a table has one type"),
        }
    }

    /// Some rows of a column.
    pub fn taken(column: &Column<'_>, rows: &[u32]) -> Self {
        fn at<T: Copy>(values: &[T], rows: &[u32]) -> Vec<T> {
            rows.iter().map(|row| values[*row as usize]).collect()
        }
        match column {
            Column::U8(values) => Self::U8(at(values, rows)),
            Column::U16(values) => Self::U16(at(values, rows)),
            Column::U32(values) => Self::U32(at(values, rows)),
            Column::U64(values) => Self::U64(at(values, rows)),
            Column::I64(values) => Self::I64(at(values, rows)),
            Column::F64(values) => Self::F64(at(values, rows)),
            Column::Address(values) => Self::Address(at(values, rows)),
            Column::Text(text) => Self::texts(rows.iter().map(|row| text.get(*row as usize))),
        }
    }

    /// Addresses as people write them, no text for none.
    pub fn addresses(column: &Column<'_>) -> Self {
        let Column::Address(values) = column else { return Self::texts((0..column.len()).map(|_| None::<&[u8]>)) };
        Self::texts(values.iter().map(|value| (*value != [0; 16]).then(|| address_text(*value))))
    }

    /// The word for each number, or the number itself where there is none; no text where the word is empty.
    pub fn words(column: &Column<'_>, words: &HashMap<u64, String>) -> Self {
        let word = |row| {
            let number = column.number(row);
            words.get(&number).cloned().unwrap_or_else(|| number.to_string())
        };
        Self::texts((0..column.len()).map(|row| Some(word(row)).filter(|word| !word.is_empty())))
    }

    fn texts<T: AsRef<[u8]>>(texts: impl Iterator<Item = Option<T>>) -> Self {
        let (mut spans, mut bytes) = (Vec::new(), Vec::new());
        for text in texts {
            spans.push(written(&mut bytes, text));
        }
        Self::Text { spans, bytes }
    }
}

/// Writes a text behind the others; gives its place.
fn written<T: AsRef<[u8]>>(bytes: &mut Vec<u8>, text: Option<T>) -> Span {
    text.map_or(Span::NONE, |text| {
        let text = text.as_ref();
        let start = bytes.len() as u32;
        bytes.extend_from_slice(text);
        Span { start, length: text.len() as u32 }
    })
}

fn address_text(address: Address) -> String {
    Ipv6Addr::from(address).to_canonical().to_string()
}
