//! Rows per second, or the sum of a column's values per second.

use std::borrow::Cow;

use super::counter::sum_between;
use super::{Feeding, ItemKind, Items, Kind, Shape};
use crate::Error;
use crate::sketch::Rate;
use crate::sketch::reader::Reader;

pub const NAME: &str = "rate";

#[derive(Debug, Clone)]
pub struct State(pub Rate);

impl Kind for State {
    fn new(_items: ItemKind, start_second: i64) -> Self {
        Self(Rate::new(start_second))
    }

    fn feed(&mut self, feeding: &Feeding<'_>) {
        for (second, span) in feeding.seconds.iter() {
            let amount = match feeding.column {
                None => feeding.rows.count_between(span.start, span.end),
                Some(column) => sum_between(feeding.rows, column, span),
            };
            self.0.add(second, amount);
        }
    }

    fn merge(&mut self, other: &Self, is_same_window: bool) {
        if is_same_window {
            self.0.merge_parallel(&other.0);
        } else {
            self.0.merge_serial(&other.0);
        }
    }

    fn shape(&self) -> Shape<'_> {
        Shape::Distribution { values: Cow::Owned(self.0.distribution()), live: Some(self.0.live()) }
    }

    fn relative_error(&self) -> Option<f64> {
        Some(self.0.distribution().relative_error())
    }

    fn memory_bytes(&self) -> usize {
        self.0.memory_bytes()
    }

    fn save(&self, out: &mut Vec<u8>, _items: Items<'_>) {
        self.0.save(out);
    }

    fn restore(reader: &mut Reader, _kind: ItemKind, _items: Items<'_>) -> Result<Self, Error> {
        Ok(Self(Rate::restore(reader)?))
    }

    fn image(&self, _items: Items<'_>) -> Vec<u8> {
        self.0.to_bytes()
    }

    type Image<'a> = Self;

    fn read_image(bytes: &[u8], _kind: ItemKind, _items: Items<'_>) -> Result<Self, Error> {
        Ok(Self(Rate::from_bytes(bytes)?))
    }

    fn of_image(image: &Self, _kind: ItemKind) -> Self {
        image.clone()
    }

    fn merge_image(&mut self, image: &Self) {
        self.merge(image, false);
    }

    fn advance(&mut self, second: i64) {
        self.0.advance(second);
    }

    fn close(&mut self, end_second: i64) {
        self.0.close(end_second);
    }
}
