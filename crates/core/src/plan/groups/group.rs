//! One group: rows that are gathered, and what is kept of those before them.

use super::full::Full;
use super::log::{Chunk, Log};
use super::{GroupPlan, MOST_LOG_BYTES, ReadMetrics, Span};
use crate::Error;
use crate::metric::{Items, MetricState};
use crate::sketch::reader::{Reader, write_varint};

/// Rows that a group may have before it gets metrics of its own.
pub(super) const MOST_LOGGED_SMALL: u32 = 64;

/// Rows that are gathered before they are fed to what a group keeps.
const MOST_LOGGED: u32 = 1024;

/// One group.
#[derive(Debug, Clone, Default)]
pub struct Group {
    pub(super) rows: u64,
    pub(super) log: Log,
    pub(super) full: Option<Box<Full>>,
}

impl Group {
    /// Feeds the log where it is long enough; tells by how many bytes what is kept has grown.
    #[inline]
    pub(super) fn settle(
        &mut self,
        plan: &GroupPlan,
        span: Span,
        work: &mut Chunk,
        seed: u64,
        most_log_bytes: usize,
    ) -> isize {
        let is_due = match self.full {
            None => self.log.rows() >= MOST_LOGGED_SMALL,
            Some(_) => self.log.rows() >= MOST_LOGGED || self.log.bytes() >= most_log_bytes,
        };
        if !is_due {
            return 0;
        }
        let before = self.full_bytes() as isize;
        self.fold(plan, span, work, seed);
        self.full_bytes() as isize - before
    }

    /// Feeds the log to what the group keeps, which is made where there is none.
    pub(super) fn fold(&mut self, plan: &GroupPlan, span: Span, work: &mut Chunk, seed: u64) {
        let full = self.full.get_or_insert_with(|| Box::new(Full::new(plan.layout(), span.start)));
        work.feed(plan, &self.log, full, seed);
        self.log.clear();
    }

    /// What the group keeps, with all that it has seen.
    pub(super) fn unfolded(&self, plan: &GroupPlan, span: Span, work: &mut Chunk, seed: u64) -> Full {
        let mut full = self.full.as_deref().cloned().unwrap_or_else(|| Full::new(plan.layout(), span.start));
        work.feed(plan, &self.log, &mut full, seed);
        full
    }

    /// The group's metrics with all that it has seen, up to where the window is.
    pub(super) fn metrics(&self, plan: &GroupPlan, span: Span, seed: u64) -> Box<[MetricState]> {
        let mut metrics = self.unfolded(plan, span, &mut Chunk::default(), seed).metrics(plan, span.start, seed);
        metrics.iter_mut().for_each(|metric| span.bring_up(metric));
        metrics
    }

    /// Takes in the same group of another worker; tells by how many bytes it has grown.
    pub(super) fn merge(&mut self, plan: &GroupPlan, other: &Group, theirs: Span, mine: Span, seed: u64) -> isize {
        let before = self.content_bytes() as isize;
        self.rows += other.rows;
        let is_small = self.full.is_none() && other.full.is_none();
        if is_small && self.log.rows() + other.log.rows() <= MOST_LOGGED_SMALL {
            self.log.append(plan.row_layout(), &other.log);
        } else {
            // Kept as it is: a metric that is closed or advanced by now would not merge as one that goes on.
            let mut metrics = self.metrics(plan, Span { end: None, now: mine.start, ..mine }, seed);
            let others = other.metrics(plan, theirs, seed);
            metrics.iter_mut().zip(&others).for_each(|(mine, theirs)| mine.merge(theirs, true));
            self.full = Some(Box::new(Full::of(plan, &metrics, mine.start)));
            self.log.clear();
        }
        self.content_bytes() as isize - before
    }

    /// Takes in another group of the same window and worker.
    pub(super) fn take_in(&mut self, plan: &GroupPlan, other: &Group, span: Span, work: &mut Chunk, seed: u64) {
        if other.full.is_some() {
            self.merge(plan, other, span, span, seed);
        } else {
            self.rows += other.rows;
            self.log.append(plan.row_layout(), &other.log);
            self.settle(plan, span, work, seed, MOST_LOG_BYTES);
        }
    }

    pub(super) fn full_bytes(&self) -> usize {
        self.full.as_ref().map_or(0, |full| full.memory_bytes())
    }

    /// What it takes beside itself.
    pub(super) fn content_bytes(&self) -> usize {
        self.log.memory_bytes() + self.full_bytes()
    }

    pub(super) fn save(&self, out: &mut Vec<u8>, plan: &GroupPlan, span: Span, seed: u64, items: Items<'_>) {
        write_varint(out, self.rows);
        if self.rows > 0 {
            let mut block = Vec::new();
            let metrics = self.metrics(plan, Span { end: None, ..span }, seed);
            metrics.iter().for_each(|metric| metric.save_block(&mut block, out, items));
        }
    }

    pub(super) fn restore(
        reader: &mut Reader,
        plan: &GroupPlan,
        start: i64,
        seed: u64,
        read: ReadMetrics<'_>,
    ) -> Result<Self, Error> {
        let rows = reader.varint()?;
        if rows == 0 {
            return Ok(Self::default());
        }
        let mut metrics = Full::new(plan.layout(), start).metrics(plan, start, seed);
        read(reader, &mut metrics)?;
        Ok(Self { rows, log: Log::default(), full: Some(Box::new(Full::of(plan, &metrics, start))) })
    }
}
