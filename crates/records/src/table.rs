//! Window records as a table.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::types::{Float64Type, TimestampNanosecondType, UInt64Type};
use arrow_array::{Array, ArrayRef, BooleanArray, MapArray, RecordBatch, RecordBatchIterator, StringArray};
use arrow_schema::{Schema, SchemaRef};
use pktvisor_core::Error;

use crate::columns::Column;
use crate::values::{Values, counts_of};
use crate::{VERSION, VERSION_KEY};

/// What a schema's metadata says besides the version of the record.
pub type Metadata = BTreeMap<String, String>;

/// Window records as Arrow columns, in the order of [`Column::ALL`].
#[derive(Debug, Clone)]
pub struct RecordTable {
    batch: RecordBatch,
    metadata: Metadata,
}

impl RecordTable {
    /// A table of these values, a column each.
    ///
    /// # Errors
    /// When a column has other values than its form has, is shorter than others, or a row has no value where there must be
    /// one.
    pub fn of_columns(columns: Vec<Values>, metadata: Metadata) -> Result<Self, Error> {
        let length = Column::ALL.len();
        if columns.len() != length {
            return Err(Error::invalid(format!("{} columns instead of {length}", columns.len())));
        }
        for (column, values) in Column::ALL.iter().zip(&columns) {
            if values.form() != column.form() {
                return Err(Error::invalid(format!("column {} is no {:?}", column.name(), column.form())));
            }
        }
        let arrays = columns.into_iter().map(Values::into_array).collect();
        Self::of_arrays(arrays, metadata).map_err(|error| Error::invalid(error.message))
    }

    /// A table of these arrays, which are of the columns' types.
    pub(crate) fn of_arrays(arrays: Vec<ArrayRef>, metadata: Metadata) -> Result<Self, Error> {
        let rows = arrays.first().map_or(0, |array| array.len());
        for (column, array) in Column::ALL.iter().zip(&arrays) {
            let refused =
                |problem: String| Error::format(format!("window records: column {} {problem}", column.name()));
            if array.len() != rows {
                return Err(refused(format!("has {} rows instead of {rows}", array.len())));
            }
            if !column.is_optional() && has_nulls(array) {
                return Err(refused("has rows without a value".to_string()));
            }
        }
        let batch =
            RecordBatch::try_new(schema(&metadata), arrays).map_err(|error| Error::format(error.to_string()))?;
        Ok(Self { batch, metadata })
    }

    pub fn len(&self) -> usize {
        self.batch.num_rows()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Some rows, as far as they are there; nothing is copied.
    pub fn rows(&self, first: usize, count: usize) -> Self {
        let first = first.min(self.len());
        let count = count.min(self.len() - first);
        Self { batch: self.batch.slice(first, count), metadata: self.metadata.clone() }
    }

    /// What the schema's metadata says besides the version of the record.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The values of a column.
    pub fn column(&self, column: Column) -> Values {
        Values::of_array(column, self.array(column))
    }

    /// The table for readers of the Arrow C stream interface.
    pub fn arrow_stream(&self) -> FFI_ArrowArrayStream {
        let batches = RecordBatchIterator::new([Ok(self.batch.clone())], self.batch.schema());
        FFI_ArrowArrayStream::new(Box::new(batches))
    }

    pub(crate) fn batch(&self) -> &RecordBatch {
        &self.batch
    }

    pub(crate) fn array(&self, column: Column) -> &ArrayRef {
        self.batch.column(column as usize)
    }

    pub(crate) fn texts(&self, column: Column) -> &StringArray {
        self.array(column).as_string()
    }

    pub(crate) fn text(&self, column: Column, row: usize) -> &str {
        self.texts(column).value(row)
    }

    pub(crate) fn numbers(&self, column: Column) -> &[u64] {
        self.array(column).as_primitive::<UInt64Type>().values()
    }

    pub(crate) fn optional_number(&self, column: Column, row: usize) -> Option<u64> {
        let numbers = self.array(column).as_primitive::<UInt64Type>();
        numbers.is_valid(row).then(|| numbers.value(row))
    }

    pub(crate) fn optional_fraction(&self, column: Column, row: usize) -> Option<f64> {
        let fractions = self.array(column).as_primitive::<Float64Type>();
        fractions.is_valid(row).then(|| fractions.value(row))
    }

    pub(crate) fn times(&self, column: Column) -> &[i64] {
        self.array(column).as_primitive::<TimestampNanosecondType>().values()
    }

    pub(crate) fn flags(&self, column: Column) -> &BooleanArray {
        self.array(column).as_boolean()
    }

    pub(crate) fn ledger(&self, row: usize) -> BTreeMap<String, u64> {
        let ledgers: &MapArray = self.array(Column::Ledger).as_map();
        counts_of(ledgers, row).map(|(name, count)| (name.to_string(), count)).collect()
    }
}

fn schema(metadata: &Metadata) -> SchemaRef {
    let mut all: HashMap<String, String> = metadata.clone().into_iter().collect();
    all.insert(VERSION_KEY.to_string(), VERSION.to_string());
    let fields: Vec<_> = Column::ALL.iter().map(|column| column.field()).collect();
    Arc::new(Schema::new_with_metadata(fields, all))
}

/// Whether a row, or a part of one, has no value.
fn has_nulls(array: &dyn Array) -> bool {
    array.null_count() > 0
        || array.as_list_opt::<i32>().is_some_and(|lists| has_nulls(lists.values()))
        || array.as_map_opt().is_some_and(|maps| has_nulls(maps.keys()) || has_nulls(maps.values()))
}
