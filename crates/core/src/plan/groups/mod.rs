//! Metrics kept apart by the values of some columns: by exporter and interface, by VLAN, by network.
//!
//! Each distinct value is a *group*. A group begins as a log of its rows, a few dozen bytes each ([`log`]), and reading
//! unfolds the log into metrics; so a group of three rows costs some hundred bytes and is exact. A group of more than
//! [`group::MOST_LOGGED_SMALL`] rows gets counters and lists of its own ([`full`]), and its log only gathers rows to feed these in
//! chunks: the more groups, the smaller.
//!
//! There are bounds: as many groups as the plan says, and no more than [`MOST_BYTES`]. What they turn away counts into one
//! group, *other*; how many rows and how many different values that were is counted. Where those that are there come near that bound,
//! or memory is short ([`crate::memory`]), they are packed, light ones go on without lists, and the lightest join the other one
//! ([`tight`]). A group that is there has all rows of its
//! worker's window: once something was turned away for want of memory, no group is added to that window any more.

mod feeding;
mod full;
mod group;
mod keys;
mod lists;
mod log;
mod packed;
mod reading;
mod saving;
mod tight;
mod values;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::sync::{Arc, OnceLock};

use full::{Full, Layout};
pub use group::Group;
use group::Tight;
use keys::Keys;
pub use log::Chunk;
use log::RowLayout;
use reading::Kept;
pub use reading::Reading;
pub(crate) use tight::GaveUp;

use super::keys::MetricKey;
use super::{BitmapIndex, ColumnIndex};
use crate::Error;
use crate::expr::Bitmap;
use crate::memory::{Account, Held, Holder};
use crate::metric::{ItemKind, MetricKind, MetricState, NO_PLACE};
use crate::sketch::Hll;
use crate::sketch::murmur3::{DATASKETCHES_SEED, murmur3_128};
use crate::sketch::reader::Reader;
use crate::table::ColumnType;

/// Bytes that the groups of one worker's window may take; beyond, new ones are turned away, and those that are there make room.
pub const MOST_BYTES: usize = 160 << 20;

/// Groups that are shown, the heaviest first.
pub const MOST_SHOWN: usize = 10_000;

/// Groups that a plan may ask for.
pub const MOST_GROUPS: usize = 1 << 20;

/// What is kept apart, and by which columns.
#[derive(Debug)]
pub struct GroupPlan {
    /// Columns of each key: a row counts by every one that has conditions which hold for it.
    pub(crate) by: Vec<Vec<ColumnIndex>>,
    pub(crate) by_items: Vec<ItemKind>,
    pub(crate) most: usize,
    pub(crate) metrics: Vec<MetricKind>,
    /// What each metric is known by in saved windows.
    pub(crate) keys: Vec<MetricKey>,
    /// The same for windows that former releases saved, and as what they kept it: numbers below 65,536 by exact counts.
    pub(crate) former: Vec<(MetricKey, MetricKind)>,
    /// Conditions that the feeds name, each with its key, at most 64: a row remembers which hold by a bit each.
    pub(crate) conditions: Vec<(usize, BitmapIndex)>,
    /// Columns that the feeds name.
    pub(crate) sources: Vec<(ColumnIndex, ColumnType)>,
    pub(crate) feeds: Vec<GroupFeed>,
    /// How the metrics of a group of many rows are kept; worked out when it is first needed.
    layout: OnceLock<Layout>,
    /// How logs hold rows, likewise.
    row_layout: OnceLock<RowLayout>,
}

/// Some rows go into a metric; rows are numbers of `conditions`, columns numbers of `sources`.
#[derive(Debug)]
pub(crate) struct GroupFeed {
    pub metric: usize,
    pub rows: usize,
    pub reads: Option<Reads>,
    pub weight: Option<usize>,
}

/// What a metric reads of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reads {
    Column(usize),
    /// An address and a port, as one item of a list.
    Endpoint {
        address: usize,
        port: usize,
    },
}

