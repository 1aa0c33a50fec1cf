//! Windows of several agents as one table, which says of each row whose it is.

use std::sync::Arc;

use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::{ArrayRef, RecordBatch, RecordBatchIterator};
use arrow_schema::{ArrowError, Field, Schema, SchemaRef};

use crate::columns::Column;
use crate::table::RecordTable;
use crate::values::Values;

/// Who sent a table.
#[derive(Debug, Clone)]
pub struct Sender {
    /// Differs each time the agent's process starts.
    pub boot: String,
    pub tags: Vec<(String, String)>,
}

/// The rows of all tables, one table after the other, with two more columns, `boot` and `tags`. For readers of the Arrow C
/// stream interface; nothing of the tables is copied.
pub fn joined(tables: Vec<(RecordTable, Sender)>) -> FFI_ArrowArrayStream {
    let schema = schema();
    let of_all = schema.clone();
    let batches = tables.into_iter().map(move |(table, sender)| batch(&table, &sender, &of_all));
    FFI_ArrowArrayStream::new(Box::new(RecordBatchIterator::new(batches, schema)))
}

fn schema() -> SchemaRef {
    let mut fields: Vec<_> = Column::ALL.iter().map(|column| column.field()).collect();
    fields.push(Field::new("boot", Column::Instance.data_type(), false));
    fields.push(Field::new("tags", Column::Labels.data_type(), false));
    Arc::new(Schema::new(fields))
}

fn batch(table: &RecordTable, sender: &Sender, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    let mut arrays: Vec<ArrayRef> = Column::ALL.iter().map(|column| table.array(*column).clone()).collect();
    arrays.push(Values::Text(vec![sender.boot.clone(); table.len()]).into_array());
    arrays.push(Values::Labels(vec![sender.tags.clone(); table.len()]).into_array());
    RecordBatch::try_new(schema.clone(), arrays)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use arrow_array::cast::AsArray;
    use arrow_array::ffi_stream::RecordBatchStreamReader;

    use super::*;
    use crate::Form;

    fn table(rows: usize) -> RecordTable {
        let values = |column: &Column| match column.form() {
            Form::Text => Values::Text(vec!["x".to_string(); rows]),
            Form::Texts => Values::Texts(vec![Vec::new(); rows]),
            Form::Labels => Values::Labels(vec![Vec::new(); rows]),
            Form::Counts => Values::Counts(vec![Vec::new(); rows]),
            Form::Number => Values::Number(vec![Some(1); rows]),
            Form::Fraction => Values::Fraction(vec![None; rows]),
            Form::Time => Values::Time(vec![0; rows]),
            Form::Flag => Values::Flag(vec![true; rows]),
            Form::Bytes => Values::Bytes(vec![vec![1, 2]; rows]),
        };
        RecordTable::of_columns(Column::ALL.iter().map(values).collect(), BTreeMap::new()).unwrap()
    }

    fn sender(boot: &str, tags: &[(&str, &str)]) -> Sender {
        let tags = tags.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        Sender { boot: boot.to_string(), tags }
    }

    #[test]
    fn each_row_says_whose_it_is() {
        let tables = vec![(table(3).rows(1, 2), sender("one", &[("site", "fra")])), (table(1), sender("two", &[]))];
        let reader = RecordBatchStreamReader::try_new(joined(tables)).unwrap();
        let batches: Vec<_> = reader.map(Result::unwrap).collect();
        let rows: Vec<_> = batches.iter().map(RecordBatch::num_rows).collect();
        assert_eq!(rows, [2, 1]);
        let boots = |at: usize| batches[at].column_by_name("boot").unwrap().as_string::<i32>().value(0).to_string();
        assert_eq!((boots(0), boots(1)), ("one".into(), "two".into()));
        let tags = |at: usize| batches[at].column_by_name("tags").unwrap().as_map().value_length(0);
        assert_eq!((tags(0), tags(1)), (1, 0));
    }

    #[test]
    fn rows_that_are_not_there_are_none() {
        assert_eq!(table(3).rows(2, 5).len(), 1);
        assert_eq!(table(3).rows(7, 1).len(), 0);
    }
}
