//! Columns that are read back into Arrow, value by value ([`super::columns`] says how they stand there).

use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_array::builder::{
    BinaryBuilder, BooleanBuilder, Float64Builder, ListBuilder, MapBuilder, StringBuilder, TimestampNanosecondBuilder,
    UInt64Builder,
};
use pktvisor_core::Error;
use pktvisor_core::sketch::reader::Reader;

use super::allowance::Allowance;
use super::columns::{FORMS, ONE_EACH, ONE_FOR_ALL};
use crate::columns::{Column, Form};
use crate::refused;
use crate::table::Metadata;
use crate::values::map_builder;

/// Metadata and columns, that of the images left out; there are at most `most_rows`.
pub fn read(
    reader: &mut Reader<'_>,
    most_rows: usize,
    allowance: &mut Allowance,
) -> Result<(Metadata, Vec<(Column, ArrayRef)>), Error> {
    let mut metadata = Metadata::new();
    for _ in 0..reader.count()? {
        metadata.insert(text(reader)?.to_string(), text(reader)?.to_string());
    }
    let mut columns = (0..reader.count()?).map(|_| Place::read(reader)).collect::<Result<Vec<_>, _>>()?;
    for rows in row_counts(reader, most_rows)? {
        for place in &mut columns {
            place.builder.read(&mut Rows { reader, count: rows, allowance })?;
        }
    }
    let known = columns.into_iter().filter_map(|place| Some((place.column?, place.builder.finish())));
    Ok((metadata, known.collect()))
}

/// How many rows each window has.
fn row_counts(reader: &mut Reader<'_>, most_rows: usize) -> Result<Vec<usize>, Error> {
    let (mut counts, mut left) = (Vec::new(), most_rows as u64);
    for _ in 0..reader.count()? {
        let count = reader.varint()?;
        if count == 0 {
            return Err(reader.error("a window without rows"));
        }
        left = left.checked_sub(count).ok_or_else(|| reader.error("more rows than images"))?;
        counts.push(count as usize);
    }
    Ok(counts)
}

/// A column of the stream; it is none of ours where a later release added it.
struct Place {
    column: Option<Column>,
    builder: Builder,
}

impl Place {
    fn read(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let (name, code) = (text(reader)?, reader.u8()?);
        let form = *FORMS.get(usize::from(code)).ok_or_else(|| reader.error("a column of an unknown form"))?;
        let column = Column::ALL.iter().find(|column| column.name() == name && **column != Column::Image).copied();
        if column.is_some_and(|column| column.form() != form) {
            return Err(refused(format_args!("column {name} is of another type")));
        }
        Ok(Self { column, builder: Builder::of(form) })
    }
}

/// The values of a column, so far.
enum Builder {
    Text(StringBuilder),
    Texts(ListBuilder<StringBuilder>),
    Labels(MapBuilder<StringBuilder, StringBuilder>),
    Counts(MapBuilder<StringBuilder, UInt64Builder>),
    Number(UInt64Builder),
    Fraction(Float64Builder),
    Time(TimestampNanosecondBuilder),
    Flag(BooleanBuilder),
    Bytes(BinaryBuilder),
}

impl Builder {
    fn of(form: Form) -> Self {
        match form {
            Form::Text => Self::Text(StringBuilder::new()),
            Form::Texts => Self::Texts(ListBuilder::new(StringBuilder::new())),
            Form::Labels => Self::Labels(map_builder(StringBuilder::new())),
            Form::Counts => Self::Counts(map_builder(UInt64Builder::new())),
            Form::Number => Self::Number(UInt64Builder::new()),
            Form::Fraction => Self::Fraction(Float64Builder::new()),
            Form::Time => Self::Time(TimestampNanosecondBuilder::new().with_timezone("UTC")),
            Form::Flag => Self::Flag(BooleanBuilder::new()),
            Form::Bytes => Self::Bytes(BinaryBuilder::new()),
        }
    }