impl GroupFeed {
    fn column(&self) -> Option<usize> {
        match self.reads? {
            Reads::Column(at) => Some(at),
            Reads::Endpoint { .. } => None,
        }
    }
}

impl GroupPlan {
    pub(crate) fn new(by: Vec<Vec<ColumnIndex>>, by_items: Vec<ItemKind>, most: usize) -> Self {
        Self {
            by,
            by_items,
            most,
            metrics: Vec::new(),
            keys: Vec::new(),
            former: Vec::new(),
            conditions: Vec::new(),
            sources: Vec::new(),
            feeds: Vec::new(),
            layout: OnceLock::new(),
            row_layout: OnceLock::new(),
        }
    }

    /// The metric that saved windows know by a key, and as what it was kept.
    pub(crate) fn saved(&self, key: &MetricKey) -> Option<(usize, MetricKind)> {
        let now = || self.keys.iter().position(|known| known == key).map(|at| (at, self.metrics[at]));
        let before = || self.former.iter().position(|(known, _)| known == key).map(|at| (at, self.former[at].1));
        now().or_else(before)
    }

    fn layout(&self) -> &Layout {
        self.layout.get_or_init(|| Layout::new(self))
    }

    fn row_layout(&self) -> &RowLayout {
        self.row_layout.get_or_init(|| RowLayout::new(self))
    }

    /// For each key, which of its conditions hold for each of some rows.
    fn holding(&self, bitmaps: &[Bitmap], rows: usize, holding: &mut Vec<Vec<u64>>) {
        holding.resize_with(self.by.len(), Vec::new);
        for holding in &mut *holding {
            holding.clear();
            holding.resize(rows, 0);
        }
        for (bit, (key, rows)) in self.conditions.iter().enumerate() {
            bitmaps[*rows].put_into(&mut holding[*key], bit);
        }
    }
}

/// The groups of one handler in one window.
#[derive(Debug, Clone)]
pub struct Groups {
    plan: Arc<GroupPlan>,
    /// Of the groups, by their numbers.
    keys: Keys,
    groups: Vec<Group>,
    /// What the bounds turned away.
    other: Group,
    refused_keys: Hll,
    /// Of logs and metrics; the rest is known by its capacity.
    content_bytes: usize,
    held: Held,
    /// Memory was short: no group is added any more.
    is_full: bool,
    /// There is much: how groups are kept then.
    tight: Option<Tight>,
    /// Groups that a copy to be read leaves out.
    unread: usize,
    span: Span,
    /// Keys of the hash tables.
    seed: u64,
    /// Windows that were merged into this one.
    earlier: Vec<Arc<Groups>>,
}

/// Reads the metrics of a group into those that stand for nothing.
type ReadMetrics<'a> = &'a dyn Fn(&mut Reader, &mut [MetricState]) -> Result<(), Error>;

/// The seconds that a window's rates know of.
#[derive(Debug, Clone, Copy)]
struct Span {
    start: i64,
    now: i64,
    end: Option<i64>,
}

impl Span {
    /// Brings a metric up to where the window is.
    fn bring_up(self, metric: &mut MetricState) {
        match self.end {
            Some(end) => metric.close(end),
            None => metric.advance(self.now),
        }
    }
}

impl Groups {
    pub(crate) fn new(plan: Arc<GroupPlan>, start_second: i64, seed: u64) -> Self {
        Self {
            plan,
            keys: Keys::default(),
            groups: Vec::new(),
            other: Group::default(),
            refused_keys: Hll::new(),
            content_bytes: 0,
            held: Held::untold(Holder::Groups),
            is_full: false,
            tight: None,
            unread: 0,
            span: Span { start: start_second, now: start_second, end: None },
            seed,
            earlier: Vec::new(),
        }
    }

