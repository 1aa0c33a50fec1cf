//! The newest value of a column: a total that is told anew from time to time, and goes on from window to window.

use super::{Feeding, ItemKind, Items, Kind, Shape};
use crate::Error;
use crate::sketch::reader::{Reader, write_varint};

pub const NAME: &str = "last";

/// A value with its time in nanoseconds; none before the first. The newest wins, of equally new ones the largest, so
/// that the order of merging makes no difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct State(Option<(i64, u64)>);

impl State {
    pub fn update(&mut self, time_ns: i64, value: u64) {
        self.0 = self.0.max(Some((time_ns, value)));
    }

    /// The value; 0 before there is any.
    pub fn value(&self) -> u64 {
        self.0.map_or(0, |(_, value)| value)
    }
}

impl Kind for State {
    fn new(_items: ItemKind, _start_second: i64) -> Self {
        Self(None)
    }

    fn feed(&mut self, feeding: &Feeding<'_>) {
        if let Some(column) = feeding.column {
            feeding.rows.for_each(|row| self.update(feeding.times_ns[row], column.number(row)));
        }
    }

    fn merge(&mut self, other: &Self, _is_same_window: bool) {
        self.0 = self.0.max(other.0);
    }

    fn shape(&self) -> Shape<'_> {
        Shape::Count(self.value())
    }

    fn memory_bytes(&self) -> usize {
        size_of::<Self>()
    }

    fn save(&self, out: &mut Vec<u8>, _items: Items<'_>) {
        out.push(u8::from(self.0.is_some()));
        if let Some((time_ns, value)) = self.0 {
            out.extend(time_ns.to_le_bytes());
            write_varint(out, value);
        }
    }

    fn restore(reader: &mut Reader, _kind: ItemKind, _items: Items<'_>) -> Result<Self, Error> {
        match reader.u8()? {
            0 => Ok(Self(None)),
            1 => Ok(Self(Some((reader.i64()?, reader.varint()?)))),
            other => Err(reader.error(format_args!("{other} in place of whether there is a value"))),
        }
    }

    /// As it is saved: a byte that is 1 where there is a value, then its time (8 bytes) and the value in LEB128.
    fn image(&self, items: Items<'_>) -> Vec<u8> {
        let mut out = Vec::new();
        self.save(&mut out, items);
        out
    }

    type Image<'a> = Self;

    fn read_image(bytes: &[u8], kind: ItemKind, items: Items<'_>) -> Result<Self, Error> {
        Reader::whole("newest value", bytes, |reader| Self::restore(reader, kind, items))
    }

    fn of_image(image: &Self, _kind: ItemKind) -> Self {
        *image
    }

    fn merge_image(&mut self, image: &Self) {
        self.merge(image, false);
    }

    fn carry_over(&mut self, closed: &Self) {
        self.merge(closed, false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn merged(first: State, second: State) -> State {
        let mut merged = first;
        merged.merge(&second, true);
        merged
    }

    fn any_last() -> impl Strategy<Value = State> {
        proptest::option::of((0i64..4, 0u64..4)).prop_map(State)
    }

    proptest! {
        #[test]
        fn merging_is_associative_and_commutative_and_nothing_changes_nothing(
            a in any_last(), b in any_last(), c in any_last()
        ) {
            prop_assert_eq!(merged(merged(a, b), c), merged(a, merged(b, c)));
            prop_assert_eq!(merged(a, b), merged(b, a));
            prop_assert_eq!(merged(a, State::default()), a);
            prop_assert_eq!(merged(a, a), a);
        }

        #[test]
        fn the_newest_value_stays_wherever_it_was_seen(values in proptest::collection::vec((any::<bool>(), 1u64..9), 1..20)) {
            let mut workers = [State::default(); 2];
            for (time_ns, (is_second, value)) in values.iter().enumerate() {
                workers[usize::from(*is_second)].update(time_ns as i64, *value);
            }
            prop_assert_eq!(merged(workers[0], workers[1]).value(), values[values.len() - 1].1);
        }
    }
}
