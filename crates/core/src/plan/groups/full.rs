//! What is kept of a group with many rows: its counters, its top lists ([`super::lists`]), and metrics of other kinds as they
//! are.

use super::lists::{Counted, ItemType, List, Sums, Values};
use super::{GroupFeed, GroupPlan, MetricState, Reads};
use crate::expr::Bitmap;
use crate::metric::{Feeding, KindName, MetricKind, Seconds};
use crate::table::{Column, ColumnType};

/// Where each metric of a plan is kept, and what feeds it.
#[derive(Debug, Default)]
pub(super) struct Layout {
    kept: Vec<Kept>,
    counts: Vec<CountFeed>,
    lists: Vec<ListFeed>,
    others: Vec<OtherFeed>,
    other_kinds: Vec<MetricKind>,
    count_places: usize,
}

/// The place of a metric.
#[derive(Debug, Clone, Copy)]
enum Kept {
    Count(usize),
    List { list: usize, weight: usize },
    Other(usize),
}

/// Rows that a counter counts, or whose values it adds up.
#[derive(Debug)]
struct CountFeed {
    rows: usize,
    column: Option<usize>,
    place: usize,
}

/// What feeds a list: conditions with what they read, and the columns of its weights.
#[derive(Debug)]
struct ListFeed {
    parts: Vec<(usize, Reads)>,
    weights: Vec<Option<usize>>,
    kind: ItemType,
}

/// Rows that a metric of another kind takes in as they are.
#[derive(Debug)]
struct OtherFeed {
    metric: usize,
    rows: usize,
    column: Option<usize>,
    weight: Option<usize>,
}

impl Layout {
    pub fn new(plan: &GroupPlan) -> Self {
        let mut layout = Self::default();
        for (metric, kind) in plan.metrics.iter().enumerate() {
            let feeds: Vec<&GroupFeed> = plan.feeds.iter().filter(|feed| feed.metric == metric).collect();
            let kept = match kind.kind {
                KindName::Counter => layout.count(&feeds),
                KindName::Top => layout.list(plan, &feeds),
                _ => None,
            };
            let kept = kept.unwrap_or_else(|| layout.other(*kind, &feeds));
            layout.kept.push(kept);
        }
        // Conditions are worked out once for all that they feed.
        layout.counts.sort_by_key(|feed| feed.rows);
        layout.others.sort_by_key(|feed| feed.rows);
        layout
    }

    fn count(&mut self, feeds: &[&GroupFeed]) -> Option<Kept> {
        let place = self.count_places;
        self.counts.extend(feeds.iter().map(|feed| CountFeed { rows: feed.rows, column: feed.column(), place }));
        self.count_places += 1;
        Some(Kept::Count(place))
    }

    /// A list by itself, or one more weight of a list of the same items. `None` where its parts differ in more than their rows.
    fn list(&mut self, plan: &GroupPlan, feeds: &[&GroupFeed]) -> Option<Kept> {
        let parts = feeds.iter().map(|feed| Some((feed.rows, feed.reads?))).collect::<Option<Vec<_>>>()?;
        let kind_of = |reads: Reads| match reads {
            Reads::Column(column) => ItemType::Column(plan.sources[column].1),
            Reads::Endpoint { .. } => ItemType::Endpoint,
        };
        let (kind, weight) = (kind_of(parts.first()?.1), feeds.first()?.weight);
        let is_even = feeds.iter().all(|feed| feed.weight == weight);
        let is_float = kind == ItemType::Column(ColumnType::F64);
        if !is_even || is_float || parts.iter().any(|(_, reads)| kind_of(*reads) != kind) {
            return None;
        }
        let known = self.lists.iter().position(|list| list.parts == parts);
        let list = known.unwrap_or(self.lists.len());
        if known.is_none() {
            self.lists.push(ListFeed { parts, weights: Vec::new(), kind });
        }
        let weights = &mut self.lists[list].weights;
        weights.push(weight);
        Some(Kept::List { list, weight: weights.len() - 1 })
    }

    fn other(&mut self, kind: MetricKind, feeds: &[&GroupFeed]) -> Kept {
        let metric = self.other_kinds.len();
        self.other_kinds.push(kind);
        let feed =
            |feed: &&GroupFeed| OtherFeed { metric, rows: feed.rows, column: feed.column(), weight: feed.weight };
        self.others.extend(feeds.iter().map(feed));
        Kept::Other(metric)
    }
}

/// Rows of a group as columns.
pub(super) struct Rows<'a> {
    /// Which conditions hold for each.
    pub holds: &'a [u64],
    pub columns: &'a [Column<'a>],
    pub times_ns: &'a [i64],
    pub seconds: &'a Seconds,
    pub seed: u64,
}

/// Room for the work; kept from one group to the next.
#[derive(Debug, Default)]
pub(super) struct Work {
    bitmaps: Vec<Bitmap>,
    sums: Sums,
}

/// What a group of many rows keeps.
#[derive(Debug, Clone)]
pub(super) struct Full {
    counts: Box<[u64]>,
    lists: Box<[List]>,
    others: Box<[MetricState]>,
}

