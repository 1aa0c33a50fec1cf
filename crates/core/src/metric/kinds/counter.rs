//! A number of rows, or the sum of a column's values.

use super::{Feeding, ItemKind, Items, Kind, Shape};
use crate::Error;
use crate::expr::Bitmap;
use crate::sketch::reader::{Reader, write_varint};
use crate::table::Column;
use std::ops::Range;

pub const NAME: &str = "counter";

#[derive(Debug, Clone, Default)]
pub struct State(pub u64);

impl Kind for State {
    fn new(_items: ItemKind, _start_second: i64) -> Self {
        Self(0)
    }

    #[inline]
    fn feed(&mut self, feeding: &Feeding<'_>) {
        let rows = feeding.rows;
        self.0 += match feeding.column {
            None => rows.count(),
            Some(column) => sum_between(rows, column, 0..rows.len()),
        };
    }

    fn merge(&mut self, other: &Self, _is_same_window: bool) {
        self.0 = self.0.saturating_add(other.0);
    }

    fn shape(&self) -> Shape<'_> {
        Shape::Count(self.0)
    }

    fn memory_bytes(&self) -> usize {
        size_of::<Self>()
    }

    fn save(&self, out: &mut Vec<u8>, _items: Items<'_>) {
        write_varint(out, self.0);
    }

    fn restore(reader: &mut Reader, _kind: ItemKind, _items: Items<'_>) -> Result<Self, Error> {
        Ok(Self(reader.varint()?))
    }

    /// The number as eight little-endian bytes.
    fn image(&self, _items: Items<'_>) -> Vec<u8> {
        self.0.to_le_bytes().to_vec()
    }

    type Image<'a> = Self;

    fn read_image(bytes: &[u8], _kind: ItemKind, _items: Items<'_>) -> Result<Self, Error> {
        Ok(Self(Reader::whole("counter", bytes, Reader::u64)?))
    }

    fn of_image(image: &Self, _kind: ItemKind) -> Self {
        image.clone()
    }

    fn merge_image(&mut self, image: &Self) {
        self.merge(image, false);
    }
}

/// The sum of a column's values over the rows of a span.
pub(super) fn sum_between(rows: &Bitmap, column: Column<'_>, span: Range<usize>) -> u64 {
    let mut sum = 0_u64;
    match column {
        Column::U32(values) if rows.count_between(span.start, span.end) == span.len() as u64 => {
            sum = values[span].iter().map(|value| u64::from(*value)).sum();
        }
        Column::U32(values) => rows.for_each_between(span, |row| sum += u64::from(values[row])),
        column => rows.for_each_between(span, |row| sum = sum.wrapping_add(column.number(row))),
    }
    sum
}
