//! Columns of others as ours: the same values under the names that our types give their parts.

use arrow_array::{ArrayRef, make_array};
use arrow_data::ArrayData;
use arrow_schema::{DataType, Schema};
use pktvisor_core::Error;

use crate::columns::{Column, are_laid_out_alike};
use crate::refused;

/// Where each column of the record stands in a schema. An error where one is missing or of another type.
pub fn places(schema: &Schema) -> Result<Vec<usize>, Error> {
    let place = |column: &Column| {
        let found = schema.fields().find(column.name());
        let (at, field) = found.ok_or_else(|| refused(format_args!("the column {} is missing", column.name())))?;
        if are_laid_out_alike(field.data_type(), &column.data_type()) {
            Ok(at)
        } else {
            Err(refused(format_args!("column {} is of type {}", column.name(), field.data_type())))
        }
    };
    Column::ALL.iter().map(place).collect()
}

/// An array that is laid out as the column is, with the column's type.
pub fn conformed(column: Column, array: &ArrayRef) -> Result<ArrayRef, Error> {
    let ours = column.data_type();
    if ours == *array.data_type() { Ok(array.clone()) } else { Ok(make_array(renamed(array.to_data(), &ours)?)) }
}

fn renamed(data: ArrayData, ours: &DataType) -> Result<ArrayData, Error> {
    let parts: Vec<&DataType> = match ours {
        DataType::List(part) | DataType::Map(part, _) => vec![part.data_type()],
        DataType::Struct(parts) => parts.iter().map(|part| part.data_type()).collect(),
        _ => Vec::new(),
    };
    let children = data.child_data().iter().cloned().zip(parts);
    let children = children.map(|(child, part)| renamed(child, part)).collect::<Result<_, _>>()?;
    data.into_builder().data_type(ours.clone()).child_data(children).build().map_err(refused)
}