    /// Reads the values of a window.
    fn read(&mut self, rows: &mut Rows<'_, '_>) -> Result<(), Error> {
        match self {
            Self::Text(to) => rows.each(|value| value.text().map(|text| to.append_value(text))),
            Self::Texts(to) => rows.each(|value| {
                value.several(|value| value.text().map(|text| to.values().append_value(text)))?;
                to.append(true);
                Ok(())
            }),
            Self::Labels(to) => rows.each(|value| {
                value.several(|value| {
                    to.keys().append_value(value.text()?);
                    value.text().map(|text| to.values().append_value(text))
                })?;
                to.append(true).map_err(refused)
            }),
            Self::Counts(to) => rows.each(|value| {
                value.several(|value| {
                    to.keys().append_value(value.text()?);
                    value.count().map(|count| to.values().append_value(count))
                })?;
                to.append(true).map_err(refused)
            }),
            Self::Number(to) => {
                rows.each(|value| value.optional(Reader::varint).map(|number| to.append_option(number)))
            }
            Self::Fraction(to) => rows.each(|value| value.optional(Reader::f64).map(|number| to.append_option(number))),
            Self::Time(to) => rows.each(|value| value.reader.i64().map(|time| to.append_value(time))),
            Self::Flag(to) => rows.each(|value| value.reader.u8().map(|flag| to.append_value(flag != 0))),
            Self::Bytes(to) => rows.each(|value| value.bytes().map(|bytes| to.append_value(bytes))),
        }
    }

    fn finish(self) -> ArrayRef {
        match self {
            Self::Text(mut builder) => Arc::new(builder.finish()),
            Self::Texts(mut builder) => Arc::new(builder.finish()),
            Self::Labels(mut builder) => Arc::new(builder.finish()),
            Self::Counts(mut builder) => Arc::new(builder.finish()),
            Self::Number(mut builder) => Arc::new(builder.finish()),
            Self::Fraction(mut builder) => Arc::new(builder.finish()),
            Self::Time(mut builder) => Arc::new(builder.finish()),
            Self::Flag(mut builder) => Arc::new(builder.finish()),
            Self::Bytes(mut builder) => Arc::new(builder.finish()),
        }
    }
}

/// What a row takes of any column, and a number of a map.
const WORD_BYTES: usize = size_of::<u64>();

/// The values of a window's column, to be read.
struct Rows<'r, 'a> {
    reader: &'r mut Reader<'a>,
    count: usize,
    allowance: &'r mut Allowance,
}

impl<'a> Rows<'_, 'a> {
    /// Calls `append` for each row, with the reader where its value stands.
    fn each(&mut self, mut append: impl FnMut(&mut Value<'_, 'a>) -> Result<(), Error>) -> Result<(), Error> {
        self.allowance.take(self.count, WORD_BYTES)?;
        let is_one_for_all = match self.reader.u8()? {
            ONE_FOR_ALL => true,
            ONE_EACH => false,
            other => return Err(self.reader.error(format_args!("rows of kind {other}"))),
        };
        let first = self.reader.clone();
        for _ in 0..self.count {
            if is_one_for_all {
                *self.reader = first.clone();
            }
            append(&mut Value { reader: self.reader, allowance: self.allowance })?;
        }
        Ok(())
    }
}

/// The value of a row, to be read; what it takes is taken off what there is.
struct Value<'r, 'a> {
    reader: &'r mut Reader<'a>,
    allowance: &'r mut Allowance,
}

impl<'a> Value<'_, 'a> {
    fn text(&mut self) -> Result<&'a str, Error> {
        let text = text(self.reader)?;
        self.allowance.take(1, text.len() + size_of::<u32>())?;
        Ok(text)
    }

    fn bytes(&mut self) -> Result<&'a [u8], Error> {
        let bytes = self.reader.block()?;
        self.allowance.take(1, bytes.len())?;
        Ok(bytes)
    }

    fn count(&mut self) -> Result<u64, Error> {
        self.allowance.take(1, WORD_BYTES)?;
        self.reader.varint()
    }

    fn several(&mut self, mut append: impl FnMut(&mut Self) -> Result<(), Error>) -> Result<(), Error> {
        (0..self.reader.count()?).try_for_each(|_| append(self))
    }

    fn optional<T>(&mut self, read: impl Fn(&mut Reader<'a>) -> Result<T, Error>) -> Result<Option<T>, Error> {
        match self.reader.u8()? {
            0 => Ok(None),
            _ => read(self.reader).map(Some),
        }
    }
}

fn text<'a>(reader: &mut Reader<'a>) -> Result<&'a str, Error> {
    std::str::from_utf8(reader.block()?).map_err(|_| reader.error("a text that is not UTF-8"))
}