    /// Takes in what another worker saw in the same window.
    pub(crate) fn merge_worker(&mut self, other: &Groups) {
        let (plan, seed) = (self.plan.clone(), self.seed);
        self.span.now = self.span.now.max(other.span.now);
        self.span.end = self.span.end.max(other.span.end);
        let is_full = std::mem::take(&mut self.is_full); // together they take no more than both
        let mut work = Chunk::default();
        // The heaviest first, so that the bound turns away the lightest, whatever the order of workers.
        for (key, theirs) in other.heaviest_first() {
            let span = self.span;
            let grown = self.at(key).merge(&plan, theirs, other.span, span, &mut work, seed);
            self.content_bytes = self.content_bytes.wrapping_add_signed(grown);
        }
        self.other.merge(&plan, &other.other, other.span, self.span, &mut work, seed);
        self.refused_keys.merge(&other.refused_keys);
        self.is_full = is_full || other.is_full;
        self.tell_memory();
    }

    /// The groups of this window alone with their keys.
    fn heaviest_first(&self) -> Vec<(&[u8], &Group)> {
        let mut groups: Vec<_> = self.keys.iter().zip(&self.groups).collect();
        groups.sort_unstable_by(|(a, a_group), (b, b_group)| b_group.rows.cmp(&a_group.rows).then_with(|| a.cmp(b)));
        groups
    }

    /// Takes in another window.
    pub(crate) fn merge_window(&mut self, other: &Groups) {
        self.earlier.push(Arc::new(other.clone()));
    }

    pub(crate) fn advance(&mut self, second: i64) {
        self.span.now = self.span.now.max(second);
    }

    pub(crate) fn close(&mut self, end_second: i64) {
        self.span.end.get_or_insert(end_second);
    }

    /// Feeds what was gathered, and gives room back.
    pub(crate) fn shrink(&mut self) {
        let (plan, span, seed) = (self.plan.clone(), self.span, self.seed);
        let mut work = Chunk::default();
        for group in self.groups.iter_mut().chain(std::iter::once(&mut self.other)) {
            if group.full.is_some() {
                group.fold(&plan, span, &mut work, seed);
            }
            group.log.shrink();
            group.full.iter_mut().for_each(|full| full.shrink());
        }
        self.keys.shrink();
        self.groups.shrink_to_fit();
        self.content_bytes = self.measured_bytes();
        self.tell_memory();
    }

    /// The keys of all groups, the heaviest first, equals by their keys; with the number of rows of each.
    pub fn keys(&self) -> Vec<(&[u8], u64)> {
        let mut rows: HashMap<&[u8], u64> = HashMap::new();
        for part in self.parts() {
            for (key, group) in part.keys.iter().zip(&part.groups) {
                *rows.entry(key).or_default() += group.rows;
            }
        }
        let mut keys: Vec<_> = rows.into_iter().collect();
        keys.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
        keys
    }

    /// The heaviest of the keys, as many as are wanted; of one window without a list of all.
    pub fn heaviest_keys(&self, most: usize) -> Vec<(&[u8], u64)> {
        if !self.earlier.is_empty() {
            let mut keys = self.keys();
            keys.truncate(most);
            return keys;
        }
        let mut heaviest = BinaryHeap::new();
        for (key, group) in self.keys.iter().zip(&self.groups) {
            heaviest.push(Reverse((group.rows, Reverse(key))));
            if heaviest.len() > most {
                heaviest.pop();
            }
        }
        heaviest.into_sorted_vec().into_iter().map(|Reverse((rows, Reverse(key)))| (key, rows)).collect()
    }

    /// A group, or the other one where no key is given, to be read.
    pub fn read(&self, key: Option<&[u8]>, work: &mut Chunk) -> Reading {
        let parts: Vec<_> = self.parts().filter_map(|part| Some((part.group(key)?, part.span))).collect();
        let (plan, seed) = (&*self.plan, self.seed);
        let kept = match *parts {
            [] => Kept::Alone(Full::new(plan.layout(), self.span.start), self.span),
            [(group, span)] => group.reading(plan, span, work, seed),
            [(first, span), ref others @ ..] => {
                let mut metrics = first.metrics(plan, span, seed);
                for (group, span) in others {
                    let others = group.metrics(plan, *span, seed);
                    metrics.iter_mut().zip(&others).for_each(|(mine, theirs)| mine.merge(theirs, false));
                }
                Kept::Merged(metrics)
            }
        };
        Reading { plan: self.plan.clone(), kept, seed }
    }

