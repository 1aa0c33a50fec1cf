//! Which buffers of a message are whose: the decoder takes them one after the other, and trusts that offsets are whole
//! numbers.

use arrow_ipc::RecordBatch;
use arrow_schema::{DataType, Schema};
use pktvisor_core::Error;

use crate::refused;

const OFFSET_BYTES: i64 = 4;

/// Checks that there is a buffer for every part of every column, and that offsets are whole.
pub fn check(batch: &RecordBatch<'_>, schema: &Schema) -> Result<(), Error> {
    let lengths: Vec<i64> = batch.buffers().iter().flatten().map(|buffer| buffer.length()).collect();
    let mut walk = Walk { lengths: &lengths };
    for field in schema.fields() {
        walk.pass(field.data_type()).ok_or_else(|| {
            refused(format_args!("column {} is damaged, or of a type that nobody reads", field.name()))
        })?;
    }
    Ok(())
}

/// The lengths of the buffers that are left.
struct Walk<'a> {
    lengths: &'a [i64],
}

impl Walk<'_> {
    /// Passes the buffers of a type; none where they are not as they must be, or the type is none of the usual ones.
    fn pass(&mut self, data_type: &DataType) -> Option<()> {
        match data_type {
            DataType::Null => Some(()),
            DataType::Utf8 | DataType::Binary => self.take().and_then(|_| self.offsets()).and_then(|()| self.any(1)),
            DataType::LargeUtf8 | DataType::LargeBinary => self.any(3),
            DataType::List(part) | DataType::Map(part, _) => {
                self.take()?;
                self.offsets()?;
                self.pass(part.data_type())
            }
            DataType::LargeList(part) => self.any(2).and_then(|()| self.pass(part.data_type())),
            DataType::FixedSizeList(part, _) => self.any(1).and_then(|()| self.pass(part.data_type())),
            DataType::Struct(parts) => {
                self.take()?;
                parts.iter().try_for_each(|part| self.pass(part.data_type()))
            }
            DataType::Boolean | DataType::FixedSizeBinary(_) | DataType::Dictionary(..) => self.any(2),
            other if other.is_primitive() => self.any(2),
            _ => None,
        }
    }

    fn offsets(&mut self) -> Option<()> {
        (self.take()? % OFFSET_BYTES == 0).then_some(())
    }

    fn any(&mut self, count: usize) -> Option<()> {
        (0..count).try_for_each(|_| self.take().map(drop))
    }

    fn take(&mut self) -> Option<i64> {
        let (first, rest) = self.lengths.split_first()?;
        self.lengths = rest;
        Some(*first)
    }
}
