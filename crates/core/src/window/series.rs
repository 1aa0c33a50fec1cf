//! Steps as they are read: number by number over time.

use std::ops::Range;
use std::sync::Arc;

use super::layout::{Layout, unpacked};
use crate::sketch::LEAST_OCTAVE;

/// The steps that are kept of a policy, from one to the newest. `None` stands for a step that nobody worked in.
#[derive(Debug)]
pub struct Series {
    length_s: i64,
    /// Number of the first step: its time over their length.
    first: i64,
    steps: Vec<Option<Vec<u64>>>,
    layout: Arc<Layout>,
}

/// What a histogram has counted in each step: how many values were no greater than each of its bounds, which are powers of
/// two, and greater than the bound before; at last how many were greater than all.
#[derive(Debug, PartialEq, Eq)]
pub struct Buckets {
    /// The bounds' exponents.
    pub powers: Range<i32>,
    pub counts: Vec<Option<Vec<u64>>>,
}

impl Series {
    /// Of steps, the oldest first, whose numbers are so much greater than those of their times.
    pub(super) fn new(length_s: i64, shift: i64, kept: Vec<(i64, Box<[u8]>)>, layout: Arc<Layout>) -> Self {
        let first = kept.first().map_or(shift, |(number, _)| *number);
        let mut steps = Vec::new();
        for (number, step) in kept {
            steps.resize((number - first) as usize, None);
            steps.push(Some(unpacked(&step, layout.count())));
        }
        Self { length_s, first: first - shift, steps, layout }
    }

    /// Seconds that a step lasts.
    pub fn length_s(&self) -> i64 {
        self.length_s
    }

    /// When the first step began, seconds since 1970.
    pub fn start_s(&self) -> i64 {
        self.first * self.length_s
    }

    /// How many steps there are, those that nobody worked in included.
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Of a metric that is a number, by where it stands in the state: what it counted in each step.
    pub fn counter(&self, metric: usize) -> Option<Vec<Option<u64>>> {
        let numbers = self.layout.of(metric).filter(|numbers| numbers.len() == 1)?;
        Some(self.column(numbers.start))
    }

    /// Of a metric that keeps the spread of values. Its bounds are those powers of two; where none are given, as many as its
    /// values need.
    pub fn histogram(&self, metric: usize, powers: Option<Range<i32>>) -> Option<Buckets> {
        let numbers = self.layout.of(metric).filter(|numbers| numbers.len() > 1)?;
        let octaves: Vec<Option<&[u64]>> =
            self.steps.iter().map(|step| step.as_ref().map(|step| &step[numbers.clone()])).collect();
        let powers = powers.unwrap_or_else(|| used(&octaves));
        let counts = octaves.into_iter().map(|step| Some(buckets(step?, &powers))).collect();
        Some(Buckets { powers, counts })
    }

    /// What became of the input's packets in each step, by name.
    pub fn ledger(&self) -> impl Iterator<Item = (&'static str, Vec<Option<u64>>)> {
        self.layout.of_ledger().map(|(name, place)| (name, self.column(place)))
    }

    fn column(&self, place: usize) -> Vec<Option<u64>> {
        self.steps.iter().map(|step| Some(step.as_ref()?[place])).collect()
    }
}

/// The powers of two that bound the values of all steps.
fn used(steps: &[Option<&[u64]>]) -> Range<i32> {
    let is_used = |octave: &usize| steps.iter().flatten().any(|step| step[*octave] > 0);
    let octaves = steps.iter().flatten().next().map_or(0, |step| step.len());
    let power = |octave: usize| LEAST_OCTAVE + octave as i32;
    let (first, last) = ((0..octaves).find(is_used), (0..octaves).rev().find(is_used));
    first.zip(last).map_or(0..0, |(first, last)| power(first)..power(last) + 1)
}

/// The counts of octaves between those powers of two; what is smaller stands with the first, what is greater at the end.
fn buckets(octaves: &[u64], powers: &Range<i32>) -> Vec<u64> {
    let mut counts = vec![0; powers.len() + 1];
    for (octave, count) in (LEAST_OCTAVE..).zip(octaves) {
        let bucket = (octave - powers.start).clamp(0, powers.len() as i32);
        counts[bucket as usize] += count;
    }
    counts
}
