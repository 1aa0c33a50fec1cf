//! What feeds a metric: the rows of a bitmap, the values of a column, into a sketch. Each is one tight loop.

use std::ops::Range;

use super::MetricState;
use super::columns::NO_PLACE;
use crate::batch::{Address, Column, TextColumn};
use crate::expr::Bitmap;
use crate::hash::{fold, hash_bytes, hash_word};
use crate::sketch::distribution::Distribution;
use crate::sketch::exact::Exact;
use crate::sketch::frequent::Frequent;
use crate::sketch::hll::Hll;
use crate::sketch::murmur3::{DATASKETCHES_SEED, murmur3_128};
use crate::sketch::rate::Rate;

const NANOSECONDS: i64 = 1_000_000_000;
/// Keys worked out, and their slots fetched, before the first of them is used.
const AHEAD: usize = 32;

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
}

/// The hash seed of this process.
pub(crate) struct Kernels {
    seed: u64,
}

impl Kernels {
    pub fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// Feeds the rows of a bitmap, which are of these times, to a metric.
    pub fn feed(
        &self,
        metric: &mut MetricState,
        rows: &Bitmap,
        column: Option<Column<'_>>,
        weight: Option<Column<'_>>,
        times_ns: &[i64],
        seconds: &Seconds,
    ) {
        match (metric, column) {
            (MetricState::Counter(count), None) => *count += rows.count(),
            (MetricState::Counter(count), Some(column)) => *count += sum_between(rows, column, 0..rows.len()),
            (MetricState::Rate(rate), column) => feed_rate(rate, rows, column, seconds),
            (MetricState::Distribution(values), Some(column)) => feed_distribution(values, rows, column),
            (MetricState::Last(last), Some(column)) => {
                rows.for_each(|row| last.update(times_ns[row], column.number(row)));
            }
            (MetricState::Cardinality(hll), Some(column)) => feed_cardinality(hll, rows, column),
            (MetricState::Exact(counts), Some(column)) => match weight {
                None => feed_exact(counts, rows, column, |_| 1),
                Some(weight) => feed_exact(counts, rows, column, |row| weight.number(row)),
            },
            (MetricState::Top(_, top), Some(column)) => match weight {
                None => self.feed_top(top, rows, column, |_| 1),
                Some(weight) => self.feed_top(top, rows, column, |row| weight.number(row)),
            },
            _ => {}
        }
    }

    /// The weights are no column, so that the usual weight of 1 costs nothing.
    fn feed_top(&self, top: &mut Frequent, rows: &Bitmap, column: Column<'_>, weight: impl Fn(usize) -> u64) {
        match column {
            Column::Text(text) => self.feed_top_text(top, rows, text, weight),
            Column::Address(addresses) => self.feed_top_addresses(top, rows, addresses, weight),
            Column::U32(values) => rows.for_each(|row| {
                if values[row] != NO_PLACE {
                    let key = hash_word(self.seed, u64::from(values[row]));
                    top.update(key, &values[row].to_le_bytes(), weight(row));
                }
            }),
            other => rows.for_each(|row| {
                let value = other.number(row);
                top.update(hash_word(self.seed, value), &value.to_le_bytes(), weight(row));
            }),
        }
    }

    fn feed_top_text(&self, top: &mut Frequent, rows: &Bitmap, text: TextColumn<'_>, weight: impl Fn(usize) -> u64) {
        let seed = self.seed;
        ahead(top, rows, |row| text.get(row).map(|item| (hash_bytes(seed, item), item)), weight);
    }

    fn feed_top_addresses(
        &self,
        top: &mut Frequent,
        rows: &Bitmap,
        addresses: &[Address],
        weight: impl Fn(usize) -> u64,
    ) {
        let seed = self.seed;
        ahead(
            top,
            rows,
            |row| {
                let address = &addresses[row];
                is_specified(address).then(|| (address_key(seed, address), &address[..]))
            },
            weight,
        );
    }
}

