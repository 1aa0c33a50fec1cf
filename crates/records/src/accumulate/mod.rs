//! Window records merged by what they measure, apart for each key of the caller's.
//!
//! The law is that of `python/pktvisor/windows/merging.py`: records of equal schema, path, labels, group and definition become
//! one, whoever they come from. Images are merged as they are read; no sketch is made of any but the first. What merging makes
//! does not hang on the order of the records, as far as its kind's merge doesn't.

mod bounds;
mod identities;
mod lent;
mod merged;
mod tables;

use std::collections::{BTreeMap, HashMap};

use pktvisor_core::Error;
use pktvisor_core::metric::Items;

use crate::columns::Column;
use crate::table::RecordTable;
use bounds::MOST_UNKNOWN_BYTES;
pub use bounds::{Bounds, LeftOut};
use identities::Identities;
use merged::{Merged, Row};
pub use tables::Window;

/// Merged records by key, handler and what they measure.
#[derive(Default)]
pub struct Accumulators {
    bounds: Bounds,
    identities: Identities,
    keys: HashMap<i64, Handlers>,
    unmerged: u64,
    left_out: LeftOut,
    /// Bytes of what stands under keys.
    held: usize,
}

/// The handlers of a key.
#[derive(Default)]
struct Handlers {
    by_name: BTreeMap<String, Handler>,
    /// Metrics of all of them.
    metrics: usize,
}

/// What is known of a handler: of its input, and of its metrics by their identity.
#[derive(Default)]
struct Handler {
    seen: u64,
    dropped: u64,
    ledger: BTreeMap<String, u64>,
    metrics: HashMap<u32, Merged>,
}

impl Accumulators {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn within(bounds: Bounds) -> Self {
        Self { bounds, ..Self::default() }
    }

    /// Takes in the rows of a window as those of a handler.
    ///
    /// # Errors
    /// When an image is damaged or has no such shape; then nothing of these rows was taken in.
    pub fn add(
        &mut self,
        key: i64,
        table: &RecordTable,
        first: usize,
        count: usize,
        handler: &str,
        items: Items<'_>,
    ) -> Result<(), Error> {
        if count == 0 || first.checked_add(count).is_none_or(|end| end > table.len()) {
            return Err(Error::invalid(format!("rows {first} and {count} more, of {}", table.len())));
        }
        let row = |at| Row::read(table, at, at - first, items);
        let rows = (first..first + count).map(row).collect::<Result<Vec<_>, _>>()?;
        if self.has_handler(key, handler) {
            self.add_input(key, handler, table, first);
            rows.iter().for_each(|row| self.add_row(key, handler, row));
        } else {
            self.left_out.rows += rows.len() as u64;
        }
        Ok(())
    }

    /// Whether there is a handler, or has come to be, as there was room for it.
    fn has_handler(&mut self, key: i64, handler: &str) -> bool {
        let is_known = self.keys.get(&key).is_some_and(|handlers| handlers.by_name.contains_key(handler));
        let has_place = self.handlers(key) < self.bounds.most_metrics;
        if !is_known && has_place && self.has_room(key) {
            // Looked up first: the name is copied for a new one only.
            self.keys.entry(key).or_default().by_name.insert(handler.to_string(), Handler::default());
            self.held += handler_bytes(handler);
            return true;
        }
        is_known
    }

    fn handlers(&self, key: i64) -> usize {
        self.keys.get(&key).map_or(0, |handlers| handlers.by_name.len())
    }

    /// Whether there is room for something new under a key.
    fn has_room(&self, key: i64) -> bool {
        let metrics = self.keys.get(&key).map_or(0, |handlers| handlers.metrics);
        metrics < self.bounds.most_metrics && self.memory_bytes() < self.bounds.most_bytes / 2
    }

