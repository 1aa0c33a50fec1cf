//! One group: rows that are gathered, and what is kept of those before them.

use super::full::Full;
use super::log::{Chunk, Log, MOST_LOG_BYTES};
use super::reading::Kept;
use super::{GroupPlan, ReadMetrics, Span, packed};
use crate::Error;
use crate::metric::{Items, MetricState};
use crate::sketch::reader::{Reader, write_varint};

/// Rows that a group may have before it gets metrics of its own.
pub(super) const MOST_LOGGED_SMALL: u32 = 64;

/// Rows that are gathered before they are fed to what a group keeps.
const MOST_LOGGED: u32 = 2048;

/// Bytes of rows that tight groups gather: those that have rows alone, those without lists, and those with lists.
const TIGHT_ROWS_BYTES: usize = 80;
const TIGHT_LOG_BYTES: usize = 24;
const TIGHT_LISTED_LOG_BYTES: usize = 768;

/// How tight groups are kept: see [`super::tight`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Tight {
    /// Rows from which on a group has lists.
    pub listed_from: u64,
    /// So many groups, by their numbers, were made tight when this began.
    pub done: usize,
}

/// How groups of a window are fed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Feeding {
    pub most_log_bytes: usize,
    pub tight: Option<Tight>,
}

/// One group: rows alone, or what is kept of them, packed before the rows of the log or in its full form.
#[derive(Debug, Clone, Default)]
pub struct Group {
    pub(super) rows: u64,
    pub(super) log: Log,
    pub(super) full: Option<Box<Full>>,
}

