//! Metadata and columns: all but the images, as texts and numbers with their lengths before them, window by window.
//!
//! The number of entries of the metadata, and each with its name; the number of columns, and each with its name and the code
//! of its form; the number of windows, and how many rows each has. Then the values: of each window column by column, of each
//! column 0 and the value that all rows of the window have, or 1 and the value of every row. [`super::building`] reads it.

use pktvisor_core::sketch::reader::{write_block, write_varint};

use crate::columns::{Column, Form};
use crate::table::RecordTable;
use crate::values::Values;

/// Forms by their code.
pub const FORMS: [Form; 9] = [
    Form::Text,
    Form::Texts,
    Form::Labels,
    Form::Counts,
    Form::Number,
    Form::Fraction,
    Form::Time,
    Form::Flag,
    Form::Bytes,
];

pub const ONE_FOR_ALL: u8 = 0;
pub const ONE_EACH: u8 = 1;

pub fn write(table: &RecordTable, out: &mut Vec<u8>) {
    write_varint(out, table.metadata().len() as u64);
    for (key, value) in table.metadata() {
        write_block(out, key.as_bytes());
        write_block(out, value.as_bytes());
    }
    let columns: Vec<Column> = Column::ALL.iter().copied().filter(|column| *column != Column::Image).collect();
    write_varint(out, columns.len() as u64);
    for column in &columns {
        write_block(out, column.name().as_bytes());
        out.push(column.form() as u8);
    }
    let windows = table.windows();
    write_varint(out, windows.len() as u64);
    windows.iter().for_each(|window| write_varint(out, window.count as u64));
    for window in &windows {
        let rows = table.rows(window.first, window.count);
        columns.iter().for_each(|column| write_values(&rows.column(*column), out));
    }
}

fn write_values(values: &Values, out: &mut Vec<u8>) {
    match values {
        Values::Text(values) => write_each(values, out, |value, out| write_block(out, value.as_bytes())),
        Values::Texts(values) => write_each(values, out, |texts, out| {
            write_varint(out, texts.len() as u64);
            texts.iter().for_each(|text| write_block(out, text.as_bytes()));
        }),
        Values::Labels(values) => write_each(values, out, |labels, out| {
            write_varint(out, labels.len() as u64);
            for (name, text) in labels {
                write_block(out, name.as_bytes());
                write_block(out, text.as_bytes());
            }
        }),
        Values::Counts(values) => write_each(values, out, |counts, out| {
            write_varint(out, counts.len() as u64);
            for (name, count) in counts {
                write_block(out, name.as_bytes());
                write_varint(out, *count);
            }
        }),
        Values::Number(values) => write_each(values, out, |value, out| write_optional(*value, out, write_varint)),
        Values::Fraction(values) => {
            // As bits: 0 and -0 are equal.
            let bits: Vec<_> = values.iter().map(|value| value.map(f64::to_bits)).collect();
            write_each(&bits, out, |bits, out| write_optional(*bits, out, |out, bits| out.extend(bits.to_le_bytes())));
        }
        Values::Time(values) => write_each(values, out, |value, out| out.extend(value.to_le_bytes())),
        Values::Flag(values) => write_each(values, out, |value, out| out.push(u8::from(*value))),
        Values::Bytes(values) => write_each(values, out, |value, out| write_block(out, value)),
    }
}

fn write_each<T: PartialEq>(values: &[T], out: &mut Vec<u8>, write: impl Fn(&T, &mut Vec<u8>)) {
    match values {
        [first, rest @ ..] if rest.iter().all(|value| value == first) => {
            out.push(ONE_FOR_ALL);
            write(first, out);
        }
        _ => {
            out.push(ONE_EACH);
            values.iter().for_each(|value| write(value, out));
        }
    }
}

fn write_optional(value: Option<u64>, out: &mut Vec<u8>, write: impl Fn(&mut Vec<u8>, u64)) {
    out.push(u8::from(value.is_some()));
    if let Some(value) = value {
        write(out, value);
    }
}
