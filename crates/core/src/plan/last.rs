//! The newest value of a column: a total that is told anew from time to time.

use crate::Error;
use crate::sketch::reader::{Reader, write_varint};

/// A value with its time in nanoseconds; none before the first. The newest wins, of equally new ones the largest, so
/// that the order of merging makes no difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Last(Option<(i64, u64)>);

impl Last {
    pub fn update(&mut self, time_ns: i64, value: u64) {
        self.0 = self.0.max(Some((time_ns, value)));
    }

    pub fn merge(&mut self, other: &Last) {
        self.0 = self.0.max(other.0);
    }

    /// The value; 0 before there is any.
    pub fn value(&self) -> u64 {
        self.0.map_or(0, |(_, value)| value)
    }

    pub(crate) fn save(self, out: &mut Vec<u8>) {
        out.push(u8::from(self.0.is_some()));
        if let Some((time_ns, value)) = self.0 {
            out.extend(time_ns.to_le_bytes());
            write_varint(out, value);
        }
    }

    /// Reads what [`Self::save`] wrote.
    pub(crate) fn restore(reader: &mut Reader) -> Result<Self, Error> {
        match reader.u8()? {
            0 => Ok(Self(None)),
            1 => Ok(Self(Some((reader.i64()?, reader.varint()?)))),
            other => Err(reader.error(format_args!("{other} in place of whether there is a value"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn merged(first: Last, second: Last) -> Last {
        let mut merged = first;
        merged.merge(&second);
        merged
    }

    fn any_last() -> impl Strategy<Value = Last> {
        proptest::option::of((0i64..4, 0u64..4)).prop_map(Last)
    }

    proptest! {
        #[test]
        fn merging_is_associative_and_commutative_and_nothing_changes_nothing(
            a in any_last(), b in any_last(), c in any_last()
        ) {
            prop_assert_eq!(merged(merged(a, b), c), merged(a, merged(b, c)));
            prop_assert_eq!(merged(a, b), merged(b, a));
            prop_assert_eq!(merged(a, Last::default()), a);
            prop_assert_eq!(merged(a, a), a);
        }

        #[test]
        fn the_newest_value_stays_wherever_it_was_seen(values in proptest::collection::vec((any::<bool>(), 1u64..9), 1..20)) {
            let mut workers = [Last::default(); 2];
            for (time_ns, (is_second, value)) in values.iter().enumerate() {
                workers[usize::from(*is_second)].update(time_ns as i64, *value);
            }
            prop_assert_eq!(merged(workers[0], workers[1]).value(), values[values.len() - 1].1);
        }
    }
}
