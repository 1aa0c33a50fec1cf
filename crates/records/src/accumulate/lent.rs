//! Rows that somebody else lends, as DuckDB does with what a query finds.

use std::collections::HashSet;

use arrow_array::cast::AsArray;
use arrow_array::ffi_stream::{FFI_ArrowArrayStream, RecordBatchStreamReader};
use arrow_array::types::{Int32Type, Int64Type, UInt32Type, UInt64Type};
use arrow_array::{Array, RecordBatch, RecordBatchReader, StringArray};
use arrow_schema::{DataType, Schema};
use pktvisor_core::Error;
use pktvisor_core::hash::{hash_bytes, hash_word};
use pktvisor_core::metric::Items;

use super::Accumulators;
use super::merged::Row;
use crate::columns::Column;
use crate::conform::{conformed, places};
use crate::refused;
use crate::table::{Metadata, RecordTable};

/// Where the columns of a stream stand.
struct Places {
    record: Vec<usize>,
    key: usize,
    handler: usize,
}

/// Windows whose input was counted, by hash.
type Inputs = HashSet<u64>;

impl Accumulators {
    /// Takes in the rows of a stream, which may stand in any order: two columns besides those of the record tell the key
    /// (a whole number) and the handler (a text) of each row.
    ///
    /// # Errors
    /// When the stream fails, has not these columns, or an image is damaged; what came before that batch was taken in.
    pub fn add_stream(
        &mut self,
        stream: FFI_ArrowArrayStream,
        key_column: &str,
        handler_column: &str,
        items: Items<'_>,
    ) -> Result<(), Error> {
        let reader = RecordBatchStreamReader::try_new(stream).map_err(refused)?;
        let schema = reader.schema();
        let places = Places {
            record: places(&schema)?,
            key: place(&schema, key_column)?,
            handler: place(&schema, handler_column)?,
        };
        let mut inputs = Inputs::new();
        for batch in reader {
            self.add_batch(&batch.map_err(refused)?, &places, &mut inputs, items)?;
        }
        Ok(())
    }

    fn add_batch(
        &mut self,
        batch: &RecordBatch,
        places: &Places,
        inputs: &mut Inputs,
        items: Items<'_>,
    ) -> Result<(), Error> {
        let (keys, handlers) = (keys(batch.column(places.key))?, handlers(batch.column(places.handler))?);
        let column = |(column, at): (&Column, &usize)| conformed(*column, batch.column(*at));
        let arrays = Column::ALL.iter().zip(&places.record).map(column).collect::<Result<_, _>>()?;
        let table = RecordTable::of_arrays(arrays, Metadata::new())?;
        let rows = (0..table.len()).map(|at| Row::read(&table, at, 0, items)).collect::<Result<Vec<_>, _>>()?;
        for (row, key) in rows.iter().zip(keys) {
            let handler = handlers.value(row.at);
            if !self.has_handler(key, handler) {
                self.left_out.rows += 1;
                continue;
            }
            if inputs.insert(window_hash(row, key, handler, items.seed)) {
                self.add_input(key, handler, &table, row.at);
            }
            self.add_row(key, handler, row);
        }
        Ok(())
    }
}

fn place(schema: &Schema, name: &str) -> Result<usize, Error> {
    let found = schema.fields().find(name);
    found.map(|(at, _)| at).ok_or_else(|| refused(format_args!("the column {name} is missing")))
}

fn keys(array: &dyn Array) -> Result<Vec<i64>, Error> {
    if array.null_count() > 0 {
        return Err(refused("a row has no key"));
    }
    match array.data_type() {
        DataType::Int64 => Ok(array.as_primitive::<Int64Type>().values().to_vec()),
        DataType::Int32 => Ok(array.as_primitive::<Int32Type>().values().iter().map(|key| i64::from(*key)).collect()),
        DataType::UInt32 => Ok(array.as_primitive::<UInt32Type>().values().iter().map(|key| i64::from(*key)).collect()),
        DataType::UInt64 => {
            let keys = array.as_primitive::<UInt64Type>().values().iter();
            keys.map(|key| i64::try_from(*key).map_err(|_| refused(format_args!("a key of {key}")))).collect()
        }
        other => Err(refused(format_args!("keys are of type {other}"))),
    }
}

fn handlers(array: &dyn Array) -> Result<&StringArray, Error> {
    match array.as_string_opt::<i32>() {
        Some(_) if array.null_count() > 0 => Err(refused("a row has no handler")),
        Some(handlers) => Ok(handlers),
        None => Err(refused(format_args!("handlers are of type {}", array.data_type()))),
    }
}

/// Tells windows of handlers apart, those of different agents, too.
fn window_hash(row: &Row<'_>, key: i64, handler: &str, seed: u64) -> u64 {
    let number = row.table.numbers(Column::Number)[row.at];
    let start_ns = row.table.times(Column::Start)[row.at];
    let whole = [key as u64, number, start_ns as u64].into_iter().fold(seed, hash_word);
    let texts = [Column::Agent, Column::Policy, Column::Tap, Column::Instance];
    let whole = texts.iter().fold(whole, |whole, column| hash_bytes(whole, row.table.text(*column, row.at).as_bytes()));
    hash_bytes(whole, handler.as_bytes())
}
