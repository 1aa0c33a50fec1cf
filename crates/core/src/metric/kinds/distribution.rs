//! Quantiles and histogram of a column's values.

use std::borrow::Cow;

use super::{Feeding, ItemKind, Items, Kind, Shape};
use crate::Error;
use crate::sketch::Distribution;
use crate::sketch::reader::{Reader, write_block};
use crate::table::Column;

pub const NAME: &str = "distribution";

#[derive(Debug, Clone)]
pub struct State(pub Distribution);

impl Kind for State {
    fn new(_items: ItemKind, _start_second: i64) -> Self {
        Self(Distribution::new())
    }

    fn feed(&mut self, feeding: &Feeding<'_>) {
        let (values, rows) = (&mut self.0, feeding.rows);
        match feeding.column {
            Some(Column::F64(numbers)) => rows.for_each(|row| values.record_f64(numbers[row])),
            Some(Column::U32(numbers)) => rows.for_each(|row| values.record(u64::from(numbers[row]))),
            Some(Column::U64(numbers)) => rows.for_each(|row| values.record(numbers[row])),
            Some(other) => rows.for_each(|row| values.record(other.number(row))),
            None => {}
        }
    }

    fn merge(&mut self, other: &Self, _is_same_window: bool) {
        self.0.merge(&other.0);
    }

    fn shape(&self) -> Shape<'_> {
        Shape::Distribution { values: Cow::Borrowed(&self.0), live: None }
    }

    fn relative_error(&self) -> Option<f64> {
        Some(self.0.relative_error())
    }

    fn memory_bytes(&self) -> usize {
        self.0.memory_bytes()
    }

    fn save(&self, out: &mut Vec<u8>, _items: Items<'_>) {
        write_block(out, &self.0.to_bytes());
    }

    fn restore(reader: &mut Reader, _kind: ItemKind, _items: Items<'_>) -> Result<Self, Error> {
        Ok(Self(Distribution::from_bytes(reader.block()?)?))
    }

    fn image(&self, _items: Items<'_>) -> Vec<u8> {
        self.0.to_bytes()
    }

    type Image<'a> = Self;

    fn read_image(bytes: &[u8], _kind: ItemKind, _items: Items<'_>) -> Result<Self, Error> {
        Ok(Self(Distribution::from_bytes(bytes)?))
    }

    fn of_image(image: &Self, _kind: ItemKind) -> Self {
        image.clone()
    }

    fn merge_image(&mut self, image: &Self) {
        self.merge(image, false);
    }
}
