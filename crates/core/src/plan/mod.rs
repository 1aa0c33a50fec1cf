//! What a policy asks of each batch, compiled: shared conditions once, then one kernel per metric.
//!
//! A policy's handlers arrive as a [`spec::PlanSpec`] (JSON, written by Python's declarations). [`compile`] turns it into a
//! [`Plan`]: per table a list of [`Step`]s that fill bitmaps and worked-out columns, then the kernels that feed the
//! metrics' sketches. The plan is shared by all workers; each worker runs it with its own [`Executor`] over its own
//! [`State`].

mod bytes;
mod bytes_v1;
mod columns;
mod compile;
mod exchange;
mod execute;
pub mod groups;
mod keys;
mod labels;
mod link;
mod notes;
mod sampler;
pub mod spec;
mod state;

use std::ops::Range;
use std::sync::Arc;

use crate::decode::app::Needs;
use crate::enrich::geo::{GeoDatabase, Places};
use crate::enrich::services::Services;
use crate::enrich::suffix::SuffixList;
use crate::expr::{ColumnName, Test};
use crate::ledger::Entry;
use crate::metric::{MetricKind, is_specified};
use crate::table::Address;
use crate::texts::write_address;
use groups::GroupPlan;
use keys::MetricKey;
use spec::PurgedItem;

pub use compile::compile;
pub use exchange::DEFINITIONS as EXCHANGE_DEFINITIONS;
pub use execute::Executor;
pub use state::State;

/// What a plan may look up about addresses and names.
#[derive(Clone, Default)]
pub struct Enrichment {
    pub city: Option<Arc<GeoDatabase>>,
    pub network: Option<Arc<GeoDatabase>>,
    /// Instead of the public suffix list that is compiled in.
    pub suffixes: Option<Arc<SuffixList>>,
    pub services: Option<Arc<Services>>,
    pub places: Arc<Places>,
    /// Entries that each worker's cache holds per database; 0 for none.
    pub cache_entries: usize,
}

/// A compiled policy.
#[derive(Debug)]
pub struct Plan {
    pub(crate) tables: Vec<TablePlan>,
    /// In this order the tables' steps are taken.
    pub(crate) stages: Vec<Stage>,
    pub(crate) metrics: Vec<MetricKind>,
    /// What each metric is known by in saved windows: a key for each declaration that shares its place.
    pub(crate) keys: Vec<Vec<MetricKey>>,
    /// Where the metrics of each handler stand in the state: by handler and metric as in the specification.
    pub(crate) slots: Vec<Vec<Slot>>,
    pub(crate) groups: Vec<Arc<GroupPlan>>,
    pub(crate) exchanges: Vec<exchange::ExchangePlan>,
    pub(crate) samplers: Vec<u8>,
    pub(crate) registers: Vec<Register>,
    pub(crate) lists: Vec<ListRegister>,
    pub(crate) purges: Vec<Purge>,
    pub(crate) ledger: Vec<(usize, Entry)>,
    pub needs: Needs,
    /// A hash of the whole specification, without the metrics' identities and meanings.
    pub(crate) fingerprint: u128,
}

/// Where a metric stands in the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot {
    /// Among the metrics.
    Metric(usize),
    /// Among the metrics of each of these groups.
    Grouped { groups: usize, metric: usize },
}

impl Plan {
    /// Where a handler's metric stands.
    pub fn slot(&self, handler: usize, metric: usize) -> Option<Slot> {
        self.slots.get(handler)?.get(metric).copied()
    }

    /// Index in the state of a handler's metric that is not grouped.
    pub fn metric(&self, handler: usize, metric: usize) -> Option<usize> {
        match self.slot(handler, metric)? {
            Slot::Metric(at) => Some(at),
            Slot::Grouped { .. } => None,
        }
    }

    /// Whether there is any metric in it.
    pub(crate) fn measures(&self) -> bool {
        self.slots.iter().any(|slots| !slots.is_empty())
    }

    pub fn handlers(&self) -> usize {
        self.slots.len()
    }
}

/// What is done with the rows of one table.
#[derive(Debug)]
pub(crate) struct TablePlan {
    pub table: &'static str,
    pub columns: Vec<ColumnOrigin>,
    pub bitmaps: usize,
    pub steps: Vec<Step>,
    pub feeds: Vec<Feed>,
    /// Groups that its rows feed, as they stand in the plan.
    pub groups: Vec<usize>,
}