    /// What a window knows of its input counts once.
    fn add_input(&mut self, key: i64, handler: &str, table: &RecordTable, row: usize) {
        let Some(handler) = handler_of(&mut self.keys, key, handler) else { return };
        handler.seen = handler.seen.saturating_add(table.numbers(Column::Seen)[row]);
        handler.dropped = handler.dropped.saturating_add(table.numbers(Column::Dropped)[row]);
        for (name, count) in table.ledger(row) {
            if let Some(whole) = handler.ledger.get_mut(&name) {
                *whole = whole.saturating_add(count);
            } else if handler.ledger.len() < self.bounds.most_ledger_names {
                self.held += ledger_bytes(&name);
                handler.ledger.insert(name, count);
            } else {
                self.left_out.ledger_names += 1;
            }
        }
    }

    /// Adds a row to a handler that there is.
    fn add_row(&mut self, key: i64, handler: &str, row: &Row<'_>) {
        self.unmerged += u64::from(row.is_unknown());
        let has_room = self.has_room(key);
        let is_crowded = self.memory_bytes() >= self.bounds.most_bytes;
        let is_too_large = row.is_unknown_of(MOST_UNKNOWN_BYTES);
        let identity = if is_too_large { None } else { self.identities.number(row.table, row.at) };
        let Some(identity) = identity else {
            self.left_out.rows += 1;
            return;
        };
        let handlers = self.keys.get_mut(&key).expect("its handler is there");
        let metrics = &mut handlers.by_name.get_mut(handler).expect("it is there").metrics;
        if let Some(merged) = metrics.get_mut(&identity) {
            let before = merged.memory_bytes();
            merged.add(row);
            self.left_out.lists_shortened += u64::from(is_crowded && merged.shorten());
            self.held = self.held + merged.memory_bytes() - before;
        } else if has_room {
            self.identities.hold(identity);
            let merged = Merged::new(row);
            self.held += metric_bytes(&merged);
            metrics.insert(identity, merged);
            handlers.metrics += 1;
        } else {
            self.identities.forget_unheld(identity);
            self.left_out.rows += 1;
        }
    }

    /// The keys that there is anything of, ascending.
    pub fn keys(&self) -> Vec<i64> {
        let mut keys: Vec<i64> = self.keys.keys().copied().collect();
        keys.sort_unstable();
        keys
    }

    /// Forgets a key.
    pub fn forget(&mut self, key: i64) {
        for (name, handler) in self.keys.remove(&key).unwrap_or_default().by_name {
            self.held -= handler_bytes(&name) + handler.memory_bytes();
            handler.metrics.keys().for_each(|identity| self.identities.let_go(*identity));
        }
    }

    /// How many rows were of a kind that this release doesn't know: of these the newest is kept as it is.
    pub fn unmerged(&self) -> u64 {
        self.unmerged
    }

    /// What there was no room for since the beginning.
    pub fn left_out(&self) -> LeftOut {
        self.left_out
    }

    pub fn memory_bytes(&self) -> usize {
        self.held + self.identities.memory_bytes()
    }
}

impl Handler {
    /// What it holds, without its name.
    fn memory_bytes(&self) -> usize {
        self.ledger.keys().map(|name| ledger_bytes(name)).sum::<usize>()
            + self.metrics.values().map(metric_bytes).sum::<usize>()
    }
}

/// What a map takes for an entry beside what stands in it, about.
const ENTRY_BYTES: usize = 48;

fn handler_bytes(name: &str) -> usize {
    name.len() + size_of::<Handler>() + ENTRY_BYTES
}

fn ledger_bytes(name: &str) -> usize {
    name.len() + ENTRY_BYTES
}

fn metric_bytes(merged: &Merged) -> usize {
    merged.memory_bytes() + ENTRY_BYTES
}

fn handler_of<'a>(keys: &'a mut HashMap<i64, Handlers>, key: i64, handler: &str) -> Option<&'a mut Handler> {
    keys.get_mut(&key)?.by_name.get_mut(handler)
}

#[cfg(test)]
mod tests;