impl Full {
    pub fn new(layout: &Layout, start_second: i64) -> Self {
        let one_of_many = |kind: &MetricKind| {
            let mut metric = MetricState::new(*kind, start_second);
            metric.keep_small();
            metric
        };
        Self {
            counts: vec![0; layout.count_places].into(),
            lists: layout.lists.iter().map(|list| List::new(list.weights.len())).collect(),
            others: layout.other_kinds.iter().map(one_of_many).collect(),
        }
    }

    /// Takes in rows.
    pub fn feed(&mut self, plan: &GroupPlan, rows: &Rows<'_>, work: &mut Work) {
        let layout = plan.layout();
        work.bitmaps.resize_with(plan.conditions.len(), Bitmap::default);
        for (condition, bitmap) in work.bitmaps.iter_mut().enumerate() {
            bitmap.fill_from(rows.holds, |holds| holds >> condition & 1 == 1);
        }
        for feed in &layout.counts {
            self.counts[feed.place] =
                self.counts[feed.place].saturating_add(rows.sum(&work.bitmaps[feed.rows], feed.column));
        }
        for (feed, list) in layout.lists.iter().zip(&mut self.lists) {
            let weights: Vec<_> = feed.weights.iter().map(|weight| weight.map(|at| rows.columns[at])).collect();
            let counted = |(bitmap, reads): &(usize, Reads)| Counted {
                rows: &work.bitmaps[*bitmap],
                values: rows.values(*reads),
                weights: &weights,
            };
            let counted: Vec<_> = feed.parts.iter().map(counted).collect();
            list.fold(feed.kind, &counted, &mut work.sums, rows.seed);
        }
        for feed in &layout.others {
            self.others[feed.metric].feed(&rows.feeding(feed, &work.bitmaps));
        }
    }

    /// As metrics, in the order of the plan.
    pub fn metrics(&self, plan: &GroupPlan, start_second: i64, seed: u64) -> Box<[MetricState]> {
        let layout = plan.layout();
        let metric = |(kind, kept): (&MetricKind, &Kept)| match *kept {
            Kept::Other(at) => self.others[at].clone(),
            Kept::Count(at) => MetricState::counted(self.counts[at]),
            Kept::List { list, weight } => {
                let mut metric = MetricState::new(*kind, start_second);
                metric.show(self.lists[list].frequent(layout.lists[list].kind, weight, seed));
                metric
            }
        };
        plan.metrics.iter().zip(&layout.kept).map(metric).collect()
    }

    /// What is kept as these metrics.
    pub fn of(plan: &GroupPlan, metrics: &[MetricState], start_second: i64) -> Self {
        let layout = plan.layout();
        let mut full = Self::new(layout, start_second);
        let mut sketches: Vec<Vec<_>> = layout.lists.iter().map(|_| Vec::new()).collect();
        for (metric, kept) in metrics.iter().zip(&layout.kept) {
            match *kept {
                Kept::Other(at) => full.others[at] = metric.clone(),
                Kept::Count(at) => full.counts[at] = metric.count(),
                Kept::List { list, .. } => sketches[list].extend(metric.frequent()),
            }
        }
        for ((list, feed), sketches) in full.lists.iter_mut().zip(&layout.lists).zip(sketches) {
            *list = List::of(feed.kind, &sketches);
        }
        full
    }

    pub fn shrink(&mut self) {
        self.lists.iter_mut().for_each(List::shrink);
    }

    pub fn memory_bytes(&self) -> usize {
        let others = self.others.iter().map(|metric| metric.memory_bytes().max(size_of::<MetricState>()));
        let lists = self.lists.iter().map(|list| list.memory_bytes() + size_of::<List>());
        size_of::<Self>() + size_of_val(&*self.counts) + lists.sum::<usize>() + others.sum::<usize>()
    }
}

impl Rows<'_> {
    fn values(&self, reads: Reads) -> Values<'_> {
        match reads {
            Reads::Column(at) => Values::Column(self.columns[at]),
            Reads::Endpoint { address, port } => match (self.columns[address], self.columns[port]) {
                (Column::Address(addresses), Column::U16(ports)) => Values::Endpoint(addresses, ports),
                _ => unreachable!("checked when the plan was compiled"),
            },
        }
    }

    fn feeding<'a>(&'a self, feed: &OtherFeed, bitmaps: &'a [Bitmap]) -> Feeding<'a> {
        Feeding {
            rows: &bitmaps[feed.rows],
            column: feed.column.map(|at| self.columns[at]),
            weight: feed.weight.map(|at| self.columns[at]),
            times_ns: self.times_ns,
            seconds: self.seconds,
            seed: self.seed,
        }
    }

    /// Of the rows that meet a condition, how many there are or what a column adds up to.
    fn sum(&self, rows: &Bitmap, column: Option<usize>) -> u64 {
        let mut sum = 0_u64;
        match column.map(|at| self.columns[at]) {
            None => sum = rows.count(),
            Some(Column::U64(values)) => rows.for_each(|row| sum = sum.wrapping_add(values[row])),
            Some(column) => rows.for_each(|row| sum = sum.wrapping_add(column.number(row))),
        }
        sum
    }
}
