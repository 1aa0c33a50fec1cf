//! Quantiles and histograms: how the values of a stream are spread.
//!
//! Values are counted in buckets whose boundaries are the powers of 2^(1/64), the base-2 exponential histogram of scale
//! 6 as OpenTelemetry and Prometheus (native histograms) define it ([`buckets`]). A quantile read from it is at most
//! 0.55 % off, whatever the values, and histograms merge by addition in any engine.
//!
//! Up to 512 values are kept as they are, so that small windows are exact. Which of the two forms a distribution has
//! depends on nothing but how many values there are, and each form on nothing but which they are: so neither the order
//! of values nor the order of merging shows.

mod boundaries;
mod buckets;
mod bytes;

use buckets::{Buckets, ZERO_THRESHOLD};

/// What a quantile that is read from buckets may be off by, relative to itself.
pub const BUCKET_ERROR: f64 = 0.0055;

/// So many values are kept as they are.
const MOST_EXACT: u64 = 512;

/// The greatest value; greater ones, which a count or a time never is, are taken as this.
const GREATEST: f64 = 18_446_744_073_709_551_616.0;

/// The sum is kept in units of 2^-32, so that adding is exact and has no order.
const SUM_UNITS: u32 = 32;

/// Octaves that [`Distribution::octaves`] tells apart.
pub const OCTAVES: usize = 48;

/// The power of two that the first of them ends with.
pub const LEAST_OCTAVE: i32 = -10;

/// The spread of a stream of values that are zero or greater.
#[derive(Debug, Clone)]
pub struct Distribution {
    /// The values themselves, in any order, unless they were too many.
    exact: Vec<f64>,
    /// True once the values stand in `buckets` instead.
    spilled: bool,
    buckets: Buckets,
    count: u64,
    sum: u128,
    min: f64,
    max: f64,
    /// False once a value had a fraction.
    whole: bool,
    /// Whole numbers from here on, as many as `usual_numbers`, lie between `min` and `max`, and buckets are ready for
    /// them.
    usual_from: u64,
    usual_numbers: u64,
}

/// A base-2 exponential histogram: counts of buckets whose bounds are the powers of 2^(1 / 2^scale).
#[derive(Debug, Clone, PartialEq)]
pub struct Exponential {
    pub scale: i32,
    /// Values below it count as zeros.
    pub zero_threshold: f64,
    pub zero_count: u64,
    /// Index of the first bucket. Bucket i holds the values above 2^(i / 2^scale) up to 2^((i + 1) / 2^scale).
    pub offset: i32,
    /// Counts of the buckets from there on.
    pub counts: Vec<u64>,
}

impl Default for Distribution {
    fn default() -> Self {
        Self::new()
    }
}

impl Distribution {
    pub fn new() -> Self {
        Self {
            exact: Vec::new(),
            spilled: false,
            buckets: Buckets::new(),
            count: 0,
            sum: 0,
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
            whole: true,
            usual_from: 0,
            usual_numbers: 0,
        }
    }

    /// Counts a value.
    #[inline]
    pub fn record(&mut self, value: u64) {
        if value.wrapping_sub(self.usual_from) < self.usual_numbers {
            self.count = self.count.wrapping_add(1);
            self.sum = self.sum.wrapping_add(u128::from(value) << SUM_UNITS);
            self.buckets.add_usual(value);
        } else if value == 0 && self.spilled && self.min == 0.0 {
            self.count = self.count.wrapping_add(1);
            self.buckets.add_zero();
        } else {
            self.record_unusual(value as f64, 1);
        }
    }

    /// Counts a value that may have a fraction. What is no number or is negative counts as 0.
    #[inline]
    pub fn record_f64(&mut self, value: f64) {
        if self.spilled && value > 0.0 && value >= self.min && value <= self.max {
            self.count = self.count.wrapping_add(1);
            self.sum = self.sum.wrapping_add(sum_units(value));
            self.whole = self.whole && value.fract() == 0.0;
            self.buckets.add(value, 1);
        } else {
            self.record_unusual(value, 1);
        }
    }

    /// Counts a value as often as `times`.
    pub fn record_many(&mut self, value: u64, times: u64) {
        self.record_unusual(value as f64, times);
    }

    #[inline(never)]
    fn record_unusual(&mut self, value: f64, times: u64) {
        if times == 0 {
            return;
        }
        let value = if value > 0.0 { value.min(GREATEST) } else { 0.0 };
        self.count = self.count.saturating_add(times);
        self.sum = self.sum.wrapping_add(sum_units(value).wrapping_mul(u128::from(times)));
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        self.whole &= value.fract() == 0.0;
        if !self.spilled && self.count <= MOST_EXACT {
            self.exact.extend(std::iter::repeat_n(value, times as usize));
        } else {
            self.spill();
            self.buckets.add(value, times);
            self.learn_usual();
        }
    }

