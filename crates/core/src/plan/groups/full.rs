//! What is kept of a group with many rows: its counters, its top lists ([`super::lists`]), and metrics of other kinds as they
//! are.

use super::lists::{Counted, ItemType, List, Sums, Values, write_keys};
use super::{GroupFeed, GroupPlan, MetricState, Reads};
use crate::expr::Bitmap;
use crate::metric::{Feeding, KindName, MetricKind, Seconds};
use crate::table::{Column, ColumnType};

/// Where each metric of a plan is kept, and what feeds it.
#[derive(Debug, Default)]
pub(super) struct Layout {
    pub kept: Vec<Kept>,
    counts: Vec<CountFeed>,
    /// Columns that counters add up.
    count_columns: Vec<usize>,
    pub lists: Vec<ListFeed>,
    /// What the lists read.
    reads: Vec<Reads>,
    /// Conditions of the rows that lists read.
    list_conditions: Vec<usize>,
    others: Vec<OtherFeed>,
    /// Conditions of the rows that other metrics take in, a bit each.
    other_conditions: u64,
    pub other_kinds: Vec<MetricKind>,
    pub count_places: usize,
}

/// The place of a metric.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kept {
    Count(usize),
    List { list: usize, weight: usize },
    Other(usize),
}

/// Rows that a counter counts, or whose values it adds up.
#[derive(Debug)]
struct CountFeed {
    rows: usize,
    column: Option<usize>,
    /// Where the column stands among those that are added up.
    column_place: Option<usize>,
    place: usize,
}

/// What feeds a list: conditions with what they read (numbers of [`Layout::list_conditions`] and [`Layout::reads`]), and the
/// columns of its weights.
#[derive(Debug)]
pub(super) struct ListFeed {
    parts: Vec<(usize, usize)>,
    pub weights: Vec<Option<usize>>,
    pub kind: ItemType,
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
        layout.other_conditions = layout.others.iter().fold(0, |conditions, feed| conditions | 1 << feed.rows);
        layout
    }

    /// Whether what a group keeps can be packed ([`super::packed`]).
    pub fn is_packable(&self) -> bool {
        self.other_kinds.iter().all(|kind| kind.kind == KindName::Cardinality)
    }

    /// Counters, and weights of lists.
    pub fn numbers(&self) -> usize {
        self.count_places + self.lists.iter().map(|list| list.weights.len()).sum::<usize>()
    }

    fn count(&mut self, feeds: &[&GroupFeed]) -> Option<Kept> {
        let place = self.count_places;
        for feed in feeds {
            let column = feed.column();
            let column_place = column.map(|column| place_in(&mut self.count_columns, column));
            self.counts.push(CountFeed { rows: feed.rows, column, column_place, place });
        }
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
        let Self { list_conditions, reads: all_reads, .. } = self;
        let places = |(rows, reads)| (place_in(list_conditions, rows), place_in(all_reads, reads));
        let parts: Vec<_> = parts.into_iter().map(places).collect();
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
    /// Rows that meet a condition: all conditions for other metrics than lists, and those of lists.
    bitmaps: Vec<Bitmap>,
    list_rows: Vec<Vec<u32>>,
    /// Of the values that lists read.
    keys: Vec<Vec<u64>>,
    sums: Sums,
    kinds: RowKinds,
}

/// Rows for which the same conditions hold, together.
#[derive(Debug, Default)]
struct RowKinds {
    holds: Vec<u64>,
    /// For each kind how many rows, then for each column its sum.
    sums: Vec<u64>,
    of_rows: Vec<u8>,
}

