//! The values of a column without Arrow: what bindings turn into lists of their language, and make columns of.

use std::sync::Arc;

use arrow_array::builder::{ArrayBuilder, ListBuilder, MapBuilder, MapFieldNames, StringBuilder, UInt64Builder};
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, TimestampNanosecondType, UInt64Type};
use arrow_array::{
    Array, ArrayRef, BinaryArray, BooleanArray, Float64Array, MapArray, StringArray, TimestampNanosecondArray,
    UInt64Array,
};

use crate::columns::{Column, Form};

/// Values of a column, one for each row.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    Text(Vec<String>),
    Texts(Vec<Vec<String>>),
    Labels(Vec<Vec<(String, String)>>),
    Counts(Vec<Vec<(String, u64)>>),
    Number(Vec<Option<u64>>),
    Fraction(Vec<Option<f64>>),
    Time(Vec<i64>),
    Flag(Vec<bool>),
    Bytes(Vec<Vec<u8>>),
}

impl Values {
    pub(crate) const fn form(&self) -> Form {
        match self {
            Self::Text(_) => Form::Text,
            Self::Texts(_) => Form::Texts,
            Self::Labels(_) => Form::Labels,
            Self::Counts(_) => Form::Counts,
            Self::Number(_) => Form::Number,
            Self::Fraction(_) => Form::Fraction,
            Self::Time(_) => Form::Time,
            Self::Flag(_) => Form::Flag,
            Self::Bytes(_) => Form::Bytes,
        }
    }

    pub(crate) fn into_array(self) -> ArrayRef {
        match self {
            Self::Text(values) => Arc::new(StringArray::from_iter_values(values)),
            Self::Texts(values) => texts(&values),
            Self::Labels(values) => map_of(&values, StringBuilder::new(), |out, value| out.append_value(value)),
            Self::Counts(values) => map_of(&values, UInt64Builder::new(), |out, value| out.append_value(*value)),
            Self::Number(values) => Arc::new(UInt64Array::from(values)),
            Self::Fraction(values) => Arc::new(Float64Array::from(values)),
            Self::Time(values) => Arc::new(TimestampNanosecondArray::from(values).with_timezone("UTC")),
            Self::Flag(values) => Arc::new(BooleanArray::from(values)),
            Self::Bytes(values) => Arc::new(BinaryArray::from_iter_values(values)),
        }
    }

    /// The values of a column's array.
    pub(crate) fn of_array(column: Column, array: &dyn Array) -> Self {
        match column.form() {
            Form::Text => Self::Text(array.as_string::<i32>().iter().flatten().map(str::to_string).collect()),
            Form::Texts => Self::Texts(rows(array.len(), |row| texts_of(array, row).map(str::to_string).collect())),
            Form::Labels => {
                let owned = |(name, value): (&str, &str)| (name.to_string(), value.to_string());
                Self::Labels(rows(array.len(), |row| labels_of(array.as_map(), row).map(owned).collect()))
            }
            Form::Counts => {
                let owned = |(name, count): (&str, u64)| (name.to_string(), count);
                Self::Counts(rows(array.len(), |row| counts_of(array.as_map(), row).map(owned).collect()))
            }
            Form::Number => Self::Number(array.as_primitive::<UInt64Type>().iter().collect()),
            Form::Fraction => Self::Fraction(array.as_primitive::<Float64Type>().iter().collect()),
            Form::Time => Self::Time(array.as_primitive::<TimestampNanosecondType>().values().to_vec()),
            Form::Flag => Self::Flag(array.as_boolean().iter().flatten().collect()),
            Form::Bytes => Self::Bytes(array.as_binary::<i32>().iter().flatten().map(<[u8]>::to_vec).collect()),
        }
    }
}

fn rows<T>(count: usize, row: impl Fn(usize) -> T) -> Vec<T> {
    (0..count).map(row).collect()
}

/// The texts of a row of lists.
pub(crate) fn texts_of(array: &dyn Array, row: usize) -> impl Iterator<Item = &str> {
    let lists = array.as_list::<i32>();
    let (texts, span) = (lists.values().as_string::<i32>(), span(lists.value_offsets(), row));
    span.map(|at| texts.value(at))
}

/// The pairs of a row of maps to texts.
pub(crate) fn labels_of(maps: &MapArray, row: usize) -> impl Iterator<Item = (&str, &str)> {
    let (names, values) = (maps.keys().as_string::<i32>(), maps.values().as_string::<i32>());
    span(maps.value_offsets(), row).map(|at| (names.value(at), values.value(at)))
}

/// The pairs of a row of maps to numbers.
pub(crate) fn counts_of(maps: &MapArray, row: usize) -> impl Iterator<Item = (&str, u64)> {
    let (names, values) = (maps.keys().as_string::<i32>(), maps.values().as_primitive::<UInt64Type>());
    span(maps.value_offsets(), row).map(|at| (names.value(at), values.value(at)))
}

fn span(offsets: &[i32], row: usize) -> std::ops::Range<usize> {
    offsets[row] as usize..offsets[row + 1] as usize
}

fn texts(values: &[Vec<String>]) -> ArrayRef {
    let mut builder = ListBuilder::new(StringBuilder::new());
    for row in values {
        row.iter().for_each(|text| builder.values().append_value(text));
        builder.append(true);
    }
    Arc::new(builder.finish())
}

/// A builder of maps whose parts have the names that ours have.
pub(crate) fn map_builder<B: ArrayBuilder>(values: B) -> MapBuilder<StringBuilder, B> {
    let names = MapFieldNames { entry: "entries".into(), key: "key".into(), value: "value".into() };
    MapBuilder::new(Some(names), StringBuilder::new(), values)
}

fn map_of<T, B: ArrayBuilder>(values: &[Vec<(String, T)>], builder: B, append: impl Fn(&mut B, &T)) -> ArrayRef {
    let mut builder = map_builder(builder);
    for row in values {
        for (name, value) in row {
            builder.keys().append_value(name);
            append(builder.values(), value);
        }
        builder.append(true).expect("as many values as keys");
    }
    Arc::new(builder.finish())
}
