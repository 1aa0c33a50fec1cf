//! Window records packed for the wire: half the bytes of an Arrow stream in a zstd frame, and exactly the same records.
//!
//! | bytes | meaning |
//! |---|---|
//! | 0 to 3 | `PKVW` |
//! | 4 | version of this form: 1 |
//! | 5 | number of the [dictionary](dictionaries) |
//! | from 6 on | zstd frames (RFC 8878); the first one is compressed with the dictionary |
//!
//! What the frames hold is one stream: the lengths of the first five [sections](sections) (LEB128), then all sections. What is
//! alike stands together, and begins a block of the frame, so that it has codes of its own: [columns], [images], and what
//! [lists] are made of.
//!
//! Images come back byte for byte. One that would not is kept as it is.

mod allowance;
mod building;
mod columns;
mod dictionaries;
mod frames;
mod images;
mod lists;
mod sections;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_array::builder::BinaryBuilder;
use arrow_array::cast::AsArray;
use arrow_array::types::UInt64Type;
use pktvisor_core::Error;

pub use frames::{can_unpack, is_packed};
pub use sections::Part;

use allowance::Allowance;
use sections::{Sections, Split};

use crate::columns::Column;
use crate::refused;
use crate::table::RecordTable;
use crate::values::Values;

impl RecordTable {
    /// Packs the table.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn pack(&self) -> Result<Vec<u8>, Error> {
        frames::compressed(&self.sections()).map(|(body, _)| body)
    }

    /// The parts of a packed table, and the bytes that each takes.
    ///
    /// # Errors
    /// As [`Self::pack`].
    pub fn packed_parts(&self) -> Result<Vec<Part>, Error> {
        let sections = self.sections();
        let (_, sizes) = frames::compressed(&sections)?;
        Ok(sections.parts(&sizes))
    }

    fn sections(&self) -> Sections {
        let mut sections = Sections::default();
        columns::write(self, &mut sections.records);
        let Values::Bytes(found) = self.column(Column::Image) else { unreachable!("images are bytes") };
        for (row, image) in found.iter().enumerate() {
            let value = self.optional_number(Column::Value, row);
            images::write(image, self.text(Column::Kind, row), value, &mut sections);
        }
        sections
    }
}

/// Reads packed records. Neither the stream nor what is made of it takes more than `most_bytes`.
pub fn read(body: &[u8], most_bytes: usize) -> Result<RecordTable, Error> {
    let stream = frames::decompressed(body, most_bytes)?;
    let mut allowance = Allowance::new(most_bytes);
    let mut split = Split::of(&stream)?;
    let (metadata, columns) = building::read(&mut split.records, split.images.remaining(), &mut allowance)?;
    let images = images_of(&columns, &mut split, &mut allowance)?;
    split.check_end()?;
    let array = |column: &Column| match column {
        Column::Image => Ok(images.clone()),
        column => {
            let found = columns.iter().find(|(known, _)| known == column).map(|(_, array)| array.clone());
            found.ok_or_else(|| refused(format_args!("column {} is missing", column.name())))
        }
    };
    RecordTable::of_arrays(Column::ALL.iter().map(array).collect::<Result<_, _>>()?, metadata)
}

/// An image for each value.
fn images_of(
    columns: &[(Column, ArrayRef)],
    split: &mut Split<'_>,
    allowance: &mut Allowance,
) -> Result<ArrayRef, Error> {
    let mut images = BinaryBuilder::new();
    for (_, values) in columns.iter().filter(|(column, _)| *column == Column::Value).take(1) {
        for value in values.as_primitive::<UInt64Type>() {
            images.append_value(images::read(value, split, allowance)?);
        }
    }
    Ok(Arc::new(images.finish()))
}
