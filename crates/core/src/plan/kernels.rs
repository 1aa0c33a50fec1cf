//! What feeds a metric: the rows of a bitmap, the values of a column, into a sketch. Each is one tight loop.

use std::ops::Range;

use super::MetricState;
use super::columns::NO_PLACE;
use crate::batch::{Address, Column, TextColumn};
use crate::expr::Bitmap;
use crate::hash::{fold, hash_bytes, hash_word};
use crate::sketch::distribution::Distribution;
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
            (MetricState::Exact(counts), Some(Column::U16(values))) => {
                rows.for_each(|row| counts.add(values[row], weight_of(weight, row)));
            }
            (MetricState::Exact(counts), Some(Column::U8(values))) => {
                rows.for_each(|row| counts.add(u16::from(values[row]), weight_of(weight, row)));
            }
            (MetricState::Top(_, top), Some(column)) => self.feed_top(top, rows, column, weight),
            _ => {}
        }
    }

    fn feed_top(&self, top: &mut Frequent, rows: &Bitmap, column: Column<'_>, weight: Option<Column<'_>>) {
        match column {
            Column::Text(text) => self.feed_top_text(top, rows, text, weight),
            Column::Address(addresses) => self.feed_top_addresses(top, rows, addresses, weight),
            Column::U32(values) => rows.for_each(|row| {
                if values[row] != NO_PLACE {
                    let key = hash_word(self.seed, u64::from(values[row]));
                    top.update(key, &values[row].to_le_bytes(), weight_of(weight, row));
                }
            }),
            other => rows.for_each(|row| {
                let value = other.number(row);
                top.update(hash_word(self.seed, value), &value.to_le_bytes(), weight_of(weight, row));
            }),
        }
    }

    fn feed_top_text(&self, top: &mut Frequent, rows: &Bitmap, text: TextColumn<'_>, weight: Option<Column<'_>>) {
        let seed = self.seed;
        ahead(
            top,
            rows,
            |row| text.get(row).map(|item| (hash_bytes(seed, item), item)),
            |top, key, item, row| top.update(key, item, weight_of(weight, row)),
        );
    }

    fn feed_top_addresses(&self, top: &mut Frequent, rows: &Bitmap, addresses: &[Address], weight: Option<Column<'_>>) {
        let seed = self.seed;
        ahead(
            top,
            rows,
            |row| {
                let address = &addresses[row];
                is_specified(address).then(|| (address_key(seed, address), &address[..]))
            },
            |top, key, item, row| top.update(key, item, weight_of(weight, row)),
        );
    }
}

/// Works keys out some rows ahead, so that their slots are in the cache when they are counted.
#[inline(always)]
fn ahead<'a>(
    top: &mut Frequent,
    rows: &Bitmap,
    key: impl Fn(usize) -> Option<(u64, &'a [u8])>,
    update: impl Fn(&mut Frequent, u64, &'a [u8], usize),
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
                update(top, *key, item, *row as usize);
            }
            count = 0;
        }
    });
    for (key, item, row) in &waiting[..count] {
        update(top, *key, item, *row as usize);
    }
}

#[inline(always)]
fn weight_of(weight: Option<Column<'_>>, row: usize) -> u64 {
    weight.map_or(1, |weight| weight.number(row))
}

/// `0.0.0.0` and `::` are nobody, and are never recorded.
#[inline(always)]
pub(super) fn is_specified(address: &Address) -> bool {
    let number = u128::from_be_bytes(*address);
    number != 0 && number != 0xffff_0000_0000
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
    let is_all = rows.count_between(span.start, span.end) == span.len() as u64;
    if let (true, Column::U32(values)) = (is_all, column) {
        return values[span].iter().map(|value| u64::from(*value)).sum();
    }
    let mut sum = 0_u64;
    rows.for_each(|row| {
        if span.contains(&row) {
            sum = sum.wrapping_add(column.number(row));
        }
    });
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
    let mut update = |bytes: &[u8]| {
        let (first, second) = murmur3_128(bytes, DATASKETCHES_SEED);
        hll.update(first, second);
    };
    match column {
        Column::Text(text) => rows.for_each(|row| {
            if let Some(item @ [_, ..]) = text.get(row) {
                update(item);
            }
        }),
        Column::Address(addresses) => rows.for_each(|row| match &addresses[row] {
            address if !is_specified(address) => {}
            [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, v4 @ ..] => update(v4),
            address => update(address),
        }),
        Column::U32(values) => rows.for_each(|row| {
            if values[row] != NO_PLACE {
                update(&u64::from(values[row]).to_le_bytes());
            }
        }),
        other => rows.for_each(|row| update(&other.number(row).to_le_bytes())),
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
