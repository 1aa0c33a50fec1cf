//! What a step is made of: which numbers of a state, and how they are kept.

use std::ops::Range;

use crate::ledger::Ledger;
use crate::metric::{MetricState, Shape};
use crate::plan::{Plan, State};
use crate::sketch::reader::{Reader, write_varint};

/// Counters and histograms that steps are kept of.
pub const MOST_STEPPED: usize = 512;

/// Of these, the histograms: each has as many numbers as it has buckets.
pub const MOST_STEPPED_HISTOGRAMS: usize = 32;

/// Where the numbers of a step stand: those of each metric, then those of the ledger.
#[derive(Debug, Clone, Default)]
pub struct Layout {
    /// By metric, as it stands in the state: its first number, and how many it has.
    metrics: Vec<(usize, usize, usize)>,
    /// The first number of the ledger.
    ledger: usize,
    count: usize,
    /// Metrics for which there was no room.
    left_out: usize,
}

impl Layout {
    /// Those of some metrics, by where they stand in the state; of one that is neither a number nor a histogram there is none.
    pub fn new(plan: &Plan, metrics: impl Iterator<Item = usize>) -> Self {
        let blank = State::new(plan, 0, 0);
        let mut layout = Self::default();
        let mut histograms = 0;
        for metric in metrics {
            let width = numbers(&blank.metrics[metric]).len();
            if width == 0 || layout.of(metric).is_some() {
                continue;
            }
            let is_histogram = width > 1;
            if layout.metrics.len() < MOST_STEPPED && !(is_histogram && histograms == MOST_STEPPED_HISTOGRAMS) {
                layout.metrics.push((metric, layout.ledger, width));
                layout.ledger += width;
                histograms += usize::from(is_histogram);
            } else {
                layout.left_out += 1;
            }
        }
        layout.count = layout.ledger + Ledger::default().entries().count();
        layout
    }

    /// The numbers of a metric.
    pub fn of(&self, metric: usize) -> Option<Range<usize>> {
        let (_, first, width) = self.metrics.iter().find(|(known, ..)| *known == metric)?;
        Some(*first..first + width)
    }

    /// The numbers of the ledger, with their names.
    pub fn of_ledger(&self) -> impl Iterator<Item = (&'static str, usize)> {
        let first = self.ledger;
        Ledger::default().entries().enumerate().map(move |(at, (name, _))| (name, first + at))
    }

    /// How many numbers there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Metrics for which there was no room.
    pub fn left_out(&self) -> usize {
        self.left_out
    }

    /// The numbers of a state.
    pub fn read(&self, state: &State) -> Vec<u64> {
        let mut counts = Vec::with_capacity(self.count);
        self.metrics.iter().for_each(|(metric, ..)| counts.extend(numbers(&state.metrics[*metric])));
        counts.extend(state.ledger.entries().map(|(_, count)| count));
        counts
    }
}

/// What steps keep of a metric.
fn numbers(metric: &MetricState) -> Vec<u64> {
    match metric.shape() {
        Shape::Count(count) => vec![count],
        Shape::Distribution { values, .. } => values.octaves().to_vec(),
        Shape::Estimate(_) | Shape::Items(..) => Vec::new(),
    }
}

/// Numbers as pairs of varints: how many zeros come first, and the number behind them.
pub(super) fn packed(counts: &[u64]) -> Box<[u8]> {
    let (mut out, mut zeros) = (Vec::new(), 0);
    for count in counts {
        if *count == 0 {
            zeros += 1;
            continue;
        }
        write_varint(&mut out, zeros);
        write_varint(&mut out, *count);
        zeros = 0;
    }
    out.into_boxed_slice()
}

/// So many numbers, of what [`packed`] wrote.
pub(super) fn unpacked(step: &[u8], count: usize) -> Vec<u64> {
    let mut counts = vec![0; count];
    let (mut reader, mut at) = (Reader::new("step", step), 0);
    while let (Ok(zeros), Ok(number)) = (reader.varint(), reader.varint()) {
        at += zeros as usize;
        counts[at] = number;
        at += 1;
    }
    counts
}