    /// Notes which values need nothing but counting, once there are buckets.
    fn learn_usual(&mut self) {
        // Whole numbers above 2^53 go the way of all floats, lest their bucket depends on how they came. Zero has none.
        let to = self.max.min((1_u64 << 53) as f64 - 1.0).floor() as u64;
        self.usual_from = (self.min.ceil() as u64).max(1);
        self.usual_numbers = (to + 1).saturating_sub(self.usual_from);
    }

    /// Moves the exact values into buckets; once done, nothing happens.
    fn spill(&mut self) {
        self.spilled = true;
        for value in std::mem::take(&mut self.exact) {
            self.buckets.add(value, 1);
        }
    }

    /// Makes this the distribution of both streams.
    pub fn merge(&mut self, other: &Self) {
        if other.count == 0 {
            return;
        }
        self.count = self.count.saturating_add(other.count);
        self.sum = self.sum.wrapping_add(other.sum);
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        self.whole &= other.whole;
        if !self.spilled && !other.spilled && self.count <= MOST_EXACT {
            self.exact.extend_from_slice(&other.exact);
            return;
        }
        self.spill();
        for &value in &other.exact {
            self.buckets.add(value, 1);
        }
        self.buckets.merge(&other.buckets);
        self.learn_usual();
    }

    /// How many values were counted.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The sum of all values; the fraction of each is rounded to 2^-32.
    pub fn sum(&self) -> f64 {
        self.sum as f64 / (1_u64 << SUM_UNITS) as f64
    }

    /// The smallest value, exactly.
    pub fn min(&self) -> Option<f64> {
        (self.count > 0).then_some(self.min)
    }

    /// The greatest value, exactly.
    pub fn max(&self) -> Option<f64> {
        (self.count > 0).then_some(self.max)
    }

    /// By how much a quantile may be off, relative to itself.
    pub fn relative_error(&self) -> f64 {
        if self.spilled { BUCKET_ERROR } else { 0.0 }
    }

    /// Whether only whole numbers were recorded.
    pub fn is_whole(&self) -> bool {
        self.whole
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The smallest value such that the share `p` (0 to 1) of all values is no greater; nothing without values.
    ///
    /// Exact up to 512 values, and for whole numbers below 93; otherwise off by 0.55 % of itself at most.
    pub fn quantile(&self, p: f64) -> Option<f64> {
        if self.count == 0 {
            return None;
        }
        let rank = ((p * self.count as f64).ceil() as u64).clamp(1, self.count);
        if !self.spilled {
            let mut values = self.exact.clone();
            let (_, value, _) = values.select_nth_unstable_by(rank as usize - 1, f64::total_cmp);
            return Some(*value);
        }
        if rank == self.count {
            return Some(self.max);
        }
        let mut below = 0_u64;
        let mut buckets = self.buckets.iter(self.whole);
        let reached = buckets.find(|&(_, count)| {
            below = below.saturating_add(count);
            below >= rank
        });
        reached.map(|(value, _)| value.clamp(self.min, self.max))
    }

    /// For each of the ascending bounds, how many values are no greater.
    ///
    /// Exact up to 512 values; otherwise each value counts where [`Self::quantile`] would tell it.
    pub fn cumulative(&self, bounds: &[f64]) -> Vec<u64> {
        if !self.spilled {
            let mut values = self.exact.clone();
            values.sort_unstable_by(f64::total_cmp);
            return bounds.iter().map(|bound| values.partition_point(|value| value <= bound) as u64).collect();
        }
        let mut buckets = self.buckets.iter(self.whole).peekable();
        let mut below = 0_u64;
        let mut cumulative = Vec::with_capacity(bounds.len());
        for &bound in bounds {
            while let Some((_, count)) = buckets.next_if(|(value, _)| value.clamp(self.min, self.max) <= bound) {
                below = below.saturating_add(count);
            }
            cumulative.push(below);
        }
        cumulative
    }

    /// How many values lie in each octave, exactly: in the first those up to 2^[`LEAST_OCTAVE`], in each other those above the
    /// power of two that the one before ends with, up to the next; in the last all that are greater, too. While values
    /// come, none of these counts falls.
    pub fn octaves(&self) -> [u64; OCTAVES] {
        let mut counts = self.buckets.octaves();
        self.exact.iter().for_each(|value| counts[buckets::octave_of(*value)] += 1);
        counts
    }

    /// The histogram as OpenTelemetry's ExponentialHistogram has it.
    pub fn exponential(&self) -> Exponential {
        let mut spilled;
        let buckets = if self.spilled {
            &self.buckets
        } else {
            spilled = self.clone();
            spilled.spill();
            &spilled.buckets
        };
        let (offset, counts) = buckets.used();
        Exponential {
            scale: boundaries::SCALE as i32,
            zero_threshold: ZERO_THRESHOLD,
            zero_count: buckets.zeros(),
            offset,
            counts: counts.to_vec(),
        }
    }

    pub fn memory_bytes(&self) -> usize {
        size_of::<Self>() + self.exact.capacity() * size_of::<f64>() + self.buckets.memory_bytes()
    }
}

fn sum_units(value: f64) -> u128 {
    (value * (1_u64 << SUM_UNITS) as f64).round() as u128
}

#[cfg(test)]
mod tests;