impl Group {
    /// Feeds the log where it is long enough; tells by how many bytes the group has grown.
    #[inline]
    pub(super) fn settle(
        &mut self,
        plan: &GroupPlan,
        span: Span,
        work: &mut Chunk,
        seed: u64,
        feeding: Feeding,
    ) -> isize {
        if let Some(tight) = feeding.tight {
            return if self.is_due_tight() { self.fold_tight(plan, span, work, seed, tight) } else { 0 };
        }
        let is_due = match self.full {
            None => self.log.rows() >= MOST_LOGGED_SMALL,
            Some(_) => self.log.rows() >= MOST_LOGGED || self.log.bytes() >= feeding.most_log_bytes,
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
        let mut full = self.take_full(plan, span);
        work.feed(plan, &self.log, &mut full, seed);
        self.log.clear();
        self.full = Some(full);
    }

    fn take_full(&mut self, plan: &GroupPlan, span: Span) -> Box<Full> {
        self.full.take().unwrap_or_else(|| Box::new(self.loose(plan, span)))
    }

    /// What the group keeps, without the rows of its log.
    fn loose(&self, plan: &GroupPlan, span: Span) -> Full {
        match (&self.full, self.log.packed()) {
            (Some(full), _) => (**full).clone(),
            (None, []) => Full::new(plan.layout(), span.start),
            (None, packed) => Full::unpack(plan.layout(), packed),
        }
    }

    fn is_packed(&self) -> bool {
        !self.log.packed().is_empty()
    }

    fn has_rows_alone(&self) -> bool {
        self.full.is_none() && !self.is_packed()
    }

    /// Whether it keeps lists apart from those of the rows in its log.
    pub(super) fn is_listed(&self) -> bool {
        match &self.full {
            Some(full) => full.is_listed,
            None => self.is_packed() && packed::is_listed(self.log.packed()),
        }
    }

    fn is_due_tight(&self) -> bool {
        let most = match (&self.full, self.log.packed()) {
            (None, []) => TIGHT_ROWS_BYTES,
            (None, packed) if !packed::is_listed(packed) => TIGHT_LOG_BYTES,
            _ => TIGHT_LISTED_LOG_BYTES,
        };
        self.log.bytes() > most
    }

    /// Feeds the log, and packs what is kept; tells by how many bytes the group has grown.
    #[inline(never)]
    pub(super) fn fold_tight(
        &mut self,
        plan: &GroupPlan,
        span: Span,
        work: &mut Chunk,
        seed: u64,
        tight: Tight,
    ) -> isize {
        let before = self.content_bytes() as isize;
        let is_new = self.has_rows_alone();
        let mut full = self.take_full(plan, span);
        let had_lists = full.is_listed;
        full.is_listed = self.rows >= tight.listed_from || had_lists && !is_new;
        work.left_out += u64::from(had_lists && !full.is_listed);
        work.feed(plan, &self.log, &mut full, seed);
        self.keep_packed(&full);
        self.content_bytes() as isize - before
    }

    /// Keeps this alone, packed.
    fn keep_packed(&mut self, full: &Full) {
        let mut packed = Vec::new();
        full.pack(&mut packed);
        self.log.restart(&packed, if full.is_listed { TIGHT_LISTED_LOG_BYTES } else { TIGHT_LOG_BYTES });
        self.full = None;
    }

    /// Makes it tight where it is not; tells by how many bytes it has grown.
    pub(super) fn tighten(&mut self, plan: &GroupPlan, span: Span, work: &mut Chunk, seed: u64, tight: Tight) -> isize {
        let is_due = self.full.is_some() || self.is_due_tight();
        if is_due { self.fold_tight(plan, span, work, seed, tight) } else { 0 }
    }

    /// Goes on without lists; tells by how many bytes the group has grown.
    pub(super) fn leave_lists_out(&mut self, plan: &GroupPlan, span: Span, work: &mut Chunk, seed: u64) -> isize {
        let before = self.content_bytes() as isize;
        let mut full = self.unfolded(plan, span, work, seed);
        full.leave_lists_out();
        self.keep_packed(&full);
        self.content_bytes() as isize - before
    }

    /// What the group keeps, with all that it has seen.
    pub(super) fn unfolded(&self, plan: &GroupPlan, span: Span, work: &mut Chunk, seed: u64) -> Full {
        let mut full = self.loose(plan, span);
        work.feed(plan, &self.log, &mut full, seed);
        full
    }

    /// The same to be read: packed where the group is.
    pub(super) fn reading(&self, plan: &GroupPlan, span: Span, work: &mut Chunk, seed: u64) -> Kept {
        if self.is_packed() && self.log.rows() == 0 {
            return Kept::Packed(self.log.packed().to_vec(), span);
        }
        let full = self.unfolded(plan, span, work, seed);
        if !self.is_packed() {
            return Kept::Alone(full, span);
        }
        let mut packed = Vec::new();
        full.pack(&mut packed);
        Kept::Packed(packed, span)
    }

    /// The group's metrics with all that it has seen, up to where the window is.
    pub(super) fn metrics(&self, plan: &GroupPlan, span: Span, seed: u64) -> Box<[MetricState]> {
        let mut metrics = self.unfolded(plan, span, &mut Chunk::default(), seed).metrics(plan, span.start, seed);
        metrics.iter_mut().for_each(|metric| span.bring_up(metric));
        metrics
    }

    /// Takes in the same group of another worker; tells by how many bytes it has grown.
    pub(super) fn merge(
        &mut self,
        plan: &GroupPlan,
        other: &Group,
        theirs: Span,
        mine: Span,
        work: &mut Chunk,
        seed: u64,
    ) -> isize {
        let before = self.content_bytes() as isize;
        let was_empty = self.rows == 0;
        self.rows += other.rows;
        let is_small = self.has_rows_alone() && other.has_rows_alone();
        if is_small && self.log.rows() + other.log.rows() <= MOST_LOGGED_SMALL {
            self.log.append(plan.row_layout(), &other.log);
        } else if plan.layout().is_packable() && was_empty {
            *self = other.clone();
        } else if plan.layout().is_packable() {
            let mut full = self.unfolded(plan, mine, work, seed);
            full.merge(plan.layout(), &other.unfolded(plan, theirs, work, seed), seed);
            if self.is_packed() || other.is_packed() {
                self.keep_packed(&full);
            } else {
                (self.full, self.log) = (Some(Box::new(full)), Log::default());
            }
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
        if other.full.is_some() || other.is_packed() {
            self.merge(plan, other, span, span, work, seed);
        } else {
            self.rows += other.rows;
            self.log.append(plan.row_layout(), &other.log);
            self.settle(plan, span, work, seed, Feeding { most_log_bytes: MOST_LOG_BYTES, tight: None });
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