/// Works keys out some rows ahead, so that their slots are in the cache when they are counted.
#[inline(always)]
fn ahead<'a>(
    top: &mut Frequent,
    rows: &Bitmap,
    key: impl Fn(usize) -> Option<(u64, &'a [u8])>,
    weight: impl Fn(usize) -> u64,
) {
    let mut waiting: [(u64, &[u8], u32); AHEAD] = [(0, &[], 0); AHEAD];
    let mut count = 0;
    rows.for_each(|row| {
        let Some((key, item)) = key(row) else { return };
        top.prefetch(key);
        waiting[count % AHEAD] = (key, item, row as u32);
        count += 1;
        if count == AHEAD {
            for (key, item, row) in &waiting {
                top.update(*key, item, weight(*row as usize));
            }
            count = 0;
        }
    });
    for (key, item, row) in &waiting[..count] {
        top.update(*key, item, weight(*row as usize));
    }
}

#[inline(always)]
fn feed_exact(counts: &mut Exact, rows: &Bitmap, column: Column<'_>, weight: impl Fn(usize) -> u64) {
    match column {
        Column::U16(values) => rows.for_each(|row| counts.add(values[row], weight(row))),
        Column::U8(values) => rows.for_each(|row| counts.add(u16::from(values[row]), weight(row))),
        _ => {}
    }
}

/// `0.0.0.0` and `::` are nobody, and are never recorded.
#[inline(always)]
pub(super) fn is_specified(address: &Address) -> bool {
    let (first, second) = halves(address);
    first != 0 || (second != 0 && second != MAPPED)
}

/// The second half of `::ffff:0.0.0.0`, read as a little-endian number.
const MAPPED: u64 = 0xffff_0000;

/// An address as two little-endian numbers.
#[inline(always)]
fn halves(address: &Address) -> (u64, u64) {
    let both = u128::from_le_bytes(*address);
    (both as u64, (both >> 64) as u64)
}

#[inline(always)]
pub(super) fn address_key(seed: u64, address: &Address) -> u64 {
    let number = u128::from_be_bytes(*address);
    fold(number as u64 ^ seed, (number >> 64) as u64 ^ seed.rotate_left(32) ^ 0x9e37_79b9_7f4a_7c15)
}

fn feed_rate(rate: &mut Rate, rows: &Bitmap, column: Option<Column<'_>>, seconds: &Seconds) {
    for (second, span) in &seconds.spans {
        let amount = match column {
            None => rows.count_between(span.start, span.end),
            Some(column) => sum_between(rows, column, span.clone()),
        };
        rate.add(*second, amount);
    }
}

fn sum_between(rows: &Bitmap, column: Column<'_>, span: Range<usize>) -> u64 {
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

fn feed_distribution(values: &mut Distribution, rows: &Bitmap, column: Column<'_>) {
    match column {
        Column::F64(numbers) => rows.for_each(|row| values.record_f64(numbers[row])),
        Column::U32(numbers) => rows.for_each(|row| values.record(u64::from(numbers[row]))),
        Column::U64(numbers) => rows.for_each(|row| values.record(numbers[row])),
        other => rows.for_each(|row| values.record(other.number(row))),
    }
}

/// Hashes as Apache DataSketches does: text and addresses by their bytes (4 for IPv4, 16 for IPv6), numbers as 8
/// little-endian bytes. Empty text is not counted.
fn feed_cardinality(hll: &mut Hll, rows: &Bitmap, column: Column<'_>) {
    match column {
        Column::Text(text) => rows.for_each(|row| {
            if let Some(item @ [_, ..]) = text.get(row) {
                count_different(hll, item);
            }
        }),
        Column::Address(addresses) => rows.for_each(|row| {
            let (first, second) = halves(&addresses[row]);
            if first == 0 && second & 0xffff_ffff == MAPPED {
                if second != MAPPED {
                    count_different(hll, &((second >> 32) as u32).to_le_bytes());
                }
            } else if first | second != 0 {
                count_different_v6(hll, &addresses[row]);
            }
        }),
        Column::U32(values) => rows.for_each(|row| {
            if values[row] != NO_PLACE {
                count_different(hll, &u64::from(values[row]).to_le_bytes());
            }
        }),
        other => rows.for_each(|row| count_different(hll, &other.number(row).to_le_bytes())),
    }
}

/// Inlined, so that hashing knows how many bytes there are.
#[inline(always)]
fn count_different(hll: &mut Hll, bytes: &[u8]) {
    let (first, second) = murmur3_128(bytes, DATASKETCHES_SEED);
    hll.update(first, second);
}

#[inline(never)]
fn count_different_v6(hll: &mut Hll, address: &Address) {
    count_different(hll, address);
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