/// Index of a bitmap of a table; [`EVERY_ROW`] is all ones.
pub(crate) type BitmapIndex = usize;
pub(crate) const EVERY_ROW: BitmapIndex = 0;

/// Index of a column of a table's plan.
pub(crate) type ColumnIndex = usize;

/// Where a column's values come from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum ColumnOrigin {
    /// The table itself.
    Table(usize),
    /// The packets of the table's rows.
    Packet(usize),
    /// The outcome of an exchange table, see [`exchange`].
    Exchange(usize, exchange::Field),
    /// Worked out from other columns, for the rows of a bitmap.
    Derived { name: ColumnName, from: Vec<ColumnIndex>, rows: BitmapIndex },
}

/// One thing to do per batch, in order.
#[derive(Debug)]
pub(crate) enum Step {
    Gather(ColumnIndex),
    Derive(ColumnIndex),
    Test { out: BitmapIndex, column: ColumnIndex, test: Test },
    PlaceTest { out: BitmapIndex, column: ColumnIndex, test: columns::PlaceTest },
    Slow { out: BitmapIndex, column: ColumnIndex, register: usize },
    Listed { out: BitmapIndex, column: ColumnIndex, list: usize },
    Not { out: BitmapIndex, of: BitmapIndex },
    And { out: BitmapIndex, parts: Vec<BitmapIndex> },
    Or { out: BitmapIndex, parts: Vec<BitmapIndex> },
    Sample { out: BitmapIndex, sampler: usize, events: BitmapIndex, passed: BitmapIndex },
    Observe(usize),
}

/// Some steps of one table in a row; they may begin with what was found out about the rows of another table.
#[derive(Debug)]
pub(crate) struct Stage {
    pub table: usize,
    pub link: Option<Link>,
    pub steps: Range<usize>,
}

/// A bitmap of one table as one of another: messages belong to their packets, and packets to their messages.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Link {
    pub from_table: usize,
    pub from: BitmapIndex,
    pub out: BitmapIndex,
}

/// Some rows of some column go into a metric.
#[derive(Debug)]
pub(crate) struct Feed {
    pub metric: usize,
    pub rows: BitmapIndex,
    pub column: Option<ColumnIndex>,
    pub weight: Option<ColumnIndex>,
}

/// A value kept from the window that closed last: a quantile of one of its metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Register {
    pub metric: usize,
    pub quantile_percent: u8,
}

/// The first parts of the heaviest items of a top list, kept from the window that closed last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct ListRegister {
    pub metric: usize,
    pub most: usize,
}

/// A counter or a top list that also counts what is purged from an exchange table when a window closes.
#[derive(Debug)]
pub(crate) struct Purge {
    pub metric: usize,
    pub exchange: usize,
    pub mask: u8,
    pub value: u8,
    /// Of a top list: what counts.
    pub item: Option<ItemOfQuestion>,
}

/// The item of a top list that a question is.
#[derive(Debug)]
pub(crate) struct ItemOfQuestion {
    pub of: PurgedItem,
    /// How many addresses stand before the text.
    pub addresses: usize,
}

impl ItemOfQuestion {
    /// Writes the item of what was kept of a question; `false` where an address is nobody's.
    fn write(&self, kept: &[u8], item: &mut Vec<u8>) -> bool {
        let (addresses, name) = kept.split_at(self.addresses * size_of::<Address>());
        item.clear();
        for (at, part) in self.of.parts.iter().enumerate() {
            item.extend((at > 0).then_some(b' '));
            match part.checked_sub(1).and_then(|number| addresses.as_chunks().0.get(number)) {
                None => item.extend_from_slice(name),
                Some(address) if is_specified(address) => write_address(item, address),
                Some(_) => return false,
            }
        }
        if let Some(word) = &self.of.word {
            item.push(b' ');
            item.extend_from_slice(word.as_bytes());
        }
        true
    }
}

impl Purge {
    /// Whether it counts a question of these flags.
    fn meets(&self, flags: u8) -> bool {
        flags & self.mask == self.value
    }
}

#[cfg(test)]
mod pairs_tests;
#[cfg(test)]
mod tests;