/// What a group of many rows keeps.
#[derive(Debug, Clone)]
pub(super) struct Full {
    pub counts: Box<[u64]>,
    pub lists: Box<[List]>,
    pub others: Box<[MetricState]>,
    /// Whether its lists keep items.
    pub is_listed: bool,
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
            is_listed: true,
        }
    }

    /// Takes in rows.
    pub fn feed(&mut self, plan: &GroupPlan, rows: &Rows<'_>, work: &mut Work) {
        let layout = plan.layout();
        let is_by_kinds = layout.counts.is_empty() || work.kinds.find(rows, &layout.count_columns);
        let needed = if is_by_kinds { layout.other_conditions } else { u64::MAX };
        rows.find_bitmaps(plan.conditions.len(), needed, &mut work.bitmaps);
        self.count(layout, rows, is_by_kinds.then_some(&work.kinds), &work.bitmaps);
        rows.find_list_rows(&layout.list_conditions, &mut work.list_rows);
        rows.find_keys(&layout.reads, &mut work.keys);
        for (feed, list) in layout.lists.iter().zip(&mut self.lists) {
            let weights: Vec<_> = feed.weights.iter().map(|weight| weight.map(|at| rows.columns[at])).collect();
            let counted = |(condition, reads): &(usize, usize)| Counted {
                rows: &work.list_rows[*condition],
                values: rows.values(layout.reads[*reads]),
                keys: &work.keys[*reads],
                weights: &weights,
            };
            let counted: Vec<_> = feed.parts.iter().map(counted).collect();
            if self.is_listed {
                list.fold(feed.kind, &counted, &mut work.sums, rows.seed);
            } else {
                list.count(&counted);
            }
        }
        for feed in &layout.others {
            self.others[feed.metric].feed(&rows.feeding(feed, &work.bitmaps));
        }
    }

    /// Adds to the counters: by kinds of rows, of which there are few, or condition by condition.
    fn count(&mut self, layout: &Layout, rows: &Rows<'_>, kinds: Option<&RowKinds>, bitmaps: &[Bitmap]) {
        for feed in &layout.counts {
            let sum = match kinds {
                Some(kinds) => kinds.sum(feed.rows, feed.column_place, layout.count_columns.len()),
                None => rows.sum(&bitmaps[feed.rows], feed.column),
            };
            self.counts[feed.place] = self.counts[feed.place].saturating_add(sum);
        }
    }

    /// As metrics, in the order of the plan.
    pub fn metrics(&self, plan: &GroupPlan, start_second: i64, seed: u64) -> Box<[MetricState]> {
        (0..plan.metrics.len()).map(|at| self.metric(plan, at, start_second, seed)).collect()
    }

    /// A metric of the plan.
    pub fn metric(&self, plan: &GroupPlan, at: usize, start_second: i64, seed: u64) -> MetricState {
        let layout = plan.layout();
        match layout.kept[at] {
            Kept::Other(at) => self.others[at].clone(),
            Kept::Count(at) => MetricState::counted(self.counts[at]),
            Kept::List { list, weight } => {
                let mut metric = MetricState::new(plan.metrics[at], start_second);
                metric.show(self.lists[list].frequent(layout.lists[list].kind, weight, seed));
                metric
            }
        }
    }

    /// Takes in the same group of other rows; only where [`Layout::is_packable`].
    pub fn merge(&mut self, layout: &Layout, other: &Full, seed: u64) {
        self.is_listed |= other.is_listed;
        self.counts.iter_mut().zip(&other.counts).for_each(|(mine, theirs)| *mine = mine.saturating_add(*theirs));
        self.others.iter_mut().zip(&other.others).for_each(|(mine, theirs)| mine.merge(theirs, true));
        for ((mine, theirs), feed) in self.lists.iter_mut().zip(&other.lists).zip(&layout.lists) {
            mine.merge(feed.kind, theirs, seed);
        }
    }

    /// Goes on without the items of its lists.
    pub fn leave_lists_out(&mut self) {
        self.lists.iter_mut().for_each(List::leave_items_out);
        self.is_listed = false;
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

/// Kinds of rows that are told apart.
const LG_KINDS: u32 = 6;
const MOST_KINDS: usize = 1 << LG_KINDS;

/// Spreads conditions over the upper bits: 2^64 divided by the golden ratio.
const ODD: u64 = 0x9e37_79b9_7f4a_7c15;

impl RowKinds {
    /// Adds rows up by kinds; false where there are too many of these.
    fn find(&mut self, rows: &Rows<'_>, columns: &[usize]) -> bool {
        let width = 1 + columns.len();
        self.holds.clear();
        self.sums.clear();
        self.of_rows.clear();
        // The kinds seen last, by a hash. Which kind comes next is as good as random: no branch tells them apart.
        let mut seen = [(0, None); MOST_KINDS];
        for holds in rows.holds {
            let seen = &mut seen[(holds.wrapping_mul(ODD) >> (u64::BITS - LG_KINDS)) as usize];
            if seen.1.is_none() || seen.0 != *holds {
                let at = place_in(&mut self.holds, *holds);
                if at >= MOST_KINDS {
                    return false;
                }
                *seen = (*holds, Some(at as u8));
            }
            self.of_rows.extend(seen.1);
        }
        let Self { holds, sums, of_rows } = self;
        sums.resize(holds.len() * width, 0);
        of_rows.iter().for_each(|kind| sums[usize::from(*kind) * width] += 1);
        for (column, place) in columns.iter().zip(1..) {
            let mut add = |kind: u8, number: u64| {
                let sum = &mut sums[usize::from(kind) * width + place];
                *sum = sum.wrapping_add(number);
            };
            match rows.columns[*column] {
                Column::U64(values) => of_rows.iter().zip(values).for_each(|(kind, value)| add(*kind, *value)),
                column => of_rows.iter().zip(0..column.len()).for_each(|(kind, row)| add(*kind, column.number(row))),
            }
        }
        true
    }

    /// What the rows that meet a condition add up to.
    fn sum(&self, condition: usize, column: Option<usize>, columns: usize) -> u64 {
        let at = column.map_or(0, |column| column + 1);
        let kinds = self.holds.iter().zip(self.sums.chunks_exact(1 + columns));
        let meeting = kinds.filter(|(holds, _)| *holds >> condition & 1 == 1);
        meeting.fold(0, |sum, (_, sums)| sum.wrapping_add(sums[at]))
    }
}

/// The place of a value, which is added where it is new.
fn place_in<T: PartialEq>(values: &mut Vec<T>, value: T) -> usize {
    let known = values.iter().position(|known| *known == value);
    known.unwrap_or_else(|| {
        values.push(value);
        values.len() - 1
    })
}

impl Rows<'_> {
    /// For each condition that is needed (a bit each) the rows that meet it.
    fn find_bitmaps(&self, conditions: usize, needed: u64, bitmaps: &mut Vec<Bitmap>) {
        let any = self.holds.iter().fold(0, |any, holds| any | holds);
        let all = self.holds.iter().fold(u64::MAX, |all, holds| all & holds);
        bitmaps.resize_with(conditions, Bitmap::default);
        for (condition, bitmap) in bitmaps.iter_mut().enumerate().filter(|(at, _)| needed >> at & 1 == 1) {
            let has = |holds: u64| holds >> condition & 1 == 1;
            match (has(any), has(all)) {
                (true, false) => bitmap.fill_from(self.holds, has),
                (_, all) => bitmap.fill(self.holds.len(), all),
            }
        }
    }

    /// The same for the conditions of lists, as numbers. Which rows meet one is as good as random: no branch tells them apart.
    fn find_list_rows(&self, conditions: &[usize], found: &mut Vec<Vec<u32>>) {
        found.resize_with(conditions.len(), Vec::new);
        for (rows, condition) in found.iter_mut().zip(conditions) {
            rows.clear();
            rows.resize(self.holds.len(), 0);
            let mut count = 0;
            for (row, holds) in (0..).zip(self.holds) {
                rows[count] = row;
                count += (holds >> condition & 1) as usize;
            }
            rows.truncate(count);
        }
    }

    /// For each of what lists read the keys of all rows; those of endpoints follow from those of their addresses.
    fn find_keys(&self, reads: &[Reads], keys: &mut Vec<Vec<u64>>) {
        keys.resize_with(reads.len(), Vec::new);
        for (at, wanted) in reads.iter().enumerate() {
            let mut found = std::mem::take(&mut keys[at]);
            let of_addresses = match wanted {
                Reads::Column(_) => None,
                Reads::Endpoint { address, .. } => {
                    reads[..at].iter().position(|known| *known == Reads::Column(*address)).map(|known| &keys[known][..])
                }
            };
            write_keys(self.values(*wanted), of_addresses, self.seed, &mut found);
            keys[at] = found;
        }
    }

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