    /// The metrics of a group, or of the other one where no key is given.
    #[cfg(test)]
    pub fn metrics(&self, key: Option<&[u8]>) -> Vec<MetricState> {
        self.read(key, &mut Chunk::default()).metrics()
    }

    fn parts(&self) -> impl Iterator<Item = &Groups> {
        std::iter::once(self).chain(self.earlier.iter().map(|part| &**part))
    }

    fn group(&self, key: Option<&[u8]>) -> Option<&Group> {
        match key {
            None => (self.other.rows > 0).then_some(&self.other),
            Some(key) => {
                let number = self.keys.find(values::hash_key(key, &self.plan.by_items, self.seed)?)?;
                Some(&self.groups[number])
            }
        }
    }

    /// Rows that were turned away, and how many different values they had, estimated.
    pub fn refused(&self) -> (u64, f64) {
        let rows = self.parts().map(|part| part.other.rows).sum();
        let mut keys = self.refused_keys.clone();
        self.earlier.iter().for_each(|part| keys.merge(&part.refused_keys));
        (rows, keys.estimate())
    }

    /// How many groups there are.
    pub fn len(&self) -> usize {
        self.unread + if self.earlier.is_empty() { self.groups.len() } else { self.keys().len() }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn plan(&self) -> &GroupPlan {
        &self.plan
    }

    pub fn memory_bytes(&self) -> usize {
        self.parts().map(Self::own_bytes).sum()
    }

    /// What this window alone takes.
    fn own_bytes(&self) -> usize {
        let groups = self.groups.capacity() * size_of::<Group>();
        self.content_bytes + self.keys.memory_bytes() + groups + size_of::<Self>() + self.refused_keys.memory_bytes()
    }

    fn measured_bytes(&self) -> usize {
        self.groups.iter().chain(std::iter::once(&self.other)).map(Group::content_bytes).sum()
    }

    pub(crate) fn belong_to(&mut self, account: &Arc<Account>) {
        self.held.belong_to(account);
    }

    pub(crate) fn keep(&mut self) {
        self.held.keep();
    }

    fn tell_memory(&mut self) {
        let bytes = self.own_bytes();
        self.held.tell(bytes);
    }
}

/// What an allocation takes beside the bytes that were asked for.
const ALLOCATION_BYTES: usize = 8;

/// What a group takes beside its content: its place, and its key with hash, end and slots.
const LEAST_GROUP_BYTES: usize = size_of::<Group>() + 32;

fn refuse(refused: &mut Hll, key: &[u8]) {
    let (first, second) = murmur3_128(key, DATASKETCHES_SEED);
    refused.update(first, second);
}

/// One value of a group's key, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyValue {
    /// The row had no value.
    None,
    Number(u64),
    Text(String),
}

/// The values of a key, in the order of the columns.
pub fn key_values(plan: &GroupPlan, key: &[u8], places: &crate::enrich::geo::Places) -> Vec<KeyValue> {
    let mut reader = Reader::new("key", key);
    let mut value = |items: &ItemKind| match values::read_item(&mut reader, *items) {
        Some(item) if *items == ItemKind::Place => match crate::metric::number(&item) as u32 {
            NO_PLACE => KeyValue::None,
            place => KeyValue::Text(places.get(place).text.to_string()),
        },
        Some(item) if matches!(items, ItemKind::Text | ItemKind::Address) => KeyValue::Text(items.text(&item)),
        Some(item) => KeyValue::Number(crate::metric::number(&item)),
        None => KeyValue::None,
    };
    plan.by_items.iter().map(&mut value).collect()
}

#[cfg(test)]
mod splits;
#[cfg(test)]
mod tests;
