//! Window records merged by what they measure, apart for each key of the caller's.
//!
//! The law is that of `python/pktvisor/windows/merging.py`: records of equal schema, path, labels, group and definition become
//! one, whoever they come from. Images are merged as they are read; no sketch is made of any but the first. What merging makes
//! does not hang on the order of the records, as far as its kind's merge doesn't.

mod identities;
mod lent;
mod merged;
mod tables;

use std::collections::{BTreeMap, HashMap};

use pktvisor_core::Error;
use pktvisor_core::metric::Items;

use crate::columns::Column;
use crate::table::RecordTable;
use identities::Identities;
use merged::{Merged, Row};
pub use tables::Window;

/// Merged records by key, handler and what they measure.
#[derive(Default)]
pub struct Accumulators {
    identities: Identities,
    keys: HashMap<i64, BTreeMap<String, Handler>>,
    unmerged: u64,
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
        self.add_input(key, handler, table, first);
        rows.iter().for_each(|row| self.add_row(key, handler, row));
        Ok(())
    }

    /// What a window knows of its input counts once.
    fn add_input(&mut self, key: i64, handler: &str, table: &RecordTable, row: usize) {
        let handler = handler_of(&mut self.keys, key, handler);
        handler.seen = handler.seen.saturating_add(table.numbers(Column::Seen)[row]);
        handler.dropped = handler.dropped.saturating_add(table.numbers(Column::Dropped)[row]);
        for (name, count) in table.ledger(row) {
            let whole = handler.ledger.entry(name).or_default();
            *whole = whole.saturating_add(count);
        }
    }

    fn add_row(&mut self, key: i64, handler: &str, row: &Row<'_>) {
        let metrics = &mut handler_of(&mut self.keys, key, handler).metrics;
        let identity = self.identities.number(row.table, row.at);
        self.unmerged += u64::from(row.is_unknown());
        match metrics.get_mut(&identity) {
            Some(merged) => merged.add(row),
            None => {
                self.identities.hold(identity);
                metrics.insert(identity, Merged::new(row));
            }
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
        for handler in self.keys.remove(&key).unwrap_or_default().into_values() {
            handler.metrics.keys().for_each(|identity| self.identities.let_go(*identity));
        }
    }

    /// How many rows were of a kind that this release doesn't know: of these the newest is kept as it is.
    pub fn unmerged(&self) -> u64 {
        self.unmerged
    }

    pub fn memory_bytes(&self) -> usize {
        let handlers = self.keys.values().flatten();
        handlers.map(|(name, handler)| name.len() + handler.memory_bytes()).sum::<usize>()
            + self.identities.memory_bytes()
    }
}

impl Handler {
    fn memory_bytes(&self) -> usize {
        let ledger: usize = self.ledger.keys().map(|name| name.len() + ENTRY_BYTES).sum();
        let metrics: usize = self.metrics.values().map(|merged| merged.memory_bytes() + ENTRY_BYTES).sum();
        size_of::<Self>() + ledger + metrics
    }
}

/// What a map takes for an entry beside what stands in it, about.
const ENTRY_BYTES: usize = 48;

fn handler_of<'a>(keys: &'a mut HashMap<i64, BTreeMap<String, Handler>>, key: i64, handler: &str) -> &'a mut Handler {
    let handlers = keys.entry(key).or_default();
    // Looked up first: the name is copied for a new one only.
    if !handlers.contains_key(handler) {
        handlers.insert(handler.to_string(), Handler::default());
    }
    handlers.get_mut(handler).expect("just put there")
}

#[cfg(test)]
mod tests;
