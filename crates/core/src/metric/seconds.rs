//! The rows of each second of a batch.

use std::ops::Range;

const NANOSECONDS: i64 = 1_000_000_000;

/// Rows that are looked at together: mostly none of them begins a second.
const BLOCK: usize = 64;

/// The rows of each second of a batch. Rows that are older than the one before them count into its second.
#[derive(Debug, Default)]
pub(crate) struct Seconds {
    spans: Vec<(i64, Range<usize>)>,
}

impl Seconds {
    pub fn read(&mut self, times_ns: &[i64]) {
        self.spans.clear();
        let (mut from, mut second, mut ends_ns) = (0, i64::MIN, i64::MIN);
        let mut seen = 0;
        while let Some(at) = first_since(&times_ns[seen..], ends_ns) {
            let row = seen + at;
            if row > from {
                self.spans.push((second, from..row));
            }
            (from, seen) = (row, row + 1);
            second = times_ns[row].div_euclid(NANOSECONDS);
            ends_ns = second.saturating_add(1).saturating_mul(NANOSECONDS);
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

/// The first row of this time or a later one.
fn first_since(times_ns: &[i64], since_ns: i64) -> Option<usize> {
    let is_since = |time_ns: &i64| *time_ns >= since_ns;
    let block = times_ns.chunks(BLOCK).position(|block| block.iter().max().is_some_and(is_since))?;
    times_ns[block * BLOCK..].iter().position(is_since).map(|at| block * BLOCK + at)
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
    #[test]
    fn a_second_is_found_wherever_in_the_blocks_it_begins() {
        let rows = 3 * BLOCK;
        let mut seconds = Seconds::default();
        for begins in 1..rows {
            let times_ns: Vec<i64> = (0..rows).map(|row| i64::from(row >= begins) * NANOSECONDS).collect();
            seconds.read(&times_ns);
            assert_eq!(seconds.spans, [(0, 0..begins), (1, begins..rows)]);
        }
        seconds.read(&[i64::MAX; 2]);
        assert_eq!(seconds.spans.len(), 2, "there is no end of the last second");
    }
}
