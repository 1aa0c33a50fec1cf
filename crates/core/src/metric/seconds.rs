//! The rows of each second of a batch.

use std::ops::Range;

const NANOSECONDS: i64 = 1_000_000_000;

/// The rows of each second of a batch. Rows that are older than the one before them count into its second.
#[derive(Debug, Default)]
pub(crate) struct Seconds {
    spans: Vec<(i64, Range<usize>)>,
}

impl Seconds {
    pub fn read(&mut self, times_ns: &[i64]) {
        self.spans.clear();
        let (mut from, mut second, mut ends_ns) = (0, i64::MIN, i64::MIN);
        for (row, time_ns) in times_ns.iter().enumerate() {
            if *time_ns >= ends_ns {
                if row > from {
                    self.spans.push((second, from..row));
                }
                from = row;
                second = time_ns.div_euclid(NANOSECONDS);
                ends_ns = second.saturating_add(1).saturating_mul(NANOSECONDS);
            }
        }
        if times_ns.len() > from {
            self.spans.push((second, from..times_ns.len()));
        }
    }

    /// Each second with its rows.
    pub fn iter(&self) -> impl Iterator<Item = (i64, Range<usize>)> {
        self.spans.iter().map(|(second, rows)| (*second, rows.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_parted_by_second_and_late_rows_stay_with_their_neighbours() {
        let mut seconds = Seconds::default();
        let at = |tenths: i64| tenths * NANOSECONDS / 10;
        seconds.read(&[at(10), at(19), at(20), at(15), at(29), at(50)]);
        assert_eq!(seconds.spans, [(1, 0..2), (2, 2..5), (5, 5..6)]);
        seconds.read(&[]);
        assert!(seconds.spans.is_empty());
    }
}
